//! Periodic hypercubic lattices of 0 to 4 dimensions, sites in row-major order (last coordinate fastest).
//!
//! A neighbour is counted once per direction: an extent of 1 makes a site its own neighbour both ways, an extent of 2
//! counts each bond twice. Zero dimensions are a single site without neighbours.
//!
//! A field is updated in place from its old values (Jacobi) with O(a slab) of extra memory: see [`Plan`].

mod fixed;
mod neighbours;
mod plan;
mod rows;
mod stream;

pub use fixed::{FixedLattice, Ring, Site, Torus2, Torus3, Torus4};
pub use plan::{CHUNK, Chunk, Plan, WORK_BLOCKS};
pub(crate) use plan::{parts, segment, segment_mut};
pub(crate) use rows::RowMut;
pub(crate) use stream::{Triple, stream, triples};

/// Whether the target has vector registers.
///
/// What differs at length without them is a module of its own, `crate::form`. This constant is read in nine places
/// besides:
///
/// - once by `Plan::BY_ROWS`: two-dimensional lattices are walked by rows, the others in both forms by chunks;
/// - eight times in `crate::score::int8` and for its kernel `Kernels::units`, each for a line or two: the layout of
///   memory, and which of two functions is called.
pub(crate) use crate::form::VECTORS;

pub use stoquant_model::extents::{MAX_SITES, volume};
