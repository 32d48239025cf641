//! The certificate: does what runs sample e^{-S}?
//!
//! Rungs, from the sharpest to the broadest: `noise` (exact), `math` (the one float function of a decision), `identity` (bit for bit), `coupled` (every site of every
//! step within its rounding), `finite-step` (free field, exact at any step), `exact` (one site at finite step, rings, tori), `ensemble`
//! (identities of e^{-S} and an independent sampler on larger lattices). Deterministic checks have a bound and no false alarms; statistical ones share
//! [`check::FALSE_ALARM_RATE`].
//!
//! Everything but the symmetries and the noise sees chains only through [`Factory`], so any engine can be certified.

pub mod check;
pub mod coupled;
pub mod identity;
pub mod laws;
pub mod noise;
mod plan;

pub use check::{Certificate, Check, Judged, Verdict};
pub use plan::Plan;

use stoquant_core::error::Error;

use crate::engine::Factory;

/// Run a plan. `progress(done, total, what)` is called before each part.
pub fn certify(
    factory: &Factory,
    plan: &Plan,
    mut progress: impl FnMut(usize, usize, &str),
) -> Result<Certificate, Error> {
    let total = 3 + plan.coupled.len() + plan.laws.len() + plan.ensembles.len();
    let mut done = 0;
    let mut next = |what: &str| {
        progress(done, total, what);
        done += 1;
    };
    let (mut checks, mut not_applicable) = (Vec::new(), Vec::new());
    next("noise");
    checks.extend(noise::checks());
    checks.extend(noise::exponentials());
    next("symmetries");
    checks.extend(identity::symmetries_of_the_core(plan.seed)?);
    next("boards");
    checks.extend(identity::boards(factory, &plan.board)?);
    for setup in &plan.coupled {
        next(&coupled::label(setup));
        checks.extend(identity::engine_identities(factory, setup)?);
        checks.extend(coupled::lockstep(factory, setup, 2, 48)?);
        if setup.integrator != crate::engine::IntegratorKind::Mala {
            checks.extend(coupled::free_run(factory, setup, 3, 200)?);
        }
    }
    for case in &plan.laws {
        next(&coupled::label(&case.setup));
        match laws::compare(factory, case)? {
            Ok(more) => checks.extend(more),
            Err(reason) => not_applicable.push(reason),
        }
    }
    for case in &plan.ensembles {
        next(&coupled::label(&case.setup));
        checks.extend(laws::ensemble(factory, case)?);
    }
    Ok(Certificate::judge(checks, not_applicable))
}
