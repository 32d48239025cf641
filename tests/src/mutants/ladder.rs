//! The ladder as defects climb it: a short certificate, the cheapest rung first, up to the first check that fails.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use stoquant::analysis::stats;
use stoquant::certify::parts::{self, STATISTICS};
use stoquant::certify::{self, Certificate, Findings, Level, Part, Plan, Verdict};
use stoquant::engine::Engine;
use stoquant_core::error::Error;
use stoquant_model::{ArithKind, IntegratorKind, Setup};

/// A factory that defects can share among threads.
pub type Chains = Box<dyn Fn(&Setup, u32) -> Result<Box<dyn Engine>, Error> + Send + Sync>;

/// One rung, with the subject that it looks at.
pub type Rung = Box<dyn Fn() -> Result<Findings, Error> + Send + Sync>;

/// Something planted, and the rungs that could see it.
pub struct Defect {
    /// Where it is planted.
    pub group: &'static str,
    /// Short and unique.
    pub name: &'static str,
    /// One line.
    pub description: &'static str,
    rungs: Vec<Rung>,
}

/// What became of a defect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Where it was planted.
    pub group: String,
    /// Short and unique.
    pub name: String,
    /// One line.
    pub description: String,
    /// `rung: check` of the first check that failed; empty for a survivor.
    pub caught_by: String,
    /// `z = -119`, or a deviation in units of its bound, or what was found where what was expected.
    pub value: String,
    /// Time until then.
    pub ms: u64,
}

impl Outcome {
    /// Whether any check failed.
    pub fn caught(&self) -> bool {
        !self.caught_by.is_empty()
    }

    /// The rung of the check that failed.
    pub fn rung(&self) -> &str {
        self.caught_by.split(':').next().unwrap_or_default()
    }
}

impl Defect {
    /// A defect in front of its rungs.
    pub fn new(group: &'static str, name: &'static str, description: &'static str, rungs: Vec<Rung>) -> Self {
        Self { group, name, description, rungs }
    }

    /// Up the ladder to the first check that fails.
    pub fn run(&self) -> Outcome {
        let start = Instant::now();
        let found = self.rungs.iter().find_map(first_failure);
        let (caught_by, value) = found.unwrap_or_default();
        let [group, name, description] = [self.group, self.name, self.description].map(str::to_owned);
        Outcome { group, name, description, caught_by, value, ms: start.elapsed().as_millis() as u64 }
    }
}

/// Plants the defects, on all cores, each timed for itself. Threads of its own: one of rayon's that waits for others
/// would take up a second defect meanwhile.
pub fn climb(defects: &[Defect]) -> Vec<Outcome> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let outcomes: Vec<OnceLock<Outcome>> = defects.iter().map(|_| OnceLock::new()).collect();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((defect, outcome)) = take(defects, &outcomes, &next) {
                    outcome.get_or_init(|| defect.run());
                }
            });
        }
    });
    outcomes.into_iter().filter_map(OnceLock::into_inner).collect()
}

/// The next defect that nobody has taken, and where its outcome goes.
fn take<'a>(
    defects: &'a [Defect],
    outcomes: &'a [OnceLock<Outcome>],
    next: &AtomicUsize,
) -> Option<(&'a Defect, &'a OnceLock<Outcome>)> {
    let index = next.fetch_add(1, Relaxed);
    defects.get(index).zip(outcomes.get(index))
}

/// `rung: check` and the value of the first check that does not pass. A subject that cannot even be made is caught too.
fn first_failure(rung: &Rung) -> Option<(String, String)> {
    let findings = match rung() {
        Ok(findings) => findings,
        Err(error) => return Some((format!("certificate: {error}"), "refused".into())),
    };
    if findings.checks.is_empty() {
        return None;
    }
    let certificate = Certificate::judge(findings);
    // A defect must stand out from all statistical checks of a default certificate.
    let threshold = stats::z_threshold(certificate.false_alarm_rate, STATISTICS);
    let check = certificate.failures().find(|check| check.z.is_none_or(|z| z.is_nan() || z.abs() > threshold))?;
    let deviation = (check.value - check.expected).abs();
    let value = match check.z {
        _ if check.verdict == Verdict::Undecided => "undecided".into(),
        Some(z) if z.abs() < 100.0 => format!("z = {z:.1}"),
        Some(z) => format!("z = {z:.0}"),
        None if check.error == 0.0 => format!("{} where {}", check.value, check.expected),
        None if deviation / check.error < 1e3 => format!("{:.3} × bound", deviation / check.error),
        None => format!("{:.1e} × bound", deviation / check.error),
    };
    Some((format!("{}: {}", check.rung, check.name), value))
}

/// The chains that a defect of engines is looked for in.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    arith: ArithKind,
    integrator: IntegratorKind,
    /// The reference draws its η from the same core: where that is wrong, the rungs that take η from there say nothing.
    shared_noise: bool,
    /// No reference that a step is compared with: the laws alone.
    laws_alone: bool,
}

/// Length of the statistical runs, in units of a default certificate; longer where they are all there is.
const EFFORT: f64 = 0.04;
const EFFORT_ALONE: f64 = 0.12;

impl Scope {
    /// One arithmetic and one integrator.
    pub fn new(arith: ArithKind, integrator: IntegratorKind) -> Self {
        Self { arith, integrator, shared_noise: false, laws_alone: false }
    }

    /// The same for a defect of the noise itself, which the reference shares.
    pub fn shared_noise(self) -> Self {
        Self { shared_noise: true, ..self }
    }

    /// The same for a defect that a reference would repeat, such as a wrong formula.
    pub fn laws_alone(self) -> Self {
        Self { laws_alone: true, ..self }
    }

    /// The default certificate as far as it concerns these chains.
    fn plan(&self) -> Plan {
        let effort = if self.laws_alone { EFFORT_ALONE } else { EFFORT };
        let mut plan = Plan::standard(1, effort, Level::Standard);
        let ours = |setup: &Setup| setup.arith == self.arith && setup.integrator == self.integrator;
        plan.coupled.retain(|setup| ours(setup) && !self.laws_alone);
        plan.laws.retain(|case| ours(&case.setup));
        plan.ensembles.retain(|case| ours(&case.setup));
        plan
    }
}

/// The parts of the certificate that see chains, in the order of their cost. The comparison of boards with engines is
/// not among them: its board is the core without the defect.
pub fn chains(chains: Chains, scope: Scope) -> Vec<Rung> {
    let chains = Arc::new(chains);
    let parts = parts::of_chains(&scope.plan()).into_iter();
    // The reference that steps are compared with draws its η from the core, where the noise is wrong as well.
    let seen = parts.filter(|part| !(scope.shared_noise && part.rung == certify::Rung::Coupled));
    let rung = |part: Part| -> Rung {
        let chains = Arc::clone(&chains);
        Box::new(move || part.run(&**chains))
    };
    seen.map(rung).collect()
}
