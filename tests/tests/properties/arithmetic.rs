//! `Fx<W>` against unbounded integers: one rounding rule, nearest with midpoints up; one saturation, symmetric and
//! counted.

use proptest::prelude::*;
use stoquant_core::arith::{Arith, Format, Fx, PROPOSAL_FRACTION, TALLY_FRACTION};
use stoquant_tests::strategy;

/// ⌊n/2^shift + ½⌋.
fn nearest_up(n: i128, shift: u32) -> i128 {
    (2 * n + (1 << shift)).div_euclid(2 << shift)
}

/// A float as m·2^e, exactly.
fn exact(value: f64) -> (i128, i32) {
    let bits = value.to_bits();
    let biased = (bits >> 52 & 0x7ff) as i32;
    let fraction = i128::from(bits & ((1 << 52) - 1));
    let m = if biased == 0 { fraction } else { fraction + (1 << 52) };
    (if value < 0.0 { -m } else { m }, biased.max(1) - 1075)
}

/// Nearest integer of value·2^fraction, midpoints up; values so large that no format holds them become the largest
/// integer.
fn quantised(value: f64, fraction: u32) -> i128 {
    let (m, e) = exact(value);
    match e + fraction as i32 {
        shift @ 60.. => m.signum() << 100 << (shift & 1),
        shift @ 0..60 => m << shift,
        shift @ -100..0 => nearest_up(m, -shift as u32),
        _ => 0,
    }
}

fn saturated(n: i128, max: i128) -> (i128, u32) {
    (n.clamp(-max, max), u32::from(n.abs() > max))
}

/// Accumulators to narrow: signs, midpoints and the ends of 2W+6 bits, scaled down to every width by the caller.
fn accumulator() -> impl Strategy<Value = i64> {
    let edge = 1i64 << 41;
    prop_oneof![
        proptest::sample::select(vec![0, 1, -1, edge - 1, -edge]),
        // Midpoints and their neighbours for the shifts of W = 18, and by scaling for the others.
        (-(1i64 << 20)..1 << 20, -1..=1i64).prop_map(|(n, off)| (n << 21) + (1 << 20) + off),
        -edge..edge,
    ]
}

/// Numbers to quantise: 0, midpoints of `fraction` bits and the floats beside them, and any of magnitude below 1.
fn near(n: i32, beside: i32, fraction: u32) -> f64 {
    let midpoint = (f64::from(n) + 0.5) / (1u64 << fraction) as f64;
    match beside {
        -1 => midpoint.next_down(),
        1 => midpoint.next_up(),
        _ => midpoint,
    }
}

/// How many bits higher than the module of `Fx` says accumulator and slope lie: none, but in the scalar form.
pub(crate) fn lifts<const W: u32>() -> [u32; 2]
where
    Fx<W>: Format,
{
    let one = Fx::<W>::from_int(1).unwrap().widen();
    let unit = Fx::<W>::slope(1.0 / (1u64 << (2 * W - 4)) as f64).unwrap();
    assert!(one > 0 && unit > 0);
    [one.trailing_zeros() - (W + 3), unit.trailing_zeros()]
}

