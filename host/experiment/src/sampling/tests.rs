//! Stopped anywhere, copied or merged, a run ends with the bytes of one that went through.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rayon::{ThreadPool, ThreadPoolBuilder};
use stoquant_engines::engine::core_engine;
use stoquant_model::{ArithKind, Extents, IntegratorKind, Setup};

use super::checkpoint::{Checkpoint, FILES};
use super::store::headers;
use super::*;
use crate::ensemble::Ensemble;
use crate::experiment::Experiment;
use crate::output::Outputs;

const HOUR: Duration = Duration::from_secs(3600);

fn experiment(arith: ArithKind, integrator: IntegratorKind, extents: &[usize]) -> Experiment {
    let default = Experiment::default();
    let setup = Setup { extents: Extents::new(extents).unwrap(), arith, integrator, eps: 0.02, ..default.setup };
    Experiment { setup, chains: 3, thermalise: 7, count: 17, every: 3, ..default }
}

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

fn target(path: &Path) -> Target {
    Target::new(&mut Outputs::default(), "out", path).unwrap()
}

/// Stops after so many questions whether to stop.
struct Patience(AtomicUsize);

impl Watch for Patience {
    fn done(&self, _: usize) {}
    fn stop(&self) -> bool {
        let left = self.0.load(Ordering::Relaxed);
        self.0.store(left.saturating_sub(1), Ordering::Relaxed);
        left == 0
    }
}

fn begin<'a>(experiment: &Experiment, path: &Path, begin: Begin, pool: &ThreadPool) -> Box<Stored<'a>> {
    match Stored::begin(experiment, &core_engine, target(path), begin, pool).unwrap() {
        Begun::Run(run) => run,
        Begun::Complete(_) => panic!("complete before it began"),
    }
}

/// What one run writes, its manifest at the end.
fn whole(experiment: &Experiment, path: &Path) -> Vec<Vec<u8>> {
    let pool = pool(1);
    let mut run = begin(experiment, path, Begin::Anew, &pool);
    assert_eq!(run.run(&pool, &Patience(usize::MAX.into()), HOUR).unwrap(), End::Finished);
    run.finish().unwrap();
    bytes(path)
}

fn bytes(path: &Path) -> Vec<Vec<u8>> {
    let read = |path: PathBuf| std::fs::read(path).unwrap();
    if !path.is_dir() {
        return vec![read(path.into()), read(crate::output::beside(path, ".json"))];
    }
    let mut names: Vec<PathBuf> = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names.into_iter().map(read).collect()
}

/// Every arithmetic and integrator, one site to four dimensions, as a file and as a directory, on one to three threads:
/// a run that is stopped at every question from the first on ends with the same bytes, and leaves nothing else behind.
#[test]
fn a_run_stopped_anywhere_ends_with_the_same_bytes() {
    let shapes: [&[usize]; 5] = [&[], &[5], &[4, 3], &[2, 3, 2], &[2, 2, 2, 3]];
    let mut kinds = 0;
    for &arith in ArithKind::ALL {
        for &integrator in IntegratorKind::ALL {
            let form = ["e.npz", "e/"][kinds % 2];
            let experiment = experiment(arith, integrator, shapes[kinds % 5]);
            kinds += 1;
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join(form);
            std::fs::create_dir(directory.path().join("whole")).unwrap();
            let want = whole(&experiment, &directory.path().join("whole").join(form));
            let mut stops = 0;
            loop {
                let pool = pool(1 + stops % 3);
                let mut run = begin(&experiment, &path, Begin::ResumeIfAny, &pool);
                assert!(stops == 0 || run.warnings.is_empty());
                if run.run(&pool, &Patience((1 + stops % 5).into()), HOUR).unwrap() == End::Finished {
                    run.finish().unwrap();
                    break;
                }
                stops += 1;
            }
            assert!(stops > 3, "{arith} {integrator}: stopped {stops} times only");
            assert!(bytes(&path) == want, "{arith} {integrator}: other bytes");
            assert!(!crate::output::beside(&path.components().collect::<PathBuf>(), ".checkpoint").exists());
        }
    }
    assert!(kinds >= 12);
}

