//! Metropolis-adjusted Langevin (Besag 1994; Roberts, Tweedie, Bernoulli 2 (1996) 341): Euler's step y proposed from x,
//! accepted with probability min(1, r),
//!
//! ```text
//! ln r = S(x) - S(y) + ln q(x|y) - ln q(y|x),   q(y|x) ∝ exp(-|y - x - εK(x)|²/(2σ²))
//!      = S(x) - S(y) - Σ (a + b)(2(y - x) + b - a)/(2σ²),   a = εK(x), b = εK(y)
//! ```
//!
//! In fixed point the sums are exact integers, S has the couplings as given (not as the drift's coefficients round
//! them: the drift only proposes), and σ² = 2ε + Δ²/12 is the variance of the noise after rounding to the grid. What
//! is left is that q is a Gaussian density and not the count of noise words behind each integer step.
//!
//! Float fields are tallied in the unit of the action, and proposals in that of the noise ([`Action::unit`],
//! [`Arith::proposal_unit`]): a chain of the field in other units, by powers of two, makes the same decisions. A tally
//! that clips is counted with the saturations.
//!
//! In place, memory stays one field plus a few slabs: one pass evaluates the proposal without keeping it; if it is
//! accepted, a second one repeats Euler's step, from the same noise. With room for a second field, the proposal is
//! kept.

use super::{Block, ChainNoise, Euler, Integrator, NewField, State, Sweep, one_step};
use crate::action::{Action, Drift, Scaled, Terms, Totals};
use crate::arith::{Arith, Local};
use crate::error::Error;
use crate::lattice::{Chunk, Plan, Triple, segment, segment_mut, stream};
use crate::machine::{Machine, Part};
use crate::math::{Accurate, Math};
use crate::noise::PureWords;

/// MALA for the action `S`, with exp from `F`.
///
/// A rejected proposal leaves the field as it was, and every sweep counts:
///
/// ```
/// use stoquant_core::{action::Phi4, arith::Fx, board::Board, integrator::Mala, lattice::Ring, noise::NoiseKind};
///
/// let mala = Mala::<Fx<18>, _>::new(&Phi4::kappa_form(0.2, 0.1), 0.05, 1)?;
/// let mut chain = Board::<1, Ring<16>, Fx<18>>::new(1, 0, NoiseKind::Gaussian);
/// for sweep in 1..=20 {
///     let (before, accepted) = (chain, chain.state().accepted);
///     chain.sweep(&mala);
///     assert_eq!(chain.state().step, sweep);
///     assert_eq!(chain.phi() == before.phi(), chain.state().accepted == accepted);
/// }
/// # Ok::<(), stoquant_core::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Mala<A: Arith, S: Action<A>, F = Accurate> {
    euler: Euler<A, S::Drift>,
    action: Scaled<A, S>,
    /// Variance of the noise after rounding to the grid.
    variance: f64,
    /// The unit of the noise.
    w: f64,
    math: core::marker::PhantomData<F>,
}

impl<A: Arith, S: Action<A>> Mala<A, S> {
    /// A step of about ε; the target is e^{-S} with the couplings of `action` themselves.
    ///
    /// # Errors
    ///
    /// Those of [`Euler::new`], but for an unstable step: a Metropolis step corrects it.
    pub fn new(action: &S, eps: f64, dims: usize) -> Result<Self, Error> {
        Self::with_math(action, eps, dims)
    }
}

impl<A: Arith, S: Action<A>, F: Math> Mala<A, S, F> {
    /// A step of about ε, with a choice of float functions.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Mala::new).
    pub fn with_math(action: &S, eps: f64, dims: usize) -> Result<Self, Error> {
        let euler = Euler::proposal(action, eps, dims)?;
        let variance = 2.0 * euler.eps + A::FIELD_LSB * A::FIELD_LSB / 12.0;
        let (action, w) = (Scaled::new(action, dims), A::proposal_unit(variance));
        Ok(Self { euler, action, variance, w, math: core::marker::PhantomData })
    }

    /// The drift times step.
    pub fn drift(&self) -> &S::Drift {
        &self.euler.kick.drift
    }
}

/// Uniform in (0, 1) from 64 bits: the midpoint of one of 2^53 cells.
#[inline]
fn uniform(word: u64) -> f64 {
    ((word >> 11) as f64 + 0.5) * (1.0 / (1u64 << 53) as f64)
}

/// What a proposal weighs, summed over sites.
#[derive(Clone, Copy)]
struct Weights<L: Local, T: Terms> {
    /// O_i(y) - O_i(x).
    change: Totals<T>,
    proposal: Totals<[L; 1]>,
}

impl<L: Local, T: Terms> Weights<L, T> {
    /// Tallies that clipped.
    fn clipped(&self) -> u64 {
        self.change.clipped() + self.proposal.clipped()
    }
}

