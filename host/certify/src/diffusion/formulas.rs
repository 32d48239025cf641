//! Schedules, processes, kernels, methods and the law of M against what their sources say, number by number.
//!
//! Nothing here goes through the kernel under test: a step is written down as its paper has it, in φ or in y, and
//! compared with what the coefficients make of the same y and h.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use stoquant_core::diffusion::Magnetisation;
use stoquant_core::diffusion::flow::{Flow, Method};
use stoquant_core::diffusion::kernel::Kernel;
use stoquant_core::diffusion::process::{Process, SubVariancePreserving, VarianceExploding, VariancePreserving};
use stoquant_core::diffusion::schedule::{Cosine, Geometric, Linear, Schedule, Table};
use stoquant_core::error::Error;
use stoquant_core::machine::{Machine, Portable};
use stoquant_core::score::Score;

use super::site::remainder;
use super::{RUNG, Subject};
use crate::check::{Check, largest};

/// All checks.
pub fn checks(subject: &Subject, seed: u64) -> Result<Vec<Check>, Error> {
    let mut checks = schedules()?;
    checks.extend(kernels(subject, seed)?);
    checks.extend(methods(seed)?);
    checks.push(magnetisation(seed)?);
    Ok(checks)
}

/// Coefficients of a discrete chain.
const ALPHA: [f64; 12] = [0.999, 0.99, 0.98, 0.96, 0.93, 0.9, 0.86, 0.8, 0.75, 0.7, 0.6, 0.5];

