//! Stochastic Heun: y = φ + εK(φ) + √(2ε)·R, φ' = φ + (ε/2)(K(φ) + K(y)) + √(2ε)·R with the same R.
//!
//! Written as φ' = ½(φ + y + εK(y) + √(2ε)·R): the average of the old field and of Euler's step from y, so only y has to
//! be kept. Rounding: y is rounded like any field, and enters φ' with weight ½; the last rounding is that of φ'. Together they
//! add (Δ²/12)(1 + ¼) a step. Free mode, u = ελ: variance (1/λ)(1 - u/2)/(1 - u/2 + u²/4).
//! Source: Greiner, Strittmatter, Honerkamp, J. Stat. Phys. 51 (1988) 95.

use super::{ChainNoise, Eta, Euler, Integrator, NewField, State, advance_block, eta_at, euler_block, euler_parts};
use crate::action::{Action, Drift};
use crate::arith::Arith;
use crate::error::Error;
use crate::lattice::{Plan, Triple, segment_mut, stream};
use crate::machine::Machine;
use crate::noise::{Noise, PureWords};

/// Stochastic Heun with drift `K`.
#[derive(Clone, Copy, Debug)]
pub struct Heun<A: Arith, K>(Euler<A, K>);

impl<A: Arith, K: Drift<A>> Heun<A, K> {
    /// A step of about ε, quantised like [`Euler`].
    pub fn new<S: Action<A, Drift = K>>(action: &S, eps: f64, dims: usize) -> Result<Self, Error> {
        Euler::new(action, eps, dims).map(Self)
    }

    /// The drift times step.
    pub fn drift(&self) -> &K {
        &self.0.drift
    }
}

/// Stage two of one block: ½(φ + y + εK(y) + √(2ε)·R) from the trial values around it, in place of φ.
#[inline(always)]
fn finish<A: Arith, K: Drift<A>, W, const D: usize, M: Machine>(
    Euler { drift, sigma, .. }: &Euler<A, K>,
    plan: &Plan<D, M>,
    noise: &mut Noise<W>,
    eta: &impl Eta<W>,
    first: usize,
    y: Triple<'_, A::Store>,
    phi: &mut [A::Store],
) -> u64 {
    advance_block(plan, drift, *sigma, noise, eta, first, y, phi, |slot, wide, clipped| {
        *slot = A::narrow_half(A::load(*slot).widen() + wide, clipped).store();
    })
}

impl<A: Arith, K: Drift<A>, W: PureWords> Integrator<A, W> for Heun<A, K> {
    #[inline]
    fn sweep<const D: usize, M: Machine>(
        &self,
        plan: &Plan<D, M>,
        noise: &mut ChainNoise<W>,
        phi: &mut [A::Store],
        work: &mut [A::Store],
        state: &mut State,
    ) {
        let Euler { drift, sigma, .. } = &self.0;
        // Both stages read the noise of the same step, block by block in turn.
        let eta = eta_at::<A, W, M>(plan.machine(), state.step);
        let (mut one, mut two) = (noise.eta.clone(), noise.eta.clone());
        let (mut clipped_one, mut clipped_two) = (0, 0);
        plan.machine().run(|| {
            stream(
                plan,
                phi,
                work,
                |first, old, out| clipped_one += euler_block(plan, drift, *sigma, &mut one, &eta, first, old, out),
                |phi, block, y| {
                    let (first, count) = plan.span(block);
                    clipped_two += finish(&self.0, plan, &mut two, &eta, first, y, segment_mut(phi, first, count));
                },
            );
        });
        state.moved(clipped_one + clipped_two);
    }

    #[inline]
    fn sweep_apart<const D: usize, M: Machine>(
        &self,
        plan: &Plan<D, M>,
        noise: &mut ChainNoise<W>,
        phi: &mut [A::Store],
        trial: &mut [A::Store],
        state: &mut State,
    ) -> NewField {
        let Euler { drift, sigma, .. } = &self.0;
        let (noise, machine) = (&noise.eta, plan.machine());
        let eta = eta_at::<A, W, M>(machine, state.step);
        let clipped = euler_parts(plan, drift, *sigma, noise, &eta, phi, trial);
        let trial = &*trial;
        let last = machine.parts(phi, plan.block(), |block, phi| {
            machine.run(|| {
                let first = plan.span(block).0;
                finish(&self.0, plan, &mut noise.clone(), &eta, first, plan.triple(trial, block), phi)
            })
        });
        state.moved(clipped + last);
        NewField::InPlace
    }

    fn eps(&self) -> f64 {
        self.0.eps
    }
}
