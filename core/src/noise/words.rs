//! Words: which 32 random bits belong to (seed, chain, step, site).
//!
//! Hardware twin: `rtl/sq_noise_words.sv`.
//!
//! ```text
//! key     = Threefry(key = (seed[31:0], seed[63:32]), counter = (chain, tag))      tag = kind << 16 | site >> 21
//! counter = (step[31:0], step[43:32] << 20 | pair)                                 pair = (site mod 2^21) / 2
//! word    = X0 at an even site, X1 at an odd one, of (X0, X1) = Threefry(key, counter)
//! ```
//!
//! Sites are numbered in row-major order, below 2³⁷ (65,536 blocks of 2²¹ sites, each under its own key); steps are 44
//! bits wide, 500 hours of steps at 10⁷ a second. Larger values wrap. Threefry permutes counters, so under one seed
//! every (chain, tag) has its own key, and under one key every (step, pair) its own pair of words. Of K keys from
//! different seeds two coincide with probability K²/2⁶⁵.

use super::threefry::threefry2x32;
use crate::form;
use crate::lattice::{CHUNK, Chunk, segment_mut};
use crate::machine::{Machine, Portable};

/// Sites under one key: 2²¹, two to each of 2²⁰ pairs.
pub const BLOCK_BITS: u32 = 21;

/// Width of a step number.
pub const STEP_BITS: u32 = 44;

/// What a stream of words is for. Every purpose has its own key, so none repeats the bits of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum StreamTag {
    /// The noise η of the dynamics.
    Noise = 0,
    /// The initial field.
    Start = 1,
    /// Uniform numbers of a Metropolis accept step.
    Accept = 2,
    /// The general-purpose generator [`ThreefryRng`](super::ThreefryRng).
    Rng = 3,
    /// Magnetisations drawn from their law.
    Magnetisation = 4,
}

impl StreamTag {
    /// The tag word `kind << 16 | block`; `block` is taken modulo 2¹⁶.
    #[must_use]
    pub const fn word(self, block: u32) -> u32 {
        (self as u32) << 16 | block & 0xffff
    }
}

/// A Threefry key (k₀, k₁): all that a chain, or a piece of hardware, needs to know about its seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(pub [u32; 2]);

/// The key of a stream: Threefry-2x32-20 of (chain, tag) under the seed.
#[must_use]
pub const fn derive_key(seed: u64, chain: u32, tag: u32) -> Key {
    Key(threefry2x32(split(seed), [chain, tag]))
}

/// Low and high half.
#[inline]
pub(super) const fn split(x: u64) -> [u32; 2] {
    [x as u32, (x >> 32) as u32]
}

impl Key {
    /// The counter of a pair at a step; `pair` < 2²⁰.
    #[inline]
    const fn counter(step: u64, pair: u32) -> [u32; 2] {
        let [low, high] = split(step);
        // The shift drops bits 44 and above of the step; below bit 20 there is only the pair.
        [low, high << 20 | pair & 0xf_ffff]
    }

    /// The words of sites 2·pair and 2·pair + 1 of this key's block.
    #[inline]
    #[must_use]
    pub const fn pair(self, step: u64, pair: u32) -> [u32; 2] {
        threefry2x32(self.0, Self::counter(step, pair))
    }

    /// The words of successive pairs beginning at `pair`; `pair + out.len()` ≤ 2²⁰.
    #[inline(always)]
    fn pairs<M: Machine, T: Bits>(self, machine: M, step: u64, pair: u32, out: &mut [[T; 2]]) {
        form::noise::pairs(machine, self.0, Self::counter(step, pair), out);
    }
}

/// A source of one 32-bit word for every site of every step.
pub trait Words {
    /// Fills `out[i]` with the word of site `first + i` at `step`.
    fn fill(&mut self, step: u64, first: usize, out: &mut [u32]);

    /// Fills as [`fill`](Self::fill), compiled for an instruction set where the source gains by it.
    #[inline(always)]
    fn fill_on<M: Machine>(&mut self, machine: M, step: u64, first: usize, out: &mut [u32])
    where
        Self: Sized,
    {
        let _ = machine;
        self.fill(step, first, out);
    }

