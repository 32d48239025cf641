//! Tests that need many words at once.

use rayon::prelude::*;
use stoquant_core::noise::Words;

use super::super::check::Check;
use super::{SITES, Source, mean, poisson};

/// Numbers of two words in a sample of birthdays, and their bits: the 24 high ones of both.
const BIRTHDAYS: usize = 1 << 18;
const YEAR_BITS: u32 = 48;

/// Bounds on the sizes, as powers of two: memory, and the accuracy of Poisson's law for spacings (samples × birthdays³
/// ≤ year^(5/4), L'Ecuyer and Simard: 64 samples).
const WORDS: [u32; 2] = [20, 25];
const SAMPLES: [u32; 2] = [2, 6];

/// Checks on chains from `chain` on; `scale` in units of the standard size.
pub fn checks(make: &Source, chain: u32, scale: f64) -> Vec<Check> {
    let size = |standard: u32, [least, most]: [u32; 2]| {
        let power = (f64::from(standard) + scale.log2()).round().clamp(f64::from(least), f64::from(most));
        // What is promised is promised at the standard size.
        (1_usize << power as u32, (power - f64::from(standard)).exp2())
    };
    let (count, words_scale) = size(22, WORDS);
    let words = gather(&mut *make(chain), 0, count);
    let low: Vec<u32> = words.chunks_exact(32).map(|w| w.iter().fold(0, |bits, word| bits << 1 | word & 1)).collect();
    let mut checks = vec![
        full_ranks("32x32 matrices of words: of full rank", &words, words_scale),
        full_ranks("32x32 matrices of lowest bits: of full rank", &low, words_scale),
        collisions(words, words_scale.powi(2)),
    ];
    let (samples, samples_scale) = size(4, SAMPLES);
    let spacings = (0..samples as u32).into_par_iter().map(|i| equal_spacings(&mut *make(chain + 1 + i)));
    let year = f64::from(YEAR_BITS).exp2();
    let expected = samples as f64 * (BIRTHDAYS as f64).powi(3) / (4.0 * year);
    checks.push(poisson(
        "equal birthday spacings, pairs of sites in 2^48, relative",
        spacings.sum(),
        expected,
        samples_scale,
    ));
    checks
}

/// `count` words, a multiple of the sites, of the steps from `step` on.
fn gather(source: &mut dyn Words, step: u64, count: usize) -> Vec<u32> {
    let mut words = vec![0; count];
    (step..).zip(words.chunks_mut(SITES)).for_each(|(step, row)| source.fill(step, 0, row));
    words
}

/// Words that have been seen before: of n words, n - 2³²(1 - (1 - 2⁻³²)^n) on average.
fn collisions(mut words: Vec<u32>, scale: f64) -> Check {
    let (n, urns) = (words.len() as f64, 2_f64.powi(32));
    words.sort_unstable();
    let found = words.windows(2).filter(|pair| pair[0] == pair[1]).count() as u64;
    let expected = n + urns * (n * (-1.0 / urns).ln_1p()).exp_m1();
    poisson("collisions of words, relative", found, expected, scale)
}

/// How many spacings of sorted numbers on a circle of 2⁴⁸ repeat another: Poisson, of mean m³/(4·2⁴⁸).
fn equal_spacings(source: &mut dyn Words) -> u64 {
    let words = gather(source, 0, 2 * BIRTHDAYS);
    let mut days: Vec<u64> =
        words.chunks_exact(2).map(|pair| u64::from(pair[0] >> 8) << 24 | u64::from(pair[1] >> 8)).collect();
    days.sort_unstable();
    let first = days[0] + (1 << YEAR_BITS);
    for i in 0..days.len() {
        let next = days.get(i + 1).copied().unwrap_or(first);
        days[i] = next - days[i];
    }
    days.sort_unstable();
    days.windows(2).filter(|pair| pair[0] == pair[1]).count() as u64
}

/// How many of the matrices that 32 rows each make have full rank over GF(2): ∏ (1 - 2⁻ⁱ), i = 1 … 32, of them.
fn full_ranks(name: &str, rows: &[u32], scale: f64) -> Check {
    let matrices = rows.as_chunks::<32>().0;
    let found = matrices.iter().filter(|&&matrix| has_full_rank(matrix)).count() as f64;
    let p: f64 = (1..=32).map(|i| 1.0 - 2_f64.powi(-i)).product();
    mean(name, found, p, (p * (1.0 - p)).sqrt(), matrices.len() as f64, scale)
}

/// Gaussian elimination.
fn has_full_rank(mut rows: [u32; 32]) -> bool {
    for i in 0..32 {
        let pivot = rows[i];
        if pivot == 0 {
            return false;
        }
        let lowest = pivot & pivot.wrapping_neg();
        for row in &mut rows[i + 1..] {
            if *row & lowest != 0 {
                *row ^= pivot;
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks() {
        let identity: [u32; 32] = std::array::from_fn(|i| 1 << i);
        assert!(has_full_rank(identity));
        // Rows of differences, and one that is the sum of two others.
        assert!(has_full_rank(std::array::from_fn(|i| 1 << i | 1 << 31)));
        let mut singular = identity;
        singular[7] = singular[3] ^ singular[30];
        assert!(!has_full_rank(singular));
    }
}
