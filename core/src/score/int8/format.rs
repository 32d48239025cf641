//! The number formats of the quantised score: fractional bits, range and unit of every integer, for core, host and
//! circuits.
//!
//! A format [`Q`] has `bits` fractional bits and a largest magnitude `limit`: the integer i, |i| ≤ limit, stands for
//! i/2^bits. All formats are symmetric and fit 16 bits, -2^15 excepted, so that x → -x never saturates.
//!
//! | format | bits | limit | range | quantity | unit |
//! |---|---|---|---|---|---|
//! | [`STATE`] | 12 | 2^15 - 1 | ±8 | u_k = y_k/r_k(σ) | a standard deviation of y_k |
//! | [`NOISE`] | 12 | 2^15 - 1 | ±6.34 | η of 16 bits | a standard deviation |
//! | [`PHI`] | 12 | 2^15 - 1 | ±8 | φ of a site, and M_max | that of φ |
//! | [`MAGNETISATION`] | 14 | 2^14 | ±1 | M, and the ends of the cells of its law | M_max |
//! | [`MATRIX`] | 13 | 2^15 - 1 | ±4 | H_ik | 1 |
//! | [`ODD_FEATURE`] | 11 | 2^14 | ±8 | ŷ, its three sums over four sites, M | that of the feature |
//! | [`SQUARE`] | 8 | 2^14 | 0 to 64 | ŷ² | that of ŷ² |
//! | [`EVEN_FEATURE`] | 10 | 2^14 | ±16 | ŷ², its two sums over four sites, M² | that of the feature |
//! | [`ARGUMENT`] | 13 | 2^15 - 1 | ±4 | z, β and biases of an activation | 1 |
//! | [`ACTIVATION`] | 63.5 a unit | 127 | ±2 | s(z + β) + s(z - β) | 1 |
//! | [`SCORE`] | 11 | 2^15 - 1 | ±16 | h of a site, ĥ of a mode | scale of h at σ |
//! | [`KEEP`], [`AMPLITUDE`] | 14 | 2^15 - 1, used within ±2^14 | ±1 | factors of u and η in a step | 1 |
//! | [`PULL`] | 15 | 2^15 - 1 | ±1 | factor of ĥ in a step of the reverse SDE | u by ĥ |
//! | [`PREDICT`], [`ADVANCE`] | 15 | 2^15 - 1 | ±1 | factors of ĥ in a step of a flow | u by ĥ |
//! | [`ROW_WEIGHT`] | 14 | 2^15 - 1 | ±2 | weights of the four rows of a stage | 1 |
//! | [`ORBIT_SCALE`] | 14 | 2^15 - 1 | ±2 | factors of Σ₄ ŷ in the odd features | feature by ŷ |
//! | [`MEAN_SCALE`] | 11 | 2^15 - 1 | ±16 | factors of M in ŷ and in its odd feature | feature by M_max |
//! | [`EVEN_SCALE`] | 12 | 2^15 - 1 | ±8 | factors of ŷ² and Σ₄ ŷ² in the even features | feature by ŷ² |
//! | [`MEAN2_SCALE`] | 10 | 2^15 - 1 | ±32 | factor of M² in its even feature | feature by M_max² |
//! | [`OFFSET`] | 10 | 2^15 - 1 | ±32 | what is taken off an even feature | that of the feature |
//! | [`SKIP`] | 12 | 2^13 | ±2 | weights s_j of the odd features | h by feature |
//! | [`CROSS`] | 11 | 2^13 | ±4 | weights c_i of ŷ times the even features | h by features |
//! | [`LINEAR`] | 12 | 2^15 - 1 | ±8 | p₁, and d = p₁ + p₃ŷ² + Σ c_i e_i | h by ŷ |
//! | [`CUBIC`] | 13 | 2^15 - 1 | ±4 | p₃ | h by ŷ³ |
//!
//! Formats that depend on an image follow from its [`Shifts`]; all but the weights have the limit 2^15 - 1.
//! Inputs of a layer have 11 bits (odd features), 10 (even features) or 0 (activations, which count 1/63.5).
//!
//! | format | bits | quantity | unit |
//! |---|---|---|---|
//! | [`Shifts::field_modes`] | `sites` - 2 | modes of ŷ | that of ŷ |
//! | [`Shifts::filter`] | bits of the modes of ŷ + `filter` - 12 | filter of ŷ, r(0) of the end | ŷ by u, φ by u |
//! | [`Shifts::score_modes`] | 37 - `modes[0]` - `modes[1]` | ĥ of a mode | scale of h at σ |
//! | [`Shifts::pull`] | 26 - bits of ĥ | factors of ĥ in a step | u by ĥ |
//! | [`Shifts::weight`] | 13 + shift of its sum - bits of its input | prepared weight, limit 2^13 | argument by input |
//! | [`Shifts::gain`] | bits of the weight + 9 | gains | prepared weight by int8 weight |
//! | [`Shifts::output`] | 11 + `output` | output weights | h by 63.5 activations |
//!
//! A product of two formats has the fractional bits of both; [`shift`] is what it loses on its way to a third. The
//! shifts that every image has in common are in [`fixed`], each with the widest sum that it is applied to: below 2^31 -
//! 2^(shift - 1), which is the domain of [`round_shift`](super::arithmetic::round_shift).

