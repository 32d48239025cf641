//! `stoquant sample`.

use std::path::{Path, PathBuf};

use clap::Args;
use stoquant::analysis::chains::list;
use stoquant::engine::core_engine_on;
use stoquant::ensemble::Manifest;
use stoquant::experiment::{Experiment, InputError};
use stoquant::output::Outputs;
use stoquant::resources;
use stoquant::sampling::{Begun, End, Failure, Store, Stored, Target};
use stoquant_core::integrator::State;
use stoquant_model::IntegratorKind;

use super::going_on::GoingOnArgs;
use super::progress::Progress;
use super::{ExperimentArgs, MachineArgs, Outcome, pool, print, warn};

#[derive(Args)]
pub struct SampleArgs {
    #[command(flatten)]
    experiment: ExperimentArgs,
    /// Ensemble to write: an .npz with its manifest beside it (.json appended), or with / at the end a directory of
    /// .npy files
    #[arg(long, value_name = "FILE.npz|DIR/")]
    out: PathBuf,
    #[command(flatten)]
    machine: MachineArgs,
    #[command(flatten)]
    going_on: GoingOnArgs,
    /// Print the manifest
    #[arg(long)]
    json: bool,
}

/// Memory of a run, in bytes: the fields of the chains that run at a time, and what is kept of each chain.
fn memory(experiment: &Experiment, threads: usize) -> u64 {
    let (volume, chains) = (experiment.setup.volume() as u64, experiment.chains as u64);
    (48 * volume).saturating_mul(chains.min(threads as u64)).saturating_add(6000 * chains).saturating_add(64 << 20)
}

pub fn run(args: SampleArgs) -> Result<Outcome, InputError> {
    let machine = args.machine.machine()?;
    let mut outputs = Outputs::reading(args.experiment.input());
    let SampleArgs { experiment, out: path, going_on, json: as_json, .. } = args;
    let pool = pool(experiment.threads)?;
    let experiment = Experiment::new(&experiment.options.resolve(experiment.config.as_deref())?)?;
    let target = Target::new(&mut outputs, "out", &path)?;
    let Experiment { setup, count, .. } = &experiment;
    let what = format!("count = {count} configurations of {} sites:", setup.volume());
    resources::need_memory(&format!("{what} this"), memory(&experiment, pool.current_num_threads()))?;
    if !target.is_begun() {
        target.room_for(&format!("{what} the ensemble"), Store::bytes(&experiment))?;
    }
    let factory = move |setup: &_, chain| core_engine_on(machine, setup, chain);
    let mut run = match Stored::begin(&experiment, &factory, target, going_on.begin(), &pool)? {
        Begun::Run(run) => run,
        Begun::Complete(manifest) => {
            let complete = format!("{}: complete, {count} configurations", path.display());
            print(if as_json { manifest.trim_end() } else { &complete })?;
            return Ok(Outcome::Good);
        }
    };
    run.warnings.iter().for_each(|warning| warn(warning));
    let watch = Progress::new(*count, run.done(), "configurations", going_on.stop_after);
    let again = format!("go on with the same command and --resume ({} is kept)", run.work().display());
    match run.run(&pool, &watch, going_on.checkpoint) {
        Ok(End::Finished) => watch.finish(),
        Ok(End::Stopped) => {
            let done = run.done();
            watch.finish();
            warn(&format!("stopped at {done} of {count} configurations: {again}"));
            return Ok(Outcome::Stopped);
        }
        Err(Failure::Sink(error)) if run.is_saved() => {
            warn(&format!("{error}; once that is mended, {again}"));
            return Ok(Outcome::Stopped);
        }
        Err(failure) => return Err(failure.into()),
    }
    let (manifest, states) = match run.finish() {
        Err(error) if run.is_saved() => {
            warn(&format!("{error}; once that is mended, {again}"));
            return Ok(Outcome::Stopped);
        }
        finished => finished?,
    };
    stuck(&experiment, &states);
    for warning in &manifest.agreement.warnings {
        warn(warning);
    }
    print(&if as_json { manifest.text()?.trim_end().to_owned() } else { summary(&path, &experiment, &manifest) })?;
    Ok(Outcome::Good)
}

/// Says which chains never moved.
fn stuck(experiment: &Experiment, states: &[State]) {
    let still = |(place, state): (usize, &State)| (state.accepted == 0).then(|| experiment.chain(place).to_string());
    let still: Vec<String> = states.iter().enumerate().filter_map(still).collect();
    if experiment.setup.integrator == IntegratorKind::Mala && !still.is_empty() {
        let all = still.len() == states.len();
        let which = if all { "any chain".into() } else { format!("chain {}", list(still.into_iter())) };
        warn(&format!(
            "acceptance 0: no proposal of {which} was accepted, and its configurations are its start; \
             choose a smaller eps"
        ));
    }
}

pub(super) fn summary(out: &Path, experiment: &Experiment, manifest: &Manifest<'_>) -> String {
    let (out, chains) = (out.display(), experiment.chains);
    let mut text = format!("{out}: {} configurations in {chains} chains", experiment.count);
    if experiment.setup.integrator == IntegratorKind::Mala {
        text += &format!(", acceptance {:.3}", manifest.acceptance);
    }
    if manifest.saturations > 0 {
        text += &format!(", {} saturations", manifest.saturations);
    }
    if !manifest.agreement.agreement.is_empty() {
        text += &format!("\n{}", manifest.agreement.table());
    }
    text + &format!("\nfinal bits {}", manifest.final_bits_sha256)
}
