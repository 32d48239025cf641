//! What rounding does to the law: three rules side by side, each against its own law.

use rayon::prelude::*;
use stoquant_core::arith::Arith;
use stoquant_core::error::Error;

use super::{Case, RUNG, SINGLE, home};
use crate::check::Check;
use crate::figure::{Axis, Figure, Series};
use crate::findings::Findings;
use stoquant_exact::exact::SiteLaw;
use stoquant_integers::markov::rounding::{Spread, error};
use stoquant_integers::markov::{
    EtaLaw, LSB, Response, Rounding, Site, boltzmann, continuous, index, level, mean, phi, stationary, total_variation,
};

/// The leading order of a response in ε, with room for the next: ε·stiffness is below 0.1 here.
const NEXT_ORDER: f64 = 1.2;

/// One rule at one step: the law of the integers, and of the continuous chain with the rule's bias and variance.
struct Rounded {
    spread: Spread,
    integers: Vec<f64>,
    smooth: Vec<f64>,
    /// Variance of a step.
    variance: f64,
    /// Mean of ρ and its square about the rule's mean, averaged over law and words.
    error: (f64, f64),
}

impl Rounded {
    /// To nearest as the core's sweep does it, the other rules from the core's accumulator.
    fn new<A: Arith>(site: &Site<A>, eta: &EtaLaw, rule: Rounding) -> Self {
        let formula = site.formula();
        let matrix = if rule == Rounding::Nearest { site.enumerate(eta) } else { site.rounded(eta, rule) };
        let integers = stationary::law(&matrix, &home(&matrix));
        let (bias, gained) = rule.law();
        let variance = formula.noise(eta) + gained * LSB * LSB;
        Self {
            spread: rule.spread(formula.k_s, eta),
            smooth: continuous::law(|i| formula.drift(i), variance, bias * LSB),
            error: errors(site, eta, rule, &integers),
            integers,
            variance,
        }
    }

    fn response(&self, f: impl Fn(f64) -> f64) -> Response {
        Response::new(&self.smooth, 0.5 * self.variance, f)
    }
}

/// ρ of the core's outcome, against the accumulator of the formula.
fn errors<A: Arith>(site: &Site<A>, eta: &EtaLaw, rule: Rounding, law: &[f64]) -> (f64, f64) {
    let (formula, (bias, _)) = (site.formula(), rule.law());
    let (mut first, mut second) = (0.0, 0.0);
    for (i, p) in law.iter().enumerate().filter(|&(_, &p)| p > 0.0) {
        for (eta, q) in eta.probabilities() {
            let n = level(i);
            let outcomes = match rule {
                Rounding::Nearest => [(i64::from(site.step(n, eta)), 1), (0, 0)],
                _ => rule.outcomes(site.accumulate(n, eta)),
            };
            for (to, words) in outcomes {
                let weight = p * q * words as f64 / (1_u64 << rule.bits()) as f64;
                let rho = error(to, formula.accumulate(n, eta));
                first += weight * rho;
                second += weight * (rho - bias).powi(2);
            }
        }
    }
    (first, second)
}

