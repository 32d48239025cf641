//! `stoquant measure`.

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Args;
use rayon::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value};
use stoquant::analysis::chains::{Chains, Record};
use stoquant::analysis::{AnalysisError, ChainSeries, Gamma, Status, gammas};
use stoquant::ensemble::Reader;
use stoquant::estimate::{Estimate, Observable, Observables};
use stoquant::experiment::InputError;
use stoquant::resources;
use stoquant::sampler::measure;
use stoquant_model::Phi4;

use super::{CouplingArgs, Outcome, json, print, table, threads, warn};

/// With couplings, the action's own observables are measured too.
#[derive(Args)]
pub struct MeasureArgs {
    /// Ensemble: a directory of `sample`, or .npz or .npy of shape (N, L0, L1, …), ours or any other
    #[arg(value_name = "FILE|DIR")]
    file: PathBuf,
    #[command(flatten)]
    couplings: CouplingArgs,
    /// Threads (default: all cores). Results do not depend on it
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: MeasureArgs) -> Result<Outcome, InputError> {
    threads(args.threads)?;
    let reader = Reader::open(&args.file)?;
    let (couplings, volume) = (args.couplings.couplings(reader.extents.len())?, reader.volume());
    let (names, series) = series(reader, couplings)?;
    let failed = |error: AnalysisError| InputError(format!("{}: {error}", args.file.display()));
    let found: Vec<Row> = gammas(&series, volume).map_err(failed)?.iter().flat_map(rows).collect();
    let longest = series.iter().map(ChainSeries::len).max().unwrap_or(0);
    let records: Vec<Record> = series.iter().map(|series| Record::of(series, longest, names.len())).collect();
    let chains = Chains::compare(&names, &records).map_err(failed)?;
    let mut warnings = chains.warnings.clone();
    let short: Vec<&str> =
        found.iter().filter(|row| row.status == Status::TooCorrelated).map(|row| row.observable.key()).collect();
    if !short.is_empty() {
        warnings
            .push(format!("too few measurements for the autocorrelations of {}: they have no error", short.join(", ")));
    }
    for warning in &warnings {
        warn(warning);
    }
    print(&if args.json {
        let mut out = Map::new();
        for row in &found {
            out.insert(row.observable.key().into(), serde_json::to_value(row).map_err(InputError::new)?);
        }
        out.insert("chains".into(), serde_json::to_value(&chains.agreement).map_err(InputError::new)?);
        out.insert("warnings".into(), warnings.into());
        json(&Value::Object(out))?
    } else {
        let values: Observables = found.iter().map(|row| (row.observable, row.estimate)).collect();
        let mut text = table::measured(&values);
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
    let error = if gamma.status == Status::TooCorrelated { f64::NAN } else { gamma.error };
    let row =
        |observable, value, error| Row { observable, estimate: Estimate::new(value, error), status: gamma.status };
    let mut out = vec![row(observable, gamma.value, error)];
    if observable == Observable::M2 {
        out.push(row(Observable::TauInt, gamma.tau_int, gamma.tau_int_error));
    }
    out
}

/// Numbers that are measured at a time.
const TOGETHER: usize = 1 << 20;

/// The numbers of the chains, in the order in which they begin, and their measurements.
fn series(reader: Reader, couplings: Option<Phi4>) -> Result<(Vec<u32>, Vec<ChainSeries>), InputError> {
    // Without couplings the action's observables are left out.
    let c = couplings.unwrap_or(Phi4 { kappa: 0.0, b: 0.0, lambda: 0.0 });
    let (extents, volume, count) = (reader.extents, reader.volume(), reader.count());
    resources::need_memory(&format!("measuring {count} configurations"), 128 * count as u64)?;
    let mut measurements = Vec::with_capacity(count);
    let mut waiting: Vec<f64> = Vec::new();
    let mut measure_all = |waiting: &mut Vec<f64>| {
        measurements.par_extend(waiting.par_chunks(volume).map(|phi| measure(phi, &extents, &c)));
        waiting.clear();
    };
    let chain = reader.each(|_, fields| {
        waiting.extend_from_slice(fields);
        if waiting.len() >= TOGETHER {
            measure_all(&mut waiting);
        }
    })?;
    measure_all(&mut waiting);
    let (mut names, mut series, mut places) = (Vec::new(), Vec::<ChainSeries>::new(), HashMap::new());
    for (measurement, chain) in measurements.iter().zip(chain) {
        let place = *places.entry(chain).or_insert(names.len());
        if place == names.len() {
            names.push(chain);
            series.push(ChainSeries::default());
        }
        measurement.push_to(&mut series[place]);
    }
    if couplings.is_none() {
        for s in &mut series {
            for of_action in [&mut s.action_density, &mut s.schwinger_dyson, &mut s.grad2, &mut s.lap] {
                of_action.clear();
            }
        }
    }
    Ok((names, series))
}
