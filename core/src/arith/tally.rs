//! Exact sums of local quantities: they do not depend on the order of the sites, nor on blocks, vectors and threads.

use core::ops::Sub;

use crate::machine::Part;

/// A local quantity in units of 2^-32.
///
/// Range of one tally: |value| < 2^31. Totals are [`TallySum`]. Fixed point stays inside; floats are brought there by
/// units that follow from the couplings ([`Action::unit`](crate::action::Action::unit)), and whatever clips all the
/// same is counted.
pub type Tally = i64;

/// Fractional bits of a [`Tally`].
pub const TALLY_FRACTION: u32 = 32;

/// The value of an exact total of tallies.
#[inline]
pub fn tally_value(total: i128) -> f64 {
    total as f64 * (1.0 / (1u64 << TALLY_FRACTION) as f64)
}

/// Where a tally clips.
const RANGE: f64 = (1u64 << 31) as f64;

/// Below this, a float has finer steps than a tally.
const FINE: f64 = (1u64 << 19) as f64;

/// 1½·2^20: added to a number below [`FINE`], it leaves the nearest multiple of 2^-32 in the last places of the sum.
const SHIFTER: f64 = 1.5 * (1u64 << 20) as f64;

/// The tally of a float: nearest, midpoints to even (odd, so φ → -φ stays exact); saturated, 0 for a NaN.
#[inline]
pub fn tally(value: f64) -> Tally {
    if value > -FINE && value < FINE {
        (value + SHIFTER).to_bits().wrapping_sub(SHIFTER.to_bits()) as i64
    } else {
        // From 2^19 on, the product has at least one integer bit for each of the 53; `as` saturates and maps NaN to 0.
        (value * (1u64 << TALLY_FRACTION) as f64) as i64
    }
}

/// The exact sum of up to 2^32 tallies, in two halves that vectors can add up: Σ (tally ≫ 32) and Σ (tally mod 2^32),
/// below 2^63 and 2^64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TallySum {
    high: i64,
    low: u64,
}

impl TallySum {
    /// Add one tally.
    #[inline(always)]
    pub fn add(&mut self, tally: Tally) {
        self.high += tally >> 32;
        self.low += u64::from(tally as u32);
    }

    /// The sum.
    #[inline]
    pub fn total(self) -> i128 {
        (i128::from(self.high) << 32) + i128::from(self.low)
    }
}

impl Part for TallySum {
    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        Self { high: self.high + other.high, low: self.low + other.low }
    }
}

/// A local quantity as its arithmetic holds it: a [`Tally`] in fixed point, a float for the float types.
pub trait Local: Copy + Default + Sub<Output = Self> + Send + Sync + 'static {
    /// Running sum of up to 2^9 of them, made for vectors.
    type Ledger: Copy + Default;

    /// In units of 2^-32.
    fn tally(self) -> Tally;
    /// Whether its tally clips: from 2^31 on, or not a number.
    fn clips(self) -> bool;
    /// Add to a running sum.
    fn enter(self, ledger: &mut Self::Ledger);
    /// The sum of `count` tallies; `None` where one of them was beyond what a running sum can take.
    fn close(ledger: Self::Ledger, count: u32) -> Option<TallySum>;
}

impl Local for Tally {
    type Ledger = TallySum;

    #[inline(always)]
    fn tally(self) -> Tally {
        self
    }
    #[inline(always)]
    fn clips(self) -> bool {
        false
    }
    #[inline(always)]
    fn enter(self, ledger: &mut TallySum) {
        ledger.add(self);
    }
    #[inline(always)]
    fn close(ledger: TallySum, _count: u32) -> Option<TallySum> {
        Some(ledger)
    }
}

/// 1½·2^12 and 1½·2^-9: shifters of `f32` that leave multiples of 2^-11, and of 2^-32, in the last places.
const COARSE: f32 = 6144.0;
const REST: f32 = 1.5 / 512.0;

/// Running sum of `f32`, in lanes as narrow as they are: multiples of 2^-11, what is left in multiples of 2^-32, and
/// every bit in which a first sum differed from its shifter.
#[derive(Clone, Copy, Debug, Default)]
pub struct NarrowLedger {
    coarse: u32,
    rest: u32,
    stray: u32,
}

impl Local for f32 {
    type Ledger = NarrowLedger;

