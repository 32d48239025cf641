//! `stoquant generate`.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use stoquant::diffusion::evaluate::{Evaluation, forward, paths};
use stoquant::diffusion::finish::{Finished, Sweeps, chain};
use stoquant::diffusion::generate::{
    Generated, Generator, GridKind, Precision, ProcessKind, SamplerKind, ScheduleKind, Settings,
};
use stoquant::diffusion::model::{Config, Model};
use stoquant::diffusion::reference::Reference;
use stoquant::ensemble::{Ensemble, sha256, write_atomic};
use stoquant::experiment::{Extents, InputError, parse_extents};
use stoquant::simd::MachineKind;
use stoquant_core::arith::Real;

use super::sample::{MAX_VALUES, writable};
use super::{CouplingArgs, MachineArgs, Outcome, json, print, threads};

#[derive(Args)]
pub struct GenerateArgs {
    /// A model that comes with the program (c8, c16, c32), or a .safetensors file
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
    /// The same, and move each entry by N sweeps of MALA
    #[arg(long, value_name = "N", default_value_t = 0)]
    mala: u64,
    /// Step of MALA
    #[arg(long, default_value_t = 0.05, allow_negative_numbers = true)]
    eps: f64,
    /// Seed, 64 bits
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number type
    #[arg(long, default_value_t = Precision::F32)]
    arith: Precision,
    #[command(flatten)]
    machine: MachineArgs,
    /// Threads (default: all cores). Results do not depend on it
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Must be the model's, if given
    #[arg(long, value_name = "L,L", value_parser = parse_extents)]
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

/// What made an ensemble, beside the file.
#[derive(Serialize)]
struct Manifest<'a> {
    stoquant: &'a str,
    model: &'a str,
    /// SHA-256 of the model's file.
    model_sha256: String,
    config: &'a Config,
    settings: &'a Settings,
    arith: Precision,
    seed: u64,
    count: usize,
    /// Sweeps of the Metropolis chain, where the file has that chain.
    metropolis: Option<Sweeps>,
    file_sha256: String,
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
    match args.arith {
        Precision::F32 => with::<f32>(args),
        Precision::F64 => with::<f64>(args),
    }
}

fn with<R: Real>(args: GenerateArgs) -> Result<Outcome, InputError> {
    let machine = args.machine.machine()?;
    let model = Model::load(&args.model)?;
    let config = &model.config;
    args.check(config)?;
    let volume = model.volume();
    if let Some(out) = &args.out {
        writable(out)?;
    }
    let settings = args.settings()?;
    let generator = Generator::<R>::new(&model, &settings)?;
    let reference = args.reference.as_deref().map(|text| reference_of(text, config, args.seed)).transpose()?;

    let bar = if std::io::stderr().is_terminal() { ProgressBar::new(args.count as u64) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} configurations, {elapsed} (eta {eta})") {
        bar.set_style(style);
    }
    let begin = Instant::now();
    let generated = generator.generate(machine, args.seed, args.count, &|| bar.inc(1))?;
    let seconds = begin.elapsed().as_secs_f64();
    bar.finish_and_clear();

    let finished = args.finish(&model, &generated, machine)?;
    let mut evaluation =
        Evaluation::new(&model, &generated, finished.as_ref(), reference.as_ref(), seconds, args.seed)?;
    if let Some(reference) =
        reference.as_ref().filter(|_| args.path && settings.sampler != SamplerKind::PredictorCorrector)
    {
        evaluation.forward = Some(forward(&generator, reference, machine, args.seed)?);
    }
    if let Some(steps) = args.check_path {
        evaluation.paths = Some(paths::<R>(&model, steps, args.count, reference.as_ref(), machine, args.seed)?);
    }

    let mut manifest = None;
    if let Some(out) = &args.out {
        let phi = finished.as_ref().map_or(&generated.phi, |finished| &finished.phi).clone();
        // Independent configurations, or one Metropolis chain: either way the order is that of one chain.
        let chain = vec![0; phi.len() / volume];
        let ensemble = Ensemble { extents: vec![config.extent; 2], phi, chain };
        let columns = [("log_q", &generated.ln_q), ("log_w", &generated.ln_w)];
        let columns: Vec<(&str, &[f64])> = columns
            .iter()
            .filter(|_| finished.is_none())
            .filter_map(|(name, column)| Some((*name, column.as_deref()?)))
            .collect();
        let bytes = ensemble.to_npz_with(args.arith == Precision::F32, &columns)?;
        let made = Manifest {
            stoquant: env!("CARGO_PKG_VERSION"),
            model: &args.model,
            model_sha256: sha256(&model.to_bytes()?),
            config,
            settings: &settings,
            arith: args.arith,
            seed: args.seed,
            count: args.count,
            metropolis: finished.as_ref().map(|_| args.sweeps()),
            file_sha256: sha256(&bytes),
        };
        write_atomic(out, &bytes)?;
        let mut beside = out.clone().into_os_string();
        beside.push(".json");
        write_atomic(beside.as_ref(), format!("{}\n", json(&made)?).as_bytes())?;
        manifest = Some(made);
    }
    let acceptance_mala = finished.as_ref().and_then(|finished| finished.mala_acceptance);
    let report = Report { manifest: manifest.as_ref(), acceptance_mala, evaluation: &evaluation };
    print(&if args.json { json(&report)? } else { evaluation.text() });
    Ok(Outcome::Good)
}

