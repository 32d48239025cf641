//! Noise: η as a pure function of (seed, chain, step, site).
//!
//! ```text
//! (seed, chain) ──▶ key          words::derive_key        once per stream
//! (key, step, site) ──▶ word     threefry, words          32 uniform bits
//! word ──▶ η_W                   gauss or three_point     a W-bit integer with W - 4 fractional bits
//! ```
//!
//! Integers all the way, so the same on every target. Float types take η₁₈·2⁻¹⁴, which is exact in `f32`. Because each η
//! is computed from its coordinates and not from a state, restart, update order, domain decomposition and vector width
//! cannot change a bit.

pub mod gauss;
mod gauss_single;
pub mod gauss_table;
mod kernel;
pub mod rng;
pub mod three_point;
pub mod threefry;
pub mod words;

pub use kernel::Gaussian;
pub use rng::{FromRng, ThreefryRng};
pub use words::{Key, PureWords, StreamTag, Threefry, Words, derive_key};

use crate::lattice::{CHUNK, Chunk, VECTORS};
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

    /// The same on an instruction set.
    // Called once a chunk: one copy of its long straight code serves every integrator.
    #[inline(never)]
    pub fn fill_eta_on<const W: u32, M: Machine>(&mut self, machine: M, step: u64, first: usize, out: &mut [i32]) {
        if !VECTORS {
            // Where they lie, and without a machine's hand: no memory between, no passes.
            machine.run(|| {
                self.words.fill_signed(machine, step, first, out);
                match self.law {
                    NoiseKind::Gaussian => out.iter_mut().for_each(|eta| *eta = gauss::eta::<W>(*eta as u32)),
                    NoiseKind::ThreePoint => out.iter_mut().for_each(|eta| *eta = three_point::eta::<W>(*eta as u32)),
                }
            });
            return;
        }
        machine.run(|| {
            let (mut site, mut out) = (first, out);
            let mut buffer = Chunk::<u32>::default();
            while !out.is_empty() {
                // An odd site first goes alone: the chunks behind it hold whole pairs.
                let count = out.len().min(if site & 1 == 1 { 1 } else { CHUNK });
                let (Some((here, after)), Some(words)) = (out.split_at_mut_checked(count), buffer.get_mut(..count))
                else {
                    return;
                };
                self.words.fill_on(machine, step, site, words);
                match self.law {
                    NoiseKind::Gaussian => machine.gaussian::<W>(words, here),
                    NoiseKind::ThreePoint => {
                        for (slot, &word) in here.iter_mut().zip(&*words) {
                            *slot = three_point::eta::<W>(word);
                        }
                    }
                }
                site = site.wrapping_add(count);
                out = after;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
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
