//! The stoquant core: lattice Langevin dynamics with the same bits on laptop, microcontroller and FPGA.
//!
//! `no_std`, no allocation, no unsafe code, no panic path. Algorithms are written once over a number type
//! ([`arith::Arith`]: `f64`, `f32`, `Fx<18>`, `Fx<16>`) and over a lattice whose extents are known to the compiler or
//! at run time ([`lattice::Plan`]).
//!
//! ```text
//!           (seed, chain, step, site)
//!                     │
//!                     ▼
//!    bits ──▶ noise ──η──▶ integrator ──φ'──▶ field ──▶ observables
//!                               ▲               │
//!                               └───K── drift ◀─┘
//! ```
//!
//! A whole chain on a board, its size a constant:
//!
//! ```
//! use stoquant_core::{action::Phi4, arith::Fx, board::Board, integrator::Euler, lattice::Torus2, noise::NoiseKind};
//!
//! let action = Phi4::kappa_form(0.27, 0.022);
//! let euler = Euler::<Fx<18>, _>::new(&action, 0.01, 2)?;
//! let mut board = Board::<2, Torus2<32, 32>, Fx<18>>::new(2026, 0, NoiseKind::Gaussian);
//! const { assert!(Board::<2, Torus2<32, 32>, Fx<18>>::RAM <= 5 * 1024) };
//! for _ in 0..100 {
//!     board.sweep(&euler);
//! }
//! assert_eq!(board.state().clipped, 0);
//! # Ok::<(), stoquant_core::error::Error>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::missing_errors_doc)]

pub mod action;
pub mod arith;
pub mod board;
pub mod diffusion;
pub mod dispatch;
mod form;
pub mod integrator;
pub mod lattice;
pub mod machine;
pub mod math;
pub mod noise;
pub mod observable;
pub mod score;
pub mod trace;

pub use stoquant_model::error;