/// Bias and variance of a step, and the moments that follow.
pub fn checks<A: Arith>(case: &Case, eta: &EtaLaw) -> Result<Findings, Error> {
    let site = Site::<A>::new(&case.potential, case.eps)?;
    let formula = site.formula();
    let mut checks = Vec::new();
    for rule in Rounding::ALL {
        let label = |what: &str| format!("{}, {}: {what}", case.name, rule.name());
        let it = Rounded::new(&site, eta, rule);
        let (bias, variance) = rule.law();
        // Averages over a law cannot stray further than the worst fraction does. The last term: saturation at ±max,
        // where there is a mass of 1e-15 at most, and the sums in floats.
        let bias_bound = it.spread.bias + rule.lattice().0 + 1e-12;
        let variance_bound = it.spread.variance + rule.lattice().1 + 1e-12;
        checks.push(Check::bound(RUNG, label("mean rounding error / Δ"), it.error.0, bias, bias_bound));
        checks.push(Check::bound(RUNG, label("its variance / Δ²"), it.error.1, variance, variance_bound));
        // The same in the law: a bias of the worst phase everywhere.
        let bound = NEXT_ORDER * bias_bound * LSB * it.response(|x| x).bias;
        let first = |law: &[f64]| mean(law, |x| x);
        checks.push(Check::bound(RUNG, label("⟨φ⟩"), first(&it.integers), first(&it.smooth), bound));
        if rule == Rounding::Truncation && case.potential.lambda == 0.0 {
            // A Gaussian answers linearly to any force. Left are the lattice of the noise, and that 2bε is an integer d
            // here: d·⟨φ⟩ = Δ/2 up to the first.
            let (s, d) = (site.quantised(), formula.drift(index(1)) / LSB);
            let law = -LSB / (2.0 * site.eps()) / (2.0 * s.b);
            let bound = bias_bound * LSB / -d + (law - -0.5 * LSB / -d).abs();
            checks.push(Check::bound(RUNG, label("⟨φ⟩ and -Δ/(2ε)·⟨φ²⟩"), first(&it.integers), law, bound));
        }
        if rule == Rounding::Stochastic {
            let response = it.response(|x| x * x);
            let plain = continuous::law(|i| formula.drift(i), formula.noise(eta), 0.0);
            let shift = |law: &[f64]| mean(law, |x| x * x) - mean(&plain, |x| x * x);
            // d moves in steps of 2^-9, of which φ = 4 makes 0.04 of a step's noise: h is rough by its square.
            let bound =
                NEXT_ORDER * variance_bound * LSB * LSB * response.worst_variance + 0.005 * shift(&it.smooth).abs();
            checks.push(Check::bound(RUNG, label("shift of ⟨φ²⟩"), shift(&it.integers), shift(&it.smooth), bound));
        }
    }
    Ok(checks.into())
}

/// One step of the scan.
struct Point {
    eps: f64,
    /// Δ²/(24ε)·d⟨φ²⟩/dT.
    law: f64,
    /// Shift of ⟨φ²⟩ over the chain without rounding, in the order of [`Rounding::ALL`].
    shift: [f64; 3],
    /// Root mean square of what a lattice of noise with random phases adds to the first.
    random: f64,
    /// ⟨φ⟩ by truncation: integers, continuous, linear response -Δ/(2ε)·⟨φ²⟩.
    pushed: [f64; 3],
    /// Total variation: integers to e^-S; the step; the rounding of d; the rest.
    distances: [f64; 4],
}

impl Point {
    fn new<A: Arith>(k_s: u32, eta: &EtaLaw) -> Result<Option<Self>, Error> {
        let amplitude = f64::from(k_s) / 128.0;
        let site = Site::<A>::new(&SINGLE, 0.5 * amplitude * amplitude)?;
        let (formula, eps, s) = (site.formula(), site.eps(), site.quantised());
        let Ok(quadrature) = SiteLaw::new(s.b, s.lambda) else {
            return Ok(None);
        };
        let average = |f: &dyn Fn(f64) -> f64| quadrature.mean(f).value;
        let square = average(&|x| x * x);
        let slope = average(&|x| x * x * s.action(x)) - square * average(&|x| s.action(x));
        let noise = formula.noise(eta);
        let plain = continuous::law(|i| formula.drift(i), noise, 0.0);
        let rules = Rounding::ALL.map(|rule| Rounded::new(&site, eta, rule));
        let [nearest, _, truncated] = &rules;
        let euler = continuous::law(|i| -eps * s.slope(phi(i)), noise, 0.0);
        let exact = boltzmann(&s);
        let second = |law: &[f64]| mean(law, |x| x * x);
        let first = |law: &[f64]| mean(law, |x| x);
        // Drift and noise are odd, and so is the bias that they leave: two states, one phase.
        let phases = 2f64.sqrt() * nearest.response(|x| x * x).random;
        Ok(Some(Self {
            eps,
            law: LSB * LSB / (24.0 * eps) * slope,
            shift: [0, 1, 2].map(|rule: usize| second(&rules[rule].integers) - second(&plain)),
            random: nearest.spread.bias_rms * LSB * phases,
            pushed: [first(&truncated.integers), first(&truncated.smooth), -LSB / (2.0 * eps) * square],
            distances: [
                total_variation(&nearest.integers, &exact),
                total_variation(&euler, &exact),
                total_variation(&plain, &euler),
                total_variation(&nearest.integers, &nearest.smooth),
            ],
        }))
    }
}

