//! The exact transition operator of a one-site Euler step: the very integers, without a sampling error.
//!
//! From the state n, x = c(n) + o = q·u + r and the new state is at least q + j if η ≥ ⌈(j·u - r)/a⌉. With C(t) = P(η ≥
//! t), a count of words over 2^32 and so exact in double precision,
//!
//! ```text
//! P(n → q + j) = C(t_j) - C(t_{j+1}),   t_j = ⌈(j·u - r)/a⌉ = t⁰_j - r₁ - [s_j + r₀ ≥ a],
//! t⁰_j = ⌈j·u/a⌉,   s_j = a·t⁰_j - j·u,   r = r₁·a + r₀.
//! ```
//!
//! r₁ has about 1/√(2ε) values: the arrays C(t⁰_j - r₁) are tabulated, and a row is the choice, entry by entry, between
//! two of them. The differences are taken before they are summed: cumulated sums differenced at the end would lose six
//! digits.

use rayon::prelude::*;

use super::Datapath;
use super::solver::Transfer;
use crate::noise_law::NoiseLaw;

/// Entries of a row handled at a time: what is read and written stays in the first-level cache.
const BLOCK: usize = 768;

/// Sources shared out among threads in this many parts, whatever the number of threads: sums are the same bits.
const PARTS: usize = 8;

/// States of smaller probability are left out: 2^18 of them hold less than 6e-13.
const NEGLIGIBLE: f64 = 2e-18;

/// The operator.
pub struct EulerOperator<'a> {
    path: &'a Datapath,
    /// First j.
    first: i64,
    /// s_j, as numbers that compare exactly.
    phase: Vec<f64>,
    /// C(t⁰_j - r₁) for every r₁ from 0 on, one entry more than there are j.
    tails: Vec<Vec<f64>>,
}

/// One state to start from.
struct Source {
    /// r₁.
    coarse: usize,
    /// a - r₀: the phase from which on the threshold is one lower.
    carry: f64,
    /// Index of j = first in the padded output.
    start: usize,
    /// Its probability.
    mass: f64,
}

impl<'a> EulerOperator<'a> {
    /// The operator of an update under a noise.
    pub fn new(path: &'a Datapath, noise: &NoiseLaw) -> Self {
        let (a, u) = (path.amplitude, path.unit);
        let reach = i64::from(noise.max());
        // All j with a threshold between -reach (certain) and reach + 1 (impossible), for any r in [0, u).
        let first = (-reach * a).div_euclid(u) - 1;
        let last = ((reach + 1) * a + u).div_euclid(u) + 1;
        let t0 = |j: i64| -((-j * u).div_euclid(a));
        let phase = (first..=last).map(|j| (a * t0(j) - j * u) as f64).collect();
        let words = (1_u64 << 32) as f64;
        let tail = |t: i64| noise.tail(t.clamp(-reach - 1, reach + 1) as i32) as f64 / words;
        let tails = (0..=u / a + 2).map(|r1| (first..=last).map(|j| tail(t0(j) - r1)).collect()).collect();
        Self { path, first, phase, tails }
    }

    /// The exact row of one state: P(n → n') for n' = -max..=max.
    pub fn row(&self, n: i64) -> Vec<f64> {
        let mut p = vec![0.0; self.path.centre.len()];
        p[(n + self.path.max()) as usize] = 1.0;
        self.apply(&p)
    }

    fn source(&self, index: usize, mass: f64, pad: i64) -> Source {
        let x = self.path.centre[index] + self.path.offset;
        let (q, r) = (x.div_euclid(self.path.unit), x.rem_euclid(self.path.unit));
        let (r1, r0) = (r / self.path.amplitude, r % self.path.amplitude);
        Source {
            coarse: r1 as usize,
            carry: (self.path.amplitude - r0) as f64,
            start: (q + self.first + self.path.max() + pad) as usize,
            mass,
        }
    }

    /// Adds the rows of some sources, sorted by r₁.
    fn add(&self, sources: &[Source], out: &mut [f64]) {
        let width = self.phase.len() - 1;
        let mut chosen = [0.0; BLOCK + 1];
        for from in (0..width).step_by(BLOCK) {
            let count = BLOCK.min(width - from);
            let phase = &self.phase[from..=from + count];
            for source in sources {
                let here = &self.tails[source.coarse][from..=from + count];
                let lower = &self.tails[source.coarse + 1][from..=from + count];
                let chosen = &mut chosen[..=count];
                for (((chosen, &s), &here), &lower) in chosen.iter_mut().zip(phase).zip(here).zip(lower) {
                    *chosen = if s >= source.carry { lower } else { here };
                }
                let out = &mut out[source.start + from..][..count];
                for ((out, &at), &next) in out.iter_mut().zip(&chosen[..count]).zip(&chosen[1..]) {
                    *out += source.mass * (at - next);
                }
            }
        }
    }
}

impl Transfer for EulerOperator<'_> {
    fn apply(&self, law: &[f64]) -> Vec<f64> {
        let states = law.len();
        // The noise-free map never leaves the range by more than a quarter of the field: saturation folds what does.
        let pad = 2 * self.path.max() + self.phase.len() as i64;
        let mut sources: Vec<Source> = law
            .iter()
            .enumerate()
            .filter(|&(_, &mass)| mass.abs() > NEGLIGIBLE)
            .map(|(index, &mass)| self.source(index, mass, pad))
            .collect();
        // A stable sort: within equal r₁ the output moves on slowly.
        sources.sort_by_key(|source| source.coarse);
        let length = states + 2 * pad as usize;
        let share = sources.len().div_ceil(PARTS).max(1);
        let sums: Vec<Vec<f64>> = sources
            .par_chunks(share)
            .map(|part| {
                let mut out = vec![0.0; length];
                self.add(part, &mut out);
                out
            })
            .collect();
        let total = |i: usize| sums.iter().map(|sum| sum[i]).sum::<f64>();
        let pad = pad as usize;
        let mut out: Vec<f64> = (pad..pad + states).map(total).collect();
        // Saturation.
        if let Some(end) = out.first_mut() {
            *end += (0..pad).map(total).sum::<f64>();
        }
        if let Some(end) = out.last_mut() {
            *end += (pad + states..length).map(total).sum::<f64>();
        }
        out
    }

    fn position(&self, index: usize) -> f64 {
        (index as i64 - self.path.max()) as f64 * self.path.lsb()
    }

    fn states(&self) -> usize {
        self.path.centre.len()
    }
}
