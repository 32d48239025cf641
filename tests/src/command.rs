//! The built command, and the project's Python.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The `stoquant` command in the profile of the running test, built now where it is missing or stale.
///
/// Cargo hands a package the paths of its own binaries only, so the test asks cargo itself: for the whole workspace and
/// with a test beside it, since that resolves features as `cargo test --workspace` did, and what it compiled is reused.
pub fn stoquant() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        // <target>/<profile>/deps/<this test>
        let test = std::env::current_exe().expect("a test knows its own path");
        let profile = test.parent().and_then(Path::parent).expect("tests lie in <profile>/deps");
        let target = profile.parent().expect("profiles lie in the target directory");
        let name = match profile.file_name().and_then(|name| name.to_str()) {
            Some("debug") => "dev",
            name => name.expect("the profile's directory has its name"),
        };
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--workspace", "--bin", "stoquant", "--test", "cli"])
            .args(["--profile", name, "--target-dir"])
            .arg(target)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("cargo runs");
        assert!(built.status.success(), "the command does not build: {}", String::from_utf8_lossy(&built.stderr));
        profile.join("stoquant").with_extension(std::env::consts::EXE_EXTENSION)
    })
}

/// Runs the command in a directory.
pub fn run(directory: &Path, args: &[&str]) -> Output {
    Command::new(stoquant()).args(args).current_dir(directory).output().expect("the command runs")
}

/// Standard output of a command that must succeed.
pub fn succeed(directory: &Path, args: &[&str]) -> String {
    let out = run(directory, args);
    let stderr = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(0), "{args:?}: {stderr}");
    assert_eq!(stderr, "", "{args:?}: nothing to complain about, and yet");
    String::from_utf8(out.stdout).expect("output is UTF-8")
}

/// Names and contents of a directory, sorted.
pub fn contents(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(directory).expect("the directory exists");
    let mut found: Vec<_> = entries
        .map(|entry| {
            let path = entry.expect("readable").path();
            let bytes = if path.is_dir() { Vec::new() } else { std::fs::read(&path).expect("readable") };
            (path.file_name().expect("named").to_string_lossy().into_owned(), bytes)
        })
        .collect();
    found.sort();
    found
}

/// The Python of the workspace's `.venv`, or `STOQUANT_PYTHON`, with numpy.
///
/// # Panics
///
/// Where there is none: a test that needs it fails and says what to do.
pub fn python() -> Command {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.venv/bin/python");
    let path = std::env::var_os("STOQUANT_PYTHON").map_or(own, PathBuf::from);
    let numpy = Command::new(&path).args(["-c", "import numpy"]).output();
    assert!(
        numpy.is_ok_and(|out| out.status.success()),
        "{}: no Python with numpy. `cargo xtask setup` installs it, or set STOQUANT_PYTHON to one",
        path.display()
    );
    Command::new(path)
}
