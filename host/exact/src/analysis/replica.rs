//! Independent replicas: the error of their mean needs no autocorrelation time, and their scatter tests their errors.

use serde::Serialize;

use super::gamma::{autocovariance, enough, find_window, longest_time, sum};
use super::{AnalysisError, check, mean, stats};
use crate::estimate::Estimate;

/// The mean of independent replicas, all of one length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReplicaMean {
    /// Mean of the replica means.
    pub mean: f64,
    /// `√(Σ(a_r - ā)²/(R(R-1)))`.
    pub error: f64,
    /// Degrees of freedom R - 1: `(mean - exact)/error` follows Student's t.
    pub dof: f64,
}

impl ReplicaMean {
    /// Value and error.
    pub fn estimate(&self) -> Estimate {
        Estimate::new(self.mean, self.error)
    }

    /// Deviation from an exact value in standard normal units (Student's t with R - 1 degrees of freedom).
    pub fn z(&self, exact: f64) -> f64 {
        stats::student_to_z((self.mean - exact) / self.error, self.dof)
    }
}

/// Mean and error from the means of at least two independent replicas of equal length.
pub fn replica_mean(means: &[f64]) -> Result<ReplicaMean, AnalysisError> {
    if let Some(replica) = means.iter().position(|m| !m.is_finite()) {
        return Err(AnalysisError::NotFinite { replica, index: 0 });
    }
    if means.len() < 2 {
        return Err(AnalysisError::TooFew { what: "replicas", count: means.len(), minimum: 2 });
    }
    let r = means.len() as f64;
    let average = mean(means);
    let square: f64 = means.iter().map(|m| (m - average).powi(2)).sum();
    Ok(ReplicaMean { mean: average, error: (square / (r * (r - 1.0))).sqrt(), dof: r - 1.0 })
}

/// Whether replicas agree within their errors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Consistency {
    /// `Σ_r (a_r - ā)²/σ_r²` about the weighted mean.
    pub chi2: f64,
    /// R - 1.
    pub dof: f64,
    /// Probability of a larger χ²: a tiny one means chains that do not sample the same law, or errors too small.
    pub q: f64,
}

/// χ² test that replicas with errors have one common mean. The errors must be good to `1/√R` for q to be meaningful.
pub fn consistency(replicas: &[Estimate]) -> Result<Consistency, AnalysisError> {
    for (replica, r) in replicas.iter().enumerate() {
        if !r.value.is_finite() {
            return Err(AnalysisError::NotFinite { replica, index: 0 });
        }
        if !(r.error > 0.0 && r.error.is_finite()) {
            return Err(AnalysisError::BadError { replica, error: r.error });
        }
    }
    if replicas.len() < 2 {
        return Err(AnalysisError::TooFew { what: "replicas", count: replicas.len(), minimum: 2 });
    }
    let weight: f64 = replicas.iter().map(|r| r.error.powi(-2)).sum();
    let average = replicas.iter().map(|r| r.value * r.error.powi(-2)).sum::<f64>() / weight;
    let chi2: f64 = replicas.iter().map(|r| ((r.value - average) / r.error).powi(2)).sum();
    let dof = replicas.len() as f64 - 1.0;
    Ok(Consistency { chi2, dof, q: stats::chi2_sf(chi2, dof) })
}

/// Whether chains sample the same law, by their own fluctuations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Agreement {
    /// `χ² = Σ_r n_r (ā_r - ā)²/C`, with C = 2τ_int·variance of the fluctuations within the chains.
    pub chi2: f64,
    /// R - 1.
    pub dof: f64,
    /// Probability of a larger χ², the uncertainty of C included (Fisher's F); `None` where the chains are too short
    /// for their autocorrelations.
    pub p: Option<f64>,
    /// R̂ of the halves of the chains: 1 where they agree within and among each other.
    pub r_hat: f64,
    /// Deviation of each chain from the others, in standard normal units.
    #[serde(skip)]
    pub z: Vec<f64>,
}

