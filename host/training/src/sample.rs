//! Batches: noised configurations, and targets for h.
//!
//! Two estimators have the mean h_k = E[g_k|y]: g_k(x₀) itself, and (y - x₀)_k/σ² - A_k x₀_k (Tweedie's formula). Their
//! mixture with weights as of a Gaussian theory of curvature ⟨g'⟩ has about the least variance at every k and σ;
//! averaged over draws of the posterior it has less.

use stoquant_core::machine::Portable;

use super::features::Input;
use super::posterior::Posterior;
use stoquant_diffusion::model::{Config, hat};
use stoquant_diffusion::spectrum;

/// A noised configuration with its target; V numbers each.
pub struct Sample {
    /// What the network sees.
    pub input: Input<f32>,
    /// h aimed at.
    pub target: Vec<f32>,
    /// Weights of the squared error, σ²W_k², 0 for the zero mode.
    pub weight: Vec<f32>,
    /// Modes of x₀.
    pub x0: Vec<f32>,
}

/// Makes them.
pub struct Maker<'a> {
    config: &'a Config,
    phi: &'a [f32],
    linear: Vec<f64>,
    hartley: Vec<f32>,
    draws: usize,
    /// ⟨g'⟩ = 12λ⟨φ²⟩ - μ.
    curvature: f64,
}

impl<'a> Maker<'a> {
    /// From fields `phi` with ⟨φ²⟩ = `phi2`, and `draws` of the posterior a target.
    pub fn new(config: &'a Config, phi: &'a [f32], phi2: f64, draws: usize) -> Self {
        Self {
            linear: spectrum::linear(config.extent, &config.couplings, config.mass2),
            hartley: spectrum::hartley(config.extent).into_iter().map(|h| h as f32).collect(),
            curvature: 12.0 * config.couplings.lambda * phi2 - spectrum::mu(&config.couplings, config.mass2),
            config,
            phi,
            draws,
        }
    }

    /// A random configuration with noise of this σ.
    pub fn make(&self, posterior: &mut Posterior, sigma: f64) -> Sample {
        let Config { extent, couplings, mass2, .. } = self.config;
        let volume = extent * extent;
        let modes = |x: &[f32]| spectrum::transform_on(Portable, &self.hartley, x);
        let (mu, lambda4) = (spectrum::mu(couplings, *mass2) as f32, 4.0 * couplings.lambda as f32);
        let pick = (posterior.uniform() * (self.phi.len() / volume) as f64) as usize;
        let mut x = self.phi[pick * volume..][..volume].to_vec();
        let mut y = vec![0.0; volume];
        posterior.gaussian(&mut y);
        let mean = y.iter().sum::<f32>() / volume as f32;
        y.iter_mut().zip(&x).for_each(|(y, &x)| *y = x + sigma as f32 * (*y - mean));
        let m = x.iter().sum::<f32>() / volume as f32;
        let x0 = modes(&x);
        let (mut mean_x, mut mean_g) = (vec![0.0; volume], vec![0.0; volume]);
        let share = 1.0 / (self.draws + 1) as f32;
        for draw in 0..=self.draws {
            if draw > 0 {
                posterior.trajectory(&mut x, &y, sigma);
            }
            for ((mean_x, mean_g), &x) in mean_x.iter_mut().zip(&mut mean_g).zip(&x) {
                *mean_x += share * x;
                *mean_g += share * x * (lambda4 * x * x - mu);
            }
        }
        let (y, x, g) = (modes(&y), modes(&mean_x), modes(&mean_g));
        let precision = 1.0 / (sigma * sigma);
        let target = |(&a, ((&y, &x), &g)): (&f64, ((&f32, &f32), &f32))| {
            let of_g = ((a + precision) / (a + precision + self.curvature)).clamp(0.0, 1.0);
            let x = f64::from(x);
            let tweedie = (f64::from(y) - x) * precision - a * x;
            (of_g * f64::from(g) + (1.0 - of_g) * tweedie) as f32
        };
        let target = self.linear.iter().zip(y.iter().zip(&x).zip(&g)).map(target).collect();
        let weight = |&a: &f64| (sigma / (1.0 + sigma * sigma * a)).powi(2) as f32;
        let mut weight: Vec<f32> = self.linear.iter().map(weight).collect();
        weight[0] = 0.0;
        let hat = hat(self.config, sigma).into_iter().map(|h| h as f32).collect();
        Sample { input: Input { y, hat, sigma2: (sigma * sigma) as f32, m }, target, weight, x0 }
    }
}
