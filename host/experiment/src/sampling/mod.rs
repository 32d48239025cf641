//! Chains that are advanced together, stopped anywhere, and go on to the same bits.
//!
//! [`Sampling`] advances the chains of an experiment on a pool of threads, and hands over each configuration; it knows
//! nothing of files. [`Stored`] writes them, saves what a stopped run needs, and goes on from there.

mod checkpoint;
mod merge;
mod store;
mod stored;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::ThreadPool;
use stoquant_core::error::Error;
use stoquant_core::integrator::State;
use stoquant_engines::engine::{Chain, Engine, Factory};
use stoquant_engines::field;
use stoquant_exact::analysis::chains::{Chains, Record};
use stoquant_exact::sampler::{Moments, moments};

use crate::experiment::{Experiment, InputError};

pub use merge::merge;
pub use store::{Form, Store};
pub use stored::{Begin, Begun, End, Stored, Target};

/// Whoever looks on while a run goes.
pub trait Watch: Sync {
    /// So many more configurations are done.
    fn done(&self, configurations: usize);
    /// Whether to stop: asked between configurations, and within long intervals every tenth of a second or so.
    fn stop(&self) -> bool;
}

/// Where configurations go. Each chain is put by one thread at a time, its draws in order.
pub trait Sink: Sync {
    /// Draw `draw` of the chain at `place` of the experiment: its field, and its state.
    fn put(&self, place: usize, draw: usize, phi: &[f64], state: &State) -> Result<(), InputError>;
    /// No more of this chain for now.
    fn flush(&self, place: usize) -> Result<(), InputError>;
    /// The field that was put as this draw, to go on from.
    fn field(&self, place: usize, draw: usize) -> Result<Vec<f64>, InputError>;
}

/// Why a run ended before its end.
#[derive(Debug)]
pub enum Failure {
    /// The experiment itself: going on would end in the same way.
    Run(InputError),
    /// What was done could not be written: going on is possible once that is mended.
    Sink(InputError),
}

impl From<Failure> for InputError {
    fn from(failure: Failure) -> Self {
        let (Failure::Run(error) | Failure::Sink(error)) = failure;
        error
    }
}

/// Site updates between two looks at whether to stop.
const UPDATES: u64 = 1 << 22;

/// A chain on its way.
struct Progress {
    /// Configurations done.
    draws: usize,
    /// Counters.
    state: State,
    /// While it is under way.
    engine: Option<Box<dyn Engine>>,
    record: Record,
}

/// The chains of an experiment.
pub struct Sampling<'a> {
    experiment: Experiment,
    factory: &'a Factory,
    chains: Vec<Mutex<Progress>>,
}

impl<'a> Sampling<'a> {
    /// Nothing done.
    pub fn new(experiment: Experiment, factory: &'a Factory) -> Self {
        let progress = |_| {
            let record = Record::new(experiment.share(0), experiment.chains);
            Mutex::new(Progress { draws: 0, state: State::default(), engine: None, record })
        };
        Self { chains: (0..experiment.chains).map(progress).collect(), experiment, factory }
    }

    /// The experiment.
    pub fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// Configurations done, of all chains.
    pub fn done(&mut self) -> usize {
        self.progress().map(|progress| progress.draws).sum()
    }

    /// Whether all are.
    pub fn is_finished(&mut self) -> bool {
        self.done() == self.experiment.count
    }

    /// The states of all chains.
    pub fn states(&mut self) -> Vec<State> {
        self.progress().map(|progress| progress.state).collect()
    }

    /// What the chains say about each other.
    pub fn agreement(&mut self) -> Result<Chains, InputError> {
        let names: Vec<u32> = (0..self.experiment.chains).map(|place| self.experiment.chain(place)).collect();
        let records: Vec<Record> = self.progress().map(|progress| progress.record.clone()).collect();
        Chains::compare(&names, &records).map_err(InputError::new)
    }

