//! Lattice core.
#![no_std]
#![forbid(unsafe_code)]
pub mod noise;
