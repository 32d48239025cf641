//! The judgement of a suite: Holm's step-down over all statistical checks, and what each of them was able to see.
//!
//! Every statistical check is tested at the level that Holm leaves it, so that a correct sampler fails anywhere with
//! probability [`FALSE_ALARM_RATE`] at most. What a check detects, and the samples that its promise asks for, are
//! stated at the first and strictest of these levels, rate/number of checks: no outcome makes the statement less than
//! true.

use serde::Serialize;

use super::check::{Check, Criterion, Verdict};
use super::figure::Figure;
use super::findings::Findings;
use super::rung::Rung;
use super::{Level, overview};
use stoquant_exact::analysis::stats;

/// Probability that a correct sampler fails anywhere in the suite, at most.
pub const FALSE_ALARM_RATE: f64 = 1e-6;

/// A judged check, as it is printed and written.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judged {
    /// Rung of the ladder.
    pub rung: Rung,
    /// What was checked.
    pub name: String,
    /// Value found.
    pub value: f64,
    /// Value expected.
    pub expected: f64,
    /// Allowed deviation or standard error.
    pub error: f64,
    /// What the expectation leaves open; taken off the deviation before z is formed.
    pub systematic: f64,
    /// Standard normal deviation; absent for a bound, as all that follows but `detects`.
    pub z: Option<f64>,
    /// Two-sided probability of a deviation as large as this.
    pub p: Option<f64>,
    /// The level that Holm's step-down left this check: it fails at or below.
    pub false_alarm_rate: Option<f64>,
    /// The verdict.
    pub verdict: Verdict,
    /// Smallest deviation that this check detects with probability 0.99 (statistical checks) or certainly (bounds).
    pub detects: f64,
    /// The deviation that it undertook to detect with probability 0.99; undecided where `detects` is larger.
    pub promised: Option<f64>,
    /// Independent samples taken, N/(2τ_int).
    pub samples: Option<f64>,
    /// Independent samples that the promise needs, with σ and τ_int as measured.
    pub samples_needed: Option<f64>,
}

impl Judged {
    fn new(check: Check, first: f64, level: Option<f64>) -> Self {
        let (detects, needed) = (check.detects(first), check.samples_needed(first));
        let (z, p) = match check.criterion {
            Criterion::Normal(z) => (Some(z), Some(check.p())),
            _ => (None, None),
        };
        let Check { rung, mut name, value, expected, error, systematic, criterion, promised, samples, .. } = check;
        let verdict = match (criterion, p, level) {
            (Criterion::Bound, ..) if (value - expected).abs() <= error => Verdict::Pass,
            (Criterion::Normal(_), Some(p), Some(level)) if p > level => {
                if detects <= promised {
                    Verdict::Pass
                } else {
                    name += ": too short for its promise";
                    Verdict::Undecided
                }
            }
            (Criterion::Undecided, ..) => Verdict::Undecided,
            // NaN is among these.
            _ => Verdict::Fail,
        };
        let finite = |x: f64| x.is_finite().then_some(x);
        Self {
            rung,
            name,
            value,
            expected,
            error,
            systematic,
            z,
            p,
            false_alarm_rate: level,
            verdict,
            detects,
            promised: finite(promised),
            samples: z.and(finite(samples)),
            samples_needed: finite(needed),
        }
    }
}

/// A judged suite.
#[derive(Clone, Debug, Serialize)]
pub struct Certificate {
    /// Pass or fail.
    pub verdict: Verdict,
    /// What was certified.
    pub engine: String,
    /// How far the rungs were climbed.
    pub level: Level,
    /// Seed of all that was run.
    pub seed: u64,
    /// Probability that a correct sampler fails anywhere in the suite, at most.
    pub false_alarm_rate: f64,
    /// |z| at the first level of Holm's step-down.
    pub z_threshold: f64,
    /// What was asked for but has no exact expectation, and why: not checked, not passed.
    pub not_applicable: Vec<String>,
    /// All checks.
    pub checks: Vec<Judged>,
    /// Figures, each with its data.
    pub figures: Vec<Figure>,
}

impl Certificate {
    /// Judge a suite. NaN fails; an empty suite fails. The level is the standard one and the seed 0, unless said
    /// otherwise.
    pub fn judge(findings: impl Into<Findings>) -> Self {
        let Findings { checks, mut figures, not_applicable } = findings.into();
        let statistical = |c: &&Check| matches!(c.criterion, Criterion::Normal(_));
        let p: Vec<f64> = checks.iter().filter(statistical).map(Check::p).collect();
        let first = stats::bonferroni(FALSE_ALARM_RATE, p.len());
        let mut levels = stats::holm_levels(&p, FALSE_ALARM_RATE).into_iter();
        let checks: Vec<Judged> = checks
            .into_iter()
            .map(|check| {
                let level = if statistical(&&check) { levels.next() } else { None };
                Judged::new(check, first, level)
            })
            .collect();
        figures.extend(overview::figures(&checks));
        let passed = !checks.is_empty() && checks.iter().all(|c| c.verdict == Verdict::Pass);
        Self {
            engine: String::new(),
            verdict: if passed { Verdict::Pass } else { Verdict::Fail },
            level: Level::default(),
            seed: 0,
            false_alarm_rate: FALSE_ALARM_RATE,
            z_threshold: stats::z_from_two_sided(first),
            not_applicable,
            checks,
            figures,
        }
    }

