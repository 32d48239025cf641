//! The twins of the quantised score against their modules of the core: on the edges of their domains, on images of
//! shipped models, of random numbers and of the largest ones.
//!
//! Comparisons are of bits, so nothing here has an error rate. Random cases: fixed seeds, and one that nobody has seen,
//! which is printed.
#![cfg(all(feature = "sim", not(feature = "netlist")))]

mod abort;
mod arithmetic;
#[path = "../common/mod.rs"]
mod common;
mod hartley;
mod images;
mod magnetisation;
mod memory;
mod network;
mod orbit;
mod prepared;
mod room;
mod sampler;
mod stage;
mod sums;
