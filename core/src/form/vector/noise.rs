//! Words and η chunk by chunk, through arrays.

use crate::lattice::{CHUNK, Chunk};
use crate::machine::Machine;
use crate::noise::threefry::threefry2x32_batch;
use crate::noise::words::Bits;
use crate::noise::{Noise, NoiseKind, Words, three_point};

/// Pairs in a batch.
const BATCH: usize = 64;

/// Lanes of the widest vectors there are.
const WIDEST: usize = 16;

/// The words of the counters (c₀, c₁), (c₀, c₁ + 1), … under one key.
#[inline(always)]
pub(crate) fn pairs<M: Machine, T: Bits>(machine: M, key: [u32; 2], [c0, mut c1]: [u32; 2], out: &mut [[T; 2]]) {
    let (batches, rest) = out.as_chunks_mut::<BATCH>();
    for batch in batches {
        fill::<BATCH, M>(machine, key, [c0, c1], batch);
        c1 = c1.wrapping_add(BATCH as u32);
    }
    for part in rest.chunks_mut(WIDEST) {
        fill::<WIDEST, M>(machine, key, [c0, c1], part);
        c1 = c1.wrapping_add(WIDEST as u32);
    }
}

/// The words of up to N pairs: always N are made, so that vectors stay whole.
#[inline(always)]
fn fill<const N: usize, M: Machine>(machine: M, key: [u32; 2], [c0, c1]: [u32; 2], out: &mut [[impl Bits; 2]]) {
    let mut x0 = [c0; N];
    // c1 + l stays below 2^20 in its pair field where the pair is wanted: nothing carries into the step.
    let mut x1 = core::array::from_fn(|l| c1.wrapping_add(l as u32));
    threefry2x32_batch(machine, key, &mut x0, &mut x1);
    for (slot, (a, b)) in out.iter_mut().zip(x0.into_iter().zip(x1)) {
        *slot = [a, b].map(Bits::of);
    }
}

/// [`Noise::fill_eta_on`]: the words of a chunk into a buffer, and η from there.
#[inline(always)]
pub(crate) fn fill_eta<const W: u32, S: Words, M: Machine>(
    noise: &mut Noise<S>,
    machine: M,
    step: u64,
    first: usize,
    out: &mut [i32],
) {
    machine.run(|| {
        let (mut site, mut out) = (first, out);
        let mut buffer = Chunk::<u32>::default();
        while !out.is_empty() {
            // An odd site first goes alone: the chunks behind it hold whole pairs.
            let count = out.len().min(if site & 1 == 1 { 1 } else { CHUNK });
            let (Some((here, after)), Some(words)) = (out.split_at_mut_checked(count), buffer.get_mut(..count)) else {
                return;
            };
            noise.words.fill_on(machine, step, site, words);
            match noise.law {
                NoiseKind::Gaussian => machine.gaussian::<W>(words, here),
                NoiseKind::ThreePoint => {
                    for (slot, &word) in here.iter_mut().zip(&*words) {
                        *slot = three_point::eta::<W>(word);
                    }
                }
            }
            site = site.wrapping_add(count);
            out = after;
        }
    });
}
