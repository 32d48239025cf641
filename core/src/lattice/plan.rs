//! How a lattice is walked: blocks of whole slabs, and inside them chunks of consecutive sites.
//!
//! A *slab* is all sites with the same slowest coordinate. A *block* is `thickness` consecutive slabs, as many as the
//! work buffer holds (boards: one; hosts: enough to fill a chunk). Bits never depend on it. A *chunk* is up to
//! [`CHUNK`] consecutive sites, whose neighbour sums and noise lie on the stack, so that every pass is a loop over
//! plain arrays.

use super::volume;
use crate::arith::Arith;
use crate::error::Error;
use crate::form;
use crate::machine::{Machine, Portable};

/// Sites handled at a time on the stack: long loops where there are vectors, little memory elsewhere.
pub const CHUNK: usize = form::CHUNK;

/// Blocks of work memory that every integrator may use: the first two, and a ring of three.
pub const WORK_BLOCKS: usize = 5;

/// The shape of a lattice and of its blocks.
///
/// ```
/// use stoquant_core::lattice::{Plan, WORK_BLOCKS};
///
/// // 6 rows of 10 sites, and work memory for two rows a block.
/// let plan = Plan::new([6, 10], WORK_BLOCKS * 20)?;
/// assert_eq!((plan.volume(), plan.slab(), plan.block()), (60, 10, 20));
///
/// // Sums over the neighbours of a row of ones, between rows of ones.
/// let (row, mut sums) = ([1.0; 10], [0.0; 10]);
/// Plan::new([3, 10], 50)?.sums::<f64>([&row, &row, &row], 0, &mut sums);
/// assert_eq!(sums, [4.0; 10]);
/// # Ok::<(), stoquant_core::error::Error>(())
/// ```
///
/// One code serves extents known to the compiler and at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan<const D: usize, M = Portable> {
    extents: [usize; D],
    volume: usize,
    slab: usize,
    block: usize,
    machine: M,
}

impl<const D: usize> Plan<D> {
    /// A plan for these extents with a work buffer of `work` sites, at least [`WORK_BLOCKS`] slabs.
    ///
    /// # Errors
    ///
    /// Those of [`volume`], and a work buffer that is too short.
    pub const fn new(extents: [usize; D], work: usize) -> Result<Self, Error> {
        let volume = match volume(&extents) {
            Ok(volume) => volume,
            Err(error) => return Err(error),
        };
        // Never 0: `volume` has seen the extents. Said again for the compiler, or a division might panic.
        let slabs = if D == 0 || extents[0] == 0 { 1 } else { extents[0] };
        let slab = if volume < slabs { 1 } else { volume / slabs };
        let mut thickness = work / WORK_BLOCKS / slab;
        if thickness == 0 {
            return Err(Error::Length { what: "work buffer", got: work, want: WORK_BLOCKS * slab });
        }
        if thickness > slabs {
            thickness = slabs;
        }
        Ok(Self { extents, volume, slab, block: thickness * slab, machine: Portable })
    }

    /// Work sites that make a plan quick: blocks of many chunks, or the whole lattice, and at least one slab.
    ///
    /// # Errors
    ///
    /// Those of [`volume`].
    pub const fn work_sites(extents: &[usize; D]) -> Result<usize, Error> {
        let volume = match volume(extents) {
            Ok(volume) => volume,
            Err(error) => return Err(error),
        };
        let slabs = if D == 0 { 1 } else { extents[0] };
        let slab = volume / slabs;
        let thickness = (16 * CHUNK).div_ceil(slab);
        Ok(WORK_BLOCKS * slab * if thickness < slabs { thickness } else { slabs })
    }

    /// This plan on another machine.
    pub fn on<M: Machine>(self, machine: M) -> Plan<D, M> {
        let Self { extents, volume, slab, block, .. } = self;
        Plan { extents, volume, slab, block, machine }
    }
}

impl<const D: usize, M: Machine> Plan<D, M> {
    /// The machine that walks the lattice.
    #[inline(always)]
    pub fn machine(&self) -> M {
        self.machine
    }

    /// Extents, slowest first.
    #[inline]
    pub const fn extents(&self) -> &[usize; D] {
        &self.extents
    }

    /// Number of sites.
    #[inline]
    pub const fn volume(&self) -> usize {
        self.volume
    }

    /// Sites of a slab.
    #[inline]
    pub const fn slab(&self) -> usize {
        self.slab
    }

    /// Sites of a block (the last one may be shorter).
    #[inline]
    pub const fn block(&self) -> usize {
        self.block
    }

    /// Directions of extent 1, in which a site is its own neighbour.
    pub fn self_bonds(&self) -> usize {
        self.extents.iter().filter(|&&extent| extent == 1).count()
    }

    /// Visits a block chunk by chunk: offset in the block, stored φ, neighbour sums.
    #[inline(always)]
    pub(crate) fn chunks<A: Arith>(
        &self,
        triple: [&[A::Store]; 3],
        mut visit: impl FnMut(usize, &[A::Store], &[A::Sum]),
    ) {
        let mut sums = Chunk::<A::Sum>::default();
        for (index, phi) in triple[1].chunks(CHUNK).enumerate() {
            let start = index * CHUNK;
            if let Some(sums) = sums.get_mut(..phi.len()) {
                self.sums::<A>(triple, start, sums);
                visit(start, phi, sums);
            }
        }
    }
}

/// One value for each site of a chunk, on lines of its own in the cache where vectors would straddle two.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<T>([T; CHUNK], form::Align);

impl<T: Copy + Default> Default for Chunk<T> {
    #[inline(always)]
    fn default() -> Self {
        Self([T::default(); CHUNK], form::Align)
    }
}

impl<T> core::ops::Deref for Chunk<T> {
    type Target = [T; CHUNK];
    #[inline(always)]
    fn deref(&self) -> &[T; CHUNK] {
        &self.0
    }
}

impl<T> core::ops::DerefMut for Chunk<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T; CHUNK] {
        &mut self.0
    }
}

/// `slice[start..start + count]` without a panic path; out of range (a broken plan, caught in debug builds) it is
/// empty.
#[inline(always)]
pub(crate) fn segment<T>(slice: &[T], start: usize, count: usize) -> &[T] {
    let segment = slice.get(start..).and_then(|tail| tail.get(..count));
    debug_assert!(segment.is_some());
    segment.unwrap_or(&[])
}

/// `count` elements from `start` on, mutable.
#[inline(always)]
pub(crate) fn segment_mut<T>(slice: &mut [T], start: usize, count: usize) -> &mut [T] {
    debug_assert!(start + count <= slice.len());
    slice.get_mut(start..).and_then(|tail| tail.get_mut(..count)).unwrap_or(&mut [])
}

/// A buffer cut into consecutive parts of these lengths, and what is left; `None` where it is too short.
#[inline(always)]
pub(crate) fn parts<T, const N: usize>(buffer: &mut [T], lengths: [usize; N]) -> Option<([&mut [T]; N], &mut [T])> {
    let mut parts: [&mut [T]; N] = core::array::from_fn(|_| Default::default());
    let mut rest = buffer;
    for (part, length) in parts.iter_mut().zip(lengths) {
        (*part, rest) = rest.split_at_mut_checked(length)?;
    }
    Some((parts, rest))
}
