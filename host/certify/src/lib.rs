//! The certificate: does what runs sample e^{-S}?
//!
//! The rungs and their claims are listed in [`Rung`], the checks of each are made by its [source](Rung::source), and
//! [`parts()`] says which of them a [`Plan`] has.
//!
//! Deterministic checks have a bound and no false alarms; statistical ones share [`certificate::FALSE_ALARM_RATE`].
//!
//! Everything but the noise, the symmetries and the laws of the core's integers sees chains only through [`Factory`],
//! so any engine can be certified.

pub mod against;
pub mod calibration;
pub mod certificate;
pub mod check;
pub mod coupled;
pub mod datapath;
pub mod diffusion;
pub mod enumeration;
pub mod exact_law;
pub mod figure;
pub mod findings;
pub mod histogram;
pub mod identity;
pub mod int8;
pub mod judge;
pub mod laws;
pub mod lockstep;
pub mod machines;
pub mod noise;
pub mod orders;
mod overview;
pub mod parts;
mod plan;
pub mod promise;
pub mod references;
pub mod relaxation;
pub mod report;
pub mod residuals;
pub mod rung;
pub mod shapes;
pub mod words;

pub use certificate::{Certificate, Judged};
pub use check::{Check, Verdict};
pub use figure::Figure;
pub use findings::Findings;
pub use parts::{Part, parts};
pub use plan::{Level, Plan, Scope};
pub use rung::Rung;

use stoquant_core::error::Error;

use stoquant_engines::engine::Factory;

/// Run a plan. `progress(done, total, part)` is called before each part.
pub fn certify(
    factory: &Factory,
    plan: &Plan,
    mut progress: impl FnMut(usize, usize, &Part),
) -> Result<Certificate, Error> {
    let parts = parts(plan);
    let mut findings = Findings { not_applicable: plan.not_applicable.clone(), ..Findings::default() };
    for (done, part) in parts.iter().enumerate() {
        progress(done, parts.len(), part);
        findings.extend(part.run(factory)?);
    }
    // The judge alone says nothing of the engines.
    if parts.iter().any(|part| part.rung != Rung::Judge) && findings.checks.iter().all(|c| c.rung == Rung::Judge) {
        findings.checks.clear();
    }
    Ok(judge::certificate(plan.engine.clone(), plan.level, plan.seed, findings))
}
