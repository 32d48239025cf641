//! The command line: one file a subcommand.

mod certify;
mod compare;
mod device;
mod exact;
mod generate;
mod generated;
mod going_on;
mod law;
mod measure;
mod merge;
mod progress;
mod quantize;
mod sample;
mod signals;
mod summary;
mod table;
mod train;

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::ThreadPool;
use stoquant::experiment::{InputError, Options};
use stoquant::simd::MachineKind;
use stoquant_model::Phi4;

/// Stochastic quantisation with the same bits on laptop, microcontroller and FPGA, certified to sample e^{-S}.
#[derive(Parser)]
#[command(name = "stoquant", version, about, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show against exact results that the stationary law is e^{-S} (the main job)
    Certify(certify::CertifyArgs),
    /// Sample configurations into an .npz file or a directory
    Sample(sample::SampleArgs),
    /// Merge ensembles of different chains into the one that a single run would have written
    Merge(merge::MergeArgs),
    /// Train a score on an action
    Train(train::TrainArgs),
    /// Generate configurations from a trained score, with their weights
    Generate(generate::GenerateArgs),
    /// Make an int8 image of a trained score, for devices
    Quantize(quantize::QuantizeArgs),
    /// Boards: run chains on them, and certify them
    Device(device::DeviceArgs),
    /// Measure an ensemble (.npz or .npy of shape N, L0, L1, …)
    Measure(measure::MeasureArgs),
    /// Hold samplers against each other: CPU time per independent configuration, through the critical point
    Compare(compare::CompareArgs),
    /// Exact results: one site, rings, small tori, free fields, oscillators
    Exact(exact::ExactArgs),
}

