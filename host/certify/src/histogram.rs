//! A histogram of an engine's sites against the exact law of its integers.

use rayon::prelude::*;
use stoquant_core::error::Error;
use stoquant_model::{ArithKind, Extents, IntegratorKind, NoiseKind, Phi4, Setup};

use super::check::{Check, Criterion};
use super::figure::{Axis, Figure, Series};
use super::findings::Findings;
use super::plan::Level;
use super::rung::Rung;
use stoquant_engines::engine::Factory;
use stoquant_exact::analysis::stats;
use stoquant_exact::exact::SitePotential;
use stoquant_integers::law::{Chain, Solved};

const RUNG: Rung = Rung::ExactLaw;

/// Name of the figure of the histogram.
pub const HISTOGRAM: &str = "exact-law-histogram";
/// Name of the figure of its residuals.
pub const RESIDUALS: &str = "exact-law-residuals";

/// Step of the chains.
const EPS: f64 = 0.01;

/// Sites of a lattice without hopping are chains of one site, independent of each other: Euler in `Fx<16>` from a hot
/// start, after a Langevin time at which the slowest even mode (of rate 3 and more) is down to e^{-18}; the start is
/// even, so odd modes have nothing to forget.
///
/// `law` is the distribution of that chain, already solved.
pub fn against_exact_law(
    factory: &Factory,
    potential: &SitePotential,
    law: Option<&Solved>,
    level: Level,
    seed: u64,
) -> Result<Findings, Error> {
    const STEPS: u64 = 600;
    let lattices: u32 = if level == Level::Full { 32 } else { 4 };
    let setup = Setup {
        extents: Extents::from([256, 512]),
        couplings: Phi4 { kappa: 0.0, b: potential.b, lambda: potential.lambda },
        eps: EPS,
        arith: ArithKind::Fx16,
        integrator: IntegratorKind::Euler,
        noise: NoiseKind::Gaussian,
        seed,
    };
    let name = format!("W = 16, single well, eps = {EPS}: histogram of {} sites", lattices as usize * setup.volume());
    let Some(law) = law else {
        return Ok(Check::undecided(RUNG, format!("{name}: the law was not found")).into());
    };
    // 64 cells within three standard deviations and a half; two more for the rest.
    let mut edges = vec![-64.0];
    let half = 3.5 * law.moment(2).sqrt();
    edges.extend((0..=64).map(|i| law.chain.between(half * (f64::from(i) / 32.0 - 1.0))));
    edges.push(64.0);
    let expected = law.bins(&edges);

    let count = |chain: u32| -> Result<Vec<u64>, Error> {
        let mut engine = factory(&setup, chain)?;
        engine.hot_start(0.7)?;
        engine.sweep(STEPS)?;
        let mut counts = vec![0; expected.len()];
        for phi in engine.phi()? {
            let cell = edges.partition_point(|&edge| edge < phi);
            if let Some(slot) = cell.checked_sub(1).and_then(|cell| counts.get_mut(cell)) {
                *slot += 1;
            }
        }
        Ok(counts)
    };
    let counts = (0..lattices).into_par_iter().map(count).collect::<Result<Vec<_>, Error>>()?;
    let total = |cell: usize| counts.iter().map(|c| c[cell]).sum::<u64>() as f64;
    let sites = f64::from(lattices) * setup.volume() as f64;
    let chi2: f64 = expected.iter().enumerate().map(|(i, p)| (total(i) - sites * p).powi(2) / (sites * p)).sum();
    let dof = expected.len() as f64 - 1.0;
    // Sites that fell in no cell (NaN) are missing from the counts and show here as well.
    let z = stats::z_from_two_sided(stats::chi2_sf(chi2, dof));
    let name = format!("{name}, chi2 of {} cells", expected.len());
    let check = Check::normal(RUNG, name, chi2, dof, (2.0 * dof).sqrt());
    // Σ(Δp)²/p·sites of 120 is found: deviations of 1.5% in every cell for 524288 sites.
    let check = Check { criterion: Criterion::Normal(z), ..check }.from_counts(sites).promising(120.0);
    Ok(Findings {
        checks: vec![check],
        figures: figures(&law.chain, &edges, &expected, &total, sites).into(),
        ..Findings::default()
    })
}

/// The densities, and the deviations of the counts from the exact law in standard errors.
fn figures(chain: &Chain, edges: &[f64], expected: &[f64], total: &dyn Fn(usize) -> f64, sites: f64) -> [Figure; 2] {
    let inner = 1..expected.len() - 1;
    let width = |i: usize| edges[i + 1] - edges[i];
    let middle = |i: usize| 0.5 * (edges[i] + edges[i + 1]);
    let x: Vec<f64> = inner.clone().map(middle).collect();
    let mut series = vec![
        Series::points(
            "sites of the engine",
            x.clone(),
            inner.clone().map(|i| total(i) / sites / width(i)).collect(),
            inner.clone().map(|i| total(i).sqrt() / sites / width(i)).collect(),
        ),
        Series::line("exact law of the integers", x.clone(), inner.clone().map(|i| expected[i] / width(i)).collect()),
    ];
    let deviation = |i: usize, count: f64| (count - sites * expected[i]) / (sites * expected[i]).sqrt();
    let residuals = inner.clone().map(|i| deviation(i, total(i))).collect();
    let mut deviations = vec![
        Series::points("sites of the engine", x.clone(), residuals, vec![1.0; x.len()]),
        Series::line("exact law of the integers", x.clone(), vec![0.0; x.len()]),
    ];
    if let Ok(gibbs) = chain.gibbs_bins(edges) {
        let off = inner.clone().map(|i| deviation(i, sites * gibbs[i])).collect();
        deviations.push(Series::line("e^{-S}", x.clone(), off));
        series.push(Series::line("e^{-S}", x, inner.map(|i| gibbs[i] / width(i)).collect()));
    }
    let figure = |name: &str, caption, y, series| Figure {
        rung: Some(RUNG),
        name: name.into(),
        caption,
        x: Axis::linear("x"),
        y,
        series,
    };
    let what = format!("{sites} sites of Fx<16> Euler at ε = {:.4}", chain.eps);
    let histogram = format!("Histogram of {what} and its exact law, S = x²/2 + x⁴/4.");
    let residuals = format!("Residuals of the histogram of {what}: deviations from the exact law in standard errors.");
    [
        figure(HISTOGRAM, histogram, Axis::log("density"), series),
        figure(RESIDUALS, residuals, Axis::linear("residual [σ]"), deviations),
    ]
}