use super::image::{Sampler, Shifts};

/// A fixed-point format of 16 bits: the integer i, |i| ≤ `limit`, stands for i/2^`bits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Q {
    /// Fractional bits; those of an image may be negative.
    pub bits: i32,
    /// Largest |i|.
    pub limit: i16,
}

impl Q {
    /// All of 16 bits but -2^15.
    #[must_use]
    pub const fn full(bits: i32) -> Self {
        Self { bits, limit: i16::MAX }
    }

    /// |i| ≤ `limit`.
    #[must_use]
    pub const fn within(bits: i32, limit: i16) -> Self {
        Self { bits, limit }
    }

    /// The integer of 1, 0 ≤ `bits` ≤ 30.
    #[must_use]
    pub const fn one(self) -> i32 {
        1 << self.bits
    }

    /// The number that the integer 1 stands for: 2^-`bits`.
    #[must_use]
    pub const fn unit(self) -> f64 {
        power_of_two(-self.bits)
    }

    /// x·2^`bits`, not rounded: exact.
    #[must_use]
    pub const fn units(self, x: f64) -> f64 {
        x * power_of_two(self.bits)
    }

    /// The nearest integer, ties to even; `None` where it is beyond `limit`, or x is not a number.
    #[must_use]
    pub fn encode(self, x: f64) -> Option<i16> {
        let nearest = libm::rint(self.units(x));
        (nearest.abs() <= f64::from(self.limit)).then_some(nearest as i16)
    }

    /// i/2^`bits`, exact.
    #[must_use]
    pub fn decode(self, i: i16) -> f64 {
        f64::from(i) * self.unit()
    }
}

/// 2^n, -1022 ≤ n ≤ 1023.
const fn power_of_two(n: i32) -> f64 {
    f64::from_bits(((1023 + n) as u64) << 52)
}

/// Fractional bits that a·b loses on its way to `result`.
#[must_use]
pub const fn shift(a: Q, b: Q, result: Q) -> u32 {
    (a.bits + b.bits - result.bits) as u32
}

/// The state of a chain, u_k = y_k/r_k(σ): of unit variance at every σ, so that ±8 holds all but 1e-15 of it.
pub const STATE: Q = Q::full(12);
/// η as [`noise`](crate::noise) makes it 16 bits wide, |η| ≤ 6.34 < 2^14.7/2^12.
pub const NOISE: Q = Q::full(12);
/// φ of a site, and M_max.
pub const PHI: Q = Q::full(12);
/// M/M_max.
pub const MAGNETISATION: Q = Q::within(14, 1 << 14);
/// H_ik = √(1/L)·(cos + sin)(2πik/L). The rows of an image have Σ_i |H_ik| ≤ [`LARGEST_ROW`].
pub const MATRIX: Q = Q::full(13);
/// ŷ and the other odd features. ŷ² then has 28 bits, Σ₄ ŷ 17.
pub const ODD_FEATURE: Q = Q::within(11, 1 << 14);
/// ŷ², not negative: |ŷ| ≤ 2^14 gives at most 2^14.
pub const SQUARE: Q = Q::within(8, 1 << 14);
/// The even features.
pub const EVEN_FEATURE: Q = Q::within(10, 1 << 14);
/// z and β of an activation, and the biases. s saturates at ±1, which is ±2^13.
pub const ARGUMENT: Q = Q::full(13);
/// h of a site and ĥ of a mode, in units of the scale that h has at its σ. ĥ has these bits where both passes of the
/// transform to modes lose the bits of H, which is so in every image that `stoquant quantize` makes; see
/// [`Shifts::score_modes`].
pub const SCORE: Q = Q::full(11);

