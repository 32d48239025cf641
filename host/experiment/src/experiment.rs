//! An experiment: from a TOML file, from flags, or both (a flag overrides its key). Keys and flags have the same names.

use std::path::Path;
use stoquant_model::{ArithKind, Extents, IntegratorKind, NoiseKind, Phi4, Setup, TheoryKind};

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

crate::options! {
    /// Keys of an experiment file, and flags of the command line. Nothing is required: see [`Experiment::default`].
    pub struct Options {
        /// Field theory
        theory: TheoryKind,
        /// Extents, slowest first, separated by commas ("8,8"); "1" extents are allowed, "" is a single site
        #[arg(value_name = "L0,L1,…")]
        extent: Extents,
        /// Hopping parameter of the κ-form S = Σ[-2κ Σ φφ' + (1-2λ)φ² + λφ⁴]
        #[arg(allow_negative_numbers = true)]
        kappa: f64,
        /// Quartic coupling of the κ-form
        #[arg(allow_negative_numbers = true)]
        lambda: f64,
        /// Quadratic coupling b in place of 1-2λ
        #[arg(allow_negative_numbers = true)]
        b: f64,
        /// μ₀² of the canonical form S = Σ[½(∂φ)² + ½μ₀²φ² + (g/4)φ⁴]
        #[arg(allow_negative_numbers = true)]
        mu2: f64,
        /// g of the canonical form
        #[arg(allow_negative_numbers = true)]
        g: f64,
        /// Number type
        arith: ArithKind,
        /// Integrator
        integrator: IntegratorKind,
        /// Langevin step ε
        #[arg(allow_negative_numbers = true)]
        eps: f64,
        /// Law of the noise
        noise: NoiseKind,
        /// Seed, 64 bits
        seed: u64,
        /// Independent chains
        chains: usize,
        /// Number of the first chain: runs of different chains of one seed can be merged
        first_chain: u32,
        /// Sweeps dropped at the start of each chain
        thermalise: u64,
        /// Configurations in all, shared out evenly among the chains
        count: usize,
        /// Sweeps between configurations
        every: u64,
        /// Width of the random start field (0: φ = 0)
        #[arg(allow_negative_numbers = true)]
        start_width: f64,
    }
}

impl From<stoquant_model::Error> for InputError {
    fn from(error: stoquant_model::Error) -> Self {
        Self::new(error)
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

    /// These keys over those of `base`. A form of the couplings given here replaces the other form there.
    pub fn over(self, mut base: Self) -> Self {
        if self.mu2.is_some() || self.g.is_some() {
            (base.kappa, base.lambda, base.b) = (None, None, None);
        }
        if self.kappa.is_some() || self.lambda.is_some() || self.b.is_some() {
            (base.mu2, base.g) = (None, None);
        }
        self.or(base)
    }

    /// Flags over the file, if one is given.
    pub fn resolve(self, file: Option<&Path>) -> Result<Self, InputError> {
        Ok(match file {
            Some(path) => self.over(Self::read(path)?),
            None => self,
        })
    }

    /// The couplings in either form; `None` where none is given.
    pub fn couplings(&self, dims: usize) -> Result<Option<Phi4>, InputError> {
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
                Ok(Some(Phi4 { kappa, b, lambda }))
            }
            (false, true) => {
                let (mu2, g) = (need(self.mu2, "mu2", "g")?, need(self.g, "g", "mu2")?);
                Ok(Some(Phi4::canonical(mu2, g, dims)))
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
    /// The number of the first.
    pub first_chain: u32,
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
                extents: Extents::from([8, 8]),
                couplings: Phi4::kappa_form(0.27, 0.022),
                eps: 0.05,
                arith: ArithKind::Fx18,
                integrator: IntegratorKind::Mala,
                noise: NoiseKind::Gaussian,
                seed: 1,
            },
            chains: 8,
            first_chain: 0,
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
        let extents = options.extent.unwrap_or(default.setup.extents);
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
            first_chain: options.first_chain.unwrap_or(default.first_chain),
            thermalise: options.thermalise.unwrap_or(default.thermalise),
            count: options.count.unwrap_or(default.count),
            every: options.every.unwrap_or(default.every),
            start_width: options.start_width.unwrap_or(default.start_width),
        };
        experiment.check()?;
        Ok(experiment)
    }

    /// Refuses what cannot be run.
    pub(crate) fn check(&self) -> Result<(), InputError> {
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
        if self.chains as u64 + u64::from(self.first_chain) >= 1 << 32 {
            let Self { chains, first_chain, .. } = self;
            return Err(InputError(format!(
                "chains = {chains} from first_chain = {first_chain}: numbers must be below 2^32"
            )));
        }
        let sweeps = (self.count.div_ceil(self.chains) as u64).checked_mul(self.every);
        if sweeps.and_then(|s| s.checked_add(self.thermalise)).is_none_or(|s| s >= 1 << 44) {
            return Err(InputError::new("too many sweeps: thermalise + every·count/chains must be below 2^44"));
        }
        self.setup.extents.volume().map_err(InputError::new)?;
        // Whether couplings and step fit depends on the dimension alone: the core says so on the smallest lattice.
        let small = Setup { extents: self.setup.extents.map(|_| 1), ..self.setup };
        stoquant_engines::engine::core_engine(&small, 0)
            .and_then(|mut engine| engine.hot_start(self.start_width))
            .map_err(InputError::new)
    }

    /// Configurations of the chain at a place: an even share, the first chains take the remainder.
    pub fn share(&self, place: usize) -> usize {
        self.count / self.chains + usize::from(place < self.count % self.chains)
    }

    /// Where the configurations of the chain at a place begin, in the order of the chains.
    pub fn first_row(&self, place: usize) -> usize {
        self.count / self.chains * place + place.min(self.count % self.chains)
    }

    /// Sweeps of a chain after so many configurations.
    pub fn sweeps(&self, draws: usize) -> u64 {
        self.thermalise + self.every * draws as u64
    }

    /// The number of the chain at a place.
    pub fn chain(&self, place: usize) -> u32 {
        self.first_chain + place as u32
    }

    /// Refuses another experiment. The error names the first key in which it differs, with its value there and here.
    /// The keys of `but` are not compared.
    pub fn agree(&self, there: &serde_json::Value, but: &[&str]) -> Result<(), String> {
        let own = serde_json::to_value(Options::from(self)).map_err(|error| error.to_string())?;
        let keys = own.as_object().into_iter().flatten().filter(|(key, _)| !but.contains(&key.as_str()));
        match keys.map(|(key, here)| (key, here, &there[key.as_str()])).find(|(_, here, there)| here != there) {
            Some((key, here, there)) => Err(format!("{key} = {there} there, and {here} here")),
            None => Ok(()),
        }
    }
}

impl From<&Experiment> for Options {
    /// Every key, as an experiment file has them.
    fn from(experiment: &Experiment) -> Self {
        let Experiment { setup, chains, first_chain, thermalise, count, every, start_width } = *experiment;
        let Phi4 { kappa, b, lambda } = setup.couplings;
        Self {
            theory: Some(setup.theory()),
            extent: Some(setup.extents),
            kappa: Some(kappa),
            lambda: Some(lambda),
            b: Some(b),
            mu2: None,
            g: None,
            arith: Some(setup.arith),
            integrator: Some(setup.integrator),
            eps: Some(setup.eps),
            noise: Some(setup.noise),
            seed: Some(setup.seed),
            chains: Some(chains),
            first_chain: Some(first_chain),
            thermalise: Some(thermalise),
            count: Some(count),
            every: Some(every),
            start_width: Some(start_width),
        }
    }
}
