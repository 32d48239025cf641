//! How a lattice is walked: blocks of whole slabs, and inside them chunks of consecutive sites.
//!
//! A *slab* is all sites with the same slowest coordinate. A *block* is `thickness` consecutive slabs, as many as the
//! work buffer holds (boards: one; hosts: enough to fill a chunk). Bits never depend on it. A *chunk* is up to
//! [`CHUNK`] consecutive sites, whose φ and neighbour sums are gathered on the stack, so that noise and update
//! run over plain arrays.

use super::volume;
use crate::arith::Arith;
use crate::error::Error;

/// Sites handled at a time on the stack.
pub const CHUNK: usize = 32;

/// Blocks of work memory that every integrator may use: the first two, and a ring of three.
pub const WORK_BLOCKS: usize = 5;

/// The shape of a lattice and of its blocks. The same code serves extents known to the compiler and at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan<const D: usize> {
    extents: [usize; D],
    volume: usize,
    slab: usize,
    block: usize,
}

impl<const D: usize> Plan<D> {
    /// A plan for these extents with a work buffer of `work` sites, at least [`WORK_BLOCKS`] slabs.
    pub const fn new(extents: [usize; D], work: usize) -> Result<Self, Error> {
        let volume = match volume(&extents) {
            Ok(volume) => volume,
            Err(error) => return Err(error),
        };
        let slabs = if D == 0 { 1 } else { extents[0] };
        let slab = volume / slabs;
        let mut thickness = work / WORK_BLOCKS / slab;
        if thickness == 0 {
            return Err(Error::Length { what: "work buffer", got: work, want: WORK_BLOCKS * slab });
        }
        if thickness > slabs {
            thickness = slabs;
        }
        Ok(Self { extents, volume, slab, block: thickness * slab })
    }

    /// Work sites that make a plan quick: blocks of at least a chunk, and at least one slab.
    pub const fn work_sites(extents: &[usize; D]) -> Result<usize, Error> {
        let volume = match volume(extents) {
            Ok(volume) => volume,
            Err(error) => return Err(error),
        };
        let slab = if D == 0 { 1 } else { volume / extents[0] };
        let thickness = (2 * CHUNK).div_ceil(slab);
        Ok(WORK_BLOCKS * slab * thickness)
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

    /// Gather `count` ≤ [`CHUNK`] sites of a block from `start` on, given the old values of the block and of its two neighbours.
    #[inline(always)]
    pub fn gather<A: Arith>(&self, triple: [&[A::Store]; 3], start: usize, count: usize) -> Neighbourhood<A> {
        let mut out = Neighbourhood::default();
        self.gather_into(triple, start, count, &mut out);
        out
    }

    /// The same into a place of the caller's. One copy of this code serves every integrator.
    #[inline(never)]
    pub(crate) fn gather_into<A: Arith>(
        &self,
        [previous, current, next]: [&[A::Store]; 3],
        start: usize,
        count: usize,
        out: &mut Neighbourhood<A>,
    ) {
        let count = count.min(CHUNK);
        out.count = count;
        let Some(&row_length) = self.extents.last() else {
            // A single site: no neighbours.
            load(&mut out.phi, segment(current, start, count));
            return;
        };
        if D == 1 {
            // The block is a piece of the ring: its halo lies in the neighbouring blocks.
            let left = if start > 0 { at(current, start - 1) } else { previous.last().copied() };
            let right = if start + count < current.len() { at(current, start + count) } else { next.first().copied() };
            out.row(0, segment(current, start, count), left, right);
            return;
        }
        let mut done = 0;
        while done < count {
            let site = start + done;
            // `max(1)`: extents are validated to be at least 1; a divisor that cannot be 0 has no panic path.
            let column = site % row_length.max(1);
            let base = site - column;
            let piece = (row_length - column).min(count - done);
            let wrap_left = if column > 0 { site - 1 } else { base + row_length - 1 };
            let wrap_right = if column + piece < row_length { site + piece } else { base };
            out.row(done, segment(current, site, piece), at(current, wrap_left), at(current, wrap_right));
            // The slowest direction leaves the block at its ends.
            let back = if site >= self.slab {
                segment(current, site - self.slab, piece)
            } else {
                segment(previous, (previous.len() + site).wrapping_sub(self.slab), piece)
            };
            let ahead = if site + self.slab < current.len() {
                segment(current, site + self.slab, piece)
            } else {
                segment(next, (site + self.slab).wrapping_sub(current.len()), piece)
            };
            out.add(done, back, ahead);
            // The directions between stay inside the slab.
            let mut stride = row_length;
            for mu in (1..D - 1).rev() {
                let extent = self.extents.get(mu).copied().unwrap_or(1).max(1);
                let coordinate = (site / stride.max(1)) % extent;
                let back = if coordinate > 0 { site - stride } else { site + (extent - 1) * stride };
                let ahead = if coordinate + 1 < extent { site + stride } else { site - (extent - 1) * stride };
                out.add(done, segment(current, back, piece), segment(current, ahead, piece));
                stride *= extent;
            }
            done += piece;
        }
    }

    /// Visits a block chunk by chunk, with the offset of each in the block.
    #[inline]
    pub(crate) fn chunks<A: Arith>(&self, triple: [&[A::Store]; 3], mut visit: impl FnMut(usize, Neighbourhood<A>)) {
        let count = triple[1].len();
        for start in (0..count).step_by(CHUNK) {
            visit(start, self.gather(triple, start, CHUNK.min(count - start)));
        }
    }
}

/// φ of consecutive sites and the sums over their 2D neighbours. Entries past `count` mean nothing.
#[derive(Clone, Copy, Debug)]
pub struct Neighbourhood<A: Arith> {
    /// φ_x.
    pub phi: [A; CHUNK],
    /// Σ_μ (φ_{x+μ} + φ_{x-μ}).
    pub sum: [A::Sum; CHUNK],
    /// Sites gathered.
    pub count: usize,
}

impl<A: Arith> Default for Neighbourhood<A> {
    #[inline(always)]
    fn default() -> Self {
        Self { phi: [A::default(); CHUNK], sum: [A::Sum::default(); CHUNK], count: 0 }
    }
}

impl<A: Arith> Neighbourhood<A> {
    /// The sites with their neighbours in the fastest direction.
    #[inline(always)]
    fn row(&mut self, done: usize, row: &[A::Store], left: Option<A::Store>, right: Option<A::Store>) {
        let mut line = [A::default(); CHUNK + 2];
        let count = row.len().min(CHUNK);
        if let Some(interior) = line.get_mut(1..) {
            load(interior, row);
        }
        set(&mut line, 0, left);
        set(&mut line, count + 1, right);
        let ahead = line.get(2..).unwrap_or(&[]);
        let here = line.get(1..).unwrap_or(&[]);
        let phi = self.phi.get_mut(done..).unwrap_or(&mut []).iter_mut();
        let sum = self.sum.get_mut(done..).unwrap_or(&mut []).iter_mut();
        for ((((phi, sum), &back), &here), &ahead) in phi.zip(sum).zip(&line).zip(here).zip(ahead).take(count) {
            *phi = here;
            *sum = back.pair(ahead);
        }
    }

