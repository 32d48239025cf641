//! Euler–Maruyama (Parisi, Wu 1981): φ' = φ + εK(φ) + √(2ε)·R. Hardware twin: `rtl/sq_integrator_euler.sv`.
//!
//! Free mode of frequency λ_k: ⟨|φ_k|²⟩ = 1/(λ_k(1 - ελ_k/2)). Interacting: e^{-S_eff}, S_eff = S + (ε/4)Σ(2∂²S -
//! (∂S)²) + O(ε²) (Batrouni et al., Phys. Rev. D 32 (1985) 2736).

use super::{Integrator, Kick, NewField, Sweep, amplitude, one_step};
use crate::action::{Action, Drift};
use crate::arith::Arith;
use crate::error::Error;
use crate::lattice::Plan;
use crate::machine::Machine;
use crate::noise::{PureWords, Words};

/// Euler–Maruyama with drift `K`.
///
/// The step is the one that the quantised amplitude stands for, ε = σ²/2:
///
/// ```
/// use stoquant_core::{action::Phi4, arith::{Arith, Fx}, integrator::{Euler, Integrator}, noise::Threefry};
///
/// let euler = Euler::<Fx<18>, _>::new(&Phi4::kappa_form(0.27, 0.022), 0.01, 2)?;
/// let (sigma, eps) = (Fx::<18>::sigma_value(euler.sigma()), Integrator::<_, Threefry>::eps(&euler));
/// assert_eq!(eps, 0.5 * sigma * sigma);
/// assert!((eps - 0.01).abs() < 1e-5);
/// # Ok::<(), stoquant_core::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Euler<A: Arith, K> {
    pub(super) kick: Kick<A, K>,
    pub(super) eps: f64,
}

impl<A: Arith, K: Drift<A>> Euler<A, K> {
    /// A step of about ε: the noise amplitude is quantised first, the drift with the ε that it stands for.
    ///
    /// # Errors
    ///
    /// A step that is not positive and finite, too large or too small for the format, or unstable; an action that has
    /// no norm or does not fit the format.
    pub fn new<S: Action<A, Drift = K>>(action: &S, eps: f64, dims: usize) -> Result<Self, Error> {
        let euler = Self::proposal(action, eps, dims)?;
        action.check_step(&euler.kick.drift, euler.eps, dims)?;
        Ok(euler)
    }

    /// A Metropolis proposal: its step need not be stable.
    pub(super) fn proposal<S: Action<A, Drift = K>>(action: &S, eps: f64, dims: usize) -> Result<Self, Error> {
        let (sigma, eps) = amplitude::<A>(eps, 2.0)?;
        Ok(Self { kick: Kick { drift: action.drift(eps, dims)?, sigma }, eps })
    }

    /// From coefficients: any drift (already times ε) and amplitude √(2ε).
    pub fn from_parts(drift: K, sigma: A::Sigma) -> Self {
        let amplitude = A::sigma_value(sigma);
        Self { kick: Kick { drift, sigma }, eps: 0.5 * amplitude * amplitude }
    }

    /// The drift times step.
    pub fn drift(&self) -> &K {
        &self.kick.drift
    }

    /// The noise amplitude √(2ε).
    pub fn sigma(&self) -> A::Sigma {
        self.kick.sigma
    }
}

impl<A: Arith, K: Drift<A>, W: Words> Integrator<A, W> for Euler<A, K> {
    #[inline]
    fn sweep<const D: usize, M: Machine>(&self, plan: &Plan<D, M>, mut sweep: Sweep<'_, A, W>) {
        let eta = one_step::<A, W, M>(plan.machine(), sweep.state.step);
        let clipped = self.kick.in_place(plan, &mut sweep, &eta);
        sweep.state.moved(clipped);
    }

    #[inline]
    fn sweep_apart<const D: usize, M: Machine>(&self, plan: &Plan<D, M>, mut sweep: Sweep<'_, A, W>) -> NewField
    where
        W: PureWords,
    {
        let eta = one_step::<A, W, M>(plan.machine(), sweep.state.step);
        let clipped = self.kick.apart(plan, &mut sweep, &eta);
        sweep.state.moved(clipped);
        NewField::InTrial
    }

    fn eps(&self) -> f64 {
        self.eps
    }
}
