//! Fixed point in the units of [`arith::Fx`](crate::arith::Fx): the accumulator has 2W - 1 fractional bits, the slope
//! 2W - 4.
//!
//! The accumulator takes 2W + 6 bits, 42 for W = 18: the argument stands in the module of `Fx`. A product of two
//! numbers of W bits takes 2W - 1 bits. For W ≤ 16 one 32-bit lane holds it, and with the slope 2W bits.

use crate::arith::{Fx, product, rndnu};

/// How many bits higher the accumulator lies.
pub(crate) const fn lift(_width: u32) -> u32 {
    0
}

/// How many bits higher the slope lies.
pub(crate) const fn slope_lift(_width: u32) -> u32 {
    0
}

/// Symmetric saturation to ±MAX, counted. Two minima and a comparison: no branch in a loop of lanes.
#[inline(always)]
pub(crate) fn saturate<const W: u32>(value: i32, clipped: &mut u32) -> i32 {
    let inside = value.clamp(-Fx::<W>::MAX, Fx::<W>::MAX);
    *clipped += u32::from(inside != value);
    inside
}

/// rndnu(φ² ≫ W-1), W bits.
#[inline(always)]
pub(crate) fn square<const W: u32>(phi: i32) -> i32 {
    // φ² < 2^(2W-2): after the shift < 2^(W-1) + 1/2, that is ≤ 2^(W-1) - 1 since MAX² ≫ (W-1) = 2^(W-1) - 2.
    rndnu(product::<W>(phi, phi), W - 1) as i32
}

/// `slope - gain·square`.
#[inline(always)]
pub(crate) fn horner<const W: u32>(slope: i64, gain: i32, square: i32) -> i64 {
    let bent = slope - product::<W>(gain, square);
    // 2W bits: for W ≤ 16 one 32-bit register, which says so to a compiler that counts lanes.
    if W <= 16 { i64::from(bent as i32) } else { bent }
}

/// The slope rounded to a factor of W bits.
#[inline(always)]
pub(crate) fn factor<const W: u32>(slope: i64, clipped: &mut u32) -> i32 {
    let shift = W - 5;
    // 2W bits less W - 5: W + 5 bits. In two steps, ⌊⌊x/2^(s-1)⌋ + 1⌋/2, nothing overflows the 2W bits.
    let nearest = if W <= 16 { ((slope as i32 >> (shift - 1)) + 1) >> 1 } else { rndnu(slope, shift) as i32 };
    saturate::<W>(nearest, clipped)
}

/// (φ·d)≪2. The shift on the narrow side: one multiply-accumulate on machines that have it.
#[inline(always)]
pub(crate) fn mul_factor<const W: u32>(phi: i32, factor: i32) -> i64 {
    i64::from(phi) * i64::from(factor << 2)
}

/// (k_s·η)≪4: W + 4 bits, and W bits or W + 1 for the sum of two noises.
#[inline(always)]
pub(crate) fn mul_noise<const W: u32>(sigma: i32, noise: i32) -> i64 {
    i64::from(sigma << 4) * i64::from(noise)
}
