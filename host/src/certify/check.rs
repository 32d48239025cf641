//! Checks, their verdicts, and the calibration of a suite.

use serde::Serialize;

use super::figure::Figure;
use super::findings::Findings;
use crate::analysis::{Gamma, Status, stats};

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
    /// |z| below the suite's threshold, z standard normal if all is right.
    Normal(f64),
    /// The statistic could not be formed.
    Undecided,
}

/// One line of a certificate.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// Rung of the ladder.
    pub rung: &'static str,
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
    /// The deviation that a statistical check undertakes to detect with probability 0.99; infinite where it promises none.
    pub detecting: f64,
}

impl Check {
    /// A deterministic check.
    pub fn bound(rung: &'static str, name: impl Into<String>, value: f64, expected: f64, bound: f64) -> Self {
        let name = name.into();
        Self { rung, name, value, expected, error: bound, criterion: Criterion::Bound, detecting: f64::INFINITY }
    }

    /// A value with a known standard error against its expectation.
    pub fn normal(rung: &'static str, name: impl Into<String>, value: f64, expected: f64, error: f64) -> Self {
        let criterion = Criterion::Normal((value - expected) / error);
        Self { criterion, ..Self::bound(rung, name, value, expected, error) }
    }

    /// A check that could not be made: its name says why.
    pub fn undecided(rung: &'static str, name: impl Into<String>) -> Self {
        Self { criterion: Criterion::Undecided, ..Self::bound(rung, name, f64::NAN, f64::NAN, f64::NAN) }
    }

    /// The same with a promise: a deviation of `delta` is detected with probability 0.99 at the level that the suite leaves
    /// it. A run too short to keep it is undecided.
    pub fn detecting(self, delta: f64) -> Self {
        Self { detecting: delta, ..self }
    }

    /// A count that must be zero.
    pub fn none(rung: &'static str, name: impl Into<String>, count: usize) -> Self {
        Self::bound(rung, name, count as f64, 0.0, 0.0)
    }

    /// A mean with its autocorrelation analysis against a value known to `systematic`.
    pub fn statistic(
        rung: &'static str,
        name: impl Into<String>,
        gamma: &Gamma,
        expected: f64,
        systematic: f64,
    ) -> Self {
        // What the expectation leaves open (a numerical bound, a neglected order) is granted in full before z is formed.
        let deviation = gamma.value - expected;
        let excess = (deviation.abs() - systematic).max(0.0).copysign(deviation);
        let criterion = match gamma.status {
            Status::TooCorrelated => Criterion::Undecided,
            _ if gamma.error > 0.0 => Criterion::Normal(stats::student_to_z(excess / gamma.error, gamma.dof())),
            // A series that does not fluctuate must be exactly right.
            _ => Criterion::Bound,
        };
        Self { criterion, ..Self::bound(rung, name, gamma.value, expected, gamma.error) }
    }
}

impl Check {
    /// Two independent means of the same quantity.
    pub fn difference(rung: &'static str, name: impl Into<String>, a: &Gamma, b: &Gamma, systematic: f64) -> Self {
        let both = Gamma {
            error: a.error.hypot(b.error),
            // Fewer degrees of freedom: heavier tails, the safe side.
            measurements: a.dof().min(b.dof()) as usize,
            window: 0,
            status: if b.status == Status::TooCorrelated { b.status } else { a.status },
            ..a.clone()
        };
        Self::statistic(rung, name, &both, b.value, systematic)
    }
}

/// A judged check, as it is printed and written.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judged {
    /// Rung of the ladder.
    pub rung: &'static str,
    /// What was checked.
    pub name: String,
    /// Value found.
    pub value: f64,
    /// Value expected.
    pub expected: f64,
    /// Allowed deviation or standard error.
    pub error: f64,
    /// Standard normal deviation; absent for a bound.
    pub z: Option<f64>,
    /// The verdict.
    pub verdict: Verdict,
    /// Smallest deviation that this check detects with probability 0.99 (statistical checks) or certainly (bounds).
    pub detects: f64,
}

