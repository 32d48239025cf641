//! A Gaussian proposal of wrong width s for the target e^{-x²/2} in d dimensions: everything is known.
//!
//! `ln w = -x²(1 - 1/s²)/2 + d ln(s√2π)`, Z = (2π)^{d/2}, ESS = (√(2s² - 1)/s²)^d; in one dimension the acceptance of
//! independence Metropolis is (4/π) atan(1/s) for s > 1: w falls with |x|, so that it is twice P(|x'| < |x|).
//!
//! Comparisons reject beyond 4.9 of their standard errors, 1e-6 two-sided; seeds are fixed, and each sees a shift of 5.

use rand_distr::{Distribution, StandardNormal};

use super::*;
use stoquant_exact::analysis::{gamma, series::ar1};

const Z: f64 = 4.9;
const TWO_PI: f64 = std::f64::consts::TAU;

#[track_caller]
fn agree(found: Estimate, exact: f64, precision: f64) {
    println!("{found:?}, exact {exact}");
    assert!(found.error > 0.0 && found.error < precision, "{found:?} says nothing of {exact}");
    assert!((found.value - exact).abs() < Z * found.error, "{found:?}, exact {exact}");
}

/// n points of width `width` in d dimensions, and their ln w.
fn points(width: f64, s: f64, d: usize, n: usize, seed: u64) -> (Vec<Vec<f64>>, Vec<f64>) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut x = || -> f64 { StandardNormal.sample(&mut rng) };
    let points: Vec<Vec<f64>> = (0..n).map(|_| (0..d).map(|_| width * x()).collect()).collect();
    let ln_w = points.iter().map(|x| {
        let square: f64 = x.iter().map(|x| x * x).sum();
        -0.5 * square * (1.0 - s.powi(-2)) + d as f64 * (s * TWO_PI.sqrt()).ln()
    });
    let ln_w = ln_w.collect();
    (points, ln_w)
}

fn ess(s: f64, d: usize) -> f64 {
    ((2.0 * s * s - 1.0).sqrt() / (s * s)).powi(d as i32)
}

/// The proposal is too wide: weights are bounded, and so are all moments.
#[test]
fn reverse_of_a_wide_gaussian() {
    for (s, d, seed) in [(1.5, 1, 1), (1.2, 8, 2), (1.1, 32, 3)] {
        let (_, ln_w) = points(s, s, d, 100_000, seed);
        let found = reverse(&ln_w).unwrap();
        agree(found.ess, ess(s, d), 0.01);
        agree(found.ln_z, 0.5 * d as f64 * TWO_PI.ln(), 0.01);
        // ln w is linear in χ² of d degrees: standard deviation √(2d) s²(1 - 1/s²)/2, known to √(kurtosis/4N) < 0.5%.
        let std = (2.0 * d as f64).sqrt() * 0.5 * (s * s - 1.0);
        assert!((found.std_ln_w / std - 1.0).abs() < Z * 0.005, "{} {std}", found.std_ln_w);
    }
}

/// From the target itself; 1/w has a fourth moment for s² < 4/3, so that the jackknife is sound.
#[test]
fn forward_of_a_wide_gaussian() {
    for (s, d, seed) in [(1.1, 1, 4), (1.1, 8, 5)] {
        let (_, ln_w) = points(1.0, s, d, 100_000, seed);
        let found = forward(&ln_w, 1).unwrap();
        agree(found.ess, ess(s, d), 0.01);
        agree(found.ln_z, 0.5 * d as f64 * TWO_PI.ln(), 0.01);
    }
}

