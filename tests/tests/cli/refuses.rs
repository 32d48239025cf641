//! Bad input: one line that says what, where and what would be right; exit status 2; nothing written.

use std::fs;
use std::path::Path;

use ndarray::{Array1, Array3, ArrayD, arr0};
use ndarray_npy::{NpzWriter, write_npy};
use stoquant_tests::command::{contents, run};

use super::place;

/// Refused: exit status 2, nothing on standard output, one line on standard error with these words, the directory as
/// before.
#[track_caller]
pub fn refused(directory: &Path, args: &[&str], words: &[&str]) {
    let before = contents(directory);
    let out = run(directory, args);
    let stderr = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(2), "{args:?}: {stderr}");
    assert_eq!(String::from_utf8_lossy(&out.stdout), "", "{args:?}");
    assert_eq!(stderr.lines().count(), 1, "{args:?}: one line is wanted:\n{stderr}");
    assert!(stderr.starts_with("stoquant: "), "{args:?}: {stderr}");
    for word in words {
        assert!(stderr.contains(word), "{args:?}: {stderr:?} does not say {word:?}");
    }
    assert!(contents(directory) == before, "{args:?} left something behind");
}

/// `stoquant sample` of the quick experiment with more flags.
#[track_caller]
fn sample_refused(flags: &[&str], words: &[&str]) {
    let directory = place();
    let args = [&["sample", "--config", "quick.toml", "--out", "e.npz"], flags].concat();
    refused(directory.path(), &args, words);
}

#[test]
fn physics_that_cannot_be() {
    sample_refused(&["--lambda", "-0.1"], &["lambda = -0.1", "at least 0"]);
    sample_refused(&["--lambda", "0", "--kappa", "0.3"], &["not bounded below"]);
    sample_refused(&["--kappa", "NaN"], &["kappa", "NaN", "finite"]);
    sample_refused(&["--b", "inf"], &["b = inf", "finite"]);
    for eps in ["-1", "0", "NaN", "inf"] {
        sample_refused(&["--eps", eps], &["eps", eps, "positive"]);
    }
    for integrator in ["euler", "leimkuhler-matthews", "heun", "mala"] {
        sample_refused(&["--eps", "1e9", "--integrator", integrator], &["does not fit fx18", "smaller step"]);
    }
    sample_refused(&["--eps", "1e9", "--integrator", "euler", "--arith", "f64"], &["unstable", "below"]);
    sample_refused(&["--eps", "0.2", "--kappa", "0.25"], &["2 kappa eps", "0.06"]);
    sample_refused(&["--start-width", "-1"], &["start width = -1", "at least 0"]);
}

#[test]
fn couplings_half_given_or_twice() {
    let directory = place();
    let sample = |flags: &[&str], words: &[&str]| {
        refused(directory.path(), &[&["sample", "--out", "e.npz"], flags].concat(), words)
    };
    sample(&["--kappa", "0.2"], &["kappa", "without lambda", "both"]);
    sample(&["--lambda", "0.2"], &["lambda", "without kappa", "both"]);
    sample(&["--mu2", "1"], &["mu2", "without g", "both"]);
    sample(&["--kappa", "0.2", "--lambda", "0.1", "--mu2", "1", "--g", "1"], &["two forms"]);
}

#[test]
fn lattices_that_cannot_be() {
    sample_refused(&["--extent", "0"], &["extent", "'0'", "at least 1"]);
    sample_refused(&["--extent", "4,0"], &["extent", "4,0", "at least 1"]);
    sample_refused(&["--extent", "2,2,2,2,2"], &["extent", "up to four"]);
    sample_refused(&["--extent", "4x4"], &["extent", "4x4", "commas"]);
    sample_refused(&["--extent", "100000,100000"], &["too many sites", "2^31"]);
    sample_refused(&["--extent", "99999999999999999999"], &["extent"]);
}

#[test]
fn schedules_that_cannot_be() {
    sample_refused(&["--count", "1"], &["count = 1", "chains = 2"]);
    sample_refused(&["--count", "0"], &["count = 0", "at least 1"]);
    sample_refused(&["--chains", "0"], &["chains = 0", "at least 1"]);
    sample_refused(&["--every", "0"], &["every = 0", "at least 1"]);
    sample_refused(&["--thermalise", "17592186044416"], &["too many sweeps", "2^44"]);
    sample_refused(&["--count", "1000000000000", "--extent", "4,4"], &["count = 1000000000000", "of disk"]);
    sample_refused(&["--threads", "0"], &["threads = 0", "1 to 1024"]);
}

