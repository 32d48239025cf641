//! Fixed point to the last bit: the words of an engine against the integer formulas, where a bound on the rounding has
//! nothing left to say.
//!
//! Four kinds of fields: those that a run visits; fields over the whole range of the format, where the even factor
//! saturates and neighbour sums are at their widest; free fields at the end of the range, the only ones that noise
//! drives beyond it; and midpoints of the last rounding, which a run meets once in half a million updates and are
//! searched for here.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use stoquant_core::dispatch::field_lsb;
use stoquant_core::error::Error;
use stoquant_core::integrator::State;
use stoquant_model::{IntegratorKind, Phi4, Setup};

use super::check::Check;
use super::coupled::{eta, label};
use super::findings::Findings;
use super::rung::Rung;
use stoquant_engines::engine::{Engine, Factory};
use stoquant_exact::reference::Datapath;

const RUNG: Rung = Rung::Coupled;

/// Sweeps from a start field; single sweeps from fields over the whole range.
const SWEEPS: u64 = 48;
const FIELDS: u64 = 12;

/// An engine beside its integer formulas.
struct Twin<'a> {
    setup: &'a Setup,
    chain: u32,
    engine: Box<dyn Engine>,
    integers: Datapath,
    words: usize,
    /// Saturations that the formulas count, and by how many the engine's counts differ.
    saturated: u64,
    miscounted: u64,
}

impl<'a> Twin<'a> {
    fn new(factory: &Factory, setup: &'a Setup, chain: u32) -> Result<Self, Error> {
        let engine = factory(setup, chain)?;
        let eps = engine.chain().eps;
        let scale = if setup.integrator == IntegratorKind::LeimkuhlerMatthews { 0.5 } else { 2.0 };
        let sigma = (scale * eps).sqrt();
        let integers = Datapath::new(setup.arith.noise_width(), &engine.chain().drift, eps, sigma);
        Ok(Self { setup, chain, engine, integers, words: 0, saturated: 0, miscounted: 0 })
    }

    /// The field in units of its spacing.
    fn phi(&self) -> Result<Vec<i64>, Error> {
        let lsb = field_lsb(self.setup.arith);
        Ok(self.engine.phi()?.iter().map(|phi| (phi / lsb).round() as i64).collect())
    }

    /// η as integers; for Leimkuhler–Matthews the sum of two.
    fn eta(&self, step: u64) -> Vec<i64> {
        let lsb = field_lsb(self.setup.arith);
        let at = |step| eta(self.setup, self.chain, step).into_iter().map(move |eta| (eta / lsb).round() as i64);
        match self.setup.integrator {
            IntegratorKind::LeimkuhlerMatthews => at(step).zip(at(step.wrapping_add(1))).map(|(a, b)| a + b).collect(),
            _ => at(step).collect(),
        }
    }

    /// One sweep; words and saturations that differ are added up.
    fn sweep(&mut self, step: u64) -> Result<(), Error> {
        let (x, before) = (self.phi()?, self.engine.state()?);
        self.engine.sweep(1)?;
        let (y, after) = (self.phi()?, self.engine.state()?);
        let (extents, eta, mut clipped) = (&self.setup.extents, self.eta(step), 0);
        let mut expected = match self.setup.integrator {
            IntegratorKind::Heun => self.integers.heun(&x, extents, &eta, &mut clipped),
            IntegratorKind::Euler | IntegratorKind::Mala | IntegratorKind::LeimkuhlerMatthews => {
                self.integers.euler(&x, extents, &eta, &mut clipped)
            }
        };
        if self.setup.integrator == IntegratorKind::Mala && after.accepted == before.accepted {
            expected = x;
        }
        self.words += expected.iter().zip(&y).filter(|(a, b)| a != b).count();
        self.saturated += clipped;
        self.miscounted += after.clipped.wrapping_sub(before.clipped).abs_diff(clipped);
        Ok(())
    }

    /// Put the field where it is wanted.
    fn set(&mut self, phi: &[i64], step: u64) -> Result<(), Error> {
        let mask = (1 << self.setup.arith.noise_width()) - 1;
        self.engine.set_bits(&phi.iter().map(|&n| n as u64 & mask).collect::<Vec<_>>())?;
        self.engine.set_state(State { step, ..self.engine.state()? })
    }
}

/// What is not as the integer formulas have it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wrong {
    /// Words.
    pub words: usize,
    /// Saturations counted too often or not at all.
    pub miscounted: u64,
    /// Saturations in all; none where the format has no such field.
    pub saturated: Option<u64>,
}

/// Some steps from a start field, and one of a light free field from one end of the range, where a third of the
/// sites saturates; nothing for floats.
pub(super) fn follow(factory: &Factory, setup: &Setup, chain: u32, first: u64, steps: u64) -> Result<Wrong, Error> {
    let mut wrong = Wrong::default();
    if !setup.arith.fixed() {
        return Ok(wrong);
    }
    let mut add = |twin: &Twin| {
        wrong.words += twin.words;
        wrong.miscounted += twin.miscounted;
    };
    let mut twin = Twin::new(factory, setup, chain)?;
    twin.engine.hot_start(1.0)?;
    twin.engine.set_state(State { step: first, ..State::default() })?;
    for step in 0..steps {
        twin.sweep(first.wrapping_add(step))?;
    }
    add(&twin);
    let free = light(setup);
    let Ok(mut twin) = Twin::new(factory, &free, chain) else { return Ok(wrong) };
    let max = twin.integers.max();
    twin.set(&vec![if chain.is_multiple_of(2) { max } else { -max }; setup.volume()], first)?;
    twin.sweep(first)?;
    add(&twin);
    wrong.saturated = Some(twin.saturated);
    Ok(wrong)
}

