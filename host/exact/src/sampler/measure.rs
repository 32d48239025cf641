//! One configuration's values of everything the table of observables needs.

use crate::analysis::ChainSeries;
use stoquant_model::Phi4;

/// Site averages of one configuration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measurement {
    /// φ².
    pub phi2: f64,
    /// φ⁴.
    pub phi4: f64,
    /// φ_x φ_{x+μ}, over sites and forward directions; `None` for a single site.
    pub nn: Option<f64>,
    /// Magnetisation (1/V) Σ φ, with its sign.
    pub m: f64,
    /// S/V.
    pub action_density: f64,
    /// φ_x ∂S/∂φ_x.
    pub schwinger_dyson: f64,
    /// |∇S|²/V.
    pub grad2: f64,
    /// (1/V) Σ_x ∂²S/∂φ_x².
    pub lap: f64,
}

impl Measurement {
    /// Appends the values to the series of a chain.
    pub fn push_to(&self, series: &mut ChainSeries) {
        series.phi2.push(self.phi2);
        series.phi4.push(self.phi4);
        series.nn.extend(self.nn);
        series.m.push(self.m);
        series.action_density.push(self.action_density);
        series.schwinger_dyson.push(self.schwinger_dyson);
        series.grad2.push(self.grad2);
        series.lap.push(self.lap);
    }
}

/// Sites whose sums are added up on their own, and lanes of a sum: rounding grows with neither the volume nor its root.
const BLOCK: usize = 1024;
const LANES: usize = 8;

/// M, ⟨φ²⟩ and ⟨φφ'⟩ of one configuration, which need no couplings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// Magnetisation (1/V) Σ φ, with its sign.
    pub m: f64,
    /// Site average of φ².
    pub phi2: f64,
    /// φ_x φ_{x+μ}, over sites and forward directions; `None` for a single site.
    pub nn: Option<f64>,
}

/// The first moments of one configuration, rounded as [`measure`] says.
///
/// # Panics
/// If `phi` has not the volume of `extents`, or the volume is zero.
pub fn moments(phi: &[f64], extents: &[usize]) -> Moments {
    let volume: usize = extents.iter().product();
    assert!(volume > 0 && phi.len() == volume, "a field on {extents:?} has {volume} > 0 sites");
    let v = volume as f64;
    let (mut bonds, mut stride) = (0.0, volume);
    for &extent in extents {
        let length = stride;
        stride /= extent;
        // As in `neighbour_sums`, forwards.
        for block in phi.chunks(length) {
            let inner = length - stride;
            bonds += sum(&block[..inner], &block[stride..], |a, b| a * b);
            bonds += sum(&block[inner..], &block[..stride], |a, b| a * b);
        }
    }
    Moments {
        m: sum(phi, phi, |a, _| a) / v,
        phi2: sum(phi, phi, |a, b| a * b) / v,
        nn: (!extents.is_empty()).then(|| bonds / (v * extents.len() as f64)),
    }
}

/// Σ f(a_x, b_x), block by block and in lanes.
#[inline(always)]
fn sum(a: &[f64], b: &[f64], f: impl Fn(f64, f64) -> f64) -> f64 {
    let of_block = |(a, b): (&[f64], &[f64])| {
        let mut lanes = [0.0; LANES];
        let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
        for (a, b) in a.iter().zip(b) {
            for lane in 0..LANES {
                lanes[lane] += f(a[lane], b[lane]);
            }
        }
        let rest: f64 = a_rest.iter().zip(b_rest).map(|(&a, &b)| f(a, b)).sum();
        lanes.iter().sum::<f64>() + rest
    };
    a.chunks(BLOCK).zip(b.chunks(BLOCK)).map(of_block).sum()
}

