//! Lattices of every shape and size: the engines under test against the formulas, site by site, on lattices drawn from
//! the seed in [strata](strata::STRATA), at addresses of the noise of every magnitude, shared among 1 to 16 threads.
//!
//! A defect may show only where a chunk, a block or a row ends, on lattices that threads share, or where a number of
//! many bits is cut. So each run is compared with what shares none of that: `f64` and integer formulas over whole
//! fields with coordinates by division, words from their definition, and the same engine without a pool.

pub mod strata;

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;
use stoquant_core::dispatch::field_lsb;
use stoquant_core::error::Error;
use stoquant_core::integrator::State;
use stoquant_model::{ArithKind, Extents, IntegratorKind, NoiseKind, Phi4, Setup};

use self::strata::{STRATA, Stratum};
use super::Level;
use super::check::Check;
use super::coupled::{address, follow, label};
use super::findings::Findings;
use super::rung::Rung;
use super::{datapath, identity, machines};
use stoquant_engines::engine::{Engine, Factory, core_engine_with};
use stoquant_engines::simd::{MachineKind, Threads};
use stoquant_exact::reference::{Address, Stream};

const RUNG: Rung = Rung::Shapes;

/// Sweeps of a run: the second one reads what the first one has written.
const SWEEPS: u64 = 2;

/// Sites from which on a lattice is large.
const LARGE: usize = 1 << 20;

/// A chain, from which step on, and on how many threads.
#[derive(Clone, Copy, Debug)]
struct Run {
    setup: Setup,
    chain: u32,
    first: u64,
    threads: usize,
}

/// What is wrong with a run: counts, and deviations in units of their bounds.
#[derive(Clone, Copy, Debug, Default)]
struct Off {
    start: usize,
    integers: datapath::Wrong,
    field: f64,
    ln_ratio: f64,
    decisions: usize,
    observables: f64,
    threads: usize,
}

/// A number of so many bits: a power of two, or one more or less; the n-th of them.
fn power(n: usize, bits: u32) -> u64 {
    let (power, side) = (1_u64 << (n as u32 % bits), (n as u32 / bits) % 3);
    power.wrapping_add(u64::from(side)).wrapping_sub(1)
}

impl Run {
    /// The n-th run on a lattice, with noise from anywhere. Four runs from a multiple of four on have every format and
    /// every integrator, 16 have all pairs.
    fn new(extents: &[usize], n: usize, rng: &mut Xoshiro256PlusPlus) -> Result<Self, Error> {
        let arith = ArithKind::ALL[n % ArithKind::ALL.len()];
        let integrator = IntegratorKind::ALL[(n + n / ArithKind::ALL.len()) % IntegratorKind::ALL.len()];
        let noise = if rng.random_range(0..4) == 0 { NoiseKind::ThreePoint } else { NoiseKind::Gaussian };
        // Near criticality in two dimensions, and as far from it in others.
        let couplings = Phi4::kappa_form(0.54 / extents.len().max(1) as f64, 0.022);
        let extents = Extents::new(extents)?;
        let volume = extents.iter().product::<usize>() as f64;
        // ln r of a proposal is of the order of √(V ε³): decisions go both ways.
        let eps = (0.3 / volume).cbrt().min(0.02);
        let setup = Setup { extents, couplings, eps, arith, integrator, noise, seed: rng.random() };
        let first = rng.random_range(0..1 << 44);
        Ok(Self { setup, chain: rng.random(), first, threads: rng.random_range(1..=16) })
    }

    /// The chain, at its first step.
    fn begin(&self, factory: &Factory) -> Result<Box<dyn Engine>, Error> {
        let mut engine = factory(&self.setup, self.chain)?;
        engine.hot_start(self.setup.unit())?;
        engine.set_state(State { step: self.first, ..State::default() })?;
        Ok(engine)
    }

    /// What is wrong with it, on threads of its own; on those that there are where the machine has no room for more.
    fn off(&self, factory: &Factory) -> Result<Off, Error> {
        match ThreadPoolBuilder::new().num_threads(self.threads).build() {
            Ok(pool) => pool.install(|| self.off_here(factory)),
            Err(_) => self.off_here(factory),
        }
    }

    fn off_here(&self, factory: &Factory) -> Result<Off, Error> {
        let Self { setup, chain, first, .. } = self;
        let mut engine = self.begin(factory)?;
        let start = wrong_starts(setup, *chain, &engine.phi()?);
        let followed = follow(engine.as_mut(), setup, *chain, *first, SWEEPS)?;
        // Once more in one go, and so without a pool.
        let mut whole = self.begin(factory)?;
        let mut alone =
            self.begin(&|setup, chain| core_engine_with(MachineKind::Portable, Threads::One, setup, chain))?;
        whole.sweep(SWEEPS)?;
        alone.sweep(SWEEPS)?;
        let [stepped, whole, alone] = [&engine, &whole, &alone].map(|engine| machines::all_words(engine.as_ref()));
        let whole = whole?;
        Ok(Off {
            start,
            integers: datapath::follow(factory, setup, *chain, *first, SWEEPS)?,
            field: followed.field,
            ln_ratio: followed.ln_ratio,
            decisions: followed.decisions + followed.moved,
            observables: identity::observables(engine.as_ref())?,
            threads: machines::differences(&stepped?, &whole) + machines::differences(&whole, &alone?),
        })
    }
}

