//! Stochastic quantisation, certified: reference, exact results, sampling and certification of the lattice core.

pub mod analysis;
pub mod certify;
pub mod compare;
pub mod device;
pub mod diffusion;
pub mod ensemble;
pub mod estimate;
pub mod exact;
pub mod experiment;
pub mod fokker_planck;
pub mod gauss_fit;
pub mod law;
pub mod markov;
pub mod noise_law;
pub mod npy;
pub mod options;
pub mod output;
pub mod reference;
pub mod report;
pub mod resources;
pub mod rtl;
pub mod run;
pub mod sampler;

pub use stoquant_engines::{engine, simd};
