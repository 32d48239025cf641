//! From time series to values with honest errors: autocorrelations, derived quantities, replicas, tail probabilities.
//!
//! A *replica* is one Markov chain, a slice of one number per measurement. Times are in units of the interval between
//! measurements.

pub mod binning;
pub mod chains;
pub mod gamma;
pub mod jackknife;
pub mod replica;
pub mod series;
pub mod stats;
pub mod table;

pub use binning::{Binning, binning};
pub use gamma::{Gamma, Status, gamma, gamma_derived};
pub use jackknife::{Jackknife, jackknife};
pub use replica::{Agreement, ReplicaMean, agreement, consistency, replica_mean};
pub use table::{ChainSeries, gammas, observables, slices};

use thiserror::Error;

/// Why a series cannot be analysed.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum AnalysisError {
    /// No replica, or no observable, was given.
    #[error("no data: give at least one chain with measurements")]
    NoData,
    /// There are too few measurements in all replicas together.
    #[error("{measurements} measurements in all; at least {minimum} are needed")]
    TooShort {
        /// How many there are.
        measurements: usize,
        /// How many are needed.
        minimum: usize,
    },
    /// A replica has no measurement.
    #[error("chain {replica} has no measurements")]
    Empty {
        /// Index of the replica.
        replica: usize,
    },
    /// Too few replicas, or bins, for an error.
    #[error("{count} {what} give no error estimate; at least {minimum} are needed")]
    TooFew {
        /// What is counted.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many are needed.
        minimum: usize,
    },
    /// Two observables of one chain differ in their number of measurements, or of chains.
    #[error(
        "{observable} of chain {replica} has {length} measurements; {expected} expected, as for the other observables"
    )]
    UnequalLengths {
        /// The observable, by name or index.
        observable: String,
        /// Index of the replica.
        replica: usize,
        /// Its length.
        length: usize,
        /// Length of the first observable.
        expected: usize,
    },
    /// A measurement is infinite or not a number.
    #[error("measurement {index} of chain {replica} is not finite: the chain has diverged")]
    NotFinite {
        /// Index of the replica.
        replica: usize,
        /// Index of the measurement.
        index: usize,
    },
    /// An error bar that is not positive.
    #[error("the error of replica {replica} is {error}; it must be positive and finite")]
    BadError {
        /// Index of the replica.
        replica: usize,
        /// The offending error.
        error: f64,
    },
    /// A derived quantity is infinite or not a number at the means, or near them.
    #[error("the derived quantity is not finite at the measured means {means:?}")]
    Undefined {
        /// Where it was evaluated.
        means: Vec<f64>,
    },
    /// The autocorrelation window is not small compared with the run ([`Status::TooCorrelated`]).
    #[error(
        "{observable} stays correlated over {window} of only {measurements} measurements, too few for an error: \
         measure longer, or less often"
    )]
    TooCorrelated {
        /// The observable.
        observable: String,
        /// The summation window.
        window: usize,
        /// Measurements in all chains.
        measurements: usize,
    },
}

/// Checks that there are replicas, that none is empty and all together have `minimum` measurements, and that all
/// numbers are finite.
fn check(replicas: &[&[f64]], minimum: usize) -> Result<(), AnalysisError> {
    if replicas.is_empty() {
        return Err(AnalysisError::NoData);
    }
    for (replica, series) in replicas.iter().enumerate() {
        if series.is_empty() {
            return Err(AnalysisError::Empty { replica });
        }
        if let Some(index) = series.iter().position(|a| !a.is_finite()) {
            return Err(AnalysisError::NotFinite { replica, index });
        }
    }
    let measurements = replicas.iter().map(|series| series.len()).sum();
    if measurements < minimum {
        return Err(AnalysisError::TooShort { measurements, minimum });
    }
    Ok(())
}

/// [`check`] for several observables of the same chains, which must agree in their lengths.
fn check_all(primaries: &[&[&[f64]]], minimum: usize) -> Result<(), AnalysisError> {
    let first = primaries.first().ok_or(AnalysisError::NoData)?;
    for (alpha, replicas) in primaries.iter().enumerate() {
        check(replicas, minimum)?;
        for replica in 0..replicas.len().max(first.len()) {
            let length = replicas.get(replica).map_or(0, |s| s.len());
            let expected = first.get(replica).map_or(0, |s| s.len());
            if length != expected {
                let observable = format!("observable {alpha}");
                return Err(AnalysisError::UnequalLengths { observable, replica, length, expected });
            }
        }
    }
    Ok(())
}

fn mean(series: &[f64]) -> f64 {
    series.iter().sum::<f64>() / series.len() as f64
}
