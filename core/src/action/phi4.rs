//! φ⁴ theory.
//!
//! κ-form: `S = Σ_x [ -2κ Σ_μ φ_x φ_{x+μ} + (1-2λ) φ_x² + λ φ_x⁴ ]`. Canonical form: `½(∂φ)² + ½ μ₀² φ² + (g/4) φ⁴`, with
//! φ_can = √(2κ) φ_κ, μ₀² = (1-2λ)/κ - 2D, g = λ/κ². (Montvay, Münster, *Quantum Fields on a Lattice*, section 2.1,
//! where the canonical quartic coupling is written g/4!.)

use super::Action;
use super::quartic::{Quartic, QuarticDrift};
use crate::arith::Arith;
use crate::error::Error;
use crate::math::sqrt;

/// `S = Σ_x [ -2κ Σ_μ φ_x φ_{x+μ} + b φ_x² + λ φ_x⁴ ]`, with b free.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Phi4(Quartic);

impl Phi4 {
    /// General couplings; λ ≥ 0. Whether e^{-S} is normalisable depends on the dimension and is checked with the step.
    pub const fn new(kappa: f64, b: f64, lambda: f64) -> Self {
        Self(Quartic { kappa, b, lambda })
    }

    /// κ-form, b = 1 - 2λ.
    pub const fn kappa_form(kappa: f64, lambda: f64) -> Self {
        Self::new(kappa, 1.0 - 2.0 * lambda, lambda)
    }

    /// Canonical form in `dims` dimensions, in its own field normalisation: κ = ½, b = D + μ₀²/2, λ = g/4 (κ = 0 on a single site).
    pub fn canonical(mu2: f64, g: f64, dims: usize) -> Self {
        let kappa = if dims == 0 { 0.0 } else { 0.5 };
        Self::new(kappa, dims as f64 + 0.5 * mu2, 0.25 * g)
    }

    /// κ of the κ-form of a canonical action with g > 0: the positive root of 2gκ² + (μ₀² + 2D)κ - 1 = 0; λ = gκ².
    ///
    /// # Errors
    ///
    /// A coupling g that is not positive and finite.
    pub fn kappa_of_canonical(mu2: f64, g: f64, dims: usize) -> Result<(f64, f64), Error> {
        if !(g > 0.0 && g.is_finite()) {
            return Err(Error::Domain { what: "g", value: g, want: "positive and finite" });
        }
        let a = mu2 + 2.0 * dims as f64;
        // 2/(a + √(a² + 8g)) for a ≥ 0, and its conjugate otherwise: no cancellation either way.
        let root = sqrt(a * a + 8.0 * g);
        let kappa = if a >= 0.0 { 2.0 / (a + root) } else { (root - a) / (4.0 * g) };
        Ok((kappa, g * kappa * kappa))
    }

    /// (μ₀², g) of a κ-form action.
    pub fn canonical_of_kappa(kappa: f64, lambda: f64, dims: usize) -> (f64, f64) {
        ((1.0 - 2.0 * lambda) / kappa - 2.0 * dims as f64, lambda / (kappa * kappa))
    }

    /// κ.
    pub const fn kappa(&self) -> f64 {
        self.0.kappa
    }
    /// b.
    pub const fn b(&self) -> f64 {
        self.0.b
    }
    /// λ.
    pub const fn lambda(&self) -> f64 {
        self.0.lambda
    }
}

impl From<Quartic> for Phi4 {
    fn from(couplings: Quartic) -> Self {
        Self(couplings)
    }
}

impl<A: Arith> Action<A> for Phi4 {
    type Drift = QuarticDrift<A>;
    /// φ·Σ_nbr, φ², φ⁴.
    type Terms = [A::Local; 3];

    fn drift(&self, eps: f64, dims: usize) -> Result<QuarticDrift<A>, Error> {
        self.0.drift(eps, dims)
    }

    fn check_step(&self, drift: &QuarticDrift<A>, eps: f64, dims: usize) -> Result<(), Error> {
        self.0.check_step(drift, eps, dims)
    }

    fn quantised(&self, drift: &QuarticDrift<A>, eps: f64) -> Self {
        Self(self.0.quantised(drift, eps))
    }

    #[inline(always)]
    fn terms(&self, phi: A, sum: A::Sum) -> [A::Local; 3] {
        [phi.local_product(sum), phi.local_square(), phi.local_fourth()]
    }

    fn couplings(&self) -> [f64; 3] {
        // Each bond is seen from both ends: -2κ Σ_bonds = -κ Σ_x φ_x Σ_nbr.
        [-self.0.kappa, self.0.b, self.0.lambda]
    }

    fn unit(&self, dims: usize) -> f64 {
        self.0.unit(dims)
    }

    fn in_units(&self, unit: f64) -> Self {
        Self(self.0.in_units(unit))
    }

    #[inline(always)]
    fn force(&self, phi: f64, sum: f64) -> f64 {
        2.0 * self.0.kappa * sum - 2.0 * self.0.b * phi - 4.0 * self.0.lambda * phi * phi * phi
    }

    #[inline(always)]
    fn curvature(&self, phi: f64, self_bonds: usize) -> f64 {
        // -2κ φ_x² for every direction that leads back to x.
        2.0 * self.0.b + 12.0 * self.0.lambda * phi * phi - 4.0 * self.0.kappa * self_bonds as f64
    }
}
