//! The exact law of η: not an estimate but a count of words.
//!
//! A word has 32 bits, so the distribution of η_W is a list of integers, N(a) = #{words: |η| = a}, and moments, tails
//! and distances to N(0,1) follow without a sampling error. Nor need all 2³² words be tried: η depends on a word
//! through its sign and through
//!
//! ```text
//! v = 2m + 1   (m the lower 31 bits),   lz = leading zeros of v,   t = the 16 bits from the leading one of v on.
//! ```
//!
//! v has 32 - lz bits of which the first and the last are set. If lz ≤ 15, the 16 bits of t are free but for their
//! first and 15 - lz further bits lie between them and the last one: 2¹⁵ classes of 2^(15-lz) words. If lz ≥ 16, t
//! holds all of v: 2^(30-lz) classes of one word (one class for lz = 31). That is 557,056 classes in all, milliseconds
//! instead of seconds. That the words behave so is itself checked: [`every_word()`] tries them all, one by one.

mod distance;
mod error;
mod every_word;
mod facts;
mod normal;

pub use error::{BANDS, ErrorBand, errors};
pub use every_word::{EveryWord, every_word};
pub use facts::{FACTS, Facts};
pub use normal::{normal_density, normal_tail, normal_tail_inverse};

use stoquant_core::noise::gauss::{self, Segment};
use stoquant_core::noise::three_point;
use stoquant_model::NoiseKind;

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

/// The core's Gaussian of a width; `None` unless 8 ≤ width ≤ 18.
#[must_use]
pub fn gaussian(width: u32) -> Option<fn(u32) -> i32> {
    macro_rules! widths {
        ($($w:literal)*) => { match width { $($w => Some(gauss::eta::<$w> as fn(u32) -> i32),)* _ => None } };
    }
    widths!(8 9 10 11 12 13 14 15 16 17 18)
}

