//! Configurations of e^{-S} to compare with: from cluster chains, or from a file.

use rayon::prelude::*;
use stoquant_model::Phi4;

use stoquant_exact::analysis::ChainSeries;
use stoquant_exact::sampler::{Cluster, ReferenceSampler, SamplerError, measure};
use stoquant_experiment::ensemble::Ensemble;
use stoquant_experiment::experiment::InputError;

/// Chains of a reference; not the number of threads, on which nothing may depend.
const CHAINS: usize = 8;
/// Sweeps to forget the start, and between configurations.
const THERMALISE: usize = 1000;
const EVERY: usize = 3;

/// A reference ensemble with its measurements.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// Fields, chain after chain.
    pub phi: Vec<f64>,
    /// One series a chain.
    pub series: Vec<ChainSeries>,
}

impl Reference {
    /// At least `count` configurations of independent chains.
    pub fn sample(extent: usize, couplings: Phi4, count: usize, seed: u64) -> Result<Self, InputError> {
        let chain = |chain: usize| -> Result<(Vec<f64>, ChainSeries), SamplerError> {
            // Apart from the chains that a model of this seed was trained on.
            let seed = (!seed).wrapping_mul(CHAINS as u64).wrapping_add(chain as u64);
            let mut sampler = Cluster::new(&[extent; 2], couplings, seed)?;
            sampler.thermalise(THERMALISE);
            let (mut phi, mut series) = (Vec::new(), ChainSeries::default());
            for _ in 0..count.div_ceil(CHAINS) {
                (0..EVERY).for_each(|_| sampler.sweep());
                phi.extend_from_slice(sampler.phi());
                measure(sampler.phi(), sampler.extents(), sampler.couplings()).push_to(&mut series);
            }
            Ok((phi, series))
        };
        let chains: Vec<_> =
            (0..CHAINS).into_par_iter().map(chain).collect::<Result<_, _>>().map_err(InputError::new)?;
        let (phi, series): (Vec<_>, Vec<_>) = chains.into_iter().unzip();
        Ok(Self { phi: phi.concat(), series })
    }

    /// From an ensemble on the same lattice.
    pub fn of(ensemble: &Ensemble, extent: usize, couplings: &Phi4) -> Result<Self, InputError> {
        if ensemble.extents != [extent; 2] {
            return Err(InputError(format!(
                "the reference has extents {:?}: the model's {extent}, {extent} are needed",
                ensemble.extents
            )));
        }
        let mut out = Self { phi: Vec::new(), series: Vec::new() };
        for (_, chain) in ensemble.chains() {
            let mut series = ChainSeries::default();
            for phi in chain {
                out.phi.extend_from_slice(phi);
                measure(phi, &ensemble.extents, couplings).push_to(&mut series);
            }
            out.series.push(series);
        }
        Ok(out)
    }

    /// Configurations.
    pub fn count(&self) -> usize {
        self.series.iter().map(ChainSeries::len).sum()
    }
}
