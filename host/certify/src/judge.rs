//! The judge is judged first: findings whose verdict is known are handed to it, and what it says is compared here, by
//! code that the judge does not contain.
//!
//! The planted findings are bounds kept and missed on either side, z of either sign at, below and beyond the level that
//! a suite leaves, numbers that are none, checks that could not be made, and runs too short for their promise. Tail
//! probabilities are compared with closed forms: `erfc`, Student's t with one, two and four degrees of freedom.

use super::Level;
use super::certificate::{Certificate, FALSE_ALARM_RATE};
use super::check::{Check, Criterion, Verdict, largest};
use super::findings::Findings;
use super::parts::Part;
use super::rung::Rung;
use stoquant_exact::analysis::{Gamma, Status, stats};

const RUNG: Rung = Rung::Judge;

/// A judge of findings.
pub type Judge = fn(Findings) -> Certificate;

/// The certificate of an engine. It fails where the judge is wrong about any planted suite, whatever the judge says.
pub fn certificate(engine: String, level: Level, seed: u64, findings: Findings) -> Certificate {
    let mut certificate = Certificate { engine, level, seed, ..Certificate::judge(findings) };
    if audit(Certificate::judge).iter().any(|(_, wrong)| *wrong > 0) {
        certificate.verdict = Verdict::Fail;
        for check in certificate.checks.iter_mut().filter(|check| check.rung == RUNG) {
            check.verdict = Verdict::Fail;
        }
    }
    certificate
}

/// The rung, which every certificate begins with.
pub fn part() -> Part {
    Part::new(RUNG, "judge", |_| Ok(checks().into()))
}

/// The checks of the rung.
pub fn checks() -> Vec<Check> {
    let audited = audit(Certificate::judge).into_iter().map(|(name, wrong)| Check::none(RUNG, name, wrong));
    audited.chain(probabilities()).collect()
}

fn bound(value: f64) -> Check {
    Check::bound(RUNG, "planted", value, 1.0, 0.5)
}

fn normal(z: f64) -> Check {
    // Value, expectation and error of a statistic as any other, and not z itself.
    Check::normal(RUNG, "planted", 3.0 + 0.25 * z, 3.0, 0.25)
}

/// A statistic whose z is given, whatever its value is.
fn given(z: f64) -> Check {
    Check { criterion: Criterion::Normal(z), ..bound(1.0) }
}

/// A statistic beside so many that are right.
fn among(count: usize, last: Check) -> Vec<Check> {
    (1..count).map(|i| normal(f64::from(i as u32 % 5) - 2.0)).chain([last]).collect()
}

/// A mean of a thousand measurements that is off by so many errors; its error has 40 degrees of freedom.
fn series(t: f64) -> Check {
    let gamma = Gamma {
        value: 2.0 + 0.1 * t,
        error: 0.1,
        error_of_error: 0.01,
        tau_int: 5.0,
        tau_int_error: 1.0,
        window: 12,
        rho: vec![],
        measurements: 1000,
        replica_q: None,
        status: Status::Converged,
    };
    Check::statistic(RUNG, "planted", &gamma, 2.0, 0.0)
}

