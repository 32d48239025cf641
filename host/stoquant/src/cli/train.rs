//! `stoquant train`.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use serde::Serialize;
use stoquant::diffusion::train::{Losses, Recipe, RecipeOptions, Training, configurations};
use stoquant::experiment::InputError;
use stoquant::output::{Outputs, beside, sha256};
use stoquant::resources;
use stoquant::sampling::{Begin, Watch};

use super::going_on::GoingOnArgs;
use super::progress::Progress;
use super::{Outcome, bar, json, print, threads, warn};

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
    #[command(flatten)]
    going_on: GoingOnArgs,
    /// Threads (default: all cores). Results do not depend on it
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print the manifest
    #[arg(long)]
    json: bool,
}

/// Steps whose mean loss is shown.
const SHOWN: usize = 100;

/// Beside the model: how it came to be.
#[derive(Serialize)]
struct Manifest<'a> {
    stoquant: &'static str,
    recipe: &'a Recipe,
    /// Mean over the last tenth of the steps, of this run.
    loss: f64,
    /// The loss of h = 0 on the same batches.
    loss_of_nothing: f64,
    seconds: f64,
    file_sha256: String,
}

pub fn run(args: TrainArgs) -> Result<Outcome, InputError> {
    let threads = threads(args.threads)?;
    let recipe = args.recipe.resolve(args.config.as_deref())?;
    let mut outputs = Outputs::reading(args.config.iter().chain(&recipe.data).map(PathBuf::as_path));
    let [out, manifest_file] = outputs.pair("out", &args.out, ".json")?;
    let saved = beside(&args.out, ".checkpoint");
    let checkpoint_file = outputs.add("out, with .checkpoint,", &saved)?;
    let (count, volume) = (recipe.configurations as u64, (recipe.extent * recipe.extent) as u64);
    let what = format!("configurations = {count} of {volume} sites: this");
    resources::need_memory(&what, count.saturating_mul(volume).saturating_mul(8))?;
    let checkpoint = match args.going_on.begin() {
        Begin::Anew if saved.exists() => {
            return Err(InputError(format!(
                "{} is of an interrupted run: go on with --resume, or remove the file",
                saved.display()
            )));
        }
        Begin::Anew => None,
        Begin::ResumeIfAny if !saved.exists() => None,
        Begin::Resume | Begin::ResumeIfAny => {
            Some(std::fs::read(&saved).map_err(|e| InputError(format!("{}: {e}", saved.display())))?)
        }
    };

    let begun = Instant::now();
    let made = bar(recipe.configurations, "{bar:40} {pos}/{len} configurations, {elapsed} (eta {eta})", true);
    let phi = configurations(&recipe, threads, &|done| made.inc(done))?;
    made.finish_and_clear();
    let mut training = Training::new(&recipe, &phi);
    if let Some(bytes) = checkpoint {
        training.resume(&bytes).map_err(|InputError(reason)| InputError(format!("{}: {reason}", saved.display())))?;
    }
    let watch = Progress::new(recipe.steps, training.steps(), "steps", args.going_on.stop_after);
    let mut last = Instant::now();
    let mut losses: Vec<Losses> = Vec::new();
    while training.steps() < recipe.steps {
        let loss = training.step(threads);
        if !loss.network.is_finite() {
            return Err(InputError(format!("rate = {}: training diverged; choose a smaller one", recipe.rate)));
        }
        losses.push(loss);
        watch.done(1);
        if losses.len().is_multiple_of(SHOWN) {
            let mean = mean(&losses[losses.len() - SHOWN..]);
            watch.say(&format!("loss {:.5} of {:.5}", mean.network, mean.nothing));
        }
        let stop = watch.stop() && training.steps() < recipe.steps;
        if stop || last.elapsed() > args.going_on.checkpoint {
            checkpoint_file.write(&training.checkpoint()?)?;
            last = Instant::now();
        }
        if stop {
            let (done, steps) = (training.steps(), recipe.steps);
            watch.finish();
            warn(&format!(
                "stopped at {done} of {steps} steps: go on with the same command and --resume ({} is kept)",
                saved.display()
            ));
            return Ok(Outcome::Stopped);
        }
    }
    watch.finish();
    let model = training.finish();
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
    out.write(&bytes)?;
    manifest_file.write(format!("{text}\n").as_bytes())?;
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
    print(&if args.json { text } else { summary })?;
    Ok(Outcome::Good)
}

fn mean(losses: &[Losses]) -> Losses {
    let count = losses.len().max(1) as f64;
    // The empty sum of the library is -0.
    let sum = |of: fn(&Losses) -> f64| losses.iter().map(of).fold(0.0, |sum, loss| sum + loss) / count;
    Losses { network: sum(|l| l.network), nothing: sum(|l| l.nothing) }
}
