//! The ladder, as far as a board can climb it.
//!
//! | rung | what |
//! |---|---|
//! | `lockstep` | a million site updates of every number type and integrator, word by word against the host's core; chains of int8 images, stage by stage; small lattices of every kind |
//! | `identity`, `coupled` | the rungs of [`crate::certify`], with the board as the engine |
//! | `finite-step`, `exact` | short runs on the board against exact laws: that its words, of which the first rung says that they are the core's, sample e^{-S} |

use stoquant_core::error::Error;

use super::{Device, LinkError, lockstep};
use crate::certify::check::Check;
use crate::certify::findings::Findings;
use crate::certify::laws::{self, Case};
use crate::certify::lockstep::{self as chains, RUNG};
use crate::certify::parts::one_setup;
use crate::certify::{Certificate, Level, Plan, coupled, machines};
use crate::couplings::Couplings;
use crate::diffusion::int8::quantize::ROWS;
use crate::diffusion::int8::{Plan as Sampler, quantize};
use crate::diffusion::model::Model;
use crate::engine::{ArithKind, IntegratorKind, NoiseKind, Setup, core_engine};
use crate::experiment::InputError;

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

/// One part, and its name.
type Part<'a> = (String, Box<dyn Fn() -> Result<Findings, InputError> + Send + Sync + 'a>);

/// Everything that the board can show.
pub fn certify(
    device: &Device,
    extent: Extent,
    mut progress: impl FnMut(usize, usize, &str),
) -> Result<Certificate, InputError> {
    let parts = parts(device, extent);
    // Chains side by side would take turns on the board, which costs a field to be moved at each.
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().map_err(InputError::new)?;
    let mut findings = Findings::default();
    for (done, (name, part)) in parts.iter().enumerate() {
        progress(done, parts.len(), name);
        let found = alone.install(part);
        device.failure().map_err(|error| InputError(format!("{name}: {error}")))?;
        let found = found.map_err(|error| InputError(format!("{name}: {error}")))?;
        if found.checks.is_empty() && found.not_applicable.is_empty() {
            findings.extend(Check::undecided(RUNG, format!("{name}: nothing was checked")));
        }
        findings.extend(found);
    }
    let identity = device.identity();
    let engine = format!("{}, firmware {:016x}", identity.target(), identity.build);
    Ok(Certificate { engine, level: Level::Standard, seed: extent.seed, ..Certificate::judge(findings) })
}

fn parts(device: &Device, extent: Extent) -> Vec<Part<'_>> {
    let Extent { updates, effort, seed } = extent;
    let board = device.clone();
    // Free runs are held against double precision, which is the host's.
    let factory = move |setup: &Setup, chain: u32| match setup.arith {
        ArithKind::F64 => core_engine(setup, chain),
        _ => board.engine(setup, chain),
    };
    let mut parts: Vec<Part<'_>> = Vec::new();
    let critical = Couplings::kappa_form(0.27, 0.022);
    let setup = |arith, integrator| Setup {
        extents: vec![SIDE, SIDE],
        couplings: critical,
        eps: 0.01,
        arith,
        integrator,
        noise: NoiseKind::Gaussian,
        seed,
    };
    let all = ArithKind::ALL.iter().flat_map(|&arith| IntegratorKind::ALL.iter().map(move |&by| setup(arith, by)));
    let mine: Vec<Setup> = all.filter(|setup| device.has(setup)).collect();
    for setup in mine {
        let name = format!("{}, lockstep", coupled::label(&setup));
        let factory = factory.clone();
        parts.push((name, Box::new(move || Ok(chains::check(&factory, &setup, updates).map_err(refused)?.into()))));
    }
    let identity = device.identity();
    if identity.image > 0 {
        for (name, chains) in [("c16-int8", 2), ("n8-int8", 4)] {
            parts.push((name.to_owned(), Box::new(move || Ok(image(device, name, chains, seed)?.into()))));
        }
    }
    let standard = Plan::standard(seed, effort, Level::Standard);
    // The full agent: everything there is of lattices.
    let of_board = factory.clone();
    if ArithKind::ALL
        .iter()
        .filter(|&&arith| arith != ArithKind::F64)
        .all(|&arith| device.has(&setup(arith, IntegratorKind::Mala)))
    {
        parts.push((
            "lattices".into(),
            Box::new(move || {
                let found = machines::engines("board", &of_board, 4096, IntegratorKind::ALL, seed);
                Ok(found.map_err(InputError::new)?.into())
            }),
        ));
    }
    for setup in standard.coupled.into_iter().filter(|setup| device.has(setup)) {
        let factory = factory.clone();
        let label = coupled::label(&setup);
        let run = move || one_setup(&factory, &setup).map_err(refused);
        parts.push((label, Box::new(run)));
    }
    // In fixed point and in floats one run without a Metropolis step and one with it.
    let short = |case: &Case| {
        let (free, torus) = (case.rung == "finite-step", case.setup.extents == [2, 2]);
        let by = if free { IntegratorKind::Euler } else { IntegratorKind::Mala };
        device.has(&case.setup)
            && case.setup.arith != ArithKind::Fx16
            && (free || torus)
            && case.setup.integrator == by
            && case.setup.noise == NoiseKind::Gaussian
    };
    for case in standard.laws.into_iter().filter(short) {
        let name = coupled::label(&case.setup);
        let factory = factory.clone();
        parts.push((name, Box::new(move || laws::compare(&factory, &case).map_err(refused))));
    }
    parts
}

fn refused(error: Error) -> InputError {
    InputError::new(error)
}

/// Chains of a shipped model's image.
fn image(device: &Device, name: &str, chains: u32, seed: u64) -> Result<Vec<Check>, InputError> {
    let parts = quantize(&Model::load(name)?, Sampler::Reverse { steps: 100, rows: ROWS })?;
    let mut checks = Vec::new();
    for chain in 0..chains {
        let found =
            lockstep::image(device, &parts, seed, chain).map_err(|e: LinkError| InputError(format!("{name}: {e}")))?;
        let first = found.as_ref().map_or(String::new(), |divergence| format!("; first {divergence}"));
        let name = format!("{name}, 100 steps, chain {chain}: words that differ{first}");
        checks.push(Check::none(RUNG, name, usize::from(found.is_some())));
    }
    Ok(checks)
}