    /// Add a pair of neighbour rows. The order of the sum is (slower directions) after the fastest one, each
    /// direction added as a pair: invariant under reflections for the float types too.
    #[inline(always)]
    fn add(&mut self, done: usize, back: &[A::Store], ahead: &[A::Store]) {
        let sum = self.sum.get_mut(done..).unwrap_or(&mut []).iter_mut();
        for ((sum, &back), &ahead) in sum.zip(back).zip(ahead) {
            *sum = *sum + A::load(back).pair(A::load(ahead));
        }
    }
}

/// `slice[start..start + count]` without a panic path; out of range (a broken plan, caught in debug builds) it is empty.
#[inline(always)]
pub(crate) fn segment<T>(slice: &[T], start: usize, count: usize) -> &[T] {
    let segment = slice.get(start..).and_then(|tail| tail.get(..count));
    debug_assert!(segment.is_some());
    segment.unwrap_or(&[])
}

/// The same, mutable.
#[inline(always)]
pub(crate) fn segment_mut<T>(slice: &mut [T], start: usize, count: usize) -> &mut [T] {
    debug_assert!(start + count <= slice.len());
    slice.get_mut(start..).and_then(|tail| tail.get_mut(..count)).unwrap_or(&mut [])
}

#[inline(always)]
fn at<T: Copy>(slice: &[T], index: usize) -> Option<T> {
    debug_assert!(index < slice.len());
    slice.get(index).copied()
}

#[inline(always)]
fn set<A: Arith>(line: &mut [A], index: usize, word: Option<A::Store>) {
    if let (Some(slot), Some(word)) = (line.get_mut(index), word) {
        *slot = A::load(word);
    }
}

#[inline(always)]
fn load<A: Arith>(out: &mut [A], words: &[A::Store]) {
    for (slot, &word) in out.iter_mut().zip(words) {
        *slot = A::load(word);
    }
}