/// For every planted suite: its name, and in how many ways the judge is wrong about it.
pub fn audit(judge: Judge) -> Vec<(String, usize)> {
    use Verdict::{Fail, Pass, Undecided};
    // The level of one statistic alone, |z| = 4.8916; of one of 600, 6.03.
    let suites: Vec<(&str, Vec<Check>, Verdict)> = vec![
        ("nothing at all", vec![], Fail),
        ("a bound kept from above", vec![bound(1.5)], Pass),
        ("a bound kept from below", vec![bound(0.5)], Pass),
        ("a bound missed above", vec![bound(1.0), bound(1.5 + 1e-12)], Fail),
        ("a bound missed below", vec![bound(1.0), bound(0.5 - 1e-12)], Fail),
        ("a bound missed far above", vec![bound(1.0), bound(1e300)], Fail),
        ("a bound missed far below", vec![bound(1.0), bound(-1e300)], Fail),
        ("a bound that is no number", vec![bound(1.0), bound(f64::NAN)], Fail),
        ("a bound that is infinite", vec![bound(f64::INFINITY)], Fail),
        ("a bound that is minus infinite", vec![bound(f64::NEG_INFINITY)], Fail),
        ("an expectation that is no number", vec![Check::bound(RUNG, "planted", 1.0, f64::NAN, 0.5)], Fail),
        ("an error that is no number", vec![Check::bound(RUNG, "planted", 1.0, 1.0, f64::NAN)], Fail),
        ("a count that is not 0", vec![Check::none(RUNG, "planted", 0), Check::none(RUNG, "planted", 1)], Fail),
        ("a check that could not be made", vec![bound(1.0), Check::undecided(RUNG, "planted")], Undecided),
        ("z = 4.88 alone", vec![normal(4.88)], Pass),
        ("z = -4.88 alone", vec![normal(-4.88)], Pass),
        ("z = 4.90 alone", vec![normal(4.90)], Fail),
        ("z = -4.90 alone", vec![normal(-4.90)], Fail),
        ("z = 5.95 of 600", among(600, normal(5.95)), Pass),
        ("z = -5.95 of 600", among(600, normal(-5.95)), Pass),
        ("z = 6.10 of 600", among(600, normal(6.10)), Fail),
        ("z = -6.10 of 600", among(600, normal(-6.10)), Fail),
        // p = 1e-12: what is cut off at a larger probability passes.
        ("z = 7.14 of 10000", among(10_000, normal(7.14)), Fail),
        ("z = -7.14 of 10000", among(10_000, normal(-7.14)), Fail),
        ("z = 40 of 600", among(600, normal(40.0)), Fail),
        ("z = infinite of 600", among(600, given(f64::INFINITY)), Fail),
        ("z = minus infinite of 600", among(600, given(f64::NEG_INFINITY)), Fail),
        ("z that is no number of 600", among(600, given(f64::NAN)), Fail),
        ("a value that is no number", vec![Check::normal(RUNG, "planted", f64::NAN, 0.0, 1.0)], Fail),
        ("an error of a statistic that is 0", vec![Check::normal(RUNG, "planted", 1.0, 0.0, 0.0)], Fail),
        // Two share the rate, |z| = 5.026; one that is left has all of it.
        ("z = 4.95 beside z = 9, which leaves it the rate of one alone", vec![normal(9.0), normal(4.95)], Fail),
        ("a promise kept", vec![normal(1.0).from_samples(100.0).promising(0.25 * 7.3)], Pass),
        ("a promise not kept", vec![normal(1.0).from_samples(100.0).promising(0.25 * 7.1)], Undecided),
        ("a promise of nothing", vec![normal(0.0).from_samples(100.0).promising(0.0)], Undecided),
        ("a failure too short for its promise", vec![normal(9.0).promising(0.1)], Fail),
        // Student's t with 40 degrees of freedom at 1e-6 two-sided: 5.77.
        ("a mean of a short series, t = 5.7", vec![series(5.7)], Pass),
        ("a mean of a short series, t = -5.7", vec![series(-5.7)], Pass),
        ("a mean of a short series, t = 5.85", vec![series(5.85)], Fail),
        ("a mean of a short series, t = -5.85", vec![series(-5.85)], Fail),
    ];
    suites
        .into_iter()
        .map(|(name, checks, expected)| {
            let (count, last) = (checks.len(), checks.last().cloned());
            let certificate = judge(checks.into());
            let suite = if expected == Pass { Pass } else { Fail };
            let mut wrong = usize::from(certificate.verdict != suite) + certificate.checks.len().abs_diff(count);
            // The last check is the one that decides; the others pass, but for z = 9.
            if let (Some(planted), Some(judged)) = (last, certificate.checks.last()) {
                let same = |a: f64, b: f64| a == b || (a.is_nan() && b.is_nan());
                wrong += usize::from(!same(planted.value, judged.value) || !same(planted.error, judged.error));
                wrong += usize::from(judged.verdict != expected);
            }
            wrong += usize::from((certificate.failures().count() == 0) != (count == 0 || expected == Pass));
            (format!("verdict on {name}"), wrong)
        })
        .collect()
}

