//! Integrators of the Langevin equation ∂φ/∂τ = -∂S/∂φ + √2 ξ, one update of the whole field from its old values.
//!
//! | | update, R standard Gaussian | stationary law |
//! |---|---|---|
//! | [`Euler`] | φ' = φ + εK + √(2ε)·R | e^{-S} + O(ε) |
//! | [`LeimkuhlerMatthews`] | φ' = φ + εK + √(ε/2)·(R_n + R_{n+1}) | e^{-S} + O(ε²), exact for a Gaussian |
//! | [`Heun`] | y = φ + εK + √(2ε)·R, φ' = ½(φ + y + εK(y) + √(2ε)·R) | e^{-S} + O(ε²) |
//! | [`Mala`] | Euler's proposal, Metropolis-adjusted | e^{-S} |
//!
//! An integrator is immutable configuration; a chain's state is in its field and in [`State`].

mod euler;
mod heun;
mod leimkuhler_matthews;
mod mala;

pub use euler::Euler;
pub use heun::Heun;
pub use leimkuhler_matthews::LeimkuhlerMatthews;
pub use mala::Mala;

use crate::action::Drift;
use crate::arith::Arith;
use crate::error::Error;
use crate::lattice::{CHUNK, Neighbourhood, Plan, Triple, segment_mut, stream};
use crate::noise::{Law, Noise, StreamTag, Threefry, Words};

/// The random numbers of one chain.
#[derive(Clone, Copy, Debug)]
pub struct ChainNoise<W> {
    /// η of the dynamics.
    pub eta: Noise<W>,
    /// Uniform numbers of the Metropolis decision.
    pub accept: Threefry,
}

impl ChainNoise<Threefry> {
    /// The project's noise: a pure function of (seed, chain, step, site).
    pub const fn new(seed: u64, chain: u32, law: Law) -> Self {
        Self {
            eta: Noise { law, words: Threefry::new(seed, chain, StreamTag::Noise) },
            accept: Threefry::new(seed, chain, StreamTag::Accept),
        }
    }
}

/// What a chain carries from sweep to sweep beside its field.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct State {
    /// Sweeps done; the step number of the next one's noise.
    pub step: u64,
    /// Saturations of the field or of the even factor.
    pub clipped: u64,
    /// Metropolis proposals accepted (every sweep, where nothing is rejected).
    pub accepted: u64,
    /// Logarithm of the last Metropolis ratio π(y)q(x|y) / π(x)q(y|x); 0 without Metropolis step.
    pub log_ratio: f64,
}

/// One update of a whole field.
pub trait Integrator<A: Arith, W: Words>: Send + Sync {
    /// Advance `phi` by one sweep. `work` has at least `WORK_BLOCKS · plan.block()` sites; its contents do not matter.
    fn sweep<const D: usize>(
        &self,
        plan: &Plan<D>,
        noise: &mut ChainNoise<W>,
        phi: &mut [A::Store],
        work: &mut [A::Store],
        state: &mut State,
    );
    /// The step size that the quantised noise amplitude stands for.
    fn eps(&self) -> f64;
}

/// Quantise √(scale·ε): amplitude and the ε that it stands for.
fn amplitude<A: Arith>(eps: f64, scale: f64) -> Result<(A::Sigma, f64), Error> {
    if !(eps > 0.0 && eps.is_finite()) {
        return Err(Error::Domain { what: "eps", value: eps, want: "positive and finite" });
    }
    let value = crate::math::sqrt(scale * eps);
    let sigma = A::sigma(value).ok_or(Error::Unrepresentable {
        what: "noise amplitude",
        value,
        limit: 1.0,
        format: A::NAME,
    })?;
    let sigma_value = A::sigma_value(sigma);
    if value < 0.5 * sigma_value {
        return Err(Error::Vanishing { what: "noise amplitude", value, format: A::NAME });
    }
    Ok((sigma, sigma_value * sigma_value / scale))
}

/// φ + εK + σ·R before any rounding, for the chunk's sites.
#[inline(always)]
fn advance<A: Arith>(
    drift: &impl Drift<A>,
    sigma: A::Sigma,
    x: usize,
    here: &Neighbourhood<A>,
    eta: &[i32; CHUNK],
    clipped: &mut u32,
    mut put: impl FnMut(usize, A::Wide, &mut u32),
) {
    for (i, ((&phi, &sum), &eta)) in here.phi.iter().zip(&here.sum).zip(eta).take(here.count).enumerate() {
        let wide = phi.widen() + drift.drift(x + i, phi, sum, clipped) + A::mul_noise(sigma, eta);
        put(i, wide, clipped);
    }
}

/// Integer η of consecutive sites.
#[inline(always)]
fn fill_eta<A: Arith, W: Words>(noise: &mut Noise<W>, step: u64, first: usize, count: usize) -> [i32; CHUNK] {
    let mut eta = [0; CHUNK];
    if let Some(out) = eta.get_mut(..count) {
        A::fill_noise(noise, step, first, out);
    }
    eta
}

/// Euler's trial values of one block into `out`.
#[inline(always)]
fn euler_block<A: Arith, const D: usize>(
    plan: &Plan<D>,
    drift: &impl Drift<A>,
    sigma: A::Sigma,
    first: usize,
    old: Triple<'_, A::Store>,
    out: &mut [A::Store],
    clipped: &mut u32,
    mut eta: impl FnMut(usize, usize) -> [i32; CHUNK],
) {
    let mut here = Neighbourhood::<A>::default();
    for (index, out) in out.chunks_mut(CHUNK).enumerate() {
        let start = index * CHUNK;
        plan.gather_into(old, start, out.len(), &mut here);
        let eta = eta(first + start, out.len());
        advance(drift, sigma, first + start, &here, &eta, clipped, |i, wide, clipped| {
            if let Some(slot) = out.get_mut(i) {
                *slot = A::narrow(wide, clipped).store();
            }
        });
    }
}

/// φ' = φ + εK + σ·η of every site, in place: a whole sweep of an integrator of one stage.
#[inline(always)]
fn update<A: Arith, const D: usize>(
    plan: &Plan<D>,
    drift: &impl Drift<A>,
    sigma: A::Sigma,
    phi: &mut [A::Store],
    work: &mut [A::Store],
    state: &mut State,
    mut eta: impl FnMut(usize, usize) -> [i32; CHUNK],
) {
    let mut clipped = 0;
    stream(
        plan,
        phi,
        work,
        |first, old, out| euler_block(plan, drift, sigma, first, old, out, &mut clipped, &mut eta),
        |phi, block, [_, y, _]| {
            let (first, count) = plan.span(block);
            for (slot, &y) in segment_mut(phi, first, count).iter_mut().zip(y) {
                *slot = y;
            }
        },
    );
    state.clipped += u64::from(clipped);
    state.accepted += 1;
    state.step += 1;
}
