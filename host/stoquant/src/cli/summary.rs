//! A certificate on one screen.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use stoquant::certify::{Certificate, Judged, Rung, Verdict};

/// The time that each rung takes, taken from the reports of progress.
#[derive(Default)]
pub struct Clock {
    spent: BTreeMap<Rung, Duration>,
    running: Option<(Rung, Instant)>,
}

impl Clock {
    /// A part of this rung begins, and the one before it has ended.
    pub fn begin(&mut self, rung: Rung) {
        self.end();
        self.running = Some((rung, Instant::now()));
    }

    /// The last part has ended.
    pub fn end(&mut self) {
        if let Some((rung, since)) = self.running.take() {
            *self.spent.entry(rung).or_default() += since.elapsed();
        }
    }
}

/// One line a rung, then what did not pass in full, then the verdict. `verbose`: every check, too.
pub fn summary(certificate: &Certificate, clock: &Clock, verbose: bool) -> String {
    let mut lines = Vec::new();
    if verbose {
        lines.push(header());
        lines.extend(certificate.checks.iter().map(line));
        lines.push(String::new());
    }
    lines.push(format!("{:<14} {:>6} {:>6}  {:<16} {:>8}  claim", "rung", "checks", "stat.", "worst", "time"));
    lines.extend(certificate.rungs().into_iter().filter_map(|rung| of_rung(certificate, clock, rung)));
    let failed: Vec<String> = certificate.failures().map(line).collect();
    if !failed.is_empty() {
        lines.push(format!("\nwhat did not pass:\n{}", header()));
        lines.extend(failed);
    }
    let count = certificate.not_applicable.len();
    let nothing = certificate.checks.is_empty();
    if verbose || nothing {
        lines.extend(certificate.not_applicable.iter().map(|reason| format!("not applicable: {reason}")));
    } else if count > 0 {
        lines.push(format!("not applicable: {count} (--verbose lists them)"));
    }
    if nothing {
        lines.push("nothing was checked, which is no pass: choose other rungs, or another experiment".into());
    }
    lines.push(verdict(certificate));
    lines.join("\n")
}

fn of_rung(certificate: &Certificate, clock: &Clock, rung: Rung) -> Option<String> {
    let checks: Vec<&Judged> = certificate.of(rung).collect();
    let statistical = checks.iter().filter(|check| check.z.is_some()).count();
    // A NaN is the worst of all.
    let largest = |values: &mut dyn Iterator<Item = f64>| {
        values.fold(None, |most: Option<f64>, x| {
            Some(most.map_or(x, |most| if x > most || x.is_nan() { x } else { most }))
        })
    };
    let z = largest(&mut checks.iter().filter_map(|check| check.z).map(f64::abs));
    let bounds = checks.iter().filter(|check| check.z.is_none());
    let fraction = largest(&mut bounds.map(|check| {
        let off = (check.value - check.expected).abs();
        if off == 0.0 { 0.0 } else { off / check.error }
    }));
    let worst = match (z, fraction) {
        (Some(z), _) => format!("|z| = {z:.2}"),
        (None, Some(fraction)) => format!("{fraction:.2} of a bound"),
        // Figures alone.
        (None, None) => return None,
    };
    let time = clock.spent.get(&rung).map_or(String::new(), |time| format!("{:.1} s", time.as_secs_f64()));
    let failed = checks.iter().filter(|check| check.verdict != Verdict::Pass).count();
    let claim = if failed > 0 { format!("{failed} did not pass: {}", rung.claim()) } else { rung.claim().into() };
    Some(format!("{rung:<14} {:>6} {statistical:>6}  {worst:<16} {time:>8}  {claim}", checks.len()))
}

fn verdict(certificate: &Certificate) -> String {
    let count = |verdict| certificate.checks.iter().filter(|check| check.verdict == verdict).count();
    let (failed, undecided) = (count(Verdict::Fail), count(Verdict::Undecided));
    let statistical = certificate.checks.iter().filter(|check| check.z.is_some()).count();
    let undecided = if undecided > 0 { format!(", {undecided} undecided") } else { String::new() };
    format!(
        "{}: {}: {} checks, {statistical} of them statistical with |z| ≤ {:.2}; {failed} failed{undecided}; \
         false-alarm rate of the suite ≤ {:e}",
        if certificate.verdict == Verdict::Pass { "PASS" } else { "FAIL" },
        certificate.engine,
        certificate.checks.len(),
        certificate.z_threshold,
        certificate.false_alarm_rate,
    )
}

fn header() -> String {
    format!("{:<14} {:<64} {:>14} {:>14} {:>10} {:>7} verdict", "rung", "check", "value", "expected", "error", "z")
}

fn line(c: &Judged) -> String {
    let z = c.z.map_or_else(|| "-".into(), |z| format!("{z:.2}"));
    let mut verdict = c.verdict.name().to_owned();
    if let (Verdict::Undecided, Some(promised)) = (c.verdict, c.promised) {
        verdict += &format!(": detects {:.2e}, promised {promised:.2e}", c.detects);
        if let (Some(taken), Some(needed)) = (c.samples, c.samples_needed) {
            verdict += &format!("; {:.0} samples, {:.0} needed", taken.floor(), needed.ceil());
        }
    }
    let (value, expected) = (number(c.value), number(c.expected));
    format!("{:<14} {:<64} {value:>14} {expected:>14} {:>10.2e} {z:>7} {verdict}", c.rung, c.name, c.error)
}

/// Eight decimals, or an exponent where they would show nothing.
fn number(x: f64) -> String {
    if x != 0.0 && x.abs() < 1e-3 { format!("{x:.4e}") } else { format!("{x:.8}") }
}