/// The setup with a free field of mass term φ²/4: 16 a site at the end of the range, and a drift below the noise there.
fn light(setup: &Setup) -> Setup {
    let Phi4 { kappa, .. } = setup.couplings;
    let b = 2.0 * setup.extents.len() as f64 * kappa.abs() + 0.25;
    Setup { couplings: Phi4 { kappa, b, lambda: 0.0 }, ..*setup }
}

/// Every word of every step, and every saturation; nothing for floats, which round at every operation.
pub fn words(factory: &Factory, setup: &Setup) -> Result<Findings, Error> {
    if !setup.arith.fixed() {
        return Ok(Findings::default());
    }
    let mut twin = Twin::new(factory, setup, 4)?;
    twin.engine.hot_start(1.0)?;
    for step in 0..SWEEPS {
        twin.sweep(step)?;
    }
    let visited = twin.words;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(setup.seed);
    let max = twin.integers.max();
    for step in 0..FIELDS {
        let phi: Vec<i64> = (0..setup.volume()).map(|_| rng.random_range(-max..=max)).collect();
        twin.set(&phi, step)?;
        twin.sweep(step)?;
    }
    let label = label(setup);
    let mut findings = Findings::from(vec![
        Check::none(RUNG, format!("{label}: words that are not those of the integer formulas"), visited),
        Check::none(RUNG, format!("{label}: the same over the whole range of the field"), twin.words - visited),
        Check::none(RUNG, format!("{label}: saturations of the factor miscounted"), twin.miscounted as usize),
    ]);
    findings.extend(ends(factory, setup)?);
    if setup.integrator != IntegratorKind::Mala {
        findings.extend(ties(factory, setup)?);
    }
    Ok(findings)
}

/// A light free field at either end of the range saturates: to the end, and counted. (The quartic force of an
/// interacting one is at its strongest there, and lets none through.)
fn ends(factory: &Factory, setup: &Setup) -> Result<Findings, Error> {
    const ENOUGH: u64 = 8;
    let free = light(setup);
    let mut twin = match Twin::new(factory, &free, 5) {
        Ok(twin) => twin,
        Err(error) => {
            let not_applicable = vec![format!("{}: saturation of a free field: {error}", label(setup))];
            return Ok(Findings { not_applicable, ..Findings::default() });
        }
    };
    let mut step = 0;
    while twin.saturated < ENOUGH && step < 1 << 12 {
        let end = if step % 2 == 0 { twin.integers.max() } else { -twin.integers.max() };
        twin.set(&vec![end; setup.volume()], step)?;
        twin.sweep(step)?;
        step += 1;
    }
    let name = format!("{}: saturations of the field, wrong or miscounted", label(setup));
    Ok(Findings::from(if twin.saturated < ENOUGH {
        Check::undecided(RUNG, format!("{name}: only {} found", twin.saturated))
    } else {
        Check::none(RUNG, name, twin.words + twin.miscounted as usize)
    }))
}

/// Midpoints of the last rounding go up. On a site by itself the accumulator is a multiple of four, so for a given η
/// one field in 2^(W+1) is at a midpoint: a quarter a step below |φ| = 4, where nothing saturates.
fn ties(factory: &Factory, setup: &Setup) -> Result<Check, Error> {
    const ENOUGH: usize = 8;
    // Without neighbours every step is more stable than with them, so it is not refused. In as many dimensions: not
    // every engine has all.
    let couplings = Phi4 { kappa: 0.0, ..setup.couplings };
    let mut site = Setup { extents: setup.extents.map(|_| 1), couplings, ..*setup };
    let mut twin = Twin::new(factory, &site, 0);
    if matches!(twin, Err(Error::Absent { .. })) {
        // Nor has every engine a single row.
        let mut rows = 2;
        site.extents = site.extents.map(|_| std::mem::replace(&mut rows, 1));
        twin = Twin::new(factory, &site, 0);
    }
    let mut twin = twin?;
    let rest = vec![0; site.volume() - 1];
    let (mut found, mut step) = (0, 0);
    // Eight times the steps that this takes on average.
    while found < ENOUGH && step < 32 * ENOUGH as u64 {
        let eta = twin.eta(step);
        for n in -twin.integers.max() / 2..twin.integers.max() / 2 {
            if twin.integers.tie(twin.integers.accumulate(n, 0, eta[0], &mut 0)) {
                twin.set(&[&[n], rest.as_slice()].concat(), step)?;
                twin.sweep(step)?;
                found += 1;
            }
        }
        step += 1;
    }
    let name = format!("{}: midpoints of the rounding that do not go up", label(&site));
    Ok(if found < ENOUGH {
        Check::undecided(RUNG, format!("{name}: only {found} found"))
    } else {
        Check::none(RUNG, name, twin.words)
    })
}
