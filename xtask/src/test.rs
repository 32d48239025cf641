//! `cargo xtask test`: everything that must hold, one step after the other up to the first failure.

use crate::bare::Via;
use crate::report::{Report, Selection};
use crate::sh::{Error, Result, capture, cargo, stream};
use crate::{
    counts, firmware, fpga, fuzz, instructions, lines, mutants, neon, package, panics, scalar, setup, tables, targets,
};
use std::time::{SystemTime, UNIX_EPOCH};

/// Runs the steps, then prints the table. `full` adds the slow tests.
pub fn run(full: bool, selection: Selection) -> Result<()> {
    let mut report = Report::of(selection);
    let mut count = Count::default();
    let done = steps(&mut report, &mut count, full);
    if report.selection == Selection::List {
        return done;
    }
    if done.is_ok() && report.is_empty() {
        return Err("no step has a name that begins so: `cargo xtask test --list` prints them".into());
    }
    report.print();
    if done.is_ok() && count.passed > 0 {
        println!("tests: {} passed, 0 failed, {} skipped", count.passed, count.ignored);
    }
    done
}

/// What a change is tried with before anything else: a minute or two, once all is built.
pub fn quick() -> Result<()> {
    let mut report = Report::default();
    report.step("fmt", format)?;
    report.step("clippy", clippy)?;
    let mut count = Count::default();
    let packages = ["model", "core", "link", "engines"].map(|name| format!("--package=stoquant-{name}"));
    report.step("unit tests below the host", || {
        let mut command = cargo(["test", "--profile", "release-checked"]);
        command.args(&packages);
        count = Count::read(&capture(command)?);
        Ok(format!("{} passed", count.passed))
    })?;
    report.loud_step("certify, some rungs", || {
        run_certify(&["--rung", "noise,math,identity,coupled,exact", "--effort", "0.05"]).map(|_| String::new())
    })?;
    report.print();
    Ok(())
}

fn steps(report: &mut Report, count: &mut Count, full: bool) -> Result<()> {
    report.step("setup", || setup::run(false))?;
    report.step("fmt", format)?;
    report.step("clippy", clippy)?;
    report.step("documentation", documentation)?;
    report.step("tests", || test(count, &[]))?;
    report.step("scalar form", || scalar_form(count))?;
    report.step("broken images", || fuzz::run(if full { 10.0 } else { 0.25 }))?;
    if full {
        report.step("slow tests", || test(count, &["--", "--ignored"]))?;
        report.step("NEON, emulated", neon::run)?;
    }
    report.loud_step("tables", || Ok(tables::run(true).map(|()| "as generated".to_owned())?))?;
    let via = if report.selection == Selection::List { Via::Pinned } else { targets::choose(None)? };
    targets::run(report, via)?;
    report.step("packages", || package::run(via))?;
    panics::run(report, via)?;
    // The other way of building, where there is one; last the one whose programs are emulated.
    for other in Via::ALL.into_iter().filter(|&other| full && other != via && other.ready()) {
        firmware::run(report, other)?;
    }
    firmware::run(report, via)?;
    fpga::test(report)?;
    if full {
        fpga::slow(report)?;
        report.loud_step("certify, circuit", || run_certify_with(&["--features", "rtl"], &["--engine", "rtl"]))?;
    }
    report.step("instructions on boards", || instructions::run(via, false))?;
    report.loud_step("counts", || counts::run(false))?;
    report.loud_step("certify", certify)?;
    let boards = ["cortex-m4f", "rv32imac", "cortex-m0"];
    report.steps(&boards, |board| format!("certify, {board}"), |board| certify_board(board))?;
    report.loud_step("mutants", || mutants::run(&["--check"]))
}

fn format() -> Result<String> {
    lines::check()?;
    capture(cargo(["fmt", "--all", "--check", "--", "-l"]))?;
    capture(cargo(["fmt", "--manifest-path", panics::MANIFEST, "--check", "--", "-l"]))?;
    capture(cargo(["fmt", "--manifest-path", firmware::MANIFEST, "--all", "--check", "--", "-l"]))?;
    Ok(String::new())
}

fn clippy() -> Result<String> {
    // In the profile of the tests: what runs while compiling is compiled once for both.
    let clippy = |what: &[&str]| {
        let mut command = cargo(["clippy", "--profile", "release-checked"]);
        command.args(what).args(["--", "-D", "warnings"]);
        capture(command)
    };
    clippy(&["--workspace", "--all-targets"])?;
    // No target of plain `cargo bench`, hence not among all.
    clippy(&["--package", "stoquant-benches", "--bench", "counts"])?;
    Ok("no warnings".into())
}

