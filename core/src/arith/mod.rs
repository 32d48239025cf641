//! Number types. Machine operations live here and nowhere above: an algorithm of this crate is written over [`Arith`],
//! and the same source runs in `f64`, `f32`, [`Fx<18>`](Fx) and [`Fx<16>`](Fx). The fixed-point operations have two
//! forms, for targets with vectors and without (`core/src/form`); their bits are the same.
//!
//! The vocabulary is that of one site update,
//!
//! ```text
//! φ' = narrow( widen(φ) + k_n·Σφ_nbr + φ·factor(k_a - k_c·φ²) + k_s·η )
//! ```
//!
//! with exact products, a wide accumulator, and ONE rounding of the field at the end: [`Arith::narrow`], to nearest
//! with midpoints up, then saturated and counted (`rndnu`). The only other rounding is that of the even factor.
//! For the float types the same operations round as IEEE 754 says, in the order written here: no fused multiply-add,
//! no reassociation, no library call.

mod float;
mod fx;
mod real;
mod tally;

pub use fx::{Format, Fx};
pub(crate) use fx::{product, rndnu};
pub use real::Real;
pub use tally::{Local, TALLY_FRACTION, Tally, TallySum, tally, tally_value};

use core::fmt::Debug;
use core::ops::Add;

use bytemuck::Pod;

use crate::machine::Machine;
use crate::noise::{Noise, Words};