impl<L: Local, T: Terms> Default for Weights<L, T> {
    fn default() -> Self {
        Self { change: Totals::default(), proposal: Totals::default() }
    }
}

impl<L: Local, T: Terms> Part for Weights<L, T> {
    #[inline]
    fn plus(self, other: Self) -> Self {
        Self { change: self.change.plus(other.change), proposal: self.proposal.plus(other.proposal) }
    }
}

impl<A: Arith, S: Action<A>, F: Math> Mala<A, S, F> {
    /// The weights of one block, from the old field and the trial values around it.
    #[inline(always)]
    fn weigh<const D: usize, M: Machine>(
        &self,
        plan: &Plan<D, M>,
        first: usize,
        x: Triple<'_, A::Store>,
        y: Triple<'_, A::Store>,
    ) -> Weights<A::Local, S::Terms> {
        let (drift, per_w) = (&self.euler.kick.drift, 1.0 / self.w);
        let mut weights = Weights::<A::Local, S::Terms>::default();
        let mut x_sums = Chunk::<A::Sum>::default();
        plan.chunks::<A>(y, |start, y, y_sums| {
            let x_sums = segment_mut(&mut *x_sums, 0, y.len());
            plan.sums::<A>(x, start, x_sums);
            let x = segment(x[1], start, y.len()).iter().zip(&*x_sums).map(|(&x, &sum)| (A::load(x), sum));
            let y = y.iter().zip(y_sums).map(|(&y, &sum)| (A::load(y), sum));
            weights.change.add(
                x.clone()
                    .zip(y.clone())
                    .map(|((x, x_sum), (y, y_sum))| self.action.terms(y, y_sum).minus(self.action.terms(x, x_sum))),
            );
            weights.proposal.add(x.zip(y).enumerate().map(|(i, ((x, x_sum), (y, y_sum)))| {
                // Saturations were counted when the trial value was made.
                let a = drift.drift(first + start + i, x, x_sum, &mut 0);
                let b = drift.drift(first + start + i, y, y_sum, &mut 0);
                [A::local_proposal(x, y, a, b, per_w)]
            }));
        });
        weights
    }

    /// Keeps ln r, and decides.
    fn accepts<W>(&self, weights: &Weights<A::Local, S::Terms>, noise: &ChainNoise<W>, state: &mut State) -> bool {
        let proposal = weights.proposal.dot([self.w * self.w]);
        let change = weights.change.dot(self.action.action.couplings());
        state.log_ratio = -change - proposal / (2.0 * self.variance);
        // A NaN is rejected.
        state.log_ratio >= 0.0 || uniform(noise.accept.word64(state.step)) < F::exp(state.log_ratio)
    }
}

impl<A: Arith, S: Action<A>, F: Math, W: PureWords> Integrator<A, W> for Mala<A, S, F> {
    #[inline]
    fn sweep<const D: usize, M: Machine>(&self, plan: &Plan<D, M>, sweep: Sweep<'_, A, W>) {
        let Sweep { noise, phi, work, state } = sweep;
        let (kick, eta) = (&self.euler.kick, &one_step::<A, W, M>(plan.machine(), state.step));
        let mut clipped = 0;
        let mut weights = Weights::default();
        plan.machine().run(|| {
            stream(
                plan,
                phi,
                work,
                |first, triple, out| clipped += kick.trial(Block { plan, eta, first, triple }, &mut noise.eta, out),
                |phi, block, y| {
                    weights = weights.plus(self.weigh(plan, plan.span(block).0, plan.triple(phi, block), y));
                },
            );
        });
        if self.accepts(&weights, noise, state) {
            // Euler's sweep with the same noise, in place. It counts steps, saturations of the field and acceptance.
            state.clipped = state.clipped.wrapping_add(weights.clipped());
            self.euler.sweep(plan, Sweep { noise, phi, work, state });
        } else {
            state.stayed(clipped + weights.clipped());
        }
    }

    #[inline]
    fn sweep_apart<const D: usize, M: Machine>(&self, plan: &Plan<D, M>, mut sweep: Sweep<'_, A, W>) -> NewField {
        let eta = one_step::<A, W, M>(plan.machine(), sweep.state.step);
        let mut clipped = self.euler.kick.apart(plan, &mut sweep, &eta);
        let Sweep { noise, phi, work, state } = sweep;
        let (machine, x, y) = (plan.machine(), &*phi, &*work);
        let weights = machine.sum(plan.blocks(), |block| {
            machine.run(|| self.weigh(plan, plan.span(block).0, plan.triple(x, block), plan.triple(y, block)))
        });
        clipped += weights.clipped();
        if self.accepts(&weights, noise, state) {
            state.moved(clipped);
            NewField::InTrial
        } else {
            state.stayed(clipped);
            NewField::InPlace
        }
    }

    fn eps(&self) -> f64 {
        self.euler.eps
    }
}
