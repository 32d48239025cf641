//! The largest operands everywhere at once, as the table in `core/src/arith/fx.rs` allows them: no accumulator
//! overflows, and the result is that of unbounded integers. Run with overflow checks (profile `release-checked`), the
//! test sees overflows that cancel too.

use stoquant_core::action::{Action, QuarticDrift};
use stoquant_core::arith::{Arith, Format, Fx, Tally};
use stoquant_core::error::Error;
use stoquant_core::integrator::{ChainNoise, Euler, Heun, Integrator, LeimkuhlerMatthews, Mala, State, Sweep};
use stoquant_core::lattice::Plan;
use stoquant_core::noise::{Noise, PureWords, StreamTag, Threefry, Words, gauss};
use stoquant_model::{NoiseKind, Phi4};
use stoquant_tests::lattice::neighbours;

use crate::arithmetic::lifts;

/// A quartic action whose drift has the coefficients given here, whatever the step.
#[derive(Clone, Copy)]
struct Extreme {
    hop: i32,
    linear: i64,
    cubic: i32,
}

impl<const W: u32> Action<Fx<W>> for Extreme
where
    Fx<W>: Format,
{
    type Drift = QuarticDrift<Fx<W>>;
    type Terms = [Tally; 3];

    fn drift(&self, _eps: f64, _dims: usize) -> Result<Self::Drift, Error> {
        let [_, slope_lift] = lifts::<W>();
        Ok(QuarticDrift { hop: self.hop, linear: self.linear << slope_lift, cubic: self.cubic })
    }
    fn check_step(&self, _drift: &Self::Drift, _eps: f64, _dims: usize) -> Result<(), Error> {
        Ok(())
    }
    fn quantised(&self, _drift: &Self::Drift, _eps: f64) -> Self {
        *self
    }
    fn terms(&self, phi: Fx<W>, sum: i32) -> [Tally; 3] {
        Action::<Fx<W>>::terms(&Phi4::new(1.0, 1.0, 1.0), phi, sum)
    }
    fn couplings(&self) -> [f64; 3] {
        [1.0; 3]
    }
    fn force(&self, _phi: f64, _sum: f64) -> f64 {
        0.0
    }
    fn curvature(&self, _phi: f64, _self_bonds: usize) -> f64 {
        0.0
    }
}

/// One word for every site of every step: 0 and 2^31 are the two ends of the Gaussian.
#[derive(Clone, Copy)]
struct Constant(u32);

impl Words for Constant {
    fn fill(&mut self, _step: u64, _first: usize, out: &mut [u32]) {
        out.fill(self.0);
    }
}

impl PureWords for Constant {}

/// Unequal, with a site that is its own neighbour and bonds that count twice.
const EXTENTS: [usize; 4] = [2, 1, 3, 2];

/// The update in unbounded integers.
struct Model {
    width: u32,
    k: Extreme,
}

impl Model {
    fn nearest_up(n: i128, shift: u32) -> i128 {
        (2 * n + (1 << shift)).div_euclid(2 << shift)
    }

    fn saturate(&self, n: i128) -> i128 {
        let max = (1 << (self.width - 1)) - 1;
        n.clamp(-max, max)
    }

    /// φ + εK(φ) + σ·η at every site, before rounding.
    fn wide(&self, phi: &[i128], sigma: i128, eta: i128) -> Vec<i128> {
        let Self { width: w, k } = self;
        (0..phi.len())
            .map(|x| {
                let sum: i128 = neighbours(x, &EXTENTS).into_iter().flatten().map(|y| phi[y]).sum();
                let square = Self::nearest_up(phi[x] * phi[x], w - 1);
                let d = self.saturate(Self::nearest_up(i128::from(k.linear) - i128::from(k.cubic) * square, w - 5));
                (phi[x] << (w + 3)) + i128::from(k.hop) * sum + 4 * phi[x] * d + 16 * sigma * eta
            })
            .collect()
    }

    fn narrow(&self, wide: Vec<i128>, shift: u32) -> Vec<i128> {
        wide.into_iter().map(|n| self.saturate(Self::nearest_up(n, shift))).collect()
    }
}

/// One sweep of the core from a field of integers.
fn once<const W: u32>(integrator: &impl Integrator<Fx<W>, Constant>, word: u32, start: &[i32]) -> Vec<i128>
where
    Fx<W>: Format,
{
    let sites = Plan::<4>::work_sites(&EXTENTS).unwrap();
    let mut noise = ChainNoise {
        eta: Noise { law: NoiseKind::Gaussian, words: Constant(word) },
        accept: Threefry::new(1, 1, StreamTag::Accept),
    };
    let mut phi: Vec<_> = start.iter().map(|&n| Fx::<W>::from_int(n).unwrap().store()).collect();
    let (plan, mut work) = (Plan::new(EXTENTS, sites).unwrap(), vec![Default::default(); sites]);
    let (noise, state) = (&mut noise, &mut State::default());
    integrator.sweep(&plan, Sweep { noise, phi: &mut phi, work: &mut work, state });
    phi.into_iter().map(|word| i128::from(Fx::<W>::load(word).int())).collect()
}

