//! How a mean answers to a small change of the kernel.
//!
//! If a step gains a bias β(x) and a variance ν(x), a mean shifts by Σ π (β h' + ½ν h''), h the solution of Poisson's
//! equation (1 - P)h = f - ⟨f⟩. To leading order in ε the chain is the diffusion of S, for which
//!
//! ```text
//! π(x) h'(x) = (1/ε) ∫_x^∞ (f - ⟨f⟩) π
//! ```
//!
//! so that a force F answers by β = εF, and a temperature by ν = 2ε δT.

use super::{LSB, STATES, mean, phi};

/// Sums over the law of the derivatives of h, per unit of β and ν.
#[derive(Clone, Copy, Debug)]
pub struct Response {
    /// Σ π |h'|: the answer to a bias of the worst sign everywhere.
    pub bias: f64,
    /// (Σ (π h')²)^½: the answer to a bias of random phases, one a state.
    pub random: f64,
    /// ½ Σ π h'': the answer to a variance, which is δT/2ε.
    pub variance: f64,
    /// ½ Σ π |h''|: the same of the worst sign everywhere.
    pub worst_variance: f64,
}

impl Response {
    /// Of ⟨f(φ)⟩ under a law.
    pub fn new(law: &[f64], eps: f64, f: impl Fn(f64) -> f64) -> Self {
        let average = mean(law, &f);
        // h' between i and i + 1, where both have mass that matters.
        let mut slope = vec![0.0; STATES];
        let mut tail = 0.0;
        for i in (0..STATES - 1).rev() {
            tail += law[i + 1] * (f(phi(i + 1)) - average);
            let density = (law[i] * law[i + 1]).sqrt() / LSB;
            slope[i] = if density > 1e-12 { tail / (eps * density) } else { 0.0 };
        }
        let mut response = Self { bias: 0.0, random: 0.0, variance: 0.0, worst_variance: 0.0 };
        for i in 1..STATES {
            let (here, bend) = (0.5 * (slope[i] + slope[i - 1]), (slope[i] - slope[i - 1]) / LSB);
            response.bias += law[i] * here.abs();
            response.random += (law[i] * here).powi(2);
            response.variance += 0.5 * law[i] * bend;
            response.worst_variance += 0.5 * law[i] * bend.abs();
        }
        response.random = response.random.sqrt();
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markov::boltzmann;
    use stoquant_exact::exact::SitePotential;

    /// S = x²/2 + x⁴/4: d⟨x²⟩/dT = 0.312243 and d⟨x⟩/dF = ⟨x²⟩ = 0.467920, by quadrature elsewhere.
    #[test]
    fn known_derivatives() {
        let (law, eps) = (boltzmann(&SitePotential { b: 0.5, lambda: 0.25 }), 0.01);
        let square = Response::new(&law, eps, |x| x * x);
        // The differences are of second order in Δ: (1/16)²·h''''/h''/12.
        assert!((2.0 * eps * square.variance - 0.312243).abs() < 3e-3, "{square:?}");
        let first = Response::new(&law, eps, |x| x);
        assert!((eps * first.bias - 0.467920).abs() < 1e-3, "{first:?}");
    }
}
