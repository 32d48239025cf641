//! The analysis of series against processes whose errors, times and biases are known in closed form.
//!
//! x' = ρx + √(1-ρ²)ξ has variance 1, Γ(t) = ρ^t, τ_int = ½(1+ρ)/(1-ρ), and the mean of N has
//! `error² = [(1+ρ)/(1-ρ) - 2ρ(1-ρ^N)/(N(1-ρ)²)]/N`. x² - 1 is such a process with ρ² and twice the variance.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;
use stoquant_exact::analysis::{Gamma, agreement, gamma, gamma_derived, jackknife, stats};

use super::RUNG;
use crate::Level;
use crate::check::{Check, Criterion, largest};

/// A standard Gaussian number, by Box and Muller.
fn gaussian(rng: &mut Xoshiro256PlusPlus) -> f64 {
    let u: f64 = 1.0 - rng.random::<f64>();
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}

/// A stretch of the process in equilibrium.
fn process(rho: f64, length: usize, rng: &mut Xoshiro256PlusPlus) -> Vec<f64> {
    let mut x = gaussian(rng);
    let step = (1.0 - rho * rho).sqrt();
    (0..length)
        .map(|_| {
            let now = x;
            x = rho * x + step * gaussian(rng);
            now
        })
        .collect()
}

/// Squared error of the mean of `length` values of unit variance.
fn error2(rho: f64, length: usize) -> f64 {
    let n = length as f64;
    ((1.0 + rho) / (1.0 - rho) - 2.0 * rho * (1.0 - rho.powf(n)) / (n * (1.0 - rho).powi(2))) / n
}

/// Replicas of the process: so many, of this length.
fn replicas(rho: f64, lengths: &[usize], rng: &mut Xoshiro256PlusPlus) -> Vec<Vec<f64>> {
    lengths.iter().map(|&length| process(rho, length, rng)).collect()
}

/// Mean and its error of numbers that are independent.
fn mean(x: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    (mean, (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n * (n - 1.0))).sqrt())
}

/// A number for each of many reruns, in their order.
fn rerun(count: usize, seed: u64, each: impl Fn(&mut Xoshiro256PlusPlus) -> f64 + Sync) -> Vec<f64> {
    let of =
        |n: usize| each(&mut Xoshiro256PlusPlus::seed_from_u64(seed.wrapping_mul(0x9e37_79b9).wrapping_add(n as u64)));
    (0..count).into_par_iter().map(of).collect()
}

/// The mean of reruns against its expectation, of which `systematic` is left open.
fn average(name: &str, found: &[f64], expected: f64, systematic: f64, promised: f64) -> Check {
    let name = format!("analysis, {name}");
    if found.iter().any(|x| !x.is_finite()) {
        return Check::undecided(RUNG, format!("{name}: a rerun without a result"));
    }
    let (value, error) = mean(found);
    let excess = ((value - expected).abs() - systematic).max(0.0).copysign(value - expected);
    let criterion = Criterion::Normal(excess / error);
    Check { criterion, systematic, ..Check::normal(RUNG, name, value, expected, error) }
        .from_samples(found.len() as f64)
        .promising(promised)
}

/// Distance of p-values from uniform.
fn uniform(name: &str, mut p: Vec<f64>) -> Check {
    let name = format!("analysis, {name}: distance of p-values from uniform");
    if p.iter().any(|p| p.is_nan()) {
        return Check::undecided(RUNG, format!("{name}: a rerun without a p-value"));
    }
    p.sort_by(f64::total_cmp);
    let n = p.len();
    let distance = p
        .iter()
        .enumerate()
        .fold(0.0f64, |most, (i, p)| most.max(p - i as f64 / n as f64).max((i + 1) as f64 / n as f64 - p));
    let z = stats::z_from_two_sided(stats::kolmogorov_sf(distance, n));
    Check { criterion: Criterion::Normal(z), ..Check::normal(RUNG, name, distance, 0.0, 0.5 / (n as f64).sqrt()) }
        .from_samples(n as f64)
        .promising(0.2)
}

fn slices(series: &[Vec<f64>]) -> Vec<&[f64]> {
    series.iter().map(Vec::as_slice).collect()
}

