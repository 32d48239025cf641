//! Observables of one configuration, and their streaming, mergeable averages.
//!
//! Local terms are summed as exact tallies: the value of a configuration depends on nothing but the configuration.

use heapless::Vec;

use crate::action::{Action, Scaled, Terms, Totals};
use crate::arith::{Arith, TallySum, tally_value};
use crate::lattice::{CHUNK, Plan, triples};
use crate::machine::Machine;

/// One configuration, per site: `m` is the magnetisation M, the rest are averages over sites.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measurement {
    /// M = (1/V) Σ φ.
    pub m: f64,
    /// φ².
    pub phi2: f64,
    /// φ⁴.
    pub phi4: f64,
    /// φ_x φ_{x+μ}, average over sites and directions (0 on a single site).
    pub nn: f64,
    /// S/V.
    pub action_density: f64,
    /// φ_x ∂S/∂φ_x.
    pub schwinger_dyson: f64,
    /// |∇S|²/V.
    pub grad2: f64,
    /// ΔS/V = (1/V) Σ ∂²S/∂φ_x².
    pub laplacian: f64,
}

/// Measure a configuration. Force and curvature are those of `action`, in `f64`. Float fields are tallied in the unit
/// of the action ([`Action::unit`]); where a tally clips all the same, the numbers that it belongs to are NaN.
pub fn measure<A: Arith, S: Action<A>, const D: usize, M: Machine>(
    plan: &Plan<D, M>,
    action: &S,
    phi: &[A::Store],
) -> Measurement {
    // φ, φ², φ⁴, φ·Σ_nbr;  φ ∂S, (∂S)², ∂²S
    let mut sums = Totals::<[A::Local; 4]>::default();
    let mut slopes = Totals::<[f64; 3]>::default();
    let mut terms = Totals::<S::Terms>::default();
    let self_bonds = plan.self_bonds();
    let scaled = Scaled::<A, S>::new(action, D);
    let u = scaled.unit;
    plan.machine().run(|| {
        triples(plan, phi, |_, triple| {
            plan.chunks::<A>(triple, |_, phi, nearest| {
                let sites = phi.iter().zip(nearest).map(|(&phi, &sum)| (A::load(phi), sum));
                slopes.add(sites.clone().map(|(phi, sum)| {
                    let value = phi.value();
                    let gradient = -action.force(value, A::sum_value(sum));
                    let scaled = u * gradient;
                    [value * gradient, scaled * scaled, u * u * action.curvature(value, self_bonds)]
                }));
                let sites = sites.map(|(phi, sum)| scaled.site(phi, sum));
                sums.add(sites.clone().map(|(phi, sum)| {
                    [phi.local_phi(), phi.local_square(), phi.local_fourth(), phi.local_product(sum)]
                }));
                terms.add(sites.map(|(phi, sum)| scaled.action.terms(phi, sum)));
            });
        });
    });
    let volume = plan.volume() as f64;
    let [m, phi2, phi4, product] = means(&sums, volume);
    let [schwinger_dyson, grad2, laplacian] = means(&slopes, volume);
    let action_density = if terms.clipped() == 0 { terms.dot(scaled.action.couplings()) / volume } else { f64::NAN };
    Measurement {
        m: u * m,
        phi2: u * u * phi2,
        phi4: u * u * (u * u * phi4),
        nn: if D == 0 { 0.0 } else { u * u * product / (2 * D) as f64 },
        action_density,
        schwinger_dyson,
        grad2: grad2 / u / u,
        laplacian: laplacian / u / u,
    }
}

/// Sums over the volume; NaN where one has clipped.
fn means<T: Terms<Sums = [TallySum; N]>, const N: usize>(totals: &Totals<T>, volume: f64) -> [f64; N] {
    totals.sums().map(|sum| if totals.clipped() == 0 { tally_value(sum.total()) / volume } else { f64::NAN })
}

/// Running averages of what a [`Measurement`] holds, and of |M|, M², M⁴. Merging two is adding them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Averages {
    count: u64,
    sums: [f64; 11],
}

