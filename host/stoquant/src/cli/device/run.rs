//! `stoquant device run`.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use sha2::{Digest, Sha256};
use stoquant::device::Device;
use stoquant::experiment::{Experiment, InputError, Options};
use stoquant::output::hexadecimal;
use stoquant_core::error::Error;

use super::super::{Outcome, json, print};
use super::BoardArgs;

#[derive(Args)]
pub struct RunArgs {
    #[command(flatten)]
    board: BoardArgs,
    /// Experiment file (TOML); flags override its keys
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Row {
    chain: u32,
    step: u64,
    clipped: u64,
    accepted: u64,
    m: f64,
    phi2: f64,
    action_density: f64,
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Report {
    /// Chains that ran at a time.
    side_by_side: u32,
    rows: Vec<Row>,
    /// As in the manifest of `sample`.
    final_bits_sha256: String,
}

pub fn run(args: RunArgs) -> Result<Outcome, InputError> {
    let mut options = args.options.resolve(args.config.as_deref())?;
    // Where nobody says otherwise: one chain, and every sweep counts.
    options.chains.get_or_insert(1);
    options.thermalise.get_or_insert(0);
    let experiment = Experiment::new(&options)?;
    let device = args.board.open()?;
    let report = run_all(&device, &experiment).map_err(|error| device.explain(error))?;
    if args.json {
        print(&json(&report)?)?;
        return Ok(Outcome::Good);
    }
    let mut text = format!(
        "{:>5} {:>10} {:>8} {:>10} {:>14} {:>14} {:>14}",
        "chain", "step", "clipped", "accepted", "m", "phi2", "action/V"
    );
    for Row { chain, step, clipped, accepted, m, phi2, action_density } in report.rows {
        text += &format!(
            "\n{chain:>5} {step:>10} {clipped:>8} {accepted:>10} {m:>14.8} {phi2:>14.8} {action_density:>14.8}"
        );
    }
    print(&format!("{text}\nfinal bits, SHA-256: {}", report.final_bits_sha256))?;
    Ok(Outcome::Good)
}

/// The chains of `sample`, as many side by side as the board has, and the others after them.
fn run_all(device: &Device, experiment: &Experiment) -> Result<Report, Error> {
    let chains = experiment.first_chain..experiment.first_chain + experiment.chains as u32;
    let side_by_side = device.chains().min(chains.len() as u32);
    let (mut rows, mut words) = (vec![], Sha256::new());
    for first in chains.clone().step_by(side_by_side as usize) {
        let group = first..chains.end.min(first + side_by_side);
        let share = |chain: u32| experiment.share((chain - chains.start) as usize);
        let mut board = device.side_by_side(&experiment.setup, group.clone())?;
        board.hot_start(experiment.start_width)?;
        board.sweep(experiment.thermalise)?;
        let mut last = vec![vec![]; group.len()];
        // The first chains have more configurations than the others, or as many.
        for row in 0..share(first) {
            board.sweep(experiment.every)?;
            for (at, chain) in group.clone().enumerate().filter(|&(_, chain)| row < share(chain)) {
                let (state, measured) = (board.state(at)?, board.measure(at)?);
                rows.push(Row {
                    chain,
                    step: state.step,
                    clipped: state.clipped,
                    accepted: state.accepted,
                    m: measured.m,
                    phi2: measured.phi2,
                    action_density: measured.action_density,
                });
                if row + 1 == share(chain) {
                    last[at] = board.bits(at)?;
                }
            }
        }
        last.iter().flatten().for_each(|word| words.update(word.to_le_bytes()));
    }
    Ok(Report { side_by_side, rows, final_bits_sha256: hexadecimal(&words.finalize()) })
}
