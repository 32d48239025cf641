//! The exact stationary law of the integers that run, on one site: no sampling, no expansion, no finer grid.
//!
//! A [`Datapath`] is the update as integers, read off the core's own arithmetic; [`EulerOperator`] and
//! [`LeimkuhlerMatthewsOperator`] are its transition operators with the counted law of the noise; [`stationary`] finds
//! the fixed point in a few applications; a [`Chain`] holds all of it together with the laws to compare with:
//!
//! | | law |
//! |---|---|
//! | continuous | the same step with the quantised coefficients in real numbers, noise variance as counted |
//! | dithered | the same, with the rounding as noise of variance Δ²/12 a step: T = 1 + Δ²/(24ε) |
//! | effective | e^{-S_eff}, S_eff = S + (ε/4)(2S'' - S'²), to first order |
//! | Gibbs | e^{-S} with the quantised couplings |
//!
//! On the full grid a law is rough: smooth times a number-theoretic pattern of the noise lattice on the field's grid,
//! up to a per cent in total variation, which no smooth function sees. So laws are compared on cells of many states.
//!
//! [`two_sites`] does the same for the smallest lattice.

mod coarse;
mod datapath;
mod euler;
mod leimkuhler_matthews;
mod solved;
mod solver;
pub mod two_sites;

pub use coarse::Coarse;
pub use datapath::{Datapath, Rounding, coefficients};
pub use euler::EulerOperator;
pub use leimkuhler_matthews::LeimkuhlerMatthewsOperator;
pub use solved::{Chain, Solved, TOLERANCE, TOLERANCE_LEIMKUHLER_MATTHEWS, total_variation};
pub use solver::{Stationary, Transfer, stationary};

#[cfg(test)]
mod tests;
