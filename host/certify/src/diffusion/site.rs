//! One site in a double well, S = -x²/2 + x⁴/4: the exact score by quadrature, the laws of the samplers by iterating
//! their kernels.

use stoquant_core::diffusion::flow::{Flow, Method};
use stoquant_core::diffusion::kernel::noise as variance;
use stoquant_core::diffusion::reverse::{Kind, Reverse, Step};
use stoquant_core::error::Error;
use stoquant_core::machine::Portable;
use stoquant_core::score::{Score, SiteScore};

use super::{Altered, RUNG, Subject, gaussian, noise};
use crate::Level;
use crate::check::Check;

/// Largest σ: the two wells are lost in it.
const WIDEST: f64 = 10.0;

/// S. Its linear part is A = 1, so that g = x³ - 2x.
fn action(x: f64) -> f64 {
    x * x * (0.25 * x * x - 0.5)
}

fn g(x: f64) -> f64 {
    x * (x * x - 2.0)
}

/// Points of a sum over x: spectrally exact for e^{-S}, which is below 1e-100 at the ends.
fn sites() -> impl Iterator<Item = f64> + Clone {
    (-600..=600).map(|i| 0.01 * f64::from(i))
}

/// ∫ e^{-S} f dx.
fn integral(f: impl Fn(f64) -> f64) -> f64 {
    sites().map(|x| 0.01 * (-action(x)).exp() * f(x)).sum()
}

/// h = E[g|y] and h' = Cov(g, x|y)/σ².
pub(super) fn remainder(y: f64, sigma: f64) -> [f64; 2] {
    if sigma == 0.0 {
        return [g(y), 3.0 * y * y - 2.0];
    }
    let precision = 1.0 / (sigma * sigma);
    // Below σ = 0.4 the law of x given y has one peak, at the root of its force, and no wider than 1.1σ.
    let newton = |x: f64| x - (x * x * x - x + (x - y) * precision) / (3.0 * x * x - 1.0 + precision);
    let (centre, width) = if sigma < 0.4 { ((0..50).fold(y, |x, _| newton(x)), 10.0 * sigma) } else { (0.0, 6.0) };
    let sites = (-300..=300).map(|i| centre + width * f64::from(i) / 300.0);
    let energy = |x: f64| action(x) + 0.5 * (y - x) * (y - x) * precision;
    let least = sites.clone().map(energy).fold(f64::INFINITY, f64::min);
    let [norm, g1, x1, gx] = sites.fold([0.0; 4], |[norm, g1, x1, gx], x| {
        let p = (least - energy(x)).exp();
        [norm + p, g1 + p * g(x), x1 + p * x, gx + p * g(x) * x]
    });
    [g1 / norm, (gx / norm - g1 / norm * x1 / norm) * precision]
}

/// Points of a table of h.
const POINTS: usize = 400;

/// Tables of h at each σ, up to |y| = 8r.
struct Tables {
    spacing: Vec<f64>,
    trace: Vec<f64>,
    table: Vec<[f64; 2]>,
}

impl Tables {
    fn new(stages: impl Iterator<Item = (f64, f64)>) -> Self {
        let mut out = Self { spacing: vec![], trace: vec![], table: vec![] };
        for (sigma, trace) in stages {
            let spacing = 8.0 * (1.0 + sigma * sigma).sqrt() / POINTS as f64;
            out.spacing.push(spacing);
            out.trace.push(trace);
            out.table.extend((0..POINTS).map(|i| {
                let [h, slope] = remainder(i as f64 * spacing, sigma);
                [h, spacing * slope]
            }));
        }
        out
    }

    fn score(&self, modes: usize) -> Result<SiteScore<'_, f64>, Error> {
        SiteScore::new(modes, POINTS, &self.spacing, &self.trace, &self.table)
    }
}

