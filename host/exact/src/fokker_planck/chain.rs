//! The exact law of a one-site chain after n steps from a point.

use std::f64::consts::PI;
use stoquant_model::IntegratorKind;

use crate::analysis::stats::normal_sf;
use crate::exact::quadrature::range;
use crate::exact::{Error, SitePotential};

/// Probability that may leave the grid: what every result may be wrong by.
const LOSS: f64 = 1e-10;

/// The law of x_n, in continuous space and discrete time: no expansion in ε, no sampling.
///
/// A step y = G(x, u) with Gaussian u is monotone in u wherever the law has weight (Heun and Leimkuhler–Matthews: where
/// εS'' < 2), so the transition density is N(u; v)/∂_uG at the root u. It is iterated on equidistant points, a third of
/// u's width apart: the trapezoid rule errs by e^{-2π²·9/2} for the product of a density and a kernel of that width.
/// Leimkuhler–Matthews carries R_n over to the next step; there y = x - √(ε/2)R_n is the Markov chain,
/// `y' = F(y + u) + u`, u = √(ε/2)R, `F(x) = x - εS'(x)`, and x = y + u is observed.
#[derive(Clone, Debug)]
pub struct ChainLaw {
    map: Map,
    /// Points of the grid, and the transition densities between them: `kernel[j][i]` from i to j, times the spacing.
    points: Vec<f64>,
    kernel: Vec<f64>,
    /// The state and the one before, as points and probabilities.
    now: Vec<(f64, f64)>,
    before: Vec<(f64, f64)>,
    steps: usize,
}

/// One step of an integrator.
#[derive(Clone, Copy, Debug)]
struct Map {
    potential: SitePotential,
    eps: f64,
    law: IntegratorKind,
    /// Variance of u.
    variance: f64,
}

impl Map {
    /// G(x, u) and ∂G/∂u.
    fn step(&self, x: f64, u: f64) -> (f64, f64) {
        let (s, eps) = (self.potential, self.eps);
        match self.law {
            IntegratorKind::LeimkuhlerMatthews => (x + u - eps * s.slope(x + u) + u, 2.0 - eps * s.curvature(x + u)),
            IntegratorKind::Heun => {
                let predictor = x - eps * s.slope(x) + u;
                let drift = 0.5 * eps * (s.slope(x) + s.slope(predictor));
                (x - drift + u, 1.0 - 0.5 * eps * s.curvature(predictor))
            }
            IntegratorKind::Euler | IntegratorKind::Mala => (x - eps * s.slope(x) + u, 1.0),
        }
    }

    /// The u that leads from x to y, by Newton's method, and ∂G/∂u there; `None` beyond nine standard deviations
    /// (2e-19).
    fn noise(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        let limit = 9.0 * self.variance.sqrt();
        let mut u = 0.0;
        for _ in 0..50 {
            let (value, slope) = self.step(x, u);
            let change = (y - value) / slope.max(0.1);
            // A cubic overshoots far out: by steps within the range of the noise it comes back.
            let next = (u + change).clamp(-1.5 * limit, 1.5 * limit);
            let done = (next - u).abs() < 1e-14;
            u = next;
            if done {
                break;
            }
        }
        let (value, slope) = self.step(x, u);
        (u.abs() < limit && slope > 0.0 && (value - y).abs() < 1e-12).then_some((u, slope))
    }

    fn density(&self, x: f64, y: f64) -> f64 {
        let gauss = |u: f64| (-0.5 * u * u / self.variance).exp() / (2.0 * PI * self.variance).sqrt();
        self.noise(x, y).map_or(0.0, |(u, slope)| gauss(u) / slope)
    }

    /// P(G(x, u) ≤ y).
    fn below(&self, x: f64, y: f64) -> f64 {
        let side = if y > self.step(x, 0.0).0 { 1.0 } else { 0.0 };
        self.noise(x, y).map_or(side, |(u, _)| normal_sf(-u / self.variance.sqrt()))
    }
}

