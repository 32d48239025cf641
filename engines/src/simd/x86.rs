//! AVX2 and AVX-512.
//!
//! Unsafe code is of three kinds: entering a function compiled for instructions that a token proves present, moving
//! whole registers to and from arrays of their size, and an empty `asm!` that changes nothing.

use std::arch::asm;
use std::arch::x86_64::*;

use stoquant_core::machine::{Machine, Part, Pass, Portable};
use stoquant_core::noise::Gaussian;
use stoquant_core::noise::gauss::COLUMNS;
use stoquant_core::score::int8::arithmetic::{ONE, half};
use stoquant_core::score::int8::format::LARGEST_ACTIVATION;
use stoquant_core::score::int8::kernels::{Kernels, Two, Units, units_by_groups};
use stoquant_core::score::int8::stage::UNITS;

use super::{Threads, parts, sum};

/// 256-bit vectors.
#[derive(Clone, Copy, Debug)]
pub struct Avx2(Threads);

/// 512-bit vectors.
#[derive(Clone, Copy, Debug)]
pub struct Avx512(Threads);

/// `detect` and `enter` of a machine from one list of features: `enter` enables what `detect` has found, no more.
macro_rules! entry {
    ($machine:ident: $($feature:tt),+) => {
        impl $machine {
            /// The token, on a processor (and an operating system) that has the instructions.
            pub fn detect(threads: Threads) -> Option<Self> {
                ($(is_x86_feature_detected!($feature))&&+).then_some(Self(threads))
            }

            /// Runs `work` in a function that is compiled for the instructions.
            #[inline(always)]
            fn enter<P: Pass>(self, work: P) -> P::Output {
                $(#[target_feature(enable = $feature)])+
                #[inline]
                fn compiled<P: Pass>(work: P) -> P::Output {
                    work.pass()
                }
                // SAFETY: a token is made by `detect` alone, after it has found every feature that `compiled` enables.
                unsafe { compiled(work) }
            }
        }
    };
}

entry!(Avx2: "avx2", "bmi1", "bmi2", "lzcnt", "popcnt");
entry!(
    Avx512: "avx512f",
    "avx512bw",
    "avx512cd",
    "avx512dq",
    "avx512vl",
    "avx512vnni",
    "avx2",
    "bmi1",
    "bmi2",
    "lzcnt",
    "popcnt"
);

impl Machine for Avx2 {
    #[inline(always)]
    fn run<P: Pass>(self, work: P) -> P::Output {
        self.enter(work)
    }

    #[inline(always)]
    fn barrier<const L: usize>(self, lanes: &mut [u32; L]) {
        // SAFETY: the token has found AVX2.
        unsafe { barrier256(lanes) }
    }

    #[inline(always)]
    fn parts<T: Send, R: Part>(self, out: &mut [T], size: usize, work: impl Fn(usize, &mut [T]) -> R + Sync) -> R {
        parts(self.0, out, size, work)
    }

    #[inline(always)]
    fn sum<R: Part>(self, count: usize, work: impl Fn(usize) -> R + Sync) -> R {
        sum(self.0, count, work)
    }
}

impl Gaussian for Avx2 {}

impl Kernels for Avx2 {
    #[inline(always)]
    fn dot<const N: usize>(self, weight: Two, x: &[Two; N], sums: &mut [i32; N]) {
        // SAFETY: the token has found AVX2.
        unsafe { dot256(weight, x, sums) }
    }

    #[inline(always)]
    fn activations<const N: usize>(self, z: [&[i32; N]; 2], beta: [&[i32; N]; 2]) -> [Two; N] {
        // SAFETY: the token has found AVX2.
        unsafe { activations256(z, beta) }
    }

    #[inline(always)]
    fn units<const N: usize>(
        self,
        units: Units<'_>,
        odd: &[[Two; N]],
        even: &[[Two; N]],
        with: impl FnMut(usize, [Two; N]),
    ) {
        // SAFETY: the token has found AVX2.
        unsafe { units256(self, units, odd, even, with) }
    }
}

impl Machine for Avx512 {
    #[inline(always)]
    fn run<P: Pass>(self, work: P) -> P::Output {
        self.enter(work)
    }

    #[inline(always)]
    fn barrier<const L: usize>(self, lanes: &mut [u32; L]) {
        // SAFETY: the token has found AVX-512 F.
        unsafe { barrier512(lanes) }
    }

    #[inline(always)]
    fn parts<T: Send, R: Part>(self, out: &mut [T], size: usize, work: impl Fn(usize, &mut [T]) -> R + Sync) -> R {
        parts(self.0, out, size, work)
    }

    #[inline(always)]
    fn sum<R: Part>(self, count: usize, work: impl Fn(usize) -> R + Sync) -> R {
        sum(self.0, count, work)
    }
}

impl Gaussian for Avx512 {
    #[inline(always)]
    fn gaussian<const W: u32>(self, words: &[u32], out: &mut [i32]) {
        // SAFETY: the token has found AVX-512 F, BW and CD.
        unsafe { permuted::<W>(words, out) }
    }
}

/// Without `units` of its own: the default makes a group of products and activations, which are of 512 bits here.
impl Kernels for Avx512 {
    #[inline(always)]
    fn dot<const N: usize>(self, weight: Two, x: &[Two; N], sums: &mut [i32; N]) {
        // SAFETY: the token has found AVX-512 F, BW and VNNI.
        unsafe { dot512(weight, x, sums) }
    }

    #[inline(always)]
    fn activations<const N: usize>(self, z: [&[i32; N]; 2], beta: [&[i32; N]; 2]) -> [Two; N] {
        // SAFETY: the token has found AVX-512 F and BW.
        unsafe { activations512(z, beta) }
    }
}

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
    // Segment::at. c2·t + c1·2^14 is one multiply-add of 16-bit halves: (c2, c1)·(t, 2^14); in r·t, t has its upper
    // half cleared.
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

/// Sixteen pairs in one multiply-add; what is left of them as the portable machine does it.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[inline]
fn dot512<const N: usize>(weight: Two, x: &[Two; N], sums: &mut [i32; N]) {
    let [w0, w1] = weight.map(|w| u32::from(w as u16));
    let w = _mm512_set1_epi32((w0 | w1 << 16) as i32);
    let (whole, rest) = x.as_chunks::<16>();
    let (sums, sums_rest) = sums.as_chunks_mut::<16>();
    for (x, sums) in whole.iter().zip(sums) {
        store(sums, _mm512_dpwssd_epi32(load_sums(sums), load_pairs(x), w));
    }
    for (x, sum) in rest.iter().zip(sums_rest) {
        Portable.dot(weight, &[*x], std::array::from_mut(sum));
    }
}

/// Sixteen sites and two units at a time, 32 activations of 16 bits: the rounded products of `arithmetic::activation`,
/// of |z| and |β|, where rounding has no sign; z's goes to the result, that of |z| - |β| to its s.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn activations512<const N: usize>(z: [&[i32; N]; 2], beta: [&[i32; N]; 2]) -> [Two; N] {
    let mut out = [[0; 2]; N];
    let ([z0, z1], [b0, b1]) = (z.map(|z| z.as_chunks::<16>()), beta.map(|beta| beta.as_chunks::<16>()));
    let (whole, rest) = out.as_chunks_mut::<16>();
    let splat = |n: i16| _mm512_set1_epi16(n);
    let pack = |a: &[i32; 16], b: &[i32; 16]| {
        _mm512_max_epi16(_mm512_packs_epi32(load_sums(a), load_sums(b)), splat(-i16::MAX))
    };
    let smooth = |c: __m512i| {
        // (2c)² + 2^14 >> 15 is c² rounded to 13 bits, 2c·(3 - c²) + 2^14 >> 15 their product to 14.
        let c = _mm512_min_epi16(c, splat(ONE as i16));
        let c = _mm512_add_epi16(c, c);
        _mm512_mulhrs_epi16(c, _mm512_sub_epi16(splat(3 * ONE as i16), _mm512_mulhrs_epi16(c, c)))
    };
    // Registers hold, four by four, sites of one unit and of the other.
    let pairs = _mm512_broadcast_i32x4(_mm_set_epi8(15, 14, 7, 6, 13, 12, 5, 4, 11, 10, 3, 2, 9, 8, 1, 0));
    for (n, out) in whole.iter_mut().enumerate() {
        let (z, beta) = (pack(&z0.0[n], &z1.0[n]), pack(&b0.0[n], &b1.0[n]));
        let (size, beta) = (_mm512_abs_epi16(z), _mm512_abs_epi16(beta));
        let difference = _mm512_sub_epi16(size, beta);
        let upper = smooth(_mm512_adds_epi16(size, beta));
        let lower = smooth(_mm512_abs_epi16(difference));
        let sum = _mm512_mask_sub_epi16(_mm512_add_epi16(upper, lower), _mm512_movepi16_mask(difference), upper, lower);
        let a = _mm512_mulhrs_epi16(sum, splat(2 * LARGEST_ACTIVATION as i16));
        let a = _mm512_mask_sub_epi16(a, _mm512_movepi16_mask(z), _mm512_setzero_si512(), a);
        store_pairs(out, _mm512_shuffle_epi8(a, pairs));
    }
    for (n, out) in rest.iter_mut().enumerate() {
        let one = |of: [&[i32]; 2]| of.map(|of| [of[n]]);
        let (z, beta) = (one([z0.1, z1.1]), one([b0.1, b1.1]));
        [*out] = Portable.activations(z.each_ref(), beta.each_ref());
    }
    out
}

