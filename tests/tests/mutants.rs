//! The table of planted defects is complete, and its command fails on a survivor. That all are caught, and nothing
//! else, is what the command itself runs (`cargo xtask mutants --check`, the last step of `cargo xtask test`).

use std::collections::HashSet;
use std::process::Command;

use stoquant_tests::mutants::defects;

/// Every group is there, and the names tell the defects apart.
#[test]
fn table_is_complete() {
    let defects = defects();
    assert!(defects.len() >= 40, "{} defects", defects.len());
    let names: HashSet<_> = defects.iter().map(|defect| (defect.group, defect.name)).collect();
    assert_eq!(names.len(), defects.len());
    for group in ["noise", "drift", "arithmetic", "integrator", "analysis", "reporting"] {
        assert!(defects.iter().any(|defect| defect.group == group), "{group}");
    }
}

/// A survivor fails the command.
#[test]
fn survivor_is_reported() {
    let run = |flags: &[&str]| {
        let out = Command::new(env!("CARGO_BIN_EXE_mutants")).args(["--group", "analysis"]).args(flags).output();
        let out = out.expect("the command runs");
        (out.status.code(), String::from_utf8_lossy(&out.stdout).lines().last().unwrap_or_default().to_owned())
    };
    let (code, last) = run(&[]);
    assert!(code == Some(0) && last.ends_with("0 survived"), "{code:?} {last}");
    let (code, last) = run(&["--neutral"]);
    assert!(code == Some(1) && last.ends_with("1 survived"), "{code:?} {last}");
}
