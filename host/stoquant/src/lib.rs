//! Stochastic quantisation, certified: what the command `stoquant` is made of, under one name.

pub use stoquant_certify::{self as certify, report};
pub use stoquant_compare as compare;
pub use stoquant_device::{self as device, rtl};
pub use stoquant_engines::{engine, simd};
pub use stoquant_exact::{analysis, estimate, exact, fokker_planck, reference, sampler};
pub use stoquant_experiment::{ensemble, experiment, npy, options, output, resources, run};
pub use stoquant_integers::{gauss_fit, law, markov, noise_law};

/// Diffusion with a trained score.
pub mod diffusion {
    pub use stoquant_diffusion::*;
    pub use stoquant_training as train;
}
