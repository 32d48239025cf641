//! Engines: whatever advances a chain, behind the trait [`Engine`](engine::Engine); and the core as an engine, for
//! every number type and integrator, on the vectors and threads of this processor.
//!
//! ```
//! use stoquant_engines::engine::core_engine;
//! use stoquant_model::{ArithKind, Extents, IntegratorKind, NoiseKind, Phi4, Setup};
//!
//! let setup = Setup {
//!     extents: Extents::from([8, 8]),
//!     couplings: Phi4::kappa_form(0.27, 0.022),
//!     eps: 0.01,
//!     arith: ArithKind::Fx18,
//!     integrator: IntegratorKind::Euler,
//!     noise: NoiseKind::Gaussian,
//!     seed: 1,
//! };
//! let (mut one, mut other) = (core_engine(&setup, 0)?, core_engine(&setup, 0)?);
//! one.sweep(7)?;
//! // Field and counters determine all that follows.
//! other.set_bits(&one.bits()?)?;
//! other.set_state(one.state()?)?;
//! one.sweep(5)?;
//! other.sweep(5)?;
//! assert_eq!(one.bits()?, other.bits()?);
//! # Ok::<(), stoquant_model::Error>(())
//! ```
//!
//! A separate crate: its monomorphised chains are a good part of the build, and dependents need not compile them again.
#![warn(clippy::missing_errors_doc)]

pub mod engine;
pub mod field;
pub mod simd;