/// On a correlated chain of the target, bins of 200 (τ of x²: 4.8) give the honest error. ln Z is nearly linear in x²,
/// whose autocorrelation is ρ^{2t}: error² is (1 + ρ²)/(1 - ρ²) = 9.53 times the naive one. 500 bins know the error to
/// 3.2%, the nonlinearity and the bins' own bias are below 2%: 4.9·3.2% = 15%.
#[test]
fn forward_of_a_chain_needs_bins() {
    let (s, n) = (1.1_f64, 100_000);
    let x = ar1(0.9, n, 6);
    let ln_w: Vec<f64> = x.iter().map(|x| -0.5 * x * x * (1.0 - s.powi(-2)) + (s * TWO_PI.sqrt()).ln()).collect();
    let (naive, binned) = (forward(&ln_w, 1).unwrap(), forward(&ln_w, 200).unwrap());
    agree(binned.ess, ess(s, 1), 0.01);
    agree(binned.ln_z, 0.5 * TWO_PI.ln(), 0.01);
    assert!((naive.ess.value - binned.ess.value).abs() < 1e-12);
    let ratio = binned.ln_z.error / naive.ln_z.error;
    assert!((ratio / 9.526_f64.sqrt() - 1.0).abs() < 0.15, "{ratio}");
}

/// A proposal that misses one of two modes is found out by the forward ESS alone.
#[test]
fn mode_collapse_shows_forward() {
    // Target: equal mixture of N(±8, 1), unit normalised; proposal: N(8, 1). w = ½(1 + e^{-16x}).
    let (points, _) = points(1.0, 1.0, 1, 1000, 7);
    let ln_w = |x: f64| 0.5_f64.ln() + add(0.0, -16.0 * x);
    let proposal: Vec<f64> = points.iter().map(|x| ln_w(8.0 + x[0])).collect();
    let target: Vec<f64> =
        points.iter().enumerate().map(|(i, x)| ln_w(if i % 2 == 0 { 8.0 + x[0] } else { x[0] - 8.0 })).collect();
    assert!((reverse(&proposal).unwrap().ess.value - 1.0).abs() < 1e-12);
    assert!(forward(&target, 1).unwrap().ess.value < 1e-20);
}

#[test]
fn metropolis_of_a_wide_gaussian() {
    let s = 1.5;
    let (points, ln_w) = points(s, s, 1, 100_000, 8);
    let chain = independence_metropolis(&ln_w, 9).unwrap();
    assert_eq!(chain, independence_metropolis(&ln_w, 9).unwrap());
    assert_ne!(chain, independence_metropolis(&ln_w, 10).unwrap());
    let moved: Vec<f64> = chain.state.windows(2).map(|s| f64::from(u8::from(s[0] != s[1]))).collect();
    let rate = gamma(&[&moved]).unwrap();
    assert!((rate.value - chain.acceptance).abs() < 1e-12);
    agree(rate.estimate(), 4.0 / std::f64::consts::PI * (1.0 / s).atan(), 0.01);
    // The chain has the target's law.
    let x2: Vec<f64> = chain.state.iter().map(|&i| points[i][0].powi(2)).collect();
    agree(gamma(&[&x2]).unwrap().estimate(), 1.0, 0.02);
    assert!(chain.state.iter().enumerate().all(|(i, &at)| at <= i));
    // Equal weights: everything is accepted.
    assert_eq!(independence_metropolis(&[3.0; 50], 1).unwrap().acceptance, 1.0);
}

