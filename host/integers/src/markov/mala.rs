//! Metropolis in integers: the target is a table of integer weights w(n), and π(n) ∝ w(n) exactly.
//!
//! A proposal C(n, n') of counts, production noise with its one rounding included, is accepted with probability
//!
//! ```text
//! a(n, n') = min(1, w(n')·C(n', n) / w(n)·C(n, n'))    so that   w(n)·C(n, n')·a(n, n') = w(n')·C(n', n)·a(n', n)
//! ```
//!
//! [`GridNoise`] rounds drift and noise apart, n' = n + f(n) + p, with p from counts g(p): then C(n, n') = g(n' - n -
//! f(n)) is one short table, and [`finite`](GridNoise::finite) decides with finitely many bits and no rounding of the
//! acceptance. The state is (n, u), 0 ≤ u < w(n); a word is (p, rank), 0 ≤ rank < g(p);
//!
//! ```text
//! n' = n + f(n) + p,   p' = n - n' - f(n'),   U = u·g(p) + rank;   accept if U < w(n')·g(p'), then u' = U div g(p')
//! ```
//!
//! which maps (n, p, U) to (n', p', U) and back: an involution, so each (n', u') is reached by as many words as leave
//! it, and the uniform law on (n, u) is invariant. The marginal of n is w(n)/Σw. [`refresh`] draws u anew.

use std::collections::BTreeMap;

use num_rational::Ratio;
use num_traits::One;
use stoquant_core::arith::Arith;

use super::{CountMatrix, EtaLaw, MAX, STATES, Site, index, level, phi};
use stoquant_exact::exact::SitePotential;

/// w(n) = e^{-S} · `largest`, to the nearest integer.
pub fn weights(potential: &SitePotential, largest: u64) -> Vec<u64> {
    (0..STATES).map(|i| ((-potential.height(phi(i))).exp() * largest as f64).round() as u64).collect()
}

/// a(i, j); never from or to a state without weight, nor where there is no way back.
pub fn acceptance(proposal: &CountMatrix, w: &[u64], i: usize, j: usize) -> Ratio<u128> {
    let flow = |i: usize, j: usize| u128::from(w[i]) * u128::from(proposal.count(i, j));
    match (flow(i, j), flow(j, i)) {
        (0, _) => Ratio::from_integer(0),
        (there, back) => Ratio::new(back, there).min(Ratio::one()),
    }
}

/// Pairs of states in which w(i)·C(i, j)·a(i, j) and w(j)·C(j, i)·a(j, i) differ, as exact rationals.
pub fn unbalanced(proposal: &CountMatrix, w: &[u64], accept: impl Fn(usize, usize) -> Ratio<u128>) -> usize {
    let flow = |i: usize, j: usize, words: u64| accept(i, j) * (u128::from(w[i]) * u128::from(words));
    proposal.entries().filter(|&(i, j, words)| i != j && flow(i, j, words) != flow(j, i, proposal.count(j, i))).count()
}

/// Transition probabilities of the adjusted chain between the states given; the diagonal, which no solver here reads,
/// is 0.
pub fn adjusted(proposal: &CountMatrix, states: &[usize], accept: impl Fn(usize, usize) -> f64) -> Vec<Vec<f64>> {
    let scale = (-f64::from(proposal.bits())).exp2();
    let rate = |i: usize, j: usize| match proposal.count(i, j) {
        words if words > 0 && i != j => words as f64 * scale * accept(i, j),
        _ => 0.0,
    };
    states.iter().map(|&i| states.iter().map(|&j| rate(i, j)).collect()).collect()
}

/// The graph of the adjusted chain: 1 for each way that is ever taken, and each state's way to itself.
pub fn ways(proposal: &CountMatrix, w: &[u64]) -> CountMatrix {
    CountMatrix::new(proposal.states(), 0, |i, put| {
        put(i, 1);
        let taken = |j: usize| acceptance(proposal, w, i, j) > Ratio::from_integer(0);
        proposal.row(i).iter().filter(|&&(j, _)| j != i && taken(j)).for_each(|&(j, _)| put(j, 1));
    })
}

/// n' = n + f(n) + p: drift and noise rounded to the grid one by one, by the core.
#[derive(Clone, Debug)]
pub struct GridNoise {
    bits: u32,
    shift: Vec<i32>,
    counts: BTreeMap<i32, u64>,
}

impl GridNoise {
    /// f(n) is what a sweep without noise adds, p what a sweep adds to n = 0, which no drift moves.
    pub fn new<A: Arith>(site: &Site<A>, eta: &EtaLaw) -> Self {
        let mut counts = BTreeMap::new();
        eta.counts().for_each(|(eta, words)| *counts.entry(site.step(0, eta)).or_insert(0) += words);
        let shift = (0..STATES).map(|i| site.step(level(i), 0) - level(i)).collect();
        Self { bits: eta.bits(), shift, counts }
    }

    fn words(&self, p: i32) -> u64 {
        self.counts.get(&p).copied().unwrap_or(0)
    }

