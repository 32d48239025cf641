//! Checks: a value, what it must be, and how far it may be off.

use serde::Serialize;

use stoquant_exact::analysis::{Gamma, Status, stats};

use super::rung::Rung;

/// The outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Value and expectation agree.
    Pass,
    /// They do not.
    Fail,
    /// Could not be decided: the reason is in the name. Counts as a failure of the suite.
    Undecided,
}

/// How a deviation is judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Criterion {
    /// |value - expected| ≤ error: exact arithmetic or a proved bound. False-alarm rate 0.
    Bound,
    /// z standard normal if all is right; rejected by Holm's step-down over the suite.
    Normal(f64),
    /// The statistic could not be formed.
    Undecided,
}

/// The largest of some deviations, whatever their signs; infinite where one is no number.
pub fn largest(deviations: impl IntoIterator<Item = f64>) -> f64 {
    deviations.into_iter().fold(0.0, |most: f64, off| if off.is_nan() { f64::INFINITY } else { most.max(off.abs()) })
}

/// The normal quantile of a power of 99%.
pub const POWER_99: f64 = 2.326_347_874_040_841;

/// One line of a certificate.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// Rung of the ladder.
    pub rung: Rung,
    /// What was checked.
    pub name: String,
    /// Value found.
    pub value: f64,
    /// Value expected.
    pub expected: f64,
    /// Allowed deviation (bound) or standard error.
    pub error: f64,
    /// How it is judged.
    pub criterion: Criterion,
    /// The deviation that a statistical check undertakes to detect with probability 0.99; infinite where it promises
    /// none.
    pub promised: f64,
    /// What the expectation leaves open (a numerical bound, a neglected order): taken off the deviation before z is
    /// formed.
    pub systematic: f64,
    /// Degrees of freedom of `error`; infinite where it is known.
    pub dof: f64,
    /// Independent samples that `error` stands for, N/(2τ_int); NaN where it does not come from a run.
    pub samples: f64,
    /// The power of 1/δ with which the samples grow that a discrepancy δ needs: 2 for a mean, 1 for a χ² of counts.
    pub exponent: i32,
}

impl Check {
    /// A deterministic check.
    pub fn bound(rung: Rung, name: impl Into<String>, value: f64, expected: f64, bound: f64) -> Self {
        Self {
            rung,
            name: name.into(),
            value,
            expected,
            error: bound,
            criterion: Criterion::Bound,
            promised: f64::INFINITY,
            systematic: 0.0,
            dof: f64::INFINITY,
            samples: f64::NAN,
            exponent: 2,
        }
    }

    /// A value with a known standard error against its expectation.
    pub fn normal(rung: Rung, name: impl Into<String>, value: f64, expected: f64, error: f64) -> Self {
        let criterion = Criterion::Normal((value - expected) / error);
        Self { criterion, ..Self::bound(rung, name, value, expected, error) }
    }

    /// A check that could not be made: its name says why.
    pub fn undecided(rung: Rung, name: impl Into<String>) -> Self {
        Self { criterion: Criterion::Undecided, ..Self::bound(rung, name, f64::NAN, f64::NAN, f64::NAN) }
    }

    /// Adds a promise: a deviation of `delta` is detected with probability 0.99 at the level that the suite
    /// leaves it. A run too short to keep it is undecided.
    pub fn promising(self, delta: f64) -> Self {
        Self { promised: delta, ..self }
    }

    /// Adds the number of independent samples that the error stands for.
    pub fn from_samples(self, samples: f64) -> Self {
        Self { samples, ..self }
    }

    /// Makes it a χ² of so many counts: what a discrepancy adds to it grows with their number, its spread does not.
    pub fn from_counts(self, samples: f64) -> Self {
        Self { samples, exponent: 1, ..self }
    }

    /// Two-sided probability of a deviation as large as this one, if all is right; NaN for a bound.
    pub fn p(&self) -> f64 {
        match self.criterion {
            Criterion::Normal(z) => stats::two_sided(z),
            _ => f64::NAN,
        }
    }

    /// The smallest deviation that a test at level `alpha` detects with probability 0.99; for a bound, with certainty.
    pub fn detects(&self, alpha: f64) -> f64 {
        match self.criterion {
            Criterion::Bound => self.error,
            Criterion::Normal(_) => self.systematic + stats::detectable(alpha, POWER_99, self.dof) * self.error,
            Criterion::Undecided => f64::INFINITY,
        }
    }

    /// The samples that keep the promise at level `alpha`, n = ((z_α + z_β)σ/δ)² with σ and τ_int as measured (for a χ²
    /// without the square); NaN without one.
    pub fn samples_needed(&self, alpha: f64) -> f64 {
        if self.promised.is_infinite() || !matches!(self.criterion, Criterion::Normal(_)) {
            return f64::NAN;
        }
        let beyond = (self.promised - self.systematic).max(0.0);
        self.samples * ((self.detects(alpha) - self.systematic) / beyond).powi(self.exponent)
    }

    /// A count that must be zero.
    pub fn none(rung: Rung, name: impl Into<String>, count: usize) -> Self {
        Self::bound(rung, name, count as f64, 0.0, 0.0)
    }

    /// A mean with its autocorrelation analysis against a value known to `systematic`.
    pub fn statistic(rung: Rung, name: impl Into<String>, gamma: &Gamma, expected: f64, systematic: f64) -> Self {
        let deviation = gamma.value - expected;
        let excess = (deviation.abs() - systematic).max(0.0).copysign(deviation);
        let criterion = match gamma.status {
            Status::TooCorrelated => Criterion::Undecided,
            _ if gamma.error > 0.0 => Criterion::Normal(stats::student_to_z(excess / gamma.error, gamma.dof())),
            // A series that does not fluctuate must be exactly right.
            _ => Criterion::Bound,
        };
        Self {
            criterion,
            systematic,
            dof: gamma.dof(),
            samples: gamma.measurements as f64 / (2.0 * gamma.tau_int),
            ..Self::bound(rung, name, gamma.value, expected, gamma.error)
        }
    }

    /// Two independent means of the same quantity.
    pub fn difference(rung: Rung, name: impl Into<String>, a: &Gamma, b: &Gamma, systematic: f64) -> Self {
        let both = Gamma {
            error: a.error.hypot(b.error),
            // Fewer degrees of freedom: heavier tails, the safe side.
            measurements: a.dof().min(b.dof()) as usize,
            window: 0,
            status: if b.status == Status::TooCorrelated { b.status } else { a.status },
            ..a.clone()
        };
        let samples = a.measurements as f64 / (2.0 * a.tau_int);
        Self::statistic(rung, name, &both, b.value, systematic).from_samples(samples)
    }
}
