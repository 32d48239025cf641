//! Statistics against exact laws: the free field at finite step, one site at finite step, rings and tori.

use std::collections::BTreeMap;
use stoquant_model::{ArithKind, IntegratorKind, NoiseKind, Phi4, Setup};

use super::check::Check;
use super::coupled::label;
use super::figure::{Axis, Figure, Series};
use super::findings::Findings;
use super::promise::Promise;
use super::rung::Rung;
use stoquant_engines::engine::Factory;
use stoquant_exact::analysis::{Gamma, gamma, gammas};
use stoquant_exact::estimate::{Estimate, Observable, Observables};
use stoquant_exact::exact::{self};
use stoquant_exact::sampler::{self, Cluster};
use stoquant_experiment::run::{ChainRun, Schedule, run_chains};
use stoquant_integers::noise_law::NoiseLaw;

/// One run against what is known of it.
#[derive(Clone, Debug)]
pub struct Case {
    /// Rung of the ladder.
    pub rung: Rung,
    /// The chains.
    pub setup: Setup,
    /// Number of chains.
    pub chains: u32,
    /// How long.
    pub schedule: Schedule,
    /// What the run undertakes to detect.
    pub promise: Promise,
    /// Whether its autocorrelations are drawn.
    pub drawn: bool,
}

/// What a run must show.
struct Expectation {
    observables: Observables,
    /// Relative size of the neglected order in ε.
    neglected: f64,
}

/// Exact variance of the noise that drives an arithmetic.
pub fn noise_variance(arith: ArithKind, noise: NoiseKind) -> f64 {
    NoiseLaw::new(noise, arith.noise_width()).map_or(f64::NAN, |law| 1.0 + law.variance_error())
}

/// Stiffness·ε of the fastest mode: y in the laws of the free field.
fn stiffness(c: &Phi4, phi2: f64, dims: usize, eps: f64) -> f64 {
    eps * (2.0 * c.b + 12.0 * c.lambda * phi2 + 4.0 * dims as f64 * c.kappa.abs())
}

/// The exact law where there is one; otherwise why not.
fn expectation(setup: &Setup, target: &Phi4, eps: f64) -> Result<Expectation, String> {
    let law = setup.integrator;
    // A Metropolis step corrects for the noise as it is.
    let variance = if law == IntegratorKind::Mala { 1.0 } else { noise_variance(setup.arith, setup.noise) };
    let (extents, dims) = (&setup.extents, setup.extents.len());
    if target.lambda == 0.0 {
        let observables = exact::free(extents, target, Some(eps), law, variance).map_err(|e| e.to_string())?;
        return Ok(Expectation { observables, neglected: 0.0 });
    }
    if setup.volume() == 1 && dims == 0 {
        let site = exact::SitePotential { b: target.b, lambda: target.lambda };
        let observables = exact::one_site(&site, eps, law, variance).map_err(|e| e.to_string())?;
        return Ok(Expectation { observables, neglected: 0.0 });
    }
    let observables = exact::lattice(extents, target).map_err(|e| e.to_string())?;
    let y = stiffness(target, observables[&Observable::Phi2].value, dims, eps);
    // The next order of a free mode: Euler 1 + y/2 + y²/4, Heun 1 - y²/4. Leimkuhler–Matthews has less.
    let neglected = match law {
        IntegratorKind::Mala => 0.0,
        _ => y * y / 4.0,
    };
    let observables = match law {
        IntegratorKind::Euler => exact::effective(extents, target, eps).map_err(|e| e.to_string())?,
        _ => observables,
    };
    Ok(Expectation { observables, neglected })
}

/// Observables compared: independent enough to be worth a test each, all of them fluctuating.
const COMPARED: [Observable; 7] = [
    Observable::Phi2,
    Observable::Phi4,
    Observable::Nn,
    Observable::AbsM,
    Observable::M2,
    Observable::SchwingerDyson,
    Observable::ConfigTemperature,
];

