//! Noising processes dφ = f(t)φ dt + g(t) dw, t from 0 (no noise) to 1.
//!
//! | | f | g² | mean | variance |
//! |---|---|---|---|---|
//! | [`VarianceExploding`] | 0 | dΛ/dt | 1 | Λ |
//! | [`VariancePreserving`] | -β/2 | β = dΛ/dt | e^{-Λ/2} | 1 - e^{-Λ} |
//! | [`SubVariancePreserving`] | -β/2 | β(1 - e^{-2Λ}) | e^{-Λ/2} | (1 - e^{-Λ})² |
//!
//! with Λ of a [`Schedule`] (Song et al., arXiv:2011.13456, section 3.4 and eq. 29). [`DiscreteChain`] is the
//! variance-preserving process whose Λ rises linearly between t = n/N: its marginals at those times.

use super::schedule::{Schedule, Table};
use crate::math::{exp, exp_m1, sqrt};

/// A linear noising process: φ_t = mean(t)·φ_0 + √variance(t)·ξ.
pub trait Process {
    /// mean(t) > 0.
    fn mean(&self, t: f64) -> f64;
    /// variance(t) ≥ 0.
    fn variance(&self, t: f64) -> f64;
    /// f(t) = d ln mean/dt.
    fn drift(&self, t: f64) -> f64;
    /// g²(t) = d variance/dt - 2f·variance.
    fn diffusion2(&self, t: f64) -> f64;
    /// σ(t) = √variance/mean, the standard deviation of the noise on y = φ_t/mean.
    fn sigma(&self, t: f64) -> f64 {
        sqrt(self.variance(t)) / self.mean(t)
    }
}

/// Noise alone: the field of stochastic quantisation without its drift.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VarianceExploding<S>(pub S);

/// Noise, and a pull towards 0 that keeps a variance of 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VariancePreserving<S>(pub S);

/// The drift of [`VariancePreserving`] with less noise: its variance is squared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SubVariancePreserving<S>(pub S);

/// Φ_n = √α_n Φ_{n-1} + √(1-α_n) ξ at t = n/N (Ho, Jain, Abbeel, arXiv:2006.11239, eq. 2), from [`Table::of_chain`].
pub type DiscreteChain<'a> = VariancePreserving<Table<'a>>;

impl<S: Schedule> Process for VarianceExploding<S> {
    fn mean(&self, _: f64) -> f64 {
        1.0
    }
    fn variance(&self, t: f64) -> f64 {
        self.0.total(t)
    }
    fn drift(&self, _: f64) -> f64 {
        0.0
    }
    fn diffusion2(&self, t: f64) -> f64 {
        self.0.rate(t)
    }
}

impl<S: Schedule> Process for VariancePreserving<S> {
    fn mean(&self, t: f64) -> f64 {
        exp(-0.5 * self.0.total(t))
    }
    fn variance(&self, t: f64) -> f64 {
        -exp_m1(-self.0.total(t))
    }
    fn drift(&self, t: f64) -> f64 {
        -0.5 * self.0.rate(t)
    }
    fn diffusion2(&self, t: f64) -> f64 {
        self.0.rate(t)
    }
}

impl<S: Schedule> Process for SubVariancePreserving<S> {
    fn mean(&self, t: f64) -> f64 {
        exp(-0.5 * self.0.total(t))
    }
    fn variance(&self, t: f64) -> f64 {
        let root = exp_m1(-self.0.total(t));
        root * root
    }
    fn drift(&self, t: f64) -> f64 {
        -0.5 * self.0.rate(t)
    }
    fn diffusion2(&self, t: f64) -> f64 {
        -exp_m1(-2.0 * self.0.total(t)) * self.0.rate(t)
    }
}
