//! A chain as the wire has it.

use stoquant_core::action::{Phi4, QuarticDrift};
use stoquant_core::arith::{Arith, Fx};
use stoquant_core::integrator::Euler;
use stoquant_core::noise::{StreamTag, derive_key};
use stoquant_link::message;

use crate::couplings::Couplings;
use crate::engine::{ArithKind, IntegratorKind, NoiseKind, Setup};

/// Everything that determines a chain; `None` for what no board can have.
pub fn message_setup(setup: &Setup, chain: u32) -> Option<message::Setup> {
    let mut extents = heapless::Vec::new();
    for &extent in &setup.extents {
        extents.push(u32::try_from(extent).ok()?).ok()?;
    }
    let Couplings { kappa, b, lambda } = setup.couplings;
    Some(message::Setup {
        extents,
        couplings: [kappa, b, lambda],
        eps: setup.eps,
        arith: arith(setup.arith)?,
        integrator: integrator(setup.integrator),
        law: setup.noise.into(),
        seed: setup.seed,
        chain,
    })
}

/// The same of a number type; none has double precision.
pub(super) fn arith(kind: ArithKind) -> Option<message::Arith> {
    match kind {
        ArithKind::Fx18 => Some(message::Arith::Fx18),
        ArithKind::Fx16 => Some(message::Arith::Fx16),
        ArithKind::F32 => Some(message::Arith::F32),
        ArithKind::F64 => None,
    }
}

/// The integers of an Euler chain with Gaussian noise in two dimensions, for a board that does not quantise; `None` for
/// any other.
pub fn message_coefficients(setup: &Setup, chain: u32) -> Option<message::Coefficients> {
    fn of<const W: u32>(setup: &Setup) -> Option<[i32; 4]>
    where
        Fx<W>: Arith<Gain = i32, Slope = i64, Sigma = i32>,
    {
        let Couplings { kappa, b, lambda } = setup.couplings;
        let euler = Euler::<Fx<W>, _>::new(&Phi4::new(kappa, b, lambda), setup.eps, setup.extents.len()).ok()?;
        let &QuarticDrift { hop, linear, cubic } = euler.drift();
        // How many fractional bits it is kept with is the processor's affair; on the wire there are 2W - 4.
        let linear = Fx::<W>::slope_value(linear) * f64::from(2 * W - 4).exp2();
        Some([hop, linear as i32, cubic, euler.sigma()])
    }
    let &[rows, columns] = setup.extents.as_slice() else { return None };
    if rows < 2 || setup.integrator != IntegratorKind::Euler || setup.noise != NoiseKind::Gaussian {
        return None;
    }
    let [hop, linear, cubic, sigma] = match setup.arith {
        ArithKind::Fx18 => of::<18>(setup)?,
        ArithKind::Fx16 => of::<16>(setup)?,
        ArithKind::F32 | ArithKind::F64 => return None,
    };
    let extents = [u32::try_from(rows).ok()?, u32::try_from(columns).ok()?];
    let key = derive_key(setup.seed, chain, StreamTag::Noise.word(0)).0;
    Some(message::Coefficients { extents, arith: arith(setup.arith)?, hop, linear, cubic, sigma, key })
}

pub(super) fn integrator(kind: IntegratorKind) -> message::Integrator {
    match kind {
        IntegratorKind::Euler => message::Integrator::Euler,
        IntegratorKind::LeimkuhlerMatthews => message::Integrator::LeimkuhlerMatthews,
        IntegratorKind::Heun => message::Integrator::Heun,
        IntegratorKind::Mala => message::Integrator::Mala,
    }
}
