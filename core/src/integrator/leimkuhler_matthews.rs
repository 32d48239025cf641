//! Leimkuhler–Matthews: φ' = φ + εK(φ) + √(ε/2)·(R_n + R_{n+1}), where R_{n+1} serves the next step too.
//!
//! One force a step, second order, and exact for a Gaussian action at any stable step (Leimkuhler, Matthews, Appl.
//! Math. Res. Express 2013, 34; arXiv:1203.5428, eq. 1.5). R_n is a pure function of step and site: nothing is carried
//! along but the field.

use super::{Integrator, Kick, NewField, Sweep, amplitude, two_steps};
use crate::action::{Action, Drift};
use crate::arith::Arith;
use crate::error::Error;
use crate::lattice::Plan;
use crate::machine::Machine;
use crate::noise::PureWords;

/// Leimkuhler–Matthews with drift `K`.
///
/// Its amplitude is √(ε/2), for two noises a step:
///
/// ```
/// use stoquant_core::{action::Phi4, arith::Arith, integrator::{Integrator, LeimkuhlerMatthews}, noise::Threefry};
///
/// let lm = LeimkuhlerMatthews::<f64, _>::new(&Phi4::kappa_form(0.27, 0.022), 0.01, 2)?;
/// let (sigma, eps) = (f64::sigma_value(lm.sigma()), Integrator::<f64, Threefry>::eps(&lm));
/// assert_eq!(eps, 2.0 * sigma * sigma);
/// # Ok::<(), stoquant_core::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct LeimkuhlerMatthews<A: Arith, K> {
    /// With the amplitude √(ε/2).
    kick: Kick<A, K>,
    eps: f64,
}

impl<A: Arith, K: Drift<A>> LeimkuhlerMatthews<A, K> {
    /// A step of about ε: the amplitude √(ε/2) is quantised first, the drift with the ε that it stands for.
    ///
    /// # Errors
    ///
    /// Those of [`Euler::new`](super::Euler::new).
    pub fn new<S: Action<A, Drift = K>>(action: &S, eps: f64, dims: usize) -> Result<Self, Error> {
        let (sigma, eps) = amplitude::<A>(eps, 0.5)?;
        let drift = action.drift(eps, dims)?;
        action.check_step(&drift, eps, dims)?;
        Ok(Self { kick: Kick { drift, sigma }, eps })
    }

    /// The drift times step.
    pub fn drift(&self) -> &K {
        &self.kick.drift
    }

    /// The noise amplitude √(ε/2).
    pub fn sigma(&self) -> A::Sigma {
        self.kick.sigma
    }
}

impl<A: Arith, K: Drift<A>, W: PureWords> Integrator<A, W> for LeimkuhlerMatthews<A, K> {
    #[inline]
    fn sweep<const D: usize, M: Machine>(&self, plan: &Plan<D, M>, mut sweep: Sweep<'_, A, W>) {
        let eta = two_steps::<A, W, M>(plan.machine(), sweep.state.step);
        let clipped = self.kick.in_place(plan, &mut sweep, &eta);
        sweep.state.moved(clipped);
    }

    #[inline]
    fn sweep_apart<const D: usize, M: Machine>(&self, plan: &Plan<D, M>, mut sweep: Sweep<'_, A, W>) -> NewField {
        let eta = two_steps::<A, W, M>(plan.machine(), sweep.state.step);
        let clipped = self.kick.apart(plan, &mut sweep, &eta);
        sweep.state.moved(clipped);
        NewField::InTrial
    }

    fn eps(&self) -> f64 {
        self.eps
    }
}
