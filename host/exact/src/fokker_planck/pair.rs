//! Euler–Maruyama on two coupled sites, at finite step.

use std::f64::consts::PI;
use stoquant_model::Phi4;

use nalgebra::{DMatrix, DVector};

use crate::estimate::{Estimate, Observable, Observables};
use crate::exact::Error;
use crate::exact::quadrature::range;

/// The stationary law of φ' = φ - ε∂S + √(2ε)R on a ring of two sites, S = Σ[bφ² + λφ⁴] - 4κφ₁φ₂ (an extent of two
/// counts its bond twice): the smallest lattice on which sites interact, at any ε, without expansion.
///
/// In u = (φ₁+φ₂)/√2 and v = (φ₁-φ₂)/√2 the noise is still isotropic, and the law is even in each. The transition
/// density is a Gaussian of width √(2ε) in both; on points of spacing √(2ε)/1.3 the trapezoid rule errs by
/// e^{-2π²·1.3²}, 3e-15 of it. One linear system for the law on the quarter u, v > 0.
#[derive(Clone, Debug)]
pub struct PairLaw {
    /// (u, v, probability), the four signs of (u, v) together.
    points: Vec<(f64, f64, f64)>,
    /// Probability of leaving the grid in a step.
    escape: f64,
}

impl PairLaw {
    /// The law at step `eps` for noise of a `variance` near 1, `rounding` being added in each step (Δ²/12 in fixed
    /// point).
    pub fn new(c: &Phi4, eps: f64, variance: f64, rounding: f64) -> Result<Self, Error> {
        let Phi4 { kappa, b, lambda } = *c;
        if !(eps > 0.0 && eps.is_finite()) {
            return Err(Error::Parameter { name: "eps", value: eps, expected: "positive and finite" });
        }
        if !(lambda > 0.0 || b > 2.0 * kappa.abs()) {
            return Err(Error::Parameter { name: "lambda", value: lambda, expected: "positive, or b > 2|kappa|" });
        }
        let variance = 2.0 * eps * variance + rounding;
        let spacing = variance.sqrt() / 1.3;
        // On the axes S is (b ∓ 2κ)u² + ½λu⁴.
        let axis = |b: f64| (range(b, 0.5 * lambda, 60.0) / spacing).ceil() as usize;
        let (nu, nv) = (axis(b - 2.0 * kappa), axis(b + 2.0 * kappa));
        let n = nu * nv;
        let place = |i: usize| ((i / nv) as f64 + 0.5, (i % nv) as f64 + 0.5);
        let gauss = |x: f64| (-0.5 * x * x / variance).exp() * spacing / (2.0 * PI * variance).sqrt();

        // (1 - T)p = 0, one equation replaced by Σp = 1.
        let mut system = DMatrix::<f64>::identity(n, n);
        let mut stays = Vec::with_capacity(n);
        for from in 0..n {
            let (u, v) = (place(from).0 * spacing, place(from).1 * spacing);
            let root = 0.5_f64.sqrt();
            let (x, y) = (root * (u + v), root * (u - v));
            let force = |x: f64, y: f64| x * (2.0 * b + 4.0 * lambda * x * x) - 4.0 * kappa * y;
            let (gu, gv) = (u - eps * root * (force(x, y) + force(y, x)), v - eps * root * (force(x, y) - force(y, x)));
            // From (u, v) to ±u', ±v': all images of the target.
            let image = |g: f64, k: usize| {
                let to = (k as f64 + 0.5) * spacing;
                gauss(to - g) + gauss(to + g)
            };
            let (to_u, to_v): (Vec<_>, Vec<_>) =
                ((0..nu).map(|k| image(gu, k)).collect(), (0..nv).map(|k| image(gv, k)).collect());
            stays.push(to_u.iter().sum::<f64>() * to_v.iter().sum::<f64>());
            for to in 0..n {
                system[(to, from)] -= to_u[to / nv] * to_v[to % nv];
            }
        }
        system.row_mut(0).fill(1.0);
        let mut right = DVector::zeros(n);
        right[0] = 1.0;
        let law = system.lu().solve(&right).filter(|law| law.iter().all(|p| p.is_finite()));
        let law = law.ok_or(Error::NotConverged { what: "law of two sites", error: f64::NAN, tolerance: 0.0 })?;
        let escape = (0..n).map(|i| law[i].abs() * (1.0 - stays[i])).sum::<f64>().abs();
        let points = (0..n).map(|i| (place(i).0 * spacing, place(i).1 * spacing, law[i])).collect();
        Ok(Self { points, escape })
    }

    /// ⟨φ²⟩, ⟨φ⁴⟩, ⟨φφ'⟩ and ⟨M²⟩. Error: a thousand times the probability of leaving the grid in a step (the law
    /// forgets in 1/ε steps, and φ⁴ at the edge is some hundred times its mean), and 1e-12 for the solution of the
    /// system.
    pub fn observables(&self) -> Observables {
        let mean = |f: &dyn Fn(f64, f64) -> f64| self.points.iter().map(|&(u, v, p)| p * f(u, v)).sum::<f64>();
        let known = |o, value: f64| (o, Estimate::new(value, 1e3 * self.escape + 1e-12));
        Observables::from([
            known(Observable::Phi2, mean(&|u, v| 0.5 * (u * u + v * v))),
            // φ₁⁴ + φ₂⁴ = ½(u⁴ + 6u²v² + v⁴).
            known(Observable::Phi4, mean(&|u, v| 0.25 * (u.powi(4) + 6.0 * (u * v).powi(2) + v.powi(4)))),
            known(Observable::Nn, mean(&|u, v| 0.5 * (u * u - v * v))),
            known(Observable::M2, mean(&|u, _| 0.5 * u * u)),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::{SitePotential, free, one_site};
    use stoquant_model::IntegratorKind;

    #[test]
    fn a_free_pair() {
        let c = Phi4 { kappa: 0.2, b: 1.0, lambda: 0.0 };
        for (eps, variance) in [(0.1, 1.0), (0.3, 1.01)] {
            let law = PairLaw::new(&c, eps, variance, 0.0).unwrap().observables();
            let exact = free(&[2], &c, Some(eps), IntegratorKind::Euler, variance).unwrap();
            for (o, e) in &law {
                assert!((e.value - exact[o].value).abs() < e.error, "{eps} {o:?} {e:?} {:?}", exact[o]);
            }
        }
    }

    #[test]
    fn two_uncoupled_sites() {
        let (c, potential) = (Phi4 { kappa: 0.0, b: 0.5, lambda: 0.25 }, SitePotential { b: 0.5, lambda: 0.25 });
        let law = PairLaw::new(&c, 0.1, 1.0, 0.0).unwrap().observables();
        let exact = one_site(&potential, 0.1, IntegratorKind::Euler, 1.0).unwrap();
        for o in [Observable::Phi2, Observable::Phi4] {
            assert!((law[&o].value - exact[&o].value).abs() < law[&o].error + exact[&o].error, "{o:?} {:?}", law[&o]);
        }
        assert!(law[&Observable::Nn].value.abs() < 1e-11);
    }

    #[test]
    fn bad_input_is_an_error() {
        assert!(PairLaw::new(&Phi4 { kappa: 0.4, b: 0.5, lambda: 0.0 }, 0.1, 1.0, 0.0).is_err());
        assert!(PairLaw::new(&Phi4 { kappa: 0.1, b: 0.5, lambda: 0.1 }, -0.1, 1.0, 0.0).is_err());
    }
}
