//! What shows on large lattices alone, on many threads, or far out in the coordinates of the noise.

use stoquant::certify::{Level, shapes};
use stoquant::engine::core_engine;
use stoquant_model::Setup;

use super::ladder::{Chains, Defect};
use super::machine;
use super::noise::dealt;
use super::plain::{Flaw, with_flaw};

/// In front of the lattices that are meant to show it.
fn on(stratum: &'static str, name: &'static str, description: &'static str, chains: Chains) -> Defect {
    let rung = Box::new(move || shapes::strata(&*chains, &|row| row.name == stratum, 1));
    Defect::new("shapes", name, description, vec![rung])
}

/// In front of addresses of every magnitude.
fn far(name: &'static str, description: &'static str, chains: Chains) -> Defect {
    Defect::new("shapes", name, description, vec![Box::new(move || shapes::addresses(&*chains, 1))])
}

/// The table.
pub fn defects() -> Vec<Defect> {
    let plain = |stratum, name, description, flaw| on(stratum, name, description, with_flaw(flaw));
    let machine = |name, description, flaw| on("plane that threads share", name, description, machine::on(flaw));
    vec![
        plain(
            "rows of several chunks",
            "rows open beyond a chunk",
            "row ends are not closed from site 256 on",
            Flaw::RunsOnFrom(256),
        ),
        plain("more rows than a byte counts", "8-bit row", "rows are numbered modulo 256", Flaw::RowsModulo(256)),
        plain(
            "space of several blocks",
            "proposal of one chunk",
            "MALA: no proposal ratio from site 256 on",
            Flaw::NoProposalFrom(256),
        ),
        machine("block moved", "blocks from the 17th on are those before", machine::Flaw::LatePartMoved),
        machine("counts lost", "what blocks from the 17th on count is dropped", machine::Flaw::LateCountsLost),
        far("32-bit seed", "the high half of the seed is ignored", {
            Box::new(|setup, chain| core_engine(&Setup { seed: setup.seed & 0xffff_ffff, ..*setup }, chain))
        }),
        far("16-bit chain", "the chain's number modulo 2^16", {
            Box::new(|setup, chain| core_engine(setup, chain & 0xffff))
        }),
        far("32-bit step", "the step modulo 2^32", dealt(|d, step, site| d.words.word(step & 0xffff_ffff, site))),
        on(
            "more sites than a key has",
            "21-bit site",
            "the site modulo 2^21",
            dealt(|d, step, site| d.words.word(step, site & 0x1f_ffff)),
        ),
    ]
}

/// The core on every shape, and the plain integrator on those of its defects.
pub fn controls() -> Vec<Defect> {
    let core = Box::new(|| shapes::checks(&core_engine, &[], Level::Standard, 1));
    let plain = with_flaw(Flaw::None);
    let several = Box::new(move || shapes::strata(&*plain, &|row| row.name.contains("several"), 1));
    vec![
        Defect::new("control", "shapes", "the core on every shape", vec![core]),
        Defect::new("control", "several blocks", "the plain integrator", vec![several]),
    ]
}
