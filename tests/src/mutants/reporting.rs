//! Reports: rungs that do not run, engines that do not tell the truth, judges that look away.

use stoquant::certify::check::Criterion;
use stoquant::certify::judge::Judge;
use stoquant::certify::{self, Certificate, Check, Findings, Part, Verdict};
use stoquant::engine::{Chain, Engine, core_engine};
use stoquant_core::error::Error;
use stoquant_core::integrator::State;
use stoquant_core::observable::Measurement;
use stoquant_model::{ArithKind, IntegratorKind};

use super::ladder::{Chains, Defect, Rung, Scope, chains};

/// The certificate's own audit, of another judge.
fn audit(judge: Judge) -> Rung {
    Box::new(move || {
        let audited = certify::judge::audit(judge).into_iter();
        let checks = audited.map(|(name, wrong)| Check::none(certify::Rung::Judge, name, wrong));
        Ok(checks.collect::<Vec<_>>().into())
    })
}

/// The certificate's judge with its findings or its verdicts tampered with.
fn without(keep: impl Fn(&Check) -> bool, findings: Findings) -> Certificate {
    Certificate::judge(Findings { checks: findings.checks.into_iter().filter(keep).collect(), ..findings })
}

/// An engine that reports something else than it does.
struct Reports {
    inner: Box<dyn Engine>,
    chain: Chain,
    lie: Lie,
    /// What was measured at the start.
    first: Measurement,
}

#[derive(Clone, Copy, PartialEq)]
enum Lie {
    None,
    Idle,
    Stale,
    OtherStep,
    ForgetsStep,
    NotANumber,
    OtherTarget,
    Clean,
    NoRatio,
    Magnitude,
}

impl Engine for Reports {
    fn chain(&self) -> &Chain {
        &self.chain
    }
    fn sweep(&mut self, sweeps: u64) -> Result<(), Error> {
        if self.lie != Lie::Idle {
            return self.inner.sweep(sweeps);
        }
        let state = self.inner.state()?;
        self.inner.set_state(State { step: state.step + sweeps, accepted: state.accepted + sweeps, ..state })
    }
    fn bits(&self) -> Result<Vec<u64>, Error> {
        self.inner.bits()
    }
    fn set_bits(&mut self, bits: &[u64]) -> Result<(), Error> {
        self.inner.set_bits(bits)
    }
    fn state(&self) -> Result<State, Error> {
        let state = self.inner.state()?;
        Ok(match self.lie {
            Lie::Clean => State { clipped: 0, ..state },
            Lie::NoRatio => State { log_ratio: f64::NAN, ..state },
            _ => state,
        })
    }
    fn set_state(&mut self, state: State) -> Result<(), Error> {
        let step = if self.lie == Lie::ForgetsStep { 0 } else { state.step };
        self.inner.set_state(State { step, ..state })
    }
    fn phi(&self) -> Result<Vec<f64>, Error> {
        let mut phi = self.inner.phi()?;
        match self.lie {
            Lie::NotANumber if self.inner.state()?.step > 5 => phi[0] = f64::NAN,
            Lie::Magnitude => phi.iter_mut().for_each(|phi| *phi = phi.abs()),
            _ => {}
        }
        Ok(phi)
    }
    fn measure(&self) -> Result<Measurement, Error> {
        if self.lie == Lie::Stale { Ok(self.first) } else { self.inner.measure() }
    }
}

fn lying(lie: Lie) -> Chains {
    Box::new(move |setup, chain| {
        let mut inner = core_engine(setup, chain)?;
        // A start field, so that the stale measurement is of something.
        inner.hot_start(1.0)?;
        let (first, mut chain) = (inner.measure()?, *inner.chain());
        match lie {
            Lie::OtherStep => chain.eps *= 1.01,
            Lie::OtherTarget => chain.target.kappa *= 1.01,
            _ => {}
        }
        Ok(Box::new(Reports { inner, chain, lie, first }))
    })
}

/// The table.
pub fn defects() -> Vec<Defect> {
    let of = |name, description, rungs| Defect::new("reporting", name, description, rungs);
    let judge = |name, description, judge| of(name, description, vec![audit(judge)]);
    let chain =
        |name, description, kind, lie| of(name, description, chains(lying(lie), Scope::new(ArithKind::Fx18, kind)));
    let engine = |name, description, lie| chain(name, description, IntegratorKind::Euler, lie);
    let idle: Rung =
        Box::new(|| Part::new(certify::Rung::Words, "a rung", |_| Ok(Findings::default())).run(&core_engine));
    vec![
        of("rung that does nothing", "a part returns without a check and without a reason", vec![idle]),
        judge("NaN passes", "what is no number does not count as a failure", |findings| {
            without(|c| !c.value.is_nan() && !matches!(c.criterion, Criterion::Normal(z) if z.is_nan()), findings)
        }),
        judge("failures dropped", "checks that fail are left out of the certificate", |findings| {
            let failed: Vec<String> = Certificate::judge(findings.clone()).failures().map(|c| c.name.clone()).collect();
            without(|c| !failed.contains(&c.name), findings)
        }),
        judge("undecided passes", "a check that could not be made counts as made", |findings| {
            without(|c| c.criterion != Criterion::Undecided, findings)
        }),
        judge("empty passes", "a suite without checks passes", |findings| {
            let empty = findings.checks.is_empty();
            let certificate = Certificate::judge(findings);
            if empty { Certificate { verdict: Verdict::Pass, ..certificate } } else { certificate }
        }),
        judge("one-sided", "only positive deviations count", |findings| {
            without(|c| !matches!(c.criterion, Criterion::Normal(z) if z < 0.0), findings)
        }),
        judge("no Bonferroni", "each of many checks is judged as if alone", |findings| {
            let alone = |c: &Check| Certificate::judge(c.clone()).verdict == Verdict::Pass;
            let pass = !findings.checks.is_empty() && findings.checks.iter().all(alone);
            let verdict = if pass { Verdict::Pass } else { Verdict::Fail };
            Certificate { verdict, ..Certificate::judge(findings) }
        }),
        engine("idle engine", "sweeps are counted, not run", Lie::Idle),
        engine("stale measurement", "what is measured is the start field", Lie::Stale),
        engine("other step", "the engine reports ε 1% larger than its own", Lie::OtherStep),
        engine("other target", "the engine reports κ 1% larger than its own", Lie::OtherTarget),
        engine("restart at step 0", "a resumed chain begins its noise anew", Lie::ForgetsStep),
        engine("field not a number", "a site becomes NaN", Lie::NotANumber),
        chain("ln r not a number", "the Metropolis ratio is reported as NaN", IntegratorKind::Mala, Lie::NoRatio),
        engine("magnitudes", "the engine reports |φ|", Lie::Magnitude),
        engine("no saturation reported", "the counter of saturations stays 0", Lie::Clean),
    ]
}

/// Without a defect.
pub fn controls() -> Vec<Defect> {
    let engine = chains(lying(Lie::None), Scope::new(ArithKind::Fx18, IntegratorKind::Euler));
    vec![
        Defect::new("control", "judge", "the judge of the certificate", vec![audit(Certificate::judge)]),
        Defect::new("control", "reporting engine", "the wrapper that tells the truth", engine),
    ]
}
