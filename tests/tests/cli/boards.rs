//! `device`: what is no board is said in one line; a board in a thread is one.

use serde_json::Value;
use stoquant_tests::command::run;

use super::place;
use super::refuses::refused;

#[test]
fn what_is_no_board() {
    let directory = place();
    let refused = |args: &[&str], words: &[&str]| refused(directory.path(), args, words);
    refused(&["device", "info", "--port", "nowhere"], &["nowhere"]);
    refused(&["device", "info"], &["--port"]);
    refused(&["device", "info", "--emulate", "cortex-m4f"], &["stoquant-mps2-an386.elf", "cargo xtask firmware"]);
    refused(&["device", "info", "--emulate", "cortex-m4f", "--firmware", "none.elf"], &["none.elf", "is not there"]);
    refused(&["device", "certify", "--emulate", "thread", "--effort", "0"], &["effort = 0", "above 0"]);
    refused(&["device", "run", "--emulate", "thread", "--arith", "f64"], &["no such chain", "device info"]);
    refused(&["device", "run", "--emulate", "thread", "--extent", "512,512"], &["no such chain", "device info"]);
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
    let rows = json(&[
        "device",
        "run",
        "--emulate",
        "thread",
        "--extent",
        "4,6",
        "--kappa",
        "0.27",
        "--lambda",
        "0.022",
        "--eps",
        "0.01",
        "--count",
        "8",
        "--every",
        "5",
        "--json",
    ]);
    assert_eq!(rows[7]["step"], 40);
}
