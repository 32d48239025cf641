//! The Gaussian of many words in passes that vectorise.

use crate::noise::gauss::{COLUMNS, Segment, magnitude, place, signed};

/// Words in a pass.
const PASS: usize = 128;

/// η of one word, as [`noise::gauss`](crate::noise::gauss) defines it.
#[inline(always)]
pub(crate) const fn eta<const W: u32>(u: u32) -> i32 {
    signed::<W>(u, magnitude(u))
}

/// [`eta`] of many words in three passes, of which the first and the last vectorise; between them the table is looked
/// up word by word.
#[inline(always)]
pub(crate) fn etas<const W: u32>(words: &[u32], out: &mut [i32]) {
    const { assert!(8 <= W && W <= 18, "the Gaussian has widths 8 to 18") };
    let [mut place, mut c0, mut c21] = [[0_u32; PASS]; 3];
    for (words, out) in words.chunks(PASS).zip(out.chunks_mut(PASS)) {
        for (place, &word) in place.iter_mut().zip(words) {
            let (index, t) = locate_by_float(word);
            // 16 and 6 bits.
            *place = (t as u32) << 16 | index;
        }
        for (place, (c0, c21)) in place.iter().zip(c0.iter_mut().zip(&mut c21)).take(words.len()) {
            let index = (place & 63) as usize;
            (*c0, *c21) = (COLUMNS[0][index], COLUMNS[1][index]);
        }
        let segments = c0.iter().zip(&c21).zip(&place);
        for ((slot, &word), ((&c0, &c21), &place)) in out.iter_mut().zip(words).zip(segments) {
            let segment = Segment { c0, c1: c21 as i16, c2: (c21 >> 16) as i16 };
            *slot = signed::<W>(word, segment.at((place as i32) >> 16));
        }
    }
}

/// [`locate`](crate::noise::gauss::locate) without counting zeros, for which few vectors have an instruction: the
/// exponent of a float counts them.
#[inline(always)]
const fn locate_by_float(u: u32) -> (u32, i32) {
    let m = u & 0x7fff_ffff;
    // Without the bit below its leading one, m lies in the lower half of its octave, and no rounding to 24 bits leaves
    // that. 2^k has the exponent 127 + k, and 0 the exponent 0: there lz is 31.
    let exponent = ((m & !(m >> 1)) as i32 as f32).to_bits() >> 23;
    let lz = if exponent < 126 { 31 } else { 157 - exponent };
    place(u, lz)
}
