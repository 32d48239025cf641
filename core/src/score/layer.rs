//! One layer of the network: odd inputs z, even inputs β, and the activation that keeps them apart.

use super::matrix::{Rows, product};
use crate::arith::Real;
use crate::error::Error;

/// Sites that pass through the layers together.
pub(super) const BLOCK: usize = 64;

/// Weights of a layer, row by row: `units × odd inputs` and `units × even inputs`.
#[derive(Clone, Copy, Debug)]
pub struct Layer<'a, R> {
    /// Of the odd inputs.
    pub odd: &'a [R],
    /// Of the even ones.
    pub even: &'a [R],
}

impl<R: Real> Layer<'_, R> {
    /// Number of units, if the weights fit `inputs` odd and the network's even ones.
    pub(super) fn units(&self, inputs: usize) -> Result<usize, Error> {
        let units = self.even.len() / super::network::EVEN;
        let error = |what, got, want| Err(Error::Length { what, got, want });
        if units == 0 || self.even.len() != units * super::network::EVEN {
            return error("even weights of a layer", self.even.len(), (units + 1) * super::network::EVEN);
        }
        if self.odd.len() != units * inputs {
            return error("odd weights of a layer", self.odd.len(), units * inputs);
        }
        Ok(units)
    }
}

/// Rows of values and of tangents.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a, R> {
    pub value: &'a [R],
    pub tangent: &'a [R],
    pub row: usize,
}

/// `s(z + β) + s(z - β)` and its derivative for tangents z', β'; s(x) = (3c - c³)/2 with c = x clipped to [-1, 1], once
/// continuously differentiable, and saturating exactly.
#[inline(always)]
pub(super) fn activation<R: Real>(z: R, beta: R) -> R {
    s((z + beta).clip()) + s((z - beta).clip())
}

#[inline(always)]
fn s<R: Real>(c: R) -> R {
    c * (R::of(1.5) - R::of(0.5) * c * c)
}

#[inline(always)]
fn slope<R: Real>(c: R) -> R {
    R::of(1.5) - R::of(1.5) * c * c
}

/// The layer of `cols` sites: `out` and its tangent, rows of [`BLOCK`]; `scratch` likewise.
#[inline(always)]
pub(super) fn layer<const TRACE: bool, R: Real>(
    weights: &Layer<'_, R>,
    [gain, bias]: [&[R]; 2],
    odd: Pair<'_, R>,
    even: Pair<'_, R>,
    [out, tangent]: [&mut [R]; 2],
    [beta, beta_tangent]: [&mut [R]; 2],
    cols: usize,
) {
    let units = gain.len();
    let inputs = weights.odd.len() / units.max(1);
    let evens = weights.even.len() / units.max(1);
    let (w, u) = (Rows { data: weights.odd, row: inputs }, Rows { data: weights.even, row: evens });
    let rows = |slice: &mut [R]| slice.len().min(units * BLOCK);
    let multiply = |w, inner, data, row, out: &mut [R]| {
        let length = rows(out);
        product(w, inner, Rows { data, row }, out.get_mut(..length).unwrap_or(&mut []), BLOCK, cols);
    };
    multiply(w, inputs, odd.value, odd.row, out);
    multiply(u, evens, even.value, even.row, beta);
    if TRACE {
        multiply(w, inputs, odd.tangent, odd.row, tangent);
        multiply(u, evens, even.tangent, even.row, beta_tangent);
    }
    let units = gain.iter().zip(bias).zip(out.chunks_mut(BLOCK).zip(tangent.chunks_mut(BLOCK)));
    for (((&gain, &bias), (out, tangent)), (beta, beta_tangent)) in
        units.zip(beta.chunks(BLOCK).zip(beta_tangent.chunks(BLOCK)))
    {
        if TRACE {
            let sites = beta.iter().zip(tangent.iter_mut().zip(beta_tangent));
            for (z, (&beta, (dz, &dbeta))) in out.iter_mut().zip(sites).take(cols) {
                let (x, beta, dx) = (gain * *z, bias + beta, gain * *dz);
                let (up, down) = ((x + beta).clip(), (x - beta).clip());
                *z = s(up) + s(down);
                *dz = slope(up) * (dx + dbeta) + slope(down) * (dx - dbeta);
            }
        } else {
            for (z, &beta) in out.iter_mut().zip(beta).take(cols) {
                *z = activation(gain * *z, bias + beta);
            }
        }
    }
}
