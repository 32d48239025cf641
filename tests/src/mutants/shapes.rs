//! What shows on large lattices alone, on many threads, or far out in the coordinates of the noise.

use stoquant::certify::{Level, shapes};
use stoquant::engine::core_engine;
use stoquant_model::Setup;

use super::ladder::{Chains, Defect};
use super::machine;
use super::noise::dealt;
use super::plain::{Flaw, with_flaw};

/// In front of the rung that looks at every shape.
fn of(group: &'static str, name: &'static str, description: &'static str, chains: Chains) -> Defect {
    let rung = Box::new(move || shapes::checks(&*chains, &[], Level::Standard, 1));
    Defect::new(group, name, description, vec![rung])
}

/// The table.
pub fn defects() -> Vec<Defect> {
    let defect = |name, description, chains| of("shapes", name, description, chains);
    let plain = |name, description, flaw| defect(name, description, with_flaw(flaw));
    let on = |name, description, flaw| defect(name, description, machine::on(flaw));
    let words = |name, description, how| defect(name, description, dealt(how));
    vec![
        plain("rows open beyond a chunk", "row ends are not closed from site 256 on", Flaw::RunsOnFrom(256)),
        plain("8-bit row", "rows are numbered modulo 256", Flaw::RowsModulo(256)),
        plain("proposal of one chunk", "MALA: no proposal ratio from site 256 on", Flaw::NoProposalFrom(256)),
        on("block moved", "blocks from the 17th on are those before", machine::Flaw::LatePartMoved),
        on("counts lost", "what blocks from the 17th on count is dropped", machine::Flaw::LateCountsLost),
        defect("32-bit seed", "the high half of the seed is ignored", {
            Box::new(|setup, chain| core_engine(&Setup { seed: setup.seed & 0xffff_ffff, ..*setup }, chain))
        }),
        defect("16-bit chain", "the chain's number modulo 2^16", {
            Box::new(|setup, chain| core_engine(setup, chain & 0xffff))
        }),
        words("32-bit step", "the step modulo 2^32", |d, step, site| d.words.word(step & 0xffff_ffff, site)),
        words("21-bit site", "the site modulo 2^21", |d, step, site| d.words.word(step, site & 0x1f_ffff)),
    ]
}

/// The core, and the plain integrator.
pub fn controls() -> Vec<Defect> {
    let control = |name, chains| of("control", name, "with nothing planted", chains);
    vec![
        control("shapes of the core", Box::new(core_engine)),
        control("shapes of the plain integrator", with_flaw(Flaw::None)),
    ]
}
