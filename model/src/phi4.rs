//! φ⁴ theory.
//!
//! κ-form: `S = Σ_x [ -2κ Σ_μ φ_x φ_{x+μ} + (1-2λ) φ_x² + λ φ_x⁴ ]`. Canonical form: `½(∂φ)² + ½ μ₀² φ² + (g/4) φ⁴`,
//! with φ_can = √(2κ) φ_κ, μ₀² = (1-2λ)/κ - 2D, g = λ/κ². (Montvay, Münster, *Quantum Fields on a Lattice*, section
//! 2.1, where the canonical quartic coupling is written g/4!.)

use libm::sqrt;

use crate::binary::{exponent, power_of_two};
use crate::error::Error;

/// Action per site, above the minimum, of the uniform field R that sets the [unit](Phi4::unit) of the field. A field
/// beyond R has a probability of about e^-14 = 8e-7; up to R, the running sums of single precision take φ⁴.
const COST_UNIT: f64 = 14.0;

/// `S = Σ_x [ -2κ Σ_μ φ_x φ_{x+μ} + b φ_x² + λ φ_x⁴ ]` on a periodic lattice (μ runs over the forward directions).
///
/// The usual κ-form has `b = 1 - 2λ`. A periodic extent of 1 makes a site its own neighbour (forward and backward),
/// an extent of 2 counts each bond twice. A lattice of zero dimensions has no bonds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Phi4 {
    /// Hopping parameter κ.
    pub kappa: f64,
    /// Quadratic coupling b.
    pub b: f64,
    /// Quartic coupling λ ≥ 0.
    pub lambda: f64,
}

impl Phi4 {
    /// General couplings. Whether e^{-S} is normalisable depends on the dimension: see [`validate`](Self::validate).
    pub const fn new(kappa: f64, b: f64, lambda: f64) -> Self {
        Self { kappa, b, lambda }
    }

    /// κ-form, b = 1 - 2λ.
    pub const fn kappa_form(kappa: f64, lambda: f64) -> Self {
        Self::new(kappa, 1.0 - 2.0 * lambda, lambda)
    }

    /// Canonical form in `dims` dimensions, in its own field normalisation: κ = ½, b = D + μ₀²/2, λ = g/4 (κ = 0 on a
    /// single site).
    pub const fn canonical(mu2: f64, g: f64, dims: usize) -> Self {
        let kappa = if dims == 0 { 0.0 } else { 0.5 };
        Self::new(kappa, dims as f64 + 0.5 * mu2, 0.25 * g)
    }

    /// The free field `S = Σ_x ½ φ (-∂² + m²) φ`: modes λ_k = m² + Σ_μ (2 - 2 cos k_μ). The stationary distribution of
    /// every integrator is then known in closed form, at any step size.
    ///
    /// # Errors
    ///
    /// [`Error::Domain`] unless m² is positive and finite.
    pub fn free_field(mass2: f64, dims: usize) -> Result<Self, Error> {
        positive("mass2", mass2)?;
        Ok(Self::canonical(mass2, 0.0, dims))
    }

    /// The double well of one site, `S = -a φ²/2 + c φ⁴/24`: minima at ±√(6a/c), barrier 3a²/(2c).
    ///
    /// # Errors
    ///
    /// [`Error::Domain`] unless a and c are positive and finite.
    pub fn double_well(a: f64, c: f64) -> Result<Self, Error> {
        positive("a", a)?;
        positive("c", c)?;
        Ok(Self::new(0.0, -0.5 * a, c / 24.0))
    }

    /// (κ, λ) of the κ-form of a canonical action with g > 0: κ is the positive root of 2gκ² + (μ₀² + 2D)κ - 1 = 0, and
    /// λ = gκ².
    ///
    /// # Errors
    ///
    /// [`Error::Domain`] unless g is positive and finite.
    pub fn kappa_of_canonical(mu2: f64, g: f64, dims: usize) -> Result<(f64, f64), Error> {
        positive("g", g)?;
        let a = mu2 + 2.0 * dims as f64;
        // 2/(a + √(a² + 8g)) for a ≥ 0, and its conjugate otherwise: no cancellation either way.
        let root = sqrt(a * a + 8.0 * g);
        let kappa = if a >= 0.0 { 2.0 / (a + root) } else { (root - a) / (4.0 * g) };
        Ok((kappa, g * kappa * kappa))
    }