/// The size of an observable: its own, or ⟨φ²⟩ where it may vanish.
fn scale(observables: &Observables, observable: Observable) -> f64 {
    let of = if observable == Observable::Nn { Observable::Phi2 } else { observable };
    observables.get(&of).map_or(f64::NAN, |estimate| estimate.value.abs())
}

/// A check with the promise of its case, on top of what is systematic.
fn promised(case: &Case, check: Check, observable: Observable, scale: f64) -> Check {
    let delta = check.systematic + case.promise.of(observable) * scale;
    check.promising(delta)
}

/// Run a case and compare; not applicable where there is no exact law for it.
pub fn compare(factory: &Factory, case: &Case) -> Result<Findings, stoquant_core::error::Error> {
    let engine = factory(&case.setup, 0)?;
    let (target, eps) = (engine.chain().target, engine.chain().eps);
    let expected = match expectation(&case.setup, &target, eps) {
        Ok(expected) => expected,
        Err(reason) => {
            let not_applicable = vec![format!("{}: {reason}", label(&case.setup))];
            return Ok(Findings { not_applicable, ..Findings::default() });
        }
    };
    let runs = run_chains(factory, &case.setup, case.chains, case.setup.unit(), &case.schedule)?;
    let found = analyse(&runs, case.setup.volume());
    let mut checks = health(case, &runs);
    for observable in COMPARED {
        let Some(&Estimate { value, error }) = expected.observables.get(&observable) else { continue };
        // Laws at finite step carry the second moment of the noise; three-point noise has another fourth.
        let fourth = matches!(observable, Observable::Phi4 | Observable::AbsM);
        if fourth && case.setup.noise == NoiseKind::ThreePoint {
            continue;
        }
        let name = format!("{}: {}", label(&case.setup), observable.key());
        match &found {
            Ok(found) => checks.push(match found.get(&observable) {
                Some(gamma) => {
                    let systematic = error + expected.neglected * value.abs();
                    let check = Check::statistic(case.rung, name, gamma, value, systematic);
                    promised(case, check, observable, scale(&expected.observables, observable))
                }
                None => Check::undecided(case.rung, format!("{name}: not measured")),
            }),
            Err(reason) => checks.push(Check::undecided(case.rung, format!("{name}: {reason}"))),
        }
    }
    Ok(checks.into())
}

/// What e^{-S} must show on any lattice: Schwinger–Dyson, configurational temperature, ⟨r⟩ = 1, and the averages of an
/// independent sampler (embedded clusters and Metropolis, with another generator).
pub fn ensemble(factory: &Factory, case: &Case) -> Result<Findings, stoquant_core::error::Error> {
    let engine = factory(&case.setup, 0)?;
    let (target, eps, dims) = (engine.chain().target, engine.chain().eps, case.setup.extents.len());
    let runs = run_chains(factory, &case.setup, case.chains, case.setup.unit(), &case.schedule)?;
    let mut checks = health(case, &runs);
    let mut figures = Vec::new();
    match analyse(&runs, case.setup.volume()) {
        Ok(found) => {
            if case.drawn {
                figures.push(autocorrelations(case, &found));
            }
            let phi2 = found.get(&Observable::Phi2).map_or(f64::NAN, |g| g.value);
            let y = stiffness(&target, phi2, dims, eps);
            let neglected = match case.setup.integrator {
                IntegratorKind::Mala => 0.0,
                IntegratorKind::Euler => {
                    let reason = "biased at first order in eps, and its law at this size is not known";
                    let not_applicable = vec![format!("{}, averages: {reason}", label(&case.setup))];
                    return Ok(Findings { checks, figures, not_applicable });
                }
                _ => y * y / 4.0,
            };
            checks.extend(against_clusters(case, &target, &found, neglected));
            for observable in [Observable::SchwingerDyson, Observable::ConfigTemperature] {
                let name = format!("{}: {}", label(&case.setup), observable.key());
                checks.push(match found.get(&observable) {
                    Some(gamma) => {
                        let check = Check::statistic(case.rung, name, gamma, 1.0, neglected);
                        promised(case, check, observable, 1.0)
                    }
                    None => Check::undecided(case.rung, format!("{name}: not measured")),
                });
            }
        }
        Err(reason) => checks.push(Check::undecided(case.rung, format!("{}: {reason}", label(&case.setup)))),
    }
    Ok(Findings { checks, figures, ..Findings::default() })
}

