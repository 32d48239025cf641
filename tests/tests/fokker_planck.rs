//! The Fokker–Planck equation on a grid, over random couplings; and rungs of the certificate that must see a defective
//! engine.

use proptest::collection::vec;
use proptest::prelude::*;
use stoquant::certify::{Certificate, Findings, Level, Verdict, orders, relaxation};
use stoquant::engine::{Chain, Engine, Factory, core_engine};
use stoquant::exact::SitePotential;
use stoquant::exact::quadrature::range;
use stoquant::fokker_planck::{Generator, Grid, Implicit, Parity, Scheme, decay_rate, levels};
use stoquant_core::error::Error;
use stoquant_core::integrator::State;
use stoquant_core::observable::Measurement;
use stoquant_model::Setup;
use stoquant_tests::strategy;

/// Wells single and double, barriers up to ΔS = b²/4λ = 5.
fn potential() -> impl Strategy<Value = SitePotential> {
    let free = (0.2..2.0).prop_map(|b| SitePotential { b, lambda: 0.0 });
    let quartic = (-1.0..2.0, 0.05..1.0).prop_map(|(b, lambda)| SitePotential { b, lambda });
    prop_oneof![Just(SitePotential { b: 0.5, lambda: 0.25 }), free, quartic]
}

fn grid(s: &SitePotential, cells: usize) -> Grid {
    Grid { cells, spacing: 2.0 * range(s.b, s.lambda, 45.0) / cells as f64 }
}

/// e^{-S} (with S(0) = 0) and its first five derivatives: P^{(k+1)} = -Σ_j C(k, j) S^{(j+1)} P^{(k-j)}.
fn derivatives(s: &SitePotential, x: f64) -> [f64; 6] {
    let slopes = [s.slope(x), s.curvature(x), 24.0 * s.lambda * x, 24.0 * s.lambda];
    let mut p = [(-s.action(x)).exp(), 0.0, 0.0, 0.0, 0.0, 0.0];
    for k in 0..5 {
        let mut binomial = 1.0;
        for j in 0..=k.min(3) {
            p[k + 1] -= binomial * slopes[j] * p[k - j];
            binomial *= (k - j) as f64 / (j + 1) as f64;
        }
    }
    p
}

