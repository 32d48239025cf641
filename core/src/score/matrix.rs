//! The one matrix product that transforms and layers are made of.

use crate::arith::Real;
use crate::lattice::segment;
use crate::machine::Pass;

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

/// `out = w·x`: `w` has one row for every row of `out`; `x` has as many rows as `w` has columns; each row of `out` is
/// `cols` long and follows the one before it after `stride` numbers. Every sum runs in the order of the inner index.
pub(super) struct Product<'a, 'o, R> {
    pub w: Rows<'a, R>,
    pub x: Rows<'a, R>,
    pub out: &'o mut [R],
    pub stride: usize,
    pub cols: usize,
}

impl<R: Real> Pass for Product<'_, '_, R> {
    type Output = ();

    #[inline(always)]
    fn pass(self) {
        let Self { w, x, out, stride, cols } = self;
        for (i, out) in out.chunks_mut((ROWS * stride).max(1)).enumerate() {
            // Rows beyond the last repeat it: computed, not stored.
            let last = out.len().div_ceil(stride.max(1)).saturating_sub(1);
            let rows: [&[R]; ROWS] = core::array::from_fn(|r| segment(w.data, (ROWS * i + r.min(last)) * w.row, w.row));
            let whole = cols - cols % COLUMNS;
            for start in (0..whole).step_by(COLUMNS) {
                tile::<R, COLUMNS>(rows, x, start, out, stride);
            }
            for start in whole..cols {
                tile::<R, 1>(rows, x, start, out, stride);
            }
        }
    }
}

/// C columns of four rows of the product.
#[inline(always)]
fn tile<R: Real, const C: usize>(w: [&[R]; ROWS], x: Rows<'_, R>, start: usize, out: &mut [R], stride: usize) {
    let zero = [R::ZERO; C];
    let (mut sum0, mut sum1, mut sum2, mut sum3) = (zero, zero, zero, zero);
    let [w0, w1, w2, w3] = w;
    let mut rest = x.data.get(start..).unwrap_or(&[]);
    for ((w0, w1), (w2, w3)) in w0.iter().zip(w1).zip(w2.iter().zip(w3)) {
        let Some(&here) = rest.first_chunk::<C>() else { return };
        rest = rest.get(x.row..).unwrap_or(&[]);
        add(&mut sum0, *w0, here);
        add(&mut sum1, *w1, here);
        add(&mut sum2, *w2, here);
        add(&mut sum3, *w3, here);
    }
    for (sum, out) in [sum0, sum1, sum2, sum3].into_iter().zip(out.chunks_mut(stride.max(1))) {
        if let Some(out) = out.get_mut(start..).and_then(|out| out.first_chunk_mut::<C>()) {
            *out = sum;
        }
    }
}

#[inline(always)]
fn add<R: Real, const C: usize>(sum: &mut [R; C], w: R, x: [R; C]) {
    for (sum, x) in sum.iter_mut().zip(x) {
        *sum += w * x;
    }
}
