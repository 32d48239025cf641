//! Runs that are written as they go, survive whatever ends them, and go on to the same bytes.
//!
//! While a run `OUT` is under way, all that belongs to it lies in the directory `OUT.checkpoint`: the ensemble, two
//! generations of checkpoints, and a lock. The ensemble takes its name when it is whole; then the directory goes.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rayon::ThreadPool;
use rayon::prelude::*;
use serde_json::Value;
use sha2::{Digest, Sha256};
use stoquant_core::error::Error as CoreError;
use stoquant_core::integrator::State;
use stoquant_engines::engine::Factory;
use stoquant_engines::field;

use super::checkpoint::{Checkpoint, FILES};
use super::store::{COLUMNS, PHI};
use super::{Failure, Form, Sampling, Sink, Store, Watch};
use crate::ensemble::{MANIFEST, Manifest};
use crate::experiment::{Experiment, InputError, Options};
use crate::output::{Output, Outputs, beside, hexadecimal};

/// Where an ensemble is to be: one file, or a directory.
pub struct Target {
    out: Output,
    manifest: Output,
    form: Form,
    work: PathBuf,
}

impl Target {
    /// The value of `flag`: a directory where it ends with `/` or is one, a file elsewhere; refused where it cannot be
    /// written.
    pub fn new(outputs: &mut Outputs, flag: &str, path: &Path) -> Result<Self, InputError> {
        let form = form_of(path);
        let (out, manifest) = match form {
            Form::Archive => outputs.pair(flag, path, ".json")?.into(),
            Form::Directory => {
                let names = COLUMNS.iter().map(|&(name, ..)| name).chain([PHI]).map(|name| format!("{name}.npy"));
                let names: Vec<String> = names.chain([MANIFEST.to_owned()]).collect();
                let out = outputs.directory(flag, path, &names)?;
                let manifest = Output::at(&out.target().join(MANIFEST));
                (out, manifest)
            }
        };
        let work = beside(out.target(), ".checkpoint");
        Ok(Self { out, manifest, form, work })
    }

    /// Whether a run was begun before, whose files have their place.
    pub fn is_begun(&self) -> bool {
        self.data().exists()
    }

    /// Whether there is an ensemble with its manifest.
    fn is_whole(&self) -> bool {
        self.manifest.target().exists() && self.out.target().exists()
    }

    /// Refuse what the disk has no room for.
    pub fn room_for(&self, what: &str, bytes: u64) -> Result<(), InputError> {
        self.out.room_for(what, bytes)
    }

    /// Where the ensemble is while it is written.
    fn data(&self) -> PathBuf {
        self.work.join(if self.form == Form::Archive { "ensemble.npz" } else { "ensemble" })
    }

    fn failed(&self, error: &dyn std::fmt::Display) -> InputError {
        self.out.failed(error)
    }

    /// Whether an interrupted run has saved something.
    pub(super) fn is_saved(&self) -> bool {
        is_saved(&self.work)
    }

    pub(super) fn interrupted(&self) -> InputError {
        let work = self.work.display();
        InputError(format!("{work} holds an interrupted run: go on with --resume, or remove the directory"))
    }
}

/// Where the manifest of an ensemble is.
pub(super) fn manifest_of(path: &Path) -> PathBuf {
    if form_of(path) == Form::Directory { path.join(MANIFEST) } else { beside(path, ".json") }
}

/// Whether a name is that of a directory.
pub(super) fn form_of(path: &Path) -> Form {
    let directory = path.as_os_str().as_encoded_bytes().ends_with(b"/") || path.is_dir();
    if directory { Form::Directory } else { Form::Archive }
}

/// What to do with a run that was begun before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// Begin anew; refused where an interrupted run has saved something.
    Anew,
    /// Go on; refused where there is nothing to go on from.
    Resume,
    /// Go on where there is something, and begin anew where there is nothing.
    ResumeIfAny,
}

/// A run with its files.
pub struct Stored<'a> {
    sampling: Sampling<'a>,
    store: Store,
    target: Target,
    generation: u64,
    /// Held as long as the run writes.
    _lock: File,
    /// What is to be said about how it was begun.
    pub warnings: Vec<String>,
}

/// The least time between checkpoints.
const SHORTEST: Duration = Duration::from_millis(10);

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All configurations are there.
    Finished,
    /// It was told to stop, and is saved.
    Stopped,
}

/// What was found when a run began.
pub enum Begun<'a> {
    /// Something is left to be done.
    Run(Box<Stored<'a>>),
    /// The ensemble is whole: its manifest.
    Complete(String),
}

