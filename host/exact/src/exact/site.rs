//! One site: S = b x² + λ x⁴.

use crate::estimate::{Estimate, Observable, Observables};
use stoquant_model::Phi4;

use super::quadrature::{Rule, range};
use super::{Error, validate};

/// Panels at most, and the disagreement that is then still taken for rounding.
const MOST_PANELS: usize = 1 << 13;
const ROUNDING: f64 = 1e-10;

/// The potential of one site, S(x) = b x² + λ x⁴. The field-theory notation ½μ² x² + ¼g x⁴ is b = μ²/2, λ = g/4.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SitePotential {
    /// Quadratic coupling b.
    pub b: f64,
    /// Quartic coupling λ.
    pub lambda: f64,
}

impl SitePotential {
    /// S(x).
    pub fn action(&self, x: f64) -> f64 {
        x * x * (self.b + self.lambda * x * x)
    }

    /// S'(x): minus the drift.
    pub fn slope(&self, x: f64) -> f64 {
        x * (2.0 * self.b + 4.0 * self.lambda * x * x)
    }

    /// S''(x).
    pub fn curvature(&self, x: f64) -> f64 {
        2.0 * self.b + 12.0 * self.lambda * x * x
    }

    /// S(x) above its minimum. Around the wells, λ(x² - x_w²)² keeps the accuracy that the difference would lose.
    pub fn height(&self, x: f64) -> f64 {
        if self.b < 0.0 { self.lambda * (x * x + self.b / (2.0 * self.lambda)).powi(2) } else { self.action(x) }
    }

    /// The least value of S.
    pub fn minimum(&self) -> f64 {
        if self.b < 0.0 { -self.b * self.b / (4.0 * self.lambda) } else { 0.0 }
    }
}

/// The law e^{-S}/Z of one site: density, distribution function and averages.
///
/// Composite Gauss–Legendre quadrature with 20 nodes per panel on [0, X] and its mirror image; S(X) is 60 above its
/// minimum, so the mass outside is below 1e-25. The panels are halved until the moments agree to rounding.
#[derive(Clone, Debug)]
pub struct SiteLaw {
    potential: SitePotential,
    half_width: f64,
    /// Z e^{min S}.
    norm: f64,
    panels: usize,
    /// Unnormalised mass of [0, edge_i].
    cumulated: Vec<f64>,
    rule: Rule,
}

impl SiteLaw {
    /// The law of S = b x² + λ x⁴.
    pub fn new(b: f64, lambda: f64) -> Result<Self, Error> {
        validate(&[], &Phi4 { kappa: 0.0, b, lambda })?;
        let potential = SitePotential { b, lambda };
        let mut law = Self {
            potential,
            half_width: range(b, lambda, 60.0),
            norm: 1.0,
            panels: 4,
            cumulated: Vec::new(),
            rule: Rule::legendre(20),
        };
        let sixth = |law: &Self, panels| law.half_line(panels, law.half_width, &|x| x.powi(6));
        loop {
            let (coarse, fine) = (sixth(&law, law.panels), sixth(&law, 2 * law.panels));
            let error = (coarse / fine - 1.0).abs();
            law.panels *= 2;
            if error < 1e-14 || (law.panels == MOST_PANELS && error < ROUNDING) {
                break;
            }
            // Not a number: e^{-S} is so wide or narrow that its moments overflow.
            if law.panels == MOST_PANELS || !error.is_finite() {
                return Err(Error::NotConverged { what: "one-site quadrature", error, tolerance: ROUNDING });
            }
        }
        let cell = law.half_width / law.panels as f64;
        law.cumulated = (0..law.panels)
            .scan(0.0, |sum, i| {
                let before = *sum;
                *sum += law.panel(i as f64 * cell, (i + 1) as f64 * cell, &|_| 1.0);
                Some(before)
            })
            .collect();
        law.norm = 2.0 * law.half_line(law.panels, law.half_width, &|_| 1.0);
        Ok(law)
    }

    /// e^{-S(x)}/Z.
    pub fn density(&self, x: f64) -> f64 {
        self.weight(x) / self.norm
    }

    /// P(X ≤ x), absolute error about 1e-15.
    pub fn cdf(&self, x: f64) -> f64 {
        let cell = self.half_width / self.panels as f64;
        let distance = x.abs().min(self.half_width);
        let i = ((distance / cell) as usize).min(self.panels - 1);
        let mass = self.cumulated[i] + self.panel(i as f64 * cell, distance, &|_| 1.0);
        0.5 + (mass / self.norm).copysign(x)
    }

    /// ⟨f(x)⟩ for f smooth but for a kink or a step at 0; the error bound compares two panel widths.
    pub fn mean(&self, f: impl Fn(f64) -> f64) -> Estimate {
        let both = |x: f64| f(x) + f(-x);
        let fine = self.half_line(self.panels, self.half_width, &both) / self.norm;
        let coarse = self.half_line(self.panels / 2, self.half_width, &both) / self.norm;
        let size = self.half_line(self.panels, self.half_width, &|x| f(x).abs() + f(-x).abs()) / self.norm;
        // Sums of a few hundred terms of relative error 1e-16 each: 1e-15 of the absolute mean.
        Estimate::new(fine, (fine - coarse).abs() + 1e-15 * size)
    }

    /// e^{-S(x)} scaled to a maximum of 1.
    fn weight(&self, x: f64) -> f64 {
        (-self.potential.height(x)).exp()
    }

    fn panel(&self, from: f64, to: f64, f: &dyn Fn(f64) -> f64) -> f64 {
        let (middle, half) = (0.5 * (from + to), 0.5 * (to - from));
        half * self.rule.integrate(|u| {
            let x = middle + half * u;
            f(x) * self.weight(x)
        })
    }

