//! The network in integers: a remainder for every site.
//!
//! Hardware twins: `rtl/sq_score_int8_network.sv`, `rtl/sq_score_int8_network_features.sv` and
//! `rtl/sq_score_int8_network_units.sv`.
//!
//! ```text
//! d = p₁ + p₃ŷ² + Σ_i c_i e_i
//! h = ŷ·d + Σ_j s_j f_j + Σ_n o_n b_n
//! ```
//!
//! Everything here is local and exact but for roundings that are odd: translations, reflections, the rotations and φ →
//! -φ hold to the bit, from ŷ on.

use super::arithmetic::{clamp, half, round_shift, saturate};
use super::format::{EVEN_FEATURE, LARGEST_ACTIVATION, ODD_FEATURE, fixed};
use super::image::{SCALARS, Shifts};
use super::kernels::{Kernels, Two, Units};
use super::stage::{EVEN_PAIRS, ODD_PAIRS, Stage, scalar};
use crate::lattice::{VECTORS, segment, segment_mut};

/// Numbers that may be left over before a register's length begins: on a device, a word.
const SLACK: usize = slack(VECTORS);

const fn slack(vectors: bool) -> usize {
    if vectors { 32 } else { 2 }
}

/// Numbers of scratch memory for blocks of B sites: features and units; a field with two rows of its other end before
/// and after it, without vectors also two columns, and a block to read beyond.
pub(super) const fn work(extent: usize, hidden: usize, block: usize, vectors: bool) -> usize {
    let width = if vectors { extent } else { extent + 4 };
    slack(vectors) + 2 * block * (ODD_PAIRS + EVEN_PAIRS + hidden.div_ceil(2)) + (extent + 4) * width + block
}

/// Scratch memory: features and units of a block, the field and what lies around it.
pub(super) struct Work<'a, const B: usize> {
    extent: usize,
    features: &'a mut [[Two; B]],
    units: &'a mut [[Two; B]],
    field: &'a mut [i16],
}

impl<'a, const B: usize> Work<'a, B> {
    /// In [`work`] numbers.
    #[inline(always)]
    pub fn new(extent: usize, hidden: usize, numbers: &'a mut [i16]) -> Option<Self> {
        // Registers across two cache lines are read in twice the time; devices read many words at once if they are
        // aligned.
        let skip = numbers.as_ptr().align_offset(2 * SLACK).min(SLACK);
        let (_, numbers) = numbers.split_at_mut_checked(skip)?;
        let (blocks, field) = numbers.split_at_mut_checked(2 * B * (ODD_PAIRS + EVEN_PAIRS + hidden.div_ceil(2)))?;
        let (blocks, _) = blocks.as_chunks_mut().0.as_chunks_mut();
        let (features, units) = blocks.split_at_mut_checked(ODD_PAIRS + EVEN_PAIRS)?;
        Some(Self { extent, features, units, field })
    }

    /// The L² numbers of the field.
    #[inline(always)]
    pub fn field(&mut self) -> &mut [i16] {
        segment_mut(self.field, if VECTORS { 2 * self.extent } else { 0 }, self.extent * self.extent)
    }

    /// Lays two rows of the field's end before it, and two of its beginning after it.
    #[inline(always)]
    fn close(&mut self) {
        let two = 2 * self.extent;
        let Some((before, field)) = self.field.split_at_mut_checked(two) else { return };
        let Some((field, after)) = field.split_at_mut_checked(self.extent * self.extent) else { return };
        for (slot, &y) in before.iter_mut().zip(segment(field, field.len() - two, two)) {
            *slot = y;
        }
        for (slot, &y) in after.iter_mut().zip(segment(field, 0, two)) {
            *slot = y;
        }
    }
}

