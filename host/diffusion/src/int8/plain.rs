//! The network once more, as plainly as can be: from the image's contents alone, in `f64`, site by site, no blocks, no
//! pairs.
//!
//! Independent of the core in its arithmetic: shifts and limits are written out once more, and not taken from the
//! core's [`format`](mod@stoquant_core::score::int8::format), so that a wrong one there is a difference here. What the
//! two have in common is the order of numbers in an image.
//!
//! A number counts units of the integer that it stands for, so that `f64` holds every sum of the integers exactly (all
//! are below 2^31). What a rounding does is handed in, see [`Rules`]: nothing, and these are the real numbers that the
//! integers stand for; to nearest, and these are the integers themselves, bit for bit; or an error drawn at random.
//!
//! Beside each real number goes a proved bound on how far the integer may be from it:
//!
//! | operation | bound, of x with δ and y with ε |
//! |---|---|
//! | x + y | δ + ε |
//! | xy | \|x\|ε + \|y\|δ + δε |
//! | x/2^s, rounded | δ/2^s + ½; 0 for an exact integer |
//! | an entry of H, rounded | ½ |
//! | x within ±limit | δ; 0 where \|x\| ≥ limit + δ |
//! | s(c) | δ·(3/2)(1 - c₀²) + ¾, c₀ = max(0, \|c\| - δ); 0 where c is exactly ±1 |
//!
//! s'(c) = (3/2)(1 - c²) falls with |c|, so c₀ has the largest slope between c and its integer; ¾ is ½ for s itself
//! and, since |c| ≤ 1, ¼ for c², of which it has half. In a sum all roundings push one way: the integers stay below the
//! bound by a factor of tens.

use std::ops::{Add, Mul, Sub};

use serde::Serialize;
use stoquant_core::score::int8::image::{EVEN, ODD, SPECTRAL};
use stoquant_core::score::int8::stage::scalar;

use super::encode::Parts;

/// Largest number of 16 bits.
const LARGEST: f64 = 32767.0;
/// Largest feature, odd or even.
const FEATURE: f64 = 16384.0;
/// Largest prepared weight, skip weight and cross weight.
const WEIGHT: f64 = 8192.0;
/// 1 as the argument of an activation.
const ONE: f64 = 8192.0;
/// Fractional bits of H.
const MATRIX: u32 = 13;

/// A number in units of its integer, and how far the integer may be from it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Number {
    /// The number.
    pub value: f64,
    /// |integer - value| is at most this.
    pub bound: f64,
}

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Self { value, bound: 0.0 }
    }
}

impl From<i16> for Number {
    fn from(value: i16) -> Self {
        f64::from(value).into()
    }
}

impl Add for Number {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { value: self.value + other.value, bound: self.bound + other.bound }
    }
}

impl Sub for Number {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + other * Self::from(-1.0)
    }
}

impl Mul for Number {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let (x, y) = (self.value, other.value);
        let bound = x.abs() * other.bound + y.abs() * self.bound + self.bound * other.bound;
        Self { value: x * y, bound }
    }
}

impl std::iter::Sum for Number {
    fn sum<I: Iterator<Item = Self>>(numbers: I) -> Self {
        numbers.fold(Self::default(), Self::add)
    }
}

/// Within ±limit.
fn clamp(x: Number, limit: f64) -> Number {
    let bound = if x.value.abs() >= limit + x.bound { 0.0 } else { x.bound };
    Number { value: x.value.clamp(-limit, limit), bound }
}

/// Parts of an evaluation that round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// filter·u.
    Filter,
    /// ŷ = T[filter·u], and H in it.
    ToSites,
    /// f and e of ŷ and M.
    Features,
    /// z, β and activations of the first hidden layer.
    First,
    /// Those of the second.
    Second,
    /// h of the activations, and what is learned without any.
    Output,
    /// ĥ = T h, and H in it.
    ToModes,
}

impl Layer {
    /// In their order.
    pub const ALL: [Self; 7] =
        [Self::Filter, Self::ToSites, Self::Features, Self::First, Self::Second, Self::Output, Self::ToModes];

    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::ToSites => "transform to sites",
            Self::Features => "features",
            Self::First => "first hidden layer",
            Self::Second => "second hidden layer",
            Self::Output => "output",
            Self::ToModes => "transform to modes",
        }
    }
}

