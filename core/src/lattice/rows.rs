//! Two-dimensional lattices site by site, for processors without vectors: what is next to a site stays in registers,
//! and no array of sums lies between two passes.

use super::VECTORS;
use super::neighbours::load_at;
use super::plan::{CHUNK, Plan, segment, segment_mut};
use crate::arith::Arith;
use crate::machine::Machine;

/// A site of a row and the one behind.
struct Window<A> {
    back: A,
    here: A,
}

impl<A: Arith> Window<A> {
    /// φ and the sum of its neighbours, the one ahead of which is the next site.
    #[inline(always)]
    fn slide(&mut self, next: A, above: A, below: A) -> (A, A::Sum) {
        let (phi, sum) = (self.here, self.back.pair(next) + above.pair(below));
        *self = Self { back: phi, here: next };
        (phi, sum)
    }
}

/// A row, or a part of it of up to a chunk, and what lies around.
pub(crate) struct Row<'a, A: Arith> {
    sites: &'a [A::Store],
    ends: [A; 2],
    beside: [&'a [A::Store]; 2],
}

impl<A: Arith> Row<'_, A> {
    /// Sites.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.sites.len()
    }

    /// Calls `visit(φ, neighbour sum, slot, number)` for every site, its slot of `out` and its number.
    #[inline(always)]
    pub fn each<T, N: Copy>(self, out: &mut [T], numbers: &[N], mut visit: impl FnMut(A, A::Sum, &mut T, N)) {
        let Some((&first, ahead)) = self.sites.split_first() else { return };
        let (mut window, [above, below]) = (Window { back: self.ends[0], here: A::load(first) }, self.beside);
        // The last site is on its own: what is ahead of it lies elsewhere.
        let (Some((&above_last, above)), Some((&below_last, below))) = (above.split_last(), below.split_last()) else {
            return;
        };
        let (Some((slot_last, out)), Some((&number_last, numbers))) = (out.split_last_mut(), numbers.split_last())
        else {
            return;
        };
        let sites = ahead.iter().zip(out).zip(numbers).zip(above.iter().zip(below));
        for (((&next, slot), &number), (&above, &below)) in sites {
            let (phi, sum) = window.slide(A::load(next), A::load(above), A::load(below));
            visit(phi, sum, slot, number);
        }
        let (phi, sum) = window.slide(self.ends[1], A::load(above_last), A::load(below_last));
        visit(phi, sum, slot_last, number_last);
    }
}

/// A row that is updated in place. `old` holds the old values of the row above; each makes room for this row's once it
/// has been read.
pub(crate) struct RowMut<'a, A: Arith> {
    sites: &'a mut [A::Store],
    ends: [A; 2],
    old: &'a mut [A::Store],
    below: &'a [A::Store],
}

impl<A: Arith> RowMut<'_, A> {
    /// Sites.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.sites.len()
    }

    /// φ = `visit(φ, neighbour sum, number)` for every site and its number.
    #[inline(always)]
    pub fn each<N: Copy>(self, numbers: &[N], mut visit: impl FnMut(A, A::Sum, N) -> A) {
        let Some((mut slot, ahead)) = self.sites.split_first_mut() else { return };
        let mut window = Window { back: self.ends[0], here: A::load(*slot) };
        let (Some((old_last, old)), Some((&below_last, below))) = (self.old.split_last_mut(), self.below.split_last())
        else {
            return;
        };
        let Some((&number_last, numbers)) = numbers.split_last() else { return };
        for (((next, old), &below), &number) in ahead.iter_mut().zip(old).zip(below).zip(numbers) {
            let (phi, sum) = window.slide(A::load(*next), A::load(*old), A::load(below));
            (*old, *slot) = (phi.store(), visit(phi, sum, number).store());
            slot = next;
        }
        let (phi, sum) = window.slide(self.ends[1], A::load(*old_last), A::load(below_last));
        (*old_last, *slot) = (phi.store(), visit(phi, sum, number_last).store());
    }
}

impl<const D: usize, M: Machine> Plan<D, M> {
    /// Whether the lattice is walked by rows.
    pub(crate) const BY_ROWS: bool = D == 2 && !VECTORS;

    /// Visits a block of a two-dimensional lattice: offset in the block, and the row.
    #[inline(always)]
    pub(crate) fn rows<A: Arith>(
        &self,
        [previous, block, next]: [&[A::Store]; 3],
        mut visit: impl FnMut(usize, Row<'_, A>),
    ) {
        let length = self.slab().max(1);
        let mut start = 0_usize;
        for row in block.chunks(length) {
            let above = match start.checked_sub(length) {
                Some(above) => segment(block, above, length),
                None => segment(previous, previous.len().wrapping_sub(length), length),
            };
            let below = if start + length < block.len() { (block, start + length) } else { (next, 0) };
            let below = segment(below.0, below.1, length);
            for (n, sites) in row.chunks(CHUNK).enumerate() {
                let from = n * CHUNK;
                let beside = [above, below].map(|row| segment(row, from, sites.len()));
                visit(start + from, Row { sites, ends: ends(row, from, sites.len()), beside });
            }
            start += length;
        }
    }

    /// Visits a two-dimensional field that is overwritten: first site, and the row. `work` has at least two slabs.
    #[inline(always)]
    pub(crate) fn rows_mut<A: Arith>(
        &self,
        phi: &mut [A::Store],
        work: &mut [A::Store],
        mut visit: impl FnMut(usize, RowMut<'_, A>),
    ) {
        let length = self.slab().max(1);
        let Some((top, work)) = work.split_at_mut_checked(length) else { return };
        let old = segment_mut(work, 0, length);
        copy(top, segment(phi, 0, length));
        copy(old, segment(phi, phi.len().wrapping_sub(length), length));
        let (mut start, mut rest) = (0, phi);
        while let Some((row, after)) = rest.split_at_mut_checked(length).filter(|(row, _)| !row.is_empty()) {
            let below = if after.is_empty() { &*top } else { segment(after, 0, length) };
            let head = load_at::<A>(row, 0);
            let mut from = 0;
            while from < length {
                let count = CHUNK.min(length - from);
                // What is behind has been overwritten, but for the end of the row.
                let back = from.checked_sub(1).map_or(load_at(row, length - 1), |at| load_at(old, at));
                let next = if from + count < length { load_at(row, from + count) } else { head };
                let sites = segment_mut(row, from, count);
                let (old, below) = (segment_mut(old, from, count), segment(below, from, count));
                visit(start + from, RowMut { sites, ends: [back, next], old, below });
                from += count;
            }
            (start, rest) = (start + length, after);
        }
    }
}

/// The sites behind and ahead of `count` of a row.
#[inline(always)]
fn ends<A: Arith>(row: &[A::Store], from: usize, count: usize) -> [A; 2] {
    let (last, to) = (row.len().wrapping_sub(1), from + count);
    [from.checked_sub(1).unwrap_or(last), if to > last { 0 } else { to }].map(|at| load_at(row, at))
}

#[inline(always)]
fn copy<T: Copy>(to: &mut [T], from: &[T]) {
    for (slot, &value) in to.iter_mut().zip(from) {
        *slot = value;
    }
}