/// What the command line itself cannot read.
#[test]
fn flags_that_cannot_be() {
    sample_refused(&["--seed", "18446744073709551616"], &["seed", "18446744073709551616"]);
    sample_refused(&["--seed", "-1"], &["-1"]);
    sample_refused(&["--eps", "abc"], &["eps", "abc"]);
    sample_refused(&["--arith", "fx17"], &["arith", "fx17", "fx18"]);
    sample_refused(&["--no-such-flag"], &["--no-such-flag"]);
    let directory = place();
    refused(directory.path(), &["sample", "--kappa", "0.2"], &["--out"]);
    refused(directory.path(), &["no-such-command"], &["no-such-command"]);
    refused(
        directory.path(),
        &["exact", "ring", "--kappa", "0.2", "--lambda", "0.1", "--extent", "2,2"],
        &["extent", "1 needed"],
    );
    refused(directory.path(), &["exact", "site"], &["no couplings"]);
    let law = |flags: &str, words: &[&str]| {
        let line = format!("exact law --eps 0.02 --mu2 1 --g 1 {flags}");
        refused(directory.path(), &line.split_whitespace().collect::<Vec<_>>(), words);
    };
    law("--sites 0", &["sites = 0", "1 or 2"]);
    law("--sites 3 --width 8", &["sites = 3", "1 or 2", "too many states"]);
    law("--sites 2 --width 10", &["width = 10", "must be 8"]);
    law("--width 9", &["width = 9", "8, 10, 12"]);
    for integrator in ["leimkuhler-matthews", "heun", "mala"] {
        law(&format!("--sites 2 --integrator {integrator}"), &["integrator", integrator, "euler"]);
    }
    refused(directory.path(), &["exact", "law", "--sites", "2", "--eps", "0.02"], &["no couplings", "--kappa"]);
    let far = ["exact", "law", "--sites", "2", "--eps", "0.2", "--mu2", "1", "--g", "1"];
    refused(directory.path(), &far, &["2 kappa eps", "fx8", "smaller step"]);
    refused(directory.path(), &["certify", "--effort", "0"], &["effort = 0"]);
    // Where no report can be written, nothing is run for it.
    refused(directory.path(), &["certify", "--report", "quick.toml"], &["report = quick.toml", "directory"]);
    refused(directory.path(), &["certify", "--report", "no/such"], &["report = no/such", "one that exists"]);
    refused(directory.path(), &["certify", "--report", "quick.toml/in"], &["report = quick.toml/in", "directory"]);
}

#[test]
fn experiment_files_that_cannot_be() {
    let directory = place();
    let toml = |text: &str, words: &[&str]| {
        fs::write(directory.path().join("bad.toml"), text).expect("writable");
        refused(
            directory.path(),
            &["sample", "--config", "bad.toml", "--out", "e.npz"],
            &[&["bad.toml"], words].concat(),
        );
    };
    toml("kappa = 0.2\nlambda = 0.1\neps = = 1\n", &["bad.toml:3:"]);
    toml("kappa = 0.2\n\nkapa = 0.2\n", &["bad.toml:3:", "kapa"]);
    toml("kappa = \"much\"\n", &["bad.toml:1:", "f64"]);
    toml("seed = -1\n", &["bad.toml:1:"]);
    toml("arith = \"fx17\"\n", &["bad.toml:1:", "fx17", "fx18"]);
    let file = |text: &str, words: &[&str]| {
        fs::write(directory.path().join("bad.toml"), text).expect("writable");
        refused(directory.path(), &["sample", "--config", "bad.toml", "--out", "e.npz"], words);
    };
    file("extent = [4, 0]\n", &["extent", "[4, 0]", "at least 1"]);
    file("extent = [2, 2, 2, 2, 2]\n", &["extent", "up to four"]);
    refused(directory.path(), &["sample", "--config", "none.toml", "--out", "e.npz"], &["none.toml", "cannot read"]);
}

#[test]
fn ensembles_that_cannot_be() {
    let directory = place();
    let at = |name: &str| directory.path().join(name);
    let field = Array3::from_shape_fn((3, 2, 2), |(n, i, j)| (n + 2 * i + j) as f64);
    write_npy(at("integers.npy"), &field.mapv(|x| x as i64)).expect("writable");
    write_npy(at("scalar.npy"), &arr0(1.0)).expect("writable");
    write_npy(at("none.npy"), &Array3::<f64>::zeros((0, 2, 2))).expect("writable");
    write_npy(at("many.npy"), &ArrayD::<f64>::zeros(vec![1; 6])).expect("writable");
    let mut broken = field.clone();
    broken[[1, 0, 1]] = f64::NAN;
    write_npy(at("nan.npy"), &broken).expect("writable");
    let npz = |name: &str, chains: usize| {
        let mut npz = NpzWriter::new(fs::File::create(at(name)).expect("writable"));
        npz.add_array("phi", &field).expect("writable");
        npz.add_array("chain", &Array1::<u32>::zeros(chains)).expect("writable");
        npz.finish().expect("writable");
    };
    npz("whole.npz", 3);
    npz("chains.npz", 2);
    let whole = fs::read(at("whole.npz")).expect("readable");
    fs::write(at("half.npz"), &whole[..whole.len() / 2]).expect("writable");
    fs::write(at("empty.npz"), "").expect("writable");
    fs::write(at("text.npy"), "phi = 1\n").expect("writable");
    for (file, words) in [
        ("integers.npy", &["floats"][..]),
        ("scalar.npy", &["scalar", "shape"]),
        ("none.npy", &["shape [0, 2, 2]", "at least 1"]),
        ("many.npy", &["shape", "up to four"]),
        ("nan.npy", &["configuration 1", "NaN", "site 1", "finite"]),
        ("chains.npz", &["chain", "2 entries", "3 configurations"]),
        ("half.npz", &["npz"]),
        ("empty.npz", &["neither .npz nor .npy"]),
        ("text.npy", &["neither .npz nor .npy"]),
        ("absent.npz", &["cannot open"]),
        ("whole.npz", &["measurements"]),
    ] {
        refused(directory.path(), &["measure", file], &[&[file], words].concat());
    }
    // A directory is no ensemble either.
    refused(directory.path(), &["measure", "."], &["a directory without manifest.json"]);
}