/// h of every site from the fluctuation of ŷ there, of the format [`ODD_FEATURE`], and M/M_max. M is added to ŷ here.
#[inline(always)]
pub(super) fn sites<const B: usize, M: Kernels>(
    machine: M,
    stage: &Stage<'_>,
    shifts: &Shifts,
    m: i16,
    h: &mut [i16],
    work: &mut Work<'_, B>,
) {
    let extent = work.extent;
    let scalars = Scalars::new(stage.scalars(), m);
    let with_mean = |y: i16| odd(i32::from(y) + scalars.mean) as i16;
    let layers = Layers::new(stage, shifts);
    if !VECTORS {
        let Work { field, features, units, .. } = work;
        surround(extent, field, with_mean);
        for (row, out) in h.chunks_mut(extent.max(1)).enumerate() {
            for (n, out) in out.chunks_mut(B).enumerate() {
                let mut sums = [[0; B]; SUMS];
                gather_surrounded(extent + 4, field, row, n * B, &mut sums);
                block(machine, &scalars, &layers, &sums, features, units, out);
            }
        }
        return;
    }
    for y in work.field() {
        *y = with_mean(*y);
    }
    work.close();
    let Work { field, features, units, .. } = work;
    let mut columns = core::array::from_fn(|s| (s % extent.max(1)) as i16);
    let step = (B % extent.max(1)) as i16;
    for (n, out) in h.chunks_mut(B).enumerate() {
        let mut sums = [[0; B]; SUMS];
        gather(extent, segment(field, n * B, 4 * extent + B), &columns, &mut sums);
        block(machine, &scalars, &layers, &sums, features, units, out);
        for column in &mut columns {
            *column += step;
            *column -= if *column >= extent as i16 { extent as i16 } else { 0 };
        }
    }
}

/// Both layers, and the output.
struct Layers<'a> {
    first: Units<'a>,
    second: Units<'a>,
    output: &'a [i16],
    shift: u32,
}

impl<'a> Layers<'a> {
    #[inline(always)]
    fn new(stage: &Stage<'a>, shifts: &'a Shifts) -> Self {
        let units = |n, shifts| Units { weights: stage.weights(n).as_flattened(), biases: stage.biases(n), shifts };
        Self {
            first: units(0, shifts.first),
            second: units(1, shifts.second),
            output: stage.output(),
            shift: shifts.output,
        }
    }
}

/// h of a block from its sums.
#[inline(always)]
fn block<const B: usize, M: Kernels>(
    machine: M,
    scalars: &Scalars,
    &Layers { first, second, output: weights, shift }: &Layers<'_>,
    sums: &[[i32; B]; SUMS],
    features: &mut [[Two; B]],
    units: &mut [[Two; B]],
    out: &mut [i16],
) {
    let d = fill(machine, scalars, sums, features);
    let (odd, even) = features.split_at(ODD_PAIRS);
    layer(machine, first, odd, even, units);
    let sum = output(machine, second, weights, units, even);
    let mut values = [0; B];
    for s in 0..B {
        values[s] = saturate(d[s] + round_shift(sum[s], shift));
    }
    if let Some(out) = out.first_chunk_mut::<B>() {
        *out = values;
    } else {
        for (slot, value) in out.iter_mut().zip(values) {
            *slot = value;
        }
    }
}

/// The single numbers of a stage, and what M makes of them.
struct Scalars {
    row: [i16; SCALARS],
    /// M in ŷ.
    mean: i32,
    /// M as a feature.
    m: i32,
    /// M² as a feature.
    m2: i32,
}

impl Scalars {
    fn new(row: [i16; SCALARS], m: i16) -> Self {
        let (m, at) = (i32::from(m), |n: usize| i32::from(row[n]));
        let square = round_shift(m * m, fixed::MEAN_SQUARE);
        Self {
            row,
            mean: round_shift(at(scalar::MEAN) * m, fixed::MEAN),
            m: odd(round_shift(at(scalar::MEAN + 1) * m, fixed::MEAN)),
            m2: even(round_shift(at(scalar::EVEN + 3) * square, fixed::MEAN2) - at(scalar::OFFSET + 3)),
        }
    }
}

/// Within the range of an odd feature.
#[inline(always)]
const fn odd(x: i32) -> i32 {
    clamp(x, ODD_FEATURE.limit as i32)
}

/// Within the range of an even feature.
#[inline(always)]
const fn even(x: i32) -> i32 {
    clamp(x, EVEN_FEATURE.limit as i32)
}

/// ŷ and its sums over three orbits, ŷ² and its sums over two.
const SUMS: usize = 6;

/// ŷ² of the format [`SQUARE`](super::format::SQUARE). It has no sign: half of a unit added is [`round_shift`].
#[inline(always)]
const fn square(y: i32) -> i32 {
    (y * y + half(fixed::SQUARED)) >> fixed::SQUARED
}

