//! The Hartley transform on an L×L torus.
//!
//! `(T x)_kl = Σ_ij H_ki x_ij H_jl`, `H_kx = [cos(2πkx/L) + sin(2πkx/L)]/√L` (Hartley, Proc. IRE 30 (1942) 144;
//! Bracewell, J. Opt. Soc. Am. 73 (1983) 1832). Real, orthonormal, symmetric, its own inverse: white noise stays white
//! under it, and every kernel with the reflections of the lattice is diagonal. Mode 0 is √V times the mean.

use super::matrix::{Product, Rows};
use crate::arith::Real;
use crate::error::{Error, check_length};
use crate::machine::Machine;
use crate::math::cas;

/// T for one L.
#[derive(Clone, Copy, Debug)]
pub struct Hartley<'a, R> {
    extent: usize,
    matrix: &'a [R],
}

impl<'a, R: Real> Hartley<'a, R> {
    /// Fills `matrix` (L² numbers) with H.
    pub fn fill(extent: usize, matrix: &mut [R]) {
        let norm = crate::math::sqrt(extent as f64);
        for (k, row) in matrix.chunks_mut(extent.max(1)).enumerate() {
            for (x, slot) in row.iter_mut().enumerate() {
                // The angle within one turn, so that it is as exact as its argument.
                let turn = (k * x % extent.max(1)) as f64 / extent as f64;
                *slot = R::of(cas(2.0 * core::f64::consts::PI * turn) / norm);
            }
        }
    }

    /// The transform with a matrix of L² numbers that [`fill`](Self::fill) made.
    ///
    /// # Errors
    ///
    /// [`Error::Length`] where there are more or fewer.
    pub fn new(extent: usize, matrix: &'a [R]) -> Result<Self, Error> {
        check_length("Hartley matrix", matrix.len(), (extent * extent).max(1))?;
        Ok(Self { extent, matrix })
    }

    /// L.
    pub fn extent(&self) -> usize {
        self.extent
    }

    /// L².
    pub fn volume(&self) -> usize {
        self.matrix.len()
    }

    /// `out = T x`; all three slices have L² numbers. `2L` multiplications a site, in the order of the index.
    pub fn transform<M: Machine>(&self, machine: M, x: &[R], out: &mut [R], work: &mut [R]) {
        let l = self.extent;
        let h = Rows { data: self.matrix, row: l };
        machine.run(Product { w: h, x: Rows { data: x, row: l }, out: &mut *work, stride: l, cols: l });
        machine.run(Product { w: Rows { data: work, row: l }, x: h, out, stride: l, cols: l });
    }
}
