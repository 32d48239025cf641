//! The bias of the engines under test.

use std::collections::BTreeMap;

use rayon::prelude::*;
use stoquant_core::dispatch::field_lsb;
use stoquant_core::error::Error;
use stoquant_model::{ArithKind, Extents, IntegratorKind, NoiseKind, Phi4, Setup};

use super::super::check::Check;
use super::super::coupled::label;
use super::super::figure::{Axis, Figure, Series};
use super::super::findings::Findings;
use super::super::laws::noise_variance;
use super::super::plan::Level;
use super::{COUPLED, ORDERS, RUNG, SINGLE};
use stoquant_engines::engine::Factory;
use stoquant_exact::analysis::{Gamma, Status, gammas};
use stoquant_exact::estimate::{Estimate, Observable, Observables};
use stoquant_exact::exact::{self, SitePotential, one_site};
use stoquant_exact::fokker_planck::PairLaw;
use stoquant_experiment::run::{Schedule, run_chains};

/// Observables of the interacting lattices.
const COMPARED: [Observable; 3] = [Observable::Phi2, Observable::Nn, Observable::M2];

/// A set-up of this rung.
fn setup(
    extents: impl Into<Extents>,
    couplings: Phi4,
    eps: f64,
    arith: ArithKind,
    integrator: IntegratorKind,
) -> Setup {
    Setup { extents: extents.into(), couplings, eps, arith, integrator, noise: NoiseKind::Gaussian, seed: 0 }
}

/// ⟨φ²⟩ of many single sites (a lattice with κ = 0) at large steps, against the law of that step; and the figure.
pub fn scan(factory: &Factory, level: Level, seed: u64) -> Result<Findings, Error> {
    let extents = if level == Level::Full { [1024, 1024] } else { [256, 256] };
    let c = Phi4 { kappa: 0.0, b: SINGLE.b, lambda: SINGLE.lambda };
    let mut cases = Vec::new();
    for integrator in [IntegratorKind::Euler, IntegratorKind::LeimkuhlerMatthews, IntegratorKind::Heun] {
        // The largest step that the fixed-point format takes, and larger ones.
        for (arith, eps) in [(ArithKind::Fx18, 0.025), (ArithKind::F32, 0.05), (ArithKind::F32, 0.1)] {
            let seed = seed.wrapping_add((cases.len() as u64 + 1) << 40);
            cases.push(Setup { seed, ..setup(extents, c, eps, arith, integrator) });
        }
    }
    let measured: Vec<Sites> = cases.par_iter().map(|setup| sites(factory, setup)).collect::<Result<_, _>>()?;
    let mut findings = Findings::default();
    let mut points = Vec::new();
    for (setup, Sites { phi2, target, eps }) in cases.iter().zip(measured) {
        let name = format!("{}: phi2 at eps = {}", label(setup), setup.eps);
        let potential = SitePotential { b: target.b, lambda: target.lambda };
        let law = setup.integrator;
        let law = one_site(&potential, eps, law, noise_variance(setup.arith, setup.noise));
        let exact = exact::site(target.b, target.lambda).map(|t| t[&Observable::Phi2]);
        match (law, exact) {
            (Ok(law), Ok(exact)) => {
                let (second, fourth) = (law[&Observable::Phi2].value, law[&Observable::Phi4].value);
                let samples = (fourth - second * second) / phi2.error.powi(2);
                let check = Check::normal(RUNG, name, phi2.value, second, phi2.error).from_samples(samples);
                findings.extend(check.promising(if level == Level::Full { 0.002 } else { 0.008 }));
                let bias = (phi2.value - exact.value).abs();
                points.push(Series::points(label(setup), vec![eps], vec![bias], vec![phi2.error]));
            }
            (Err(error), _) | (_, Err(error)) => findings.extend(Check::undecided(RUNG, format!("{name}: {error}"))),
        }
    }
    findings.figures.push(figure(points));
    Ok(findings)
}