    /// Fills as [`fill_on`](Self::fill_on), into `i32`: the caller overwrites each word with its η in place.
    #[inline(always)]
    fn fill_signed<M: Machine>(&mut self, machine: M, step: u64, first: usize, out: &mut [i32])
    where
        Self: Sized,
    {
        let mut buffer = Chunk::<u32>::default();
        for (n, out) in out.chunks_mut(CHUNK).enumerate() {
            let words = segment_mut(&mut *buffer, 0, out.len());
            self.fill_on(machine, step, first.wrapping_add(n * CHUNK), words);
            for (slot, &word) in out.iter_mut().zip(&*words) {
                *slot = word as i32;
            }
        }
    }
}

/// 32 bits, signed or not.
pub(crate) trait Bits: Copy {
    fn of(bits: u32) -> Self;
    fn bits(self) -> u32;
}

macro_rules! bits {
    ($($number:ident),+) => { $(
        impl Bits for $number {
            #[inline(always)]
            fn of(bits: u32) -> Self {
                bits as Self
            }
            #[inline(always)]
            fn bits(self) -> u32 {
                self as u32
            }
        }
    )+ };
}
bits!(u32, i32);

/// Words that are a pure function of (step, site): reading twice gives the same bits, in any order.
///
/// Integrators that need the noise of a step more than once ask for it, and so do threads, each with a copy of its own.
pub trait PureWords: Words + Clone + Sync {}

impl<S: Words + ?Sized> Words for &mut S {
    #[inline]
    fn fill(&mut self, step: u64, first: usize, out: &mut [u32]) {
        (**self).fill(step, first, out);
    }
}

/// The words of one stream of one chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threefry {
    seed: u64,
    chain: u32,
    kind: StreamTag,
    /// Key of block 0, the only one that a lattice of up to 2²¹ sites needs.
    key: Key,
}

impl Threefry {
    /// The stream `kind` of chain `chain`.
    #[must_use]
    pub const fn new(seed: u64, chain: u32, kind: StreamTag) -> Self {
        let key = derive_key(seed, chain, kind.word(0));
        Self { seed, chain, kind, key }
    }

    /// The key of a block of 2²¹ sites.
    #[inline]
    #[must_use]
    pub const fn key(&self, block: u32) -> Key {
        if block == 0 { self.key } else { derive_key(self.seed, self.chain, self.kind.word(block)) }
    }

    /// The word of one site.
    #[inline]
    #[must_use]
    pub const fn word(&self, step: u64, site: usize) -> u32 {
        let [even, odd] = self.key((site >> BLOCK_BITS) as u32).pair(step, (site >> 1) as u32);
        if site & 1 == 0 { even } else { odd }
    }

    /// 64 bits for a step: the word of site 1 above that of site 0. A uniform number is `word64 · 2⁻⁶⁴`.
    #[inline]
    #[must_use]
    pub const fn word64(&self, step: u64) -> u64 {
        let [low, high] = self.key.pair(step, 0);
        (high as u64) << 32 | low as u64
    }
}

impl Words for Threefry {
    #[inline]
    fn fill(&mut self, step: u64, first: usize, out: &mut [u32]) {
        self.fill_on(Portable, step, first, out);
    }

    #[inline]
    fn fill_on<M: Machine>(&mut self, machine: M, step: u64, first: usize, out: &mut [u32]) {
        self.fill_bits(machine, step, first, out);
    }

    #[inline]
    fn fill_signed<M: Machine>(&mut self, machine: M, step: u64, first: usize, out: &mut [i32]) {
        self.fill_bits(machine, step, first, out);
    }
}

impl Threefry {
    #[inline(always)]
    fn fill_bits<M: Machine>(&self, machine: M, step: u64, first: usize, mut out: &mut [impl Bits]) {
        const BLOCK: usize = 1 << BLOCK_BITS;
        let mut site = first;
        while !out.is_empty() {
            // At least one word is left in the block and one wanted: the loop advances.
            let offset = site & (BLOCK - 1);
            let count = out.len().min(BLOCK - offset);
            let Some((here, after)) = out.split_at_mut_checked(count) else {
                return;
            };
            let key = self.key((site >> BLOCK_BITS) as u32);
            fill_block(machine, key, step, offset as u32, here);
            site = site.wrapping_add(count);
            out = after;
        }
    }
}

