//! The certificate on the command line: rungs alone, one screen, an earlier certificate, files for continuous
//! integration.

use std::fs;

use serde_json::Value;
use stoquant::certify::Rung;
use stoquant_tests::command::{run, succeed};

use super::place;
use super::refuses::refused;

/// A certificate without a check is no pass, and says why it has none.
#[test]
fn nothing_to_check() {
    let directory = place();
    let output = run(directory.path(), &["certify", "--extent", "8,8", "--rung", "exact"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for words in ["not applicable: fx18 euler 8x8", "nothing was checked", "FAIL: in-process core"] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

/// The list has the rungs of the default certificate; one rung runs alone, and prints its line and the verdict.
#[test]
fn a_rung_alone() {
    let directory = place();
    let list = succeed(directory.path(), &["certify", "--list"]);
    let listed: Vec<&str> = list.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    // `lockstep` is for other engines than the core.
    let all: Vec<&str> = Rung::all().map(Rung::name).filter(|&name| name != "lockstep").collect();
    assert_eq!(listed, all);
    let math = succeed(directory.path(), &["certify", "--rung", "math"]);
    let lines: Vec<&str> = math.lines().collect();
    let begin = ["rung ", "judge ", "math ", "PASS: "];
    assert!(lines.len() == 4 && lines.iter().zip(begin).all(|(line, begin)| line.starts_with(begin)), "{math}");
    assert!(lines[2].contains(Rung::Math.claim()), "{math}");
    let verbose = succeed(directory.path(), &["certify", "--rung", "math", "--verbose"]);
    assert!(verbose.contains("micromath: error of an acceptance probability"), "{verbose}");
    for (flags, words) in [
        (&["--rung", "maths"][..], &["maths", "calibration, noise"][..]),
        (&["--rung", "lockstep"], &["rung = lockstep", "--list"]),
        (&["--engine", "int8", "--rung", "words"], &["rung = words", "no such rung"]),
        (&["--against", "none.json"], &["against = none.json", "cannot read"]),
        (&["--against", "quick.toml"], &["against = quick.toml", "no certificate"]),
        (&["--rung", "math", "--figure", "f.svg"], &["figure = f.svg", "exact-law"]),
        (&["--config", "quick.toml", "--figure", "f.svg"], &["figure = f.svg", "exact-law"]),
    ] {
        refused(directory.path(), &[&["certify"], flags].concat(), words);
    }
}

/// An experiment's certificate fits a screen; against itself nothing differs, against another what differs is named;
/// JUnit has a case a check.
#[test]
fn against_an_earlier_one() {
    let directory = place();
    let certify = |flags: &str| {
        let line =
            format!("certify --extent= --mu2 1 --g 1 --eps 0.01 --arith f64 --rung identity,coupled,math {flags}");
        let out = run(directory.path(), &line.split_whitespace().collect::<Vec<_>>());
        (out.status.code(), String::from_utf8_lossy(&out.stdout).into_owned())
    };
    let (code, screen) = certify("--out old.json --junit checks.xml");
    assert!(code == Some(0) && screen.lines().count() <= 40, "{screen}");
    let certificate: Value =
        serde_json::from_str(&fs::read_to_string(directory.path().join("old.json")).expect("a file")).expect("JSON");
    let checks = certificate["checks"].as_array().expect("a list").len();
    let junit = fs::read_to_string(directory.path().join("checks.xml")).expect("a file");
    assert_eq!((junit.matches("<testcase ").count(), junit.matches("<failure").count()), (checks, 0));

    let (code, same) = certify("--against old.json");
    assert!(code == Some(0) && same.contains("0 new, 0 gone, 0 moved"), "{same}");
    // Another arithmetic: its checks are new, the old ones are gone.
    let (code, other) = certify("--integrator euler --against old.json");
    assert!(code == Some(1) && other.contains("gone   identity: f64 mala site: restart = no restart"), "{other}");
}

/// The figure is one drawing, whose elements close, with both panels, every curve and what it shows in words.
#[test]
fn a_figure_is_drawn() {
    let directory = place();
    succeed(directory.path(), &["certify", "--rung", "exact-law", "--figure", "f.svg"]);
    let svg = fs::read_to_string(directory.path().join("f.svg")).expect("a file");
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\"") && svg.len() < 60_000, "{}", svg.len());
    let mut open: Vec<&str> = Vec::new();
    for tag in svg.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("a tag ends");
        let name = tag.trim_start_matches('/').split([' ', '\n', '/']).next().expect("a first word");
        match tag {
            _ if tag.starts_with('/') => assert_eq!(open.pop(), Some(name), "closed in the order of opening"),
            _ if tag.ends_with('/') => {}
            _ => open.push(name),
        }
    }
    assert!(open.is_empty(), "not closed: {open:?}");
    assert_eq!(svg.matches("<svg").count(), 3, "a drawing of two panels");
    for part in ["<title>Histogram of 524288 sites", "sites of the engine", "exact law of the integers", "e^{-S}"] {
        assert!(svg.contains(part), "{part}");
    }
    // A point for each cell within reach, above and below; 64 residuals. One more circle is in the legend.
    assert!((1 + 2 * 56..=1 + 2 * 64).contains(&svg.matches("<circle").count()), "{}", svg.matches("<circle").count());
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
}
