//! One stage of an image, made ready: four rows added up, gains multiplied into weights.
//!
//! Hardware twin: `rtl/sq_score_int8_stage.sv`.

use super::arithmetic::{clamp, round_shift};
use super::format::{CROSS, GAIN_BITS, LARGEST_WEIGHT, SKIP, fixed};
use super::image::{EVEN, Image, ODD, SCALARS, SPECTRAL, Shape};
use super::kernels::Two;
use crate::lattice::{VECTORS, segment};

/// Odd inputs of the first layer in pairs, one of them empty.
pub const ODD_PAIRS: usize = ODD.div_ceil(2);
/// Even inputs of a layer in pairs.
pub const EVEN_PAIRS: usize = EVEN.div_ceil(2);
/// Units that are worked on together: as many as registers hold where there are vectors, else the two of a pair of
/// inputs.
pub const UNITS: usize = if VECTORS { 4 } else { 2 };

/// Where the scalars of a row lie, and their formats.
pub mod scalar {
    /// Factors of the sums over neighbours, diagonals and distance 2: three of
    /// [`ORBIT_SCALE`](crate::score::int8::format::ORBIT_SCALE).
    pub const ORBITS: usize = 0;
    /// Factors of M in ŷ and in its feature: two of [`MEAN_SCALE`](crate::score::int8::format::MEAN_SCALE).
    pub const MEAN: usize = 3;
    /// Factors of ŷ² and its two sums, of [`EVEN_SCALE`](crate::score::int8::format::EVEN_SCALE); that of M², of
    /// [`MEAN2_SCALE`](crate::score::int8::format::MEAN2_SCALE).
    pub const EVEN: usize = 5;
    /// What is then taken off: four of [`OFFSET`](crate::score::int8::format::OFFSET).
    pub const OFFSET: usize = 9;
    /// Weights of the odd features: five of [`SKIP`](crate::score::int8::format::SKIP).
    pub const SKIP: usize = 13;
    /// Weights of ŷ times the even ones: four of [`CROSS`](crate::score::int8::format::CROSS).
    pub const CROSS: usize = 18;
    /// p₁, of [`LINEAR`](crate::score::int8::format::LINEAR).
    pub const LINEAR: usize = 22;
    /// p₃, of [`CUBIC`](crate::score::int8::format::CUBIC).
    pub const CUBIC: usize = 23;
}

/// Where the parts of a prepared stage lie.
#[derive(Clone, Copy, Debug)]
struct Parts {
    spectral: usize,
    first: usize,
    second: usize,
    units: usize,
    scalars: usize,
    length: usize,
}

impl Shape {
    /// `side`² numbers a table.
    const fn parts(&self, side: usize) -> Parts {
        let [h1, h2] = self.hidden;
        let first = SPECTRAL * side * side;
        let second = first + 2 * h1.next_multiple_of(UNITS) * (ODD_PAIRS + EVEN_PAIRS);
        let units = second + 2 * h2.next_multiple_of(UNITS) * (h1.div_ceil(2) + EVEN_PAIRS);
        let scalars = units + h1 + 2 * h2;
        Parts { spectral: side * side, first, second, units, scalars, length: scalars + SCALARS }
    }

    /// Numbers of a prepared stage.
    #[must_use]
    pub const fn prepared(&self) -> usize {
        self.parts(self.extent / 2 + 1).length
    }

    /// Numbers of a prepared stage whose tables are of all modes, for whoever has the memory: they need not be unfolded
    /// at every step.
    #[must_use]
    pub const fn unfolded(&self) -> usize {
        self.parts(self.extent).length
    }
}

/// A prepared stage: tables by mode, weights by unit.
#[derive(Clone, Copy, Debug)]
pub struct Stage<'a> {
    shape: Shape,
    parts: Parts,
    numbers: &'a [i16],
    /// Whether the sum of a flow is then its new base.
    pub closes: bool,
}

