//! Everything that determines a chain but its number.

use crate::{ArithKind, Extents, IntegratorKind, NoiseKind, Phi4, TheoryKind};

/// Everything that determines a chain but its number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setup {
    /// Extents, slowest first; none for a single site.
    pub extents: Extents,
    /// The action.
    pub couplings: Phi4,
    /// Step size ε asked for.
    pub eps: f64,
    /// Number type.
    pub arith: ArithKind,
    /// Integrator.
    pub integrator: IntegratorKind,
    /// Distribution of the noise.
    pub noise: NoiseKind,
    /// Seed.
    pub seed: u64,
}

impl Setup {
    /// The theory.
    pub const fn theory(&self) -> TheoryKind {
        TheoryKind::Phi4
    }

    /// Number of sites; one more than [`MAX_SITES`](crate::MAX_SITES) where the extents make no lattice.
    pub fn volume(&self) -> usize {
        self.extents.volume().unwrap_or(crate::MAX_SITES + 1)
    }

    /// A power of two near the largest field that e^{-S} visits: a start field of this width suits any scale of the
    /// field. At most 1 in fixed point, which its range holds.
    pub fn unit(&self) -> f64 {
        let unit = self.couplings.unit(self.extents.dims());
        if self.arith.fixed() { unit.min(1.0) } else { unit }
    }
}