/// ŷ of B sites in a row of the lattice, or in parts of several, `step` columns further: where that leaves the row, L
/// sites back. `field` begins `rows` above the first site's place without the step.
#[inline(always)]
fn shifted<const B: usize>(extent: usize, field: &[i16], columns: &[i16; B], rows: usize, step: isize) -> [i16; B] {
    let at = |place: usize| field.get(place..).and_then(|field| field.first_chunk::<B>()).unwrap_or(&[0; B]);
    let place = (rows * extent).wrapping_add_signed(step);
    if step == 0 {
        return *at(place);
    }
    let (inside, outside) = (at(place), at(if step < 0 { place + extent } else { place.wrapping_sub(extent) }));
    let (first, last) = (-step as i16, (extent as isize - step) as i16);
    let mut out = [0; B];
    for s in 0..B {
        let leaves = if step < 0 { columns[s] < first } else { columns[s] >= last };
        // A mask and not a choice, of which the compiler would make one of addresses.
        out[s] = inside[s] ^ (inside[s] ^ outside[s]) & -i16::from(leaves);
    }
    out
}

/// The sums of B sites at `columns` of their rows; `field` begins two rows above them.
#[inline(always)]
fn gather<const B: usize>(extent: usize, field: &[i16], columns: &[i16; B], sums: &mut [[i32; B]; SUMS]) {
    let at = |rows, step| shifted(extent, field, columns, rows, step);
    let [c, n, s, w, e] = [at(2, 0), at(1, 0), at(3, 0), at(2, -1), at(2, 1)];
    let [nw, ne, sw, se] = [at(1, -1), at(1, 1), at(3, -1), at(3, 1)];
    let [nn, ss, ww, ee] = [at(0, 0), at(4, 0), at(2, -2), at(2, 2)];
    add_up([c, n, s, w, e, nw, ne, sw, se, nn, ss, ww, ee], sums);
}

/// The sums of B sites from ŷ there, of their neighbours, diagonals and sites at distance 2.
#[inline(always)]
fn add_up<const B: usize>(
    [c, n, s, w, e, nw, ne, sw, se, nn, ss, ww, ee]: [[i16; B]; 13],
    sums: &mut [[i32; B]; SUMS],
) {
    let [y, near, diagonal, second, near2, diagonal2] = sums;
    for i in 0..B {
        y[i] = i32::from(c[i]);
        let (nearest, diagonals) = ([n[i], s[i], w[i], e[i]], [nw[i], ne[i], sw[i], se[i]]);
        near[i] = total(nearest, |y| y);
        diagonal[i] = total(diagonals, |y| y);
        second[i] = total([nn[i], ss[i], ww[i], ee[i]], |y| y);
        near2[i] = total(nearest, square);
        diagonal2[i] = total(diagonals, square);
    }
}

/// Moves the L² numbers at the beginning of `field`, mapped, to the middle of (L + 4)², and lays two rows and columns
/// of the other ends around them: then no site's neighbour is elsewhere.
#[inline(always)]
fn surround(extent: usize, field: &mut [i16], map: impl Fn(i16) -> i16) {
    let width = extent + 4;
    // From the last row on, each begins behind the end of where it was.
    for row in (0..extent).rev() {
        let Some((from, to)) = field.split_at_mut_checked((row + 2) * width + 2) else { return };
        for (slot, &y) in to.iter_mut().zip(segment(from, row * extent, extent)) {
            *slot = map(y);
        }
    }
    for row in field.chunks_mut(width.max(1)).skip(2).take(extent) {
        for (to, from) in [(0, extent), (1, extent + 1), (extent + 2, 2), (extent + 3, 3)] {
            let y = row.get(from).copied().unwrap_or(0);
            if let Some(slot) = row.get_mut(to) {
                *slot = y;
            }
        }
    }
    let (two, all) = (2 * width, extent * width);
    let Some((before, rest)) = field.split_at_mut_checked(two) else { return };
    let Some((inside, after)) = rest.split_at_mut_checked(all) else { return };
    for (slot, &y) in before.iter_mut().zip(segment(inside, all - two, two)) {
        *slot = y;
    }
    for (slot, &y) in after.iter_mut().zip(segment(inside, 0, two)) {
        *slot = y;
    }
}

/// [`gather`] of the sites of a row from a column on, of a field that is [`surround`]ed.
#[inline(always)]
fn gather_surrounded<const B: usize>(
    width: usize,
    field: &[i16],
    row: usize,
    column: usize,
    sums: &mut [[i32; B]; SUMS],
) {
    let window = |n: usize| field.get((row + n) * width + column..).and_then(|field| field.get(..B + 4));
    let (Some(r0), Some(r1), Some(r2), Some(r3), Some(r4)) = (window(0), window(1), window(2), window(3), window(4))
    else {
        return;
    };
    let at =
        |row: &[i16], column: usize| row.get(column..).and_then(|row| row.first_chunk()).copied().unwrap_or([0; B]);
    let [c, n, s, w, e] = [at(r2, 2), at(r1, 2), at(r3, 2), at(r2, 1), at(r2, 3)];
    let [nw, ne, sw, se] = [at(r1, 1), at(r1, 3), at(r3, 1), at(r3, 3)];
    let [nn, ss, ww, ee] = [at(r0, 2), at(r4, 2), at(r2, 0), at(r2, 4)];
    add_up([c, n, s, w, e, nw, ne, sw, se, nn, ss, ww, ee], sums);
}

