//! The three operations that everything here is made of: one rounding, one saturation, one activation.
//!
//! Hardware twins: `rtl/sq_score_int8_arithmetic_round.sv`, `rtl/sq_score_int8_arithmetic_activation.sv` and
//! `rtl/sq_score_int8_arithmetic_smooth.sv`.

use super::format::{ARGUMENT, LARGEST_ACTIVATION, fixed};
use crate::lattice::VECTORS;

/// `x/2^shift`, rounded to nearest, ties away from zero: the one requantisation. Odd, so that φ → -φ holds to the bit,
/// which ties upwards would break. 1 ≤ `shift` ≤ 30 and |x| < 2^31 - 2^(shift-1).
#[inline(always)]
#[must_use]
pub const fn round_shift(x: i32, shift: u32) -> i32 {
    (x + half(shift) + (x >> 31)) >> shift
}

/// [`round_shift`] of a sum that has half of the result's unit in it: less to do where sums begin with it.
#[inline(always)]
#[must_use]
pub const fn round_from_half(sum: i32, shift: u32) -> i32 {
    (sum - (sum < half(shift)) as i32) >> shift
}

/// Half of the unit of what is shifted.
#[inline(always)]
#[must_use]
pub const fn half(shift: u32) -> i32 {
    (1 << shift) >> 1
}

/// Within ±`limit`.
#[inline(always)]
#[must_use]
pub const fn clamp(x: i32, limit: i32) -> i32 {
    bounded(x, limit, limit)
}

/// Within ±(2^15 - 1): symmetric, as everything is.
#[inline(always)]
#[must_use]
pub const fn saturate(x: i32) -> i16 {
    bounded(x, i16::MAX as i32, 0xff << 7) as i16
}

/// Whether constants of eight bits are part of an instruction, and others are made by two.
const IMMEDIATES: bool = cfg!(target_arch = "arm");

/// Within ±`limit`. Most is within ±`near`, of which one comparison tells.
#[inline(always)]
const fn bounded(x: i32, limit: i32, near: i32) -> i32 {
    if IMMEDIATES {
        if (x.wrapping_add(near) as u32) < 2 * near as u32 {
            return x;
        }
        core::hint::cold_path();
    }
    let x = if x > limit { limit } else { x };
    if x < -limit { -limit } else { x }
}

/// 1 as the argument of an activation.
pub const ONE: i32 = ARGUMENT.one();

/// `s(z + β) + s(z - β)`, s(c) = (3c - c³)/2 with c clipped to [-1, 1]: arguments of the format [`ARGUMENT`], the
/// result in int8, ±127 for ±2. The clipping is the saturation of the fixed point, and s is odd to the bit.
#[inline(always)]
#[must_use]
pub const fn activation(z: i16, beta: i16) -> i16 {
    let sum = smooth(z as i32 + beta as i32) + smooth(z as i32 - beta as i32);
    // |sum| ≤ 2^14 with 13 fractional bits: 2^14·254 < 2^22.
    round_shift(sum * (2 * LARGEST_ACTIVATION), fixed::ACTIVATED) as i16
}

/// s(c) with 13 fractional bits, |s| ≤ 2^13.
#[inline(always)]
#[must_use]
pub const fn smooth(c: i32) -> i32 {
    // s(1 - 2^-13) rounds to 1 too (tests): a device clips to a power of two and one less, for which it has an
    // instruction.
    let largest = if VECTORS { ONE } else { ONE - 1 };
    let c = if c > largest { largest } else { c };
    let c = if c < -ONE { -ONE } else { c };
    // c² ≤ 2^26, not negative; 3 - c² ≤ 3·2^13, times c at most 2^13·2^14.6 = 2^27.6.
    let rest = 3 * ONE - ((c * c + half(fixed::ARGUMENT_SQUARE)) >> fixed::ARGUMENT_SQUARE);
    round_shift(c * rest, fixed::SMOOTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_arguments_agree() {
        assert_eq!(
            [smooth(ONE - 1), smooth(ONE), smooth(ONE + 1), smooth(-ONE), smooth(-ONE - 1)],
            [ONE, ONE, ONE, -ONE, -ONE]
        );
    }

    #[test]
    fn rounding_is_to_nearest_and_odd() {
        for shift in 1..=30 {
            let half = 1_i64 << (shift - 1);
            let largest = (1_i64 << 31) - half - 1;
            for base in [0, 1, 2, 3, 5, 1000, 1 << 20, largest >> shift] {
                for rest in [-half, 1 - half, -1, 0, 1, half - 1, half] {
                    let x = ((base << shift) + rest).clamp(0, largest);
                    let found = i64::from(round_shift(x as i32, shift));
                    // |x/2^s - r| ≤ 1/2, and 1/2 only where r is the one further from zero.
                    let error = (found << shift) - x;
                    assert!(error.abs() < half || error == half, "{x} >> {shift}: {found}");
                    assert_eq!(i64::from(round_shift(-x as i32, shift)), -found);
                    for x in [x as i32, -x as i32] {
                        assert_eq!(round_from_half(x + half as i32, shift), round_shift(x, shift));
                    }
                }
            }
        }
    }

    /// All arguments to within the three roundings: 2^-14 each of c² and s, half a unit of the result.
    #[test]
    fn the_activation_is_s_of_z_plus_beta_and_z_minus_beta() {
        let s = |c: f64| 0.5 * c.clamp(-1.0, 1.0) * (3.0 - c.clamp(-1.0, 1.0).powi(2));
        for z in (-32767..=32767).step_by(61) {
            for beta in (-32767..=32767).step_by(997) {
                let found = activation(z, beta);
                assert_eq!(activation(-z, beta), -found);
                assert_eq!(activation(z, -beta), found);
                let (z, beta) = (f64::from(z) / 8192.0, f64::from(beta) / 8192.0);
                let expected = 63.5 * (s(z + beta) + s(z - beta));
                let bound = 0.5 + 63.5 * 2.0 * (0.5 * 2.0f64.powi(-14) + 2.0f64.powi(-14));
                assert!((f64::from(found) - expected).abs() <= bound, "{z} {beta}: {found} {expected}");
            }
        }
        assert_eq!((activation(8192, 0), activation(32767, 32767), activation(0, 32767)), (127, 64, 0));
    }
}
