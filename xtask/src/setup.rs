//! What the project needs beyond Rust, as a table: how each thing is found and where it comes from.
//!
//! A new need is one row of [`NEEDS`]. Nothing is skipped silently: what is neither here nor installable fails the
//! task.

use crate::bare::{TARGETS, Via};
use crate::report::Report;
use crate::sh::{Error, Result, capture, cargo, program, query};
use crate::{firmware, python, targets};
use std::process::Command;

/// One thing that the project needs.
struct Need {
    tool: &'static str,
    why: &'static str,
    /// Where it is or what it is, when it is here.
    found: fn() -> Option<String>,
    /// Tried in order until it is found.
    sources: &'static [Source],
}

/// Where a thing comes from.
enum Source {
    /// `rustup target add` for every bare target.
    RustupTargets,
    /// Debian packages.
    Apt(&'static [&'static str]),
    /// The project's own Python environment, from `xtask/requirements.txt` and `xtask/requirements-fpga.txt`.
    PythonEnvironment,
    /// `cargo xtask firmware`.
    Firmware,
    /// The runner of the instruction counts, in the version of the harness.
    CountsRunner,
}

const NEEDS: &[Need] = &[
    Need {
        tool: "bare targets",
        why: "the core is built for every board it is meant for",
        found: || Via::find().map(|via| via.label().to_owned()),
        sources: &[Source::RustupTargets, Source::Apt(&["rustc-web", "cargo-web", "rust-web-src", "lld-19"])],
    },
    Need {
        tool: "python3 with venv",
        why: "numpy reads our files and we read numpy's",
        found: python::interpreter,
        sources: &[Source::Apt(&["python3", "python3-venv"])],
    },
    Need {
        tool: ".venv",
        why: "the pinned packages of xtask/requirements*.txt",
        found: python::environment,
        sources: &[Source::PythonEnvironment],
    },
    Need {
        tool: "valgrind",
        why: "instructions are counted by its callgrind",
        found: valgrind,
        sources: &[Source::Apt(&["valgrind"])],
    },
    Need {
        tool: "qemu",
        why: "boards are emulated, with the programs that they would run",
        found: qemu,
        // The trailing minus keeps out a backported package that blocks the others, and is not needed.
        sources: &[Source::Apt(&["qemu-system-arm", "qemu-system-misc", "qemu-utils-"])],
    },
    Need {
        tool: "verilator",
        why: "circuits are simulated as compiled C++",
        found: verilator,
        sources: &[Source::Apt(&["verilator", "g++"])],
    },
    Need {
        tool: "firmware",
        why: "the boards' own programs, built",
        found: || firmware::built().then(|| "target/firmware".to_owned()),
        sources: &[Source::Firmware],
    },
    Need {
        tool: RUNNER,
        why: "runs the benchmarks that count, and must be of the harness's version",
        found: counts_runner,
        sources: &[Source::CountsRunner],
    },
];

const RUNNER: &str = "gungraun-runner";

fn valgrind() -> Option<String> {
    query(with_args(program("valgrind"), &["--version"]))
}

/// With a compiler for what it writes.
fn verilator() -> Option<String> {
    query(with_args(program("c++"), &["--version"]))?;
    let version = query(with_args(program("verilator"), &["--version"]))?;
    version.split(' ').nth(1).map(str::to_owned)
}

/// Both emulators.
fn qemu() -> Option<String> {
    let version = |name| query(with_args(program(name), &["--version"]));
    let arm = version("qemu-system-arm")?;
    version("qemu-system-riscv32")?;
    arm.lines().next().map(|line| line.trim_start_matches("QEMU emulator version ").to_owned())
}

fn counts_runner() -> Option<String> {
    query(with_args(program(RUNNER), &["--version"])).filter(|found| *found == format!("{RUNNER} {}", locked(RUNNER)))
}

/// What `cargo xtask counts` needs and does not find.
pub fn missing_counters() -> Option<String> {
    if valgrind().is_none() {
        return Some("valgrind".into());
    }
    counts_runner().is_none().then(|| format!("{RUNNER} {}", locked(RUNNER)))
}

