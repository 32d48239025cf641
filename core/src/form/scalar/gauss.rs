//! The Gaussian word by word, in fewer instructions than its definition in [`noise::gauss`](crate::noise::gauss).
//!
//! The table lies as the arithmetic wants it: in columns, c₁ where it is added, the rounding half of the width in c₀,
//! and four times every octave that is one segment, so that all octaves are cut in four. 1360 bytes; on a Cortex-M4 18
//! instructions a word, load and store among them.

use crate::noise::gauss_table::SEGMENTS;

/// Quarters of octaves: 4·lz + 4..=7 for lz up to 31, and four for a compiler that counts zeros up to 32.
const ROWS: usize = 4 * 32 + 8;

/// Constants with the half of width W, c₁·2^15, 2c₂.
struct Table<const W: u32>;

impl<const W: u32> Table<W> {
    const COLUMNS: ([u32; ROWS], [i32; ROWS], [i16; ROWS]) = {
        let (mut c0, mut c1, mut c2) = ([0; ROWS], [0; ROWS], [0; ROWS]);
        let mut i = 0;
        while i < ROWS {
            // Octave lz begins at 4·lz + 4; see `noise::gauss::locate`.
            let octave = 33 + i / 4;
            let segment = SEGMENTS[if i < octave { i } else { octave } & 63];
            c0[i] = segment.c0.wrapping_add((1 << (32 - W)) - (1 << 14));
            c1[i] = (segment.c1 as i32) << 15;
            c2[i] = 2 * segment.c2;
            i += 1;
        }
        (c0, c1, c2)
    };
}

/// Whether the processor counts zeros. Else they are shifted out one by one: there is one on average.
const COUNTS: bool = !cfg!(all(target_arch = "riscv32", not(target_feature = "zbb")));

/// η of one word.
#[inline(always)]
pub(crate) const fn eta<const W: u32>(u: u32) -> i32 {
    const { assert!(8 <= W && W <= 18, "the Gaussian has widths 8 to 18") };
    let mut n = u << 1 | 1;
    let lz = if COUNTS { n.leading_zeros() } else { zeros(n) };
    n <<= lz & 31;
    let index = (4 * lz + (n >> 29)) as usize;
    let (c0, c1, c2) = &Table::<W>::COLUMNS;
    let (c0, c1, c2) = if index < ROWS { (c0[index], c1[index], c2[index] as i32) } else { (0, 0, 0) };
    // r fits 16 bits (tests of `noise::gauss`): the products are of halves of registers, and twice the sum has r in its
    // upper half.
    let t = (n as i32) >> 16;
    let r = (c2 * t + c1) >> 16;
    let size = (c0.wrapping_add((r * t) as u32) >> (33 - W)) as i32;
    let s = (u as i32) >> 31;
    (size ^ s) - s
}

/// [`eta`] of many words.
#[inline(always)]
pub(crate) fn etas<const W: u32>(words: &[u32], out: &mut [i32]) {
    for (slot, &word) in out.iter_mut().zip(words) {
        *slot = eta::<W>(word);
    }
}

/// Zeros above the leading one of an odd number.
#[inline(always)]
const fn zeros(mut n: u32) -> u32 {
    let mut lz = 0;
    while (n as i32) >= 0 && lz < 31 {
        n <<= 1;
        lz += 1;
    }
    lz
}

#[cfg(test)]
mod tests {
    use super::zeros;

    /// Processors that count zeros and those that do not find the same segment.
    #[test]
    fn zeros_are_counted() {
        for n in (0..31).flat_map(|s| [1_u32 << s, u32::MAX >> s]).chain((0..1 << 16).map(|i| i * 65_521)) {
            assert_eq!(zeros(n | 1), (n | 1).leading_zeros());
        }
    }
}
