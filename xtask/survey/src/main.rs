//! Coverage of the certificate: defects are generated from the syntax, built together in one copy of the workspace, and
//! switched on one at a time; the record says which check catches each. `cargo xtask mutants --survey` runs it.

mod build;
mod climb;
mod program;
mod record;
mod sample;
mod sites;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};

use climb::{Certifier, Tester};
use record::{Entry, Equivalents, Outcome, Record};
use sites::Site;

/// Generate defects, and see which check catches each
#[derive(Parser)]
#[command(name = "survey")]
struct Args {
    /// Defects that are drawn
    #[arg(long, default_value_t = 300)]
    count: usize,
    /// Seed of the draw
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only every M-th defect drawn, from the N-th
    #[arg(long, value_name = "N/M", default_value = "1/1", value_parser = part)]
    part: (usize, usize),
    /// Draw only from those whose names contain this
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// What is climbed, each by the survivors of those before
    #[arg(long, value_enum, value_name = "STEP,…", value_delimiter = ',', default_value = "short,dear,default,tests")]
    steps: Vec<Step>,
    /// Defects at a time
    #[arg(long, default_value_t = 1)]
    jobs: usize,
    /// Begin no further defect after so many minutes of a step
    #[arg(long)]
    minutes: Option<f64>,
    /// Write outcomes into the record, and the table of the documentation
    #[arg(long)]
    record: bool,
    /// Only put the reasons of tests/survey/equivalent.toml into the record, and write the table
    #[arg(long)]
    reasons: bool,
    /// Print what is drawn, and stop
    #[arg(long)]
    list: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Step {
    /// The certificate at 4% of its length, without the rungs that take longest
    Short,
    /// These rungs
    Dear,
    /// The default certificate
    Default,
    /// The tests of the crate
    Tests,
}

const RECORD: &str = "tests/survey/record.json";
const EQUIVALENT: &str = "tests/survey/equivalent.toml";
const DOCS: &str = "docs/verification.md";
const BEGIN: &str = "<!-- survey: written by `cargo xtask mutants --survey --record` -->\n";
const END: &str = "<!-- end of survey -->";

fn part(text: &str) -> Result<(usize, usize), String> {
    let read = |text: &str| text.parse::<usize>().ok();
    let numbers = text.split_once('/').and_then(|(n, m)| Some((read(n)?, read(m)?)));
    numbers.filter(|&(n, m)| 1 <= n && n <= m).ok_or_else(|| format!("{text}: N/M with N from 1 to M"))
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the workspace is two above");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), |dir| root.join(dir));
    let folder = target.join("survey");
    let files = tree::files(root)?;
    let sites = tree::sites(root, &files)?;
    let equivalents = Equivalents::read(&root.join(EQUIVALENT))?;
    if args.reasons {
        return enter(root, &sites, Record::new(), &equivalents);
    }
    let pool: Vec<Site> = sites.iter().filter(|site| site.id().contains(&args.only)).cloned().collect();
    if args.record && args.steps.first() != Some(&Step::Short) {
        return Err("what is recorded has climbed from the start: --steps short,…".into());
    }
    let (n, m) = args.part;
    let drawn = sample::draw(&pool, args.count, args.seed).into_iter().skip(n - 1).step_by(m);
    let mut planted: BTreeMap<usize, Site> = (1..).zip(drawn).collect();
    println!("{} places, {} drawn", pool.len(), planted.len());
    if args.list {
        planted.iter().for_each(|(number, site)| println!("{number:>4} {:<11} {}", site.kind, site.place()));
        return Ok(());
    }

    let start = Instant::now();
    let built = build::build(root, &folder, &files, &mut planted)?;
    let dropped = built.dropped.len();
    println!("{} compile, {dropped} do not; built in {:.0} s", planted.len(), start.elapsed().as_secs_f64());
    let runs = folder.join("runs");
    fs::create_dir_all(&runs).map_err(|e| format!("{}: {e}", runs.display()))?;

    let certifier = Certifier::new(&built.program, &runs)?;
    println!("{}", certifier.summary());
    let mut outcomes = BTreeMap::new();
    for (&number, site) in &planted {
        let reason = equivalents.reason(&site.id()).map(str::to_owned);
        outcomes.insert(number, reason.map_or(Outcome::Survived, Outcome::Equivalent));
    }
    for step in &args.steps {
        let survivors = outcomes.iter().filter(|(_, outcome)| survives(outcome)).map(|(&number, _)| number).collect();
        let survivors = sample::shuffled(survivors, args.seed);
        let (ends, rest) = match step {
            Step::Short => in_parallel(args, survivors, &planted, |number| certifier.short(number, false))?,
            Step::Dear => in_parallel(args, survivors, &planted, |number| certifier.short(number, true))?,
            Step::Default => {
                let usual = certifier.default_seconds()?;
                in_parallel(args, survivors, &planted, |number| certifier.default(number, usual))?
            }
            Step::Tests => tested(args, &folder, &runs, survivors, &planted)?,
        };
        outcomes.extend(ends);
        // What was never climbed has no end, and what a dear rung has yet to see none either.
        match step {
            Step::Short => outcomes.retain(|number, outcome| {
                let ahead = !args.steps.contains(&Step::Dear) && certifier.has_dear(*number);
                !(rest.contains(number) || ahead && survives(outcome))
            }),
            Step::Dear => outcomes.retain(|number, _| !rest.contains(number) || !certifier.has_dear(*number)),
            _ => {}
        }
        let entries = report(&planted, &outcomes);
        if args.record {
            enter(root, &sites, entries, &equivalents)?;
        }
    }
    Ok(())
}

/// Prints the table and the survivors; returns what goes into the record.
fn report(planted: &BTreeMap<usize, Site>, outcomes: &BTreeMap<usize, Outcome>) -> Record {
    let entry = |(number, outcome): (&usize, &Outcome)| {
        let site = &planted[number];
        (site.id(), Entry { id: site.id(), line: site.line, kind: site.kind, outcome: outcome.clone() })
    };
    let entries: Record = outcomes.iter().map(entry).collect();
    println!("\n{}", record::table(entries.values()));
    for (number, outcome) in outcomes.iter().filter(|(_, outcome)| survives(outcome)) {
        let (site, end) = (&planted[number], if *outcome == Outcome::Survived { "survived" } else { "not run" });
        println!("{end}: {} [{}, {}]", site.place(), site.scope, site.kind);
    }
    entries
}

/// Enters outcomes and reasons into the record, and writes the table of the documentation.
fn enter(root: &Path, sites: &[Site], entries: Record, equivalents: &Equivalents) -> Result<(), String> {
    let path = root.join(RECORD);
    let mut record = record::read(&path)?;
    record.extend(entries);
    for entry in record.values_mut().filter(|entry| survives(&entry.outcome)) {
        if let Some(reason) = equivalents.reason(&entry.id) {
            entry.outcome = Outcome::Equivalent(reason.to_owned());
        }
    }
    record::write(&path, &mut record, sites)?;
    let tables = format!("{}\n{}", record::table(record.values()), record::by_rung(record.values()));
    write_docs(&root.join(DOCS), &tables)
}

fn survives(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Survived | Outcome::Unreached)
}

