//! One certificate against an earlier one: what is new, what is gone, and what moved beyond its error.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Certificate, Verdict};

/// Standard errors from which on a statistic has moved: 1e-6 two-sided for two runs of one law.
const MOVED: f64 = 4.9;

/// A certificate as it was written: what is compared of it.
#[derive(Deserialize)]
pub struct Earlier {
    checks: Vec<EarlierCheck>,
}

#[derive(Deserialize)]
struct EarlierCheck {
    rung: String,
    name: String,
    /// JSON has null for what is no number.
    value: Option<f64>,
    error: Option<f64>,
    z: Option<f64>,
    verdict: String,
}

/// What differs, a line each.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// Checks that there were not.
    pub new: Vec<String>,
    /// Checks that there are no more.
    pub gone: Vec<String>,
    /// Values beyond their errors, and verdicts that changed.
    pub moved: Vec<String>,
}

impl Differences {
    /// Of a certificate against an earlier one; checks are known by rung and name.
    pub fn of(now: &Certificate, then: &Earlier) -> Self {
        let mut out = Self::default();
        let mut old: BTreeMap<(&str, &str), &EarlierCheck> =
            then.checks.iter().map(|check| ((check.rung.as_str(), check.name.as_str()), check)).collect();
        for check in &now.checks {
            let label = format!("{}: {}", check.rung, check.name);
            let Some(before) = old.remove(&(check.rung.name(), check.name.as_str())) else {
                out.new.push(label);
                continue;
            };
            let verdict = check.verdict.name();
            if before.verdict != verdict {
                out.moved.push(format!("{label}: {} before, {verdict} now", before.verdict));
                continue;
            }
            let (Some(value), Some(error)) = (before.value, before.error) else { continue };
            // A statistic by the errors of both runs, a bound by itself.
            let allowed = match (before.z, check.z) {
                (Some(_), Some(_)) => MOVED * error.hypot(check.error),
                _ => error.max(check.error),
            };
            if (check.value - value).abs() > allowed {
                out.moved.push(format!("{label}: {value} before, {} now, {allowed:.1e} allowed", check.value));
            }
        }
        out.gone = old.keys().map(|(rung, name)| format!("{rung}: {name}")).collect();
        out
    }

    /// Whether nothing is gone and nothing moved.
    pub fn holds(&self) -> bool {
        self.gone.is_empty() && self.moved.is_empty()
    }

    /// One line each, and one that counts.
    pub fn text(&self) -> String {
        let mut lines = Vec::new();
        for (what, all) in [("new", &self.new), ("gone", &self.gone), ("moved", &self.moved)] {
            lines.extend(all.iter().map(|line| format!("{what:<6} {line}")));
        }
        lines.push(format!(
            "against the earlier certificate: {} new, {} gone, {} moved",
            self.new.len(),
            self.gone.len(),
            self.moved.len()
        ));
        lines.join("\n")
    }
}

impl Verdict {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Undecided => "undecided",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Check, Rung};
    use super::*;

    fn certificate(value: f64, bound: f64, more: &[&str]) -> Certificate {
        let mut checks = vec![
            Check::normal(Rung::Exact, "mean", value, 0.0, 1.0),
            Check::bound(Rung::Noise, "largest", bound, 0.0, 1.0),
        ];
        checks.extend(more.iter().map(|name| Check::none(Rung::Identity, *name, 0)));
        Certificate::judge(checks)
    }

    #[test]
    fn what_differs_is_named() {
        let json = serde_json::to_string(&certificate(-3.0, 0.9, &["kept", "dropped"])).unwrap();
        let then: Earlier = serde_json::from_str(&json).unwrap();
        assert_eq!(Differences::of(&certificate(-3.0, 0.9, &["kept", "dropped"]), &then), Differences::default());
        // Within 4.9·√2 errors, and within the bound.
        let near = Differences::of(&certificate(3.9, 0.0, &["kept", "dropped"]), &then);
        assert!(near.holds(), "{near:?}");
        let far = Differences::of(&certificate(4.0, -0.2, &["kept", "added"]), &then);
        assert_eq!((far.new, far.gone), (vec!["identity: added".to_owned()], vec!["identity: dropped".to_owned()]));
        assert_eq!(far.moved.len(), 2);
        assert!(far.moved[0].starts_with("exact: mean: -3 before, 4 now"), "{:?}", far.moved);
        let failed = Differences::of(&certificate(9.0, 0.9, &["kept", "dropped"]), &then);
        assert_eq!(failed.moved, ["exact: mean: pass before, fail now"]);
    }
}
