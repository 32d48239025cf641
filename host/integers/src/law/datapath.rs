//! One site's update as integers: n' = sat(⌊(c(n) + a·η + o)/u⌋).
//!
//! c(n) is the accumulator without noise, a the accumulator units of one unit of η, u those of one unit of the field, o
//! the rounding offset: u/2 to nearest with midpoints up, 0 for truncation. For `Fx<W>` the accumulator has 2W-1
//! fractional bits, so u = 2^(W+3) and a = 16·k_s.

use stoquant_core::action::{Drift, QuarticDrift};
use stoquant_core::arith::Arith;
use stoquant_core::error::Error;

/// A one-site update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datapath {
    /// W; the field has W - 4 fractional bits.
    pub width: u32,
    /// c(n) for n = -max..=max.
    pub centre: Vec<i64>,
    /// a.
    pub amplitude: i64,
    /// u.
    pub unit: i64,
    /// o.
    pub offset: i64,
}

/// Where an update rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// To nearest, midpoints up.
    Nearest,
    /// Down.
    Truncate,
}

impl Datapath {
    /// The update of an arithmetic, from its own operations on every state. Refused where its last rounding is not the
    /// floor of a sum with an offset, its noise is not linear in η, or the format has other units or too many states.
    pub fn of<A: Arith<Wide = i64>>(drift: &impl Drift<A>, sigma: A::Sigma) -> Result<Self, Error> {
        let width = A::NOISE_WIDTH;
        if A::FIELD_LSB != lsb(width) || width > 18 {
            let want = "at most 18, of which four are no fractional bits";
            return Err(Error::Domain { what: "width", value: f64::from(width), want });
        }
        let max = (1_i64 << (width - 1)) - 1;
        // Every |n| ≤ max is a valid site.
        let site = |n: i64| A::from_bits(n as u64 & ((1 << width) - 1)).unwrap_or_default();
        let drift = |phi: A| drift.drift(0, phi, A::Sum::default(), &mut 0);
        let centre = (-max..=max).map(|n| site(n).widen() + drift(site(n))).collect();
        let unit = site(1).widen();
        let narrow = |wide: i64| (A::narrow(wide, &mut 0).value() / A::FIELD_LSB) as i64;
        // The least accumulator that rounds to 1, by bisection between 0 and two units.
        let (mut below, mut above) = (0, 2 * unit);
        while above - below > 1 {
            let middle = (below + above) / 2;
            *(if narrow(middle) >= 1 { &mut above } else { &mut below }) = middle;
        }
        let offset = unit - above;
        let edge = |n: i64| n * unit - offset;
        if !(-5..5).all(|n| narrow(edge(n)) == n && narrow(edge(n) - 1) == n - 1) {
            let value = offset as f64 / unit as f64;
            return Err(Error::Domain { what: "rounding offset", value, want: "the same on every unit of the field" });
        }
        let amplitude = A::mul_noise(sigma, 1);
        let linear = |eta: i32| A::mul_noise(sigma, eta) == amplitude * i64::from(eta);
        if amplitude <= 0 || !(-9..9).all(|k| linear(1001 * k)) {
            let want = "positive, and the noise linear in it";
            return Err(Error::Domain { what: "noise amplitude", value: amplitude as f64, want });
        }
        Ok(Self { width, centre, amplitude, unit, offset })
    }

    /// These coefficients with exact products: ⌊φ(k_a - k_c φ²)⌋ in accumulator units, d unbounded, so that the last
    /// rounding is the only one. (The floor loses nothing: all else in the sum is an integer.)
    pub fn exact_products(self, linear: f64, cubic: f64) -> Self {
        let Self { width, .. } = self;
        let max = (1_i128 << (width - 1)) - 1;
        // k_a has 2W-4 fractional bits, k_c has W+3, φ has W-4: φ·k_a has 3W-8, φ³·k_c 4W-9, the accumulator 2W-1.
        let linear = (linear * (2.0 * f64::from(width) - 4.0).exp2()) as i128;
        let cubic = (cubic * (f64::from(width) + 3.0).exp2()) as i128;
        let centre = (-max..=max).map(|n| {
            // In units of 2^-(4W-9): 3·17 + 18 bits for W = 18.
            let exact = ((n * linear) << (width - 1)) - n * n * n * cubic;
            ((n << (width + 3)) + (exact >> (2 * width - 8))) as i64
        });
        Self { centre: centre.collect(), ..self }
    }

    /// This update with another last rounding.
    pub fn rounding(self, rule: Rounding) -> Self {
        let offset = match rule {
            Rounding::Nearest => self.unit / 2,
            Rounding::Truncate => 0,
        };
        Self { offset, ..self }
    }

    /// Largest |n|.
    pub fn max(&self) -> i64 {
        (self.centre.len() / 2) as i64
    }

    /// Field spacing Δ.
    pub fn lsb(&self) -> f64 {
        lsb(self.width)
    }

    /// n' of the state n for one noise.
    pub fn step(&self, n: i64, eta: i64) -> i64 {
        let wide = self.centre[(n + self.max()) as usize] + self.amplitude * eta + self.offset;
        wide.div_euclid(self.unit).clamp(-self.max(), self.max())
    }
}

/// Coefficients of a quartic drift as numbers: (k_a, k_c).
pub fn coefficients<A: Arith>(drift: &QuarticDrift<A>) -> (f64, f64) {
    (A::slope_value(drift.linear), A::gain_value(drift.cubic))
}

fn lsb(width: u32) -> f64 {
    (4.0 - f64::from(width)).exp2()
}
