//! One layer of the network: odd inputs z, even inputs β, and the activation that keeps them apart.

use super::matrix::{Product, Rows};
use super::network::EVEN;
use crate::arith::Real;
use crate::error::{Error, check_length};
use crate::lattice::{segment, segment_mut};
use crate::machine::Machine;

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
        let units = self.even.len() / EVEN;
        let whole = if units == 0 { EVEN } else { units * EVEN };
        check_length("even weights of a layer", self.even.len(), whole)?;
        check_length("odd weights of a layer", self.odd.len(), units * inputs)?;
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

/// The layer of `cols` sites: z and β of every unit, and the activation in place of z; rows of [`BLOCK`]. Tangents with
/// `TRACE`.
pub(super) fn layer<const TRACE: bool, R: Real, M: Machine>(
    machine: M,
    weights: &Layer<'_, R>,
    [gain, bias]: [&[R]; 2],
    odd: Pair<'_, R>,
    even: Pair<'_, R>,
    [z, dz]: [&mut [R]; 2],
    [beta, dbeta]: [&mut [R]; 2],
    cols: usize,
) {
    let units = gain.len();
    let multiply = |w: &[R], data, row, out: &mut [R]| {
        let w = Rows { data: w, row: w.len().checked_div(units).unwrap_or(0) };
        let out = out.get_mut(..units * BLOCK).unwrap_or(&mut []);
        machine.run(Product { w, x: Rows { data, row }, out, stride: BLOCK, cols });
    };
    multiply(weights.odd, odd.value, odd.row, z);
    multiply(weights.even, even.value, even.row, beta);
    if TRACE {
        multiply(weights.odd, odd.tangent, odd.row, dz);
        multiply(weights.even, even.tangent, even.row, dbeta);
    }
    machine.run(|| {
        let rows = z.chunks_mut(BLOCK).zip(dz.chunks_mut(BLOCK)).zip(beta.chunks(BLOCK).zip(dbeta.chunks(BLOCK)));
        for ((&gain, &bias), ((z, dz), (beta, dbeta))) in gain.iter().zip(bias).zip(rows) {
            let (z, beta) = (segment_mut(z, 0, cols), segment(beta, 0, cols));
            if TRACE {
                let tangents = segment_mut(dz, 0, cols).iter_mut().zip(segment(dbeta, 0, cols));
                for ((z, &beta), (dz, &dbeta)) in z.iter_mut().zip(beta).zip(tangents) {
                    let (x, beta, dx) = (gain * *z, bias + beta, gain * *dz);
                    let (up, down) = ((x + beta).clip(), (x - beta).clip());
                    *z = s(up) + s(down);
                    *dz = slope(up) * (dx + dbeta) + slope(down) * (dx - dbeta);
                }
            } else {
                for (z, &beta) in z.iter_mut().zip(beta) {
                    *z = activation(gain * *z, bias + beta);
                }
            }
        }
    });
}
