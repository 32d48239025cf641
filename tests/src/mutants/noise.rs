//! The noise: the generator, how its words are dealt out to sites, steps and chains, and what is made of a word.

use stoquant::certify::Level;
use stoquant::certify::noise::{self, NoiseSubject};
use stoquant::certify::words::{self, weak};
use stoquant::engine::{core_engine, engine_of};
use stoquant_core::arith::Fx;
use stoquant_core::integrator::AnyIntegrator;
use stoquant_core::machine::Portable;
use stoquant_core::noise::gauss::{self, Segment};
use stoquant_core::noise::gauss_table::SEGMENTS;
use stoquant_core::noise::threefry::{threefry2x32, threefry2x32_rounds};
use stoquant_core::noise::{PureWords, StreamTag, Threefry, Words};
use stoquant_model::{ArithKind, IntegratorKind};

use super::arith::{self, in_arithmetic};
use super::ladder::{Chains, Defect, Rung, Scope, chains};
use super::plain::{Flaw, with_flaw};
use crate::with_dims;

/// What the noise is made of.
#[derive(Clone, Copy)]
struct Subject {
    threefry: fn([u32; 2], [u32; 2]) -> [u32; 2],
    table: [Segment; 64],
    eta: Eta,
}

/// As the core has it.
const CORE: Subject = Subject { threefry: threefry2x32, table: SEGMENTS, eta: Eta::Same };

/// The noise rung for a subject.
fn exact(subject: Subject) -> Rung {
    Box::new(move || {
        let (eta18, eta16) = (|u| subject.eta.of(18, u), |u| subject.eta.of(16, u));
        let subject =
            NoiseSubject { threefry: &subject.threefry, segments: &subject.table, eta18: &eta18, eta16: &eta16 };
        Ok(noise::checks(&subject, Level::Standard).into())
    })
}

/// The battery on the words of a source.
fn battery(source: fn(u32) -> Box<dyn Words + Send>) -> Vec<Rung> {
    vec![Box::new(move || Ok(words::battery(&source, words::STANDARD).into()))]
}

/// What is made of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eta {
    /// The specified Gaussian.
    Same,
    /// 1% too large.
    Scaled,
    /// 0.001 too large.
    Biased,
    /// Clamped to 3.5.
    Clamped,
    /// Without its sign.
    SignStuck,
    /// One coefficient of the table one unit off.
    TableOff,
    /// From the η of 18 bits.
    RoundedTwice,
}

impl Eta {
    /// η of a word in `width` bits, 16 or 18.
    pub fn of(self, width: u32, u: u32) -> i32 {
        let eta = |u| if width == 16 { gauss::eta::<16>(u) } else { gauss::eta::<18>(u) };
        let unit = 1 << (width - 4);
        match self {
            Self::Same => eta(u),
            Self::Scaled => (f64::from(eta(u)) * 1.01).round() as i32,
            Self::Biased => eta(u) + unit / 1000,
            Self::Clamped => eta(u).clamp(-7 * unit / 2, 7 * unit / 2),
            Self::SignStuck => eta(u & 0x7fff_ffff),
            Self::TableOff => of_table(&OFF, width, u),
            Self::RoundedTwice if width == 16 => (gauss::eta::<18>(u) + 2) >> 2,
            Self::RoundedTwice => eta(u),
        }
    }

    fn subject(self) -> Subject {
        Subject { eta: self, ..CORE }
    }
}

/// The Gaussian of a table.
fn of_table(table: &[Segment; 64], width: u32, u: u32) -> i32 {
    let (index, t) = gauss::locate(u);
    let half = (1 << (32 - width)) - (1 << 14);
    let size = (table[index as usize].at(t).wrapping_add(half) >> (33 - width)) as i32;
    if u >> 31 == 1 { -size } else { size }
}

/// The core's table with one coefficient one unit off.
const OFF: [Segment; 64] = {
    let mut table = SEGMENTS;
    table[20].c0 += 1;
    table
};

/// Words dealt out wrongly.
#[derive(Clone, Copy)]
pub(super) struct Dealt {
    pub words: Threefry,
    /// Those of chain 0.
    first: Threefry,
    how: fn(&Self, u64, usize) -> u32,
}

impl Words for Dealt {
    fn fill(&mut self, step: u64, first: usize, out: &mut [u32]) {
        for (i, slot) in out.iter_mut().enumerate() {
            *slot = (self.how)(self, step, first + i);
        }
    }
}

impl PureWords for Dealt {}

/// Every sixteenth site, where a correlation of 1/16 is planted.
fn planted(site: usize) -> bool {
    site % 16 == 7
}

/// Chains of the core driven by words that are dealt out like this.
pub(super) fn dealt(how: fn(&Dealt, u64, usize) -> u32) -> Chains {
    Box::new(move |setup, chain| {
        let of = |chain| Threefry::new(setup.seed, chain, StreamTag::Noise);
        let words = Dealt { words: of(chain), first: of(0), how };
        if setup.arith != ArithKind::Fx18 {
            return core_engine(setup, chain);
        }
        with_dims!(&*setup.extents, |e| {
            let integrator = AnyIntegrator::<Fx<18>, _>::new(setup.integrator, &setup.couplings, setup.eps, e.len())?;
            let drift = *integrator.drift();
            engine_of(Portable, e, setup, chain, integrator, drift, words)
        })
    })
}

const EULER: IntegratorKind = IntegratorKind::Euler;

fn scope() -> Scope {
    Scope::new(ArithKind::Fx18, EULER).shared_noise()
}

