//! A law of two sites: means, cells, distances.

use stoquant_model::Phi4;

use super::rows::SITE;
use crate::markov::{self, phi};

/// Masses of all (a, b).
#[derive(Clone, Debug, PartialEq)]
pub struct JointLaw {
    masses: Vec<f64>,
}

impl JointLaw {
    /// From masses, index 255a + b; scaled to a sum of 1.
    pub fn new(masses: Vec<f64>) -> Self {
        Self { masses: markov::normalised(masses) }
    }

    /// e^{-S}, S = Σ[bφ² + λφ⁴] - 4κφ₀φ₁ (an extent of two counts its bond twice).
    pub fn gibbs(c: &Phi4) -> Self {
        Self::boltzmann(c.kappa, |state| (c.b + c.lambda * phi(state).powi(2)) * phi(state).powi(2))
    }

    /// e^{-S} with a potential of a site that is given state by state.
    pub fn boltzmann(kappa: f64, potential: impl Fn(usize) -> f64) -> Self {
        let action = |i: usize| {
            let (a, b) = (i / SITE, i % SITE);
            potential(a) + potential(b) - 4.0 * kappa * phi(a) * phi(b)
        };
        let least = (0..SITE * SITE).map(action).fold(f64::INFINITY, f64::min);
        Self::new((0..SITE * SITE).map(|i| (least - action(i)).exp()).collect())
    }

    /// Masses, index 255a + b.
    pub fn masses(&self) -> &[f64] {
        &self.masses
    }

    /// ⟨f(φ₀, φ₁)⟩.
    pub fn mean(&self, f: impl Fn(f64, f64) -> f64) -> f64 {
        self.masses.iter().enumerate().map(|(i, p)| p * f(phi(i / SITE), phi(i % SITE))).sum()
    }

    /// ⟨φ²⟩ of a site: the mean of both.
    pub fn square(&self) -> f64 {
        self.mean(|x, y| 0.5 * (x * x + y * y))
    }

    /// ⟨φ⁴⟩ of a site: the mean of both.
    pub fn fourth(&self) -> f64 {
        self.mean(|x, y| 0.5 * (x.powi(4) + y.powi(4)))
    }

    /// ⟨φ₀φ₁⟩.
    pub fn bond(&self) -> f64 {
        self.mean(|x, y| x * y)
    }

    /// The law of the first site.
    pub fn marginal(&self) -> Vec<f64> {
        self.masses.chunks(SITE).map(|line| line.iter().sum()).collect()
    }

    /// This law with the sites exchanged.
    pub fn exchanged(&self) -> Self {
        Self { masses: (0..SITE * SITE).map(|i| self.masses[i % SITE * SITE + i / SITE]).collect() }
    }

    /// Probabilities of cells of `side`² states; what a distance on them no longer sees is the roughness of a law from
    /// state to state.
    pub fn cells(&self, side: usize) -> Vec<f64> {
        let count = SITE.div_ceil(side);
        let mut cells = vec![0.0; count * count];
        for (i, p) in self.masses.iter().enumerate() {
            cells[i / SITE / side * count + i % SITE / side] += p;
        }
        cells
    }

    /// Total variation to another law on cells of `side`² states; 1: state by state.
    pub fn distance(&self, other: &Self, side: usize) -> f64 {
        markov::total_variation(&self.cells(side), &other.cells(side))
    }
}
