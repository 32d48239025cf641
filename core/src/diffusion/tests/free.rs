//! The free field: every result is known in closed form.

extern crate std;

use std::vec;
use std::vec::Vec;

use super::super::kernel::noise;
use super::super::*;
use super::{NodeTables, Tables, grid, predict, threefry};
use crate::integrator::{ChainNoise, Euler, Integrator, State, Sweep};
use crate::lattice::Plan;
use crate::machine::Portable;
use crate::noise::{NoiseKind, StreamTag};
use crate::score::{FieldDrift, Free, SiteScore};

/// Modes beyond one chunk, stiff and soft.
fn variances() -> Vec<f64> {
    (0..300).map(|k| 1.0 / (0.05 + 0.03 * k as f64)).collect()
}

/// Zero mode fixed or not: the flow maps its start exactly onto the Gaussian, with its exact density, by any method and
/// any number of steps.
#[test]
fn flow_of_the_free_field_is_exact() {
    let a = variances();
    let score = Free { modes: a.len() };
    for method in [Method::Euler, Method::Heun, Method::Rk4, Method::Ab2] {
        for steps in [1, 2, 7] {
            let sigma = grid(if method == Method::Rk4 { 2 * steps } else { steps }, 0.3, 20.0);
            let tables = NodeTables::new(method, &sigma, &a);
            for frozen in [0, 1] {
                let flow = tables.flow(frozen);
                let mut u = vec![0.7; a.len()];
                start(Portable, &mut threefry(3, StreamTag::Start), 0, frozen, &mut u);
                let before = u.clone();
                let mut work = vec![f64::NAN; flow.work(&score)];
                let ln_q = flow.run::<true, _, _>(Portable, &score, &mut u, &mut work);
                let mut exact = 0.0;
                for k in 0..a.len() {
                    if k < frozen {
                        assert_eq!(u[k], 0.7);
                    } else {
                        assert_eq!(u[k], a[k].sqrt() * before[k]);
                        exact -= 0.5 * (core::f64::consts::TAU * a[k]).ln() + 0.5 * u[k] * u[k] / a[k];
                    }
                }
                // 300 terms of order 1, each rounded a few times.
                assert!((ln_q - exact).abs() < 1e-11, "{method:?} {steps}: {ln_q} {exact}");
            }
        }
    }
}

/// Where the step is the exact one, the path weight of the free field is Z, whatever the trajectory; with correctors
/// too.
#[test]
fn path_weight_of_the_free_field_is_constant() {
    let a = variances();
    let score = Free { modes: a.len() };
    for steps in [1, 2, 20] {
        let sigma = grid(steps, 0.3, 20.0);
        let exponential = |n: usize, a| Kernel::exponential(sigma[n], sigma[n + 1], a);
        let ancestral = |n: usize, a: f64| {
            let posterior = 1.0 / (1.0 / a + 1.0 / (sigma[n] * sigma[n]));
            let kernel = Kernel::ancestral(sigma[n], sigma[n + 1], a, posterior);
            let exact = exponential(n, a);
            assert!((kernel.spread / exact.spread - 1.0).abs() < 1e-12 && kernel.keep == exact.keep);
            kernel
        };
        for tables in [
            predict(&a, &sigma, &[], exponential),
            predict(&a, &sigma, &[], ancestral),
            predict(&a, &sigma, &[0.3, 2.0], exponential),
        ] {
            for frozen in [0, 1] {
                let reverse = tables.reverse(frozen);
                let ln_z: f64 = a[frozen..].iter().map(|a| 0.5 * (core::f64::consts::TAU * a).ln()).sum();
                for chain in 0..3 {
                    let mut y = vec![0.7; a.len()];
                    start(Portable, &mut threefry(chain, StreamTag::Start), 0, frozen, &mut y);
                    let mut work = vec![f64::NAN; reverse.work(&score)];
                    let mut eta = threefry(chain, StreamTag::Noise);
                    let mut again = y.clone();
                    let path = reverse.run::<true, _, _, _>(Portable, &score, &mut eta, &mut y, &mut work);
                    let action: f64 = (frozen..a.len()).map(|k| 0.5 * y[k] * y[k] / a[k]).sum();
                    // 300 modes × 60 steps of order 1, and cancellations of (σ_max/σ_min)²: 1.8e4 · 4e3 · 2⁻⁵³.
                    assert!((path - action - ln_z).abs() < 1e-8, "{steps}: {} {ln_z}", path - action);
                    assert!(frozen == 0 || y[0] == 0.7);
                    // The sample noised again weighs the same.
                    if tables.steps.len() == steps {
                        let mut noised = y.clone();
                        let mut eta = threefry(chain, StreamTag::Rng);
                        let path = reverse.noised(Portable, &score, &mut eta, &mut noised, &mut work);
                        assert!((path - action - ln_z).abs() < 1e-8, "{steps}: {} {ln_z}", path - action);
                    }
                    // Asking for the weight does not change the sample.
                    assert_eq!(reverse.run::<false, _, _, _>(Portable, &score, &mut eta, &mut again, &mut work), 0.0);
                    assert_eq!(again, y);
                }
            }
        }
    }
}

