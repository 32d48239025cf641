//! Proof by enumeration: one site of eight bits, every state and every word.
//!
//! The chain of the core's own sweep is a matrix of counts ([`stoquant_integers::markov`]), its law the solution of a
//! linear system. What is left between that law and e^{-S} is accounted for: the step, the rounding of the drift's
//! factor, the rounding of the field. At this width nothing is small, which is the point: each effect is seen, and must
//! be as large as its law says.
//!
//! No check here is statistical. Where a tolerance is not an exact bound its order is stated beside it.

mod metropolis;
mod rounding;

use num_traits::ToPrimitive;
use stoquant_core::arith::{Arith, Fx};
use stoquant_core::error::Error;

use super::check::Check;
use super::figure::{Axis, Figure, Series};
use super::findings::Findings;
use super::plan::Level;
use super::rung::Rung;
use stoquant_exact::exact::SitePotential;
use stoquant_integers::markov::stationary::{self, Exact};
use stoquant_integers::markov::{
    self, Class, CountMatrix, EtaLaw, Formula, LSB, MAX, Rounding, STATES, Site, boltzmann, closed, continuous, index,
    level, phi, total_variation,
};

const RUNG: Rung = Rung::Enumeration;

/// One potential and a step that the format takes.
struct Case {
    name: &'static str,
    potential: SitePotential,
    eps: f64,
}

/// In the double well 4λε is 3.03 units of its format here, and becomes 3: λ to one per cent. At ε = 0.019 it would be
/// fifteen.
const CASES: [Case; 3] = [
    Case { name: "single well", potential: SINGLE, eps: 0.02 },
    Case { name: "double well", potential: SitePotential { b: -0.5, lambda: 0.4 / 24.0 }, eps: 0.0222 },
    Case { name: "free", potential: SitePotential { b: 0.5, lambda: 0.0 }, eps: 0.05 },
];

const SINGLE: SitePotential = SitePotential { b: 0.5, lambda: 0.25 };

/// All checks, of the arithmetic that ships.
pub fn checks(level: Level) -> Findings {
    checks_of::<Fx<8>>(level)
}

/// All checks, of any arithmetic with the format of `Fx<8>`: one with a planted defect goes the same way.
pub fn checks_of<A: Arith>(level: Level) -> Findings {
    let eta = EtaLaw::production();
    let mut findings = Findings::default();
    for case in &CASES {
        findings.extend(tried(case.name, chain::<A>(case, level)));
        findings.extend(tried(case.name, law::<A>(case, &eta)));
        findings.extend(tried(case.name, rounding::checks::<A>(case, &eta)));
    }
    findings.extend(tried("scan of the step", rounding::scan::<A>(&eta)));
    findings.extend(second_class::<A>());
    findings.extend(reference());
    findings.extend(tried("Metropolis", metropolis::checks::<A>(&eta)));
    findings
}

/// A site that the core refuses cannot be enumerated.
fn tried(name: &str, findings: Result<Findings, Error>) -> Findings {
    findings.unwrap_or_else(|error| Check::undecided(RUNG, format!("{name}: {error}")).into())
}

/// The class that φ = 0 belongs to.
fn home(matrix: &CountMatrix) -> Vec<usize> {
    let mine = markov::classes(matrix).into_iter().find(|class| class.states.contains(&index(0)));
    mine.map_or(Vec::new(), |class| class.states)
}

