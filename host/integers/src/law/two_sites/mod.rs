//! The exact stationary law of a lattice: two coupled sites of eight bits, a ring in which both neighbours of a site
//! are the other one.
//!
//! The sites of a Jacobi sweep see the old field and noise of their own, so a transition of the 255² = 65025 states is
//! a product of two one-site transitions, each a count of words:
//!
//! ```text
//! P(a, b → a', b') = r(a; b)[a'] · r(b; a)[b'],   r(n; m)[n'] = #{words: n' = sat(⌊(c(n, m) + k·η + u/2)/u⌋)} / 2^32.
//! ```
//!
//! c is the accumulator without noise: [`stoquant_exact::reference::Datapath`], which shares no code with the core, and
//! which [`CoreSweep`] holds against the core's own sweep. A row depends on c mod u alone, so 2048 shapes of some fifty
//! entries serve all states, and an application costs fifty² products from each state that matters: 5 ms. The fixed
//! point takes some forty of them ([`krylov`]), and [`condition`] turns its residual into a proved bound on its error,
//! a few 1e-12 in total variation.
//!
//! Wider fields or more sites have too many states: 4e6 for two sites of ten bits, 1.7e7 for three of eight bits, and
//! their patches grow as well; a 2×2 torus of eight bits has 4e9.

mod joint;
mod krylov;
mod rows;
mod solution;
mod sweep;

pub use joint::JointLaw;
pub use rows::{Rows, SITE};
pub use solution::{Solution, TOLERANCE, condition, fixed_point};
pub use sweep::CoreSweep;

use stoquant_core::arith::Fx;
use stoquant_core::error::Error;
use stoquant_exact::reference;
use stoquant_model::{NoiseKind, Phi4};

use crate::markov::{LSB, MAX, WIDTH, index, level, phi};
use crate::noise_law::NoiseLaw;

/// Accumulator units of one unit of the field.
const UNIT: i64 = 1 << (WIDTH + 3);

/// Which drift a site of a continuous chain has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drift {
    /// That of the integers, with the mass factor as it is rounded.
    Integers,
    /// That of the couplings.
    Couplings,
}

/// Everything that determines the integers of the chain.
#[derive(Clone, Debug)]
pub struct TwoSites {
    /// The step that the amplitude stands for.
    pub eps: f64,
    /// The couplings as quantised.
    pub couplings: Phi4,
    /// c(own, other), index 255·own + other.
    pub centre: Vec<i64>,
    /// k, accumulator units of one unit of η.
    pub amplitude: i64,
    /// The noise.
    pub noise: NoiseLaw,
}

impl TwoSites {
    /// The chain of the core's `Fx<8>` under Euler, refused as the core refuses it.
    pub fn of_core(couplings: &Phi4, eps: f64) -> Result<Self, Error> {
        let core = CoreSweep::<Fx<WIDTH>>::new(couplings, eps)?;
        Ok(Self::new(&core.couplings(), core.eps()))
    }

    /// The chain of couplings and step as an engine reports them.
    pub fn new(couplings: &Phi4, eps: f64) -> Self {
        Self::with_neighbours(couplings, eps, |_, other| 2 * other)
    }

    /// The same with another sum over the neighbours of a site, from its own integer and that of the other.
    pub fn with_neighbours(couplings: &Phi4, eps: f64, sum: impl Fn(i64, i64) -> i64) -> Self {
        let formula = reference::Datapath::new(WIDTH, couplings, eps, (2.0 * eps).sqrt());
        let centre = |i: usize| {
            let (own, other) = (i64::from(level(i / SITE)), i64::from(level(i % SITE)));
            formula.accumulate(own, sum(own, other), 0, &mut 0)
        };
        Self {
            eps,
            couplings: *couplings,
            centre: (0..SITE * SITE).map(centre).collect(),
            amplitude: formula.accumulate(0, 0, 1, &mut 0),
            noise: NoiseLaw::of::<WIDTH>(NoiseKind::Gaussian),
        }
    }

    /// n' of a site.
    pub fn step(&self, own: i32, other: i32, eta: i32) -> i32 {
        let centre = self.centre[index(own) * SITE + index(other)];
        let wide = centre + self.amplitude * i64::from(eta) + UNIT / 2;
        wide.div_euclid(UNIT).clamp(-i64::from(MAX), i64::from(MAX)) as i32
    }

    /// The exact rows r(own; other).
    pub fn rows(&self) -> Rows {
        let reach = i64::from(self.noise.max());
        let first = (UNIT / 2 - reach * self.amplitude).div_euclid(UNIT);
        let last = (3 * UNIT / 2 + reach * self.amplitude).div_euclid(UNIT);
        let width = (last - first + 1) as usize;
        let mut shapes = vec![0.0; width * UNIT as usize];
        for (r, shape) in (0..UNIT).zip(shapes.chunks_mut(width)) {
            for eta in -reach..=reach {
                let to = (r + self.amplitude * eta + UNIT / 2).div_euclid(UNIT);
                // Counts over 2^32: their sums are exact.
                shape[(to - first) as usize] += self.noise.words(eta as i32) as f64 / (1_u64 << 32) as f64;
            }
        }
        Rows::new(width, &shapes, |own, other| {
            let centre = self.centre[own * SITE + other];
            ((centre.div_euclid(UNIT) + first) as i32 + MAX, centre.rem_euclid(UNIT) as u32)
        })
    }

