//! The sampler: noise in, a configuration out, integers all the way.
//!
//! Hardware twins: `rtl/sq_score_int8_sampler_orbit.sv`, `rtl/sq_score_int8_sampler_magnetisation.sv`.
//!
//! The state is u_k = y_k/r_k(σ), of unit variance at all σ. A stage is
//!
//! ```text
//! ŷ = T[filter·u]     h = network(ŷ + M)     ĥ = T h
//! u' = keep·u + pull·ĥ + amplitude·η          reverse SDE
//! u' = base + predict·ĥ, sum += weight·ĥ      flow
//! ```
//!
//! The sums of a step have 26 fractional bits; [`fixed::STEP`] bounds them.

use super::arithmetic::{clamp, round_shift, saturate};
use super::format::{AMPLITUDE, KEEP, MATRIX, PLACE_BITS, SHARE_BITS, fixed};
use super::hartley::{Matrix, transform};
use super::image::{CELLS, Image, Shape, Shifts};
use super::kernels::Kernels;
use super::network::{self, Work};
use super::stage::{Stage, unfold};
use crate::lattice::{CHUNK, Chunk, VECTORS, segment, segment_mut};
use crate::machine::{Machine, Pass};
use crate::noise::{Noise, Words};

/// The first pass of a transform to sites loses the bits of H.
const FIRST_PASS: u32 = MATRIX.bits as u32;

/// A network on its lattice, for blocks of B sites: on a device few, where there are vectors as many as they hold.
#[derive(Clone, Copy, Debug)]
pub struct Network<H, const B: usize> {
    matrix: H,
    shape: Shape,
    shifts: Shifts,
}

impl<H: Matrix, const B: usize> Network<H, B> {
    /// The network of an image.
    pub fn new(image: &Image<'_>, matrix: H) -> Self {
        Self { matrix, shape: image.shape(), shifts: image.shifts() }
    }

    /// L².
    pub fn volume(&self) -> usize {
        self.shape.extent * self.shape.extent
    }

    /// Numbers of scratch memory for [`remainder`](Self::remainder) and [`finish`](Self::finish).
    #[must_use]
    pub const fn work(shape: &Shape) -> usize {
        network::work(shape.extent, shape.hidden[0], B, VECTORS)
    }

    /// Work memory on a device, whichever target asks.
    #[must_use]
    pub const fn work_on_device(shape: &Shape) -> usize {
        network::work(shape.extent, shape.hidden[0], B, false)
    }

    /// ĥ of every mode at the modes `u`, given `m` = M/M_max. `work` has at least [`work`](Self::work) numbers.
    pub fn remainder<M: Kernels>(
        &self,
        machine: M,
        stage: &Stage<'_>,
        m: i16,
        u: &[i16],
        h: &mut [i16],
        work: &mut [i16],
    ) {
        machine.run(Remainder { network: self, machine, stage, m, u, h, work });
    }

    /// h of every site from the fluctuation of ŷ there: the part of [`remainder`](Self::remainder) between the
    /// transforms.
    pub fn sites<M: Kernels>(
        &self,
        machine: M,
        stage: &Stage<'_>,
        m: i16,
        fluctuation: &[i16],
        h: &mut [i16],
        work: &mut [i16],
    ) {
        let Some(mut work) = Work::<B>::new(self.shape.extent, self.shape.hidden[0], work) else { return };
        for (slot, &y) in work.field().iter_mut().zip(fluctuation) {
            *slot = y;
        }
        machine.run(|| network::sites(machine, stage, &self.shifts, m, h, &mut work));
    }

    /// One step of the reverse SDE, h from [`remainder`](Self::remainder); the noise is that of `step`.
    pub fn reverse<W: Words, M: Machine>(
        &self,
        machine: M,
        stage: &Stage<'_>,
        noise: &mut Noise<W>,
        step: u64,
        h: &[i16],
        u: &mut [i16],
    ) {
        let tables = [1, 2, 3].map(|n| stage.spectral(n));
        machine.run(Reverse { extent: self.shape.extent, machine, tables, noise, step, h, u });
    }

    /// `out = base + table·h`, table 1 of [`Stage::spectral`] to predict and table 2 to advance; `out` may be what
    /// `base` was.
    pub fn flow<M: Machine>(&self, machine: M, table: &[i16], base: &[i16], h: &[i16], out: &mut [i16]) {
        machine.run(Flow { extent: self.shape.extent, table, base, h, out });
    }

    /// φ of every site from the modes of the last stage and M.
    pub fn finish<M: Kernels>(
        &self,
        machine: M,
        image: &Image<'_>,
        m: i16,
        u: &[i16],
        phi: &mut [i16],
        work: &mut [i16],
    ) {
        machine.run(Finish { network: self, machine, image, m, u, phi, work });
    }
}

