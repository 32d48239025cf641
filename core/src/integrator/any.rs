//! An integrator chosen at run time. The choice costs one branch a sweep.

use stoquant_model::IntegratorKind;

use super::{Euler, Heun, Integrator, LeimkuhlerMatthews, Mala, NewField, Sweep};
use crate::action::Action;
use crate::arith::Arith;
use crate::error::Error;
use crate::lattice::Plan;
use crate::machine::Machine;
use crate::noise::PureWords;

/// Any integrator of the list [`IntegratorKind`].
#[derive(Clone, Copy, Debug)]
pub enum AnyIntegrator<A: Arith, S: Action<A>> {
    /// Euler–Maruyama.
    Euler(Euler<A, S::Drift>),
    /// Leimkuhler–Matthews.
    LeimkuhlerMatthews(LeimkuhlerMatthews<A, S::Drift>),
    /// Stochastic Heun.
    Heun(Heun<A, S::Drift>),
    /// Metropolis-adjusted Langevin.
    Mala(Mala<A, S>),
}

impl<A: Arith, S: Action<A>> AnyIntegrator<A, S> {
    /// The integrator of a tag with a step of about ε in `dims` dimensions.
    ///
    /// # Errors
    ///
    /// Those of the integrator: a coefficient that does not fit the format, a step that is unstable.
    #[inline]
    pub fn new(kind: IntegratorKind, action: &S, eps: f64, dims: usize) -> Result<Self, Error> {
        match kind {
            IntegratorKind::Euler => Euler::new(action, eps, dims).map(Self::Euler),
            IntegratorKind::LeimkuhlerMatthews => {
                LeimkuhlerMatthews::new(action, eps, dims).map(Self::LeimkuhlerMatthews)
            }
            IntegratorKind::Heun => Heun::new(action, eps, dims).map(Self::Heun),
            IntegratorKind::Mala => Mala::new(action, eps, dims).map(Self::Mala),
        }
    }

    /// The drift times step.
    pub fn drift(&self) -> &S::Drift {
        match self {
            Self::Euler(euler) => euler.drift(),
            Self::LeimkuhlerMatthews(lm) => lm.drift(),
            Self::Heun(heun) => heun.drift(),
            Self::Mala(mala) => mala.drift(),
        }
    }
}

/// One call on whichever integrator it is.
macro_rules! each {
    ($any:expr, $integrator:ident => $call:expr) => {
        match $any {
            AnyIntegrator::Euler($integrator) => $call,
            AnyIntegrator::LeimkuhlerMatthews($integrator) => $call,
            AnyIntegrator::Heun($integrator) => $call,
            AnyIntegrator::Mala($integrator) => $call,
        }
    };
}

impl<A: Arith, S: Action<A>, W: PureWords> Integrator<A, W> for AnyIntegrator<A, S> {
    #[inline]
    fn sweep<const D: usize, M: Machine>(&self, plan: &Plan<D, M>, sweep: Sweep<'_, A, W>) {
        each!(self, integrator => integrator.sweep(plan, sweep));
    }

    #[inline]
    fn sweep_apart<const D: usize, M: Machine>(&self, plan: &Plan<D, M>, sweep: Sweep<'_, A, W>) -> NewField
    where
        W: PureWords,
    {
        each!(self, integrator => integrator.sweep_apart(plan, sweep))
    }

    fn eps(&self) -> f64 {
        each!(self, integrator => Integrator::<A, W>::eps(integrator))
    }
}
