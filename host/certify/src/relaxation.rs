//! Relaxation: the Fokker–Planck equation annihilates e^{-S} and approaches it at the rate of its spectrum, and chains
//! started far away follow it on the way.
//!
//! The equation first, by itself (`stoquant_exact::fokker_planck`): no sampling, bounds from the order of each scheme.
//! Then the engines under test: the histogram of many one-site chains at five times against the exact law of a chain of
//! that integrator at that step ([`ChainLaw`]), which differs from the equation by O(ε).

mod chains;

use stoquant_core::error::Error;
use stoquant_model::IntegratorKind;

use super::check::Check;
use super::figure::{Axis, Figure, Series};
use super::findings::Findings;
use super::orders::{DOUBLE, SINGLE, exponent, limit};
use super::plan::Level;
use super::rung::Rung;
use stoquant_engines::engine::Factory;
use stoquant_exact::exact::quadrature::range;
use stoquant_exact::exact::{self, SitePotential};
use stoquant_exact::fokker_planck::{
    ChainLaw, Generator, Grid, Implicit, Parity, Scheme, decay_rate, from_point, levels,
};

const RUNG: Rung = Rung::FokkerPlanck;

/// x²/2: all levels are integers.
const FREE: SitePotential = SitePotential { b: 0.5, lambda: 0.0 };

/// Where chains and equation start, and when they are looked at: from well before to well after the relaxation time,
/// 0.5.
const START: f64 = 2.0;
const TIMES: [f64; 5] = [0.1, 0.2, 0.4, 0.8, 1.6];

/// All of it.
pub fn checks(factory: &Factory, level: Level, seed: u64) -> Result<Findings, Error> {
    let mut findings = Findings::default();
    for (name, potential) in [("x²/2", FREE), ("single well", SINGLE), ("double well", DOUBLE)] {
        findings.extend(operator(name, potential));
        findings.extend(spectrum(name, potential).unwrap_or_else(|e| vec![undecided(e)]));
    }
    findings.extend(finite_step().unwrap_or_else(|e| vec![undecided(e)]));
    let chains = chains::follow(factory, level, seed)?;
    let measured = chains.moments;
    findings.extend(chains.findings);
    findings.figures.extend(decay(&measured).ok());
    Ok(findings)
}

fn undecided(error: impl ToString) -> Check {
    Check::undecided(RUNG, error.to_string())
}

/// `cells` cells on the interval beyond which S is 45 above its minimum.
fn grid(potential: &SitePotential, cells: usize) -> Grid {
    Grid { cells, spacing: 2.0 * range(potential.b, potential.lambda, 45.0) / cells as f64 }
}

/// The operator on e^{-S}, and its evolution.
fn operator(name: &str, potential: SitePotential) -> Vec<Check> {
    // Even numbers of cells: the faces of a grid are faces of the next.
    let residual = |cells: usize| {
        let generator = Generator::new(potential, grid(&potential, cells), Scheme::Central);
        // Densities, not probabilities of cells: the norm is that of the coarsest grid.
        let p = generator.grid.sample(|x| (-potential.height(x)).exp());
        let flux = generator.flux(&p);
        let faces = (cells / 200 - 1..flux.len()).step_by(cells / 200);
        faces.map(|i| (flux[i] * generator.grid.spacing).abs()).fold(0.0, f64::max)
    };
    let p = exponent([residual(200), residual(400), residual(800)]);
    let mut checks = vec![Check::bound(
        RUNG,
        format!("{name}, central differences: order of the flux of e^-S"),
        p.value,
        2.0,
        p.error,
    )];

    let generator = Generator::new(potential, grid(&potential, 401), Scheme::ChangCooper);
    let law = generator.stationary();
    let scale = (0..400).map(|i| law[i].max(law[i + 1]) / generator.grid.spacing.powi(2));
    let worst = generator.flux(&law).iter().zip(scale).map(|(flux, scale)| flux.abs() / scale).fold(0.0, f64::max);
    // S is 45 at most and rounded to 2^-53 of itself, in w and in both exponentials.
    let name_of = |what: &str| format!("{name}, Chang-Cooper: {what}");
    checks.push(Check::bound(RUNG, name_of("flux of e^-S through any face, relative"), worst, 0.0, 4e-14));

    let mut p = vec![0.0; 401];
    p[generator.grid.cell(START)] = 1.0;
    const STEPS: usize = 500;
    Implicit::new(&generator, 0.002).advance(&mut p, STEPS);
    let lost = p.iter().sum::<f64>() - 1.0;
    // At worst every cell's four roundings add up in every step.
    let bound = 4.0 * f64::EPSILON * (401 * STEPS) as f64;
    checks.push(Check::bound(RUNG, name_of("probability gained in 500 steps"), lost, 0.0, bound));
    let negative = p.iter().filter(|&&p| p.is_nan() || p < 0.0).count();
    checks.push(Check::none(RUNG, name_of("cells with negative probability"), negative));
    checks
}

