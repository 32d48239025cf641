//! `stoquant measure`.

use std::path::PathBuf;

use clap::Args;
use stoquant::analysis::{AnalysisError, ChainSeries, Status, gammas};
use stoquant::couplings::Couplings;
use stoquant::ensemble::Ensemble;
use stoquant::estimate::{Estimate, Observable, Observables};
use stoquant::experiment::InputError;
use stoquant::run::push;
use stoquant_core::action::Phi4;
use stoquant_core::lattice::Plan;
use stoquant_core::observable::measure;

use super::{CouplingArgs, Outcome, json, print, table};

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
    let mut series = match *ensemble.extents {
        [] => with_dims::<0>([], &ensemble, couplings),
        [a] => with_dims::<1>([a], &ensemble, couplings),
        [a, b] => with_dims::<2>([a, b], &ensemble, couplings),
        [a, b, c] => with_dims::<3>([a, b, c], &ensemble, couplings),
        [a, b, c, d] => with_dims::<4>([a, b, c, d], &ensemble, couplings),
        _ => Err(stoquant_core::error::Error::Dimensions { dims: ensemble.extents.len() }),
    }
    .map_err(InputError::new)?;
    if couplings.is_none() {
        for chain in &mut series {
            for of_action in [&mut chain.action_density, &mut chain.schwinger_dyson, &mut chain.grad2, &mut chain.lap] {
                of_action.clear();
            }
        }
    }
    let found = table_of(&series, ensemble.volume())
        .map_err(|error| InputError(format!("{}: {error}", args.file.display())))?;
    print(&if args.json { json(&found)? } else { table::observables(&found) });
    Ok(Outcome::Good)
}

/// Values with errors by the Γ-method. A series too short for its autocorrelations has no such error: it gets the
/// standard deviation of one measurement, as if all were one, and a warning.
fn table_of(series: &[ChainSeries], volume: usize) -> Result<Observables, AnalysisError> {
    let analyses = gammas(series, volume)?;
    let mut found = Observables::new();
    let mut short = Vec::new();
    for (&observable, gamma) in &analyses {
        let mut estimate = gamma.estimate();
        if gamma.status == Status::TooCorrelated {
            // error² = 2τ·variance/N
            estimate.error *= (gamma.measurements as f64 / (2.0 * gamma.tau_int)).sqrt();
            short.push(observable.key());
        }
        found.insert(observable, estimate);
    }
    if let Some(gamma) = analyses.get(&Observable::M2) {
        found.insert(Observable::TauInt, Estimate::new(gamma.tau_int, gamma.tau_int_error));
    }
    if !short.is_empty() {
        eprintln!(
            "stoquant: too few measurements for the autocorrelations of {}: their error is the spread of a single measurement",
            short.join(", ")
        );
    }
    Ok(found)
}

fn with_dims<const D: usize>(
    extents: [usize; D],
    ensemble: &Ensemble,
    couplings: Option<Couplings>,
) -> Result<Vec<ChainSeries>, stoquant_core::error::Error> {
    let plan = Plan::new(extents, Plan::<D>::work_sites(&extents)?)?;
    // Without couplings the action's observables are left out; any action measures the others.
    let c = couplings.unwrap_or(Couplings { kappa: 0.0, b: 0.0, lambda: 0.0 });
    let action = Phi4::new(c.kappa, c.b, c.lambda);
    let chain = |fields: Vec<&[f64]>| {
        let mut series = ChainSeries::default();
        for phi in fields {
            push(&mut series, &measure::<f64, Phi4, D, _>(&plan, &action, phi), D);
        }
        series
    };
    Ok(ensemble.chains().into_iter().map(chain).collect())
}
