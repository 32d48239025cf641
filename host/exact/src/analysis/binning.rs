//! Binning: the naive error of bin averages grows with the bin size B until bins are independent.
//!
//! `error²(B) = Σ_b (ā_b - ā)² / (n(n-1))` over n bins, relative statistical error `1/√(2(n-1))`; the bias at bin size
//! B is about `-τ_int/B`. A check on the Γ-method, which is the more precise of the two (Wolff, hep-lat/0306017).
//!
//! The chosen level is the first with `B³ > 2N (error²(B)/error²(1))²`: Lee, Conduit, Nemec, López Ríos, Drummond,
//! Phys. Rev. E 83 (2011) 066706.

use super::{AnalysisError, check, mean};
use crate::estimate::Estimate;

/// The fewest bins that give an error worth printing: relative error 1/√(2·15) = 18%.
const MIN_BINS: usize = 16;

/// The naive error at one bin size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// Measurements in a bin.
    pub bin_size: usize,
    /// Bins in all replicas.
    pub bins: usize,
    /// Naive standard error of the mean of the bins.
    pub error: f64,
    /// Standard error of `error`.
    pub error_of_error: f64,
}

/// Result of a binning analysis.
#[derive(Clone, Debug, PartialEq)]
pub struct Binning {
    /// Mean of all measurements.
    pub mean: f64,
    /// Bin sizes 1, 2, 4, … down to 16 bins.
    pub levels: Vec<Level>,
    /// Index of the chosen level; `None` if the errors still grow too fast, and the longest bins are a lower bound.
    pub chosen: Option<usize>,
}

impl Binning {
    /// The chosen level, or the one of the longest bins.
    pub fn level(&self) -> Level {
        self.levels[self.chosen.unwrap_or(self.levels.len() - 1)]
    }

    /// Mean with the error of the chosen level.
    pub fn estimate(&self) -> Estimate {
        Estimate::new(self.mean, self.level().error)
    }

    /// `τ_int = ½ error²(B)/error²(1)` in measurements; ½ for a constant series.
    pub fn tau_int(&self) -> f64 {
        let naive = self.levels[0].error;
        if naive > 0.0 { 0.5 * (self.level().error / naive).powi(2) } else { 0.5 }
    }
}

/// Binning analysis. Each replica is binned by itself; an incomplete first bin is left out of the error.
pub fn binning(replicas: &[&[f64]]) -> Result<Binning, AnalysisError> {
    check(replicas, 1)?;
    let n: usize = replicas.iter().map(|r| r.len()).sum();
    let all = replicas.iter().flat_map(|r| r.iter()).sum::<f64>() / n as f64;
    let mut levels = Vec::new();
    let mut bin_size = 1;
    loop {
        let bins: Vec<f64> = replicas.iter().flat_map(|r| bins(r, bin_size)).collect();
        if bins.len() < MIN_BINS {
            break;
        }
        levels.push(level(bin_size, &bins));
        bin_size *= 2;
    }
    let Some(first) = levels.first() else {
        return Err(AnalysisError::TooFew { what: "measurements", count: n, minimum: MIN_BINS });
    };
    let naive = first.error;
    let long_enough =
        |l: &Level| (l.bin_size as f64).powi(3) * naive.powi(4) > 2.0 * n as f64 * l.error.powi(4) || naive == 0.0;
    let chosen = levels.iter().position(long_enough);
    Ok(Binning { mean: all, levels, chosen })
}

/// Averages of consecutive bins; an incomplete bin at the start, where thermalisation may linger, is dropped.
pub(super) fn bins(series: &[f64], bin_size: usize) -> impl Iterator<Item = f64> {
    series[series.len() % bin_size..].chunks_exact(bin_size).map(mean)
}

fn level(bin_size: usize, bins: &[f64]) -> Level {
    let n = bins.len() as f64;
    let average = mean(bins);
    let square: f64 = bins.iter().map(|b| (b - average).powi(2)).sum();
    let error = (square / (n * (n - 1.0))).sqrt();
    Level { bin_size, bins: bins.len(), error, error_of_error: error / (2.0 * (n - 1.0)).sqrt() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{gamma, series::ar1};

    /// Against the exact error √(2τ/N) of AR(1): 4.9 standard errors (1e-6 two-sided) beside the bias -τ/(2B).
    #[test]
    fn ar1_error() {
        for (rho, seed) in [(0.0, 21), (0.5, 22), (0.9, 23)] {
            let (a, b) = (ar1(rho, 100_000, seed), ar1(rho, 50_000, seed + 100));
            let result = binning(&[&a, &b]).unwrap();
            let tau = 0.5 * (1.0 + rho) / (1.0 - rho);
            let exact = (2.0 * tau / 150_000.0_f64).sqrt();
            let l = result.level();
            assert!(result.chosen.is_some());
            let bias = exact * tau / (2.0 * l.bin_size as f64);
            assert!((l.error - exact).abs() < 4.9 * l.error_of_error + bias, "{rho} {l:?}");

            let g = gamma(&[&a, &b]).unwrap();
            let sum = l.error_of_error + g.error_of_error;
            assert!((l.error - g.error).abs() < 4.9 * sum + bias, "{rho} {l:?} {g:?}");
            assert!((result.tau_int() / g.tau_int - 1.0).abs() < 0.2);
        }
    }

    /// Bin size 1 is the textbook formula: {0, 1} alternating over 16 has variance 4/15, error² = 4/(15·16).
    #[test]
    fn first_level_is_the_naive_error() {
        let flip: Vec<f64> = (0..16).map(|i| f64::from(i % 2)).collect();
        let result = binning(&[&flip]).unwrap();
        assert!((result.levels[0].error - (4.0_f64 / 240.0).sqrt()).abs() < 1e-15);
        assert_eq!(result.levels.len(), 1);
    }

    #[test]
    fn special_series() {
        let constant = binning(&[&[2.0; 100]]).unwrap();
        assert_eq!((constant.estimate(), constant.tau_int()), (Estimate::new(2.0, 0.0), 0.5));
        let ramp: Vec<f64> = (0..1000).map(f64::from).collect();
        assert_eq!(binning(&[&ramp]).unwrap().chosen, None);
        let few = AnalysisError::TooFew { what: "measurements", count: 5, minimum: 16 };
        assert_eq!(binning(&[&[0.0; 5]]), Err(few));
        assert_eq!(bins(&[9.0, 1.0, 3.0], 2).collect::<Vec<_>>(), [2.0]);
    }
}
