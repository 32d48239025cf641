//! `device`: what is no board is said in one line; a board in a thread is one.

use std::fs;

use serde_json::Value;
use stoquant_tests::command::{run, succeed};

use super::place;
use super::refuses::refused;

#[test]
fn what_is_no_board() {
    let directory = place();
    let refused = |args: &[&str], words: &[&str]| refused(directory.path(), args, words);
    refused(&["device", "info", "--port", "nowhere"], &["nowhere"]);
    refused(&["device", "info"], &["--port"]);
    refused(&["device", "info", "--emulate", "cortex-m4f"], &["stoquant-mps2-an386.elf", "cargo xtask firmware"]);
    refused(&["device", "info", "--emulate", "cortex-m4f", "--firmware", "none.elf"], &["none.elf", "is missing"]);
    refused(&["device", "certify", "--emulate", "thread", "--effort", "0"], &["effort = 0", "above 0"]);
    refused(&["device", "run", "--emulate", "thread", "--arith", "f64"], &["no such chain", "device info"]);
    refused(&["device", "run", "--emulate", "thread", "--extent", "512,512"], &["no such chain", "device info"]);
    refused(&["device", "run", "--emulate", "thread", "--chains", "0"], &["chains = 0", "at least 1"]);
    refused(&["device", "run", "--emulate", "thread", "--chains", "4", "--count", "3"], &["count = 3", "chains = 4"]);
    refused(&["device", "run", "--emulate", "thread", "--chains", "many"], &["many", "--chains"]);
    refused(&["device", "run", "--port", "nowhere", "--chains", "2"], &["nowhere"]);
    refused(&["device", "run", "--port", "nowhere", "--baud", "fast"], &["fast", "--baud"]);
}

#[test]
fn a_board_in_a_thread() {
    let directory = place();
    let json = |args: &[&str]| -> Value {
        let out = run(directory.path(), args);
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        serde_json::from_slice(&out.stdout).expect("JSON was asked for")
    };
    let info = json(&["device", "info", "--emulate", "thread", "--json"]);
    assert_eq!(info["same_sources"], true);
    assert_eq!(info["integrators"].as_array().map(Vec::len), Some(4));
    assert_eq!(info["chains"], 1);
    let flags = "--extent 4,6 --kappa 0.27 --lambda 0.022 --eps 0.01 --count 8 --every 5";
    let run = |more: &str| {
        let args = format!("device run --emulate thread --json {flags} {more}");
        json(&args.split_whitespace().collect::<Vec<_>>())
    };
    let report = run("");
    assert_eq!(report["rows"][7]["step"], 40);
    assert_eq!(report["rows"].as_array().map(Vec::len), Some(8));
    // More chains than the board has take turns; they are those of `sample`, also where their shares differ.
    for more in ["--chains 3 --thermalise 7 --seed 9", "--chains 8 --thermalise 0"] {
        let report = run(more);
        assert_eq!(report["side_by_side"], 1);
        let args = format!("sample --json --out a.npz {flags} {more}");
        let manifest = json(&args.split_whitespace().collect::<Vec<_>>());
        assert_eq!(report["final_bits_sha256"], manifest["final_bits_sha256"], "{more}");
        assert_eq!(report["rows"].as_array().map(Vec::len), Some(8));
    }
}

/// The files of a board are those of `generate`, from a model and from its image; manifests differ in the board alone.
#[test]
fn configurations_of_a_board() {
    let directory = place();
    let made = |args: &[&str], out: &str| {
        let args = [args, &["--seed", "3", "--count", "5", "--json", "--out", out]].concat();
        let report: Value = serde_json::from_str(&succeed(directory.path(), &args)).expect("JSON");
        let file = fs::read(directory.path().join(out)).expect("written");
        let beside = fs::read_to_string(directory.path().join(format!("{out}.json"))).expect("a manifest");
        assert_eq!(serde_json::from_str::<Value>(&beside).expect("JSON"), report["manifest"]);
        (file, report)
    };
    let board = ["device", "generate", "--emulate", "thread"];
    for model in ["c16-int8", "c32-int8", "n8-int8"] {
        let image = format!("{model}.sqm");
        succeed(directory.path(), &["quantize", "--model", model, "--steps", "20", "--fields", "2", "--out", &image]);
        let flags = ["--model", model, "--steps", "20"];
        let host = ["generate", "--arith", "int8", "--sampler", "ancestral"];
        let (file, host) = made(&[&host[..], &flags].concat(), "host.npz");
        let (same, mut report) = made(&[&board[..], &flags].concat(), "board.npz");
        assert!(file == same, "{model}: the board's configurations are others");
        let (same, _) = made(&[&board[..], &["--model", &image]].concat(), "image.npz");
        assert!(file == same, "{model}: the image's configurations are others");
        assert_eq!(report["manifest"]["board"], report["board"]);
        assert_eq!(report["board"]["target"], "thread");
        assert_eq!(report["link"]["resets"], 0);
        report["manifest"]["board"] = Value::Null;
        assert_eq!(report["manifest"], host["manifest"]);
    }
    let text = succeed(directory.path(), &[&board[..], &["--model", "n8-int8.sqm", "--count", "2"]].concat());
    for word in ["thread", "phi2", "abs_m", "frames to the board"] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn configurations_that_no_board_makes() {
    let directory = place();
    let quantize = |flags: &[&str]| {
        let args = ["quantize", "--model", "n8-int8", "--fields", "2"];
        succeed(directory.path(), &[&args[..], flags].concat())
    };
    quantize(&["--sampler", "flow-euler", "--steps", "8", "--out", "flow.sqm"]);
    quantize(&["--rows", "400", "--out", "large.sqm"]);
    quantize(&["--steps", "8", "--out", "small.sqm"]);
    let refuse = |flags: &[&str], words: &[&str]| {
        let args = ["device", "generate", "--emulate", "thread"];
        refused(directory.path(), &[&args[..], flags].concat(), words);
    };
    refuse(&["--model", "flow.sqm"], &["flow.sqm", "flow", "reverse SDE"]);
    refuse(&["--model", "large.sqm"], &["large.sqm", "bytes", "thread has room for 65536"]);
    refuse(&["--model", "small.sqm", "--steps", "100"], &["steps = 100", "small.sqm has 8"]);
    refuse(&["--model", "c8"], &["features that reach across the lattice"]);
    refuse(&["--model", "none.safetensors"], &["none.safetensors", "cannot open"]);
    refuse(&["--count", "0"], &["count = 0", "1 to"]);
    refuse(&["--count", "4294967296"], &["count = 4294967296", "1 to"]);
    refuse(&["--steps", "1"], &["steps = 1", "4 to 1024"]);
    refuse(&["--out", "no/such/e.npz"], &["no/such/e.npz", "directory"]);
    refuse(&["--model", "small.sqm", "--out", "small.sqm"], &["small.sqm", "which this run reads"]);
    refuse(&["--model", "small.sqm", "--sums"], &["thread", "does not sum"]);
    refuse(&["--sums", "--out", "e.npz"], &["--sums", "--out"]);
    refused(directory.path(), &["device", "generate", "--port", "nowhere"], &["nowhere"]);
    refused(directory.path(), &["device", "generate"], &["--port"]);
}
