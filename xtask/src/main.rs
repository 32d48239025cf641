//! Workspace tasks: `cargo xtask setup` once, then `cargo xtask test`.

mod bare;
mod bench;
mod counts;
mod firmware;
mod fpga;
mod fuzz;
mod graph;
mod instructions;
mod lines;
mod mutants;
mod neon;
mod package;
mod panics;
mod python;
mod report;
mod scalar;
mod setup;
mod sh;
mod tables;
mod targets;
mod test;

use bare::Via;
use clap::{Parser, Subcommand};
use report::{Report, Selection};
use std::process::ExitCode;

/// Set-up, tests and builds of the whole workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Find or install what the project needs beyond Rust
    Setup,
    /// Everything that must hold before a commit; stops at the first failure
    Test {
        /// Also run the tests that are too slow for every commit
        #[arg(long)]
        full: bool,
        /// Print the names of the steps, and run none
        #[arg(long, conflicts_with = "only")]
        list: bool,
        /// Run only the steps whose names begin so
        #[arg(long, value_name = "STEP;…", value_delimiter = ';')]
        only: Vec<String>,
    },
    /// Formatting, lints, unit tests below the host, a short certificate: a minute or two once all is built
    Quick,
    /// Write the core's generated tables
    Tables {
        /// Only compare: exit 1 where a table differs from what would be written
        #[arg(long)]
        check: bool,
    },
    /// Build the core for every bare target with every combination of its features
    CiTargets {
        /// Use this compiler instead of the first that works
        #[arg(long)]
        via: Option<Via>,
    },
    /// Prove that the core's compiled code has no panic path, and that the proof can fail
    Panics {
        /// Use this compiler instead of the first that works
        #[arg(long)]
        via: Option<Via>,
    },
    /// Plant every defect of the table, and see which check catches it; fails where one survives
    Mutants {
        /// Compare names and catching rungs with the record of the report
        #[arg(long)]
        check: bool,
        /// Write the record of the report
        #[arg(long, conflicts_with = "check")]
        record: bool,
        /// Write the table as JSON to this file
        #[arg(long, value_name = "FILE")]
        json: Option<String>,
        /// Instead, generate defects from the syntax, and see which check catches each: `--survey --help` says how
        #[arg(long, num_args = 0.., allow_hyphen_values = true, value_name = "ARGUMENTS")]
        survey: Option<Vec<String>>,
    },
    /// Build the programs of the boards
    Firmware {
        /// Use this compiler instead of the first that works
        #[arg(long)]
        via: Option<Via>,
    },
    /// Circuits: tests, bitstreams
    Fpga {
        #[command(subcommand)]
        task: fpga::Task,
    },
    /// Break images of quantised networks: none may do harm
    Fuzz {
        /// For how long
        #[arg(long, default_value_t = 10.0)]
        minutes: f64,
    },
    /// Run the tests that compare bits for AArch64, under emulation
    Neon,
    /// Compare instructions executed on microcontrollers with the table of docs/performance.md
    Instructions {
        /// Write the table
        #[arg(long)]
        record: bool,
        /// Use this compiler instead of the first that works
        #[arg(long)]
        via: Option<Via>,
    },
    /// Compare instruction counts with the record; fails where there are more
    Counts {
        /// Write the record
        #[arg(long)]
        record: bool,
    },
    /// Run the benchmarks; arguments after `--` go to them
    Bench {
        /// Instead, print rates as ratios to the yardstick beside the record
        #[arg(long, conflicts_with = "args")]
        compare: bool,
        /// Measure, and write the record
        #[arg(long, conflicts_with = "args")]
        record: bool,
        /// Passed on to the benchmarks
        #[arg(last = true)]
        args: Vec<String>,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            if !e.output.is_empty() {
                eprintln!("{}", e.output.trim_end());
            }
            eprintln!("error: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> sh::Result<()> {
    let mut report = Report::default();
    match task {
        Task::Setup => setup::run(true).map(|note| println!("{note}")),
        Task::Test { full, list, only } => {
            let all = if list { Selection::List } else { Selection::All };
            test::run(full, if only.is_empty() { all } else { Selection::Only(only) })
        }
        Task::Quick => test::quick(),
        Task::Tables { check } => Ok(tables::run(check)?),
        Task::CiTargets { via } => targets::run(&mut report, targets::choose(via)?),
        Task::Panics { via } => panics::run(&mut report, targets::choose(via)?),
        Task::Firmware { via } => firmware::run(&mut report, targets::choose(via)?),
        Task::Fpga { task } => fpga::run(&mut report, &task),
        Task::Mutants { survey: Some(args), .. } => mutants::survey(&args),
        Task::Mutants { check, record, json, .. } => {
            let json = json.map(|file| format!("--json={file}"));
            let flags = [check.then_some("--check"), record.then_some("--record"), json.as_deref()];
            mutants::run(&flags.into_iter().flatten().collect::<Vec<_>>()).map(drop)
        }
        Task::Fuzz { minutes } => fuzz::run(minutes).map(|note| println!("{note}")),
        Task::Neon => neon::run().map(|note| println!("{note}")),
        Task::Instructions { record, via } => {
            instructions::run(targets::choose(via)?, record).map(|note| println!("{note}"))
        }
        Task::Counts { record } => counts::run(record).map(|note| println!("{note}")),
        Task::Bench { compare: false, record: false, args } => bench::all(&args),
        Task::Bench { record, .. } => bench::compare(record),
    }
}
