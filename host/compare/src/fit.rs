//! Power laws: the dynamical exponent.

use serde::Serialize;

use stoquant_exact::estimate::Estimate;

/// `y = e^a x^k`, fitted to values with errors.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PowerLaw {
    /// The exponent k. Where the points scatter more than their errors say, its error is larger by √(χ²/dof).
    pub exponent: Estimate,
    /// a.
    pub ln_amplitude: f64,
    /// `Σ ((ln y - a - k ln x)/δ ln y)²`.
    pub chi2: f64,
    /// Points less two.
    pub dof: usize,
}

impl PowerLaw {
    /// The fitted y.
    pub fn at(&self, x: f64) -> f64 {
        (self.ln_amplitude + self.exponent.value * x.ln()).exp()
    }
}

/// Least squares of ln y on ln x with weights (y/δy)². `None` unless all x, y and errors are positive and at least two
/// x differ.
pub fn power_law(x: &[f64], y: &[Estimate]) -> Option<PowerLaw> {
    let good = |v: f64| v > 0.0 && v.is_finite();
    if !x.iter().all(|&x| good(x)) || !y.iter().all(|y| good(y.value) && good(y.error)) {
        return None;
    }
    // (weight, ln x, ln y)
    let points: Vec<[f64; 3]> =
        x.iter().zip(y).map(|(x, y)| [(y.value / y.error).powi(2), x.ln(), y.value.ln()]).collect();
    let sum = |f: &dyn Fn(&[f64; 3]) -> f64| points.iter().map(|p| p[0] * f(p)).sum::<f64>();
    let weight = sum(&|_| 1.0);
    let (mean_x, mean_y) = (sum(&|p| p[1]) / weight, sum(&|p| p[2]) / weight);
    let square = sum(&|p| (p[1] - mean_x).powi(2));
    // Equal x differ by the rounding of their mean.
    if points.len() < 2 || square <= 1e-20 * weight {
        return None;
    }
    let k = sum(&|p| (p[1] - mean_x) * (p[2] - mean_y)) / square;
    let ln_amplitude = mean_y - k * mean_x;
    let chi2 = sum(&|p| (p[2] - ln_amplitude - k * p[1]).powi(2));
    let dof = points.len() - 2;
    let scatter = if dof > 0 { (chi2 / dof as f64).max(1.0) } else { 1.0 };
    Some(PowerLaw { exponent: Estimate::new(k, (scatter / square).sqrt()), ln_amplitude, chi2, dof })
}

#[cfg(test)]
mod tests {
    use super::*;
    use stoquant_exact::analysis::series::ar1;

    const SIZES: [f64; 4] = [8.0, 16.0, 32.0, 64.0];

    /// Without noise: the law itself, to rounding; the errors those of a straight line.
    #[test]
    fn exact_law() {
        let y = SIZES.map(|l| Estimate::new(0.3 * l.powf(2.1), 0.05 * 0.3 * l.powf(2.1)));
        let fit = power_law(&SIZES, &y).unwrap();
        assert!((fit.exponent.value - 2.1).abs() < 1e-13 && fit.chi2 < 1e-20 && fit.dof == 2);
        assert!((fit.at(20.0) / (0.3 * 20f64.powf(2.1)) - 1.0).abs() < 1e-13);
        // δk = δ ln y/√Σ(ln L - mean)² with ln L at ±½ and ±3/2 of ln 2: Σ = 5 ln² 2.
        assert!((fit.exponent.error / (0.05 / (5f64.sqrt() * 2f64.ln())) - 1.0).abs() < 1e-12);
    }

    /// With 3% noise, unequal errors: over 4000 fits the pulls of k have mean square 1 ± √(2/4000) (4.9 σ: 1e-6) while
    /// the error is left as it is; ⟨χ²⟩ = dof ± √(2 dof/4000). Errors too small by 3 are enlarged by the scatter.
    #[test]
    fn pulls_are_normal() {
        let relative = [0.03, 0.01, 0.03, 0.02];
        let (mut pulls, mut chi2, mut enlarged) = (0.0, 0.0, 0.0);
        for seed in 0..4000 {
            let eta = ar1(0.0, 4, 70_000 + seed);
            let y = |claimed: f64| {
                [0, 1, 2, 3].map(|i| {
                    // Log-normal: ln y is exactly normal; its error is stated at the value found.
                    let value = (1.5 * SIZES[i].ln() + relative[i] * eta[i]).exp();
                    Estimate::new(value, claimed * relative[i] * value)
                })
            };
            let fit = power_law(&SIZES, &y(1.0)).unwrap();
            let bare = fit.exponent.error / (fit.chi2 / 2.0).max(1.0).sqrt();
            pulls += ((fit.exponent.value - 1.5) / bare).powi(2) / 4000.0;
            chi2 += fit.chi2 / 4000.0;
            let small = power_law(&SIZES, &y(1.0 / 3.0)).unwrap();
            assert!((small.chi2 / fit.chi2 - 9.0).abs() < 1e-6);
            enlarged += small.exponent.error / bare / 4000.0;
        }
        assert!((pulls - 1.0).abs() < 4.9 * (2.0_f64 / 4000.0).sqrt(), "{pulls}");
        assert!((chi2 - 2.0).abs() < 4.9 * (4.0_f64 / 4000.0).sqrt(), "{chi2}");
        // ⟨max(√(χ²/2), 1/3)⟩ = 0.90 of the true error: √(χ²/2) alone is √π/2 = 0.886 on average.
        assert!((enlarged - 0.9).abs() < 0.05, "{enlarged}");
    }

    #[test]
    fn what_has_no_exponent() {
        let one = Estimate::new(1.0, 0.1);
        assert_eq!(power_law(&[8.0], &[one]), None);
        assert_eq!(power_law(&[8.0, 8.0], &[one, one]), None);
        assert_eq!(power_law(&[8.0, 16.0], &[one, Estimate::new(1.0, 0.0)]), None);
        assert_eq!(power_law(&[8.0, 16.0], &[one, Estimate::new(-1.0, 0.1)]), None);
        assert_eq!(power_law(&[8.0, 16.0], &[one, Estimate::new(f64::NAN, 0.1)]), None);
        assert_eq!(power_law(&[8.0, 16.0], &[one, one]).unwrap().dof, 0);
    }
}
