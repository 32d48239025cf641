//! Three ways to round the accumulator to the field's grid, and what each does to the law.
//!
//! Let ρ be the rounding error in units of Δ. Where the noise spreads the fraction of the accumulator evenly,
//!
//! | rule | mean of ρ | its variance |
//! |---|---|---|
//! | to nearest, midpoints up (the core's `rndnu`) | 0 | 1/12 |
//! | stochastic: up with the probability of the fraction | 0 | 1/6 |
//! | truncation (floor) | -1/2 | 1/12 |
//!
//! so to nearest is a temperature 1 + Δ²/(24ε), stochastic rounding one of 1 + Δ²/(12ε), and truncation a constant
//! force -Δ/(2ε).
//!
//! How evenly is a matter of enumeration ([`Rounding::spread`]): with drift and noise multiples of 1/M of a unit, M =
//! 2^(W+1), the fraction has M values, and each starting value gives its own exact mean and variance. Their averages
//! over all M are those of the table but for [`Rounding::lattice`].

use super::{EtaLaw, WIDTH};

/// Fractional bits of the accumulator below the field's unit.
pub const FRACTION: u32 = WIDTH + 3;

/// The lowest two bits of the accumulator are zero: φ·d and k_s·η are shifted by at least two.
const ZEROS: u32 = 2;

/// A rounding rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Nearest, midpoints up.
    Nearest,
    /// Up with the probability of the fraction.
    Stochastic,
    /// Down.
    Truncation,
}

/// How far the moments of the rounding error stray from their averages, over all fractions that the drift may leave.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// Largest deviation of the mean of ρ.
    pub bias: f64,
    /// Its root mean square.
    pub bias_rms: f64,
    /// Largest deviation of the mean square of ρ about the rule's mean.
    pub variance: f64,
}

impl Rounding {
    /// All rules, the core's first.
    pub const ALL: [Self; 3] = [Self::Nearest, Self::Stochastic, Self::Truncation];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nearest => "nearest",
            Self::Stochastic => "stochastic",
            Self::Truncation => "truncation",
        }
    }

    /// Random bits that the rule consumes.
    pub fn bits(self) -> u32 {
        if self == Self::Stochastic { FRACTION } else { 0 }
    }

    /// The two candidates for an accumulator, before saturation, and how many of 2^[`bits`](Self::bits) words choose
    /// each.
    pub fn outcomes(self, accumulator: i64) -> [(i64, u64); 2] {
        let floor = accumulator >> FRACTION;
        let fraction = (accumulator - (floor << FRACTION)) as u64;
        let up = match self {
            Self::Nearest => fraction >> (FRACTION - 1),
            Self::Stochastic => fraction,
            Self::Truncation => 0,
        };
        [(floor, (1 << self.bits()) - up), (floor + 1, up)]
    }

    /// Mean and variance of ρ.
    pub fn law(self) -> (f64, f64) {
        match self {
            Self::Nearest => (0.0, 1.0 / 12.0),
            Self::Stochastic => (0.0, 1.0 / 6.0),
            Self::Truncation => (-0.5, 1.0 / 12.0),
        }
    }

    /// How far mean and variance over a lattice of M fractions are from [`law`](Self::law): 1/2M, where midpoints or
    /// the lower end count whole, and 1/6M².
    pub fn lattice(self) -> (f64, f64) {
        let m = f64::from(1 << (FRACTION - ZEROS));
        let bias = if self == Self::Stochastic { 0.0 } else { 0.5 / m };
        (bias, 1.0 / (6.0 * m * m))
    }

    /// How evenly noise of amplitude `k_s` spreads the fractions.
    pub fn spread(self, k_s: i64, eta: &EtaLaw) -> Spread {
        let (centre, fractions) = (self.law().0, 1 << (FRACTION - ZEROS));
        let moments = |start: i64| {
            let (mut first, mut second) = (0.0, 0.0);
            for (eta, p) in eta.probabilities() {
                let accumulator = (start << ZEROS) + ((k_s * i64::from(eta)) << 4);
                for (n, words) in self.outcomes(accumulator) {
                    let weight = p * words as f64 / (1_u64 << self.bits()) as f64;
                    let stray = error(n, accumulator) - centre;
                    first += weight * stray;
                    second += weight * stray * stray;
                }
            }
            (first, second)
        };
        let all: Vec<(f64, f64)> = (0..fractions).map(moments).collect();
        let average = |of: &dyn Fn(&(f64, f64)) -> f64| all.iter().map(of).sum::<f64>() / fractions as f64;
        let (first, second) = (average(&|m| m.0), average(&|m| m.1));
        let largest = |of: &dyn Fn(&(f64, f64)) -> f64| all.iter().map(of).fold(0.0, f64::max);
        Spread {
            bias: largest(&|m| (m.0 - first).abs()),
            bias_rms: average(&|m| (m.0 - first).powi(2)).sqrt(),
            variance: largest(&|m| (m.1 - second).abs()),
        }
    }
}

/// ρ: what rounding an accumulator to n adds, in units of Δ.
pub fn error(n: i64, accumulator: i64) -> f64 {
    ((n << FRACTION) - accumulator) as f64 / (1 << FRACTION) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the definitions, with one fraction of every kind.
    #[test]
    fn outcomes_by_hand() {
        let unit = 1 << FRACTION;
        for (accumulator, nearest, floor, up) in [
            (0, 0, 0, 0),
            (unit / 2, 1, 0, unit / 2),
            (unit / 2 - 4, 0, 0, unit / 2 - 4),
            (-unit / 4, 0, -1, 3 * unit / 4),
        ] {
            let most =
                |rule: Rounding| rule.outcomes(accumulator).into_iter().max_by_key(|&(_, words)| words).unwrap().0;
            assert_eq!((most(Rounding::Nearest), most(Rounding::Truncation)), (nearest, floor));
            assert_eq!(
                Rounding::Stochastic.outcomes(accumulator),
                [(floor, (unit - up) as u64), (floor + 1, up as u64)]
            );
        }
    }

    /// The mean of stochastic rounding is exact whatever the noise; that of the core's strays with the noise's lattice.
    #[test]
    fn spread_of_the_rules() {
        let eta = EtaLaw::production();
        assert!(Rounding::Stochastic.spread(25, &eta).bias < 1e-14);
        // Amplitude 2^6 moves by half units: fractions stay as they are, up to a half.
        assert!(Rounding::Nearest.spread(64, &eta).bias > 0.24);
        assert!(Rounding::Nearest.spread(25, &eta).bias < 0.02);
    }
}
