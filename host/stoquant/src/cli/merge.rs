//! `stoquant merge`.

use std::path::PathBuf;

use clap::Args;
use stoquant::engine::core_engine;
use stoquant::experiment::InputError;
use stoquant::output::Outputs;
use stoquant::sampling::{Target, merge};

use super::sample::summary;
use super::{Outcome, pool, print, warn};

#[derive(Args)]
pub struct MergeArgs {
    /// Ensembles of `sample`, of different chains of one experiment, with their manifests
    #[arg(value_name = "FILE.npz|DIR/", required = true)]
    inputs: Vec<PathBuf>,
    /// Ensemble to write: what one run of all chains would have written
    #[arg(long, value_name = "FILE.npz|DIR/")]
    out: PathBuf,
    /// Threads (default: all cores). Results do not depend on it
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print the manifest
    #[arg(long)]
    json: bool,
}

pub fn run(args: MergeArgs) -> Result<Outcome, InputError> {
    let pool = pool(args.threads)?;
    let mut outputs = Outputs::reading(args.inputs.iter().map(PathBuf::as_path));
    let target = Target::new(&mut outputs, "out", &args.out)?;
    let (experiment, manifest) = merge(&args.inputs, &core_engine, target, &pool)?;
    for warning in &manifest.agreement.warnings {
        warn(warning);
    }
    let text =
        if args.json { manifest.text()?.trim_end().to_owned() } else { summary(&args.out, &experiment, &manifest) };
    print(&text)?;
    Ok(Outcome::Good)
}
