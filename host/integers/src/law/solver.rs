//! The stationary law of an exact transition operator, by two levels.
//!
//! With the residual ρ = πP - π the correction is e = ρ(1 + P + P² + …): its first term as it is, the rest on the
//! coarse grid of the continuous chain,
//!
//! ```text
//! π ← π + ρ + prolong( restrict(ρ)·T(I - T)^# ).
//! ```
//!
//! What the grid does not resolve one step of noise has washed out, so each exact application gains a fixed factor
//! whatever the spectral gap: a double well needs no more of them than a single one. (Two-grid methods for Markov
//! chains: Horton, Leutenegger, Perform. Eval. Rev. 22 (1994) 191.)

use super::coarse::Coarse;

/// An exact transition operator on states 0, 1, ….
pub trait Transfer {
    /// One step: the masses after it.
    fn apply(&self, law: &[f64]) -> Vec<f64>;
    /// Where a state lies.
    fn position(&self, index: usize) -> f64;
    /// Number of states.
    fn states(&self) -> usize;
    /// Distance between states.
    fn spacing(&self) -> f64 {
        self.position(1) - self.position(0)
    }
}

/// A stationary law with the way to it.
#[derive(Clone, Debug)]
pub struct Stationary {
    /// Mass of each state.
    pub law: Vec<f64>,
    /// Total variation between law and law·P before each correction. What is returned is the last law·P, whose own is
    /// no larger.
    pub residuals: Vec<f64>,
    /// |Σ law·P - 1| at the last application: rounding.
    pub mass_error: f64,
}

/// Most applications.
const APPLICATIONS: usize = 30;

/// Iterate to a residual (total variation) below `tolerance`; `None` if it does not come that far.
pub fn stationary(operator: &impl Transfer, coarse: &Coarse, tolerance: f64) -> Option<Stationary> {
    let scale = operator.spacing();
    let smooth = |c: &nalgebra::DVector<f64>| -> Vec<f64> {
        (0..operator.states()).map(|i| scale * coarse.density(c, operator.position(i))).collect()
    };
    let mut law = smooth(&coarse.stationary()?);
    let mut residuals = Vec::new();
    for _ in 0..APPLICATIONS {
        let norm: f64 = law.iter().sum();
        law.iter_mut().for_each(|p| *p /= norm);
        let next = operator.apply(&law);
        let total: f64 = next.iter().sum();
        // What was left out as negligible, or lost to rounding, is not a residual.
        let residual: Vec<f64> = next.iter().zip(&law).map(|(next, p)| next / total - p).collect();
        let size = 0.5 * residual.iter().map(|r| r.abs()).sum::<f64>();
        residuals.push(size);
        if size <= tolerance {
            return Some(Stationary { law: next, residuals, mass_error: (total - 1.0).abs() });
        }
        let places = residual.iter().enumerate().filter(|(_, r)| **r != 0.0);
        let weights = coarse.restrict(places.map(|(i, &r)| (operator.position(i), r)));
        let rest = smooth(&coarse.relax(&weights)?);
        for ((p, r), e) in law.iter_mut().zip(&residual).zip(rest) {
            *p += r + e;
        }
    }
    None
}
