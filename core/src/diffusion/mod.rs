//! Diffusion: noise is added to configurations, and the score takes it out again.
//!
//! A linear noising process dφ = f(t)φ dt + g(t) dw has φ_t = mean(t)·φ_0 + √variance(t)·ξ. Every sampler here holds
//! y = φ_t/mean(t) = φ_0 + σξ, σ² = variance/mean²: one process, whatever its name ([`process`]).
//!
//! In the modes k that diagonalise the linear part A of the force, with a_k = 1/A_k, r_k² = a_k + σ² and the remainder
//! h of the [`Score`](crate::score::Score), every step from σ_t to σ_s is one line a mode:
//!
//! ```text
//! stochastic       y' = keep·y + pull·h + √spread·η           kernel, reverse
//! deterministic    u' = u + weight·h,   y = r·u               flow
//! ```
//!
//! - Euler–Maruyama, discrete chain, exponential, ancestral, Langevin corrector ([`Kernel`] in [`Reverse`]): a path has
//!   a weight that is exact for any h.
//! - Probability flow by Euler, Heun, Runge–Kutta, Adams–Bashforth ([`Method`] in [`Flow`]): a field has a density
//!   ln q, to the order of the method.
//!
//! Both begin with u, standard Gaussian modes ([`start`]). Modes k < `frozen` are never touched: with `frozen` = 1 the
//! field is drawn conditional on its zero mode, whose law is [`Magnetisation`].
//!
//! Theory and names: Song et al., arXiv:2011.13456; on the lattice: Wang, Aarts, Zhou, arXiv:2309.17082.

pub mod flow;
pub mod kernel;
pub mod magnetisation;
pub mod process;
pub mod reverse;
pub mod schedule;
#[cfg(test)]
mod tests;

pub use flow::{Flow, Method, Node};
pub use kernel::Kernel;
pub use magnetisation::Magnetisation;
pub use process::{DiscreteChain, Process, SubVariancePreserving, VarianceExploding, VariancePreserving};
pub use reverse::{Kind, Reverse, Step};
pub use schedule::{Cosine, Geometric, Linear, Schedule, Table};

use crate::arith::Real;
use crate::lattice::{CHUNK, Chunk, segment_mut};
use crate::machine::Machine;
use crate::noise::{Noise, Words};

/// ln 2π.
const LN_TAU: f64 = 1.837_877_066_409_345_5;

/// Standard Gaussian modes: u_k = η of site k at `step`, for k ≥ `frozen`; the others keep their values.
pub fn start<R: Real, W: Words, M: Machine>(machine: M, noise: &mut Noise<W>, step: u64, frozen: usize, u: &mut [R]) {
    let mut numbers = Chunk::default();
    for (chunk, u) in u.chunks_mut(CHUNK).enumerate() {
        let first = chunk * CHUNK;
        let numbers = segment_mut(&mut *numbers, 0, u.len());
        R::fill_noise(machine, noise, step, first, numbers);
        for (u, &eta) in u.iter_mut().zip(&*numbers).skip(frozen.saturating_sub(first)) {
            *u = R::eta(eta);
        }
    }
}

/// Σx² in eight running sums, so that vectors serve.
#[inline(always)]
fn squares<R: Real>(x: &[R]) -> f64 {
    let (eights, rest) = x.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for eight in eights {
        for (sum, x) in sums.iter_mut().zip(eight) {
            let x = x.value();
            *sum += x * x;
        }
    }
    for (sum, x) in sums.iter_mut().zip(rest) {
        let x = x.value();
        *sum += x * x;
    }
    sums.into_iter().sum()
}

/// What is left of a slice from `frozen` on.
#[inline(always)]
fn free_modes<T>(x: &[T], frozen: usize) -> &[T] {
    x.get(frozen..).unwrap_or(&[])
}

/// The modes from `frozen` on, mutable.
#[inline(always)]
fn free_modes_mut<T>(x: &mut [T], frozen: usize) -> &mut [T] {
    x.get_mut(frozen..).unwrap_or(&mut [])
}

/// Copies as far as both go: without the panic of `copy_from_slice`.
#[inline(always)]
fn copy<R: Copy>(from: &[R], to: &mut [R]) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to = from;
    }
}
