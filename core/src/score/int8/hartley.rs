//! The Hartley transform in integers.
//!
//! Hardware twin: `rtl/sq_score_int8_hartley.sv`.

use super::arithmetic::{round_shift, saturate};
use super::kernels::{Kernels, Two};
use crate::lattice::{segment, segment_mut};

/// Columns that stay in registers.
pub const COLUMNS: usize = 16;

/// Rows of the result that are worked on together.
const ROWS: usize = 4;

/// H, in whatever form there is memory for, by pairs of rows: `(H_2p,k, H_2p+1,k)`.
pub trait Matrix: Copy {
    /// L.
    fn extent(&self) -> usize;
    /// Pair p for k from `start`, a multiple of [`COLUMNS`], on; 0 beyond L.
    fn pairs(&self, p: usize, start: usize) -> [Two; COLUMNS];
}

/// The first line of H: `H_ik` depends on i·k mod L alone. L numbers, for devices.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a>(&'a [i16]);

/// All of H, padded to whole groups of columns, for whoever has the memory.
#[derive(Clone, Copy, Debug)]
pub struct Full<'a> {
    extent: usize,
    rows: &'a [[Two; COLUMNS]],
}

impl<'a> Line<'a> {
    /// Of the image's line, which it copies into `line`: the first L numbers.
    pub fn new(image: &super::Image<'_>, line: &'a mut [i16]) -> Self {
        let extent = image.shape().extent;
        for (slot, h) in line.iter_mut().zip(image.matrix()) {
            *slot = h;
        }
        Self(segment(line, 0, extent))
    }
}

impl Matrix for Line<'_> {
    #[inline(always)]
    fn extent(&self) -> usize {
        self.0.len()
    }
    #[inline(always)]
    fn pairs(&self, p: usize, start: usize) -> [Two; COLUMNS] {
        let extent = self.0.len().max(1);
        let mut at = [2 * p * start % extent, (2 * p + 1) * start % extent];
        let mut out = [[0; 2]; COLUMNS];
        for slot in out.iter_mut().take(extent.saturating_sub(start)) {
            for n in 0..2 {
                slot[n] = self.0.get(at[n]).copied().unwrap_or(0);
                at[n] += 2 * p + n;
                at[n] -= if at[n] >= extent { extent } else { 0 };
            }
        }
        out
    }
}

impl<'a> Full<'a> {
    /// Groups of pairs that [`new`](Self::new) fills.
    #[must_use]
    pub const fn groups(extent: usize) -> usize {
        extent / 2 * extent.div_ceil(COLUMNS)
    }

    /// From the first line.
    pub fn new(line: Line<'_>, rows: &'a mut [[Two; COLUMNS]]) -> Self {
        let extent = line.extent();
        let wide = extent.div_ceil(COLUMNS).max(1);
        for (n, slot) in rows.iter_mut().enumerate() {
            *slot = line.pairs(n / wide, n % wide * COLUMNS);
        }
        Self { extent, rows }
    }
}

impl Matrix for Full<'_> {
    #[inline(always)]
    fn extent(&self) -> usize {
        self.extent
    }
    #[inline(always)]
    fn pairs(&self, p: usize, start: usize) -> [Two; COLUMNS] {
        let group = p * self.extent.div_ceil(COLUMNS) + start / COLUMNS;
        self.rows.get(group).copied().unwrap_or([[0; 2]; COLUMNS])
    }
}

/// One pass: `out_jk = Σ_i x_ij H_ik`, transposed, so that two of them are T and leave the lattice as it was.
///
/// Widths: |x| ≤ 2^15 - 1, and an image's rows have Σ_i |H_ik| ≤ 2^16: the sum is at most 2^31 - 2^16, the shift at
/// most 15 and half of its unit 2^14.
#[inline(always)]
fn pass<M: Kernels>(machine: M, h: impl Matrix, x: &[i16], out: &mut [i16], shift: u32) {
    let extent = h.extent().max(1);
    for (group, out) in out.chunks_mut((ROWS * extent).max(1)).enumerate() {
        for start in (0..extent).step_by(COLUMNS) {
            let (mut sums, mut values) = ([[0; COLUMNS]; ROWS], [[0; COLUMNS]; ROWS]);
            for (p, rows) in x.chunks((2 * extent).max(1)).enumerate() {
                let (upper, lower) = (first(rows, ROWS * group), first(rows, extent + ROWS * group));
                let h = h.pairs(p, start);
                for r in 0..ROWS {
                    machine.dot([upper[r], lower[r]], &h, &mut sums[r]);
                }
            }
            for (value, &sum) in values.as_flattened_mut().iter_mut().zip(sums.as_flattened()) {
                *value = saturate(round_shift(sum, shift));
            }
            for (out, values) in out.chunks_mut(extent).zip(&values) {
                let out = segment_mut(out, start, COLUMNS.min(extent - start));
                if let Some(out) = out.first_chunk_mut::<COLUMNS>() {
                    *out = *values;
                } else {
                    for (slot, &value) in out.iter_mut().zip(values) {
                        *slot = value;
                    }
                }
            }
        }
    }
}

/// Some numbers from `start` on; 0, or those of the next row, where there are no more.
#[inline(always)]
fn first(x: &[i16], start: usize) -> [i16; ROWS] {
    let x = x.get(start..).unwrap_or(&[]);
    match x.first_chunk() {
        Some(first) => *first,
        None => {
            let mut out = [0; ROWS];
            for (slot, &x) in out.iter_mut().zip(x) {
                *slot = x;
            }
            out
        }
    }
}

/// T in place, `shifts` after the passes; `work` has as many numbers as `x`.
#[inline(always)]
pub(super) fn transform<M: Kernels>(machine: M, h: impl Matrix, x: &mut [i16], work: &mut [i16], shifts: [u32; 2]) {
    pass(machine, h, x, work, shifts[0]);
    pass(machine, h, work, x, shifts[1]);
}