impl ChainLaw {
    /// A chain at `start`. `variance` is that of R (1, or the exact variance of a discrete noise); `rounding` is the
    /// variance that the arithmetic adds in each step (Δ²/12 for a field spacing Δ), taken as part of the noise.
    pub fn new(
        potential: SitePotential,
        eps: f64,
        law: IntegratorKind,
        variance: f64,
        rounding: f64,
        start: f64,
    ) -> Result<Self, Error> {
        if !(eps > 0.0 && eps.is_finite()) {
            return Err(Error::Parameter { name: "eps", value: eps, expected: "positive and finite" });
        }
        if law.unbiased() {
            let expected = "that of Euler, Heun or Leimkuhler-Matthews";
            return Err(Error::Parameter { name: "law", value: f64::NAN, expected });
        }
        let variance = match law {
            IntegratorKind::LeimkuhlerMatthews => 0.5 * eps * variance + 0.25 * rounding,
            _ => 2.0 * eps * variance + rounding,
        };
        let map = Map { potential, eps, law, variance };
        let width = (2.0 * eps).sqrt();
        let half_width = range(potential.b, potential.lambda, 40.0).max(start.abs() + 9.0 * width);
        let n = (half_width * 6.0 / variance.sqrt()).ceil() as usize | 1;
        let spacing = 2.0 * half_width / n as f64;
        let points: Vec<f64> = (0..n).map(|i| (i as f64 - 0.5 * (n as f64 - 1.0)) * spacing).collect();
        let entry = |k: usize| map.density(points[k % n], points[k / n]) * spacing;
        let kernel = (0..n * n).map(entry).collect();
        Ok(Self { map, points, kernel, now: vec![(start, 1.0)], before: Vec::new(), steps: 0 })
    }

    /// Take the chain to step `n`, not before the present one; refused where the law leaves the grid.
    pub fn advance_to(&mut self, n: usize) -> Result<(), Error> {
        let size = self.points.len();
        while self.steps < n {
            let next: Vec<f64> = if self.steps == 0 {
                let (start, spacing) = (self.now[0].0, self.points[1] - self.points[0]);
                let first = |y: f64| match self.map.law {
                    // y₁ = F(x₀) + u: the start is a value of x, not of y.
                    IntegratorKind::LeimkuhlerMatthews => {
                        Map { law: IntegratorKind::Euler, ..self.map }.density(start, y)
                    }
                    _ => self.map.density(start, y),
                };
                self.points.iter().map(|&y| spacing * first(y)).collect()
            } else {
                let row = |j: usize| &self.kernel[j * size..][..size];
                (0..size).map(|j| row(j).iter().zip(&self.now).map(|(k, (_, p))| k * p).sum()).collect()
            };
            let next = self.points.iter().copied().zip(next).collect();
            self.before = std::mem::replace(&mut self.now, next);
            self.steps += 1;
        }
        let lost = (1.0 - self.now.iter().map(|(_, p)| p).sum::<f64>()).abs();
        if lost < LOSS {
            Ok(())
        } else {
            Err(Error::NotConverged { what: "law of a chain", error: lost, tolerance: LOSS })
        }
    }

    /// X of the interval [-X, X] that holds the law.
    pub fn half_width(&self) -> f64 {
        self.points.last().copied().unwrap_or(0.0)
    }

    /// P(x_n ≤ a).
    pub fn cdf(&self, a: f64) -> f64 {
        match self.map.law {
            IntegratorKind::LeimkuhlerMatthews if self.steps > 0 => {
                let width = self.map.variance.sqrt();
                self.now.iter().map(|(y, p)| p * normal_sf((y - a) / width)).sum()
            }
            _ if self.before.is_empty() => {
                if a >= self.now[0].0 {
                    1.0
                } else {
                    0.0
                }
            }
            _ => self.before.iter().map(|&(x, p)| p * self.map.below(x, a)).sum(),
        }
    }