/// Matrices, graphs and solutions, for production words and short ones.
fn chain<A: Arith>(case: &Case, to: Level) -> Result<Findings, Error> {
    let site = Site::<A>::new(&case.potential, case.eps)?;
    let weights = boltzmann(&site.quantised());
    let words = [EtaLaw::production(), EtaLaw::short(16), EtaLaw::short(12), EtaLaw::short(8)];
    let matrices: Vec<CountMatrix> = words.iter().map(|eta| site.enumerate(eta)).collect();
    let beside = |other: &dyn Fn(&EtaLaw) -> CountMatrix| {
        matrices.iter().zip(&words).map(|(matrix, eta)| matrix.differences(&other(eta))).sum()
    };
    let label = |what: &str| format!("{}, words of 32, 16, 12 and 8 bits: {what}", case.name);
    let none = |what: &str, count| Check::none(RUNG, label(what), count);
    let mut checks = vec![
        none("rows that do not sum to 2^bits", matrices.iter().map(CountMatrix::wrong_rows).sum()),
        none(
            "entries where sweep and integer formula differ",
            beside(&|eta| site.formula().enumerate(eta, Rounding::Nearest)),
        ),
        none("entries where sweep and rounded accumulator differ", beside(&|eta| site.rounded(eta, Rounding::Nearest))),
    ];
    let homes: Vec<Class> = matrices.iter().flat_map(only).collect();
    let sizes: Vec<String> = homes.iter().map(|class| class.states.len().to_string()).collect();
    checks.push(none(
        &format!("chains without one aperiodic closed class around 0 (of {} states)", sizes.join(", ")),
        matrices.len() - homes.len(),
    ));
    for (matrix, class) in matrices.iter().zip(&homes).filter(|_| homes.len() == matrices.len()) {
        let label = |what: &str| format!("{}, words of {} bits: {what}", case.name, matrix.bits());
        // Noise reaches no further than its largest |η|; with eight bits, Φ⁻¹(2^-9) = 2.9, and that in every step.
        let transient = 1.0 - class.states.iter().map(|&i| weights[i]).sum::<f64>();
        let bound = if matrix.bits() == 8 { 1e-9 } else { 1e-12 };
        checks.push(Check::bound(RUNG, label("e^-S on transient states"), transient, 0.0, bound));
        let solution = stationary::law(matrix, &class.states);
        // A sum of at most 255 products, each to half a unit in its last place.
        checks.push(Check::bound(RUNG, label("|πC - π|"), stationary::residual(matrix, &solution), 0.0, 1e-15));
        if to == Level::Full && matrix.bits() == 8 {
            checks.push(exactly(&label(""), matrix, class, &solution));
        }
    }
    Ok(checks.into())
}

/// The closed class, if it is the only one, aperiodic, and has φ = 0 in it.
fn only(matrix: &CountMatrix) -> Option<Class> {
    let [class] = <[Class; 1]>::try_from(closed(matrix)).ok()?;
    (class.period == 1 && class.states.contains(&index(0))).then_some(class)
}

/// πC = 2^bits π in integers, and the floats beside it.
fn exactly(label: &str, matrix: &CountMatrix, class: &Class, solution: &[f64]) -> Check {
    let exact = Exact::new(matrix, &class.states);
    let same = |i: usize| exact.probability(i).is_some_and(|p| (solution[i] - p).abs() <= 1e-12 * p);
    let wrong = exact.violations(matrix) + class.states.iter().filter(|&&i| !same(i)).count();
    Check::none(
        RUNG,
        format!("{label}πC ≠ 2^bits π in integers of {} bits, or floats off by 1e-12", exact.bits()),
        wrong,
    )
}

