//! Metropolis-adjusted Langevin (Besag 1994; Roberts, Tweedie, Bernoulli 2 (1996) 341): Euler's step y proposed from x, accepted with probability min(1, r),
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
//! Memory stays one field plus a few slabs: one pass evaluates the proposal without keeping it; if it is accepted,
//! a second one repeats Euler's step in place, from the same noise.

use super::{ChainNoise, Euler, Integrator, State, euler_block, fill_eta};
use crate::action::{Action, Drift, Totals};
use crate::arith::{Arith, PROPOSAL_FRACTION};
use crate::error::Error;
use crate::lattice::{CHUNK, Plan, stream};
use crate::math::{Accurate, Math};
use crate::noise::PureWords;

/// MALA for the action `S`, with exp from `M`.
#[derive(Clone, Copy, Debug)]
pub struct Mala<A: Arith, S: Action<A>, M = Accurate> {
    euler: Euler<A, S::Drift>,
    action: S,
    math: core::marker::PhantomData<M>,
}

impl<A: Arith, S: Action<A>> Mala<A, S> {
    /// A step of about ε; the target is e^{-S} with the couplings of `action` themselves.
    pub fn new(action: &S, eps: f64, dims: usize) -> Result<Self, Error> {
        Self::with_math(action, eps, dims)
    }
}

impl<A: Arith, S: Action<A>, M: Math> Mala<A, S, M> {
    /// The same with a choice of float functions.
    pub fn with_math(action: &S, eps: f64, dims: usize) -> Result<Self, Error> {
        Ok(Self { euler: Euler::proposal(action, eps, dims)?, action: *action, math: core::marker::PhantomData })
    }

    /// The drift times step.
    pub fn drift(&self) -> &S::Drift {
        &self.euler.drift
    }
}

/// Uniform in (0, 1) from 64 bits: the midpoint of one of 2^53 cells.
#[inline]
fn uniform(word: u64) -> f64 {
    ((word >> 11) as f64 + 0.5) * (1.0 / (1u64 << 53) as f64)
}

impl<A: Arith, S: Action<A>, M: Math, W: PureWords> Integrator<A, W> for Mala<A, S, M> {
    #[inline]
    fn sweep<const D: usize>(
        &self,
        plan: &Plan<D>,
        noise: &mut ChainNoise<W>,
        phi: &mut [A::Store],
        work: &mut [A::Store],
        state: &mut State,
    ) {
        let Euler { drift, sigma, eps } = &self.euler;
        let step = state.step;
        let mut clipped = 0;
        let mut terms_x = Totals::<S::Terms>::default();
        let mut terms_y = Totals::<S::Terms>::default();
        let mut proposal = 0i128;
        stream(
            plan,
            phi,
            work,
            |first, old, out| {
                euler_block(plan, drift, *sigma, first, old, out, &mut clipped, |x, count| {
                    fill_eta::<A, W>(&mut noise.eta, step, x, count)
                });
            },
            |phi, block, y| {
                let (first, count) = plan.span(block);
                let x = plan.triple(phi, block);
                let mut ignored = 0;
                let mut start = 0;
                while start < count {
                    let n = CHUNK.min(count - start);
                    let (x, y) = (plan.gather::<A>(x, start, n), plan.gather::<A>(y, start, n));
                    let sites = x.phi.iter().zip(&x.sum).zip(y.phi.iter().zip(&y.sum));
                    for (i, ((&x, &x_sum), (&y, &y_sum))) in sites.take(n).enumerate() {
                        let site = first + start + i;
                        let a = drift.drift(site, x, x_sum, &mut ignored);
                        let b = drift.drift(site, y, y_sum, &mut ignored);
                        proposal += i128::from(A::proposal_term(x, y, a, b));
                        terms_x.add(self.action.terms(x, x_sum));
                        terms_y.add(self.action.terms(y, y_sum));
                    }
                    start += n;
                }
            },
        );
        let variance = 2.0 * eps + A::FIELD_LSB * A::FIELD_LSB / 12.0;
        let proposal = proposal as f64 / (1u64 << PROPOSAL_FRACTION) as f64;
        state.log_ratio = -terms_y.change(&terms_x, self.action.couplings()) - proposal / (2.0 * variance);
        // A NaN is rejected.
        if state.log_ratio >= 0.0 || uniform(noise.accept.word64(step)) < M::exp(state.log_ratio) {
            // Accepted: Euler's sweep with the same noise, in place. It counts steps, saturations and acceptance.
            self.euler.sweep(plan, noise, phi, work, state);
        } else {
            state.clipped += u64::from(clipped);
            state.step += 1;
        }
    }

    fn eps(&self) -> f64 {
        self.euler.eps
    }
}
