//! One site of eight bits as a Markov chain in integers: a proof by enumeration.
//!
//! φ of [`Fx<8>`](stoquant_core::arith::Fx) has 255 values n·Δ, |n| ≤ 127, Δ = 1/16, and its noise finitely many words.
//! So the transition probabilities of the chain that runs are integers over a power of two,
//!
//! ```text
//! C(n, n') = #{words: n → n'},   Σ_n' C(n, n') = 2^bits,   π C = 2^bits π
//! ```
//!
//! and its law π is the solution of a linear system: no sample, no error bar, no grid.
//!
//! | module | what |
//! |---|---|
//! | [`counts`] | the matrix C |
//! | [`datapath`] | C of the core's own sweep; the same update as an integer formula |
//! | [`rounding`] | to nearest, stochastic, truncation: what each does to bias and temperature |
//! | [`mod@classes`] | irreducibility and period, from the graph of C |
//! | [`stationary`] | π in floats without a subtraction, and in exact integers |
//! | [`continuous`] | the chain with Gaussian noise and no rounding, on the same points |
//! | [`response`] | what a small bias or variance of a step does to a mean |
//! | [`mala`] | a Metropolis step whose ratio is one of counts: π(n) ∝ w(n), exactly |

pub mod classes;
pub mod continuous;
pub mod counts;
pub mod datapath;
pub mod mala;
pub mod response;
pub mod rounding;
pub mod stationary;

pub use classes::{Class, classes, closed};
pub use counts::CountMatrix;
pub use datapath::{Always, EtaLaw, Formula, Site};
pub use response::Response;
pub use rounding::Rounding;

use stoquant_exact::exact::SitePotential;

/// Width of the field in bits.
pub const WIDTH: u32 = 8;

/// The largest n.
pub const MAX: i32 = (1 << (WIDTH - 1)) - 1;

/// Number of values of n.
pub const STATES: usize = 2 * MAX as usize + 1;

/// The field spacing Δ.
pub const LSB: f64 = 1.0 / (1 << (WIDTH - 4)) as f64;

/// State number of n, |n| ≤ [`MAX`].
pub fn index(n: i32) -> usize {
    (n + MAX) as usize
}

/// n of a state.
pub fn level(state: usize) -> i32 {
    state as i32 - MAX
}

/// φ of a state.
pub fn phi(state: usize) -> f64 {
    f64::from(level(state)) * LSB
}

/// e^{-S} on the 255 points, normalised to a sum of 1.
pub fn boltzmann(potential: &SitePotential) -> Vec<f64> {
    let weights: Vec<f64> = (0..STATES).map(|i| (-potential.height(phi(i))).exp()).collect();
    normalised(weights)
}

/// A law scaled to a sum of 1.
pub fn normalised(mut law: Vec<f64>) -> Vec<f64> {
    let sum: f64 = law.iter().sum();
    law.iter_mut().for_each(|p| *p /= sum);
    law
}

/// ⟨f(φ)⟩.
pub fn mean(law: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    law.iter().enumerate().map(|(i, p)| p * f(phi(i))).sum()
}

/// Total variation, ½ Σ |p - q|.
pub fn total_variation(p: &[f64], q: &[f64]) -> f64 {
    0.5 * p.iter().zip(q).map(|(p, q)| (p - q).abs()).sum::<f64>()
}
