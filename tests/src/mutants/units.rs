//! Units of float fields: tallies that do not follow the couplings.

use stoquant::engine::{Engine, core_engine, engine_of};
use stoquant_core::action::{Action, QuarticDrift};
use stoquant_core::arith::Arith;
use stoquant_core::error::Error;
use stoquant_core::integrator::Mala;
use stoquant_core::machine::Portable;
use stoquant_core::noise::{StreamTag, Threefry};
use stoquant_model::{ArithKind, IntegratorKind, Phi4, Setup};

use super::ladder::{Defect, Scope, chains};
use crate::with_dims;

/// φ⁴ in the unit 1 whatever its couplings, or in a unit that the couplings do not share.
#[derive(Clone, Copy)]
struct Stubborn {
    action: Phi4,
    /// The couplings stay those of the unit 1.
    half: bool,
}

impl<A: Arith> Action<A> for Stubborn {
    type Drift = QuarticDrift<A>;
    type Terms = [A::Local; 3];

    fn drift(&self, eps: f64, dims: usize) -> Result<QuarticDrift<A>, Error> {
        Action::<A>::drift(&self.action, eps, dims)
    }
    fn check_step(&self, drift: &QuarticDrift<A>, eps: f64, dims: usize) -> Result<(), Error> {
        Action::<A>::check_step(&self.action, drift, eps, dims)
    }
    fn quantised(&self, drift: &QuarticDrift<A>, eps: f64) -> Self {
        Self { action: Action::<A>::quantised(&self.action, drift, eps), ..*self }
    }
    fn terms(&self, phi: A, sum: A::Sum) -> [A::Local; 3] {
        Action::<A>::terms(&self.action, phi, sum)
    }
    fn couplings(&self) -> [f64; 3] {
        Action::<A>::couplings(&self.action)
    }
    fn unit(&self, dims: usize) -> f64 {
        if self.half { Action::<A>::unit(&self.action, dims) } else { 1.0 }
    }
    fn force(&self, phi: f64, sum: f64) -> f64 {
        Action::<A>::force(&self.action, phi, sum)
    }
    fn curvature(&self, phi: f64, self_bonds: usize) -> f64 {
        Action::<A>::curvature(&self.action, phi, self_bonds)
    }
}

fn with_arith<const D: usize, A: Arith>(
    extents: [usize; D],
    setup: &Setup,
    chain: u32,
    half: bool,
) -> Result<Box<dyn Engine>, Error> {
    let Phi4 { kappa, b, lambda } = setup.couplings;
    let mala = Mala::<A, Stubborn>::new(&Stubborn { action: Phi4::new(kappa, b, lambda), half }, setup.eps, D)?;
    let (drift, words) = (*mala.drift(), Threefry::new(setup.seed, chain, StreamTag::Noise));
    engine_of(Portable, extents, setup, chain, mala, drift, words)
}

/// The table.
pub fn defects() -> Vec<Defect> {
    let of = |name, description, arith, half: bool| {
        let planted = move |setup: &Setup, chain| match (setup.integrator, setup.arith) {
            (IntegratorKind::Mala, ArithKind::F32) => {
                with_dims!(&*setup.extents, |e| with_arith::<_, f32>(e, setup, chain, half))
            }
            (IntegratorKind::Mala, ArithKind::F64) => {
                with_dims!(&*setup.extents, |e| with_arith::<_, f64>(e, setup, chain, half))
            }
            _ => core_engine(setup, chain),
        };
        let scope = Scope::new(arith, IntegratorKind::Mala);
        Defect::new("units", name, description, chains(Box::new(planted), scope))
    };
    vec![
        of("f64: one unit for all", "tallies in units of 2^-32 at any scale of the field", ArithKind::F64, false),
        of("f32: one unit for all", "the same in single precision", ArithKind::F32, false),
        of("f64: couplings left behind", "the field in units, the couplings not", ArithKind::F64, true),
    ]
}
