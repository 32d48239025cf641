//! Arithmetic: the format `Fx<W>` with one operation that is not its own.

use std::cell::Cell;

use stoquant::certify::{Findings, Level, enumeration, exact_law};
use stoquant::engine::{Engine, core_engine, engine_of};
use stoquant::exact::SitePotential;
use stoquant::law::Chain;
use stoquant_core::arith::{Arith, Format, Fx, Tally};
use stoquant_core::error::Error;
use stoquant_core::integrator::{Euler, Heun, Integrator, Sweep};
use stoquant_core::lattice::Plan;
use stoquant_core::machine::{Machine, Portable};
use stoquant_core::noise::{Noise, StreamTag, Threefry, Words};
use stoquant_model::{ArithKind, IntegratorKind, Setup};

use super::ladder::{Chains, Defect, Rung, Scope, chains};
use super::noise::Eta;
use crate::with_dims;

/// The operation that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// None of them.
    Nothing,
    /// What is made of a word.
    Eta(Eta),
    /// The field is truncated.
    Truncated,
    /// The field is rounded towards zero.
    TowardsZero,
    /// The accumulator is rounded to three more bits first.
    RoundedTwice,
    /// Midpoints go to even.
    HalfToEven,
    /// Midpoints go away from zero.
    HalfAway,
    /// The field wraps.
    Wraps,
    /// Saturations are not counted.
    Uncounted,
    /// The accumulator has 32 bits.
    ThirtyTwoBits,
    /// The last shift is logical.
    Unsigned,
    /// k_n·Σ loses its low bits.
    HopCut,
    /// k_s·η loses what lies below the field's grid.
    NoiseCut,
    /// d is truncated.
    FactorTruncated,
    /// d wraps.
    FactorWraps,
    /// φ² is truncated.
    SquareTruncated,
    /// φ² has six bits fewer.
    SquareNarrow,
    /// φ² loses its top bit.
    SquareWraps,
    /// A pair of neighbours is summed in W bits.
    SumWraps,
    /// Heun's average is truncated.
    HalfTruncated,
}
use Flaw::*;

thread_local! {
    /// The flaw of the sweep that this thread is in. Operations of a format have no state to keep it in, and a type for
    /// each flaw would be a copy of every integrator for each.
    static PLANTED: Cell<Flaw> = const { Cell::new(Nothing) };
}

fn flaw() -> Flaw {
    PLANTED.get()
}

/// An integrator whose sweeps have a flaw in their arithmetic.
struct Planting<I> {
    inner: I,
    flaw: Flaw,
}

impl<A: Arith, W: Words, I: Integrator<A, W>> Integrator<A, W> for Planting<I> {
    fn sweep<const D: usize, M: Machine>(&self, plan: &Plan<D, M>, sweep: Sweep<'_, A, W>) {
        PLANTED.set(self.flaw);
        self.inner.sweep(plan, sweep);
        PLANTED.set(Nothing);
    }

    fn eps(&self) -> f64 {
        self.inner.eps()
    }
}

/// `Fx<W>` with the planted operation.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
struct Planted<const W: u32>(Fx<W>);

/// An integer into the field: saturated and counted.
fn saturate<const W: u32>(n: i64, clipped: &mut u32) -> Fx<W> {
    let max = i64::from(Fx::<W>::MAX);
    *clipped += u32::from(n.abs() > max);
    field(n.clamp(-max, max))
}

/// An integer in ±MAX as a field.
fn field<const W: u32>(n: i64) -> Fx<W> {
    Fx::from_int(n as i32).unwrap_or_default()
}

/// Nearest, midpoints up.
fn round(x: i64, shift: u32) -> i64 {
    (x + (1 << (shift - 1))) >> shift
}

/// The low `bits` bits of a two's complement number.
fn wrap(x: i64, bits: u32) -> i64 {
    x << (64 - bits) >> (64 - bits)
}

