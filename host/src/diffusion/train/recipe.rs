//! How a model is trained: keys of a TOML file, flags of the command line.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::couplings::Couplings;
use crate::experiment::{InputError, Options, read_toml};

/// Sites of the smallest and the largest torus that can be trained on.
const EXTENTS: std::ops::RangeInclusive<usize> = 2..=128;

/// Keys of a recipe, none required; a flag overrides its key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct RecipeOptions {
    /// L of the L×L torus
    #[arg(long, value_name = "L")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extent: Option<usize>,
    /// Hopping parameter of the κ-form S = Σ[-2κ Σ φφ' + (1-2λ)φ² + λφ⁴]
    #[arg(long, allow_negative_numbers = true)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kappa: Option<f64>,
    /// Quartic coupling of the κ-form
    #[arg(long, allow_negative_numbers = true)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda: Option<f64>,
    /// Quadratic coupling b in place of 1-2λ
    #[arg(long, allow_negative_numbers = true)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub b: Option<f64>,
    /// m² of the linear part taken out exactly (default: mean of 1/C_k - 2κk̂², measured)
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mass2: Option<f64>,
    /// Units of both hidden layers
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<usize>,
    /// Leave out the features that reach across the lattice: what `quantize` takes
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<bool>,
    /// Knots of the tables in ln σ
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub knots: Option<usize>,
    /// Steps of the optimiser; 0: nothing is learned, physics alone
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// Sites of a batch
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<usize>,
    /// Learning rate at its highest
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// Draws from the posterior that a target averages beside the configuration itself
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draws: Option<usize>,
    /// Configurations to train on
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configurations: Option<usize>,
    /// Take them from this ensemble (.npz or .npy of shape N, L, L) and not from the cluster sampler
    #[arg(long, value_name = "FILE")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<PathBuf>,
    /// Seed, 64 bits
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

/// A complete, validated recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// L of the L×L torus.
    pub extent: usize,
    /// The action.
    pub couplings: Couplings,
    /// m², if not measured.
    pub mass2: Option<f64>,
    /// Units of both hidden layers.
    pub hidden: usize,
    /// Whether features reach a few sites only.
    pub local: bool,
    /// Knots in ln σ.
    pub knots: usize,
    /// Steps of the optimiser.
    pub steps: usize,
    /// Sites of a batch.
    pub batch: usize,
    /// Learning rate at its highest.
    pub rate: f64,
    /// Draws from the posterior of a target.
    pub draws: usize,
    /// Configurations.
    pub configurations: usize,
    /// Where they come from, if not from the cluster sampler.
    pub data: Option<PathBuf>,
    /// Seed.
    pub seed: u64,
}

impl RecipeOptions {
    /// These options where given, those of `base` elsewhere.
    pub fn or(self, base: Self) -> Self {
        Self {
            extent: self.extent.or(base.extent),
            kappa: self.kappa.or(base.kappa),
            lambda: self.lambda.or(base.lambda),
            b: self.b.or(base.b),
            mass2: self.mass2.or(base.mass2),
            hidden: self.hidden.or(base.hidden),
            local: self.local.or(base.local),
            knots: self.knots.or(base.knots),
            steps: self.steps.or(base.steps),
            batch: self.batch.or(base.batch),
            rate: self.rate.or(base.rate),
            draws: self.draws.or(base.draws),
            configurations: self.configurations.or(base.configurations),
            data: self.data.or(base.data),
            seed: self.seed.or(base.seed),
        }
    }

    /// Flags over the file, if one is given, over the defaults; validated.
    pub fn resolve(self, file: Option<&Path>) -> Result<Recipe, InputError> {
        let given = match file {
            Some(path) => self.or(read_toml(path)?),
            None => self,
        };
        let Self { kappa, lambda, b, .. } = given;
        let recipe = Recipe {
            extent: given.extent.unwrap_or(16),
            couplings: Options { kappa, lambda, b, ..Options::default() }
                .couplings(2)?
                .unwrap_or_else(|| Couplings::kappa_form(0.27, 0.022)),
            mass2: given.mass2,
            hidden: given.hidden.unwrap_or(32),
            local: given.local.unwrap_or(false),
            knots: given.knots.unwrap_or(10),
            steps: given.steps.unwrap_or(4000),
            batch: given.batch.unwrap_or(8192),
            rate: given.rate.unwrap_or(5e-3),
            draws: given.draws.unwrap_or(8),
            configurations: given.configurations.unwrap_or(32_768),
            data: given.data,
            seed: given.seed.unwrap_or(1),
        };
        recipe.validate()?;
        Ok(recipe)
    }
}

impl Recipe {
    fn validate(&self) -> Result<(), InputError> {
        let within = |what: &str, value: usize, range: std::ops::RangeInclusive<usize>| {
            if range.contains(&value) {
                Ok(())
            } else {
                Err(InputError(format!("{what} = {value}: must be {} to {}", range.start(), range.end())))
            }
        };
        within("extent", self.extent, EXTENTS)?;
        within("hidden", self.hidden, 1..=stoquant_core::score::network::MAX_HIDDEN)?;
        within("knots", self.knots, 2..=64)?;
        within("steps", self.steps, 0..=10_000_000)?;
        within("batch", self.batch, 1..=1 << 22)?;
        within("draws", self.draws, 0..=1000)?;
        within("configurations", self.configurations, super::data::LEAST..=100_000_000)?;
        let positive = |what: &str, value: f64| {
            if value > 0.0 && value.is_finite() {
                Ok(())
            } else {
                Err(InputError(format!("{what} = {value}: must be positive and finite")))
            }
        };
        positive("rate", self.rate)?;
        // The linear part is positive, and the lattice's stiffest mode the one of largest momentum.
        positive("kappa", self.couplings.kappa)?;
        self.mass2.map_or(Ok(()), |mass2| positive("mass2", mass2))
    }
}