impl<'a> Stored<'a> {
    /// Begins a run, or goes on with it.
    pub fn begin(
        experiment: &Experiment,
        factory: &'a Factory,
        target: Target,
        begin: Begin,
        pool: &ThreadPool,
    ) -> Result<Begun<'a>, InputError> {
        let (lock, work) = (lock(&target)?, target.work.clone());
        let begun = Self::locked(experiment, factory, target, begin, pool, lock);
        if begun.is_err() && !is_saved(&work) {
            // Nothing was begun: the directory was made for the lock alone.
            let _ = fs::remove_dir_all(&work);
        }
        begun
    }

    fn locked(
        experiment: &Experiment,
        factory: &'a Factory,
        target: Target,
        begin: Begin,
        pool: &ThreadPool,
        lock: File,
    ) -> Result<Begun<'a>, InputError> {
        // The end of a run, but for the last step: the ensemble has its name, and checkpoints are left.
        if !target.data().exists() && target.is_whole() {
            for name in FILES.map(|name| target.work.join(name)).iter().filter(|name| name.exists()) {
                fs::remove_file(name).map_err(|error| target.failed(&error))?;
            }
        }
        let (checkpoint, warnings) = Checkpoint::read(&target.work);
        let work = target.work.display();
        match checkpoint {
            Some(_) if begin == Begin::Anew => Err(target.interrupted()),
            Some(checkpoint) => {
                checkpoint.matches(experiment).map_err(|reason| InputError(format!("{work}: {reason}")))?;
                let store = Store::open(&target.data(), experiment, target.form);
                let store = store.map_err(|error| InputError(format!("{}: {error}", target.data().display())))?;
                let mut run = Self::with(experiment, factory, target, store, lock, warnings);
                run.restore(&checkpoint, pool)?;
                Ok(Begun::Run(Box::new(run)))
            }
            None => {
                let finished = if begin == Begin::Anew { None } else { old(&target)? };
                let out = target.out.path().display();
                let extended = match finished {
                    None if begin == Begin::Resume && !target.data().exists() => Err(InputError(format!(
                        "{out}: nothing to resume: there is neither an ensemble nor an interrupted run"
                    ))),
                    None => Ok(None),
                    Some((text, manifest)) => extended(experiment, &manifest)
                        .map(|there| Some((text, there)))
                        .map_err(|reason| InputError(format!("{out}: {reason}"))),
                };
                let extended = match extended? {
                    Some((text, there)) if there.count == experiment.count => {
                        remove_checkpoints(&target)?;
                        return Ok(Begun::Complete(text));
                    }
                    extended => extended,
                };
                let mut run = Self::create(experiment, factory, target, lock, warnings)?;
                if let Some((_, there)) = extended {
                    run.adopt(run.target.out.target(), &there, 0)?;
                    run.recall(pool, |place| there.share(place))?;
                }
                Ok(Begun::Run(Box::new(run)))
            }
        }
    }

    /// A new store, in place of whatever an earlier run without checkpoint has left.
    pub(super) fn create(
        experiment: &Experiment,
        factory: &'a Factory,
        target: Target,
        lock: File,
        warnings: Vec<String>,
    ) -> Result<Self, InputError> {
        let data = target.data();
        let removed = match data.is_dir() {
            true => fs::remove_dir_all(&data),
            false if data.exists() => fs::remove_file(&data),
            false => Ok(()),
        };
        let store = removed.and_then(|()| Store::create(&data, experiment, target.form));
        let store = store.map_err(|error| {
            if !target.is_saved() {
                // Nothing was begun.
                let _ = fs::remove_dir_all(&target.work);
            }
            target.failed(&error)
        })?;
        Ok(Self::with(experiment, factory, target, store, lock, warnings))
    }

    fn with(
        experiment: &Experiment,
        factory: &'a Factory,
        target: Target,
        store: Store,
        lock: File,
        warnings: Vec<String>,
    ) -> Self {
        let sampling = Sampling::new(experiment.clone(), factory);
        Self { sampling, store, target, generation: 0, _lock: lock, warnings }
    }

    pub(super) fn experiment(&self) -> &Experiment {
        self.sampling.experiment()
    }

    pub(super) fn put_bytes(&self, array: usize, row: usize, bytes: &[u8]) -> std::io::Result<()> {
        self.store.put_bytes(array, row, bytes)
    }

    /// Configurations done.
    pub fn done(&mut self) -> usize {
        self.sampling.done()
    }

    /// The directory of the run while it is under way.
    pub fn work(&self) -> &Path {
        &self.target.work
    }

    /// Whether a checkpoint of this run is on the disk.
    pub fn is_saved(&self) -> bool {
        is_saved(&self.target.work)
    }

    /// Runs to the end, or until it is told to stop; saves what a later run needs in such intervals, and at a stop.
    pub fn run(&mut self, pool: &ThreadPool, watch: &dyn Watch, every: Duration) -> Result<End, Failure> {
        let every = every.max(SHORTEST);
        loop {
            let until = Until { watch, end: Instant::now().checked_add(every) };
            if self.sampling.run(pool, &self.store, &until)? {
                return Ok(End::Finished);
            }
            self.save().map_err(Failure::Sink)?;
            if watch.stop() {
                return Ok(End::Stopped);
            }
        }
    }

    /// Saves what a later run needs. Configurations first: a checkpoint never counts one that is not on the disk.
    fn save(&mut self) -> Result<(), InputError> {
        self.store.sync().map_err(|error| self.target.failed(&error))?;
        self.generation += 1;
        let mut checkpoint = Checkpoint {
            run: Checkpoint::name(self.sampling.experiment())?,
            generation: self.generation,
            ..Checkpoint::default()
        };
        for (place, progress) in self.sampling.progress().enumerate() {
            checkpoint.draws.push(progress.draws as u64);
            checkpoint.states.push(progress.state);
            if let Some(engine) = &progress.engine {
                checkpoint.under_way.push(place as u64);
                checkpoint.words.extend(engine.bits().map_err(InputError::new)?);
            }
        }
        checkpoint.write(&self.target.work)
    }

    /// Back to a checkpoint.
    fn restore(&mut self, checkpoint: &Checkpoint, pool: &ThreadPool) -> Result<(), InputError> {
        let work = self.target.work.display().to_string();
        let broken = |reason: &str| InputError(format!("{work}: not a checkpoint of this run: {reason}"));
        let experiment = self.sampling.experiment().clone();
        let (chains, volume) = (experiment.chains, experiment.setup.volume());
        let fields = checkpoint.words.chunks(volume);
        if checkpoint.draws.len() != chains || checkpoint.words.len() != checkpoint.under_way.len() * volume {
            return Err(broken("it has another number of chains or sites"));
        }
        self.generation = checkpoint.generation;
        self.recall(pool, |place| checkpoint.draws[place] as usize).map_err(|InputError(reason)| broken(&reason))?;
        for (&place, words) in checkpoint.under_way.iter().zip(fields) {
            let place = place as usize;
            let state = match checkpoint.states.get(place) {
                Some(state) => *state,
                None => return Err(broken("it has another number of chains")),
            };
            let (done, next) = (checkpoint.draws[place] as usize, checkpoint.draws[place] as usize + 1);
            let before = if done == 0 { 0 } else { experiment.sweeps(done) };
            if !(before..experiment.sweeps(next)).contains(&state.step) {
                return Err(broken(&format!("{} sweeps after {done} configurations", state.step)));
            }
            let refused = |error: CoreError| broken(&error.to_string());
            self.sampling.set(place, words, state).map_err(refused)?;
        }
        Ok(())
    }

    /// Takes as done the first configurations of each chain, which are in the store: `draws` of the chain at a place.
    pub(super) fn recall(
        &mut self,
        pool: &ThreadPool,
        draws: impl Fn(usize) -> usize + Sync,
    ) -> Result<(), InputError> {
        let Self { sampling, store, .. } = self;
        let chains = 0..sampling.experiment().chains;
        let recall = |place| sampling.recall(place, draws(place), store);
        pool.install(|| chains.into_par_iter().try_for_each(recall))
    }

    /// All is there: the ensemble takes its name, and what was needed to go on goes. The manifest, and the states of
    /// the chains. Where it fails, a later run can do it again.
    pub fn finish(&mut self) -> Result<(Manifest<'static>, Vec<State>), InputError> {
        self.save()?;
        let target = &self.target;
        let file_sha256 = self.store.seal().map_err(|error| target.failed(&error))?;
        let states = self.sampling.states();
        let total = |of: fn(&State) -> u64| states.iter().map(of).sum::<u64>();
        let chain = self.sampling.chain()?;
        let manifest = Manifest {
            stoquant: env!("CARGO_PKG_VERSION"),
            experiment: self.sampling.experiment().into(),
            eps: chain.eps,
            target: chain.target,
            acceptance: total(|state| state.accepted) as f64 / total(|state| state.step).max(1) as f64,
            saturations: total(|state| state.clipped),
            agreement: self.sampling.agreement()?,
            file_sha256,
            final_bits_sha256: self.final_bits()?,
        };
        let text = manifest.text()?;
        let (data, out) = (target.data(), target.out.target());
        // A manifest first: where this is interrupted, the run is still in its directory, and ends again.
        match target.form {
            Form::Archive => {
                target.manifest.write(text.as_bytes())?;
                let renamed = match out.metadata() {
                    Ok(there) => fs::set_permissions(&data, there.permissions()),
                    Err(_) => Ok(()),
                };
                renamed.and_then(|()| fs::rename(&data, out)).map_err(|error| target.failed(&error))?;
            }
            Form::Directory => {
                Output::at(&data.join(MANIFEST)).write(text.as_bytes())?;
                let former = target.work.join("former");
                let moved = if out.exists() { fs::rename(out, &former) } else { Ok(()) };
                moved.and_then(|()| fs::rename(&data, out)).map_err(|error| target.failed(&error))?;
            }
        }
        remove_checkpoints(target)?;
        Ok((manifest, states))
    }

    /// SHA-256 of the last field of every chain, which is its last configuration.
    fn final_bits(&self) -> Result<String, InputError> {
        let experiment = self.sampling.experiment();
        let mut hash = Sha256::new();
        for place in 0..experiment.chains {
            let phi = self.store.field(place, experiment.share(place) - 1)?;
            field::nearest(experiment.setup.arith, &phi).iter().for_each(|word| hash.update(word.to_le_bytes()));
        }
        Ok(hexadecimal(&hash.finalize()))
    }
}

