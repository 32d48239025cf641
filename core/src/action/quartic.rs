//! The drift of `S = Σ_x [ -κ φ_x Σ_nbr φ + b φ_x² + λ φ_x⁴ ]`: hardware twin `rtl/sq_action_quartic.sv`.
//!
//! ```text
//! εK = k_n·Σ_nbr φ + φ·d,   d = k_a - k_c·φ²,   k_n = 2κε,  k_a = -2bε,  k_c = 4λε
//! ```
//!
//! φ⁴ theory, the free field and the double well are this one drift. `d` is even in φ, so φ → -φ is exact up to the
//! ties of the last rounding.

use super::Drift;
use crate::arith::{Arith, exponent, power_of_two};
use crate::error::Error;
use crate::math::sqrt;

/// Quantised coefficients of the quartic drift.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuarticDrift<A: Arith> {
    /// k_n = 2κε.
    pub hop: A::Gain,
    /// k_a = -2bε.
    pub linear: A::Slope,
    /// k_c = 4λε.
    pub cubic: A::Gain,
}

impl<A: Arith> Drift<A> for QuarticDrift<A> {
    #[inline(always)]
    fn drift(&self, _x: usize, phi: A, sum: A::Sum, clipped: &mut u32) -> A::Wide {
        let d = A::factor(A::bend(self.linear, self.cubic, phi.square()), clipped);
        A::mul_sum(self.hop, sum) + phi.mul_factor(d)
    }
}

/// κ, b, λ of the quartic family.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quartic {
    /// Hopping κ.
    pub kappa: f64,
    /// Quadratic coupling b.
    pub b: f64,
    /// Quartic coupling λ.
    pub lambda: f64,
}

/// Action per site, above the minimum, of a uniform field that no run will ever see (e^-32 = 1.3e-14): up to there a step
/// must be stable. A single site pays more than a site of the uniform field.
const COST_STABLE: f64 = 32.0;

/// The same for the even factor: beyond, it saturates. That does no harm but to weaken the drift, and is counted.
const COST_FACTOR: f64 = 20.0;

/// Action per site, above the minimum, of the uniform field R that sets the [unit](Quartic::unit) of the field. A field beyond R has a
/// probability of about e^-14 = 8e-7; up to R, the running sums of single precision take φ⁴.
const COST_UNIT: f64 = 14.0;

/// Least action per site, above the minimum, of a uniform field at the end of the range. Saturations are counted, so
/// this refuses only the plainly wrong choice.
const COST_RANGE: f64 = 8.0;

impl Quartic {
    /// Whether e^{-S} can be normalised.
    ///
    /// # Errors
    ///
    /// Couplings that are not finite, and those of which e^{-S} has no norm.
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
    fn cost(&self, phi: f64, dims: usize) -> f64 {
        let mass = self.b - 2.0 * dims as f64 * self.kappa.abs();
        let square = phi * phi;
        let minimum = if mass < 0.0 { -mass * mass / (4.0 * self.lambda) } else { 0.0 };
        mass * square + self.lambda * square * square - minimum
    }

    /// |φ| at which [`cost`](Self::cost) reaches `cost`.
    fn reach(&self, cost: f64, dims: usize) -> f64 {
        let mass = self.b - 2.0 * dims as f64 * self.kappa.abs();
        if self.lambda == 0.0 {
            return sqrt(cost / mass);
        }
        // m x + λ x² = c + minimum for x = φ². With m < 0 the minimum -m²/4λ completes the square: x = (√(4λc) - m)/2λ.
        let root =
            if mass < 0.0 { sqrt(4.0 * self.lambda * cost) } else { sqrt(mass * mass + 4.0 * self.lambda * cost) };
        sqrt((root - mass) / (2.0 * self.lambda))
    }

