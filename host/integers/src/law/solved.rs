//! A one-site chain of the core, its exact stationary law, and the laws that it is held against.

use stoquant_core::action::{Action, QuarticDrift};
use stoquant_core::arith::{Arith, Fx};
use stoquant_core::error::Error;
use stoquant_core::integrator::{Euler, Integrator, LeimkuhlerMatthews};
use stoquant_core::noise::Threefry;
use stoquant_model::{IntegratorKind, NoiseKind, Phi4};

use super::{Coarse, Datapath, EulerOperator, LeimkuhlerMatthewsOperator, Stationary, coefficients, stationary};
use crate::noise_law::{NoiseLaw, normal_tail};
use stoquant_exact::exact::quadrature::{Rule, range};
use stoquant_exact::exact::{self, SiteLaw, SitePotential};

/// Residual, in total variation, at which Euler's law counts as solved.
pub const TOLERANCE: f64 = 1e-11;

/// Residual at which the law of Leimkuhler–Matthews counts as solved. Its noise serves twice, so structure below one
/// unit of noise outlives a step: a mode of rate 0.6 that no smooth function sees and no coarse grid resolves. Sums
/// over 10⁷ cells round at 1e-9.
pub const TOLERANCE_LEIMKUHLER_MATTHEWS: f64 = 1e-8;

/// e^{-S} is followed down to e^{-42} = 6e-19 of its maximum; Euler's law is wider by O(ε), which the rest of the grid
/// bears.
const RANGE: f64 = 42.0;

/// Everything that determines the integers of a one-site chain.
#[derive(Clone, Debug)]
pub struct Chain {
    /// The update.
    pub path: Datapath,
    /// The integrator it belongs to: Euler–Maruyama or Leimkuhler–Matthews.
    pub integrator: IntegratorKind,
    /// The step that the amplitude stands for.
    pub eps: f64,
    /// The potential with the couplings as quantised.
    pub potential: SitePotential,
    /// k_a and k_c as numbers.
    pub coefficients: (f64, f64),
    /// The noise.
    pub noise: NoiseLaw,
}

impl Chain {
    /// The chain of the core's `Fx<width>`.
    pub fn of_core(width: u32, integrator: IntegratorKind, potential: &SitePotential, eps: f64) -> Result<Self, Error> {
        macro_rules! widths {
            ($($w:literal)*) => {
                match width {
                    $($w => Self::new::<Fx<$w>>(integrator, potential, eps),)*
                    _ => Err(Error::Domain { what: "width", value: f64::from(width), want: "8, 10, 12, 14, 16 or 18" }),
                }
            };
        }
        widths!(8 10 12 14 16 18)
    }

    /// The chain of any arithmetic with the accumulator of [`Fx`].
    pub fn new<A>(integrator: IntegratorKind, potential: &SitePotential, eps: f64) -> Result<Self, Error>
    where
        A: Arith<Wide = i64>,
    {
        let action = Phi4::new(0.0, potential.b, potential.lambda);
        let (drift, sigma, eps): (QuarticDrift<A>, A::Sigma, f64) = match integrator {
            IntegratorKind::Euler => {
                let euler = Euler::<A, _>::new(&action, eps, 0)?;
                (*euler.drift(), euler.sigma(), Integrator::<A, Threefry>::eps(&euler))
            }
            IntegratorKind::LeimkuhlerMatthews => {
                let lm = LeimkuhlerMatthews::<A, _>::new(&action, eps, 0)?;
                (*lm.drift(), lm.sigma(), Integrator::<A, Threefry>::eps(&lm))
            }
            _ => {
                return Err(Error::Absent { what: "distribution of integers: Euler and Leimkuhler-Matthews have one" });
            }
        };
        let path = Datapath::of(&drift, sigma)?;
        let width = Error::Domain { what: "width", value: f64::from(path.width), want: "8 to 18" };
        let noise = NoiseLaw::new(NoiseKind::Gaussian, path.width).ok_or(width)?;
        let quantised = <Phi4 as Action<A>>::quantised(&action, &drift, eps);
        let potential = SitePotential { b: quantised.b, lambda: quantised.lambda };
        Ok(Self { path, integrator, eps, potential, coefficients: coefficients(&drift), noise })
    }

    /// This chain with exact products (see [`Datapath::exact_products`]).
    pub fn exact_products(self) -> Self {
        let (linear, cubic) = self.coefficients;
        Self { path: self.path.exact_products(linear, cubic), ..self }
    }

    /// X: beyond it no law of this chain has anything.
    fn half_width(&self) -> f64 {
        // Leimkuhler–Matthews follows φ + √(ε/2)·R.
        let margin = if self.integrator == IntegratorKind::Euler { 0.0 } else { 7.0 * (0.5 * self.eps).sqrt() };
        range(self.potential.b, self.potential.lambda, RANGE) + margin
    }

    /// Variance of the noise.
    pub fn noise_variance(&self) -> f64 {
        1.0 + self.noise.variance_error()
    }

