//! What a certificate runs, for the default experiment or a given one.

use serde::Serialize;
use stoquant_model::{ArithKind, Extents, IntegratorKind, NoiseKind, Phi4, Setup};

use super::int8::beside::Images;
use super::laws::Case;
use super::promise::{self, Promise};
use super::rung::Rung;
use stoquant_experiment::run::Schedule;

/// How far a certificate goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// A minute or two.
    #[default]
    Standard,
    /// Everything: several minutes.
    Full,
}

/// The engines that are there without any hardware.
const IN_PROCESS: &str = "in-process core";

/// What a certificate is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All that there is: the experiments asked for, and the rungs that choose their own.
    Everything,
    /// What is asked for alone.
    Experiment,
    /// The quantised score alone.
    Int8,
    /// What another engine than the core has.
    Engine,
}

/// The parts of a certificate.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What the engines are, for the certificate.
    pub engine: String,
    /// How far the exact rungs go.
    pub level: Level,
    /// What it is of.
    pub scope: Scope,
    /// Length of the statistical runs, in units of the default.
    pub effort: f64,
    /// Seed of the symmetries.
    pub seed: u64,
    /// Phi4 and step for the comparison of boards with engines.
    pub board: Setup,
    /// Which of the rungs; all of them where there is no list.
    pub rungs: Option<Vec<Rung>>,
    /// What was asked for and cannot be, with the reason.
    pub not_applicable: Vec<String>,
    /// Engines to hold against the core, word by word.
    pub lockstep: Vec<Setup>,
    /// Engines to hold against the formulas, step by step.
    pub coupled: Vec<Setup>,
    /// Runs with an exact law.
    pub laws: Vec<Case>,
    /// Runs on larger lattices.
    pub ensembles: Vec<Case>,
    /// What runs images of the quantised score, beside the core.
    pub images: Option<Images>,
}

/// The Langevin time of a step, in units in which the field is of order one.
fn relaxation(setup: &Setup) -> f64 {
    setup.eps / setup.unit().powi(2)
}

/// A case in eight chains, measured every `every` sweeps, as long as its promise takes.
fn case(rung: Rung, setup: Setup, every: u64, promise: Promise) -> Case {
    const CHAINS: u32 = 8;
    let sweeps = promise.updates / setup.volume() as f64 / f64::from(CHAINS);
    // Fewer know too little of their own error.
    let measurements = (sweeps / every as f64).max(1000.0) as usize;
    // A tenth to forget the start, and no less than twenty units of Langevin time: M decorrelates in ten on 8×8.
    let thermalise = (sweeps / 10.0).max((20.0 / relaxation(&setup)).min(sweeps)) as u64;
    let schedule = Schedule { thermalise, measurements, every };
    Case { rung, setup, chains: CHAINS, schedule, promise, drawn: false }
}

