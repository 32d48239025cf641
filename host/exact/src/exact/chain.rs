//! The stationary law of a one-site integrator at finite step, in continuous arithmetic.

use nalgebra::{DMatrix, DVector};
use stoquant_model::{IntegratorKind, Phi4};

use crate::estimate::Observables;

use super::quadrature::{Rule, STENCIL, absolute_mean, lagrange, range};
use super::{Error, Moments, SitePotential, Values, converge, site, validate};

/// Escape probabilities per step: below the first the interval is wide enough; up to the second, an explicit scheme
/// that explodes in the end has a law that it keeps for a billion steps.
const NEGLIGIBLE: f64 = 1e-14;
const TOLERATED: f64 = 1e-9;

/// Every observable (but no bonds) of one site under S = b x² + λ x⁴, after infinitely many steps of `law`: no
/// sampling, no expansion in ε.
///
/// `noise_variance` is the variance of the Gaussian R in [`IntegratorKind`] (1, or the exact variance of a discrete
/// noise). An unbiased law returns [`site()`]. Of a chain x' = G(x, R) the stationary average obeys ⟨f⟩ = ⟨Tf⟩, (Tf)(x)
/// = E f(G(x, R)). T is discretised on equidistant |x| by local polynomial interpolation (degree 11) and the trapezoid
/// rule in R, and ⟨·⟩ is its left null vector: the interpolated functions vary on the scale of S, not of √ε, so one
/// grid serves every ε. Leimkuhler–Matthews carries R over to the next step; there y = x - √(ε/2) R_n is the Markov
/// chain: `y' = F(y + √(ε/2) R) + √(ε/2) R`, `F(x) = x - εS'(x)`.
///
/// Error bound by two grids, 1e-13 relative plus the probability of leaving the interval, which is invariant under the
/// noise-free map. Beyond it an explicit step explodes: where that happens more often than once in 1e9 steps, the law
/// is [`Error::Unstable`].
pub fn one_site(
    potential: &SitePotential,
    eps: f64,
    law: IntegratorKind,
    noise_variance: f64,
) -> Result<Observables, Error> {
    let c = Phi4 { kappa: 0.0, b: potential.b, lambda: potential.lambda };
    validate(&[], &c)?;
    super::free::validate_step(law, Some(eps), noise_variance)?;
    if law.unbiased() {
        return site(c.b, c.lambda);
    }
    let chain = Chain { potential: *potential, eps, law, noise: Rule::normal(noise_variance) };
    let (half_width, escape) = chain.half_width()?;
    // A jump to the end of the interval weighs X⁴/⟨φ⁴⟩, at most some thousands.
    let rounding = 1e-13 + 1e3 * escape;
    converge("stationary law at finite step", [160, 240, 360, 540, 800], 1e-12, rounding, |n| {
        chain.values(half_width, n, &c)
    })
}

struct Chain {
    potential: SitePotential,
    eps: f64,
    law: IntegratorKind,
    noise: Rule,
}

impl Chain {
    /// G(x, R).
    fn step(&self, x: f64, r: f64) -> f64 {
        let (s, eps) = (self.potential, self.eps);
        let sigma = (2.0 * eps).sqrt();
        match self.law {
            IntegratorKind::Heun => {
                let predictor = x - eps * s.slope(x) + sigma * r;
                x - 0.5 * eps * (s.slope(x) + s.slope(predictor)) + sigma * r
            }
            IntegratorKind::LeimkuhlerMatthews => {
                let shifted = self.observe(x, r);
                shifted - eps * s.slope(shifted) + 0.5 * sigma * r
            }
            IntegratorKind::Euler | IntegratorKind::Mala => x - eps * s.slope(x) + sigma * r,
        }
    }

    /// The field, given the state and the noise that the state still owes it.
    fn observe(&self, x: f64, r: f64) -> f64 {
        if self.law == IntegratorKind::LeimkuhlerMatthews { x + (self.eps / 2.0).sqrt() * r } else { x }
    }

