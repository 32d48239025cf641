//! One law at any scale of the field, from the command to its observables.

use std::path::Path;

use ndarray_npy::write_npy;
use serde_json::Value;
use stoquant_tests::command::{run, succeed};

use super::place;

fn measured(directory: &Path, args: &[&str]) -> Value {
    serde_json::from_str(&succeed(directory, args)).expect("JSON")
}

/// One free site by MALA: μ²⟨φ²⟩ = 1 for μ² from 1e-12 to 1e12, in either precision. |z| < 6: false alarms 2e-9 each; a
/// deviation of 6% is found with probability 0.99.
#[test]
fn mala_of_floats_at_any_scale() {
    let directory = place();
    for arith in ["f64", "f32"] {
        for mu2 in [1e-12_f64, 3e-7, 1.0, 1e5, 1e12] {
            let (eps, width) = (1.0 / mu2, mu2.powf(-0.5));
            let line = format!(
                "sample --extent= --mu2 {mu2} --g 0 --arith {arith} --integrator mala --eps {eps} --chains 4 \
                 --count 40000 --every 5 --thermalise 100 --start-width {width} --json --out a.npz"
            );
            let manifest = measured(directory.path(), &line.split_whitespace().collect::<Vec<_>>());
            assert_eq!(manifest["saturations"], 0, "{arith} {mu2}");
            let found = measured(directory.path(), &["measure", "a.npz", "--json"]);
            let [value, error] = ["value", "error"].map(|key| mu2 * found["phi2"][key].as_f64().expect("a number"));
            assert!((value - 1.0).abs() < 6.0 * error && error < 0.01, "{arith} {mu2}: {value} ± {error}");
        }
    }
}

/// Fields in other units: the averages that the same numbers have in units of one, to rounding.
#[test]
fn measure_at_any_scale() {
    let directory = place();
    let fields = ndarray::Array3::from_shape_fn((64, 5, 7), |(n, i, j)| {
        let x = (n * 977 + i * 131 + j * 17) % 1009;
        (x as f64 / 504.5 - 1.0).powi(3)
    });
    let at = |scale: f64, single: bool| {
        let scaled = fields.mapv(|phi| scale * phi);
        let path = directory.path().join("s.npy");
        match single {
            true => write_npy(path, &scaled.mapv(|phi| phi as f32)),
            false => write_npy(path, &scaled),
        }
        .expect("writable");
        // The numbers are no Markov chain, and have errors that say so.
        let out = run(directory.path(), &["measure", "s.npy", "--json"]);
        serde_json::from_slice::<Value>(&out.stdout).expect("JSON")
    };
    let one = at(1.0, false);
    for (single, bound) in [(false, 1e-12), (true, 1e-5)] {
        for scale in [1e-6, 1e-5, 215.0, 46_341.0, 1e10] {
            let found = at(scale, single);
            for (key, power) in [("phi2", 2), ("phi4", 4), ("nn", 2), ("abs_m", 1), ("m2", 2), ("m4", 4), ("u4", 0)] {
                let of = |found: &Value| found[key]["value"].as_f64().expect("a number");
                let (value, want) = (of(&found) / scale.powi(power), of(&one));
                assert!((value / want - 1.0).abs() < bound, "{scale} {key}: {value} {want}");
            }
        }
    }
}

/// An experiment in floats is certified without a word of the limits of fixed point, at any scale; what is asked for
/// and cannot be is refused at once, and what is not asked for by name is listed.
#[test]
fn experiments_in_floats_are_certified() {
    let directory = place();
    let certify = |flags: &str| {
        let line = format!("certify --effort 0.02 --json {flags}");
        let out = run(directory.path(), &line.split_whitespace().collect::<Vec<_>>());
        let stderr = String::from_utf8_lossy(&out.stderr);
        // Pass or fail is not this test's question: so short a run leaves promises open.
        assert!(matches!(out.status.code(), Some(0 | 1)), "{flags}: {stderr}");
        let certificate: Value = serde_json::from_slice(&out.stdout).expect("JSON");
        for check in certificate["checks"].as_array().expect("a list") {
            assert!(check["verdict"] != "fail", "{flags}: {check}");
        }
        certificate["not_applicable"].to_string()
    };
    // eps·μ² = 1: far too large for the format of any fixed point.
    certify("--extent= --mu2 1e-12 --g 0 --eps 1e12 --arith f64 --integrator mala");
    certify("--extent 4,4 --kappa 0.27 --lambda 0.022 --eps 0.3 --arith f32 --integrator mala");
    let left_out = certify("--extent 4,4 --kappa 0.27 --lambda 0.022 --eps 0.3");
    assert!(left_out.contains("fx18 euler: "), "{left_out}");
    let begun = std::time::Instant::now();
    super::refuses::refused(
        directory.path(),
        &["certify", "--arith", "fx18", "--integrator", "mala", "--eps", "1e9"],
        &["does not fit fx18"],
    );
    assert!(begun.elapsed().as_secs() < 60, "refused late");
}

/// Chains that never move are said to.
#[test]
fn acceptance_zero_is_said() {
    let directory = place();
    let line = "sample --config quick.toml --arith f64 --integrator mala --eps 1e6 --out e.npz";
    let out = run(directory.path(), &line.split_whitespace().collect::<Vec<_>>());
    let stderr = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success() && stderr.contains("acceptance 0"), "{stderr}");
}
