//! Ratios that hold on a machine with other work: what is compared runs in turn, in blocks of milliseconds, and the
//! ratio is taken in each round. A disturbance hits both or spoils one round, and the median does not see it. One that
//! lasts for seconds and hits what is compared unequally is met by many short passes over the whole table, and by
//! [`Rates::where_steady`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use rayon::ThreadPool;
use serde::{Deserialize, Serialize};
use stoquant::engine::Engine;

use crate::{Yardstick, timed};

/// Rounds of a pass.
const ROUNDS: usize = 7;

/// About how long each runs in a round: many sweeps, and less than a scheduler's slice.
const BLOCK: Duration = Duration::from_millis(4);

/// Something that is swept, and how many sweeps make a block.
pub struct Runner {
    /// Site updates of one sweep.
    sites: usize,
    run: Box<dyn FnMut(u64) -> Duration>,
    sweeps: u64,
}

impl Runner {
    /// `run(n)` takes the time of n sweeps of so many sites.
    pub fn new(sites: usize, mut run: impl FnMut(u64) -> Duration + 'static) -> Self {
        // The first sweep touches memory for the first time.
        run(1);
        let mut sweeps = 1;
        while run(sweeps) < BLOCK / 2 && sweeps < 1 << 30 {
            sweeps *= 2;
        }
        Self { sites, run: Box::new(run), sweeps }
    }

    /// The yardstick on an l×l lattice.
    pub fn yardstick(l: usize) -> Self {
        let mut yardstick = Yardstick::new(l);
        Self::new(l * l, move |sweeps| {
            let start = Instant::now();
            (0..sweeps).for_each(|_| yardstick.sweep());
            start.elapsed()
        })
    }

    /// A chain on the threads of a pool.
    pub fn engine(pool: &Arc<ThreadPool>, mut engine: Box<dyn Engine>) -> Self {
        let pool = pool.clone();
        Self::new(engine.bits().unwrap().len(), move |sweeps| timed(&pool, || engine.sweep(sweeps).unwrap()))
    }

    /// Site updates a second, of one block.
    fn rate(&mut self) -> f64 {
        self.sites as f64 * self.sweeps as f64 / (self.run)(self.sweeps).as_secs_f64()
    }
}

/// Site updates a second of each runner, round by round.
#[derive(Clone, Debug, Default)]
pub struct Rates(Vec<Vec<f64>>);

impl Rates {
    /// Some rounds more, of all runners in turn.
    pub fn pass(&mut self, runners: &mut [Runner]) {
        self.0.extend((0..ROUNDS).map(|_| runners.iter_mut().map(Runner::rate).collect()));
    }

    /// The rate of one to that of another.
    pub fn ratio(&self, of: usize, to: usize) -> Spread {
        Spread::of(self.0.iter().map(|rates| rates[of] / rates[to]))
    }

    /// The rounds in which the rate of one was so many times that of another.
    pub fn where_ratio(&self, of: usize, to: usize, at_least: f64) -> Self {
        Self(self.0.iter().filter(|rates| rates[of] >= at_least * rates[to]).cloned().collect())
    }

    /// The rounds in which one, the yardstick, ran at its own speed: near its fastest. A neighbour on the same core can
    /// take a third of it for seconds, and next to nothing of a chain in vectors; then it is no unit.
    pub fn where_steady(&self, of: usize) -> Self {
        let fastest = self.0.iter().map(|rates| rates[of]).fold(0.0, f64::max);
        Self(self.0.iter().filter(|rates| rates[of] >= 0.85 * fastest).cloned().collect())
    }

    /// How many rounds there are.
    pub fn rounds(&self) -> usize {
        self.0.len()
    }

    /// The rate of one.
    pub fn rate(&self, of: usize) -> Spread {
        Spread::of(self.0.iter().map(|rates| rates[of]))
    }
}

/// Median and quartiles.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// Three quarters are above.
    pub low: f64,
    /// Three quarters are below.
    pub high: f64,
}

impl Spread {
    /// Of at least one value.
    pub fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = values.collect();
        sorted.sort_by(f64::total_cmp);
        let at = |quarter: usize| sorted[(sorted.len() - 1) * quarter / 4];
        Self { median: at(2), low: at(1), high: at(3) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::rc::Rc;

    #[test]
    fn quartiles_of_a_ramp() {
        let ramp = Spread::of((0..=8).rev().map(f64::from));
        assert_eq!(ramp, Spread { median: 4.0, low: 2.0, high: 6.0 });
    }

    /// A machine that is half as fast in every second round changes no ratio, and a single spoilt block no median.
    #[test]
    fn ratios_survive_a_noisy_machine() {
        let clock = Rc::new(Cell::new(0_u64));
        let at = |cost: f64| {
            let clock = clock.clone();
            move |sweeps: u64| {
                clock.set(clock.get() + 1);
                let slow = if (clock.get() / 2).is_multiple_of(2) { 1.0 } else { 2.0 };
                let spoilt = if clock.get().is_multiple_of(41) { 5.0 } else { 1.0 };
                Duration::from_secs_f64(1e-6 * cost * slow * spoilt * sweeps as f64)
            }
        };
        let mut runners = [Runner::new(1, at(1.0)), Runner::new(1, at(4.0))];
        // The first of a pair then has the even ticks.
        clock.set(1);
        let mut rates = Rates::default();
        (0..9).for_each(|_| rates.pass(&mut runners));
        assert_eq!(rates.rounds(), 9 * ROUNDS);
        assert!((rates.ratio(1, 0).median - 0.25).abs() < 1e-3);
        // Ticks 41 and 123 spoil the second of a pair.
        assert_eq!(rates.where_ratio(1, 0, 0.2).rounds(), 9 * ROUNDS - 2);
    }
}
