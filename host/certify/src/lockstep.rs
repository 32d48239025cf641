//! An engine beside the host's core, word by word: where they differ first.

use std::fmt;

use stoquant_core::error::Error;
use stoquant_model::Setup;

use super::check::Check;
use super::coupled::label;
use super::rung::Rung;
use stoquant_engines::engine::{Engine, Factory, core_engine};

/// The rung of such comparisons.
pub const RUNG: Rung = Rung::Lockstep;

/// The first word that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Divergence {
    /// After so many steps.
    pub step: u64,
    /// Where: a site, or nothing for a counter.
    pub site: Option<usize>,
    /// Of what.
    pub quantity: &'static str,
    /// The engine's word.
    pub there: u64,
    /// The core's.
    pub here: u64,
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, site, quantity, there, here } = self;
        write!(f, "after step {step}, {quantity}")?;
        if let Some(site) = site {
            write!(f, " of site {site}")?;
        }
        write!(f, ": {there:#x} there, {here:#x} here")
    }
}

/// The first difference of field or counters of two engines.
pub fn compare(there: &dyn Engine, here: &dyn Engine) -> Result<Option<Divergence>, Error> {
    let (a, b) = (there.state()?, here.state()?);
    let step = b.step;
    let of = |quantity, site, there, here| (there != here).then_some(Divergence { step, site, quantity, there, here });
    let fields = (there.bits()?, here.bits()?);
    let field = fields.0.iter().zip(&fields.1).enumerate();
    let counters = [
        ("step", a.step, b.step),
        ("saturations", a.clipped, b.clipped),
        ("accepted", a.accepted, b.accepted),
        ("ln r", a.log_ratio.to_bits(), b.log_ratio.to_bits()),
    ];
    let sites = field.filter_map(|(site, (&there, &here))| of("phi", Some(site), there, here));
    Ok(sites.chain(counters.into_iter().filter_map(|(quantity, there, here)| of(quantity, None, there, here))).next())
}

/// A check of so many site updates.
pub fn check(factory: &Factory, setup: &Setup, updates: u64) -> Result<Check, Error> {
    let sweeps = updates.div_ceil(setup.volume() as u64);
    let found = chain(factory, setup, sweeps, 100.min(sweeps))?;
    let first = found.as_ref().map_or(String::new(), |divergence| format!("; first {divergence}"));
    let name = format!("{}: words that differ in {} site updates{first}", label(setup), sweeps * setup.volume() as u64);
    Ok(Check::none(RUNG, name, usize::from(found.is_some())))
}

/// Runs `sweeps` on both, and compares every `every` of them; the first step at which they differ, if they do.
pub fn chain(factory: &Factory, setup: &Setup, sweeps: u64, every: u64) -> Result<Option<Divergence>, Error> {
    let (mut there, mut here) = (factory(setup, 1)?, core_engine(setup, 1)?);
    there.hot_start(1.0)?;
    here.hot_start(1.0)?;
    let mut done = 0;
    while done < sweeps {
        let (bits, state) = (here.bits()?, here.state()?);
        let now = every.max(1).min(sweeps - done);
        there.sweep(now)?;
        here.sweep(now)?;
        done += now;
        let Some(late) = compare(there.as_ref(), here.as_ref())? else { continue };
        // Once more from where they were equal, one step at a time.
        for engine in [&mut there, &mut here] {
            engine.set_bits(&bits)?;
            engine.set_state(state)?;
        }
        for _ in 0..now {
            there.sweep(1)?;
            here.sweep(1)?;
            if let Some(first) = compare(there.as_ref(), here.as_ref())? {
                return Ok(Some(first));
            }
        }
        // It did not happen again.
        return Ok(Some(late));
    }
    Ok(None)
}