/// Compares the means of at least two chains. Unlike [`Gamma::replica_q`](super::Gamma::replica_q), which measures
/// every fluctuation from the common mean, the fluctuations are those about each chain's own: chains that do not mix at
/// all cannot excuse each other.
///
/// R̂: A. Gelman, D. B. Rubin, Statist. Sci. 7 (1992) 457, of split chains as in Vehtari et al., Bayesian Anal. 16
/// (2021) 667, without ranks.
pub fn agreement(replicas: &[&[f64]]) -> Result<Agreement, AnalysisError> {
    check(replicas, 2)?;
    if replicas.len() < 2 {
        return Err(AnalysisError::TooFew { what: "replicas", count: replicas.len(), minimum: 2 });
    }
    let chains = replicas.len() as f64;
    let n: f64 = replicas.iter().map(|series| series.len() as f64).sum();
    let means: Vec<f64> = replicas.iter().map(|series| mean(series)).collect();
    let total = replicas.iter().zip(&means).map(|(series, a)| series.len() as f64 * a).sum::<f64>() / n;
    let deltas: Vec<Vec<f64>> =
        replicas.iter().zip(&means).map(|(series, mean)| series.iter().map(|a| a - mean).collect()).collect();
    let gamma = autocovariance(&deltas, longest_time(&deltas));
    let (window, closed) = find_window(&gamma, n);
    // Each chain lost its own mean: Γ is short of C/n_r, R·C/N in the average.
    let shrunk = 1.0 - (2 * window + 1) as f64 * chains / n;
    let c = sum(&gamma, window) / shrunk;
    // Equal to rounding is no fluctuation.
    let rounding = (16.0 * f64::EPSILON).powi(2) * means.iter().fold(0.0f64, |most, a| most.max(a * a));
    let weighted: f64 = replicas.iter().zip(&means).map(|(series, a)| series.len() as f64 * (a - total).powi(2)).sum();
    let (dof, errors) = (chains - 1.0, n / (2 * window + 1) as f64);
    let still = gamma[0] <= rounding;
    let (chi2, p, z) = if still {
        // Chains that stand still agree only where they stand at one place.
        let apart = weighted > n * rounding;
        let z = means.iter().map(|a| if (a - total).powi(2) > rounding { f64::INFINITY } else { 0.0 }).collect();
        (if apart { f64::INFINITY } else { 0.0 }, Some(if apart { 0.0 } else { 1.0 }), z)
    } else if closed && enough(n, window) && c > 0.0 && shrunk > 0.0 {
        let chi2 = weighted / c;
        let pull = |(series, a): (&&[f64], &f64)| {
            let own = series.len() as f64;
            let others = (n * total - own * a) / (n - own);
            stats::student_to_z((a - others) / (c * (1.0 / own + 1.0 / (n - own))).sqrt(), errors)
        };
        (chi2, Some(stats::fisher_sf(chi2 / dof, dof, errors)), replicas.iter().zip(&means).map(pull).collect())
    } else {
        (f64::NAN, None, vec![f64::NAN; replicas.len()])
    };
    let r_hat = match still {
        true if chi2 > 0.0 => f64::INFINITY,
        true => 1.0,
        false => r_hat(replicas),
    };
    Ok(Agreement { chi2, dof, p, r_hat, z })
}