    /// ⟨η²⟩ of the noise, near 1.
    pub fn noise_variance(&self) -> f64 {
        1.0 + self.noise.variance_error()
    }

    /// ε·K of an uncoupled site.
    fn drift(&self, of: Drift, own: usize) -> f64 {
        let Phi4 { b, lambda, .. } = self.couplings;
        match of {
            Drift::Integers => {
                let without = i64::from(level(own)) * UNIT;
                (self.centre[own * SITE + index(0)] - without) as f64 / UNIT as f64 * LSB
            }
            Drift::Couplings => -self.eps * phi(own) * (2.0 * b + 4.0 * lambda * phi(own).powi(2)),
        }
    }

    /// Gaussian rows: the coupling as reported, no rounding of the field, and so much more variance in each step
    /// (Δ²/12: rounding as noise).
    pub fn gaussian_rows(&self, of: Drift, more_variance: f64) -> Rows {
        let drift: Vec<f64> = (0..SITE).map(|own| f64::from(level(own)) + self.drift(of, own) / LSB).collect();
        let hop = 4.0 * self.couplings.kappa * self.eps / LSB;
        let centre = |own: usize, other: usize| drift[own] + hop * phi(other);
        let sigma = (2.0 * self.eps * self.noise_variance() + more_variance).sqrt() / LSB;
        // A Gaussian beyond 6.5 standard deviations holds 8e-11; its variance is off by less than 4e-9 of itself.
        let reach = (6.5 * sigma).ceil() as i32;
        let width = 2 * reach as usize + 1;
        let mut shapes = Vec::with_capacity(SITE * SITE * width);
        for i in 0..SITE * SITE {
            let centre = centre(i / SITE, i % SITE);
            let offset = centre.round() - centre;
            let weight = |j: i32| (-0.5 * ((offset + f64::from(j)) / sigma).powi(2)).exp();
            let sum: f64 = (-reach..=reach).map(weight).sum();
            shapes.extend((-reach..=reach).map(|j| weight(j) / sum));
        }
        Rows::new(width, &shapes, |own, other| {
            (centre(own, other).round() as i32 + MAX - reach, (own * SITE + other) as u32)
        })
    }

    /// The exact law.
    pub fn solve(&self) -> Option<Solution> {
        self.solve_rows(&self.rows())
    }

    /// The law of the chain with [`gaussian_rows`](Self::gaussian_rows).
    pub fn solve_gaussian(&self, of: Drift, more_variance: f64) -> Option<Solution> {
        self.solve_rows(&self.gaussian_rows(of, more_variance))
    }

    fn solve_rows(&self, rows: &Rows) -> Option<Solution> {
        fixed_point(|law| rows.apply_symmetric(law), &JointLaw::gibbs(&self.couplings))
    }

    /// e^{-S} with the potential whose force is the drift of the integers: what the rounding of the mass factor does to
    /// the target.
    pub fn factor_gibbs(&self) -> JointLaw {
        let force: Vec<f64> = (0..SITE).map(|own| self.drift(Drift::Integers, own) / self.eps).collect();
        let mut potential = vec![0.0; SITE];
        for own in 1..SITE {
            potential[own] = potential[own - 1] - 0.5 * LSB * (force[own - 1] + force[own]);
        }
        JointLaw::boltzmann(self.couplings.kappa, |own| potential[own])
    }

    /// Δ²/(24ε): by how much one rounding to nearest raises the temperature.
    pub fn rounding_temperature(&self) -> f64 {
        LSB * LSB / (24.0 * self.eps)
    }

    /// Whether an update grows with either site, over all states: what [`condition`] needs.
    pub fn keeps_order(&self) -> bool {
        let line = |own: usize| &self.centre[own * SITE..][..SITE];
        let with_other = (0..SITE).all(|own| line(own).is_sorted());
        with_other && (1..SITE).all(|own| line(own - 1).iter().zip(line(own)).all(|(below, above)| below <= above))
    }

    /// States from which (0, 0) cannot be reached. Noise times amplitude moves a site by less than a state per unit, so
    /// within a step of a state are all those of a rectangle.
    pub fn stuck(&self) -> usize {
        let reach = self.noise.max();
        let range =
            |own: usize, other: usize| [-reach, reach].map(|eta| index(self.step(level(own), level(other), eta)));
        let mut good = vec![false; SITE * SITE];
        good[index(0) * SITE + index(0)] = true;
        loop {
            // Good states in the rectangle from the corner to before (a, b).
            let side = SITE + 1;
            let mut before = vec![0_u32; side * side];
            for (i, &g) in good.iter().enumerate() {
                let at = (i / SITE + 1) * side + i % SITE + 1;
                before[at] = before[at - 1] + before[at - side] - before[at - side - 1] + u32::from(g);
            }
            let mut more = false;
            for i in (0..SITE * SITE).filter(|&i| !good[i]).collect::<Vec<_>>() {
                let (a, b) = (i / SITE, i % SITE);
                let ([low_a, high_a], [low_b, high_b]) = (range(a, b), range(b, a));
                let count = |line: usize| before[line * side + high_b + 1] - before[line * side + low_b];
                good[i] = count(high_a + 1) > count(low_a);
                more |= good[i];
            }
            if !more {
                return good.iter().filter(|good| !**good).count();
            }
        }
    }
}

#[cfg(test)]
mod tests;
