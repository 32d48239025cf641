//! Rates as ratios beside the record, as Markdown; `--record` writes the record.

use std::process::ExitCode;

use clap::Parser;
use stoquant_benches::record::{Figure, Place, Record};
use stoquant_benches::rows::{Group, SECTIONS, yardstick};

/// Passes over the table, a minute in all.
const PASSES: usize = 15;

/// Rates as ratios to the yardstick of the same run
#[derive(Parser)]
struct Args {
    /// Write the record
    #[arg(long)]
    record: bool,
}

fn main() -> ExitCode {
    match run(Args::parse().record) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(write: bool) -> Result<(), String> {
    let place = Place::here();
    let machines: Vec<_> = place.machines.iter().map(|machine| machine.name()).collect();
    println!("{}, {} cores, {}; {}; {}", place.cpu, place.cores, machines.join(", "), place.compiler, place.date);
    let recorded = if Record::exists() { Some(Record::read()?) } else { None };
    match &recorded {
        None => println!("No record."),
        Some(record) if record.place.cpu != place.cpu => {
            println!(
                "The record is of another processor ({}): its changes are not the code's alone.",
                record.place.cpu
            );
        }
        Some(record) => println!("Record of {}, {}.", record.place.date, record.place.compiler),
    }
    let mut yardstick = yardstick();
    let mut sections = SECTIONS.map(|(title, groups)| (title, groups()));
    for _ in 0..PASSES {
        yardstick.pass();
        sections.iter_mut().flat_map(|(_, groups)| groups).for_each(Group::pass);
    }
    let mut figures = yardstick.figures();
    for Figure { name, ratio } in &figures {
        println!("The {name}, on 32²: {:.2e} [{:.2e}, {:.2e}].", ratio.median, ratio.low, ratio.high);
    }
    for (title, groups) in sections {
        println!("\n| {title} | median | quartiles | record | change |\n|---|---|---|---|---|");
        let section: Vec<_> = groups.iter().flat_map(Group::figures).collect();
        section.iter().for_each(|figure| print(figure, recorded.as_ref()));
        if section.len() < groups.len() {
            println!("| {} more: not measured, the second core was busy | | | | |", groups.len() - section.len());
        }
        figures.extend(section);
    }
    if write {
        Record { place, figures }.write()?;
    }
    Ok(())
}

fn print(Figure { name, ratio }: &Figure, recorded: Option<&Record>) {
    let (record, change) = match recorded.and_then(|record| record.find(name)) {
        Some(old) => {
            (format!("{:.2}", old.ratio.median), format!("{:+.0} %", 100.0 * (ratio.median / old.ratio.median - 1.0)))
        }
        None => Default::default(),
    };
    println!("| {name} | {:.2} | [{:.2}, {:.2}] | {record} | {change} |", ratio.median, ratio.low, ratio.high);
}
