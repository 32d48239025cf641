//! The ladder, as far as a board can climb it.
//!
//! - `lockstep`: a million site updates of every number type and integrator, word by word against the host's core;
//!   chains of int8 images, stage by stage, and their sums on a board that draws by itself; small lattices of every
//!   kind; on a board with several chains these side by side, and the sums of one that sums.
//! - `identity`, `coupled`: the rungs of [`stoquant_certify`], with the board as the engine.
//! - `finite-step`, `exact`: short runs on the board against exact laws. The first rung shows that the board's words
//!   are the core's; these show that they sample e^{-S}.

use super::{Device, lockstep};
use stoquant_certify::check::Check;
use stoquant_certify::findings::Findings;
use stoquant_certify::laws::Case;
use stoquant_certify::lockstep::{self as chains, RUNG};
use stoquant_certify::parts::{of_case, of_setup};
use stoquant_certify::{Certificate, Level, Part, Plan, Rung, coupled, judge, machines};
use stoquant_diffusion::int8::quantize::ROWS;
use stoquant_diffusion::int8::{Plan as Sampler, quantize};
use stoquant_diffusion::model::Model;
use stoquant_engines::engine::core_engine;
use stoquant_experiment::experiment::InputError;
use stoquant_model::{ArithKind, Extents, IntegratorKind, NoiseKind, Phi4, Setup};

/// How far to go.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// Site updates in lockstep, of every number type and integrator.
    pub updates: u64,
    /// Length of the statistical runs, in units of the default certificate.
    pub effort: f64,
    /// Seed.
    pub seed: u64,
}

/// Side of the lattice that is run in lockstep.
const SIDE: usize = 32;

/// Everything that the board can show.
pub fn certify(
    device: &Device,
    extent: Extent,
    mut progress: impl FnMut(usize, usize, &Part),
) -> Result<Certificate, InputError> {
    let board = device.clone();
    // Free runs are held against double precision, which is the host's.
    let factory = move |setup: &Setup, chain: u32| match setup.arith {
        ArithKind::F64 => core_engine(setup, chain),
        _ => board.engine(setup, chain),
    };
    let parts = parts(device, extent);
    // Chains side by side would take turns on the board, which costs a field to be moved at each.
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().map_err(InputError::new)?;
    let mut findings = Findings::default();
    for (done, part) in parts.iter().enumerate() {
        progress(done, parts.len(), part);
        let found = alone.install(|| part.run(&factory));
        let name = &part.name;
        findings.extend(found.map_err(|error| InputError(format!("{name}: {}", device.explain(error))))?);
        device.failure().map_err(|error| InputError(format!("{name}: {error}")))?;
    }
    let identity = device.identity();
    let engine = format!("{}, firmware {:016x}", identity.target(), identity.build);
    Ok(judge::certificate(engine, Level::Standard, extent.seed, findings))
}

/// What the board can show.
fn parts(device: &Device, extent: Extent) -> Vec<Part> {
    let Extent { updates, effort, seed } = extent;
    let mut parts = vec![judge::part()];
    let critical = Phi4::kappa_form(0.27, 0.022);
    let setup = |arith, integrator| Setup {
        extents: Extents::from([SIDE, SIDE]),
        couplings: critical,
        eps: 0.01,
        arith,
        integrator,
        noise: NoiseKind::Gaussian,
        seed,
    };
    let all = ArithKind::ALL.iter().flat_map(|&arith| IntegratorKind::ALL.iter().map(move |&by| setup(arith, by)));
    for setup in all.filter(|setup| device.has(setup)) {
        let name = format!("{}, lockstep", coupled::label(&setup));
        parts.push(Part::new(Rung::Lockstep, name, move |factory| Ok(chains::check(factory, &setup, updates)?.into())));
        if device.chains() > 1 || device.identity().sums {
            let (device, name) = (device.clone(), format!("{}, side by side", coupled::label(&setup)));
            parts.push(Part::new(Rung::Lockstep, name, move |_| {
                Ok(lockstep::side_by_side(&device, &setup, updates)?.into())
            }));
        }
    }
    if device.identity().image > 0 {
        for (name, chains) in [("c16-int8", 2), ("n8-int8", 4)] {
            let device = device.clone();
            parts.push(Part::new(Rung::Lockstep, name, move |_| Ok(image(&device, name, chains, seed).into())));
        }
    }
    // The full agent: everything there is of lattices.
    if ArithKind::ALL
        .iter()
        .filter(|&&arith| arith != ArithKind::F64)
        .all(|&arith| device.has(&setup(arith, IntegratorKind::Mala)))
    {
        parts.push(Part::new(Rung::Machines, "lattices", move |factory| {
            Ok(machines::engines("board", factory, 4096, IntegratorKind::ALL, seed)?.into())
        }));
    }
    let standard = Plan::standard(seed, effort, Level::Standard);
    parts.extend(standard.coupled.iter().filter(|setup| device.has(setup)).flat_map(of_setup));
    // In fixed point and in floats one run without a Metropolis step and one with it.
    let short = |case: &&Case| {
        let (free, torus) = (case.rung == Rung::FiniteStep, case.setup.extents == [2, 2]);
        let by = if free { IntegratorKind::Euler } else { IntegratorKind::Mala };
        device.has(&case.setup)
            && case.setup.arith != ArithKind::Fx16
            && (free || torus)
            && case.setup.integrator == by
            && case.setup.noise == NoiseKind::Gaussian
    };
    parts.extend(standard.laws.iter().filter(short).map(of_case));
    parts
}

/// Chains of a shipped model's image. A model that cannot be quantised, or a link that fails, is undecided.
fn image(device: &Device, name: &str, chains: u32, seed: u64) -> Vec<Check> {
    let undecided = |error: &dyn std::fmt::Display| vec![Check::undecided(RUNG, format!("{name}: {error}"))];
    let parts = match Model::load(name).and_then(|model| quantize(&model, Sampler::Reverse { steps: 100, rows: ROWS }))
    {
        Ok(parts) => parts,
        Err(error) => return undecided(&error),
    };
    let mut checks = Vec::new();
    for chain in 0..chains {
        let found = match lockstep::image(device, &parts, seed, chain) {
            Ok(found) => found,
            Err(error) => return undecided(&error),
        };
        let first = found.as_ref().map_or(String::new(), |divergence| format!("; first {divergence}"));
        let name = format!("{name}, 100 steps, chain {chain}: words that differ{first}");
        checks.push(Check::none(RUNG, name, usize::from(found.is_some())));
    }
    if device.identity().sums {
        match lockstep::image_sums(device, &parts, seed, chains) {
            Ok(differing) => {
                let name = format!("{name}, 100 steps, {chains} configurations by the board alone: sums that differ");
                checks.push(Check::none(RUNG, name, differing));
            }
            Err(error) => return undecided(&error),
        }
    }
    checks
}