/// The version of a package in Cargo.lock; empty without it.
fn locked(package: &str) -> &'static str {
    let mut lines = include_str!("../../Cargo.lock").lines();
    lines.find(|line| *line == format!("name = \"{package}\""));
    lines.next().and_then(|line| line.strip_prefix("version = \"")?.strip_suffix('"')).unwrap_or_default()
}

/// Finds or installs every need; `show` prints the table. Returns a note for the report.
pub fn run(show: bool) -> Result<String> {
    let mut missing = Vec::new();
    let mut installed = 0;
    for need in NEEDS {
        let mut state = (need.found)();
        let mut trouble = Vec::new();
        if state.is_none() {
            state = install(need, &mut trouble);
            installed += usize::from(state.is_some());
        }
        if show {
            let state = state.as_deref().unwrap_or("MISSING");
            println!("{:<20} {:<34} {}", need.tool, state, need.why);
        }
        if state.is_none() {
            missing.push(format!("{} ({})", need.tool, trouble.join("; ")));
        }
    }
    if missing.is_empty() {
        return Ok(format!("{} found, {installed} of them just installed", NEEDS.len()));
    }
    Err(format!("missing: {}", missing.join(", ")).into())
}

fn install(need: &Need, trouble: &mut Vec<String>) -> Option<String> {
    for source in need.sources {
        if let Err(e) = source.fetch() {
            trouble.push(format!("{}: {}", source.label(), reason(&e)));
            continue;
        }
        match (need.found)() {
            Some(state) => return Some(state),
            None => trouble.push(format!("{}: installed, and still not found", source.label())),
        }
    }
    None
}

/// The line that says why: the first that calls itself an error, else the last, else that the command failed.
fn reason(e: &Error) -> &str {
    let lines = || e.output.lines().map(str::trim).filter(|line| !line.is_empty());
    let error = lines().find(|line| line.to_lowercase().starts_with("e: ") || line.to_lowercase().starts_with("error"));
    error.or(lines().next_back()).unwrap_or(&e.line)
}

impl Source {
    fn label(&self) -> String {
        match self {
            Self::RustupTargets => "rustup target add".into(),
            Self::Apt(packages) => format!("Debian packages {}", packages.join(" ")),
            Self::PythonEnvironment => "pip".into(),
            Self::Firmware => "cargo xtask firmware".into(),
            Self::CountsRunner => "cargo install".into(),
        }
    }

    fn fetch(&self) -> Result<()> {
        match self {
            Self::RustupTargets => {
                let mut rustup = program("rustup");
                rustup.args(["target", "add"]).args(TARGETS).env("RUSTUP_MAX_RETRIES", "1");
                capture(rustup).map(drop)
            }
            Self::Apt(packages) => apt(packages),
            Self::PythonEnvironment => python::create(),
            Self::Firmware => firmware::run(&mut Report::default(), targets::choose(None)?),
            Self::CountsRunner => {
                let mut install = cargo(["install", RUNNER, "--locked", "--version"]);
                install.arg(locked(RUNNER));
                capture(install).map(drop)
            }
        }
    }
}

/// Installs Debian packages.
pub fn apt(packages: &[&str]) -> Result<()> {
    if query(with_args(program("apt-get"), &["--version"])).is_none() {
        return Err("there is no apt-get here; install the like of these yourself".into());
    }
    capture(with_args(as_root("apt-get"), &["update", "-qq"]))?;
    let install = ["install", "-y", "-qq", "--no-install-recommends"];
    capture(with_args(with_args(as_root("apt-get"), &install), packages)).map(drop)
}

/// The program as it is for root, through `sudo` (which must not ask) for others.
fn as_root(name: &str) -> Command {
    let root = query(with_args(program("id"), &["-u"])).as_deref() == Some("0");
    let mut command = if root { program(name) } else { with_args(program("sudo"), &["-n", "-E", name]) };
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn with_args(mut command: Command, args: &[&str]) -> Command {
    command.args(args);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_from_the_lock_file() {
        assert_eq!(locked("xtask"), env!("CARGO_PKG_VERSION"));
        assert_eq!(locked(RUNNER).split('.').count(), 3, "{}", locked(RUNNER));
        assert_eq!(locked("no such package"), "");
    }
}
