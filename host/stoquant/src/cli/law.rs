//! `stoquant exact law`: the exact stationary law of the integers of one site, or of two.

use std::time::Instant;

use clap::Args;
use serde::Serialize;
use stoquant::exact::SitePotential;
use stoquant::experiment::InputError;
use stoquant::law::two_sites::{Drift, JointLaw, TwoSites, condition};
use stoquant::law::{Chain, total_variation};
use stoquant::markov::{LSB, WIDTH};
use stoquant_model::{IntegratorKind, Phi4};

use super::{CouplingArgs, Outcome, json, print};

#[derive(Args)]
pub struct LawArgs {
    /// Sites: 1, or 2 coupled ones (a ring of extent 2)
    #[arg(long, value_name = "N", default_value_t = 1)]
    sites: usize,
    /// Width W of Fx<W>: 8, 10, 12, 14, 16 or 18 (default: 18); two sites have 8
    #[arg(long, value_name = "W")]
    width: Option<u32>,
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
    let couplings = |dims, flags| {
        let given = args.couplings.couplings(dims)?;
        given.ok_or_else(|| InputError(format!("no couplings: give {flags}, or --mu2 and --g")))
    };
    match args.sites {
        1 => one_site(args, &couplings(0, "--b and --lambda")?),
        2 => two_sites(args, &couplings(1, "--kappa and --lambda")?),
        sites => Err(InputError(format!("sites = {sites}: must be 1 or 2; more have too many states"))),
    }
}

fn one_site(args: &LawArgs, c: &Phi4) -> Result<Outcome, InputError> {
    if !matches!(args.integrator, IntegratorKind::Euler | IntegratorKind::LeimkuhlerMatthews) {
        return Err(InputError(format!("integrator = {}: must be euler or leimkuhler-matthews", args.integrator)));
    }
    let start = Instant::now();
    let potential = SitePotential { b: c.b, lambda: c.lambda };
    let chain =
        Chain::of_core(args.width.unwrap_or(18), args.integrator, &potential, args.eps).map_err(InputError::new)?;
    let width = chain.path.width;
    let law = chain.solve(MEMORY).ok_or_else(|| {
        InputError(format!(
            "width = {width}: this law takes too much memory; leimkuhler-matthews up to 12, euler up to 18"
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

/// What is printed of two sites: averages over both, φ0φ1 being `nn`.
#[derive(Serialize)]
struct PairReport {
    eps: f64,
    kappa: f64,
    b: f64,
    lambda: f64,
    phi: f64,
    phi2: f64,
    phi4: f64,
    nn: f64,
    phi2_of_the_continuous_chain: f64,
    nn_of_the_continuous_chain: f64,
    phi2_with_rounding_as_noise: f64,
    nn_with_rounding_as_noise: f64,
    /// On cells of [`CELL`]² states.
    total_variation_to_gibbs: f64,
    residual: f64,
    /// A proved bound on the total variation to the law; null where there is none, as for κ < 0.
    error_bound: f64,
    applications: usize,
    seconds: f64,
}

/// States along a side of a cell.
const CELL: usize = 8;

fn two_sites(args: &LawArgs, c: &Phi4) -> Result<Outcome, InputError> {
    if let Some(width) = args.width.filter(|&width| width != WIDTH) {
        return Err(InputError(format!("width = {width}: must be 8; two wider sites have too many states")));
    }
    if args.integrator != IntegratorKind::Euler {
        return Err(InputError(format!("integrator = {}: two sites have a law under euler", args.integrator)));
    }
    let start = Instant::now();
    let chain = TwoSites::of_core(c, args.eps).map_err(InputError::new)?;
    let not_found = || InputError::new("the law was not found: hardly a step leads from one well to another");
    let solution = chain.solve().ok_or_else(not_found)?;
    let law = &solution.law;
    let condition = chain.keeps_order().then(|| condition(&chain.rows(), law)).flatten();
    let Phi4 { kappa, b, lambda } = chain.couplings;
    let continuous = |more| chain.solve_gaussian(Drift::Couplings, more).ok_or_else(not_found);
    let (plain, dithered) = (continuous(0.0)?.law, continuous(LSB * LSB / 12.0)?.law);
    let report = PairReport {
        eps: chain.eps,
        kappa,
        b,
        lambda,
        phi: law.mean(|x, y| 0.5 * (x + y)),
        phi2: law.square(),
        phi4: law.fourth(),
        nn: law.bond(),
        phi2_of_the_continuous_chain: plain.square(),
        nn_of_the_continuous_chain: plain.bond(),
        phi2_with_rounding_as_noise: dithered.square(),
        nn_with_rounding_as_noise: dithered.bond(),
        total_variation_to_gibbs: law.distance(&JointLaw::gibbs(&chain.couplings), CELL),
        residual: solution.residual,
        error_bound: condition.map_or(f64::NAN, |condition| condition * solution.residual),
        applications: solution.applications,
        seconds: start.elapsed().as_secs_f64(),
    };
    if args.json {
        print(&json(&report)?)?;
        return Ok(Outcome::Good);
    }
    let bound = if report.error_bound.is_nan() { "unknown".into() } else { format!("{:.1e}", report.error_bound) };
    print(&format!(
        "step ε, κ                        {:.12}  {kappa:.12}\n\
         b, λ as quantised                {b:.12}  {lambda:.12}\n\
         <φ>                              {:.6e}\n\
         <φ²>, <φ⁴>                       {:.12}  {:.12}\n\
         <φ0φ1>                           {:.12}\n\
         <φ²>, <φ0φ1>, continuous chain   {:.12}  {:.12}\n\
         ... with rounding as noise       {:.12}  {:.12}\n\
         total variation to e^-S          {:.6e}  (cells of 8x8 states)\n\
         residual, error at most          {:.1e}, {bound}  ({} applications, {:.1} s)",
        report.eps,
        report.phi,
        report.phi2,
        report.phi4,
        report.nn,
        report.phi2_of_the_continuous_chain,
        report.nn_of_the_continuous_chain,
        report.phi2_with_rounding_as_noise,
        report.nn_with_rounding_as_noise,
        report.total_variation_to_gibbs,
        report.residual,
        report.applications,
        report.seconds,
    ))?;
    Ok(Outcome::Good)
}