impl Averages {
    /// Add a configuration.
    pub fn push(&mut self, c: &Measurement) {
        let m2 = c.m * c.m;
        let values = [
            c.m,
            if c.m < 0.0 { -c.m } else { c.m },
            m2,
            m2 * m2,
            c.phi2,
            c.phi4,
            c.nn,
            c.action_density,
            c.schwinger_dyson,
            c.grad2,
            c.laplacian,
        ];
        self.count += 1;
        for (sum, value) in self.sums.iter_mut().zip(values) {
            *sum += value;
        }
    }

    /// Merge with the averages of other configurations.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        for (sum, value) in self.sums.iter_mut().zip(other.sums) {
            *sum += value;
        }
    }

    /// Configurations so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// ⟨M⟩, ⟨|M|⟩, ⟨M²⟩, ⟨M⁴⟩ and the averages of the other measurements; `None` without configurations.
    pub fn means(&self) -> Option<Means> {
        if self.count == 0 {
            return None;
        }
        let [m, abs_m, m2, m4, phi2, phi4, nn, action_density, schwinger_dyson, grad2, laplacian] =
            self.sums.map(|sum| sum / self.count as f64);
        Some(Means { m, abs_m, m2, m4, phi2, phi4, nn, action_density, schwinger_dyson, grad2, laplacian })
    }
}

/// Averages over configurations.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "the fields are the observables of the type's first line")]
pub struct Means {
    pub m: f64,
    pub abs_m: f64,
    pub m2: f64,
    pub m4: f64,
    pub phi2: f64,
    pub phi4: f64,
    pub nn: f64,
    pub action_density: f64,
    pub schwinger_dyson: f64,
    pub grad2: f64,
    pub laplacian: f64,
}

/// Zero-momentum slice sums along the slowest direction: `out[t]` = Σ of φ over the slab at coordinate t.
pub fn slices<A: Arith, const D: usize, M: Machine>(plan: &Plan<D, M>, phi: &[A::Store], out: &mut [f64]) {
    let mut rest = phi;
    for out in out.iter_mut() {
        let Some((slab, after)) = rest.split_at_checked(plan.slab()) else { return };
        rest = after;
        let mut total = Totals::<[A::Local; 1]>::default();
        for phi in slab.chunks(CHUNK) {
            total.add(phi.iter().map(|&phi| [A::load(phi).local_phi()]));
        }
        *out = if total.clipped() == 0 { total.dot([1.0]) } else { f64::NAN };
    }
}

/// Zero-momentum time-slice correlator C(t) = ⟨Φ_s Φ_{s+t}⟩/V_slab, Φ_s the slice sum, averaged over s: Σ_t C(t) = χ =
/// V⟨M²⟩.
///
/// `T` is the largest extent; the correlator of a lattice of extent L ≤ T has L entries.
#[derive(Clone, Debug, Default)]
pub struct Correlator<const T: usize> {
    count: u64,
    sums: Vec<f64, T>,
}

impl<const T: usize> Correlator<T> {
    /// Add the slice sums of a configuration; refused (false) where their number does not fit or has changed.
    pub fn push(&mut self, slices: &[f64], slab: usize) -> bool {
        if self.sums.is_empty() && self.sums.resize(slices.len(), 0.0).is_err() || self.sums.len() != slices.len() {
            return false;
        }
        let scale = 1.0 / (slices.len() as f64 * slab as f64);
        for (t, sum) in self.sums.iter_mut().enumerate() {
            let ahead = slices.iter().cycle().skip(t);
            *sum += scale * slices.iter().zip(ahead).map(|(a, b)| a * b).sum::<f64>();
        }
        self.count += 1;
        true
    }

    /// Merge with another of the same extent; refused (false) otherwise.
    pub fn merge(&mut self, other: &Self) -> bool {
        if self.sums.is_empty() {
            *self = other.clone();
            return true;
        }
        if other.sums.is_empty() {
            return true;
        }
        if self.sums.len() != other.sums.len() {
            return false;
        }
        for (sum, value) in self.sums.iter_mut().zip(&other.sums) {
            *sum += value;
        }
        self.count += other.count;
        true
    }

    /// C(t), t = 0..L; empty without configurations.
    pub fn means(&self) -> impl Iterator<Item = f64> + '_ {
        let scale = if self.count > 0 { 1.0 / self.count as f64 } else { 0.0 };
        self.sums.iter().map(move |sum| sum * scale)
    }
}
