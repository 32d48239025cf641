//! Schedules: how fast noise is added. One number, its rate and its integral; every schedule serves every
//! [`process`](super::process).

use core::f64::consts::FRAC_PI_2;

use crate::error::{Error, check_length};
use crate::math::{cos, exp, exp_m1, ln, tan};

/// A rate ≥ 0 of noise on t ∈ [0, 1].
pub trait Schedule {
    /// dΛ/dt.
    fn rate(&self, t: f64) -> f64;
    /// Λ(t) = ∫₀ᵗ rate.
    fn total(&self, t: f64) -> f64;
}

/// `value` must be at least `least`, and finite.
fn at_least(what: &'static str, value: f64, least: f64, want: &'static str) -> Result<f64, Error> {
    if value >= least && value.is_finite() { Ok(value) } else { Err(Error::Domain { what, value, want }) }
}

/// Λ = σ_min²·((σ_max/σ_min)^{2t} - 1): σ grows by equal factors (Song et al., arXiv:2011.13456, Appendix C).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Geometric {
    variance: f64,
    growth: f64,
}

impl Geometric {
    /// 0 < σ_min < σ_max.
    ///
    /// # Errors
    ///
    /// Other values.
    pub fn new(min: f64, max: f64) -> Result<Self, Error> {
        at_least("sigma_min", min, f64::MIN_POSITIVE, "positive and finite")?;
        if max <= min {
            return Err(Error::Domain { what: "sigma_max", value: max, want: "above sigma_min" });
        }
        at_least("sigma_max", max, min, "finite")?;
        Ok(Self { variance: min * min, growth: 2.0 * ln(max / min) })
    }
}

impl Schedule for Geometric {
    fn rate(&self, t: f64) -> f64 {
        self.variance * self.growth * exp(self.growth * t)
    }
    fn total(&self, t: f64) -> f64 {
        self.variance * exp_m1(self.growth * t)
    }
}

/// β(t) = β₀ + (β₁ - β₀)t.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Linear {
    begin: f64,
    end: f64,
}

impl Linear {
    /// β₀ ≥ 0, β₁ > 0.
    ///
    /// # Errors
    ///
    /// Other values.
    pub fn new(begin: f64, end: f64) -> Result<Self, Error> {
        at_least("beta_0", begin, 0.0, "at least 0 and finite")?;
        at_least("beta_1", end, f64::MIN_POSITIVE, "positive and finite")?;
        Ok(Self { begin, end })
    }
}

impl Schedule for Linear {
    fn rate(&self, t: f64) -> f64 {
        self.begin + (self.end - self.begin) * t
    }
    fn total(&self, t: f64) -> f64 {
        self.begin * t + 0.5 * (self.end - self.begin) * t * t
    }
}

/// e^{-Λ} = cos²θ(t)/cos²θ(0), θ = (t·end + s)/(1 + s)·π/2 (Nichol, Dhariwal, arXiv:2102.09672, eq. 17).
///
/// At `end` = 1 the last noise would be infinite; the paper clips it, here the cosine ends earlier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cosine {
    begin: f64,
    speed: f64,
}

impl Cosine {
    /// Offset s ≥ 0 (the paper: 0.008) and 0 < `end` < 1.
    ///
    /// # Errors
    ///
    /// Other values.
    pub fn new(offset: f64, end: f64) -> Result<Self, Error> {
        at_least("cosine offset", offset, 0.0, "at least 0 and finite")?;
        if !(end > 0.0 && end < 1.0) {
            return Err(Error::Domain { what: "cosine end", value: end, want: "above 0 and below 1" });
        }
        let unit = FRAC_PI_2 / (1.0 + offset);
        Ok(Self { begin: offset * unit, speed: end * unit })
    }
}

impl Schedule for Cosine {
    fn rate(&self, t: f64) -> f64 {
        2.0 * self.speed * tan(self.begin + self.speed * t)
    }
    fn total(&self, t: f64) -> f64 {
        2.0 * ln(cos(self.begin) / cos(self.begin + self.speed * t))
    }
}

/// Λ by table at t = 0, 1/N, …, 1, linear in between.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Table<'a>(&'a [f64]);

impl<'a> Table<'a> {
    /// At least two values, the first one 0, rising and finite.
    ///
    /// # Errors
    ///
    /// Other values, or fewer.
    pub fn new(total: &'a [f64]) -> Result<Self, Error> {
        let Some((&first, _)) = total.split_first().filter(|(_, rest)| !rest.is_empty()) else {
            return Err(Error::Length { what: "schedule", got: total.len(), want: 2 });
        };
        if first != 0.0 {
            return Err(Error::Domain { what: "first value of the schedule", value: first, want: "0" });
        }
        for (a, &b) in total.iter().zip(total.iter().skip(1)) {
            if !(b > *a && b.is_finite()) {
                return Err(Error::Domain {
                    what: "value of the schedule",
                    value: b,
                    want: "finite, above the one before",
                });
            }
        }
        Ok(Self(total))
    }

    /// Of a discrete chain Φ_n = √α_n Φ_{n-1} + √(1-α_n) ξ, n = 1..=N: Λ(n/N) = -Σ_{m≤n} ln α_m, 0 < α < 1. Fills
    /// `total` (N + 1 values).
    ///
    /// # Errors
    ///
    /// A table of another length, and an α outside of 0 to 1.
    pub fn of_chain(alpha: &[f64], total: &'a mut [f64]) -> Result<Self, Error> {
        check_length("schedule of the chain", total.len(), alpha.len().saturating_add(1))?;
        let mut sum = 0.0;
        if let Some((first, rest)) = total.split_first_mut() {
            *first = 0.0;
            for (slot, &alpha) in rest.iter_mut().zip(alpha) {
                if !(alpha > 0.0 && alpha < 1.0) {
                    return Err(Error::Domain { what: "alpha", value: alpha, want: "above 0 and below 1" });
                }
                sum -= ln(alpha);
                *slot = sum;
            }
        }
        Self::new(total)
    }

    /// Value at the beginning of the interval of t, rise in it, position in it in [0, 1], number of intervals.
    fn interval(&self, t: f64) -> (f64, f64, f64, f64) {
        let count = self.0.len().saturating_sub(1);
        let x = t * count as f64;
        let n = (x as usize).min(count.saturating_sub(1));
        let at = |n: usize| self.0.get(n).copied().unwrap_or_default();
        (at(n), at(n.saturating_add(1)) - at(n), x - n as f64, count as f64)
    }
}

impl Schedule for Table<'_> {
    fn rate(&self, t: f64) -> f64 {
        let (_, rise, _, count) = self.interval(t);
        rise * count
    }
    fn total(&self, t: f64) -> f64 {
        let (value, rise, part, _) = self.interval(t);
        value + rise * part
    }
}
