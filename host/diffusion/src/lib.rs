//! Diffusion with a trained score: models, configurations with their weights, and what these say.

pub mod evaluate;
pub mod finish;
pub mod generate;
pub mod int8;
pub mod magnetisation;
pub mod model;
#[cfg(test)]
mod network_tests;
pub mod reference;
pub mod spectrum;
pub mod tables;
pub mod weights;
