//! `stoquant certify`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use stoquant::certify::against::{Differences, Earlier};
use stoquant::certify::{self, Level, Plan, Rung, Scope, Verdict};
use stoquant::engine::core_engine_on;
use stoquant::experiment::{Experiment, InputError, Options};
use stoquant::output::Outputs;
use stoquant::report::{self, Report};
use stoquant::rtl;
use stoquant_model::{ArithKind, IntegratorKind, Setup};

use super::summary::{Clock, summary};
use super::{ExperimentArgs, MachineArgs, Outcome, bar, json, print, warn};

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
    /// Also draw the histogram of one site beside its exact law, with residuals, into this file (rung exact-law)
    #[arg(long, value_name = "FILE.svg")]
    figure: Option<PathBuf>,
    /// Only these rungs, by the names of --list
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    rung: Vec<Rung>,
    /// List the rungs of this certificate, with their claims, and run nothing
    #[arg(long)]
    list: bool,
    /// Say what is new, gone or moved against an earlier certificate (its JSON); exit status 1 where something is gone
    /// or moved
    #[arg(long, value_name = "OLD.json")]
    against: Option<PathBuf>,
    /// Also write the checks as JUnit's XML to this file
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
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
    let mut outputs = Outputs::reading(args.experiment.input().into_iter().chain(args.against.as_deref()));
    let options = args.experiment.resolve()?;
    let out = args.out.as_deref().map(|path| outputs.add("out", path)).transpose()?;
    let prepare = |directory| Report::prepare(&mut outputs, directory, "certificate.json");
    let report = args.report.as_deref().map(prepare).transpose()?;
    let junit = args.junit.as_deref().map(|path| outputs.add("junit", path)).transpose()?;
    let figure = args.figure.as_deref().map(|path| outputs.add("figure", path)).transpose()?;
    let earlier = args.against.as_deref().map(earlier).transpose()?;
    let level = if args.full { Level::Full } else { Level::Standard };
    let machine = args.machine.machine()?;
    let mut plan = plan(&options, args.engine, args.effort, level)?;
    if !args.rung.is_empty() {
        let has: Vec<Rung> = certify::parts(&plan).iter().map(|part| part.rung).collect();
        if let Some(none) = args.rung.iter().find(|rung| !has.contains(rung)) {
            return Err(InputError(format!(
                "rung = {none}: this certificate has no such rung (--list shows those that it has)"
            )));
        }
        plan.rungs = Some(args.rung);
    }
    let without = |path: &Path| InputError(format!("figure = {}: {NO_HISTOGRAM}", path.display()));
    if let Some(path) = args.figure.as_deref().filter(|_| !has_histogram(&plan)) {
        return Err(without(path));
    }
    if args.list {
        print(&list(&plan))?;
        return Ok(Outcome::Good);
    }
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
    let mut clock = Clock::default();
    let certificate = certify::certify(&engines, &plan, |done, total, part| {
        clock.begin(part.rung);
        bar.set_length(total as u64);
        bar.set_position(done as u64);
        bar.set_message(part.name.clone());
    })
    .map_err(InputError::new)?;
    clock.end();
    bar.finish_and_clear();
    let text = json(&certificate)?;
    if let Some(out) = out {
        out.write(format!("{text}\n").as_bytes())?;
    }
    if let Some(report) = report {
        report.write(&report::page(&certificate).map_err(InputError)?, &certificate)?;
    }
    if let Some(junit) = junit {
        junit.write(report::junit(&certificate).as_bytes())?;
    }
    if let (Some(output), Some(path)) = (figure, &args.figure) {
        let drawn = report::histogram(&certificate).map_err(InputError)?.ok_or_else(|| without(path))?;
        output.write(drawn.as_bytes())?;
    }
    print(&if args.json { text } else { summary(&certificate, &clock, args.verbose) })?;
    let differences = earlier.map(|earlier| Differences::of(&certificate, &earlier));
    if let Some(differences) = &differences {
        // JSON stays JSON.
        if args.json {
            warn(&differences.text().lines().last().unwrap_or_default());
        } else {
            print(&differences.text())?;
        }
    }
    let good = certificate.verdict == Verdict::Pass && differences.is_none_or(|differences| differences.holds());
    Ok(if good { Outcome::Good } else { Outcome::CheckFailed })
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
                        "engine = rtl: this build has no simulated circuit; `cargo xtask setup` \
                         installs Verilator, then \
                         `cargo run --release --features rtl -- certify --engine rtl`",
                    )
                })?;
                Plan::of_engine(name, rtl::has, rtl::IMAGES, seed, effort, level)
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

const NO_HISTOGRAM: &str = "this certificate draws no histogram; the rung exact-law of the default one does";

/// Whether a plan has the rung that makes the histogram: that of the default certificate.
fn has_histogram(plan: &Plan) -> bool {
    plan.scope == Scope::Everything && plan.rungs.as_ref().is_none_or(|rungs| rungs.contains(&Rung::ExactLaw))
}

/// The rungs of a plan: name, parts, claim.
fn list(plan: &Plan) -> String {
    let parts = certify::parts(plan);
    let rungs = Rung::all().map(|rung| (rung, parts.iter().filter(|part| part.rung == rung).count()));
    let rungs = rungs.filter(|&(_, count)| count > 0);
    let lines = rungs.map(|(rung, count)| format!("{rung:<14} {count:>4}  {}", rung.claim()));
    std::iter::once(format!("{:<14} {:>4}  claim", "rung", "runs")).chain(lines).collect::<Vec<_>>().join("\n")
}

/// An earlier certificate.
fn earlier(path: &Path) -> Result<Earlier, InputError> {
    let fail = |reason: &dyn std::fmt::Display| InputError(format!("against = {}: {reason}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|e| fail(&format!("cannot read: {e}")))?;
    serde_json::from_str(&text).map_err(|e| fail(&format!("no certificate (of `certify --json` or `--out`): {e}")))
}
