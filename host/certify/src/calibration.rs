//! The statistics of this certificate, put to the test themselves: right p-values, and the power that is declared.
//!
//! The process is a free site under Euler at ε = 0.4, φ' = (1-ε)φ + √(2ε)η: an AR(1) process with ρ = 1-ε, mean 0,
//! variance `σ² = 1/(1-ε/2)` and, of N measurements from a start in equilibrium,
//!
//! `error² = σ²/N · [(1+ρ)/(1-ρ) - 2ρ(1-ρ^N)/(N(1-ρ)²)]`.
//!
//! A thousand short runs, each with a seed of its own, each analysed and tested as any other check here. Against the
//! true mean their p-values are uniform. Against a mean that is off by the shift which a t test finds with probability
//! P they are below the level in a fraction P of the runs ([`stats::detectable`]); the shift comes from the exact error
//! and from the scatter of the estimated ones, `(δerror/error)² = 1/(2ν)`, so an analysis cannot excuse itself by its
//! own degrees of freedom. Short runs, where ν is about 20, tell Student's t from a normal law; long ones (ν about 200,
//! as in the certificate) go to the level that a suite leaves a check. There, short runs would find 94% of what the
//! non-central t promises at 99%: their errors are no χ that far out.

use rayon::prelude::*;
use stoquant_core::error::Error;
use stoquant_model::{ArithKind, Extents, IntegratorKind, NoiseKind, Phi4, Setup};

use super::Level;
use super::check::{Check, Criterion, POWER_99};
use super::figure::{Axis, Figure, Series};
use super::findings::Findings;
use super::rung::Rung;
use stoquant_engines::engine::Factory;
use stoquant_exact::analysis::{AnalysisError, Gamma, gamma, stats};

const RUNG: Rung = Rung::Calibration;

/// Measurements of a short run, and of a long one.
const LENGTHS: [usize; 2] = [400, 4000];

/// The seed base that is always run.
const FIXED: u64 = 1 << 40;

/// From a time series to a verdict.
#[derive(Clone, Copy)]
pub struct Analysis {
    /// The mean of a series with its error.
    pub gamma: fn(&[&[f64]]) -> Result<Gamma, AnalysisError>,
    /// The two-sided probability of such a mean where another was expected.
    pub p: fn(&Gamma, f64) -> f64,
}

impl Default for Analysis {
    /// That of every statistical check here.
    fn default() -> Self {
        Self { gamma, p }
    }
}

/// As [`Check::statistic`] has it.
fn p(gamma: &Gamma, expected: f64) -> f64 {
    Check::statistic(RUNG, "", gamma, expected, 0.0).p()
}

/// The rung: with seeds that are always the same, and with those that follow from the certificate's.
pub fn checks(factory: &Factory, analysis: &Analysis, level: Level, seed: u64) -> Result<Findings, Error> {
    let count = if level == Level::Full { 10_000 } else { 1000 };
    let mut findings = Findings::default();
    let (mut uniform, mut power) = (Vec::new(), Vec::new());
    // Odd multiples of the golden ratio lie far from each other.
    for (what, base) in [("fixed", FIXED), ("fresh", seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))] {
        let name = format!("{count} reruns, {what} seeds from {base}");
        let [short, long] = LENGTHS.map(|length| Reruns::new(factory, analysis, base, count, length));
        let (short, long) = (short?, long?);
        findings.checks.extend([
            Check::none(RUNG, format!("{name}: runs without a p-value"), short.refused + long.refused),
            short.uniform(analysis, &name),
            short.power(analysis, &name, LEVEL, 0.5, 0.0).promising(0.25),
            long.power(analysis, &name, SUITE_LEVEL, 0.99, POWER_99).promising(0.05),
        ]);
        uniform.push(short.distribution(analysis, &format!("{what} seeds")));
        power.extend(short.power_curves(analysis, &format!("{what} seeds")));
    }
    // Half the level each way: where 2 exp(-2nd²) is what one of a thousand checks is left with.
    let d = ((2.0 / SUITE_LEVEL).ln() / (2.0 * count as f64)).sqrt();
    let bound = |d: f64| Series::line(if d > 0.0 { "rejected beyond" } else { "" }, vec![0.0, 1.0], vec![d, d]);
    findings.figures.push(Figure {
        rung: Some(RUNG),
        name: "p-values of reruns".into(),
        caption: format!(
            "Distribution function of the p-values of {count} short runs against the true mean, \
             less that of the uniform \
             law."
        ),
        x: Axis::linear("p"),
        y: Axis::linear("fraction of p-values below p, less p"),
        series: uniform.into_iter().chain([bound(d), bound(-d)]).collect(),
    });
    findings.figures.push(Figure {
        rung: Some(RUNG),
        name: "power".into(),
        caption: format!(
            "How often short runs reject, at level {LEVEL}, a mean that is off by some of its exact \
             standard errors. Lines: \
             the non-central t that declares it."
        ),
        x: Axis::linear("shift / standard error"),
        y: Axis::linear("fraction rejected"),
        series: power,
    });
    Ok(findings)
}

