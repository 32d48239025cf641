//! The project's own Python environment, `.venv`: for tests that read our files with numpy.

use crate::sh::{Result, capture, program, query, root};
use std::path::PathBuf;

const REQUIREMENTS: &str = "xtask/requirements.txt";

/// Prints the pinned packages when each is installed in exactly the pinned version.
const CHECK: &str = "
import sys, importlib.metadata as m
pins = [l.strip() for l in open(sys.argv[1]) if l.strip() and not l.startswith('#')]
for pin in pins:
    name, version = pin.split('==')
    if m.version(name) != version:
        sys.exit(1)
print(' '.join(pins))
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
    python.args(["-c", CHECK, REQUIREMENTS]);
    query(python)
}

/// Makes the environment anew and installs the pinned packages.
pub fn create() -> Result<()> {
    let mut venv = program(interpreter().ok_or("no python3 with venv")?);
    venv.args(["-m", "venv", "--clear", ".venv"]);
    capture(venv)?;
    let mut pip = program(own_python());
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", REQUIREMENTS]);
    capture(pip).map(drop)
}

fn own_python() -> PathBuf {
    root().join(".venv/bin/python")
}
