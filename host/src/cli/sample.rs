//! `stoquant sample`.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;
use stoquant::engine::{ArithKind, IntegratorKind, core_engine_on};
use stoquant::ensemble::{Ensemble, Manifest, sha256, write_atomic};
use stoquant::experiment::{Experiment, Extents, InputError, Options};

use super::{ExperimentArgs, MachineArgs, Outcome, json, print};

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

/// Most numbers that one ensemble may hold: 2^31, 16 GiB in memory.
pub(super) const MAX_VALUES: usize = 1 << 31;

/// What a chain leaves behind.
struct ChainOutput {
    phi: Vec<f64>,
    bits: Vec<u64>,
    clipped: u64,
    accepted: u64,
    sweeps: u64,
}

pub fn run(args: SampleArgs) -> Result<Outcome, InputError> {
    let machine = args.machine.machine()?;
    let experiment = Experiment::new(&args.experiment.resolve()?)?;
    let Experiment { setup, chains, thermalise, every, start_width, .. } = &experiment;
    let volume = setup.volume();
    if experiment.count.checked_mul(volume).is_none_or(|values| values > MAX_VALUES) {
        return Err(InputError(format!(
            "count = {} configurations of {volume} sites: at most 2^31 numbers fit one ensemble",
            experiment.count
        )));
    }
    writable(&args.out)?;
    let bar =
        if std::io::stderr().is_terminal() { ProgressBar::new(experiment.count as u64) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} configurations, {elapsed} (eta {eta})") {
        bar.set_style(style);
    }
    let outputs: Vec<ChainOutput> = (0..*chains)
        .into_par_iter()
        .map(|chain| {
            let mut engine = core_engine_on(machine, setup, chain as u32)?;
            engine.hot_start(*start_width)?;
            engine.sweep(*thermalise);
            let share = experiment.share(chain);
            let mut phi = Vec::with_capacity(share * volume);
            for _ in 0..share {
                engine.sweep(*every);
                phi.extend(engine.phi());
                bar.inc(1);
            }
            let state = engine.state();
            let (clipped, accepted, sweeps) = (state.clipped, state.accepted, state.step);
            Ok(ChainOutput { phi, bits: engine.bits(), clipped, accepted, sweeps })
        })
        .collect::<Result<_, stoquant_core::error::Error>>()
        .map_err(InputError::new)?;
    bar.finish_and_clear();

    let chain = (0..*chains).flat_map(|c| std::iter::repeat_n(c as u32, experiment.share(c))).collect();
    let phi: Vec<f64> = outputs.iter().flat_map(|o| o.phi.iter().copied()).collect();
    if phi.iter().any(|phi| !phi.is_finite()) {
        return Err(InputError(format!("eps = {}: a chain diverged; choose a smaller step", setup.eps)));
    }
    let ensemble = Ensemble { extents: setup.extents.clone(), phi, chain };
    let bytes = ensemble.to_npz(setup.arith != ArithKind::F64)?;
    let words: Vec<u8> = outputs.iter().flat_map(|o| o.bits.iter().flat_map(|w| w.to_le_bytes())).collect();
    let engine = core_engine_on(machine, setup, 0).map_err(InputError::new)?;
    let total = |f: fn(&ChainOutput) -> u64| outputs.iter().map(f).sum::<u64>();
    let manifest = Manifest {
        stoquant: env!("CARGO_PKG_VERSION"),
        experiment: options(&experiment),
        eps: engine.eps(),
        target: engine.target(),
        acceptance: total(|o| o.accepted) as f64 / total(|o| o.sweeps).max(1) as f64,
        saturations: total(|o| o.clipped),
        file_sha256: sha256(&bytes),
        final_bits_sha256: sha256(&words),
    };
    let text = json(&manifest)?;
    write_atomic(&args.out, &bytes)?;
    let mut beside = args.out.clone().into_os_string();
    beside.push(".json");
    write_atomic(beside.as_ref(), format!("{text}\n").as_bytes())?;
    print(&if args.json { text } else { summary(&args.out, &experiment, &manifest) });
    Ok(Outcome::Good)
}

/// Whether `out` can name a new file.
pub(super) fn writable(out: &Path) -> Result<(), InputError> {
    let directory = out.parent().filter(|p| !p.as_os_str().is_empty());
    if directory.is_some_and(|p| !p.is_dir()) || out.is_dir() {
        return Err(InputError(format!("out = {}: must name a file in an existing directory", out.display())));
    }
    Ok(())
}

fn summary(out: &Path, experiment: &Experiment, manifest: &Manifest<'_>) -> String {
    let mut text = format!("{}: {} configurations in {} chains", out.display(), experiment.count, experiment.chains);
    if experiment.setup.integrator == IntegratorKind::Mala {
        text += &format!(", acceptance {:.3}", manifest.acceptance);
    } else if manifest.saturations > 0 {
        text += &format!(", {} saturations", manifest.saturations);
    }
    text + &format!("\nfinal bits {}", manifest.final_bits_sha256)
}

/// Every key of the experiment as it ran.
fn options(e: &Experiment) -> Options {
    let c = e.setup.couplings;
    Options {
        extent: Some(Extents(e.setup.extents.clone())),
        kappa: Some(c.kappa),
        lambda: Some(c.lambda),
        b: Some(c.b),
        arith: Some(e.setup.arith),
        integrator: Some(e.setup.integrator),
        eps: Some(e.setup.eps),
        noise: Some(e.setup.noise),
        seed: Some(e.setup.seed),
        chains: Some(e.chains),
        thermalise: Some(e.thermalise),
        count: Some(e.count),
        every: Some(e.every),
        start_width: Some(e.start_width),
        ..Options::default()
    }
}
