//! Circuits that are wrong on purpose, and tests that must notice each: `fpga-harness/mutants.toml`.

use super::{HARNESS, OUT, change};
use crate::sh::{Error, Result, capture, cargo, root};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The list, from the harness.
const LIST: &str = "mutants.toml";
/// Where copies and what is built of them go, below [`OUT`].
const PLACE: &str = "mutants";
/// Fewer say little about the tests.
const FEWEST: usize = 30;

/// The list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    mutant: Vec<Mutant>,
}

/// One occurrence of a text, replaced.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutant {
    what: String,
    file: PathBuf,
    from: String,
    to: String,
    /// A part of the names of the tests.
    test: String,
    /// What the names of the models begin with, or the name of one.
    models: String,
}

/// Every mutant whose description begins so; all of them where that is nothing.
pub fn run(only: &str) -> Result<String> {
    let list = read()?;
    let mutants: Vec<(usize, &Mutant)> = (1..).zip(&list).filter(|(_, m)| m.what.starts_with(only)).collect();
    if mutants.is_empty() {
        return Err(format!("{LIST}: no mutant begins with `{only}`").into());
    }
    let started = Instant::now();
    let tests: BTreeSet<[&str; 2]> = mutants.iter().map(|(_, m)| [m.models.as_str(), m.test.as_str()]).collect();
    let unchanged = place("unchanged");
    change::copy(&root().join(HARNESS).join("rtl"), &unchanged)?;
    let mut count = 0;
    for [models, tests] in &tests {
        let said = test(&unchanged, models, tests)
            .map_err(|error| Error { line: format!("unchanged circuits, `{tests}`: {error}"), ..error })?;
        match passed(&said) {
            0 => return Err(format!("{LIST}: no test has `{tests}` in its name").into()),
            more => count += more,
        }
    }
    println!("{:<60} {:>5.0} s  {count} tests pass", "unchanged", started.elapsed().as_secs_f64());
    let mut wrong = vec![];
    for &(number, mutant) in &mutants {
        let started = Instant::now();
        let verdict = made(number, mutant).map(|rtl| verdict(test(&rtl, &mutant.models, &mutant.test)));
        let (said, is_wrong) = match verdict {
            Ok(Verdict::Noticed(count)) => (format!("noticed, {count} failed"), false),
            Ok(Verdict::Survives) => ("SURVIVES".to_owned(), true),
            Ok(Verdict::Error(what)) => (format!("NOT RUN: {what}"), true),
            Err(error) => (format!("NOT MADE: {error}"), true),
        };
        println!("{:<60} {:>5.0} s  {said}", mutant.what, started.elapsed().as_secs_f64());
        if is_wrong {
            wrong.push(format!("{}: {said}", mutant.what));
        }
    }
    match wrong.len() {
        0 => Ok(format!("{} mutants, all noticed", mutants.len())),
        count => Err(format!("{count} of {} mutants are not noticed: {}", mutants.len(), wrong.join("; ")).into()),
    }
}

fn read() -> Result<Vec<Mutant>> {
    let path = root().join(HARNESS).join(LIST);
    let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let List { mutant: list } = toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
    let names: BTreeSet<&str> = list.iter().map(|mutant| mutant.what.as_str()).collect();
    if names.len() != list.len() || list.len() < FEWEST {
        return Err(format!("{LIST}: {} mutants, {} names; {FEWEST} at least", list.len(), names.len()).into());
    }
    Ok(list)
}

fn place(name: &str) -> PathBuf {
    root().join(OUT).join(PLACE).join(name).join("rtl")
}

/// The circuits with a change.
fn made(number: usize, mutant: &Mutant) -> Result<PathBuf> {
    let rtl = place(&number.to_string());
    change::copy(&root().join(HARNESS).join("rtl"), &rtl)?;
    change::replace(&rtl.join(&mutant.file), &mutant.from, &mutant.to)?;
    Ok(rtl)
}

/// Tests of circuits in a directory; what they said. They are built apart, so that other builds find theirs as it was.
fn test(rtl: &Path, models: &str, tests: &str) -> Result<String> {
    let mut command = cargo(["test", "--package", "stoquant-fpga", "--features", "sim", "--test", "score"]);
    command.args(["--profile", "release-checked", "--", tests]);
    command.env("STOQUANT_RTL", rtl).env("STOQUANT_MODELS", models);
    command.env("CARGO_TARGET_DIR", root().join(OUT).join(PLACE).join("target"));
    capture(command)
}

#[derive(Debug, PartialEq)]
enum Verdict {
    /// By so many tests.
    Noticed(usize),
    Survives,
    /// The tests have not been run.
    Error(String),
}

/// A test that fails has noticed it; what cannot be built has not been tested.
fn verdict(ran: Result<String>) -> Verdict {
    let Err(error) = ran else { return Verdict::Survives };
    let line = |with: &str| error.output.lines().find(|line| line.trim_start().starts_with(with));
    match line("test result: FAILED.") {
        Some(line) => Verdict::Noticed(number(line, " failed;")),
        None => Verdict::Error(line("%Error").or(line("error")).unwrap_or(&error.line).trim().into()),
    }
}

fn passed(said: &str) -> usize {
    said.lines().filter(|line| line.starts_with("test result: ok.")).map(|line| number(line, " passed;")).sum()
}

/// The number before a word.
fn number(line: &str, word: &str) -> usize {
    line.split(word).next().and_then(|before| before.rsplit(' ').next()?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_test_that_fails_has_noticed() {
        let ran = "running 2 tests\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 9 filtered out\n";
        assert_eq!(passed(ran), 2);
        assert_eq!(passed(&ran.replace("2 passed", "0 passed")), 0);
        assert_eq!(verdict(Ok(ran.into())), Verdict::Survives);
        let failed =
            |output: &str| verdict(Err(Error { line: "`cargo test`: exit 101".into(), output: output.into() }));
        assert_eq!(
            failed("thread 'x' panicked\ntest result: FAILED. 1 passed; 3 failed; 0 ignored\nerror: test failed"),
            Verdict::Noticed(3)
        );
        assert_eq!(failed("error: build\n  %Error: a.sv:1: syntax"), Verdict::Error("%Error: a.sv:1: syntax".into()));
        assert_eq!(failed(""), Verdict::Error("`cargo test`: exit 101".into()));
    }

    #[test]
    fn every_mutant_can_be_made() {
        for mutant in read().expect("the list can be read") {
            let path = root().join(HARNESS).join("rtl").join(&mutant.file);
            let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            assert_eq!(text.matches(&mutant.from).count(), 1, "{}: {}", mutant.file.display(), mutant.from);
        }
    }
}