/// [`Network::remainder`].
struct Remainder<'a, H, M, const B: usize> {
    network: &'a Network<H, B>,
    machine: M,
    stage: &'a Stage<'a>,
    m: i16,
    u: &'a [i16],
    h: &'a mut [i16],
    work: &'a mut [i16],
}

impl<H: Matrix, M: Kernels, const B: usize> Pass for Remainder<'_, H, M, B> {
    type Output = ();
    #[inline(always)]
    fn pass(self) {
        let Self { network, machine, stage, m, u, h, work } = self;
        let Network { matrix, shape, shifts } = *network;
        let Some(mut work) = Work::<B>::new(shape.extent, shape.hidden[0], work) else { return };
        filter(shape.extent, stage.spectral(0), shifts.filter, u, work.field());
        transform(machine, matrix, work.field(), h, [FIRST_PASS, shifts.sites]);
        network::sites(machine, stage, &shifts, m, h, &mut work);
        transform(machine, matrix, h, work.field(), shifts.modes);
    }
}

/// table·u but for the zero mode, which is M's.
#[inline(always)]
fn filter(extent: usize, table: &[i16], shift: u32, u: &[i16], out: &mut [i16]) {
    let mut buffer = Chunk::default();
    for (n, (u, out)) in u.chunks(CHUNK).zip(out.chunks_mut(CHUNK)).enumerate() {
        let table = by_mode(extent, table, n * CHUNK, &mut buffer);
        for ((slot, &u), &factor) in out.iter_mut().zip(u).zip(table) {
            *slot = saturate(round_shift(i32::from(factor) * i32::from(u), shift));
        }
    }
    if let Some(zero) = out.first_mut() {
        *zero = 0;
    }
}

/// [`Network::reverse`].
struct Reverse<'a, W, M> {
    extent: usize,
    machine: M,
    tables: [&'a [i16]; 3],
    noise: &'a mut Noise<W>,
    step: u64,
    h: &'a [i16],
    u: &'a mut [i16],
}

impl<W: Words, M: Machine> Pass for Reverse<'_, W, M> {
    type Output = ();
    #[inline(always)]
    fn pass(self) {
        let Self { extent, machine, tables: [keep, pull, amplitude], noise, step, h, u } = self;
        let (mut eta, mut b0, mut b1, mut b2) =
            (Chunk::<i32>::default(), Chunk::default(), Chunk::default(), Chunk::default());
        for (n, (u, h)) in u.chunks_mut(CHUNK).zip(h.chunks(CHUNK)).enumerate() {
            let first = n * CHUNK;
            let eta = segment_mut(&mut *eta, 0, u.len());
            noise.fill_eta_on::<16, M>(machine, step, first, eta);
            let keep = by_mode(extent, keep, first, &mut b0);
            let pull = by_mode(extent, pull, first, &mut b1);
            let amplitude = by_mode(extent, amplitude, first, &mut b2);
            let factors = keep.iter().zip(pull).zip(amplitude);
            for (((u, &h), &eta), ((&keep, &pull), &amplitude)) in u.iter_mut().zip(h).zip(&*eta).zip(factors) {
                let [keep, pull, amplitude] = [keep.into(), pull.into(), amplitude.into()];
                let sum = clamp(keep, KEEP.one()) * i32::from(*u)
                    + pull * i32::from(h)
                    + clamp(amplitude, AMPLITUDE.one()) * eta;
                *u = saturate(round_shift(sum, fixed::STEP));
            }
        }
    }
}

/// [`Network::flow`].
struct Flow<'a> {
    extent: usize,
    table: &'a [i16],
    base: &'a [i16],
    h: &'a [i16],
    out: &'a mut [i16],
}

impl Pass for Flow<'_> {
    type Output = ();
    #[inline(always)]
    fn pass(self) {
        let Self { extent, table, base, h, out } = self;
        let mut buffer = Chunk::default();
        let chunks = out.chunks_mut(CHUNK).zip(base.chunks(CHUNK).zip(h.chunks(CHUNK)));
        for (n, (out, (base, h))) in chunks.enumerate() {
            let table = by_mode(extent, table, n * CHUNK, &mut buffer);
            for (((slot, &base), &h), &factor) in out.iter_mut().zip(base).zip(h).zip(table) {
                *slot = saturate(round_shift(
                    (i32::from(base) << fixed::STEP) + i32::from(factor) * i32::from(h),
                    fixed::STEP,
                ));
            }
        }
    }
}

/// [`Network::finish`].
struct Finish<'a, H, M, const B: usize> {
    network: &'a Network<H, B>,
    machine: M,
    image: &'a Image<'a>,
    m: i16,
    u: &'a [i16],
    phi: &'a mut [i16],
    work: &'a mut [i16],
}

