//! The fixed point of an operator on two sites, and a bound on its error.

use super::joint::JointLaw;
use super::krylov::{self, Inner};
use super::rows::{Rows, SITE};
use crate::markov::level;

/// Residual, in total variation, at which a law counts as solved. Applications round at 1e-16.
pub const TOLERANCE: f64 = 1e-14;

/// Powers of the operator that are kept at a time, half a megabyte each.
const POWERS: usize = 50;

/// Most restarts.
const RESTARTS: usize = 16;

/// A stationary law with the way to it.
#[derive(Clone, Debug)]
pub struct Solution {
    /// The law.
    pub law: JointLaw,
    /// Total variation between the law and the law after one step.
    pub residual: f64,
    /// |Σ after - 1| of that step: rounding.
    pub mass_error: f64,
    /// Applications of the operator.
    pub applications: usize,
}

/// The law that `apply` leaves alone, from a start; `None` if it is not reached.
pub fn fixed_point(apply: impl Fn(&[f64]) -> Vec<f64>, start: &JointLaw) -> Option<Solution> {
    let mut law = start.clone();
    // Detailed balance is symmetry in the inner product with weights 1/π. In the tails, where differences of laws are
    // rounding, the weights stay finite.
    let inner = Inner(start.masses().iter().map(|p| 1.0 / (p + 1e-8)).collect());
    let mut applications = 0;
    for _ in 0..RESTARTS {
        let after = apply(law.masses());
        applications += 1;
        let rho: Vec<f64> = after.iter().zip(law.masses()).map(|(after, p)| after - p).collect();
        let residual = 0.5 * rho.iter().map(|r| r.abs()).sum::<f64>();
        if residual <= TOLERANCE {
            let mass_error = (after.iter().sum::<f64>() - 1.0).abs();
            return Some(Solution { law, residual, mass_error, applications });
        }
        let factor = (0.1 * TOLERANCE / residual).max(1e-11);
        let (correction, powers) = krylov::solve(&apply, &inner, &rho, POWERS, factor);
        applications += powers;
        law = JointLaw::new(law.masses().iter().zip(correction).map(|(p, e)| p + e).collect());
    }
    None
}

/// What a perturbation of one step may do to the law at most, both in total variation: h(max, max) - h(-max, -max),
/// where
///
/// ```text
/// h - Ph = f - πf,   f(a, b) = n_a + n_b   (integers).
/// ```
///
/// Where an update grows with either site, chains under one noise keep their order: all of them stay between those from
/// the two corners, and where these two differ, so does f, by 1 at least. P(they differ after n steps) ≤ E(f_upper -
/// f_lower) then bounds the distance of any two chains, and a perturbation counts Σ_n of it: the difference of h. Where
/// the equation of h is off by up to δ, that sum is larger by 1/(1 - 2δ) at most; δ < 1/10 is enough.
///
/// The rows must keep that order: [`TwoSites::keeps_order`](super::TwoSites::keeps_order). `None` if h is not found.
pub fn condition(rows: &Rows, law: &JointLaw) -> Option<f64> {
    let f: Vec<f64> = (0..SITE * SITE).map(|i| f64::from(level(i / SITE) + level(i % SITE))).collect();
    let average: f64 = f.iter().zip(law.masses()).map(|(f, p)| f * p).sum();
    let inner = Inner(law.masses().iter().map(|p| p.abs() + 1e-4).collect());
    let mut h = vec![0.0; f.len()];
    for _ in 0..RESTARTS {
        let after = rows.expect(&h);
        let left: Vec<f64> = (0..f.len()).map(|i| f[i] - average - h[i] + after[i]).collect();
        let delta = left.iter().fold(0.0, |delta: f64, left| delta.max(left.abs()));
        if delta < 0.1 {
            return Some((h[h.len() - 1] - h[0]) / (1.0 - 2.0 * delta));
        }
        let (more, _) = krylov::solve(|h| rows.expect(h), &inner, &left, POWERS, 3e-5);
        h.iter_mut().zip(more).for_each(|(h, more)| *h += more);
    }
    None
}