/// Every link and every formula of the documentation, without a warning.
fn documentation() -> Result<String> {
    let mut command = cargo([
        "doc",
        "--workspace",
        "--no-deps",
        "--document-private-items",
        "--quiet",
        "--profile",
        "release-checked",
    ]);
    command.env("RUSTDOCFLAGS", "--deny warnings");
    capture(command).map(|_| "no warnings".into())
}

fn test(count: &mut Count, extra: &[&str]) -> Result<String> {
    let mut command = cargo(["test", "--workspace", "--profile", "release-checked"]);
    command.args(extra);
    let ran = Count::read(&capture(command)?);
    if ran.passed == 0 && extra.is_empty() {
        return Err("cargo test ran no test".into());
    }
    // What the plain run ignored is what a slow run runs.
    count.ignored = if extra.is_empty() { ran.ignored } else { count.ignored.saturating_sub(ran.passed) };
    count.passed += ran.passed;
    Ok(format!("{} passed, {} ignored", ran.passed, ran.ignored))
}

/// What microcontrollers run, tested here.
fn scalar_form(count: &mut Count) -> Result<String> {
    let (note, said) = scalar::run()?;
    let ran = Count::read(&said);
    if ran.passed == 0 {
        return Err("the scalar form ran no test".into());
    }
    count.passed += ran.passed;
    Ok(format!("{} passed, {note}", ran.passed))
}

/// The certificate as the README runs it, and a shorter one under a seed that no run has seen.
fn certify() -> Result<String> {
    let said = run_certify(&[])?;
    figures_are_true(&said)?;
    let fresh = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |t| t.as_nanos() as u64).to_string();
    println!("once more with the fresh seed {fresh}");
    run_certify(&["--seed", &fresh, "--effort", "0.5"])?;
    Ok(format!("certified, with seeds 1 and {fresh}"))
}

/// A board's certificate, its last lines as the note.
fn certify_board(board: &str) -> Result<String> {
    let mut command = cargo(["run", "--quiet", "--release", "--package", "stoquant", "--", "device", "certify"]);
    command.args(["--emulate", board]);
    let said = capture(command)?;
    let verdict = said.lines().rev().find(|line| line.starts_with("PASS")).ok_or("no certificate was printed")?;
    Ok(verdict.to_owned())
}

/// The README quotes as many statistics as there are, and the planted defects stand out from as many. (How many bounds
/// there are depends on the instruction sets of the processor.)
fn figures_are_true(said: &str) -> Result<()> {
    let statistics = |text: &str| -> Option<usize> {
        let verdict = text.lines().find(|line| line.starts_with("PASS: in-process core"))?;
        verdict.split(" checks, ").nth(1)?.split(' ').next()?.parse().ok()
    };
    let (found, known) = (statistics(said), Some(stoquant::certify::parts::STATISTICS));
    let quoted = statistics(include_str!("../../README.md"));
    match found == known && found == quoted {
        true => Ok(()),
        false => {
            Err(format!("`certify` makes {found:?} statistics, README quotes {quoted:?}, STATISTICS says {known:?}")
                .into())
        }
    }
}

fn run_certify(flags: &[&str]) -> Result<String> {
    run_certify_with(&[], flags)
}

/// The same of another build.
fn run_certify_with(build: &[&str], flags: &[&str]) -> Result<String> {
    let mut command = cargo(["run", "--quiet", "--release", "--package", "stoquant"]);
    command.args(build).args(["--", "certify"]).args(flags);
    let said = stream(command)?;
    if said.trim().is_empty() {
        return Err(Error::from("`stoquant certify` certified nothing: it printed no line"));
    }
    Ok(said)
}

/// The sums of cargo's `test result:` lines.
#[derive(Debug, Default, PartialEq)]
struct Count {
    passed: usize,
    ignored: usize,
}

impl Count {
    fn read(output: &str) -> Self {
        let number = |line: &str, word: &str| -> usize {
            let before = line.split(word).next().unwrap_or_default().trim_end();
            before.rsplit(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0)
        };
        let lines = output.lines().filter(|line| line.starts_with("test result: "));
        lines.fold(Self::default(), |sum, line| Self {
            passed: sum.passed + number(line, "passed;"),
            ignored: sum.ignored + number(line, "ignored;"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_lines_are_summed() {
        let output = "running 2 tests\n\
            test result: ok. 12 passed; 0 failed; 3 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            noise 99 passed;\n\
            test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 1 filtered out; finished in 0.10s\n";
        assert_eq!(Count::read(output), Count { passed: 17, ignored: 3 });
        assert_eq!(Count::read("no tests"), Count::default());
    }
}
