//! The exact law of η: not an estimate but a count of words.
//!
//! A word has 32 bits, so the distribution of η_W is a list of integers, N(a) = #{words: |η| = a}, and moments, tails and
//! distances to N(0,1) follow without a sampling error. Nor need all 2³² words be tried: η depends on a word through its
//! sign and through
//!
//! ```text
//! v = 2m + 1   (m the lower 31 bits),   lz = leading zeros of v,   t = the 16 bits from the leading one of v on.
//! ```
//!
//! v has 32 - lz bits of which the first and the last are set. If lz ≤ 15, the 16 bits of t are free but for their first
//! and 15 - lz further bits lie between them and the last one: 2¹⁵ classes of 2^(15-lz) words. If lz ≥ 16, t holds all of
//! v: 2^(30-lz) classes of one word (one class for lz = 31). That is 557,056 classes in all, milliseconds instead of
//! seconds; a test tries all words too.

use std::f64::consts::PI;

use stoquant_core::noise::gauss::{self, Segment};
use stoquant_core::noise::{Law, three_point};

/// Number of words.
const WORDS: u64 = 1 << 32;

/// One word of every class, sign bit clear, and how many of the 2³¹ magnitudes belong to the class.
pub fn classes() -> impl Iterator<Item = (u32, u64)> {
    (0..32_u32).flat_map(|lz| {
        let (first, end) = (1_u64 << (31 - lz), 1_u64 << (32 - lz));
        // Values of v with the same t; every second one is odd.
        let step = 1_usize << 16_u32.saturating_sub(lz).max(1);
        (first | 1..end).step_by(step).map(move |v| ((v >> 1) as u32, step as u64 / 2))
    })
}

/// The distribution of a W-bit η over all 2³² words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoiseLaw {
    width: u32,
    /// Words of the 2³¹ with sign bit clear that give each magnitude.
    counts: Vec<u64>,
    /// Sums of `counts` from each magnitude on.
    above: Vec<u64>,
}

impl NoiseLaw {
    /// The law of the core's noise; `None` unless 8 ≤ width ≤ 18.
    #[must_use]
    pub fn new(law: Law, width: u32) -> Option<Self> {
        macro_rules! widths {
            ($($w:literal)*) => { match width { $($w => Some(Self::of::<$w>(law)),)* _ => None } };
        }
        widths!(8 9 10 11 12 13 14 15 16 17 18)
    }

    /// The law of the core's noise of width W.
    #[must_use]
    pub fn of<const W: u32>(law: Law) -> Self {
        match law {
            Law::Gaussian => Self::tally(W, classes().map(|(u, n)| (gauss::eta::<W>(u), n))),
            Law::ThreePoint => {
                // The magnitude is a step function of m: one word on either side stands for all.
                let nonzero = u64::from(three_point::nonzero::<W>());
                let sides = [(0, nonzero), (nonzero as u32, WORDS / 2 - nonzero)];
                Self::tally(W, sides.into_iter().map(|(u, n)| (three_point::eta::<W>(u), n)))
            }
        }
    }

    /// The Gaussian of another table, rounded to `width` ≤ 18 bits as the core does it.
    #[must_use]
    pub fn of_table(segments: &[Segment; 64], width: u32) -> Self {
        let half = (1_u32 << (32 - width)) - (1 << 14);
        let eta = |u| {
            let (index, t) = gauss::locate(u);
            (segments[index as usize].at(t).wrapping_add(half) >> (33 - width)) as i32
        };
        Self::tally(width, classes().map(|(u, n)| (eta(u), n)))
    }

    /// Counts magnitudes; their numbers must sum to 2³¹.
    fn tally(width: u32, values: impl Iterator<Item = (i32, u64)>) -> Self {
        let mut counts = Vec::new();
        for (eta, words) in values {
            let a = eta.unsigned_abs() as usize;
            if a >= counts.len() {
                counts.resize(a + 1, 0);
            }
            counts[a] += words;
        }
        let mut above = counts.clone();
        for a in (1..above.len()).rev() {
            above[a - 1] += above[a];
        }
        assert_eq!(above.first(), Some(&(WORDS / 2)), "every magnitude belongs to one class");
        Self { width, counts, above }
    }

