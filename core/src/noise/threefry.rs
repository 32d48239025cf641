//! Threefry-2x32: a keyed bijection of 64-bit counters, the source of every random bit.
//!
//! Hardware twin: `rtl/sq_noise_threefry.sv`.
//!
//! With k₂ = k₀ ⊕ k₁ ⊕ `0x1BD11BDA` and every sum modulo 2³², group g = 0, 1, 2, … adds the subkey
//!
//! ```text
//! x₀ += k[g mod 3],   x₁ += k[(g+1) mod 3] + g
//! ```
//!
//! and then does four rounds x₀ += x₁, x₁ = (x₁ ⋘ R) ⊕ x₀, with R = 13, 15, 26, 6 (g even) or 17, 29, 16, 24 (g odd).
//! After the last full group comes one more subkey. Additions, rotations and exclusive-ors of 32-bit words only:
//! there is no width to argue, nothing overflows that is not meant to.
//!
//! Source: Salmon, Moraes, Dror, Shaw, *Parallel random numbers: as easy as 1, 2, 3*, SC11 (2011),
//! doi:10.1145/2063384.2063405, which found no flaw with 13 rounds and chose 20 for the margin; so do we. Known
//! answers: `kat_vectors` of the Random123 library.
//!
//! # Compilers
//!
//! In a loop over counters LLVM moves additions through the subkeys, since part of each sum is constant there: on a
//! Cortex-M4 about 120 instructions a pair, a dozen of them spills. Counters that lie in memory are no part of a
//! constant: `threefry2x32_run` takes them from where its results go: 59 instructions a pair. With vectors the crate
//! runs [`threefry2x32_batch`], which LLVM widens. There it finishes one vector before it begins the next, and 20
//! rounds in a row keep a third of the processor busy: [`Machine::barrier`] holds the order of the source. A word then
//! costs 1.2 ns with SSE2, 0.53 with AVX2, 0.23 with AVX-512 (Zen 5 at 4.2 GHz; 0.63 and 0.28 without the hint).

use super::words::Bits;
use crate::machine::Machine;

/// Rounds of the default generator.
pub const ROUNDS: usize = 20;

/// The constant of the key schedule, C₂₄₀ of Skein truncated to 32 bits.
pub const PARITY: u32 = 0x1BD1_1BDA;

/// Rotations of even and of odd groups of four rounds.
pub const ROTATIONS: [[u32; 4]; 2] = [[13, 15, 26, 6], [17, 29, 16, 24]];

/// Threefry-2x32-20 of one counter.
///
/// ```
/// use stoquant_core::noise::threefry::threefry2x32;
/// assert_eq!(threefry2x32([0, 0], [0, 0]), [0x6b20_0159, 0x99ba_4efe]);
/// ```
#[inline]
#[must_use]
pub const fn threefry2x32(key: [u32; 2], counter: [u32; 2]) -> [u32; 2] {
    threefry2x32_rounds::<ROUNDS>(key, counter)
}

/// Threefry-2x32 with any number of rounds; 13 are the fewest without a known flaw.
#[inline]
#[must_use]
pub const fn threefry2x32_rounds<const N: usize>(key: [u32; 2], counter: [u32; 2]) -> [u32; 2] {
    const { assert!(N <= 20, "Threefry-2x32 is defined here for up to 20 rounds") };
    let k = schedule(key);
    let x = subkey(counter, k, 0);
    let x = group::<N>(x, k, 0);
    let x = group::<N>(x, k, 1);
    let x = group::<N>(x, k, 2);
    let x = group::<N>(x, k, 3);
    group::<N>(x, k, 4)
}

/// Threefry-2x32-20 of the counters (c₀, c₁), (c₀, c₁ + 1), … under one key, one after the other.
#[inline(always)]
pub(crate) fn threefry2x32_run<T: Bits>(key: [u32; 2], [c0, mut c1]: [u32; 2], out: &mut [[T; 2]]) {
    let k = schedule(key);
    for slot in &mut *out {
        *slot = subkey([c0, c1], k, 0).map(T::of);
        c1 = c1.wrapping_add(1);
    }
    for slot in out {
        let x = group::<ROUNDS>(slot.map(T::bits), k, 0);
        let x = group::<ROUNDS>(x, k, 1);
        let x = group::<ROUNDS>(x, k, 2);
        let x = group::<ROUNDS>(x, k, 3);
        *slot = group::<ROUNDS>(x, k, 4).map(T::of);
    }
}

/// Threefry-2x32-20 of many counters `(x0[l], x1[l])` under one key, in place.
///
/// Group by group over all of them, not counter by counter: the chain of one counter is 60 cycles long, and no
/// processor looks far enough ahead to fill them with the next ones.
#[inline(always)]
pub fn threefry2x32_batch<const L: usize, M: Machine>(machine: M, key: [u32; 2], x0: &mut [u32; L], x1: &mut [u32; L]) {
    let k = schedule(key);
    pass(machine, x0, x1, |x| group::<ROUNDS>(subkey(x, k, 0), k, 0));
    pass(machine, x0, x1, |x| group::<ROUNDS>(x, k, 1));
    pass(machine, x0, x1, |x| group::<ROUNDS>(x, k, 2));
    pass(machine, x0, x1, |x| group::<ROUNDS>(x, k, 3));
    pass(machine, x0, x1, |x| group::<ROUNDS>(x, k, 4));
}

