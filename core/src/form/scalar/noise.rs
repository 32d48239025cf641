//! Words and η one after the other, in place: no memory between, no passes.

use crate::machine::Machine;
use crate::noise::threefry::threefry2x32_run;
use crate::noise::words::Bits;
use crate::noise::{Noise, NoiseKind, Words, three_point};

/// The words of the counters (c₀, c₁), (c₀, c₁ + 1), … under one key.
#[inline(always)]
pub(crate) fn pairs<M: Machine, T: Bits>(_machine: M, key: [u32; 2], counter: [u32; 2], out: &mut [[T; 2]]) {
    threefry2x32_run(key, counter, out);
}

/// [`Noise::fill_eta_on`]: η where its word lay, without a machine's hand.
#[inline(always)]
pub(crate) fn fill_eta<const W: u32, S: Words, M: Machine>(
    noise: &mut Noise<S>,
    machine: M,
    step: u64,
    first: usize,
    out: &mut [i32],
) {
    machine.run(|| {
        noise.words.fill_signed(machine, step, first, out);
        match noise.law {
            NoiseKind::Gaussian => out.iter_mut().for_each(|eta| *eta = super::gauss::eta::<W>(*eta as u32)),
            NoiseKind::ThreePoint => out.iter_mut().for_each(|eta| *eta = three_point::eta::<W>(*eta as u32)),
        }
    });
}
