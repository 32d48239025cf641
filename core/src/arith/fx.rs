//! Fixed point of width W. Hardware twin: `rtl/sq_arith_fx.sv`.
//!
//! | quantity | width (signed) | fractional bits | range |
//! |---|---|---|---|
//! | φ | W | W-4 | ±(8 - Δ), symmetric, Δ = 2^-(W-4) |
//! | η | W | W-4 | ±6.34 |
//! | k_n, k_c ([`Gain`](super::Arith::Gain)) | W | W+3 | ±1/16 |
//! | k_a ([`Slope`](super::Arith::Slope)) | 2W-4 | 2W-4 | ±1/4 used (what d can hold) |
//! | k_s ([`Sigma`](super::Arith::Sigma)) | W | W-1 | (0, 1) |
//! | u = rndnu(φ² ≫ W-1) | W | W-7 | [0, 64) |
//! | d = sat(rndnu((k_a - k_c·u) ≫ W-5)) | W | W+1 | ±1/4 |
//! | accumulator | 2W+6 | 2W-1 | ±64 |
//!
//! W = 18 fits one 18×18 hardware multiplier, W = 16 one 16×16; 8 ≤ W ≤ 18.
//!
//! Accumulator width. With |φ|, |η|, |k| < 2^(W-1) as integers and at most eight neighbours (D = 4): φ≪(W+3) <
//! 2^(2W+2); k_n·Σ < 2^(W-1)·2^(W+2) = 2^(2W+1); (φ·d)≪2 < 2^(2W); (k_s·η)≪4 < 2^(2W+2), twice that where two noises
//! are added (Leimkuhler–Matthews). Their sum is below 2^(2W+2)·(1 + 1/2 + 1/4 + 2) < 2^(2W+4); Heun adds one more φ
//! and stays below 2^(2W+5), the sign makes 2W+6 bits: 42 for W = 18, inside `i64`.
//!
//! These are the units of the vector form (`core/src/form/vector/fx.rs`). The scalar form, for targets without vectors,
//! has the accumulator 29 - W bits higher, so that φ' lies in its upper register: W + 35 bits, 53 for W = 18. The slope
//! lies 37 - W bits higher where W > 16. `core/src/form/scalar/fx.rs` has the argument for every product. Nothing else
//! differs: each form rounds and saturates where the table says, to the same integer.

use super::{Arith, PROPOSAL_FRACTION, TALLY_FRACTION, Tally, tally};
use crate::form;
use crate::machine::Machine;
use crate::noise::{Noise, Words};

/// A signed fixed-point field value of width `W` with `W - 4` fractional bits, |n| ≤ 2^(W-1) - 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug, Hash)]
pub struct Fx<const W: u32>(i32);

impl<const W: u32> Fx<W> {
    /// Largest integer, 2^(W-1) - 1; the smallest is its negative.
    pub const MAX: i32 = (1 << (W - 1)) - 1;
    /// Fractional bits.
    pub const FRACTION: u32 = W - 4;

    /// How much higher the accumulator lies.
    const LIFT: u32 = form::fx::lift(W);
    /// How much higher the slope lies.
    const SLOPE_LIFT: u32 = form::fx::slope_lift(W);

    /// From the integer n = φ/Δ; `None` outside ±MAX.
    #[inline]
    pub const fn from_int(n: i32) -> Option<Self> {
        if n >= -Self::MAX && n <= Self::MAX { Some(Self(n)) } else { None }
    }

    /// The integer n = φ/Δ.
    #[inline]
    pub const fn int(self) -> i32 {
        self.0
    }
}

/// Nearest integer, midpoints up. (`floor(x + 0.5)` would round the sum, and send the float below ½ to 1.)
#[inline]
fn nearest_up(x: f64) -> f64 {
    let floor = crate::math::floor(x);
    if x - floor < 0.5 { floor } else { floor + 1.0 }
}