/// A larger count goes on from the ensemble that is there: by less than a configuration a chain, by many, and again.
#[test]
fn a_larger_count_appends() {
    let directory = tempfile::tempdir().unwrap();
    for (form, arith) in [("e.npz", ArithKind::Fx16), ("e/", ArithKind::F64)] {
        let of = |count| Experiment { count, ..experiment(arith, IntegratorKind::Mala, &[4, 3]) };
        let path = directory.path().join(form);
        whole(&of(10), &path);
        for count in [11, 12, 13, 40, 121] {
            let pool = pool(2);
            let mut run = begin(&of(count), &path, Begin::Resume, &pool);
            // Stopped on the way as well.
            run.run(&pool, &Patience(1.into()), HOUR).unwrap();
            drop(run);
            let mut run = begin(&of(count), &path, Begin::Resume, &pool);
            assert_eq!(run.run(&pool, &Patience(usize::MAX.into()), HOUR).unwrap(), End::Finished);
            run.finish().unwrap();
            let other = directory.path().join("other");
            std::fs::create_dir_all(&other).unwrap();
            assert!(bytes(&path) == whole(&of(count), &other.join(form)), "{form}: other bytes with {count}");
            assert!(matches!(
                Stored::begin(&of(count), &core_engine, target(&path), Begin::Resume, &pool),
                Ok(Begun::Complete(_))
            ));
        }
    }
}

/// Cut at any byte, the newer checkpoint is refused with its name, and the older one serves; with both cut, the run
/// begins anew. The bytes are the same.
#[test]
fn a_cut_checkpoint_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("e.npz");
    let experiment = experiment(ArithKind::Fx18, IntegratorKind::Heun, &[3, 2]);
    let want = whole(&experiment, &directory.path().join("whole.npz"));
    let pool = pool(2);
    for stop in [3, 2] {
        let mut run = begin(&experiment, &path, Begin::ResumeIfAny, &pool);
        assert_eq!(run.run(&pool, &Patience(stop.into()), HOUR).unwrap(), End::Stopped);
    }
    let work = crate::output::beside(&path, ".checkpoint");
    let newer = work.join(FILES[0]);
    let full = std::fs::read(&newer).unwrap();
    let (older, newest) = (Checkpoint::read(&work).0.unwrap(), full.len());
    assert_eq!(older.generation, 2);
    for length in 0..newest {
        std::fs::write(&newer, &full[..length]).unwrap();
        let (found, wrong) = Checkpoint::read(&work);
        assert_eq!((found.map(|c| c.generation), wrong.len()), (Some(1), 1), "cut to {length} of {newest} bytes");
        assert!(wrong[0].contains(FILES[0]) && wrong[0].lines().count() == 1, "{wrong:?}");
    }
    let finish = || {
        let mut run = begin(&experiment, &path, Begin::Resume, &pool);
        let warnings = run.warnings.clone();
        assert_eq!(run.run(&pool, &Patience(usize::MAX.into()), HOUR).unwrap(), End::Finished);
        run.finish().unwrap();
        assert!(bytes(&path) == want);
        warnings
    };
    std::fs::write(work.join(FILES[1]), b"").unwrap();
    assert_eq!(finish().len(), 2);
}

