//! `stoquant device certify`.

use std::path::PathBuf;

use clap::Args;
use stoquant::certify::Verdict;
use stoquant::device::certify::{Extent, certify};
use stoquant::experiment::InputError;
use stoquant::output::Outputs;

use super::super::summary::{Clock, summary};
use super::super::{Outcome, bar, json, print};
use super::{BoardArgs, link};

#[derive(Args)]
pub struct CertifyArgs {
    #[command(flatten)]
    board: BoardArgs,
    /// Site updates in lockstep, of every number type and integrator
    #[arg(long, default_value_t = 1_000_000, value_name = "N")]
    updates: u64,
    /// Length of the statistical runs, in units of the default certificate
    #[arg(long, default_value_t = 0.002, value_name = "X")]
    effort: f64,
    /// Seed, 64 bits
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print every check
    #[arg(long)]
    verbose: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Also write the certificate as JSON to this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub fn run(args: CertifyArgs) -> Result<Outcome, InputError> {
    if !(args.effort > 0.0 && args.effort <= 1e3) {
        return Err(InputError(format!("effort = {}: must be above 0 and at most 1000", args.effort)));
    }
    let mut outputs = Outputs::reading(args.board.firmware.as_deref());
    let out = args.out.as_deref().map(|path| outputs.add("out", path)).transpose()?;
    let device = args.board.open()?;
    let bar = bar(1, "{bar:40} {pos}/{len} {elapsed} (eta {eta}) {msg}", !args.json);
    let extent = Extent { updates: args.updates.max(1), effort: args.effort, seed: args.seed };
    let mut clock = Clock::default();
    let certificate = certify(&device, extent, |done, total, part| {
        clock.begin(part.rung);
        bar.set_length(total as u64);
        bar.set_position(done as u64);
        bar.set_message(part.name.clone());
    })?;
    clock.end();
    bar.finish_and_clear();
    let text = json(&certificate)?;
    if let Some(out) = out {
        out.write(format!("{text}\n").as_bytes())?;
    }
    print(&if args.json { text } else { summary(&certificate, &clock, args.verbose) })?;
    if !args.json {
        let counted = device.statistics().map_err(link)?;
        print(&format!(
            "link: {} frames to the board, {} damaged, {} repeated; stack {} bytes",
            counted.frames,
            counted.checksum.saturating_add(counted.framing),
            counted.repeated,
            counted.stack
        ))?;
    }
    Ok(if certificate.verdict == Verdict::Pass { Outcome::Good } else { Outcome::CheckFailed })
}