impl<const W: u32> Arith for Planted<W>
where
    Fx<W>: Format,
{
    const NAME: &'static str = <Fx<W> as Arith>::NAME;
    const FIELD_MAX: f64 = Fx::<W>::FIELD_MAX;
    const FIELD_LSB: f64 = Fx::<W>::FIELD_LSB;
    const GAIN_MAX: f64 = Fx::<W>::GAIN_MAX;
    const FACTOR_MAX: f64 = Fx::<W>::FACTOR_MAX;
    const NOISE_WIDTH: u32 = W;

    type Store = <Fx<W> as Arith>::Store;
    type Sum = i32;
    type Wide = i64;
    type Square = i32;
    type Gain = i32;
    type Slope = i64;
    type Factor = i32;
    type Local = Tally;
    type Sigma = i32;

    fn load(word: Self::Store) -> Self {
        Self(Fx::load(word))
    }
    fn store(self) -> Self::Store {
        self.0.store()
    }
    fn bits(self) -> u64 {
        self.0.bits()
    }
    fn from_bits(bits: u64) -> Option<Self> {
        Fx::from_bits(bits).map(Self)
    }
    fn value(self) -> f64 {
        self.0.value()
    }
    fn nearest(value: f64) -> Self {
        Self(Fx::nearest(value))
    }
    fn pair(self, other: Self) -> i32 {
        let sum = self.0.pair(other.0);
        if flaw() == SumWraps { wrap(i64::from(sum), W) as i32 } else { sum }
    }
    fn sum_value(sum: i32) -> f64 {
        Fx::<W>::sum_value(sum)
    }
    fn square(self) -> i32 {
        let n = i64::from(self.0.int());
        match flaw() {
            SquareTruncated => ((n * n) >> (W - 1)) as i32,
            SquareNarrow => self.0.square() >> 6 << 6,
            SquareWraps => self.0.square() & ((1 << (W - 2)) - 1),
            _ => self.0.square(),
        }
    }
    fn horner(slope: i64, gain: i32, square: i32) -> i64 {
        Fx::<W>::horner(slope, gain, square)
    }
    fn factor(slope: i64, clipped: &mut u32) -> i32 {
        match flaw() {
            FactorTruncated => saturate::<W>(slope >> (W - 5), clipped).int(),
            FactorWraps => wrap(round(slope, W - 5), W) as i32,
            _ => Fx::<W>::factor(slope, clipped),
        }
    }
    fn widen(self) -> i64 {
        self.0.widen()
    }
    fn mul_sum(gain: i32, sum: i32) -> i64 {
        let product = Fx::<W>::mul_sum(gain, sum);
        if flaw() == HopCut { product >> W << W } else { product }
    }
    fn mul_factor(self, factor: i32) -> i64 {
        self.0.mul_factor(factor)
    }
    fn mul_noise(sigma: i32, noise: i32) -> i64 {
        let product = Fx::<W>::mul_noise(sigma, noise);
        if flaw() == NoiseCut { product >> (W + 3) << (W + 3) } else { product }
    }
    fn narrow(wide: i64, clipped: &mut u32) -> Self {
        let nearest = round(wide, W + 3);
        let low = wide & ((1 << (W + 3)) - 1);
        Self(match flaw() {
            Truncated => saturate(wide >> (W + 3), clipped),
            TowardsZero => saturate(wide / (1 << (W + 3)), clipped),
            RoundedTwice => saturate(round(round(wide, W), 3), clipped),
            HalfToEven => saturate(nearest - i64::from(low == 1 << (W + 2) && nearest & 1 == 1), clipped),
            HalfAway => saturate(wide.signum() * round(wide.abs(), W + 3), clipped),
            Wraps => field(wrap(nearest, W)),
            Uncounted => saturate(nearest, &mut 0),
            ThirtyTwoBits => saturate(round(wrap(wide, 32), W + 3), clipped),
            Unsigned => saturate(((wide + (1 << (W + 2))) as u64 >> (W + 3)) as i64, clipped),
            _ => Fx::narrow(wide, clipped),
        })
    }
    fn narrow_half(wide: i64, clipped: &mut u32) -> Self {
        Self(if flaw() == HalfTruncated { saturate(wide >> (W + 4), clipped) } else { Fx::narrow_half(wide, clipped) })
    }
    fn wide_value(wide: i64) -> f64 {
        Fx::<W>::wide_value(wide)
    }
    fn wide(value: f64) -> Option<i64> {
        Fx::<W>::wide(value)
    }
    fn gain(value: f64) -> Option<i32> {
        Fx::<W>::gain(value)
    }
    fn gain_value(gain: i32) -> f64 {
        Fx::<W>::gain_value(gain)
    }
    fn slope(value: f64) -> Option<i64> {
        Fx::<W>::slope(value)
    }
    fn slope_value(slope: i64) -> f64 {
        Fx::<W>::slope_value(slope)
    }
    fn sigma(value: f64) -> Option<i32> {
        Fx::<W>::sigma(value)
    }
    fn sigma_value(sigma: i32) -> f64 {
        Fx::<W>::sigma_value(sigma)
    }
    fn fill_noise<S: Words, M: Machine>(machine: M, noise: &mut Noise<S>, step: u64, first: usize, out: &mut [i32]) {
        let Eta(eta) = flaw() else { return Fx::<W>::fill_noise(machine, noise, step, first, out) };
        let mut words = vec![0; out.len()];
        noise.words.fill(step, first, &mut words);
        out.iter_mut().zip(words).for_each(|(slot, word)| *slot = eta.of(W, word));
    }
    fn local_phi(self) -> Tally {
        self.0.local_phi()
    }
    fn local_square(self) -> Tally {
        self.0.local_square()
    }
    fn local_fourth(self) -> Tally {
        self.0.local_fourth()
    }
    fn local_product(self, sum: i32) -> Tally {
        self.0.local_product(sum)
    }
    fn local(value: f64) -> Tally {
        Fx::<W>::local(value)
    }
    fn proposal_unit(variance: f64) -> f64 {
        Fx::<W>::proposal_unit(variance)
    }
    fn in_units(self, _per_unit: f64) -> Self {
        self
    }
    fn sum_in_units(sum: i32, _per_unit: f64) -> i32 {
        sum
    }
    fn local_proposal(x: Self, y: Self, a: i64, b: i64, per_w: f64) -> Tally {
        Fx::<W>::local_proposal(x.0, y.0, a, b, per_w)
    }
}