    fn half_line(&self, panels: usize, to: f64, f: &dyn Fn(f64) -> f64) -> f64 {
        let cell = to / panels as f64;
        (0..panels).map(|i| self.panel(i as f64 * cell, (i + 1) as f64 * cell, f)).sum()
    }
}

/// Every observable of one site with S = b x² + λ x⁴; a lattice of one site and no bonds, so M = x and χ = ⟨x²⟩.
/// Relative error about 1e-14. [`Observable::SchwingerDyson`] and [`Observable::ConfigTemperature`] are computed, not
/// known.
pub fn site(b: f64, lambda: f64) -> Result<Observables, Error> {
    let law = SiteLaw::new(b, lambda)?;
    let s = law.potential;
    let (phi2, phi4) = (law.mean(|x| x * x), law.mean(|x| x.powi(4)));
    let (slope2, curvature) = (law.mean(|x| s.slope(x).powi(2)), law.mean(|x| s.curvature(x)));
    Ok(Observables::from([
        (Observable::Phi2, phi2),
        (Observable::Phi4, phi4),
        (Observable::AbsM, law.mean(f64::abs)),
        (Observable::M2, phi2),
        (Observable::M4, phi4),
        (Observable::U4, binder(phi2, phi4)),
        (Observable::Chi, phi2),
        (Observable::ActionDensity, law.mean(|x| s.action(x))),
        (Observable::SchwingerDyson, law.mean(|x| x * s.slope(x))),
        (Observable::ConfigTemperature, ratio(slope2, curvature)),
    ]))
}

/// a/b with the errors added.
fn ratio(a: Estimate, b: Estimate) -> Estimate {
    let value = a.value / b.value;
    Estimate::new(value, (a.error + value.abs() * b.error) / b.value.abs())
}

/// 1 - m4/(3 m2²) with the errors added.
fn binder(m2: Estimate, m4: Estimate) -> Estimate {
    let part = m4.value / (3.0 * m2.value * m2.value);
    Estimate::new(1.0 - part, part * (m4.error / m4.value + 2.0 * m2.error / m2.value))
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    /// Half a unit of the last digit of the published numbers (15 significant digits).
    fn last_digit(value: f64) -> f64 {
        0.6 * 10f64.powf(value.log10().floor() - 14.0)
    }

    #[test]
    fn reference_values() {
        for (b, lambda, phi2, phi4, abs) in [
            (0.5, 0.25, 0.467919916973665, 0.532080083026335, 0.563898179395850),
            (-0.5, 0.4 / 24.0, 13.6730337538957, 220.095506308435, 3.59133165018290),
            (0.956, 0.022, 0.490937139822496, 0.696911234765761, 0.561765171551877),
        ] {
            let table = site(b, lambda).unwrap();
            for (o, exact) in [(Observable::Phi2, phi2), (Observable::Phi4, phi4), (Observable::AbsM, abs)] {
                let e = table[&o];
                assert!((e.value - exact).abs() < last_digit(exact) + e.error, "{o:?} {e:?} {exact}");
                assert!(e.error < 1e-14 * exact, "{o:?} {e:?}");
            }
            for o in [Observable::SchwingerDyson, Observable::ConfigTemperature] {
                // Exactly 1 by partial integration; the double well loses a digit to cancellation.
                assert!((table[&o].value - 1.0).abs() <= 5e-14, "{o:?} {:?}", table[&o]);
            }
        }
    }

    #[test]
    fn gaussian_closed_forms() {
        let table = site(0.5, 0.0).unwrap();
        for (o, exact) in [
            (Observable::Phi2, 1.0),
            (Observable::Phi4, 3.0),
            (Observable::AbsM, (2.0 / PI).sqrt()),
            (Observable::U4, 0.0),
        ] {
            assert!((table[&o].value - exact).abs() <= table[&o].error, "{o:?} {:?}", table[&o]);
        }
    }

    #[test]
    fn density_integrates_to_the_distribution_function() {
        for (b, lambda) in [(0.5, 0.25), (-4.0, 0.5), (-0.5, 0.4 / 24.0)] {
            let law = SiteLaw::new(b, lambda).unwrap();
            let rule = Rule::legendre(40);
            for (from, to) in [(-1.5, -0.4), (-0.3, 0.9), (0.2, 2.0)] {
                let (middle, half) = (0.5 * (from + to), 0.5 * (to - from));
                let mass = half * rule.integrate(|u| law.density(middle + half * u));
                assert!((law.cdf(to) - law.cdf(from) - mass).abs() < 4e-15, "[{from}, {to}]");
            }
            assert!((law.cdf(1e9) - 1.0).abs() < 4e-16 && law.cdf(-1e9).abs() < 4e-16 && law.cdf(0.0) == 0.5);
            // An odd average vanishes, a step counts the right half.
            assert_eq!(law.mean(|x| x * x * x).value, 0.0);
            assert!((law.mean(|x| if x > 0.0 { 1.0 } else { 0.0 }).value - 0.5).abs() < 1e-15);
        }
    }

    #[test]
    fn bad_input_is_named() {
        assert!(site(0.5, -1.0).unwrap_err().to_string().starts_with("lambda = -1: must be"));
        assert!(site(f64::NAN, 1.0).unwrap_err().to_string().starts_with("b = NaN"));
        assert!(site(0.0, 0.0).unwrap_err().to_string().contains("b > 0"));
        assert!(matches!(site(1e-300, 0.0), Err(Error::NotConverged { .. })));
    }
}