impl<'a> Stage<'a> {
    /// Stage `n` of the image, into `numbers`, [`Shape::prepared`] of them or [`Shape::unfolded`].
    pub fn prepare(image: &Image<'_>, n: usize, numbers: &'a mut [i16]) -> Self {
        let (shape, record) = (image.shape(), image.stage(n));
        let half = shape.extent / 2 + 1;
        let side = if numbers.len() < shape.unfolded() { half } else { shape.extent };
        let parts = shape.parts(side);
        let rows: [_; 4] = core::array::from_fn(|i| image.row(record.row + i));
        let [r0, r1, r2, r3] = rows;
        let mut row = r0.zip(r1).zip(r2.zip(r3)).map(|((a, b), (c, d))| {
            let [w0, w1, w2, w3] = record.weights.map(i32::from);
            let sum = w0 * i32::from(a) + w1 * i32::from(b) + w2 * i32::from(c) + w3 * i32::from(d);
            clamp(round_shift(sum, fixed::ROWS), i32::from(i16::MAX)) as i16
        });
        numbers.fill(0);
        for table in numbers.chunks_mut(parts.spectral.max(1)).take(SPECTRAL) {
            unfold(shape.extent, side, &mut row, table);
        }
        let [h1, h2] = shape.hidden;
        let mut weights = image.weights().iter().map(|&byte| i32::from(byte as i8));
        let mut gains = image.gains();
        let inner = h1.div_ceil(2);
        let layers = [(parts.first, h1, ODD, ODD_PAIRS), (parts.second, h2, h1, inner)];
        let mut at_units = parts.units;
        for (start, units, inputs, pairs) in layers {
            let length = pairs + EVEN_PAIRS;
            let mut fill = |first: usize, count: usize, gains: &mut dyn Iterator<Item = i16>| {
                for (unit, gain) in (0..units).zip(gains) {
                    for (n, weight) in (0..count).zip(&mut weights) {
                        let value = round_shift(weight * i32::from(gain), GAIN_BITS);
                        let value = clamp(value, LARGEST_WEIGHT.into()) as i16;
                        if let Some(slot) = numbers.get_mut(start + 2 * place(length, unit, first + n / 2) + n % 2) {
                            *slot = value;
                        }
                    }
                }
            };
            fill(0, inputs, &mut row.by_ref().take(units));
            fill(pairs, EVEN, &mut gains.by_ref().take(units));
            // The biases follow the gains, and after those of the second layer come the weights of the output.
            for slot in numbers.iter_mut().skip(at_units).take(units) {
                *slot = row.next().unwrap_or(0);
            }
            at_units += units;
        }
        for slot in numbers.iter_mut().skip(at_units).take(h2 + SCALARS) {
            *slot = row.next().unwrap_or(0);
        }
        let scalars = numbers.get_mut(parts.scalars..).unwrap_or(&mut []);
        for (first, count, limit) in [(scalar::SKIP, ODD, SKIP.limit), (scalar::CROSS, EVEN, CROSS.limit)] {
            for slot in scalars.iter_mut().skip(first).take(count) {
                *slot = clamp(i32::from(*slot), limit.into()) as i16;
            }
        }
        Self { shape, parts, numbers, closes: record.closes }
    }

    /// The lattice and the layers.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// A table by mode: of all L², or of the quadrant of modes up to L/2, `(L/2 + 1)²` numbers, row-major. 0 is the
    /// filter.
    #[must_use]
    pub fn spectral(&self, n: usize) -> &'a [i16] {
        let length = self.parts.spectral;
        segment(self.numbers, n * length, length)
    }

    /// Weights of a layer: of the units of a group side by side, pair by pair, the odd ones and [`EVEN_PAIRS`] even
    /// ones, group by group; 0 for what fills the last group or a pair. Without vectors one unit after the other.
    #[must_use]
    pub fn weights(&self, layer: usize) -> &'a [[Two; UNITS]] {
        let Parts { first, second, units, .. } = self.parts;
        let (from, to) = if layer == 0 { (first, second) } else { (second, units) };
        segment(self.numbers, from, to - from).as_chunks().0.as_chunks().0
    }

    /// Pairs of weights of one unit.
    pub fn unit(&self, layer: usize, unit: usize) -> impl Iterator<Item = Two> + 'a {
        let length = EVEN_PAIRS + if layer == 0 { ODD_PAIRS } else { self.shape.hidden[0].div_ceil(2) };
        let weights = self.weights(layer).as_flattened();
        (0..length).map(move |pair| weights.get(place(length, unit, pair)).copied().unwrap_or([0; 2]))
    }

    /// Biases of a layer, of the format [`ARGUMENT`](super::format::ARGUMENT).
    #[must_use]
    pub fn biases(&self, layer: usize) -> &'a [i16] {
        let [h1, h2] = self.shape.hidden;
        let units = self.parts.units;
        if layer == 0 { segment(self.numbers, units, h1) } else { segment(self.numbers, units + h1, h2) }
    }

    /// Weights of the output.
    #[must_use]
    pub fn output(&self) -> &'a [i16] {
        let [h1, h2] = self.shape.hidden;
        segment(self.numbers, self.parts.units + h1 + h2, h2)
    }

    /// Single numbers, see [`scalar`].
    #[must_use]
    pub fn scalars(&self) -> [i16; SCALARS] {
        let mut out = [0; SCALARS];
        for (slot, &scalar) in out.iter_mut().zip(segment(self.numbers, self.parts.scalars, SCALARS)) {
            *slot = scalar;
        }
        out
    }
}

/// Where the pair of a unit with `length` of them lies.
const fn place(length: usize, unit: usize, pair: usize) -> usize {
    if VECTORS { (unit / UNITS * length + pair) * UNITS + unit % UNITS } else { unit * length + pair }
}

/// A table of `side` by `side` modes, L or L/2 + 1, from one value an orbit: (i, j) with i ≤ j ≤ L/2.
#[inline(always)]
pub(super) fn unfold(extent: usize, side: usize, values: &mut impl Iterator<Item = i16>, table: &mut [i16]) {
    let half = extent / 2 + 1;
    let images = |i: usize| [i, if i == 0 || side < extent { i } else { extent - i }];
    for i in 0..half {
        for (j, value) in (i..half).zip(&mut *values) {
            for i in images(i) {
                for j in images(j) {
                    for at in [i * side + j, j * side + i] {
                        if let Some(slot) = table.get_mut(at) {
                            *slot = value;
                        }
                    }
                }
            }
        }
    }
}