    /// Quantises the drift for one step ε in `dims` dimensions.
    ///
    /// # Errors
    ///
    /// Those of [`validate`](Self::validate), a coefficient that does not fit the format, and a field whose range is
    /// too small.
    pub fn drift<A: Arith>(&self, eps: f64, dims: usize) -> Result<QuarticDrift<A>, Error> {
        self.validate(dims)?;
        let gain = |what, value: f64| {
            A::gain(value).ok_or(Error::Unrepresentable { what, value, limit: A::GAIN_MAX, format: A::NAME })
        };
        let linear = -2.0 * self.b * eps;
        let drift = QuarticDrift {
            hop: gain("2 kappa eps", 2.0 * self.kappa * eps)?,
            linear: A::slope(linear).ok_or(Error::Unrepresentable {
                what: "2 b eps",
                value: -linear,
                limit: A::FACTOR_MAX,
                format: A::NAME,
            })?,
            cubic: gain("4 lambda eps", 4.0 * self.lambda * eps)?,
        };
        // The quantised action decides: a λ that rounds to 0 must not turn a broken phase unbounded.
        let actual = self.quantised::<A>(&drift, eps);
        actual.validate(dims).map_err(|_| Error::Vanishing {
            what: "4 lambda eps",
            value: 4.0 * self.lambda * eps,
            format: A::NAME,
        })?;
        if A::FIELD_LSB > 0.0 {
            let cost = actual.cost(A::FIELD_MAX, dims);
            if cost < COST_RANGE {
                return Err(Error::FieldRange { max: A::FIELD_MAX, cost, format: A::NAME });
            }
        }
        Ok(drift)
    }

    /// The power of two u with 2^7 ≤ (R/u)⁴ < 2^11, where R is the uniform field that costs [`COST_UNIT`] a site; up to 2^5 times less where
    /// that mode is so soft that the couplings of a site are large in this unit, and the rounding of a tally with them: (R/u)⁴ stays
    /// below the 2^31 at which a tally clips.
    ///
    /// Couplings of the field in other units, (κ, b, λ) → (κs², bs², λs⁴) with s a power of two, have the unit u/s: MALA then makes the same
    /// decisions, to the bit.
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

    /// κ, b and λ of the field in units of u.
    pub fn in_units(&self, unit: f64) -> Self {
        let square = unit * unit;
        Self { kappa: self.kappa * square, b: self.b * square, lambda: self.lambda * square * square }
    }

    /// Linear stability of φ' = φ - ε S'(φ) for the fastest mode, up to the largest field that any run will see; in
    /// fixed point, the even factor must not saturate before.
    ///
    /// # Errors
    ///
    /// A step that is too large, with the largest one that is not.
    pub fn check_step<A: Arith>(&self, drift: &QuarticDrift<A>, eps: f64, dims: usize) -> Result<(), Error> {
        let stable = self.reach(COST_STABLE, dims);
        let stiffness = 2.0 * self.b + 4.0 * self.lambda * stable * stable + 4.0 * dims as f64 * self.kappa.abs();
        if eps * stiffness >= 2.0 {
            return Err(Error::Unstable { eps, limit: 2.0 / stiffness });
        }
        if A::FIELD_LSB > 0.0 {
            // d = k_a - k_c φ² reaches -FACTOR_MAX here; beyond, the drift is weaker than that of the action.
            let square = (A::FACTOR_MAX + A::slope_value(drift.linear)) / A::gain_value(drift.cubic);
            let reach = self.reach(COST_FACTOR, dims);
            if square < reach * reach {
                return Err(Error::FactorRange { phi: sqrt(square), reach, format: A::NAME });
            }
        }
        Ok(())
    }

    /// The couplings whose drift is exactly these coefficients at step ε. Without a quartic term the even factor is a constant, and b that of
    /// the factor as it is rounded.
    pub fn quantised<A: Arith>(&self, drift: &QuarticDrift<A>, eps: f64) -> Self {
        let lambda = A::gain_value(drift.cubic) / (4.0 * eps);
        let factor = if lambda == 0.0 {
            // 1·d: one is a field value in every format.
            A::wide_value(A::nearest(1.0).mul_factor(A::factor(drift.linear, &mut 0)))
        } else {
            A::slope_value(drift.linear)
        };
        Self { kappa: A::gain_value(drift.hop) / (2.0 * eps), b: -factor / (2.0 * eps), lambda }
    }
}
