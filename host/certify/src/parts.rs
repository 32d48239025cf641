//! The parts that a certificate is made of, in the order of the ladder: the one place that says which checks a plan
//! has.

use stoquant_core::error::Error;
use stoquant_model::{ArithKind, IntegratorKind, Setup};

use super::check::Check;
use super::findings::Findings;
use super::laws::Case;
use super::noise::NoiseSubject;
use super::rung::Rung;
use super::{
    Plan, Scope, calibration, coupled, datapath, diffusion, enumeration, exact_law, identity, int8, judge, laws,
    lockstep, machines, noise, orders, references, relaxation, residuals, shapes, words,
};
use stoquant_engines::engine::Factory;

/// Statistical checks of the default certificate, which share its false-alarm rate. `cargo xtask test` counts them.
pub const STATISTICS: usize = 797;

type Work = dyn Fn(&Factory) -> Result<Findings, Error> + Send + Sync;

/// One piece of work: its rung, a name for the progress bar, and what it does to the engines under test.
pub struct Part {
    /// The rung that its checks belong to.
    pub rung: Rung,
    /// What it is about.
    pub name: String,
    work: Box<Work>,
}

impl Part {
    /// A part that does `work`.
    pub fn new(
        rung: Rung,
        name: impl Into<String>,
        work: impl Fn(&Factory) -> Result<Findings, Error> + Send + Sync + 'static,
    ) -> Self {
        Self { rung, name: name.into(), work: Box::new(work) }
    }

    /// Run it. A part that returns neither a check nor a reason why there is none is reported as undecided.
    pub fn run(&self, factory: &Factory) -> Result<Findings, Error> {
        let mut findings = (self.work)(factory)?;
        if findings.checks.is_empty() && findings.not_applicable.is_empty() {
            findings.checks.push(Check::undecided(self.rung, format!("{}: no check was made", self.name)));
        }
        Ok(findings)
    }
}

/// The parts of a plan.
pub fn parts(plan: &Plan) -> Vec<Part> {
    let mut parts = match plan.scope {
        Scope::Int8 => of_int8(plan),
        Scope::Engine => of_engine(plan),
        Scope::Everything | Scope::Experiment => of_core(plan),
    };
    if let Some(rungs) = &plan.rungs {
        parts.retain(|part| rungs.contains(&part.rung));
    }
    // Whatever is asked for, the judge comes first.
    parts.insert(0, judge::part());
    parts
}

/// The core, and the chains of the plan.
fn of_core(plan: &Plan) -> Vec<Part> {
    let (level, seed) = (plan.level, plan.seed);
    let of_boards = plan.clone();
    let asked = if plan.scope == Scope::Experiment { plan.coupled.clone() } else { vec![] };
    let mut parts = vec![
        Part::new(Rung::Calibration, "calibration", move |factory| {
            calibration::checks(factory, &calibration::Analysis::default(), level, seed)
        }),
        Part::new(Rung::Noise, "noise", move |_| Ok(noise::findings(&NoiseSubject::default(), level, seed))),
        Part::new(Rung::Words, "words", move |_| Ok(words::findings(seed, level))),
        Part::new(Rung::Math, "exponentials", |_| Ok(noise::exponentials().into())),
        Part::new(Rung::Identity, "symmetries", move |_| Ok(identity::symmetries_of_the_core(seed)?.into())),
        Part::new(Rung::Machines, "machines", move |factory| Ok(machines::checks(factory, level, seed)?.into())),
        Part::new(Rung::Shapes, "shapes", move |factory| shapes::checks(factory, &asked, level, seed)),
        Part::new(Rung::Identity, "boards", move |factory| identity::boards(factory, &of_boards)),
    ];
    if plan.scope == Scope::Everything {
        let effort = plan.effort;
        parts.push(Part::new(Rung::References, "references", move |_| {
            Ok(references::checks(level, effort, seed).into())
        }));
        parts.push(Part::new(Rung::Enumeration, "enumeration", move |_| Ok(enumeration::checks(level))));
        parts.push(Part::new(Rung::ExactLaw, "exact law", move |factory| exact_law::checks(factory, level, seed)));
        parts.push(Part::new(Rung::ExactLaw, "law of two sites", move |_| exact_law::two_sites(level, seed)));
        parts
            .push(Part::new(Rung::FokkerPlanck, "relaxation", move |factory| relaxation::checks(factory, level, seed)));
        parts.push(Part::new(Rung::Diffusion, "diffusion", move |_| {
            Ok(diffusion::checks(&diffusion::Subject::default(), level, seed)?.into())
        }));
        parts.extend(of_int8(plan));
        parts.push(Part::new(Rung::Orders, "orders", move |factory| orders::checks(factory, level, seed)));
    } else {
        parts.extend(plan.coupled.iter().cloned().map(|setup| {
            let name = format!("{}, exact law", coupled::label(&setup));
            Part::new(Rung::ExactLaw, name, move |_| Ok(exact_law::of_setup(&setup)))
        }));
    }
    parts.extend(of_chains(plan));
    parts
}

