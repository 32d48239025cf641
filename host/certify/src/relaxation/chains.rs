//! Histograms of many chains on their way to equilibrium.

use rayon::prelude::*;
use stoquant_core::arith::{Arith, Fx};
use stoquant_core::dispatch::field_lsb;
use stoquant_core::error::Error;
use stoquant_model::{ArithKind, Extents, IntegratorKind, NoiseKind, Phi4, Setup};

use super::super::check::{Check, Criterion};
use super::super::coupled::label;
use super::super::figure::{Axis, Figure, Series};
use super::super::findings::Findings;
use super::super::laws::noise_variance;
use super::super::plan::Level;
use super::{DOUBLE, RUNG, SINGLE, START, TIMES};
use stoquant_engines::engine::Factory;
use stoquant_exact::analysis::stats::{chi2_sf, z_from_two_sided};
use stoquant_exact::exact::SitePotential;
use stoquant_exact::fokker_planck::ChainLaw;

/// Cells of a histogram, of equal probability as far as their edges allow.
const CELLS: usize = 40;

/// What the chains showed.
pub struct Followed {
    /// Checks, and the figure of the first case.
    pub findings: Findings,
    /// The moments of the first case.
    pub moments: Vec<Moments>,
}

/// Measured ⟨x⟩ and ⟨x²⟩ at a time.
pub struct Moments {
    /// τ = nε.
    pub time: f64,
    /// The averages.
    pub value: [f64; 2],
    /// Their standard errors.
    pub error: [f64; 2],
}

/// Chains from one point.
struct Case {
    setup: Setup,
    start: f64,
    times: [f64; 5],
}

/// All cases. A lattice with κ = 0 is as many independent chains of one site as it has sites.
pub fn follow(factory: &Factory, level: Level, seed: u64) -> Result<Followed, Error> {
    let extents = Extents::from(if level == Level::Full { [1024, 1024] } else { [512, 256] });
    let case = |potential: SitePotential, start, times, arith, integrator, k: u64| {
        let couplings = Phi4 { kappa: 0.0, b: potential.b, lambda: potential.lambda };
        let (noise, seed) = (NoiseKind::Gaussian, seed.wrapping_add(k << 36));
        Case { setup: Setup { extents, couplings, eps: 0.02, arith, integrator, noise, seed }, start, times }
    };
    // The bottom of a well is at √15; the barrier is 3.75 high, and some chains cross it.
    let (well, slow) = (3.875, [0.5, 1.0, 2.0, 4.0, 8.0]);
    let cases = [
        case(SINGLE, START, TIMES, ArithKind::Fx18, IntegratorKind::Euler, 1),
        case(SINGLE, START, TIMES, ArithKind::F32, IntegratorKind::Euler, 2),
        case(SINGLE, START, TIMES, ArithKind::Fx18, IntegratorKind::LeimkuhlerMatthews, 3),
        case(SINGLE, START, TIMES, ArithKind::F32, IntegratorKind::Heun, 4),
        case(DOUBLE, well, slow, ArithKind::Fx18, IntegratorKind::Euler, 5),
    ];
    let mut all: Vec<Followed> = cases.par_iter().map(|case| run(factory, case, level)).collect::<Result<_, _>>()?;
    let mut first = all.remove(0);
    for other in all {
        // The figure shows one case.
        first.findings.extend(Findings { figures: Vec::new(), ..other.findings });
    }
    first.findings.not_applicable.push(
        "mala, relaxation: one Metropolis decision for a whole lattice, so that its sites are not independent chains"
            .into(),
    );
    Ok(first)
}

/// The word nearest to x.
fn word(arith: ArithKind, x: f64) -> (u64, f64) {
    fn of<A: Arith>(x: f64) -> (u64, f64) {
        let x = A::nearest(x);
        (x.bits(), x.value())
    }
    match arith {
        ArithKind::Fx18 => of::<Fx<18>>(x),
        ArithKind::Fx16 => of::<Fx<16>>(x),
        ArithKind::F32 => of::<f32>(x),
        ArithKind::F64 => of::<f64>(x),
    }
}

