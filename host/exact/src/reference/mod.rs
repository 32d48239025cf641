//! The reference: action, drift and one step of each integrator in f64, as plainly as the formulas can be written.
//!
//! Whole fields, coordinates by division, nothing shared with the core: what the core computes in its streaming,
//! fixed-point way is compared with this. Fields are row-major, the last coordinate fastest; `extents` has length 0 to
//! 4; all extents are periodic. An extent of 1 makes a site its own neighbour both ways, an extent of 2 counts each
//! bond twice. All functions panic if the length of a field is not the volume.

mod action;
mod integers;
mod integrators;
mod words;

pub use action::{action, drift, laplacian};
pub use integers::Datapath;
pub use integrators::{euler, heun, leimkuhler_matthews, mala};
pub use words::{Address, Stream, threefry};