impl Drop for Stored<'_> {
    /// Without a checkpoint there is nothing to go on from. What cannot be removed now is replaced by the next run.
    fn drop(&mut self) {
        if !self.is_saved() {
            let _ = fs::remove_dir_all(&self.target.work);
        }
    }
}

/// Whether there is a checkpoint in the directory of a run.
fn is_saved(work: &Path) -> bool {
    FILES.iter().any(|name| work.join(name).exists())
}

/// Stops when `watch` says so, and at a time.
struct Until<'a> {
    watch: &'a dyn Watch,
    end: Option<Instant>,
}

impl Watch for Until<'_> {
    fn done(&self, configurations: usize) {
        self.watch.done(configurations);
    }
    fn stop(&self) -> bool {
        self.watch.stop() || self.end.is_some_and(|end| Instant::now() >= end)
    }
}

/// The directory of a run, made where there is none, and locked: no other process writes into it.
pub(super) fn lock(target: &Target) -> Result<File, InputError> {
    let open = || {
        fs::create_dir_all(&target.work)?;
        File::options().write(true).create(true).truncate(false).open(target.work.join("lock"))
    };
    let file = open().map_err(|error| target.failed(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(InputError(format!("{}: another process is writing this run", target.work.display())))
        }
        // Where the file system has no locks, nobody is kept out.
        Err(TryLockError::Error(_)) => Ok(file),
    }
}

