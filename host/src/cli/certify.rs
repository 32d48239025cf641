//! `stoquant certify`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use stoquant::certify::{self, Certificate, Judged, Level, Plan, Scope, Verdict};
use stoquant::engine::{ArithKind, IntegratorKind, Setup, core_engine_on};
use stoquant::experiment::{Experiment, InputError, Options};
use stoquant::output::Outputs;
use stoquant::report::Report;
use stoquant::rtl;

use super::{ExperimentArgs, MachineArgs, Outcome, bar, json, print};

#[derive(Args)]
pub struct CertifyArgs {
    #[command(flatten)]
    experiment: ExperimentArgs,
    #[command(flatten)]
    machine: MachineArgs,
    /// Print the certificate as JSON
    #[arg(long)]
    json: bool,
    /// Also write the certificate as JSON to this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Also write a page with figures (index.html) and certificate.json into this directory
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Certify this alone: int8, the quantised score; rtl, the simulated circuit (in a build with the feature `rtl`)
    #[arg(long, value_name = "NAME")]
    engine: Option<Alone>,
    /// Length of the statistical runs, in units of the default
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    effort: f64,
    /// Climb every rung as far as it goes (minutes more)
    #[arg(long)]
    full: bool,
    /// Print every check, not only a summary of each rung and the failures
    #[arg(long)]
    verbose: bool,
}

/// What has a certificate of its own.
#[derive(Clone, Copy, ValueEnum)]
enum Alone {
    Int8,
    Rtl,
}

pub fn run(args: CertifyArgs) -> Result<Outcome, InputError> {
    if !(args.effort > 0.0 && args.effort <= 1e6) {
        return Err(InputError(format!("effort = {}: must be above 0 and at most 1e6", args.effort)));
    }
    let mut outputs = Outputs::reading(args.experiment.input());
    let options = args.experiment.resolve()?;
    let out = args.out.as_deref().map(|path| outputs.add("out", path)).transpose()?;
    let report = args.report.as_deref().map(|directory| Report::prepare(&mut outputs, directory)).transpose()?;
    let level = if args.full { Level::Full } else { Level::Standard };
    let machine = args.machine.machine()?;
    let mut plan = plan(&options, args.engine, args.effort, level)?;
    if plan.scope != Scope::Engine {
        plan.engine += &format!(", {machine}");
    }
    let bar = bar(1, "{bar:40} {pos}/{len} {elapsed} (eta {eta}) {msg}", !args.json);
    let circuit = plan.scope == Scope::Engine;
    let engines = move |setup: &Setup, chain| match circuit && setup.arith != ArithKind::F64 {
        true => rtl::engine(setup, chain),
        // Free runs of another engine are held against double precision, which is the core's.
        false => core_engine_on(machine, setup, chain),
    };
    let certificate = certify::certify(&engines, &plan, |done, total, what| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
        bar.set_message(what.to_owned());
    })
    .map_err(InputError::new)?;
    bar.finish_and_clear();
    let text = json(&certificate)?;
    if let Some(out) = out {
        out.write(format!("{text}\n").as_bytes())?;
    }
    if let Some(report) = report {
        report.write(&certificate)?;
    }
    print(&if args.json { text } else { summary(&certificate, args.verbose) })?;
    Ok(if certificate.verdict == Verdict::Pass { Outcome::Good } else { Outcome::CheckFailed })
}

