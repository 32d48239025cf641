//! What a part of a certificate brings home.

use super::check::Check;
use super::figure::Figure;

/// Checks, figures, and what could not be checked.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Checks, to be judged together with all others.
    pub checks: Vec<Check>,
    /// Figures.
    pub figures: Vec<Figure>,
    /// What was asked for but has no exact expectation: `what: why`. Not checked, not passed.
    pub not_applicable: Vec<String>,
}

impl Findings {
    /// A part that has no exact expectation, `what: why`.
    pub fn not_applicable(reason: String) -> Self {
        Self { not_applicable: vec![reason], ..Self::default() }
    }

    /// Append those of another part.
    pub fn extend(&mut self, other: impl Into<Self>) {
        let Self { checks, figures, not_applicable } = other.into();
        self.checks.extend(checks);
        self.figures.extend(figures);
        self.not_applicable.extend(not_applicable);
    }
}

impl From<Vec<Check>> for Findings {
    fn from(checks: Vec<Check>) -> Self {
        Self { checks, ..Self::default() }
    }
}

impl From<Check> for Findings {
    fn from(check: Check) -> Self {
        vec![check].into()
    }
}
