//! An experiment: from a TOML file, from flags, or both (a flag overrides its key). Keys and flags have the same names.

use std::path::Path;

use serde::{Deserialize, Serialize};

use stoquant_core::error::Error;
use stoquant_core::lattice::MAX_SITES;

use crate::couplings::Couplings;
use crate::engine::{ArithKind, IntegratorKind, NoiseKind, Setup};

/// What went wrong with the input of a command: one clear line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InputError(pub String);

impl InputError {
    /// From anything that prints.
    pub fn new(message: impl std::fmt::Display) -> Self {
        Self(message.to_string())
    }
}

/// Keys of an experiment file, and flags of the command line. Nothing is required: see [`Experiment::default`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// Extents, slowest first, separated by commas ("8,8"); "1" extents are allowed, "" is a single site
    #[arg(long, value_name = "L0,L1,…", value_parser = parse_extents)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extent: Option<Extents>,
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
    /// μ₀² of the canonical form S = Σ[½(∂φ)² + ½μ₀²φ² + (g/4)φ⁴]
    #[arg(long, allow_negative_numbers = true)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mu2: Option<f64>,
    /// g of the canonical form
    #[arg(long, allow_negative_numbers = true)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub g: Option<f64>,
    /// Number type
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arith: Option<ArithKind>,
    /// Integrator
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integrator: Option<IntegratorKind>,
    /// Langevin step ε
    #[arg(long, allow_negative_numbers = true)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eps: Option<f64>,
    /// Law of the noise
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<NoiseKind>,
    /// Seed, 64 bits
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Independent chains
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chains: Option<usize>,
    /// Sweeps dropped at the start of each chain
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thermalise: Option<u64>,
    /// Configurations in all, shared out evenly among the chains
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    /// Sweeps between configurations
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// Width of the random start field (0: φ = 0)
    #[arg(long, allow_negative_numbers = true)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_width: Option<f64>,
}

/// Extents as one value of the command line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Extents(pub Vec<usize>);

/// `8,8` → [8, 8]; the empty string is a single site.
pub fn parse_extents(text: &str) -> Result<Extents, String> {
    if text.is_empty() {
        return Ok(Extents(Vec::new()));
    }
    let extents: Result<Vec<usize>, _> = text.split(',').map(|part| part.trim().parse::<usize>()).collect();
    match extents {
        Ok(extents) if extents.len() <= 4 && extents.iter().all(|&l| l >= 1) => Ok(Extents(extents)),
        _ => Err("expected up to four extents of at least 1, separated by commas, like 8,8".into()),
    }
}

/// Read a TOML file of any keys; what is wrong with it is named by line.
pub fn read_toml<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, InputError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| InputError(format!("cannot read {}: {error}", path.display())))?;
    toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        let reason = error.message().replace('\n', " ");
        InputError(format!("{}:{line}: {reason}", path.display()))
    })
}

impl Options {
    /// Read a TOML file.
    pub fn read(path: &Path) -> Result<Self, InputError> {
        read_toml(path)
    }

    /// These options where given, those of `base` elsewhere. A form of the couplings given here replaces the other form
    /// there.
    pub fn or(self, mut base: Self) -> Self {
        if self.mu2.is_some() || self.g.is_some() {
            (base.kappa, base.lambda, base.b) = (None, None, None);
        }
        if self.kappa.is_some() || self.lambda.is_some() || self.b.is_some() {
            (base.mu2, base.g) = (None, None);
        }
        Self {
            extent: self.extent.or(base.extent),
            kappa: self.kappa.or(base.kappa),
            lambda: self.lambda.or(base.lambda),
            b: self.b.or(base.b),
            mu2: self.mu2.or(base.mu2),
            g: self.g.or(base.g),
            arith: self.arith.or(base.arith),
            integrator: self.integrator.or(base.integrator),
            eps: self.eps.or(base.eps),
            noise: self.noise.or(base.noise),
            seed: self.seed.or(base.seed),
            chains: self.chains.or(base.chains),
            thermalise: self.thermalise.or(base.thermalise),
            count: self.count.or(base.count),
            every: self.every.or(base.every),
            start_width: self.start_width.or(base.start_width),
        }
    }

    /// Flags over the file, if one is given.
    pub fn resolve(self, file: Option<&Path>) -> Result<Self, InputError> {
        Ok(match file {
            Some(path) => self.or(Self::read(path)?),
            None => self,
        })
    }

