//! One reverse step of one mode, from σ_t to σ_s < σ_t: y' = keep·y + pull·h + √spread·η.
//!
//! With r² = a + σ² and score_k = -(y + a·h)/r², a constant times the score becomes keep and pull.

use super::Process;
use crate::math::{exp_m1, sqrt};

/// The coefficients of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kernel {
    /// Factor of y.
    pub keep: f64,
    /// Factor of h.
    pub pull: f64,
    /// Variance of the noise.
    pub spread: f64,
}

impl Kernel {
    /// y' = scale·y + q·score + √spread·η, the score taken where the variance of the free mode is r² = a + σ².
    fn by_score(scale: f64, q: f64, spread: f64, r2: f64, a: f64) -> Self {
        Self { keep: scale - q / r2, pull: -q * a / r2, spread }
    }

    /// Euler–Maruyama on the reversed process, dφ = (fφ - g²·score)dt + g dw̄ (Anderson 1982; arXiv:2011.13456, eq. 6),
    /// from time t to s < t.
    ///
    /// φ_s = φ_t - (fφ_t - g²·score_φ)(t-s) + g√(t-s)·η, written in y = φ/mean, score_φ = score/mean.
    #[must_use]
    pub fn euler_maruyama(process: &(impl Process + ?Sized), t: f64, s: f64, a: f64) -> Self {
        let (dt, from, to) = (t - s, process.mean(t), process.mean(s));
        let noise = process.diffusion2(t) * dt;
        let scale = from / to * (1.0 - process.drift(t) * dt);
        Self::by_score(scale, noise / (from * to), noise / (to * to), r2(process.sigma(t), a), a)
    }

    /// The reverse step of a discrete chain between its times t = n/N and s = (n-1)/N, φ' = (φ + (1-α)·score_φ)/√α +
    /// √(1-α)·η, √α = mean(t)/mean(s) (arXiv:2006.11239, algorithm 2, with variance β_n = 1-α_n).
    #[must_use]
    pub fn chain(process: &(impl Process + ?Sized), t: f64, s: f64, a: f64) -> Self {
        let (from, to) = (process.mean(t), process.mean(s));
        let noise = 1.0 - from * from / (to * to);
        Self::by_score(1.0, noise / (from * from), noise / (to * to), r2(process.sigma(t), a), a)
    }

    /// The posterior of y_s given y_t of the free field, pulled by h: exact at h = 0, at any step size.
    #[must_use]
    pub fn exponential(sigma_t: f64, sigma_s: f64, a: f64) -> Self {
        let (from, to) = (r2(sigma_t, a), r2(sigma_s, a));
        let noise = noise(sigma_t, sigma_s);
        Self::by_score(1.0, noise, to * noise / from, from, a)
    }

    /// y_s given y_t and φ, averaged over φ: mean D = E[φ|y_t], and `posterior` = the mode's mean |φ - D|² (a·σ²/(a +
    /// σ²) for the free field, which makes it [`exponential`](Self::exponential)).
    #[must_use]
    pub fn ancestral(sigma_t: f64, sigma_s: f64, a: f64, posterior: f64) -> Self {
        let noise = noise(sigma_t, sigma_s);
        let keep = sigma_s * sigma_s / (sigma_t * sigma_t);
        let spread = keep * noise + (1.0 - keep) * (1.0 - keep) * posterior;
        Self::by_score(1.0, noise, spread, r2(sigma_t, a), a)
    }

    /// Langevin dynamics at fixed σ for a time δ, preconditioned by r²: dy = -(y + a·h)dτ + √2·r dw with h held, an
    /// exact Ornstein–Uhlenbeck step at h = 0. The corrector of a predictor–corrector sampler.
    #[must_use]
    pub fn langevin(delta: f64, sigma: f64, a: f64) -> Self {
        let (gone, r2) = (-exp_m1(-delta), r2(sigma, a));
        Self::by_score(1.0, gone * r2, -exp_m1(-2.0 * delta) * r2, r2, a)
    }

    /// This step without its noise.
    #[must_use]
    pub fn silent(self) -> Self {
        Self { spread: 0.0, ..self }
    }

    /// √spread.
    #[must_use]
    pub fn amplitude(&self) -> f64 {
        sqrt(self.spread)
    }
}

/// Variance of a free mode under noise.
fn r2(sigma: f64, a: f64) -> f64 {
    a + sigma * sigma
}

/// σ_t² - σ_s², the noise that the step takes out.
#[must_use]
pub fn noise(sigma_t: f64, sigma_s: f64) -> f64 {
    (sigma_t - sigma_s) * (sigma_t + sigma_s)
}