    /// Variance of noise and rounding together: Δ²/12 a step added to the noise's 2ε.
    pub fn dithered_variance(&self) -> f64 {
        self.noise_variance() + self.path.lsb().powi(2) / (24.0 * self.eps)
    }

    /// The continuous chain with the same coefficients and noise of this variance.
    pub fn continuous(&self, variance: f64) -> Coarse {
        let (s, eps) = (self.potential, self.eps);
        match self.integrator {
            IntegratorKind::Euler => {
                let sigma = (2.0 * eps).sqrt();
                Coarse::new(self.half_width(), sigma, variance, |x, r| x - eps * s.slope(x) + sigma * r)
            }
            _ => {
                let sigma = (0.5 * eps).sqrt();
                Coarse::new(self.half_width(), 2.0 * sigma, variance, |w, r| {
                    let x = w + sigma * r;
                    x - eps * s.slope(x) + sigma * r
                })
            }
        }
    }

    /// The exact law; `None` where it does not fit in `memory` bytes or the iteration does not end.
    pub fn solve(self, memory: u64) -> Option<Solved> {
        let coarse = self.continuous(self.dithered_variance());
        let (law, solution) = match self.integrator {
            IntegratorKind::Euler => {
                let solution = stationary(&EulerOperator::new(&self.path, &self.noise), &coarse, TOLERANCE)?;
                (solution.law.clone(), solution)
            }
            _ => {
                let reach = self.half_width();
                let operator = LeimkuhlerMatthewsOperator::new(&self.path, &self.noise, reach, memory)?;
                let solution = stationary(&operator, &coarse, TOLERANCE_LEIMKUHLER_MATTHEWS)?;
                (operator.field(&solution.law), solution)
            }
        };
        Some(Solved { chain: self, law, solution: Stationary { law: Vec::new(), ..solution } })
    }

    /// ⟨x²⟩ of the continuous chain with noise of this variance, with a bound on its numerical error.
    pub fn continuous_phi2(&self, variance: f64) -> Result<stoquant_exact::estimate::Estimate, exact::Error> {
        Ok(exact::one_site(&self.potential, self.eps, self.integrator, variance)?
            [&stoquant_exact::estimate::Observable::Phi2])
    }

    /// Probabilities between edges under the continuous Euler chain with noise of this variance: the step's Gaussian is
    /// integrated exactly.
    pub fn continuous_bins(&self, variance: f64, edges: &[f64]) -> Option<Vec<f64>> {
        let coarse = self.continuous(variance);
        let weights = coarse.stationary()?;
        let width = (2.0 * self.eps * variance).sqrt();
        let below = |edge: f64| -> f64 {
            let node = |k: usize| {
                let x = coarse.node(k);
                weights[k] * normal_cdf((edge - x + self.eps * self.potential.slope(x)) / width)
            };
            (0..coarse.nodes()).map(node).sum()
        };
        Some(differences(edges.iter().map(|&edge| below(edge))))
    }

    /// Probabilities between edges under e^{-S}, S with the quantised couplings.
    pub fn gibbs_bins(&self, edges: &[f64]) -> Result<Vec<f64>, exact::Error> {
        let law = SiteLaw::new(self.potential.b, self.potential.lambda)?;
        Ok(differences(edges.iter().map(|&edge| law.cdf(edge))))
    }

    /// Probabilities between edges under e^{-S_eff} to first order, e^{-S}(1 - (ε/4)(W - ⟨W⟩)), W = 2S'' - S'².
    pub fn effective_bins(&self, edges: &[f64]) -> Result<Vec<f64>, exact::Error> {
        let law = SiteLaw::new(self.potential.b, self.potential.lambda)?;
        let s = self.potential;
        let w = |x: f64| 2.0 * s.curvature(x) - s.slope(x).powi(2);
        let mean = law.mean(w).value;
        let rule = Rule::legendre(12);
        let shift = |a: f64, b: f64| {
            let (middle, half) = (0.5 * (a + b), 0.5 * (b - a));
            half * rule.integrate(|u| law.density(middle + half * u) * (w(middle + half * u) - mean))
        };
        let plain = self.gibbs_bins(edges)?;
        Ok(plain.iter().zip(edges.windows(2)).map(|(p, e)| p - 0.25 * self.eps * shift(e[0], e[1])).collect())
    }

    /// d⟨x²⟩/dT of e^{-S/T} at T = 1: the covariance of x² and S.
    pub fn temperature_slope(&self) -> Result<f64, exact::Error> {
        let law = SiteLaw::new(self.potential.b, self.potential.lambda)?;
        let s = self.potential;
        let mean = |f: &dyn Fn(f64) -> f64| law.mean(f).value;
        Ok(mean(&|x| x * x * s.action(x)) - mean(&|x| x * x) * mean(&|x| s.action(x)))
    }

