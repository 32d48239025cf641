//! Batches: noised configurations, and targets for h.
//!
//! Two estimators have the mean h_k = E[g_k|y]: g_k(x₀) itself, and (y - x₀)_k/σ² - A_k x₀_k (Tweedie's formula). Their mixture
//! with weights as of a Gaussian theory of curvature ⟨g'⟩ has about the least variance at every k and σ; averaged over draws of the posterior it has less.

use candle_core::{Device, Result, Shape, Tensor};
use stoquant_core::machine::Portable;
use stoquant_core::score::Hartley;

use super::graph::Batch;
use super::posterior::Posterior;
use crate::diffusion::model::{Config, hat};
use crate::diffusion::spectrum;

/// A batch with its targets.
pub struct Sample {
    /// What the network sees.
    pub batch: Batch,
    /// h aimed at: (B, V).
    pub target: Tensor,
    /// Weights of the squared error, σ²W_k², 0 for the zero mode: (B, V).
    pub weight: Tensor,
    /// Modes of x₀.
    pub x0: Vec<f32>,
}

/// Makes batches.
pub struct Maker<'a> {
    config: &'a Config,
    phi: &'a [f32],
    linear: Vec<f64>,
    hartley: Vec<f32>,
    draws: usize,
    /// ⟨g'⟩ = 12λ⟨φ²⟩ - μ.
    curvature: f64,
}

/// A tensor in main memory.
pub fn tensor(data: Vec<f32>, shape: impl Into<Shape>) -> Result<Tensor> {
    Tensor::from_vec(data, shape.into(), &Device::Cpu)
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

    /// One configuration for each σ.
    pub fn make(&self, posterior: &mut Posterior, sigmas: &[f64]) -> Result<Sample> {
        let Config { extent, couplings, mass2, knots, .. } = self.config;
        let volume = extent * extent;
        let hartley = Hartley::new(*extent, &self.hartley).map_err(candle_core::Error::wrap)?;
        let mut scratch = vec![0.0; volume];
        let mut modes = |x: &[f32]| {
            let mut out = vec![0.0; volume];
            hartley.transform(Portable, x, &mut out, &mut scratch);
            out
        };
        let (mu, lambda4) = (spectrum::mu(couplings, *mass2) as f32, 4.0 * couplings.lambda as f32);
        let (mut ys, mut targets, mut weights, mut x0s) = (vec![], vec![], vec![], vec![]);
        let (mut hats, mut m) = (vec![], vec![]);
        let mut y = vec![0.0; volume];
        for &sigma in sigmas {
            let pick = (posterior.uniform() * (self.phi.len() / volume) as f64) as usize;
            let mut x = self.phi[pick * volume..][..volume].to_vec();
            posterior.gaussian(&mut y);
            let mean = y.iter().sum::<f32>() / volume as f32;
            y.iter_mut().zip(&x).for_each(|(y, &x)| *y = x + sigma as f32 * (*y - mean));
            m.push(x.iter().sum::<f32>() / volume as f32);
            x0s.extend(modes(&x));
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
            for (k, (&a, ((&y, &x), &g))) in self.linear.iter().zip(y.iter().zip(&x).zip(&g)).enumerate() {
                let of_g = ((a + precision) / (a + precision + self.curvature)).clamp(0.0, 1.0);
                let x = f64::from(x);
                let tweedie = (f64::from(y) - x) * precision - a * x;
                targets.push((of_g * f64::from(g) + (1.0 - of_g) * tweedie) as f32);
                let w = if k == 0 { 0.0 } else { sigma / (1.0 + sigma * sigma * a) };
                weights.push((w * w) as f32);
            }
            ys.extend(y);
            hats.extend(hat(self.config, sigma).into_iter().map(|h| h as f32));
        }
        let (b, sigma2) = (sigmas.len(), sigmas.iter().map(|s| (s * s) as f32).collect());
        Ok(Sample {
            batch: Batch {
                y: tensor(ys, (b, volume))?,
                hat: tensor(hats, (b, *knots))?,
                sigma2: tensor(sigma2, (b, 1))?,
                m: tensor(m, (b, 1))?,
            },
            target: tensor(targets, (b, volume))?,
            weight: tensor(weights, (b, volume))?,
            x0: x0s,
        })
    }
}
