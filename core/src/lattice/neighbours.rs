//! Sums over the 2D neighbours of consecutive sites.

use super::plan::{Plan, segment, segment_mut};
use crate::arith::Arith;
use crate::machine::Machine;

impl<const D: usize, M: Machine> Plan<D, M> {
    /// Σ_μ (φ_{x+μ} + φ_{x-μ}) of the sites of a block from `start` on, given the block between its two neighbours.
    ///
    /// The fastest direction first, then the slowest, then those between, each added as a pair: invariant under
    /// reflections for the float types too. One copy of this code serves every integrator.
    #[inline(never)]
    pub fn sums<A: Arith>(&self, triple: [&[A::Store]; 3], start: usize, sums: &mut [A::Sum]) {
        self.machine().run(|| match D {
            // A single site: no neighbours.
            0 => sums.fill(A::Sum::default()),
            1 => ring::<A>(triple, start, sums),
            _ => {
                self.fastest::<A>(triple[1], start, sums);
                self.slabs::<A>(triple, start, sums);
                self.between::<A>(triple[1], start, sums);
            }
        });
    }

    /// The fastest direction of two or more.
    #[inline(always)]
    fn fastest<A: Arith>(&self, block: &[A::Store], start: usize, sums: &mut [A::Sum]) {
        along::<A>(block, start, sums);
        // The ends of the rows close on themselves. `max(1)`: extents are validated to be at least 1; a divisor that
        // cannot be 0 has no panic path.
        let length = self.extents().last().map_or(1, |&extent| extent.max(1));
        let step = usize::from(length > 1); // A row of one site is its own neighbour.
        let mut row = start - start % length;
        while row < start + sums.len() {
            let last = row + length - 1;
            for (site, back, ahead) in [(row, last, row + step), (last, last - step, row)] {
                if let Some(sum) = sums.get_mut(site.wrapping_sub(start)) {
                    *sum = load_at::<A>(block, back).pair(load_at(block, ahead));
                }
            }
            row += length;
        }
    }

    /// The slowest direction of two or more, which leaves the block at its ends.
    #[inline(always)]
    fn slabs<A: Arith>(&self, [previous, block, next]: [&[A::Store]; 3], start: usize, sums: &mut [A::Sum]) {
        let slab = self.slab();
        let mut done = 0;
        while done < sums.len() {
            let site = start + done;
            // As far as both neighbours have theirs side by side.
            let mut piece = sums.len() - done;
            let (behind, back) = if site < slab {
                piece = piece.min(slab - site);
                (previous, (previous.len() + site).wrapping_sub(slab))
            } else {
                (block, site - slab)
            };
            let (before, ahead) = if site + slab < block.len() {
                piece = piece.min(block.len() - slab - site);
                (block, site + slab)
            } else {
                (next, site + slab - block.len())
            };
            add::<A>(segment_mut(sums, done, piece), segment(behind, back, piece), segment(before, ahead, piece));
            done += piece.max(1);
        }
    }

    /// The directions between: they stay inside the slab.
    #[inline(always)]
    fn between<A: Arith>(&self, block: &[A::Store], start: usize, sums: &mut [A::Sum]) {
        let mut stride = self.extents().last().map_or(1, |&extent| extent.max(1));
        for mu in (1..D.max(1) - 1).rev() {
            let extent = self.extents().get(mu).map_or(1, |&extent| extent.max(1));
            let mut done = 0;
            while done < sums.len() {
                let site = start + done;
                let coordinate = (site / stride) % extent;
                // As far as the coordinate stays the same.
                let piece = (stride - site % stride).min(sums.len() - done);
                let back = if coordinate > 0 { site - stride } else { site + (extent - 1) * stride };
                let ahead = if coordinate + 1 < extent { site + stride } else { site - (extent - 1) * stride };
                add::<A>(segment_mut(sums, done, piece), segment(block, back, piece), segment(block, ahead, piece));
                done += piece;
            }
            stride = (stride * extent).max(1);
        }
    }
}

/// The fastest direction as if the block were one long row: its first and last site are left alone.
#[inline(always)]
fn along<A: Arith>(block: &[A::Store], start: usize, sums: &mut [A::Sum]) {
    let first = start.max(1);
    let count = (start + sums.len()).min(block.len().saturating_sub(1)).saturating_sub(first);
    // `min`: a block of one site has nothing ahead.
    let ahead = segment(block, (first + 1).min(block.len() - count), count);
    let pairs = segment(block, first - 1, count).iter().zip(ahead);
    for (sum, (&back, &ahead)) in segment_mut(sums, first - start, count).iter_mut().zip(pairs) {
        *sum = A::load(back).pair(A::load(ahead));
    }
}

/// Adds a pair of neighbour rows.
#[inline(always)]
fn add<A: Arith>(sums: &mut [A::Sum], back: &[A::Store], ahead: &[A::Store]) {
    for ((sum, &back), &ahead) in sums.iter_mut().zip(back).zip(ahead) {
        *sum = *sum + A::load(back).pair(A::load(ahead));
    }
}

/// The only direction of a ring: the block is a piece of it, closed by the blocks beside.
#[inline(always)]
fn ring<A: Arith>([previous, block, next]: [&[A::Store]; 3], start: usize, sums: &mut [A::Sum]) {
    along::<A>(block, start, sums);
    let last = block.len().saturating_sub(1);
    for site in [0, last] {
        if let Some(sum) = sums.get_mut(site.wrapping_sub(start)) {
            let back =
                if site > 0 { load_at(block, site - 1) } else { load_at(previous, previous.len().wrapping_sub(1)) };
            let ahead = if site < last { load_at(block, site + 1) } else { load_at(next, 0) };
            *sum = A::pair(back, ahead);
        }
    }
}

/// The site at `index`; out of range (a broken plan, caught in debug builds) it is 0.
#[inline(always)]
pub(super) fn load_at<A: Arith>(slice: &[A::Store], index: usize) -> A {
    debug_assert!(index < slice.len());
    slice.get(index).map_or(A::default(), |&word| A::load(word))
}
