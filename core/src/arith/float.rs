//! IEEE 754 arithmetic: every operation rounds once, in the order in which [`Arith`] names them.
//!
//! `f32` gives the same bits on every target with IEEE hardware or a correct software float: there is no fused
//! multiply-add, no reassociation and no library call in a site update. `f64` is the reference.

use stoquant_model::binary::{exponent, power_of_two};

use super::Arith;
use crate::machine::Machine;
use crate::noise::{Noise, Words};

macro_rules! float_arith {
    ($float:ident, $bits:ident, $name:literal) => {
        impl Arith for $float {
            const NAME: &'static str = $name;
            const FIELD_MAX: f64 = $float::MAX as f64;
            const FIELD_LSB: f64 = 0.0;
            const NOISE_WIDTH: u32 = 18;
            const GAIN_MAX: f64 = $float::MAX as f64;
            const FACTOR_MAX: f64 = $float::MAX as f64;

            type Store = $float;
            type Sum = $float;
            type Wide = $float;
            type Square = $float;
            type Gain = $float;
            type Slope = $float;
            type Factor = $float;
            type Local = $float;
            type Sigma = $float;

            #[inline(always)]
            fn load(word: $float) -> Self {
                word
            }
            #[inline(always)]
            fn store(self) -> $float {
                self
            }
            #[inline]
            fn bits(self) -> u64 {
                u64::from(self.to_bits())
            }
            #[inline]
            fn from_bits(bits: u64) -> Option<Self> {
                let value = $float::from_bits($bits::try_from(bits).ok()?);
                value.is_finite().then_some(value)
            }
            #[inline(always)]
            fn value(self) -> f64 {
                f64::from(self)
            }
            #[inline]
            fn nearest(value: f64) -> Self {
                value as $float
            }

            #[inline(always)]
            fn pair(self, other: Self) -> $float {
                self + other
            }
            #[inline(always)]
            fn sum_value(sum: $float) -> f64 {
                f64::from(sum)
            }

            #[inline(always)]
            fn square(self) -> $float {
                self * self
            }
            #[inline(always)]
            fn horner(slope: $float, gain: $float, square: $float) -> $float {
                slope - gain * square
            }
            #[inline(always)]
            fn factor(slope: $float, _clipped: &mut u32) -> $float {
                slope
            }

            #[inline(always)]
            fn widen(self) -> $float {
                self
            }
            #[inline(always)]
            fn mul_sum(gain: $float, sum: $float) -> $float {
                gain * sum
            }
            #[inline(always)]
            fn mul_factor(self, factor: $float) -> $float {
                self * factor
            }
            #[inline(always)]
            fn mul_noise(sigma: $float, noise: i32) -> $float {
                // |noise| < 2^19 fits the 24-bit significand of f32, and the scale is a power of two: η is exact.
                sigma * (noise as $float * (1.0 / 16384.0))
            }
            #[inline(always)]
            fn narrow(wide: $float, _clipped: &mut u32) -> Self {
                wide
            }
            #[inline(always)]
            fn narrow_half(wide: $float, _clipped: &mut u32) -> Self {
                0.5 * wide
            }
            #[inline]
            fn wide_value(wide: $float) -> f64 {
                f64::from(wide)
            }
            #[inline]
            fn wide(value: f64) -> Option<$float> {
                finite(value as $float)
            }

            #[inline]
            fn gain(value: f64) -> Option<$float> {
                finite(value as $float)
            }
            #[inline]
            fn gain_value(gain: $float) -> f64 {
                f64::from(gain)
            }
            #[inline]
            fn slope(value: f64) -> Option<$float> {
                finite(value as $float)
            }
            #[inline]
            fn slope_value(slope: $float) -> f64 {
                f64::from(slope)
            }
            #[inline]
            fn sigma(value: f64) -> Option<$float> {
                finite(value as $float).filter(|&sigma| sigma > 0.0)
            }
            #[inline]
            fn sigma_value(sigma: $float) -> f64 {
                f64::from(sigma)
            }

            #[inline]
            fn fill_noise<S: Words, M: Machine>(
                machine: M,
                noise: &mut Noise<S>,
                step: u64,
                first: usize,
                out: &mut [i32],
            ) {
                noise.fill_eta_on::<18, M>(machine, step, first, out);
            }

            #[inline(always)]
            fn local_phi(self) -> $float {
                self
            }
            #[inline(always)]
            fn local_square(self) -> $float {
                self * self
            }
            #[inline(always)]
            fn local_fourth(self) -> $float {
                let square = self * self;
                square * square
            }
            #[inline(always)]
            fn local_product(self, sum: $float) -> $float {
                self * sum
            }
            #[inline(always)]
            fn local(value: f64) -> $float {
                value as $float
            }
            #[inline]
            fn proposal_unit(variance: f64) -> f64 {
                power_of_two((exponent(variance) - 5) >> 1)
            }
            #[inline(always)]
            fn local_proposal(x: Self, y: Self, a: $float, b: $float, per_w: f64) -> $float {
                // 2(y-x) + (b-a) and a + b change sign and keep it exactly: the term is antisymmetric to the bit.
                let per_w = per_w as $float;
                ((a + b) * per_w) * ((2.0 * (y - x) + (b - a)) * per_w)
            }
            #[inline(always)]
            fn in_units(self, per_unit: f64) -> Self {
                self * per_unit as $float
            }
            #[inline(always)]
            fn sum_in_units(sum: $float, per_unit: f64) -> $float {
                sum * per_unit as $float
            }
        }
    };
}

float_arith!(f32, u32, "f32");
float_arith!(f64, u64, "f64");

fn finite<T: Copy + Into<f64>>(value: T) -> Option<T> {
    value.into().is_finite().then_some(value)
}