/// The law, and its distance to e^{-S} step by step.
fn law<A: Arith>(case: &Case, eta: &EtaLaw) -> Result<Findings, Error> {
    let site = Site::<A>::new(&case.potential, case.eps)?;
    let (formula, eps, s) = (site.formula(), site.eps(), site.quantised());
    let matrix = site.enumerate(eta);
    let integers = stationary::law(&matrix, &home(&matrix));
    let exact = boltzmann(&s);
    let noise = formula.noise(eta);
    let euler = continuous::law(|i| -eps * s.slope(phi(i)), noise, 0.0);
    let with_rounding = noise + LSB * LSB / 12.0;
    let rounded = continuous::law(|i| formula.drift(i), with_rounding, 0.0);

    // S_eff = S + (ε/4)W to first order, W = 2S'' - S'². The next order is relative ε·stiffness: 0.1 where e^-S still
    // counts.
    let w = |x: f64| 2.0 * s.curvature(x) - s.slope(x).powi(2);
    let average = markov::mean(&exact, w);
    let first_order = eps / 8.0 * markov::mean(&exact, |x| (w(x) - average).abs());
    let label = |what: &str| format!("{}: {what}", case.name);
    let mut findings = Findings::from(vec![
        Check::bound(
            RUNG,
            label("continuous Euler to e^-S, TV over its first order in the step"),
            total_variation(&euler, &exact) / first_order,
            1.0,
            0.1,
        ),
        // With π of the integers, P of the continuous chain and ρ its law, (π - ρ)(1 - P) = π(C - P). The right side is
        // rough from point to point, and P smooths that away: the laws differ by no more than one step does. Nothing in
        // the moments, whose own bounds follow, could hide behind this one.
        Check::bound(
            RUNG,
            label("integers to continuous Euler with drift and variance of the integers: TV"),
            total_variation(&integers, &rounded),
            0.0,
            one_step(&matrix, &integers, &formula, with_rounding),
        ),
    ]);
    if case.potential == SINGLE {
        findings.figures.extend(figures(eps, &integers, &exact, &euler, &rounded));
    }
    Ok(findings)
}

/// Total variation between a step of the integers and one of the continuous chain, averaged over a law.
fn one_step(matrix: &CountMatrix, law: &[f64], formula: &Formula, variance: f64) -> f64 {
    let scale = (-f64::from(matrix.bits())).exp2();
    let distance = |i: usize| {
        let centre = phi(i) + formula.drift(i);
        let smooth =
            markov::normalised((0..STATES).map(|j| (-(phi(j) - centre).powi(2) / (2.0 * variance)).exp()).collect());
        0.5 * (0..STATES).map(|j| (matrix.count(i, j) as f64 * scale - smooth[j]).abs()).sum::<f64>()
    };
    law.iter().enumerate().filter(|&(_, &p)| p > 0.0).map(|(i, p)| p * distance(i)).sum()
}

fn figures(eps: f64, integers: &[f64], exact: &[f64], euler: &[f64], rounded: &[f64]) -> [Figure; 2] {
    let shown: Vec<usize> = (0..STATES).filter(|&i| exact[i] > 1e-9).collect();
    let x: Vec<f64> = shown.iter().map(|&i| phi(i)).collect();
    let density = |law: &[f64]| shown.iter().map(|&i| law[i] / LSB).collect::<Vec<_>>();
    let excess = |law: &[f64], than: &[f64]| shown.iter().map(|&i| (law[i] - than[i]) / LSB).collect::<Vec<_>>();
    // Steps begin half a unit to the left of their point.
    let edges: Vec<f64> = x.iter().map(|x| x - 0.5 * LSB).collect();
    let figure = |name: &str, caption: String, y, series| Figure {
        rung: Some(RUNG),
        name: name.into(),
        caption,
        x: Axis::linear("φ"),
        y,
        series,
    };
    [
        figure(
            "enumeration-law",
            format!(
                "Stationary law of the 8-bit chain, single well, ε = {eps:.4}: solved from the counts of all 2^32 \
                 words, not sampled."
            ),
            Axis::log("density"),
            vec![
                Series::steps("integers", edges.clone(), density(integers)),
                Series::line("e^-S", x.clone(), density(exact)),
                Series::line("continuous Euler", x.clone(), density(euler)),
            ],
        ),
        figure(
            "enumeration-residual",
            "What separates it from e^-S: the step is smooth, the rounding of drift and field \
             rough from point to point."
                .into(),
            Axis::linear("difference of densities"),
            vec![
                Series::line("step: continuous Euler - e^-S", x.clone(), excess(euler, exact)),
                Series::line("step, drift and temperature of the integers - e^-S", x, excess(rounded, exact)),
                Series::steps("integers - e^-S", edges, excess(integers, exact)),
            ],
        ),
    ]
}

