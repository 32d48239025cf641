//! One word to a three-valued η_W ∈ {-√3, 0, √3}, probabilities near {1/6, 2/3, 1/6}.
//!
//! Matches the first five moments of N(0,1), odd ones zero, ⟨η²⟩ = 1, ⟨η⁴⟩ = 3: all that a scheme of weak order two
//! needs, so the Euler step keeps its leading bias too (Kloeden, Platen, *Numerical Solution of Stochastic Differential
//! Equations*, section 14.2). No multiplier, no table: one comparison.
//!
//! With a = ⌊√3·2^(W-4)⌉ and N = ⌊2³¹·4^(W-4)/a²⌉, the word's lower 31 bits m give |η| = a if m < N, else 0, and its
//! top bit the sign, as in [`super::gauss`]: small m is the far tail in both. Then odd moments vanish exactly and
//!
//! ```text
//! ⟨η²⟩ = N·a²/2^31 / 4^(W-4),    |⟨η²⟩ - 1| <= a²/4^(W-4)/2^32 ≈ 7e-10,    ⟨η⁴⟩ = ⟨η²⟩·a²/4^(W-4) ≈ 3 + O(2^(6-W)),
//! ```
//!
//! the bound of half a word being the best that 2³² words allow. The sixth cumulant is -6 instead of 0.

/// a = ⌊√3·2^(W-4)⌉, the nonzero value.
#[must_use]
pub const fn value<const W: u32>() -> i32 {
    const { assert!(8 <= W && W <= 18, "the three-point noise has widths 8 to 18") };
    // ⌊√x⌉ = ⌊(⌊√(4x)⌋ + 1)/2⌋; here 4x <= 12·2^28 < 2^32, so a < 2^15.
    ((12_u64 << (2 * (W - 4))).isqrt() as i32 + 1) >> 1
}

/// N: how many of the 2³¹ magnitudes give a nonzero value.
#[must_use]
pub const fn nonzero<const W: u32>() -> u32 {
    let square = (value::<W>() as u64) * (value::<W>() as u64);
    // 2^31·4^(W-4) <= 2^59; the quotient is near 2^31/3. Evaluated by the compiler only.
    let unit = 1_u64 << (31 + 2 * (W - 4));
    ((2 * unit / square + 1) >> 1) as u32
}

/// ⟨η²⟩ as an exact fraction `(numerator, bits)`: numerator/2^bits.
#[must_use]
pub const fn second_moment<const W: u32>() -> (u64, u32) {
    let a = value::<W>() as u64;
    (nonzero::<W>() as u64 * a * a, 31 + 2 * (W - 4))
}

/// ⟨η⁴⟩ as an exact fraction `(numerator, bits)`.
#[must_use]
pub const fn fourth_moment<const W: u32>() -> (u128, u32) {
    let a = value::<W>() as u128;
    (nonzero::<W>() as u128 * a * a * a * a, 31 + 4 * (W - 4))
}

/// η of a word as a W-bit integer with W - 4 fractional bits, 8 ≤ W ≤ 18. Sign bit of the word set: negative.
#[inline(always)]
#[must_use]
pub const fn eta<const W: u32>(u: u32) -> i32 {
    let m = u & 0x7fff_ffff;
    let size = if m < const { nonzero::<W>() } { const { value::<W>() } } else { 0 };
    let s = (u as i32) >> 31;
    (size ^ s) - s
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<const W: u32>() {
        let (a, count) = (i64::from(value::<W>()), i64::from(nonzero::<W>()));
        // a is nearest to √3·2^(W-4): (2a ± 1)² encloses 12·4^(W-4).
        let target = 12_i64 << (2 * (W - 4));
        assert!((2 * a - 1).pow(2) <= target && target < (2 * a + 1).pow(2));
        // The second moment is nearest to one: half a word, that is a²/2, at most.
        let (numerator, bits) = second_moment::<W>();
        assert!(2 * numerator.abs_diff(1 << bits) <= a.pow(2).unsigned_abs(), "W = {W}");
        // Edges of the three values.
        let n = count as u32;
        assert_eq!([eta::<W>(0), eta::<W>(n - 1), eta::<W>(n)], [a as i32, a as i32, 0]);
        let sign = 1 << 31;
        assert_eq!([eta::<W>(sign), eta::<W>(sign + n - 1), eta::<W>(sign + n)], [-a as i32, -a as i32, 0]);
        assert_eq!([eta::<W>(sign - 1), eta::<W>(u32::MAX)], [0, 0]);
    }

    #[test]
    fn every_width() {
        check::<8>();
        check::<9>();
        check::<10>();
        check::<11>();
        check::<12>();
        check::<13>();
        check::<14>();
        check::<15>();
        check::<16>();
        check::<17>();
        check::<18>();
    }

    #[test]
    fn stated_numbers() {
        assert_eq!((value::<18>(), nonzero::<18>()), (28_378, 715_823_868));
        assert_eq!((value::<16>(), nonzero::<16>()), (7_094, 715_924_778));
    }
}
