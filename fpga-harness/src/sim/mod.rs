//! Simulated circuits.

mod chain;
mod line;
mod model;

pub use chain::{Chains, Coefficients, Retired};
pub use line::{LINE_DIVIDER, Line};
pub use model::{Circuit, Model, Port, circuits, signed};
