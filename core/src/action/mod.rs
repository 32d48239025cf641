//! Actions, and the drift K = -∂S/∂φ that an integrator applies.
//!
//! An action is linear in its couplings, `S = Σ_i g_i Σ_x O_i(x)`. The local terms O_i are tallied exactly, the
//! couplings enter once per configuration: the difference of two actions carries no sum of rounding errors, and does
//! not depend on the order of the sites.
//!
//! To add an action, write one file like [`phi4`]: local terms, force and curvature in `f64`, and a [`Drift`]. Where
//! speed and hardware matter, the drift is written in the vocabulary of [`Arith`] ([`quartic`]); any other is ε·K in
//! `f64`, rounded once into the accumulator by [`Arith::wide`]: additions and products only, so still the same bits on
//! every target.

pub mod phi4;
pub mod quartic;

pub use phi4::Phi4;
pub use quartic::QuarticDrift;

use crate::arith::{Arith, Local, TallySum, tally_value};
use crate::error::Error;
use crate::lattice::{Plan, triples};
use crate::machine::{Machine, Part};

/// A drift times step: what is added to φ_x before the noise, ε·K_x(φ).
///
/// The seam between what moves the field (an action today, a score as well) and how it is integrated.
pub trait Drift<A: Arith>: Copy + Send + Sync {
    /// ε·K at site `x`, with φ_x and the sum of its 2D neighbours. Exact but for the even factor; clipping is counted.
    fn drift(&self, x: usize, phi: A, sum: A::Sum, clipped: &mut u32) -> A::Wide;
}

/// A local lattice action with nearest-neighbour coupling.
///
/// The action of a uniform field is its volume times that of one site:
///
/// ```
/// use stoquant_core::action::{Action, Phi4};
/// use stoquant_core::lattice::Plan;
///
/// let (kappa, b, lambda) = (0.125, 0.5, 0.25);
/// let plan = Plan::new([4, 4], 20)?;
/// // -2κ·Dφ² + bφ² + λφ⁴ at φ = 2, with D = 2.
/// let site = -2.0 * kappa * 2.0 * 4.0 + b * 4.0 + lambda * 16.0;
/// assert_eq!(Action::<f64>::action(&Phi4::new(kappa, b, lambda), &plan, &[2.0; 16]), 16.0 * site);
/// # Ok::<(), stoquant_core::error::Error>(())
/// ```
pub trait Action<A: Arith>: Copy + Send + Sync {
    /// Its drift in the arithmetic `A`.
    type Drift: Drift<A>;
    /// Its local terms O_i(x).
    type Terms: Terms;

    /// Quantises the drift of one step, ε·K, in `dims` dimensions.
    ///
    /// # Errors
    ///
    /// e^{-S} has no norm, a coefficient does not fit, or the range of the field is too small.
    fn drift(&self, eps: f64, dims: usize) -> Result<Self::Drift, Error>;
    /// Whether the unadjusted update is stable, and its drift that of the action, as far as the field lives.
    /// (Metropolis-adjusted, any drift is exact.)
    ///
    /// # Errors
    ///
    /// A step that is too large for either.
    fn check_step(&self, drift: &Self::Drift, eps: f64, dims: usize) -> Result<(), Error>;
    /// The action whose drift, times ε, is exactly this quantised one.
    fn quantised(&self, drift: &Self::Drift, eps: f64) -> Self;
    /// O_i(x) from φ_x and the sum over its 2D neighbours (so a bond is counted from both ends).
    fn terms(&self, phi: A, sum: A::Sum) -> Self::Terms;
    /// The couplings g_i.
    fn couplings(&self) -> <Self::Terms as Terms>::Couplings;
    /// A unit u of the field, a power of two near the largest field that e^{-S} visits, in which the terms of a float
    /// field are tallied: e^{-S} is then tallied alike at every scale of its field. The default, 1, serves actions
    /// whose fields are of order one.
    fn unit(&self, _dims: usize) -> f64 {
        1.0
    }
    /// The action S' of the field in units of u: S'(φ/u) = S(φ). To be given together with [`unit`](Self::unit).
    fn in_units(&self, _unit: f64) -> Self {
        *self
    }
    /// K_x = -∂S/∂φ_x.
    fn force(&self, phi: f64, sum: f64) -> f64;
    /// ∂²S/∂φ_x², given in how many directions the site is its own neighbour.
    fn curvature(&self, phi: f64, self_bonds: usize) -> f64;

    /// S of a field; NaN where a tally clips.
    fn action<const D: usize, M: Machine>(&self, plan: &Plan<D, M>, phi: &[A::Store]) -> f64 {
        let scaled = Scaled::<A, Self>::new(self, D);
        let mut totals = Totals::<Self::Terms>::default();
        triples(plan, phi, |_, triple| {
            plan.chunks::<A>(triple, |_, phi, sums| {
                totals.add(phi.iter().zip(sums).map(|(&phi, &sum)| scaled.terms(A::load(phi), sum)));
            });
        });
        if totals.clipped() == 0 { totals.dot(scaled.action.couplings()) } else { f64::NAN }
    }
}

