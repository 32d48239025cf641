//! `cargo xtask mutants`: plants every defect of the table and prints what catches it; fails where one survives. With
//! `--survey` defects are generated instead: `xtask/survey`.

use crate::sh::{Result, cargo, stream};

/// Runs the table as the tests are built. `flags` go to it.
pub fn run(flags: &[&str]) -> Result<String> {
    let mut command = cargo(["run", "--quiet", "--profile", "release-checked", "--package", "stoquant-tests"]);
    command.args(["--bin", "mutants", "--"]).args(flags);
    let said = stream(command)?;
    let last = said.lines().last().unwrap_or_default();
    if last.ends_with("0 survived") { Ok(last.to_owned()) } else { Err(format!("no table of defects: {last}").into()) }
}

/// Runs the survey. `args` go to it.
pub fn survey(args: &[String]) -> Result<()> {
    let mut command = cargo(["run", "--quiet", "--release", "--package", "stoquant-survey", "--"]);
    command.args(args);
    stream(command).map(drop)
}
