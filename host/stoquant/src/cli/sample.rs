//! `stoquant sample`.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use stoquant::analysis::ChainSeries;
use stoquant::analysis::chains::{Chains, list};
use stoquant::engine::{Chain, core_engine_on};
use stoquant::ensemble::{Ensemble, Manifest};
use stoquant::experiment::{Experiment, InputError};
use stoquant::output::{Outputs, hexadecimal};
use stoquant::resources;
use stoquant::sampler::measure;
use stoquant_core::error::Error;
use stoquant_model::{ArithKind, IntegratorKind};

use super::{ExperimentArgs, MachineArgs, Outcome, bar, json, print, warn};

#[derive(Args)]
pub struct SampleArgs {
    #[command(flatten)]
    experiment: ExperimentArgs,
    /// Ensemble to write; the manifest goes beside it, with .json appended
    #[arg(long, value_name = "FILE.npz")]
    out: PathBuf,
    #[command(flatten)]
    machine: MachineArgs,
    /// Print the manifest
    #[arg(long)]
    json: bool,
}

/// Most numbers that one ensemble may hold: 2^31. In memory a number takes 8 bytes.
pub(super) const MAX_VALUES: usize = 1 << 31;

/// What a chain leaves behind beside its configurations.
struct ChainOutput {
    made: Chain,
    bits: Vec<u64>,
    clipped: u64,
    accepted: u64,
    sweeps: u64,
    series: ChainSeries,
}

/// Memory of a run, in bytes: its configurations, the fields of the chains that run at a time, the last field of every
/// chain, and the observables.
fn memory(experiment: &Experiment, threads: usize) -> u64 {
    let (volume, chains) = (experiment.setup.volume() as u64, experiment.chains as u64);
    let running = 40 * volume * chains.min(threads as u64);
    8 * experiment.count as u64 * volume + running + 8 * volume * chains + 128 * experiment.count as u64
}

pub fn run(args: SampleArgs) -> Result<Outcome, InputError> {
    let machine = args.machine.machine()?;
    let mut outputs = Outputs::reading(args.experiment.input());
    let SampleArgs { experiment, out: path, json: as_json, .. } = args;
    let experiment = Experiment::new(&experiment.resolve()?)?;
    let Experiment { setup, chains, thermalise, every, start_width, count } = &experiment;
    let volume = setup.volume();
    if count.checked_mul(volume).is_none_or(|values| values > MAX_VALUES) {
        return Err(InputError(format!(
            "count = {count} configurations of {volume} sites: at most 2^31 numbers fit one ensemble"
        )));
    }
    let [out, beside] = outputs.pair("out", &path, ".json")?;
    let what = format!("count = {count} configurations of {volume} sites:");
    let single = setup.arith != ArithKind::F64;
    resources::need_memory(&format!("{what} this"), memory(&experiment, rayon::current_num_threads()))?;
    out.room_for(&format!("{what} the ensemble"), Ensemble::file_size(count * volume, *count, single, 0))?;
    let mut phi: Vec<f64> =
        resources::vector(count * volume, 1).map_err(|reason| InputError(format!("{what} {reason}")))?;
    phi.resize(count * volume, 0.0);

    let bar = bar(*count, "{bar:40} {pos}/{len} configurations, {elapsed} (eta {eta})", true);
    let mut rest = &mut phi[..];
    let parts = (0..*chains).map(|chain| {
        let (part, after) = std::mem::take(&mut rest).split_at_mut(experiment.share(chain) * volume);
        rest = after;
        part
    });
    let parts: Vec<&mut [f64]> = parts.collect();
    let mut outputs: Vec<ChainOutput> = parts
        .into_par_iter()
        .enumerate()
        .map(|(chain, part)| {
            let mut engine = core_engine_on(machine, setup, chain as u32)?;
            engine.hot_start(*start_width)?;
            engine.sweep(*thermalise)?;
            let mut series = ChainSeries::default();
            for slot in part.chunks_exact_mut(volume) {
                engine.sweep(*every)?;
                slot.copy_from_slice(&engine.phi()?);
                measure(slot, &setup.extents, &setup.couplings).push_to(&mut series);
                bar.inc(1);
            }
            let state = engine.state()?;
            let (clipped, accepted, sweeps) = (state.clipped, state.accepted, state.step);
            Ok(ChainOutput { made: *engine.chain(), bits: engine.bits()?, clipped, accepted, sweeps, series })
        })
        .collect::<Result<_, Error>>()?;
    bar.finish_and_clear();

    if phi.iter().any(|phi| !phi.is_finite()) {
        return Err(InputError(format!("eps = {}: a chain diverged; choose a smaller step", setup.eps)));
    }
    let numbers: Vec<u32> = (0..*chains as u32).collect();
    let series: Vec<ChainSeries> = outputs.iter_mut().map(|o| std::mem::take(&mut o.series)).collect();
    let agreement = Chains::compare(&numbers, &series).map_err(InputError::new)?;
    let chain = (0..*chains).flat_map(|c| std::iter::repeat_n(c as u32, experiment.share(c))).collect();
    let ensemble = Ensemble { extents: setup.extents, phi, chain };
    let mut file = out.begin()?;
    ensemble.write_npz(&mut file, single, &[]).map_err(|error| out.failed(&error))?;
    let mut words = Sha256::new();
    for word in outputs.iter().flat_map(|o| &o.bits) {
        words.update(word.to_le_bytes());
    }
    let Some(&ChainOutput { made: Chain { eps, target, .. }, .. }) = outputs.first() else {
        return Err(InputError::new("chains = 0: must be at least 1"));
    };
    let total = |f: fn(&ChainOutput) -> u64| outputs.iter().map(f).sum::<u64>();
    let manifest = Manifest {
        stoquant: env!("CARGO_PKG_VERSION"),
        experiment: (&experiment).into(),
        eps,
        target,
        acceptance: total(|o| o.accepted) as f64 / total(|o| o.sweeps).max(1) as f64,
        saturations: total(|o| o.clipped),
        agreement,
        file_sha256: file.sha256()?,
        final_bits_sha256: hexadecimal(&words.finalize()),
    };
    let text = json(&manifest)?;
    let mut manifest_file = beside.begin()?;
    manifest_file.write_all(format!("{text}\n").as_bytes()).map_err(|error| beside.failed(&error))?;
    manifest_file.complete()?;
    file.keep()?;
    manifest_file.keep()?;
    stuck(&outputs, setup.integrator);
    for warning in &manifest.agreement.warnings {
        warn(warning);
    }
    print(&if as_json { text } else { summary(&path, &experiment, &manifest) })?;
    Ok(Outcome::Good)
}

/// Says which chains never moved.
fn stuck(outputs: &[ChainOutput], integrator: IntegratorKind) {
    let still: Vec<String> =
        outputs.iter().enumerate().filter(|(_, o)| o.accepted == 0).map(|(chain, _)| chain.to_string()).collect();
    if integrator == IntegratorKind::Mala && !still.is_empty() {
        let all = still.len() == outputs.len();
        let which = if all { "any chain".into() } else { format!("chain {}", list(still.into_iter())) };
        warn(&format!(
            "acceptance 0: no proposal of {which} was accepted, and its configurations are its start; \
             choose a smaller eps"
        ));
    }
}

fn summary(out: &Path, experiment: &Experiment, manifest: &Manifest<'_>) -> String {
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
