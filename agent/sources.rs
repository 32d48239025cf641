//! A hash of sources: FNV-1a of files, those of a directory in the order of their names. The build script of the agent
//! makes the firmware's build hash with it, `cargo xtask fpga build` that of a circuit.

use std::fs;
use std::io::Result;
use std::path::{Path, PathBuf};

/// The hash of files and directories, in this order.
pub fn hash(parts: &[PathBuf]) -> Result<u64> {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for file in files(part)? {
            for byte in fs::read(file)? {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        }
    }
    Ok(hash)
}

/// The files below a path, or the file that it is.
fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut entries: Vec<PathBuf> = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    entries.sort();
    Ok(entries.iter().map(|entry| files(entry)).collect::<Result<Vec<_>>>()?.concat())
}