    /// Advances the chains until all are done, or `watch` says stop; as many at a time as the pool has threads. True
    /// where all are done.
    pub fn run(&mut self, pool: &ThreadPool, sink: &dyn Sink, watch: &dyn Watch) -> Result<bool, Failure> {
        // Those under way come first, so that there are never more of them than threads.
        let waiting = |place: &usize| locked(&self.chains[*place]).engine.is_none();
        let (rest, begun): (Vec<usize>, Vec<usize>) = (0..self.chains.len()).partition(waiting);
        let order: Vec<usize> = begun.into_iter().chain(rest).collect();
        let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
        let stop = || failed.load(Ordering::Relaxed) || watch.stop();
        let outcomes = pool.broadcast(|_| {
            while let Some(&place) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                if stop() {
                    break;
                }
                let outcome = self.advance(place, sink, watch, &stop);
                if outcome.is_err() {
                    failed.store(true, Ordering::Relaxed);
                    return outcome;
                }
            }
            Ok(())
        });
        outcomes.into_iter().collect::<Result<(), Failure>>()?;
        Ok(self.is_finished())
    }

    /// Advances one chain to its end, or until it is to stop.
    fn advance(
        &self,
        place: usize,
        sink: &dyn Sink,
        watch: &dyn Watch,
        stop: &dyn Fn() -> bool,
    ) -> Result<(), Failure> {
        let setup = &self.experiment.setup;
        let (share, number) = (self.experiment.share(place), self.experiment.chain(place));
        let at_once = (UPDATES / setup.volume() as u64).max(1);
        let mut progress = locked(&self.chains[place]);
        let Progress { draws, state, engine: slot, record } = &mut *progress;
        if *draws == share {
            return Ok(());
        }
        let lost = |error| Failure::Run(InputError(format!("chain {number}: {error}")));
        let mut engine = match slot.take() {
            Some(engine) => engine,
            None => {
                let last = draws.checked_sub(1).map(|draw| sink.field(place, draw)).transpose();
                self.engine(place, last.map_err(Failure::Sink)?.as_deref(), *state).map_err(lost)?
            }
        };
        // Whatever the time between stops, each sees some progress.
        loop {
            let due = self.experiment.sweeps(*draws + 1);
            engine.sweep(at_once.min(due.saturating_sub(state.step))).map_err(lost)?;
            *state = engine.state().map_err(lost)?;
            if state.step >= due {
                let phi = engine.phi().map_err(lost)?;
                if !phi.iter().all(|phi| phi.is_finite()) {
                    return Err(Failure::Run(InputError(format!(
                        "eps = {}: chain {number} diverged before sweep {due}; choose a smaller step",
                        setup.eps
                    ))));
                }
                record_of(&self.experiment, &phi, record);
                sink.put(place, *draws, &phi, state).map_err(Failure::Sink)?;
                *draws += 1;
                watch.done(1);
            }
            if *draws == share || stop() {
                break;
            }
        }
        if *draws < share {
            *slot = Some(engine);
        }
        sink.flush(place).map_err(Failure::Sink)
    }

    /// The chain at a place: from its start, or from a field and the counters that go with it.
    fn engine(&self, place: usize, phi: Option<&[f64]>, state: State) -> Result<Box<dyn Engine>, Error> {
        let setup = &self.experiment.setup;
        let mut engine = (self.factory)(setup, self.experiment.chain(place))?;
        match phi {
            Some(phi) => {
                engine.set_bits(&field::nearest(setup.arith, phi))?;
                engine.set_state(state)?;
            }
            None => engine.hot_start(self.experiment.start_width)?,
        }
        Ok(engine)
    }

    /// A chain as it was configured: they differ in their numbers alone.
    fn chain(&self) -> Result<Chain, InputError> {
        let engine = (self.factory)(&self.experiment.setup, self.experiment.chain(0)).map_err(InputError::new)?;
        Ok(*engine.chain())
    }

    /// Puts the chain at a place under way, with these words as its field.
    fn set(&mut self, place: usize, words: &[u64], state: State) -> Result<(), Error> {
        let mut engine = self.engine(place, None, state)?;
        engine.set_bits(words)?;
        engine.set_state(state)?;
        let mut progress = locked(&self.chains[place]);
        (progress.engine, progress.state) = (Some(engine), state);
        Ok(())
    }

    /// Takes as done the first draws of a chain, which are in `store`.
    fn recall(&self, place: usize, draws: usize, store: &Store) -> Result<(), InputError> {
        let (first, share) = (self.experiment.first_row(place), self.experiment.share(place));
        let number = self.experiment.chain(place);
        if draws > share {
            return Err(InputError(format!("chain {number}: {draws} configurations of {share}")));
        }
        let mut progress = locked(&self.chains[place]);
        progress.draws = draws;
        if draws == 0 {
            return Ok(());
        }
        let failed = |error: std::io::Error| store.failed(&error);
        progress.state = store.state(first + draws - 1).map_err(failed)?;
        let (found, want) = (progress.state.step, self.experiment.sweeps(draws));
        if found != want {
            return Err(InputError(format!("chain {number}: {found} sweeps after {draws} configurations, not {want}")));
        }
        let record = &mut progress.record;
        store.fields(first..first + draws, |phi| record_of(&self.experiment, phi, record)).map_err(failed)
    }

    fn progress(&mut self) -> impl Iterator<Item = &mut Progress> {
        self.chains.iter_mut().map(|chain| chain.get_mut().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One more configuration of a chain.
fn record_of(experiment: &Experiment, phi: &[f64], record: &mut Record) {
    let Moments { m, phi2, nn } = moments(phi, &experiment.setup.extents);
    record.push(m, phi2, nn);
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
