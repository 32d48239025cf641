//! Independent replicas: the error of their mean needs no autocorrelation time, and their scatter tests their errors.

use super::{AnalysisError, mean, stats};
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing::ar1;

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
