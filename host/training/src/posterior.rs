//! Targets with little noise: the mean of g over the posterior of x₀ given y, by hybrid Monte Carlo.
//!
//! The pair (x₀, y = x₀ + σε) makes x₀ an exact draw of p(x₀|y) ∝ exp(-S(x₀) - |y - x₀|²/(2σ²)). A few trajectories
//! that start there give more draws of the same law, each exact, so the mean of any estimator over them is unbiased and
//! less noisy. The noise term makes the law stiff: one trajectory of a few steps moves far at small σ, where most of
//! the loss lies.

use stoquant_core::noise::{Noise, StreamTag, Threefry};
use stoquant_model::{NoiseKind, Phi4};

/// The law p(x₀|y) with the zero mode held.
pub struct Posterior {
    couplings: [f32; 3],
    extent: usize,
    /// Leapfrog steps of a trajectory.
    steps: usize,
    force: Vec<f32>,
    momentum: Vec<f32>,
    trial: Vec<f32>,
    eta: Vec<i32>,
    noise: Noise<Threefry>,
    accept: Threefry,
    /// Random numbers used so far: the step of the noise stream.
    pub(super) draws: u64,
    /// Accepted trajectories and all.
    pub accepted: [u64; 2],
}

impl Posterior {
    /// For an action on an L×L torus; random numbers of (seed, stream).
    pub fn new(extent: usize, couplings: &Phi4, steps: usize, seed: u64, stream: u32) -> Self {
        let volume = extent * extent;
        let Phi4 { kappa, b, lambda } = *couplings;
        Self {
            couplings: [kappa as f32, b as f32, lambda as f32],
            extent,
            steps,
            force: vec![0.0; volume],
            momentum: vec![0.0; volume],
            trial: vec![0.0; volume],
            eta: vec![0; volume],
            noise: Noise { law: NoiseKind::Gaussian, words: Threefry::new(seed, stream, StreamTag::Noise) },
            accept: Threefry::new(seed, stream, StreamTag::Accept),
            draws: 0,
            accepted: [0; 2],
        }
    }

    /// Standard Gaussian numbers, a fresh set at every call.
    pub fn gaussian(&mut self, out: &mut [f32]) {
        self.noise.fill_eta::<18>(self.draws, 0, &mut self.eta);
        self.draws += 1;
        for (slot, &eta) in out.iter_mut().zip(&self.eta) {
            *slot = eta as f32 / 16384.0;
        }
    }

    /// A uniform number in [0, 1), a fresh one at every call.
    pub fn uniform(&mut self) -> f64 {
        self.draws += 1;
        self.accept.word64(self.draws) as f64 * 0.5f64.powi(64)
    }

    /// Force of S + |x - y|²/(2σ²), its mean taken out, and the energy.
    fn evaluate(&mut self, y: &[f32], precision: f32, at_trial: bool, x: &[f32]) -> f64 {
        let [kappa, b, lambda] = self.couplings;
        let l = self.extent;
        let x = if at_trial { &self.trial[..] } else { x };
        let mut energy = 0.0f64;
        let mut mean = 0.0f64;
        for row in 0..l {
            let line = |r: usize| &x[(r % l) * l..][..l];
            let (up, mid, down) = (line(row + l - 1), line(row), line(row + 1));
            let (y, force) = (&y[row * l..][..l], &mut self.force[row * l..][..l]);
            let (mut e, mut f) = (0.0f32, 0.0f32);
            for j in 0..l {
                let sum =
                    up[j] + down[j] + mid[if j == 0 { l - 1 } else { j - 1 }] + mid[if j + 1 == l { 0 } else { j + 1 }];
                let (p, d) = (mid[j], mid[j] - y[j]);
                let p2 = p * p;
                e += p * (p * (b + lambda * p2) - kappa * sum) + 0.5 * precision * d * d;
                let k = 2.0 * kappa * sum - p * (2.0 * b + 4.0 * lambda * p2) - precision * d;
                force[j] = k;
                f += k;
            }
            energy += f64::from(e);
            mean += f64::from(f);
        }
        let mean = (mean / (l * l) as f64) as f32;
        self.force.iter_mut().for_each(|f| *f -= mean);
        energy
    }

    /// One trajectory from `x`, Metropolis-decided.
    pub fn trajectory(&mut self, x: &mut [f32], y: &[f32], sigma: f64) {
        let [kappa, b, lambda] = self.couplings;
        let precision = (1.0 / (sigma * sigma)) as f32;
        // Stiffest modes: largest momentum, and a site of twice the mean square.
        let phi2 = x.iter().map(|x| x * x).sum::<f32>() / x.len() as f32;
        let stiffness = (8.0 * kappa.abs() + 2.0 * b + 24.0 * lambda * phi2).max(0.0) + precision;
        let eps = (1.0 + 0.3 * (self.uniform() as f32 - 0.5)) * 0.55 / stiffness.sqrt();
        let mut momentum = std::mem::take(&mut self.momentum);
        self.gaussian(&mut momentum);
        let mean = momentum.iter().sum::<f32>() / momentum.len() as f32;
        momentum.iter_mut().for_each(|p| *p -= mean);
        let kinetic =
            |p: &[f32]| p.chunks(16).map(|p| f64::from(p.iter().map(|p| 0.5 * p * p).sum::<f32>())).sum::<f64>();
        let before = self.evaluate(y, precision, false, x) + kinetic(&momentum);
        self.trial.copy_from_slice(x);
        let kick = |p: &mut [f32], force: &[f32], eps: f32| p.iter_mut().zip(force).for_each(|(p, &f)| *p += eps * f);
        kick(&mut momentum, &self.force, 0.5 * eps);
        let mut after = 0.0;
        for step in 1..=self.steps {
            kick(&mut self.trial, &momentum, eps);
            after = self.evaluate(y, precision, true, x);
            kick(&mut momentum, &self.force, if step == self.steps { 0.5 * eps } else { eps });
        }
        after += kinetic(&momentum);
        self.momentum = momentum;
        self.accepted[1] += 1;
        if self.uniform() < (before - after).exp() {
            x.copy_from_slice(&self.trial);
            self.accepted[0] += 1;
        }
    }
}