    /// The couplings in either form; `None` where none is given.
    pub fn couplings(&self, dims: usize) -> Result<Option<Couplings>, InputError> {
        let kappa_form = self.kappa.is_some() || self.lambda.is_some() || self.b.is_some();
        let canonical = self.mu2.is_some() || self.g.is_some();
        let need = |value: Option<f64>, what: &str, other: &str| {
            let value = value.ok_or_else(|| InputError(format!("{other} is given without {what}: give both")))?;
            if value.is_finite() { Ok(value) } else { Err(InputError(format!("{what} = {value}: must be finite"))) }
        };
        match (kappa_form, canonical) {
            (false, false) => Ok(None),
            (true, true) => Err(InputError::new("couplings in two forms: give kappa and lambda (and b), or mu2 and g")),
            (true, false) => {
                let lambda = need(self.lambda, "lambda", "kappa or b")?;
                // A single site has no neighbours, and needs no κ.
                let kappa = match self.kappa {
                    None if dims == 0 => 0.0,
                    kappa => need(kappa, "kappa", "lambda or b")?,
                };
                let b = match self.b {
                    Some(_) => need(self.b, "b", "")?,
                    None => 1.0 - 2.0 * lambda,
                };
                Ok(Some(Couplings { kappa, b, lambda }))
            }
            (false, true) => {
                let (mu2, g) = (need(self.mu2, "mu2", "g")?, need(self.g, "g", "mu2")?);
                Ok(Some(Couplings::canonical(mu2, g, dims)))
            }
        }
    }
}

/// A complete, validated experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// What determines a chain.
    pub setup: Setup,
    /// Chains.
    pub chains: usize,
    /// Sweeps dropped at the start.
    pub thermalise: u64,
    /// Configurations in all.
    pub count: usize,
    /// Sweeps between configurations.
    pub every: u64,
    /// Width of the start field.
    pub start_width: f64,
}

impl Default for Experiment {
    /// 8×8 near criticality, fixed point, MALA.
    fn default() -> Self {
        Self {
            setup: Setup {
                extents: vec![8, 8],
                couplings: Couplings::kappa_form(0.27, 0.022),
                eps: 0.05,
                arith: ArithKind::Fx18,
                integrator: IntegratorKind::Mala,
                noise: NoiseKind::Gaussian,
                seed: 1,
            },
            chains: 8,
            thermalise: 2000,
            count: 8000,
            every: 20,
            start_width: 1.0,
        }
    }
}

impl Experiment {
    /// Fill in the defaults and check everything that can be checked without running.
    pub fn new(options: &Options) -> Result<Self, InputError> {
        let default = Self::default();
        let extents = options.extent.clone().map_or(default.setup.extents, |e| e.0);
        if extents.len() > 4 || extents.contains(&0) {
            return Err(InputError(format!("extent = {extents:?}: must be up to four numbers of at least 1")));
        }
        let couplings = options.couplings(extents.len())?.unwrap_or(default.setup.couplings);
        let experiment = Self {
            setup: Setup {
                extents,
                couplings,
                eps: options.eps.unwrap_or(default.setup.eps),
                arith: options.arith.unwrap_or(default.setup.arith),
                integrator: options.integrator.unwrap_or(default.setup.integrator),
                noise: options.noise.unwrap_or(default.setup.noise),
                seed: options.seed.unwrap_or(default.setup.seed),
            },
            chains: options.chains.unwrap_or(default.chains),
            thermalise: options.thermalise.unwrap_or(default.thermalise),
            count: options.count.unwrap_or(default.count),
            every: options.every.unwrap_or(default.every),
            start_width: options.start_width.unwrap_or(default.start_width),
        };
        experiment.validate()?;
        Ok(experiment)
    }

    fn validate(&self) -> Result<(), InputError> {
        let at_least_one = [("chains", self.chains), ("count", self.count), ("every", self.every as usize)];
        for (what, value) in at_least_one {
            if value == 0 {
                return Err(InputError(format!("{what} = 0: must be at least 1")));
            }
        }
        if self.count < self.chains {
            return Err(InputError(format!(
                "count = {} is less than chains = {}: every chain needs at least one configuration",
                self.count, self.chains
            )));
        }
        if u32::try_from(self.chains).is_err() {
            return Err(InputError(format!("chains = {}: must be below 2^32", self.chains)));
        }
        let sweeps = (self.count.div_ceil(self.chains) as u64).checked_mul(self.every);
        if sweeps.and_then(|s| s.checked_add(self.thermalise)).is_none_or(|s| s >= 1 << 44) {
            return Err(InputError::new("too many sweeps: thermalise + every·count/chains must be below 2^44"));
        }
        let volume = self.setup.extents.iter().try_fold(1usize, |v, &l| v.checked_mul(l));
        if volume.is_none_or(|v| v > MAX_SITES) {
            return Err(InputError::new(Error::Volume));
        }
        // Whether couplings and step fit depends on the dimension alone: the core says so on the smallest lattice.
        let small = Setup { extents: vec![1; self.setup.extents.len()], ..self.setup.clone() };
        crate::engine::core_engine(&small, 0)
            .and_then(|mut engine| engine.hot_start(self.start_width))
            .map_err(InputError::new)
    }

    /// Configurations of one chain: an even share, the first chains take the remainder.
    pub fn share(&self, chain: usize) -> usize {
        self.count / self.chains + usize::from(chain < self.count % self.chains)
    }
}
