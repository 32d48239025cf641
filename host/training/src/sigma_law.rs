//! Where training looks: σ drawn more often where the loss is large, with the weight that undoes it.

/// A density in ln σ, linear between the knots.
pub struct SigmaLaw {
    sigma: [f64; 2],
    density: Vec<f64>,
    total: f64,
}

impl SigmaLaw {
    /// In proportion to `size`, the root of the loss at each knot, with a floor of a fifth of its mean.
    pub fn new(sigma: [f64; 2], size: &[f64]) -> Self {
        let mean = size.iter().sum::<f64>() / size.len() as f64;
        let density: Vec<f64> = size.iter().map(|s| s / mean + 0.2).collect();
        let total = density.windows(2).map(|d| 0.5 * (d[0] + d[1])).sum();
        Self { sigma, density, total }
    }

    /// σ at a quantile, and the ratio there of the uniform density in ln σ to this one.
    pub fn at(&self, quantile: f64) -> (f64, f64) {
        let cells = self.density.len() - 1;
        let mut rest = quantile * self.total;
        for (n, d) in self.density.windows(2).enumerate() {
            let cell = 0.5 * (d[0] + d[1]);
            if rest <= cell || n + 1 == cells {
                // The root of d₀x + ½(d₁ - d₀)x² = rest, without cancellation.
                let slope = d[1] - d[0];
                let root = (d[0] * d[0] + 2.0 * slope * rest).max(0.0).sqrt();
                let x = (2.0 * rest / (d[0] + root)).clamp(0.0, 1.0);
                let [low, high] = self.sigma;
                let sigma = low * (high / low).powf((n as f64 + x) / cells as f64);
                return (sigma, self.total / cells as f64 / (d[0] + slope * x));
            }
            rest -= cell;
        }
        (self.sigma[1], 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The weighted mean of any function of ln σ is its uniform mean: midpoint sums of 10⁵ quantiles, error below 1e-8
    /// for these smooth ones.
    #[test]
    fn weights_undo_the_density() {
        let law = SigmaLaw::new([0.1, 10.0], &[0.5, 2.0, 1.0, 0.1]);
        let n = 100_000;
        for power in 0..4 {
            let mean = (0..n)
                .map(|i| {
                    let (sigma, weight) = law.at((i as f64 + 0.5) / n as f64);
                    weight * ((sigma / 0.1).ln() / 100.0_f64.ln()).powi(power)
                })
                .sum::<f64>()
                / n as f64;
            assert!((mean - 1.0 / f64::from(power + 1)).abs() < 1e-6, "{power}: {mean}");
        }
    }
}
