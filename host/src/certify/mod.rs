//! The certificate: does what runs sample e^{-S}?
//!
//! Rungs, from the sharpest to the broadest: `noise` (exact), `math` (the one float function of a decision), `identity` (bit for bit), `coupled` (every site of every
//! step within its rounding), `finite-step` (free field, exact at any step), `exact` (one site at finite step, rings, tori), `ensemble`
//! (identities of e^{-S} and an independent sampler on larger lattices). Deterministic checks have a bound and no false alarms; statistical ones share
//! [`certificate::FALSE_ALARM_RATE`]. `calibration` puts these statistics to the test themselves.
//!
//! Everything but the symmetries and the noise sees chains only through [`Factory`], so any engine can be certified.

pub mod calibration;
pub mod certificate;
pub mod check;
pub mod coupled;
pub mod figure;
pub mod findings;
pub mod identity;
pub mod laws;
pub mod noise;
mod overview;
mod parts;
mod plan;
pub mod promise;

pub use certificate::{Certificate, Judged};
pub use check::{Check, Verdict};
pub use figure::Figure;
pub use findings::Findings;
pub use parts::{Part, parts};
pub use plan::{Level, Plan};

use stoquant_core::error::Error;

use crate::engine::Factory;

/// Run a plan. `progress(done, total, what)` is called before each part.
pub fn certify(
    factory: &Factory,
    plan: &Plan,
    mut progress: impl FnMut(usize, usize, &str),
) -> Result<Certificate, Error> {
    let parts = parts(plan);
    let mut findings = Findings::default();
    for (done, part) in parts.iter().enumerate() {
        progress(done, parts.len(), &part.name);
        findings.extend(part.run(factory)?);
    }
    Ok(Certificate { level: plan.level, seed: plan.seed, ..Certificate::judge(findings) })
}
