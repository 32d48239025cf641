//! `stoquant generate`.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use stoquant::diffusion::evaluate::{Evaluation, forward, paths, residuals};
use stoquant::diffusion::finish::{Finished, Sweeps, chain};
use stoquant::diffusion::generate::{
    Generated, Generator, GridKind, Precision, ProcessKind, SamplerKind, ScheduleKind, Settings,
};
use stoquant::diffusion::int8;
use stoquant::diffusion::model::Model;
use stoquant::diffusion::reference::Reference;
use stoquant::ensemble::Ensemble;
use stoquant::experiment::InputError;
use stoquant::output::{Output, Outputs, sha256};
use stoquant::simd::MachineKind;
use stoquant_core::arith::Real;
use stoquant_core::score::int8::Sampler;
use stoquant_model::{Extents, Phi4};

use super::generated::{MAX_VALUES, Manifest, check_count, config_of, image_of, timed};
use super::{CouplingArgs, MachineArgs, Outcome, json, print, threads, warn};

#[derive(Args)]
pub struct GenerateArgs {
    /// A model that comes with the program (c8, c16, c32, c16-int8, c32-int8, n8-int8), a .safetensors file, or an
    /// image (.sqm), which has its own sampler
    #[arg(long, default_value = "c16", value_name = "NAME|FILE")]
    model: String,
    /// Configurations
    #[arg(long, default_value_t = 1000)]
    count: usize,
    /// How noise becomes a configuration
    #[arg(long, default_value_t = SamplerKind::FlowHeun)]
    sampler: SamplerKind,
    /// Steps of the sampler
    #[arg(long, default_value_t = 12)]
    steps: usize,
    /// σ of the steps (default: geometric; sinh for flow-rk4)
    #[arg(long)]
    grid: Option<GridKind>,
    /// σ_low of σ = σ_low·sinh(α(1-t))
    #[arg(long, default_value_t = 0.3, allow_negative_numbers = true)]
    sigma_low: f64,
    /// Noising process of euler-maruyama (default: ve)
    #[arg(long)]
    process: Option<ProcessKind>,
    /// Its schedule: geometric, linear, cosine, or a file with Λ at t = 0, 1/n, …, 1 (default: geometric)
    #[arg(long, value_name = "NAME|FILE")]
    schedule: Option<String>,
    /// Langevin steps after each step of predictor-corrector
    #[arg(long, default_value_t = 1)]
    correctors: usize,
    /// Their length, in relaxation times
    #[arg(long, default_value_t = 0.1, allow_negative_numbers = true)]
    delta: f64,
    /// Weigh every sample by its density (flow samplers)
    #[arg(long)]
    likelihood: bool,
    /// Weigh every sample by its path (the other samplers)
    #[arg(long)]
    path: bool,
    /// Weigh ancestral paths of N steps too: log Z once more
    #[arg(long, value_name = "N")]
    check_path: Option<usize>,
    /// Compare with N configurations of cluster chains, or with those of an .npz file
    #[arg(long, value_name = "N|FILE")]
    reference: Option<String>,
    /// Make a chain of e^{-S} by independence Metropolis
    #[arg(long)]
    metropolis: bool,
    /// Make such a chain, and move each entry by N sweeps of MALA
    #[arg(long, value_name = "N", default_value_t = 0)]
    mala: u64,
    /// Step of MALA
    #[arg(long, default_value_t = 0.05, allow_negative_numbers = true)]
    eps: f64,
    /// Seed, 64 bits
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number type (default: f32; of an image int8). With int8 a model is quantised first
    #[arg(long)]
    arith: Option<Precision>,
    #[command(flatten)]
    machine: MachineArgs,
    /// Threads (default: all cores). Results do not depend on it
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Must be the model's, if given
    #[arg(long, value_name = "L,L")]
    extent: Option<Extents>,
    #[command(flatten)]
    couplings: CouplingArgs,
    /// Ensemble to write (phi, chain, log_q, log_w); the manifest goes beside it, with .json appended
    #[arg(long, value_name = "FILE.npz")]
    out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Report<'a> {
    manifest: Option<&'a Manifest<'a>>,
    acceptance_mala: Option<f64>,
    evaluation: &'a Evaluation,
}