/// Every process, Euler–Maruyama: the step is the equation in φ, and the variance of the end goes to that of the field
/// as 1/N.
#[test]
fn euler_maruyama_of_every_process() {
    let geometric = Geometric::new(0.05, 10.0).unwrap();
    let linear = Linear::new(0.1, 20.0).unwrap();
    let cosine = Cosine::new(0.008, 0.98).unwrap();
    let beta = |n: usize| 1e-4 + (0.02 - 1e-4) * n as f64 / 999.0;
    let mut total = vec![0.0; 1001];
    let alpha: Vec<f64> = (0..1000).map(|n| 1.0 - beta(n)).collect();
    let chain = VariancePreserving(Table::of_chain(&alpha, &mut total).unwrap());
    let processes: [&dyn Process; 6] = [
        &VarianceExploding(geometric),
        &VarianceExploding(linear),
        &VariancePreserving(linear),
        &VariancePreserving(cosine),
        &SubVariancePreserving(linear),
        &chain,
    ];
    for (index, process) in processes.into_iter().enumerate() {
        // In φ, literally; score_φ is the gradient of a Gaussian of variance mean²·a + variance, and of h.
        let (t, s, a, h, y) = (0.61, 0.58, 0.7, 0.4, 1.3);
        let (mean, dt) = (process.mean(t), t - s);
        let phi = mean * y;
        let score = -(phi + mean * a * h) / (mean * mean * a + process.variance(t));
        let moved = phi - (process.drift(t) * phi - process.diffusion2(t) * score) * dt;
        let kernel = Kernel::euler_maruyama(process, t, s, a);
        let want = moved / process.mean(s);
        assert!((kernel.keep * y + kernel.pull * h - want).abs() < 1e-12 * want.abs());
        let amplitude = (process.diffusion2(t) * dt).sqrt() / process.mean(s);
        assert!((kernel.amplitude() - amplitude).abs() < 1e-14 * amplitude);

        let error = |steps: usize| {
            let sigma = process.sigma(1.0);
            (0..steps).rev().fold(a + sigma * sigma, |variance, n| {
                let at = |n: usize| n as f64 / steps as f64;
                let kernel = Kernel::euler_maruyama(process, at(n + 1), at(n), a);
                kernel.keep * kernel.keep * variance + kernel.spread
            }) - a
        };
        let (coarse, fine) = (error(8000), error(16000));
        // First order: halved, up to a second-order part of this size. First order: halved, but for a second order that
        // is a 20th of it where noise explodes (the first is then 1e-6 only).
        assert!((coarse / fine - 2.0).abs() < 0.1 && fine.abs() < 1e-4, "{index}: {coarse} {fine}");
    }
    // The discrete chain's own steps: the same limit, at its own N the error of DDPM.
    let sigma = chain.sigma(1.0);
    let end = (0..1000).rev().fold(0.7 + sigma * sigma, |variance, n| {
        let kernel = Kernel::chain(&chain, (n + 1) as f64 / 1000.0, n as f64 / 1000.0, 0.7);
        kernel.keep * kernel.keep * variance + kernel.spread
    });
    assert!((end - 0.7).abs() < 1e-2, "{end}");
}