    /// X, and the probability per step to leave [-X, X]. The noise-free map does not leave it.
    fn half_width(&self) -> Result<(f64, f64), Error> {
        let SitePotential { b, lambda } = self.potential;
        let invariant = |x: f64| (0..=200).all(|i| self.step(x * f64::from(i) / 200.0, 0.0).abs() <= x);
        let bare = range(b, lambda, 45.0);
        let limit = (2.0 / (2.0 * b + 4.0 * lambda * bare * bare)).min(0.5 * self.eps);
        let unstable = Error::Unstable { law: self.law, eps: self.eps, limit };
        let shrink = |x: f64| std::iter::successors(Some(x), |x| Some(0.99 * x)).take(120).find(|&x| invariant(x));
        let mut x = shrink(bare).ok_or(unstable.clone())?;
        loop {
            let law = self.stationary(x, 120).ok_or(unstable.clone())?;
            let leaves = |y: f64| self.noise.integrate(|r| if self.step(y, r).abs() > x { 1.0 } else { 0.0 });
            let escape: f64 = Self::grid(x, 120).zip(&law).map(|(y, p)| p.abs() * leaves(y)).sum();
            if escape < NEGLIGIBLE {
                return Ok((x, escape));
            }
            // A large step broadens the law: widen, as far as the map allows.
            let wider = shrink(1.1 * x).filter(|&w| w > 1.005 * x && w < 100.0 * bare);
            match wider {
                Some(wider) => x = wider,
                None if escape < TOLERATED => return Ok((x, escape)),
                None => return Err(unstable),
            }
        }
    }

    fn grid(half_width: f64, n: usize) -> impl Iterator<Item = f64> {
        (0..n).map(move |i| (i as f64 + 0.5) * half_width / n as f64)
    }

    /// π_i, so that ⟨f⟩ = Σ π_i f(x_i) for even smooth f.
    fn stationary(&self, half_width: f64, n: usize) -> Option<DVector<f64>> {
        let cell = half_width / n as f64;
        // (I - T)ᵀ π = 0, one equation of it replaced by Σ π = 1.
        let mut system = DMatrix::<f64>::identity(n, n);
        for (i, x) in Self::grid(half_width, n).enumerate() {
            for (&r, weight) in self.noise.nodes.iter().zip(&self.noise.weights) {
                let u = (self.step(x, r).abs() / cell - 0.5).min((n - 1) as f64);
                let first = (u.floor() as isize - STENCIL as isize / 2 + 1).min((n - STENCIL) as isize);
                for (k, l) in lagrange(u - first as f64).into_iter().enumerate() {
                    let j = first + k as isize;
                    // Even functions: the node at -x is the node at x.
                    let j = if j < 0 { -1 - j } else { j } as usize;
                    system[(j, i)] -= weight * l;
                }
            }
        }
        system.row_mut(0).fill(1.0);
        let mut right = DVector::zeros(n);
        right[0] = 1.0;
        system.lu().solve(&right).filter(|law| law.iter().all(|p| p.is_finite()))
    }

    fn values(&self, half_width: f64, n: usize, c: &Phi4) -> Result<Values, Error> {
        let law = self.stationary(half_width, n).ok_or(Error::NotConverged {
            what: "stationary law at finite step",
            error: f64::NAN,
            tolerance: super::TOLERANCE,
        })?;
        let mean = |f: &dyn Fn(f64) -> f64| -> f64 {
            let at = |x: f64| -> f64 {
                if self.law == IntegratorKind::LeimkuhlerMatthews {
                    self.noise.integrate(|r| f(self.observe(x, r)))
                } else {
                    f(x)
                }
            };
            Self::grid(half_width, n).zip(&law).map(|(x, p)| p * at(x)).sum()
        };
        let (phi2, phi4) = (mean(&|x| x * x), mean(&|x| x.powi(4)));
        let grad2 = mean(&|x| self.potential.slope(x).powi(2));
        let abs_m = absolute_mean(half_width, |t| t.map(|t| mean(&|x| (t * x).cos())));
        Ok(Moments { phi2, phi4, nn: 0.0, abs_m, m2: phi2, m4: phi4, grad2 }.values(&[], c))
    }
}

