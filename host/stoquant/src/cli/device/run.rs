//! `stoquant device run`.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use stoquant::experiment::{Experiment, InputError, Options};
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
    step: u64,
    clipped: u64,
    accepted: u64,
    m: f64,
    phi2: f64,
    action_density: f64,
}

pub fn run(args: RunArgs) -> Result<Outcome, InputError> {
    let experiment = Experiment::new(&args.options.resolve(args.config.as_deref())?)?;
    let device = args.board.open()?;
    let (setup, each) = (experiment.setup, experiment.every);
    let run = || {
        let mut engine = device.engine(&setup, 0)?;
        engine.hot_start(1.0)?;
        let row = |_| {
            engine.sweep(each)?;
            let (state, measured) = (engine.state()?, engine.measure()?);
            Ok(Row {
                step: state.step,
                clipped: state.clipped,
                accepted: state.accepted,
                m: measured.m,
                phi2: measured.phi2,
                action_density: measured.action_density,
            })
        };
        (0..experiment.count).map(row).collect::<Result<Vec<Row>, Error>>()
    };
    let rows = run().map_err(|error| device.explain(error))?;
    if args.json {
        print(&json(&rows)?)?;
    } else {
        let mut text =
            format!("{:>10} {:>8} {:>10} {:>14} {:>14} {:>14}", "step", "clipped", "accepted", "m", "phi2", "action/V");
        for Row { step, clipped, accepted, m, phi2, action_density } in rows {
            text += &format!("\n{step:>10} {clipped:>8} {accepted:>10} {m:>14.8} {phi2:>14.8} {action_density:>14.8}");
        }
        print(&text)?;
    }
    Ok(Outcome::Good)
}
