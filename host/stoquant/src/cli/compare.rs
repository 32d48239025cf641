//! `stoquant compare`.

use std::path::{Path, PathBuf};

use clap::Args;
use stoquant::compare::{Comparison, Options, Plan, Record, compare, learned, markov_chains, page};
use stoquant::estimate::Estimate;
use stoquant::experiment::{InputError, read_toml};
use stoquant::output::Outputs;

use super::{MachineArgs, Outcome, bar, json, print, threads};

#[derive(Args)]
pub struct CompareArgs {
    /// Comparison file (TOML); flags override its keys
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
    /// Trained scores, each compared at its own point: names (c8, c16, c32) or .safetensors files, separated by commas
    #[arg(long, value_name = "NAME|FILE,…", value_delimiter = ',')]
    model: Vec<String>,
    /// Few points, short runs
    #[arg(long)]
    quick: bool,
    /// Runs side by side; times are cleanest with one
    #[arg(long, value_name = "N", default_value_t = 1)]
    threads: usize,
    #[command(flatten)]
    machine: MachineArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Page with figures to write; the JSON goes beside it, with .json appended
    #[arg(long, value_name = "FILE.html")]
    out: Option<PathBuf>,
}

pub fn run(args: CompareArgs) -> Result<Outcome, InputError> {
    threads(Some(args.threads))?;
    let machine = args.machine.machine()?;
    let mut options = args.options;
    if let Some(path) = &args.config {
        options = options.or(read_toml(path)?);
    }
    if args.quick {
        options = options.or(Options::quick());
    }
    let plan = Plan::new(&options)?;
    let read = args.config.as_deref().into_iter().chain(args.model.iter().map(Path::new));
    let mut outputs = Outputs::reading(read);
    let files = args.out.as_deref().map(|out| outputs.pair("out", out, ".json")).transpose()?;
    let bar = bar(1, "{bar:40} {pos}/{len} runs, {elapsed} (eta {eta})", true);
    let mut contenders = markov_chains(plan.eps, machine);
    for model in &args.model {
        contenders.push(learned(model, machine)?);
    }
    let comparison = compare(&contenders, &plan, |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    })?;
    bar.finish_and_clear();
    let text = json(&comparison)?;
    if let Some([html, beside]) = files {
        html.write(page(&comparison).map_err(InputError)?.as_bytes())?;
        beside.write(format!("{text}\n").as_bytes())?;
    }
    print(&if args.json { text } else { summary(&comparison) })?;
    Ok(Outcome::Good)
}

fn summary(comparison: &Comparison) -> String {
    let mut lines = vec![format!(
        "{:<10} {:>8} {:>8} {:>18} {:>10} {:>10} {:>20} {:>18}  {}",
        "contender", "lattice", "kappa", "tau_int [sweeps]", "sweeps", "us/sweep", "ms/configuration", "M^2", "setting"
    )];
    lines.extend(comparison.records.iter().map(line));
    lines.push(
        "A configuration: 2 tau_int sweeps, CPU time of one core; > where the run is shorter than 100 tau.".into(),
    );
    for who in &comparison.contenders {
        lines.push(format!("{}: {}", who.name, who.note));
    }
    for e in &comparison.exponents {
        lines.push(match e.fit {
            Some(fit) => format!(
                "{}: tau ~ L^z at kappa = {}, L = {:?}: z = {:.2} +- {:.2} (chi2/dof {:.1}/{})",
                e.contender, e.kappa, e.sizes, fit.exponent.value, fit.exponent.error, fit.chi2, fit.dof
            ),
            None => format!("{}: too few sizes for z at kappa = {}", e.contender, e.kappa),
        });
    }
    lines.join("\n")
}

fn line(r: &Record) -> String {
    let extents: Vec<String> = r.point.extents.iter().map(usize::to_string).collect();
    let bound = |e: Estimate, unit: f64| match r.resolved {
        true => format!("{} +- {}", short(e.value / unit), short(e.error / unit)),
        false => format!("> {}", short(e.value / unit)),
    };
    format!(
        "{:<10} {:>8} {:>8} {:>18} {:>10} {:>10} {:>20} {:>18}  {}",
        r.contender,
        extents.join("x"),
        r.point.couplings.kappa,
        bound(r.tau_int, 1.0),
        r.sweeps,
        short(1e6 * r.seconds_per_sweep),
        bound(r.cost, 1e-3),
        format!("{:.4}({:.4})", r.m2.value, r.m2.error),
        r.setting
    )
}

/// Three significant digits.
fn short(x: f64) -> String {
    if x == 0.0 || !x.is_finite() {
        return x.to_string();
    }
    let decimals = (2.0 - x.abs().log10().floor()).clamp(0.0, 8.0);
    format!("{x:.*}", decimals as usize)
}
