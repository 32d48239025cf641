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

mod any;
mod euler;
mod heun;
mod leimkuhler_matthews;
mod mala;

pub use any::AnyIntegrator;
pub use euler::Euler;
pub use heun::Heun;
pub use leimkuhler_matthews::LeimkuhlerMatthews;
pub use mala::Mala;

use crate::action::Drift;
use crate::arith::Arith;
use crate::error::Error;
use crate::lattice::{Chunk, Plan, RowMut, Triple, segment_mut, stream};
use crate::machine::Machine;
use crate::noise::{Noise, NoiseKind, PureWords, StreamTag, Threefry, Words};

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
    pub const fn new(seed: u64, chain: u32, law: NoiseKind) -> Self {
        Self {
            eta: Noise { law, words: Threefry::new(seed, chain, StreamTag::Noise) },
            accept: Threefry::new(seed, chain, StreamTag::Accept),
        }
    }
}

/// What a chain carries from sweep to sweep beside its field. A user, and a wire, may set it to anything: its counters wrap.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct State {
    /// Sweeps done; the step number of the next one's noise.
    pub step: u64,
    /// Saturations of the field or of the even factor, and tallies of a Metropolis step that clipped.
    pub clipped: u64,
    /// Metropolis proposals accepted (every sweep, where nothing is rejected).
    pub accepted: u64,
    /// Logarithm of the last Metropolis ratio π(y)q(x|y) / π(x)q(y|x); 0 without Metropolis step.
    pub log_ratio: f64,
}

/// Where a sweep left the new field; the other buffer then means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum NewField {
    /// Where the old one was.
    InPlace,
    /// Where the trial values were.
    InTrial,
}

/// One update of a whole field.
pub trait Integrator<A: Arith, W: Words>: Send + Sync {
    /// Advance `phi` by one sweep in place. `work` has at least `WORK_BLOCKS · plan.block()` sites; its contents do not matter.
    fn sweep<const D: usize, M: Machine>(
        &self,
        plan: &Plan<D, M>,
        noise: &mut ChainNoise<W>,
        phi: &mut [A::Store],
        work: &mut [A::Store],
        state: &mut State,
    );

