//! The project's own Python environment, `.venv`: for tests that read our files with numpy, and for the tools of FPGAs.

use crate::sh::{Result, capture, program, query, root};
use std::path::{Path, PathBuf};
use std::process::Command;

const REQUIREMENTS: [&str; 2] = ["xtask/requirements.txt", "xtask/requirements-fpga.txt"];

/// Prints the pinned packages when each is installed in exactly the pinned version.
const CHECK: &str = "
import sys, importlib.metadata as m
pins = [l.strip() for f in sys.argv[1:] for l in open(f) if l.strip() and not l.startswith('#')]
for pin in pins:
    name, version = pin.split('==')
    if m.version(name) != version:
        sys.exit(1)
print(len(pins), 'packages')
";

/// An interpreter that can make environments.
pub fn interpreter() -> Option<String> {
    ["python3", "/usr/bin/python3", "python"].into_iter().find_map(|name| {
        let mut python = program(name);
        python.args(["-c", "import sys, venv, ensurepip; assert sys.version_info >= (3, 11); print(sys.executable)"]);
        query(python)
    })
}

/// The pinned packages, when the environment holds them.
pub fn environment() -> Option<String> {
    let mut python = program(own_python());
    python.args(["-c", CHECK]).args(REQUIREMENTS);
    query(python)
}

/// Makes the environment anew and installs the pinned packages.
pub fn create() -> Result<()> {
    let mut venv = program(interpreter().ok_or("no python3 with venv")?);
    venv.args(["-m", "venv", "--clear", ".venv"]);
    capture(venv)?;
    let mut pip = program(own_python());
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    pip.args(REQUIREMENTS.iter().flat_map(|file| ["--requirement", file]));
    capture(pip).map(drop)
}

/// A program of one of the packages. Those of FPGAs see nothing outside the directory that they are started in: the
/// root.
pub fn tool(name: &str) -> Command {
    program(root().join(".venv/bin").join(name))
}

/// Where an installed package lies.
pub fn package(name: &str) -> Result<PathBuf> {
    let mut python = program(own_python());
    python.args([
        "-c",
        "import importlib.util as u, sys; print(u.find_spec(sys.argv[1]).submodule_search_locations[0])",
        name,
    ]);
    let found = query(python).ok_or_else(|| format!("no package {name} in .venv: `cargo xtask setup` installs it"))?;
    Ok(Path::new(&found).to_owned())
}

fn own_python() -> PathBuf {
    root().join(".venv/bin/python")
}