/// [`dot512`] with eight pairs.
#[target_feature(enable = "avx2")]
#[inline]
fn dot256<const N: usize>(weight: Two, x: &[Two; N], sums: &mut [i32; N]) {
    let w = broadcast(weight);
    let (whole, rest) = x.as_chunks::<8>();
    let (sums, sums_rest) = sums.as_chunks_mut::<8>();
    for (x, sums) in whole.iter().zip(sums) {
        // SAFETY: eight pairs are one register, and so are eight sums; no alignment is needed.
        unsafe {
            let product = _mm256_madd_epi16(_mm256_loadu_si256(x.as_ptr().cast()), w);
            let sum = _mm256_add_epi32(load256(sums), product);
            _mm256_storeu_si256(sums.as_mut_ptr().cast(), sum);
        }
    }
    for (x, sum) in rest.iter().zip(sums_rest) {
        Portable.dot(weight, &[*x], std::array::from_mut(sum));
    }
}

/// [`activations512`] with eight sites.
#[target_feature(enable = "avx2")]
#[inline]
fn activations256<const N: usize>(z: [&[i32; N]; 2], beta: [&[i32; N]; 2]) -> [Two; N] {
    let mut out = [[0; 2]; N];
    let ([z0, z1], [b0, b1]) = (z.map(|z| z.as_chunks::<8>()), beta.map(|beta| beta.as_chunks::<8>()));
    let (whole, rest) = out.as_chunks_mut::<8>();
    for (n, out) in whole.iter_mut().enumerate() {
        let pack = |a: &[i32; 8], b: &[i32; 8]| saturate256(load256(a), load256(b));
        store_pairs256(out, eight(pack(&z0.0[n], &z1.0[n]), pack(&b0.0[n], &b1.0[n])));
    }
    for (n, out) in rest.iter_mut().enumerate() {
        let one = |of: [&[i32]; 2]| of.map(|of| [of[n]]);
        let (z, beta) = (one([z0.1, z1.1]), one([b0.1, b1.1]));
        [*out] = Portable.activations(z.each_ref(), beta.each_ref());
    }
    out
}