    /// Width of η in bits.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// The unit of η: 2^(4-W).
    #[must_use]
    pub fn unit(&self) -> f64 {
        (4.0 - f64::from(self.width)).exp2()
    }

    /// The largest |η|.
    #[must_use]
    pub fn max(&self) -> i32 {
        self.counts.len() as i32 - 1
    }

    /// How many of the 2³² words give `eta`.
    #[must_use]
    pub fn words(&self, eta: i32) -> u64 {
        let half = self.counts.get(eta.unsigned_abs() as usize).copied().unwrap_or(0);
        if eta == 0 { 2 * half } else { half }
    }

    /// #{words: η ≥ t}.
    #[must_use]
    pub fn tail(&self, t: i32) -> u64 {
        let from = |a: u32| self.above.get(a as usize).copied().unwrap_or(0);
        // By symmetry the words with η < t <= 0 are those with η > -t.
        if t > 0 { from(t.unsigned_abs()) } else { WORDS - from(t.unsigned_abs() + 1) }
    }

    /// Σ |η|^k over all 2³² words, `None` if it exceeds 128 bits (k = 8 from W = 16 on).
    #[must_use]
    pub fn sum(&self, k: u32) -> Option<u128> {
        (0_u128..)
            .zip(&self.counts)
            .try_fold(0_u128, |sum, (a, &words)| a.checked_pow(k)?.checked_mul(2 * u128::from(words))?.checked_add(sum))
    }

    /// ⟨η^k⟩ in units of one; the odd moments vanish exactly.
    #[must_use]
    pub fn moment(&self, k: u32) -> f64 {
        if k % 2 == 1 {
            return 0.0;
        }
        let exact = self.sum(k).map(|sum| sum as f64);
        // Terms of one sign in increasing order: the relative error stays near 1e-13.
        let sum = exact.unwrap_or_else(|| {
            (0_u32..).zip(&self.counts).map(|(a, &n)| f64::from(a).powi(k as i32) * 2.0 * n as f64).sum()
        });
        sum / WORDS as f64 * self.unit().powi(k as i32)
    }

    /// ⟨η²⟩ - 1, from the exact sum.
    #[must_use]
    pub fn variance_error(&self) -> f64 {
        let one = 1_u128 << (32 + 2 * (self.width - 4));
        self.sum(2).map_or(f64::NAN, |sum| difference(sum, one) / one as f64)
    }

    /// ⟨η⁴⟩/⟨η²⟩² - 3, the excess kurtosis.
    #[must_use]
    pub fn excess_kurtosis(&self) -> f64 {
        // With s_k = 2^32 ⟨η^k⟩ the excess is (2^32 s_4 - 3 s_2²)/s_2²; s_2 < 2^61 and s_4 < 2^90 for W <= 18.
        match (self.sum(2), self.sum(4)) {
            (Some(s2), Some(s4)) => difference(s4 << 32, 3 * s2 * s2) / (s2 * s2) as f64,
            _ => f64::NAN,
        }
    }

    /// Kolmogorov's distance to the standard normal distribution, sup |F(x) - Φ(x)|.
    ///
    /// F is constant between multiples of the unit, so the supremum is attained on one side of a jump; by symmetry jumps at
    /// η ≥ 0 suffice. It is at least half the jump at zero, 0.2·unit, for any law on this grid.
    #[must_use]
    pub fn kolmogorov(&self) -> f64 {
        let sides = |a| [self.distance(a, 0.0), self.distance(a + 1, -1.0)];
        (0..=self.max()).flat_map(sides).fold(0.0, f64::max)
    }

    /// Kolmogorov's distance to the standard normal distribution rounded to multiples of the unit.
    #[must_use]
    pub fn kolmogorov_on_grid(&self) -> f64 {
        (1..=self.max() + 1).map(|a| self.distance(a, -0.5)).fold(0.0, f64::max)
    }

    /// |P(η ≥ a) - Q((a + offset)·unit)|.
    fn distance(&self, a: i32, offset: f64) -> f64 {
        (self.tail(a) as f64 / WORDS as f64 - normal_tail((f64::from(a) + offset) * self.unit())).abs()
    }
}

