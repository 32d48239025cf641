//! Machines: every instruction set that this processor has, and threads, give the bits of the portable machine.

use rayon::prelude::*;
use stoquant_core::error::Error;
use stoquant_core::machine::Machine;
use stoquant_core::noise::gauss;
use stoquant_model::{ArithKind, Extents, IntegratorKind, NoiseKind, Phi4, Setup};

use super::Level;
use super::check::Check;
use super::rung::Rung;
use stoquant_engines::engine::{Engine, Factory, core_engine_on, core_engine_with};
use stoquant_engines::simd::{MachineKind, Threads, Work, with_machine};

const RUNG: Rung = Rung::Machines;

/// Sweeps of a comparison: the third knows of every site that is two steps away.
const SWEEPS: u64 = 3;

/// Lattices whose rows, chunks and blocks end in every way: shorter and longer than a vector, a chunk of 256 sites and
/// a block of 4096, in one to four dimensions; the last one is shared among the threads.
const LATTICES: [&[usize]; 9] =
    [&[7], &[259], &[5000], &[3, 70], &[17, 33], &[96, 96], &[5, 6, 37], &[3, 4, 2, 9], &[257, 259]];

/// All checks; the engines under test are one more machine.
pub fn checks(factory: &Factory, level: Level, seed: u64) -> Result<Vec<Check>, Error> {
    let mut checks = engines("engines under test", factory, usize::MAX, IntegratorKind::ALL, seed)?;
    for machine in MachineKind::available() {
        for (width, off) in [18, 16].into_iter().zip(with_machine(machine, Threads::One, DifferentWords(level))) {
            let name = format!("{machine}, W = {width}: words whose η is not that of the definition");
            checks.push(Check::none(RUNG, name, off));
        }
        // The portable one too, whose threads are compared with one thread.
        let engine = move |setup: &Setup, chain| core_engine_on(machine, setup, chain);
        checks.extend(engines(machine.name(), &engine, usize::MAX, IntegratorKind::ALL, seed)?);
    }
    Ok(checks)
}

/// Engines against one thread of the portable machine, in every format that has vectors, by these integrators, on
/// lattices of so many sites at most.
pub fn engines(
    name: &str,
    factory: &Factory,
    sites: usize,
    integrators: &[IntegratorKind],
    seed: u64,
) -> Result<Vec<Check>, Error> {
    let portable = |setup: &Setup, chain| core_engine_with(MachineKind::Portable, Threads::One, setup, chain);
    let mut checks = Vec::new();
    for arith in [ArithKind::Fx18, ArithKind::Fx16, ArithKind::F32] {
        for &integrator in integrators {
            let mut off = 0;
            let lattices =
                LATTICES.iter().enumerate().filter(|(_, extents)| extents.iter().product::<usize>() <= sites);
            for (n, extents) in lattices {
                // Near criticality in two dimensions, and as far from it in others; a step that every format holds.
                let couplings = Phi4::kappa_form(0.54 / extents.len() as f64, 0.022);
                let noise = NoiseKind::ALL[n % NoiseKind::ALL.len()];
                let setup =
                    Setup { extents: Extents::new(extents)?, couplings, eps: 0.01, arith, integrator, noise, seed };
                off += differences(&words(&portable, &setup)?, &words(factory, &setup)?);
            }
            let name = format!("{name}: {arith} {integrator}, words that differ from the portable machine's");
            checks.push(Check::none(RUNG, name, off));
        }
    }
    Ok(checks)
}

/// Field, counters and observables after a few sweeps from a start that saturates here and there.
fn words(factory: &Factory, setup: &Setup) -> Result<Vec<u64>, Error> {
    let mut engine = factory(setup, 3)?;
    engine.hot_start(1.5)?;
    engine.sweep(SWEEPS)?;
    all_words(engine.as_ref())
}

/// Field, counters and observables of an engine.
pub(super) fn all_words(engine: &dyn Engine) -> Result<Vec<u64>, Error> {
    let mut words = engine.bits()?;
    let (state, m) = (engine.state()?, engine.measure()?);
    words.extend([state.step, state.clipped, state.accepted, state.log_ratio.to_bits()]);
    let averages = [m.m, m.phi2, m.phi4, m.nn, m.action_density, m.schwinger_dyson, m.grad2, m.laplacian];
    words.extend(averages.map(f64::to_bits));
    Ok(words)
}

pub(super) fn differences(a: &[u64], b: &[u64]) -> usize {
    a.len().abs_diff(b.len()) + a.iter().zip(b).filter(|(a, b)| a != b).count()
}

/// Counts the words, all of them or one in 61, whose η₁₈ and η₁₆ are not what the definition says of each alone.
struct DifferentWords(Level);

impl Work for DifferentWords {
    type Result = [usize; 2];

    fn on<M: Machine>(self, machine: M) -> [usize; 2] {
        // Odd, so that the words of a coarse walk end in every way.
        let stride: u32 = if self.0 == Level::Full { 1 } else { 61 };
        const RUN: u32 = 1000;
        let runs = (1_u64 << 32).div_ceil(u64::from(stride * RUN)) as u32;
        let count = |run: u32| {
            let words: Vec<u32> = (0..RUN).map(|i| (run * RUN + i).wrapping_mul(stride)).collect();
            let mut eta = vec![0; words.len()];
            machine.run(|| machine.gaussian::<18>(&words, &mut eta));
            let wide = words.iter().zip(&eta).filter(|&(&word, &eta)| gauss::eta::<18>(word) != eta).count();
            machine.run(|| machine.gaussian::<16>(&words, &mut eta));
            let narrow = words.iter().zip(&eta).filter(|&(&word, &eta)| gauss::eta::<16>(word) != eta).count();
            [wide, narrow]
        };
        (0..runs).into_par_iter().map(count).reduce(|| [0; 2], |a, b| [a[0] + b[0], a[1] + b[1]])
    }
}
