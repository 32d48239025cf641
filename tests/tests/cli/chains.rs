//! What several chains say about each other, and what short or odd series say about themselves.

use std::fs::File;
use std::path::Path;

use ndarray::{Array1, Array2};
use ndarray_npy::{NpzWriter, write_npy};
use serde_json::Value;
use stoquant::analysis::series::ar1;
use stoquant_tests::command::run;

use super::place;

/// Chains of a single site, with their numbers.
fn write(path: &Path, chains: &[(u32, Vec<f64>)]) {
    let phi: Vec<f64> = chains.iter().flat_map(|(_, phi)| phi.iter().copied()).collect();
    let chain: Vec<u32> = chains.iter().flat_map(|(n, phi)| std::iter::repeat_n(*n, phi.len())).collect();
    let mut npz = NpzWriter::new(File::create(path).expect("writable"));
    npz.add_array("phi", &Array1::from_vec(phi)).expect("writable");
    npz.add_array("chain", &Array1::from_vec(chain)).expect("writable");
    npz.finish().expect("writable");
}

/// `measure --json`: what it prints, and what it complains about.
fn measure(path: &Path) -> (Value, String) {
    let directory = path.parent().expect("a directory");
    let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
    let out = run(directory, &["measure", name, "--json"]);
    let stderr = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(0), "{stderr}");
    (serde_json::from_slice(&out.stdout).expect("JSON"), stderr)
}

/// One of eight chains off by half of σ; chains in two wells; one chain twice; and nothing where nothing is wrong. The
/// false-alarm rate of the last is 1e-4; the seeds are fixed.
#[test]
fn chains_that_disagree_are_named() {
    let directory = place();
    let path = directory.path().join("c.npz");
    let eight = |shift: &dyn Fn(u32) -> f64| -> Vec<(u32, Vec<f64>)> {
        let of = |n: u32| ar1(0.5, 2000, 500 + u64::from(n)).iter().map(|phi| phi + shift(n)).collect();
        (10..18).map(|n| (n, of(n))).collect()
    };
    write(&path, &eight(&|_| 0.0));
    let (found, complaints) = measure(&path);
    assert_eq!(complaints, "");
    assert!(found["chains"]["m"]["p"].as_f64() > Some(1e-4), "{}", found["chains"]);
    assert!(found["chains"]["m"]["r_hat"].as_f64() < Some(1.05), "{}", found["chains"]);

    write(&path, &eight(&|n| if n == 13 { 0.5 } else { 0.0 }));
    let (found, complaints) = measure(&path);
    assert!(complaints.contains("disagree in m: ") && complaints.contains("off: chain 13 (+"), "{complaints}");
    assert!(found["chains"]["m"]["chi2"].as_f64() > Some(80.0) && found["chains"]["m"]["dof"] == 7.0, "{found}");
    assert!(!found["warnings"].as_array().expect("a list").is_empty());

    write(&path, &eight(&|n| if n % 2 == 0 { 8.0 } else { -8.0 }));
    let (_, complaints) = measure(&path);
    assert!(complaints.contains("M keeps its sign in chain 10 (<M> = +"), "{complaints}");
    assert!(complaints.contains("17 (<M> = -"), "{complaints}");
    assert!(complaints.contains("disagree in m: ") && !complaints.contains("disagree in abs_m"), "{complaints}");

    let mut twice = eight(&|_| 0.0);
    twice[6].1 = twice[1].1[..500].to_vec();
    write(&path, &twice);
    let (_, complaints) = measure(&path);
    assert!(complaints.contains("the same chain twice: 16 (as 11)"), "{complaints}");
}

/// `sample` says it as well: two chains that start in either well of a deep double well, and stay.
#[test]
fn sample_says_where_chains_are_stuck() {
    let directory = place();
    // S = -4φ² + λφ⁴: wells at ±√(2/λ) = ±10, 80 units of action deep.
    let line = "sample --extent= --kappa 0 --b -4 --lambda 0.02 --arith f64 --integrator mala --eps 0.02 --chains 6 \
                --count 3000 --every 10 --start-width 5 --out e.npz";
    let out = run(directory.path(), &line.split_whitespace().collect::<Vec<_>>());
    let (stdout, stderr) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success() && stderr.contains("M keeps its sign in chain 0"), "{stderr}");
    assert!(stderr.contains("the chains disagree in m: "), "{stderr}");
    assert!(stdout.contains("chi2/dof") && stdout.contains("R-hat"), "{stdout}");
}

/// A short chain beside a long one leaves τ as it is; what is too short has no error, and says so; period 2 is not
/// called short.
#[test]
fn short_and_odd_series() {
    let directory = place();
    let path = directory.path().join("c.npz");
    let tau = |found: &Value| found["tau_int"]["value"].as_f64().expect("a number");
    // M² of AR(1) decorrelates as ρ²: τ = 50.
    let rho = (99.0_f64 / 101.0).sqrt();
    let long = ar1(rho, 50_000, 7);
    write(&path, &[(0, long.clone())]);
    let alone = tau(&measure(&path).0);
    assert!((alone / 50.0 - 1.0).abs() < 0.5, "{alone}");
    write(&path, &[(0, long), (1, ar1(rho, 12, 8))]);
    let (found, _) = measure(&path);
    assert!((tau(&found) / alone - 1.0).abs() < 0.02, "{} {alone}", tau(&found));
    assert_eq!(found["tau_int"]["status"], "converged");

    let phi = Array2::from_shape_vec((10, 1), ar1(0.0, 10, 9)).expect("a shape");
    write_npy(directory.path().join("ten.npy"), &phi).expect("writable");
    let (found, complaints) = measure(&directory.path().join("ten.npy"));
    assert!(complaints.contains("too few measurements") && complaints.contains("they have no error"), "{complaints}");
    for key in ["phi2", "tau_int"] {
        assert!(found[key]["error"].is_null() && found[key]["value"].is_f64(), "{}", found[key]);
        assert_eq!(found[key]["status"], "too_correlated");
    }

    let alternating: Vec<f64> = (0..1000).map(|n| if n % 2 == 0 { 1.0 } else { -2.0 }).collect();
    write(&path, &[(0, alternating)]);
    let (found, complaints) = measure(&path);
    assert_eq!((found["m2"]["status"].as_str(), complaints.as_str()), (Some("anticorrelated"), ""));
    // φ² is 1 and 4 in turn: σ = 1.5.
    let error = found["m2"]["error"].as_f64().expect("a number");
    assert!((error - 1.5 / 1000.0_f64.sqrt()).abs() < 1e-3 && found["tau_int"]["error"].is_null(), "{found}");
}