impl PureWords for Threefry {}

/// Fills the words of the sites from `offset` on, all of them in one block: a lone odd site, whole pairs, a lone even
/// site. Not inlined: callers with a length known to the compiler would unroll the vectors away.
#[inline(never)]
fn fill_block<M: Machine, T: Bits>(machine: M, key: Key, step: u64, offset: u32, out: &mut [T]) {
    machine.run(|| {
        let (mut pair, mut out) = (offset >> 1, out);
        if offset & 1 == 1 {
            let Some((slot, rest)) = out.split_first_mut() else {
                return;
            };
            *slot = T::of(key.pair(step, pair)[1]);
            pair = pair.wrapping_add(1);
            out = rest;
        }
        let (whole, last) = out.as_chunks_mut::<2>();
        key.pairs(machine, step, pair, whole);
        if let Some(slot) = last.first_mut() {
            *slot = T::of(key.pair(step, pair.wrapping_add(whole.len() as u32))[0]);
        }
    });
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::{collections::HashSet, vec};

    /// First word in 2⁴⁴ steps and 2³⁷ sites, straight from the definition in the module's head.
    fn defined(seed: u64, chain: u32, kind: u32, step: u64, site: u64) -> u32 {
        let key = threefry2x32([seed as u32, (seed >> 32) as u32], [chain, kind << 16 | (site >> 21) as u32]);
        let pair = (site % (1 << 21) / 2) as u32;
        threefry2x32(key, [step as u32, ((step >> 32) as u32) << 20 | pair])[(site % 2) as usize]
    }

    #[test]
    fn end_to_end_vector() {
        assert_eq!(Key([0x243f_6a88, 0x85a3_08d3]).pair(7, 5), [0x024f_3155, 0xacac_cd5c]);
    }

    /// Odd and even beginnings, all short lengths, high steps and three blocks follow the definition.
    #[test]
    fn fill_follows_the_definition() {
        let (seed, chain) = (0x0123_4567_89ab_cdef, 9);
        let mut words = Threefry::new(seed, chain, StreamTag::Start);
        let edge = 1_usize << BLOCK_BITS;
        for step in [0, 7, 1 << 32, (1 << STEP_BITS) - 1] {
            for first in [0, 1, 2, 63, edge - 37, edge - 2, edge - 1, edge, edge + 1, 2 * edge - 5] {
                for len in (0..40).chain([100, 257]) {
                    let mut out = vec![0; len];
                    words.fill(step, first, &mut out);
                    for (i, &word) in out.iter().enumerate() {
                        let site = first + i;
                        assert_eq!(word, defined(seed, chain, 1, step, site as u64), "step {step}, site {site}");
                        assert_eq!(word, words.word(step, site));
                    }
                }
            }
        }
    }

    /// One call over more than a block gives the words of many small ones.
    #[test]
    fn fill_splits_anywhere() {
        let mut words = Threefry::new(1, 2, StreamTag::Noise);
        let mut whole = vec![0; (1 << BLOCK_BITS) + 4099];
        words.fill(3, 0, &mut whole);
        let mut first = 0;
        for part in whole.chunks(1021) {
            let mut out = vec![0; part.len()];
            words.fill(3, first, &mut out);
            assert_eq!(out, part);
            first += part.len();
        }
    }

    #[test]
    fn streams_and_chains_differ() {
        let mut seen = HashSet::new();
        for kind in [StreamTag::Noise, StreamTag::Start, StreamTag::Accept, StreamTag::Rng, StreamTag::Magnetisation] {
            for chain in 0..16 {
                for seed in [0, 1, 1 << 32] {
                    assert!(seen.insert(Threefry::new(seed, chain, kind).word64(0)));
                }
            }
        }
    }

    #[test]
    fn word64_is_the_first_pair() {
        let words = Threefry::new(5, 6, StreamTag::Accept);
        let expected = u64::from(words.word(11, 1)) << 32 | u64::from(words.word(11, 0));
        assert_eq!(words.word64(11), expected);
    }
}