/// Climbs with each defect, and says what became of it; also the defects for which there was no time.
fn in_parallel(
    args: &Args,
    numbers: Vec<usize>,
    planted: &BTreeMap<usize, Site>,
    climb: impl Fn(usize) -> Result<Option<Outcome>, String> + Sync,
) -> Result<(BTreeMap<usize, Outcome>, Vec<usize>), String> {
    let (start, next, done) = (Instant::now(), AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let limit = args.minutes.map(|minutes| Duration::from_secs_f64(60.0 * minutes));
    let work = || -> Result<(), String> {
        while let Some(&number) = numbers.get(next.fetch_add(1, Ordering::Relaxed)) {
            if limit.is_some_and(|limit| start.elapsed() > limit) {
                break;
            }
            let begin = Instant::now();
            let outcome = climb(number)?;
            let seconds = begin.elapsed().as_secs_f64();
            let end = outcome.as_ref().map_or("-".to_owned(), |outcome| format!("{outcome:?}"));
            println!("{number:>4} {seconds:>6.1} s  {}: {end}", planted[&number].place());
            done.lock().expect("no thread panics").insert(number, outcome);
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..args.jobs.max(1)).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("no thread panics"))
    })?;
    let done = done.into_inner().expect("no thread panics");
    let rest = numbers.into_iter().filter(|number| !done.contains_key(number)).collect();
    Ok((done.into_iter().filter_map(|(number, outcome)| Some((number, outcome?))).collect(), rest))
}

/// Follows survivors through the tests of their crates; of the core and the engines also through the golden vectors and
/// properties.
fn tested(
    args: &Args,
    folder: &Path,
    runs: &Path,
    survivors: Vec<usize>,
    planted: &BTreeMap<usize, Site>,
) -> Result<(BTreeMap<usize, Outcome>, Vec<usize>), String> {
    const BELOW: [&str; 2] = ["stoquant-core", "stoquant-engines"];
    const WHOLE: &str = "stoquant-tests";
    let package = |number: &usize| {
        let folder = record::part(&planted[number].file);
        format!("stoquant-{}", folder.rsplit('/').next().unwrap_or(folder))
    };
    let packages: BTreeSet<String> = survivors.iter().map(package).collect();
    if packages.is_empty() {
        return Ok((BTreeMap::new(), survivors));
    }
    let names: Vec<String> = packages.iter().map(|name| format!("--package={name}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).chain(["--lib", "--tests"]).collect();
    let mut programs = build::tests(folder, &names)?;
    if BELOW.iter().any(|name| packages.contains(*name)) {
        let whole = ["--package", WHOLE, "--no-default-features", "--test", "golden", "--test", "properties"];
        programs.extend(build::tests(folder, &whole)?);
    }
    let tester = Tester::new(programs, runs)?;
    in_parallel(args, survivors, planted, |number| {
        let mine = package(&number);
        let whole = BELOW.contains(&mine.as_str()).then_some(WHOLE);
        let packages: Vec<&str> = [Some(mine.as_str()), whole].into_iter().flatten().collect();
        Ok(tester.climb(number, &packages)?.map(Outcome::Tested))
    })
}

/// Puts the tables between their marks.
fn write_docs(path: &PathBuf, table: &str) -> Result<(), String> {
    let fail = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let text = fs::read_to_string(path).map_err(|e| fail(&e))?;
    let (before, rest) = text.split_once(BEGIN).ok_or_else(|| fail(&"has no mark where the table begins"))?;
    let (_, after) = rest.split_once(END).ok_or_else(|| fail(&"has no mark where the table ends"))?;
    fs::write(path, format!("{before}{BEGIN}{table}{END}{after}")).map_err(|e| fail(&e))
}