/// The averages of an independent sampler of the same e^{-S}.
fn against_clusters(case: &Case, target: &Phi4, found: &BTreeMap<Observable, Gamma>, neglected: f64) -> Vec<Check> {
    let (setup, rung) = (&case.setup, case.rung);
    // Clusters decorrelate in a sweep or two: as many measurements as the case itself made are plenty, a fifth as many
    // sweeps dropped.
    let count = (case.schedule.measurements * case.chains as usize).min(50_000);
    let reference = Cluster::new(&setup.extents, *target, setup.seed ^ 0x9e37_79b9_7f4a_7c15)
        .map_err(|e| e.to_string())
        .and_then(|mut cluster| {
            let series = sampler::run(&mut cluster, count / 5, count, 1);
            gammas(&[series], setup.volume()).map_err(|e| e.to_string())
        });
    let mut checks = Vec::new();
    for observable in [Observable::Phi2, Observable::Nn, Observable::AbsM, Observable::M2] {
        let name = format!("{}: {} (independent sampler)", label(setup), observable.key());
        match &reference {
            Ok(reference) => match (found.get(&observable), reference.get(&observable)) {
                (Some(a), Some(b)) => {
                    let check = Check::difference(rung, name, a, b, neglected * b.value.abs());
                    let of = if observable == Observable::Nn { Observable::Phi2 } else { observable };
                    let scale = reference.get(&of).map_or(f64::NAN, |gamma| gamma.value.abs());
                    checks.push(promised(case, check, observable, scale));
                }
                // A single site has no neighbours.
                (None, None) => {}
                _ => checks.push(Check::undecided(rung, format!("{name}: not measured"))),
            },
            Err(reason) => checks.push(Check::undecided(rung, format!("{name}: {reason}"))),
        }
    }
    checks
}

/// The analysis of a run.
fn analyse(runs: &[ChainRun], volume: usize) -> Result<BTreeMap<Observable, Gamma>, String> {
    let series: Vec<_> = runs.iter().map(|run| run.series.clone()).collect();
    gammas(&series, volume).map_err(|error| error.to_string())
}

/// ρ(t) of φ² and M², and where the sums over it were cut.
fn autocorrelations(case: &Case, found: &BTreeMap<Observable, Gamma>) -> Figure {
    let every = case.schedule.every as f64;
    let mut series = Vec::new();
    for (observable, name) in [(Observable::Phi2, "φ²"), (Observable::M2, "M²")] {
        let Some(gamma) = found.get(&observable) else { continue };
        let t = (0..gamma.rho.len()).map(|t| t as f64 * every).collect();
        let tau = format!("{name}, τ_int = {:.0} ± {:.0} sweeps", gamma.tau_int * every, gamma.tau_int_error * every);
        series.push(Series::line(tau, t, gamma.rho.clone()));
        let window = gamma.window as f64 * every;
        let rho = gamma.rho.get(gamma.window).copied().unwrap_or(f64::NAN);
        series.push(Series::points("", vec![window], vec![rho], vec![]));
    }
    Figure {
        rung: Some(case.rung),
        name: format!("autocorrelation {}", label(&case.setup)),
        caption: format!(
            "Normalised autocorrelation of {} at ε = {}; points mark the windows up to which it is summed.",
            label(&case.setup),
            case.setup.eps
        ),
        x: Axis::linear("t / sweeps"),
        y: Axis::linear("ρ(t)"),
        series,
    }
}

/// Chains that did not do what the schedule asks for, never moved, or repeat another.
fn idle(case: &Case, runs: &[ChainRun]) -> usize {
    let Schedule { thermalise, measurements, every } = case.schedule;
    let sweeps = thermalise + measurements as u64 * every;
    let phi2 = |run: &ChainRun| run.series.phi2.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    let series: Vec<_> = runs.iter().map(phi2).collect();
    let bad = |(i, run): &(usize, &ChainRun)| {
        let own = &series[*i];
        run.sweeps != sweeps
            || own.len() != measurements
            || own.iter().all(|x| Some(x) == own.first())
            || series[..*i].contains(own)
    };
    (case.chains as usize - runs.len().min(case.chains as usize)) + runs.iter().enumerate().filter(bad).count()
}

