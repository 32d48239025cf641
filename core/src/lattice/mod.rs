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
/// - eight times in `crate::int8` and for its kernel `Machine::units`, each for a line or two: the layout of memory,
///   and which of two functions is called.
pub(crate) use crate::form::VECTORS;

use crate::error::Error;

/// Most sites that one lattice may have: 2^31, so every index and every neighbour sum stays in range on every target.
pub const MAX_SITES: usize = 1 << 31;

/// Number of sites.
///
/// # Errors
///
/// More than four dimensions, an extent of 0, and more than [`MAX_SITES`] sites.
pub const fn volume<const D: usize>(extents: &[usize; D]) -> Result<usize, Error> {
    if D > 4 {
        return Err(Error::Dimensions { dims: D });
    }
    let mut volume: usize = 1;
    let mut mu = 0;
    while mu < D {
        if extents[mu] == 0 {
            return Err(Error::Extent { direction: mu });
        }
        volume = match volume.checked_mul(extents[mu]) {
            Some(v) if v <= MAX_SITES => v,
            _ => return Err(Error::Volume),
        };
        mu += 1;
    }
    Ok(volume)
}
