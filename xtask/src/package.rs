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

/// Packages every published crate, compiles all of them from their packages, and builds the example with these.
///
/// `cargo package` verifies against a registry of its own, whose unpacked crates outlive a change of the sources. A
/// workspace of the packages is always that of the sources as they are.
pub fn run(via: Via) -> Result<String> {
    let mut command = cargo(["package", "--allow-dirty", "--no-verify", "--quiet"]);
    for name in PUBLISHED {
        command.args(["--package", name]);
    }
    capture(command)?;

    let place = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let failed = |error: std::io::Error| format!("{}: {error}", place.path().display());
    let (mut members, mut patches) = (String::new(), String::new());
    for name in PUBLISHED {
        let file = format!("{name}-{}", env!("CARGO_PKG_VERSION"));
        let mut tar = program("tar");
        // Files of a package have a date of long ago, which a build takes for unchanged ones: theirs is that of today.
        tar.arg("--extract").arg("--touch").arg("--gzip").arg("--directory").arg(place.path());
        tar.arg("--file").arg(target_dir().join("package").join(format!("{file}.crate")));
        capture(tar)?;
        members += &format!("{file:?}, ");
        patches += &format!("{name}.path = {:?}\n", place.path().join(file));
    }
    let patches = format!("\n[patch.crates-io]\n{patches}");
    let workspace = format!("[workspace]\nresolver = \"3\"\nmembers = [{members}]\nexclude = [\"example\"]\n{patches}");
    fs::write(place.path().join("Cargo.toml"), workspace).map_err(failed)?;
    // The versions that the project is tested with.
    fs::copy(root().join("Cargo.lock"), place.path().join("Cargo.lock")).map_err(failed)?;
    let mut check = cargo(["check", "--workspace", "--quiet"]);
    check.arg("--manifest-path").arg(place.path().join("Cargo.toml"));
    check.arg("--target-dir").arg(target_dir().join("packaged"));
    capture(check)?;

    let example = place.path().join("example");
    fs::create_dir_all(example.join("src")).map_err(failed)?;
    fs::copy(root().join(EXAMPLE).join("src/lib.rs"), example.join("src/lib.rs")).map_err(failed)?;
    let manifest = fs::read_to_string(root().join(EXAMPLE).join("Cargo.toml")).map_err(failed)?;
    fs::write(example.join("Cargo.toml"), manifest + &patches).map_err(failed)?;
    let mut build = via.cargo("build", TARGET);
    build.arg("--manifest-path").arg(example.join("Cargo.toml")).arg("--target-dir").arg(place.path().join("target"));
    capture(build)?;
    Ok(format!("{} crates, {EXAMPLE} for {TARGET}", PUBLISHED.len()))
}
