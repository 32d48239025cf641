//! Generators that the battery must refuse, with the first check that fails on 2²⁶ words and the most violent one:
//!
//! | generator | first | z | of 29 checks fail | strongest | z |
//! |---|---|---|---|---|---|
//! | LCG mod 2³² | bits changed by the lowest bit of the step | 2e4 | 6 | lowest bytes | 9e4 |
//! | MINSTD | ranks of words | -231 | 3 | birthday spacings | 7e3 |
//! | Threefry, 4 rounds | ⟨η⁴⟩ | -9.2 | 20 | bits changed by bit 31 of the step | 3e4 |
//! | Threefry, 8 rounds | correlation of η, a row apart | 12 | 5 | bits changed by bit 31 of the step | 1.6e3 |
//! | Threefry, 9 rounds | bits changed by the lowest bit of the step | 88 | 2 | those of bit 31 of the step | 443 |
//! | Threefry, 10 rounds | bits changed by bit 31 of the step | 8.0 | 1 | the same | 8.0 |
//!
//! Eleven rounds pass, at 2²⁸ pairs of words too. Thirteen have no known flaw; the core uses twenty.

use stoquant_core::noise::threefry::threefry2x32_rounds;
use stoquant_core::noise::{Key, StreamTag, Words, derive_key};

use super::Source;

/// Words in the order in which they are asked for.
struct Sequence<F>(F);

impl<F: FnMut() -> u32> Words for Sequence<F> {
    fn fill(&mut self, _step: u64, _first: usize, out: &mut [u32]) {
        out.fill_with(&mut self.0);
    }
}

/// Where chains of a sequential generator begin.
fn start(chain: u32) -> u32 {
    derive_key(1, chain, StreamTag::Noise.word(0)).0[0]
}

/// x ← 1664525 x + 1013904223 mod 2³², the state as word (W. Press et al., *Numerical Recipes*, ranqd1).
pub fn lcg(chain: u32) -> Box<dyn Words + Send> {
    let mut x = start(chain);
    Box::new(Sequence(move || {
        x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        x
    }))
}

/// x ← 16807 x mod 2³¹ - 1 (S. Park, K. Miller, *Commun. ACM* 31 (1988) 1192), scaled to 32 bits.
pub fn minstd(chain: u32) -> Box<dyn Words + Send> {
    const M: u64 = (1 << 31) - 1;
    let mut x = 1 + u64::from(start(chain)) % (M - 1);
    Box::new(Sequence(move || {
        x = x * 16_807 % M;
        ((x << 32) / M) as u32
    }))
}

/// The core's words, of Threefry with N rounds under keys made with all twenty. First 2²¹ sites only.
pub struct Rounds<const N: usize>(Key);

impl<const N: usize> Rounds<N> {
    /// The noise of one chain.
    pub fn make(chain: u32) -> Box<dyn Words + Send> {
        Box::new(Self(derive_key(1, chain, StreamTag::Noise.word(0))))
    }
}

impl<const N: usize> Words for Rounds<N> {
    fn fill(&mut self, step: u64, first: usize, out: &mut [u32]) {
        for (site, word) in (first..).zip(out) {
            let counter = [step as u32, ((step >> 32) as u32) << 20 | site as u32 >> 1];
            *word = threefry2x32_rounds::<N>(self.0.0, counter)[site % 2];
        }
    }
}

/// The generators that must be refused, with their names.
pub fn refused() -> Vec<(&'static str, Box<Source<'static>>)> {
    vec![
        ("LCG mod 2^32", Box::new(lcg)),
        ("MINSTD", Box::new(minstd)),
        ("Threefry-2x32-4", Box::new(Rounds::<4>::make)),
        ("Threefry-2x32-8", Box::new(Rounds::<8>::make)),
        ("Threefry-2x32-10", Box::new(Rounds::<10>::make)),
    ]
}

#[cfg(test)]
mod tests {
    use stoquant_core::noise::Threefry;

    use super::super::{STANDARD, battery, first_failure};
    use super::*;
    use crate::Certificate;

    /// With all rounds these are the core's words.
    #[test]
    fn rounds_are_the_cores() {
        let (mut weak, mut core) = (Rounds::<20>::make(3), Threefry::new(1, 3, StreamTag::Noise));
        let (mut a, mut b) = ([0; 101], [0; 101]);
        weak.fill(1 << 33 | 7, 13, &mut a);
        core.fill(1 << 33 | 7, 13, &mut b);
        assert_eq!(a, b);
    }

    /// By the check that must see them: within its period a full-period generator repeats no word, and a cipher with
    /// too few rounds does not mix.
    #[test]
    fn weak_generators_are_refused() {
        for (name, source) in refused() {
            let certificate = Certificate::judge(battery(&*source, STANDARD));
            let by = if name.starts_with("Threefry") { "bit 31 of the step" } else { "collisions" };
            assert!(certificate.failures().any(|check| check.name.contains(by)), "{name} passes");
        }
    }

    /// Thirteen rounds have no known flaw.
    #[test]
    fn enough_rounds_pass() {
        assert_eq!(first_failure(&Rounds::<13>::make), None);
        assert_eq!(first_failure(&Rounds::<20>::make), None);
    }
}
