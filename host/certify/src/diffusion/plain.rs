//! Loops of the samplers, written down once more without blocks, buffers and running sums: fields, ln w and ln q of
//! single samples, with an h that couples the modes, at any number of frozen modes, there and back.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use stoquant_core::diffusion::flow::Flow;
use stoquant_core::diffusion::reverse::{Kind, Reverse, Step};
use stoquant_core::error::Error;
use stoquant_core::machine::Machine;
use stoquant_core::noise;
use stoquant_core::score::Score;
use stoquant_core::score::int8::Kernels;
use stoquant_engines::simd::{MachineKind, Threads, Work, with_machine};
use stoquant_exact::reference::{Address, Stream};
use stoquant_model::NoiseKind;

use super::RUNG;
use crate::check::{Check, largest};

/// h of every mode depends on its own y and on the next one's; trace kernels by stage and mode.
struct Entangled {
    modes: usize,
    trace: Vec<f64>,
}

impl Entangled {
    fn h(&self, stage: usize, y: &[f64]) -> Vec<f64> {
        let next = |k: usize| y[(k + 1) % y.len()];
        (0..y.len()).map(|k| 0.4 * (1.3 * y[k] + 0.2 * stage as f64).sin() + 0.1 * next(k).cos()).collect()
    }
    fn divergence(&self, stage: usize, y: &[f64]) -> f64 {
        let of = |k: usize| self.trace[stage * self.modes + k] * 0.52 * (1.3 * y[k] + 0.2 * stage as f64).cos();
        (0..y.len()).map(of).sum()
    }
}

impl Score<f64> for Entangled {
    fn modes(&self) -> usize {
        self.modes
    }
    fn work(&self) -> usize {
        0
    }
    fn remainder<const TRACE: bool, M: Machine>(
        &self,
        _: M,
        stage: usize,
        y: &[f64],
        h: &mut [f64],
        _: &mut [f64],
    ) -> f64 {
        h.copy_from_slice(&self.h(stage, y));
        if TRACE { self.divergence(stage, y) } else { 0.0 }
    }
}

/// ln N(x; mean, variance).
fn ln_normal(x: f64, mean: f64, variance: f64) -> f64 {
    -0.5 * ((x - mean).powi(2) / variance + (2.0 * std::f64::consts::PI * variance).ln())
}

/// Tables of a sampler with so many modes, at random: any numbers will do.
struct Case {
    modes: usize,
    frozen: usize,
    steps: Vec<Step>,
    closes: Vec<bool>,
    begin: Vec<f64>,
    /// keep, or r of a flow; pull, or p; amplitude, or w.
    tables: [Vec<f64>; 3],
    score: Entangled,
    seed: u64,
    start: Vec<f64>,
}

impl Case {
    fn new(modes: usize, frozen: usize, rng: &mut Xoshiro256PlusPlus) -> Self {
        // A corrector whose inverse has the next h, one before another stage, one at the end.
        let noising = |stage, variance| Step { stage, kind: Kind::Noising { variance } };
        let corrector = |stage| Step { stage, kind: Kind::Corrector };
        let steps = vec![
            noising(0, 2.0),
            corrector(1),
            corrector(1),
            noising(1, 0.7),
            corrector(2),
            noising(3, 0.3),
            corrector(4),
        ];
        let mut table = |low: f64, high: f64| (0..modes * steps.len()).map(|_| rng.random_range(low..high)).collect();
        let tables = [table(0.5, 1.1), table(-0.5, 0.5), table(0.2, 1.0)];
        let trace = table(-0.3, 0.3);
        let closes = (0..steps.len()).map(|n| n % 3 != 1).collect();
        let begin = (0..modes).map(|_| rng.random_range(0.5..3.0)).collect();
        let start = (0..modes).map(|_| rng.random_range(-2.0..2.0)).collect();
        let score = Entangled { modes, trace };
        Self { modes, frozen, steps, closes, begin, tables, score, seed: rng.random(), start }
    }

    /// η of a mode at a step.
    fn eta(&self, step: usize, mode: usize) -> f64 {
        let (step, site) = (step as u64, mode as u64);
        let at = Address { seed: self.seed, chain: 9, stream: Stream::Noise, step, site };
        f64::from(noise::eta::<18>(NoiseKind::Gaussian, at.word())) / 16384.0
    }

    fn row(&self, table: usize, step: usize, mode: usize) -> f64 {
        self.tables[table][step * self.modes + mode]
    }

    /// Down from a start: the modes, and ln w + S + ln p_M.
    fn reverse(&self) -> (Vec<f64>, f64) {
        let (mut y, mut weight) = (self.start.clone(), 0.0);
        for k in self.frozen..self.modes {
            y[k] *= self.begin[k];
            weight -= ln_normal(y[k], 0.0, self.begin[k].powi(2));
        }
        for (n, step) in self.steps.iter().enumerate() {
            let (old, h) = (y.clone(), self.score.h(step.stage, &y));
            for k in self.frozen..self.modes {
                let mean = self.row(0, n, k) * old[k] + self.row(1, n, k) * h[k];
                y[k] = mean + self.row(2, n, k) * self.eta(n, k);
                weight -= ln_normal(y[k], mean, self.row(2, n, k).powi(2));
            }
            let again = self.steps.get(n + 1).is_some_and(|next| next.stage == step.stage);
            let back = if again { self.score.h(step.stage, &y) } else { vec![0.0; self.modes] };
            for k in self.frozen..self.modes {
                weight += match step.kind {
                    Kind::Noising { variance } => ln_normal(old[k], y[k], variance),
                    Kind::Corrector => {
                        let mean = self.row(0, n, k) * y[k] + self.row(1, n, k) * back[k];
                        ln_normal(old[k], mean, self.row(2, n, k).powi(2))
                    }
                };
            }
        }
        (y, weight)
    }

