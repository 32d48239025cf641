//! How long a chain remembers, and what a sweep costs.

use std::time::Duration;

use stoquant_core::error::Error;
use stoquant_exact::analysis::{Status, gamma};
use stoquant_exact::estimate::Estimate;
use stoquant_experiment::experiment::InputError;

use super::contender::{Chain, Run};

/// Measurements of the first look.
const FIRST: usize = 500;

/// Part of the run that is dropped at its start.
const THERMALISE: f64 = 0.2;

/// A run ends, if its time does not, when it is this many τ long: then τ is known to some 7%.
const WANTED: f64 = 4000.0;

/// A run shorter than this many τ gives a bound only.
const NEEDED: f64 = 100.0;

/// More measurements than this within τ are a waste. Half as many leave a discretisation error of τ below
/// (1/10)²/12 = 0.1%.
const DENSE: f64 = 20.0;

/// CPU time of this thread, so that what else the machine does is not counted.
#[cfg(unix)]
pub(super) fn cpu_time() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.try_into().unwrap_or(0), now.tv_nsec.try_into().unwrap_or(0))
}

/// Elsewhere: time on the wall.
#[cfg(not(unix))]
pub(super) fn cpu_time() -> Duration {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed()
}

/// Runs a chain until it is 4000 τ long, or for `seconds` of CPU time; the first fifth is dropped. τ is that of M²
/// (Γ-method). The time of a sweep is taken apart, without measurements.
pub fn measure(chain: &mut dyn Chain, seconds: f64) -> Result<Run, InputError> {
    let start = cpu_time();
    let (mut m2, mut every, mut length) = (Vec::new(), 1, FIRST);
    let (gamma, kept) = loop {
        while m2.len() < length {
            chain.sweep(every)?;
            m2.push(chain.magnetisation()?.powi(2));
        }
        let kept = &m2[(THERMALISE * length as f64) as usize..];
        let gamma = gamma(&[kept]).map_err(InputError::new)?;
        let left = seconds / (cpu_time() - start).as_secs_f64();
        let done = gamma.status == Status::Converged && kept.len() as f64 >= WANTED * gamma.tau_int;
        if done || left < 1.05 {
            break (gamma, kept.len());
        }
        if gamma.tau_int > DENSE {
            // Every second one; the last stays.
            m2 = m2.iter().rev().step_by(2).rev().copied().collect();
            every *= 2;
        }
        length = (m2.len() as f64 * left.min(2.0)).ceil() as usize;
    };
    let known = matches!(gamma.status, Status::Converged | Status::Anticorrelated);
    let resolved = known && kept as f64 >= NEEDED * gamma.tau_int;
    // What was too short for its τ is at least a hundredth of it.
    let tau = if resolved { gamma.tau_int } else { gamma.tau_int.max(kept as f64 / NEEDED) };
    let sweeps = every as f64;
    Ok(Run {
        tau_int: Estimate::new(sweeps * tau, sweeps * gamma.tau_int_error),
        resolved,
        sweeps: every * kept as u64,
        seconds_per_sweep: time_sweep(chain, seconds)?,
        m2: gamma.estimate(),
        setting: chain.setting()?,
    })
}

/// The fastest of three blocks of sweeps, each of some 50 ms, or a tenth of `seconds` where that is less.
fn time_sweep(chain: &mut dyn Chain, seconds: f64) -> Result<f64, Error> {
    let enough = (0.1 * seconds).min(0.05);
    let mut sweeps = 1;
    let mut block = |sweeps: u64| {
        let start = cpu_time();
        chain.sweep(sweeps)?;
        Ok::<_, Error>((cpu_time() - start).as_secs_f64())
    };
    while block(sweeps)? < enough {
        sweeps *= 2;
    }
    let mut fastest = f64::INFINITY;
    for _ in 0..3 {
        fastest = fastest.min(block(sweeps)?);
    }
    Ok(fastest / sweeps as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_distr::{Distribution, StandardNormal};
    use rand_xoshiro::Xoshiro256PlusPlus;

    /// M is AR(1): ρ(t) of M² is ρ^{2t}, τ = ½ (1 + ρ²)/(1 - ρ²).
    struct Ar1 {
        rho: f64,
        m: f64,
        rng: Xoshiro256PlusPlus,
    }

    impl Chain for Ar1 {
        fn sweep(&mut self, sweeps: u64) -> Result<(), Error> {
            for _ in 0..sweeps {
                let eta: f64 = StandardNormal.sample(&mut self.rng);
                self.m = self.rho * self.m + (1.0 - self.rho * self.rho).sqrt() * eta;
            }
            Ok(())
        }
        fn magnetisation(&self) -> Result<f64, Error> {
            Ok(self.m)
        }
        fn setting(&self) -> Result<String, Error> {
            Ok("known".into())
        }
    }

    /// The law is known: τ within 4.9 of its errors (1e-6 each), at a length that thins once and one that does not; the
    /// error is below 15%.
    #[test]
    fn known_memory() {
        for (rho, seed) in [(0.0, 1), (0.9, 2), (0.999, 3)] {
            let mut chain = Ar1 { rho, m: 0.0, rng: Xoshiro256PlusPlus::seed_from_u64(seed) };
            let run = measure(&mut chain, 60.0).unwrap();
            let tau = 0.5 * (1.0 + rho * rho) / (1.0 - rho * rho);
            println!("{run:?}, exact {tau}");
            assert!(run.resolved && run.tau_int.error < 0.15 * tau, "{run:?}");
            assert!((run.tau_int.value - tau).abs() < 4.9 * run.tau_int.error, "{run:?} {tau}");
            assert!((run.m2.value - 1.0).abs() < 4.9 * run.m2.error);
            assert!(run.sweeps as f64 >= 0.9 * WANTED * tau);
            // A step of AR(1) takes some nanoseconds, hundreds without optimisation.
            assert!(run.seconds_per_sweep > 1e-10 && run.seconds_per_sweep < 1e-5, "{run:?}");
        }
    }

    /// A chain that hardly moves: a bound, and one that holds.
    #[test]
    fn too_short_is_said() {
        let mut chain = Ar1 { rho: 1.0 - 1e-9, m: 1.0, rng: Xoshiro256PlusPlus::seed_from_u64(4) };
        let run = measure(&mut chain, 0.01).unwrap();
        assert!(!run.resolved && run.tau_int.value > 1.0 && run.tau_int.value < 5e8, "{run:?}");
        // One that does not move at all has no autocorrelation function: a bound too, not τ = ½.
        let mut stuck = Ar1 { rho: 1.0, m: 1.0, rng: Xoshiro256PlusPlus::seed_from_u64(5) };
        let run = measure(&mut stuck, 0.01).unwrap();
        assert!(!run.resolved && run.tau_int.value >= 4.0, "{run:?}");
    }
}
