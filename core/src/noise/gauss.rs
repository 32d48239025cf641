//! One word to one Gaussian integer η_W: the inverse normal distribution function in segments.
//!
//! Hardware twin: `rtl/sq_noise_gauss.sv`.
//!
//! A word u is a sign s and 31 bits m that stand for the upper-tail probability p = (2m + 1)/2³³ ∈ (0, ½), and
//! |η| = -Φ⁻¹(p). With v = 2m + 1 and its leading one at bit 31 - lz, n = v·2^lz has p = 2^(-lz-2)·(n/2³¹): octaves of
//! p, on which Φ⁻¹ is smooth. Octaves 0 to 9 are cut in four, octaves 10 to 31 left whole, and on each segment
//!
//! ```text
//! t   = n[31:16] as a signed number                in [-32768, -1]: the leading one is the sign
//! r   = (c2·t + c1·2^14) >> 15                     floor
//! acc = C0 + r·t                                   |η| in units of 2^-29, the rounding half of W = 18 included
//! |η_W| = (acc + 2^(32-W) - 2^14) >> (33-W)        W - 4 fractional bits, nearest, midpoints up; then the sign
//! ```
//!
//! All products are 16×16 → 32. The law of η_W over all 2³² words is known exactly (`stoquant::noise_law`): W = 18 has
//! variance 1 - 1.6e-10, kurtosis 3 - 2.8e-9, Kolmogorov distance 3.2e-5 to N(0,1) rounded to its grid, |η| ≤ 6.338,
//! odd moments zero.
//!
//! Rounding happens once, from `acc`. Rounding η₁₈ again to W = 16 would send its midpoints, a quarter of all values,
//! up a second time and shift the variance by 4.9e-5; from `acc` it is 1 + 4.4e-8.
//!
//! Method: W. Hörmann, J. Leydold, *Continuous random variate generation by fast numerical inversion*, ACM TOMACS 13
//! (2003) 347; octave segmentation after D. Lee, R. Cheung, J. Villasenor, W. Luk, *Inversion-based hardware Gaussian
//! random number generator*, FPT 2006, 33. The fit of the coefficients: `stoquant::gauss_fit`.

use super::gauss_table::SEGMENTS;
use crate::form;

/// Coefficients of one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Segment {
    /// Constant, in units of 2⁻²⁹, with the rounding half 2¹⁴ of W = 18.
    pub c0: u32,
    /// Slope in t/2¹⁵, in units of 2⁻¹⁵.
    pub c1: i16,
    /// Curvature in (t/2¹⁵)², in units of 2⁻¹⁴.
    pub c2: i16,
}

/// Index of the segment and position t ∈ [-32768, -1] in it, of the magnitude bits of a word.
///
/// The index is min(4·lz + n/2²⁹, 34 + lz) mod 64; n/2²⁹ lies in 4..=7, so the first term is the smaller one up to lz =
/// 9.
#[inline(always)]
#[must_use]
pub const fn locate(u: u32) -> (u32, i32) {
    // clz(2m+1) = clz(m) - 1, for m = 0 too, and clz(m) >= 1. Counted on m because an operand that may be zero makes
    // x86-64 without lzcnt load the result register first, which cuts bsr's dependence on the previous word: 2.4 ns,
    // not 7.3.
    place(u, (u & 0x7fff_ffff).leading_zeros() - 1)
}

/// Segment and offset of a word, given the zeros above the leading one of 2m + 1.
#[inline(always)]
pub(crate) const fn place(u: u32, lz: u32) -> (u32, i32) {
    // lz <= 31: the shift is valid and moves a one to bit 31.
    let n = (u << 1 | 1) << (lz & 31);
    let quarter = 4 * lz + (n >> 29);
    let octave = 34 + lz;
    let index = if quarter < octave { quarter } else { octave };
    (index & 63, (n as i32) >> 16)
}

impl Segment {
    /// The quadratic at t ∈ [-32768, -1]: |η| in units of 2⁻²⁹, the rounding half 2¹⁴ of W = 18 included.
    #[inline(always)]
    #[must_use]
    pub const fn at(self, t: i32) -> u32 {
        // |c2·t| <= 2^30 and |c1·2^14| <= 2^29: the sum fits 32 bits, r fits 17, and r·t fits 32 with the sign. With
        // the committed coefficients r fits 16 (test below), so hardware needs no wider multiplier.
        let r = (self.c2 as i32 * t + ((self.c1 as i32) << 14)) >> 15;
        self.c0.wrapping_add((r * t) as u32)
    }
}

/// |η| of a word in units of 2⁻²⁹, the rounding half of W = 18 included: at most 3,402,681,544 < 0.8·2³².
#[inline(always)]
#[must_use]
pub const fn magnitude(u: u32) -> u32 {
    let (index, t) = locate(u);
    SEGMENTS[index as usize & 63].at(t)
}

