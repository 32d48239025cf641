//! Sums over orbits of sites on an L×L torus.

use crate::arith::Real;
use crate::lattice::segment;

/// Steps (rows, columns), in units of sites; -1 and -2 backwards.
pub(crate) type Orbit = [(isize, isize); 4];
/// Nearest neighbours.
pub(crate) const NEIGHBOURS: Orbit = [(0, 1), (0, -1), (1, 0), (-1, 0)];
/// Diagonal neighbours.
pub(crate) const DIAGONALS: Orbit = [(1, 1), (1, -1), (-1, 1), (-1, -1)];
/// Sites at distance 2 along an axis.
pub(crate) const SECOND: Orbit = [(0, 2), (0, -2), (2, 0), (-2, 0)];

/// `out_x = Σ_r x_{x + r}`, r over the orbit.
#[inline(always)]
pub(super) fn stencil<R: Real>(extent: usize, x: &[R], out: &mut [R], orbit: Orbit) {
    // The extent is at least 1; the compiler cannot know.
    let wrap = |n: isize| n.checked_rem_euclid(extent as isize).unwrap_or(0) as usize;
    for (row, out) in out.chunks_mut(extent.max(1)).enumerate() {
        out.fill(R::ZERO);
        for (rows, columns) in orbit {
            let from = segment(x, wrap(row as isize + rows) * extent, extent);
            let Some((start, end)) = from.split_at_checked(wrap(columns)) else {
                return;
            };
            for (slot, &x) in out.iter_mut().zip(end.iter().chain(start)) {
                *slot += x;
            }
        }
    }
}