/// What becomes of what does not fit.
pub struct Rules<'r> {
    /// Of x/2^s, where it is rounded.
    pub round: Box<dyn FnMut(f64) -> f64 + 'r>,
    /// Of a number that must have 16 bits.
    pub narrow: fn(f64) -> f64,
    /// Whether H is that of the image, or exact.
    pub rounded_matrix: bool,
    /// Where nothing else is rounded.
    pub only: Option<Layer>,
    /// Where the evaluation is.
    pub layer: Layer,
    /// Whether what does not fit saturates; an activation does in any case.
    pub saturates: bool,
}

impl<'r> Rules<'r> {
    fn new(rounded_matrix: bool, round: impl FnMut(f64) -> f64 + 'r) -> Self {
        Self {
            round: Box::new(round),
            narrow: |x| x.clamp(-LARGEST, LARGEST),
            rounded_matrix,
            only: None,
            layer: Layer::Filter,
            saturates: true,
        }
    }

    /// The real numbers that the integers stand for, with the same saturations.
    pub fn real() -> Self {
        Self::new(false, |x| x)
    }

    /// Real numbers without saturations.
    pub fn unlimited() -> Self {
        Self { saturates: false, ..Self::real() }
    }

    /// The integers: ties away from zero.
    pub fn nearest() -> Self {
        Self::new(true, f64::round)
    }

    /// Real numbers with an error of uniform law within ±½ for every rounding, `uniform` in [0, 1).
    pub fn drawn(mut uniform: impl FnMut() -> f64 + 'r) -> Self {
        Self::new(true, move |x| if x.fract() == 0.0 { x } else { x + uniform() - 0.5 })
    }

    /// The integers' roundings in one layer, and real numbers in all others.
    pub fn nearest_in(layer: Layer) -> Self {
        Self { only: Some(layer), ..Self::nearest() }
    }

    /// Whether what is reckoned now has its roundings.
    fn rounds(&self) -> bool {
        self.only.is_none_or(|only| only == self.layer)
    }

    /// x/2^shift.
    fn round(&mut self, x: Number, shift: u32) -> Number {
        let unit = 0.5f64.powi(shift as i32);
        let value = x.value * unit;
        let bound = if x.bound == 0.0 && value.fract() == 0.0 { 0.0 } else { x.bound * unit + 0.5 };
        Number { value: if self.rounds() { (self.round)(value) } else { value }, bound }
    }

    fn narrow(&self, x: Number) -> Number {
        let narrow = Number { value: (self.narrow)(x.value), bound: clamp(x, LARGEST).bound };
        if self.saturates { narrow } else { x }
    }

    /// Within ±limit.
    fn limit(&self, x: Number, limit: f64) -> Number {
        if self.saturates { clamp(x, limit) } else { x }
    }

    /// s(c).
    fn smooth(&mut self, c: Number) -> Number {
        let c = clamp(c, ONE);
        let square = self.round(c * c, 13);
        let value = self.round(c * (Number::from(3.0 * ONE) - square), 14).value;
        let least = (c.value.abs() - c.bound).max(0.0) / ONE;
        let exact = c.bound == 0.0 && c.value.abs() == ONE;
        Number { value, bound: if exact { 0.0 } else { 1.5 * (1.0 - least * least) * c.bound + 0.75 } }
    }

    /// s(z + β) + s(z - β) in int8.
    fn activation(&mut self, z: Number, beta: Number) -> Number {
        let sum = self.smooth(z + beta) + self.smooth(z - beta);
        self.round(sum * 254.0.into(), 15)
    }
}

/// Weights and biases of a layer, row by row.
#[derive(Clone, Debug)]
struct Weights {
    odd: Vec<Vec<f64>>,
    even: Vec<Vec<f64>>,
    biases: Vec<f64>,
}

/// A stage of an image.
#[derive(Clone, Debug)]
pub struct Stage<'p> {
    parts: &'p Parts,
    /// Filter and the three tables of the step, by mode.
    spectral: [Vec<f64>; SPECTRAL],
    layers: [Weights; 2],
    output: Vec<f64>,
    scalars: Vec<f64>,
}

/// To nearest: what is prepared once is the same for the real numbers as for the integers.
fn prepared(x: f64, shift: i32, limit: f64) -> f64 {
    (x * 0.5f64.powi(shift)).round().clamp(-limit, limit)
}