fn run(factory: &Factory, case: &Case, level: Level) -> Result<Followed, Error> {
    let setup = &case.setup;
    let mut engine = factory(setup, 0)?;
    let (bits, start) = word(setup.arith, case.start);
    engine.set_bits(&vec![bits; setup.volume()])?;
    let (c, eps) = (engine.chain().drift, engine.chain().eps);
    let spacing = field_lsb(setup.arith);
    // Heun rounds twice: (5/4)Δ²/12 in all. Under 1e-9 of the noise in any case.
    let rounding = spacing * spacing / 12.0 * if setup.integrator == IntegratorKind::Heun { 1.25 } else { 1.0 };
    let potential = SitePotential { b: c.b, lambda: c.lambda };
    let variance = noise_variance(setup.arith, setup.noise);
    let law = ChainLaw::new(potential, eps, setup.integrator, variance, rounding, start);
    let mut followed = Followed { findings: Findings::default(), moments: Vec::new() };
    let mut law = match law {
        Ok(law) => law,
        Err(error) => {
            followed.findings.extend(Check::undecided(RUNG, format!("{}: {error}", label(setup))));
            return Ok(followed);
        }
    };
    let (mut done, mut series) = (0, Vec::new());
    for time in case.times {
        let steps = (time / setup.eps).round() as u64;
        engine.sweep(steps - done)?;
        done = steps;
        let name = format!("{} from x = {} at tau = {time}", label(setup), case.start);
        if let Err(error) = law.advance_to(steps as usize) {
            followed.findings.extend(Check::undecided(RUNG, format!("{name}: {error}")));
            continue;
        }
        let phi = engine.phi()?;
        let histogram = Histogram::new(&law, spacing, &phi);
        followed.findings.extend(histogram.check(&name));
        let (checks, moments) = moments(&law, &phi, steps as f64 * eps, &name, level);
        followed.findings.extend(checks);
        followed.moments.push(moments);
        series.extend(histogram.series(&law, time));
    }
    if spacing > 0.0 {
        let clipped = engine.state()?.clipped as usize;
        followed.findings.extend(Check::none(
            RUNG,
            format!("{} from x = {}: saturations", label(setup), case.start),
            clipped,
        ));
    }
    followed.findings.figures.push(Figure {
        rung: Some(RUNG),
        name: "relaxation".into(),
        caption: format!(
            "{} chains of one site, all started at x = {}: histograms (points) at five times, \
             and the exact law of the chain (lines).",
            setup.volume(),
            case.start
        ),
        x: Axis::linear("x"),
        y: Axis::linear("P(x, tau)"),
        series,
    });
    Ok(followed)
}

/// ⟨x⟩ and ⟨x²⟩; their errors follow from the exact law as well.
fn moments(law: &ChainLaw, phi: &[f64], time: f64, name: &str, level: Level) -> (Vec<Check>, Moments) {
    let [m1, m2, _, m4] = law.moments();
    let n = phi.len() as f64;
    let value = [1, 2].map(|k| phi.iter().map(|x| x.powi(k)).sum::<f64>() / n);
    let spread = [(m2 - m1 * m1).sqrt(), (m4 - m2 * m2).sqrt()];
    let error = spread.map(|s| s / n.sqrt());
    // Shifts by these fractions of the spread.
    let promise = if level == Level::Full { 110.0 } else { 40.0 };
    let check = |k: usize, what: &str, expected: f64| {
        let name = format!("{name}: {what}");
        Check::normal(RUNG, name, value[k], expected, error[k]).from_samples(n).promising(spread[k] / promise)
    };
    (vec![check(0, "<x>", m1), check(1, "<x^2>", m2)], Moments { time, value, error })
}

/// Counts in cells, with what the exact law expects.
struct Histogram {
    /// Inner edges.
    edges: Vec<f64>,
    counts: Vec<u64>,
    probabilities: Vec<f64>,
}

