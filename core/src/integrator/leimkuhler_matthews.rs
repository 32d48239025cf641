//! Leimkuhler–Matthews: φ' = φ + εK(φ) + √(ε/2)·(R_n + R_{n+1}), where R_{n+1} serves the next step too.
//!
//! One force a step, second order, and exact for a Gaussian action at any stable step (Leimkuhler, Matthews, Appl. Math. Res.
//! Express 2013, 34; arXiv:1203.5428, eq. 1.5). R_n is a pure function of step and site: nothing is carried along but the field.

use super::{ChainNoise, Eta, Integrator, NewField, State, amplitude, euler_parts, update};
use crate::action::{Action, Drift};
use crate::arith::Arith;
use crate::error::Error;
use crate::lattice::{Chunk, Plan, segment_mut};
use crate::machine::Machine;
use crate::noise::{Noise, PureWords, Words};

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

/// R_n + R_{n+1} in the noise's own integers.
#[inline(always)]
fn two_steps<A: Arith, W: Words, M: Machine>(machine: M, step: u64) -> impl Eta<W> + Sync {
    move |noise: &mut Noise<W>, first: usize, out: &mut [i32]| {
        let mut next = Chunk::<i32>::default();
        let next = segment_mut(&mut *next, 0, out.len());
        A::fill_noise(machine, noise, step, first, out);
        A::fill_noise(machine, noise, step.wrapping_add(1), first, next);
        for (eta, next) in out.iter_mut().zip(&*next) {
            *eta += next;
        }
    }
}

impl<A: Arith, K: Drift<A>, W: PureWords> Integrator<A, W> for LeimkuhlerMatthews<A, K> {
    #[inline]
    fn sweep<const D: usize, M: Machine>(
        &self,
        plan: &Plan<D, M>,
        noise: &mut ChainNoise<W>,
        phi: &mut [A::Store],
        work: &mut [A::Store],
        state: &mut State,
    ) {
        let eta = two_steps::<A, W, M>(plan.machine(), state.step);
        state.moved(update(plan, &self.drift, self.sigma, &mut noise.eta, &eta, phi, work));
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
        let eta = two_steps::<A, W, M>(plan.machine(), state.step);
        state.moved(euler_parts(plan, &self.drift, self.sigma, &noise.eta, &eta, phi, trial));
        NewField::InTrial
    }

    fn eps(&self) -> f64 {
        self.eps
    }
}
