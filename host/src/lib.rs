//! Stochastic quantisation, certified: reference, exact results, sampling and certification of the lattice core.

pub mod analysis;
pub mod couplings;
pub mod estimate;
pub mod exact;
pub mod reference;
pub mod sampler;
