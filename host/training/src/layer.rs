//! One hidden layer, forward and backward.
//!
//! ```text
//! a = s(gz + β) + s(gz - β),   z = W x,   β = b + U e,   s(x) = (3c - c³)/2 with c = x clipped to [-1, 1]
//! ```
//!
//! x are the odd inputs and e the even ones at a site, g and b the gain and the bias of a unit at the configuration's
//! σ.

use stoquant_core::arith::Real;
use stoquant_core::machine::Pass;

use super::lanes::{Lanes, dot, outer, product};
use super::parameters::{EVEN, Weights};

/// The layer at one σ.
#[derive(Clone, Copy)]
pub struct Layer<'a, R> {
    pub weights: &'a Weights<R>,
    /// Wᵀ and Uᵀ.
    pub transposed: &'a Weights<R>,
    /// g, then b.
    pub table: &'a [R],
}

/// Of a layer: (units, S) each.
pub struct Units<R> {
    z: Vec<R>,
    beta: Vec<R>,
    /// The activations.
    pub a: Vec<R>,
}

/// All sites of a configuration.
pub struct Forward<'a, R> {
    pub layer: Layer<'a, R>,
    /// The odd inputs: (inputs, S).
    pub x: &'a [R],
    /// The even ones: (EVEN, S).
    pub e: &'a [R],
}

impl<R: Real> Pass for Forward<'_, R> {
    type Output = Units<R>;

    #[inline(always)]
    fn pass(self) -> Units<R> {
        let Self { layer: Layer { weights, table, .. }, x, e } = self;
        let stride = e.len() / EVEN;
        let (gain, bias) = table.split_at(table.len() / 2);
        let zeros = || vec![R::ZERO; gain.len() * stride];
        let mut out = Units { z: zeros(), beta: zeros(), a: zeros() };
        product(stride, &weights.odd, x, &mut out.z);
        product(stride, &weights.even, e, &mut out.beta);
        let units = out.z.chunks_exact(stride).zip(out.beta.chunks_exact_mut(stride));
        for (((z, beta), a), (&gain, &bias)) in units.zip(out.a.chunks_exact_mut(stride)).zip(gain.iter().zip(bias)) {
            for ((a, &z), beta) in a.iter_mut().zip(z).zip(beta) {
                *beta += bias;
                let [up, down] = ends(gain * z, *beta);
                *a = s(up) + s(down);
            }
        }
        out
    }
}

/// From the derivatives by a to those by all before it; what `dx`, `de`, `weights` and `table` hold is added to.
pub struct Backward<'a, 'o, R> {
    pub forward: Forward<'a, R>,
    pub units: Units<R>,
    /// By the activations.
    pub da: &'a [R],
    /// By the odd inputs.
    pub dx: &'o mut [R],
    /// By the even ones.
    pub de: &'o mut [R],
    /// By the weights, lane by lane.
    pub weights: &'o mut Weights<Lanes<R>>,
    /// By g and b.
    pub table: &'o mut [R],
}

impl<R: Real> Pass for Backward<'_, '_, R> {
    type Output = ();

    #[inline(always)]
    fn pass(self) {
        let Self { forward: Forward { layer, x, e }, units, da, dx, de, weights, table } = self;
        let stride = e.len() / EVEN;
        let Units { mut z, mut beta, a: mut of_gain } = units;
        let ones = vec![R::ONE; stride];
        let (dgain, dbias) = table.split_at_mut(table.len() / 2);
        let tables = layer.table.iter().zip(dgain.iter_mut().zip(dbias));
        let rows = z.chunks_exact_mut(stride).zip(beta.chunks_exact_mut(stride)).zip(of_gain.chunks_exact_mut(stride));
        for (((z, beta), of_gain), (da, (&gain, (dgain, dbias)))) in rows.zip(da.chunks_exact(stride).zip(tables)) {
            // The derivatives by z and β take their places.
            for (((z, beta), of_gain), &da) in z.iter_mut().zip(beta.iter_mut()).zip(of_gain.iter_mut()).zip(da) {
                let [up, down] = ends(gain * *z, *beta).map(slope);
                let (odd, even) = (da * (up + down), da * (up - down));
                *of_gain = odd * *z;
                *z = odd * gain;
                *beta = even;
            }
            *dgain += dot(of_gain, &ones);
            *dbias += dot(beta, &ones);
        }
        product(stride, &layer.transposed.odd, &z, dx);
        product(stride, &layer.transposed.even, &beta, de);
        outer(stride, &z, x, &mut weights.odd);
        outer(stride, &beta, e, &mut weights.even);
    }
}

/// The arguments of s, clipped.
#[inline(always)]
fn ends<R: Real>(x: R, beta: R) -> [R; 2] {
    [(x + beta).clip(), (x - beta).clip()]
}

#[inline(always)]
fn s<R: Real>(c: R) -> R {
    c * (R::of(1.5) - R::of(0.5) * c * c)
}

/// s', and 0 where s is constant: there c² = 1.
#[inline(always)]
fn slope<R: Real>(c: R) -> R {
    R::of(1.5) - R::of(1.5) * c * c
}