/// One number an orbit, spread over the modes.
fn by_mode(extent: usize, orbits: &[f64]) -> Vec<f64> {
    let half = extent / 2;
    let representatives: Vec<[usize; 2]> = (0..=half).flat_map(|i| (i..=half).map(move |j| [i, j])).collect();
    let fold = |n: usize| n.min(extent - n);
    let orbit = |k: usize| {
        let (i, j) = (fold(k / extent), fold(k % extent));
        representatives.iter().position(|&r| r == [i.min(j), i.max(j)]).map_or(f64::NAN, |at| orbits[at])
    };
    (0..extent * extent).map(orbit).collect()
}

impl<'p> Stage<'p> {
    /// Stage `n`.
    pub fn new(parts: &'p Parts, n: usize) -> Self {
        let (record, shape) = (&parts.stages[n], &parts.shape);
        let row: Vec<f64> = (0..shape.row())
            .map(|i| {
                let rows = record.weights.iter().zip(&parts.rows[record.row..]);
                prepared(rows.map(|(&w, row)| f64::from(w) * f64::from(row[i])).sum(), 14, LARGEST)
            })
            .collect();
        let mut row = row.into_iter();
        let mut take = |count: usize| row.by_ref().take(count).collect::<Vec<f64>>();
        let spectral = [(); SPECTRAL].map(|()| by_mode(shape.extent, &take(shape.orbits())));
        let mut weights = parts.weights.iter().map(|&w| f64::from(w));
        let mut evens = parts.gains.iter().map(|&g| f64::from(g));
        let [h1, h2] = shape.hidden;
        let layers = [(h1, ODD), (h2, h1)].map(|(units, inputs)| {
            let mut matrix = |gains: Vec<f64>, columns: usize| -> Vec<Vec<f64>> {
                let mut line = |gain: f64| {
                    let row = weights.by_ref().take(columns);
                    row.map(|w| prepared(w * gain, 9, WEIGHT)).collect()
                };
                gains.into_iter().map(&mut line).collect()
            };
            let odd = matrix(take(units), inputs);
            let even = matrix(evens.by_ref().take(units).collect(), EVEN);
            Weights { odd, even, biases: take(units) }
        });
        let output = take(h2);
        let mut scalars: Vec<f64> = row.collect();
        scalars[scalar::SKIP..scalar::SKIP + ODD + EVEN].iter_mut().for_each(|s| *s = s.clamp(-WEIGHT, WEIGHT));
        Self { parts, spectral, layers, output, scalars }
    }

    /// ĥ of every mode at the modes `u`, given M/M_max.
    pub fn remainder(&self, rules: &mut Rules<'_>, m: i16, u: &[Number]) -> Vec<Number> {
        let shifts = &self.parts.shifts;
        rules.layer = Layer::Filter;
        let mut field: Vec<Number> = u
            .iter()
            .zip(&self.spectral[0])
            .map(|(&u, &filter)| {
                let product = rules.round(u * filter.into(), shifts.filter);
                rules.narrow(product)
            })
            .collect();
        field[0] = 0.0.into();
        rules.layer = Layer::ToSites;
        let field = transform(self.parts, rules, field, [MATRIX, shifts.sites]);
        let h = self.sites(rules, m, &field);
        rules.layer = Layer::ToModes;
        transform(self.parts, rules, h, shifts.modes)
    }