/// Runs of different chains, merged in any order and form, are the one run of all chains.
#[test]
fn merged_chains_are_one_run() {
    let directory = tempfile::tempdir().unwrap();
    let all = Experiment { chains: 5, count: 23, ..experiment(ArithKind::Fx18, IntegratorKind::Euler, &[4, 2]) };
    let want = whole(&all, &directory.path().join("all.npz"));
    let part = |first: usize, chains: usize, form: &str| {
        let count = (first..first + chains).map(|place| all.share(place)).sum();
        let part = Experiment { chains, first_chain: first as u32, count, ..all.clone() };
        let path = directory.path().join(form);
        whole(&part, &path);
        path
    };
    let parts = [part(3, 2, "c.npz"), part(0, 1, "a/"), part(1, 2, "b.npz")];
    let out = directory.path().join("merged");
    std::fs::create_dir(&out).unwrap();
    let merged = |parts: &[PathBuf]| merge(parts, &core_engine, target(&out.join("all.npz")), &pool(2));
    merged(&parts).unwrap();
    assert!(bytes(&out.join("all.npz")) == want);

    let refused = |parts: &[PathBuf], words: &str| {
        let error = merged(parts).expect_err("a refusal").to_string();
        assert!(error.contains(words) && error.lines().count() == 1, "{words}: {error}");
    };
    refused(&parts[..2], "chains 1 to 2 are missing between them");
    refused(&[parts[1].clone(), parts[1].clone(), parts[2].clone()], "chains 0 to 0 are in both");
    refused(&[], "nothing to merge");
    let other = Experiment { chains: 2, first_chain: 3, count: 12, ..all.clone() };
    whole(&other, &directory.path().join("long.npz"));
    refused(&[parts[1].clone(), parts[2].clone(), directory.path().join("long.npz")], "configurations of chain");
    let seed = Experiment { setup: Setup { seed: 9, ..other.setup }, ..other };
    whole(&seed, &directory.path().join("seed.npz"));
    refused(&[parts[1].clone(), parts[2].clone(), directory.path().join("seed.npz")], "seed = 1 there, and 9 here");
}

/// What numpy reads is what was put: against the ensemble that the readers see, chain after chain, with the state of
/// each row.
#[test]
fn rows_lie_where_they_belong() {
    let directory = tempfile::tempdir().unwrap();
    let experiment = experiment(ArithKind::Fx18, IntegratorKind::Mala, &[3, 2]);
    let path = directory.path().join("e.npz");
    whole(&experiment, &path);
    let ensemble = Ensemble::read(&path).unwrap();
    assert_eq!(ensemble.chain, [[0; 6], [1; 6]].concat().into_iter().chain([2; 5]).collect::<Vec<_>>());
    let store_path = directory.path().join("copy.npz");
    std::fs::copy(&path, &store_path).unwrap();
    let store = Store::open(&store_path, &experiment, Form::Archive).unwrap();
    let mut row = 0;
    for place in 0..3 {
        let mut engine = core_engine(&experiment.setup, place as u32).unwrap();
        engine.hot_start(1.0).unwrap();
        engine.sweep(7).unwrap();
        for draw in 0..experiment.share(place) {
            engine.sweep(3).unwrap();
            assert_eq!(ensemble.phi[6 * row..][..6], engine.phi().unwrap());
            assert_eq!(
                (store.field(place, draw).unwrap(), store.state(row).unwrap()),
                (engine.phi().unwrap(), engine.state().unwrap())
            );
            row += 1;
        }
    }
    assert_eq!(
        headers(&experiment).last().map(|(name, header)| (*name, header.shape.clone())),
        Some(("phi", vec![17, 3, 2]))
    );
}