pub fn run(args: GenerateArgs) -> Result<Outcome, InputError> {
    threads(args.threads)?;
    let outputs = args.outputs()?;
    let image = int8::read(&args.model)?;
    match (args.arith, &image) {
        (Some(Precision::F32 | Precision::F64), Some(_)) => {
            Err(InputError(format!("arith = {}: the image {} is int8", args.arith(), args.model)))
        }
        (Some(Precision::Int8), None) => {
            let model = Model::load(&args.model)?;
            args.check(model.config.extent, &model.config.couplings, args.sampler.is_flow())?;
            let plan = int8::Plan::of(args.sampler, args.steps)?;
            quantised(&args, outputs, &int8::quantize(&model, plan)?.encode().map_err(InputError::new)?)
        }
        (_, Some(bytes)) => quantised(&args, outputs, bytes),
        (Some(Precision::F64), None) => with::<f64>(args, outputs),
        _ => with::<f32>(args, outputs),
    }
}

/// What a sampler has made.
struct Made<'a> {
    extent: usize,
    couplings: Phi4,
    generated: Generated,
    seconds: f64,
    reference: Option<Reference>,
    /// For the manifest.
    sha256: String,
    config: serde_json::Value,
    settings: Option<&'a Settings>,
}

/// An image.
fn quantised(args: &GenerateArgs, outputs: Option<[Output; 2]>, bytes: &[u8]) -> Result<Outcome, InputError> {
    let machine = args.machine.machine()?;
    let image = image_of(&args.model, bytes)?;
    let (extent, [kappa, b, lambda, _]) = (image.shape().extent, image.couplings());
    let couplings = Phi4 { kappa, b, lambda };
    args.check(extent, &couplings, image.sampler() == Sampler::Flow)?;
    args.check_image(image.sampler())?;
    let reference =
        args.reference.as_deref().map(|text| reference_of(text, extent, couplings, args.seed)).transpose()?;
    let generator = int8::Generator::new(image, args.likelihood || args.path);
    let (generated, seconds) = timed(args.count, |done| generator.generate(machine, args.seed, args.count, done));
    let (sha256, config) = (sha256(bytes), config_of(&image));
    let made = Made { extent, couplings, generated, seconds, reference, sha256, config, settings: None };
    args.report(made, outputs, machine, |_, _| Ok(()))
}

fn with<R: Real>(args: GenerateArgs, outputs: Option<[Output; 2]>) -> Result<Outcome, InputError> {
    let machine = args.machine.machine()?;
    let model = Model::load(&args.model)?;
    let config = &model.config;
    args.check(config.extent, &config.couplings, args.sampler.is_flow())?;
    args.check_sampler()?;
    let settings = args.settings()?;
    let generator = Generator::<R>::new(&model, &settings)?;
    let reference = args.reference.as_deref();
    let reference = reference.map(|text| reference_of(text, config.extent, config.couplings, args.seed)).transpose()?;
    let (generated, seconds) = timed(args.count, |done| generator.generate(machine, args.seed, args.count, done));
    let made = Made {
        extent: config.extent,
        couplings: config.couplings,
        generated: generated?,
        seconds,
        reference,
        sha256: sha256(&model.to_bytes()?),
        config: serde_json::to_value(config).map_err(InputError::new)?,
        settings: Some(&settings),
    };
    args.report(made, outputs, machine, |made, evaluation| {
        let reference = made.reference.as_ref();
        let fields = reference.map_or(&made.generated.phi, |reference| &reference.phi);
        evaluation.residuals = Some(residuals(&model, fields, args.seed)?);
        if let Some(reference) = reference.filter(|_| args.path && settings.sampler != SamplerKind::PredictorCorrector)
        {
            evaluation.forward = Some(forward(&generator, reference, machine, args.seed)?);
        }
        if let Some(steps) = args.check_path {
            evaluation.paths = Some(paths::<R>(&model, steps, args.count, reference, machine, args.seed)?);
        }
        Ok(())
    })
}