proptest! {
    #![proptest_config(strategy::config(128))]

    /// Central differences leave a flux J = -(c₂h² + c₄h⁴ + …) of e^{-S}, c₂ = P'''/24 + S'P''/8 = P(S'³/12 - S'''/24),
    /// c₄ = P⁽⁵⁾/1920 + S'P⁗/384: halving h divides its largest value by 4, up to h²·max|c₄|/max|c₂|.
    #[test]
    fn central_differences_annihilate_to_second_order(s in potential()) {
        let cells = 400;
        let (coarse, fine) = (grid(&s, cells), grid(&s, 2 * cells));
        let h = coarse.spacing;
        let flux = |grid: Grid| {
            let density = grid.sample(|x| (-s.action(x)).exp());
            let flux = Generator::new(s, grid, Scheme::Central).flux(&density);
            flux.into_iter().map(|j| j * grid.spacing).collect::<Vec<_>>()
        };
        let (a, b) = (flux(coarse), flux(fine));
        let largest = |f: &dyn Fn(usize) -> f64| (0..cells - 1).map(|i| f(i).abs()).fold(0.0, f64::max);
        let second = |i: usize| {
            let (x, p) = (coarse.face(i), derivatives(&s, coarse.face(i)));
            let c2 = p[3] / 24.0 + s.slope(x) * p[2] / 8.0;
            let same = p[0] * (s.slope(x).powi(3) / 12.0 - s.lambda * x);
            assert!((c2 - same).abs() <= 1e-12 * (p[3].abs() + (s.slope(x) * p[2]).abs()));
            c2
        };
        let fourth = |i: usize| {
            let (x, p) = (coarse.face(i), derivatives(&s, coarse.face(i)));
            p[5] / 1920.0 + s.slope(x) * p[4] / 384.0
        };
        let (c2, c4) = (largest(&second), largest(&fourth));
        // A fifth for the sixth order; differences of densities of size max P are divided by h.
        let granted = 1.2 * h * h * c4;
        let slope = largest(&|i| s.slope(coarse.face(i)));
        let rounding = 4.0 * f64::EPSILON * (-s.minimum()).exp() * (1.0 + h * slope) / h;
        for (i, j) in a.iter().enumerate() {
            prop_assert!((j + h * h * second(i)).abs() <= h * h * granted + rounding, "face {i}: {j:e}");
        }
        let ratio = largest(&|i| a[i]) / largest(&|i| b[2 * i + 1]);
        // Rounding is divided by h² here: 1e-11 of c₂ at most.
        let tolerance = 1.25 * granted / (c2 - 0.25 * granted) + 1e-8;
        prop_assert!(tolerance < 0.2 && (ratio / 4.0 - 1.0).abs() <= tolerance, "{ratio}, granted {tolerance:e}");
    }

    /// Chang and Cooper's fluxes of e^{-S} vanish one by one at any spacing, up to the rounding of S in each
    /// exponential.
    #[test]
    fn chang_cooper_annihilates_exactly(s in potential(), cells in 10..600usize) {
        let grid = grid(&s, cells);
        let generator = Generator::new(s, grid, Scheme::ChangCooper);
        let law = generator.stationary();
        let flux = generator.flux(&law);
        let size = |i: usize| {
            let x = grid.centre(i).abs().max(grid.centre(i + 1).abs());
            // S, or its height above the minimum.
            1.0 + s.b.abs() * x * x + s.lambda * x.powi(4) - s.minimum()
        };
        for (i, j) in flux.iter().enumerate() {
            // Both terms are at most β(±w) times the larger weight.
            let w = (s.action(grid.centre(i + 1)) - s.action(grid.centre(i))).abs();
            let term = law[i].max(law[i + 1]) * (1.0 + w) / grid.spacing.powi(2);
            prop_assert!(j.abs() <= 8.0 * f64::EPSILON * size(i) * term, "face {i} of {cells}: {j:e} of {term:e}");
        }
        // Central differences, in contrast, leave a flux.
        let central = Generator::new(s, grid, Scheme::Central).flux(&law);
        prop_assert!(central.iter().any(|j| j.abs() > 1e-9));
    }

    /// Implicit steps of any length conserve probability and keep it positive, from any density.
    #[test]
    fn evolution_is_stochastic(
        s in potential(),
        start in vec(0.0..1.0, 2..300),
        exponent in -6.0..6.0,
        steps in 1..20usize,
    ) {
        let cells = start.len();
        let generator = Generator::new(s, grid(&s, cells), Scheme::ChangCooper);
        let total: f64 = start.iter().sum();
        prop_assume!(total > 0.0);
        let mut p: Vec<f64> = start.iter().map(|p| p / total).collect();
        Implicit::new(&generator, 10f64.powf(exponent)).advance(&mut p, steps);
        prop_assert!(p.iter().all(|&p| p > 0.0));
        // Every component is a sum of positive terms: its relative error is a few roundings for each cell and step.
        let bound = 8.0 * f64::EPSILON * (cells * steps) as f64;
        prop_assert!((p.iter().sum::<f64>() - 1.0).abs() <= bound, "{:e}", p.iter().sum::<f64>() - 1.0);
    }

    /// A step solves its equation, P' - dt·LP' = P, and an endless one ends in e^{-S}.
    #[test]
    fn a_step_is_implicit_euler(s in potential(), exponent in -4.0..0.0) {
        let generator = Generator::new(s, grid(&s, 201), Scheme::ChangCooper);
        let dt = 10f64.powf(exponent);
        let start = generator.grid.sample(|x| (-(x - 0.3) * (x - 0.3)).exp());
        let mut p = start.clone();
        Implicit::new(&generator, dt).advance(&mut p, 1);
        let change = generator.apply(&p);
        let rate = 4.0 / generator.grid.spacing.powi(2) * (1.0 + 45.0);
        for i in 0..201 {
            let (left, size) = (p[i] - dt * change[i], 1.0 + dt * rate);
            prop_assert!((left - start[i]).abs() <= 8.0 * f64::EPSILON * size, "{i}: {left} {}", start[i]);
        }
        let total: f64 = p.iter().sum();
        let endless = 1e13;
        Implicit::new(&generator, endless).advance(&mut p, 1);
        let distance: f64 = p.iter().zip(generator.stationary()).map(|(p, law)| (p / total - law).abs()).sum();
        // What is left of the slowest mode, and 201 cells of rounding.
        let gap = levels(&s, 2).unwrap()[1].value;
        prop_assert!(distance < 100.0 / (endless * gap) + 1e-12, "{distance:e}, gap {gap}");
    }

    /// Perturbations decay at the levels of the Schrödinger operator, which another discretisation knows; the error in
    /// h² falls by four.
    #[test]
    fn relaxation_rates_are_levels(s in potential()) {
        let exact = levels(&s, 3).unwrap();
        prop_assert!(exact[0].value.abs() <= exact[0].error, "{:?}", exact[0]);
        for (parity, level) in [(Parity::Odd, exact[1].value), (Parity::Even, exact[2].value)] {
            let rate = |cells| {
                decay_rate(&Generator::new(s, grid(&s, cells), Scheme::ChangCooper), parity, 1.0 / level, 60)
            };
            let [a, b, c] = [100, 200, 400].map(rate);
            let (first, second) = ((4.0 * b - a) / 3.0, (4.0 * c - b) / 3.0);
            // h⁴ is left, of which the finer grids have a sixteenth.
            let bound = (second - first).abs() / 8.0 + 1e-9 * level;
            let near = (second - level).abs() <= bound && (c / level - 1.0).abs() < 0.01;
            prop_assert!(near, "{parity:?} {second} {level} {bound:e}");
        }
    }
}

