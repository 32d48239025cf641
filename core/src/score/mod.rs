//! Scores: ∇ ln p_σ of the field that noise of standard deviation σ has blurred.
//!
//! With A the linear part of the force and g what is left, -∂S/∂φ = -(Aφ + g(φ)), and y = φ + σξ, the score is exactly
//!
//! ```text
//! ∇ ln p_σ(y) = -A W y - W h,   W_k = 1/(1 + σ²A_k),   h = E[g(φ)|y]
//! ```
//!
//! in the modes k that diagonalise A (Vincent, Neural Computation 23 (2011) 1661, with the Gaussian part taken out). As
//! σ → 0 it becomes the force of stochastic quantisation; for the free field h = 0. The linear part is exact in every
//! sampler of [`diffusion`](crate::diffusion); a [`Score`] supplies h, the *remainder*. The score in integers, for
//! devices without a float unit, is [`int8`].

mod drift;
mod free;
pub mod hartley;
pub mod int8;
pub mod layer;
mod matrix;
pub mod network;
mod site;
pub(crate) mod stencil;

pub use drift::FieldDrift;
pub use free::Free;
pub use hartley::Hartley;
pub use network::Network;
pub use site::SiteScore;

use crate::arith::Real;
use crate::machine::Machine;

/// The remainder h of a score, and its divergence.
///
/// A sampler evaluates it at numbered *stages*, whose σ and trace kernels were fixed when the tables of the score were
/// made.
pub trait Score<R: Real>: Sync {
    /// Number of modes, the zero mode included.
    fn modes(&self) -> usize;
    /// Numbers of scratch memory that an evaluation needs.
    fn work(&self) -> usize;
    /// h at `stage` of the field whose modes are `y`, mode by mode into `h`. `y` and `h` have [`modes`](Self::modes)
    /// entries, `work` at least [`work`](Self::work), whose contents do not matter. With `TRACE` returns Σ_k t_k
    /// ∂h_k/∂y_k, t the trace kernel of the stage; otherwise 0.
    fn remainder<const TRACE: bool, M: Machine>(
        &self,
        machine: M,
        stage: usize,
        y: &[R],
        h: &mut [R],
        work: &mut [R],
    ) -> f64;
}
