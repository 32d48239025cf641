//! Properties over random lattices, couplings, number formats, integrators and seeds.
//!
//! Everything here is exact or has a proved bound: a correct workspace never fails. Failures are kept in
//! `proptest-regressions/` and tried first ever after.

mod action;
mod arithmetic;
mod chains;
mod extremes;
mod machines;
mod refusals;
mod scales;
mod symmetry;
mod words;

#[cfg(feature = "host")]
mod images;
#[cfg(feature = "host")]
mod round_trips;
#[cfg(feature = "host")]
mod runs;
