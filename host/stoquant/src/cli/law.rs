//! `stoquant exact law`: the exact stationary law of the integers of one site.

use std::time::Instant;

use clap::Args;
use serde::Serialize;
use stoquant::exact::SitePotential;
use stoquant::experiment::InputError;
use stoquant::law::{Chain, total_variation};
use stoquant_model::IntegratorKind;

use super::{CouplingArgs, Outcome, json, print};

#[derive(Args)]
pub struct LawArgs {
    /// Width W of Fx<W>: 8, 10, 12, 14, 16 or 18
    #[arg(long, default_value_t = 18)]
    width: u32,
    /// Langevin step ε
    #[arg(long, allow_negative_numbers = true)]
    eps: f64,
    #[command(flatten)]
    couplings: CouplingArgs,
    /// Integrator: euler or leimkuhler-matthews
    #[arg(long, default_value = "euler")]
    integrator: IntegratorKind,
    /// Threads (default: all cores). The law does not depend on it
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What is printed.
#[derive(Serialize)]
struct Report {
    eps: f64,
    b: f64,
    lambda: f64,
    phi: f64,
    phi2: f64,
    phi4: f64,
    phi2_of_the_continuous_chain: f64,
    phi2_with_rounding_as_noise: f64,
    total_variation_to_gibbs: f64,
    residual: f64,
    /// Residual times what the continuous chain makes of a perturbed step: a bound on the total variation, but for that
    /// chain's own error.
    error_bound: f64,
    applications: usize,
    seconds: f64,
}

/// Memory that a solution may take.
const MEMORY: u64 = 4 << 30;

pub fn run(args: &LawArgs) -> Result<Outcome, InputError> {
    super::threads(args.threads)?;
    let given = args.couplings.couplings(0)?;
    let c = given.ok_or_else(|| InputError::new("no couplings: give --b and --lambda, or --mu2 and --g"))?;
    if !matches!(args.integrator, IntegratorKind::Euler | IntegratorKind::LeimkuhlerMatthews) {
        return Err(InputError(format!("integrator = {}: must be euler or leimkuhler-matthews", args.integrator)));
    }
    let start = Instant::now();
    let potential = SitePotential { b: c.b, lambda: c.lambda };
    let chain = Chain::of_core(args.width, args.integrator, &potential, args.eps).map_err(InputError::new)?;
    let law = chain.solve(MEMORY).ok_or_else(|| {
        InputError(format!(
            "width = {}: this law takes too much memory; leimkuhler-matthews up to 12, euler up to 18",
            args.width
        ))
    })?;
    let chain = &law.chain;
    let edges = chain.edges(128);
    let residual = law.solution.residuals.last().copied().unwrap_or(f64::NAN);
    let condition = chain.continuous(chain.dithered_variance()).condition().unwrap_or(f64::NAN);
    let report = Report {
        eps: chain.eps,
        b: chain.potential.b,
        lambda: chain.potential.lambda,
        phi: law.moment(1),
        phi2: law.moment(2),
        phi4: law.moment(4),
        phi2_of_the_continuous_chain: chain.continuous_phi2(chain.noise_variance()).map_err(InputError::new)?.value,
        phi2_with_rounding_as_noise: chain.continuous_phi2(chain.dithered_variance()).map_err(InputError::new)?.value,
        total_variation_to_gibbs: total_variation(
            &law.bins(&edges),
            &chain.gibbs_bins(&edges).map_err(InputError::new)?,
        ),
        residual,
        error_bound: condition * residual,
        applications: law.solution.residuals.len(),
        seconds: start.elapsed().as_secs_f64(),
    };
    if args.json {
        print(&json(&report)?)?;
        return Ok(Outcome::Good);
    }
    let Report { eps, b, lambda, phi, phi2, phi4, .. } = report;
    print(&format!(
        "step ε, b, λ as quantised        {eps:.12}  {b:.12}  {lambda:.12}\n\
         <φ>                              {phi:.6e}\n\
         <φ²>                             {phi2:.15}\n\
         <φ⁴>                             {phi4:.15}\n\
         <φ²>, continuous chain           {:.15}\n\
         <φ²>, with rounding as noise     {:.15}\n\
         total variation to e^-S          {:.6e}  (128 cells)\n\
         residual, error at most          {:.1e}, {:.1e}  ({} applications, {:.1} s)",
        report.phi2_of_the_continuous_chain,
        report.phi2_with_rounding_as_noise,
        report.total_variation_to_gibbs,
        report.residual,
        report.error_bound,
        report.applications,
        report.seconds,
    ))?;
    Ok(Outcome::Good)
}
