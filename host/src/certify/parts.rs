//! The parts that a certificate is made of, in the order of the ladder.

use stoquant_core::error::Error;

use super::check::Check;
use super::findings::Findings;
use super::noise::NoiseSubject;
use super::{
    Plan, Scope, calibration, coupled, datapath, diffusion, enumeration, exact_law, identity, int8, laws, lockstep,
    machines, noise, orders, relaxation, residuals, words,
};
use crate::engine::{ArithKind, Factory, IntegratorKind, Setup};

type Work<'a> = dyn Fn(&Factory) -> Result<Findings, Error> + 'a;

/// One piece of work: a name for the progress bar, and what it does to the engines under test.
pub struct Part<'a> {
    /// What it is about.
    pub name: String,
    work: Box<Work<'a>>,
}

impl<'a> Part<'a> {
    /// A part that does `work`.
    pub fn new(name: impl Into<String>, work: impl Fn(&Factory) -> Result<Findings, Error> + 'a) -> Self {
        Self { name: name.into(), work: Box::new(work) }
    }

    /// Run it. A part that finds nothing, and does not say why, has not run: that is a failed check.
    pub fn run(&self, factory: &Factory) -> Result<Findings, Error> {
        let mut findings = (self.work)(factory)?;
        if findings.checks.is_empty() && findings.not_applicable.is_empty() {
            findings.checks.push(Check::undecided("certificate", format!("{}: no check was made", self.name)));
        }
        Ok(findings)
    }
}

/// The parts of a plan.
pub fn parts(plan: &Plan) -> Vec<Part<'_>> {
    match plan.scope {
        Scope::Int8 => return of_int8(plan).collect(),
        Scope::Engine => return of_engine(plan).collect(),
        Scope::Everything | Scope::Experiment => {}
    }
    let mut parts = vec![
        Part::new("calibration", |factory| {
            calibration::checks(factory, &calibration::Analysis::default(), plan.level, plan.seed)
        }),
        Part::new("noise", |_| Ok(noise::findings(&NoiseSubject::default(), plan.level))),
        Part::new("words", |_| Ok(words::findings(plan.seed, plan.level))),
        Part::new("exponentials", |_| Ok(noise::exponentials().into())),
        Part::new("symmetries", |_| Ok(identity::symmetries_of_the_core(plan.seed)?.into())),
        Part::new("machines", |factory| Ok(machines::checks(factory, plan.level, plan.seed)?.into())),
        Part::new("boards", |factory| identity::boards(factory, plan)),
    ];
    if plan.scope == Scope::Everything {
        parts.push(Part::new("enumeration", |_| Ok(enumeration::checks(plan.level))));
        parts.push(Part::new("exact law", |factory| exact_law::checks(factory, plan.level, plan.seed)));
        parts.push(Part::new("relaxation", |factory| relaxation::checks(factory, plan.level, plan.seed)));
        parts.push(Part::new("diffusion", |_| {
            Ok(diffusion::checks(&diffusion::Subject::default(), plan.level, plan.seed)?.into())
        }));
        parts.extend(of_int8(plan));
        parts.push(Part::new("orders", |factory| orders::checks(factory, plan.level, plan.seed)));
    } else {
        parts.extend(plan.coupled.iter().map(|setup| {
            Part::new(format!("{}, exact law", coupled::label(setup)), move |_| Ok(exact_law::of_setup(setup)))
        }));
    }
    for setup in &plan.coupled {
        parts.push(Part::new(coupled::label(setup), |factory| one_setup(factory, setup)));
    }
    // The noise enters each arithmetic by one road, whatever the lattice and the integrator.
    for (index, &arith) in (1..).zip(ArithKind::ALL) {
        if plan.coupled.iter().any(|setup| setup.arith == arith && setup.integrator == IntegratorKind::Euler) {
            // Chains of their own: equal seeds would make the arithmetics' errors one and the same.
            let setup = Setup { arith, seed: plan.seed.wrapping_sub(index << 32), ..plan.board.clone() };
            parts.push(Part::new(format!("{arith} residuals"), move |factory| residuals::white(factory, &setup)));
        }
    }
    parts.extend(of_laws(plan));
    parts
}

/// Runs against exact laws, and on larger lattices.
fn of_laws(plan: &Plan) -> impl Iterator<Item = Part<'_>> {
    let exact =
        plan.laws.iter().map(|case| Part::new(coupled::label(&case.setup), |factory| laws::compare(factory, case)));
    let large = plan
        .ensembles
        .iter()
        .map(|case| Part::new(coupled::label(&case.setup), |factory| laws::ensemble(factory, case)));
    exact.chain(large)
}

/// Another engine than the core: beside it, against the formulas, and against the laws.
fn of_engine(plan: &Plan) -> impl Iterator<Item = Part<'_>> {
    /// Site updates beside the core.
    const UPDATES: u64 = 1_000_000;
    let beside = plan.lockstep.iter().map(|setup| {
        let name = format!("{}, lockstep", coupled::label(setup));
        Part::new(name, |factory| Ok(lockstep::check(factory, setup, UPDATES)?.into()))
    });
    let formulas =
        plan.coupled.iter().map(|setup| Part::new(coupled::label(setup), |factory| one_setup(factory, setup)));
    beside.chain(formulas).chain(of_laws(plan))
}

/// The quantised score.
fn of_int8(plan: &Plan) -> impl Iterator<Item = Part<'_>> {
    int8::PARTS.iter().map(|(name, checks)| {
        Part::new(format!("int8, {name}"), |_| Ok(checks(&int8::Subject::default(), plan.level, plan.seed).into()))
    })
}

/// Identities and coupled paths of one engine.
pub fn one_setup(factory: &Factory, setup: &Setup) -> Result<Findings, Error> {
    let mut findings = Findings::from(identity::engine_identities(factory, setup)?);
    // At least 512 roundings, for the mean of their errors.
    findings.extend(coupled::lockstep(factory, setup, 2, 48.max(512 / setup.volume() as u64))?);
    findings.extend(datapath::words(factory, setup)?);
    if setup.integrator != IntegratorKind::Mala {
        findings.extend(coupled::free_run(factory, setup, 3, 200)?);
    } else {
        findings.extend(coupled::decisions(factory, setup, 2)?);
    }
    Ok(findings)
}
