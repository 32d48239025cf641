//! One step of each Langevin integrator for `dφ = K dt + √2 dW`, equilibrium `e^{-S}`.
//!
//! The noise is an argument: `eta` holds independent standard Gaussian numbers, one a site, so that a step costs
//! `√(2ε) η` of noise for a drift of εK.

use super::{action, drift};
use stoquant_model::Phi4;

/// Euler–Maruyama: `φ' = φ + εK(φ) + √(2ε) η`.
///
/// A free mode of eigenvalue k has variance `1/(k(1 - εk/2))`: weak error O(ε).
/// Source: Parisi and Wu, Sci. Sinica 24 (1981) 483; Batrouni et al., Phys. Rev. D 32 (1985) 2736.
pub fn euler(phi: &[f64], extents: &[usize], c: &Phi4, eta: &[f64], eps: f64) -> Vec<f64> {
    check(phi, eta);
    let k = drift(phi, extents, c);
    (0..phi.len()).map(|x| phi[x] + eps * k[x] + (2.0 * eps).sqrt() * eta[x]).collect()
}

/// Leimkuhler–Matthews: `φ' = φ + εK(φ) + √(ε/2) (η_n + η_{n+1})`; the next step takes η_{n+1} as its η_n.
///
/// Exact for a Gaussian, weak error O(ε²) otherwise. Source: Leimkuhler and Matthews, AMRX 2013 (2013) 34,
/// arXiv:1203.5428.
pub fn leimkuhler_matthews(
    phi: &[f64],
    extents: &[usize],
    c: &Phi4,
    eta_n: &[f64],
    eta_n1: &[f64],
    eps: f64,
) -> Vec<f64> {
    check(phi, eta_n);
    check(phi, eta_n1);
    let k = drift(phi, extents, c);
    (0..phi.len()).map(|x| phi[x] + eps * k[x] + (eps / 2.0).sqrt() * (eta_n[x] + eta_n1[x])).collect()
}

/// Stochastic Heun: `φ* = φ + εK(φ) + √(2ε) η`, `φ' = φ + (ε/2)(K(φ) + K(φ*)) + √(2ε) η`.
///
/// A free mode has variance `(1/k)(1 - y/2)/(1 - y/2 + y²/4)`, y = εk: weak error O(ε²).
/// Source: Batrouni et al., Phys. Rev. D 32 (1985) 2736 (second-order Runge–Kutta).
pub fn heun(phi: &[f64], extents: &[usize], c: &Phi4, eta: &[f64], eps: f64) -> Vec<f64> {
    let predicted = euler(phi, extents, c, eta, eps);
    let (k, k_predicted) = (drift(phi, extents, c), drift(&predicted, extents, c));
    (0..phi.len()).map(|x| phi[x] + eps / 2.0 * (k[x] + k_predicted[x]) + (2.0 * eps).sqrt() * eta[x]).collect()
}

/// MALA: an Euler proposal y, and `ln r = S(x) - S(y) + ln q(x|y) - ln q(y|x)`; accept if `ln u < ln r`.
///
/// `ln q(y|x) = -|y - x - εK(x)|²/(4ε)`: exact for every ε. Source: Roberts and Tweedie, Bernoulli 2 (1996) 341.
pub fn mala(phi: &[f64], extents: &[usize], c: &Phi4, eta: &[f64], eps: f64) -> (Vec<f64>, f64) {
    let proposal = euler(phi, extents, c, eta, eps);
    let ln_q = |to: &[f64], from: &[f64]| -> f64 {
        let k = drift(from, extents, c);
        let square: f64 = (0..to.len()).map(|x| (to[x] - from[x] - eps * k[x]).powi(2)).sum();
        -square / (4.0 * eps)
    };
    let ln_ratio =
        action(phi, extents, c) - action(&proposal, extents, c) + ln_q(phi, &proposal) - ln_q(&proposal, phi);
    (proposal, ln_ratio)
}