/// One reversed variance-exploding step over sites is the core's Euler integrator with the score as its drift.
#[test]
fn a_score_moves_a_field_as_an_action_does() {
    let (t, s, a, volume) = (0.5, 0.45, 0.8, 300);
    let process = VarianceExploding(Geometric::new(0.05, 10.0).unwrap());
    let kernel = Kernel::euler_maruyama(&process, t, s, a);
    let mut tables = Tables::new(&vec![a; volume], 0.0);
    tables.push(0, Kind::Noising { variance: noise(process.sigma(t), process.sigma(s)) }, &vec![a; volume], |_| kernel);
    let field: Vec<f64> = (0..volume).map(|x| (x as f64 * 0.37).sin()).collect();

    // u = y/r, so that the sampler begins at the field; Free has h = 0.
    let mut y: Vec<f64> = field.iter().map(|y| y / a.sqrt()).collect();
    let (score, mut eta) = (Free { modes: volume }, threefry(5, StreamTag::Noise));
    let reverse = tables.reverse(0);
    reverse.run::<false, _, _, _>(Portable, &score, &mut eta, &mut y, &mut vec![0.0; reverse.work(&score)]);

    let q = process.diffusion2(t) * (t - s);
    let r2 = a + process.variance(t);
    let drift: Vec<f64> = field.iter().map(|y| q * (-y / r2)).collect();
    let euler = Euler::<f64, _>::from_parts(FieldDrift(&drift), q.sqrt());
    let plan = Plan::new([volume], Plan::work_sites(&[volume]).unwrap()).unwrap();
    let mut phi = field;
    let mut chain = ChainNoise::new(7, 5, NoiseKind::Gaussian);
    euler.sweep(
        &plan,
        Sweep {
            noise: &mut chain,
            phi: &mut phi,
            work: &mut vec![0.0; Plan::work_sites(&[volume]).unwrap()],
            state: &mut State::default(),
        },
    );
    for (y, phi) in y.iter().zip(&phi) {
        // y·(1 - q/r²) + √q·η against y - q·y/r² + √q·η, and u·r against y: a few units in the last place of numbers
        // below 10.
        assert!((y - phi).abs() < 2e-14, "{y} {phi}");
    }
}

/// d mean/dt = f·mean and d variance/dt = 2f·variance + g², by central differences, for every process and schedule.
#[test]
fn marginals_follow_the_equation() {
    let geometric = Geometric::new(0.05, 10.0).unwrap();
    let linear = Linear::new(0.1, 20.0).unwrap();
    let cosine = Cosine::new(0.008, 0.98).unwrap();
    let values = [0.0, 0.3, 1.0, 4.0];
    let table = Table::new(&values).unwrap();
    fn check(process: &dyn Process) {
        assert_eq!((process.mean(0.0), process.variance(0.0)), (1.0, 0.0));
        let step = 1e-5;
        // The table has its corners at thirds.
        for t in [0.05, 0.3, 0.5, 0.7, 0.95] {
            let slope = |of: &dyn Fn(f64) -> f64| (of(t + step) - of(t - step)) / (2.0 * step);
            let [mean, variance] = [process.mean(t), process.variance(t)];
            let want = process.drift(t) * mean;
            // Third derivatives up to 5e3 times step²/6, and rounding 2⁻⁵³/step; relative to functions up to 1e3.
            assert!((slope(&|t| process.mean(t)) - want).abs() < 1e-7 * (1.0 + want.abs()));
            let want = 2.0 * process.drift(t) * variance + process.diffusion2(t);
            assert!((slope(&|t| process.variance(t)) - want).abs() < 1e-7 * (1.0 + want.abs()));
            assert!((process.sigma(t) - variance.sqrt() / mean).abs() < 1e-14 * process.sigma(t));
        }
    }
    fn all(schedule: impl Schedule + Copy) {
        check(&VarianceExploding(schedule));
        check(&VariancePreserving(schedule));
        check(&SubVariancePreserving(schedule));
    }
    all(geometric);
    all(linear);
    all(cosine);
    all(table);
    for refused in [&[0.0][..], &[0.1, 1.0], &[0.0, 1.0, 1.0], &[0.0, f64::NAN], &[0.0, f64::INFINITY]] {
        assert!(Table::new(refused).is_err());
    }
    assert!(Geometric::new(1.0, 1.0).is_err() && Geometric::new(0.0, 1.0).is_err());
    assert!(Linear::new(-1.0, 1.0).is_err() && Cosine::new(0.0, 1.0).is_err());
    assert!(Table::of_chain(&[0.5, 1.0], &mut [0.0; 3]).is_err());
    // Whatever was in the table before.
    let mut used = [7.0; 3];
    Table::of_chain(&[0.5, 0.25], &mut used).unwrap();
    assert_eq!(used[0], 0.0);
}

