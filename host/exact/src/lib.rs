//! Exact results of lattice φ⁴, the analysis of time series, and reference samplers: everything a sampler is compared
//! with.
//!
//! Nothing of the core is used here; the build would say so. The formulas stand once more, in `f64`.

pub mod analysis;
pub mod estimate;
pub mod exact;
pub mod fokker_planck;
pub mod reference;
pub mod sampler;
