//! AVX2 and AVX-512.
//!
//! Unsafe code is of three kinds: entering a function compiled for instructions that a token proves present, moving whole registers
//! to and from arrays of their size, and an empty `asm!` that changes nothing.

use std::arch::asm;
use std::arch::x86_64::*;

use stoquant_core::machine::{Machine, Part, Pass};
use stoquant_core::noise::gauss::COLUMNS;

use super::{Threads, parts, sum};

/// 256-bit vectors.
#[derive(Clone, Copy, Debug)]
pub struct Avx2(Threads);

/// 512-bit vectors.
#[derive(Clone, Copy, Debug)]
pub struct Avx512(Threads);

macro_rules! machine {
    ($name:ident, $settle:ident, [$($eta:ident)?], $($feature:tt),+) => {
        impl $name {
            /// The token, on a processor (and an operating system) that has the instructions.
            pub fn detect(threads: Threads) -> Option<Self> {
                ($(is_x86_feature_detected!($feature))&&+).then_some(Self(threads))
            }
        }

        impl Machine for $name {
            #[inline(always)]
            fn run<P: Pass>(self, work: P) -> P::Output {
                $(#[target_feature(enable = $feature)])+
                #[inline]
                fn compiled<P: Pass>(work: P) -> P::Output {
                    work.pass()
                }
                // SAFETY: a token is made by `detect` alone, after it has found every feature that `compiled` enables.
                unsafe { compiled(work) }
            }

            #[inline(always)]
            fn settle<const L: usize>(self, lanes: &mut [u32; L]) {
                // SAFETY: as in `run`: the token has found the features.
                unsafe { $settle(lanes) }
            }

            $(
                #[inline(always)]
                fn gaussian<const W: u32>(self, words: &[u32], out: &mut [i32]) {
                    // SAFETY: as in `run`: the token has found the features.
                    unsafe { $eta::<W>(words, out) }
                }
            )?

            #[inline(always)]
            fn parts<T: Send, R: Part>(self, out: &mut [T], size: usize, work: impl Fn(usize, &mut [T]) -> R + Sync) -> R {
                parts(self.0, out, size, work)
            }

            #[inline(always)]
            fn sum<R: Part>(self, count: usize, work: impl Fn(usize) -> R + Sync) -> R {
                sum(self.0, count, work)
            }
        }
    };
}

machine!(Avx2, settle256, [], "avx2", "bmi1", "bmi2", "lzcnt", "popcnt");
machine!(
    Avx512,
    settle512,
    [permuted],
    "avx512f",
    "avx512bw",
    "avx512cd",
    "avx512dq",
    "avx512vl",
    "avx2",
    "bmi1",
    "bmi2",
    "lzcnt",
    "popcnt"
);

/// η of words with the table in eight registers.
#[target_feature(enable = "avx512f,avx512bw,avx512cd")]
#[inline]
fn permuted<const W: u32>(words: &[u32], out: &mut [i32]) {
    let (whole, rest) = words.as_chunks::<16>();
    let (out, out_rest) = out.as_chunks_mut::<16>();
    let table = COLUMNS.each_ref().map(|column| match column.as_chunks() {
        ([a, b, c, d], _) => [load(a), load(b), load(c), load(d)],
        _ => unreachable!("64 words are four times sixteen"),
    });
    for (words, out) in whole.iter().zip(out) {
        store(out, sixteen::<W>(table, load(words)));
    }
    if !rest.is_empty() {
        let (mut last, mut eta) = ([0; 16], [0; 16]);
        last[..rest.len()].copy_from_slice(rest);
        store(&mut eta, sixteen::<W>(table, load(&last)));
        out_rest.copy_from_slice(&eta[..rest.len()]);
    }
}

/// `gauss::eta` of sixteen words, line by line.
#[target_feature(enable = "avx512f,avx512bw,avx512cd")]
#[inline]
fn sixteen<const W: u32>(table: [[__m512i; 4]; 2], u: __m512i) -> __m512i {
    let splat = |n: i32| _mm512_set1_epi32(n);
    // locate
    let lz = _mm512_sub_epi32(_mm512_lzcnt_epi32(_mm512_and_si512(u, splat(0x7fff_ffff))), splat(1));
    let n = _mm512_sllv_epi32(_mm512_or_si512(_mm512_slli_epi32::<1>(u), splat(1)), lz);
    let quarter = _mm512_add_epi32(_mm512_slli_epi32::<2>(lz), _mm512_srli_epi32::<29>(n));
    let index = _mm512_min_epu32(quarter, _mm512_add_epi32(lz, splat(34)));
    // Bit 5 of the index tells the halves of a column apart, bits 0 to 4 one of the 32 words of two registers.
    let upper = _mm512_test_epi32_mask(index, splat(32));
    let look_up = |[a, b, c, d]: [__m512i; 4]| {
        let (low, high) = (_mm512_permutex2var_epi32(a, index, b), _mm512_permutex2var_epi32(c, index, d));
        _mm512_mask_blend_epi32(upper, low, high)
    };
    let [c0, c21] = table.map(look_up);
    // Segment::at. c2·t + c1·2^14 is one multiply-add of 16-bit halves: (c2, c1)·(t, 2^14); in r·t, t has its upper half cleared.
    let t = _mm512_and_si512(n, splat(0xffff_0000_u32 as i32));
    let r = _mm512_srai_epi32::<15>(_mm512_madd_epi16(c21, _mm512_or_si512(t, splat(1 << 14))));
    let magnitude = _mm512_add_epi32(c0, _mm512_madd_epi16(r, _mm512_srli_epi32::<16>(t)));
    // signed
    let half = splat((1 << (32 - W)) - (1 << 14));
    let size = _mm512_srl_epi32(_mm512_add_epi32(magnitude, half), _mm_cvtsi32_si128(33 - W as i32));
    let s = _mm512_srai_epi32::<31>(u);
    _mm512_sub_epi32(_mm512_xor_si512(size, s), s)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn load(words: &[u32; 16]) -> __m512i {
    // SAFETY: sixteen words are one register; no alignment is needed.
    unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn store(out: &mut [i32; 16], register: __m512i) {
    // SAFETY: as above.
    unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), register) }
}

/// The asm is empty, but the compiler must have its operand ready and may not move it past another.
#[target_feature(enable = "avx512f")]
#[inline]
fn settle512<const L: usize>(lanes: &mut [u32; L]) {
    for lanes in lanes.as_chunks_mut::<16>().0 {
        let mut register = load(lanes);
        // SAFETY: no instruction, no memory, no stack; the operand stays as it is.
        unsafe { asm!("/* {0} */", inout(zmm_reg) register, options(nomem, nostack, preserves_flags)) };
        // SAFETY: sixteen words are one register; no alignment is needed.
        unsafe { _mm512_storeu_si512(lanes.as_mut_ptr().cast(), register) };
    }
}

/// The same with 256 bits.
#[target_feature(enable = "avx2")]
#[inline]
fn settle256<const L: usize>(lanes: &mut [u32; L]) {
    for lanes in lanes.as_chunks_mut::<8>().0 {
        // SAFETY: eight words are one register; no alignment is needed.
        let mut register = unsafe { _mm256_loadu_si256(lanes.as_ptr().cast()) };
        // SAFETY: no instruction, no memory, no stack; the operand stays as it is.
        unsafe { asm!("/* {0} */", inout(ymm_reg) register, options(nomem, nostack, preserves_flags)) };
        // SAFETY: eight words are one register; no alignment is needed.
        unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), register) };
    }
}