/// Nearest integer with midpoints up, of `value · 2^fraction`; `None` unless |result| ≤ max.
#[inline]
fn quantise(value: f64, fraction: u32, max: i64) -> Option<i64> {
    let scaled = nearest_up(value * (1u64 << fraction) as f64);
    (scaled >= -(max as f64) && scaled <= max as f64).then_some(scaled as i64)
}

/// An integer with `fraction` fractional bits as a number: exact, since |n| < 2^53.
#[inline]
fn scaled(n: i64, fraction: u32) -> f64 {
    n as f64 / (1u64 << fraction) as f64
}

/// `rndnu`: shift right by `shift` ≥ 1, to nearest, midpoints up.
#[inline(always)]
pub(crate) const fn rndnu(value: i64, shift: u32) -> i64 {
    (value + (1 << (shift - 1))) >> shift
}

/// a·b of W bits each: below 2^(2W-2), so that for W ≤ 16 one 32-bit product holds it.
#[inline(always)]
pub(crate) const fn product<const W: u32>(a: i32, b: i32) -> i64 {
    if W <= 16 { (a * b) as i64 } else { a as i64 * b as i64 }
}

/// Storage of one site of [`Fx<W>`](Fx): 16 bits where W allows.
pub trait Format {
    /// Name of the format.
    const NAME: &'static str;
    /// Memory word.
    type Word: bytemuck::Pod + Default + PartialEq + core::fmt::Debug + Send + Sync;
    /// Sign-extend.
    fn extend(word: Self::Word) -> i32;
    /// Truncate; exact for |n| < 2^(W-1).
    fn shrink(n: i32) -> Self::Word;
}

macro_rules! formats {
    ($($width:literal $word:ident $name:literal),+) => { $(
        impl Format for Fx<$width> {
            const NAME: &'static str = $name;
            type Word = $word;
            #[inline(always)]
            fn extend(word: $word) -> i32 {
                word as i32
            }
            #[inline(always)]
            fn shrink(n: i32) -> $word {
                n as $word
            }
        }
    )+ };
}
formats!(8 i8 "fx8", 10 i16 "fx10", 12 i16 "fx12", 14 i16 "fx14", 16 i16 "fx16", 18 i32 "fx18");