impl<H: Matrix, M: Kernels, const B: usize> Pass for Finish<'_, H, M, B> {
    type Output = ();
    #[inline(always)]
    fn pass(self) {
        let Self { network, machine, image, m, u, phi, work } = self;
        let Network { matrix, shape: Shape { extent, .. }, shifts } = *network;
        unfold(extent, extent, &mut image.end(), phi);
        for (phi, &u) in phi.iter_mut().zip(u) {
            *phi = saturate(round_shift(i32::from(*phi) * i32::from(u), shifts.filter));
        }
        if let Some(zero) = phi.first_mut() {
            *zero = 0;
        }
        transform(machine, matrix, phi, segment_mut(work, 0, extent * extent), [FIRST_PASS, shifts.sites_of_phi()]);
        let mean = round_shift(i32::from(image.largest()) * i32::from(m), fixed::PHI_MEAN);
        for phi in phi {
            *phi = saturate(i32::from(*phi) + mean);
        }
    }
}

/// Numbers of a table from mode `first` on, at least a chunk of them or all that are left: as they lie, or of the
/// quadrant, unfolded.
#[inline(always)]
fn by_mode<'a>(extent: usize, table: &'a [i16], first: usize, buffer: &'a mut Chunk<i16>) -> &'a [i16] {
    let (volume, half) = (extent * extent, extent / 2);
    if table.len() == volume {
        return segment(table, first, CHUNK.min(volume - first));
    }
    let (mut i, mut j) = (first / extent.max(1), first % extent.max(1));
    for slot in buffer.iter_mut() {
        let at = i.min(extent - i) * (half + 1) + j.min(extent - j);
        *slot = table.get(at).copied().unwrap_or(0);
        j += 1;
        if j == extent {
            // Beyond the last row, where nothing is asked for, comes the first.
            (i, j) = (if i + 1 == extent { 0 } else { i + 1 }, 0);
        }
    }
    &**buffer
}

/// The orbit of mode (i, j).
#[must_use]
pub const fn orbit(extent: usize, i: usize, j: usize) -> usize {
    let half = extent / 2;
    let i = if i > half { extent - i } else { i };
    let j = if j > half { extent - j } else { j };
    let (low, high) = if i < j { (i, j) } else { (j, i) };
    // Rows of a triangle: half + 1, half, … numbers.
    low * (half + 1) - low * low.saturating_sub(1) / 2 + (high - low)
}

/// M/M_max from a random word: sign, half of the law, cell, place in the cell.
///
/// Cells shrink towards both ends: octaves of eight, each with half the probability of the one before, so that a
/// density which is constant in a cell fits the tails as well ([`share`]).
#[must_use]
pub fn magnetisation(image: &Image<'_>, word: u64) -> i16 {
    const { assert!(CELLS == 2 * OCTAVES * 8) };
    let tail = word << 1;
    let octave = (tail.leading_zeros() as usize).min(OCTAVES - 1);
    // The octave's leading one is known; the last octave has none.
    let rest = tail << (octave + usize::from(octave < OCTAVES - 1));
    let (cell, place) = ((rest >> 61) as usize, (rest >> (61 - PLACE_BITS) & ((1 << PLACE_BITS) - 1)) as i32);
    let from_end = (OCTAVES - 1 - octave) * 8 + cell;
    let upper = word >> 63 == 1;
    let low = if upper { CELLS - 1 - from_end } else { from_end };
    let mut quantiles = image.magnetisation().skip(low);
    let (low, high) = (quantiles.next().map_or(0, i32::from), quantiles.next().map_or(0, i32::from));
    // high - low ≤ 2^14, and 16 bits of the word.
    let within = round_shift((high - low) * place, PLACE_BITS);
    let m = (if upper { high - within } else { low + within }) as i16;
    if word & 1 == 0 { m } else { -m }
}

/// Octaves of cells from the middle of the law of |M| to each end.
const OCTAVES: usize = 16;

const _: () = assert!(SHARE_BITS as usize == OCTAVES + 3, "half of the law is eight cells times 2^15 shares");

/// The probability of a cell of |M|, in units of 2^-[`SHARE_BITS`].
#[must_use]
pub const fn share(cell: usize) -> u32 {
    let from_end = if cell < CELLS / 2 { cell } else { CELLS - 1 - cell };
    let octave = from_end / 8;
    if octave == 0 { 1 } else { 1 << (octave - 1) }
}

/// Standard Gaussian modes: η of site k at `step`.
pub fn start<W: Words, M: Machine>(machine: M, noise: &mut Noise<W>, step: u64, u: &mut [i16]) {
    let mut eta = Chunk::<i32>::default();
    for (n, u) in u.chunks_mut(CHUNK).enumerate() {
        let eta = segment_mut(&mut *eta, 0, u.len());
        noise.fill_eta_on::<16, M>(machine, step, n * CHUNK, eta);
        for (u, &eta) in u.iter_mut().zip(segment(eta, 0, eta.len())) {
            *u = eta as i16;
        }
    }
}