    /// (μ₀², g) of the canonical form of a κ-form action.
    pub fn canonical_of_kappa(kappa: f64, lambda: f64, dims: usize) -> (f64, f64) {
        ((1.0 - 2.0 * lambda) / kappa - 2.0 * dims as f64, lambda / (kappa * kappa))
    }

    /// Refuses couplings without a normalisable e^{-S} on a large lattice.
    ///
    /// # Errors
    ///
    /// [`Error::Domain`] where a coupling is not finite or λ < 0, [`Error::Unbounded`] where λ = 0 and a mode has no
    /// restoring force.
    pub fn validate(&self, dims: usize) -> Result<(), Error> {
        for (what, value) in [("kappa", self.kappa), ("b", self.b), ("lambda", self.lambda)] {
            if !value.is_finite() {
                return Err(Error::Domain { what, value, want: "finite" });
            }
        }
        if self.lambda < 0.0 {
            return Err(Error::Domain { what: "lambda", value: self.lambda, want: "at least 0" });
        }
        // λ_k = 2b - 4κ Σ_μ cos k_μ, smallest at k = 0 (κ > 0) or at the corner of the zone (κ < 0).
        if self.lambda == 0.0 && self.b <= 2.0 * dims as f64 * self.kappa.abs() {
            return Err(Error::Unbounded { what: "without a quartic term, b must exceed 2·dims·|kappa|" });
        }
        Ok(())
    }

    /// Action a site of a uniform (κ > 0) or staggered (κ < 0) field, above its minimum.
    pub fn cost(&self, phi: f64, dims: usize) -> f64 {
        let mass = self.softest(dims);
        let square = phi * phi;
        let minimum = if mass < 0.0 { -mass * mass / (4.0 * self.lambda) } else { 0.0 };
        mass * square + self.lambda * square * square - minimum
    }

    /// |φ| at which [`cost`](Self::cost) reaches `cost` ≥ 0, for couplings that [`validate`](Self::validate) accepts.
    pub fn reach(&self, cost: f64, dims: usize) -> f64 {
        let mass = self.softest(dims);
        if self.lambda == 0.0 {
            return sqrt(cost / mass);
        }
        // m x + λ x² = c + minimum for x = φ². With m < 0 the minimum -m²/4λ completes the square: x = (√(4λc) - m)/2λ.
        let root =
            if mass < 0.0 { sqrt(4.0 * self.lambda * cost) } else { sqrt(mass * mass + 4.0 * self.lambda * cost) };
        sqrt((root - mass) / (2.0 * self.lambda))
    }

    /// Half the smallest λ_k of the quadratic part.
    fn softest(&self, dims: usize) -> f64 {
        self.b - 2.0 * dims as f64 * self.kappa.abs()
    }

    /// The power of two u with 2^7 ≤ (R/u)⁴ < 2^11, where R is the uniform field that costs [`COST_UNIT`] a site; up to
    /// 2^5 times less where that mode is so soft that the couplings of a site are large in this unit, and the rounding
    /// of a tally with them: (R/u)⁴ stays below the 2^31 at which a tally clips.
    ///
    /// Couplings of the field in other units, (κ, b, λ) → (κs², bs², λs⁴) with s a power of two, have the unit u/s:
    /// MALA then makes the same decisions, to the bit.
    pub fn unit(&self, dims: usize) -> f64 {
        let square = self.reach(COST_UNIT, dims);
        let square = square * square;
        let n = (exponent(square * square) - 7).div_euclid(4);
        let stiff = self.b.abs().max(2.0 * dims as f64 * self.kappa.abs());
        // A coupling of 2^8, times half of 2^-32: 3e-8 of the action for each site.
        let finer = ((exponent(stiff) + 2 * n - 6) >> 1).clamp(0, 5);
        // Whatever the couplings, the unit is a single-precision number, and so is its reciprocal.
        power_of_two((n - finer).clamp(-100, 100))
    }

    /// The action S' of the field in units of u, S'(φ/u) = S(φ): (κu², bu², λu⁴).
    pub fn in_units(&self, unit: f64) -> Self {
        let square = unit * unit;
        Self { kappa: self.kappa * square, b: self.b * square, lambda: self.lambda * square * square }
    }
}

fn positive(what: &'static str, value: f64) -> Result<(), Error> {
    if value > 0.0 && value.is_finite() {
        Ok(())
    } else {
        Err(Error::Domain { what, value, want: "positive and finite" })
    }
}