    /// ⟨x_n^k⟩, k = 1 to 4.
    pub fn moments(&self) -> [f64; 4] {
        let of_state = [1, 2, 3, 4].map(|k| self.now.iter().map(|(x, p)| p * x.powi(k)).sum::<f64>());
        match self.map.law {
            IntegratorKind::LeimkuhlerMatthews if self.steps > 0 => {
                // ⟨(y + u)^k⟩ with u independent of y.
                let ([a, b, c, d], v) = (of_state, self.map.variance);
                [a, b + v, c + 3.0 * a * v, d + 6.0 * b * v + 3.0 * v * v]
            }
            _ => of_state,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::Observable;
    use crate::exact::one_site;

    const LAWS: [IntegratorKind; 3] = [IntegratorKind::Euler, IntegratorKind::Heun, IntegratorKind::LeimkuhlerMatthews];

    /// A linear chain stays Gaussian. Mean and variance by the recursion of the step: x' = ax + noise.
    #[test]
    fn gaussian_closed_forms() {
        let potential = SitePotential { b: 0.7, lambda: 0.0 };
        let (eps, start) = (0.05, 1.5);
        let y = 1.4 * eps;
        for law in LAWS {
            let mut chain = ChainLaw::new(potential, eps, law, 1.0, 0.0, start).unwrap();
            let (mut mean, mut variance, mut before) = (start, 0.0, 0.0);
            for n in 1..=12 {
                let (a, gain) = match law {
                    IntegratorKind::Heun => (1.0 - y + 0.5 * y * y, 2.0 * eps * (1.0 - 0.5 * y).powi(2)),
                    IntegratorKind::LeimkuhlerMatthews => (1.0 - y, eps),
                    _ => (1.0 - y, 2.0 * eps),
                };
                mean *= a;
                // Leimkuhler–Matthews: ⟨x_n R_n⟩ = √(ε/2) from the second step on.
                variance = a * a * variance + gain + a * before;
                before = if law == IntegratorKind::LeimkuhlerMatthews { eps } else { 0.0 };
                chain.advance_to(n).unwrap();
                let [m1, m2, _, _] = chain.moments();
                // The trapezoid rule is exact here: rounding, and Newton's.
                assert!((m1 - mean).abs() < 1e-12, "{law} {n}: {m1} {mean}");
                assert!((m2 - m1 * m1 - variance).abs() < 1e-12, "{law} {n}: {} {variance}", m2 - m1 * m1);
                for a in [-1.0, 0.3, 1.2] {
                    let exact = normal_sf((mean - a) / variance.sqrt());
                    assert!((chain.cdf(a) - exact).abs() < 1e-12, "{law} {n} {a}: {} {exact}", chain.cdf(a));
                }
            }
        }
    }

    /// After many steps it is the stationary law of the step, known from another method; and P(x ≤ a) integrates to the
    /// moments: ⟨x²⟩ = 2∫₀^∞ a(1 - P(a) + P(-a)) da.
    #[test]
    fn it_relaxes_to_the_stationary_law() {
        let potential = SitePotential { b: 0.5, lambda: 0.25 };
        for law in LAWS {
            let mut chain = ChainLaw::new(potential, 0.05, law, 1.0, 0.0, 1.5).unwrap();
            // e^{-18·gap}: the gap is about 2.
            chain.advance_to(360).unwrap();
            let exact = one_site(&potential, 0.05, law, 1.0).unwrap();
            let [_, m2, _, m4] = chain.moments();
            assert!((m2 - exact[&Observable::Phi2].value).abs() < 1e-10, "{law}: {m2} {:?}", exact[&Observable::Phi2]);
            assert!((m4 - exact[&Observable::Phi4].value).abs() < 1e-10, "{law}: {m4} {:?}", exact[&Observable::Phi4]);
            let h = 0.02;
            let half: f64 =
                (0..200).map(|i| (i as f64 + 0.5) * h).map(|a| a * (1.0 - chain.cdf(a) + chain.cdf(-a))).sum();
            // Midpoint rule: h²/24 times the boundary terms at 0, f'(0) = 2 → h²/12.
            assert!((2.0 * h * half - m2).abs() < h * h / 10.0, "{law}: {} {m2}", 2.0 * h * half);
        }
    }

    #[test]
    fn an_explosive_chain_is_an_error() {
        let potential = SitePotential { b: 0.5, lambda: 0.25 };
        let mut chain = ChainLaw::new(potential, 0.5, IntegratorKind::Euler, 1.0, 0.0, 2.0).unwrap();
        assert!(chain.advance_to(50).is_err());
        assert!(ChainLaw::new(potential, 0.0, IntegratorKind::Euler, 1.0, 0.0, 2.0).is_err());
        assert!(ChainLaw::new(potential, 0.1, IntegratorKind::Mala, 1.0, 0.0, 2.0).is_err());
    }
}