    /// The checks that did not pass.
    pub fn failures(&self) -> impl Iterator<Item = &Judged> {
        self.checks.iter().filter(|c| c.verdict != Verdict::Pass)
    }

    /// The rungs that have checks or figures, in the order of the ladder.
    pub fn rungs(&self) -> Vec<Rung> {
        let mine =
            |rung| self.checks.iter().any(|c| c.rung == rung) || self.figures.iter().any(|f| f.rung == Some(rung));
        Rung::all().filter(|&rung| mine(rung)).collect()
    }

    /// The checks of a rung.
    pub fn of(&self, rung: Rung) -> impl Iterator<Item = &Judged> {
        self.checks.iter().filter(move |check| check.rung == rung)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(z: f64) -> Check {
        Check::normal(Rung::Words, "z", z, 0.0, 1.0)
    }

    #[test]
    fn nothing_passes_by_default() {
        assert_eq!(Certificate::judge(Vec::<Check>::new()).verdict, Verdict::Fail);
        let nan = Check::bound(Rung::Words, "nan", f64::NAN, 0.0, 1.0);
        assert_eq!(Certificate::judge(vec![nan]).verdict, Verdict::Fail);
        let off = Check::bound(Rung::Words, "off", 1.0, 0.0, 0.5);
        assert_eq!(Certificate::judge(vec![off]).verdict, Verdict::Fail);
        for promise in [1.0, f64::INFINITY] {
            let nan = Certificate::judge(vec![normal(f64::NAN).promising(promise)]);
            assert_eq!(nan.checks[0].verdict, Verdict::Fail);
        }
        let unknown = Certificate::judge(vec![Check::undecided(Rung::Words, "why")]);
        assert_eq!((unknown.verdict, unknown.checks[0].verdict), (Verdict::Fail, Verdict::Undecided));
    }

    /// One test at 1e-6 two-sided stands at z = 4.8916; N share the rate.
    #[test]
    fn rate_is_shared() {
        let one = Certificate::judge(vec![normal(4.89)]);
        assert!((one.z_threshold - 4.891_638).abs() < 1e-5 && one.verdict == Verdict::Pass);
        assert_eq!(Certificate::judge(vec![normal(-4.90)]).verdict, Verdict::Fail);
        let many = Certificate::judge((0..100).map(|_| normal(5.0)).collect::<Vec<_>>());
        assert!(many.z_threshold > 5.7 && many.verdict == Verdict::Pass);
    }

    /// With one of two rejected, the other is tested at the full rate: it fails at 4.95, which the first level, z =
    /// 5.0263, would have passed.
    #[test]
    fn a_rejection_leaves_more_to_the_rest() {
        let verdicts = |zs: [f64; 2]| Certificate::judge(zs.map(normal).to_vec()).checks.into_iter().map(|c| c.verdict);
        assert!(verdicts([4.95, 1.0]).eq([Verdict::Pass, Verdict::Pass]));
        assert!(verdicts([4.95, 9.0]).eq([Verdict::Fail, Verdict::Fail]));
        let two = Certificate::judge([1.0, 9.0].map(normal).to_vec());
        assert_eq!([two.checks[0].false_alarm_rate, two.checks[1].false_alarm_rate], [Some(1e-6), Some(5e-7)]);
        // Bounds have no false alarms, and take no share.
        let beside = Certificate::judge(vec![normal(1.0), Check::none(Rung::Words, "count", 0)]);
        assert_eq!(beside.checks[0].false_alarm_rate, Some(1e-6));
    }

    /// One test at 1e-6, power 0.99: z_α + z_β = 4.891638 + 2.326348 standard errors. The systematic part is not seen
    /// at all.
    #[test]
    fn a_run_too_short_for_its_promise_is_undecided() {
        let judged = |promise: f64| {
            let check = Check { systematic: 1.0, ..normal(0.5) }.from_samples(100.0).promising(promise);
            Certificate::judge(vec![check]).checks.remove(0)
        };
        let kept = judged(8.3);
        assert!((kept.detects - 8.217_986).abs() < 1e-5 && kept.verdict == Verdict::Pass, "{kept:?}");
        assert_eq!(judged(8.2).verdict, Verdict::Undecided);
        assert_eq!(judged(0.5).verdict, Verdict::Undecided);
        // Half the discrepancy beyond the systematic part takes four times the samples.
        let needed = |promise| judged(promise).samples_needed.expect("a promise");
        assert!((needed(1.0 + 7.217_986) - 100.0).abs() < 1e-3 && (needed(1.0 + 7.217_986 / 2.0) - 400.0).abs() < 4e-3);
        // A failure stays one, however short the run.
        let failed = Certificate::judge(vec![normal(9.0).promising(0.1)]);
        assert_eq!(failed.checks[0].verdict, Verdict::Fail);
    }
}