    /// h of every site from the fluctuation of ŷ.
    fn sites(&self, rules: &mut Rules<'_>, m: i16, field: &[Number]) -> Vec<Number> {
        let extent = self.parts.shape.extent;
        rules.layer = Layer::Features;
        let number = |at: usize| Number::from(self.scalars[at]);
        let m = Number::from(m);
        let mean = rules.round(number(scalar::MEAN) * m, 14);
        let m_feature = rules.round(number(scalar::MEAN + 1) * m, 14);
        let m_feature = rules.limit(m_feature, FEATURE);
        let m2 = rules.round(m * m, 14);
        let m2 = rules.round(number(scalar::EVEN + 3) * m2, 14) - number(scalar::OFFSET + 3);
        let y: Vec<Number> = field.iter().map(|&y| rules.limit(y + mean, FEATURE)).collect();
        let y2: Vec<Number> = y.iter().map(|&y| rules.round(y * y, 14)).collect();
        let orbit = |field: &[Number], x: usize, steps: [[usize; 2]; 4]| -> Number {
            let [row, column] = [x / extent, x % extent];
            steps.into_iter().map(|[i, j]| field[(row + i) % extent * extent + (column + j) % extent]).sum()
        };
        let back = |n: usize| extent - n;
        let axes = |n: usize| [[n, 0], [0, n], [back(n), 0], [0, back(n)]];
        let diagonals = [[1, 1], [1, back(1)], [back(1), 1], [back(1), back(1)]];
        (0..y.len())
            .map(|x| {
                rules.layer = Layer::Features;
                let odd = [orbit(&y, x, axes(1)), orbit(&y, x, diagonals), orbit(&y, x, axes(2))];
                let mut f = vec![y[x]];
                for (n, sum) in odd.into_iter().enumerate() {
                    let scaled = rules.round(number(scalar::ORBITS + n) * sum, 14);
                    f.push(rules.limit(scaled, FEATURE));
                }
                f.push(m_feature);
                let mut e = Vec::new();
                for (n, sum) in [y2[x], orbit(&y2, x, axes(1)), orbit(&y2, x, diagonals)].into_iter().enumerate() {
                    let scaled = rules.round(number(scalar::EVEN + n) * sum, 10);
                    e.push(rules.limit(scaled - number(scalar::OFFSET + n), FEATURE));
                }
                e.push(rules.limit(m2, FEATURE));
                rules.layer = Layer::Output;
                let cross: Number = e.iter().enumerate().map(|(i, &e)| number(scalar::CROSS + i) * e).sum();
                let skip: Number = f.iter().enumerate().map(|(j, &f)| number(scalar::SKIP + j) * f).sum();
                let factor = rules.round(number(scalar::CUBIC) * y2[x] + cross, 9);
                let d = rules.limit(factor + number(scalar::LINEAR), LARGEST);
                let local = rules.round(d * y[x] + skip, 12);
                let learned = self.learned(rules, &f, &e);
                rules.layer = Layer::Output;
                let learned = rules.round(learned, self.parts.shifts.output);
                rules.narrow(local + learned)
            })
            .collect()
    }

    /// Σ o b of a site.
    fn learned(&self, rules: &mut Rules<'_>, f: &[Number], e: &[Number]) -> Number {
        let shifts = &self.parts.shifts;
        let mut inputs = f.to_vec();
        let of_layers = [(Layer::First, shifts.first), (Layer::Second, shifts.second)];
        for (layer, (name, [odd_shift, even_shift])) in self.layers.iter().zip(of_layers) {
            rules.layer = name;
            let dot = |w: &[f64], x: &[Number]| w.iter().zip(x).map(|(&w, &x)| x * w.into()).sum::<Number>();
            inputs = layer
                .odd
                .iter()
                .zip(&layer.even)
                .zip(&layer.biases)
                .map(|((odd, even), &bias)| {
                    let z = rules.round(dot(odd, &inputs), odd_shift);
                    let beta = rules.round(dot(even, e), even_shift) + bias.into();
                    let (z, beta) = (rules.narrow(z), rules.narrow(beta));
                    rules.activation(z, beta)
                })
                .collect();
        }
        inputs.into_iter().zip(&self.output).map(|(b, &o)| b * o.into()).sum()
    }

    /// u' of the reverse SDE.
    pub fn reverse(&self, rules: &mut Rules<'_>, u: &[Number], h: &[Number], eta: &[i32]) -> Vec<Number> {
        let [_, keep, pull, amplitude] = &self.spectral;
        // Neither may be above 1.
        let unit = |x: f64| Number::from(x.clamp(-16384.0, 16384.0));
        (0..u.len())
            .map(|k| {
                let eta = Number::from(f64::from(eta[k]));
                let sum = unit(keep[k]) * u[k] + Number::from(pull[k]) * h[k] + unit(amplitude[k]) * eta;
                let sum = rules.round(sum, 14);
                rules.narrow(sum)
            })
            .collect()
    }

