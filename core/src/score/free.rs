//! The free field: h = 0, every sampler's linear part is its whole score.

use super::Score;
use crate::arith::Real;
use crate::machine::Machine;

/// Score of a Gaussian of any number of modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Free {
    /// Number of modes.
    pub modes: usize,
}

impl<R: Real> Score<R> for Free {
    fn modes(&self) -> usize {
        self.modes
    }
    fn work(&self) -> usize {
        0
    }
    fn remainder<const TRACE: bool, M: Machine>(
        &self,
        _machine: M,
        _stage: usize,
        _y: &[R],
        h: &mut [R],
        _work: &mut [R],
    ) -> f64 {
        h.fill(R::ZERO);
        0.0
    }
}