/// Factor of u in a step of the reverse SDE. Interpolated rows may exceed 1: a step clips it to ±1.
pub const KEEP: Q = Q::full(14);
/// Factor of ĥ in a step of the reverse SDE.
pub const PULL: Q = Q::full(15);
/// Factor of η in a step of the reverse SDE, clipped as [`KEEP`] is.
pub const AMPLITUDE: Q = Q::full(14);
/// Factor of ĥ in the prediction of a flow.
pub const PREDICT: Q = Q::full(15);
/// Factor of ĥ in the sum of a flow.
pub const ADVANCE: Q = Q::full(15);
/// Weights of the four rows of a stage: their sum is 1, that of their magnitudes at most 2.
pub const ROW_WEIGHT: Q = Q::full(14);

/// Factors of Σ₄ ŷ over neighbours, diagonals and distance 2.
pub const ORBIT_SCALE: Q = Q::full(14);
/// Factors of M/M_max in ŷ and in its odd feature.
pub const MEAN_SCALE: Q = Q::full(11);
/// Factors of ŷ² and of its sums over neighbours and diagonals.
pub const EVEN_SCALE: Q = Q::full(12);
/// Factor of (M/M_max)² in its even feature.
pub const MEAN2_SCALE: Q = Q::full(10);
/// What is taken off an even feature after its scale.
pub const OFFSET: Q = Q::full(10);
/// Weights of the odd features in h.
pub const SKIP: Q = Q::within(12, 1 << 13);
/// Weights of ŷ times the even features in h.
pub const CROSS: Q = Q::within(11, 1 << 13);
/// p₁, and the factor d of ŷ.
pub const LINEAR: Q = Q::full(12);
/// p₃.
pub const CUBIC: Q = Q::full(13);

/// The largest weight of a trained row in int8: its integers are round(127 w/max |w|).
pub const LARGEST_INT8: i32 = 127;
/// The integer of an activation of 2 = s(1) + s(1), its largest.
pub const LARGEST_ACTIVATION: i32 = 127;
/// The integer of an activation of 1: not a power of two, since int8 has no 128.
pub const ACTIVATION: f64 = LARGEST_ACTIVATION as f64 / 2.0;
/// Largest prepared weight, the product of weight and gain: five of them times an odd feature are below 5·2^13·2^14 <
/// 2^30, and 128 of them times an activation at most 2^7·2^13·2^7 = 2^27.
pub const LARGEST_WEIGHT: i16 = 1 << 13;
/// Fractional bits that a gain has beyond those of the weight that it makes: |weight·gain| ≤ 2^7·2^15 = 2^22.
pub const GAIN_BITS: u32 = 9;
/// Largest Σ_i |H_ik| of an image: 8. A pass of the transform is then below (2^15 - 1)·2^16, and 2^14 is added for
/// rounding.
pub const LARGEST_ROW: i32 = 8 * MATRIX.one();
/// A cell of the law of |M| has the probability [`share`](super::sampler::share)/2^19.
pub const SHARE_BITS: u32 = 19;
/// The place of |M| in its cell, in units of 2^-16 of its width: of 16 bits of the random word.
pub const PLACE_BITS: u32 = 16;

/// Right shifts that every image has in common, and the largest sum before each.
pub mod fixed {
    use super::*;

