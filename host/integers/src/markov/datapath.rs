//! The update of one site, word by word: the core's own sweep, and the same as an integer formula.
//!
//! ```text
//! u = rndnu(n² ≫ W-1),   d = sat(rndnu((k_a - k_c·u) ≫ W-5)),   acc = (n ≪ W+3) + (n·d ≪ 2) + (k_s·η ≪ 4)
//! n' = sat(rndnu(acc ≫ W+3))
//! ```
//!
//! [`Site`] runs [`Euler::sweep`](Integrator::sweep) on a lattice of one site with words handed to it; [`Formula`] is
//! written from the table of widths (`docs/arithmetic.md`) and shares no code with it. Its factor d may be wider than
//! the core's, to show what the core refuses.

use std::collections::BTreeMap;

use stoquant_core::action::{Action, Drift, QuarticDrift};
use stoquant_core::arith::Arith;
use stoquant_core::error::Error;
use stoquant_core::integrator::{ChainNoise, Euler, Integrator, Mala, State, Sweep};
use stoquant_core::lattice::{Plan, WORK_BLOCKS};
use stoquant_core::noise::{Noise, PureWords, StreamTag, Threefry, Words, gauss};
use stoquant_model::{NoiseKind, Phi4};

use super::rounding::{FRACTION, Rounding};
use super::{CountMatrix, LSB, MAX, STATES, WIDTH, index, level};
use crate::noise_law::{NoiseLaw, classes, normal_tail_inverse};
use stoquant_exact::exact::SitePotential;

/// The law of an integer noise in counts of words: η, and how many of 2^bits words give it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EtaLaw {
    bits: u32,
    counts: BTreeMap<i32, u64>,
}

impl EtaLaw {
    /// All 2³² words of the core's Gaussian.
    pub fn production() -> Self {
        let law = NoiseLaw::of::<WIDTH>(NoiseKind::Gaussian);
        let counts = (-law.max()..=law.max()).map(|eta| (eta, law.words(eta))).filter(|&(_, words)| words > 0);
        Self { bits: 32, counts: counts.collect() }
    }

    /// Short words, 1 ≤ `bits` ≤ 31, through the core's Gaussian: v stands for the middle of its cell, the word
    /// v·2^(32-bits) + 2^(31-bits).
    pub fn short(bits: u32) -> Self {
        Self::tally(bits, |v| gauss::eta::<WIDTH>(v << (32 - bits) | 1 << (31 - bits)))
    }

    /// Short words through the normal distribution function itself: η = Φ⁻¹((v + ½)/2^bits), rounded to the grid.
    pub fn inverse_normal(bits: u32) -> Self {
        let half = 1_u32 << (bits - 1);
        Self::tally(bits, |v| {
            let tail = if v < half { v } else { 2 * half - 1 - v };
            let size = normal_tail_inverse((f64::from(tail) + 0.5) / f64::from(2 * half));
            let eta = (size / LSB).round() as i32;
            if v < half { -eta } else { eta }
        })
    }

    fn tally(bits: u32, eta: impl Fn(u32) -> i32) -> Self {
        let mut counts = BTreeMap::new();
        (0..1 << bits).for_each(|v| *counts.entry(eta(v)).or_insert(0) += 1);
        Self { bits, counts }
    }

    /// Words have so many bits.
    pub fn bits(&self) -> u32 {
        self.bits
    }

    /// η and its number of words.
    pub fn counts(&self) -> impl Iterator<Item = (i32, u64)> {
        self.counts.iter().map(|(&eta, &words)| (eta, words))
    }

    /// η and its probability.
    pub fn probabilities(&self) -> impl Iterator<Item = (i32, f64)> {
        self.counts().map(|(eta, words)| (eta, words as f64 * (-f64::from(self.bits)).exp2()))
    }

    /// ⟨η²⟩ of the integers.
    pub fn square(&self) -> f64 {
        self.probabilities().map(|(eta, p)| p * f64::from(eta * eta)).sum()
    }
}

/// The integer update with its coefficients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Formula {
    /// √(2ε), W - 1 fractional bits.
    pub k_s: i64,
    /// -2bε, 2W - 4 fractional bits.
    pub k_a: i64,
    /// 4λε, W + 3 fractional bits.
    pub k_c: i64,
    /// |d| saturates here, W + 1 fractional bits; `None`: never.
    pub factor_max: Option<i64>,
}

impl Formula {
    /// Coefficients to nearest for S = b x² + λ x⁴ at step ε as given, of any size.
    pub fn nominal(potential: &SitePotential, eps: f64, factor_max: Option<i64>) -> Self {
        let quantise = |value: f64, fraction: u32| (value * f64::from(1 << fraction)).round() as i64;
        Self {
            k_s: quantise((2.0 * eps).sqrt(), WIDTH - 1),
            k_a: quantise(-2.0 * potential.b * eps, 2 * WIDTH - 4),
            k_c: quantise(4.0 * potential.lambda * eps, WIDTH + 3),
            factor_max,
        }
    }

