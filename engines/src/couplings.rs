//! The φ⁴ couplings as plain numbers, and the conversions between the forms of the literature.

use serde::{Deserialize, Serialize};

/// `S = Σ_x [ -2κ Σ_μ φ_x φ_{x+μ} + b φ_x² + λ φ_x⁴ ]` on a periodic lattice (μ runs over the forward directions).
///
/// The usual κ-form has `b = 1 - 2λ`. A periodic extent of 1 makes a site its own neighbour (forward and backward),
/// an extent of 2 counts each bond twice. A lattice of zero dimensions has no bonds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Couplings {
    /// Hopping parameter κ.
    pub kappa: f64,
    /// Quadratic coupling b.
    pub b: f64,
    /// Quartic coupling λ.
    pub lambda: f64,
}

impl Couplings {
    /// κ-form: `b = 1 - 2λ`.
    pub fn kappa_form(kappa: f64, lambda: f64) -> Self {
        Self { kappa, b: 1.0 - 2.0 * lambda, lambda }
    }

    /// Canonical form `½(∂φ)² + ½ μ₀² φ² + (g/4) φ⁴` in `dims` dimensions, written with its own field
    /// (κ = ½, b = dims + μ₀²/2, λ = g/4): no rescaling of φ.
    pub fn canonical(mu2: f64, g: f64, dims: usize) -> Self {
        let kappa = if dims == 0 { 0.0 } else { 0.5 };
        Self { kappa, b: dims as f64 + mu2 / 2.0, lambda: g / 4.0 }
    }
}
