//! Samplers held against each other: CPU time per independent configuration, and how it grows towards criticality.
//!
//! An independent configuration costs `2 τ_int × time of a sweep`, τ_int of M² by the Γ-method. At κ_c autocorrelations
//! grow as `τ ∝ L^z`: critical slowing down, with z = 2 for local updates, less for those that know the slow modes.
//!
//! M² is even: that a chain rarely or never crosses from M to -M in the broken phase does not show in its τ.

mod contender;
mod fit;
mod learned;
mod measure;
mod page;

use rayon::prelude::*;
use serde::Serialize;
use stoquant_model::{Extents, Phi4};

pub use contender::{Chain, Contender, Point, Run, markov_chains};
pub use fit::{PowerLaw, power_law};
pub use learned::learned;
pub use measure::measure;
pub use page::{figures, page};

use stoquant_exact::estimate::Estimate;
use stoquant_experiment::experiment::InputError;

/// κ_c at λ = 0.022 in two dimensions.
pub const KAPPA_C: f64 = 0.27088;

/// The λ of the default comparison, for which κ_c is known.
pub const LAMBDA: f64 = 0.022;

stoquant_experiment::options! {
    /// Keys of a comparison file, and flags of the command line.
    pub struct Options {
        /// Hopping parameters, separated by commas
        #[arg(value_name = "κ,κ,…", value_delimiter = ',', allow_negative_numbers = true)]
        kappa: Vec<f64>,
        /// Sizes L of the L×L lattices, separated by commas
        #[arg(value_name = "L,L,…", value_delimiter = ',')]
        size: Vec<usize>,
        /// Quartic coupling of the κ-form
        #[arg(allow_negative_numbers = true)]
        lambda: f64,
        /// κ nearest to which the dynamical exponent is fitted (default: 0.27088 where λ = 0.022)
        #[arg(allow_negative_numbers = true)]
        kappa_c: f64,
        /// Step ε of the Langevin chain
        #[arg(allow_negative_numbers = true)]
        eps: f64,
        /// CPU time of one run, in seconds; a run ends early when its τ is known well
        #[arg(allow_negative_numbers = true)]
        seconds: f64,
        /// Seed, 64 bits
        seed: u64,
    }
}

impl Options {
    /// Few points, short runs: a first look in seconds.
    pub fn quick() -> Self {
        Self { kappa: Some(vec![0.24, KAPPA_C, 0.30]), size: Some(vec![8, 16]), seconds: Some(0.5), ..Self::default() }
    }
}

/// What is compared, validated.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Lattices and actions.
    pub points: Vec<Point>,
    /// The κ at which the exponent is fitted; `None` where criticality is not known.
    pub kappa_c: Option<f64>,
    /// Langevin step.
    pub eps: f64,
    /// CPU time of one run.
    pub seconds: f64,
    /// Seed.
    pub seed: u64,
}

impl Plan {
    /// Fill in the defaults: κ through κ_c, L = 8 to 64.
    pub fn new(options: &Options) -> Result<Self, InputError> {
        let lambda = options.lambda.unwrap_or(LAMBDA);
        let kappas = options.kappa.clone().unwrap_or_else(|| vec![0.20, 0.23, 0.25, 0.26, KAPPA_C, 0.28, 0.30, 0.32]);
        let sizes = options.size.clone().unwrap_or_else(|| vec![8, 16, 32, 64]);
        let seconds = options.seconds.unwrap_or(10.0);
        if kappas.is_empty() || sizes.is_empty() {
            return Err(InputError::new("kappa, size: at least one of each is needed"));
        }
        // From 256 on the core shares a lattice among threads.
        if let Some(size) = sizes.iter().find(|size| !(1..256).contains(*size)) {
            return Err(InputError(format!("size = {size}: must be 1 to 255")));
        }
        if !(seconds > 0.0 && seconds <= 1e6) {
            return Err(InputError(format!("seconds = {seconds}: must be above 0 and at most 1e6")));
        }
        let numbers = kappas.iter().map(|&kappa| ("kappa", kappa)).chain([("lambda", lambda)]);
        if let Some((what, value)) = numbers.chain(options.kappa_c.map(|k| ("kappa_c", k))).find(|n| !n.1.is_finite()) {
            return Err(InputError(format!("{what} = {value}: must be finite")));
        }
        let point =
            |size, kappa| Point { extents: Extents::from([size; 2]), couplings: Phi4::kappa_form(kappa, lambda) };
        let mut points: Vec<Point> = Vec::new();
        for point in sizes.iter().flat_map(|&size| kappas.iter().map(move |&kappa| point(size, kappa))) {
            if !points.contains(&point) {
                points.push(point);
            }
        }
        Ok(Self {
            points,
            kappa_c: options.kappa_c.or((lambda == LAMBDA).then_some(KAPPA_C)),
            eps: options.eps.unwrap_or(0.05),
            seconds,
            seed: options.seed.unwrap_or(1),
        })
    }
}