/// Level at which the power is measured to a few per cent.
const LEVEL: f64 = 1e-3;

/// Level that a suite of a thousand checks leaves each.
const SUITE_LEVEL: f64 = 1e-9;

/// Many short runs of one process, analysed.
struct Reruns {
    analysed: Vec<Gamma>,
    /// Runs that gave no error, or a bad one.
    refused: usize,
    /// The exact standard error of their means.
    exact_error: f64,
    /// Degrees of freedom, from the scatter of the estimated errors.
    dof: f64,
}

impl Reruns {
    fn new(factory: &Factory, analysis: &Analysis, base: u64, count: usize, length: usize) -> Result<Self, Error> {
        let setup = Setup {
            extents: Extents::default(),
            couplings: Phi4 { kappa: 0.0, b: 0.5, lambda: 0.0 },
            eps: 0.4,
            arith: ArithKind::F64,
            integrator: IntegratorKind::Euler,
            noise: NoiseKind::Gaussian,
            seed: base,
        };
        let eps = factory(&setup, 0)?.chain().eps;
        let sigma = (1.0 / (1.0 - 0.5 * eps)).sqrt();
        let results = (0..count)
            .into_par_iter()
            .map(|run| {
                let setup = Setup { seed: base.wrapping_add(run as u64), ..setup };
                let mut engine = factory(&setup, 0)?;
                engine.hot_start(sigma)?;
                let phi: Vec<f64> = (0..length)
                    .map(|_| {
                        engine.sweep(1)?;
                        Ok(engine.measure()?.m)
                    })
                    .collect::<Result<_, Error>>()?;
                Ok((analysis.gamma)(&[&phi]))
            })
            .collect::<Result<Vec<_>, Error>>()?;
        let analysed: Vec<Gamma> =
            results.into_iter().flatten().filter(|gamma| !(analysis.p)(gamma, 0.0).is_nan()).collect();
        let (n, rho) = (length as f64, 1.0 - eps);
        let correlated = (1.0 + rho) / (1.0 - rho) - 2.0 * rho * (1.0 - rho.powf(n)) / (n * (1.0 - rho).powi(2));
        let runs = analysed.len() as f64;
        let mean = analysed.iter().map(|g| g.error).sum::<f64>() / runs;
        let variance = analysed.iter().map(|g| (g.error - mean).powi(2)).sum::<f64>() / runs;
        Ok(Self {
            refused: count - analysed.len(),
            exact_error: sigma * (correlated / n).sqrt(),
            dof: 0.5 * mean * mean / variance,
            analysed,
        })
    }

    /// Kolmogorov–Smirnov test of the p-values.
    fn uniform(&self, analysis: &Analysis, name: &str) -> Check {
        let n = self.analysed.len();
        let distance = self.p_values(analysis).iter().enumerate().fold(0.0f64, |d, (i, p)| {
            let (below, above) = (p - i as f64 / n as f64, (i + 1) as f64 / n as f64 - p);
            d.max(below).max(above)
        });
        // ½/√n: the largest standard error of an empirical distribution function.
        let error = 0.5 / (n as f64).sqrt();
        let name = format!("{name}: distance of p-values from uniform");
        Check {
            criterion: Criterion::Normal(stats::z_from_two_sided(stats::kolmogorov_sf(distance, n))),
            ..Check::normal(RUNG, name, distance, 0.0, error)
        }
        .from_samples(n as f64)
        .promising(0.2)
    }

    /// p-values against the truth, in ascending order.
    fn p_values(&self, analysis: &Analysis) -> Vec<f64> {
        let mut p: Vec<f64> = self.analysed.iter().map(|gamma| (analysis.p)(gamma, 0.0)).collect();
        p.sort_by(f64::total_cmp);
        p
    }

    /// How many reject a mean that is off by `shift` exact standard errors.
    fn rejected(&self, analysis: &Analysis, shift: f64, level: f64) -> usize {
        self.analysed.iter().filter(|gamma| (analysis.p)(gamma, shift * self.exact_error) <= level).count()
    }

