//! Bare-metal builds: which compiler can make them here, and how it is called.

use crate::sh::{program, query};
use std::path::Path;
use std::process::Command;

/// Every bare target that the core is built for.
pub const TARGETS: [&str; 4] =
    ["thumbv7em-none-eabihf", "thumbv6m-none-eabi", "riscv32imac-unknown-none-elf", "wasm32v1-none"];

/// The compiler that serves the bare targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Via {
    /// The pinned toolchain, which has the targets' `core` (`rustup target add`).
    Pinned,
    /// Debian's own compiler, which builds `core` from its source package.
    Debian,
}

impl Via {
    /// Both, the one that is preferred first.
    pub const ALL: [Self; 2] = [Self::Pinned, Self::Debian];

    /// The first that works here.
    pub fn find() -> Option<Self> {
        Self::ALL.into_iter().find(|via| via.ready())
    }

    /// Whether every target can be built this way, programs with their linker included.
    pub fn ready(self) -> bool {
        let core = match self {
            Self::Pinned => pinned_has_targets(),
            Self::Debian => debian_is_new_enough() && Path::new(DEBIAN_CORE).is_file(),
        };
        core && TARGETS.iter().all(|target| self.links(target))
    }

    /// Whether the compiler finds a linker for a target: an empty program is linked. A compiler without one builds
    /// libraries, and fails with the first board.
    fn links(self, target: &str) -> bool {
        let Ok(place) = tempfile::tempdir() else { return false };
        let (source, out) = (place.path().join("empty.rs"), place.path().join("empty"));
        if std::fs::write(&source, "#![feature(no_core)]\n#![no_core]\n#![no_main]\n").is_err() {
            return false;
        }
        let mut rustc = match self {
            Self::Pinned => program("rustc"),
            Self::Debian => debian(DEBIAN_RUSTC),
        };
        if self == Self::Debian {
            rustc.args(["-C", &format!("linker={DEBIAN_LINKER}")]);
        }
        rustc.env("RUSTC_BOOTSTRAP", "1").args(["--target", target, "-C", "panic=abort", "-o"]).arg(out).arg(source);
        query(rustc).is_some()
    }

    /// `cargo build --release --target …`, to be completed by the caller.
    pub fn build(self, target: &str) -> Command {
        let mut command = self.cargo("build", target);
        command.arg("--release");
        command
    }

    /// A task of cargo for a target, to be completed by the caller.
    pub fn cargo(self, task: &str, target: &str) -> Command {
        let mut command = match self {
            Self::Pinned => crate::sh::cargo([task]),
            Self::Debian => debian_cargo(task, target),
        };
        command.args(["--target", target]);
        command
    }

    /// How to name it in a report.
    pub fn label(self) -> &'static str {
        match self {
            Self::Pinned => "pinned toolchain",
            Self::Debian => "Debian's rustc, -Zbuild-std",
        }
    }
}

const DEBIAN_CORE: &str = "/usr/lib/rustlib/src/rust/library/core/src/lib.rs";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
/// Its targets ask for a `rust-lld` that no package has; LLVM's own is the same program.
const DEBIAN_LINKER: &str = "lld-19";

fn pinned_has_targets() -> bool {
    let mut rustc = program("rustc");
    rustc.args(["--print", "sysroot"]);
    query(rustc).is_some_and(|sysroot| {
        let rustlib = Path::new(&sysroot).join("lib/rustlib");
        TARGETS.iter().all(|target| rustlib.join(target).join("lib").is_dir())
    })
}

fn debian_is_new_enough() -> bool {
    let mut rustc = debian(DEBIAN_RUSTC);
    rustc.arg("--version");
    query(rustc).is_some_and(|version| new_enough(&version, env!("CARGO_PKG_RUST_VERSION")))
}

/// Compares the minor versions of `rustc 1.96.0 (…)` and `1.95`.
fn new_enough(have: &str, need: &str) -> bool {
    let minor = |version: &str| version.split('.').nth(1)?.parse::<u32>().ok();
    minor(have).is_some_and(|have| minor(need).is_some_and(|need| have >= need))
}

/// Debian's cargo with Debian's compiler and linker.
fn debian_cargo(task: &str, target: &str) -> Command {
    let mut command = debian("/usr/bin/cargo");
    command.args([task, "-Zbuild-std=core"]).env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1");
    command.env(format!("CARGO_TARGET_{}_LINKER", target.to_uppercase().replace('-', "_")), DEBIAN_LINKER);
    command
}

/// One of Debian's programs by full name: rustup's shims of the same name come first on the path. What `cargo run`
/// leaves in the environment for the pinned toolchain is taken out.
fn debian(path: &str) -> Command {
    let mut command = program(path);
    command.env_remove("LD_LIBRARY_PATH").env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compiler_below_the_declared_version_is_refused() {
        assert!(new_enough("rustc 1.96.0 (ac68faa20 2026-05-25)", "1.95"));
        assert!(new_enough("rustc 1.95.0", "1.95"));
        assert!(!new_enough("rustc 1.63.0", "1.95"));
        assert!(!new_enough("no version", "1.95"));
    }

    #[test]
    fn build_commands_name_their_target() {
        for via in [Via::Pinned, Via::Debian] {
            let spelt = crate::sh::spell(&via.build(TARGETS[0]));
            assert!(spelt.contains("--target thumbv7em-none-eabihf --release"), "{spelt}");
            assert_eq!(spelt.contains("-Zbuild-std=core"), via == Via::Debian);
        }
    }
}