/// a - b, subtracted exactly.
fn difference(a: u128, b: u128) -> f64 {
    if a >= b { (a - b) as f64 } else { -((b - a) as f64) }
}

/// The density φ(x) of N(0,1).
#[must_use]
pub fn normal_density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
}

/// Q(x) = P(N(0,1) ≥ x) for x ≥ 0.
#[must_use]
pub fn normal_tail(x: f64) -> f64 {
    normal_density(x) * mills_ratio(x)
}

/// Mills' ratio Q(x)/φ(x), x ≥ 0, to a few units in the last place.
///
/// Below 1.2 Laplace's series √(π/2)·exp(x²/2) - Σ x^(2k+1)/(2k+1)!!, above it his continued fraction
/// 1/(x + 1/(x + 2/(x + …))), cut at depth n where the rest is (x + √(x² + 4n))/2. (Abramowitz, Stegun 26.2.11, 26.2.14.)
fn mills_ratio(x: f64) -> f64 {
    if x < 1.2 {
        let (mut sum, mut term, mut odd) = (0.0, x, 1.0);
        while term > 1e-17 * sum {
            sum += term;
            odd += 2.0;
            term *= x * x / odd;
        }
        (PI / 2.0).sqrt() * (0.5 * x * x).exp() - sum
    } else {
        let depth = (10.0 + 300.0 / (x * x)).floor();
        let mut rest = 0.5 * (x + (x * x + 4.0 * depth).sqrt());
        let mut k = depth - 1.0;
        while k > 0.0 {
            rest = x + k / rest;
            k -= 1.0;
        }
        rest.recip()
    }
}