    /// The proposal; beyond ±[`MAX`] it stays where it was.
    pub fn proposal(&self) -> CountMatrix {
        CountMatrix::new(STATES, self.bits, |i, put| {
            for (&p, &words) in &self.counts {
                let to = level(i) + self.shift[i] + p;
                put(if to.abs() <= MAX { index(to) } else { i }, words);
            }
        })
    }

    /// The finite-bit chain on the states (n, u) of `pairs`.
    pub fn finite(&self, w: &[u64], pairs: &Pairs) -> CountMatrix {
        CountMatrix::new(pairs.len(), self.bits, |state, put| {
            let (i, u) = pairs.pair(state);
            for (&p, &words) in &self.counts {
                let to = level(i) + self.shift[i] + p;
                for rank in 0..words {
                    put(self.decide(w, pairs, i, to, u * words + rank).unwrap_or(state), 1);
                }
            }
        })
    }

    /// The state that an accepted proposal leads to.
    fn decide(&self, w: &[u64], pairs: &Pairs, i: usize, to: i32, total: u64) -> Option<usize> {
        let j = (to.abs() <= MAX).then(|| index(to))?;
        let back = self.words(level(i) - to - self.shift[j]);
        (back > 0 && total < w[j] * back).then(|| pairs.state(j, total / back))
    }
}

/// The states (n, u), 0 ≤ u < w(n), numbered.
#[derive(Clone, Debug)]
pub struct Pairs {
    first: Vec<usize>,
    all: Vec<(usize, u64)>,
}

impl Pairs {
    /// All of them, in order.
    pub fn new(w: &[u64]) -> Self {
        let mut pairs = Self { first: Vec::new(), all: Vec::new() };
        for (i, &w) in w.iter().enumerate() {
            pairs.first.push(pairs.all.len());
            pairs.all.extend((0..w).map(|u| (i, u)));
        }
        pairs
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// No weight at all.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// (n, u) of a number.
    pub fn pair(&self, state: usize) -> (usize, u64) {
        self.all[state]
    }

    /// The number of (n, u).
    pub fn state(&self, i: usize, u: u64) -> usize {
        self.first[i] + u as usize
    }
}

/// u drawn anew: v of as many bits as the largest weight needs; u becomes v if v < w(n), and stays otherwise.
pub fn refresh(w: &[u64], pairs: &Pairs) -> CountMatrix {
    let most = w.iter().copied().max().unwrap_or(1);
    let bits = u64::BITS - most.saturating_sub(1).leading_zeros();
    CountMatrix::new(pairs.len(), bits, |state, put| {
        let (i, u) = pairs.pair(state);
        (0..1 << bits).for_each(|v| put(pairs.state(i, if v < w[i] { v } else { u }), 1));
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_traits::ToPrimitive;
    use stoquant_core::arith::Fx;

    /// What balance means: the acceptance without the way back is caught, pair by pair.
    #[test]
    fn balance_needs_the_way_back() {
        let potential = SitePotential { b: 0.5, lambda: 0.25 };
        let site = Site::<Fx<8>>::new(&potential, 0.02).unwrap();
        let (proposal, w) = (site.enumerate(&EtaLaw::short(8)), weights(&potential, 1 << 20));
        let forgetful = |i: usize, j: usize| match w[i] {
            0 => Ratio::from_integer(0),
            from => Ratio::new(u128::from(w[j]), u128::from(from)).min(Ratio::one()),
        };
        assert!(unbalanced(&proposal, &w, forgetful) > 1000);
        assert_eq!(unbalanced(&proposal, &w, |i, j| acceptance(&proposal, &w, i, j)), 0);
    }

    #[test]
    fn pairs_are_numbered_once() {
        let w = weights(&SitePotential { b: 0.5, lambda: 0.25 }, 32);
        let pairs = Pairs::new(&w);
        assert_eq!(pairs.len() as u64, w.iter().sum::<u64>());
        for state in 0..pairs.len() {
            let (i, u) = pairs.pair(state);
            assert!(pairs.state(i, u) == state && u < w[i]);
        }
    }

    /// Acceptance falls with the step: 1 - O(ε^{3/2}) (Roberts, Rosenthal, J. R. Stat. Soc. B 60 (1998) 255).
    #[test]
    fn acceptance_of_small_steps() {
        let potential = SitePotential { b: 0.5, lambda: 0.25 };
        let site = Site::<Fx<8>>::new(&potential, 0.02).unwrap();
        let (proposal, w) = (site.enumerate(&EtaLaw::production()), weights(&potential, 1 << 24));
        let total = w.iter().sum::<u64>() as f64 * 2f64.powi(32);
        let accepted = |(i, j, words)| w[i] as f64 * words as f64 * acceptance(&proposal, &w, i, j).to_f64().unwrap();
        let mean = proposal.entries().map(accepted).sum::<f64>() / total;
        assert!((0.95..1.0).contains(&mean), "{mean}");
    }
}
