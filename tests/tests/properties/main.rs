//! Properties over random lattices, couplings, number formats, integrators and seeds.
//!
//! Everything here is exact or has a proved bound: a correct workspace never fails. Failures are kept in
//! `proptest-regressions/` and tried first ever after.

mod action;
mod arithmetic;
mod chains;
mod extremes;
mod images;
mod machines;
mod refusals;
mod round_trips;
mod scales;
mod symmetry;
