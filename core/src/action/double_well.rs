//! The one-site double well `S = -a x²/2 + c x⁴/24`, minima at x = ±√(6a/c), barrier 3a²/(2c).

use super::phi4::Phi4;
use crate::error::Error;

/// `S = -a x²/2 + c x⁴/24`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DoubleWell {
    /// Depth parameter a > 0.
    pub a: f64,
    /// Quartic parameter c > 0.
    pub c: f64,
}

impl DoubleWell {
    /// A double well.
    ///
    /// # Errors
    ///
    /// Parameters that are not positive and finite.
    pub fn new(a: f64, c: f64) -> Result<Self, Error> {
        for (what, value) in [("a", a), ("c", c)] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(Error::Domain { what, value, want: "positive and finite" });
            }
        }
        Ok(Self { a, c })
    }

    /// The action: κ = 0, b = -a/2, λ = c/24.
    pub const fn action(self) -> Phi4 {
        Phi4::new(0.0, -0.5 * self.a, self.c / 24.0)
    }
}