    /// The point between two states that is nearest to x.
    pub fn between(&self, x: f64) -> f64 {
        ((x / self.path.lsb()).floor() + 0.5) * self.path.lsb()
    }

    /// What the rounding of the even factor may do to ⟨x²⟩ at most, to first order. d is off by up to half a unit of
    /// its own, 2^-(W+1), and k_c times half a unit of φ², 2^-(W-7): as if S had up to (δd/ε)·x²/2 more, to which ⟨x²⟩
    /// responds with its covariance.
    pub fn factor_bound(&self) -> Result<f64, exact::Error> {
        let law = SiteLaw::new(self.potential.b, self.potential.lambda)?;
        let (second, fourth) = (law.mean(|x| x * x).value, law.mean(|x| x.powi(4)).value);
        let half = |fraction: f64| 0.5 * (-fraction).exp2();
        let width = f64::from(self.path.width);
        let factor = half(width + 1.0) + self.coefficients.1 * half(width - 7.0);
        Ok(factor / self.eps * 0.5 * (fourth - second * second))
    }

    /// Slope in ε of the total variation between Euler's law and e^{-S}: ½∫ p |W - ⟨W⟩|/4, W = 2S'' - S'².
    pub fn variation_slope(&self) -> Result<f64, exact::Error> {
        let law = SiteLaw::new(self.potential.b, self.potential.lambda)?;
        let w = |x: f64| 2.0 * self.potential.curvature(x) - self.potential.slope(x).powi(2);
        let mean = law.mean(w).value;
        Ok(0.125 * law.mean(|x| (w(x) - mean).abs()).value)
    }

    /// Edges of `count` cells of equal width that hold whole states and cover |x| ≤ X or a little more.
    pub fn edges(&self, count: usize) -> Vec<f64> {
        let states = (2.0 * self.half_width() / self.path.lsb() / count as f64).ceil();
        (0..=count).map(|i| ((i as f64 - 0.5 * count as f64) * states - 0.5) * self.path.lsb()).collect()
    }

    /// States from which the class of φ = 0 cannot be reached. Noise times amplitude moves the field by less than a
    /// state per unit, so the states within one step of another are all those between its extremes.
    pub fn stuck(&self) -> usize {
        let (max, reach) = (self.path.max(), i64::from(self.noise.max()));
        let index = |n: i64| (n + max) as usize;
        let mut good = vec![false; self.path.centre.len()];
        good[index(0)] = true;
        loop {
            let mut before = vec![0usize; good.len() + 1];
            for (i, &g) in good.iter().enumerate() {
                before[i + 1] = before[i] + usize::from(g);
            }
            let mut more = false;
            for n in -max..=max {
                let (low, high) = (self.path.step(n, -reach), self.path.step(n, reach));
                let leads = before[index(high) + 1] > before[index(low)];
                more |= leads && !good[index(n)];
                good[index(n)] |= leads;
            }
            if !more {
                return good.iter().filter(|g| !**g).count();
            }
        }
    }
}

/// A solved chain.
#[derive(Clone, Debug)]
pub struct Solved {
    /// The chain.
    pub chain: Chain,
    /// P(n) for n = -max..=max.
    pub law: Vec<f64>,
    /// How it was found.
    pub solution: Stationary,
}

impl Solved {
    /// Field value of an index.
    pub fn phi(&self, index: usize) -> f64 {
        (index as i64 - self.chain.path.max()) as f64 * self.chain.path.lsb()
    }

    /// ⟨x^k⟩.
    pub fn moment(&self, k: i32) -> f64 {
        let total: f64 = self.law.iter().sum();
        self.law.iter().enumerate().map(|(i, p)| p * self.phi(i).powi(k)).sum::<f64>() / total
    }

    /// Probabilities between edges, which must lie between states.
    pub fn bins(&self, edges: &[f64]) -> Vec<f64> {
        let mut bins = vec![0.0; edges.len() - 1];
        for (i, p) in self.law.iter().enumerate() {
            let bin = edges.partition_point(|&edge| edge < self.phi(i));
            if let Some(slot) = bin.checked_sub(1).and_then(|bin| bins.get_mut(bin)) {
                *slot += p;
            }
        }
        bins
    }

    /// P(|x| > a), a between states.
    pub fn tail(&self, a: f64) -> f64 {
        self.law.iter().enumerate().filter(|&(i, _)| self.phi(i).abs() > a).map(|(_, p)| p).sum()
    }
}

/// Total variation ½Σ|p - q|.
pub fn total_variation(p: &[f64], q: &[f64]) -> f64 {
    0.5 * p.iter().zip(q).map(|(p, q)| (p - q).abs()).sum::<f64>()
}

fn differences(below: impl Iterator<Item = f64>) -> Vec<f64> {
    let below: Vec<f64> = below.collect();
    below.windows(2).map(|w| w[1] - w[0]).collect()
}

fn normal_cdf(z: f64) -> f64 {
    if z < 0.0 { normal_tail(-z) } else { 1.0 - normal_tail(z) }
}
