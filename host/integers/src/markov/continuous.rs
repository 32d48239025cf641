//! The chain without rounding, x' = x + εK(x) + μ + √v·R with R standard Gaussian, on the field's own points.
//!
//! Nyström: the kernel taken at the points m of the grid, P(n → m) ∝ exp(-(x_m - x_n - εK(x_n) - μ)²/2v). For smooth
//! densities the sum over a grid of spacing Δ replaces the integral up to e^{-2π²v/Δ²} (Trefethen, Weideman, SIAM Rev.
//! 56 (2014) 385): 1e-11 at v = 1.3 Δ², nothing beyond. Only the drift *at the points* enters, so the drift of the
//! integers serves as well as that of the action.

use super::{STATES, phi, stationary};

/// Its stationary law on the 255 points, from the drift at each.
pub fn law(drift: impl Fn(usize) -> f64, variance: f64, push: f64) -> Vec<f64> {
    let all: Vec<usize> = (0..STATES).collect();
    let order = stationary::outwards(&all, STATES);
    let rows = order.iter().map(|&i| {
        let centre = phi(i) + drift(i) + push;
        let mut row: Vec<f64> = order.iter().map(|&j| (-(phi(j) - centre).powi(2) / (2.0 * variance)).exp()).collect();
        let sum: f64 = row.iter().sum();
        row.iter_mut().for_each(|p| *p /= sum);
        row
    });
    let mut law = vec![0.0; STATES];
    stationary::solve(rows.collect()).into_iter().zip(&order).for_each(|(p, &i)| law[i] = p);
    law
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markov::{mean, total_variation};
    use stoquant_exact::estimate::Observable::Phi2;
    use stoquant_exact::exact::{SitePotential, one_site};
    use stoquant_model::IntegratorKind;

    /// A linear drift -a x + μ: Gaussian of mean μ/a and variance v/(1 - (1-a)²).
    #[test]
    fn linear_drift() {
        let (a, v, push) = (0.04, 0.02, 0.01);
        let p = law(|i| -a * phi(i), v, push);
        let (centre, variance) = (push / a, v / (1.0 - (1.0 - a) * (1.0 - a)));
        let exact = crate::markov::normalised(
            (0..STATES).map(|i| (-(phi(i) - centre).powi(2) / (2.0 * variance)).exp()).collect(),
        );
        // The mass beyond ±7.9 is 1e-40.
        assert!(total_variation(&p, &exact) < 1e-13, "{}", total_variation(&p, &exact));
    }

    /// Another solution of the same chain: interpolation of test functions instead of a kernel on points.
    #[test]
    fn quartic_drift_against_the_one_site_law() {
        let s = SitePotential { b: 0.5, lambda: 0.25 };
        for eps in [0.005, 0.02] {
            let p = law(|i| -eps * s.slope(phi(i)), 2.0 * eps, 0.0);
            let exact = one_site(&s, eps, IntegratorKind::Euler, 1.0).unwrap()[&Phi2].value;
            // It explodes beyond |x| = 20 only; what its bound leaves is below 1e-11.
            assert!((mean(&p, |x| x * x) - exact).abs() < 1e-11, "{eps}");
        }
    }
}