impl GenerateArgs {
    fn check(&self, config: &Config) -> Result<(), InputError> {
        let refuse = |text: String| Err(InputError(text));
        if let Some(Extents(extents)) = self.extent.as_ref().filter(|extents| extents.0 != [config.extent; 2]) {
            let l = config.extent;
            return refuse(format!("extent = {extents:?}: model {} is for {l},{l}", self.model));
        }
        if let Some(given) = self.couplings.couplings(2)?.filter(|given| *given != config.couplings) {
            let (got, want) = (given, config.couplings);
            return refuse(format!(
                "kappa = {}, b = {}, lambda = {}: model {} is for kappa = {}, b = {}, lambda = {}",
                got.kappa, got.b, got.lambda, self.model, want.kappa, want.b, want.lambda
            ));
        }
        let volume = config.extent * config.extent;
        if self.count == 0 || self.count > (MAX_VALUES / volume).min(u32::MAX as usize) {
            return refuse(format!("count = {}: must be 1 to {}", self.count, MAX_VALUES / volume));
        }
        let sampler = self.sampler;
        if self.likelihood && !sampler.is_flow() {
            return refuse(format!("likelihood: a sample of {sampler} has no density that is known: use path"));
        }
        if self.path && sampler.is_flow() {
            return refuse(format!("path: {sampler} has no noise: use likelihood (check-path weighs paths beside it)"));
        }
        if (self.metropolis || self.mala > 0) && !(self.likelihood || self.path) {
            let which = if sampler.is_flow() { "likelihood" } else { "path" };
            return refuse(format!("metropolis and mala need weights: give {which}"));
        }
        if self.mala >= 1 << 32 {
            return refuse(format!("mala = {}: must be below 2^32", self.mala));
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
        model: &Model,
        generated: &Generated,
        machine: MachineKind,
    ) -> Result<Option<Finished>, InputError> {
        let Some(ln_w) = generated.ln_w.as_ref().filter(|_| self.metropolis || self.mala > 0) else {
            return Ok(None);
        };
        let Config { extent, couplings, .. } = model.config;
        chain(extent, couplings, &generated.phi, ln_w, self.sweeps(), self.arith, machine, self.seed).map(Some)
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
fn reference_of(text: &str, config: &Config, seed: u64) -> Result<Reference, InputError> {
    let least = 512;
    match text.parse::<usize>() {
        Ok(count) if (least..=MAX_VALUES / (config.extent * config.extent)).contains(&count) => {
            Reference::sample(config.extent, config.couplings, count, seed)
        }
        Ok(count) => Err(InputError(format!(
            "reference = {count}: must be {least} to {} configurations, or a file",
            MAX_VALUES / (config.extent * config.extent)
        ))),
        Err(_) => Reference::of(&Ensemble::read(Path::new(text))?, config.extent, &config.couplings)
            .map_err(|InputError(reason)| InputError(format!("{text}: {reason}"))),
    }
}