/// The manifest of the ensemble that is there, if one is.
fn old(target: &Target) -> Result<Option<(String, Value)>, InputError> {
    if target.is_whole() { read_manifest(target.manifest.target()).map(Some) } else { Ok(None) }
}

/// A manifest, as text and as values.
pub(super) fn read_manifest(path: &Path) -> Result<(String, Value), InputError> {
    let failed = |reason: &dyn std::fmt::Display| InputError(format!("{}: {reason}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| failed(&error))?;
    let value = serde_json::from_str(&text).map_err(|error| failed(&format!("not a manifest: {error}")))?;
    Ok((text, value))
}

/// The experiment of an ensemble that is there, of which `experiment` is the same or goes on.
fn extended(experiment: &Experiment, manifest: &Value) -> Result<Experiment, String> {
    experiment.agree(&manifest["experiment"], &["count"])?;
    let there = experiment_of(manifest)?;
    if there.count > experiment.count {
        return Err(format!("has {} configurations already, more than count = {}", there.count, experiment.count));
    }
    Ok(there)
}

/// The experiment of a manifest.
pub(super) fn experiment_of(manifest: &Value) -> Result<Experiment, String> {
    let options: Options = serde_json::from_value(manifest["experiment"].clone())
        .map_err(|error| format!("not the manifest of an ensemble of `sample`: {error}"))?;
    Experiment::new(&options).map_err(|error| error.to_string())
}

/// What was needed to go on. A run that has ended well does without.
fn remove_checkpoints(target: &Target) -> Result<(), InputError> {
    fs::remove_dir_all(&target.work)
        .map_err(|error| InputError(format!("cannot remove {}: {error}", target.work.display())))
}