fn check(phi: &[f64], eta: &[f64]) {
    assert_eq!(eta.len(), phi.len(), "the noise has one number a site");
}

#[cfg(test)]
mod tests {
    use super::super::action::tests::{COUPLINGS, LATTICES, random_field};
    use super::*;

    /// One free site, S = kφ²/2, where each step is linear: φ' = aφ + c·η.
    const FREE: Phi4 = Phi4 { kappa: 0.0, b: 0.7, lambda: 0.0 };
    const K: f64 = 1.4;

    /// The coefficients (a, c) of a linear step.
    fn linear(step: impl Fn(f64, f64) -> f64) -> (f64, f64) {
        (step(1.0, 0.0), step(0.0, 1.0))
    }

    /// Stationary variances of a free mode, c²/(1-a²), against the closed forms; rounding only.
    #[test]
    fn free_variances() {
        for eps in [0.01, 0.1, 0.5, 1.0] {
            let y = eps * K;
            let (a, c) = linear(|phi, eta| euler(&[phi], &[], &FREE, &[eta], eps)[0]);
            let exact = 1.0 / (K * (1.0 - y / 2.0));
            assert!((c * c / (1.0 - a * a) / exact - 1.0).abs() < 1e-13, "{eps}");

            let (a, c) = linear(|phi, eta| heun(&[phi], &[], &FREE, &[eta], eps)[0]);
            let exact = (1.0 / K) * (1.0 - y / 2.0) / (1.0 - y / 2.0 + y * y / 4.0);
            assert!((c * c / (1.0 - a * a) / exact - 1.0).abs() < 1e-13, "{eps}");

            // φ_n carries c·η_n, which the next step adds again: V = a²V + 2c² + 2a·c².
            let (a, c) = linear(|phi, eta| leimkuhler_matthews(&[phi], &[], &FREE, &[eta], &[0.0], eps)[0]);
            let (_, c1) = linear(|phi, eta| leimkuhler_matthews(&[phi], &[], &FREE, &[0.0], &[eta], eps)[0]);
            assert_eq!(c, c1);
            let variance = (2.0 * c * c + 2.0 * a * c * c) / (1.0 - a * a);
            assert!((variance * K - 1.0).abs() < 1e-13, "{eps}");
        }
    }

    /// The stationary ⟨x²⟩ of Euler for x²/2 + x⁴/4 rises with ε at the exact rate 0.265152 of the effective action.
    ///
    /// The transition density N(x + εK, 2ε) is iterated on a grid (trapezoid rule, exponentially accurate) until the
    /// mean is fixed; the slope is extrapolated from two steps, its own error O(ε²) ≈ 5e-3.
    #[test]
    fn euler_step_size_law() {
        let quartic = Phi4 { kappa: 0.0, b: 0.5, lambda: 0.25 };
        let h = 0.04;
        let grid: Vec<f64> = (-90..=90).map(|i| h * f64::from(i)).collect();
        let second_moment = |eps: f64| {
            let step: Vec<f64> = grid.iter().map(|&x| euler(&[x], &[], &quartic, &[0.0], eps)[0]).collect();
            let kernel = |to: f64, i: usize| (-(to - step[i]).powi(2) / (4.0 * eps)).exp();
            let kernel: Vec<Vec<f64>> = grid.iter().map(|&y| (0..grid.len()).map(|i| kernel(y, i)).collect()).collect();
            let mut p: Vec<f64> = grid.iter().map(|x| (-x * x / 2.0 - x.powi(4) / 4.0).exp()).collect();
            // Relaxation rate of x² is above 2 per unit of ε: e^{-2·10}.
            for _ in 0..(10.0 / eps) as usize {
                p = kernel.iter().map(|row| row.iter().zip(&p).map(|(k, p)| k * p).sum()).collect();
                let norm: f64 = p.iter().sum();
                p.iter_mut().for_each(|p| *p /= norm);
            }
            grid.iter().zip(&p).map(|(x, p)| x * x * p).sum::<f64>()
        };
        let exact = 0.467919916973665;
        let (coarse, fine) = (second_moment(0.04), second_moment(0.02));
        let slope = 2.0 * (fine - exact) / 0.02 - (coarse - exact) / 0.04;
        assert!((slope - 0.265152).abs() < 5e-3, "{slope}");
    }