/// η of a word as the specification in `stoquant_core::noise::gauss` has it, with the widths of nothing in mind: a
/// second derivation in 64-bit integers, by divisions instead of shifts and masks.
#[must_use]
pub fn specified(segments: &[Segment; 64], width: u32, u: u32) -> i32 {
    let v = 2 * i64::from(u & 0x7fff_ffff) + 1;
    let octave = 31 - v.ilog2() as usize;
    let n = v << octave;
    let quarter = (n / (1 << 29)) as usize - 4;
    let index = match octave {
        0..10 => 4 + 4 * octave + quarter,
        10..30 => 34 + octave,
        _ => octave - 30,
    };
    let t = n / (1 << 16) - (1 << 16);
    let Segment { c0, c1, c2 } = segments[index];
    let r = (i64::from(c2) * t + i64::from(c1) * (1 << 14)).div_euclid(1 << 15);
    let half = (1 << (32 - width)) - (1 << 14);
    let size = (i64::from(c0) + r * t + half).div_euclid(1 << (33 - width)) as i32;
    if u < 1 << 31 { size } else { -size }
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
    pub fn new(law: NoiseKind, width: u32) -> Option<Self> {
        macro_rules! widths {
            ($($w:literal)*) => { match width { $($w => Some(Self::of::<$w>(law)),)* _ => None } };
        }
        widths!(8 9 10 11 12 13 14 15 16 17 18)
    }

    /// The law of the core's noise of width W.
    #[must_use]
    pub fn of<const W: u32>(law: NoiseKind) -> Self {
        match law {
            NoiseKind::Gaussian => Self::of_eta(W, gauss::eta::<W>),
            NoiseKind::ThreePoint => {
                // The magnitude is a step function of m: one word on either side stands for all.
                let nonzero = u64::from(three_point::nonzero::<W>());
                let sides = [(0, nonzero), (nonzero as u32, WORDS / 2 - nonzero)];
                Self::tally(W, sides.into_iter().map(|(u, n)| (three_point::eta::<W>(u), n)))
            }
        }
    }

    /// The law of a Gaussian of `width` bits that is the same on all words of a class, from one word of each.
    #[must_use]
    pub fn of_eta(width: u32, eta: impl Fn(u32) -> i32) -> Self {
        Self::tally(width, classes().map(|(u, n)| (eta(u), n)))
    }

    /// The Gaussian of another table, rounded to `width` ≤ 18 bits.
    #[must_use]
    pub fn of_table(segments: &[Segment; 64], width: u32) -> Self {
        Self::of_eta(width, |u| specified(segments, width, u))
    }

    /// Counts magnitudes, those that do not fit `width` bits as the first that does not; their numbers must sum to 2³¹.
    fn tally(width: u32, values: impl Iterator<Item = (i32, u64)>) -> Self {
        let mut counts = Vec::new();
        for (eta, words) in values {
            let a = (eta.unsigned_abs() as usize).min(1 << (width - 1));
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
        let Wide { high, low } = self.power_sum(k)?;
        high.checked_mul(1 << 32)?.checked_add(low)
    }

    /// Σ |η|^k over all 2³² words.
    fn power_sum(&self, k: u32) -> Option<Wide> {
        let mut sum = Wide { high: 0, low: 0 };
        for (a, &words) in (0_u128..).zip(&self.counts) {
            // |η|^k = front·back, the front one with the number of words. For W = 18 and k = 8 both are below 2^99, and
            // the sums near 2^(32 + 8·14)·105 = 2^151 and 2^(32 + 32 + 4·14)·3 = 2^122.
            let front = a.checked_pow(k - k / 2)?.checked_mul(2 * u128::from(words))?;
            let back = a.checked_pow(k / 2)?;
            sum.high = sum.high.checked_add(front.checked_mul(back >> 32)?)?;
            sum.low = sum.low.checked_add(front.checked_mul(back & LOW)?)?;
        }
        Some(Wide { high: sum.high.checked_add(sum.low >> 32)?, low: sum.low & LOW })
    }

    /// ⟨η^k⟩ in units of one; the odd moments vanish exactly.
    #[must_use]
    pub fn moment(&self, k: u32) -> f64 {
        if k % 2 == 1 {
            return 0.0;
        }
        let exact = self.power_sum(k).map(|sum| sum.high as f64 * WORDS as f64 + sum.low as f64);
        // Terms of one sign in increasing order: the relative error stays near 1e-13.
        let sum = exact.unwrap_or_else(|| {
            (0_u32..).zip(&self.counts).map(|(a, &n)| f64::from(a).powi(k as i32) * 2.0 * n as f64).sum()
        });
        sum / WORDS as f64 * self.unit().powi(k as i32)
    }

    /// ⟨η^k⟩/(k-1)!! - 1 for even k ≤ 8, subtracted as integers: zero for N(0,1).
    #[must_use]
    pub fn moment_error(&self, k: u32) -> f64 {
        let normal = (1..k).step_by(2).map(u128::from).product::<u128>().checked_shl(k * (self.width - 4));
        match (self.power_sum(k), normal) {
            (Some(sum), Some(normal)) if k.is_multiple_of(2) && k <= 8 => {
                (difference(sum.high, normal) + sum.low as f64 / WORDS as f64) / normal as f64
            }
            _ => f64::NAN,
        }
    }

    /// ⟨η²⟩ - 1.
    #[must_use]
    pub fn variance_error(&self) -> f64 {
        self.moment_error(2)
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
}

/// high·2³² + low, low < 2³².
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wide {
    high: u128,
    low: u128,
}

/// The lower half of 64 bits.
const LOW: u128 = (1 << 32) - 1;

/// a - b, subtracted exactly.
fn difference(a: u128, b: u128) -> f64 {
    if a >= b { (a - b) as f64 } else { -((b - a) as f64) }
}

#[cfg(test)]
mod tests {
    use stoquant_core::noise::gauss_table::SEGMENTS;

    use super::*;

    /// Both laws in every width, as (law, exact law).
    fn all() -> impl Iterator<Item = NoiseLaw> {
        let laws = [NoiseKind::Gaussian, NoiseKind::ThreePoint];
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
        let wide = NoiseLaw::of::<18>(NoiseKind::Gaussian);
        let narrow = NoiseLaw::of::<16>(NoiseKind::Gaussian);
        assert_eq!(wide.sum(2), Some(1_152_921_504_424_006_422));
        assert_eq!(narrow.sum(2), Some(2 * 36_028_798_611_803_284));
        assert_eq!((wide.max(), narrow.max()), (103_841, 25_960));
    }

    /// The core computes the formula, in widths that the certificate does not try as well.
    #[test]
    fn core_follows_the_formula() {
        for width in 8..=18 {
            let eta = gaussian(width).unwrap();
            for (u, n) in classes().step_by(7) {
                for u in [u, u + n as u32 - 1, u | 1 << 31] {
                    assert_eq!(eta(u), specified(&SEGMENTS, width, u), "W = {width}, u = {u:#x}");
                }
            }
        }
    }

    /// Sums over two limbs are the sums: a law with four values, Σ |η|^k by hand.
    #[test]
    fn sums_in_two_limbs() {
        let half = WORDS / 2;
        let law = NoiseLaw::tally(18, [(0, half - 6), (1, 3), (-3, 2), (131_071, 1)].into_iter());
        for k in [1, 2, 5, 6] {
            assert_eq!(law.sum(k), Some(2 * (3 + 2 * 3_u128.pow(k) + 131_071_u128.pow(k))));
        }
        // 2·131071⁸ has 137 bits; divided by 2³² it is exact in the upper limb.
        let eighth = law.power_sum(8).unwrap();
        let (high, low) = (131_071_u128.pow(4), 2 * 131_071_u128.pow(4));
        let cross = low * (high & LOW) + 2 * (3 + 2 * 3_u128.pow(8));
        assert_eq!(eighth, Wide { high: low * (high >> 32) + (cross >> 32), low: cross & LOW });
        assert_eq!(law.sum(8), None);
    }

    #[test]
    fn quality_of_the_gaussian() {
        let near = |x: f64, y: f64, digits: f64| assert!((x / y - 1.0).abs() < digits, "{x} is not {y}");
        let wide = NoiseLaw::of::<18>(NoiseKind::Gaussian);
        near(wide.variance_error(), -1.6e-10, 0.05);
        near(wide.excess_kurtosis(), -2.8e-9, 0.05);
        near(wide.moment(6) / 15.0 - 1.0, 4.2e-6, 0.05);
        near(wide.moment(8) / 105.0 - 1.0, 1.7e-5, 0.05);
        near(wide.kolmogorov_on_grid(), 3.2e-5, 0.05);
        let narrow = NoiseLaw::of::<16>(NoiseKind::Gaussian);
        near(narrow.variance_error(), 4.4e-8, 0.05);
        near(narrow.excess_kurtosis(), 2.9e-7, 0.05);
        near(narrow.kolmogorov_on_grid(), 3.1e-5, 0.05);
        // Half the jump at zero is 1.2e-5 and 4.9e-5 of these.
        near(wide.kolmogorov(), 4.2e-5, 0.05);
        near(narrow.kolmogorov(), 7.3e-5, 0.05);
    }

    /// What distances and errors must be, whatever the law: zero where P = Q, ½ Σ |P - Q| and Σ P ln(P/Q) of one cell
    /// by hand.
    #[test]
    fn distances_of_one_value() {
        // |η| = 1.25 always, in units of 1/16: the cell from 20 - ½ to 21 - ½.
        let law = NoiseLaw::tally(8, [(20, WORDS / 2)].into_iter());
        let q = 2.0 * normal_tail(19.5 / 16.0);
        // The last cell is open.
        assert!((law.total_variation(1) - (1.0 - q)).abs() < 1e-15);
        assert!((law.divergence(1) + q.ln()).abs() < 1e-14);
        assert_eq!((law.total_variation(32), law.divergence(32)), (0.0, 0.0));
    }

    #[test]
    fn three_point_moments() {
        fn check<const W: u32>() {
            let law = NoiseLaw::of::<W>(NoiseKind::ThreePoint);
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
}