/// Euler's and Heun's chains in a planted format; others as the core has them.
pub fn in_arithmetic(flaw: Flaw) -> Chains {
    fn with_width<const D: usize, const W: u32>(
        extents: [usize; D],
        setup: &Setup,
        chain: u32,
        flaw: Flaw,
    ) -> Result<Box<dyn Engine>, Error>
    where
        Fx<W>: Format,
    {
        let action = setup.couplings;
        let words = Threefry::new(setup.seed, chain, StreamTag::Noise);
        match setup.integrator {
            IntegratorKind::Euler => {
                let inner = Euler::<Planted<W>, _>::new(&action, setup.eps, D)?;
                let drift = *inner.drift();
                engine_of(Portable, extents, setup, chain, Planting { inner, flaw }, drift, words)
            }
            IntegratorKind::Heun => {
                let inner = Heun::<Planted<W>, _>::new(&action, setup.eps, D)?;
                let drift = *inner.drift();
                engine_of(Portable, extents, setup, chain, Planting { inner, flaw }, drift, words)
            }
            IntegratorKind::LeimkuhlerMatthews | IntegratorKind::Mala => core_engine(setup, chain),
        }
    }
    Box::new(move |setup, chain| match setup.arith {
        ArithKind::Fx18 => {
            with_dims!(&*setup.extents, |e| with_width::<_, 18>(e, setup, chain, flaw))
        }
        ArithKind::Fx16 => {
            with_dims!(&*setup.extents, |e| with_width::<_, 16>(e, setup, chain, flaw))
        }
        ArithKind::F32 | ArithKind::F64 => core_engine(setup, chain),
    })
}

/// A rung that sees the planted format itself, not chains of it.
fn within(flaw: Flaw, rung: fn() -> Result<Findings, Error>) -> Vec<Rung> {
    vec![Box::new(move || {
        PLANTED.set(flaw);
        let findings = rung();
        PLANTED.set(Nothing);
        findings
    })]
}

