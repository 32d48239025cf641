//! From weighted configurations to a chain of e^{-S}: independence Metropolis, then Langevin steps that are
//! Metropolis-adjusted.
//!
//! The Metropolis chain repeats a configuration for every proposal that it rejects. Its equilibrium is e^{-S}, and the
//! core's [`Mala`](stoquant_core::integrator::Mala), with the exact force and noise of its own at every entry, keeps
//! it: moved copies differ, and the average over them is still that of e^{-S}. A weight belongs to a configuration
//! where it was generated: moved ones have none.

use rayon::prelude::*;
use serde::Serialize;
use stoquant_core::integrator::State;
use stoquant_model::{ArithKind, Extents, IntegratorKind, NoiseKind, Phi4, Setup};

use super::generate::Precision;
use super::weights::independence_metropolis;
use stoquant_engines::engine::core_engine_on;
use stoquant_engines::simd::MachineKind;
use stoquant_exact::analysis::ChainSeries;
use stoquant_exact::sampler::measure;
use stoquant_experiment::experiment::InputError;

/// Steps of noise that no sampler reaches: the streams of MALA begin here.
const FIRST_STEP: u64 = 1 << 40;

/// Langevin sweeps of every entry of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Sweeps {
    /// How many; 0 for the bare Metropolis chain.
    pub count: u64,
    /// Their step ε.
    pub eps: f64,
}

/// The chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// Fields, in the order of the chain.
    pub phi: Vec<f64>,
    /// Their measurements.
    pub series: ChainSeries,
    /// Accepted fraction of the independent proposals.
    pub acceptance: f64,
    /// Accepted fraction of the Langevin sweeps, if any.
    pub mala_acceptance: Option<f64>,
}

/// The chain of independently generated configurations on an L×L torus, with their weights.
pub fn chain(
    extent: usize,
    couplings: Phi4,
    phi: &[f64],
    ln_w: &[f64],
    sweeps: Sweeps,
    precision: Precision,
    machine: MachineKind,
    seed: u64,
) -> Result<Finished, InputError> {
    let volume = extent * extent;
    let chain = independence_metropolis(ln_w, seed).map_err(InputError::new)?;
    let (arith, word): (_, fn(f64) -> u64) = match precision {
        // Sixteen bits of φ are exact in single precision.
        Precision::F32 | Precision::Int8 => (ArithKind::F32, |phi| u64::from((phi as f32).to_bits())),
        Precision::F64 => (ArithKind::F64, f64::to_bits),
    };
    let setup = Setup {
        extents: Extents::from([extent; 2]),
        couplings,
        eps: sweeps.eps,
        arith,
        integrator: IntegratorKind::Mala,
        noise: NoiseKind::Gaussian,
        seed,
    };
    let entry = |(i, &at): (usize, &usize)| {
        let phi = &phi[at * volume..][..volume];
        if sweeps.count == 0 {
            return Ok((phi.to_vec(), 0));
        }
        let mut engine = core_engine_on(machine, &setup, i as u32)?;
        engine.set_bits(&phi.iter().map(|&phi| word(phi)).collect::<Vec<_>>())?;
        engine.set_state(State { step: FIRST_STEP, ..State::default() })?;
        engine.sweep(sweeps.count)?;
        Ok((engine.phi()?, engine.state()?.accepted))
    };
    let moved: Vec<(Vec<f64>, u64)> = chain
        .state
        .par_iter()
        .enumerate()
        .map(entry)
        .collect::<Result<_, stoquant_core::error::Error>>()
        .map_err(InputError::new)?;
    let mut series = ChainSeries::default();
    moved.iter().for_each(|(phi, _)| measure(phi, &[extent; 2], &couplings).push_to(&mut series));
    let accepted: u64 = moved.iter().map(|(_, accepted)| accepted).sum();
    let tried = sweeps.count * moved.len() as u64;
    Ok(Finished {
        phi: moved.into_iter().flat_map(|(phi, _)| phi).collect(),
        series,
        acceptance: chain.acceptance,
        mala_acceptance: (tried > 0).then(|| accepted as f64 / tried as f64),
    })
}