/// Eight sites of two units within 16 bits: four of the one, four of the other, again.
#[target_feature(enable = "avx2")]
#[inline]
fn saturate256(a: __m256i, b: __m256i) -> __m256i {
    _mm256_max_epi16(_mm256_packs_epi32(a, b), _mm256_set1_epi16(-i16::MAX))
}

/// Activations of [`saturate256`]d z and β, as pairs. Zero has no sign here: neither has a result or an s that is then
/// not zero.
#[target_feature(enable = "avx2")]
#[inline]
fn eight(z: __m256i, beta: __m256i) -> __m256i {
    let splat = |n: i16| _mm256_set1_epi16(n);
    let smooth = |c: __m256i| {
        let c = _mm256_min_epi16(c, splat(ONE as i16));
        let c = _mm256_add_epi16(c, c);
        _mm256_mulhrs_epi16(c, _mm256_sub_epi16(splat(3 * ONE as i16), _mm256_mulhrs_epi16(c, c)))
    };
    let (size, beta) = (_mm256_abs_epi16(z), _mm256_abs_epi16(beta));
    let difference = _mm256_sub_epi16(size, beta);
    let upper = smooth(_mm256_adds_epi16(size, beta));
    let lower = _mm256_sign_epi16(smooth(_mm256_abs_epi16(difference)), difference);
    let a = _mm256_mulhrs_epi16(_mm256_add_epi16(upper, lower), splat(2 * LARGEST_ACTIVATION as i16));
    let pairs = _mm256_broadcastsi128_si256(_mm_set_epi8(15, 14, 7, 6, 13, 12, 5, 4, 11, 10, 3, 2, 9, 8, 1, 0));
    _mm256_shuffle_epi8(_mm256_sign_epi16(a, z), pairs)
}

