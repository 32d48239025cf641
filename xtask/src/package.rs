//! Crates as others get them: packaged, verified, and used by a program outside of the workspace.

use std::fs;

use crate::bare::Via;
use crate::sh::{Result, capture, cargo, program, root, target_dir};

/// The crates that are meant to be published, in the order of their dependencies.
pub const PUBLISHED: [&str; 5] =
    ["stoquant-model", "stoquant-core", "stoquant-link", "stoquant-agent", "stoquant-engines"];

/// The program, and the target that it is built for.
const EXAMPLE: &str = "examples/board";
const TARGET: &str = "thumbv7em-none-eabihf";

/// Packages every published crate, compiles each from its package, and builds the example with the packaged core.
pub fn run(via: Via) -> Result<String> {
    let mut command = cargo(["package", "--allow-dirty", "--quiet"]);
    for name in PUBLISHED {
        command.args(["--package", name]);
    }
    capture(command)?;

    let place = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let mut build = via.cargo("build", TARGET);
    for name in ["stoquant-model", "stoquant-core"] {
        let file = format!("{name}-{}", env!("CARGO_PKG_VERSION"));
        let mut tar = program("tar");
        tar.arg("--extract").arg("--gzip").arg("--directory").arg(place.path());
        tar.arg("--file").arg(target_dir().join("package").join(format!("{file}.crate")));
        capture(tar)?;
        build.arg("--config").arg(format!("patch.crates-io.{name}.path={:?}", place.path().join(file)));
    }
    // A copy: what cargo writes beside the manifest is not kept.
    let example = place.path().join("example");
    for file in ["Cargo.toml", "src/lib.rs"] {
        let (from, to) = (root().join(EXAMPLE).join(file), example.join(file));
        let copied = fs::create_dir_all(to.parent().unwrap_or(&example)).and_then(|()| fs::copy(&from, &to));
        copied.map_err(|error| format!("{}: {error}", from.display()))?;
    }
    build.arg("--manifest-path").arg(example.join("Cargo.toml")).arg("--target-dir").arg(place.path().join("target"));
    capture(build)?;
    Ok(format!("{} crates, {EXAMPLE} for {TARGET}", PUBLISHED.len()))
}
