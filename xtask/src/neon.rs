//! The tests that compare bits, compiled for AArch64 and run by an emulator: there the portable machine has NEON's
//! vectors.

use crate::setup::apt;
use crate::sh::{Result, capture, cargo, program, query};

const TARGET: &str = "aarch64-unknown-linux-gnu";
const LINKER: &str = "aarch64-linux-gnu-gcc";
const EMULATOR: &str = "qemu-aarch64";

/// Installs what is missing, and runs golden vectors and properties.
pub fn run() -> Result<String> {
    let found = |tool: &str| {
        let mut command = program(tool);
        command.arg("--version");
        query(command).is_some()
    };
    if !(found(LINKER) && found(EMULATOR)) {
        apt(&["qemu-user", "gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"])?;
    }
    let mut rustup = program("rustup");
    rustup.args(["target", "add", TARGET]);
    capture(rustup)?;
    let mut command = cargo(["test", "--release", "--package", "stoquant-tests", "--target", TARGET]);
    command.args(["--test", "golden", "--test", "properties", "--"]);
    // Python stays on this side.
    command.args(["--skip", "vectors_are_those_of_the_model"]);
    command.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", LINKER);
    command.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER", format!("{EMULATOR} -L /usr/aarch64-linux-gnu"));
    capture(command).map(|_| "golden vectors and properties hold under emulation".into())
}
