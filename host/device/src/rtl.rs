//! The circuit, simulated, as an engine: with the feature `rtl`.

use stoquant_core::error::Error;
use stoquant_model::{ArithKind, IntegratorKind, NoiseKind, Setup};

use stoquant_engines::engine::Engine;

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

#[cfg(feature = "rtl")]
mod circuit {
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use stoquant_core::error::Error;
    use stoquant_core::integrator::State;
    use stoquant_core::observable::Measurement;
    use stoquant_fpga::sim::{Chains, Coefficients, circuits};
    use stoquant_link::message;

    use stoquant_model::{ArithKind, Phi4, Setup};

    use super::ABSENT;
    use stoquant_engines::engine::{Engine, core_engine};
    use stoquant_model::Phi4;
    use stoquant_model::{ArithKind, Setup};

    /// A chain, and the same of the core for what the circuit leaves to it.
    struct Circuit {
        chains: Mutex<Chains>,
        host: Mutex<Box<dyn Engine>>,
        width: u32,
        state: State,
    }

    pub fn engine(setup: &Setup, chain: u32) -> Result<Box<dyn Engine>, Error> {
        let host = core_engine(setup, chain)?;
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
        Ok(Box::new(Circuit { chains: Mutex::new(chains), host: Mutex::new(host), width, state: State::default() }))
    }

    fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }

    impl Circuit {
        /// What the core makes of the circuit's field.
        fn on_host<T: Default>(&self, work: impl FnOnce(&dyn Engine) -> T) -> T {
            let bits = self.bits();
            let mut host = lock(&self.host);
            // The circuit's words are words of the format, or the comparison with nothing shows it.
            if host.set_bits(&bits).is_ok() { work(host.as_ref()) } else { T::default() }
        }

        fn write(&mut self, bits: &[u64]) {
            let width = self.width;
            let field: Vec<i64> = bits.iter().map(|&word| stoquant_fpga::sim::signed(word, width)).collect();
            lock(&self.chains).write(0, &field);
        }
    }

    impl Engine for Circuit {
        fn sweep(&mut self, sweeps: u64) {
            let mut chains = lock(&self.chains);
            let mut left = sweeps;
            while left > 0 {
                let now = left.min(u64::from(u32::MAX)) as u32;
                chains.run(now, false);
                self.state.clipped += chains.clipped(0);
                left -= u64::from(now);
            }
            self.state.step = chains.step();
            self.state.accepted += sweeps;
        }
        fn phi(&self) -> Vec<f64> {
            self.on_host(|host| host.phi())
        }
        fn bits(&self) -> Vec<u64> {
            let mask = (1 << self.width) - 1;
            lock(&self.chains).read(0).into_iter().map(|word| word as u64 & mask).collect()
        }
        fn set_bits(&mut self, bits: &[u64]) -> Result<(), Error> {
            lock(&self.host).set_bits(bits)?;
            self.write(bits);
            Ok(())
        }
        fn hot_start(&mut self, width: f64) -> Result<(), Error> {
            let bits = {
                let mut host = lock(&self.host);
                host.hot_start(width)?;
                host.bits()
            };
            self.write(&bits);
            Ok(())
        }
        fn state(&self) -> State {
            self.state
        }
        fn set_state(&mut self, state: State) {
            self.state = state;
            lock(&self.chains).set_step(state.step);
        }
        fn measure(&self) -> Measurement {
            self.on_host(|host| host.measure())
        }
        fn slices(&self) -> Vec<f64> {
            self.on_host(|host| host.slices())
        }
        fn eps(&self) -> f64 {
            lock(&self.host).eps()
        }
        fn drift_couplings(&self) -> Phi4 {
            lock(&self.host).drift_couplings()
        }
        fn target(&self) -> Phi4 {
            lock(&self.host).target()
        }
    }
}
