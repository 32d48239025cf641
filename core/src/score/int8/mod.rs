//! The quantised score: diffusion where there is no float unit, the same bits everywhere.
//!
//! Weights and activations are int8, features, fields and tables int16, sums int32; no division, no float, no
//! allocation. An [`Image`] is read where it lies, in flash; a [`Stage`] is one evaluation, made ready in RAM; a
//! [`Network`] takes a field through it. Everything is made of one rounding ([`arithmetic::round_shift`]) and one
//! saturation. The [`format`](mod@format) of every integer is stated once.

pub mod arithmetic;
pub mod format;
pub mod hartley;
pub mod image;
pub mod kernels;
pub mod layout;
mod network;
pub mod sampler;
pub mod stage;

pub use format::Q;
pub use hartley::{Full, Line, Matrix};
pub use image::{Header, Image, ImageError, Sampler, Shape, Shifts};
pub use kernels::{Kernels, Two};
pub use sampler::{Network, magnetisation, start};
pub use stage::Stage;
