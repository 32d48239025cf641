//! The noise as it arrives in the field: what an Euler step leaves when the drift is taken off,
//!
//! ```text
//! r_x(n) = (φ_x(n+1) - φ_x(n) - εK_x(φ(n)))/√(2ε),
//! ```
//!
//! must be white: mean 0, variance and kurtosis of the noise, uncorrelated with its neighbours, with the next step and
//! with another chain.
//!
//! The coupled rung takes η from the core; here η is taken from the field, so that noise which is wrong in the core and
//! in its copies alike is seen too. Rounding adds Δ²/12 to the variance of √(2ε)·r, and nothing to the correlations.

use std::f64::consts::FRAC_1_SQRT_2;

use rayon::prelude::*;
use stoquant_core::dispatch::field_lsb;
use stoquant_core::error::Error;
use stoquant_model::{IntegratorKind, NoiseKind, Setup};

use super::check::Check;
use super::coupled::label;
use super::findings::Findings;
use super::laws::noise_variance;
use super::rung::Rung;
use stoquant_engines::engine::Factory;
use stoquant_exact::reference;

const RUNG: Rung = Rung::Residuals;

/// A million residuals: 2 chains, 512 sites, 1000 steps.
const CHAINS: u32 = 2;
const EXTENTS: [usize; 2] = [16, 32];
const STEPS: usize = 1000;

/// The residuals of one chain, step by step, and its √(2ε).
fn of_chain(factory: &Factory, setup: &Setup, chain: u32) -> Result<(Vec<f64>, f64), Error> {
    let mut engine = factory(setup, chain)?;
    engine.hot_start(setup.unit())?;
    let (c, eps) = (engine.chain().drift, engine.chain().eps);
    let sigma = (2.0 * eps).sqrt();
    let mut x = engine.phi()?;
    let mut residuals = Vec::with_capacity(STEPS * x.len());
    for _ in 0..STEPS {
        let k = reference::drift(&x, &setup.extents, &c);
        engine.sweep(1)?;
        let y = engine.phi()?;
        residuals.extend((0..x.len()).map(|i| (y[i] - x[i] - eps * k[i]) / sigma));
        x = y;
    }
    Ok((residuals, sigma))
}

/// Whiteness of the residuals in the arithmetic, with the couplings and at the step of a setup.
///
/// Not applicable to couplings or a step that a torus cannot have.
pub fn white(factory: &Factory, setup: &Setup) -> Result<Findings, Error> {
    let setup =
        Setup { extents: EXTENTS.into(), integrator: IntegratorKind::Euler, noise: NoiseKind::Gaussian, ..*setup };
    if let Err(reason) = factory(&setup, 0) {
        return Ok(Findings::not_applicable(format!("{}, residuals: {reason}", label(&setup))));
    }
    let chains: Vec<_> =
        (0..CHAINS).into_par_iter().map(|chain| of_chain(factory, &setup, chain)).collect::<Result<_, Error>>()?;
    let (volume, [_, columns]) = (setup.volume(), EXTENTS);
    let sigma = chains[0].1;
    let variance = noise_variance(setup.arith, setup.noise) + (field_lsb(setup.arith) / sigma).powi(2) / 12.0;
    // A sum over all residuals, and how many there are.
    let sum = |f: &dyn Fn(&[f64], usize) -> Option<f64>| {
        let terms = chains.iter().flat_map(|(r, _)| (0..r.len()).filter_map(|i| f(r, i)));
        terms.fold((0.0, 0usize), |(sum, n), term| (sum + term, n + 1))
    };
    let label = label(&setup);
    // Per residual, the standard deviations of r, r², r⁴ and r·r' for a Gaussian are 1, √2, √96 and 1. At |z| = 6 and a
    // power of 0.99 a million of them resolve 8.3e-3 in the mean, and accordingly the others.
    let check = |what: &str, (sum, n): (f64, usize), expected, deviation: f64, detects| {
        let error = deviation / (n as f64).sqrt();
        let name = format!("{label}, residuals: {what}");
        Check::normal(RUNG, name, sum / n as f64, expected, error).from_samples(n as f64).promising(detects)
    };
    let (first, second) = (&chains[0].0, &chains[1].0);
    let between = (first.iter().zip(second).map(|(a, b)| a * b).sum(), first.len());
    // A step counter that is too narrow repeats its noise at a power of two.
    let narrow = (1..10)
        .map(|k| sum(&|r, i| Some(r[i] * r.get(i + (volume << k))?)))
        .fold((0.0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    // Neighbours in the torus of the same step.
    let right = |i: usize| i - i % columns + (i + 1) % columns;
    let below = |i: usize| i - i % volume + (i % volume + columns) % volume;
    let checks = vec![
        check("mean", sum(&|r, i| Some(r[i])), 0.0, 1.0, 0.01),
        check("variance", sum(&|r, i| Some(r[i].powi(2))), variance, FRAC_1_SQRT_2.recip(), 0.015),
        check("fourth moment", sum(&|r, i| Some(r[i].powi(4))), 3.0 * variance * variance, 96f64.sqrt(), 0.1),
        check("correlation along a row", sum(&|r, i| Some(r[i] * r[right(i)])), 0.0, 1.0, 0.01),
        check("correlation along a column", sum(&|r, i| Some(r[i] * r[below(i)])), 0.0, 1.0, 0.01),
        check("correlation with the next step", sum(&|r, i| Some(r[i] * r.get(i + volume)?)), 0.0, 1.0, 0.01),
        check("correlation 2, 4, 8 … 512 steps on", narrow, 0.0, 1.0, 0.01),
        check("correlation between chains", between, 0.0, 1.0, 0.015),
    ];
    Ok(checks.into())
}