/// The flow's density of single samples against e^{-S}/Z: no statistics. The Gaussian that it starts from is not quite
/// p_σ, which leaves 1.5e-5 of ln q at σ = 100 (and 1.5e-3 at 10).
pub fn flow(subject: &Subject) -> Result<Vec<Check>, Error> {
    const STEPS: usize = 96;
    let alpha = (100.0 / 0.3f64).asinh();
    let grid: Vec<f64> =
        (0..=2 * STEPS).map(|n| 0.3 * (alpha * (1.0 - n as f64 / (2 * STEPS) as f64)).sinh()).collect();
    let nodes: Vec<_> = (0..Method::Rk4.nodes(grid.len())).filter_map(|n| Method::Rk4.node(&grid, n, 1.0)).collect();
    let tables = Tables::new(nodes.iter().map(|node| (node.sigma, (subject.trace)(node))));
    let of = |f: fn(&stoquant_core::diffusion::flow::Node) -> f64| nodes.iter().map(f).collect::<Vec<f64>>();
    let closes: Vec<bool> = nodes.iter().map(|node| node.closes).collect();
    let (r, p, w) = (of(|n| n.radius), of(|n| n.predict), of(|n| n.weight));
    let flow = Flow::new(&closes, &r, &p, &w, &[1.0], 0)?;
    let score = Altered { score: tables.score(1)?, stages: nodes.len(), subject };
    let mut work = vec![0.0; flow.work(&score)];
    let ln_z = integral(|_| 1.0).ln();
    let mut off = 0.0f64;
    for i in -30..=30 {
        let mut u = [0.1 * f64::from(i)];
        let ln_q = flow.run::<true, _, _>(Portable, &score, &mut u, &mut work);
        let error = (ln_q + action(u[0]) + ln_z).abs();
        off = if error.is_nan() { f64::INFINITY } else { off.max(error) };
    }
    Ok(vec![Check::bound(RUNG, "one site, flow by RK4: largest |ln q - ln p| within 3 sigma", off, 0.0, 3e-4)])
}

/// A density on a uniform grid of y in [-8r, 8r].
struct Density {
    spacing: f64,
    p: Vec<f64>,
}

const HALF: i32 = 600;

impl Density {
    fn new(sigma: f64, p: impl Fn(f64) -> f64) -> Self {
        let spacing = 8.0 * (1.0 + sigma * sigma).sqrt() / f64::from(HALF);
        Self { spacing, p: (-HALF..=HALF).map(|i| p(f64::from(i) * spacing)).collect() }
    }
    fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        (-HALF..=HALF).zip(&self.p).map(|(i, &p)| (f64::from(i) * self.spacing, p * self.spacing))
    }
    fn mean(&self, f: impl Fn(f64) -> f64) -> f64 {
        self.points().map(|(y, p)| p * f(y)).sum()
    }
}

fn normal(x: f64, variance: f64) -> f64 {
    (-0.5 * x * x / variance).exp() / (2.0 * std::f64::consts::PI * variance).sqrt()
}

/// Geometric σ from `widest`, and 0.
fn sigmas(widest: f64, steps: usize) -> Vec<f64> {
    let mut out: Vec<f64> = (0..steps).map(|n| widest * (0.1 / widest).powf(n as f64 / (steps - 1) as f64)).collect();
    out.push(0.0);
    out
}

/// The law at σ = 0 that the reverse chain of exponential steps has, by its transition operator, and the largest
/// relative difference of ⟨y_s y_t⟩ from that of the forward process, ⟨x²⟩ + σ_s².
fn iterate(subject: &Subject, start: Density, grid: &[f64], tables: &Tables) -> Result<(Density, f64), Error> {
    let score = Altered { score: tables.score(2 * HALF as usize + 1)?, stages: grid.len() - 1, subject };
    let mut work = vec![0.0; score.work()];
    let x2 = integral(|x| x * x) / integral(|_| 1.0);
    let (mut density, mut asymmetry) = (start, 0.0f64);
    for (stage, pair) in grid.windows(2).enumerate() {
        let kernel = (subject.exponential)(pair[0], pair[1], 1.0);
        let y: Vec<f64> = density.points().map(|(y, _)| y).collect();
        let mut h = vec![0.0; y.len()];
        score.remainder::<false, _>(Portable, stage, &y, &mut h, &mut work);
        let means: Vec<(f64, f64)> = density
            .points()
            .zip(&h)
            .filter(|((_, p), _)| *p > 1e-15)
            .map(|((y, p), h)| (kernel.keep * y + kernel.pull * h, p))
            .collect();
        let product: f64 =
            density.points().zip(&h).map(|((y, p), h)| p * y * (kernel.keep * y + kernel.pull * h)).sum();
        asymmetry = asymmetry.max((product / (x2 + pair[1] * pair[1]) - 1.0).abs());
        density = Density::new(pair[1], |y| means.iter().map(|(mean, p)| p * normal(y - mean, kernel.spread)).sum());
    }
    Ok((density, asymmetry))
}

/// Total variation from e^{-S}/Z.
fn distance(density: &Density) -> f64 {
    let z = integral(|_| 1.0);
    0.5 * density.points().map(|(y, p)| (p - density.spacing * (-action(y)).exp() / z).abs()).sum::<f64>()
}