/// Measures one configuration (row-major, periodic). Sums are in f64, at any scale of the field, with a relative
/// rounding of about 1e-16·(BLOCK/LANES + V/BLOCK)^½ of the moduli.
///
/// # Panics
/// If `phi` has not the volume of `extents`, or the volume is zero.
pub fn measure(phi: &[f64], extents: &[usize], c: &Phi4) -> Measurement {
    let Moments { m, phi2, nn } = moments(phi, extents);
    let neighbours = neighbour_sums(phi, extents);
    let mut totals = [0.0; 3];
    for (phi, sums) in phi.chunks(BLOCK).zip(neighbours.chunks(BLOCK)) {
        let mut lanes = [[0.0; LANES]; 3];
        for (phi, sums) in phi.chunks(LANES).zip(sums.chunks(LANES)) {
            for (lane, (&p, &sum)) in phi.iter().zip(sums).enumerate() {
                let p2 = p * p;
                let gradient = p * (2.0 * c.b + 4.0 * c.lambda * p2) - 2.0 * c.kappa * sum;
                let terms = [p2 * p2, p * gradient, gradient * gradient];
                for (lanes, term) in lanes.iter_mut().zip(terms) {
                    lanes[lane] += term;
                }
            }
        }
        for (total, lanes) in totals.iter_mut().zip(lanes) {
            *total += lanes.iter().sum::<f64>();
        }
    }
    let [phi4, schwinger_dyson, grad2] = totals.map(|total| total / phi.len() as f64);
    let bonds = nn.unwrap_or(0.0) * extents.len() as f64;
    let self_bonds = extents.iter().filter(|&&l| l == 1).count() as f64;
    Measurement {
        phi2,
        phi4,
        nn,
        m,
        action_density: c.b * phi2 + c.lambda * phi4 - 2.0 * c.kappa * bonds,
        schwinger_dyson,
        grad2,
        lap: 2.0 * c.b + 12.0 * c.lambda * phi2 - 4.0 * c.kappa * self_bonds,
    }
}

/// Sum over the 2D neighbours of each site: an extent of 1 adds 2φ_x, an extent of 2 the other site twice.
fn neighbour_sums(phi: &[f64], extents: &[usize]) -> Vec<f64> {
    let mut sums = vec![0.0; phi.len()];
    let mut stride = phi.len();
    for &extent in extents {
        let length = stride;
        stride /= extent;
        // Along a direction, sites and their neighbours are two runs a stride apart, but for the step from the last to
        // the first.
        for (sums, phi) in sums.chunks_mut(length).zip(phi.chunks(length)) {
            let inner = length - stride;
            let add = |to: &mut [f64], from: &[f64]| to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
            add(&mut sums[..inner], &phi[stride..]);
            add(&mut sums[stride..], &phi[..inner]);
            add(&mut sums[inner..], &phi[..stride]);
            add(&mut sums[..stride], &phi[inner..]);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sites and neighbours by coordinates, on odd extents and extents of 1 and 2.
    #[test]
    fn neighbours_are_those_of_the_coordinates() {
        for extents in [&[][..], &[1], &[2], &[5], &[1, 4], &[3, 1], &[2, 3], &[3, 2, 5], &[2, 1, 3, 4]] {
            let volume: usize = extents.iter().product();
            let phi: Vec<f64> = (0..volume).map(|x| (x * x % 17) as f64 - 5.0).collect();
            let mut expected = vec![0.0; volume];
            for (x, expected) in expected.iter_mut().enumerate() {
                let mut stride = volume;
                for &extent in extents {
                    stride /= extent;
                    let own = x / stride % extent;
                    for to in [(own + 1) % extent, (own + extent - 1) % extent] {
                        *expected += phi[x - own * stride + to * stride];
                    }
                }
            }
            assert_eq!(neighbour_sums(&phi, extents), expected, "{extents:?}");
        }
    }

    /// At any scale s of the field: powers of s, to rounding.
    #[test]
    fn any_scale() {
        let extents = [37, 61];
        let phi: Vec<f64> = (0..37 * 61).map(|x| ((x * 7919 % 1009) as f64 / 500.0 - 1.0).powi(3)).collect();
        let none = Phi4 { kappa: 0.0, b: 0.0, lambda: 0.0 };
        let at = measure(&phi, &extents, &none);
        for scale in [1e-12, 1e-6, 1e3, 1e10] {
            let scaled: Vec<f64> = phi.iter().map(|phi| scale * phi).collect();
            let found = measure(&scaled, &extents, &none);
            let same = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-13, "{scale}: {a} {b}");
            same(found.m, scale * at.m);
            same(found.phi2, scale.powi(2) * at.phi2);
            same(found.phi4, scale.powi(4) * at.phi4);
            same(found.nn.unwrap(), scale.powi(2) * at.nn.unwrap());
        }
    }
}
