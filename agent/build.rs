//! The build hash of an [`Identity`]: FNV-1a of the sources that decide what a board computes, file by file in the
//! order of their names.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> std::io::Result<()> {
    // As the script runs, not as it was compiled: a compiled one may serve another copy of the sources.
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    // In a package of its own the agent knows its own sources only.
    let whole = ["../model/src", "../core/src", "../link/src", "src"];
    let parts = if whole.iter().all(|part| root.join(part).is_dir()) { &whole[..] } else { &["src"] };
    for part in parts {
        println!("cargo::rerun-if-changed={}", root.join(part).display());
        for file in files(&root.join(part))? {
            for byte in fs::read(file)? {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        }
    }
    println!("cargo::rustc-env=STOQUANT_BUILD={hash}");
    Ok(())
}

fn files(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    entries.sort();
    let mut out = Vec::new();
    for entry in entries {
        if entry.is_dir() {
            out.extend(files(&entry)?);
        } else {
            out.push(entry);
        }
    }
    Ok(out)
}