fn integers<const W: u32>(wide: i64, a: i32, b: i32) -> Result<(), TestCaseError>
where
    Fx<W>: Format,
{
    let max = i128::from(Fx::<W>::MAX);
    let [lift, slope_lift] = lifts::<W>();
    let mut clipped = 0;
    // 42 bits hold the accumulator of W = 18; narrower formats have 2W+6.
    let wide = wide >> (36 - 2 * W);
    let (expected, count) = saturated(nearest_up(i128::from(wide), W + 3), max);
    prop_assert_eq!(i128::from(Fx::<W>::narrow(wide << lift, &mut clipped).int()), expected, "W = {}", W);
    prop_assert_eq!(std::mem::take(&mut clipped), count);
    let (expected, count) = saturated(nearest_up(i128::from(wide), W + 4), max);
    prop_assert_eq!(i128::from(Fx::<W>::narrow_half(wide << lift, &mut clipped).int()), expected);
    prop_assert_eq!(std::mem::take(&mut clipped), count);
    // A slope has 2W bits: its constant part is below 2^(2W-6), what is taken off below 2^(2W-2).
    let largest = (1 << (2 * W - 2)) + (1 << (2 * W - 6)) - 1;
    let slope = (wide >> 6).clamp(-largest, largest);
    let (expected, count) = saturated(nearest_up(i128::from(slope), W - 5), max);
    prop_assert_eq!(i128::from(Fx::<W>::factor(slope << slope_lift, &mut clipped)), expected);
    prop_assert_eq!(clipped, count);

    let clamp = |n: i32| Fx::<W>::from_int(n >> (18 - W)).unwrap_or(Fx::<W>::from_int(-Fx::<W>::MAX).unwrap());
    let (x, y) = (clamp(a), clamp(b));
    let (n, k) = (i128::from(x.int()), i128::from(y.int()));
    prop_assert_eq!(i128::from(x.square()), nearest_up(n * n, W - 1));
    prop_assert!(i128::from(x.square()) <= max, "φ² fits the port of a multiplier");
    prop_assert_eq!(i128::from(x.pair(y)), n + k);
    prop_assert_eq!(i128::from(x.widen()), n << (W + 3 + lift));
    // The same products as numbers: every one of them fits the 53 bits of an f64.
    prop_assert_eq!(Fx::<W>::wide_value(x.widen()), x.value());
    prop_assert_eq!(
        Fx::<W>::wide_value(Fx::<W>::mul_sum(y.int(), x.pair(x))),
        Fx::<W>::gain_value(y.int()) * Fx::<W>::sum_value(x.pair(x))
    );
    prop_assert_eq!(
        Fx::<W>::wide_value(x.mul_factor(y.int())),
        x.value() * f64::from(y.int()) / f64::from(1 << (W + 1))
    );
    prop_assert_eq!(
        Fx::<W>::wide_value(Fx::<W>::mul_noise(y.int(), x.int())),
        Fx::<W>::sigma_value(y.int()) * x.value()
    );
    // The result has 2W bits too.
    let slope = slope >> 1;
    let bent = Fx::<W>::horner(slope << slope_lift, y.int(), x.square());
    prop_assert_eq!(i128::from(bent), (i128::from(slope) - k * i128::from(x.square())) << slope_lift);

    // Tallies: φ, φ² and φΣ exactly; φ⁴ from φ² rounded to 32 bits.
    let unit = TALLY_FRACTION - (2 * W - 8);
    prop_assert_eq!(i128::from(x.local_phi()), n << (TALLY_FRACTION - (W - 4)));
    prop_assert_eq!(i128::from(x.local_square()), (n * n) << unit);
    prop_assert_eq!(i128::from(x.local_product(y.pair(y))), (n * 2 * k) << unit);
    let fourth = x.local_fourth() as f64 / 2f64.powi(TALLY_FRACTION as i32);
    let value = x.value();
    // (φ² ± 2^-27)², cut at 2^-32.
    prop_assert!(
        (fourth - value.powi(4)).abs() <= value * value * 2f64.powi(-26) + 2f64.powi(-31),
        "W = {} {}",
        W,
        value
    );

    // The share of a site in ln q(x|y)/q(y|x), and its antisymmetry.
    let (p, q) = (wide, (a as i64) << W);
    let term = Fx::<W>::local_proposal(x, y, p << lift, q << lift, 16.0);
    prop_assert_eq!(term, -Fx::<W>::local_proposal(y, x, q << lift, p << lift, 16.0));
    let exact = i128::from(p + q) * (((k - n) << (W + 4)) + i128::from(q) - i128::from(p));
    let (magnitude, fraction) = (exact.abs(), 4 * W - 2);
    let expected = match fraction.checked_sub(PROPOSAL_FRACTION) {
        Some(0) => magnitude,
        Some(shift) => nearest_up(magnitude, shift),
        None => magnitude << (PROPOSAL_FRACTION - fraction),
    };
    prop_assert_eq!(i128::from(term), exact.signum() * expected);
    Ok(())
}