/// The default certificate, that of one engine, or one for the experiment that options describe.
fn plan(options: &Options, engine: Option<Alone>, effort: f64, level: Level) -> Result<Plan, InputError> {
    let seed = options.seed.unwrap_or(1);
    if (Options { seed: None, ..options.clone() }) == Options::default() {
        return Ok(match engine {
            Some(Alone::Int8) => Plan::int8(seed, level),
            Some(Alone::Rtl) => {
                let name = rtl::NAME.ok_or_else(|| {
                    InputError::new(
                        "engine = rtl: this build has no simulated circuit; `cargo xtask setup` installs Verilator, then \
                         `cargo run --release --features rtl -- certify --engine rtl`",
                    )
                })?;
                Plan::of_engine(name, rtl::has, seed, effort, level)
            }
            None => Plan::standard(seed, effort, level),
        });
    }
    if engine.is_some() {
        return Err(InputError::new("an engine is certified on what it has: of an experiment it takes the seed alone"));
    }
    let ariths = options.arith.map_or_else(|| ArithKind::ALL.to_vec(), |one| vec![one]);
    let integrators = options.integrator.map_or_else(|| IntegratorKind::ALL.to_vec(), |one| vec![one]);
    let (mut setups, mut reasons) = (Vec::new(), Vec::new());
    for &arith in &ariths {
        for &integrator in &integrators {
            let one = Options { arith: Some(arith), integrator: Some(integrator), ..options.clone() };
            match Experiment::new(&one) {
                Ok(experiment) => setups.push(experiment.setup),
                Err(reason) => reasons.push((format!("{arith} {integrator}: {reason}"), reason)),
            }
        }
    }
    let refused: Vec<String> = reasons.iter().map(|(line, _)| line.clone()).collect();
    match (Plan::of(&setups, refused, effort, level), reasons.into_iter().next()) {
        (Some(plan), _) => Ok(plan),
        (None, Some((_, reason))) => Err(reason),
        (None, None) => Err(InputError::new("nothing to certify")),
    }
}

pub(super) fn summary(certificate: &Certificate, verbose: bool) -> String {
    let mut lines = vec![format!(
        "{:<12} {:<64} {:>14} {:>14} {:>10} {:>7} {}",
        "rung", "check", "value", "expected", "error", "z", "verdict"
    )];
    for rung in certificate.rungs() {
        let checks: Vec<&Judged> = certificate.checks.iter().filter(|c| c.rung == rung).collect();
        for check in checks.iter().filter(|c| verbose || c.z.is_some() || c.verdict != Verdict::Pass || rung == "noise")
        {
            lines.push(line(check));
        }
        // Exact checks that hold are many and all alike: one line for each rung.
        let silent = checks.iter().filter(|c| c.z.is_none() && c.verdict == Verdict::Pass).count();
        if !verbose && silent > 0 && rung != "noise" {
            lines.push(format!("{rung:<12} {silent} checks without statistical error hold (--verbose lists them)"));
        }
    }
    for reason in &certificate.not_applicable {
        lines.push(format!("not applicable: {reason}"));
    }
    let count = |verdict| certificate.checks.iter().filter(|c| c.verdict == verdict).count();
    let (failed, undecided) = (count(Verdict::Fail), count(Verdict::Undecided));
    let statistical = certificate.checks.iter().filter(|c| c.z.is_some()).count();
    let undecided = if undecided > 0 { format!(", {undecided} undecided") } else { String::new() };
    lines.push(format!(
        "{}: {}: {} checks, {statistical} of them statistical with |z| ≤ {:.2}; {failed} failed{undecided}; false-alarm rate of the suite ≤ {:e}",
        if certificate.verdict == Verdict::Pass { "PASS" } else { "FAIL" },
        certificate.engine,
        certificate.checks.len(),
        certificate.z_threshold,
        certificate.false_alarm_rate,
    ));
    lines.join("\n")
}

fn line(c: &Judged) -> String {
    let z = c.z.map_or_else(|| "-".into(), |z| format!("{z:.2}"));
    let mut verdict = format!("{:?}", c.verdict).to_lowercase();
    if let (Verdict::Undecided, Some(promised)) = (c.verdict, c.promised) {
        verdict += &format!(": detects {:.2e}, promised {promised:.2e}", c.detects);
        if let (Some(taken), Some(needed)) = (c.samples, c.samples_needed) {
            verdict += &format!("; {:.0} samples, {:.0} needed", taken.floor(), needed.ceil());
        }
    }
    format!(
        "{:<12} {:<64} {:>14} {:>14} {:>10.2e} {:>7} {}",
        c.rung,
        c.name,
        number(c.value),
        number(c.expected),
        c.error,
        z,
        verdict
    )
}

/// Eight decimals, or an exponent where they would show nothing.
fn number(x: f64) -> String {
    if x != 0.0 && x.abs() < 1e-3 { format!("{x:.4e}") } else { format!("{x:.8}") }
}