/// One contender at one point.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Record {
    /// Who.
    pub contender: String,
    /// Lattice and action.
    #[serde(flatten)]
    pub point: Point,
    /// Step size, acceptance and the like.
    pub setting: String,
    /// τ_int of M² in sweeps; a lower bound where not `resolved`.
    pub tau_int: Estimate,
    /// Whether the run was at least 100 τ long.
    pub resolved: bool,
    /// Sweeps behind it.
    pub sweeps: u64,
    /// CPU time of a sweep on one core.
    pub seconds_per_sweep: f64,
    /// CPU time of an independent configuration, 2τ sweeps; a lower bound where not `resolved`.
    pub cost: Estimate,
    /// ⟨M²⟩.
    pub m2: Estimate,
}

/// A contender and what one must know of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Who {
    /// Its name.
    pub name: String,
    /// Its bias, its arithmetic.
    pub note: String,
}

/// τ ∝ L^z of one contender.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Exponent {
    /// Who.
    pub contender: String,
    /// Where.
    pub kappa: f64,
    /// The sizes L whose τ is known.
    pub sizes: Vec<f64>,
    /// The fit; `None` with fewer than two sizes.
    pub fit: Option<PowerLaw>,
}

/// The result.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Version of the program.
    pub stoquant: &'static str,
    /// Seed.
    pub seed: u64,
    /// CPU time granted to each run, in seconds.
    pub seconds: f64,
    /// Contenders.
    pub contenders: Vec<Who>,
    /// Runs, point by point.
    pub records: Vec<Record>,
    /// Dynamical exponents.
    pub exponents: Vec<Exponent>,
}

/// Runs every contender at every point, on the threads of the pool. `progress(done, total)` is called after each run.
///
/// # Errors
/// A point that a contender refuses, before anything runs; a chain that diverges.
pub fn compare(
    contenders: &[Box<dyn Contender>],
    plan: &Plan,
    progress: impl Fn(usize, usize) + Sync,
) -> Result<Comparison, InputError> {
    let mut points = plan.points.clone();
    points.extend(contenders.iter().filter_map(|c| c.only_at()).filter(|p| !plan.points.contains(p)));
    let runs: Vec<(&Point, &dyn Contender)> = points
        .iter()
        .flat_map(|point| contenders.iter().map(move |c| (point, c.as_ref())))
        .filter(|(point, c)| c.only_at().is_none_or(|only| only == **point))
        .collect();
    for (point, contender) in &runs {
        contender.check(point).map_err(|error| {
            InputError(format!("{} at kappa = {}: {error}", contender.name(), point.couplings.kappa))
        })?;
    }
    let done = std::sync::atomic::AtomicUsize::new(0);
    let records = runs
        .par_iter()
        .enumerate()
        .map(|(i, (point, contender))| {
            let run = contender.run(point, plan.seed.wrapping_add(i as u64), plan.seconds)?;
            progress(done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1, runs.len());
            Ok(Record {
                contender: contender.name().to_owned(),
                point: (*point).clone(),
                cost: run.cost(),
                setting: run.setting,
                tau_int: run.tau_int,
                resolved: run.resolved,
                sweeps: run.sweeps,
                seconds_per_sweep: run.seconds_per_sweep,
                m2: run.m2,
            })
        })
        .collect::<Result<Vec<_>, InputError>>()?;
    let names = contenders.iter().map(|c| c.name());
    let kappa = plan.kappa_c.and_then(|kappa_c| nearest(plan, kappa_c));
    Ok(Comparison {
        stoquant: env!("CARGO_PKG_VERSION"),
        seed: plan.seed,
        seconds: plan.seconds,
        contenders: contenders.iter().map(|c| Who { name: c.name().to_owned(), note: c.note().to_owned() }).collect(),
        exponents: kappa.map_or_else(Vec::new, |kappa| names.map(|name| exponent(&records, name, kappa)).collect()),
        records,
    })
}

/// The κ of the plan nearest to criticality.
fn nearest(plan: &Plan, kappa_c: f64) -> Option<f64> {
    let distance = |kappa: &f64| (kappa - kappa_c).abs();
    plan.points.iter().map(|p| p.couplings.kappa).min_by(|a, b| distance(a).total_cmp(&distance(b)))
}

fn exponent(records: &[Record], contender: &str, kappa: f64) -> Exponent {
    let known = records.iter().filter(|r| r.contender == contender && r.point.couplings.kappa == kappa && r.resolved);
    let (sizes, taus): (Vec<f64>, Vec<Estimate>) = known.map(|r| (r.point.extents[0] as f64, r.tau_int)).unzip();
    Exponent { contender: contender.to_owned(), kappa, fit: power_law(&sizes, &taus), sizes }
}

#[cfg(test)]
mod tests;