impl<const W: u32> Arith for Fx<W>
where
    Self: Format,
{
    const NAME: &'static str = <Self as Format>::NAME;
    const FIELD_MAX: f64 = Self::MAX as f64 * Self::FIELD_LSB;
    const FIELD_LSB: f64 = 1.0 / (1u64 << Self::FRACTION) as f64;
    const NOISE_WIDTH: u32 = W;
    const GAIN_MAX: f64 = Self::MAX as f64 / (1u64 << (W + 3)) as f64;
    const FACTOR_MAX: f64 = Self::MAX as f64 / (1u64 << (W + 1)) as f64;

    type Store = <Self as Format>::Word;
    type Sum = i32; // W + 3 bits
    type Wide = i64; // 2W + 6 bits
    type Square = i32; // W bits
    type Gain = i32; // W bits
    type Slope = i64; // |k_a| < 2^(2W-6), |k_c·u| < 2^(2W-2): 2W bits
    type Factor = i32; // W bits
    type Local = Tally;
    type Sigma = i32; // W bits

    #[inline(always)]
    fn load(word: Self::Store) -> Self {
        Self(Self::extend(word))
    }
    #[inline(always)]
    fn store(self) -> Self::Store {
        Self::shrink(self.0)
    }
    #[inline]
    fn bits(self) -> u64 {
        self.0 as u64 & ((1 << W) - 1)
    }
    #[inline]
    fn from_bits(bits: u64) -> Option<Self> {
        if bits >> W != 0 {
            return None;
        }
        // Sign-extend from W bits.
        Self::from_int(((bits as u32) << (32 - W)) as i32 >> (32 - W))
    }
    #[inline]
    fn value(self) -> f64 {
        f64::from(self.0) * Self::FIELD_LSB
    }
    #[inline]
    fn nearest(value: f64) -> Self {
        let n = nearest_up(value / Self::FIELD_LSB) as i32; // saturates, NaN → 0
        Self(n.clamp(-Self::MAX, Self::MAX))
    }

    #[inline(always)]
    fn pair(self, other: Self) -> i32 {
        self.0 + other.0
    }
    #[inline]
    fn sum_value(sum: i32) -> f64 {
        f64::from(sum) * Self::FIELD_LSB
    }

    #[inline(always)]
    fn square(self) -> i32 {
        form::fx::square::<W>(self.0)
    }
    #[inline(always)]
    fn horner(slope: i64, gain: i32, square: i32) -> i64 {
        form::fx::horner::<W>(slope, gain, square)
    }
    #[inline(always)]
    fn factor(slope: i64, clipped: &mut u32) -> i32 {
        const { assert!(W >= 8 && W <= 18, "Fx<W> is defined for 8 ≤ W ≤ 18") };
        form::fx::factor::<W>(slope, clipped)
    }

    #[inline(always)]
    fn widen(self) -> i64 {
        i64::from(self.0) << (W + 3 + Self::LIFT)
    }
    #[inline(always)]
    fn mul_sum(gain: i32, sum: i32) -> i64 {
        // W bits and at most 29 - W more.
        i64::from(gain << Self::LIFT) * i64::from(sum)
    }
    #[inline(always)]
    fn mul_factor(self, factor: i32) -> i64 {
        form::fx::mul_factor::<W>(self.0, factor)
    }
    #[inline(always)]
    fn mul_noise(sigma: i32, noise: i32) -> i64 {
        form::fx::mul_noise::<W>(sigma, noise)
    }
    #[inline(always)]
    fn narrow(wide: i64, clipped: &mut u32) -> Self {
        // 2W + 6 bits less W + 3: W + 3 bits.
        Self(form::fx::saturate::<W>(rndnu(wide, W + 3 + Self::LIFT) as i32, clipped))
    }
    #[inline(always)]
    fn narrow_half(wide: i64, clipped: &mut u32) -> Self {
        Self(form::fx::saturate::<W>(rndnu(wide, W + 4 + Self::LIFT) as i32, clipped))
    }
    #[inline]
    fn wide_value(wide: i64) -> f64 {
        scaled(wide, 2 * W - 1 + Self::LIFT)
    }
    #[inline]
    fn wide(value: f64) -> Option<i64> {
        quantise(value, 2 * W - 1, i64::from(Self::MAX) << (W + 3)).map(|n| n << Self::LIFT)
    }

    #[inline]
    fn gain(value: f64) -> Option<i32> {
        quantise(value, W + 3, i64::from(Self::MAX)).map(|n| n as i32)
    }
    #[inline]
    fn gain_value(gain: i32) -> f64 {
        scaled(i64::from(gain), W + 3)
    }
    #[inline]
    fn slope(value: f64) -> Option<i64> {
        quantise(value, 2 * W - 4, i64::from(Self::MAX) << (W - 5)).map(|n| n << Self::SLOPE_LIFT)
    }
    #[inline]
    fn slope_value(slope: i64) -> f64 {
        scaled(slope, 2 * W - 4 + Self::SLOPE_LIFT)
    }
    #[inline]
    fn sigma(value: f64) -> Option<i32> {
        // The nearest odd integer is 2·floor(x/2) + 1.
        let half = quantise(value * 0.5 - 0.5 * scaled(1, W - 1), W - 1, i64::from(Self::MAX))?;
        i32::try_from(2 * half + 1).ok().filter(|n| (1..=Self::MAX).contains(n))
    }
    #[inline]
    fn sigma_value(sigma: i32) -> f64 {
        scaled(i64::from(sigma), W - 1)
    }

    #[inline]
    fn fill_noise<S: Words, M: Machine>(machine: M, noise: &mut Noise<S>, step: u64, first: usize, out: &mut [i32]) {
        noise.fill_eta_on::<W, M>(machine, step, first, out);
    }

    #[inline(always)]
    fn local_phi(self) -> Tally {
        i64::from(self.0) << (TALLY_FRACTION - (W - 4))
    }
    #[inline(always)]
    fn local_square(self) -> Tally {
        // 2W-2 bits, 2W-8 fractional: exact for W ≤ 18 (28 ≤ 32 fractional bits).
        (i64::from(self.0) * i64::from(self.0)) << (TALLY_FRACTION - (2 * W - 8))
    }
    #[inline(always)]
    fn local_fourth(self) -> Tally {
        // φ² has 2W-2 bits; 32 of them fit a 32×32 multiplier. W = 18 drops two (rounded: ±2^-27 in φ²), W ≤ 16 none.
        let drop = (2 * W - 2).saturating_sub(32);
        let square = i64::from(self.0) * i64::from(self.0);
        let square = u64::from(if drop == 0 { square } else { rndnu(square, drop) } as u32);
        // The fourth power has 2(2W-8-drop) fractional bits: 52 for W = 18, 48 for W = 16, 16 for W = 8.
        let fraction = 2 * (2 * W - 8 - drop);
        let fourth = square * square; // < 2^64
        if fraction >= TALLY_FRACTION {
            (fourth >> (fraction - TALLY_FRACTION)) as i64
        } else {
            (fourth << (TALLY_FRACTION - fraction)) as i64
        }
    }
    #[inline(always)]
    fn local_product(self, sum: i32) -> Tally {
        // W + W+3 bits, 2W-8 fractional: 39 bits and 4 more after the shift for W = 18.
        (i64::from(self.0) * i64::from(sum)) << (TALLY_FRACTION - (2 * W - 8))
    }
    #[inline(always)]
    fn local(value: f64) -> Tally {
        tally(value)
    }
    #[inline]
    fn proposal_unit(_variance: f64) -> f64 {
        1.0 / (1u32 << ((PROPOSAL_FRACTION - TALLY_FRACTION) / 2)) as f64
    }
    #[inline(always)]
    fn in_units(self, _per_unit: f64) -> Self {
        self
    }
    #[inline(always)]
    fn sum_in_units(sum: i32, _per_unit: f64) -> i32 {
        sum
    }
    #[inline(always)]
    fn local_proposal(x: Self, y: Self, a: i64, b: i64, _per_w: f64) -> i64 {
        let (a, b) = (a >> Self::LIFT, b >> Self::LIFT);
        // |a|, |b| < 2^(2W+2) and |2(y-x)≪(W+3)| < 2^(2W+4): s is below 2^(2W+3), t below 2^(2W+5).
        let (s, t) = (a + b, (i64::from(y.0 - x.0) << (W + 4)) + b - a);
        let fraction = 4 * W - 2;
        if fraction <= PROPOSAL_FRACTION {
            // W ≤ 10: the product is below 2^48, and 2^10 times more.
            return (s * t) << (PROPOSAL_FRACTION - fraction);
        }
        // Round the magnitude, so that exchanging x and y changes nothing but the sign. W ≤ 18: |s| < 2^39 and |t| <
        // 2^41, in halves of 21 bits, whose products every processor has.
        let (high, low) = (|n: u64| n >> 21 & 0x1f_ffff, |n: u64| n & 0x1f_ffff);
        let product = |a: u64, b: u64| u64::from(a as u32) * u64::from(b as u32);
        let (m, n) = (s.unsigned_abs(), t.unsigned_abs());
        let middle = product(high(m), low(n)) + product(low(m), high(n)); // below 2^42
        let shift = fraction - PROPOSAL_FRACTION; // 6 to 30
        let rest = (middle << 21) + product(low(m), low(n)) + (1 << shift >> 1); // below 2^64
        let magnitude = (product(high(m), high(n)) << (42 - shift)) + (rest >> shift);
        let sign = (s ^ t) >> 63;
        (magnitude as i64 ^ sign) - sign
    }
}