/// Where ε·max|S''| > 2 over the whole range, the ends flip into each other for ever: a second law, and where the noise
/// reaches as far, the only one. Found with a factor d wide enough, absent where d saturates at ±2, and refused by the
/// core.
fn second_class<A: Arith>() -> Findings {
    let mut checks = Vec::new();
    for (eps, eta, expected) in
        [(0.04, EtaLaw::production(), 2), (0.1, EtaLaw::production(), 1), (0.1, EtaLaw::inverse_normal(8), 2)]
    {
        let count = |factor_max| {
            let classes = closed(&Formula::nominal(&SINGLE, eps, factor_max).enumerate(&eta, Rounding::Nearest));
            let ends = classes.iter().filter(|class| class.states == [index(-MAX), index(MAX)]).count();
            (classes.len() as f64, ends as f64)
        };
        let ((wide, ends), (saturating, kept)) = (count(None), count(Some(TWO)));
        let label = |what: &str| format!("single well, ε = {eps}, words of {} bits: {what}", eta.bits());
        checks.push(Check::bound(RUNG, label("closed classes, d of any size"), wide, f64::from(expected), 0.0));
        checks.push(Check::bound(RUNG, label("of them {-max, max}"), ends, 1.0, 0.0));
        checks.push(Check::bound(RUNG, label("closed classes, |d| ≤ 2"), saturating, 1.0, 0.0));
        checks.push(Check::bound(RUNG, label("of them {-max, max}, |d| ≤ 2"), kept, 0.0, 0.0));
    }
    for eps in [0.04, 0.1] {
        let taken = Site::<A>::new(&SINGLE, eps).is_ok();
        checks.push(Check::none(RUNG, format!("single well, ε = {eps}: taken by the core"), usize::from(taken)));
    }
    checks.into()
}

/// A factor of 2, with W + 1 fractional bits.
const TWO: i64 = 2 << (markov::WIDTH + 1);

/// The figures of an independent implementation: |d| ≤ 2, 2^8 words through Φ⁻¹, coefficients of ε = 0.1 to nearest.
fn reference() -> Findings {
    let eta = EtaLaw::inverse_normal(8);
    let formula = Formula::nominal(&SINGLE, 0.1, Some(TWO));
    let matrix = formula.enumerate(&eta, Rounding::Nearest);
    let classes = closed(&matrix);
    let label = |what: &str| format!("|d| ≤ 2, ε = 0.1, 2^8 normal words: {what}");
    let mut checks = vec![Check::bound(RUNG, label("closed classes"), classes.len() as f64, 1.0, 0.0)];
    if let Some(class) = classes.first() {
        let exact = Exact::new(&matrix, &class.states);
        let square = exact.mean(|i| i64::from(level(i)).pow(2)).to_f64().unwrap_or(f64::NAN) * LSB * LSB;
        let solution = stationary::law(&matrix, &class.states);
        checks.push(Check::bound(RUNG, label("its states"), class.states.len() as f64, 75.0, 0.0));
        checks.push(exactly(&label(""), &matrix, class, &solution));
        // Twelve published decimals.
        checks.push(Check::bound(RUNG, label("⟨φ²⟩, a ratio of integers"), square, 0.491_547_983_246, 6e-13));
    }
    checks.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Certificate, Verdict};

    #[test]
    fn what_ships_passes() {
        let certificate = Certificate::judge(checks(Level::Standard));
        let failed: Vec<_> = certificate.failures().map(|check| (&check.name, check.value)).collect();
        assert!(certificate.verdict == Verdict::Pass && certificate.figures.len() == 5, "{failed:?}");
    }

    #[test]
    fn a_step_that_the_core_refuses_is_undecided() {
        let findings = tried("step", chain::<Fx<8>>(&Case { eps: 0.04, ..CASES[0] }, Level::Standard));
        assert_eq!(Certificate::judge(findings).checks[0].verdict, Verdict::Undecided);
    }
}