/// The bias of ⟨x²⟩ against the step: lines by the exact laws, and the points.
fn figure(points: Vec<Series>) -> Figure {
    let eps: Vec<f64> = (0..13).map(|i| 0.1 * 0.5_f64.powf(0.5 * f64::from(i))).collect();
    let phi2 = |table: Result<Observables, exact::Error>| table.map_or(f64::NAN, |t| t[&Observable::Phi2].value);
    let exact = phi2(exact::site(SINGLE.b, SINGLE.lambda));
    let mut series: Vec<Series> = ORDERS
        .iter()
        .map(|&(law, _)| {
            let bias = |&eps: &f64| (phi2(one_site(&SINGLE, eps, law, 1.0)) - exact).abs();
            Series::line(law.to_string(), eps.clone(), eps.par_iter().map(bias).collect())
        })
        .collect();
    let c = Phi4 { kappa: 0.0, b: SINGLE.b, lambda: SINGLE.lambda };
    let first_order = |&eps: &f64| phi2(exact::effective(&[], &c, eps)) - exact;
    series.push(Series::line("S_eff", eps.clone(), eps.par_iter().map(first_order).collect()));
    series.extend(points);
    Figure {
        rung: Some(RUNG),
        name: "eps-scan".into(),
        caption: "Bias of <x^2> for x^2/2 + x^4/4 against the step: exact laws (lines), engines (points). \
        Euler–Maruyama has \
                  slope 1 and S_eff as its limit; Leimkuhler–Matthews and Heun have slope 2."
            .into(),
        x: Axis::log("eps"),
        y: Axis::log("|bias of <x^2>|"),
        series,
    }
}

/// ⟨φ²⟩ of the sites of a lattice without bonds, and what the engine really ran.
struct Sites {
    phi2: Estimate,
    target: Phi4,
    eps: f64,
}

/// Averages over ten units of Langevin time, each site being a chain of its own: the error is the spread among sites.
fn sites(factory: &Factory, setup: &Setup) -> Result<Sites, Error> {
    let mut engine = factory(setup, 0)?;
    engine.hot_start(0.7)?;
    let unit = (1.0 / setup.eps).ceil() as u64;
    // The slowest even mode decays at a rate above 4: five units leave less than e^{-20} of the start.
    engine.sweep(5 * unit)?;
    let mut sums = vec![0.0; setup.volume()];
    for _ in 0..10 {
        engine.sweep(unit)?;
        sums.iter_mut().zip(engine.phi()?).for_each(|(sum, x)| *sum += 0.1 * x * x);
    }
    let n = sums.len() as f64;
    let mean = sums.iter().sum::<f64>() / n;
    let variance = sums.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    Ok(Sites {
        phi2: Estimate::new(mean, (variance / n).sqrt()),
        target: engine.chain().target,
        eps: engine.chain().eps,
    })
}

/// Averages of a small interacting lattice, and what the engine really ran.
struct Averages {
    found: Result<BTreeMap<Observable, Gamma>, String>,
    target: Phi4,
    eps: f64,
}

/// Eight chains of `sweeps` sweeps together, measured twice in a unit of Langevin time.
fn averages(factory: &Factory, setup: &Setup, sweeps: f64) -> Result<Averages, Error> {
    const CHAINS: u32 = 8;
    let engine = factory(setup, 0)?;
    let every = (0.5 / setup.eps) as u64;
    let measurements = (sweeps / f64::from(CHAINS) / every as f64) as usize;
    let schedule = Schedule { thermalise: 40 * every, measurements, every };
    let runs = run_chains(factory, setup, CHAINS, 0.8, &schedule)?;
    let series: Vec<_> = runs.into_iter().map(|run| run.series).collect();
    let found = gammas(&series, setup.volume()).map_err(|error| error.to_string());
    Ok(Averages { found, target: engine.chain().target, eps: engine.chain().eps })
}

impl Averages {
    fn get(&self, o: Observable) -> Result<&Gamma, String> {
        self.found.as_ref().map_err(Clone::clone)?.get(&o).ok_or_else(|| "not measured".into())
    }
}

