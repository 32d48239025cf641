//! Stochastic quantisation, certified: what the command `stoquant` is made of, under one name.
//!
//! ```
//! use stoquant::{analysis, engine::core_engine, estimate::Observable, exact, run::{Schedule, run_chains}};
//! use stoquant_model::{ArithKind, Extents, IntegratorKind, NoiseKind, Phi4, Setup};
//!
//! // Four chains of MALA in fixed point on 2×2 sites, against the exact average.
//! let setup = Setup {
//!     extents: Extents::from([2, 2]),
//!     couplings: Phi4::kappa_form(0.27, 0.022),
//!     eps: 0.05,
//!     arith: ArithKind::Fx18,
//!     integrator: IntegratorKind::Mala,
//!     noise: NoiseKind::Gaussian,
//!     seed: 1,
//! };
//! let schedule = Schedule { thermalise: 500, measurements: 2000, every: 10 };
//! let runs = run_chains(&core_engine, &setup, 4, 1.0, &schedule)?;
//! let series: Vec<_> = runs.into_iter().map(|run| run.series).collect();
//! let found = analysis::observables(&series, 4)?[&Observable::Phi2];
//! let known = exact::torus(2, 2, &setup.couplings)?[&Observable::Phi2];
//! // A correct sampler fails this with probability 6e-7.
//! assert!((found.value - known.value).abs() < 5.0 * found.error, "{found} {known}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub use stoquant_certify::{self as certify, report};
pub use stoquant_compare as compare;
pub use stoquant_device::{self as device, rtl};
pub use stoquant_engines::{engine, simd};
pub use stoquant_exact::{analysis, estimate, exact, fokker_planck, reference, sampler};
pub use stoquant_experiment::{ensemble, experiment, measured, npy, options, output, resources, run, sampling};
pub use stoquant_integers::{gauss_fit, law, markov, noise_law};

/// Diffusion with a trained score.
pub mod diffusion {
    pub use stoquant_diffusion::*;
    pub use stoquant_training as train;
}
