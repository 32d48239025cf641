//! How a model is trained: keys of a TOML file, flags of the command line.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use stoquant_model::Phi4;

use stoquant_experiment::experiment::{InputError, Options, read_toml};

/// Sites of the smallest and the largest torus that can be trained on.
const EXTENTS: std::ops::RangeInclusive<usize> = 2..=128;

stoquant_experiment::options! {
    /// Keys of a recipe, none required; a flag overrides its key.
    pub struct RecipeOptions {
        /// L of the L×L torus
        #[arg(value_name = "L")]
        extent: usize,
        /// Hopping parameter of the κ-form S = Σ[-2κ Σ φφ' + (1-2λ)φ² + λφ⁴]
        #[arg(allow_negative_numbers = true)]
        kappa: f64,
        /// Quartic coupling of the κ-form
        #[arg(allow_negative_numbers = true)]
        lambda: f64,
        /// Quadratic coupling b in place of 1-2λ
        #[arg(allow_negative_numbers = true)]
        b: f64,
        /// m² of the linear part taken out exactly (default: mean of 1/C_k - 2κk̂², measured)
        mass2: f64,
        /// Units of both hidden layers
        hidden: usize,
        /// Leave out the features that reach across the lattice: what `quantize` takes
        #[arg(num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
        local: bool,
        /// Knots of the tables in ln σ
        knots: usize,
        /// Steps of the optimiser; 0: nothing is learned, physics alone
        steps: usize,
        /// Sites of a batch
        batch: usize,
        /// Learning rate at its highest
        rate: f64,
        /// Draws from the posterior that a target averages beside the configuration itself
        draws: usize,
        /// Configurations to train on
        configurations: usize,
        /// Take them from this ensemble (.npz or .npy of shape N, L, L) and not from the cluster sampler
        #[arg(value_name = "FILE")]
        data: PathBuf,
        /// Seed, 64 bits
        seed: u64,
    }
}

/// A complete, validated recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// L of the L×L torus.
    pub extent: usize,
    /// The action.
    pub couplings: Phi4,
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
                .unwrap_or_else(|| Phi4::kappa_form(0.27, 0.022)),
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