/// Sites whose sums stay in registers: two for each of four units, of the sixteen that there are.
const SITES: usize = 16;

/// A group of units at sixteen sites at a time, from the sums to the activations in registers.
#[target_feature(enable = "avx2")]
#[inline]
fn units256<const N: usize>(
    machine: Avx2,
    units: Units<'_>,
    odd: &[[Two; N]],
    even: &[[Two; N]],
    mut with: impl FnMut(usize, [Two; N]),
) {
    if !N.is_multiple_of(SITES) {
        return units_by_groups(machine, units, odd, even, with);
    }
    let [odd_shift, even_shift] = units.shifts;
    for (group, ([odd_weights, even_weights], bias)) in units.groups([odd.len(), even.len()]).enumerate() {
        let mut out = [[[0; 2]; N]; UNITS / 2];
        for block in 0..N / SITES {
            let z = rounded(odd_weights, odd, block, odd_shift, [0; UNITS]);
            let beta = rounded(even_weights, even, block, even_shift, bias);
            for (unit, out) in out.iter_mut().enumerate() {
                for half in 0..2 {
                    let out = &mut out.as_chunks_mut().0[2 * block + half];
                    store_pairs256(out, eight(z[unit][half], beta[unit][half]));
                }
            }
        }
        for (unit, out) in out.into_iter().enumerate() {
            with(UNITS / 2 * group + unit, out);
        }
    }
}