/// "Fields" x on 4 sites with S = x²/2: every observable of independent unit Gaussians, from those of width 1.2.
#[test]
fn reweighting_removes_the_width() {
    let (s, d) = (1.2_f64, 4);
    let (points, ln_w) = points(s, s, d, 40_000, 11);
    let mut series = ChainSeries::default();
    for x in &points {
        let average = |f: &dyn Fn(f64) -> f64| x.iter().map(|&x| f(x)).sum::<f64>() / d as f64;
        series.phi2.push(average(&|x| x * x));
        series.phi4.push(average(&|x| x.powi(4)));
        series.m.push(average(&|x| x));
        series.action_density.push(average(&|x| x * x / 2.0));
        series.schwinger_dyson.push(average(&|x| x * x));
        series.grad2.push(average(&|x| x * x));
        series.lap.push(1.0);
    }
    let exact = |s2: f64| {
        let pi = std::f64::consts::PI;
        Observables::from(
            [
                (Observable::Phi2, s2),
                (Observable::Phi4, 3.0 * s2 * s2),
                (Observable::AbsM, (2.0 * s2 / (4.0 * pi)).sqrt()),
                (Observable::M2, s2 / 4.0),
                (Observable::M4, 3.0 * s2 * s2 / 16.0),
                (Observable::U4, 0.0),
                (Observable::Chi, s2),
                (Observable::ActionDensity, s2 / 2.0),
                (Observable::SchwingerDyson, s2),
                (Observable::ConfigTemperature, s2),
            ]
            .map(|(o, value)| (o, Estimate::new(value, 0.0))),
        )
    };
    let (with, without) = (reweighted(&series, d, &ln_w).unwrap(), unweighted(&series, d).unwrap());
    for (found, s2) in [(&with, 1.0), (&without, s * s)] {
        assert!(found.keys().eq(exact(s2).keys()));
        for (o, z) in significances(found, &exact(s2)) {
            assert!(z.abs() < Z && found[&o].error < 0.1, "{o:?} {:?}: z = {z}", found[&o]);
        }
    }
    // The wrong width is seen at once: φ² is off by 0.44 with errors below 0.01.
    assert!(significance(without[&Observable::Phi2], Estimate::new(1.0, 0.0)) > 40.0);
    // Only ratios of weights count.
    let shifted: Vec<f64> = ln_w.iter().map(|l| l - 5000.0).collect();
    let again = reweighted(&series, d, &shifted).unwrap();
    // ln w - 5000 is rounded to 1e-12.
    assert!(with.iter().all(|(o, e)| (again[o].value - e.value).abs() < 1e-9 && again[o].error > 0.0));
}

/// Huge spreads neither overflow nor cancel.
#[test]
fn extremes_stay_finite() {
    let found = reverse(&[0.0, 5000.0, -5000.0, 1.0]).unwrap();
    assert!((found.ess.value - 0.25).abs() < 1e-15 && found.ess.error.is_finite(), "{found:?}");
    assert!((found.ln_z.value - (5000.0 - 4f64.ln())).abs() < 1e-9 && found.ln_z.error > 1000.0);
    let perfect = reverse(&[-700.0; 100]).unwrap();
    assert!((perfect.ess.value - 1.0).abs() < 1e-12 && perfect.ess.error < 1e-12 && perfect.std_ln_w == 0.0);
    assert!((perfect.ln_z.value + 700.0).abs() < 1e-12);
    assert_eq!(significance(Estimate::new(1.0, 0.0), Estimate::new(1.0, 0.0)), 0.0);
    assert_eq!(significance(Estimate::new(1.0, 0.0), Estimate::new(2.0, 0.0)), f64::NEG_INFINITY);
}

#[test]
fn bad_weights_are_named() {
    let few = |count, bin| Err(WeightError::TooFew { count, bin });
    assert_eq!(reverse(&[]), few(0, 1));
    assert_eq!(reverse(&[1.0]), few(1, 1));
    assert_eq!(forward(&[1.0; 5], 3), few(3, 3));
    assert_eq!(independence_metropolis(&[1.0], 1), Err(WeightError::TooFew { count: 1, bin: 1 }));
    for value in [f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(reverse(&[0.0, value]), Err(WeightError::NotFinite { index: 1, value }));
    }
    let message = forward(&[0.0, 0.0, f64::NAN], 1).unwrap_err().to_string();
    assert!(message.starts_with("ln w = NaN of configuration 2"), "{message}");
    let series = ChainSeries { phi2: vec![1.0; 20], ..Default::default() };
    let mut ln_w = vec![0.0; 20];
    ln_w[7] = 10.0;
    let message = reweighted(&series, 1, &ln_w).unwrap_err().to_string();
    assert!(message.starts_with("configuration 7 carries 99.9% of all weight"), "{message}");
    let message = reweighted(&series, 1, &[0.0; 19]).unwrap_err().to_string();
    assert!(message.starts_with("phi2 of chain 0 has 20 measurements; 19 expected"), "{message}");
    let message = reweighted(&ChainSeries { phi2: vec![1.0; 3], ..series }, 1, &[0.0; 3]).unwrap_err().to_string();
    assert!(message.contains("at least 16"), "{message}");
}
