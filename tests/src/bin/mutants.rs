//! Plants every defect and prints which check catches it first; exit 1 if one survives, or if a check fails without a
//! defect.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use stoquant_tests::mutants::{self, Outcome, climb};

/// Plant defects and see them caught
#[derive(Parser)]
#[command(name = "mutants")]
struct Args {
    /// Write the table as JSON to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the record that reports show
    #[arg(long, conflicts_with = "group")]
    record: bool,
    /// Compare names and catching rungs with the record
    #[arg(long, conflicts_with_all = ["record", "group"])]
    check: bool,
    /// Only the defects of this group, and no control
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// Also plant what is no defect: it must survive, and this command fail
    #[arg(long, hide = true)]
    neutral: bool,
}

/// Where the record lies.
const RECORD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../host/certify/src/report/defects.json");

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<bool, String> {
    // Without a defect first: else a catch means nothing.
    let controls = if args.group.is_none() { climb(&mutants::controls()) } else { Vec::new() };
    if let Some(false_alarm) = controls.iter().find(|control| control.caught()) {
        let Outcome { name, description, caught_by, value, .. } = false_alarm;
        return Err(format!("{name} ({description}) has no defect, and yet {caught_by}: {value}"));
    }
    println!("{} subjects without a defect: nothing fails", controls.len());

    let mut defects = mutants::defects();
    if let Some(group) = &args.group {
        defects.retain(|defect| defect.group == group);
    }
    if defects.is_empty() {
        return Err("no defect to plant: there is no such group".into());
    }
    if args.neutral {
        defects.extend(mutants::controls().into_iter().take(1));
    }
    let outcomes = climb(&defects);
    print(&outcomes);
    let json = serde_json::to_string_pretty(&outcomes).map_err(|e| e.to_string())? + "\n";
    if let Some(path) = &args.json {
        write(path, &json)?;
    }
    if args.record {
        write(Path::new(RECORD), &json)?;
    }
    let differences = if args.check { differences(&outcomes)? } else { Vec::new() };
    differences.iter().for_each(|difference| println!("differs from the record: {difference}"));
    let caught = outcomes.iter().filter(|outcome| outcome.caught()).count();
    println!("{} planted, {caught} caught, {} survived", outcomes.len(), outcomes.len() - caught);
    Ok(caught == outcomes.len() && differences.is_empty())
}

fn print(outcomes: &[Outcome]) {
    println!("{:<12} {:<38} {:<86} {:>16} {:>6}", "group", "defect", "caught by", "value", "ms");
    for o in outcomes {
        let by = if o.caught() { &o.caught_by } else { "SURVIVOR" };
        println!("{:<12} {:<38} {by:<86} {:>16} {:>6}", o.group, o.name, o.value, o.ms);
    }
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let error = |e: std::io::Error| format!("{}: {e}", path.display());
    path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(error)?;
    std::fs::write(path, text).map_err(error)
}

/// Defects that are new, gone, or caught by another rung than on record.
fn differences(outcomes: &[Outcome]) -> Result<Vec<String>, String> {
    let text = std::fs::read_to_string(RECORD).map_err(|e| format!("{RECORD}: {e}"))?;
    let record: Vec<Outcome> = serde_json::from_str(&text).map_err(|e| format!("{RECORD}: {e}"))?;
    let same = |a: &Outcome, b: &Outcome| (&a.group, &a.name) == (&b.group, &b.name);
    let mut found: Vec<String> = Vec::new();
    for now in outcomes {
        match record.iter().find(|then| same(then, now)) {
            None => found.push(format!("{}: {} is not on record", now.group, now.name)),
            Some(then) if then.rung() != now.rung() => {
                found.push(format!("{}: {} by {}, on record {}", now.group, now.name, now.rung(), then.rung()));
            }
            Some(_) => {}
        }
    }
    let gone = record.iter().filter(|then| !outcomes.iter().any(|now| same(then, now)));
    found.extend(gone.map(|then| format!("{}: {} is on record alone", then.group, then.name)));
    Ok(found)
}
