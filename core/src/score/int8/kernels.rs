//! What the network is made of, for machines that have instructions for it: products, activations, and the units of a
//! layer.
//!
//! A machine may have its own form of each of them; the default is plain Rust for whatever the compiler makes of it.
//! All forms have the same bits: sums are exact, and an activation is one function of two integers.

use super::arithmetic::{activation, half, round_from_half, round_shift, saturate};
use super::stage::UNITS;
use crate::lattice::VECTORS;
use crate::machine::{Machine, Portable};

/// Two numbers that are multiplied and added in one instruction, where there is such.
pub type Two = [i16; 2];

/// A machine that evaluates the network. To be called from within [`run`](Machine::run), else a kernel is compiled for
/// the caller's instructions.
pub trait Kernels: Machine {
    /// `sums_i += w₀·x_i0 + w₁·x_i1`, exact: |w|, |x| < 2^15, and whoever sums sees to the width.
    #[inline(always)]
    fn dot<const N: usize>(self, [w0, w1]: Two, x: &[Two; N], sums: &mut [i32; N]) {
        let (w0, w1) = (i32::from(w0), i32::from(w1));
        for (sum, &[x0, x1]) in sums.iter_mut().zip(x) {
            *sum += w0 * i32::from(x0) + w1 * i32::from(x1);
        }
    }

    /// Two units of a hidden layer: [`activation`] of z and β, each saturated.
    #[inline(always)]
    fn activations<const N: usize>(self, z: [&[i32; N]; 2], beta: [&[i32; N]; 2]) -> [Two; N] {
        let mut out = [[0; 2]; N];
        for unit in 0..2 {
            for (slot, (&z, &beta)) in out.iter_mut().zip(z[unit].iter().zip(beta[unit])) {
                slot[unit] = activation(saturate(z), saturate(beta));
            }
        }
        out
    }

    /// The units of a hidden layer at N sites: calls `with(pair, activations)` for every pair of them, and for those
    /// that fill the last group. The arguments of an [`activation`] are the sum over odd inputs, and that over even
    /// ones and a bias, after their shifts.
    #[inline(always)]
    fn units<const N: usize>(
        self,
        units: Units<'_>,
        odd: &[[Two; N]],
        even: &[[Two; N]],
        with: impl FnMut(usize, [Two; N]),
    ) {
        if VECTORS {
            units_by_groups(self, units, odd, even, with);
        } else {
            units_by_pairs(self, units, odd, even, with);
        }
    }
}

impl Kernels for Portable {}

/// The units of a layer, an even number of them.
///
/// Widths: first layer, |w| ≤ 2^13 and |f| ≤ 2^14: 5·2^27 and 4·2^27 below 2^30. Second, |a| < 2^7 and at most 128
/// units: 2^7·2^13·2^7 = 2^27. Half of a unit, for rounding, is at most 2^23.
#[derive(Clone, Copy, Debug)]
pub struct Units<'a> {
    /// Weights as [`Stage::weights`](super::Stage::weights) has them: those of the odd inputs, then those of the even
    /// ones.
    pub weights: &'a [Two],
    /// Biases; there is none for a unit that fills the last pair or group.
    pub biases: &'a [i16],
    /// Shifts of the sums over odd and over even inputs.
    pub shifts: [u32; 2],
}

impl Units<'_> {
    /// Pairs of units, by the weights and the biases of both, for so many pairs of inputs; where there are no vectors.
    #[inline(always)]
    pub fn pairs(&self, inputs: usize) -> impl Iterator<Item = ([&[Two]; 2], [i16; 2])> {
        let unit =
            move |n: usize| self.weights.get(n * inputs..).and_then(|weights| weights.get(..inputs)).unwrap_or(&[]);
        self.biases.chunks(2).enumerate().map(move |(n, biases)| {
            let bias = |n: usize| biases.get(n).copied().unwrap_or(0);
            ([unit(2 * n), unit(2 * n + 1)], [bias(0), bias(1)])
        })
    }

    /// Groups of units, by their weights, of odd inputs and of even ones, and biases; where there are vectors.
    #[inline(always)]
    pub fn groups(&self, [odd, even]: [usize; 2]) -> impl Iterator<Item = ([&[[Two; UNITS]]; 2], [i32; UNITS])> {
        let weights = self.weights.as_chunks().0.chunks((odd + even).max(1));
        weights.zip(self.biases.chunks(UNITS)).map(move |(weights, biases)| {
            let (odd, even) = weights.split_at_checked(odd).unwrap_or_default();
            let mut bias = [0; UNITS];
            for (slot, &bias) in bias.iter_mut().zip(biases) {
                *slot = bias.into();
            }
            ([odd, even], bias)
        })
    }
}

/// [`Kernels::units`] from dot products and activations, group by group.
#[inline(always)]
pub fn units_by_groups<const B: usize, M: Kernels>(
    machine: M,
    units: Units<'_>,
    odd: &[[Two; B]],
    even: &[[Two; B]],
    mut with: impl FnMut(usize, [Two; B]),
) {
    let [odd_shift, even_shift] = units.shifts;
    for (group, ([odd_weights, even_weights], bias)) in units.groups([odd.len(), even.len()]).enumerate() {
        let mut z = dots(machine, odd_weights, odd, half(odd_shift));
        let mut beta = dots(machine, even_weights, even, half(even_shift));
        for u in 0..UNITS {
            for (z, beta) in z[u].iter_mut().zip(&mut beta[u]) {
                *z = round_from_half(*z, odd_shift);
                *beta = round_from_half(*beta, even_shift) + bias[u];
            }
        }
        for u in 0..UNITS / 2 {
            let a = machine.activations([&z[2 * u], &z[2 * u + 1]], [&beta[2 * u], &beta[2 * u + 1]]);
            with(UNITS / 2 * group + u, a);
        }
    }
}

/// [`Kernels::units`] from dot products and activations, pair by pair.
#[inline(always)]
pub fn units_by_pairs<const B: usize, M: Kernels>(
    machine: M,
    units: Units<'_>,
    odd: &[[Two; B]],
    even: &[[Two; B]],
    mut with: impl FnMut(usize, [Two; B]),
) {
    let [odd_shift, even_shift] = units.shifts;
    for (pair, (weights, biases)) in units.pairs(odd.len() + even.len()).enumerate() {
        let [mut z, mut beta] = [[[0; B]; 2]; 2];
        for n in 0..2 {
            let (odd_weights, even_weights) = weights[n].split_at_checked(odd.len()).unwrap_or_default();
            for (&weight, x) in odd_weights.iter().zip(odd) {
                machine.dot(weight, x, &mut z[n]);
            }
            for (&weight, x) in even_weights.iter().zip(even) {
                machine.dot(weight, x, &mut beta[n]);
            }
            for (z, beta) in z[n].iter_mut().zip(&mut beta[n]) {
                *z = round_shift(*z, odd_shift);
                *beta = round_shift(*beta, even_shift) + i32::from(biases[n]);
            }
        }
        with(pair, machine.activations([&z[0], &z[1]], [&beta[0], &beta[1]]));
    }
}

/// Σ over pairs of inputs, and what it begins with.
#[inline(always)]
fn dots<const B: usize, M: Kernels>(
    machine: M,
    weights: &[[Two; UNITS]],
    inputs: &[[Two; B]],
    first: i32,
) -> [[i32; B]; UNITS] {
    let mut sums = [[first; B]; UNITS];
    for (x, weights) in inputs.iter().zip(weights) {
        for (&weight, sums) in weights.iter().zip(&mut sums) {
            machine.dot(weight, x, sums);
        }
    }
    sums
}