    /// Four rows of tables by their weights: 2^15·2^15 = 2^30. A number of any format keeps its bits.
    pub const ROWS: u32 = ROW_WEIGHT.bits as u32;
    /// keep·u + pull·ĥ + amplitude·η: 2^14·2^15 + 2^15·2^15 + 2^14·2^14.7 < 2^31; base + predict·ĥ: 2^29 + 2^30.
    pub const STEP: u32 = shift(KEEP, STATE, STATE);
    /// The factor of M in ŷ and in its odd feature: 2^15·2^14.
    pub const MEAN: u32 = shift(MEAN_SCALE, MAGNETISATION, ODD_FEATURE);
    /// (M/M_max)²: 2^28.
    pub const MEAN_SQUARE: u32 = shift(MAGNETISATION, MAGNETISATION, MAGNETISATION);
    /// The factor of (M/M_max)²: 2^15·2^14.
    pub const MEAN2: u32 = shift(MEAN2_SCALE, MAGNETISATION, EVEN_FEATURE);
    /// ŷ²: 2^28.
    pub const SQUARED: u32 = shift(ODD_FEATURE, ODD_FEATURE, SQUARE);
    /// A factor of Σ₄ ŷ: (2^15 - 1)·2^16 + 2^13 < 2^31.
    pub const ORBIT: u32 = shift(ORBIT_SCALE, ODD_FEATURE, ODD_FEATURE);
    /// A factor of ŷ² or Σ₄ ŷ²: (2^15 - 1)·2^16 + 2^9 < 2^31.
    pub const EVEN: u32 = shift(EVEN_SCALE, SQUARE, EVEN_FEATURE);
    /// p₃ŷ² + Σ c_i e_i: 2^15·2^14 + 4·2^13·2^14 = 2^30.
    pub const FACTOR: u32 = shift(CUBIC, SQUARE, LINEAR);
    /// d·ŷ + Σ s_j f_j: 2^15·2^14 + 5·2^13·2^14 < 2^31.
    pub const LOCAL: u32 = shift(LINEAR, ODD_FEATURE, SCORE);
    /// The square of an argument within ±1: 2^26.
    pub const ARGUMENT_SQUARE: u32 = shift(ARGUMENT, ARGUMENT, ARGUMENT);
    /// c(3 - c²), halved: 2^13·2^14.6.
    pub const SMOOTH: u32 = shift(ARGUMENT, ARGUMENT, ARGUMENT) + 1;
    /// (s + s)·254, s + s in the argument's bits and 254 four times [`ACTIVATION`]: 2^14·254 < 2^22.
    pub const ACTIVATED: u32 = ARGUMENT.bits as u32 + 2;
    /// M_max·M/M_max: 2^15·2^14.
    pub const PHI_MEAN: u32 = shift(PHI, MAGNETISATION, PHI);

    // Terms of one sum have the same fractional bits.
    const _: () = {
        assert!(STEP == shift(PULL, SCORE, STATE) && STEP == shift(AMPLITUDE, NOISE, STATE));
        assert!(STEP == shift(PREDICT, SCORE, STATE) && STEP == shift(ADVANCE, SCORE, STATE));
        assert!(FACTOR == shift(CROSS, EVEN_FEATURE, LINEAR) && LOCAL == shift(SKIP, ODD_FEATURE, SCORE));
        assert!(OFFSET.bits == EVEN_FEATURE.bits && STATE.bits == NOISE.bits);
    };
}

/// Inputs of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inputs {
    /// Odd features, or the activations of the layer before.
    Odd,
    /// Even features.
    Even,
}

/// Formats that depend on an image.
impl Shifts {
    /// Modes of ŷ, before the transform to sites: two passes with H, which lose the bits of H and
    /// [`sites`](Self::sites).
    #[must_use]
    pub const fn field_modes(&self) -> Q {
        Q::full(ODD_FEATURE.bits + self.sites as i32 - MATRIX.bits)
    }

    /// [`sites`](Self::sites) for modes of ŷ of this format: the inverse of [`field_modes`](Self::field_modes).
    #[must_use]
    pub const fn sites_of(modes: Q) -> u32 {
        (MATRIX.bits + modes.bits - ODD_FEATURE.bits) as u32
    }

    /// The filter of ŷ, and r(σ = 0) of the end: filter·u ≫ [`filter`](Self::filter) are modes of ŷ.
    #[must_use]
    pub const fn filter(&self) -> Q {
        Q::full(self.field_modes().bits + self.filter as i32 - STATE.bits)
    }

    /// The shift after the second pass of the transform to φ, which has a bit more than ŷ: [`sites`](Self::sites) less
    /// one.
    #[must_use]
    pub const fn sites_of_phi(&self) -> u32 {
        self.sites.saturating_sub((PHI.bits - ODD_FEATURE.bits) as u32)
    }

    /// ĥ of a mode: two passes with H, which lose the shifts [`modes`](Self::modes). [`SCORE`] where these are the bits
    /// of H.
    #[must_use]
    pub const fn score_modes(&self) -> Q {
        Q::full(SCORE.bits + 2 * MATRIX.bits - self.modes[0] as i32 - self.modes[1] as i32)
    }

    /// Factors of ĥ in a step of either sampler: [`PULL`], [`PREDICT`] and [`ADVANCE`] where ĥ is [`SCORE`].
    #[must_use]
    pub const fn pull(&self) -> Q {
        Q::full(fixed::STEP as i32 + STATE.bits - self.score_modes().bits)
    }

    /// The three tables of a step: keep, pull and amplitude, or predict and advance, and one that a flow does not read.
    #[must_use]
    pub const fn step(&self, sampler: Sampler) -> [Q; 3] {
        match sampler {
            Sampler::Reverse => [KEEP, self.pull(), AMPLITUDE],
            Sampler::Flow => [self.pull(), self.pull(), AMPLITUDE],
        }
    }

