//! A trained score: weights, tables by knot in ln σ, and what it was trained for.

mod check;
mod file;
#[cfg(test)]
pub(super) mod testing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use stoquant_model::Phi4;

pub use self::file::{decode, encode};
use super::spectrum;
use stoquant_experiment::experiment::InputError;

/// What a model is for and how it was made: the JSON half of a model file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// L of the L×L torus.
    pub extent: usize,
    /// The action.
    pub couplings: Phi4,
    /// m² of the linear part A_k = 2κk̂² + m².
    pub mass2: f64,
    /// Smallest and largest σ of the knots.
    pub sigma: [f64; 2],
    /// Knots in ln σ.
    pub knots: usize,
    /// Units of the two hidden layers.
    pub hidden: [usize; 2],
    /// |M| at the ends of the table of its density.
    pub magnetisation: [f64; 2],
}

impl Config {
    /// σ of a knot.
    pub fn knot(&self, n: usize) -> f64 {
        let [low, high] = self.sigma;
        low * (high / low).powf(n as f64 / (self.knots - 1).max(1) as f64)
    }
}

/// A tensor of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Shape.
    pub shape: Vec<usize>,
    /// Row-major.
    pub data: Vec<f32>,
}

/// A model.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// What it is for.
    pub config: Config,
    /// Its tensors by name.
    pub tensors: BTreeMap<String, Tensor>,
}

macro_rules! shipped {
    ($($name:literal),+ $(,)?) => {
        /// The models that come with the program: name and file.
        const SHIPPED: &[(&str, &[u8])] =
            &[$(($name, include_bytes!(concat!("../models/", $name, ".safetensors")))),+];
    };
}
shipped!("c8", "c16", "c32", "c16-int8", "c32-int8", "n8-int8");

impl Model {
    /// Names of the models that come with the program.
    pub fn names() -> impl Iterator<Item = &'static str> {
        SHIPPED.iter().map(|(name, _)| *name)
    }

    /// A model that comes with the program.
    pub fn builtin(name: &str) -> Option<Result<Self, InputError>> {
        let (name, bytes) = SHIPPED.iter().find(|(known, _)| *known == name)?;
        Some(Self::from_bytes(bytes).map_err(|error| InputError(format!("model {name}: {error}"))))
    }

    /// A model that comes with the program, by its name, or else a file.
    pub fn load(name_or_path: &str) -> Result<Self, InputError> {
        let path = Path::new(name_or_path);
        match Self::builtin(name_or_path) {
            Some(model) => model,
            None if path.components().count() == 1 && path.extension().is_none() && !path.exists() => {
                let names: Vec<_> = Self::names().collect();
                Err(InputError(format!(
                    "model = {name_or_path}: neither a file nor one of the models that come with the program, {}",
                    names.join(", ")
                )))
            }
            None => Self::read(path),
        }
    }

    /// Number of sites.
    pub fn volume(&self) -> usize {
        self.config.extent * self.config.extent
    }

    /// The numbers of a tensor; empty where there is none (a validated model has them all).
    pub fn data(&self, name: &str) -> &[f32] {
        self.tensors.get(name).map_or(&[], |t| &t.data)
    }

    /// Interpolation weights of the knots at σ: hat functions in ln σ, constant beyond the ends.
    pub fn hat(&self, sigma: f64) -> Vec<f64> {
        hat(&self.config, sigma)
    }

    /// A table with K rows at σ.
    pub fn at(&self, name: &str, sigma: f64) -> Vec<f64> {
        let hat = self.hat(sigma);
        let data = self.data(name);
        let columns = data.len() / hat.len().max(1);
        let mut out = vec![0.0; columns];
        for (row, &weight) in data.chunks(columns.max(1)).zip(&hat) {
            out.iter_mut().zip(row).for_each(|(slot, &x)| *slot += weight * f64::from(x));
        }
        out
    }

    /// A_k of every mode.
    pub fn linear(&self) -> Vec<f64> {
        spectrum::linear(self.config.extent, &self.config.couplings, self.config.mass2)
    }

    /// One value a shell of k̂², spread over the modes.
    pub fn by_shell(&self, values: &[f64]) -> Vec<f64> {
        let (_, of_mode) = spectrum::shells(self.config.extent);
        of_mode.into_iter().map(|shell| values.get(shell).copied().unwrap_or(0.0)).collect()
    }
}

/// Hat functions in ln σ.
pub fn hat(config: &Config, sigma: f64) -> Vec<f64> {
    let knots = config.knots;
    let [low, high] = config.sigma;
    let at = (sigma.max(1e-300) / low).ln() / (high / low).ln() * (knots - 1) as f64;
    let at = at.clamp(0.0, (knots - 1) as f64);
    let left = (at.floor() as usize).min(knots.saturating_sub(2));
    let mut out = vec![0.0; knots];
    let rest = at - left as f64;
    out[left] = 1.0 - rest;
    if knots > 1 {
        out[left + 1] = rest;
    }
    out
}
