//! `quantize`, and `generate` from its images.

use std::fs;

use serde_json::Value;
use stoquant_core::score::int8::Image;
use stoquant_tests::command::succeed;
use stoquant_tests::images::with_checksum;

use super::place;
use super::refuses::refused;

#[test]
fn what_cannot_be_quantised() {
    let directory = place();
    let quantize = |flags: &[&str], words: &[&str]| refused(directory.path(), &[&["quantize"], flags].concat(), words);
    quantize(&["--model", "c16"], &["features that reach across the lattice", "local"]);
    quantize(&["--sampler", "predictor-corrector"], &["sampler = predictor-corrector", "flows and ancestral"]);
    quantize(&["--steps", "1"], &["steps = 1", "4 to 1024"]);
    quantize(&["--steps", "99999999"], &["steps = 99999999", "4 to 1024"]);
    quantize(&["--rows", "3"], &["rows = 3", "4 to"]);
    quantize(&["--fields", "99999999"], &["fields = 99999999", "65536"]);
    quantize(&["--out", "no/such/c.sqm"], &["no/such", "existing directory"]);
    let generate = |flags: &[&str], words: &[&str]| refused(directory.path(), &[&["generate"], flags].concat(), words);
    generate(&["--model", "c8", "--arith", "int8"], &["features that reach across the lattice"]);
    fs::write(directory.path().join("cut.sqm"), b"\x89SQM\x01\x00").expect("writable");
    generate(&["--model", "cut.sqm"], &["cut.sqm", "6 bytes"]);
}

/// An image gives the same bits as its model quantised in passing; it is refused what it cannot do, and broken it is
/// refused.
#[test]
fn images_generate() {
    let directory = place();
    let run = |args: &[&str]| succeed(directory.path(), args);
    let made = run(&[
        "quantize", "--model", "n8-int8", "--steps", "20", "--fields", "2", "--check", "64", "--out", "n.sqm", "--hex",
        "n.hex", "--json",
    ]);
    let report: Value = serde_json::from_str(&made).expect("JSON");
    let bytes = fs::read(directory.path().join("n.sqm")).expect("written");
    assert_eq!(report["bytes"], bytes.len());
    assert_eq!(report["check"].as_array().map(Vec::len), Some(2));
    let hex = fs::read_to_string(directory.path().join("n.hex")).expect("written");
    let words: Vec<u8> =
        hex.lines().flat_map(|line| u16::from_str_radix(line, 16).expect("hexadecimal").to_le_bytes()).collect();
    assert_eq!(words, bytes);

    let generate = |flags: &[&str], out: &str| {
        run(&[&["generate", "--count", "8", "--path", "--seed", "3", "--out", out], flags].concat());
        fs::read(directory.path().join(out)).expect("written")
    };
    let image = generate(&["--model", "n.sqm"], "a.npz");
    let passing = ["--model", "n8-int8", "--arith", "int8", "--sampler", "ancestral", "--steps", "20"];
    assert_eq!(image, generate(&passing, "b.npz"));
    assert_eq!(image, generate(&["--model", "n.sqm", "--threads", "1", "--machine", "portable"], "c.npz"));

    let refuse = |flags: &[&str], words: &[&str]| {
        refused(directory.path(), &[&["generate", "--model", "n.sqm"], flags].concat(), words);
    };
    refuse(&["--arith", "f32"], &["arith = f32", "int8"]);
    refuse(&["--likelihood"], &["likelihood", "use path"]);
    refuse(&["--metropolis"], &["weights", "give path"]);
    refuse(&["--path", "--check-path", "10"], &["check-path", "float model"]);
    refuse(&["--extent", "16,16"], &["extent = [16, 16]", "8,8"]);
    // Phi4 and σ are no part of any integer, and matter to weights.
    let mut wrong = bytes.clone();
    wrong[40..48].copy_from_slice(&f64::NAN.to_le_bytes());
    fs::write(directory.path().join("n.sqm"), with_checksum(wrong)).expect("writable");
    refuse(&["--path"], &["n.sqm", "kappa = NaN"]);
    let mut wrong = bytes.clone();
    let stages = Image::new(&bytes).expect("an image").shape().sections()[5];
    wrong[stages + 16 + 12..stages + 32].copy_from_slice(&(-1f32).to_le_bytes());
    fs::write(directory.path().join("n.sqm"), with_checksum(wrong)).expect("writable");
    refuse(&["--path"], &["n.sqm", "sigma of stage 1 = -1", "must fall"]);
    let mut broken = bytes;
    broken[200] ^= 1;
    fs::write(directory.path().join("n.sqm"), broken).expect("writable");
    refuse(&[], &["n.sqm", "CRC-32"]);
}
