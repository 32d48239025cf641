//! Broken images, for minutes on end.

use crate::sh::{Result, capture, cargo};

/// Builds the fuzzer with overflow checks, and runs it.
pub fn run(minutes: f64) -> Result<String> {
    let mut command = cargo(["run", "--quiet", "--profile", "release-checked", "--package", "stoquant-tests"]);
    command.args(["--bin", "fuzz-images", "--", "--minutes", &minutes.to_string()]);
    capture(command).map(|text| text.trim().replace('\n', ", "))
}
