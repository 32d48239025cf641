//! The magnetisation M of a sample: drawn first, from its one-dimensional law, while the diffusion moves the other
//! modes.
//!
//! The law is even. |M| has a density that is piecewise linear on a uniform grid of [lo, hi]: the table of a histogram,
//! inverted exactly. That the table is not quite the law does not matter where
//! [`ln_density`](Magnetisation::ln_density) enters the weight.

use crate::error::{Error, check_length};
use crate::math::{ln, sqrt};

/// An even law of one variable.
#[derive(Clone, Copy, Debug)]
pub struct Magnetisation<'a> {
    lo: f64,
    hi: f64,
    spacing: f64,
    density: &'a [f64],
    cumulative: &'a [f64],
}

impl<'a> Magnetisation<'a> {
    /// `density` of |M|, not necessarily normalised, at equal distances from `lo` ≥ 0 to `hi`: at least two values,
    /// none negative, not all zero. Fills `cumulative`, of the same length.
    ///
    /// # Errors
    ///
    /// Lengths that differ or are below 2, an empty interval, and values that are no density.
    pub fn new(lo: f64, hi: f64, density: &'a [f64], cumulative: &'a mut [f64]) -> Result<Self, Error> {
        if !(lo >= 0.0 && lo < hi) {
            return Err(Error::Domain { what: "least |M|", value: lo, want: "at least 0 and below the largest" });
        }
        if !hi.is_finite() {
            return Err(Error::Domain { what: "largest |M|", value: hi, want: "finite" });
        }
        if density.len() < 2 {
            return Err(Error::Length { what: "density of M", got: density.len(), want: 2 });
        }
        check_length("cumulative table of M", cumulative.len(), density.len())?;
        let spacing = (hi - lo) / density.len().saturating_sub(1) as f64;
        // 0 before the first value: its share of the first trapezoid, which is none.
        let (mut before, mut sum, mut width) = (0.0, 0.0, 0.0);
        for (slot, &value) in cumulative.iter_mut().zip(density) {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(Error::Domain { what: "density of M", value, want: "at least 0 and finite" });
            }
            sum += width * (before + value);
            *slot = sum;
            (before, width) = (value, 0.5 * spacing);
        }
        if !(sum > 0.0 && sum.is_finite()) {
            return Err(Error::Domain {
                what: "integral of the density of M",
                value: sum,
                want: "positive and finite",
            });
        }
        Ok(Self { lo, hi, spacing, density, cumulative })
    }

    /// M of 64 random bits: the lowest is its sign, the others a uniform number u; |M| where the cumulative law is u.
    #[must_use]
    pub fn draw(&self, word: u64) -> f64 {
        // 2⁻⁶³, exact; 63 bits round to 53, so u ≤ 1.
        let uniform = ((word >> 1) as f64 + 0.5) * (1.0 / (1_u64 << 63) as f64);
        let target = uniform * self.total();
        let above = self.cumulative.partition_point(|&sum| sum <= target);
        let n = above.saturating_sub(1).min(self.density.len().saturating_sub(2));
        let (p, next) = (at(self.density, n), at(self.density, n.saturating_add(1)));
        let rest = target - at(self.cumulative, n);
        let slope = (next - p) / self.spacing;
        // p·x + slope·x²/2 = rest, in the form that loses nothing where slope or p is small.
        let root = p + sqrt((p * p + 2.0 * slope * rest).max(0.0));
        let x = if root > 0.0 { (2.0 * rest / root).min(self.spacing) } else { 0.0 };
        let size = (self.lo + (n as f64 * self.spacing + x)).min(self.hi);
        if word & 1 == 0 { size } else { -size }
    }

    /// ln p(M), ∫p dM = 1 over both signs; -∞ where p = 0.
    #[must_use]
    pub fn ln_density(&self, m: f64) -> f64 {
        if !(m.abs() >= self.lo && m.abs() <= self.hi) {
            return f64::NEG_INFINITY;
        }
        let x = (m.abs() - self.lo) / self.spacing;
        let n = (x as usize).min(self.density.len().saturating_sub(2));
        let (p, next) = (at(self.density, n), at(self.density, n.saturating_add(1)));
        ln(0.5 * (p + (next - p) * (x - n as f64).min(1.0)) / self.total())
    }

    fn total(&self) -> f64 {
        self.cumulative.last().copied().unwrap_or_default()
    }
}

fn at(table: &[f64], n: usize) -> f64 {
    table.get(n).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DENSITY: [f64; 7] = [0.0, 0.5, 2.0, 0.0, 0.0, 1.0, 1.0];

    /// The density integrates to 1, to the draw what its word says, and both signs are drawn alike.
    #[test]
    fn draws_are_quantiles_of_the_density() {
        let mut cumulative = [0.0; 7];
        let law = Magnetisation::new(0.2, 1.4, &DENSITY, &mut cumulative).unwrap();
        // Midpoints are exact for what is linear between multiples of the spacing.
        let below = |m: f64| -> f64 {
            let cells = 6 * 512;
            let width = 1.2 / f64::from(cells);
            (0..cells)
                .map(|i| (0.2 + (f64::from(i) + 0.5) * width, 0.2 + f64::from(i) * width))
                .map(|(middle, left)| 2.0 * law.ln_density(middle).exp() * (m - left).clamp(0.0, width))
                .sum()
        };
        assert!((below(2.0) - 1.0).abs() < 1e-13);
        for i in 0..200_u64 {
            let word = (i << 56 | i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 8) & !1;
            let m = law.draw(word);
            assert_eq!(law.draw(word | 1), -m);
            assert!(law.ln_density(m).is_finite() && law.ln_density(m) == law.ln_density(-m));
            // In the cell that m ends, slope · width² / 8 with slope < 20 and width 4e-4.
            let uniform = word as f64 / 2.0_f64.powi(64);
            assert!((below(m) - uniform).abs() < 4e-7, "{m}: {} {uniform}", below(m));
        }
        for word in [0, 1, u64::MAX, u64::MAX - 1] {
            assert!((0.2..=1.4).contains(&law.draw(word).abs()));
        }
        assert_eq!((law.ln_density(0.1), law.ln_density(-1.5)), (f64::NEG_INFINITY, f64::NEG_INFINITY));
        assert_eq!(law.ln_density(0.9), f64::NEG_INFINITY);
    }

    #[test]
    fn refuses_what_is_no_law() {
        let mut sums = [0.0; 2];
        for (lo, hi, density) in [
            (-0.1, 1.0, [1.0, 1.0]),
            (1.0, 1.0, [1.0, 1.0]),
            (0.0, f64::INFINITY, [1.0, 1.0]),
            (0.0, 1.0, [0.0, 0.0]),
            (0.0, 1.0, [-1.0, 2.0]),
            (0.0, 1.0, [f64::NAN, 1.0]),
        ] {
            assert!(Magnetisation::new(lo, hi, &density, &mut sums).is_err());
        }
        assert!(Magnetisation::new(0.0, 1.0, &[1.0], &mut [0.0]).is_err());
        assert!(Magnetisation::new(0.0, 1.0, &[1.0; 3], &mut sums).is_err());
    }
}
