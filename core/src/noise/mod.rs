//! Noise: η as a pure function of (seed, chain, step, site).
//!
//! ```text
//! (seed, chain) ──▶ key          words::derive_key        once per stream
//! (key, step, site) ──▶ word     threefry, words          32 uniform bits
//! word ──▶ η_W                   gauss or three_point     a W-bit integer with W - 4 fractional bits
//! ```
//!
//! Integers all the way, so the same on every target. Float types take η₁₈·2⁻¹⁴, which is exact in `f32`. Because each
//! η is computed from its coordinates and not from a state, restart, update order, domain decomposition and vector
//! width cannot change a bit.

pub mod gauss;
pub mod gauss_table;
mod kernel;
pub mod rng;
pub mod three_point;
pub mod threefry;
pub mod words;

pub use kernel::Gaussian;
pub use rng::{FromRng, ThreefryRng};
pub use words::{Key, PureWords, StreamTag, Threefry, Words, derive_key};

use crate::form;
use crate::machine::{Machine, Portable};

pub use stoquant_model::NoiseKind;

/// η of one word, W bits wide with W - 4 fractional bits, 8 ≤ W ≤ 18: [`gauss`] or [`three_point`].
#[inline]
#[must_use]
pub const fn eta<const W: u32>(kind: NoiseKind, u: u32) -> i32 {
    match kind {
        NoiseKind::Gaussian => gauss::eta::<W>(u),
        NoiseKind::ThreePoint => three_point::eta::<W>(u),
    }
}

/// A distribution and the words that it reads.
///
/// Floats take the integers of 18 bits with 14 fractional bits, and every site alone gives what a range of sites gives:
///
/// ```
/// use stoquant_core::noise::{Noise, NoiseKind, StreamTag, Threefry, eta};
///
/// let words = Threefry::new(1, 0, StreamTag::Noise);
/// let mut noise = Noise { law: NoiseKind::ThreePoint, words };
/// let mut out = [0; 100];
/// noise.fill_eta::<18>(3, 40, &mut out);
/// for (i, &number) in out.iter().enumerate() {
///     assert_eq!(number, eta::<18>(NoiseKind::ThreePoint, words.word(3, 40 + i)));
///     assert!([-28_378, 0, 28_378].contains(&number)); // √3·2^14
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noise<S> {
    /// What is made of a word.
    pub law: NoiseKind,
    /// Where the words come from.
    pub words: S,
}

impl<S: Words> Noise<S> {
    /// Fills `out[i]` with η of site `first + i` at `step`, W bits wide with W - 4 fractional bits.
    ///
    /// W = 18 serves the float types as η·2⁻¹⁴.
    #[inline]
    pub fn fill_eta<const W: u32>(&mut self, step: u64, first: usize, out: &mut [i32]) {
        self.fill_eta_on::<W, _>(Portable, step, first, out);
    }

    /// Fills as [`fill_eta`](Self::fill_eta), compiled for an instruction set.
    // Called once a chunk: one copy of its long straight code serves every integrator.
    #[inline(never)]
    pub fn fill_eta_on<const W: u32, M: Machine>(&mut self, machine: M, step: u64, first: usize, out: &mut [i32]) {
        form::noise::fill_eta::<W, S, M>(self, machine, step, first, out);
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::lattice::CHUNK;
    use std::vec;

    /// Every beginning and length gives what the words of the sites give one by one, in both laws and two widths.
    #[test]
    fn fill_is_sitewise() {
        let words = Threefry::new(42, 7, StreamTag::Noise);
        for law in [NoiseKind::Gaussian, NoiseKind::ThreePoint] {
            let mut noise = Noise { law, words };
            for first in [0, 1, 5, 64, (1 << 21) - 3] {
                for len in (0..=CHUNK + 1).chain([200, 333]) {
                    let (mut wide, mut narrow) = (vec![0; len], vec![0; len]);
                    noise.fill_eta::<18>(5, first, &mut wide);
                    noise.fill_eta::<16>(5, first, &mut narrow);
                    for i in 0..len {
                        let u = words.word(5, first + i);
                        assert_eq!((wide[i], narrow[i]), (eta::<18>(law, u), eta::<16>(law, u)));
                    }
                }
            }
        }
    }
}