fn extremes<const W: u32>()
where
    Fx<W>: Format,
{
    let max = Fx::<W>::MAX;
    let patterns: [fn(usize) -> i32; 3] = [|_| 1, |_| -1, |x| if x % 3 == 1 { -1 } else { 1 }];
    // Amplitudes just below 1: √(2ε), and √(ε/2).
    let (eps, eps_lm) = (0.5 * (1.0 - 2f64.powi(2 - W as i32)), 2.0 * (1.0 - 2f64.powi(2 - W as i32)));
    for signs in 0..8 {
        let of = |bit: i32| if signs >> bit & 1 == 0 { 1 } else { -1 };
        let k =
            Extreme { hop: of(0) * max, linear: i64::from(of(1)) * (i64::from(max) << (W - 5)), cubic: of(2) * max };
        let model = Model { width: W, k };
        let (euler, heun) = (Euler::<Fx<W>, _>::new(&k, eps, 4).unwrap(), Heun::<Fx<W>, _>::new(&k, eps, 4).unwrap());
        let mala = Mala::<Fx<W>, Extreme>::new(&k, eps, 4).unwrap();
        let lm = LeimkuhlerMatthews::<Fx<W>, _>::new(&k, eps_lm, 4).unwrap();
        let sigma = i128::from(Fx::<W>::sigma((2.0 * eps).sqrt()).unwrap());
        assert!(sigma > i128::from(max) - 4, "W = {W}: the largest amplitude is {sigma}");
        for word in [0, 1 << 31] {
            let eta = i128::from(gauss::eta::<W>(word));
            for pattern in patterns {
                let start: Vec<i32> = (0..12).map(|x| pattern(x) * max).collect();
                let phi: Vec<i128> = start.iter().map(|&n| i128::from(n)).collect();
                let y = model.narrow(model.wide(&phi, sigma, eta), W + 3);
                assert_eq!(once(&euler, word, &start), y, "W = {W} signs {signs} word {word:#x}");
                assert_eq!(
                    once(&lm, word, &start),
                    model.narrow(model.wide(&phi, sigma, 2 * eta), W + 3),
                    "W = {W} signs {signs}"
                );
                let twice = model.wide(&y, sigma, eta).into_iter().zip(&phi).map(|(wide, phi)| wide + (phi << (W + 3)));
                assert_eq!(once(&heun, word, &start), model.narrow(twice.collect(), W + 4), "W = {W} signs {signs}");
                let decided = once(&mala, word, &start);
                assert!(decided == y || decided == phi, "W = {W} signs {signs}");
            }
        }
    }
}

#[test]
fn largest_operands_fit_every_width() {
    extremes::<8>();
    extremes::<10>();
    extremes::<12>();
    extremes::<14>();
    extremes::<16>();
    extremes::<18>();
}

/// A chain may be set to any state: its counters wrap, and its last step is followed by the first.
#[test]
fn counters_wrap() {
    fn last(integrator: &impl Integrator<Fx<18>, Threefry>) {
        let sites = Plan::<4>::work_sites(&EXTENTS).unwrap();
        let (plan, mut work) = (Plan::new(EXTENTS, sites).unwrap(), vec![Default::default(); sites]);
        let mut phi = vec![Fx::<18>::from_int(Fx::<18>::MAX).unwrap().store(); 12];
        let mut state = State { step: u64::MAX, clipped: u64::MAX, accepted: u64::MAX, log_ratio: 0.0 };
        let noise = &mut ChainNoise::new(1, 1, NoiseKind::Gaussian);
        integrator.sweep(&plan, Sweep { noise, phi: &mut phi, work: &mut work, state: &mut state });
        assert_eq!(state.step, 0);
        // A field at its bound, which only noise drives, saturates at about half of its 12 sites.
        assert!(state.clipped < 12, "{}", state.clipped);
        assert!(state.accepted.wrapping_add(1) <= 1, "{}", state.accepted);
    }
    let (still, eps) = (Extreme { hop: 0, linear: 0, cubic: 0 }, 0.5 * (1.0 - 2f64.powi(-16)));
    last(&Euler::<Fx<18>, _>::new(&still, eps, 4).unwrap());
    last(&Heun::<Fx<18>, _>::new(&still, eps, 4).unwrap());
    last(&LeimkuhlerMatthews::<Fx<18>, _>::new(&still, 4.0 * eps, 4).unwrap());
    last(&Mala::<Fx<18>, Extreme>::new(&still, eps, 4).unwrap());
}