    /// Shifts of a layer, 0 or 1: of the sums over odd inputs, and over even ones.
    #[must_use]
    pub const fn layer(&self, layer: usize) -> [u32; 2] {
        if layer == 0 { self.first } else { self.second }
    }

    /// Prepared weights of a layer, 0 or 1: weight·input ≫ shift is an [`ARGUMENT`]. Those of activations are per
    /// integer of these, the real weight divided by [`ACTIVATION`].
    #[must_use]
    pub const fn weight(&self, layer: usize, inputs: Inputs) -> Q {
        let [odd, even] = self.layer(layer);
        let (shift, bits) = match inputs {
            Inputs::Odd => (odd, if layer == 0 { ODD_FEATURE.bits } else { 0 }),
            Inputs::Even => (even, EVEN_FEATURE.bits),
        };
        Q::within(ARGUMENT.bits + shift as i32 - bits, LARGEST_WEIGHT)
    }

    /// Gains of a layer: int8 weight·gain ≫ [`GAIN_BITS`] is a prepared weight. A gain has the unit of its row of int8
    /// weights in it.
    #[must_use]
    pub const fn gain(&self, layer: usize, inputs: Inputs) -> Q {
        Q::full(self.weight(layer, inputs).bits + GAIN_BITS as i32)
    }

    /// Output weights, per integer of an activation: Σ o·b ≫ [`output`](Self::output) is a [`SCORE`].
    #[must_use]
    pub const fn output(&self) -> Q {
        Q::full(SCORE.bits + self.output as i32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_to_the_nearest_and_refused_beyond_the_limit() {
        let q = Q::within(4, 100);
        assert_eq!([0.0, 1.0 / 32.0, 3.0 / 32.0, -3.0 / 32.0].map(|x| q.encode(x)), [0, 0, 2, -2].map(Some));
        assert_eq!([6.27, -6.27, 6.3, -6.3].map(|x| q.encode(x)), [Some(100), Some(-100), None, None]);
        assert_eq!([f64::NAN, f64::INFINITY, 1e300].map(|x| q.encode(x)), [None; 3]);
        assert_eq!(Q::full(0).encode(-32768.0), None);
        assert_eq!((q.one(), q.unit(), q.units(-0.5)), (16, 0.0625, -8.0));
        for i in -100..=100 {
            assert_eq!(q.encode(q.decode(i)), Some(i));
            assert_eq!(Q::within(-3, 100).encode(8.0 * f64::from(i)), Some(i));
        }
    }

    /// The formats of an image, from the shifts that each product has on its way.
    #[test]
    fn formats_of_an_image_are_what_its_shifts_leave() {
        for n in 2..=15 {
            let shifts = Shifts::of([3, n, 13, n, 5, 6, 7, 8, 9]);
            let modes = shifts.filter().bits + STATE.bits - 3;
            assert_eq!(shifts.field_modes().bits, modes);
            assert_eq!(Shifts::sites_of(shifts.field_modes()), n);
            let two = 2 * MATRIX.bits;
            assert_eq!(modes + two - MATRIX.bits - n as i32, ODD_FEATURE.bits);
            assert_eq!(modes + two - MATRIX.bits - shifts.sites_of_phi() as i32, PHI.bits);
            assert_eq!(shifts.pull().bits + shifts.score_modes().bits - fixed::STEP as i32, STATE.bits);
            for (layer, inputs, shift, input) in [
                (0, Inputs::Odd, 5, ODD_FEATURE.bits),
                (0, Inputs::Even, 6, EVEN_FEATURE.bits),
                (1, Inputs::Odd, 7, 0),
                (1, Inputs::Even, 8, EVEN_FEATURE.bits),
            ] {
                assert_eq!(shifts.weight(layer, inputs).bits + input - shift, ARGUMENT.bits);
                assert_eq!(shifts.gain(layer, inputs).bits - GAIN_BITS as i32, shifts.weight(layer, inputs).bits);
            }
            assert_eq!(shifts.output().bits - 9, SCORE.bits);
        }
        let usual = Shifts { modes: [MATRIX.bits as u32; 2], ..Shifts::default() };
        assert_eq!((usual.score_modes(), usual.pull()), (SCORE, PULL));
        assert_eq!((PULL, PULL), (PREDICT, ADVANCE));
    }
}