/// The estimator of U. Wolff, Comput. Phys. Commun. 156 (2004) 143, equation by equation: value, error, τ_int, window.
/// Replicas are weighted by their lengths; deviations are from the mean of all.
fn plain(replicas: &[Vec<f64>]) -> [f64; 4] {
    let n: f64 = replicas.iter().map(|r| r.len() as f64).sum();
    let mean = replicas.iter().flatten().sum::<f64>() / n;
    // Eq. (31).
    let gamma = |t: usize| {
        let pairs: f64 = replicas.iter().map(|r| r.len().saturating_sub(t) as f64).sum();
        let products = |r: &Vec<f64>| (t..r.len()).map(|i| (r[i] - mean) * (r[i - t] - mean)).sum::<f64>();
        replicas.iter().map(products).sum::<f64>() / pairs
    };
    let zero = gamma(0);
    // Eqs. (50) to (52) with S = 1.5: the first window at which truncation and noise are equally small.
    let (mut excess, mut c, mut window) = (0.0, zero, 0.0);
    for w in 1.. {
        let at = gamma(w);
        (excess, c, window) = (excess + (at / zero).abs(), c + 2.0 * at, w as f64);
        let tau = 1.5 / (1.0 + 1.0 / excess).ln();
        if (-window / tau).exp() - tau / (window * n).sqrt() < 0.0 {
            break;
        }
    }
    // Eq. (49): the mean is not the true one, and all of Γ is short by C/N.
    let (c, zero) = (c + (2.0 * window + 1.0) * c / n, zero + c / n);
    [mean, (c / n).sqrt(), c / (2.0 * zero), window]
}

/// The estimators against their plain formulas, on the same numbers.
fn formulas(seed: u64) -> Vec<Check> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let [mut off, mut binned] = [0.0f64; 2];
    let worst = |most: f64, found: f64, known: f64| largest([most, found / known - 1.0]);
    // Short windows and long ones, which are summed by Fourier transform; replicas alike and unlike.
    for (rho, lengths) in [(0.3, vec![250]), (0.8, vec![900]), (0.7, vec![400, 90, 1300]), (0.99, vec![30_000, 9000])] {
        let series: Vec<Vec<f64>> =
            replicas(rho, &lengths, &mut rng).iter().map(|r| r.iter().map(|x| x + 5.0).collect()).collect();
        let Ok(found) = gamma(&slices(&series)) else { return vec![Check::undecided(RUNG, "analysis: no estimate")] };
        let [mean, error, tau, window] = plain(&series);
        // The mean of all is the weighted mean of the replicas: nothing to correct.
        for (found, known) in
            [(found.value, mean), (found.error, error), (found.tau_int, tau), (found.window as f64, window)]
        {
            off = worst(off, found, known);
        }
        off = worst(off, found.dof(), series.iter().map(|r| r.len() as f64).sum::<f64>() / (2.0 * window + 1.0));

        // Jackknife of the square of the mean: Σ over bins left out, each replica in whole bins from its end.
        let size = 10;
        let bins: Vec<f64> = series
            .iter()
            .flat_map(|r| r[r.len() % size..].chunks(size))
            .map(|bin| bin.iter().sum::<f64>() / size as f64)
            .collect();
        let n = bins.len() as f64;
        let total: f64 = bins.iter().sum();
        let left: Vec<f64> = bins.iter().map(|bin| ((total - bin) / (n - 1.0)).powi(2)).collect();
        let average = left.iter().sum::<f64>() / n;
        let error = ((n - 1.0) / n * left.iter().map(|x| (x - average).powi(2)).sum::<f64>()).sqrt();
        let value = n * (total / n).powi(2) - (n - 1.0) * average;
        let Ok(found) = jackknife(&[&slices(&series)], size, |m| m[0] * m[0]) else {
            return vec![Check::undecided(RUNG, "analysis: no jackknife")];
        };
        binned = worst(worst(binned, found.value, value), found.error, error);
    }
    vec![
        Check::bound(RUNG, "analysis, Gamma method: relative difference to its formulas", off, 0.0, 1e-9),
        Check::bound(RUNG, "analysis, jackknife: relative difference to its formulas", binned, 0.0, 1e-9),
    ]
}