/// A chain that diverges is named, with the sweep before which it did, and stops the run.
#[test]
fn divergence_stops_the_run() {
    let directory = tempfile::tempdir().unwrap();
    let mut experiment = experiment(ArithKind::F32, IntegratorKind::Euler, &[4, 4]);
    experiment.start_width = 60.0;
    let (path, pool) = (directory.path().join("e.npz"), pool(1));
    let mut run = begin(&experiment, &path, Begin::Anew, &pool);
    let failure = run.run(&pool, &Patience(usize::MAX.into()), HOUR).unwrap_err();
    let Failure::Run(error) = failure else { panic!("{failure:?}") };
    assert!(error.to_string().contains("chain 0 diverged before sweep "), "{error}");
    drop(run);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

/// A checkpoint of another version, of other chains, or with counters that no run of this experiment has: refused in
/// one line, and kept.
#[test]
fn checkpoints_of_other_runs_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (path, pool) = (directory.path().join("e.npz"), pool(1));
    let experiment = experiment(ArithKind::Fx18, IntegratorKind::Euler, &[3, 2]);
    let mut run = begin(&experiment, &path, Begin::Anew, &pool);
    assert_eq!(run.run(&pool, &Patience(5.into()), HOUR).unwrap(), End::Stopped);
    let work = run.work().to_owned();
    drop(run);
    type Edit = fn(&mut Checkpoint);
    let edits: [(&str, Edit); 7] = [
        ("saved by version", |c| c.run = c.run.replace(env!("CARGO_PKG_VERSION"), "0.0.9")),
        ("not a checkpoint", |c| c.run.clear()),
        ("seed = 2 there, and 1 here", |c| c.run = c.run.replace("\"seed\":1", "\"seed\":2")),
        ("number of chains", |c| c.draws.truncate(2)),
        ("configurations of", |c| c.draws[1] = 1 << 40),
        ("sweeps after", |c| c.states[c.under_way[0] as usize].step = 1 << 50),
        ("not a checkpoint of this run", |c| c.words[3] = u64::MAX),
    ];
    for (words, edit) in edits {
        let mut checkpoint = Checkpoint::read(&work).0.unwrap();
        let good = Checkpoint::read(&work).0.unwrap();
        edit(&mut checkpoint);
        checkpoint.states.truncate(checkpoint.draws.len());
        checkpoint.write(&work).unwrap();
        let refused = Stored::begin(&experiment, &core_engine, target(&path), Begin::Resume, &pool);
        let error = refused.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(words) && error.lines().count() == 1, "{words}: {error}");
        good.write(&work).unwrap();
    }
    let mut run = begin(&experiment, &path, Begin::Resume, &pool);
    assert_eq!(run.run(&pool, &Patience(usize::MAX.into()), HOUR).unwrap(), End::Finished);
    run.finish().unwrap();
    assert!(bytes(&path) == whole(&experiment, &directory.path().join("whole.npz")));
}

/// The directory of a run that vanishes while it runs: an error of the sink, in one line.
#[test]
fn a_directory_that_vanishes() {
    let directory = tempfile::tempdir().unwrap();
    let (path, pool) = (directory.path().join("e/"), pool(2));
    let experiment = experiment(ArithKind::F32, IntegratorKind::Mala, &[4]);
    let mut run = begin(&experiment, &path, Begin::Anew, &pool);
    std::fs::remove_dir_all(run.work()).unwrap();
    let failure = run.run(&pool, &Patience(3.into()), HOUR).unwrap_err();
    let Failure::Sink(error) = failure else { panic!("{failure:?}") };
    assert!(error.to_string().contains("cannot write") && error.to_string().lines().count() == 1, "{error}");
    assert!(!run.is_saved());
    let error = run.finish().unwrap_err().to_string();
    assert!(error.contains("cannot write") && error.lines().count() == 1, "{error}");
}

/// A directory is replaced as a whole: one with anything else in it is not.
#[test]
fn other_files_are_never_removed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("e/");
    let of = |count| Experiment { count, ..experiment(ArithKind::Fx16, IntegratorKind::Heun, &[4]) };
    whole(&of(6), &path);
    std::fs::write(path.join("notes"), "mine").unwrap();
    let refused = Target::new(&mut Outputs::default(), "out", &path).err().unwrap().to_string();
    assert!(refused.contains("holds other files, as notes"), "{refused}");
    std::fs::remove_file(path.join("notes")).unwrap();
    whole(&of(7), &path);
    let mut reading = Outputs::reading([path.as_path()]);
    let refused = Target::new(&mut reading, "out", &path).err().unwrap().to_string();
    assert!(refused.contains("which this run reads"), "{refused}");
}
