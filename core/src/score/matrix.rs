//! The one matrix product that transforms and layers are made of.

use crate::arith::Real;
use crate::lattice::{segment, segment_mut};

/// Columns that stay in registers.
const COLUMNS: usize = 16;
/// Rows that stay in registers.
const ROWS: usize = 4;

/// A matrix inside a slice: `row` numbers from one row to the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows<'a, R> {
    pub data: &'a [R],
    pub row: usize,
}

/// `out = w·x`: `w` has `inner` numbers a row, one row for every row of `out`; `x` has `inner` rows; each row of `out` is `cols` long
/// and follows the one before it after `stride` numbers. Every sum runs in the order of the inner index.
#[inline(always)]
pub(super) fn product<R: Real>(
    w: Rows<'_, R>,
    inner: usize,
    x: Rows<'_, R>,
    out: &mut [R],
    stride: usize,
    cols: usize,
) {
    for (i, out) in out.chunks_mut((ROWS * stride).max(1)).enumerate() {
        let rows: [&[R]; ROWS] = core::array::from_fn(|r| {
            // Rows beyond the last repeat it: computed, not stored.
            let last = out.len().div_ceil(stride.max(1)).saturating_sub(1);
            segment(w.data, (ROWS * i + r.min(last)) * w.row, inner)
        });
        let mut start = 0;
        while start < cols {
            let width = (cols - start).min(COLUMNS);
            if width == COLUMNS {
                tile::<R, COLUMNS>(rows, x, start, out, stride);
            } else {
                for column in start..cols {
                    tile::<R, 1>(rows, x, column, out, stride);
                }
            }
            start += width;
        }
    }
}

/// C columns of four rows of the product.
#[inline(always)]
fn tile<R: Real, const C: usize>(w: [&[R]; ROWS], x: Rows<'_, R>, start: usize, out: &mut [R], stride: usize) {
    let mut sums = [[R::ZERO; C]; ROWS];
    let [w0, w1, w2, w3] = w;
    let weights = w0.iter().zip(w1).zip(w2.iter().zip(w3));
    for (((&w0, &w1), (&w2, &w3)), x) in weights.zip(x.data.chunks(x.row.max(1))) {
        let Some(x) = x.get(start..).and_then(|x| x.first_chunk::<C>()) else {
            return;
        };
        for c in 0..C {
            sums[0][c] += w0 * x[c];
            sums[1][c] += w1 * x[c];
            sums[2][c] += w2 * x[c];
            sums[3][c] += w3 * x[c];
        }
    }
    for (sums, out) in sums.iter().zip(out.chunks_mut(stride.max(1))) {
        for (slot, &sum) in segment_mut(out, start, C).iter_mut().zip(sums) {
            *slot = sum;
        }
    }
}