/// Every step that the format gives the single well, from √(2ε) = 9/128 on.
pub fn scan<A: Arith>(eta: &EtaLaw) -> Result<Findings, Error> {
    let amplitudes: Vec<u32> = (9..=29).step_by(2).collect();
    let points: Result<Vec<_>, Error> = amplitudes.par_iter().map(|&k_s| Point::new::<A>(k_s, eta)).collect();
    let points: Vec<Point> = points?.into_iter().flatten().collect();
    let n = points.len() as f64;
    let ratio = points.iter().map(|p| p.shift[0] / p.law).sum::<f64>() / n;
    let random = points.iter().map(|p| (p.random / p.law).powi(2)).sum::<f64>().sqrt() / n;
    let twice = points.iter().map(|p| (p.shift[1] / p.law - 2.0).abs()).fold(0.0, f64::max);
    let label = |what: &str| format!("single well, {} steps: {what}", points.len());
    let checks = vec![
        // The noise moves in steps of k_s/128 of a unit, so that the bias left at a state depends on its fraction as if
        // by chance. Three times that; the next orders are below 0.05.
        Check::bound(
            RUNG,
            label("nearest, mean shift of ⟨φ²⟩ over Δ²/(24ε)·d⟨φ²⟩/dT"),
            ratio,
            1.0,
            3.0 * random + 0.05,
        ),
        // Second order in T: (δT)²/2·d²⟨φ²⟩/dT² at δT = Δ²/(12ε) = 0.13, the smallest step; ε·stiffness at the largest.
        Check::bound(RUNG, label("stochastic, shift of ⟨φ²⟩ over the same, largest |ratio - 2|"), twice, 0.0, 0.2),
    ];
    Ok(Findings { checks, figures: figures(&points), ..Findings::default() })
}

fn figures(points: &[Point]) -> Vec<Figure> {
    let of = |f: &dyn Fn(&Point) -> f64| points.iter().map(f).collect::<Vec<_>>();
    let eps = of(&|p| p.eps);
    let line = |label: &str, f: &dyn Fn(&Point) -> f64| Series::line(label, eps.clone(), of(f));
    let dots = |label: &str, f: &dyn Fn(&Point) -> f64| Series::points(label, eps.clone(), of(f), Vec::new());
    let figure = |name: &str, caption: &str, y: &str, series| Figure {
        rung: Some(RUNG),
        name: name.into(),
        caption: caption.into(),
        x: Axis::log("ε"),
        y: Axis::log(y),
        series,
    };
    let with_errors = Series::points("nearest", eps.clone(), of(&|p| p.shift[0]), of(&|p| p.random));
    vec![
        figure(
            "enumeration-rounding",
            "Shift of ⟨φ²⟩ by rounding, 8 bits, single well. Stochastic rounding follows its law; to nearest, \
             the lattice of the noise \
             scatters about it, as much as random phases would (bars).",
            "shift of ⟨φ²⟩",
            vec![
                with_errors,
                line("Δ²/(24ε)·d⟨φ²⟩/dT", &|p| p.law),
                dots("stochastic", &|p| p.shift[1]),
                line("Δ²/(12ε)·d⟨φ²⟩/dT", &|p| 2.0 * p.law),
            ],
        ),
        figure(
            "enumeration-truncation",
            "-⟨φ⟩ by truncation: a force Δ/(2ε), beyond linear response at this width.",
            "-⟨φ⟩",
            vec![
                dots("truncation", &|p| -p.pushed[0]),
                line("continuous chain pushed by -Δ/2 a step", &|p| -p.pushed[1]),
                line("Δ/(2ε)·⟨φ²⟩", &|p| -p.pushed[2]),
            ],
        ),
        figure(
            "enumeration-distance",
            "Total variation between the 8-bit law and e^-S, and its parts.",
            "total variation",
            vec![
                dots("integers to e^-S", &|p| p.distances[0]),
                line("step", &|p| p.distances[1]),
                line("rounding of the factor d", &|p| p.distances[2]),
                line("rounding of φ, beyond its temperature", &|p| p.distances[3]),
            ],
        ),
    ]
}
