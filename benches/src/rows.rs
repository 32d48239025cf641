//! The rows of the comparison: what is measured against what.

use std::sync::Arc;

use rayon::ThreadPool;
use rayon::prelude::*;
use stoquant::simd::MachineKind;
use stoquant_model::{ArithKind, IntegratorKind, NoiseKind, Setup};

use crate::paired::{Rates, Runner, Spread};
use crate::record::Figure;
use crate::{Yardstick, arithmetics, engine_on, euler, pool, setup, timed};

/// The arithmetics that have machines of their own.
const FAST: [ArithKind; 3] = [ArithKind::F32, ArithKind::Fx18, ArithKind::Fx16];

/// The two sizes of most rows: in the first cache, and in the second.
const SIZES: [usize; 2] = [32, 256];

/// What follows from the rates of a group.
type Figures = dyn Fn(&Rates) -> Vec<Figure>;

/// What is measured in turn, and the figures that follow.
pub struct Group {
    runners: Vec<Runner>,
    rates: Rates,
    figures: Box<Figures>,
}

impl Group {
    fn new(runners: impl IntoIterator<Item = Runner>, figures: impl Fn(&Rates) -> Vec<Figure> + 'static) -> Self {
        Self { runners: runners.into_iter().collect(), rates: Rates::default(), figures: Box::new(figures) }
    }

    /// Some rounds more.
    pub fn pass(&mut self) {
        self.rates.pass(&mut self.runners);
    }

    /// The figures of all rounds so far.
    pub fn figures(&self) -> Vec<Figure> {
        (self.figures)(&self.rates)
    }
}

/// The yardstick's own rate, on 32×32.
pub fn yardstick() -> Group {
    Group::new([Runner::yardstick(32)], |rates| {
        vec![figure("yardstick, sites a second", rates.where_steady(0).rate(0))]
    })
}

