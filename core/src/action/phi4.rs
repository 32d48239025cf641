//! φ⁴ theory as an action of the core; couplings and forms of the literature: [`stoquant_model::phi4`].

pub use stoquant_model::Phi4;

use super::Action;
use super::quartic::QuarticDrift;
use crate::arith::Arith;
use crate::error::Error;
use crate::math::sqrt;

/// Action per site, above the minimum, of a uniform field that no run will ever see (e^-32 = 1.3e-14): up to there a
/// step must be stable. A single site pays more than a site of the uniform field.
const COST_STABLE: f64 = 32.0;

/// Action per site, above the minimum, of a uniform field at which the even factor may saturate. A saturated factor
/// weakens the drift, and is counted.
const COST_FACTOR: f64 = 20.0;

/// Least action per site, above the minimum, of a uniform field at the end of the range. Saturations are counted, so
/// this refuses only the plainly wrong choice.
const COST_RANGE: f64 = 8.0;

impl<A: Arith> Action<A> for Phi4 {
    type Drift = QuarticDrift<A>;
    /// φ·Σ_nbr, φ², φ⁴.
    type Terms = [A::Local; 3];

    /// Quantise the drift for one step ε in `dims` dimensions.
    fn drift(&self, eps: f64, dims: usize) -> Result<QuarticDrift<A>, Error> {
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
        let actual = <Self as Action<A>>::quantised(self, &drift, eps);
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

    /// Linear stability of φ' = φ - ε S'(φ) for the fastest mode, up to the largest field that any run will see; in
    /// fixed point, the even factor must not saturate before.
    fn check_step(&self, drift: &QuarticDrift<A>, eps: f64, dims: usize) -> Result<(), Error> {
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

    /// The couplings whose drift is exactly these coefficients at step ε. Without a quartic term the even factor is a
    /// constant, and b that of the factor as it is rounded.
    fn quantised(&self, drift: &QuarticDrift<A>, eps: f64) -> Self {
        let lambda = A::gain_value(drift.cubic) / (4.0 * eps);
        let factor = if lambda == 0.0 {
            // 1·d: one is a field value in every format.
            A::wide_value(A::nearest(1.0).mul_factor(A::factor(drift.linear, &mut 0)))
        } else {
            A::slope_value(drift.linear)
        };
        Self { kappa: A::gain_value(drift.hop) / (2.0 * eps), b: -factor / (2.0 * eps), lambda }
    }

    #[inline(always)]
    fn terms(&self, phi: A, sum: A::Sum) -> [A::Local; 3] {
        [phi.local_product(sum), phi.local_square(), phi.local_fourth()]
    }

    fn couplings(&self) -> [f64; 3] {
        // Each bond is seen from both ends: -2κ Σ_bonds = -κ Σ_x φ_x Σ_nbr.
        [-self.kappa, self.b, self.lambda]
    }

    fn unit(&self, dims: usize) -> f64 {
        Self::unit(self, dims)
    }

    fn in_units(&self, unit: f64) -> Self {
        Self::in_units(self, unit)
    }

    #[inline(always)]
    fn force(&self, phi: f64, sum: f64) -> f64 {
        2.0 * self.kappa * sum - 2.0 * self.b * phi - 4.0 * self.lambda * phi * phi * phi
    }

    #[inline(always)]
    fn curvature(&self, phi: f64, self_bonds: usize) -> f64 {
        // -2κ φ_x² for every direction that leads back to x.
        2.0 * self.b + 12.0 * self.lambda * phi * phi - 4.0 * self.kappa * self_bonds as f64
    }
}