impl Plan {
    /// The default certificate: every integrator in every arithmetic.
    pub fn standard(seed: u64, effort: f64, level: Level) -> Self {
        let promise = |promise: Promise| promise.loosened(effort.sqrt().recip());
        let critical = Phi4::kappa_form(0.27, 0.022);
        let base = Setup {
            extents: Extents::from([4, 6]),
            couplings: critical,
            eps: 0.01,
            arith: ArithKind::Fx18,
            integrator: IntegratorKind::Euler,
            noise: NoiseKind::Gaussian,
            seed,
        };
        let all = |arith: &[ArithKind], f: &mut dyn FnMut(ArithKind, IntegratorKind)| {
            for &arith in arith {
                for &integrator in IntegratorKind::ALL {
                    f(arith, integrator);
                }
            }
        };
        let with = |extents: Extents, couplings, eps, arith, integrator| Setup {
            extents,
            couplings,
            eps,
            arith,
            integrator,
            ..base
        };

        let mut coupled = Vec::new();
        all(ArithKind::ALL, &mut |arith, integrator| {
            coupled.push(with(Extents::from([4, 6]), critical, 0.02, arith, integrator));
            coupled.push(with(Extents::from([3, 5, 2]), Phi4::kappa_form(0.18, 0.1), 0.01, arith, integrator));
        });
        for integrator in IntegratorKind::ALL {
            for (extents, couplings) in [
                (Extents::default(), Phi4 { kappa: 0.0, b: 0.5, lambda: 0.25 }),
                (Extents::from([9]), critical),
                (Extents::from([1, 8]), critical),
                (Extents::from([3, 70]), critical),
                (Extents::from([2, 3, 4, 3]), Phi4::kappa_form(0.12, 0.022)),
            ] {
                coupled.push(with(extents, couplings, 0.01, ArithKind::Fx18, *integrator));
            }
        }
        let three_point = Setup { noise: NoiseKind::ThreePoint, ..base };
        coupled.push(three_point);

        let mut laws = Vec::new();
        // Largest step that Fx represents here: ε(2D + m²) < 1/4.
        let free = Phi4::canonical(0.5, 0.0, 2);
        all(ArithKind::ALL, &mut |arith, integrator| {
            laws.push(case(
                Rung::FiniteStep,
                with(Extents::from([4, 6]), free, 0.05, arith, integrator),
                10,
                promise(promise::FREE),
            ));
        });
        let free_three_point = Setup { couplings: free, eps: 0.05, ..three_point };
        laws.push(case(Rung::FiniteStep, free_three_point, 10, promise(promise::FREE)));
        let site = Phi4 { kappa: 0.0, b: 0.5, lambda: 0.25 };
        all(ArithKind::ALL, &mut |arith, integrator| {
            laws.push(case(
                Rung::Exact,
                with(Extents::default(), site, 0.01, arith, integrator),
                30,
                promise(promise::SITE),
            ));
            laws.push(case(
                Rung::Exact,
                with(Extents::from([2, 2]), critical, 0.01, arith, integrator),
                25,
                promise(promise::TORUS_2),
            ));
        });
        all(&[ArithKind::Fx18, ArithKind::F32], &mut |arith, integrator| {
            let strong = Phi4::kappa_form(0.4, 0.1);
            if integrator == IntegratorKind::Euler {
                // Its first-order law is known on up to four sites.
                laws.push(case(
                    Rung::Exact,
                    with(Extents::from([4]), critical, 0.01, arith, integrator),
                    25,
                    promise(promise::RING),
                ));
                laws.push(case(
                    Rung::Exact,
                    with(Extents::from([3]), strong, 0.01, arith, integrator),
                    25,
                    promise(promise::RING),
                ));
            } else {
                laws.push(case(
                    Rung::Exact,
                    with(Extents::from([8]), critical, 0.01, arith, integrator),
                    25,
                    promise(promise::RING),
                ));
                laws.push(case(
                    Rung::Exact,
                    with(Extents::from([16]), strong, 0.01, arith, integrator),
                    25,
                    promise(promise::RING_16),
                ));
            }
        });
        for integrator in [IntegratorKind::LeimkuhlerMatthews, IntegratorKind::Mala] {
            laws.push(case(
                Rung::Exact,
                with(Extents::from([3, 3]), critical, 0.02, ArithKind::Fx18, integrator),
                20,
                promise(promise::TORUS_3),
            ));
        }
        let double_well = Phi4 { kappa: 0.0, b: -0.5, lambda: 0.4 / 24.0 };
        for integrator in [IntegratorKind::LeimkuhlerMatthews, IntegratorKind::Mala] {
            laws.push(case(
                Rung::Exact,
                with(Extents::default(), double_well, 0.02, ArithKind::Fx18, integrator),
                200,
                promise(promise::DOUBLE_WELL),
            ));
        }

        let mut ensembles = Vec::new();
        all(&[ArithKind::Fx18, ArithKind::F32], &mut |arith, integrator| {
            // As large as the second-order laws bear: M decorrelates in about 10/ε sweeps, and a run too short for that
            // is undecided.
            let eps = if integrator == IntegratorKind::Mala { 0.05 } else { 0.03 };
            let case = case(
                Rung::Ensemble,
                with(Extents::from([8, 8]), critical, eps, arith, integrator),
                20,
                promise(promise::LATTICE_8),
            );
            ensembles.push(Case { drawn: arith == ArithKind::Fx18, ..case });
        });
        // Chains of their own for every case: equal seeds would make the arithmetics' errors one and the same.
        for (index, case) in laws.iter_mut().chain(&mut ensembles).enumerate() {
            case.setup.seed = seed.wrapping_add((index as u64 + 1) << 32);
        }
        let engine = IN_PROCESS.into();
        let scope = Scope::Everything;
        let not_applicable = vec![];
        let (rungs, lockstep, images) = (None, vec![], None);
        let board = base;
        Self {
            engine,
            level,
            scope,
            effort,
            seed,
            board,
            rungs,
            not_applicable,
            lockstep,
            coupled,
            laws,
            ensembles,
            images,
        }
    }

    /// A certificate of the quantised score.
    pub fn int8(seed: u64, level: Level) -> Self {
        Self {
            engine: "int8".into(),
            scope: Scope::Int8,
            coupled: vec![],
            laws: vec![],
            ensembles: vec![],
            ..Self::standard(seed, 1.0, level)
        }
    }

    /// A certificate of another engine than the core: of what it has.
    pub fn of_engine(
        name: &str,
        has: impl Fn(&Setup) -> bool,
        images: Option<Images>,
        seed: u64,
        effort: f64,
        level: Level,
    ) -> Self {
        let mut plan =
            Self { engine: name.into(), scope: Scope::Engine, images, ..Self::standard(seed, effort, level) };
        for &arith in ArithKind::ALL {
            plan.lockstep.extend(IntegratorKind::ALL.iter().flat_map(|&integrator| {
                [[32, 32], [5, 7]].map(|extents| Setup { extents: extents.into(), arith, integrator, ..plan.board })
            }));
        }
        plan.lockstep.retain(&has);
        plan.coupled.retain(&has);
        plan.laws.retain(|case| has(&case.setup));
        plan.ensembles.retain(|case| has(&case.setup));
        plan
    }

    /// A certificate of one experiment, with every integrator and in every arithmetic of the setups; `not_applicable`:
    /// those that it cannot have. None without setups.
    pub fn of(setups: &[Setup], not_applicable: Vec<String>, effort: f64, level: Level) -> Option<Self> {
        let board = setups.first()?;
        let mut plan = Self {
            engine: IN_PROCESS.into(),
            level,
            scope: Scope::Experiment,
            effort,
            seed: board.seed,
            board: *board,
            rungs: None,
            not_applicable,
            lockstep: vec![],
            coupled: vec![],
            laws: vec![],
            ensembles: vec![],
            images: None,
        };
        // A quarter of a unit of Langevin time between measurements keeps their cost below that of the sweeps.
        for setup in setups {
            let every = (0.25 / relaxation(setup)).ceil().clamp(1.0, 1e4) as u64;
            plan.coupled.push(*setup);
            let promise = promise::ANY.loosened(effort.sqrt().recip());
            plan.laws.push(case(Rung::Exact, *setup, every, promise));
            plan.ensembles.push(Case { drawn: true, ..case(Rung::Ensemble, *setup, every, promise) });
        }
        Some(plan)
    }
}