/// One number format and everything that a site update does with it.
pub trait Arith: Copy + Default + PartialEq + Debug + Send + Sync + 'static {
    /// Name used in reports and files: `fx18`, `fx16`, `f32`, `f64`.
    const NAME: &'static str;
    /// Largest representable |φ|.
    const FIELD_MAX: f64;
    /// Field spacing Δ (0 where the type has no fixed grid).
    const FIELD_LSB: f64;
    /// Largest representable gain.
    const GAIN_MAX: f64;
    /// Largest representable even factor |d|.
    const FACTOR_MAX: f64;
    /// Width of the integer noise that drives this type (see `noise::gauss`); floats use the 18-bit one.
    const NOISE_WIDTH: u32;

    /// How a site lies in memory: a plain word, so that boards, files and wires may take its bytes.
    type Store: Pod + Default + PartialEq + Debug + Send + Sync;
    /// Exact sum of up to eight neighbours.
    type Sum: Copy + Default + Debug + Add<Output = Self::Sum>;
    /// Accumulator that holds every sum of products of an update exactly.
    type Wide: Copy + Default + Debug + Add<Output = Self::Wide>;
    /// φ² as the even factor sees it.
    type Square: Copy + Debug;
    /// Coefficient of φ or φ² in a drift times step: |k| < 1/16 in fixed point.
    type Gain: Copy + PartialEq + Debug + Send + Sync;
    /// Constant part of the even factor.
    type Slope: Copy + PartialEq + Debug + Send + Sync;
    /// The even factor d that multiplies φ.
    type Factor: Copy + Debug;
    /// A local quantity before it is tallied.
    type Local: Local;
    /// Noise amplitude √(2ε).
    type Sigma: Copy + PartialEq + Debug + Send + Sync;

    /// From memory.
    fn load(word: Self::Store) -> Self;
    /// To memory.
    fn store(self) -> Self::Store;
    /// Raw bits of the stored site, zero-extended: what "the same bits" compares.
    fn bits(self) -> u64;
    /// Inverse of [`bits`](Self::bits); `None` where the word is no valid site.
    fn from_bits(bits: u64) -> Option<Self>;
    /// Exact value.
    fn value(self) -> f64;
    /// Nearest representable field value (midpoints up, saturating; NaN becomes 0 in fixed point).
    fn nearest(value: f64) -> Self;

    /// φ_x + φ_y, exact in fixed point.
    fn pair(self, other: Self) -> Self::Sum;
    /// The value of a neighbour sum.
    fn sum_value(sum: Self::Sum) -> f64;

    /// φ², rounded (`rndnu`) to the width of one multiplier port in fixed point.
    fn square(self) -> Self::Square;
    /// `k - g·u`, exact in fixed point: one step of a Horner scheme in φ².
    fn horner(slope: Self::Slope, gain: Self::Gain, square: Self::Square) -> Self::Slope;
    /// Round the even factor for the last multiplication; a clipped factor is counted.
    fn factor(slope: Self::Slope, clipped: &mut u32) -> Self::Factor;

    /// φ in the accumulator.
    fn widen(self) -> Self::Wide;
    /// k·Σ, exact in fixed point.
    fn mul_sum(gain: Self::Gain, sum: Self::Sum) -> Self::Wide;
    /// φ·d, exact in fixed point.
    fn mul_factor(self, factor: Self::Factor) -> Self::Wide;
    /// k_s·η, exact in fixed point, from the integer noise of width [`NOISE_WIDTH`](Self::NOISE_WIDTH) or the sum of
    /// two. Floats take η·2^-14, which is exact.
    fn mul_noise(sigma: Self::Sigma, noise: i32) -> Self::Wide;
    /// THE rounding: nearest, midpoints up, then symmetric saturation, counted.
    fn narrow(wide: Self::Wide, clipped: &mut u32) -> Self;
    /// Rounds half the accumulator as [`narrow`](Self::narrow) (stochastic Heun averages two states).
    fn narrow_half(wide: Self::Wide, clipped: &mut u32) -> Self;
    /// The value of an accumulator.
    fn wide_value(wide: Self::Wide) -> f64;
    /// A constant in the accumulator: nearest, `None` where out of range.
    fn wide(value: f64) -> Option<Self::Wide>;

    /// Quantise a gain: nearest, `None` where out of range.
    fn gain(value: f64) -> Option<Self::Gain>;
    /// Its exact value.
    fn gain_value(gain: Self::Gain) -> f64;
    /// Quantise a slope: nearest, `None` where the *factor* it becomes at φ = 0 is out of range.
    fn slope(value: f64) -> Option<Self::Slope>;
    /// Its exact value.
    fn slope_value(slope: Self::Slope) -> f64;
    /// Quantise a noise amplitude, `None` where it is negative or too large. Fixed point takes the nearest ODD
    /// integer, at least 1: a power of two would lock the noise lattice to the field's grid.
    fn sigma(value: f64) -> Option<Self::Sigma>;
    /// Its exact value.
    fn sigma_value(sigma: Self::Sigma) -> f64;

    /// Fill `out` with the integer noise of sites `first..` at `step`.
    fn fill_noise<S: Words, M: Machine>(machine: M, noise: &mut Noise<S>, step: u64, first: usize, out: &mut [i32]);

    /// φ.
    fn local_phi(self) -> Self::Local;
    /// φ².
    fn local_square(self) -> Self::Local;
    /// φ⁴.
    fn local_fourth(self) -> Self::Local;
    /// φ·Σ.
    fn local_product(self, sum: Self::Sum) -> Self::Local;
    /// Any other quantity.
    fn local(value: f64) -> Self::Local;
    /// The unit w of the noise in which a proposal is tallied, given the variance of the noise: a power of two. Fixed
    /// point has 2^-4 whatever the variance; floats have the one with 32 ≤ variance/w² < 128.
    fn proposal_unit(variance: f64) -> f64;
    /// `(a + b)·(2(y - x) + b - a)/w²`: the site's share of the logarithm of the ratio of Gaussian proposal densities
    /// (see `integrator::mala`), w from [`proposal_unit`](Self::proposal_unit). Antisymmetric under x ↔ y, a ↔ b to the
    /// bit.
    fn local_proposal(x: Self, y: Self, a: Self::Wide, b: Self::Wide, per_w: f64) -> Self::Local;
    /// φ in units of a power of two, of which `per_unit` is the reciprocal. The identity in fixed point, whose tallies
    /// are exact as they are.
    fn in_units(self, per_unit: f64) -> Self;
    /// A sum of neighbours in units of a power of two, of which `per_unit` is the reciprocal.
    fn sum_in_units(sum: Self::Sum, per_unit: f64) -> Self::Sum;
}

/// Fractional bits of the tally of an [`Arith::local_proposal`] in fixed point: 2^-40 is its unit.
pub const PROPOSAL_FRACTION: u32 = TALLY_FRACTION + 8;