    #[inline(always)]
    fn tally(self) -> Tally {
        tally(f64::from(self))
    }
    #[inline(always)]
    fn clips(self) -> bool {
        f64::from(self).clips()
    }
    #[inline(always)]
    fn enter(self, ledger: &mut NarrowLedger) {
        // Below 2^11: n is the nearest multiple of 2^-11, self - n is exact and at most 2^-12, and is rounded to 2^-32.
        let coarse = self + COARSE;
        let rest = (self - (coarse - COARSE)) + REST;
        ledger.coarse = ledger.coarse.wrapping_add(coarse.to_bits());
        ledger.rest = ledger.rest.wrapping_add(rest.to_bits());
        ledger.stray |= coarse.to_bits() ^ COARSE.to_bits();
    }
    #[inline(always)]
    fn close(ledger: NarrowLedger, count: u32) -> Option<TallySum> {
        // Multiples below 2^22 and 2^20, 2^9 of them: both sums fit 32 bits.
        let sum = |sum: u32, shifter: f32| i64::from(sum.wrapping_sub(shifter.to_bits().wrapping_mul(count)) as i32);
        let mut total = TallySum::default();
        total.add((sum(ledger.coarse, COARSE) << 21) + sum(ledger.rest, REST));
        (ledger.stray >> 23 == 0).then_some(total)
    }
}

impl Local for f64 {
    /// Σ of the bits of value + `SHIFTER`, and every bit in which one of these differed from those of the shifter.
    type Ledger = (u64, u64);

    #[inline(always)]
    fn tally(self) -> Tally {
        tally(self)
    }
    #[inline(always)]
    fn clips(self) -> bool {
        !(self > -RANGE && self < RANGE)
    }
    #[inline(always)]
    fn enter(self, (sum, stray): &mut (u64, u64)) {
        let bits = (self + SHIFTER).to_bits();
        *sum = sum.wrapping_add(bits);
        *stray |= bits ^ SHIFTER.to_bits();
    }
    #[inline(always)]
    fn close((sum, stray): (u64, u64), count: u32) -> Option<TallySum> {
        // Sign and exponent stay those of 2^20 for all values below FINE and no others; 2^9 tallies below 2^51 fit.
        let mut total = TallySum::default();
        total.add(sum.wrapping_sub(SHIFTER.to_bits().wrapping_mul(u64::from(count))) as i64);
        (stray >> 52 == 0).then_some(total)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    /// A running sum is the sum of the tallies, or refuses; and it refuses what is beyond it.
    fn check<L: Local + std::fmt::Debug>(values: &[L], beyond: &[L]) {
        let (mut ledger, mut sum) = <(L::Ledger, TallySum)>::default();
        for value in values {
            value.enter(&mut ledger);
            sum.add(value.tally());
        }
        assert_eq!(L::close(ledger, values.len() as u32).map(TallySum::total), Some(sum.total()));
        for value in beyond {
            let mut ledger = ledger;
            value.enter(&mut ledger);
            assert_eq!(L::close(ledger, values.len() as u32 + 1), None, "{value:?}");
        }
    }

    #[test]
    fn running_sums_are_sums_of_tallies() {
        let unit = 2f64.powi(-32);
        let values: std::vec::Vec<f64> =
            [0.0, 1.0, 1.0 / 3.0, 0.5 * unit, 1.5 * unit, 2.5 * unit, 1e-20, 700.1, 524_287.9].into();
        let values: std::vec::Vec<f64> = values.iter().flat_map(|v| [*v, -v, 0.7 * v]).collect();
        check(&values, &[FINE, 1e9, -1e9, f64::INFINITY, f64::NAN]);
        let single: std::vec::Vec<f32> = values.iter().map(|&v| v as f32).filter(|v| v.abs() < 2048.0).collect();
        check(&single, &[2048.0, -2049.0, 1e9, f32::NEG_INFINITY, f32::NAN]);
        // Every place of a significand, both signs, as many as a chunk may hold.
        let ladder: std::vec::Vec<f32> =
            (0..512).map(|i| (1 - i % 2 * 2) as f32 * 1.999_999_9 * 2f32.powi(i / 2 % 54 - 44)).collect();
        check(&ladder, &[]);
    }

    #[test]
    fn nearest_odd_and_saturated() {
        for (value, want) in [(2f64.powi(-33), 0), (3.0 * 2f64.powi(-33), 2), (0.75, 3 << 30), (1e6, 1_000_000 << 32)] {
            assert_eq!((tally(value), tally(-value)), (want, -want));
        }
        assert_eq!([tally(1e10), tally(-1e10), tally(f64::NAN)], [i64::MAX, i64::MIN, 0]);
        for (value, clips) in [(0.0, false), (2_147_483_520.0, false), (2_147_483_648.0, true), (f64::NAN, true)] {
            assert_eq!([value.clips(), (-value).clips(), (value as f32).clips()], [clips; 3], "{value}");
        }
    }
}
