//! How a model is trained: keys of a TOML file, flags of the command line.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::couplings::Couplings;
use crate::experiment::{InputError, Options};

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
    /// Flags over the file, if one is given, over the defaults; validated.
    pub fn resolve(self, file: Option<&Path>) -> Result<Recipe, InputError> {
        let base = match file {
            Some(path) => Self::read(path)?,
            None => Self::default(),
        };
        let (kappa, lambda, b) = match (self.kappa, self.lambda, self.b) {
            (None, None, None) => (base.kappa, base.lambda, base.b),
            _ => (self.kappa.or(base.kappa), self.lambda.or(base.lambda), self.b.or(base.b)),
        };
        let recipe = Recipe {
            extent: self.extent.or(base.extent).unwrap_or(16),
            couplings: Options { kappa, lambda, b, ..Options::default() }
                .couplings(2)?
                .unwrap_or_else(|| Couplings::kappa_form(0.27, 0.022)),
            mass2: self.mass2.or(base.mass2),
            hidden: self.hidden.or(base.hidden).unwrap_or(32),
            knots: self.knots.or(base.knots).unwrap_or(10),
            steps: self.steps.or(base.steps).unwrap_or(4000),
            batch: self.batch.or(base.batch).unwrap_or(8192),
            rate: self.rate.or(base.rate).unwrap_or(5e-3),
            draws: self.draws.or(base.draws).unwrap_or(8),
            configurations: self.configurations.or(base.configurations).unwrap_or(32_768),
            data: self.data.or(base.data),
            seed: self.seed.or(base.seed).unwrap_or(1),
        };
        recipe.validate()?;
        Ok(recipe)
    }

    fn read(path: &Path) -> Result<Self, InputError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| InputError(format!("cannot read recipe {}: {error}", path.display())))?;
        toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            InputError(format!("{}:{line}: {}", path.display(), error.message().replace('\n', " ")))
        })
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
