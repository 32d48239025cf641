//! The integers of a chain, for a circuit that does not quantise.

use stoquant_core::action::QuarticDrift;
use stoquant_core::arith::{Arith, Fx};
use stoquant_core::integrator::Euler;
use stoquant_core::noise::{StreamTag, derive_key};
use stoquant_model::{ArithKind, IntegratorKind, NoiseKind, Setup};

/// Everything that determines a chain of a circuit: integers as the core quantises them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coefficients {
    /// Number type.
    pub arith: ArithKind,
    /// Rows and columns.
    pub extents: [u32; 2],
    /// k_n, of the neighbours.
    pub hop: i32,
    /// k_a, of φ, with 2W - 4 fractional bits.
    pub linear: i32,
    /// k_c, of φ³.
    pub cubic: i32,
    /// k_s, of the noise.
    pub sigma: i32,
    /// Key of the chain's noise.
    pub key: [u32; 2],
}

impl Coefficients {
    /// The integers of an Euler chain with Gaussian noise in fixed point on a lattice of two dimensions and at least
    /// two rows; `None` for any other chain, and where the core refuses the couplings or the step.
    pub fn of(setup: &Setup, chain: u32) -> Option<Self> {
        fn quantised<const W: u32>(setup: &Setup) -> Option<[i32; 4]>
        where
            Fx<W>: Arith<Gain = i32, Slope = i64, Sigma = i32>,
        {
            let euler = Euler::<Fx<W>, _>::new(&setup.couplings, setup.eps, setup.extents.dims()).ok()?;
            let &QuarticDrift { hop, linear, cubic } = euler.drift();
            // How many fractional bits the core keeps depends on the target; the wire has 2W - 4.
            let linear = Fx::<W>::slope_value(linear) * f64::from(1_u32 << (W - 2)) * f64::from(1_u32 << (W - 2));
            Some([hop, linear as i32, cubic, euler.sigma()])
        }
        let [rows, columns] = *setup.extents.first_chunk::<2>()?;
        if setup.extents.dims() != 2
            || rows < 2
            || setup.integrator != IntegratorKind::Euler
            || setup.noise != NoiseKind::Gaussian
        {
            return None;
        }
        let [hop, linear, cubic, sigma] = match setup.arith {
            ArithKind::Fx18 => quantised::<18>(setup)?,
            ArithKind::Fx16 => quantised::<16>(setup)?,
            ArithKind::F32 | ArithKind::F64 => return None,
        };
        let extents = [u32::try_from(rows).ok()?, u32::try_from(columns).ok()?];
        let key = derive_key(setup.seed, chain, StreamTag::Noise.word(0)).0;
        Some(Self { arith: setup.arith, extents, hop, linear, cubic, sigma, key })
    }
}
