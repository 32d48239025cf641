//! What the benchmarks share: the setups, the machines, and a yardstick.
//!
//! Machines are noisy and differ: read rates as ratios to [`Yardstick`], measured in the same run.

pub mod chain;
pub mod paired;
pub mod record;
pub mod rows;
pub mod score;

use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::Criterion;
use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::{ThreadPool, ThreadPoolBuilder};
use stoquant::engine::{Engine, core_engine_on};
use stoquant::simd::MachineKind;
use stoquant_model::{ArithKind, Extents, IntegratorKind, NoiseKind, Phi4, Setup};

/// Phi4 near criticality in two dimensions, weaker in others.
pub fn setup(extents: &[usize], arith: ArithKind, integrator: IntegratorKind, noise: NoiseKind) -> Setup {
    let kappa = [0.0, 0.4, 0.27, 0.18, 0.13][extents.len()];
    let couplings = Phi4::kappa_form(kappa, 0.022);
    let extents = Extents::new(extents).expect("at most four");
    Setup { extents, couplings, eps: 0.01, arith, integrator, noise, seed: 1 }
}

/// Euler–Maruyama with Gaussian noise.
pub fn euler(extents: &[usize], arith: ArithKind) -> Setup {
    setup(extents, arith, IntegratorKind::Euler, NoiseKind::Gaussian)
}

/// A chain of the core from a hot start.
pub fn engine_on(machine: MachineKind, setup: &Setup) -> Box<dyn Engine> {
    let mut engine = core_engine_on(machine, setup, 0).expect("the benchmark's own setups are valid");
    engine.hot_start(1.0).expect("a width of 1 is valid");
    engine
}

/// Every arithmetic on every machine that does something of its own for it: double precision is always portable.
pub fn arithmetics() -> Vec<(ArithKind, MachineKind)> {
    let machines = MachineKind::available();
    let pairs = ArithKind::ALL.iter().flat_map(|&arith| machines.iter().map(move |&machine| (arith, machine)));
    pairs.filter(|&(arith, machine)| arith != ArithKind::F64 || machine == MachineKind::Portable).collect()
}

/// A pool of so many threads: a large lattice is shared among those of the pool that it is swept in.
pub fn pool(threads: usize) -> Arc<ThreadPool> {
    Arc::new(ThreadPoolBuilder::new().num_threads(threads).build().expect("the system has threads"))
}

/// How long the work takes on the threads of a pool.
pub fn timed(pool: &ThreadPool, work: impl FnOnce() + Send) -> Duration {
    pool.install(|| {
        let start = Instant::now();
        work();
        start.elapsed()
    })
}

/// Many short measurements: the whole suite takes minutes.
pub fn quick() -> Criterion {
    let short = Criterion::default().warm_up_time(Duration::from_millis(100));
    short.measurement_time(Duration::from_millis(300)).sample_size(12).without_plots()
}

/// Runs the block on every machine of this processor, one thread each: `on_every_machine!(kind, machine => { … })`.
#[macro_export]
macro_rules! on_every_machine {
    ($kind:ident, $machine:ident => $work:block) => {{
        use stoquant::simd::{MachineKind, Portable, Threads};
        {
            let ($kind, $machine) = (MachineKind::Portable, Portable(Threads::One));
            $work
        }
        #[cfg(target_arch = "x86_64")]
        if let Some($machine) = stoquant::simd::Avx2::detect(Threads::One) {
            let $kind = MachineKind::Avx2;
            $work
        }
        #[cfg(target_arch = "x86_64")]
        if let Some($machine) = stoquant::simd::Avx512::detect(Threads::One) {
            let $kind = MachineKind::Avx512;
            $work
        }
    }};
}

/// Plain Langevin as anyone would write it: two `f32` fields, xoshiro256++, the ziggurat of `rand_distr`.
pub struct Yardstick {
    l: usize,
    phi: Vec<f32>,
    next: Vec<f32>,
    rng: Xoshiro256PlusPlus,
}

impl Yardstick {
    /// An l×l lattice.
    pub fn new(l: usize) -> Self {
        Self { l, phi: vec![0.0; l * l], next: vec![0.0; l * l], rng: Xoshiro256PlusPlus::seed_from_u64(1) }
    }

    /// One Euler–Maruyama sweep of φ⁴ at κ = 0.27, λ = 0.022, ε = 0.01.
    pub fn sweep(&mut self) {
        const EPS: f32 = 0.01;
        let (hop, linear, cubic) = (2.0 * 0.27 * EPS, -2.0 * 0.956 * EPS, 4.0 * 0.022 * EPS);
        let sigma = (2.0 * EPS).sqrt();
        let l = self.l;
        for i in 0..l {
            let (up, down) = ((i + l - 1) % l * l, (i + 1) % l * l);
            for j in 0..l {
                let phi = self.phi[i * l + j];
                let sum = self.phi[up + j]
                    + self.phi[down + j]
                    + self.phi[i * l + (j + l - 1) % l]
                    + self.phi[i * l + (j + 1) % l];
                let eta: f32 = StandardNormal.sample(&mut self.rng);
                self.next[i * l + j] = phi + hop * sum + phi * (linear - cubic * phi * phi) + sigma * eta;
            }
        }
        std::mem::swap(&mut self.phi, &mut self.next);
    }

    /// Σ φ², so that nothing is optimised away.
    pub fn phi2(&self) -> f32 {
        self.phi.iter().map(|phi| phi * phi).sum()
    }
}