/// What every run must show: chains that did their sweeps and fluctuate, no saturation, and ⟨r⟩ = 1 where a Metropolis
/// step decides.
fn health(case: &Case, runs: &[ChainRun]) -> Vec<Check> {
    let label = label(&case.setup);
    let name = format!("{label}: chains short of sweeps, without motion, or equal to another");
    let mut checks = vec![Check::none(case.rung, name, idle(case, runs))];
    let adjusted = case.setup.integrator == IntegratorKind::Mala;
    let clipped: u64 = runs.iter().map(|run| run.clipped).sum();
    // In fixed point a saturated drift proposes as well as any; a float has no saturations.
    match (adjusted, case.setup.arith.fixed()) {
        (false, true) => checks.push(Check::none(case.rung, format!("{label}: saturations"), clipped as usize)),
        (true, false) => {
            checks.push(Check::none(case.rung, format!("{label}: tallies that clipped"), clipped as usize))
        }
        _ => {}
    }
    if adjusted {
        let ratios: Vec<&[f64]> = runs.iter().map(|run| run.ratio.as_slice()).collect();
        let name = format!("{label}: <r>, proposals accepted or not");
        match gamma(&ratios) {
            Ok(gamma) => {
                checks.push(Check::statistic(case.rung, name, &gamma, 1.0, 0.0).promising(case.promise.ratio));
            }
            Err(error) => checks.push(Check::undecided(case.rung, format!("{name}: {error}"))),
        }
    }
    checks
}

#[cfg(test)]
mod tests {
    use stoquant_core::integrator::State;
    use stoquant_model::Extents;

    use super::super::promise;
    use super::*;
    use stoquant_engines::engine::core_engine;

    /// Chains that stand still, repeat one another or lose a sweep are counted, each of the two.
    #[test]
    fn idle_chains_are_noticed() {
        let setup = Setup {
            extents: Extents::from([4]),
            couplings: Phi4::kappa_form(0.2, 0.1),
            eps: 0.05,
            arith: ArithKind::F64,
            integrator: IntegratorKind::Mala,
            noise: NoiseKind::Gaussian,
            seed: 1,
        };
        let schedule = Schedule { thermalise: 10, measurements: 50, every: 2 };
        let case = Case { rung: Rung::Exact, setup, chains: 2, schedule, promise: promise::ANY, drawn: false };
        let idle = |factory: &Factory| {
            let checks = compare(factory, &case).unwrap().checks;
            checks.iter().find(|c| c.name.contains("short of sweeps")).unwrap().value
        };
        assert_eq!(idle(&core_engine), 0.0);
        // Every proposal is refused.
        assert_eq!(idle(&|setup, chain| core_engine(&Setup { eps: 1e6, ..*setup }, chain)), 2.0);
        assert_eq!(idle(&|setup, _| core_engine(setup, 0)), 1.0);
        let early = |setup: &Setup, chain| {
            let mut engine = core_engine(setup, chain)?;
            engine.set_state(State { step: 1, ..engine.state()? })?;
            Ok(engine)
        };
        assert_eq!(idle(&early), 2.0);

        // Tallies that clipped in a chain of floats fail the case.
        let clipped = |factory: &Factory| {
            let checks = compare(factory, &case).unwrap().checks;
            checks.iter().find(|c| c.name.contains("tallies that clipped")).unwrap().value
        };
        assert_eq!(clipped(&core_engine), 0.0);
        let clipping = |setup: &Setup, chain| {
            let mut engine = core_engine(setup, chain)?;
            engine.set_state(State { clipped: 3, ..engine.state()? })?;
            Ok(engine)
        };
        assert_eq!(clipped(&clipping), 6.0);
    }
}
