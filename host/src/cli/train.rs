//! `stoquant train`.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use stoquant::diffusion::train::{Losses, Recipe, RecipeOptions, Training, configurations};
use stoquant::ensemble::{sha256, write_atomic};
use stoquant::experiment::InputError;

use super::{Outcome, json, print, threads};

#[derive(Args)]
pub struct TrainArgs {
    /// Recipe (TOML); flags override its keys
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    recipe: RecipeOptions,
    /// Model to write (safetensors); the manifest goes beside it, with .json appended
    #[arg(long, value_name = "FILE.safetensors")]
    out: PathBuf,
    /// Go on from the checkpoint that an interrupted run has left beside the model
    #[arg(long)]
    resume: bool,
    /// Threads (default: all cores). Results do not depend on it
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print the manifest
    #[arg(long)]
    json: bool,
}

/// Time between checkpoints.
const CHECKPOINT: Duration = Duration::from_secs(20);

/// Steps whose mean loss is shown.
const SHOWN: usize = 100;

/// Beside the model: how it came to be.
#[derive(Serialize)]
struct Manifest<'a> {
    stoquant: &'static str,
    recipe: &'a Recipe,
    /// Mean over the last tenth of the steps, of this run.
    loss: f64,
    /// The same with h = 0.
    loss_of_nothing: f64,
    seconds: f64,
    file_sha256: String,
}

/// The framework starts threads of its own for every small operation unless its environment says not to; here a thread has a share of
/// the batch, and theirs would stand in its way. The variables are read at the first use, so the command starts itself anew.
fn alone() -> Result<Option<Outcome>, InputError> {
    const VARIABLES: [&str; 2] = ["CANDLE_NUM_THREADS", "RAYON_NUM_THREADS"];
    if VARIABLES.iter().all(|name| std::env::var(name).is_ok_and(|value| value == "1")) {
        return Ok(None);
    }
    let program = std::env::current_exe().map_err(InputError::new)?;
    let mut command = std::process::Command::new(program);
    command.args(std::env::args_os().skip(1)).envs(VARIABLES.map(|name| (name, "1")));
    let status = command.status().map_err(InputError::new)?;
    match status.code() {
        Some(0) => Ok(Some(Outcome::Good)),
        // The line has been printed.
        Some(code) => std::process::exit(code),
        None => Err(InputError::new("the training was interrupted; go on with --resume")),
    }
}

pub fn run(args: TrainArgs) -> Result<Outcome, InputError> {
    if let Some(outcome) = alone()? {
        return Ok(outcome);
    }
    let recipe = args.recipe.resolve(args.config.as_deref())?;
    let directory = args.out.parent().filter(|p| !p.as_os_str().is_empty());
    if directory.is_some_and(|p| !p.is_dir()) || args.out.is_dir() {
        return Err(InputError(format!("out = {}: must name a file in an existing directory", args.out.display())));
    }
    let threads = match args.threads {
        Some(count) => {
            threads(Some(count))?;
            count
        }
        None => std::thread::available_parallelism().map_or(1, usize::from),
    };
    let saved = beside(&args.out, ".checkpoint");
    let checkpoint = match args.resume {
        true => Some(std::fs::read(&saved).map_err(|e| InputError(format!("{}: {e}", saved.display())))?),
        false => None,
    };

    let begun = Instant::now();
    let bar = bar(recipe.configurations, "{bar:40} {pos}/{len} configurations, {elapsed} (eta {eta})");
    let phi = configurations(&recipe, threads, &|done| bar.inc(done))?;
    bar.finish_and_clear();
    let failed = |error: candle_core::Error| InputError(format!("training failed: {error}"));
    let mut training = Training::new(&recipe, &phi).map_err(failed)?;
    if let Some(bytes) = checkpoint {
        training.resume(&bytes).map_err(|InputError(reason)| InputError(format!("{}: {reason}", saved.display())))?;
    }
    let bar = self::bar(recipe.steps, "{bar:40} {pos}/{len} steps, {elapsed} (eta {eta}), {msg}");
    bar.set_position(training.steps() as u64);
    bar.reset_eta();
    let mut last = Instant::now();
    let mut losses: Vec<Losses> = Vec::new();
    while training.steps() < recipe.steps {
        let loss = training.step(threads).map_err(failed)?;
        if !loss.network.is_finite() {
            return Err(InputError(format!("rate = {}: training diverged; choose a smaller one", recipe.rate)));
        }
        losses.push(loss);
        bar.inc(1);
        if losses.len().is_multiple_of(SHOWN) {
            let mean = mean(&losses[losses.len() - SHOWN..]);
            bar.set_message(format!("loss {:.5} of {:.5}", mean.network, mean.nothing));
        }
        if last.elapsed() > CHECKPOINT {
            write_atomic(&saved, &training.checkpoint()?)?;
            last = Instant::now();
        }
    }
    bar.finish_and_clear();
    let model = training.finish().map_err(failed)?;
    let bytes = model.to_bytes()?;
    let loss = mean(&losses[losses.len() - losses.len().div_ceil(10)..]);
    let manifest = Manifest {
        stoquant: env!("CARGO_PKG_VERSION"),
        recipe: &recipe,
        loss: loss.network,
        loss_of_nothing: loss.nothing,
        seconds: begun.elapsed().as_secs_f64(),
        file_sha256: sha256(&bytes),
    };
    let text = json(&manifest)?;
    write_atomic(&args.out, &bytes)?;
    write_atomic(&beside(&args.out, ".json"), format!("{text}\n").as_bytes())?;
    // It has served its turn; one that is left behind harms nobody.
    let _ = std::fs::remove_file(&saved);
    let summary = format!(
        "{}: {} numbers, {} steps in {:.0} s, loss {:.5} ({:.5} with nothing learned)",
        args.out.display(),
        model.tensors.values().map(|t| t.data.len()).sum::<usize>(),
        recipe.steps,
        manifest.seconds,
        loss.network,
        loss.nothing
    );
    print(&if args.json { text } else { summary });
    Ok(Outcome::Good)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.to_path_buf().into_os_string();
    name.push(suffix);
    name.into()
}

fn bar(length: usize, template: &str) -> ProgressBar {
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new(length as u64) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

fn mean(losses: &[Losses]) -> Losses {
    let count = losses.len().max(1) as f64;
    let sum = |of: fn(&Losses) -> f64| losses.iter().map(of).sum::<f64>() / count;
    Losses { network: sum(|l| l.network), nothing: sum(|l| l.nothing) }
}
