//! The scalar form of the core's inner loops, which microcontrollers run, tested on this processor: `core/src/form`.

use crate::instructions::{MANIFEST, Printed};
use crate::sh::{Result, capture, cargo, target_dir};
use std::process::Command;

/// Compiled with overflow checks: the core's own tests, golden vectors and properties in the scalar form; then the
/// check sums of the program that boards run, the same in both forms. Returns what ran, and the output of the tests.
pub fn run() -> Result<(String, String)> {
    let mut tests = scalar("test");
    tests.args(["--package", "stoquant-core", "--package", "stoquant-tests", "--no-default-features"]);
    // Whether the vectors are those of the Python model does not depend on the form.
    tests.args(["--lib", "--test", "golden", "--test", "properties", "--", "--skip", "vectors_are_those_of_the_model"]);
    let said = capture(tests)?;
    let [vector, scalar] = [cargo(["run", "--profile", "release-checked"]), scalar("run")].map(|mut command| {
        command.args(["--quiet", "--manifest-path", MANIFEST]);
        capture(command).map(|text| Printed::read(&text).checks)
    });
    let (vector, scalar) = (vector?, scalar?);
    let differs: Vec<&str> =
        vector.iter().filter(|(name, sum)| scalar.get(*name) != Some(*sum)).map(|(name, _)| &**name).collect();
    if vector.is_empty() || vector.len() != scalar.len() || !differs.is_empty() {
        return Err(format!("the scalar form has other bits than the vector form: {}", differs.join(", ")).into());
    }
    Ok((format!("{} check sums equal in both forms", vector.len()), said))
}

/// A task of cargo in the scalar form. Its flags are not those of other steps: it has a directory of its own.
fn scalar(task: &str) -> Command {
    let mut command = cargo([task, "--profile", "release-checked"]);
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    command.env("RUSTFLAGS", format!("{flags} --cfg stoquant_scalar").trim_start());
    command.env("CARGO_TARGET_DIR", target_dir().join("scalar"));
    command
}