/// Sums over pairs of inputs at a block of sixteen sites,
/// [`round_from_half`](stoquant_core::score::int8::arithmetic::round_from_half), and a bias: [`saturate256`]d, two
/// units by two.
#[target_feature(enable = "avx2")]
#[inline]
fn rounded<const N: usize>(
    weights: &[[Two; UNITS]],
    x: &[[Two; N]],
    block: usize,
    shift: u32,
    bias: [i32; UNITS],
) -> [[__m256i; 2]; UNITS / 2] {
    let half = _mm256_set1_epi32(half(shift));
    let mut sums = [[half; 2]; UNITS];
    for (x, weights) in x.iter().zip(weights) {
        let x = [0, 1].map(|half| load_pairs256(&x.as_chunks().0[2 * block + half]));
        for unit in 0..UNITS {
            let w = broadcast(weights[unit]);
            for n in 0..2 {
                sums[unit][n] = _mm256_add_epi32(sums[unit][n], _mm256_madd_epi16(x[n], w));
            }
        }
    }
    let shift = _mm_cvtsi32_si128(shift as i32);
    for unit in 0..UNITS {
        let bias = _mm256_set1_epi32(bias[unit]);
        for sum in &mut sums[unit] {
            let below = _mm256_cmpgt_epi32(half, *sum);
            *sum = _mm256_add_epi32(_mm256_sra_epi32(_mm256_add_epi32(*sum, below), shift), bias);
        }
    }
    std::array::from_fn(|unit| std::array::from_fn(|n| saturate256(sums[2 * unit][n], sums[2 * unit + 1][n])))
}

/// A pair of weights, eight times.
#[target_feature(enable = "avx2")]
#[inline]
fn broadcast([w0, w1]: Two) -> __m256i {
    _mm256_set1_epi32((u32::from(w0 as u16) | u32::from(w1 as u16) << 16) as i32)
}

#[target_feature(enable = "avx2")]
#[inline]
fn load_pairs256(pairs: &[Two; 8]) -> __m256i {
    // SAFETY: eight pairs are one register; no alignment is needed.
    unsafe { _mm256_loadu_si256(pairs.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
#[inline]
fn store_pairs256(out: &mut [Two; 8], register: __m256i) {
    // SAFETY: eight pairs are one register; no alignment is needed.
    unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), register) }
}

#[target_feature(enable = "avx2")]
#[inline]
fn load256(sums: &[i32; 8]) -> __m256i {
    // SAFETY: eight sums are one register; no alignment is needed.
    unsafe { _mm256_loadu_si256(sums.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn load_pairs(pairs: &[Two; 16]) -> __m512i {
    // SAFETY: sixteen pairs are one register; no alignment is needed.
    unsafe { _mm512_loadu_si512(pairs.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn store_pairs(out: &mut [Two; 16], register: __m512i) {
    // SAFETY: as above.
    unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), register) }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn load_sums(sums: &[i32; 16]) -> __m512i {
    // SAFETY: as above.
    unsafe { _mm512_loadu_si512(sums.as_ptr().cast()) }
}

/// The asm is empty, but the compiler must have its operand ready and may not move it past another.
#[target_feature(enable = "avx512f")]
#[inline]
fn barrier512<const L: usize>(lanes: &mut [u32; L]) {
    for lanes in lanes.as_chunks_mut::<16>().0 {
        let mut register = load(lanes);
        // SAFETY: no instruction, no memory, no stack; the operand stays as it is.
        unsafe { asm!("/* {0} */", inout(zmm_reg) register, options(nomem, nostack, preserves_flags)) };
        // SAFETY: sixteen words are one register; no alignment is needed.
        unsafe { _mm512_storeu_si512(lanes.as_mut_ptr().cast(), register) };
    }
}

/// An optimisation barrier for lanes in registers of 256 bits.
#[target_feature(enable = "avx2")]
#[inline]
fn barrier256<const L: usize>(lanes: &mut [u32; L]) {
    for lanes in lanes.as_chunks_mut::<8>().0 {
        // SAFETY: eight words are one register; no alignment is needed.
        let mut register = unsafe { _mm256_loadu_si256(lanes.as_ptr().cast()) };
        // SAFETY: no instruction, no memory, no stack; the operand stays as it is.
        unsafe { asm!("/* {0} */", inout(ymm_reg) register, options(nomem, nostack, preserves_flags)) };
        // SAFETY: eight words are one register; no alignment is needed.
        unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), register) };
    }
}