/// All checks.
pub fn checks(level: Level, seed: u64) -> Vec<Check> {
    let count = if level == Level::Full { 20_000 } else { 2000 };
    let of = |f: &dyn Fn(&Gamma) -> f64, series: &[Vec<f64>]| gamma(&slices(series)).map_or(f64::NAN, |g| f(&g));
    let mut checks = formulas(seed);
    // Errors of a mean: one replica, short ones where the mean's own scatter shows (the bias of Γ), several of unequal
    // lengths.
    for (rho, lengths) in
        [(0.0, vec![200]), (0.6, vec![4000]), (0.0, vec![60]), (0.5, vec![100, 150, 250, 60]), (0.9, vec![5000])]
    {
        let n: usize = lengths.iter().sum();
        let exact: f64 = lengths.iter().map(|&l| (l as f64 / n as f64).powi(2) * error2(rho, l)).sum();
        // As many numbers for each, nearly.
        let reruns = (count * 500 / n).clamp(count / 4, 4 * count);
        let ratios = rerun(reruns, seed, |rng| of(&|g| g.error.powi(2) / exact, &replicas(rho, &lengths, rng)));
        let name = format!("rho = {rho}, lengths {lengths:?}: error^2 / exact");
        checks.push(average(&name, &ratios, 1.0, 0.03, 0.12));
        let z = rerun(reruns, seed ^ 1, |rng| of(&|g| stats::two_sided(g.z(0.0)), &replicas(rho, &lengths, rng)));
        checks.push(uniform(&format!("rho = {rho}, lengths {lengths:?}"), z));
    }
    // τ_int, and the window at which S = 1.5 of Wolff's criterion closes for the exact correlation.
    for rho in [0.5f64, 0.9, 0.95] {
        let (n, tau) = (40_000, 0.5 * (1.0 + rho) / (1.0 - rho));
        let found = |f: &(dyn Fn(&Gamma) -> f64 + Sync), bit: u64| {
            rerun(count / 20, seed ^ bit, |rng| of(&|g| f(g), &[process(rho, n, rng)]))
        };
        let times = found(&|g| g.tau_int / tau, 2);
        checks.push(average(&format!("rho = {rho}: tau_int / exact"), &times, 1.0, 0.02, 0.12));
        let mut excess = 0.0;
        let closes = (1..n).find(|&w| {
            excess += rho.powi(w as i32);
            let t = 1.5 / (1.0 / excess).ln_1p();
            (-(w as f64) / t).exp() < t / (w as f64 * n as f64).sqrt()
        });
        let window = closes.map_or(f64::NAN, |w| w as f64);
        let windows = found(&|g| g.window as f64 / window, 4);
        checks.push(average(&format!("rho = {rho}: window / that of the exact correlation"), &windows, 1.0, 0.1, 0.25));
    }
    // 1 - ⟨x⁴⟩/3⟨x²⟩² vanishes; its bias in short replicas is 1/N. Errors against the scatter of the values.
    let cumulant = |m: &[f64]| 1.0 - m[1] / (3.0 * m[0] * m[0]);
    let powers =
        |series: &[Vec<f64>]| [2, 4].map(|n| series.iter().map(|r| r.iter().map(|x| x.powi(n)).collect()).collect());
    let derived = |series: &[Vec<f64>]| {
        let [two, four]: [Vec<Vec<f64>>; 2] = powers(series);
        let (two, four) = (slices(&two), slices(&four));
        let by_gamma = gamma_derived(&[&two, &four], cumulant).map(|g| (g.value, g.error));
        let by_jackknife = jackknife(&[&two, &four], 20, cumulant).map(|j| (j.value, j.error));
        [by_gamma.unwrap_or((f64::NAN, f64::NAN)), by_jackknife.unwrap_or((f64::NAN, f64::NAN))]
    };
    for (index, name) in ["Gamma method", "jackknife"].into_iter().enumerate() {
        let run = |count: usize, lengths: &[usize]| -> [Vec<f64>; 2] {
            let of = |part: usize| {
                rerun(count, seed ^ 8, |rng| {
                    let found = derived(&replicas(0.5, lengths, rng))[index];
                    [found.0, found.1][part]
                })
            };
            [of(0), of(1)]
        };
        let [value, _] = run(4 * count, &[60; 6]);
        checks.push(average(&format!("Binder cumulant by {name}: value"), &value, 0.0, 1e-3, 0.02));
        let [value, error] = run(count, &[1000; 4]);
        let scatter = (value.iter().map(|x| x * x).sum::<f64>() / value.len() as f64).sqrt();
        let ratios: Vec<f64> = error.iter().map(|error| error / scatter).collect();
        checks.push(average(&format!("Binder cumulant by {name}: error / scatter"), &ratios, 1.0, 0.06, 0.12));
    }
    // Chains of one law agree: p-values of their comparison.
    let p = rerun(count, seed ^ 16, |rng| {
        let series = replicas(0.6, &[600; 5], rng);
        agreement(&slices(&series)).ok().and_then(|a| a.p).unwrap_or(f64::NAN)
    });
    checks.push(uniform("agreement of five chains", p));
    checks
}
