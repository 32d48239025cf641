//! The analysis: errors, derived quantities, probabilities.

use std::collections::BTreeMap;

use stoquant::analysis::{AnalysisError, ChainSeries, Gamma, gamma, gammas, stats};
use stoquant::certify::calibration::{self, Analysis};
use stoquant::certify::{self, Check, Level};
use stoquant::engine::core_engine;
use stoquant::estimate::Observable;

use super::ladder::{Defect, Rung};
use stoquant::analysis::series::ar1;

type Table = Result<BTreeMap<Observable, Gamma>, AnalysisError>;

/// What a certificate relies on.
#[derive(Clone, Copy)]
struct Subject {
    gamma: fn(&[&[f64]]) -> Result<Gamma, AnalysisError>,
    gammas: fn(&[ChainSeries], usize) -> Table,
    student_to_z: fn(f64, f64) -> f64,
    two_sided: fn(f64) -> f64,
}

/// As the library has it.
const LIBRARY: Subject = Subject { gamma, gammas, student_to_z: stats::student_to_z, two_sided: stats::two_sided };

const RUNG: certify::Rung = certify::Rung::Calibration;

/// Series whose law is known, through the functions of a subject.
fn series(subject: Subject) -> Rung {
    Box::new(move || Ok(checks(subject).unwrap_or_else(|error| vec![Check::undecided(RUNG, error.to_string())]).into()))
}

fn checks(subject: Subject) -> Result<Vec<Check>, AnalysisError> {
    let mut checks = Vec::new();
    // Of 600 pulls: 4.9 √(2/600), and 6% for dof = N/(2W+1) ≈ 30 of short series.
    let (rho, series) = (0.6, 600);
    let mut pulls = 0.0;
    for seed in 0..series {
        let g = (subject.gamma)(&[&ar1(rho, 500, seed)])?;
        pulls += (g.value / g.error).powi(2) / series as f64;
    }
    let bound = 4.9 * (2.0 / series as f64).sqrt() + 0.06;
    checks.push(Check::bound(RUNG, "variance of (mean - exact)/error, AR(1)", pulls, 1.0, bound));

    let chain = ar1(rho, 100_000, 1);
    let shifted: Vec<f64> = chain.iter().map(|a| a + 100.0).collect();
    let (g, far) = ((subject.gamma)(&[&chain])?, (subject.gamma)(&[&shifted])?);
    checks.push(Check::bound(RUNG, "error of a series and of the same + 100", far.error / g.error, 1.0, 1e-9));
    // The window cuts off less than ½e^{-W/τ}, 1% here.
    let tau = 0.5 * (1.0 + rho) / (1.0 - rho);
    let bound = 4.9 * g.tau_int_error + 0.01 * tau;
    checks.push(Check::bound(RUNG, "tau_int of AR(1)", g.tau_int, tau, bound));

    // A standard normal M on a volume of 5.
    let phi2: Vec<f64> = chain.iter().map(|m| m * m).collect();
    let table = (subject.gammas)(&[ChainSeries { m: chain, phi2, ..ChainSeries::default() }], 5)?;
    let half_normal = (2.0 / std::f64::consts::PI).sqrt();
    for (observable, exact) in [(Observable::Chi, 5.0), (Observable::U4, 0.0), (Observable::AbsM, half_normal)] {
        let name = format!("{} of a standard normal M, V = 5", observable.key());
        checks.push(match table.get(&observable) {
            Some(gamma) => Check::statistic(RUNG, name, gamma, exact, 0.0),
            None => Check::undecided(RUNG, name),
        });
    }

    // p = 0.0153924 of the closed form for three degrees of freedom; erfc(z/√2) by mpmath.
    let z = (subject.student_to_z)(5.0, 3.0);
    checks.push(Check::bound(RUNG, "z of t = 5 with 3 degrees of freedom", z, 2.423_011_531_401_61, 1e-9));
    for (z, exact) in [(5.0, 2.0 * 2.866515718791939e-7), (10.0, 2.0 * 7.619853024160526e-24)] {
        let p = (subject.two_sided)(z) / exact;
        checks.push(Check::bound(RUNG, format!("two-sided probability of z = {z}, relative"), p, 1.0, 1e-9));
    }
    Ok(checks)
}

/// The certificate's own rung, through an altered analysis.
fn certified(gamma: fn(&[&[f64]]) -> Result<Gamma, AnalysisError>, p: fn(&Gamma, f64) -> f64) -> Vec<Rung> {
    vec![Box::new(move || calibration::checks(&core_engine, &Analysis { gamma, p }, Level::Standard, 1))]
}

