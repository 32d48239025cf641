//! The error of single values: η against -Φ⁻¹(p), p = (2m + 1)/2³³, of the same word, in units of η.
//!
//! p runs through a class while η stands still. A class of n words is an interval of p no wider than 2⁻¹⁵ of its
//! centre, on which the exact value |x|, with dx/dp = -1/φ(x) and d²x/dp² = x/φ(x)², is a parabola: what is left out,
//! (1 + 2x²)/φ³·(δp)³/6, is below 2⁻⁴⁸ (Mills' ratio p/φ is at most 1.26 and at most 1/x), 1e-10 units of W = 18. So
//! the mean square over a class is a sum of powers of δp and its largest error sits at one of the two ends.

use rayon::prelude::*;
use serde::Serialize;

use super::normal::{normal_density, normal_tail_inverse};
use super::{WORDS, classes};

/// Bounds of the bands of |η| that errors are stated for; the last one is open. 3.29 is where p falls below 2⁻¹¹ and
/// segments become whole octaves.
pub const BANDS: [f64; 5] = [0.0, 1.0, 2.0, 3.29, 5.0];

/// The error of the values in a band of |η|.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct ErrorBand {
    /// Where the band begins; it ends where the next one does.
    pub from: f64,
    /// Magnitudes m with η in the band.
    pub words: u64,
    /// Root mean square error in units of η.
    pub rms: f64,
    /// Largest error in units of η.
    pub max: f64,
}

/// Squared errors as multiples of 2⁻⁴⁰: sums that do not depend on how the work is shared out.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Squares {
    words: u64,
    sum: u128,
    max: f64,
}

impl Squares {
    /// `words` values with a sum of squared errors, the largest error being `max`.
    pub(super) fn add(&mut self, words: u64, squares: f64, max: f64) {
        self.merge(&Self { words, sum: (squares * 40_f64.exp2()) as u128, max });
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.words += other.words;
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }

    pub(super) fn band(&self, from: f64) -> ErrorBand {
        let mean = self.sum as f64 * (-40_f64).exp2() / self.words as f64;
        ErrorBand { from, words: self.words, rms: mean.sqrt(), max: self.max }
    }
}

/// The last band that begins at or below |η|.
pub(super) fn band(bands: &[f64], width: u32, eta: i32) -> usize {
    let x = f64::from(eta.unsigned_abs()) * (4.0 - f64::from(width)).exp2();
    bands.partition_point(|&from| from <= x).saturating_sub(1)
}

/// |Φ⁻¹(p)| and its derivatives for a step of one word, 2⁻³², in units of η, at the centre of `n` words from `u` on.
pub(super) fn exact(width: u32, u: u32, n: u64) -> [f64; 4] {
    // p of word u + j is (2(u + j) + 1)/2^33; the mean over j.
    let p = (2 * u64::from(u) + n) as f64 / (2 * WORDS) as f64;
    let x = normal_tail_inverse(p);
    let unit = (f64::from(width) - 4.0).exp2();
    let slope = 1.0 / (normal_density(x) * WORDS as f64);
    [x, -slope, x * slope * slope, -(1.0 + 2.0 * x * x) * slope.powi(3)].map(|y| y * unit)
}

/// Errors by band of |η|, from one word of each class: exact to 1e-9 units.
#[must_use]
pub fn errors(width: u32, eta: impl Fn(u32) -> i32 + Sync, bands: &[f64]) -> Vec<ErrorBand> {
    let classes: Vec<(u32, u64)> = classes().collect();
    let parts = classes.par_chunks(4096).map(|classes| {
        let mut squares = vec![Squares::default(); bands.len()];
        for &(u, n) in classes {
            let a = eta(u);
            let [x, slope, curvature, _] = exact(width, u, n);
            let e = f64::from(a) - x;
            let words = n as f64;
            // Σ (e - slope δ - curvature δ²/2)² over δ = -(n-1)/2 … (n-1)/2, where Σ δ² = n(n² - 1)/12.
            let spread = (words * words - 1.0) / 12.0;
            let sum = words * (e * e + (slope * slope - e * curvature) * spread);
            let end = 0.5 * (words - 1.0);
            let max = (e - 0.5 * curvature * end * end).abs() + (slope * end).abs();
            squares[band(bands, width, a)].add(n, sum.max(0.0), max);
        }
        squares
    });
    let add = |mut sum: Vec<Squares>, part: Vec<Squares>| {
        sum.iter_mut().zip(&part).for_each(|(a, b)| a.merge(b));
        sum
    };
    let sums = parts.reduce(|| vec![Squares::default(); bands.len()], add);
    sums.iter().zip(bands).map(|(sum, &from)| sum.band(from)).collect()
}

#[cfg(test)]
mod tests {
    use stoquant_core::noise::gauss;

    use super::super::normal_tail;
    use super::*;

    /// Derivatives against differences of the inverse itself, from the centre of the law to its last octave but a few.
    #[test]
    fn derivatives() {
        for u in [1 << 30, 1 << 27, 1 << 20, 1 << 14] {
            let n = u / 64;
            let [x, d1, d2, d3] = exact(4, u, u64::from(n));
            let p = (2 * u64::from(u) + u64::from(n)) as f64 / (2 * WORDS) as f64;
            assert!((normal_tail(x) / p - 1.0).abs() < 1e-14);
            let h = f64::from(n);
            let y = |s: f64| normal_tail_inverse(p + s * h / WORDS as f64);
            // Taylor's next term is (h/p)⁴/24 times less than one; 1/64⁴/24 = 2.5e-9.
            for s in [-1.0, 0.5, 1.0] {
                let d = s * h;
                let taylor = x + d * (d1 + d * (d2 / 2.0 + d * d3 / 6.0));
                assert!((taylor - y(s)).abs() < 1e-8 * s.abs(), "{u}, {s}: {taylor}, not {}", y(s));
                assert!((taylor - d * d * d * d3 / 6.0 - y(s)).abs() > 1e-7 * s.abs().powi(3));
            }
        }
    }

    /// A class at the centre and one-word classes, word by word.
    #[test]
    fn errors_of_few_words() {
        let brute = |first: u32, count: u32| {
            let e = (first..first + count).map(|u| {
                let p = f64::from(2 * u + 1) / 2_f64.powi(33);
                f64::from(gauss::eta::<18>(u)) - normal_tail_inverse(p) * 2_f64.powi(14)
            });
            let (sum, max) = e.fold((0.0, 0.0_f64), |(sum, max), e| (sum + e * e, max.max(e.abs())));
            ((sum / f64::from(count)).sqrt(), max)
        };
        // |η| > 4: words below some m, all of them.
        let m = (0..).find(|&u| gauss::eta::<18>(u) < 4 << 14).unwrap();
        let (rms, max) = brute(0, m);
        let band = errors(18, gauss::eta::<18>, &[0.0, 4.0])[1];
        assert_eq!(band.words, u64::from(m));
        assert!((band.rms - rms).abs() < 1e-9 && (band.max - max).abs() < 1e-9, "{band:?}, not {rms}, {max}");
    }
}
