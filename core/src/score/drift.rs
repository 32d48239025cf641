//! A score as the drift of the Langevin equation.

use crate::action::Drift;
use crate::arith::Arith;

/// ε·K at every site, computed beforehand: any integrator then moves a field by a score as it does by an action.
///
/// With q·∇ ln p_σ here and √q as its noise amplitude (so q = 2ε), one Euler step is one Euler–Maruyama step of the
/// reversed variance-exploding process, q = g²dt: stochastic quantisation whose action changes with σ, at twice the
/// force.
#[derive(Clone, Copy, Debug)]
pub struct FieldDrift<'a, A: Arith>(pub &'a [A::Wide]);

impl<A: Arith> Drift<A> for FieldDrift<'_, A>
where
    A::Wide: Sync,
{
    /// Sites beyond the slice do not drift.
    #[inline(always)]
    fn drift(&self, x: usize, _phi: A, _sum: A::Sum, _clipped: &mut u32) -> A::Wide {
        self.0.get(x).copied().unwrap_or_default()
    }
}
