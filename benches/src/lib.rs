//! What the benchmarks share: the setups, and a yardstick.
//!
//! Machines are noisy and differ: read rates as ratios to [`Yardstick`], measured in the same run.

use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use stoquant::couplings::Couplings;
use stoquant::engine::{ArithKind, Engine, IntegratorKind, NoiseKind, Setup, core_engine};

/// Couplings near criticality in two dimensions, weaker in others.
pub fn setup(extents: &[usize], arith: ArithKind, integrator: IntegratorKind, noise: NoiseKind) -> Setup {
    let kappa = [0.0, 0.4, 0.27, 0.18, 0.13][extents.len()];
    let couplings = Couplings::kappa_form(kappa, 0.022);
    Setup { extents: extents.to_vec(), couplings, eps: 0.01, arith, integrator, noise, seed: 1 }
}

/// A chain of the core from a hot start.
pub fn engine(setup: &Setup) -> Box<dyn Engine> {
    let mut engine = core_engine(setup, 0).expect("the benchmark's own setups are valid");
    engine.hot_start(1.0).expect("a width of 1 is valid");
    engine
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