impl Histogram {
    /// Edges lie half a field spacing above multiples of 1/128, so that rounding to the grid moves no x across them.
    fn new(law: &ChainLaw, spacing: f64, phi: &[f64]) -> Self {
        let table: Vec<(f64, f64)> = candidates(law).map(|a| a + 0.5 * spacing).map(|a| (a, law.cdf(a))).collect();
        let mut inner: Vec<(f64, f64)> = Vec::new();
        for k in 1..CELLS {
            let i = table.partition_point(|&(_, p)| p < k as f64 / CELLS as f64);
            if let Some(&edge) = table.get(i).filter(|edge| inner.last().is_none_or(|last| edge.0 > last.0)) {
                inner.push(edge);
            }
        }
        let edges: Vec<f64> = inner.iter().map(|&(a, _)| a).collect();
        let mut counts = vec![0; edges.len() + 1];
        for &x in phi {
            counts[edges.partition_point(|&a| a < x)] += 1;
        }
        let below: Vec<f64> = std::iter::once(0.0).chain(inner.iter().map(|&(_, p)| p)).chain([1.0]).collect();
        Self { edges, counts, probabilities: below.windows(2).map(|p| p[1] - p[0]).collect() }
    }

    /// Pearson's χ², as a normal deviate: positive for a bad fit, negative for one that is too good to be chance.
    fn check(&self, name: &str) -> Check {
        let name = format!("{name}: chi²/dof of {} cells", self.counts.len());
        let n = self.counts.iter().sum::<u64>() as f64;
        let expected: Vec<f64> = self.probabilities.iter().map(|p| n * p).collect();
        // χ² is what its name says for 50 counts a cell or more.
        if self.counts.len() < CELLS / 2 || expected.iter().any(|&e| e.is_nan() || e < 50.0) {
            return Check::undecided(RUNG, format!("{name}: too narrow a law, or too few chains"));
        }
        let chi2: f64 = self.counts.iter().zip(&expected).map(|(&c, e)| (c as f64 - e).powi(2) / e).sum();
        let dof = self.counts.len() as f64 - 1.0;
        let p = chi2_sf(chi2, dof);
        let z = if p < 0.5 { z_from_two_sided(2.0 * p) } else { -z_from_two_sided(2.0 * (1.0 - p)) };
        // An excess of Σ(Δp)²n/p = 4·dof is found: relative deviations of √(4·dof/n), 3.5% of every cell for 131072
        // chains.
        Check { criterion: Criterion::Normal(z), ..Check::normal(RUNG, name, chi2 / dof, 1.0, (2.0 / dof).sqrt()) }
            .from_counts(n)
            .promising(4.0)
    }

    /// The exact density, and the counts as one.
    fn series(&self, law: &ChainLaw, time: f64) -> [Series; 2] {
        let points: Vec<(f64, f64)> = candidates(law).step_by(6).map(|a| (a, law.cdf(a))).collect();
        let seen = points.windows(2).filter(|w| w[1].1 > 1e-6 && w[0].1 < 1.0 - 1e-6);
        let (x, y) = seen.map(|w| (0.5 * (w[0].0 + w[1].0), (w[1].1 - w[0].1) / (w[1].0 - w[0].0))).unzip();
        let n = self.counts.iter().sum::<u64>() as f64;
        let cells = self.edges.windows(2).zip(&self.counts[1..]);
        let (mut at, mut density, mut error) = (Vec::new(), Vec::new(), Vec::new());
        for (edge, &count) in cells {
            let norm = n * (edge[1] - edge[0]);
            at.push(0.5 * (edge[0] + edge[1]));
            density.push(count as f64 / norm);
            error.push((count as f64).sqrt() / norm);
        }
        [Series::line(format!("tau = {time}"), x, y), Series::points("", at, density, error)]
    }
}

/// Multiples of 1/128 over the range of the law.
fn candidates(law: &ChainLaw) -> impl Iterator<Item = f64> {
    let reach = (128.0 * law.half_width()) as i32;
    (-reach..=reach).map(|i| f64::from(i) / 128.0)
}
