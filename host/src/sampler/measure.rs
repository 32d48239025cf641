//! One configuration's values of everything the table of observables needs.

use crate::analysis::ChainSeries;
use crate::couplings::Couplings;

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

/// Measures one configuration (row-major, periodic). Sums are in f64: relative rounding about 1e-16 √V.
///
/// # Panics
/// If `phi` has not the volume of `extents`, or the volume is zero.
pub fn measure(phi: &[f64], extents: &[usize], c: &Couplings) -> Measurement {
    let volume: usize = extents.iter().product();
    assert!(volume > 0 && phi.len() == volume, "a field on {extents:?} has {volume} > 0 sites");
    // Sum over the 2D neighbours, bond by bond: an extent of 1 adds 2φ_x, an extent of 2 the other site twice.
    let mut neighbours = vec![0.0; volume];
    let mut stride = volume;
    for &extent in extents {
        stride /= extent;
        for x in 0..volume {
            let last = x / stride % extent + 1 == extent;
            let up = if last { x + stride - extent * stride } else { x + stride };
            neighbours[x] += phi[up];
            neighbours[up] += phi[x];
        }
    }
    let [mut m, mut phi2, mut phi4, mut bonds, mut schwinger_dyson, mut grad2] = [0.0; 6];
    for (&p, &sum) in phi.iter().zip(&neighbours) {
        let p2 = p * p;
        let gradient = p * (2.0 * c.b + 4.0 * c.lambda * p2) - 2.0 * c.kappa * sum;
        m += p;
        phi2 += p2;
        phi4 += p2 * p2;
        bonds += 0.5 * p * sum;
        schwinger_dyson += p * gradient;
        grad2 += gradient * gradient;
    }
    let v = volume as f64;
    let self_bonds = extents.iter().filter(|&&l| l == 1).count() as f64;
    Measurement {
        phi2: phi2 / v,
        phi4: phi4 / v,
        nn: (volume > 1).then(|| bonds / (v * extents.len() as f64)),
        m: m / v,
        action_density: (c.b * phi2 + c.lambda * phi4 - 2.0 * c.kappa * bonds) / v,
        schwinger_dyson: schwinger_dyson / v,
        grad2: grad2 / v,
        lap: 2.0 * c.b + 12.0 * c.lambda * phi2 / v - 4.0 * c.kappa * self_bonds,
    }
}