/// The exact stationary law of the planted format, against the theory's: no chain, no reference of a step.
fn by_exact_law() -> Result<Findings, Error> {
    let single = SitePotential { b: 0.5, lambda: 0.25 };
    let chain = Chain::new::<Planted<16>>(IntegratorKind::Euler, &single, 0.01)?;
    let mut findings = exact_law::euler(exact_law::Well::Single, chain, &mut exact_law::Scan::default());
    findings.extend(exact_law::rows::<Planted<16>>(&single, 0.01)?);
    Ok(findings)
}

/// Eight bits, every state and every word.
fn by_enumeration() -> Result<Findings, Error> {
    Ok(enumeration::checks_of::<Planted<8>>(Level::Standard))
}

/// The table.
pub fn defects() -> Vec<Defect> {
    use ArithKind::{Fx16, Fx18};
    use IntegratorKind::{Euler, Heun};
    let of = |name, description, arith, integrator, flaw| {
        Defect::new("arithmetic", name, description, chains(in_arithmetic(flaw), Scope::new(arith, integrator)))
    };
    let euler = |name, description, flaw| of(name, description, Fx18, Euler, flaw);
    let exact = |name, description, flaw| Defect::new("arithmetic", name, description, within(flaw, by_exact_law));
    let counted = |name, description, flaw| Defect::new("arithmetic", name, description, within(flaw, by_enumeration));
    vec![
        euler("truncation", "the field is truncated instead of rounded", Truncated),
        of("truncation, 16 bits", "the same in Fx<16>", Fx16, Euler, Truncated),
        euler("truncation towards zero", "the field is rounded towards zero", TowardsZero),
        euler("double rounding", "the accumulator is rounded to three more bits, then to the field", RoundedTwice),
        euler("midpoints to even", "midpoints of the last rounding go to even instead of up", HalfToEven),
        euler("midpoints away from zero", "midpoints of the last rounding go away from zero", HalfAway),
        euler("wrap-around", "the field wraps instead of saturating", Wraps),
        euler("silent saturation", "saturations of the field are not counted", Uncounted),
        euler("32-bit accumulator", "the accumulator wraps at 32 bits", ThirtyTwoBits),
        euler("unsigned shift", "the last shift is logical, not arithmetic", Unsigned),
        euler("narrow product of the hopping", "k_n·Σ loses its low W bits", HopCut),
        euler("noise cut to the grid", "k_s·η loses what lies below the field's grid", NoiseCut),
        euler("factor truncated", "the even factor d is truncated instead of rounded", FactorTruncated),
        euler("factor wraps", "the even factor d wraps instead of saturating", FactorWraps),
        euler("square truncated", "φ² is truncated instead of rounded", SquareTruncated),
        euler("narrow square", "φ² has six fractional bits fewer", SquareNarrow),
        euler("square wraps", "φ² loses its top bit: wraps at 32", SquareWraps),
        euler("narrow neighbour sum", "a pair of neighbours is summed in W bits", SumWraps),
        of("truncated average", "Heun's average of two states is truncated", Fx18, Heun, HalfTruncated),
        exact("truncation, by the exact law", "the field is truncated, no reference of a step", Truncated),
        exact("factor truncated, by the exact law", "d is truncated, no reference of a step", FactorTruncated),
        exact("square truncated, by the exact law", "φ² is truncated, no reference of a step", SquareTruncated),
        exact(
            "narrow square, by the exact law",
            "φ² has six fractional bits fewer, no reference of a step",
            SquareNarrow,
        ),
        exact(
            "towards zero, by the exact law",
            "the field is rounded towards zero, no reference of a step",
            TowardsZero,
        ),
        exact("noise cut, by the exact law", "k_s·η is cut to the grid, no reference of a step", NoiseCut),
        counted("truncation, by enumeration", "the field is truncated, eight bits", Truncated),
        counted("double rounding, by enumeration", "the accumulator is rounded twice, eight bits", RoundedTwice),
        counted("midpoints to even, by enumeration", "midpoints go to even, eight bits", HalfToEven),
        counted("factor truncated, by enumeration", "d is truncated, eight bits", FactorTruncated),
    ]
}

/// Without a defect.
pub fn controls() -> Vec<Defect> {
    vec![
        Defect::new("control", "exact law", "16 bits with nothing planted", within(Nothing, by_exact_law)),
        Defect::new("control", "enumeration", "8 bits with nothing planted", within(Nothing, by_enumeration)),
    ]
}