/// An action in the [unit](Action::unit) of its field, where the arithmetic is a float one; as it is in fixed point.
#[derive(Clone, Copy, Debug)]
pub struct Scaled<A, S> {
    /// The action of the field in units.
    pub action: S,
    /// The unit.
    pub unit: f64,
    per_unit: f64,
    arith: core::marker::PhantomData<A>,
}

impl<A: Arith, S: Action<A>> Scaled<A, S> {
    /// In `dims` dimensions.
    #[inline]
    pub fn new(action: &S, dims: usize) -> Self {
        let (action, unit) = if A::FIELD_LSB > 0.0 {
            (*action, 1.0)
        } else {
            let unit = action.unit(dims);
            (action.in_units(unit), unit)
        };
        Self { action, unit, per_unit: 1.0 / unit, arith: core::marker::PhantomData }
    }

    /// φ and the sum of its neighbours, in units.
    #[inline(always)]
    pub fn site(&self, phi: A, sum: A::Sum) -> (A, A::Sum) {
        (phi.in_units(self.per_unit), A::sum_in_units(sum, self.per_unit))
    }

    /// The terms of a site, whose field is not in units.
    #[inline(always)]
    pub fn terms(&self, phi: A, sum: A::Sum) -> S::Terms {
        let (phi, sum) = self.site(phi, sum);
        self.action.terms(phi, sum)
    }
}

/// The local terms of an action: `[A::Local; N]`.
pub trait Terms: Copy + Send {
    /// Exact sums.
    type Sums: Copy + Default + Send + AsRef<[TallySum]> + AsMut<[TallySum]>;
    /// Running sums of a chunk.
    type Ledgers: Copy + Default;
    /// One coupling a term.
    type Couplings: Copy + AsRef<[f64]>;
    /// Term by term.
    fn minus(self, other: Self) -> Self;
    /// Add to exact sums. Returns how many of the tallies clipped.
    fn tally(self, sums: &mut Self::Sums) -> u64;
    /// Add to running sums.
    fn enter(self, ledgers: &mut Self::Ledgers);
    /// Add the running sums of `count` sites to exact ones; `None` where one is out of range.
    fn close(ledgers: Self::Ledgers, count: u32, sums: &Self::Sums) -> Option<Self::Sums>;
}

macro_rules! terms {
    ($($n:literal),+) => { $(
        impl<L: Local> Terms for [L; $n] {
            type Sums = [TallySum; $n];
            type Ledgers = [L::Ledger; $n];
            type Couplings = [f64; $n];
            #[inline(always)]
            fn minus(mut self, other: Self) -> Self {
                for (term, other) in self.iter_mut().zip(other) {
                    *term = *term - other;
                }
                self
            }
            #[inline(always)]
            fn tally(self, sums: &mut Self::Sums) -> u64 {
                let mut clipped = 0;
                for (sum, term) in sums.iter_mut().zip(self) {
                    sum.add(term.tally());
                    clipped += u64::from(term.clips());
                }
                clipped
            }
            #[inline(always)]
            fn enter(self, ledgers: &mut Self::Ledgers) {
                for (ledger, term) in ledgers.iter_mut().zip(self) {
                    term.enter(ledger);
                }
            }
            #[inline(always)]
            fn close(ledgers: Self::Ledgers, count: u32, sums: &Self::Sums) -> Option<Self::Sums> {
                let mut out = *sums;
                for (sum, ledger) in out.iter_mut().zip(ledgers) {
                    *sum = sum.plus(L::close(ledger, count)?);
                }
                Some(out)
            }
        }
    )+ };
}
terms!(1, 2, 3, 4, 5, 6);

/// Exact sums of local terms over a field.
#[derive(Clone, Copy, Debug)]
pub struct Totals<T: Terms> {
    sums: T::Sums,
    clipped: u64,
}

impl<T: Terms> Default for Totals<T> {
    fn default() -> Self {
        Self { sums: T::Sums::default(), clipped: 0 }
    }
}

impl<T: Terms> Totals<T> {
    /// Add the sites of a chunk.
    #[inline(always)]
    pub fn add(&mut self, sites: impl Iterator<Item = T> + Clone) {
        let mut ledgers = T::Ledgers::default();
        let mut count = 0;
        for terms in sites.clone() {
            terms.enter(&mut ledgers);
            count += 1;
        }
        match T::close(ledgers, count, &self.sums) {
            Some(sums) => self.sums = sums,
            None => sites.for_each(|terms| self.clipped += terms.tally(&mut self.sums)),
        }
    }
    /// The sums.
    pub fn sums(&self) -> &T::Sums {
        &self.sums
    }
    /// Terms whose tally clipped, or that were no number. The sums are then not those of the field.
    pub fn clipped(&self) -> u64 {
        self.clipped
    }
    /// Σ g_i O_i, exact until the couplings multiply.
    pub fn dot(&self, couplings: T::Couplings) -> f64 {
        self.sums.as_ref().iter().zip(couplings.as_ref()).map(|(sum, g)| g * tally_value(sum.total())).sum()
    }
}

impl<T: Terms> Part for Totals<T> {
    #[inline]
    fn plus(mut self, other: Self) -> Self {
        for (sum, other) in self.sums.as_mut().iter_mut().zip(other.sums.as_ref()) {
            *sum = sum.plus(*other);
        }
        self.clipped += other.clipped;
        self
    }
}