#[inline(always)]
fn pass<const L: usize, M: Machine>(
    machine: M,
    x0: &mut [u32; L],
    x1: &mut [u32; L],
    step: impl Fn([u32; 2]) -> [u32; 2],
) {
    for (x0, x1) in x0.iter_mut().zip(&mut *x1) {
        [*x0, *x1] = step([*x0, *x1]);
    }
    machine.barrier(x0);
    machine.barrier(x1);
}

/// The three words of the key schedule.
#[inline(always)]
const fn schedule(key: [u32; 2]) -> [u32; 3] {
    [key[0], key[1], PARITY ^ key[0] ^ key[1]]
}

/// Adds the subkey of group `g`.
#[inline(always)]
const fn subkey(x: [u32; 2], k: [u32; 3], g: usize) -> [u32; 2] {
    [x[0].wrapping_add(k[g % 3]), x[1].wrapping_add(k[(g + 1) % 3].wrapping_add(g as u32))]
}

/// The rounds of group `g`, as far as there are N, and the subkey behind them if the group is whole.
#[inline(always)]
const fn group<const N: usize>([mut x0, mut x1]: [u32; 2], k: [u32; 3], g: usize) -> [u32; 2] {
    let rotations = ROTATIONS[g % 2];
    let mut round = 0;
    while round < 4 && 4 * g + round < N {
        x0 = x0.wrapping_add(x1);
        x1 = x1.rotate_left(rotations[round]) ^ x0;
        round += 1;
    }
    if round == 4 { subkey([x0, x1], k, g + 1) } else { [x0, x1] }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PI: ([u32; 2], [u32; 2]) = ([0x1319_8a2e, 0x0370_7344], [0x243f_6a88, 0x85a3_08d3]);

    /// Known answers of Random123, `tests/kat_vectors`, lines `threefry2x32 20` and `threefry2x32 13`.
    #[test]
    fn known_answers() {
        let ones = [u32::MAX; 2];
        assert_eq!(threefry2x32([0; 2], [0; 2]), [0x6b20_0159, 0x99ba_4efe]);
        assert_eq!(threefry2x32(ones, ones), [0x1cb9_96fc, 0xbb00_2be7]);
        assert_eq!(threefry2x32(PI.0, PI.1), [0xc492_3a9c, 0x483d_f7a0]);
        let short = threefry2x32_rounds::<13>;
        assert_eq!(short([0; 2], [0; 2]), [0x9d1c_5ec6, 0x8bd5_0731]);
        assert_eq!(short(ones, ones), [0xfd36_d048, 0x2d17_272c]);
        assert_eq!(short(PI.0, PI.1), [0xba3e_4725, 0xf27d_669e]);
    }

    /// Every round count gives another permutation.
    #[test]
    fn every_round_counts() {
        extern crate std;
        let mut seen = std::collections::HashSet::new();
        macro_rules! insert { ($($n:literal)*) => { $(assert!(seen.insert(threefry2x32_rounds::<$n>(PI.0, PI.1)));)* } }
        insert!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20);
    }

    /// Changing one bit of key or counter changes about half of the 64 output bits.
    ///
    /// Each of the 128 single-bit changes flips Binomial(64, 1/2) bits: outside 8..=56 with probability 2e-10.
    #[test]
    fn avalanche() {
        let base = threefry2x32(PI.0, PI.1);
        for bit in 0..128 {
            let mask = |word: u32| u32::from(word == bit / 32) << (bit % 32);
            let key = [PI.0[0] ^ mask(0), PI.0[1] ^ mask(1)];
            let counter = [PI.1[0] ^ mask(2), PI.1[1] ^ mask(3)];
            let other = threefry2x32(key, counter);
            let flips = (base[0] ^ other[0]).count_ones() + (base[1] ^ other[1]).count_ones();
            assert!((8..=56).contains(&flips), "bit {bit}: {flips} flips");
        }
    }

    /// A batch is the scalar function, counter by counter.
    #[test]
    fn a_batch_is_scalar() {
        let c0 = core::array::from_fn::<u32, 37, _>(|l| 0xffff_fffe_u32.wrapping_add(l as u32));
        let c1 = core::array::from_fn::<u32, 37, _>(|l| (l as u32).wrapping_mul(0x9e37_79b9));
        let (mut x0, mut x1) = (c0, c1);
        threefry2x32_batch(crate::machine::Portable, PI.0, &mut x0, &mut x1);
        for l in 0..37 {
            assert_eq!([x0[l], x1[l]], threefry2x32(PI.0, [c0[l], c1[l]]));
        }
    }
}
