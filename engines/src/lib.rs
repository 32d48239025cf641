//! The lattice core behind one trait: every number type and integrator, on every machine that this processor has.
//!
//! A crate of its own, since what is compiled here, each combination of them, is half of what there is to compile.

pub mod engine;
pub mod field;
pub mod simd;
