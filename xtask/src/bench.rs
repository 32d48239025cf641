//! `cargo xtask bench`: everything that takes time, or rates as ratios beside their record.

use crate::sh::{Result, cargo, stream};

/// Criterion's benchmarks. `args` go to them.
pub fn all(args: &[String]) -> Result<()> {
    let mut command = cargo(["bench", "--package", "stoquant-benches", "--"]);
    command.args(args);
    stream(command).map(drop)
}

/// Rates as ratios to the yardstick, beside the record or into it.
pub fn compare(record: bool) -> Result<()> {
    let mut command = cargo(["run", "--quiet", "--release", "--package", "stoquant-benches", "--bin", "compare"]);
    if record {
        command.args(["--", "--record"]);
    }
    stream(command).map(drop)
}