/// A judged suite.
#[derive(Clone, Debug, Serialize)]
pub struct Certificate {
    /// Pass or fail.
    pub verdict: Verdict,
    /// Probability that a correct sampler fails anywhere in the suite, at most.
    pub false_alarm_rate: f64,
    /// Threshold of |z|.
    pub z_threshold: f64,
    /// What was asked for but has no exact expectation, and why: not checked, not passed.
    pub not_applicable: Vec<String>,
    /// All checks.
    pub checks: Vec<Judged>,
    /// Figures, each with its data.
    pub figures: Vec<Figure>,
}

/// Suite-wide probability of a false alarm, shared out evenly (Bonferroni).
pub const FALSE_ALARM_RATE: f64 = 1e-6;

/// 99% power: the one-sided normal quantile.
const POWER_99: f64 = 2.326;

impl Certificate {
    /// Judge a suite. NaN fails; an empty suite fails.
    pub fn judge(findings: impl Into<Findings>) -> Self {
        let Findings { checks, figures, not_applicable } = findings.into();
        let statistical = checks.iter().filter(|c| matches!(c.criterion, Criterion::Normal(_))).count();
        let threshold = stats::z_threshold(FALSE_ALARM_RATE, statistical.max(1));
        let checks: Vec<Judged> = checks
            .into_iter()
            .map(|c| {
                let (z, good, detects) = match c.criterion {
                    Criterion::Bound => (None, (c.value - c.expected).abs() <= c.error, c.error),
                    Criterion::Normal(z) => (Some(z), z.abs() <= threshold, (threshold + POWER_99) * c.error),
                    Criterion::Undecided => (None, false, f64::INFINITY),
                };
                let verdict = match c.criterion {
                    Criterion::Undecided => Verdict::Undecided,
                    _ if good => Verdict::Pass,
                    _ => Verdict::Fail,
                };
                let Check { rung, name, value, expected, error, .. } = c;
                Judged { rung, name, value, expected, error, z, verdict, detects }
            })
            .collect();
        let passed = !checks.is_empty() && checks.iter().all(|c| c.verdict == Verdict::Pass);
        Self {
            verdict: if passed { Verdict::Pass } else { Verdict::Fail },
            false_alarm_rate: FALSE_ALARM_RATE,
            z_threshold: threshold,
            not_applicable,
            checks,
            figures,
        }
    }

    /// The checks that did not pass.
    pub fn failures(&self) -> impl Iterator<Item = &Judged> {
        self.checks.iter().filter(|c| c.verdict != Verdict::Pass)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_passes_by_default() {
        assert_eq!(Certificate::judge(Vec::<Check>::new()).verdict, Verdict::Fail);
        let nan = Check::bound("r", "nan", f64::NAN, 0.0, 1.0);
        assert_eq!(Certificate::judge(vec![nan]).verdict, Verdict::Fail);
        let off = Check::bound("r", "off", 1.0, 0.0, 0.5);
        assert_eq!(Certificate::judge(vec![off]).verdict, Verdict::Fail);
        let nan = Check { criterion: Criterion::Normal(f64::NAN), ..Check::none("r", "z", 0) };
        assert_eq!(Certificate::judge(vec![nan]).verdict, Verdict::Fail);
    }

    /// One test at 1e-6 two-sided stands at z = 4.8916; N share the rate.
    #[test]
    fn threshold_is_shared() {
        let check = |z| Check { criterion: Criterion::Normal(z), ..Check::none("r", "z", 0) };
        let one = Certificate::judge(vec![check(4.89)]);
        assert!((one.z_threshold - 4.891_638).abs() < 1e-5 && one.verdict == Verdict::Pass);
        assert_eq!(Certificate::judge(vec![check(-4.90)]).verdict, Verdict::Fail);
        let many = Certificate::judge((0..100).map(|_| check(5.0)).collect::<Vec<_>>());
        assert!(many.z_threshold > 5.7 && many.verdict == Verdict::Pass);
    }
}
