use stoquant_core::arith::Fx;
use stoquant_core::integrator::Euler;
use stoquant_model::{IntegratorKind, Phi4};

use super::*;
use stoquant_exact::exact::{self, SitePotential};

const SINGLE: SitePotential = SitePotential { b: 0.5, lambda: 0.25 };

fn memory() -> u64 {
    1 << 30
}

/// Every row of the operator at W = 8 against the update itself, tried for every value of the noise: rounding only.
#[test]
fn rows_are_the_update() {
    let chain = Chain::of_core(8, IntegratorKind::Euler, &SINGLE, 0.02).unwrap();
    for path in [
        chain.path.clone(),
        chain.path.clone().rounding(Rounding::Truncate),
        chain.clone().exact_products().path,
        chain.clone().exact_products().path.rounding(Rounding::Truncate),
    ] {
        let operator = EulerOperator::new(&path, &chain.noise);
        for n in -path.max()..=path.max() {
            let mut row = vec![0.0; path.centre.len()];
            for eta in -chain.noise.max()..=chain.noise.max() {
                let to = path.step(n, i64::from(eta)) + path.max();
                row[to as usize] += chain.noise.words(eta) as f64 / (1u64 << 32) as f64;
            }
            assert!(total_variation(&row, &operator.row(n)) < 1e-15, "n = {n}");
        }
    }
}

/// The datapath read off the arithmetic is the specified one: k_a, k_c, k_s and the shifts of the format, written out.
#[test]
fn the_datapath_is_the_format() {
    let action = Phi4::new(0.0, 0.5, 0.25);
    let euler = Euler::<Fx<16>, _>::new(&action, 0.01, 0).unwrap();
    let path = Datapath::of::<Fx<16>>(euler.drift(), euler.sigma()).unwrap();
    let (k_a, k_c, k_s) = (euler.drift().linear, i64::from(euler.drift().cubic), i64::from(euler.sigma()));
    assert_eq!((path.unit, path.offset, path.amplitude), (1 << 19, 1 << 18, 16 * k_s));
    for n in (-32_767_i64..=32_767).step_by(101) {
        let u = (n * n + (1 << 14)) >> 15;
        let d = ((k_a - k_c * u + (1 << 10)) >> 11).clamp(-32_767, 32_767);
        assert_eq!(path.centre[(n + 32_767) as usize], (n << 19) + ((n * d) << 2), "n = {n}");
    }
}

/// Two levels against brute force: a thousand steps of the operator from another start, W = 10.
#[test]
fn the_fixed_point_is_that_of_many_steps() {
    let chain = Chain::of_core(10, IntegratorKind::Euler, &SINGLE, 0.02).unwrap();
    let operator = EulerOperator::new(&chain.path, &chain.noise);
    let mut law = vec![0.0; operator.states()];
    law[operator.states() / 2 + 40] = 1.0;
    // The slowest mode, of rate about 1.2 a unit of time, is down to e^{-24}.
    for _ in 0..1000 {
        law = operator.apply(&law);
    }
    let solved = chain.clone().solve(memory()).unwrap();
    assert!(total_variation(&law, &solved.law) < 1e-9, "{}", total_variation(&law, &solved.law));
}

/// A free site: the continuous chain on the coarse grid is Gaussian with the variance of Euler's law, cell by cell.
#[test]
fn continuous_cells_of_a_gaussian() {
    let free = SitePotential { b: 0.7, lambda: 0.0 };
    let chain = Chain::of_core(16, IntegratorKind::Euler, &free, 0.02).unwrap();
    let edges = chain.edges(64);
    let variance = exact::mode_variance(2.0 * chain.potential.b, chain.eps, IntegratorKind::Euler).unwrap();
    let cells = chain.continuous_bins(1.0, &edges).unwrap();
    for (cell, e) in cells.iter().zip(edges.windows(2)) {
        let below = |x: f64| {
            let z = x / variance.sqrt();
            let tail = crate::noise_law::normal_tail(z.abs());
            if z < 0.0 { tail } else { 1.0 - tail }
        };
        // Interpolation of degree 11 at 0.7 of a step's noise, 0.14 of the law's own width here: 3e-8.
        assert!((cell - (below(e[1]) - below(e[0]))).abs() < 1e-7, "{e:?} {cell}");
    }
}

/// Leimkuhler–Matthews through w against the joint chain of (φ, η), iterated at W = 8 from the same start: the law of φ
/// after ten steps.
#[test]
fn conjugate_chain_is_the_joint_chain() {
    let chain = Chain::of_core(8, IntegratorKind::LeimkuhlerMatthews, &SINGLE, 0.02).unwrap();
    let (path, noise) = (&chain.path, &chain.noise);
    let reach = i64::from(noise.max());
    let q: Vec<f64> = (-reach..=reach).map(|eta| noise.words(eta as i32) as f64 / (1u64 << 32) as f64).collect();
    let states = path.centre.len();
    // Joint masses m(n, η), from φ = 20Δ with fresh noise.
    let start = 20;
    let mut joint = vec![vec![0.0; q.len()]; states];
    joint[(start + path.max()) as usize].copy_from_slice(&q);
    for _ in 0..10 {
        let mut next = vec![vec![0.0; q.len()]; states];
        for (index, row) in joint.iter().enumerate() {
            for (eta, &mass) in (-reach..).zip(row).filter(|(_, mass)| **mass > 0.0) {
                for (fresh, &p) in (-reach..).zip(&q) {
                    let to = path.step(index as i64 - path.max(), eta + fresh) + path.max();
                    next[to as usize][(fresh + reach) as usize] += mass * p;
                }
            }
        }
        joint = next;
    }
    let expected: Vec<f64> = joint.iter().map(|row| row.iter().sum()).collect();

    let operator = LeimkuhlerMatthewsOperator::new(path, noise, 7.9, memory()).unwrap();
    let spacing = operator.spacing() / path.lsb() * path.unit as f64;
    let mut law = vec![0.0; operator.states()];
    let middle = operator.states() / 2;
    for (eta, &p) in (-reach..).zip(&q) {
        let w = path.centre[(start + path.max()) as usize] + path.amplitude * eta;
        law[(middle as i64 + w / spacing as i64) as usize] += p;
    }
    for _ in 0..9 {
        law = operator.apply(&law);
    }
    let found = operator.field(&law);
    // Sums over 1e5 cells: 1e-13 was the aim.
    assert!(total_variation(&found, &expected) < 1e-13, "{:e}", total_variation(&found, &expected));
}

/// W = 8, eps = 0.1, d unbounded: {-max, max} are a class of their own, where the map overshoots; the core refuses that
/// step.
#[test]
fn an_unstable_step_has_a_second_class() {
    assert!(Chain::of_core(8, IntegratorKind::Euler, &SINGLE, 0.1).is_err());
    let mut chain = Chain::of_core(8, IntegratorKind::Euler, &SINGLE, 0.02).unwrap();
    assert_eq!(chain.stuck(), 0);
    chain.path = chain.path.exact_products(-0.1, 0.1);
    assert!(chain.stuck() >= 2, "{}", chain.stuck());
}