/// Mean and variance of the discrete chain, by its recursion.
#[test]
fn marginals_of_the_discrete_chain() {
    let alpha = [0.99, 0.9, 0.95, 0.5, 0.7];
    let mut total = [0.0; 6];
    let chain = VariancePreserving(Table::of_chain(&alpha, &mut total).unwrap());
    let (mut mean, mut variance) = (1.0_f64, 0.0_f64);
    for (n, alpha) in alpha.iter().enumerate() {
        (mean, variance) = (alpha.sqrt() * mean, alpha * variance + 1.0 - alpha);
        let t = (n + 1) as f64 / 5.0;
        // A logarithm, an exponential and a sum of five: a few 2⁻⁵³.
        assert!((chain.mean(t) - mean).abs() < 1e-15 && (chain.variance(t) - variance).abs() < 1e-15);
    }
}

/// In single precision the same tables leave the weight constant up to the rounding of the path.
#[test]
fn path_weight_in_single_precision() {
    let a = variances();
    let score = Free { modes: a.len() };
    let sigma = grid(50, 0.3, 20.0);
    let tables = predict(&a, &sigma, &[0.3], |n, a| Kernel::exponential(sigma[n], sigma[n + 1], a));
    let single = |table: &[f64]| table.iter().map(|&x| x as f32).collect::<Vec<_>>();
    let [begin, keep, pull, amplitude] =
        [&tables.begin, &tables.keep, &tables.pull, &tables.amplitude].map(|t| single(t));
    let reverse = Reverse::new(&tables.steps, &begin, &keep, &pull, &amplitude, 1).unwrap();
    let ln_z: f64 = a[1..].iter().map(|a| 0.5 * (core::f64::consts::TAU * a).ln()).sum();
    for chain in 0..4 {
        let mut y = vec![0.0_f32; a.len()];
        start(Portable, &mut threefry(chain, StreamTag::Start), 0, 1, &mut y);
        let mut eta = threefry(chain, StreamTag::Noise);
        let path =
            reverse.run::<true, _, _, _>(Portable, &score, &mut eta, &mut y, &mut vec![0.0; reverse.work(&score)]);
        let action: f64 = (1..a.len()).map(|k| 0.5 * f64::from(y[k]).powi(2) / a[k]).sum();
        // 3e4 terms η·(rounding of y)/√spread: √3e4 · 2⁻²⁴ · 3 = 3e-5 if independent; ten times that.
        assert!((path - action - ln_z).abs() < 3e-4, "{}", path - action - ln_z);
    }
}

/// Each bad number alone is refused, by every constructor of this half.
#[test]
fn bad_numbers_are_refused_one_by_one() {
    for variance in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let steps = [Step { stage: 0, kind: Kind::Noising { variance } }];
        assert!(Reverse::new(&steps, &[1.0], &[0.5], &[0.0], &[1.0], 0).is_err(), "{variance}");
        assert!(SiteScore::<f64>::new(1, 2, &[variance], &[0.0], &[[0.0; 2]; 2]).is_err(), "{variance}");
    }
    let steps = [Step { stage: 0, kind: Kind::Noising { variance: 1.0 } }];
    assert!(Reverse::new(&steps, &[1.0], &[0.5], &[0.0], &[1.0], 0).is_ok());
    assert!(SiteScore::<f64>::new(1, 2, &[1.0], &[0.0], &[[0.0; 2]; 2]).is_ok());
}
