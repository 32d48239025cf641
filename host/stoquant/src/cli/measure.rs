//! `stoquant measure`.

mod page;

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value as Json};
use stoquant::analysis::{AnalysisError, Gamma, Status};
use stoquant::ensemble::Reader;
use stoquant::estimate::{Estimate, Observable, Observables};
use stoquant::experiment::InputError;
use stoquant::measured::{Correlation, Measured, Value};
use stoquant::output::Outputs;
use stoquant::report::Report;

use super::{CouplingArgs, Outcome, json, print, table, threads, warn};

/// With couplings, the action's own observables are measured too.
#[derive(Args)]
pub struct MeasureArgs {
    /// Ensemble: a directory of `sample`, or .npz or .npy of shape (N, L0, L1, …), ours or any other
    #[arg(value_name = "FILE|DIR")]
    file: PathBuf,
    #[command(flatten)]
    couplings: CouplingArgs,
    /// Measure C_p(t) of the slices x₀ = t and its effective mass, at N momenta p = 2πn/L₁, n = 0, 1, …
    #[arg(long, value_name = "N", default_value_t = 0)]
    momenta: usize,
    /// Time series to write, an array (chains, draws) for each observable
    #[arg(long, value_name = "FILE.npz")]
    series: Option<PathBuf>,
    /// Directory of a page with figures, and the same as JSON
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Threads (default: all cores). Results do not depend on it
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Most momenta: beyond, a correlator is noise.
const MOMENTA: usize = 64;

pub fn run(args: MeasureArgs) -> Result<Outcome, InputError> {
    threads(args.threads)?;
    if args.momenta > MOMENTA {
        return Err(InputError(format!("momenta = {}: must be 0 to {MOMENTA}", args.momenta)));
    }
    let mut outputs = Outputs::reading([args.file.as_path()]);
    let prepare = |directory| Report::prepare(&mut outputs, directory, "measured.json");
    let report = args.report.as_deref().map(prepare).transpose()?;
    let series = args.series.as_deref().map(|path| outputs.add("series", path)).transpose()?;
    let reader = Reader::open(&args.file)?;
    let couplings = args.couplings.couplings(reader.extents.len())?;
    // A page without correlators would be a poor one.
    let momenta = if report.is_some() { args.momenta.max(1) } else { args.momenta };
    let measured = Measured::read(reader, couplings, momenta)?;
    let failed = |error: AnalysisError| InputError(format!("{}: {error}", args.file.display()));
    let gammas = measured.gammas().map_err(failed)?;
    let rows: Vec<Row> = gammas.iter().flat_map(rows).collect();
    let correlations = measured.correlations().map_err(failed)?;
    let chains = measured.agreement().map_err(failed)?;
    let mut warnings = chains.warnings.clone();
    let short: Vec<&str> =
        rows.iter().filter(|row| row.status == Status::TooCorrelated).map(|row| row.observable.key()).collect();
    if !short.is_empty() {
        warnings
            .push(format!("too few measurements for the autocorrelations of {}: they have no error", short.join(", ")));
    }
    for warning in &warnings {
        warn(warning);
    }
    let mut found = Map::new();
    for row in &rows {
        found.insert(row.observable.key().into(), serde_json::to_value(row).map_err(InputError::new)?);
    }
    if !correlations.is_empty() {
        found.insert("correlators".into(), serde_json::to_value(&correlations).map_err(InputError::new)?);
    }
    found.insert("chains".into(), serde_json::to_value(&chains.agreement).map_err(InputError::new)?);
    found.insert("warnings".into(), warnings.into());
    let found = Json::Object(found);
    if let Some(out) = series {
        let mut file = out.begin()?;
        measured.write_npz(&mut file).map_err(|error| out.failed(&error))?;
        file.keep()?;
    }
    if let Some(report) = report {
        let name = args.file.display().to_string();
        report.write(&page::page(&name, &measured, &gammas, &correlations, &chains).map_err(InputError)?, &found)?;
    }
    print(&if args.json {
        json(&found)?
    } else {
        let values: Observables = rows.iter().map(|row| (row.observable, row.estimate)).collect();
        let mut text = table::measured(&values);
        for correlation in &correlations {
            text += &format!("\n\n{}", correlator(correlation));
        }
        if !chains.agreement.is_empty() {
            text += &format!("\n\n{}", chains.table());
        }
        text
    })?;
    Ok(Outcome::Good)
}

/// A value with its error, and how far it can be trusted.
#[derive(Serialize)]
struct Row {
    #[serde(skip)]
    observable: Observable,
    /// An error that cannot be given is NaN, null in JSON.
    #[serde(flatten)]
    estimate: Estimate,
    status: Status,
}

/// An observable; M² brings its autocorrelation time along.
fn rows((&observable, gamma): (&Observable, &Gamma)) -> Vec<Row> {
    let Value { estimate, status, .. } = gamma.into();
    let mut out = vec![Row { observable, estimate, status }];
    if observable == Observable::M2 {
        let estimate = Estimate::new(gamma.tau_int, gamma.tau_int_error);
        out.push(Row { observable: Observable::TauInt, estimate, status });
    }
    out
}

/// One line a time.
fn correlator(correlation: &Correlation) -> String {
    let text = |value: Option<&Value>| value.map_or("-".into(), |value| value.estimate.to_string());
    let mut out = format!("{:<20} {:>28} {:>28}", format!("t, n = {}", correlation.momentum), "C(t)", "m_eff(t)");
    for (t, c) in correlation.c.iter().enumerate() {
        let mass = t.checked_sub(1).and_then(|before| correlation.m_eff.get(before)).and_then(Option::as_ref);
        out += &format!("\n{t:<20} {:>28} {:>28}", text(Some(c)), text(mass));
    }
    out
}
