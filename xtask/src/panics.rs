//! No panic path in the core's compiled code, and a proof that the check can see one.
//!
//! `xtask/probe` instantiates the core as a board would and exports each instance; [`Graph`] walks from these exports.
//! A panic always ends in a function of `core::panicking` and in the panic handler, so their names are enough.

use crate::bare::Via;
use crate::graph::{Graph, Reach};
use crate::report::Report;
use crate::sh::{Error, Result, capture, root, target_dir};
use std::fs;

/// The probe's manifest, seen from the root.
pub const MANIFEST: &str = "xtask/probe/Cargo.toml";

/// Where the core must be free of panic paths: every bare target whose objects are ELF.
const TARGETS: [&str; 3] = ["thumbv7em-none-eabihf", "thumbv6m-none-eabi", "riscv32imac-unknown-none-elf"];

/// How it is compiled there: as the workspace's release profile does, and as firmware often is.
const LEVELS: [&str; 2] = ["3", "s"];

/// Names that only a panic path leads to.
const FORBIDDEN: [&str; 5] = ["panic", "rust_begin_unwind", "unwrap_failed", "expect_failed", "_fail"];

/// Checks the core, then the check itself.
pub fn run(report: &mut Report, via: Via) -> Result<()> {
    for target in TARGETS {
        for level in LEVELS {
            report.step(&format!("no panic path, {target}, -O{level}"), || clean(via, target, level))?;
        }
    }
    report.step("planted panic paths are caught", || planted(via, TARGETS[0], LEVELS[0]))
}

fn clean(via: Via, target: &str, level: &str) -> Result<String> {
    let graph = build(via, target, level, &[])?;
    let roots = graph.exports("probe_");
    if roots.is_empty() {
        return Err("the probe exports nothing: nothing was checked".into());
    }
    let reach = graph.reach(&roots, forbidden);
    if !reach.forbidden.is_empty() {
        return Err(complain(target, &reach));
    }
    let Reach { text, rodata, functions, .. } = reach;
    Ok(format!("{} roots, {functions} functions, .text {text} B, .rodata {rodata} B", roots.len()))
}

/// Every planted function must be caught, each for itself.
fn planted(via: Via, target: &str, level: &str) -> Result<String> {
    let graph = build(via, target, level, &["--features", "planted-panic"])?;
    let roots = graph.exports("probe_planted_");
    for root in &roots {
        if graph.reach(std::slice::from_ref(root), forbidden).forbidden.is_empty() {
            return Err(format!("{root} can panic, and the check did not see it").into());
        }
    }
    match roots.len() {
        0 => Err("the probe planted nothing".into()),
        n => Ok(format!("{n} planted, {n} caught")),
    }
}

fn forbidden(name: &str) -> bool {
    FORBIDDEN.iter().any(|part| name.contains(part))
}

fn complain(target: &str, reach: &Reach) -> Error {
    let ways: Vec<_> = reach.forbidden.iter().map(|way| way.join("\n  -> ")).collect();
    let owner = reach.forbidden[0].iter().rev().nth(1).map_or("?", |name| name);
    let line = format!("panic path on {target}, in {owner} ({} in all)", reach.forbidden.len());
    Error { line, output: ways.join("\n") }
}

/// The probe with the workspace's own versions of all dependencies, read back from its static library.
fn build(via: Via, target: &str, level: &str, extra: &[&str]) -> Result<Graph> {
    fs::copy(root().join("Cargo.lock"), root().join("xtask/probe/Cargo.lock"))
        .map_err(|e| format!("Cargo.lock for the probe: {e}"))?;
    let out = target_dir().join("probe");
    let mut command = via.build(target);
    command
        .args(["--manifest-path", MANIFEST, "--target-dir"])
        .arg(&out)
        .args(extra)
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", level);
    capture(command)?;
    let library = out.join(target).join("release/libstoquant_probe.a");
    let bytes = fs::read(&library).map_err(|e| format!("{}: {e}", library.display()))?;
    Graph::read(&bytes).map_err(|e| format!("{}: {e}", library.display()).into())
}