/// Tail probabilities and levels against closed forms.
fn probabilities() -> Vec<Check> {
    let worst = |pairs: &[[f64; 2]]| largest(pairs.iter().map(|[found, known]| found / known - 1.0));
    // erfc(|z|/√2), by the C library.
    let tails = [
        (1.0, 0.317_310_507_862_914_15),
        (4.8, 1.586_656_303_951_195e-6),
        (-5.0, 5.733_031_437_583_892e-7),
        (6.0, 1.973_175_290_075_402_4e-9),
        (-8.0, 1.244_192_114_854_363_9e-15),
        (30.0, 9.813_427_854_297_528e-198),
    ];
    let normal: Vec<[f64; 2]> = tails.iter().map(|&(z, p)| [stats::two_sided(z), p]).collect();
    let inverse: Vec<[f64; 2]> = tails.iter().map(|&(z, p)| [stats::z_from_two_sided(p), z.abs()]).collect();
    // ν = 1: (2/π) atan(1/t); ν = 2: 1 - t/√(2+t²); ν = 4: 1 - (t/r)(1 + 2/r²), r = √(4+t²), as a series of 2/r².
    let student: Vec<[f64; 2]> = [2.0, 5.0, 20.0, 1e3]
        .into_iter()
        .flat_map(|t: f64| {
            let r = (2.0 + t * t).sqrt();
            let x = 4.0 / (4.0 + t * t);
            // 1 - √(1-x)(1 + x/2) = x²(3/8 + …): by the binomial series.
            let four: f64 = (1..200)
                .scan((1.0, -0.5 * x), |(before, now), k| {
                    // Coefficients of √(1-x): now is that of x^k times x^k.
                    let term = -(*now + 0.5 * x * *before);
                    (*before, *now) = (*now, *now * x * (f64::from(k) - 0.5) / (f64::from(k) + 1.0));
                    Some(term)
                })
                .sum();
            let known = [(1.0, 2.0 / std::f64::consts::PI * (1.0 / t).atan()), (2.0, 2.0 / (r * (r + t))), (4.0, four)];
            known.map(|(dof, p)| [stats::student_two_sided(t, dof), p])
        })
        .collect();
    // A mean of a series is judged by t, whatever the degrees of freedom are.
    let by_t = [2.0f64, 3.0].map(|t| {
        let p = 2.0 / std::f64::consts::PI * (1.0 / t).atan();
        [stats::two_sided(stats::student_to_z(t, 1.0)), p]
    });
    let levels = stats::holm_levels(&[0.5, 1e-9, f64::NAN, 4e-7], FALSE_ALARM_RATE);
    let expected = [1e-6, 1e-6 / 3.0, 2.5e-7, 5e-7];
    // Of many, two are rejected; the others share the rate of all but these two.
    let many: Vec<f64> = (0..400).map(|i| if i % 200 == 7 { 1e-10 } else { 0.3 + 0.001 * f64::from(i) }).collect();
    let shared = stats::holm_levels(&many, FALSE_ALARM_RATE).into_iter().enumerate().map(|(i, level)| {
        [level, FALSE_ALARM_RATE / [398.0, 400.0, 399.0][if i % 200 == 7 { 1 + i / 200 } else { 0 }]]
    });
    let holm: Vec<[f64; 2]> =
        levels.into_iter().zip(expected).map(|(found, known)| [found, known]).chain(shared).collect();
    // χ² with an even number of degrees of freedom is a finite sum; a binomial count one as well.
    let chi2 = [
        [stats::chi2_sf(60.0, 4.0), (-30f64).exp() * 31.0],
        [stats::chi2_sf(3.0, 2.0), (-1.5f64).exp()],
        [stats::binomial_two_sided(0, 20, 0.25), 2.0 * 0.75f64.powi(20)],
        [stats::binomial_two_sided(10, 10, 0.5), 2.0 * 0.5f64.powi(10)],
    ];
    // With error and spread known: z_α + z_β.
    let power = [[stats::detectable(1e-6, 2.326_347_874_040_841, f64::INFINITY), 4.891_638_475 + 2.326_347_874]];
    let check = |name: &str, pairs: &[[f64; 2]], bound| {
        Check::bound(RUNG, format!("{name}, relative error"), worst(pairs), 0.0, bound)
    };
    vec![
        check("two-sided probability of z", &normal, 1e-11),
        check("z of a two-sided probability", &inverse, 1e-11),
        check("two-sided probability of Student's t", &student, 1e-9),
        check("z of Student's t", &by_t, 1e-9),
        check("levels of Holm's step-down", &holm, 1e-12),
        check("χ² and binomial tails", &chi2, 1e-11),
        check("detectable shift", &power, 1e-9),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_judge_passes() {
        for (name, wrong) in audit(Certificate::judge) {
            assert_eq!(wrong, 0, "{name}");
        }
        for check in checks() {
            assert!((check.value - check.expected).abs() <= check.error, "{check:?}");
        }
    }

    /// Judges that look away on one side, cut off a probability, or forget a rule are noticed.
    #[test]
    fn wrong_judges_are_noticed() {
        /// A judge that sees other checks than those that it is given.
        fn seen(findings: Findings, change: impl Fn(Check) -> Check) -> Certificate {
            let changed: Vec<Check> = findings.checks.iter().cloned().map(change).collect();
            let mut certificate = Certificate::judge(changed);
            for (judged, check) in certificate.checks.iter_mut().zip(findings.checks) {
                (judged.value, judged.error) = (check.value, check.error);
            }
            certificate
        }
        fn clipped(p: f64, check: Check) -> Check {
            match check.criterion {
                Criterion::Normal(z) if stats::two_sided(z) < p => {
                    Check { criterion: Criterion::Normal(stats::z_from_two_sided(p)), ..check }
                }
                _ => check,
            }
        }
        let judges: [(&str, Judge); 6] = [
            ("p cut off at 1e-6", |f| seen(f, |c| clipped(1e-6, c))),
            ("p cut off at 1e-10", |f| seen(f, |c| clipped(1e-10, c))),
            ("bounds from above alone", |f| {
                seen(f, |c| match c.criterion {
                    Criterion::Bound if c.value < c.expected => Check { value: c.expected, ..c },
                    _ => c,
                })
            }),
            ("bounds from below alone", |f| {
                seen(f, |c| match c.criterion {
                    Criterion::Bound if c.value > c.expected => Check { value: c.expected, ..c },
                    _ => c,
                })
            }),
            ("promises forgotten", |f| seen(f, |c| c.promising(f64::INFINITY))),
            ("everything passes", |f| {
                let certificate = Certificate::judge(f);
                Certificate { verdict: Verdict::Pass, ..certificate }
            }),
        ];
        for (name, judge) in judges {
            assert!(audit(judge).iter().any(|(_, wrong)| *wrong > 0), "{name}");
        }
        let without_negative: Judge = |f| {
            let checks: Vec<Check> =
                f.checks.into_iter().filter(|c| !matches!(c.criterion, Criterion::Normal(z) if z < 0.0)).collect();
            Certificate::judge(checks)
        };
        assert!(audit(without_negative).iter().any(|(_, wrong)| *wrong > 0));
    }
}
