//! How far the law of η is from N(0,1), as numbers: Kolmogorov's distance, total variation, Kullback–Leibler
//! divergence.
//!
//! Total variation ½ Σ |P - Q| and divergence Σ P ln(P/Q) compare cells of the grid: Q is the probability that N(0,1)
//! falls into one. On single values of η they are large, since only a few classes of words hit each (three to one value
//! at the centre of W = 18): this roughness is what a lattice of outputs must have, and is gone as soon as a cell holds
//! many.

use super::{NoiseLaw, WORDS, normal_tail};

impl NoiseLaw {
    /// Kolmogorov's distance to the standard normal distribution, sup |F(x) - Φ(x)|.
    ///
    /// F is constant between multiples of the unit, so the supremum is attained on one side of a jump; by symmetry
    /// jumps at η ≥ 0 suffice. It is at least half the jump at zero, 0.2·unit, for any law on this grid.
    #[must_use]
    pub fn kolmogorov(&self) -> f64 {
        let sides = |a| [self.distance(a, 0.0), self.distance(a + 1, -1.0)];
        (0..=self.max()).flat_map(sides).fold(0.0, f64::max)
    }

    /// Kolmogorov's distance to the standard normal distribution rounded to multiples of the unit.
    #[must_use]
    pub fn kolmogorov_on_grid(&self) -> f64 {
        (1..=self.max() + 1).map(|a| self.distance(a, -0.5)).fold(0.0, f64::max)
    }

    /// |P(η ≥ a) - Q((a + offset)·unit)|.
    fn distance(&self, a: i32, offset: f64) -> f64 {
        (self.tail(a) as f64 / WORDS as f64 - normal_tail((f64::from(a) + offset) * self.unit())).abs()
    }

    /// P and Q of |η| in the cells of `size` neighbouring magnitudes that begin at 0, `size`, 2·`size`, …; the last one
    /// open. Q is that of N(0,1) rounded to the grid.
    #[must_use]
    pub fn cells(&self, size: i32) -> Vec<[f64; 2]> {
        let starts = (0..=self.max()).step_by(size.max(1) as usize);
        // |η| >= a in both signs; at a = 0 that is every word.
        let above = |a| match a {
            0 => [1.0; 2],
            _ => [2.0 * self.tail(a) as f64 / WORDS as f64, 2.0 * normal_tail((f64::from(a) - 0.5) * self.unit())],
        };
        let mut above: Vec<[f64; 2]> = starts.map(above).collect();
        above.push([0.0; 2]);
        above.windows(2).map(|pair| [pair[0][0] - pair[1][0], pair[0][1] - pair[1][1]]).collect()
    }

    /// Total variation to N(0,1) rounded to the grid, on cells of `size` magnitudes.
    #[must_use]
    pub fn total_variation(&self, size: i32) -> f64 {
        0.5 * self.cells(size).iter().map(|[p, q]| (p - q).abs()).sum::<f64>()
    }

    /// Kullback–Leibler divergence from N(0,1) rounded to the grid, Σ P ln(P/Q), on cells of `size` magnitudes.
    #[must_use]
    pub fn divergence(&self, size: i32) -> f64 {
        // P ln(P/Q) - P + Q, of the same sum, has no terms that cancel.
        let term = |[p, q]: &[f64; 2]| if *p > 0.0 { p * ((p - q) / q).ln_1p() - p + q } else { *q };
        self.cells(size).iter().map(term).sum()
    }
}
