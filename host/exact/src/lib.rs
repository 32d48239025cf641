//! Exact results of lattice φ⁴, the analysis of time series, and reference samplers: everything a sampler is compared
//! with.
//!
//! Nothing of the core is used here; the build would say so. The formulas stand once more, in `f64`.
//!
//! ```
//! use stoquant_exact::{estimate::Observable, exact};
//! use stoquant_model::Phi4;
//!
//! // ⟨φ ∂S/∂φ⟩ = 1 on every lattice; a transfer matrix and a quadrature agree where both can be had.
//! let action = Phi4::kappa_form(0.2, 0.1);
//! let ring = exact::ring(3, &action)?;
//! let lattice = exact::lattice(&[3], &action)?;
//! assert!((ring[&Observable::SchwingerDyson].value - 1.0).abs() < 1e-9);
//! assert!((ring[&Observable::Phi2].value - lattice[&Observable::Phi2].value).abs() < 1e-9);
//! # Ok::<(), exact::Error>(())
//! ```

pub mod analysis;
pub mod estimate;
pub mod exact;
pub mod fokker_planck;
pub mod reference;
pub mod sampler;