/// Flags of every command that runs or describes an experiment.
#[derive(Args)]
struct ExperimentArgs {
    /// Experiment file (TOML); flags override its keys
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
    /// Threads (default: all cores). Results do not depend on it
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

impl ExperimentArgs {
    /// The file that it reads.
    fn input(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    /// Flags over file, with the thread pool set up.
    fn resolve(self) -> Result<Options, InputError> {
        threads(self.threads)?;
        self.options.resolve(self.config.as_deref())
    }
}

/// The machine of a command that runs chains.
#[derive(Args)]
struct MachineArgs {
    /// Instruction set (default: the fastest that this processor has). Results do not depend on it
    #[arg(long, value_name = "NAME")]
    machine: Option<MachineKind>,
}

impl MachineArgs {
    fn machine(&self) -> Result<MachineKind, InputError> {
        let kind = self.machine.unwrap_or_else(MachineKind::best);
        if kind.is_available() {
            return Ok(kind);
        }
        let here: Vec<_> = MachineKind::available().into_iter().map(MachineKind::name).collect();
        Err(InputError(format!("machine = {kind}: this processor has {}", here.join(", "))))
    }
}

/// Phi4 of a command that needs nothing else of an experiment.
#[derive(Args)]
struct CouplingArgs {
    /// Hopping parameter of the κ-form S = Σ[-2κ Σ φφ' + (1-2λ)φ² + λφ⁴]
    #[arg(long, allow_negative_numbers = true)]
    kappa: Option<f64>,
    /// Quartic coupling of the κ-form
    #[arg(long, allow_negative_numbers = true)]
    lambda: Option<f64>,
    /// Quadratic coupling b in place of 1-2λ
    #[arg(long, allow_negative_numbers = true)]
    b: Option<f64>,
    /// μ₀² of the canonical form S = Σ[½(∂φ)² + ½μ₀²φ² + (g/4)φ⁴]
    #[arg(long, allow_negative_numbers = true)]
    mu2: Option<f64>,
    /// g of the canonical form
    #[arg(long, allow_negative_numbers = true)]
    g: Option<f64>,
}

impl CouplingArgs {
    /// The couplings; `None` where none is given.
    fn couplings(&self, dims: usize) -> Result<Option<Phi4>, InputError> {
        let Self { kappa, lambda, b, mu2, g } = *self;
        Options { kappa, lambda, b, mu2, g, ..Options::default() }.couplings(dims)
    }
}

/// Threads that a pool may have.
const THREADS: std::ops::RangeInclusive<usize> = 1..=1024;

/// Set up the thread pool that all of the process share; returns how many threads it has.
fn threads(count: Option<usize>) -> Result<usize, InputError> {
    let count = thread_count(count)?;
    rayon::ThreadPoolBuilder::new().num_threads(count).build_global().map_err(InputError::new)?;
    Ok(count)
}

/// A thread pool of one run.
fn pool(count: Option<usize>) -> Result<ThreadPool, InputError> {
    rayon::ThreadPoolBuilder::new().num_threads(thread_count(count)?).build().map_err(InputError::new)
}

/// Without a number it is that of `RAYON_NUM_THREADS`, or of the cores.
fn thread_count(count: Option<usize>) -> Result<usize, InputError> {
    match count {
        Some(count) if THREADS.contains(&count) => Ok(count),
        Some(count) => Err(InputError(format!("threads = {count}: must be 1 to 1024"))),
        None => match std::env::var("RAYON_NUM_THREADS") {
            Err(_) => Ok(std::thread::available_parallelism().map_or(1, usize::from).min(*THREADS.end())),
            Ok(text) => text.parse().ok().filter(|count| THREADS.contains(count)).ok_or_else(|| {
                InputError(format!("RAYON_NUM_THREADS = {text:?} in the environment: must be 1 to 1024"))
            }),
        },
    }
}

/// A progress bar where somebody looks on.
fn bar(length: usize, template: &str, shown: bool) -> ProgressBar {
    let bar = match shown && std::io::stderr().is_terminal() {
        true => ProgressBar::new(length as u64),
        false => ProgressBar::hidden(),
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// Did the command find what it should?
enum Outcome {
    Good,
    CheckFailed,
    /// Stopped before its end, and can go on.
    Stopped,
}

/// Parse, run, and turn the outcome into an exit status.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            // clap's first paragraph says what and where; one line of it.
            let text = error.to_string();
            let line: Vec<&str> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
            return refused(&InputError(line.join(" ").trim_start_matches("error: ").to_owned()));
        }
        // Help and version: a reader that has gone away is not an error, a full disk is.
        Err(help) => {
            return match help.print().and_then(|()| std::io::stdout().flush()).or_else(forgive) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => refused(&unprinted(&error)),
            };
        }
    };
    if let Err(error) = signals::register() {
        return refused(&InputError(format!("cannot watch for signals: {error}")));
    }
    let outcome = match cli.command {
        Command::Certify(args) => certify::run(args),
        Command::Sample(args) => sample::run(args),
        Command::Merge(args) => merge::run(args),
        Command::Train(args) => train::run(args),
        Command::Generate(args) => generate::run(args),
        Command::Quantize(args) => quantize::run(args),
        Command::Device(args) => device::run(args),
        Command::Measure(args) => measure::run(args),
        Command::Compare(args) => compare::run(args),
        Command::Exact(args) => exact::run(args),
    };
    match outcome {
        Ok(Outcome::Good) => ExitCode::SUCCESS,
        Ok(Outcome::CheckFailed) => ExitCode::from(1),
        // EX_TEMPFAIL: whoever started it may start it again.
        Ok(Outcome::Stopped) => ExitCode::from(75),
        Err(error) => refused(&error),
    }
}

fn refused(error: &InputError) -> ExitCode {
    warn(error);
    ExitCode::from(2)
}

/// A line on standard error, which may be closed.
fn warn(line: &dyn std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "stoquant: {line}");
}

/// Print to standard output; a reader that has gone away is not an error, a full disk is.
fn print(text: &str) -> Result<(), InputError> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).or_else(forgive).map_err(|error| unprinted(&error))
}

fn forgive(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) }
}

fn unprinted(error: &std::io::Error) -> InputError {
    InputError(format!("cannot write to standard output: {error}"))
}

/// Pretty JSON. NaN and infinities, which JSON lacks, become null.
fn json(value: &impl serde::Serialize) -> Result<String, InputError> {
    serde_json::to_string_pretty(value).map_err(InputError::new)
}