    /// The declared power, whose normal quantile is `z_power`, against the runs that detect such a shift.
    fn power(&self, analysis: &Analysis, name: &str, level: f64, declared: f64, z_power: f64) -> Check {
        let n = self.analysed.len();
        let count = self.rejected(analysis, stats::detectable(level, z_power, self.dof), level);
        let (found, error) = (count as f64 / n as f64, (declared * (1.0 - declared) / n as f64).sqrt());
        let z = stats::z_from_two_sided(stats::binomial_two_sided(count, n, declared)).copysign(found - declared);
        Check {
            criterion: Criterion::Normal(z),
            ..Check::normal(RUNG, format!("{name}: power at level {level:e}"), found, declared, error)
        }
        .from_samples(n as f64)
    }

    fn distribution(&self, analysis: &Analysis, label: &str) -> Series {
        let p = self.p_values(analysis);
        // A hundred points show all there is to see.
        let every = (p.len() / 100).max(1);
        let (x, y) = p
            .iter()
            .enumerate()
            .step_by(every)
            .map(|(i, &p)| (p, (i as f64 + 0.5) / self.analysed.len() as f64 - p))
            .unzip();
        Series::line(label, x, y)
    }

    fn power_curves(&self, analysis: &Analysis, label: &str) -> [Series; 2] {
        let n = self.analysed.len() as f64;
        let (mut x, mut found, mut error) = (Vec::new(), Vec::new(), Vec::new());
        for i in 0..=16 {
            let shift = 0.5 * f64::from(i);
            let rate = self.rejected(analysis, shift, LEVEL) as f64 / n;
            x.push(shift);
            found.push(rate);
            error.push((rate * (1.0 - rate) / n).sqrt());
        }
        let (shifts, expected) = (0..=60)
            .map(|i| {
                let z_power = -3.0 + 0.1 * f64::from(i);
                (stats::detectable(LEVEL, z_power, self.dof), 1.0 - stats::normal_sf(z_power))
            })
            .unzip();
        [Series::points(label, x, found, error), Series::line("", shifts, expected)]
    }
}

#[cfg(test)]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use super::*;
    use crate::{Certificate, Verdict};
    use stoquant_engines::engine::core_engine;

    /// The names of what does not pass.
    fn fails(analysis: Analysis, seed: u64) -> Vec<String> {
        let findings = checks(&core_engine, &analysis, Level::Standard, seed).unwrap();
        let judged = Certificate::judge(findings);
        judged.failures().filter(|c| c.verdict == Verdict::Fail).map(|c| c.name.clone()).collect()
    }

    /// With a fresh seed, printed. Six statistics share 1e-6.
    #[test]
    fn the_analysis_is_calibrated() {
        let fresh = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |t| t.as_nanos() as u64);
        println!("seed {fresh}");
        assert_eq!(fails(Analysis::default(), fresh), Vec::<String>::new());
    }

    /// What could be wrong with an analysis, and the check that says so.
    #[test]
    fn wrong_analyses_are_caught() {
        let good = Analysis::default();
        let naive: fn(&[&[f64]]) -> _ = |replicas| {
            let good = gamma(replicas)?;
            Ok(Gamma { error: good.error / (2.0 * good.tau_int).sqrt(), ..good })
        };
        let wide: fn(&[&[f64]]) -> _ = |replicas| {
            let good = gamma(replicas)?;
            Ok(Gamma { error: 1.5 * good.error, ..good })
        };
        // As many degrees of freedom as measurements.
        let all: fn(&[&[f64]]) -> _ = |replicas| Ok(Gamma { window: 0, ..gamma(replicas)? });
        for (defect, analysis, caught_by) in [
            ("errors without autocorrelation", Analysis { gamma: naive, ..good }, "uniform"),
            ("errors too large", Analysis { gamma: wide, ..good }, "uniform"),
            ("degrees of freedom of independent data", Analysis { gamma: all, ..good }, "level 1e-3"),
            ("normal tails", Analysis { p: |g, e| stats::two_sided((g.value - e) / g.error), ..good }, "level 1e-3"),
            ("a tail cut off", Analysis { p: |g, e| p(g, e).max(1e-8), ..good }, "level 1e-9"),
            ("one-sided p", Analysis { p: |g, e| 0.5 * p(g, e), ..good }, "uniform"),
            ("no p", Analysis { p: |_, _| f64::NAN, ..good }, "without a p-value"),
        ] {
            let found = fails(analysis, 7);
            assert!(found.iter().any(|name| name.contains(caught_by)), "{defect}: {found:?}");
        }
    }

    /// A softer site, b = 0.4 in place of 0.5, has larger errors than the exact ones.
    #[test]
    fn another_process_is_caught() {
        let softer = |setup: &Setup, chain: u32| {
            let couplings = Phi4 { b: 0.4, ..setup.couplings };
            core_engine(&Setup { couplings, ..*setup }, chain)
        };
        let findings = checks(&softer, &Analysis::default(), Level::Standard, 7).unwrap();
        assert_eq!(Certificate::judge(findings).verdict, Verdict::Fail);
    }
}
