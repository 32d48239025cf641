//! The certificate: does what runs sample e^{-S}?
//!
//! Rungs, from the sharpest to the broadest:
//!
//! | rung | what | sampled |
//! |---|---|---|
//! | `calibration` | the statistics themselves: uniform p-values, declared power | yes |
//! | `noise` | the Gaussian over all words | no |
//! | `words` | independence of the words | yes |
//! | `math` | the one float function of a decision | no |
//! | `identity` | symmetries, restart, chains, bit for bit | no |
//! | `enumeration` | every state and every word of an eight-bit site | no |
//! | `exact-law` | the stationary law of the production integers, one site | one histogram |
//! | `fokker-planck` | the equation, its gap, and the way to equilibrium | histograms |
//! | `orders` | orders of convergence and leading coefficients | slopes |
//! | `lockstep` | another engine beside the core, every word | no |
//! | `coupled` | every site of every step within its rounding, in fixed point every word; what is left is white noise | noise only |
//! | `finite-step` | the free field at finite step | yes |
//! | `exact` | one site at finite step, rings, tori | yes |
//! | `int8` | the quantised score: every integer, its error, its symmetries, its weights against floats | weights |
//! | `ensemble` | identities of e^{-S} and an independent sampler on larger lattices | yes |
//!
//! Deterministic checks have a bound and no false alarms; statistical ones share [`certificate::FALSE_ALARM_RATE`].
//!
//! Everything but the noise, the symmetries and the laws of the core's integers sees chains only through [`Factory`], so any engine can be certified.

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
pub mod laws;
pub mod lockstep;
pub mod machines;
pub mod noise;
pub mod orders;
mod overview;
pub mod parts;
mod plan;
pub mod promise;
pub mod relaxation;
pub mod residuals;
pub mod words;

pub use certificate::{Certificate, Judged};
pub use check::{Check, Verdict};
pub use figure::Figure;
pub use findings::Findings;
pub use parts::{Part, parts};
pub use plan::{Level, Plan, Scope};

use stoquant_core::error::Error;

use crate::engine::Factory;

/// Run a plan. `progress(done, total, what)` is called before each part.
pub fn certify(
    factory: &Factory,
    plan: &Plan,
    mut progress: impl FnMut(usize, usize, &str),
) -> Result<Certificate, Error> {
    let parts = parts(plan);
    let mut findings = Findings { not_applicable: plan.not_applicable.clone(), ..Findings::default() };
    for (done, part) in parts.iter().enumerate() {
        progress(done, parts.len(), &part.name);
        findings.extend(part.run(factory)?);
    }
    Ok(Certificate { engine: plan.engine.clone(), level: plan.level, seed: plan.seed, ..Certificate::judge(findings) })
}