/// Everything that sees the plan's chains through their engine alone.
pub fn of_chains(plan: &Plan) -> Vec<Part> {
    let mut parts: Vec<Part> = plan.coupled.iter().flat_map(of_setup).collect();
    // The noise enters each arithmetic by one road, whatever the lattice and the integrator.
    for (index, &arith) in (1..).zip(ArithKind::ALL) {
        if plan.coupled.iter().any(|setup| setup.arith == arith && setup.integrator == IntegratorKind::Euler) {
            // Chains of their own: equal seeds would make the arithmetics' errors one and the same.
            let setup = Setup { arith, seed: plan.seed.wrapping_sub(index << 32), ..plan.board };
            let name = format!("{arith} residuals");
            parts.push(Part::new(Rung::Residuals, name, move |factory| residuals::white(factory, &setup)));
        }
    }
    parts.extend(plan.laws.iter().map(of_case));
    parts.extend(plan.ensembles.iter().map(of_case));
    parts
}

/// Identities and coupled paths of one engine.
pub fn of_setup(setup: &Setup) -> [Part; 2] {
    let (one, two) = (*setup, *setup);
    [
        Part::new(Rung::Identity, coupled::label(setup), move |factory| {
            Ok(identity::engine_identities(factory, &one)?.into())
        }),
        Part::new(Rung::Coupled, coupled::label(setup), move |factory| {
            let setup = &two;
            // At least 512 roundings, for the mean of their errors.
            let mut findings = Findings::default();
            findings.extend(coupled::lockstep(factory, setup, 2, 48.max(512 / setup.volume() as u64))?);
            findings.extend(datapath::words(factory, setup)?);
            if setup.integrator != IntegratorKind::Mala {
                findings.extend(coupled::free_run(factory, setup, 3, 200)?);
            } else {
                findings.extend(coupled::decisions(factory, setup, 2)?);
            }
            Ok(findings)
        }),
    ]
}

/// A run against what is known of it.
pub fn of_case(case: &Case) -> Part {
    let case = case.clone();
    Part::new(case.rung, coupled::label(&case.setup), move |factory| match case.rung {
        Rung::Ensemble => laws::ensemble(factory, &case),
        _ => laws::compare(factory, &case),
    })
}

/// Another engine than the core: bit for bit beside it, step by step against the formulas, and against the laws.
fn of_engine(plan: &Plan) -> Vec<Part> {
    /// Site updates beside the core.
    const UPDATES: u64 = 1_000_000;
    let beside = plan.lockstep.iter().cloned().map(|setup| {
        let name = format!("{}, lockstep", coupled::label(&setup));
        Part::new(Rung::Lockstep, name, move |factory| Ok(lockstep::check(factory, &setup, UPDATES)?.into()))
    });
    let (level, seed) = (plan.level, plan.seed);
    let images = plan.images.iter().flat_map(|&images| {
        int8::beside::PARTS.map(|(name, checks)| {
            Part::new(Rung::Int8, format!("int8, {name}"), move |_| Ok(checks(images, level, seed).into()))
        })
    });
    // Residuals are taken on a lattice of their own, which the engine may not hold.
    let chains = of_chains(plan).into_iter().filter(|part| part.rung != Rung::Residuals);
    beside.chain(images).chain(chains).collect()
}

/// The quantised score.
fn of_int8(plan: &Plan) -> Vec<Part> {
    let (level, seed) = (plan.level, plan.seed);
    let part = |(name, checks): &'static (&'static str, int8::Part)| {
        Part::new(Rung::Int8, format!("int8, {name}"), move |_| {
            Ok(checks(&int8::Subject::default(), level, seed).into())
        })
    };
    int8::PARTS.iter().map(part).collect()
}
