//! The circuit, simulated, as an engine: with the feature `rtl`.

use stoquant_certify::int8::beside::Images;
use stoquant_core::error::Error;
use stoquant_model::{ArithKind, IntegratorKind, NoiseKind, Setup};

use stoquant_engines::engine::Engine;

#[cfg(feature = "rtl")]
mod score;

/// What the engine is, for a certificate; nothing where there is none in this build.
pub const NAME: Option<&str> = if cfg!(feature = "rtl") { Some("simulated circuit") } else { None };

/// Most sites of the simulated circuit.
pub const SITES: usize = 1024;

const ABSENT: Error = Error::Absent {
    what: "circuit: of two dimensions, at least two rows and at most 1024 sites, Euler, in fixed point",
};

/// Whether the circuit has such chains.
pub fn has(setup: &Setup) -> bool {
    let [rows, columns] = setup.extents[..] else { return false };
    rows >= 2
        && columns >= 1
        && rows.saturating_mul(columns) <= SITES
        && setup.integrator == IntegratorKind::Euler
        && setup.noise == NoiseKind::Gaussian
        && matches!(setup.arith, ArithKind::Fx18 | ArithKind::Fx16)
}

/// A chain of the simulated circuit.
pub fn engine(setup: &Setup, chain: u32) -> Result<Box<dyn Engine>, Error> {
    if NAME.is_none() || !has(setup) {
        return Err(ABSENT);
    }
    #[cfg(feature = "rtl")]
    return circuit::engine(setup, chain);
    #[cfg(not(feature = "rtl"))]
    {
        let _ = chain;
        Err(ABSENT)
    }
}

/// The circuit that runs images of the quantised score, where there is one in this build.
pub const IMAGES: Option<Images> = {
    #[cfg(feature = "rtl")]
    let images = Some(Images { stages: score::stages, draw: score::draw });
    #[cfg(not(feature = "rtl"))]
    let images = None;
    images
};

#[cfg(feature = "rtl")]
mod circuit {
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use stoquant_core::error::Error;
    use stoquant_core::integrator::State;
    use stoquant_engines::engine::{Chain, Engine, core_engine};
    use stoquant_engines::field;
    use stoquant_fpga::sim::{Chains, Coefficients, circuits};
    use stoquant_link::message;
    use stoquant_model::{ArithKind, Setup};

    use super::ABSENT;

    struct Circuit {
        chain: Chain,
        chains: Mutex<Chains>,
        width: u32,
        state: State,
    }

    pub fn engine(setup: &Setup, chain: u32) -> Result<Box<dyn Engine>, Error> {
        // The host's own core refuses what cannot be, with its reason, and knows what the integers stand for.
        let core = *core_engine(setup, chain)?.chain();
        let (circuit, width) = match setup.arith {
            ArithKind::Fx16 => (&circuits::REPLICA16, 16),
            _ => (&circuits::REPLICA18, 18),
        };
        let message::Coefficients { hop, linear, cubic, sigma, .. } =
            message::Coefficients::of(setup, chain).ok_or(ABSENT)?;
        let with = Coefficients { hop, linear: linear.into(), cubic, sigma };
        // Whatever the registers hold at first: another value in every chain.
        let mut chains = Chains::new(circuit, width, chain);
        chains.extents(setup.extents[0], setup.extents[1]);
        chains.configure(0, with, setup.seed, chain);
        chains.set_step(0);
        chains.write(0, &vec![0; setup.volume()]);
        Ok(Box::new(Circuit { chain: core, chains: Mutex::new(chains), width, state: State::default() }))
    }

    impl Circuit {
        fn chains(&self) -> MutexGuard<'_, Chains> {
            self.chains.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    impl Engine for Circuit {
        fn chain(&self) -> &Chain {
            &self.chain
        }
        fn sweep(&mut self, sweeps: u64) -> Result<(), Error> {
            let (mut left, mut clipped) = (sweeps, 0);
            while left > 0 {
                let now = left.min(u64::from(u32::MAX)) as u32;
                let mut chains = self.chains();
                chains.run(now, false);
                clipped += chains.clipped(0);
                left -= u64::from(now);
            }
            let step = self.chains().step();
            self.state.step = step;
            self.state.clipped += clipped;
            self.state.accepted += sweeps;
            Ok(())
        }
        fn bits(&self) -> Result<Vec<u64>, Error> {
            let mask = (1 << self.width) - 1;
            Ok(self.chains().read(0).into_iter().map(|word| word as u64 & mask).collect())
        }
        fn set_bits(&mut self, bits: &[u64]) -> Result<(), Error> {
            field::check(&self.chain, bits)?;
            let field: Vec<i64> = bits.iter().map(|&word| stoquant_fpga::sim::signed(word, self.width)).collect();
            self.chains().write(0, &field);
            Ok(())
        }
        fn state(&self) -> Result<State, Error> {
            Ok(self.state)
        }
        fn set_state(&mut self, state: State) -> Result<(), Error> {
            self.state = state;
            self.chains().set_step(state.step);
            Ok(())
        }
    }
}
