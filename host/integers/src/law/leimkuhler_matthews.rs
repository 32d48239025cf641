//! The exact transition operator of a one-site Leimkuhler–Matthews step.
//!
//! φ_{n+1} = rnd(c(φ_n) + a(η_n + η_{n+1})) reads one noise twice. The accumulator before the fresh noise is added, w_n
//! = c(φ_n) + a·η_n, is a Markov chain:
//!
//! ```text
//! φ' = rnd(w + a·η),   w' = c(φ') + a·η.
//! ```
//!
//! With G(t) = P(w < t), P(φ' = x, η) = q(η)·[G((x+1)u - o - aη) - G(xu - o - aη)], exactly; that mass goes to w' =
//! c(x) + aη. One step costs two reads and a write for each of (states × noise values). w lives on the multiples of the
//! greatest common divisor of all that is added, 4 accumulator units: 2^(W+1) cells to a unit of the field, which
//! memory bears up to W = 12.

use super::Datapath;
use super::solver::Transfer;
use crate::noise_law::NoiseLaw;

/// The operator on the law of w.
pub struct LeimkuhlerMatthewsOperator<'a> {
    path: &'a Datapath,
    /// q(η) for η = -max..=max.
    noise: Vec<f64>,
    /// Accumulator units to a cell of w.
    grain: i64,
    /// Cells on either side of w = 0.
    reach: i64,
    /// Only states up to this |n| are followed.
    active: i64,
}

impl<'a> LeimkuhlerMatthewsOperator<'a> {
    /// The operator on states |φ| ≤ `half_width`, beyond which there must be nothing. `None` where a solution would
    /// take more than `memory` bytes.
    pub fn new(path: &'a Datapath, noise: &NoiseLaw, half_width: f64, memory: u64) -> Option<Self> {
        let words = (1_u64 << 32) as f64;
        let noise: Vec<f64> = (-noise.max()..=noise.max()).map(|eta| noise.words(eta) as f64 / words).collect();
        let active = ((half_width / path.lsb()) as i64).min(path.max());
        let grain = path.centre.iter().fold(path.amplitude, |g, &c| gcd(g, c));
        let far = path.unit * (active + 2) + path.amplitude * (noise.len() as i64 / 2);
        let operator = Self { path, noise, grain, reach: far / grain + 2, active };
        // Law, sums, new law, residual and correction.
        (40 * operator.states() as u64 <= memory).then_some(operator)
    }

    fn cell(&self, w: i64) -> usize {
        (w / self.grain + self.reach) as usize
    }

    /// G at cell edges: sums of the masses below each cell.
    fn below(law: &[f64]) -> Vec<f64> {
        let mut sum = 0.0;
        let sums = law.iter().map(|p| {
            let before = sum;
            sum += p;
            before
        });
        sums.collect()
    }

    /// Calls `put(x, η, P(φ' = x, η))`.
    fn visit(&self, law: &[f64], mut put: impl FnMut(i64, i64, f64)) {
        let below = Self::below(law);
        let max = (self.noise.len() / 2) as i64;
        for x in -self.active..=self.active {
            for (eta, &q) in (-max..).zip(&self.noise) {
                let from = x * self.path.unit - self.path.offset - self.path.amplitude * eta;
                let mass = below[self.edge(from + self.path.unit)] - below[self.edge(from)];
                if mass != 0.0 {
                    put(x, eta, q * mass);
                }
            }
        }
    }

    /// The first cell whose w is not below t.
    fn edge(&self, t: i64) -> usize {
        (-(-t).div_euclid(self.grain) + self.reach).clamp(0, 2 * self.reach) as usize
    }

    /// The law of φ that belongs to a law of w, on n = -max..=max.
    pub fn field(&self, law: &[f64]) -> Vec<f64> {
        let mut field = vec![0.0; self.path.centre.len()];
        self.visit(law, |x, _, mass| field[(x + self.path.max()) as usize] += mass);
        field
    }
}

impl Transfer for LeimkuhlerMatthewsOperator<'_> {
    fn apply(&self, law: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; law.len()];
        self.visit(law, |x, eta, mass| {
            let centre = self.path.centre[(x + self.path.max()) as usize];
            out[self.cell(centre + self.path.amplitude * eta)] += mass;
        });
        out
    }

    fn position(&self, index: usize) -> f64 {
        (index as i64 - self.reach) as f64 * self.grain as f64 / self.path.unit as f64 * self.path.lsb()
    }

    fn states(&self) -> usize {
        2 * self.reach as usize + 1
    }
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a.abs() } else { gcd(b, a % b) }
}