    /// The same sweep, to the bit, where there is memory for a second field: the threads of the machine share it, and a Metropolis
    /// step keeps its proposal. `trial` has at least `plan.volume()` and `WORK_BLOCKS · plan.block()` sites; its contents do not matter.
    ///
    /// What has no way of its own to use the memory does the sweep in place.
    fn sweep_apart<const D: usize, M: Machine>(
        &self,
        plan: &Plan<D, M>,
        noise: &mut ChainNoise<W>,
        phi: &mut [A::Store],
        trial: &mut [A::Store],
        state: &mut State,
    ) -> NewField
    where
        W: PureWords,
    {
        self.sweep(plan, noise, phi, trial, state);
        NewField::InPlace
    }

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

/// φ + εK + σ·R before any rounding, for the chunk's sites from `x` on, and what `put` makes of it and of each slot of `out`.
#[inline(always)]
fn advance<A: Arith>(
    drift: &impl Drift<A>,
    sigma: A::Sigma,
    x: usize,
    phi: &[A::Store],
    sums: &[A::Sum],
    eta: &[i32],
    out: &mut [A::Store],
    clipped: &mut u32,
    put: impl Fn(&mut A::Store, A::Wide, &mut u32),
) {
    // A counter of its own stays in a register.
    let mut count = 0;
    let sites = phi.iter().zip(sums).zip(eta);
    for (i, (slot, ((&phi, &sum), &eta))) in out.iter_mut().zip(sites).enumerate() {
        put(slot, step(drift, sigma, x + i, A::load(phi), sum, eta, &mut count), &mut count);
    }
    *clipped += count;
}

/// The same of one site.
#[inline(always)]
fn step<A: Arith>(
    drift: &impl Drift<A>,
    sigma: A::Sigma,
    x: usize,
    phi: A,
    sum: A::Sum,
    eta: i32,
    clipped: &mut u32,
) -> A::Wide {
    phi.widen() + drift.drift(x, phi, sum, clipped) + A::mul_noise(sigma, eta)
}

/// [`step`] of the sites of a block from `first` on, given the block between its neighbours, and what `put` makes of it and of each slot of
/// `out`. Returns how often it clipped.
#[inline(always)]
fn advance_block<A: Arith, W, const D: usize, M: Machine>(
    plan: &Plan<D, M>,
    drift: &impl Drift<A>,
    sigma: A::Sigma,
    noise: &mut Noise<W>,
    eta: &impl Eta<W>,
    first: usize,
    triple: Triple<'_, A::Store>,
    out: &mut [A::Store],
    put: impl Fn(&mut A::Store, A::Wide, &mut u32),
) -> u64 {
    let mut clipped = 0;
    let mut numbers = Chunk::default();
    if Plan::<D, M>::BY_ROWS {
        plan.rows::<A>(triple, |start, row| {
            let (mut x, out) = (first + start, segment_mut(out, start, row.len()));
            let numbers = segment_mut(&mut *numbers, 0, row.len());
            eta(noise, x, numbers);
            // Copies, which what is written cannot change: they stay in registers.
            let (drift, mut count) = (*drift, 0);
            row.each(out, numbers, |phi, sum, slot, eta| {
                put(slot, step(&drift, sigma, x, phi, sum, eta, &mut count), &mut count);
                x += 1;
            });
            clipped += count;
        });
    } else {
        plan.chunks::<A>(triple, |start, phi, sums| {
            let (x, out) = (first + start, segment_mut(out, start, phi.len()));
            let numbers = segment_mut(&mut *numbers, 0, phi.len());
            eta(noise, x, numbers);
            advance(drift, sigma, x, phi, sums, numbers, out, &mut clipped, &put);
        });
    }
    u64::from(clipped)
}

/// The integer noise of a chunk of sites: whatever an integrator needs of it, in one number a site.
///
/// `eta(words, first, out)` fills `out` with the noise of sites `first..`.
trait Eta<W>: Fn(&mut Noise<W>, usize, &mut [i32]) {}
impl<W, F: Fn(&mut Noise<W>, usize, &mut [i32])> Eta<W> for F {}

/// The noise of one step.
#[inline(always)]
fn eta_at<A: Arith, W: Words, M: Machine>(machine: M, step: u64) -> impl Eta<W> + Sync {
    move |noise: &mut Noise<W>, first: usize, out: &mut [i32]| A::fill_noise(machine, noise, step, first, out)
}

/// Euler's trial values of one block into `out`.
#[inline(always)]
fn euler_block<A: Arith, W, const D: usize, M: Machine>(
    plan: &Plan<D, M>,
    drift: &impl Drift<A>,
    sigma: A::Sigma,
    noise: &mut Noise<W>,
    eta: &impl Eta<W>,
    first: usize,
    old: Triple<'_, A::Store>,
    out: &mut [A::Store],
) -> u64 {
    advance_block(plan, drift, sigma, noise, eta, first, old, out, |slot, wide, clipped| {
        *slot = A::narrow(wide, clipped).store();
    })
}

/// Euler's trial values of every block.
#[inline(always)]
fn euler_parts<A: Arith, W: PureWords, const D: usize, M: Machine>(
    plan: &Plan<D, M>,
    drift: &impl Drift<A>,
    sigma: A::Sigma,
    noise: &Noise<W>,
    eta: &(impl Eta<W> + Sync),
    phi: &[A::Store],
    trial: &mut [A::Store],
) -> u64 {
    let machine = plan.machine();
    machine.parts(segment_mut(trial, 0, plan.volume()), plan.block(), |block, out| {
        machine.run(|| {
            let first = plan.span(block).0;
            euler_block(plan, drift, sigma, &mut noise.clone(), eta, first, plan.triple(phi, block), out)
        })
    })
}

/// φ' = φ + εK + σ·η of every site, in place: a whole sweep of an integrator of one stage.
#[inline(always)]
fn update<A: Arith, W, const D: usize, M: Machine>(
    plan: &Plan<D, M>,
    drift: &impl Drift<A>,
    sigma: A::Sigma,
    noise: &mut Noise<W>,
    eta: &impl Eta<W>,
    phi: &mut [A::Store],
    work: &mut [A::Store],
) -> u64 {
    let mut clipped = 0;
    if Plan::<D, M>::BY_ROWS {
        let mut numbers = Chunk::default();
        plan.machine().run(|| {
            plan.rows_mut::<A>(phi, work, |first, row| {
                let numbers = segment_mut(&mut *numbers, 0, row.len());
                eta(noise, first, numbers);
                clipped += u64::from(update_row(drift, sigma, first, row, numbers));
            });
        });
        return clipped;
    }
    plan.machine().run(|| {
        stream(
            plan,
            phi,
            work,
            |first, old, out| clipped += euler_block(plan, drift, sigma, noise, eta, first, old, out),
            |phi, block, [_, y, _]| {
                let (first, count) = plan.span(block);
                for (slot, &y) in segment_mut(phi, first, count).iter_mut().zip(y) {
                    *slot = y;
                }
            },
        );
    });
    clipped
}

/// Euler's step of a row from site `x` on, in place. Returns how often it clipped.
// On its own: the loop needs all registers of a small processor.
#[inline(never)]
fn update_row<A: Arith, K: Drift<A>>(drift: &K, sigma: A::Sigma, x: usize, row: RowMut<'_, A>, eta: &[i32]) -> u32 {
    // A copy, which what is written cannot change.
    let (drift, mut x, mut clipped) = (*drift, x, 0);
    row.each(eta, |phi, sum, eta| {
        let wide = step(&drift, sigma, x, phi, sum, eta, &mut clipped);
        x += 1;
        A::narrow(wide, &mut clipped)
    });
    clipped
}

impl State {
    /// One sweep more, which moved the field.
    #[inline]
    fn moved(&mut self, clipped: u64) {
        self.accepted = self.accepted.wrapping_add(1);
        self.stayed(clipped);
    }

    /// One sweep more, which moved nothing.
    #[inline]
    fn stayed(&mut self, clipped: u64) {
        self.clipped = self.clipped.wrapping_add(clipped);
        self.step = self.step.wrapping_add(1);
    }
}
