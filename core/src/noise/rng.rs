//! `rand_core` both ways: the counter stream as a generator, and any generator as a source of words.

use core::convert::Infallible;

use rand_core::{Rng, SeedableRng, TryRng, utils};

use super::threefry::threefry2x32;
use super::words::{Key, StreamTag, Words, derive_key, split};

/// The counter stream under one key as a `rand_core` generator.
///
/// Word 2n is X0 and word 2n + 1 is X1 of Threefry(key, (n mod 2³², n / 2³²)), n = 0, 1, …, 2⁶⁴ - 1, then again. 64-bit
/// numbers are two successive words, the first one low; bytes are little-endian words, the rest of the last one
/// dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreefryRng {
    key: Key,
    counter: u64,
    odd: Option<u32>,
}

impl ThreefryRng {
    /// The stream under `key`, from its beginning.
    #[must_use]
    pub const fn new(key: Key) -> Self {
        Self { key, counter: 0, odd: None }
    }

    #[inline]
    fn next(&mut self) -> u32 {
        if let Some(word) = self.odd.take() {
            return word;
        }
        let [even, odd] = threefry2x32(self.key.0, split(self.counter));
        self.counter = self.counter.wrapping_add(1);
        self.odd = Some(odd);
        even
    }
}

impl TryRng for ThreefryRng {
    type Error = Infallible;

    #[inline]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.next())
    }

    #[inline]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        utils::next_u64_via_u32(self)
    }

    #[inline]
    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        utils::fill_bytes_via_next_word(dst, || self.try_next_u32())
    }
}

impl SeedableRng for ThreefryRng {
    /// The key, both words little-endian.
    type Seed = [u8; 8];

    fn from_seed(seed: [u8; 8]) -> Self {
        Self::new(Key(split(u64::from_le_bytes(seed))))
    }

    /// Stream [`StreamTag::Rng`] of chain 0: shares no key with the noise of the same seed.
    fn seed_from_u64(seed: u64) -> Self {
        Self::new(derive_key(seed, 0, StreamTag::Rng.word(0)))
    }
}

/// Any `rand_core` generator as a source of words, read in the order in which they are asked for.
///
/// Step and site are ignored, so it is [`Words`] but not [`PureWords`](super::PureWords): what it delivers depends on
/// the order of the calls, and reproducing a run (restart, other decomposition) is the business of whoever owns the
/// generator.
#[derive(Clone, Debug)]
pub struct FromRng<R>(pub R);

impl<R: Rng> Words for FromRng<R> {
    #[inline]
    fn fill(&mut self, _step: u64, _first: usize, out: &mut [u32]) {
        for word in out {
            *word = self.0.next_u32();
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    #[test]
    fn rng_word_order() {
        let key = derive_key(3, 0, StreamTag::Rng.word(0));
        let expected: Vec<u32> = (0..4).flat_map(|n| threefry2x32(key.0, [n, 0])).collect();
        let mut rng = ThreefryRng::seed_from_u64(3);
        assert_eq!([rng.next_u32(), rng.next_u32(), rng.next_u32()], expected[..3]);
        assert_eq!(rng.next_u64(), u64::from(expected[4]) << 32 | u64::from(expected[3]));
        let mut bytes = [0; 7];
        rng.fill_bytes(&mut bytes);
        assert_eq!(bytes[..4], expected[5].to_le_bytes());
        assert_eq!(bytes[4..], expected[6].to_le_bytes()[..3]);
        let mut seed = [0; 8];
        seed[..4].copy_from_slice(&key.0[0].to_le_bytes());
        seed[4..].copy_from_slice(&key.0[1].to_le_bytes());
        assert_eq!(ThreefryRng::from_seed(seed), ThreefryRng::seed_from_u64(3));
    }

    #[test]
    fn any_generator_drives_the_core() {
        let mut out = [0; 5];
        FromRng(ThreefryRng::seed_from_u64(8)).fill(0, 0, &mut out);
        let mut rng = ThreefryRng::seed_from_u64(8);
        assert_eq!(out, core::array::from_fn(|_| rng.next_u32()));
    }
}