/// The rungs of a defect in what is made of a word: the exact one, then chains.
fn climb(eta: Eta, scope: Scope) -> Vec<Rung> {
    let mut rungs = vec![exact(eta.subject())];
    rungs.extend(chains(in_arithmetic(arith::Flaw::Eta(eta)), scope));
    rungs
}

/// The table.
pub fn defects() -> Vec<Defect> {
    let in_chains = |name, description, how| Defect::new("noise", name, description, chains(dealt(how), scope()));
    let exact_only = |name, description, subject| Defect::new("noise", name, description, vec![exact(subject)]);
    let by_words = |name, description, source| Defect::new("noise", name, description, battery(source));
    let eta = |name, description, flaw| Defect::new("noise", name, description, climb(flaw, scope()));
    // What chains show of it, without the exact rung; its reference shares the defect, or not.
    let eta_in_chains = |name, description, flaw, scope| {
        Defect::new("noise", name, description, chains(in_arithmetic(arith::Flaw::Eta(flaw)), scope))
    };
    let fx18 = Scope::new(ArithKind::Fx18, EULER);
    let fx16 = Scope::new(ArithKind::Fx16, EULER);
    vec![
        exact_only(
            "8 rounds",
            "Threefry with 8 rounds in place of 20",
            Subject { threefry: threefry2x32_rounds::<8>, ..CORE },
        ),
        exact_only(
            "linear generator",
            "words a·counter + c in place of Threefry",
            Subject { threefry: |key, [a, b]| [a, b].map(|c| c.wrapping_mul(1_664_525).wrapping_add(key[0])), ..CORE },
        ),
        by_words("8 rounds, by words", "Threefry with 8 rounds, without known answers", weak::Rounds::<8>::make),
        by_words("10 rounds, by words", "Threefry with 10 rounds, without known answers", weak::Rounds::<10>::make),
        by_words("linear generator, by words", "a full-period generator modulo 2^32", weak::lcg),
        by_words("MINSTD, by words", "the minimal standard generator, scaled to 32 bits", weak::minstd),
        exact_only("unused entry", "C0 of a segment in the far tail one unit off", {
            let mut table = SEGMENTS;
            table[62].c0 += 1;
            Subject { table, ..CORE }
        }),
        eta("table off by one", "C0 of entry 20 one unit off", Eta::TableOff),
        eta("scale + 1%", "η 1% too large", Eta::Scaled),
        eta_in_chains(
            "scale + 1%, in chains",
            "the same in core and reference, as chains show it",
            Eta::Scaled,
            scope(),
        ),
        eta("bias 1e-3", "η + 0.001", Eta::Biased),
        eta_in_chains("bias 1e-3, in chains", "the same in an engine, not in its reference", Eta::Biased, fx18),
        eta("tail cut", "|η| clamped to 3.5", Eta::Clamped),
        eta("sign stuck", "the sign bit of a word is lost: η ≥ 0", Eta::SignStuck),
        eta_in_chains("sign stuck, in chains", "the same in core and reference", Eta::SignStuck, scope()),
        Defect::new("noise", "η rounded twice", "η₁₆ from η₁₈: midpoints go up twice", climb(Eta::RoundedTwice, fx16)),
        eta_in_chains(
            "η rounded twice, in chains",
            "the same in an engine, not in its reference",
            Eta::RoundedTwice,
            fx16,
        ),
        in_chains("linear generator, in chains", "word = a·counter + c", |d, step, site| {
            let counter = (step as u32) << 10 | site as u32;
            counter.wrapping_mul(1_664_525).wrapping_add(d.words.word(0, 0))
        }),
        in_chains("neighbours correlated", "every 16th site has its left neighbour's word", |d, step, site| {
            d.words.word(step, site - usize::from(planted(site)))
        }),
        in_chains("rows correlated", "every 64th site has the word of 32 sites before", |d, step, site| {
            d.words.word(step, if site % 64 == 39 { site - 32 } else { site })
        }),
        in_chains("steps correlated", "every 16th site repeats its word at odd steps", |d, step, site| {
            d.words.word(if planted(site) { step & !1 } else { step }, site)
        }),
        in_chains("chains correlated", "every 16th site has the word of chain 0", |d, step, site| {
            if planted(site) { d.first.word(step, site) } else { d.words.word(step, site) }
        }),
        in_chains("one noise for all chains", "the key does not depend on the chain", |d, step, site| {
            d.first.word(step, site)
        }),
        in_chains("8-bit step", "the noise repeats after 256 steps", |d, step, site| d.words.word(step & 255, site)),
        Defect::new(
            "noise",
            "step stands",
            "the step is not advanced: one noise for ever",
            chains(with_flaw(Flaw::StepStands), Scope::new(ArithKind::Fx18, EULER)),
        ),
    ]
}

/// Without a defect.
pub fn controls() -> Vec<Defect> {
    vec![
        Defect::new("control", "exact noise", "the core's words and table", vec![exact(CORE)]),
        Defect::new("control", "battery", "Threefry with 20 rounds", battery(weak::Rounds::<20>::make)),
        Defect::new("control", "η of a word", "the wrapper with nothing planted", climb(Eta::Same, scope())),
        Defect::new(
            "control",
            "fx16",
            "16 bits with nothing planted",
            chains(in_arithmetic(arith::Flaw::Nothing), Scope::new(ArithKind::Fx16, EULER)),
        ),
        Defect::new(
            "control",
            "words",
            "the words of the core",
            chains(dealt(|d, step, site| d.words.word(step, site)), scope()),
        ),
    ]
}