/// The levels of the Schrödinger operator, and the rates of decay by evolution on three grids.
fn spectrum(name: &str, potential: SitePotential) -> Result<Vec<Check>, exact::Error> {
    let levels = levels(&potential, 3)?;
    let mut checks = vec![Check::bound(
        RUNG,
        format!("{name}: ground state of -d²+S'²/4-S''/2"),
        levels[0].value,
        0.0,
        levels[0].error,
    )];
    for (parity, level, what) in [(Parity::Odd, levels[1], "gap, odd"), (Parity::Even, levels[2], "second level, even")]
    {
        let rate = |cells| {
            let generator = Generator::new(potential, grid(&potential, cells), Scheme::ChangCooper);
            decay_rate(&generator, parity, 1.0 / level.value, 40)
        };
        // An error series in h².
        let rate = limit([rate(100), rate(200), rate(400)], 4.0);
        let name = format!("{name}: rate of relaxation ({what}, by evolution)");
        // Rounding: 2^-53 of the rates 2/h² that enter it.
        let rounding = f64::EPSILON * 4.0 / grid(&potential, 400).spacing.powi(2);
        checks.push(Check::bound(RUNG, name, rate.value, level.value, rate.error + level.error + rounding));
    }
    Ok(checks)
}

/// The law of Euler–Maruyama from a point is that of the equation up to O(ε): the total variation between them halves
/// with ε.
fn finite_step() -> Result<Vec<Check>, exact::Error> {
    // 2 is a centre, and a third of the spacing keeps the faces: (9·fine - coarse)/8 is of fourth order. 400 steps from
    // each time to the next, of second order. Both errors are below a hundredth of the distances.
    let coarse = Grid { cells: 2 * 288 + 1, spacing: 1.0 / 64.0 };
    let fine = Grid { cells: 3 * coarse.cells, spacing: coarse.spacing / 3.0 };
    const GROUP: usize = 12;
    let binned = |grid: Grid, group: usize| -> Vec<Vec<f64>> {
        let laws = from_point(&Generator::new(SINGLE, grid, Scheme::ChangCooper), START, &TIMES, 400);
        laws.iter().map(|law| law.chunks(group).map(|p| p.iter().sum()).collect()).collect()
    };
    let laws = binned(fine, 3 * GROUP).into_iter().zip(binned(coarse, GROUP));
    let laws: Vec<Vec<f64>> = laws.map(|(f, c)| f.iter().zip(&c).map(|(f, c)| (9.0 * f - c) / 8.0).collect()).collect();
    let mut distances = [[0.0; 3]; TIMES.len()];
    for (k, eps) in [0.02, 0.01, 0.005].into_iter().enumerate() {
        let mut chain = ChainLaw::new(SINGLE, eps, IntegratorKind::Euler, 1.0, 0.0, START)?;
        for ((time, law), distance) in TIMES.iter().zip(&laws).zip(&mut distances) {
            chain.advance_to((time / eps).round() as usize)?;
            let mut below = 0.0;
            for (bin, p) in law.iter().enumerate() {
                let next = chain.cdf(coarse.face(((bin + 1) * GROUP).min(coarse.cells) - 1));
                distance[k] += 0.5 * (p - (next - below)).abs();
                below = next;
            }
        }
    }
    let order = |(time, distance): (&f64, &[f64; 3])| {
        let p = exponent(*distance);
        let name = format!("Euler-Maruyama from x = 2: order of its distance to the equation at tau = {time}");
        // A hundredth of a distance is 0.014 of a binary exponent.
        Check::bound(RUNG, name, p.value, 1.0, p.error + 0.014)
    };
    Ok(TIMES.iter().zip(&distances).map(order).collect())
}

/// The decay of ⟨x⟩ and of ⟨x²⟩ - ⟨x²⟩_∞: equation, exponentials, and the chains.
fn decay(measured: &[chains::Moments]) -> Result<Figure, exact::Error> {
    let times: Vec<f64> = (1..=32).map(|i| 0.05 * f64::from(i)).collect();
    let generator = Generator::new(SINGLE, Grid { cells: 2 * 300 + 1, spacing: 1.0 / 64.0 }, Scheme::ChangCooper);
    let mean = |p: &[f64], k: i32| p.iter().enumerate().map(|(i, p)| p * generator.grid.centre(i).powi(k)).sum::<f64>();
    let laws = from_point(&generator, START, &times, 20);
    let levels = levels(&SINGLE, 3)?;
    let stationary = mean(&generator.stationary(), 2);
    let mut series = Vec::new();
    for (k, rest, level, what) in
        [(1, 0.0, levels[1].value, "<x>"), (2, stationary, levels[2].value, "<x^2> - <x^2>_eq")]
    {
        let exact: Vec<f64> = laws.iter().map(|p| mean(p, k) - rest).collect();
        // Through the middle of the range, where the slower mode rules alone.
        let amplitude = exact[20] * (level * times[20]).exp();
        series.push(Series::line(format!("{what}, equation"), times.clone(), exact));
        let label = format!("exp(-{level:.4} tau)");
        series.push(Series::line(label, times.clone(), times.iter().map(|t| amplitude * (-level * t).exp()).collect()));
        let column = |f: &dyn Fn(&chains::Moments) -> f64| measured.iter().map(f).collect::<Vec<f64>>();
        let j = k as usize - 1;
        series.push(Series::points(
            format!("{what}, chains"),
            column(&|m| m.time),
            column(&|m| m.value[j] - rest),
            column(&|m| m.error[j]),
        ));
    }
    Ok(Figure {
        rung: Some(RUNG),
        name: "gap".into(),
        caption: "Approach to equilibrium from x = 2 in x^2/2 + x^4/4: the mean decays with the gap of the \
        Fokker–Planck operator, the \
                  mean square with its second level."
            .into(),
        x: Axis::linear("tau"),
        y: Axis::log("distance from equilibrium"),
        series,
    })
}