/// The reverse SDE with the exact score: its law at a given number of steps has no statistics, and the core's loop
/// samples it.
pub fn reverse(subject: &Subject, level: Level, seed: u64) -> Result<Vec<Check>, Error> {
    const STEPS: usize = 50;
    let (z, mut checks) = (integral(|_| 1.0), Vec::new());
    let run = |widest: f64, steps: usize, start: &dyn Fn(f64) -> f64| {
        let grid = sigmas(widest, steps);
        let tables = Tables::new(grid.iter().take(steps).map(|&sigma| (sigma, 0.0)));
        let (density, asymmetry) = iterate(subject, Density::new(widest, start), &grid, &tables)?;
        Ok::<_, Error>((grid, tables, density, asymmetry))
    };
    let begin = 1.0 + WIDEST * WIDEST;
    let (grid, tables, law, _) = run(WIDEST, STEPS, &|y| normal(y, begin))?;
    let (_, _, fine, asymmetry) = run(WIDEST, 2 * STEPS, &|y| normal(y, begin))?;
    let (coarse, tv) = (distance(&law), distance(&fine));
    checks.push(Check::bound(RUNG, "one site, reverse SDE in 100 steps: total variation to e^-S", tv, 0.0, TV));
    checks.push(Check::bound(RUNG, "one site, reverse SDE: total variation, 100 steps / 50", tv / coarse, 0.5, 0.1));
    checks.push(Check::bound(
        RUNG,
        "one site, time reversal: <y_s y_t> backward / forward - 1, largest",
        asymmetry,
        0.0,
        REVERSAL,
    ));
    // Forward to σ = 1, where the wells still show, and back.
    let blurred = |y: f64| sites().map(|x| 0.01 * (-action(x)).exp() / z * normal(y - x, 1.0)).sum();
    let (_, _, back, _) = run(1.0, STEPS, &blurred)?;
    checks.push(Check::bound(
        RUNG,
        "one site, forward to sigma = 1 and back in 50 steps: total variation to e^-S",
        distance(&back),
        0.0,
        TV,
    ));

    const MODES: usize = 4096;
    let runs = if level == Level::Full { 64 } else { 8 };
    let kernels: Vec<_> = grid.windows(2).map(|pair| (subject.exponential)(pair[0], pair[1], 1.0)).collect();
    let steps: Vec<Step> = grid
        .windows(2)
        .enumerate()
        .map(|(stage, pair)| Step { stage, kind: Kind::Noising { variance: variance(pair[0], pair[1]) } })
        .collect();
    let table = |of: &dyn Fn(usize) -> f64| (0..STEPS).flat_map(|n| vec![of(n); MODES]).collect::<Vec<f64>>();
    let keep = table(&|n| kernels[n].keep);
    let pull = table(&|n| kernels[n].pull);
    let amplitude = table(&|n| (subject.amplitude)(&kernels[n], n, STEPS));
    let start = vec![begin.sqrt(); MODES];
    let reverse = Reverse::new(&steps, &start, &keep, &pull, &amplitude, 0)?;
    let score = Altered { score: tables.score(MODES)?, stages: STEPS, subject };
    let mut work = vec![0.0; reverse.work(&score)];
    let mut sums = [0.0; 3];
    for run in 0..runs {
        let mut y = vec![0.0; MODES];
        gaussian(seed, run as u32, &mut y);
        reverse.run::<false, _, _, _>(Portable, &score, &mut noise(seed, 5000 + run as u32), &mut y, &mut work);
        for y in y {
            sums = [sums[0] + y, sums[1] + y * y, sums[2] + y.powi(4)];
        }
    }
    let count = (runs * MODES) as f64;
    for ((power, sum), promised) in [1, 2, 4].into_iter().zip(sums).zip([0.05, 0.05, 0.2]) {
        let (mean, square) = (law.mean(|y| y.powi(power)), law.mean(|y| y.powi(2 * power)));
        let error = ((square - mean * mean) / count).sqrt();
        let name = format!("one site, reverse SDE in {STEPS} steps: <phi^{power}> against its transition operator");
        checks.push(Check::normal(RUNG, name, sum / count, mean, error).promising(promised).from_samples(count));
    }
    Ok(checks)
}

/// Total variation: of first order in the step, 5.1e-3 with a hundred from σ = 10 and 4.7e-3 with fifty from σ = 1.
const TV: f64 = 0.008;

/// What the same first order leaves of time reversal: 3.8e-3.
const REVERSAL: f64 = 0.006;