    /// The even factor d.
    fn factor(&self, n: i32) -> i64 {
        let n = i64::from(n);
        let d = rndnu(self.k_a - self.k_c * rndnu(n * n, WIDTH - 1), WIDTH - 5);
        self.factor_max.map_or(d, |max| d.clamp(-max, max))
    }

    /// The accumulator.
    pub fn accumulate(&self, n: i32, eta: i32) -> i64 {
        let wide = i64::from(n);
        (wide << FRACTION) + ((wide * self.factor(n)) << 2) + ((self.k_s * i64::from(eta)) << 4)
    }

    /// The chain of these integers under a rounding rule.
    pub fn enumerate(&self, eta: &EtaLaw, rule: Rounding) -> CountMatrix {
        rounded(eta, rule, |n, eta| self.accumulate(n, eta))
    }

    /// Drift ε·K at a state, as these integers have it.
    pub fn drift(&self, state: usize) -> f64 {
        let n = level(state);
        (n as f64 * self.factor(n) as f64) * LSB / (1 << (WIDTH + 1)) as f64
    }

    /// Variance of the noise, k_s²⟨η²⟩, in field units.
    pub fn noise(&self, eta: &EtaLaw) -> f64 {
        (self.k_s as f64 / (1 << (WIDTH - 1)) as f64 * LSB).powi(2) * eta.square()
    }
}

/// Shift right to nearest, midpoints up.
fn rndnu(value: i64, shift: u32) -> i64 {
    (value + (1 << (shift - 1))) >> shift
}

/// A chain from its accumulators.
fn rounded(eta: &EtaLaw, rule: Rounding, accumulator: impl Fn(i32, i32) -> i64) -> CountMatrix {
    let max = i64::from(MAX);
    CountMatrix::new(STATES, eta.bits() + rule.bits(), |i, put| {
        for (eta, words) in eta.counts() {
            for (n, ways) in rule.outcomes(accumulator(level(i), eta)) {
                put(index(n.clamp(-max, max) as i32), words * ways);
            }
        }
    })
}

/// One word for every site of every step.
#[derive(Clone, Copy)]
pub struct Always(pub u32);

impl Words for Always {
    fn fill(&mut self, _: u64, _: usize, out: &mut [u32]) {
        out.fill(self.0);
    }
}

impl PureWords for Always {}

/// One site in an arithmetic with the format of `Fx<8>`: the core's, or one with a defect.
pub struct Site<A: Arith> {
    euler: Euler<A, QuarticDrift<A>>,
    mala: Mala<A, Phi4>,
    plan: Plan<0>,
    /// A word for every |η|.
    words: Vec<u32>,
    eps: f64,
    quantised: SitePotential,
}

impl<A: Arith> Site<A> {
    /// S = b x² + λ x⁴ at a step of about ε; refused as the core refuses it.
    pub fn new(potential: &SitePotential, eps: f64) -> Result<Self, Error> {
        let action = Phi4::new(0.0, potential.b, potential.lambda);
        let euler = Euler::<A, _>::new(&action, eps, 0)?;
        let eps = Integrator::<A, Always>::eps(&euler);
        let quantised = Action::<A>::quantised(&action, euler.drift(), eps);
        let mut words = vec![0; MAX as usize + 1];
        classes().for_each(|(word, _)| words[gauss::eta::<WIDTH>(word) as usize] = word);
        Ok(Self {
            mala: Mala::new(&action, eps, 0)?,
            plan: Plan::new([], WORK_BLOCKS)?,
            words,
            eps,
            quantised: SitePotential { b: quantised.b, lambda: quantised.lambda },
            euler,
        })
    }

    /// ε as quantised.
    pub fn eps(&self) -> f64 {
        self.eps
    }

    /// The potential whose drift is exactly the quantised one.
    pub fn quantised(&self) -> SitePotential {
        self.quantised
    }

    /// The integer formula with this site's coefficients.
    pub fn formula(&self) -> Formula {
        let drift = self.euler.drift();
        let integer = |value: f64, fraction: u32| (value * f64::from(1 << fraction)).round() as i64;
        Formula {
            k_s: integer((2.0 * self.eps).sqrt(), WIDTH - 1),
            k_a: integer(A::slope_value(drift.linear), 2 * WIDTH - 4),
            k_c: integer(A::gain_value(drift.cubic), WIDTH + 3),
            factor_max: Some(i64::from(MAX)),
        }
    }