impl GenerateArgs {
    /// The ensemble and its manifest, where they are asked for.
    fn outputs(&self) -> Result<Option<[Output; 2]>, InputError> {
        let files = [Some(self.model.as_str()), self.reference.as_deref(), self.schedule.as_deref()];
        let mut outputs = Outputs::reading(files.into_iter().flatten().map(Path::new));
        self.out.as_deref().map(|out| outputs.pair("out", out, ".json")).transpose()
    }

    fn arith(&self) -> Precision {
        self.arith.unwrap_or(Precision::F32)
    }

    /// Evaluates what was made, `more` adding to it, writes and prints.
    fn report(
        &self,
        made: Made<'_>,
        outputs: Option<[Output; 2]>,
        machine: MachineKind,
        more: impl FnOnce(&Made<'_>, &mut Evaluation) -> Result<(), InputError>,
    ) -> Result<Outcome, InputError> {
        let Made { extent, couplings, generated, seconds, reference, .. } = &made;
        let volume = extent * extent;
        let finished = self.finish(*extent, *couplings, generated, machine)?;
        let mut evaluation =
            Evaluation::new(volume, generated, finished.as_ref(), reference.as_ref(), *seconds, self.seed)?;
        more(&made, &mut evaluation)?;
        let mut manifest = None;
        if let Some(outputs) = outputs {
            let phi = finished.as_ref().map_or(&generated.phi, |finished| &finished.phi).clone();
            let columns = [("log_q", &generated.ln_q), ("log_w", &generated.ln_w)];
            let columns: Vec<(&str, &[f64])> = columns
                .iter()
                .filter(|_| finished.is_none())
                .filter_map(|(name, column)| Some((*name, column.as_deref()?)))
                .collect();
            let unwritten = Manifest {
                stoquant: env!("CARGO_PKG_VERSION"),
                model: &self.model,
                model_sha256: made.sha256.clone(),
                config: made.config.clone(),
                settings: made.settings,
                arith: if made.settings.is_none() { Precision::Int8 } else { self.arith() },
                seed: self.seed,
                count: self.count,
                metropolis: finished.as_ref().map(|_| self.sweeps()),
                board: None,
                file_sha256: String::new(),
            };
            manifest = Some(unwritten.write(outputs, *extent, phi, &columns)?);
        }
        let acceptance_mala = finished.as_ref().and_then(|finished| finished.mala_acceptance);
        let report = Report { manifest: manifest.as_ref(), acceptance_mala, evaluation: &evaluation };
        if acceptance_mala == Some(0.0) {
            warn(&"acceptance 0: no proposal of MALA was accepted; choose a smaller eps");
        }
        print(&if self.json { json(&report)? } else { evaluation.text() })?;
        Ok(Outcome::Good)
    }

    /// What an image's sampler can be weighed by.
    fn check_image(&self, sampler: Sampler) -> Result<(), InputError> {
        match sampler {
            Sampler::Flow if self.path => Err(InputError::new("path: a flow has no noise: use likelihood")),
            Sampler::Reverse if self.likelihood => {
                Err(InputError::new("likelihood: a sample of a reverse process has no density that is known: use path"))
            }
            _ if self.check_path.is_some() => {
                Err(InputError::new("check-path needs a float model: quantise one for ancestral paths, and use path"))
            }
            _ => Ok(()),
        }
    }

    /// `flow`: whether samples have a density (else their paths have).
    fn check(&self, extent: usize, couplings: &Phi4, flow: bool) -> Result<(), InputError> {
        let refuse = |text: String| Err(InputError(text));
        if let Some(extents) = self.extent.filter(|&extents| extents != [extent; 2]) {
            let l = extent;
            return refuse(format!("extent = {extents:?}: model {} is for {l},{l}", self.model));
        }
        if let Some(given) = self.couplings.couplings(2)?.filter(|given| given != couplings) {
            let (got, want) = (given, couplings);
            return refuse(format!(
                "kappa = {}, b = {}, lambda = {}: model {} is for kappa = {}, b = {}, lambda = {}",
                got.kappa, got.b, got.lambda, self.model, want.kappa, want.b, want.lambda
            ));
        }
        check_count(self.count, extent * extent)?;
        if (self.metropolis || self.mala > 0) && !(self.likelihood || self.path) {
            let which = if flow { "likelihood" } else { "path" };
            return refuse(format!("metropolis and mala need weights: give {which}"));
        }
        if self.mala >= 1 << 32 {
            return refuse(format!("mala = {}: must be below 2^32", self.mala));
        }
        Ok(())
    }

    /// What the sampler of a float model can be asked for.
    fn check_sampler(&self) -> Result<(), InputError> {
        let refuse = |text: String| Err(InputError(text));
        let sampler = self.sampler;
        if self.likelihood && !sampler.is_flow() {
            return refuse(format!("likelihood: a sample of {sampler} has no density that is known: use path"));
        }
        if self.path && sampler.is_flow() {
            return refuse(format!("path: {sampler} has no noise: use likelihood (check-path weighs paths beside it)"));
        }
        if sampler != SamplerKind::EulerMaruyama && (self.process.is_some() || self.schedule.is_some()) {
            return refuse(format!("process and schedule belong to euler-maruyama, not to {sampler}"));
        }
        Ok(())
    }

    fn settings(&self) -> Result<Settings, InputError> {
        Ok(Settings {
            sampler: self.sampler,
            steps: self.steps,
            grid: self.grid,
            sigma_low: self.sigma_low,
            process: self.process.unwrap_or(ProcessKind::Ve),
            schedule: schedule(self.schedule.as_deref().unwrap_or("geometric"))?,
            correctors: self.correctors,
            delta: self.delta,
            weights: self.likelihood || self.path,
        })
    }

    fn sweeps(&self) -> Sweeps {
        Sweeps { count: self.mala, eps: self.eps }
    }

    fn finish(
        &self,
        extent: usize,
        couplings: Phi4,
        generated: &Generated,
        machine: MachineKind,
    ) -> Result<Option<Finished>, InputError> {
        let Some(ln_w) = generated.ln_w.as_ref().filter(|_| self.metropolis || self.mala > 0) else {
            return Ok(None);
        };
        chain(extent, couplings, &generated.phi, ln_w, self.sweeps(), self.arith(), machine, self.seed).map(Some)
    }
}

/// Most bytes of a schedule.
const MAX_SCHEDULE: u64 = 1 << 24;

fn schedule(text: &str) -> Result<ScheduleKind, InputError> {
    use std::io::Read;
    match text {
        "geometric" => return Ok(ScheduleKind::Geometric),
        "linear" => return Ok(ScheduleKind::Linear),
        "cosine" => return Ok(ScheduleKind::Cosine),
        _ => {}
    }
    let fail = |reason: String| InputError(format!("schedule {text}: {reason}"));
    let file = std::fs::File::open(text)
        .map_err(|e| fail(format!("neither geometric, linear or cosine nor a readable file: {e}")))?;
    let mut numbers = String::new();
    file.take(MAX_SCHEDULE).read_to_string(&mut numbers).map_err(|e| fail(format!("cannot read: {e}")))?;
    let number = |(n, word): (usize, &str)| {
        word.parse::<f64>().map_err(|_| fail(format!("number {n} is {word:?}: Λ at t = 0, 1/n, …, 1 is needed")))
    };
    numbers.split_whitespace().enumerate().map(number).collect::<Result<_, _>>().map(ScheduleKind::Table)
}

/// A number of configurations to make, or a file.
fn reference_of(text: &str, extent: usize, couplings: Phi4, seed: u64) -> Result<Reference, InputError> {
    let least = 512;
    match text.parse::<usize>() {
        Ok(count) if (least..=MAX_VALUES / (extent * extent)).contains(&count) => {
            Reference::sample(extent, couplings, count, seed)
        }
        Ok(count) => Err(InputError(format!(
            "reference = {count}: must be {least} to {} configurations, or a file",
            MAX_VALUES / (extent * extent)
        ))),
        Err(_) => Reference::of(&Ensemble::read(Path::new(text))?, extent, &couplings)
            .map_err(|InputError(reason)| InputError(format!("{text}: {reason}"))),
    }
}
