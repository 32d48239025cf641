//! Euler–Maruyama (Parisi, Wu 1981): φ' = φ + εK(φ) + √(2ε)·R. Hardware twin: `rtl/sq_integrator_euler.sv`.
//!
//! Free mode of frequency λ_k: ⟨|φ_k|²⟩ = 1/(λ_k(1 - ελ_k/2)). Interacting: e^{-S_eff}, S_eff = S + (ε/4)Σ(2∂²S - (∂S)²) + O(ε²)
//! (Batrouni et al., Phys. Rev. D 32 (1985) 2736).

use super::{ChainNoise, Integrator, NewField, State, amplitude, eta_at, euler_parts, update};
use crate::action::{Action, Drift};
use crate::arith::Arith;
use crate::error::Error;
use crate::lattice::Plan;
use crate::machine::Machine;
use crate::noise::{PureWords, Words};

/// Euler–Maruyama with drift `K`.
#[derive(Clone, Copy, Debug)]
pub struct Euler<A: Arith, K> {
    pub(super) drift: K,
    pub(super) sigma: A::Sigma,
    pub(super) eps: f64,
}

impl<A: Arith, K: Drift<A>> Euler<A, K> {
    /// A step of about ε: the noise amplitude is quantised first, the drift with the ε that it stands for.
    pub fn new<S: Action<A, Drift = K>>(action: &S, eps: f64, dims: usize) -> Result<Self, Error> {
        let euler = Self::proposal(action, eps, dims)?;
        action.check_step(&euler.drift, euler.eps, dims)?;
        Ok(euler)
    }

    /// The same as a Metropolis proposal, for which a step need not be stable.
    pub(super) fn proposal<S: Action<A, Drift = K>>(action: &S, eps: f64, dims: usize) -> Result<Self, Error> {
        let (sigma, eps) = amplitude::<A>(eps, 2.0)?;
        Ok(Self { drift: action.drift(eps, dims)?, sigma, eps })
    }

    /// From coefficients: any drift (already times ε) and amplitude √(2ε).
    pub fn from_parts(drift: K, sigma: A::Sigma) -> Self {
        let amplitude = A::sigma_value(sigma);
        Self { drift, sigma, eps: 0.5 * amplitude * amplitude }
    }

    /// The drift times step.
    pub fn drift(&self) -> &K {
        &self.drift
    }

    /// The noise amplitude √(2ε).
    pub fn sigma(&self) -> A::Sigma {
        self.sigma
    }
}

impl<A: Arith, K: Drift<A>, W: Words> Integrator<A, W> for Euler<A, K> {
    #[inline]
    fn sweep<const D: usize, M: Machine>(
        &self,
        plan: &Plan<D, M>,
        noise: &mut ChainNoise<W>,
        phi: &mut [A::Store],
        work: &mut [A::Store],
        state: &mut State,
    ) {
        let eta = eta_at::<A, W, M>(plan.machine(), state.step);
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
    ) -> NewField
    where
        W: PureWords,
    {
        let eta = eta_at::<A, W, M>(plan.machine(), state.step);
        state.moved(euler_parts(plan, &self.drift, self.sigma, &noise.eta, &eta, phi, trial));
        NewField::InTrial
    }

    fn eps(&self) -> f64 {
        self.eps
    }
}
