//! All 2³² words, one by one: what [`classes`](super::classes) and [`errors`](super::errors) conclude, by brute force.

use rayon::prelude::*;

use super::error::{Squares, band, exact};
use super::{BANDS, ErrorBand, NoiseLaw, WORDS};

/// A map from words to η: its width in bits, and what it does.
pub type Eta<'a> = (u32, &'a (dyn Fn(u32) -> i32 + Sync));

/// What all words together say of one map.
#[derive(Clone, Debug, PartialEq)]
pub struct EveryWord {
    /// The law of |η| over the magnitudes, sign bit clear.
    pub law: NoiseLaw,
    /// Words with the sign bit set whose η is not minus that of their partner without. Where there is none, odd moments
    /// vanish exactly.
    pub unpaired: u64,
    /// Errors by band of |η|.
    pub errors: Vec<ErrorBand>,
}

/// Tries all words with every map.
///
/// The magnitudes are cut into runs, 2¹⁰ to an octave of p, on which -Φ⁻¹ is a cubic: the next term,
/// x(7 + 6x²)/φ⁴·(δp)⁴/24 with δp ≤ 2⁻¹¹p, is below 1e-14 (x(7 + 6x²)(p/φ)⁴ < 3), 2e-10 units of W = 18.
#[must_use]
pub fn every_word(maps: &[Eta]) -> Vec<EveryWord> {
    // Octaves from m = 2^10 on, and the words below one by one.
    let octaves = (10..31_u32).flat_map(|octave| {
        let len = 1_u32 << (octave - 10);
        (0..1 << 10).map(move |i| ((1 << octave) + i * len, len))
    });
    let runs: Vec<(u32, u32)> = (0..1 << 10).map(|m| (m, 1)).chain(octaves).collect();
    let none = || maps.iter().map(|&(width, _)| Tally::new(width)).collect::<Vec<_>>();
    let tallies = runs
        .par_iter()
        .fold(none, |mut tallies, &(first, len)| {
            for (tally, &(_, eta)) in tallies.iter_mut().zip(maps) {
                tally.run(eta, first, len);
            }
            tallies
        })
        .reduce(none, |mut sum, part| {
            sum.iter_mut().zip(&part).for_each(|(a, b)| a.merge(b));
            sum
        });
    tallies.into_iter().map(Tally::finish).collect()
}

/// Counts of one map.
struct Tally {
    width: u32,
    counts: Vec<u64>,
    unpaired: u64,
    squares: [Squares; BANDS.len()],
}

impl Tally {
    fn new(width: u32) -> Self {
        let counts = vec![0; (1 << (width - 1)) + 1];
        Self { width, counts, unpaired: 0, squares: Default::default() }
    }

    /// Magnitudes `first` to `first + len - 1`.
    fn run(&mut self, eta: &(dyn Fn(u32) -> i32 + Sync), first: u32, len: u32) {
        let [x0, x1, x2, x3] = exact(self.width, first, u64::from(len));
        let centre = 0.5 * f64::from(len - 1);
        let mut here = eta(first);
        let (mut words, mut squares, mut max) = (0, 0.0, 0.0_f64);
        for j in 0..len {
            let u = first + j;
            let a = eta(u);
            self.unpaired += u64::from(eta(u | 1 << 31) != -a);
            if a != here {
                self.flush(here, words, squares, max);
                (here, words, squares, max) = (a, 0, 0.0, 0.0);
            }
            let d = f64::from(j) - centre;
            let e = f64::from(a) - (x0 + d * (x1 + d * (0.5 * x2 + d * (x3 / 6.0))));
            words += 1;
            squares += e * e;
            max = max.max(e.abs());
        }
        self.flush(here, words, squares, max);
    }

    /// Enters `words` neighbouring words with the same η.
    fn flush(&mut self, eta: i32, words: u64, squares: f64, max: f64) {
        // What does not fit the width is counted as the first value that does not.
        let a = (eta.unsigned_abs() as usize).min(self.counts.len() - 1);
        self.counts[a] += words;
        self.squares[band(&BANDS, self.width, eta)].add(words, squares, max);
    }

    fn merge(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(a, b)| *a += b);
        self.unpaired += other.unpaired;
        self.squares.iter_mut().zip(&other.squares).for_each(|(a, b)| a.merge(b));
    }

    fn finish(self) -> EveryWord {
        debug_assert_eq!(self.counts.iter().sum::<u64>(), WORDS / 2);
        let counts = (0..).zip(self.counts).filter(|&(_, n)| n > 0);
        EveryWord {
            law: NoiseLaw::tally(self.width, counts),
            unpaired: self.unpaired,
            errors: self.squares.iter().zip(BANDS).map(|(sum, from)| sum.band(from)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::errors;
    use stoquant_core::noise::{gauss, three_point};
    use stoquant_model::NoiseKind;

    use super::*;

    #[test]
    #[ignore = "20 s: all 2^32 words"]
    fn classes_are_what_all_words_say() {
        let maps: [Eta; 3] = [(18, &gauss::eta::<18>), (16, &gauss::eta::<16>), (18, &three_point::eta::<18>)];
        let found = every_word(&maps);
        let laws = [(NoiseKind::Gaussian, 18), (NoiseKind::Gaussian, 16), (NoiseKind::ThreePoint, 18)];
        for (found, (law, width)) in found.iter().zip(laws) {
            assert_eq!(Some(&found.law), NoiseLaw::new(law, width).as_ref());
            assert_eq!(found.unpaired, 0);
        }
        // One word of 2³² that gives a neighbouring value, within its class and in one sign.
        let planted = |u| gauss::eta::<18>(u) + i32::from(u == 0x1234_5678);
        let defect = &every_word(&[(18, &planted)])[0];
        assert!(defect.law != found[0].law && defect.unpaired == 1);
        for (found, (width, eta)) in found.iter().zip(maps).take(2) {
            for (word, class) in found.errors.iter().zip(errors(width, eta, &BANDS)) {
                assert_eq!((word.from, word.words), (class.from, class.words));
                assert!((word.rms - class.rms).abs() < 1e-8 && (word.max - class.max).abs() < 1e-8);
            }
        }
    }
}