    /// The reverse move, with the noise that leads back, has the opposite log-ratio: detailed balance. And it equals
    /// the one-noise form `S(x) - S(y) + |η|²/2 - |√(2ε) η + ε(K(x) + K(y))|²/(4ε)`. Rounding ε_machine·|S|.
    #[test]
    fn mala_is_reversible() {
        let eps = 0.1;
        for extents in LATTICES {
            let (x, eta) = (random_field(extents, 4), random_field(extents, 5));
            let (y, ratio) = mala(&x, extents, &COUPLINGS, &eta, eps);
            let (kx, ky) = (drift(&x, extents, &COUPLINGS), drift(&y, extents, &COUPLINGS));
            let back: Vec<f64> = (0..x.len()).map(|i| (x[i] - y[i] - eps * ky[i]) / (2.0 * eps).sqrt()).collect();
            let (again, reverse) = mala(&y, extents, &COUPLINGS, &back, eps);
            assert!(x.iter().zip(&again).all(|(a, b)| (a - b).abs() < 1e-14));
            assert!((ratio + reverse).abs() < 1e-12, "{extents:?} {ratio} {reverse}");

            let forward: f64 = eta.iter().map(|e| e * e / 2.0).sum();
            let total = |i: usize| (2.0 * eps).sqrt() * eta[i] + eps * (kx[i] + ky[i]);
            let backward: f64 = (0..x.len()).map(|i| total(i).powi(2) / (4.0 * eps)).sum();
            let s = action(&x, extents, &COUPLINGS) - action(&y, extents, &COUPLINGS);
            assert!((ratio - (s + forward - backward)).abs() < 1e-12, "{extents:?}");
        }
    }

    /// ⟨r⟩ = ∫ π(x) q(y|x) r dx dy / ∫ π = 1 over proposals: for one site by the trapezoid rule in x and η.
    #[test]
    fn mala_ratio_averages_to_one() {
        let (mut sum, mut norm) = (0.0, 0.0);
        for i in -120..=120 {
            let x = 0.1 * f64::from(i);
            for j in -70..=70 {
                let eta = 0.15 * f64::from(j);
                let weight = (-action(&[x], &[], &COUPLINGS) - eta * eta / 2.0).exp();
                let (_, ratio) = mala(&[x], &[], &COUPLINGS, &[eta], 0.2);
                norm += weight;
                sum += weight * ratio.exp();
            }
        }
        assert!((sum / norm - 1.0).abs() < 1e-10, "{}", sum / norm);
    }

    /// As ε → 0 all steps agree to O(ε^{3/2}) for one noise (Leimkuhler–Matthews with η_n = η_{n+1}).
    #[test]
    fn integrators_agree_at_small_steps() {
        let (extents, eps): (&[usize], f64) = (&[3, 4], 1e-8);
        let (phi, eta) = (random_field(extents, 6), random_field(extents, 7));
        let e = euler(&phi, extents, &COUPLINGS, &eta, eps);
        let lm = leimkuhler_matthews(&phi, extents, &COUPLINGS, &eta, &eta, eps);
        let h = heun(&phi, extents, &COUPLINGS, &eta, eps);
        let (m, ratio) = mala(&phi, extents, &COUPLINGS, &eta, eps);
        assert_eq!(e, m);
        assert!(ratio.abs() < 1e-9);
        for x in 0..e.len() {
            assert!((e[x] - lm[x]).abs() < 1e-15 && (e[x] - h[x]).abs() < 1e-11, "{x}");
        }
    }
}