/// The x ≥ 0 with Q(x) = p, 0 < p ≤ ½, to a few units in the last place.
///
/// Newton's method for ln Q(x) = ln p, x ← x + ln(Q(x)/p)·Q(x)/φ(x). ln Q is concave and Q(x) ≤ ½exp(-x²/2), so from
/// x = √(-2 ln 2p) on, at or above the root, the steps only descend.
#[must_use]
pub fn normal_tail_inverse(p: f64) -> f64 {
    let mut x = (-2.0 * (2.0 * p).ln()).max(0.0).sqrt();
    for _ in 0..60 {
        let ratio = mills_ratio(x);
        let q = normal_density(x) * ratio;
        let next = (x + ((q - p) / p).ln_1p() * ratio).max(0.0);
        if next >= x {
            break;
        }
        x = next;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use rayon::prelude::*;

    /// Both laws in every width, as (law, exact law).
    fn all() -> impl Iterator<Item = NoiseLaw> {
        let laws = [Law::Gaussian, Law::ThreePoint];
        laws.into_iter().flat_map(|law| (8..=18).filter_map(move |w| NoiseLaw::new(law, w)))
    }

    #[test]
    fn classes_cover_all_magnitudes() {
        assert_eq!(classes().map(|(_, n)| n).sum::<u64>(), WORDS / 2);
        assert_eq!(classes().count(), 557_056);
    }

    /// All members of a class give the same |η|: first, last and middle words of classes of several sizes.
    #[test]
    fn classes_are_uniform() {
        for (u, n) in classes().step_by(97) {
            for i in [0, n / 3, n / 2, n - 1] {
                assert_eq!(gauss::magnitude(u + i as u32), gauss::magnitude(u));
            }
        }
    }

    #[test]
    fn sums_of_the_specification() {
        let wide = NoiseLaw::of::<18>(Law::Gaussian);
        let narrow = NoiseLaw::of::<16>(Law::Gaussian);
        assert_eq!(wide.sum(2), Some(1_152_921_504_424_006_422));
        assert_eq!(narrow.sum(2), Some(2 * 36_028_798_611_803_284));
        assert_eq!((wide.max(), narrow.max()), (103_841, 25_960));
    }

    #[test]
    fn quality_of_the_gaussian() {
        let near = |x: f64, y: f64, digits: f64| assert!((x / y - 1.0).abs() < digits, "{x} is not {y}");
        let wide = NoiseLaw::of::<18>(Law::Gaussian);
        near(wide.variance_error(), -1.6e-10, 0.05);
        near(wide.excess_kurtosis(), -2.8e-9, 0.05);
        near(wide.moment(6) / 15.0 - 1.0, 4.2e-6, 0.05);
        near(wide.moment(8) / 105.0 - 1.0, 1.7e-5, 0.05);
        near(wide.kolmogorov_on_grid(), 3.2e-5, 0.05);
        let narrow = NoiseLaw::of::<16>(Law::Gaussian);
        near(narrow.variance_error(), 4.4e-8, 0.05);
        near(narrow.excess_kurtosis(), 2.9e-7, 0.05);
        near(narrow.kolmogorov_on_grid(), 3.1e-5, 0.05);
        // Half the jump at zero is 1.2e-5 and 4.9e-5 of these.
        near(wide.kolmogorov(), 4.2e-5, 0.05);
        near(narrow.kolmogorov(), 7.3e-5, 0.05);
    }

    #[test]
    fn three_point_moments() {
        fn check<const W: u32>() {
            let law = NoiseLaw::of::<W>(Law::ThreePoint);
            let (second, bits) = three_point::second_moment::<W>();
            assert_eq!(law.sum(2), Some(u128::from(second) << 32 >> (bits - 2 * (W - 4))));
            let (fourth, bits) = three_point::fourth_moment::<W>();
            assert_eq!(law.sum(4), Some(fourth << 32 >> (bits - 4 * (W - 4))));
            assert!(law.variance_error().abs() < 7.2e-10);
        }
        check::<8>();
        check::<12>();
        check::<16>();
        check::<18>();
    }

    #[test]
    fn tails_add_up() {
        for law in all() {
            let max = law.max();
            assert_eq!((law.tail(-max), law.tail(max + 1)), (WORDS, 0));
            for t in (-max - 2..=max + 2).step_by(1 + max as usize / 200) {
                assert_eq!(law.tail(t) - law.tail(t + 1), law.words(t));
                assert_eq!(law.tail(t) + law.tail(1 - t), WORDS);
            }
        }
    }

    /// Reference values from mpmath 1.3 with 40 digits.
    #[test]
    fn quantiles() {
        for (p, x) in QUANTILES {
            let found = normal_tail_inverse(p);
            assert!((found - x).abs() <= 1e-15 * x.max(0.5), "p = {p:e}: {found} is not {x}");
        }
    }

    const QUANTILES: [(f64, f64); 10] = [
        (0.5, 0.0),
        (1.1641532182693481e-10, 6.3379577545537895),
        (3.4924596548080444e-10, 6.166429517819751),
        (9.5367431640625e-07, 4.7630010342678135),
        (0.0003662109375, 3.377145906280853),
        (0.03125, 1.8627318674216515),
        (0.15625, 1.009990169249582),
        (0.25, 0.6744897501960817),
        (0.375, 0.31863936396437514),
        (0.49993896484375, 0.00015299244899961214),
    ];

    /// All 2³² words one by one.
    #[test]
    #[ignore = "15 s: all 2^32 words"]
    fn all_words() {
        fn check<const W: u32>(law: Law) {
            let exact = NoiseLaw::of::<W>(law);
            let max = exact.max();
            let size = max as usize + 1;
            let halves = (0..256_u32).into_par_iter().map(|block| {
                let mut counts = vec![0_u64; size];
                for m in block << 23..(block + 1) << 23 {
                    let eta = law.eta::<W>(m);
                    assert!((0..=max).contains(&eta) && law.eta::<W>(m | 1 << 31) == -eta);
                    counts[eta as usize] += 1;
                }
                counts
            });
            let add = |a: Vec<u64>, b: Vec<u64>| a.iter().zip(&b).map(|(a, b)| a + b).collect();
            assert!(halves.reduce(|| vec![0; size], add) == exact.counts, "{law:?}, W = {W}");
        }
        check::<18>(Law::Gaussian);
        check::<16>(Law::Gaussian);
        check::<18>(Law::ThreePoint);
    }
}