    /// One sweep from n with a word that gives η: n', and ln r if the integrator is Metropolis-adjusted.
    fn sweep(&self, integrator: &impl Integrator<A, Always>, n: i32, eta: i32) -> (i32, f64) {
        let words = Always(self.words[eta.unsigned_abs() as usize] | if eta < 0 { 1 << 31 } else { 0 });
        let mut noise = ChainNoise {
            eta: Noise { law: NoiseKind::Gaussian, words },
            accept: Threefry::new(0, 0, StreamTag::Accept),
        };
        let mut phi = [A::nearest(f64::from(n) * LSB).store()];
        let (mut work, mut state) = ([A::Store::default(); WORK_BLOCKS], State::default());
        let (plan, noise) = (&self.plan, &mut noise);
        integrator.sweep(plan, Sweep { noise, phi: &mut phi, work: &mut work, state: &mut state });
        let after = (A::load(phi[0]).value() / LSB).round() as i32;
        (after.clamp(-MAX, MAX), state.log_ratio)
    }

    /// n' of the core's sweep.
    pub fn step(&self, n: i32, eta: i32) -> i32 {
        self.sweep(&self.euler, n, eta).0
    }

    /// The chain of the core's sweep.
    pub fn enumerate(&self, eta: &EtaLaw) -> CountMatrix {
        CountMatrix::new(STATES, eta.bits(), |i, put| {
            eta.counts().for_each(|(eta, words)| put(index(self.step(level(i), eta)), words));
        })
    }

    /// The core's accumulator, as an integer.
    pub fn accumulate(&self, n: i32, eta: i32) -> i64 {
        let phi = A::nearest(f64::from(n) * LSB);
        let noise = A::sigma((2.0 * self.eps).sqrt()).map_or(A::Wide::default(), |sigma| A::mul_noise(sigma, eta));
        let drift = self.euler.drift().drift(0, phi, A::Sum::default(), &mut 0);
        (A::wide_value(phi.widen() + drift + noise) * f64::from(1 << (2 * WIDTH - 1))).round() as i64
    }

    /// The chain of the core's accumulator under a rounding rule.
    pub fn rounded(&self, eta: &EtaLaw, rule: Rounding) -> CountMatrix {
        rounded(eta, rule, |n, eta| self.accumulate(n, eta))
    }

    /// ln r of the core's MALA for every step from i to j: its Gaussian densities, its action.
    pub fn log_ratios(&self, eta: &EtaLaw) -> BTreeMap<(usize, usize), f64> {
        let mut ratios = BTreeMap::new();
        for i in 0..STATES {
            for (eta, _) in eta.counts() {
                let j = index(self.step(level(i), eta));
                ratios.entry((i, j)).or_insert_with(|| self.sweep(&self.mala, level(i), eta).1);
            }
        }
        ratios
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stoquant_core::arith::Fx;

    const SINGLE: SitePotential = SitePotential { b: 0.5, lambda: 0.25 };

    #[test]
    fn words_are_all_counted() {
        for eta in [EtaLaw::production(), EtaLaw::short(8), EtaLaw::short(16), EtaLaw::inverse_normal(8)] {
            assert_eq!(eta.counts().map(|(_, words)| words).sum::<u64>(), 1 << eta.bits());
            assert!(eta.counts().all(|(a, words)| eta.counts().any(|(b, same)| a == -b && words == same)), "odd");
        }
        // Short words approach the law of all: ⟨η²⟩ at the middles of 2^16 cells, whose outermost is at 4.3.
        let ratio = EtaLaw::short(16).square() / EtaLaw::production().square();
        assert!((ratio - 1.0).abs() < 1e-4, "{ratio}");
    }

    /// One noise from two sides: the table and the normal distribution function, both rounded to the grid. An error of
    /// the table (3e-5 in Φ) moves a word in a few hundred over a border.
    #[test]
    fn the_gaussian_is_the_normal_one() {
        let (table, normal) = (EtaLaw::short(12), EtaLaw::inverse_normal(12));
        let moved =
            table.counts().map(|(eta, n)| n.abs_diff(normal.counts.get(&eta).copied().unwrap_or(0))).sum::<u64>();
        assert!(moved <= 8, "{moved}");
    }

    /// A saturating field: at both ends, with the noise outwards.
    #[test]
    fn ends_stay() {
        let site = Site::<Fx<8>>::new(&SitePotential { b: 0.2, lambda: 0.0 }, 0.02).unwrap();
        assert_eq!((site.step(MAX, 101), site.step(-MAX, -101)), (MAX, -MAX));
        assert_eq!(site.formula().enumerate(&EtaLaw::short(8), Rounding::Nearest), site.enumerate(&EtaLaw::short(8)));
    }

    /// k_s, k_a, k_c by hand: ε = 25²/2^15, 2bε = 78.1/2^12, 4λε = 39.1/2^11.
    #[test]
    fn coefficients() {
        let formula = Site::<Fx<8>>::new(&SINGLE, 0.02).unwrap().formula();
        assert_eq!(formula, Formula { k_s: 25, k_a: -78, k_c: 39, factor_max: Some(127) });
    }
}
