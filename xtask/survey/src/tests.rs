//! The generator, and what it generates, compiled and run.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::sites::{Site, find};
use crate::tree::rewrite;

const SOURCE: &str = "
const N: usize = 3 + 4;
const fn constant(n: usize) -> usize { n + 1 }

fn sum(xs: &[u64]) -> u64 {
    let mut total = 0;
    for i in 0..xs.len() {
        total += xs[i] * 3;
    }
    if total > 40 && xs.len() > 2 {
        total -= 40u64;
    }
    total
}

fn less(a: u64, b: u64) -> u64 { a.wrapping_sub(b).min(100) }

fn hidden(a: Option<u64>) -> [u64; 2] {
    if let Some(b) = a && b == 1 { [less(9, 2), b] } else { [0; 2] }
}

fn main() {
    let long: Vec<u64> = (0..300).collect();
    println!(\"{} {} {}\", sum(&[1, 2, 3]), sum(&[5, 6, 7, 8]), sum(&long));
    println!(\"{:?} {:?} {} {}\", hidden(Some(1)), hidden(None), N, constant(1));
}

#[cfg(test)]
mod tests {
    fn none() -> u32 { 1 + 1 }
}
";

fn sites() -> Vec<Site> {
    find("src/main.rs", SOURCE).unwrap().sites
}

#[test]
fn every_kind_is_found_where_it_should_be() {
    let sites = sites();
    let of = |scope: &str| -> Vec<String> {
        sites.iter().filter(|site| site.scope == scope).map(|site| format!("{} {}", site.kind, site.text)).collect()
    };
    let mut sum = of("sum");
    sum.sort();
    assert_eq!(
        sum,
        [
            "arithmetic total += xs[i] * 3 -> total -= xs[i] * 3",
            "arithmetic total -= 40u64 -> total += 40u64",
            "arithmetic xs[i] * 3 -> xs[i] / 3",
            "comparison total > 40 -> total >= 40",
            "comparison xs.len() > 2 -> xs.len() >= 2",
            "condition if total > 40 && xs.len() > 2 -> negated",
            "constant 0 -> 1",
            "constant 0 -> 1",
            "constant 2 -> 3",
            "constant 3 -> 4",
            "constant 40 -> 41",
            "constant 40u64 -> 41u64",
            "logic total > 40 && xs.len() > 2 -> total > 40 || xs.len() > 2",
            "range 0..xs.len() -> begins one later",
            "range 0..xs.len() -> ends one earlier",
            "size xs[i] * 3 -> xs[i] / 3 where xs.len() > 256",
            "statement total += xs[i] * 3; -> left out",
            "statement total -= 40u64; -> left out",
            "term total > 40 && xs.len() > 2 -> total > 40",
            "term xs[i] * 3 -> xs[i]",
        ]
    );
    assert_eq!(
        of("less"),
        [
            "method a.wrapping_sub(b) -> .wrapping_add()",
            "method a.wrapping_sub(b).min(100) -> .max()",
            "constant 100 -> 101"
        ]
    );
    let hidden = of("hidden");
    assert!(hidden.contains(&"arguments less(9, 2) -> less(2, 9) (9 and 2 exchanged)".into()), "{hidden:?}");
    assert!(!hidden.iter().any(|text| text.contains("let") || text.contains("; 2]")), "{hidden:?}");
    // No constant, no test.
    assert_eq!((of(""), of("constant"), of("tests::none")), (vec![], vec![], vec![]));
    assert_eq!(find("lib.rs", "#[cfg(test)]\nmod other;").unwrap().test_modules, ["other"]);
}

#[test]
fn names_are_unique_and_lines_are_right() {
    let sites = sites();
    let ids: BTreeMap<String, usize> = sites.iter().map(|site| (site.id(), site.line)).collect();
    assert_eq!(ids.len(), sites.len());
    assert_eq!(ids["src/main.rs sum: 0 -> 1"], 6);
    assert_eq!(ids["src/main.rs sum: 0 -> 1 #2"], 7);
}

/// Every defect of the source, one copy for each set that does not overlap: with all switches off the program says what
/// the original says, and with one on it says something else.
#[test]
fn a_switch_changes_the_result_and_off_it_changes_none() {
    let folder = tempfile::tempdir().unwrap();
    let original = compiled(folder.path(), SOURCE).map(|program| said(&program, 0)).expect("the original compiles");
    let (mut rest, mut number, mut same) = (sites(), 0, Vec::new());
    while !rest.is_empty() {
        let mut set: Vec<Site> = Vec::new();
        rest.retain(|site| {
            let free =
                set.iter().all(|other| other.range.end <= site.range.start || site.range.end <= other.range.start);
            if free {
                set.push(site.clone());
            }
            !free
        });
        let planted: Vec<(usize, &Site)> = set
            .iter()
            .map(|site| {
                number += 1;
                (number, site)
            })
            .collect();
        let (text, places) = rewrite(SOURCE, &planted);
        for (place, number) in places {
            assert!(text[place].contains(&format!("planted({number})")));
        }
        let switches = include_str!("planted.rs");
        std::fs::write(folder.path().join("planted.rs"), switches).unwrap();
        let text = format!("extern crate self as stoquant_model;\nmod planted;\npub use planted::planted;\n{text}");
        let program = compiled(folder.path(), &text).expect("all defects of the source compile");
        assert_eq!(said(&program, 0), original);
        same.extend(planted.iter().filter(|(n, _)| said(&program, *n) == original).map(|(_, site)| site.text.clone()));
    }
    // Sums are nowhere near 40, three and more numbers are more than two, and 0 adds nothing.
    same.sort();
    let silent = [
        "0 -> 1",
        "0..300 -> begins one later",
        "100 -> 101",
        "2 -> 3",
        "40 -> 41",
        "total > 40 && xs.len() > 2 -> total > 40",
        "total > 40 -> total >= 40",
        "xs.len() > 2 -> xs.len() >= 2",
    ];
    assert_eq!(same, silent);
}

fn compiled(folder: &Path, text: &str) -> Option<std::path::PathBuf> {
    let (source, program) = (folder.join("main.rs"), folder.join("main"));
    std::fs::write(&source, text).unwrap();
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut done = Command::new(rustc);
    done.args(["--edition", "2024", "--cap-lints", "allow", "-o"]).arg(&program).arg(&source);
    done.status().unwrap().success().then_some(program)
}

fn said(program: &Path, number: usize) -> String {
    let out = Command::new(program).env("STOQUANT_PLANTED", number.to_string()).output().unwrap();
    format!("{} {}", out.status, String::from_utf8_lossy(&out.stdout))
}
