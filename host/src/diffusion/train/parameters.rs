//! What is learned, and how it begins.

use candle_core::{DType, Device, Result, Tensor, Var};
use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::graph::{EVEN, ODD};
use super::sample::tensor;
use crate::diffusion::model::Config;
use crate::diffusion::spectrum::RADIAL;

/// The logarithm of the filter's mass is learned in units of this: it has far to go.
const MASS_RATE: f64 = 2.0;

/// Parameters; tables have a row for each knot in ln σ. Layers: odd weights, even weights, table of gains and biases.
pub struct Parameters {
    mass: Var,
    /// First layer.
    pub first: [Var; 3],
    /// Second layer.
    pub second: [Var; 3],
    /// Output weights.
    pub output: Var,
    /// Weights of the odd features.
    pub skip: Var,
    /// Weights of ŷ times an even feature.
    pub cross: Var,
    /// Weight of ŷ³.
    pub cubic: Var,
    /// Linear term: nodes in |k̂| times powers of M².
    pub linear: Var,
}

impl Parameters {
    /// As they begin: the output is zero, so that h starts at first order in λ.
    pub fn new(config: &Config, seed: u64) -> Result<Self> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let (knots, [h1, h2]) = (config.knots, config.hidden);
        let mut random = |rows: usize, columns: usize, width: f64| -> Result<Var> {
            let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
            let data = (0..rows * columns).map(|_| (width * normal()) as f32).collect();
            Var::from_tensor(&tensor(data, (rows, columns))?)
        };
        // Inputs have unit variance, and so have the arguments of the activation, about; even inputs begin as a perturbation.
        let first = [random(h1, ODD, 0.5 / (ODD as f64).sqrt())?, random(h1, EVEN, 0.1)?, table(knots, h1)?];
        let second = [random(h2, h1, 1.0 / (h1 as f64).sqrt())?, random(h2, EVEN, 0.1)?, table(knots, h2)?];
        let zeros = |columns: usize| Var::zeros((knots, columns), DType::F32, &Device::Cpu);
        let mass = (config.mass2.max(0.05).ln() / MASS_RATE) as f32;
        Ok(Self {
            mass: Var::from_tensor(&tensor(vec![mass; knots], (knots, 1))?)?,
            first,
            second,
            output: zeros(h2)?,
            skip: zeros(ODD)?,
            cross: zeros(EVEN)?,
            cubic: zeros(1)?,
            linear: zeros(RADIAL * 3)?,
        })
    }

    /// ln of the filter's mass² by knot.
    pub fn ln_mass(&self) -> Result<Tensor> {
        self.mass.as_tensor() * MASS_RATE
    }

    /// What the optimiser moves, by name.
    pub fn named(&self) -> [(&'static str, &Var); 12] {
        let ([w1, u1, t1], [w2, u2, t2]) = (&self.first, &self.second);
        [
            ("mass", &self.mass),
            ("first.odd", w1),
            ("first.even", u1),
            ("first.table", t1),
            ("second.odd", w2),
            ("second.even", u2),
            ("second.table", t2),
            ("output", &self.output),
            ("skip", &self.skip),
            ("cross", &self.cross),
            ("cubic", &self.cubic),
            ("linear", &self.linear),
        ]
    }

    /// What a model holds, by name.
    pub fn trained(&self) -> Result<Vec<(&'static str, Tensor)>> {
        let mut out = vec![("filter.ln_mass", self.ln_mass()?.flatten_all()?)];
        for (name, var) in self.named().into_iter().skip(1) {
            let tensor = var.as_tensor().clone();
            out.push((name, if name == "cubic" { tensor.flatten_all()? } else { tensor }));
        }
        Ok(out)
    }
}

/// Gains 1, and biases spread over the range of the activation.
fn table(knots: usize, units: usize) -> Result<Var> {
    let bias = |unit: usize| 1.5 * (unit as f32 + 0.5) / units as f32;
    let row: Vec<f32> = (0..2 * units).map(|i| if i < units { 1.0 } else { bias(i - units) }).collect();
    Var::from_tensor(&tensor(row.repeat(knots), (knots, 2 * units))?)
}