    /// Up from a sample, without correctors.
    fn noised(&self) -> (Vec<f64>, f64) {
        let (mut y, mut weight) = (self.start.clone(), 0.0);
        for (n, step) in self.steps.iter().enumerate().rev() {
            let Kind::Noising { variance } = step.kind else { continue };
            let old = y.clone();
            for k in self.frozen..self.modes {
                y[k] += variance.sqrt() * self.eta(n, k);
                weight += ln_normal(y[k], old[k], variance);
            }
            let h = self.score.h(step.stage, &y);
            for k in self.frozen..self.modes {
                let mean = self.row(0, n, k) * y[k] + self.row(1, n, k) * h[k];
                weight -= ln_normal(old[k], mean, self.row(2, n, k).powi(2));
            }
        }
        for k in self.frozen..self.modes {
            weight -= ln_normal(y[k], 0.0, self.begin[k].powi(2));
            y[k] /= self.begin[k];
        }
        (y, weight)
    }

    /// Along the flow: the modes, and ln q.
    fn flow(&self) -> (Vec<f64>, f64) {
        let mut u = self.start.clone();
        let (mut base, mut h, mut y) = (u.clone(), vec![0.0; self.modes], u.clone());
        let mut ln_q: f64 = u[self.frozen..].iter().map(|&u| ln_normal(u, 0.0, 1.0)).sum();
        for (n, &closes) in self.closes.iter().enumerate() {
            for k in self.frozen..self.modes {
                y[k] = self.row(0, n, k) * (base[k] + self.row(1, n, k) * h[k]);
            }
            h = self.score.h(n, &y);
            ln_q -= self.score.divergence(n, &y);
            for k in self.frozen..self.modes {
                u[k] += self.row(2, n, k) * h[k];
            }
            if closes {
                base = u.clone();
            }
        }
        for k in self.frozen..self.modes {
            u[k] *= self.begin[k];
            ln_q -= self.begin[k].ln();
        }
        (u, ln_q)
    }
}

/// Deviations of the core on a machine: down, up, and along the flow.
struct Against<'a>(&'a Case);

impl Work for Against<'_> {
    type Result = Result<[f64; 3], Error>;
    fn on<M: Kernels>(self, machine: M) -> Self::Result {
        let case = self.0;
        let [keep, pull, amplitude] = &case.tables;
        let mut noise = super::noise(case.seed, 9);
        let off = |found: (Vec<f64>, f64), known: (Vec<f64>, f64)| {
            let fields = found.0.iter().zip(&known.0).map(|(a, b)| (a - b) / (1.0 + b.abs()));
            largest(fields.chain([(found.1 - known.1) / (1.0 + known.1.abs())]))
        };
        let reverse = Reverse::new(&case.steps, &case.begin, keep, pull, amplitude, case.frozen)?;
        let (mut y, mut work) = (case.start.clone(), vec![0.0; reverse.work(&case.score)]);
        let weight = reverse.run::<true, _, _, _>(machine, &case.score, &mut noise, &mut y, &mut work);
        let down = off((y, weight), case.reverse());

        // Steps that take noise out alone.
        let kept: Vec<usize> = (0..case.steps.len()).filter(|&n| case.steps[n].kind != Kind::Corrector).collect();
        let some = |table: &Vec<f64>| -> Vec<f64> {
            kept.iter().flat_map(|n| table[n * case.modes..(n + 1) * case.modes].to_vec()).collect()
        };
        let noising = Case {
            steps: kept.iter().map(|&n| case.steps[n]).collect(),
            tables: [some(keep), some(pull), some(amplitude)],
            begin: case.begin.clone(),
            score: Entangled { modes: case.modes, trace: case.score.trace.clone() },
            closes: vec![],
            start: case.start.clone(),
            ..*case
        };
        let [keep, pull, amplitude] = &noising.tables;
        let back = Reverse::new(&noising.steps, &noising.begin, keep, pull, amplitude, noising.frozen)?;
        let mut y = noising.start.clone();
        let weight = back.noised(machine, &noising.score, &mut noise, &mut y, &mut work);
        let up = off((y, weight), noising.noised());

        let [radius, predict, share] = &case.tables;
        let flow = Flow::new(&case.closes, radius, predict, share, &case.begin, case.frozen)?;
        let (mut u, mut work) = (case.start.clone(), vec![0.0; flow.work(&case.score)]);
        let ln_q = flow.run::<true, _, _>(machine, &case.score, &mut u, &mut work);
        Ok([down, up, off((u, ln_q), case.flow())])
    }
}

/// Modes within a chunk of 256 and beyond, none frozen, some, a whole chunk.
pub fn checks(seed: u64) -> Result<Vec<Check>, Error> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut worst = [0.0f64; 3];
    for (modes, frozen) in [(1, 0), (7, 1), (64, 0), (64, 1), (255, 3), (257, 1), (600, 0), (600, 1), (600, 258)] {
        let case = Case::new(modes, frozen, &mut rng);
        for machine in MachineKind::available() {
            let off = with_machine(machine, Threads::One, Against(&case))?;
            worst = std::array::from_fn(|i| largest([worst[i], off[i]]));
        }
    }
    let names = [
        "reverse sampler: fields and ln w against the plain loop",
        "noise added back: fields and ln w against the plain loop",
        "flow: fields and ln q against the plain loop",
    ];
    // Some thousand roundings of 1e-16, and e-folds of the map in between.
    Ok(names.into_iter().zip(worst).map(|(name, worst)| Check::bound(RUNG, name, worst, 0.0, 1e-10)).collect())
}
