//! What determines a chain of lattice field theory, as plain values: the theory and its couplings, the extents of the
//! lattice, number type, integrator and noise.
//!
//! Every other crate reads these values here: the core turns them into types (`stoquant_core::dispatch`), the protocol
//! into bytes ([`tag`]), files and command lines into names. Exact results need the values and nothing of the core.
//!
//! ```
//! use stoquant_model::{ArithKind, Extents, IntegratorKind, NoiseKind, Phi4, Setup};
//!
//! let setup = Setup {
//!     extents: Extents::from([8, 8]),
//!     couplings: Phi4::kappa_form(0.27, 0.022),
//!     eps: 0.05,
//!     arith: ArithKind::Fx18,
//!     integrator: IntegratorKind::Mala,
//!     noise: NoiseKind::Gaussian,
//!     seed: 1,
//! };
//! assert_eq!(setup.extents.volume(), Ok(64));
//! assert_eq!(IntegratorKind::of_name("mala"), Some(setup.integrator));
//! ```
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::missing_errors_doc)]

pub mod binary;
pub mod error;
pub mod extents;
pub mod phi4;
pub mod setup;
pub mod tag;

pub use error::Error;
pub use extents::{Extents, MAX_DIMS, MAX_SITES};
pub use phi4::Phi4;
pub use setup::Setup;
pub use tag::{ArithKind, IntegratorKind, NoiseKind, TheoryKind};

/// What the code of [`tags!`] uses.
#[doc(hidden)]
pub mod reexport {
    #[cfg(feature = "clap")]
    pub use clap;
    #[cfg(feature = "serde")]
    pub use serde;
}