#[cfg(test)]
mod tests {
    use super::super::mode_variance;
    use super::*;
    use crate::estimate::Observable::*;

    const SINGLE: SitePotential = SitePotential { b: 0.5, lambda: 0.25 };
    const DOUBLE: SitePotential = SitePotential { b: -0.5, lambda: 0.4 / 24.0 };

    fn phi2(s: &SitePotential, eps: f64, law: IntegratorKind) -> f64 {
        one_site(s, eps, law, 1.0).unwrap()[&Phi2].value
    }

    #[test]
    fn gaussian_closed_forms() {
        let s = SitePotential { b: 0.7, lambda: 0.0 };
        for law in [IntegratorKind::Euler, IntegratorKind::Heun, IntegratorKind::LeimkuhlerMatthews] {
            for (eps, noise) in [(0.001, 1.0), (0.1, 1.02), (1.2, 1.0)] {
                let table = one_site(&s, eps, law, noise).unwrap();
                let variance = noise * mode_variance(1.4, eps, law).unwrap();
                let abs = (2.0 * variance / std::f64::consts::PI).sqrt();
                for (o, exact) in [(Phi2, variance), (Phi4, 3.0 * variance * variance), (AbsM, abs)] {
                    let e = table[&o];
                    assert!(
                        (e.value - exact).abs() < e.error && e.error < 1e-10,
                        "{law} {eps} {o:?} {:?} {exact}",
                        table[&o]
                    );
                }
            }
        }
    }

    #[test]
    fn euler_slope() {
        let exact = phi2(&SINGLE, 0.1, IntegratorKind::Mala);
        let slope = |eps: f64| (phi2(&SINGLE, eps, IntegratorKind::Euler) - exact) / eps;
        let (a, b) = (slope(0.002), slope(0.001));
        // Six published decimals; Richardson leaves O(ε²) with a coefficient of order one.
        assert!((2.0 * b - a - 0.265152).abs() < 3e-6, "{a} {b}");
    }

    #[test]
    fn leimkuhler_matthews_is_second_order() {
        let exact = phi2(&SINGLE, 0.1, IntegratorKind::Mala);
        // Bias/ε² from an independent solution: the transition density of y, (2πh²)^{-½} e^{-(x-y)²/2h²}/q'(x) with h²
        // = ε/2 and x the root of q(x) = 2x - εS'(x) = y + y', iterated on a grid. It tends to -0.0494 as ε → 0.
        for (eps, expected) in [(0.05, -0.055084), (0.02, -0.051561), (0.01, -0.050464), (0.001, -0.049508)] {
            let coefficient = (phi2(&SINGLE, eps, IntegratorKind::LeimkuhlerMatthews) - exact) / (eps * eps);
            // Six digits; at 0.05 the density has a fold (εS'' = 2) that the independent solution cuts off.
            let tolerance = if eps > 0.03 { 3e-5 } else { 2e-6 };
            assert!((coefficient - expected).abs() < tolerance, "{eps}: {coefficient}");
        }
    }

    #[test]
    fn heun_is_second_order() {
        for s in [SINGLE, DOUBLE] {
            let exact = phi2(&s, 0.1, IntegratorKind::Mala);
            let bias = |eps| phi2(&s, eps, IntegratorKind::Heun) - exact;
            // 4 up to O(ε).
            let ratio = bias(0.02) / bias(0.01);
            assert!((ratio - 4.0).abs() < 0.2, "{ratio}");
        }
    }

    #[test]
    fn an_explosive_step_is_an_error() {
        // |F(x)| > |x| beyond x² = 2/ε - 1 = 3: well inside the law.
        let error = one_site(&SINGLE, 0.5, IntegratorKind::Euler, 1.0).unwrap_err();
        assert!(error.to_string().starts_with("euler: eps = 0.5 has no stationary law"), "{error}");
        assert!(one_site(&SINGLE, 0.0, IntegratorKind::Euler, 1.0).is_err());
        assert!(one_site(&SINGLE, 0.5, IntegratorKind::Mala, 1.0).is_ok());
    }
}
