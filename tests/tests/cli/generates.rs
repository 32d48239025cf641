//! `generate`: what it refuses, and that its files follow from the seed alone.

use std::fs;

use ndarray::{Array1, Array3};
use ndarray_npy::NpzReader;
use serde_json::Value;
use stoquant_tests::command::succeed;

use super::place;
use super::refuses::refused;

#[track_caller]
fn generate_refused(flags: &[&str], words: &[&str]) {
    let directory = place();
    fs::write(directory.path().join("words.txt"), "0 1 much").expect("writable");
    fs::write(directory.path().join("falling.txt"), "0 2 1").expect("writable");
    let args = [&["generate", "--model", "c8"], flags].concat();
    refused(directory.path(), &args, words);
}

#[test]
fn models_that_cannot_be() {
    let directory = place();
    let model = |name: &str, words: &[&str]| refused(directory.path(), &["generate", "--model", name], words);
    model("c17", &["model = c17", "c8, c16, c32"]);
    model("no/such.safetensors", &["no/such.safetensors", "cannot open"]);
    model(".", &["cannot"]);
    model("quick.toml", &["quick.toml", "not a whole safetensors file"]);
    generate_refused(&["--extent", "16,16"], &["extent = [16, 16]", "c8 is for 8,8"]);
    generate_refused(&["--kappa", "0.3", "--lambda", "0.022"], &["kappa = 0.3", "c8 is for kappa = 0.27"]);
    generate_refused(&["--kappa", "0.27"], &["kappa", "without lambda"]);
}

#[test]
fn samplers_that_cannot_be() {
    generate_refused(&["--count", "0"], &["count = 0", "1 to"]);
    generate_refused(&["--count", "99999999999"], &["count = 99999999999", "1 to"]);
    generate_refused(&["--steps", "0"], &["steps = 0", "1 to"]);
    generate_refused(&["--steps", "99999999"], &["steps = 99999999", "1 to"]);
    generate_refused(&["--sampler", "flow"], &["sampler", "flow-heun"]);
    generate_refused(&["--arith", "fx18"], &["arith", "fx18", "f32"]);
    generate_refused(&["--grid", "sinh", "--sigma-low", "-1"], &["sigma_low = -1", "positive"]);
    generate_refused(&["--sampler", "predictor-corrector", "--delta", "NaN"], &["delta = NaN", "positive"]);
    generate_refused(&["--likelihood", "--sampler", "ancestral"], &["likelihood", "ancestral", "use path"]);
    generate_refused(&["--path"], &["path", "flow-heun", "likelihood"]);
    generate_refused(&["--metropolis"], &["weights", "give likelihood"]);
    generate_refused(&["--mala", "3", "--sampler", "ancestral"], &["weights", "give path"]);
    generate_refused(&["--mala", "3", "--likelihood", "--eps", "0"], &["eps = 0", "positive"]);
    generate_refused(&["--mala", "9999999999", "--likelihood"], &["mala = 9999999999", "2^32"]);
    generate_refused(&["--check-path", "0"], &["steps = 0", "1 to"]);
    generate_refused(&["--process", "vp"], &["process", "euler-maruyama", "flow-heun"]);
    let euler = |schedule: &str, words: &[&str]| {
        generate_refused(&["--sampler", "euler-maruyama", "--schedule", schedule], words);
    };
    euler("quadratic", &["schedule quadratic", "geometric, linear or cosine"]);
    euler("words.txt", &["words.txt", "number 2", "much"]);
    euler("falling.txt", &["schedule", "above the one before"]);
    euler("cosine", &["left the range of numbers", "another sampler"]);
    generate_refused(&["--reference", "10"], &["reference = 10", "512 to"]);
    generate_refused(&["--reference", "none.npz"], &["none.npz", "cannot open"]);
    generate_refused(&["--out", "no/such/e.npz"], &["no/such/e.npz", "directory"]);
    generate_refused(&["--threads", "0"], &["threads = 0"]);
}

/// A reference on another lattice.
#[test]
fn references_that_do_not_fit() {
    let directory = place();
    succeed(directory.path(), &["sample", "--config", "quick.toml", "--out", "small.npz"]);
    refused(
        directory.path(),
        &["generate", "--model", "c8", "--reference", "small.npz"],
        &["small.npz", "[4, 4]", "8, 8"],
    );
}

