//! The free field: every law of every integrator is known in closed form, at any step size.

use super::phi4::Phi4;
use crate::error::Error;

/// `S = Σ_x ½ φ (-∂² + m²) φ`: modes λ_k = m² + Σ_μ (2 - 2cos k_μ).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FreeField {
    /// Mass squared m² > 0.
    pub mass2: f64,
}

impl FreeField {
    /// A free field of mass squared m².
    ///
    /// # Errors
    ///
    /// A mass squared that is not positive and finite.
    pub fn new(mass2: f64) -> Result<Self, Error> {
        if mass2 > 0.0 && mass2.is_finite() {
            Ok(Self { mass2 })
        } else {
            Err(Error::Domain { what: "mass2", value: mass2, want: "positive and finite" })
        }
    }

    /// The action in `dims` dimensions: κ = ½, b = D + m²/2, λ = 0.
    pub fn action(self, dims: usize) -> Phi4 {
        Phi4::canonical(self.mass2, 0.0, dims)
    }
}
