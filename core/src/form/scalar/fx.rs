//! Fixed point whose results lie in the upper register of a product of 32×32 bits: no shift is left to do.
//!
//! | quantity | its unit, W bits | factor over the unit of [`arith::Fx`](crate::arith::Fx) |
//! |---|---|---|
//! | accumulator | the field's unit Δ is 2^32 | 2^(29-W), [`lift`] |
//! | slope, W > 16 | the factor's unit is 2^32 | 2^(37-W), [`slope_lift`] |
//! | slope, W ≤ 16 | as in `Fx`, in one register | 1 |
//!
//! Widths. The accumulator of `Fx` takes 2W + 6 bits, here W + 35: 53 bits for W = 18, inside `i64`. Its terms, with
//! |φ|, |η|, |k|, |d| < 2^(W-1), are products of two 32-bit registers:
//!
//! - φ·2^32 < 2^(W+31);
//! - (k_n≪29-W)·Σ: below 2^28 and 2^(W+2);
//! - (φ≪31-W)·d: below 2^30 and 2^(W-1);
//! - (k_s≪32-W)·(η≪1): below 2^31, k_s being positive, and 2^(W+1) where η is the sum of two noises.
//!
//! The slope takes 2W bits in `Fx`. For W > 16 it takes W + 37 bits here, 55 for W = 18. Its product is
//! (k_c≪32-W)·(u≪5), below 2^31 and 2^(W+4), and the square's is (φ≪25-W)·(φ≪8), below 2^24 and 2^(W+7). For W ≤ 16,
//! |k_a - k_c·u| < 2^(2W-6) + 2^(2W-2), and with half a unit of the factor, 2^(W-6), it stays below 2^31.

use crate::arith::{Fx, product, rndnu};

/// How many bits higher the accumulator lies.
pub(crate) const fn lift(width: u32) -> u32 {
    29 - width
}

/// How many bits higher the slope lies.
pub(crate) const fn slope_lift(width: u32) -> u32 {
    if width <= 16 { 0 } else { 37 - width }
}

/// A bound of at most MAX that a processor compares with at once, having eight bits.
const fn inside(width: u32) -> i32 {
    if width > 8 { 0xff << (width - 9) } else { (1 << (width - 1)) - 1 }
}

/// Symmetric saturation to ±MAX, counted. |value| is far below 2^31. Saturations are rare: a branch costs less than two
/// minima.
#[inline(always)]
pub(crate) fn saturate<const W: u32>(value: i32, clipped: &mut u32) -> i32 {
    let inside = const { inside(W) };
    if ((value + inside) as u32) < 2 * inside as u32 {
        return value;
    }
    core::hint::cold_path();
    *clipped += u32::from(value.unsigned_abs() > Fx::<W>::MAX as u32);
    value.clamp(-Fx::<W>::MAX, Fx::<W>::MAX)
}

/// rndnu(φ² ≫ W-1), W bits.
#[inline(always)]
pub(crate) fn square<const W: u32>(phi: i32) -> i32 {
    if W > 16 {
        return rndnu(i64::from(phi << (25 - W)) * i64::from(phi << 8), 32) as i32;
    }
    rndnu(product::<W>(phi, phi), W - 1) as i32
}

/// `slope - gain·square`.
#[inline(always)]
pub(crate) fn horner<const W: u32>(slope: i64, gain: i32, square: i32) -> i64 {
    if W > 16 {
        // Added, not taken off: a multiply-accumulate.
        return slope + i64::from((gain << (32 - W)).wrapping_neg()) * i64::from(square << 5);
    }
    i64::from((slope - product::<W>(gain, square)) as i32)
}

/// The slope rounded to a factor of W bits.
#[inline(always)]
pub(crate) fn factor<const W: u32>(slope: i64, clipped: &mut u32) -> i32 {
    let shift = W - 5;
    let nearest = if W <= 16 { (slope as i32 + (1 << (shift - 1))) >> shift } else { rndnu(slope, 32) as i32 };
    saturate::<W>(nearest, clipped)
}

/// φ·d in the accumulator. Not a shift of d: compilers would factor φ≪32 + φ·d.
#[inline(always)]
pub(crate) fn mul_factor<const W: u32>(phi: i32, factor: i32) -> i64 {
    i64::from(phi << (2 + lift(W))) * i64::from(factor)
}

/// k_s·η in the accumulator.
#[inline(always)]
pub(crate) fn mul_noise<const W: u32>(sigma: i32, noise: i32) -> i64 {
    i64::from(sigma << (32 - W)) * i64::from(noise << 1)
}
