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

/// What a perturbation of one step may do to the law at most, both in total variation: h(max, max) - h(-max, -max) for
/// any h whose g = h - Ph grows by 1 at least from each state to the next of either site.
///
/// Where an update grows with either site ([`TwoSites::keeps_order`](super::TwoSites::keeps_order)), chains under one
/// noise keep their order, and all of them stay between those from the two corners. As long as these differ, g does, by
/// 1 at least. So P(they differ after n steps), which bounds the distance of any two chains, is at most E(g_upper -
/// g_lower), and a perturbation counts the sum of these over n: the difference of h at the start.
///
/// h is sought from h - Ph = n_a + n_b - ⟨n_a + n_b⟩, and divided by the least growth of its g. `None` if that stays
/// below a half.
pub fn condition(rows: &Rows, law: &JointLaw) -> Option<f64> {
    let f: Vec<f64> = (0..SITE * SITE).map(|i| f64::from(level(i / SITE) + level(i % SITE))).collect();
    let average: f64 = f.iter().zip(law.masses()).map(|(f, p)| f * p).sum();
    let inner = Inner(law.masses().iter().map(|p| p.abs() + 1e-4).collect());
    let mut h = vec![0.0; f.len()];
    let mut left: Vec<f64> = f.iter().map(|f| f - average).collect();
    for _ in 0..RESTARTS {
        let (more, _) = krylov::solve(|h| rows.expect(h), &inner, &left, POWERS, 1e-4);
        h.iter_mut().zip(more).for_each(|(h, more)| *h += more);
        let g: Vec<f64> = rows.expect(&h).iter().zip(&h).map(|(after, h)| h - after).collect();
        // h is symmetric in its sites, and so is g.
        let growth = (SITE..SITE * SITE).map(|i| g[i] - g[i - SITE]).fold(f64::INFINITY, f64::min);
        if growth >= 0.5 {
            return Some((h[h.len() - 1] - h[0]) / growth);
        }
        left = (0..f.len()).map(|i| f[i] - average - g[i]).collect();
    }
    None
}