    /// base + table·h of a flow: table 1 to predict, 2 to advance.
    pub fn flow(&self, rules: &mut Rules<'_>, table: usize, base: &[Number], h: &[Number]) -> Vec<Number> {
        (0..base.len())
            .map(|k| {
                let sum = base[k] * 16384.0.into() + Number::from(self.spectral[table][k]) * h[k];
                let sum = rules.round(sum, 14);
                rules.narrow(sum)
            })
            .collect()
    }
}

/// φ of every site from the modes of the last stage and M.
pub fn finish(parts: &Parts, rules: &mut Rules<'_>, m: i16, u: &[Number]) -> Vec<Number> {
    let end: Vec<f64> = parts.end.iter().map(|&r| f64::from(r)).collect();
    let mean = rules.round(Number::from(m) * parts.largest.into(), 14);
    let mut modes: Vec<Number> = u
        .iter()
        .zip(by_mode(parts.shape.extent, &end))
        .map(|(&u, r)| {
            let product = rules.round(u * r.into(), parts.shifts.filter);
            rules.narrow(product)
        })
        .collect();
    modes[0] = 0.0.into();
    let phi = transform(parts, rules, modes, [MATRIX, parts.shifts.sites - 1]);
    phi.into_iter().map(|phi| rules.narrow(phi + mean)).collect()
}

/// T, a shift after each of its two passes.
fn transform(parts: &Parts, rules: &mut Rules<'_>, x: Vec<Number>, shifts: [u32; 2]) -> Vec<Number> {
    let extent = parts.shape.extent;
    let line: Vec<Number> = (0..extent)
        .map(|k| {
            let angle = std::f64::consts::TAU * k as f64 / extent as f64;
            let exact = (angle.cos() + angle.sin()) / (extent as f64).sqrt() * f64::from(1 << MATRIX);
            Number {
                value: if rules.rounded_matrix && rules.rounds() { f64::from(parts.matrix[k]) } else { exact },
                bound: 0.5,
            }
        })
        .collect();
    let mut pass = |x: Vec<Number>, shift: u32| -> Vec<Number> {
        (0..x.len())
            .map(|at| {
                let [j, k] = [at / extent, at % extent];
                let sum = rules.round((0..extent).map(|i| x[i * extent + j] * line[i * k % extent]).sum(), shift);
                rules.narrow(sum)
            })
            .collect()
    };
    let half = pass(x, shifts[0]);
    pass(half, shifts[1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use stoquant_core::score::int8::arithmetic::activation;

    /// To nearest, the activation is the core's; the integer is within its bound of the real number, for exact
    /// arguments and for arguments that are off by as much as their bound.
    #[test]
    fn activations_are_those_of_the_core_and_within_their_bounds() {
        for z in (-20_000..=20_000_i16).step_by(37) {
            for beta in [-12_000, -8192, -3000, 0, 1, 500, 8192, 16_000_i16] {
                let found = Rules::nearest().activation(z.into(), beta.into()).value;
                assert_eq!(found, f64::from(activation(z, beta)), "{z} {beta}");
                for off in [0.0, -7.0, 7.0] {
                    let z = Number { value: f64::from(z) + off, bound: f64::abs(off) };
                    let real = Rules::real().activation(z, beta.into());
                    assert!((found - real.value).abs() <= real.bound, "{z:?} {beta}: {found} {real:?}");
                }
            }
        }
    }
    #[test]
    fn only_limits_saturate() {
        let x = Number { value: 40_000.0, bound: 2.0 };
        let [real, unlimited] = [Rules::real(), Rules::unlimited()];
        assert_eq!([real.limit(x, 7.0).value, real.narrow(x).value], [7.0, LARGEST]);
        assert_eq!([unlimited.limit(x, 7.0), unlimited.narrow(x)], [x, x]);
        let saturated = |mut rules: Rules<'_>| rules.activation(x, 0.0.into()).value;
        assert_eq!(saturated(unlimited), saturated(real));
    }
    #[test]
    fn bounds_of_products_and_clips() {
        let (x, y) = (Number { value: 3.0, bound: 0.5 }, Number { value: -2.0, bound: 0.25 });
        // 3.5·2.25 is furthest from 6.
        assert_eq!(x * y, Number { value: -6.0, bound: 1.875 });
        assert_eq!(clamp(x, 2.5), Number { value: 2.5, bound: 0.0 });
        assert_eq!(clamp(x, 2.75), Number { value: 2.75, bound: 0.5 });
    }
}