/// η of a word as a W-bit integer with W - 4 fractional bits, 8 ≤ W ≤ 18. Sign bit of the word set: negative.
///
/// ```
/// use stoquant_core::noise::gauss::eta;
/// assert_eq!((eta::<18>(0xdead_beef), eta::<16>(0xdead_beef)), (-5444, -1361));
/// ```
#[inline(always)]
#[must_use]
pub const fn eta<const W: u32>(u: u32) -> i32 {
    const { assert!(8 <= W && W <= 18, "the Gaussian has widths 8 to 18") };
    form::gauss::eta::<W>(u)
}

/// The table in two columns, for machines that look up many entries at once: c₀, and c₂ above c₁, 16 bits each.
pub static COLUMNS: [[u32; 64]; 2] = {
    let mut columns = [[0; 64]; 2];
    let mut i = 0;
    while i < 64 {
        columns[0][i] = SEGMENTS[i].c0;
        columns[1][i] = (SEGMENTS[i].c1 as u16 as u32) | (SEGMENTS[i].c2 as u16 as u32) << 16;
        i += 1;
    }
    columns
};

/// |η|₁₈-accumulator of a word rounded to W bits, with the word's sign.
#[inline(always)]
pub(crate) const fn signed<const W: u32>(u: u32, magnitude: u32) -> i32 {
    // acc < 0.8·2^32 and the half grows by less than 2^24: no wrap.
    let half = (1 << (32 - W)) - (1 << 14);
    let size = (magnitude.wrapping_add(half) >> (33 - W)) as i32;
    // Two's complement without a branch: s is 0 or -1.
    let s = (u as i32) >> 31;
    (size ^ s) - s
}

#[cfg(test)]
mod tests {
    use super::*;

    /// u, η₁₈, η₁₆.
    const VECTORS: [(u32, i32, i32); 11] = [
        (0, 103_841, 25_960),
        (1, 101_031, 25_258),
        (0xfff, 78_046, 19_512),
        (0xf_ffff, 57_144, 14_286),
        (0x1234_5678, 24_044, 6_011),
        (0x3fff_ffff, 11_051, 2_763),
        (0x4000_0000, 11_049, 2_762),
        (0x7fff_ffff, 0, 0),
        (0xdead_beef, -5_444, -1_361),
        (0x024f_3155, 38_744, 9_686),
        (0xacac_cd5c, -15_343, -3_836),
    ];

    #[test]
    fn vectors() {
        for (u, eta18, eta16) in VECTORS {
            assert_eq!((eta::<18>(u), eta::<16>(u)), (eta18, eta16), "u = {u:#x}");
        }
    }

    /// The sign bit changes the sign and nothing else.
    #[test]
    fn odd_in_the_sign() {
        for u in (0..1 << 31).step_by(65_521) {
            assert_eq!(eta::<18>(u), -eta::<18>(u | 1 << 31));
            assert_eq!(eta::<9>(u), -eta::<9>(u | 1 << 31));
        }
    }

    /// Every width is the nearest multiple of its unit to the same accumulator.
    #[test]
    fn widths_round_one_accumulator() {
        fn check<const W: u32>(u: u32) {
            let exact = i64::from(magnitude(u)) - (1 << 14);
            let error = exact - (i64::from(eta::<W>(u)) << (33 - W));
            let half = 1_i64 << (32 - W);
            assert!((-half..half).contains(&error), "W = {W}, u = {u:#x}: {error}");
        }
        for u in (0..1 << 31).step_by(99_991) {
            check::<8>(u);
            check::<12>(u);
            check::<16>(u);
            check::<17>(u);
            check::<18>(u);
        }
    }

    /// |r| <= |c2| + |c1|/2 + 1 < 2^15, and the sum in `magnitude` stays below 0.8·2^32.
    #[test]
    fn widths() {
        for (index, segment) in SEGMENTS.iter().enumerate() {
            let bound = segment.c2.unsigned_abs() + segment.c1.unsigned_abs() / 2 + 1;
            assert!(bound < 1 << 15, "segment {index}");
            for t in -32_768..0 {
                assert!(segment.at(t) <= 3_402_681_544, "segment {index}, t = {t}");
            }
        }
    }

    /// Reachable segments are those that the table fills.
    #[test]
    fn segments_in_use() {
        let mut used = [false; 64];
        for lz in 0..32 {
            for quarter in 0..4_u32 {
                let v = (0x8000_0001 | quarter << 29) >> lz | 1;
                used[locate(v >> 1).0 as usize] = true;
            }
        }
        for (index, segment) in SEGMENTS.iter().enumerate() {
            assert_eq!(used[index], segment.c0 != 0, "segment {index}");
        }
    }
}