/// An engine with a defect, that reports what a sound one would.
struct Defective {
    sound: Box<dyn Engine>,
    inner: Box<dyn Engine>,
    /// Of so many sweeps one is left out.
    skip: u64,
    sweeps: u64,
}

impl Engine for Defective {
    fn chain(&self) -> &Chain {
        self.sound.chain()
    }
    fn sweep(&mut self, sweeps: u64) -> Result<(), Error> {
        for _ in 0..sweeps {
            self.sweeps += 1;
            if !self.sweeps.is_multiple_of(self.skip) {
                self.inner.sweep(1)?;
            }
        }
        Ok(())
    }
    fn bits(&self) -> Result<Vec<u64>, Error> {
        self.inner.bits()
    }
    fn set_bits(&mut self, bits: &[u64]) -> Result<(), Error> {
        self.inner.set_bits(bits)
    }
    fn state(&self) -> Result<State, Error> {
        self.inner.state()
    }
    fn set_state(&mut self, state: State) -> Result<(), Error> {
        self.inner.set_state(state)
    }
    fn measure(&self) -> Result<Measurement, Error> {
        self.inner.measure()
    }
}

/// Engines that run another set-up than they report, or leave out sweeps.
fn defective(
    alter: impl Fn(&mut Setup) + Sync,
    skip: u64,
) -> impl Fn(&Setup, u32) -> Result<Box<dyn Engine>, Error> + Sync {
    move |setup, chain| {
        let mut altered = *setup;
        alter(&mut altered);
        let (sound, inner) = (core_engine(setup, chain)?, core_engine(&altered, chain)?);
        Ok(Box::new(Defective { sound, inner, skip, sweeps: 0 }))
    }
}

fn judge(rung: fn(&Factory, Level, u64) -> Result<Findings, Error>, factory: &Factory) -> Certificate {
    Certificate::judge(rung(factory, Level::Standard, 7).expect("engines can be made"))
}

/// Chains that relax too slowly, too fast or to another law are seen on their way; sound ones pass.
#[test]
fn relaxation_sees_defects() {
    let sound = judge(relaxation::checks, &core_engine);
    assert_eq!(sound.verdict, Verdict::Pass, "{:?}", sound.failures().collect::<Vec<_>>());
    let slow = judge(relaxation::checks, &defective(|_| {}, 20));
    let fast = judge(relaxation::checks, &defective(|setup| setup.eps *= 1.1, u64::MAX));
    let other = judge(relaxation::checks, &defective(|setup| setup.couplings.lambda *= 1.1, u64::MAX));
    for (what, certificate) in [("slow", slow), ("fast", fast), ("other", other)] {
        assert!(certificate.failures().any(|check| check.name.contains("chi²")), "{what}: no histogram saw it");
        assert!(certificate.failures().any(|check| check.name.contains("<x>")), "{what}: no mean saw it");
    }
}

/// A bias of the wrong size is seen at large steps: a first-order integrator in place of a second-order one, and half a
/// step.
#[test]
fn orders_see_defects() {
    use stoquant_model::IntegratorKind::{Euler, LeimkuhlerMatthews};
    let wrong = defective(
        |setup| match setup.integrator {
            LeimkuhlerMatthews => setup.integrator = Euler,
            Euler => setup.eps *= 0.5,
            _ => {}
        },
        u64::MAX,
    );
    let certificate = judge(orders::checks, &wrong);
    for what in [
        "f32 leimkuhler-matthews 256x256: phi2 at eps = 0.1",
        "f32 leimkuhler-matthews 2x2: slope of phi2",
        "f32 euler 256x256: phi2 at eps = 0.1",
        "f32 euler 2: phi2",
    ] {
        assert!(certificate.failures().any(|check| check.name.contains(what)), "{what}");
    }
    let sound = ["heun", "mala", "order of", "S_eff"];
    assert!(!certificate.failures().any(|check| sound.iter().any(|what| check.name.contains(what))));
}
