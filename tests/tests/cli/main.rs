//! The command: what it refuses, in one line and without a trace; and what it writes.

mod boards;
mod certifies;
mod chains;
mod compares;
mod files;
mod generates;
mod measures;
mod quantizes;
mod refuses;
mod resumes;
mod scales;
mod trains;
mod writes;

use tempfile::TempDir;

/// A directory with an experiment that runs in no time, and its flags.
pub fn place() -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(
        directory.path().join("quick.toml"),
        "extent = [4, 4]\nkappa = 0.2\nlambda = 0.1\neps = 0.05\nchains = 2\ncount = 20\n\
         thermalise = 10\nevery = 1\nseed = 7\n",
    )
    .expect("writable");
    directory
}
