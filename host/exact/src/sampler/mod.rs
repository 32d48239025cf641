//! Independent reference samplers of `e^{-S}`: they share neither code nor noise with the core, and have no step-size
//! error, so that their averages are exact within their statistical errors.
//!
//! [`Hmc`] moves the field as a whole, at any coupling; [`Cluster`] also crosses the barrier between the two signs of M
//! at low cost. Use both: they fail in different ways.

mod cluster;
mod correlator;
mod fourier;
mod hmc;
mod lattice;
mod measure;

pub use cluster::Cluster;
pub use correlator::{correlator, effective_mass, second_moment_length, structure_factor};
pub use hmc::{Hmc, HmcReport};
pub use measure::{Measurement, Moments, measure, moments};
use stoquant_model::Phi4;

use thiserror::Error;

use crate::analysis::ChainSeries;

/// Why a sampler cannot be set up.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum SamplerError {
    /// More than four extents.
    #[error("{0} lattice extents; at most 4 are supported")]
    Dimensions(usize),
    /// An extent of zero, or a volume that does not fit.
    #[error("lattice extents {0:?}: each must be at least 1, and the volume at most 2^31")]
    Extents(Vec<usize>),
    /// `e^{-S}` cannot be normalised.
    #[error(
        "couplings {0:?} leave the action unbounded below: needs λ > 0, or λ = 0 and b > 2κ Σ cos k for all momenta"
    )]
    Unbounded(Phi4),
}

/// A Markov chain with equilibrium `e^{-S}`.
pub trait ReferenceSampler {
    /// One update of the whole field. Never tunes anything: an update that adapts for ever samples another law.
    fn sweep(&mut self);

    /// The current field, row-major.
    fn phi(&self) -> &[f64];

    /// The lattice.
    fn extents(&self) -> &[usize];

    /// The action.
    fn couplings(&self) -> &Phi4;

    /// `sweeps` updates to forget the start; what can be tuned is tuned here, and frozen at the end.
    fn thermalise(&mut self, sweeps: usize) {
        for _ in 0..sweeps {
            self.sweep();
        }
    }
}

/// Thermalises, then takes `measurements` measurements, one after every `every` sweeps.
///
/// ```
/// use stoquant_exact::{analysis, estimate::Observable, sampler};
/// use stoquant_model::Phi4;
///
/// let mut sampler = sampler::Cluster::new(&[2, 2], Phi4::kappa_form(0.27, 0.022), 1)?;
/// let series = sampler::run(&mut sampler, 100, 1000, 1);
/// let phi2 = analysis::observables(&[series], 4)?[&Observable::Phi2];
/// assert!((phi2.value - 2.2308).abs() < 6.0 * phi2.error);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn run<S: ReferenceSampler>(sampler: &mut S, thermalise: usize, measurements: usize, every: usize) -> ChainSeries {
    sampler.thermalise(thermalise);
    let mut series = ChainSeries::default();
    for _ in 0..measurements {
        for _ in 0..every.max(1) {
            sampler.sweep();
        }
        measure(sampler.phi(), sampler.extents(), sampler.couplings()).push_to(&mut series);
    }
    series
}

#[cfg(test)]
mod tests;