/// Sites of a start field that are not η of their word in the unit of the field, rounded to the format.
fn wrong_starts(setup: &Setup, chain: u32, phi: &[f64]) -> usize {
    let (half, first) = (0.5 * field_lsb(setup.arith), address(setup, chain, Stream::Start, 0));
    let wrong = |(site, &phi): (usize, &f64)| {
        let word = Address { site: site as u64, ..first }.word();
        let eta = stoquant_core::noise::eta::<18>(NoiseKind::Gaussian, word);
        let expected = setup.unit() * f64::from(eta) / 16384.0;
        let off = (phi - expected).abs();
        usize::from(off.is_nan() || off > half + 1e-7 * expected.abs())
    };
    phi.par_iter().enumerate().map(wrong).sum()
}

/// Every stratum, every address, and the shapes of the experiments asked for.
pub fn checks(factory: &Factory, asked: &[Setup], level: Level, seed: u64) -> Result<Findings, Error> {
    let mut findings = strata(factory, &|stratum| stratum.level <= level, seed)?;
    findings.extend(addresses(factory, seed)?);
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    for setup in asked {
        // A large one takes long enough once.
        let all = if setup.volume() > LARGE { &[threads][..] } else { &[1, threads, 16][..] };
        let run = |&threads: &usize| Run { setup: *setup, chain: rng.random(), first: 0, threads };
        let runs: Vec<Run> = all.iter().map(run).collect();
        findings.extend(judged(factory, &label(setup), &runs)?);
    }
    Ok(findings)
}

/// The strata that are kept.
pub fn strata(factory: &Factory, keep: &dyn Fn(&Stratum) -> bool, seed: u64) -> Result<Findings, Error> {
    let mut findings = Findings::default();
    for (index, stratum) in STRATA.iter().enumerate().filter(|(_, stratum)| keep(stratum)) {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed.wrapping_add((index as u64) << 32));
        // Where there are fewer runs than pairs of formats and integrators, the seed says which.
        let from = 4 * rng.random_range(0..4);
        let runs: Result<Vec<Run>, Error> =
            (from..from + stratum.runs).map(|n| Run::new(&(stratum.extents)(&mut rng), n, &mut rng)).collect();
        findings.extend(judged(factory, stratum.name, &runs?)?);
    }
    Ok(findings)
}

/// Seeds, chains and steps at every power of two and beside it, on small lattices.
pub fn addresses(factory: &Factory, seed: u64) -> Result<Findings, Error> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let lattices: [&[usize]; 4] = [&[5], &[3, 4], &[2, 3, 2], &[37]];
    let runs: Result<Vec<Run>, Error> = (0..3 * 64)
        .map(|n| {
            let run = Run::new(lattices[n / 16 % 4], n, &mut rng)?;
            let setup = Setup { seed: power(n, 64), ..run.setup };
            Ok(Run { setup, chain: power(n, 32) as u32, first: power(n, 44), ..run })
        })
        .collect();
    Ok(judged(factory, "addresses", &runs?)?.into())
}

/// The checks of some runs, the worst of which is named where it fails.
fn judged(factory: &Factory, name: &str, runs: &[Run]) -> Result<Vec<Check>, Error> {
    // Large ones one at a time: their fields fill the memory.
    let off: Vec<Off> = if runs.iter().any(|run| run.setup.volume() > LARGE) {
        runs.iter().map(|run| run.off(factory)).collect::<Result<_, Error>>()?
    } else {
        runs.par_iter().map(|run| run.off(factory)).collect::<Result<_, Error>>()?
    };
    let check = |what: &str, bound: f64, value: &dyn Fn(&Off) -> f64| {
        let worst = |most: usize, n: usize| if value(&off[n]) > value(&off[most]) { n } else { most };
        let most = (0..off.len()).fold(0, worst);
        let found = off.get(most).map_or(0.0, value);
        let Some(run) = runs.get(most).filter(|_| found > bound) else {
            return Check::bound(RUNG, format!("{name}: {what}"), found, 0.0, bound);
        };
        let Run { setup, chain, first, threads } = run;
        let where_ = format!("seed {}, chain {chain}, step {first}, {threads} threads", setup.seed);
        Check::bound(RUNG, format!("{name}: {what} (most: {}, {where_})", label(setup)), found, 0.0, bound)
    };
    let has = |f: &dyn Fn(&Setup) -> bool| runs.iter().any(|run| f(&run.setup));
    let mut checks = vec![
        check("start fields, sites that are not those of their words", 0.0, &|off| off.start as f64),
        check("deviation / rounding bound", 1.0, &|off| off.field),
        check("observables against the formulas / rounding bound", 1.0, &|off| off.observables),
        check("words that differ from those of one thread", 0.0, &|off| off.threads as f64),
    ];
    if has(&|setup| setup.arith.fixed()) {
        checks.push(check("words that are not those of the integer formulas", 0.0, &|off| off.integers.words as f64));
        checks.push(check("saturations miscounted", 0.0, &|off| off.integers.miscounted as f64));
        let saturated: Vec<u64> = off.iter().filter_map(|off| off.integers.saturated).collect();
        if !saturated.is_empty() && saturated.iter().sum::<u64>() == 0 {
            checks.push(Check::undecided(RUNG, format!("{name}: nothing saturates")));
        }
    }
    if has(&|setup| setup.integrator == IntegratorKind::Mala) {
        checks.push(check("ln r / rounding bound", 1.0, &|off| off.ln_ratio));
        checks.push(check("decisions that ln r does not justify", 0.0, &|off| off.decisions as f64));
    }
    Ok(checks)
}
