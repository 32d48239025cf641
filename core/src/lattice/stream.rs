//! The two-stage stream behind every in-place update.
//!
//! Stage one, `produce`, makes the trial values y of block t from the old field (blocks t-1, t, t+1). Stage two,
//! `consume`, runs one block behind on (y of blocks s-1, s, s+1) and may overwrite block s of the field, which nobody
//! reads any more; block 0 comes last, since the first and the last `produce` read it. So the whole field is updated
//! from its old values (Jacobi) with five blocks of work memory: y of blocks 0 and 1 are kept to the end, a ring of
//! three holds the rest.

use super::plan::{Plan, WORK_BLOCKS, segment, segment_mut};
use crate::machine::Machine;

/// Three consecutive blocks: previous, current, next.
pub(crate) type Triple<'a, T> = [&'a [T]; 3];

impl<const D: usize, M: Machine> Plan<D, M> {
    /// Number of blocks, at least 1.
    #[inline]
    pub(crate) fn blocks(&self) -> usize {
        self.volume().div_ceil(self.block().max(1))
    }

    /// First site and length of a block; the index wraps around.
    #[inline]
    pub(crate) fn span(&self, block: usize) -> (usize, usize) {
        let start = block * self.block();
        (start, self.block().min(self.volume() - start))
    }

    /// Blocks before and after, periodic.
    #[inline]
    fn around(&self, block: usize) -> (usize, usize) {
        let blocks = self.blocks();
        (if block > 0 { block - 1 } else { blocks - 1 }, if block + 1 < blocks { block + 1 } else { 0 })
    }

    /// A block of the field with its neighbours.
    #[inline]
    pub(crate) fn triple<'a, T>(&self, phi: &'a [T], block: usize) -> Triple<'a, T> {
        let (previous, next) = self.around(block);
        [previous, block, next].map(|b| {
            let (start, count) = self.span(b);
            segment(phi, start, count)
        })
    }
}

/// Calls `visit(block, first site, triple)` for every block of a field that is only read.
#[inline]
pub(crate) fn triples<const D: usize, M: Machine, T>(
    plan: &Plan<D, M>,
    phi: &[T],
    mut visit: impl FnMut(usize, Triple<'_, T>),
) {
    for block in 0..plan.blocks() {
        visit(plan.span(block).0, plan.triple(phi, block));
    }
}

/// Runs both stages over all blocks.
///
/// - `produce(first site, old field around block t, out)` writes y of block t;
/// - `consume(field, block s, y around block s)` may overwrite block s of the field.
#[inline]
pub(crate) fn stream<const D: usize, M: Machine, T: Copy>(
    plan: &Plan<D, M>,
    phi: &mut [T],
    work: &mut [T],
    mut produce: impl FnMut(usize, Triple<'_, T>, &mut [T]),
    mut consume: impl FnMut(&mut [T], usize, Triple<'_, T>),
) {
    let blocks = plan.blocks();
    debug_assert!(work.len() >= WORK_BLOCKS * plan.block() && phi.len() == plan.volume());
    for t in 0..blocks {
        let (start, count) = plan.span(t);
        produce(start, plan.triple(phi, t), segment_mut(work, slot(t) * plan.block(), count));
        if t >= 2 {
            consume(phi, t - 1, trial(plan, work, t - 1));
        }
    }
    if blocks > 1 {
        consume(phi, blocks - 1, trial(plan, work, blocks - 1));
    }
    consume(phi, 0, trial(plan, work, 0));
}

/// Where y of a block lies in the work memory.
#[inline(always)]
fn slot(block: usize) -> usize {
    if block < 2 { block } else { 2 + block % 3 }
}

#[inline]
fn trial<'a, const D: usize, M: Machine, T>(plan: &Plan<D, M>, work: &'a [T], block: usize) -> Triple<'a, T> {
    let (previous, next) = plan.around(block);
    [previous, block, next].map(|b| segment(work, slot(b) * plan.block(), plan.span(b).1))
}