/// Values of Λ by the definitions, and rates and processes as their derivatives.
fn schedules() -> Result<Vec<Check>, Error> {
    let mut table = [0.0; 13];
    let chain = Table::of_chain(&ALPHA, &mut table)?;
    let (min, max) = (0.05f64, 6.0f64);
    let (offset, end) = (0.008, 0.97);
    let angle = |t: f64| (t * end + offset) / (1.0 + offset) * std::f64::consts::FRAC_PI_2;
    let chain_total = |t: f64| {
        // Between its points -ln ᾱ is a straight line.
        let whole = (t * 12.0) as usize;
        let at = |n: usize| -ALPHA[..n].iter().product::<f64>().ln();
        at(whole) + (at(whole + 1) - at(whole)) * (t * 12.0 - whole as f64)
    };
    type Known<'a> = &'a dyn Fn(f64) -> f64;
    let geometric = Geometric::new(min, max)?;
    let (linear, cosine) = (Linear::new(0.1, 12.0)?, Cosine::new(offset, end)?);
    let all: [(&str, &dyn Schedule, Known<'_>); 4] = [
        ("geometric", &geometric, &|t| (min * (max / min).powf(t)).powi(2) - min * min),
        ("linear", &linear, &|t| 0.1 * t + 11.9 * t * t / 2.0),
        ("cosine", &cosine, &|t| -(angle(t).cos().powi(2) / angle(0.0).cos().powi(2)).ln()),
        ("chain", &chain, &chain_total),
    ];
    // No multiple of 1/12, where the rate of a chain jumps.
    let times = || (1..40).map(|i| 0.0251 * f64::from(i)).filter(|t| ((t * 12.0).round() / 12.0 - t).abs() > 1e-4);
    let slope = |f: &dyn Fn(f64) -> f64, t: f64| (f(t + 1e-6) - f(t - 1e-6)) / 2e-6;
    let mut checks = Vec::new();
    for (name, schedule, known) in all {
        let total = largest(times().map(|t| schedule.total(t) / known(t) - 1.0));
        // Central differences: ε/1e-6 and the third derivative times 1e-12.
        let rate = largest(times().map(|t| slope(known, t) / schedule.rate(t) - 1.0));
        checks.push(Check::bound(RUNG, format!("{name} schedule: relative error of its total"), total, 0.0, 1e-11));
        checks.push(Check::bound(RUNG, format!("{name} schedule: rate against its total"), rate, 0.0, 1e-6));
    }
    let (exploding, preserving) = (VarianceExploding(geometric), VariancePreserving(cosine));
    let (sub, discrete) = (SubVariancePreserving(linear), VariancePreserving(chain));
    let processes: [(&str, &dyn Process, Known<'_>, Known<'_>); 4] = [
        ("variance-exploding", &exploding, &|_| 1.0, &|t| all[0].2(t)),
        ("variance-preserving", &preserving, &|t| (-0.5 * all[2].2(t)).exp(), &|t| 1.0 - (-all[2].2(t)).exp()),
        ("sub-VP", &sub, &|t| (-0.5 * all[1].2(t)).exp(), &|t| (1.0 - (-all[1].2(t)).exp()).powi(2)),
        ("chain", &discrete, &|t| (-0.5 * all[3].2(t)).exp(), &|t| 1.0 - (-all[3].2(t)).exp()),
    ];
    for (name, process, mean, variance) in processes {
        // dφ = fφ dt + g dw: mean' = f·mean, variance' = 2f·variance + g².
        let laws = largest(times().flat_map(|t| {
            let sigma = variance(t).sqrt() / mean(t);
            [process.mean(t) / mean(t), process.variance(t) / variance(t), process.sigma(t) / sigma].map(|x| x - 1.0)
        }));
        let equations = largest(times().flat_map(|t| {
            let (f, g2) = (process.drift(t), process.diffusion2(t));
            let forward = slope(variance, t);
            [(slope(mean, t) - f * mean(t)) / mean(t), (forward - 2.0 * f * variance(t) - g2) / (1.0 + forward.abs())]
        }));
        checks.push(Check::bound(RUNG, format!("{name}: mean, variance and sigma"), laws, 0.0, 1e-9));
        checks.push(Check::bound(RUNG, format!("{name}: drift and diffusion"), equations, 0.0, 1e-6));
    }
    Ok(checks)
}

/// What a kernel makes of y and h, and the variance of its noise, against the step as it is published.
fn kernels(subject: &Subject, seed: u64) -> Result<Vec<Check>, Error> {
    let mut table = [0.0; 13];
    let (linear, cosine) = (Linear::new(0.1, 12.0)?, Cosine::new(0.008, 0.97)?);
    let chain = VariancePreserving(Table::of_chain(&ALPHA, &mut table)?);
    let processes: [&dyn Process; 4] = [
        &VarianceExploding(Geometric::new(0.05, 6.0)?),
        &VariancePreserving(cosine),
        &SubVariancePreserving(linear),
        &chain,
    ];
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut worst = [0.0f64; 5];
    for round in 0..400 {
        let [a, y, h] = [rng.random_range(0.1..3.0), rng.random_range(-3.0..3.0), rng.random_range(-2.0..2.0)];
        let [s, t] = [rng.random_range(0.05..0.5), rng.random_range(0.5..0.95)];
        // ∇ ln p of y: -(y + a·h)/(a + σ²).
        let score = |sigma: f64| -(y + a * h) / (a + sigma * sigma);
        let off = |kernel: Kernel, mean: f64, spread: f64| {
            largest([
                (kernel.keep * y + kernel.pull * h - mean) / (1.0 + mean.abs()),
                kernel.spread / spread - 1.0,
                kernel.amplitude() / spread.sqrt() - 1.0,
            ])
        };
        let process = processes[round % 4];
        let (from, to, dt) = (process.mean(t), process.mean(s), t - s);
        let (phi, g2) = (from * y, process.diffusion2(t));
        let stepped = phi - (process.drift(t) * phi - g2 * score(process.sigma(t)) / from) * dt;
        let kernel = (subject.euler_maruyama)(process, t, s, a);
        worst[0] = worst[0].max(off(kernel, stepped / to, g2 * dt / (to * to)));

        // Ho, Jain, Abbeel: φ' = (φ + (1-α)∇ ln p)/√α + √(1-α)·η, ᾱ the product of the α.
        let n = 1 + round % ALPHA.len();
        let [before, bar] = [n - 1, n].map(|n| ALPHA[..n].iter().product::<f64>());
        let (alpha, sigma) = (ALPHA[n - 1], ((1.0 - bar) / bar).sqrt());
        let phi = bar.sqrt() * y;
        let stepped = (phi + (1.0 - alpha) * score(sigma) / bar.sqrt()) / alpha.sqrt();
        let [s, t] = [n - 1, n].map(|n| n as f64 / ALPHA.len() as f64);
        let kernel = (subject.chain)(&chain, t, s, a);
        worst[1] = worst[1].max(off(kernel, stepped / before.sqrt(), (1.0 - alpha) / before));

        // Bayes: y_s ~ N(0, a + σ_s²), and y_t = y_s + noise of variance σ_t² - σ_s²; h moves the mean by the score.
        let (high, low) = (rng.random_range(1.0..5.0f64), rng.random_range(0.01..1.0f64));
        let noise = high * high - low * low;
        let precision = 1.0 / (a + low * low) + 1.0 / noise;
        let mean = y / noise / precision - noise * a * h / (a + high * high);
        worst[2] = worst[2].max(off((subject.exponential)(high, low, a), mean, 1.0 / precision));

        // y_s given y_t and φ is Gaussian; φ is E[φ|y_t] = y_t + σ_t²∇ ln p in the mean, with a variance of its own.
        let (weight, posterior) = ((low / high).powi(2), rng.random_range(0.0..2.0));
        let denoised = y + high * high * score(high);
        let spread = weight * noise + (1.0 - weight).powi(2) * posterior;
        let kernel = Kernel::ancestral(high, low, a, posterior);
        worst[3] = worst[3].max(off(kernel, weight * y + (1.0 - weight) * denoised, spread));

        // dy = (a + σ²)(∇ ln p dτ) + √(2(a + σ²)) dw with h held: an Ornstein–Uhlenbeck process about -a·h.
        let delta = rng.random_range(0.01..2.0f64);
        let mean = -a * h + (y + a * h) * (-delta).exp();
        let kernel = (subject.corrector)(delta, high, a);
        worst[4] = worst[4].max(off(kernel, mean, (a + high * high) * (1.0 - (-2.0 * delta).exp())));
    }
    let names = ["Euler–Maruyama", "discrete chain", "exponential", "ancestral", "Langevin corrector"];
    let check = |(name, worst): (&str, f64)| {
        Check::bound(RUNG, format!("step of {name}: coefficients against its formula"), worst, 0.0, 1e-9)
    };
    Ok(names.into_iter().zip(worst).map(check).collect())
}

/// One mode, whose h is a function of stage and y.
struct OneMode<H>(H);

impl<H: Fn(usize, f64) -> f64 + Sync> Score<f64> for OneMode<H> {
    fn modes(&self) -> usize {
        1
    }
    fn work(&self) -> usize {
        0
    }
    fn remainder<const TRACE: bool, M: Machine>(
        &self,
        _: M,
        stage: usize,
        y: &[f64],
        h: &mut [f64],
        _: &mut [f64],
    ) -> f64 {
        for (h, &y) in h.iter_mut().zip(y) {
            *h = self.0(stage, y);
        }
        0.0
    }
}

/// One flow by a method on a grid, with h a function of σ and y.
fn flow(method: Method, grid: &[f64], a: f64, h: impl Fn(f64, f64) -> f64 + Sync, u: f64) -> Result<f64, Error> {
    let nodes: Vec<_> = (0..method.nodes(grid.len())).filter_map(|n| method.node(grid, n, a)).collect();
    let of = |f: fn(&stoquant_core::diffusion::flow::Node) -> f64| nodes.iter().map(f).collect::<Vec<f64>>();
    let closes: Vec<bool> = nodes.iter().map(|node| node.closes).collect();
    let (r, p, w) = (of(|n| n.radius), of(|n| n.predict), of(|n| n.weight));
    let end = [a.sqrt()];
    let flow = Flow::new(&closes, &r, &p, &w, &end, 0)?;
    let sigma = of(|node| node.sigma);
    let score = OneMode(|stage: usize, y| h(sigma[stage], y));
    let (mut y, mut work) = ([u], vec![0.0; flow.work(&score)]);
    flow.run::<false, _, _>(Portable, &score, &mut y, &mut work);
    Ok(y[0])
}

/// Methods of the flow: what each integrates exactly, and its order where h is that of a double well.
fn methods(seed: u64) -> Result<Vec<Check>, Error> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut checks = Vec::new();
    // σ from 100 to 0, evenly in asinh σ/0.3, as models have it.
    let grid = |points: usize| -> Vec<f64> {
        let top = (100.0f64 / 0.3).asinh();
        (0..=points).map(|n| 0.3 * (top * (1.0 - n as f64 / points as f64)).sinh()).collect()
    };
    let of = [("Euler", Method::Euler, 0, 1.0), ("Heun", Method::Heun, 1, 2.0), ("AB2", Method::Ab2, 1, 2.0)];
    for (name, method, degree, order) in of.into_iter().chain([("RK4", Method::Rk4, 1, 4.0)]) {
        // du = h dc: a polynomial h(c) of low degree is integrated without an error.
        let mut off = 0.0f64;
        for steps in [1, 2, 5] {
            let a = rng.random_range(0.3..2.0);
            let c = |sigma: f64| -a / (a + sigma * sigma).sqrt();
            let [zeroth, first] =
                [rng.random_range(-2.0..2.0), if degree == 1 { rng.random_range(-2.0..2.0) } else { 0.0 }];
            let grid = grid(if method == Method::Rk4 { 2 * steps } else { steps });
            let primitive = |c: f64| c * (zeroth + 0.5 * first * c);
            let u = rng.random_range(-1.0..1.0);
            let expected = a.sqrt() * (u + primitive(c(0.0)) - primitive(c(grid[0])));
            let h = |sigma, _| zeroth + first * c(sigma);
            off = largest([off, flow(method, &grid, a, h, u)? - expected]);
        }
        let what = if degree == 1 { "linear" } else { "constant" };
        checks.push(Check::bound(RUNG, format!("flow by {name}: error where h is {what} in c"), off, 0.0, 1e-12));
        // Differences of ends at N, 2N and 4N steps: the exponent of the error, from starts on both sides of the wells.
        let end = |steps: usize, u: f64| {
            let grid = grid(if method == Method::Rk4 { 2 * steps } else { steps });
            flow(method, &grid, 1.0, |sigma, y| remainder(y, sigma)[0], u)
        };
        let steps = if method == Method::Rk4 { 16 } else { 64 };
        let mut sums = [0.0; 2];
        for u in [-1.3, -0.4, 0.2, 0.9, 1.7] {
            let ends = [end(steps, u)?, end(2 * steps, u)?, end(4 * steps, u)?];
            sums = [sums[0] + (ends[0] - ends[1]).abs(), sums[1] + (ends[1] - ends[2]).abs()];
        }
        let name = format!("one site, flow by {name}: exponent of the step's error");
        checks.push(Check::bound(RUNG, name, (sums[0] / sums[1]).log2(), order, 0.25));
    }
    Ok(checks)
}

