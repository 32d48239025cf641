//! Leimkuhler–Matthews: φ' = φ + εK(φ) + √(ε/2)·(R_n + R_{n+1}), where R_{n+1} serves the next step too.
//!
//! One force a step, second order, and exact for a Gaussian action at any stable step (Leimkuhler, Matthews, Appl. Math. Res.
//! Express 2013, 34; arXiv:1203.5428, eq. 1.5). R_n is a pure function of step and site: nothing is carried along but the field.

use super::{ChainNoise, Integrator, State, amplitude, fill_eta, update};
use crate::action::{Action, Drift};
use crate::arith::Arith;
use crate::error::Error;
use crate::lattice::Plan;
use crate::noise::PureWords;

/// Leimkuhler–Matthews with drift `K`.
#[derive(Clone, Copy, Debug)]
pub struct LeimkuhlerMatthews<A: Arith, K> {
    drift: K,
    /// √(ε/2).
    sigma: A::Sigma,
    eps: f64,
}

impl<A: Arith, K: Drift<A>> LeimkuhlerMatthews<A, K> {
    /// A step of about ε: the amplitude √(ε/2) is quantised first, the drift with the ε that it stands for.
    pub fn new<S: Action<A, Drift = K>>(action: &S, eps: f64, dims: usize) -> Result<Self, Error> {
        let (sigma, eps) = amplitude::<A>(eps, 0.5)?;
        let drift = action.drift(eps, dims)?;
        action.check_step(&drift, eps, dims)?;
        Ok(Self { drift, sigma, eps })
    }

    /// The drift times step.
    pub fn drift(&self) -> &K {
        &self.drift
    }

    /// The noise amplitude √(ε/2).
    pub fn sigma(&self) -> A::Sigma {
        self.sigma
    }
}

impl<A: Arith, K: Drift<A>, W: PureWords> Integrator<A, W> for LeimkuhlerMatthews<A, K> {
    #[inline]
    fn sweep<const D: usize>(
        &self,
        plan: &Plan<D>,
        noise: &mut ChainNoise<W>,
        phi: &mut [A::Store],
        work: &mut [A::Store],
        state: &mut State,
    ) {
        let step = state.step;
        update(plan, &self.drift, self.sigma, phi, work, state, |x, count| {
            let mut eta = fill_eta::<A, W>(&mut noise.eta, step, x, count);
            let next = fill_eta::<A, W>(&mut noise.eta, step + 1, x, count);
            for (eta, next) in eta.iter_mut().zip(next) {
                *eta += next;
            }
            eta
        });
    }

    fn eps(&self) -> f64 {
        self.eps
    }
}
