//! The drift of `S = Σ_x [ -κ φ_x Σ_nbr φ + b φ_x² + λ φ_x⁴ ]`: hardware twin `rtl/sq_action_quartic.sv`.
//!
//! ```text
//! εK = k_n·Σ_nbr φ + φ·d,   d = k_a - k_c·φ²,   k_n = 2κε,  k_a = -2bε,  k_c = 4λε
//! ```
//!
//! φ⁴ theory, the free field and the double well are this one drift. `d` is even in φ, so φ → -φ is exact up to the
//! ties of the last rounding.

use super::Drift;
use crate::arith::Arith;

/// Quantised coefficients of the quartic drift.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuarticDrift<A: Arith> {
    /// k_n = 2κε.
    pub hop: A::Gain,
    /// k_a = -2bε.
    pub linear: A::Slope,
    /// k_c = 4λε.
    pub cubic: A::Gain,
}

impl<A: Arith> Drift<A> for QuarticDrift<A> {
    #[inline(always)]
    fn drift(&self, _x: usize, phi: A, sum: A::Sum, clipped: &mut u32) -> A::Wide {
        let d = A::factor(A::horner(self.linear, self.cubic, phi.square()), clipped);
        A::mul_sum(self.hop, sum) + phi.mul_factor(d)
    }
}