/// Σ map(ŷ).
#[inline(always)]
fn total([a, b, c, d]: [i16; 4], map: impl Fn(i32) -> i32) -> i32 {
    map(a.into()) + map(b.into()) + map(c.into()) + map(d.into())
}

/// Features in pairs; ŷ·d + Σ s_j f_j of every site.
#[inline(always)]
fn fill<const B: usize, M: Kernels>(
    machine: M,
    scalars: &Scalars,
    sums: &[[i32; B]; SUMS],
    features: &mut [[Two; B]],
) -> [i32; B] {
    let row = &scalars.row;
    let at = |n: usize| i32::from(row[n]);
    let [odd0, odd1, odd2, even0, even1] = features else { return [0; B] };
    let [mut factor, mut skip] = [[0; B]; 2];
    for s in 0..B {
        let [y, near, diagonal] = [sums[0][s], sums[1][s], sums[2][s]];
        let [second, near2, diagonal2] = [sums[3][s], sums[4][s], sums[5][s]];
        let y2 = square(y);
        let orbit = |n: usize, sum: i32| odd(round_shift(at(scalar::ORBITS + n) * sum, fixed::ORBIT));
        let pair =
            |n: usize, sum: i32| even(round_shift(at(scalar::EVEN + n) * sum, fixed::EVEN) - at(scalar::OFFSET + n));
        let f = [y, orbit(0, near), orbit(1, diagonal), orbit(2, second), scalars.m];
        let e = [pair(0, y2), pair(1, near2), pair(2, diagonal2), scalars.m2];
        odd0[s] = [f[0] as i16, f[1] as i16];
        odd1[s] = [f[2] as i16, f[3] as i16];
        odd2[s] = [f[4] as i16, 0];
        even0[s] = [e[0] as i16, e[1] as i16];
        even1[s] = [e[2] as i16, e[3] as i16];
        factor[s] = at(scalar::CUBIC) * y2;
    }
    let two = |n: usize| [row[n], row[n + 1]];
    // p₃ŷ² + Σ c_i e_i, 21 fractional bits.
    machine.dot(two(scalar::CROSS), even0, &mut factor);
    machine.dot(two(scalar::CROSS + 2), even1, &mut factor);
    // Σ s_j f_j, to which ŷ·d is added, 23 fractional bits.
    machine.dot(two(scalar::SKIP), odd0, &mut skip);
    machine.dot(two(scalar::SKIP + 2), odd1, &mut skip);
    machine.dot([row[scalar::SKIP + 4], 0], odd2, &mut skip);
    let mut out = [0; B];
    for s in 0..B {
        let d = clamp(round_shift(factor[s], fixed::FACTOR) + at(scalar::LINEAR), i32::from(i16::MAX));
        out[s] = round_shift(d * sums[0][s] + skip[s], fixed::LOCAL);
    }
    out
}

/// The first layer: activations in pairs.
#[inline(always)]
fn layer<const B: usize, M: Kernels>(
    machine: M,
    layer: Units<'_>,
    odd: &[[Two; B]],
    even: &[[Two; B]],
    out: &mut [[Two; B]],
) {
    machine.units(layer, odd, even, |pair, a| {
        if let Some(slot) = out.get_mut(pair) {
            *slot = a;
        }
    });
}

/// The second layer and its output: |o| < 2^15 and |b| < 2^7 for at most 128 units: below 2^29.
#[inline(always)]
fn output<const B: usize, M: Kernels>(
    machine: M,
    layer: Units<'_>,
    weights: &[i16],
    inputs: &[[Two; B]],
    even: &[[Two; B]],
) -> [i32; B] {
    const { assert!(LARGEST_ACTIVATION < 1 << 7) };
    let ((weights, rest), mut sum) = (weights.as_chunks::<2>(), [0; B]);
    machine.units(layer, inputs, even, |pair, b| {
        let last = [rest.first().copied().unwrap_or(0), 0];
        machine.dot(weights.get(pair).copied().unwrap_or(last), &b, &mut sum);
    });
    sum
}
