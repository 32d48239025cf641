//! `cargo xtask fpga`: twins against the core, and bitstreams by open tools.

mod board;
mod change;
mod figures;
mod flow;
mod formal;
mod mutants;
mod netlist;

use crate::report::Report;
use crate::sh::{Result, capture, cargo, program};
use board::{Board, Design, Family};
use clap::{Subcommand, ValueEnum as _};
use std::fs;
use std::path::PathBuf;

/// Where circuits are, from the root.
const HARNESS: &str = "fpga-harness";
/// Where what is built goes, from the root: the tools run in a sandbox that sees nothing else.
const OUT: &str = "target/fpga";

/// What a bitstream samples with.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Langevin chains
    Chains,
    /// The quantised score
    Score,
}

/// What there is to do.
#[derive(Subcommand)]
pub enum Task {
    /// Write what the circuits have in common with the core
    Generate,
    /// Circuits against the core: lint, simulation in lockstep, proofs
    Test,
    /// Circuits that are wrong on purpose: the tests of the score's circuits must notice each
    Mutants {
        /// Only those whose descriptions begin so
        #[arg(long, default_value = "")]
        only: String,
    },
    /// A board's bitstream, its figures against the record, and its netlist against the core
    Build {
        /// Which board
        #[arg(long)]
        board: Board,
        /// What it samples with
        #[arg(long, value_enum, default_value_t = Kind::Chains)]
        design: Kind,
        /// How many chains, if not as many as the board has by itself
        #[arg(long)]
        pipes: Option<usize>,
        /// Leave out the netlist's simulation
        #[arg(long)]
        no_netlist: bool,
        /// Write area and clock frequency into the record
        #[arg(long)]
        record: bool,
    },
}

pub fn run(report: &mut Report, task: &Task) -> Result<()> {
    match *task {
        Task::Generate => generate(),
        Task::Test => test(report),
        Task::Mutants { ref only } => changed(report, only),
        Task::Build { design: Kind::Score, pipes: Some(_), .. } => {
            Err("score: it has no chains, so --pipes is not for it".into())
        }
        Task::Build { board, design: Kind::Score, record, .. } => build(report, board, Design::Score, false, record),
        Task::Build { board, design: Kind::Chains, pipes, no_netlist, record } => {
            build(report, board, Design::Chains(pipes.unwrap_or(board.pipes())), !no_netlist, record)
        }
    }
}

/// What must hold of the circuits before a commit.
pub fn test(report: &mut Report) -> Result<()> {
    report.step("FPGA: lint", lint)?;
    report.step("FPGA: circuits in lockstep", lockstep)?;
    formal::run(report)
}

/// What takes longer than that, and needs no more.
pub fn slow(report: &mut Report) -> Result<()> {
    changed(report, "")?;
    bitstreams(report)
}

/// What the tests of the score's circuits notice.
fn changed(report: &mut Report, only: &str) -> Result<()> {
    report.loud_step("FPGA: changed circuits", || mutants::run(only))
}

/// The boards' bitstreams.
fn bitstreams(report: &mut Report) -> Result<()> {
    for (board, design) in board::every() {
        // One netlist a family.
        build(report, board, design, design == Design::Chains(1), false)?;
    }
    Ok(())
}

fn build(report: &mut Report, board: Board, design: Design, netlist: bool, record: bool) -> Result<()> {
    let name = format!("FPGA: {board}, {design}");
    if netlist {
        report.step(&format!("{name}: netlist in lockstep"), || netlist::check(board.family()))?;
    }
    report.step(&format!("{name}: bitstream"), || flow::build(board, design, record))
}

fn generate() -> Result<()> {
    capture(cargo(["run", "--quiet", "--package", "stoquant-fpga", "--bin", "stoquant-fpga-generate"])).map(drop)
}

/// Circuits against the core; what they have in common with it must be as generated.
fn lockstep() -> Result<String> {
    let mut command =
        cargo(["test", "--package", "stoquant-fpga", "--features", "sim", "--profile", "release-checked"]);
    command.args(["--", "--nocapture"]);
    let said = capture(command)?;
    if !said.contains("as_generated ... ok") {
        return Err("nobody has compared the generated files".into());
    }
    let results = said.lines().filter(|line| line.starts_with("test result: ok."));
    let passed = results.filter_map(|line| line.split(" passed;").next()?.rsplit(' ').next()?.parse::<usize>().ok());
    Ok(format!("{} passed", passed.sum::<usize>()))
}

/// Parameters that are not simulated are linted at least: as wide, as many and as few as they may be.
fn lint() -> Result<String> {
    let sets: &[&[(&str, u32)]] = &[
        &[("W", 18), ("SitesLog2", 10), ("Pipes", 1), ("Bonds", 0)],
        &[("W", 18), ("SitesLog2", 10), ("Pipes", 8), ("Bonds", 1)],
        &[("W", 18), ("SitesLog2", 5), ("Pipes", 2), ("Bonds", 1)],
        &[("W", 16), ("SitesLog2", 10), ("Pipes", 1), ("Bonds", 0)],
        &[("W", 16), ("SitesLog2", 12), ("Pipes", 3), ("Bonds", 1)],
    ];
    let sources = sources(Family::Generic)?;
    // A board's parts have the parameters of its chains.
    for (top, set) in sets.iter().flat_map(|set| [("sq_replica", set), ("sq_top", set)]) {
        let mut verilator = program("verilator");
        verilator.args(["--lint-only", "-Wall", "--top-module", top]);
        verilator.args(include()).arg(format!("{HARNESS}/lint/waivers.vlt"));
        verilator.args(set.iter().map(|(name, value)| format!("-G{name}={value}")));
        verilator.args(&sources);
        capture(verilator)?;
    }
    // The models' side, and the circuit as an engine: no clippy without circuits sees them.
    let mut clippy = cargo(["clippy", "--package", "stoquant-fpga", "--package", "stoquant-device", "--all-targets"]);
    clippy.args(["--features", "stoquant-fpga/sim,stoquant-device/rtl"]);
    clippy.args(["--profile", "release-checked", "--", "-D", "warnings"]);
    capture(clippy)?;
    Ok(format!("{} sets of parameters, and clippy", sets.len()))
}

fn include() -> [String; 2] {
    [format!("-I{HARNESS}/rtl/gen"), format!("-I{HARNESS}/rtl")]
}

/// The circuits with the blocks of a family of devices, from the root.
fn sources(family: Family) -> Result<Vec<String>> {
    let mut sources = vec![];
    for directory in [&format!("rtl/prim/{}", family.name()), "rtl/prim", "rtl/gen", "rtl"] {
        sources.append(&mut files(directory)?);
    }
    Ok(sources)
}

/// The files of SystemVerilog in a directory of the harness.
fn files(directory: &str) -> Result<Vec<String>> {
    let directory = format!("{HARNESS}/{directory}");
    let entries = fs::read_dir(crate::sh::root().join(&directory)).map_err(|e| format!("{directory}: {e}"))?;
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| PathBuf::from(entry.file_name())));
    let mut files: Vec<String> = paths
        .filter(|path| path.extension().is_some_and(|e| e == "sv"))
        .map(|path| format!("{directory}/{}", path.display()))
        .collect();
    files.sort();
    Ok(files)
}

impl std::fmt::Display for Board {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let value = self.to_possible_value();
        f.write_str(value.as_ref().map_or("", |value| value.get_name()))
    }
}