/// t of a mean where another was expected.
fn t(gamma: &Gamma, expected: f64) -> f64 {
    (gamma.value - expected) / gamma.error
}

/// The Γ-method with its error rescaled.
fn rescaled(replicas: &[&[f64]], factor: fn(&Gamma) -> f64) -> Result<Gamma, AnalysisError> {
    gamma(replicas).map(|g| Gamma { error: g.error * factor(&g), ..g })
}

/// A table with one of its observables mapped.
fn mapped(series: &[ChainSeries], volume: usize, which: Observable, f: fn(f64) -> f64) -> Table {
    let mut table = gammas(series, volume)?;
    if let Some(g) = table.get_mut(&which) {
        g.value = f(g.value);
    }
    Ok(table)
}

/// The table.
pub fn defects() -> Vec<Defect> {
    let of = |name, description, subject| Defect::new("analysis", name, description, vec![series(subject)]);
    let with_gamma = |gamma| Subject { gamma, ..LIBRARY };
    let with_table = |gammas| Subject { gammas, ..LIBRARY };
    let right = Analysis::default().p;
    vec![
        of("naive error", "no autocorrelation in the error", with_gamma(|r| rescaled(r, |g| (0.5 / g.tau_int).sqrt()))),
        of("error of τ, not 2τ", "error² = Γ(0)τ/N", with_gamma(|r| rescaled(r, |_| 0.5f64.sqrt()))),
        of("standard deviation", "scatter of one measurement in place of the error", {
            with_gamma(|r| rescaled(r, |g| (g.measurements as f64 / (2.0 * g.tau_int)).sqrt()))
        }),
        of("variance not centred", "⟨a²⟩ in place of ⟨a²⟩ - ⟨a⟩²", {
            with_gamma(|r| {
                let square = r.iter().flat_map(|r| r.iter()).map(|a| a * a).sum::<f64>();
                gamma(r).map(|g| {
                    let n = g.measurements as f64;
                    Gamma { error: (2.0 * g.tau_int * square).sqrt() / n, ..g }
                })
            })
        }),
        of("τ from zero", "τ_int without the ½ of its definition", {
            with_gamma(|r| gamma(r).map(|g| Gamma { tau_int: g.tau_int - 0.5, ..g }))
        }),
        of("χ with V²", "V²⟨M²⟩ in place of V⟨M²⟩", with_table(|s, v| mapped(s, v, Observable::Chi, |chi| 5.0 * chi))),
        of("χ without V", "⟨M²⟩ in place of V⟨M²⟩", with_table(|s, _| gammas(s, 1))),
        of("U₄ without 3", "1 - ⟨M⁴⟩/⟨M²⟩²", {
            with_table(|s, v| mapped(s, v, Observable::U4, |u| 1.0 - 3.0 * (1.0 - u)))
        }),
        of("Student as normal", "z = t whatever the degrees of freedom", Subject { student_to_z: |t, _| t, ..LIBRARY }),
        of("p clipped", "probabilities below 1e-16 become 1e-16", {
            Subject { two_sided: |z| stats::two_sided(z).max(1e-16), ..LIBRARY }
        }),
        of("p by difference", "1 - CDF: rounds to 0 beyond z = 8", {
            Subject { two_sided: |z| 1.0 - (1.0 - stats::two_sided(z)), ..LIBRARY }
        }),
        Defect::new(
            "analysis",
            "naive error, in the certificate",
            "no autocorrelation in the error",
            certified(|r| rescaled(r, |g| (0.5 / g.tau_int).sqrt()), right),
        ),
        Defect::new(
            "analysis",
            "Student as normal, in the certificate",
            "z = t whatever the degrees of freedom",
            certified(gamma, |g, expected| stats::two_sided(t(g, expected))),
        ),
        Defect::new(
            "analysis",
            "p clipped, in the certificate",
            "probabilities below 1e-8 become 1e-8",
            certified(gamma, |g, expected| (Analysis::default().p)(g, expected).max(1e-8)),
        ),
        of("p one-sided", "half the two-sided probability", {
            Subject { two_sided: |z| stats::normal_sf(z.abs()), ..LIBRARY }
        }),
    ]
}

/// Without a defect.
pub fn controls() -> Vec<Defect> {
    let Analysis { gamma, p } = Analysis::default();
    vec![
        Defect::new("control", "analysis", "the library's functions", vec![series(LIBRARY)]),
        Defect::new("control", "calibration", "the certificate's analysis", certified(gamma, p)),
    ]
}
