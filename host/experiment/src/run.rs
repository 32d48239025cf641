//! Running chains: every chain's bits depend on its setup and number alone, so chains are shared out among threads
//! freely.

use rayon::prelude::*;
use stoquant_core::error::Error;
use stoquant_core::observable::Measurement;
use stoquant_model::Setup;

use stoquant_engines::engine::{Engine, Factory};
use stoquant_exact::analysis::ChainSeries;

/// How long to run, and how often to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Sweeps dropped at the start.
    pub thermalise: u64,
    /// Measurements of each chain.
    pub measurements: usize,
    /// Sweeps between measurements.
    pub every: u64,
}

/// The measurements of one chain, and how it fared.
#[derive(Clone, Debug, Default)]
pub struct ChainRun {
    /// Time series.
    pub series: ChainSeries,
    /// Saturations.
    pub clipped: u64,
    /// Sweeps done, as the chain counts them.
    pub sweeps: u64,
    /// Fraction of sweeps accepted.
    pub acceptance: f64,
    /// r = e^{ln r} of the Metropolis step at each measurement.
    pub ratio: Vec<f64>,
}

/// Append a measurement of the core; `nn` stays empty on a single site.
pub fn push(series: &mut ChainSeries, c: &Measurement, dims: usize) {
    series.phi2.push(c.phi2);
    series.phi4.push(c.phi4);
    if dims > 0 {
        series.nn.push(c.nn);
    }
    series.m.push(c.m);
    series.action_density.push(c.action_density);
    series.schwinger_dyson.push(c.schwinger_dyson);
    series.grad2.push(c.grad2);
    series.lap.push(c.laplacian);
}

/// Advance one chain and measure it.
pub fn run_chain(engine: &mut dyn Engine, dims: usize, schedule: &Schedule) -> Result<ChainRun, Error> {
    engine.sweep(schedule.thermalise)?;
    let mut out = ChainRun::default();
    for _ in 0..schedule.measurements {
        engine.sweep(schedule.every)?;
        push(&mut out.series, &engine.measure()?, dims);
        out.ratio.push(engine.state()?.log_ratio.exp());
    }
    let state = engine.state()?;
    (out.clipped, out.sweeps) = (state.clipped, state.step);
    out.acceptance = state.accepted as f64 / state.step.max(1) as f64;
    Ok(out)
}

/// Run `chains` chains from hot starts of the given width, on all threads.
pub fn run_chains(
    factory: &Factory,
    setup: &Setup,
    chains: u32,
    start_width: f64,
    schedule: &Schedule,
) -> Result<Vec<ChainRun>, Error> {
    (0..chains)
        .into_par_iter()
        .map(|chain| {
            let mut engine = factory(setup, chain)?;
            engine.hot_start(start_width)?;
            run_chain(engine.as_mut(), setup.extents.dims(), schedule)
        })
        .collect()
}