fn coefficients<const W: u32>(n: i32, beside: i32, any: f64) -> Result<(), TestCaseError>
where
    Fx<W>: Format,
{
    let max = i128::from(Fx::<W>::MAX);
    let [lift, slope_lift] = lifts::<W>();
    let within = |n: i128, max: i128| (n.abs() <= max).then_some(n);
    for value in [near(n, beside, W + 3), near(n, beside, W - 4), near(n, beside, 2 * W - 4), any] {
        let (gain, slope) = (quantised(value, W + 3), quantised(value, 2 * W - 4));
        prop_assert_eq!(Fx::<W>::gain(value).map(i128::from), within(gain, max), "W = {} gain {:e}", W, value);
        let slope = within(slope, max << (W - 5)).map(|n| n << slope_lift);
        prop_assert_eq!(Fx::<W>::slope(value).map(i128::from), slope, "W = {} slope {:e}", W, value);
        let site = quantised(value, W - 4).clamp(-max, max);
        prop_assert_eq!(i128::from(Fx::<W>::nearest(value).int()), site, "W = {} nearest {:e}", W, value);
        let wide = within(quantised(value, 2 * W - 1), max << (W + 3)).map(|n| n << lift);
        prop_assert_eq!(Fx::<W>::wide(value).map(i128::from), wide, "W = {} wide {:e}", W, value);
        if value > 0.0 {
            // The nearest odd integer is 2⌊x/2⌋ + 1: no odd one is nearer.
            let (m, e) = exact(value);
            let shift = e + W as i32 - 2;
            let half = if shift >= 0 { m << shift.min(60) } else { m >> -shift.max(-127) };
            let odd = 2 * half + 1;
            prop_assert_eq!(
                Fx::<W>::sigma(value).map(i128::from),
                (odd <= max).then_some(odd),
                "W = {} sigma {:e}",
                W,
                value
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(strategy::config(256))]

    #[test]
    fn roundings_are_nearest_midpoints_up(wide in accumulator(), a in word(), b in word()) {
        integers::<18>(wide, a, b)?;
        integers::<16>(wide, a, b)?;
        integers::<14>(wide, a, b)?;
        integers::<12>(wide, a, b)?;
        integers::<10>(wide, a, b)?;
        integers::<8>(wide, a, b)?;
    }

    #[test]
    fn coefficients_are_nearest(
        n in prop_oneof![Just(0i32), Just(-1), -300..300, any::<i32>()],
        beside in -1..=1i32,
        any in prop_oneof![Just(0.0), Just(1.0), Just(-1e300), -0.3..0.3, 0.0..1e-4, -10.0..10.0],
    ) {
        coefficients::<18>(n, beside, any)?;
        coefficients::<16>(n, beside, any)?;
        coefficients::<14>(n, beside, any)?;
        coefficients::<12>(n, beside, any)?;
        coefficients::<10>(n, beside, any)?;
        coefficients::<8>(n, beside, any)?;
    }
}

fn word() -> impl Strategy<Value = i32> {
    let max = Fx::<18>::MAX;
    prop_oneof![proptest::sample::select(vec![0, 1, -1, max, -max]), -max..=max]
}

/// NaN is 0 as a field value, and no coefficient.
#[test]
fn not_a_number() {
    assert_eq!(Fx::<18>::nearest(f64::NAN).int(), 0);
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!((Fx::<18>::gain(value), Fx::<18>::slope(value)), (None, None));
        assert_eq!((Fx::<18>::sigma(value), Fx::<18>::wide(value)), (None, None));
        assert_eq!((<f32 as Arith>::gain(value), <f64 as Arith>::sigma(value)), (None, None));
    }
}
