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
mod kick;
mod leimkuhler_matthews;
mod mala;

pub use any::AnyIntegrator;
pub use euler::Euler;
pub use heun::Heun;
pub use leimkuhler_matthews::LeimkuhlerMatthews;
pub use mala::Mala;

use kick::{Block, Eta, Kick, one_step, two_steps};

use crate::arith::Arith;
use crate::error::Error;
use crate::lattice::Plan;
use crate::machine::Machine;
use crate::noise::{Noise, NoiseKind, PureWords, StreamTag, Threefry, Words};

/// The random numbers of one chain.
///
/// η of a site is a function of seed, chain, step and site, so it can be asked for in any order:
///
/// ```
/// use stoquant_core::integrator::ChainNoise;
/// use stoquant_core::noise::NoiseKind;
///
/// let mut noise = ChainNoise::new(2026, 0, NoiseKind::Gaussian);
/// let (mut row, mut site) = ([0; 32], [0]);
/// noise.eta.fill_eta::<18>(7, 0, &mut row);
/// noise.eta.fill_eta::<18>(7, 21, &mut site);
/// assert_eq!(site[0], row[21]);
/// ```
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

/// What a chain carries from sweep to sweep beside its field. A user, and a wire, may set it to anything: its counters
/// wrap.
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

/// Where a sweep left the new field. The other buffer then means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum NewField {
    /// Where the old one was.
    InPlace,
    /// In the work memory.
    InTrial,
}

/// What a sweep of a chain reads and writes, beside the plan of its lattice of V sites.
// The plan is apart from it: where it is a constant, as on a board, a compiler makes use of that.
pub struct Sweep<'a, A: Arith, W> {
    /// Random numbers of the chain.
    pub noise: &'a mut ChainNoise<W>,
    /// The field, V sites.
    pub phi: &'a mut [A::Store],
    /// Memory, `WORK_BLOCKS · plan.block()` sites or more, and V or more for [`Integrator::sweep_apart`]. Its contents
    /// do not matter.
    pub work: &'a mut [A::Store],
    /// Counters of the chain.
    pub state: &'a mut State,
}

/// One update of a whole field.
///
/// Both ways of a sweep give the same bits:
///
/// ```
/// use stoquant_core::action::Phi4;
/// use stoquant_core::arith::{Arith, Fx};
/// use stoquant_core::integrator::{ChainNoise, Heun, Integrator, NewField, State, Sweep};
/// use stoquant_core::lattice::Plan;
/// use stoquant_core::noise::NoiseKind;
///
/// let plan = Plan::new([8, 8], 64)?;
/// let heun = Heun::<Fx<18>, _>::new(&Phi4::kappa_form(0.2, 0.02), 0.01, 2)?;
/// let noise = ChainNoise::new(1, 0, NoiseKind::Gaussian);
/// let (mut phi, mut work) = ([Fx::<18>::nearest(0.5).store(); 64], [0; 64]);
///
/// let (mut other, mut state) = (phi, State::default());
/// let mut in_place = noise;
/// heun.sweep(&plan, Sweep { noise: &mut in_place, phi: &mut phi, work: &mut work, state: &mut state });
/// assert_eq!((state.step, state.accepted), (1, 1));
///
/// let (mut apart, mut state) = (noise, State::default());
/// let sweep = Sweep { noise: &mut apart, phi: &mut other, work: &mut work, state: &mut state };
/// let lies = heun.sweep_apart(&plan, sweep);
/// assert_eq!(if lies == NewField::InTrial { work } else { other }, phi);
/// # Ok::<(), stoquant_core::error::Error>(())
/// ```
pub trait Integrator<A: Arith, W: Words>: Send + Sync {
    /// Advances the field by one sweep, in place.
    fn sweep<const D: usize, M: Machine>(&self, plan: &Plan<D, M>, sweep: Sweep<'_, A, W>);

    /// Advances as [`sweep`](Self::sweep), to the bit, with memory for a second field: threads share the lattice, and a
    /// Metropolis step keeps its proposal. An integrator without a use for that memory sweeps in place.
    fn sweep_apart<const D: usize, M: Machine>(&self, plan: &Plan<D, M>, sweep: Sweep<'_, A, W>) -> NewField
    where
        W: PureWords,
    {
        self.sweep(plan, sweep);
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
