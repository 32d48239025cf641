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

/// Measures one configuration (row-major, periodic). Sums are in f64, at any scale of the field, with a relative
/// rounding of about 1e-16·(BLOCK/LANES + V/BLOCK)^½ of the moduli.
///
/// # Panics
/// If `phi` has not the volume of `extents`, or the volume is zero.
pub fn measure(phi: &[f64], extents: &[usize], c: &Phi4) -> Measurement {
    let volume: usize = extents.iter().product();
    assert!(volume > 0 && phi.len() == volume, "a field on {extents:?} has {volume} > 0 sites");
    let neighbours = neighbour_sums(phi, extents);
    let mut totals = [0.0; 6];
    for (phi, sums) in phi.chunks(BLOCK).zip(neighbours.chunks(BLOCK)) {
        let mut lanes = [[0.0; LANES]; 6];
        for (phi, sums) in phi.chunks(LANES).zip(sums.chunks(LANES)) {
            for (lane, (&p, &sum)) in phi.iter().zip(sums).enumerate() {
                let p2 = p * p;
                let gradient = p * (2.0 * c.b + 4.0 * c.lambda * p2) - 2.0 * c.kappa * sum;
                let terms = [p, p2, p2 * p2, 0.5 * p * sum, p * gradient, gradient * gradient];
                for (lanes, term) in lanes.iter_mut().zip(terms) {
                    lanes[lane] += term;
                }
            }
        }
        for (total, lanes) in totals.iter_mut().zip(lanes) {
            *total += lanes.iter().sum::<f64>();
        }
    }
    let [m, phi2, phi4, bonds, schwinger_dyson, grad2] = totals;
    let v = volume as f64;
    let self_bonds = extents.iter().filter(|&&l| l == 1).count() as f64;
    Measurement {
        phi2: phi2 / v,
        phi4: phi4 / v,
        nn: (!extents.is_empty()).then(|| bonds / (v * extents.len() as f64)),
        m: m / v,
        action_density: (c.b * phi2 + c.lambda * phi4 - 2.0 * c.kappa * bonds) / v,
        schwinger_dyson: schwinger_dyson / v,
        grad2: grad2 / v,
        lap: 2.0 * c.b + 12.0 * c.lambda * phi2 / v - 4.0 * c.kappa * self_bonds,
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