/// M of a word is where the law of M says, to rounding: every cell, its ends and its inside, both signs.
fn magnetisation(seed: u64) -> Result<Check, Error> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut off = 0.0f64;
    for _ in 0..20 {
        let density: Vec<f64> = (0..9).map(|n| if n % 4 == 1 { 0.0 } else { rng.random_range(0.0..2.0) }).collect();
        let (lo, width) = (rng.random_range(0.0..0.5), rng.random_range(0.05..0.2));
        let mut sums = [0.0; 9];
        let law = Magnetisation::new(lo, lo + 8.0 * width, &density, &mut sums)?;
        let total: f64 = density.windows(2).map(|pair| 0.5 * width * (pair[0] + pair[1])).sum();
        // Density and distribution function of |M|, from the straight lines themselves.
        let at = |m: f64| {
            let cell = (((m - lo) / width) as usize).min(7);
            let (x, [p, q]) = (m - lo - cell as f64 * width, [density[cell], density[cell + 1]]);
            let below: f64 = density[..=cell].windows(2).map(|pair| 0.5 * width * (pair[0] + pair[1])).sum();
            let slope = (q - p) / width;
            [(p + slope * x) / total, (below + p * x + 0.5 * slope * x * x) / total]
        };
        for _ in 0..200 {
            let word: u64 = rng.random();
            let (m, uniform) = (law.draw(word), ((word >> 1) as f64 + 0.5) / 2f64.powi(63));
            let [p, below] = at(m.abs());
            let sign = if word.is_multiple_of(2) { m >= 0.0 } else { m <= 0.0 };
            off = largest([off, below - uniform, f64::from(u8::from(!sign)), law.draw(word ^ 1) + m]);
            off = largest([off, law.ln_density(m).exp() / (0.5 * p) - 1.0]);
        }
    }
    Ok(Check::bound(RUNG, "law of M: draws and density against its straight lines", off, 0.0, 1e-9))
}