/// Bytes depend on the seed, not on threads or the instruction set; the arrays are what the manifest and the output
/// say.
#[test]
fn generate_is_reproducible() {
    let directory = place();
    let generate = |out: &str, flags: &[&str]| {
        let args = ["generate", "--model", "c8", "--count", "64", "--likelihood", "--json", "--out", out];
        let text = succeed(directory.path(), &[&args[..], flags].concat());
        let report: Value = serde_json::from_str(&text).expect("JSON");
        let beside = fs::read_to_string(directory.path().join(format!("{out}.json"))).expect("a manifest");
        assert_eq!(serde_json::from_str::<Value>(&beside).expect("JSON"), report["manifest"]);
        (fs::read(directory.path().join(out)).expect("an ensemble"), report)
    };
    let (one, report) = generate("one.npz", &["--threads", "1", "--machine", "portable"]);
    let (two, again) = generate("two.npz", &["--threads", "2"]);
    assert!(one == two, "threads or machine change the bytes");
    assert_eq!(report["manifest"], again["manifest"]);
    assert!(one != generate("other.npz", &["--seed", "2"]).0, "the seed does not matter");
    assert_eq!(report["manifest"]["file_sha256"], stoquant::output::sha256(&one).as_str());
    assert_eq!(report["manifest"]["config"]["extent"], 8);

    let mut npz = NpzReader::new(std::io::Cursor::new(one)).expect("an archive");
    let phi: Array3<f32> = npz.by_name("phi").expect("fields");
    let [log_q, log_w]: [Array1<f64>; 2] = ["log_q", "log_w"].map(|name| npz.by_name(name).expect("a column"));
    let chain: Array1<u32> = npz.by_name("chain").expect("chains");
    assert_eq!((phi.shape(), chain.len()), (&[64, 8, 8][..], 64));
    // ln w + ln q = -S, here from the fields themselves: 64 sites, f64 sums.
    let (kappa, lambda) = (0.27, 0.022);
    for n in 0..64 {
        let at = |i: usize, j: usize| f64::from(phi[[n, i % 8, j % 8]]);
        let site = |x: usize| {
            let (i, j) = (x / 8, x % 8);
            let p = at(i, j);
            p * (p * (1.0 - 2.0 * lambda + lambda * p * p) - 2.0 * kappa * (at(i + 1, j) + at(i, j + 1)))
        };
        let action: f64 = (0..64).map(site).sum();
        assert!((log_q[n] + log_w[n] + action).abs() < 1e-9, "configuration {n}");
    }

    let raw = &report["evaluation"]["columns"][0]["observables"]["phi2"]["value"];
    let phi2 = phi.iter().map(|&p| f64::from(p).powi(2)).sum::<f64>() / phi.len() as f64;
    assert!((raw.as_f64().expect("a number") - phi2).abs() < 1e-9);
}

/// A chain has no weights any more; a reference has its columns; every sampler runs.
#[test]
fn chains_references_and_samplers() {
    let directory = place();
    let args = ["generate", "--model", "c8", "--count", "64", "--steps", "8"];
    let generate = |flags: &[&str]| succeed(directory.path(), &[&args[..], flags].concat());
    generate(&["--likelihood", "--mala", "2", "--out", "chain.npz"]);
    let file = fs::File::open(directory.path().join("chain.npz")).expect("an ensemble");
    let names = NpzReader::new(file).expect("an archive").names().expect("names");
    assert_eq!(names.iter().map(|name| name.trim_end_matches(".npy")).collect::<Vec<_>>(), ["phi", "chain"]);
    let text =
        generate(&["--sampler", "ancestral", "--path", "--metropolis", "--check-path", "10", "--reference", "512"]);
    for word in ["reference", "raw", "reweighted", "chain", "ESS, samples", "ESS, noised reference", "10 step noised"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    for sampler in ["flow-euler", "flow-ab2", "flow-rk4", "exponential", "predictor-corrector", "euler-maruyama"] {
        assert!(generate(&["--sampler", sampler, "--arith", "f64"]).contains("phi2"), "{sampler}");
    }
    for process in ["ve", "vp", "sub-vp", "chain"] {
        generate(&["--sampler", "euler-maruyama", "--process", process, "--schedule", "linear", "--path"]);
    }
}
