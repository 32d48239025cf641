//! Simulated circuits.

mod chain;
mod line;
mod model;
mod score;

pub use chain::{Chains, Coefficients, Retired};
pub use line::{LINE_DIVIDER, Line};
pub use model::{Circuit, Model, Port, circuits, signed};
pub use score::{DoesNotFit, ROOM, Room, Score, Shown, Sums, registers};
