//! `stoquant measure`.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value};
use stoquant::analysis::chains::Chains;
use stoquant::analysis::{AnalysisError, ChainSeries, Gamma, Status, gammas};
use stoquant::ensemble::Ensemble;
use stoquant::estimate::{Estimate, Observable, Observables};
use stoquant::experiment::InputError;
use stoquant::sampler::measure;
use stoquant_model::Phi4;

use super::{CouplingArgs, Outcome, json, print, table, warn};

/// With couplings, the action's own observables are measured too.
#[derive(Args)]
pub struct MeasureArgs {
    /// Ensemble: .npz or .npy of shape (N, L0, L1, …), ours or any other
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    couplings: CouplingArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: MeasureArgs) -> Result<Outcome, InputError> {
    let ensemble = Ensemble::read(&args.file)?;
    let couplings = args.couplings.couplings(ensemble.extents.len())?;
    let (names, series) = series(&ensemble, couplings);
    let failed = |error: AnalysisError| InputError(format!("{}: {error}", args.file.display()));
    let found: Vec<Row> = gammas(&series, ensemble.volume()).map_err(failed)?.iter().flat_map(rows).collect();
    let chains = Chains::compare(&names, &series).map_err(failed)?;
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

/// The numbers of the chains, and their measurements.
fn series(ensemble: &Ensemble, couplings: Option<Phi4>) -> (Vec<u32>, Vec<ChainSeries>) {
    // Without couplings the action's observables are left out.
    let c = couplings.unwrap_or(Phi4 { kappa: 0.0, b: 0.0, lambda: 0.0 });
    let of_chain = |(chain, fields): (u32, Vec<&[f64]>)| {
        let mut series = ChainSeries::default();
        for phi in fields {
            measure(phi, &ensemble.extents, &c).push_to(&mut series);
        }
        if couplings.is_none() {
            for of_action in
                [&mut series.action_density, &mut series.schwinger_dyson, &mut series.grad2, &mut series.lap]
            {
                of_action.clear();
            }
        }
        (chain, series)
    };
    ensemble.chains().into_iter().map(of_chain).unzip()
}