/// √((W(n-1)/n + B/n)/W) of half chains: W the variance within, B/n that of the means; n their mean length.
fn r_hat(replicas: &[&[f64]]) -> f64 {
    let halves = replicas.iter().flat_map(|series| {
        let (first, second) = series.split_at(series.len() / 2);
        [first, second]
    });
    let spread = |half: &[f64]| {
        let average = mean(half);
        (half.len() as f64, average, half.iter().map(|a| (a - average).powi(2)).sum())
    };
    let halves: Vec<(f64, f64, f64)> = halves.filter(|half| !half.is_empty()).map(spread).collect();
    let (m, n) = (halves.len() as f64, halves.iter().map(|half| half.0).sum::<f64>());
    let total = halves.iter().map(|half| half.0 * half.1).sum::<f64>() / n;
    let within = halves.iter().map(|half| half.2).sum::<f64>() / (n - m);
    let between = halves.iter().map(|half| half.0 * (half.1 - total).powi(2)).sum::<f64>() / (m - 1.0);
    let length = n / m;
    ((within * (length - 1.0) / length + between / length) / within).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::series::ar1;

    /// p is uniform and R̂ near 1 where eight chains sample one law, correlated or not, of equal length or not: ⟨p⟩ = ½
    /// ± 1/√(12·400), and 4.9 of that; the fraction below 0.05 within 4.9 of its √(p(1-p)/400), and 2% for the error of
    /// C. All false alarms 1e-6.
    #[test]
    fn chains_of_one_law_agree() {
        for (rho, last) in [(0.0, 500), (0.8, 500), (0.8, 50)] {
            let (mut p, mut low, mut worst) = (0.0, 0.0, 0.0f64);
            for trial in 0..400 {
                let chains: Vec<_> = (0..8)
                    .map(|chain| ar1(rho, if chain == 7 { last } else { 500 }, 70_000 + 8 * trial + chain))
                    .collect();
                let chains: Vec<&[f64]> = chains.iter().map(Vec::as_slice).collect();
                let a = agreement(&chains).unwrap();
                let found = a.p.unwrap();
                p += found / 400.0;
                low += f64::from(u8::from(found < 0.05)) / 400.0;
                worst = worst.max(a.r_hat);
            }
            assert!((p - 0.5).abs() < 4.9 / 4800.0_f64.sqrt() + 0.02, "{rho} {last}: {p}");
            assert!((low - 0.05).abs() < 4.9 * (0.05 * 0.95 / 400.0_f64).sqrt() + 0.02, "{rho} {last}: {low}");
            assert!(worst < 1.1, "{rho} {last}: {worst}");
        }
    }

    /// One of eight chains shifted by half of σ; chains in two wells; chains that stand still, at one place and at two.
    #[test]
    fn chains_that_disagree_are_named() {
        let chain = |n: u64, shift: f64| -> Vec<f64> { ar1(0.5, 2000, 80 + n).iter().map(|a| a + shift).collect() };
        let of = |shift: &dyn Fn(u64) -> f64| {
            let chains: Vec<_> = (0..8).map(|n| chain(n, shift(n))).collect();
            agreement(&chains.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap()
        };
        let shifted = of(&|n| if n == 3 { 0.5 } else { 0.0 });
        // n (δ·7/8)²·(1 + 1/7)/(2τσ²) = 2000·0.219/3 = 146 beside the 7 of chance.
        assert!((shifted.chi2 - 153.0).abs() < 4.9 * (4.0 * 146.0 + 14.0f64).sqrt(), "{shifted:?}");
        assert!(shifted.p < Some(1e-12) && shifted.z[3] > 8.0, "{shifted:?}");
        assert!(shifted.z.iter().enumerate().all(|(n, z)| n == 3 || z.abs() < 5.0), "{shifted:?}");
        let wells = of(&|n| if n < 4 { 5.0 } else { -5.0 });
        assert!(wells.p < Some(1e-100) && wells.r_hat > 3.0, "{wells:?}");
        let still = agreement(&[&[0.1; 50], &[0.1; 50]]).unwrap();
        assert_eq!((still.p, still.r_hat), (Some(1.0), 1.0));
        let apart = agreement(&[&[0.1; 50], &[0.2; 50]]).unwrap();
        assert_eq!((apart.p, apart.r_hat, apart.chi2), (Some(0.0), f64::INFINITY, f64::INFINITY));
        // Too short for their autocorrelations: no probability is given.
        let drift: Vec<f64> = (0..30).map(f64::from).collect();
        assert_eq!(agreement(&[&drift, &drift]).unwrap().p, None);
    }

    /// Mean 2, Σ(a-ā)² = 2: error² = 2/(3·2).
    #[test]
    fn three_replicas() {
        let r = replica_mean(&[1.0, 2.0, 3.0]).unwrap();
        assert_eq!((r.mean, r.dof), (2.0, 2.0));
        assert!((r.error - 3.0_f64.sqrt().recip()).abs() < 1e-15);
        let c = consistency(&[Estimate::new(1.0, 1.0), Estimate::new(3.0, 1.0)]).unwrap();
        assert_eq!((c.chi2, c.dof), (2.0, 1.0));
        assert!((c.q - stats::two_sided(2.0_f64.sqrt())).abs() < 1e-13);
    }

    /// z of four replicas is standard normal: over 4000 trials ⟨z²⟩ = 1 ± √(2/4000), bound 4.9 σ (1e-6). Without
    /// Student's t, ⟨t²⟩ would be dof/(dof-2) = 3. And q is uniform: ⟨q⟩ = ½ ± 1/√(12·4000).
    #[test]
    fn z_is_normal_and_q_uniform() {
        let (mut z2, mut q) = (0.0, 0.0);
        for seed in 0..4000 {
            let means = ar1(0.0, 4, 50_000 + seed);
            z2 += replica_mean(&means).unwrap().z(0.0).powi(2) / 4000.0;
            let replicas: Vec<_> = means.iter().map(|&m| Estimate::new(m, 1.0)).collect();
            q += consistency(&replicas).unwrap().q / 4000.0;
        }
        assert!((z2 - 1.0).abs() < 4.9 * (2.0_f64 / 4000.0).sqrt(), "{z2}");
        assert!((q - 0.5).abs() < 4.9 / 48_000.0_f64.sqrt(), "{q}");
    }

    #[test]
    fn bad_input_is_named() {
        let few = AnalysisError::TooFew { what: "replicas", count: 1, minimum: 2 };
        assert_eq!(replica_mean(&[1.0]), Err(few.clone()));
        assert_eq!(consistency(&[Estimate::new(1.0, 1.0)]), Err(few));
        let bad = AnalysisError::BadError { replica: 0, error: 0.0 };
        assert_eq!(consistency(&[Estimate::new(1.0, 0.0)]), Err(bad));
    }
}