/// Euler–Maruyama on two coupled sites, against its exact law: the bias is many errors wide, and nothing is neglected.
pub fn pair(factory: &Factory, level: Level, seed: u64) -> Result<Findings, Error> {
    let sweeps = if level == Level::Full { 2e7 } else { 2e6 };
    let mut findings = Findings::default();
    for (k, (arith, eps)) in [(ArithKind::Fx18, 0.045), (ArithKind::F32, 0.1)].into_iter().enumerate() {
        let seed = seed.wrapping_add((k as u64 + 1) << 48);
        let setup = Setup { seed, ..setup([2], COUPLED, eps, arith, IntegratorKind::Euler) };
        let run = averages(factory, &setup, sweeps)?;
        let rounding = field_lsb(arith).powi(2) / 12.0;
        let law = PairLaw::new(&run.target, run.eps, noise_variance(arith, setup.noise), rounding);
        let law = law.map(|law| law.observables()).map_err(|error| error.to_string());
        for o in COMPARED {
            let name = format!("{}: {} at eps = {}", label(&setup), o.key(), setup.eps);
            let both = law.as_ref().map_err(Clone::clone).and_then(|law| Ok((law[&o], run.get(o)?)));
            findings.extend(match both {
                Ok((law, found)) => Check::statistic(RUNG, name, found, law.value, law.error)
                    .promising(if level == Level::Full { 0.005 } else { 0.015 }),
                Err(reason) => Check::undecided(RUNG, format!("{name}: {reason}")),
            });
        }
    }
    Ok(findings)
}

/// The slope in ε of averages on a 2×2 torus, every integrator: that of S_eff for Euler–Maruyama, 0 for the others.
pub fn torus(factory: &Factory, level: Level, seed: u64) -> Result<Findings, Error> {
    let sweeps = if level == Level::Full { 2e7 } else { 1e6 };
    let mut findings = Findings::default();
    for (k, &integrator) in IntegratorKind::ALL.iter().enumerate() {
        let run = |i: u64, eps, share| {
            let seed = seed.wrapping_add((2 * k as u64 + i + 3) << 48);
            let setup = Setup { seed, ..setup([2, 2], COUPLED, eps, ArithKind::F32, integrator) };
            averages(factory, &setup, share * sweeps)
        };
        // The smaller step has the smaller bias: it needs the smaller error.
        let runs = [run(0, 0.08, 1.6)?, run(1, 0.16, 0.4)?];
        for o in COMPARED {
            let name = format!("f32 {integrator} 2x2: slope of {} in eps", o.key());
            findings.extend(match slope(&runs, o, integrator) {
                Ok((gamma, expected, systematic)) => Check::statistic(RUNG, name, &gamma, expected, systematic)
                    .promising(if level == Level::Full { 0.08 } else { 0.3 }),
                Err(reason) => Check::undecided(RUNG, format!("{name}: {reason}")),
            });
        }
    }
    Ok(findings)
}

/// The measured slope, the expected one, and what must be systematic.
///
/// With b₁ and b₂ the biases at ε and 2ε, s₁ = b₁/ε and s₂ = b₂/2ε, 2s₁ - s₂ is the slope but for O(ε²). The orders of
/// a free mode of stiffness λ fall by ελ/2 each, so the next one is less than (s₂ - s₁)·ελ with the λ of the fastest
/// mode.
fn slope(runs: &[Averages; 2], o: Observable, integrator: IntegratorKind) -> Result<(Gamma, f64, f64), String> {
    let exact = |c: &Phi4, eps: f64| match integrator {
        IntegratorKind::Euler => exact::effective(&[2, 2], c, eps),
        _ => exact::lattice(&[2, 2], c),
    };
    let mut scaled = [(0.0, 0.0); 2];
    for (run, scaled) in runs.iter().zip(&mut scaled) {
        let found = run.get(o)?;
        let exact = exact::lattice(&[2, 2], &run.target).map_err(|error| error.to_string())?;
        *scaled = ((found.value - exact[&o].value) / run.eps, found.error / run.eps);
    }
    let ([(s1, e1), (s2, e2)], c) = (scaled, runs[0].target);
    let (at_one, at_zero) = (exact(&c, 1.0), exact(&c, 0.0));
    let [at_one, at_zero] = [at_one, at_zero].map(|t| t.map_err(|error| error.to_string()));
    let expected = at_one?[&o].value - at_zero?[&o].value;
    let stiffness = 2.0 * c.b + 8.0 * c.kappa.abs() + 12.0 * c.lambda * runs[0].get(Observable::Phi2)?.value;
    let (one, two) = (runs[0].get(o)?, runs[1].get(o)?);
    let gamma = Gamma {
        value: 2.0 * s1 - s2,
        error: (2.0 * e1).hypot(e2),
        measurements: one.dof().min(two.dof()) as usize,
        window: 0,
        status: if two.status == Status::TooCorrelated { two.status } else { one.status },
        ..one.clone()
    };
    Ok((gamma, expected, (s2 - s1).abs() * runs[0].eps * stiffness))
}
