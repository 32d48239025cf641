//! Stochastic Heun: y = φ + εK(φ) + √(2ε)·R, φ' = φ + (ε/2)(K(φ) + K(y)) + √(2ε)·R with the same R.
//!
//! Written as φ' = ½(φ + y + εK(y) + √(2ε)·R): the average of the old field and of Euler's step from y, so only y has to
//! be kept. Rounding: y is rounded like any field, and enters φ' with weight ½; the last rounding is that of φ'. Together they
//! add (Δ²/12)(1 + ¼) a step. Free mode, u = ελ: variance (1/λ)(1 - u/2)/(1 - u/2 + u²/4).
//! Source: Greiner, Strittmatter, Honerkamp, J. Stat. Phys. 51 (1988) 95.

use super::{ChainNoise, Euler, Integrator, State, advance, euler_block, fill_eta};
use crate::action::{Action, Drift};
use crate::arith::Arith;
use crate::error::Error;
use crate::lattice::{CHUNK, Plan, segment_mut, stream};
use crate::noise::PureWords;

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

impl<A: Arith, K: Drift<A>, W: PureWords> Integrator<A, W> for Heun<A, K> {
    #[inline]
    fn sweep<const D: usize>(
        &self,
        plan: &Plan<D>,
        noise: &mut ChainNoise<W>,
        phi: &mut [A::Store],
        work: &mut [A::Store],
        state: &mut State,
    ) {
        let Euler { drift, sigma, .. } = &self.0;
        let (mut clipped, mut clipped_last) = (0, 0);
        let step = state.step;
        // Both stages read the noise of the same step.
        let eta = &core::cell::RefCell::new(&mut noise.eta);
        let fill = |x, count| match eta.try_borrow_mut() {
            Ok(mut eta) => fill_eta::<A, W>(&mut eta, step, x, count),
            // Unreachable: the two stages never run at once.
            Err(_) => [0; CHUNK],
        };
        stream(
            plan,
            phi,
            work,
            |first, old, out| euler_block(plan, drift, *sigma, first, old, out, &mut clipped, fill),
            |phi, block, y| {
                let (first, count) = plan.span(block);
                for (index, phi) in segment_mut(phi, first, count).chunks_mut(CHUNK).enumerate() {
                    let start = index * CHUNK;
                    let here = plan.gather::<A>(y, start, phi.len());
                    let eta = fill(first + start, phi.len());
                    advance(drift, *sigma, first + start, &here, &eta, &mut clipped_last, |i, wide, clipped| {
                        if let Some(slot) = phi.get_mut(i) {
                            *slot = A::narrow_half(A::load(*slot).widen() + wide, clipped).store();
                        }
                    });
                }
            },
        );
        state.clipped += u64::from(clipped) + u64::from(clipped_last);
        state.accepted += 1;
        state.step += 1;
    }

    fn eps(&self) -> f64 {
        self.0.eps
    }
}