/// What the ratios of a section are of, and its groups.
pub type Section = (&'static str, fn() -> Vec<Group>);

/// All of them.
pub const SECTIONS: [Section; 4] = [
    ("Euler–Maruyama on one thread: rate / yardstick of the same size", noises),
    ("Metropolis: rate of MALA / rate of Euler, fastest machine, one thread", mala),
    ("Flatness: rate of Euler / yardstick on 32², fastest machine, one thread", flatness),
    ("Threads: rate of two / rate of one, fastest machine", threads),
];

fn figure(name: impl Into<String>, ratio: Spread) -> Figure {
    Figure { name: name.into(), ratio }
}

fn noises() -> Vec<Group> {
    let alone = pool(1);
    let sizes = SIZES.iter().flat_map(|&l| arithmetics().into_iter().map(move |of| (l, of)));
    let group = |(l, (arith, machine))| {
        let chain = |noise| {
            let setup = setup(&[l, l], arith, IntegratorKind::Euler, noise);
            Runner::engine(&alone, engine_on(machine, &setup))
        };
        let runners = [Runner::yardstick(l), chain(NoiseKind::Gaussian), chain(NoiseKind::ThreePoint)];
        Group::new(runners, move |rates| {
            let rates = rates.where_steady(0);
            let name = format!("{l}² {arith} {machine}");
            vec![
                figure(name.clone(), rates.ratio(1, 0)),
                figure(format!("{name}, three-point"), rates.ratio(2, 0)),
                figure(format!("{name}, three-point / Gaussian"), rates.ratio(2, 1)),
            ]
        })
    };
    sizes.map(group).collect()
}

fn mala() -> Vec<Group> {
    let alone = pool(1);
    let sizes = SIZES.iter().flat_map(|&l| ArithKind::ALL.iter().map(move |&arith| (l, arith)));
    let group = |(l, arith)| {
        let chain = |integrator| {
            let mut engine = engine_on(best(arith), &setup(&[l, l], arith, integrator, NoiseKind::Gaussian));
            // Away from the hot start, whose acceptance is not that of a run.
            alone.install(|| engine.sweep(200).unwrap());
            Runner::engine(&alone, engine)
        };
        Group::new([chain(IntegratorKind::Euler), chain(IntegratorKind::Mala)], move |rates| {
            vec![figure(format!("{l}² {arith}, MALA / Euler"), rates.ratio(1, 0))]
        })
    };
    sizes.map(group).collect()
}

fn flatness() -> Vec<Group> {
    const ACROSS: [usize; 7] = [16, 32, 64, 128, 256, 512, 1024];
    let alone = pool(1);
    let group = |&arith: &ArithKind| {
        let engine = |&l: &usize| Runner::engine(&alone, engine_on(best(arith), &euler(&[l, l], arith)));
        let runners = std::iter::once(Runner::yardstick(32)).chain(ACROSS.iter().map(engine));
        Group::new(runners, move |rates| {
            let rates = rates.where_steady(0);
            let ratios: Vec<_> = (1..=ACROSS.len()).map(|of| rates.ratio(of, 0)).collect();
            let medians = || ratios.iter().map(|ratio| ratio.median);
            let flat = medians().fold(f64::INFINITY, f64::min) / medians().fold(0.0, f64::max);
            let sizes = ACROSS.iter().zip(&ratios);
            let mut figures: Vec<_> = sizes.map(|(l, &ratio)| figure(format!("{l}² {arith}"), ratio)).collect();
            let spread = Spread { median: flat, low: flat, high: flat };
            figures.push(figure(format!("{arith}, slowest size / fastest"), spread));
            figures
        })
    };
    FAST.iter().map(group).collect()
}

fn threads() -> Vec<Group> {
    let (one, two) = (&pool(1), &pool(2));
    let mut groups = Vec::new();
    for l in [512, 1024] {
        for arith in FAST {
            for integrator in [IntegratorKind::Euler, IntegratorKind::Mala] {
                let setup = setup(&[l, l], arith, integrator, NoiseKind::Gaussian);
                let chain = |pool| Runner::engine(pool, engine_on(best(arith), &setup));
                let name = format!("one lattice of {l}², {integrator} {arith}");
                groups.push(two_to_one(name, [one, two], [chain(one), chain(two)]));
            }
        }
    }
    for l in SIZES {
        let setup = euler(&[l, l], ArithKind::Fx18);
        let name = format!("eight chains of {l}², euler fx18");
        groups.push(two_to_one(name, [one, two], [chains(one, &setup), chains(two, &setup)]));
    }
    groups
}

/// Only of the rounds in which there was a second core to have: where two yardsticks at once, measured in the same
/// round, did nearly twice the work of one. Nothing where another program had it more often than not.
fn two_to_one(name: String, pools: [&Arc<ThreadPool>; 2], [one, two]: [Runner; 2]) -> Group {
    Group::new([one, two, yardsticks(pools[0], 1), yardsticks(pools[1], 2)], move |rates| {
        let free = rates.where_ratio(3, 2, 1.75);
        if 2 * free.rounds() < rates.rounds() { Vec::new() } else { vec![figure(name.clone(), free.ratio(1, 0))] }
    })
}

/// So many yardsticks on 256×256 at once, which share nothing.
fn yardsticks(pool: &Arc<ThreadPool>, count: usize) -> Runner {
    let pool = pool.clone();
    let mut yardsticks: Vec<_> = (0..count).map(|_| Yardstick::new(256)).collect();
    Runner::new(count << 16, move |sweeps| {
        timed(&pool, || yardsticks.par_iter_mut().for_each(|yardstick| (0..sweeps).for_each(|_| yardstick.sweep())))
    })
}

/// Eight chains, each on a thread of its own as far as there are any.
fn chains(pool: &Arc<ThreadPool>, setup: &Setup) -> Runner {
    let pool = pool.clone();
    let mut engines: Vec<_> = (0..8).map(|_| engine_on(MachineKind::best(), setup)).collect();
    Runner::new(engines.len() * setup.volume(), move |sweeps| {
        timed(&pool, || engines.par_iter_mut().for_each(|engine| engine.sweep(sweeps).unwrap()))
    })
}

/// The fastest machine for an arithmetic.
fn best(arith: ArithKind) -> MachineKind {
    if arith == ArithKind::F64 { MachineKind::Portable } else { MachineKind::best() }
}
