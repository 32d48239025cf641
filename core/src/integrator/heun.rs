//! Stochastic Heun: y = φ + εK(φ) + √(2ε)·R, φ' = φ + (ε/2)(K(φ) + K(y)) + √(2ε)·R with the same R.
//!
//! Written as φ' = ½(φ + y + εK(y) + √(2ε)·R): the average of the old field and of Euler's step from y, so only y has
//! to be kept. Rounding: y is rounded like any field, and enters φ' with weight ½; the last rounding is that of φ'.
//! Together they add (Δ²/12)(1 + ¼) a step. Free mode, u = ελ: variance (1/λ)(1 - u/2)/(1 - u/2 + u²/4). Source:
//! Greiner, Strittmatter, Honerkamp, J. Stat. Phys. 51 (1988) 95.

use super::{Block, Eta, Euler, Integrator, Kick, NewField, Sweep, one_step};
use crate::action::{Action, Drift};
use crate::arith::Arith;
use crate::error::Error;
use crate::lattice::{Plan, segment_mut, stream};
use crate::machine::Machine;
use crate::noise::{Noise, PureWords};

/// Stochastic Heun with drift `K`.
///
/// Its drift is that of Euler at the same step:
///
/// ```
/// use stoquant_core::{action::Phi4, arith::Fx, integrator::{Euler, Heun}};
///
/// let action = Phi4::kappa_form(0.27, 0.022);
/// let (euler, heun) = (Euler::<Fx<18>, _>::new(&action, 0.01, 2)?, Heun::<Fx<18>, _>::new(&action, 0.01, 2)?);
/// assert_eq!(heun.drift(), euler.drift());
/// # Ok::<(), stoquant_core::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Heun<A: Arith, K>(Euler<A, K>);

impl<A: Arith, K: Drift<A>> Heun<A, K> {
    /// A step of about ε, quantised like [`Euler`].
    ///
    /// # Errors
    ///
    /// Those of [`Euler::new`].
    pub fn new<S: Action<A, Drift = K>>(action: &S, eps: f64, dims: usize) -> Result<Self, Error> {
        Euler::new(action, eps, dims).map(Self)
    }

    /// The drift times step.
    pub fn drift(&self) -> &K {
        &self.0.kick.drift
    }
}

/// Stage two of one block of trial values: ½(φ + y + εK(y) + √(2ε)·R), in place of φ. Returns how often it clipped.
#[inline(always)]
fn finish<A: Arith, K: Drift<A>, W: PureWords, const D: usize, M: Machine>(
    kick: &Kick<A, K>,
    y: Block<'_, D, A, M, impl Eta<W>>,
    noise: &mut Noise<W>,
    phi: &mut [A::Store],
) -> u64 {
    kick.block(y, noise, phi, |slot, wide, clipped| {
        *slot = A::narrow_half(A::load(*slot).widen() + wide, clipped).store();
    })
}

impl<A: Arith, K: Drift<A>, W: PureWords> Integrator<A, W> for Heun<A, K> {
    #[inline]
    fn sweep<const D: usize, M: Machine>(&self, plan: &Plan<D, M>, sweep: Sweep<'_, A, W>) {
        let Sweep { noise, phi, work, state } = sweep;
        let (kick, eta) = (&self.0.kick, &one_step::<A, W, M>(plan.machine(), state.step));
        // Both stages read the noise of the same step, block by block in turn.
        let (mut one, mut two) = (noise.eta.clone(), noise.eta.clone());
        let (mut clipped_one, mut clipped_two) = (0, 0);
        plan.machine().run(|| {
            stream(
                plan,
                phi,
                work,
                |first, triple, out| clipped_one += kick.trial(Block { plan, eta, first, triple }, &mut one, out),
                |phi, block, triple| {
                    let (first, count) = plan.span(block);
                    let y = Block { plan, eta, first, triple };
                    clipped_two += finish(kick, y, &mut two, segment_mut(phi, first, count));
                },
            );
        });
        state.moved(clipped_one + clipped_two);
    }

    #[inline]
    fn sweep_apart<const D: usize, M: Machine>(&self, plan: &Plan<D, M>, mut sweep: Sweep<'_, A, W>) -> NewField {
        let (kick, machine) = (&self.0.kick, plan.machine());
        let eta = &one_step::<A, W, M>(machine, sweep.state.step);
        let clipped = kick.apart(plan, &mut sweep, eta);
        let Sweep { noise, phi, work, state } = sweep;
        let (noise, y) = (&noise.eta, &*work);
        let last = machine.parts(phi, plan.block(), |block, phi| {
            machine.run(|| finish(kick, Block::of(plan, eta, block, y), &mut noise.clone(), phi))
        });
        state.moved(clipped + last);
        NewField::InPlace
    }

    fn eps(&self) -> f64 {
        self.0.eps
    }
}
