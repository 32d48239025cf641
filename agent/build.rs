//! The build hash of an [`Identity`]: of the sources that decide what a board computes.

mod sources;

use std::env;
use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    // As the script runs, not as it was compiled: a compiled one may serve another copy of the sources.
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    // In a package of its own the agent knows its own sources only.
    let whole = ["../model/src", "../core/src", "../link/src", "src"].map(|part| root.join(part));
    let parts = if whole.iter().all(|part| part.is_dir()) { &whole[..] } else { &whole[3..] };
    parts.iter().for_each(|part| println!("cargo::rerun-if-changed={}", part.display()));
    println!("cargo::rustc-env=STOQUANT_BUILD={}", sources::hash(parts)?);
    Ok(())
}
