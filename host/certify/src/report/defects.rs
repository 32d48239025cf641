//! The record of planted defects: what was put into the core, and what caught it.

use serde::{Deserialize, Serialize};

/// A defect that was planted and caught.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Defect {
    /// What part it was planted in.
    pub group: String,
    /// Short name.
    pub name: String,
    /// What was changed.
    pub description: String,
    /// The first check that failed, `rung: check`.
    pub caught_by: String,
    /// What it found.
    pub value: String,
    /// How long that took, in milliseconds.
    pub ms: f64,
}

/// The record.
pub fn planted() -> Result<Vec<Defect>, String> {
    serde_json::from_str(include_str!("defects.json")).map_err(|e| format!("defects.json: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The record is of the agreed form, each defect once.
    #[test]
    fn record_can_be_read() {
        let defects = planted().unwrap();
        for (i, defect) in defects.iter().enumerate() {
            assert!(!defect.caught_by.is_empty(), "{}: caught by nothing", defect.name);
            assert!(defects[..i].iter().all(|d| d.name != defect.name), "{}: twice", defect.name);
        }
    }
}
