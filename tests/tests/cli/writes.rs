//! Good input: files that appear whole, bits that depend on the experiment alone, JSON with the documented keys.

use std::fs;

use ndarray::Array3;
use ndarray_npy::write_npy;
use serde_json::Value;
use stoquant_tests::command::{contents, run, succeed};

use super::place;
use super::refuses::refused;

/// A refused run leaves what was there; a run replaces it whole, and leaves nothing else behind.
#[test]
fn files_appear_whole_or_not_at_all() {
    let directory = place();
    for old in ["e.npz", "e.npz.json"] {
        fs::write(directory.path().join(old), "precious").expect("writable");
    }
    let sample = ["sample", "--config", "quick.toml", "--out", "e.npz"];
    refused(directory.path(), &[&sample[..], &["--eps", "-1"]].concat(), &["eps"]);
    refused(
        directory.path(),
        &["sample", "--config", "quick.toml", "--out", "no/such/e.npz"],
        &["no/such/e.npz", "directory"],
    );
    refused(directory.path(), &["sample", "--config", "quick.toml", "--out", "."], &["out", "directory"]);
    succeed(directory.path(), &sample);
    let names: Vec<String> = contents(directory.path()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["e.npz", "e.npz.json", "quick.toml"]);
    assert!(fs::read(directory.path().join("e.npz")).expect("readable").starts_with(b"PK"));
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// The bytes of an ensemble depend on the experiment alone, and its manifest says which it was.
#[test]
fn sample_is_reproducible() {
    let directory = place();
    let sample = |out: &str, flags: &[&str]| {
        let text =
            succeed(directory.path(), &[&["sample", "--config", "quick.toml", "--json", "--out", out], flags].concat());
        let beside = fs::read_to_string(directory.path().join(format!("{out}.json"))).expect("a manifest");
        assert_eq!(text, beside, "--json prints the manifest");
        (fs::read(directory.path().join(out)).expect("an ensemble"), json(&text))
    };
    let (one, manifest) = sample("one.npz", &["--threads", "1"]);
    let (two, again) = sample("two.npz", &["--threads", "2"]);
    assert!(one == two, "threads change the bytes");
    assert_eq!(manifest, again);
    let (other, _) = sample("other.npz", &["--seed", "8"]);
    assert!(one != other, "the seed does not matter");

    let keys: Vec<&str> = manifest.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "stoquant",
            "experiment",
            "eps",
            "target",
            "acceptance",
            "saturations",
            "chains",
            "file_sha256",
            "final_bits_sha256"
        ]
    );
    assert_eq!(manifest["stoquant"], env!("CARGO_PKG_VERSION"));
    assert_eq!(manifest["file_sha256"], stoquant::output::sha256(&one).as_str());
    assert_eq!(manifest["experiment"]["extent"], serde_json::json!([4, 4]));
    assert_eq!(manifest["experiment"]["seed"], 7);
    assert_eq!(manifest["target"]["lambda"], 0.1);
    let acceptance = manifest["acceptance"].as_f64().expect("a number");
    assert!(acceptance > 0.5 && acceptance <= 1.0, "{acceptance}");

    // A flag overrides its key and nothing else; another form of the couplings replaces the file's.
    let (_, manifest) = sample("flag.npz", &["--eps", "0.025", "--integrator", "euler", "--arith", "f64"]);
    assert_eq!(manifest["experiment"]["eps"], 0.025);
    assert_eq!(manifest["experiment"]["kappa"], 0.2);
    let (_, manifest) = sample("form.npz", &["--mu2", "1", "--g", "0.8", "--eps", "0.02"]);
    assert_eq!(
        [&manifest["target"]["kappa"], &manifest["target"]["b"], &manifest["target"]["lambda"]].map(Value::as_f64),
        [Some(0.5), Some(2.5), Some(0.2)]
    );
}

/// The manifest's experiment, as a file, makes the same ensemble again.
#[test]
fn manifests_reproduce_the_run() {
    let directory = place();
    let sample = |out: &str, config: &str| {
        json(&succeed(directory.path(), &["sample", "--config", config, "--json", "--out", out]))
    };
    let first = sample("first.npz", "quick.toml");
    let experiment: toml::Table = serde_json::from_value(first["experiment"].clone()).expect("numbers, text and lists");
    fs::write(directory.path().join("again.toml"), experiment.to_string()).expect("writable");
    assert_eq!(sample("again.npz", "again.toml"), first);
}

#[test]
fn measure_names_its_observables() {
    let directory = place();
    succeed(
        directory.path(),
        &["sample", "--config", "quick.toml", "--count", "400", "--every", "20", "--out", "e.npz"],
    );
    let bare = json(&succeed(directory.path(), &["measure", "e.npz", "--json"]));
    for key in ["phi2", "phi4", "nn", "abs_m", "m2", "m4", "u4", "chi", "tau_int"] {
        assert!(bare[key]["value"].is_f64() && bare[key]["error"].is_f64(), "{key}: {}", bare[key]);
    }
    assert!(bare.get("schwinger_dyson").is_none(), "no couplings, no action");
    let full = json(&succeed(directory.path(), &["measure", "e.npz", "--json", "--kappa", "0.2", "--lambda", "0.1"]));
    assert_eq!(full["phi2"], bare["phi2"]);
    // MALA samples e^{-S} exactly. 400 configurations, z < 6: false alarms 2e-9; found: what shifts it by 8.3 errors.
    let [value, error] = ["value", "error"].map(|key| full["schwinger_dyson"][key].as_f64().expect("a number"));
    assert!((value - 1.0).abs() < 6.0 * error && error < 0.2, "{value} ± {error}");
    // The table, a blank line, and how the chains agree: JSON has both, and a list of warnings.
    let table = succeed(directory.path(), &["measure", "e.npz"]);
    let (values, chains) = table.split_once("\n\n").expect("two tables");
    assert_eq!(values.lines().count(), bare.as_object().expect("an object").len() - 2 + 1, "{table}");
    assert_eq!(chains.lines().count(), bare["chains"].as_object().expect("an object").len() + 1, "{table}");
    assert_eq!(bare["warnings"], serde_json::json!([]));

    // By hand: φ = ±2 in turn has φ² = 4 and φ⁴ = 16, without error.
    let fields = Array3::from_shape_fn((64, 2, 3), |(n, _, _)| if n % 2 == 0 { 2.0 } else { -2.0 });
    write_npy(directory.path().join("hand.npy"), &fields).expect("writable");
    let hand = json(&succeed(directory.path(), &["measure", "hand.npy", "--json"]));
    assert_eq!([hand["phi2"]["value"].as_f64(), hand["phi4"]["value"].as_f64()], [Some(4.0), Some(16.0)]);
    assert_eq!(hand["phi2"]["error"].as_f64(), Some(0.0));
}

/// Exact results in JSON, against values known from elsewhere (quadrature; the ground state of p²/2 + x²/2 + x⁴).
#[test]
fn exact_prints_what_is_known() {
    let directory = place();
    let exact = |args: &[&str]| json(&succeed(directory.path(), &[&["exact"], args, &["--json"]].concat()));
    let known = |found: &Value, key: &str, expected: f64, digits: i32| {
        let value = found[key]["value"].as_f64().unwrap_or_else(|| panic!("{key}: {found}"));
        assert!((value / expected - 1.0).abs() < 10f64.powi(-digits), "{key}: {value}, known {expected}");
    };
    let site = exact(&["site", "--mu2", "1", "--g", "1"]);
    known(&site, "phi2", 0.467919916973665, 12);
    known(&site, "phi4", 0.532080083026335, 12);
    let ring = exact(&["ring", "--extent", "8", "--kappa", "0.27", "--lambda", "0.022"]);
    known(&ring, "phi2", 0.571739618333, 11);
    known(&ring, "chi", 1.024994626689, 11);
    let torus = exact(&["torus", "--extent", "2,2", "--kappa", "0.27", "--lambda", "0.022"]);
    known(&torus, "nn", 1.915453775524, 9);
    // A free site at m² = 1 and ε = 0.1 by Euler: 1/(1 - ε/2).
    let free = exact(&["free", "--extent", "", "--mass2", "1", "--eps", "0.1", "--integrator", "euler"]);
    known(&free, "phi2", 1.0 / 0.95, 13);
    let oscillator = exact(&["oscillator", "--potential", "0,0,0.5,0,1"]);
    known(&oscillator, "e0", 0.803770651234, 11);
}

/// The law of two sites. Without a coupling each is one site, whose law is found by another method; with one, it lies
/// within a few shifts by rounding of the continuous chain. The table has the numbers of the JSON.
#[test]
fn laws_of_one_site_and_two() {
    let directory = place();
    let law = |flags: &str| {
        let line = format!("exact law --eps 0.02 --lambda 0.25 --b 0.5 {flags}");
        succeed(directory.path(), &line.split_whitespace().collect::<Vec<_>>())
    };
    let number = |found: &Value, key: &str| found[key].as_f64().unwrap_or_else(|| panic!("{key}: {found}"));
    let (one, two) = (json(&law("--width 8 --json")), json(&law("--sites 2 --kappa 0 --json")));
    for key in ["eps", "b", "lambda", "phi", "phi2", "phi4"] {
        let (one, two) = (number(&one, key), number(&two, key));
        assert!((one - two).abs() < 1e-9, "{key}: {one} {two}");
    }
    assert!((number(&two, "nn") - number(&two, "phi").powi(2)).abs() < 1e-12, "{two}");
    let coupled = json(&law("--sites 2 --kappa 0.2 --json"));
    for key in ["phi2", "nn"] {
        let of = |what: &str| number(&coupled, &format!("{key}{what}"));
        let (plain, dithered) = (of("_of_the_continuous_chain"), of("_with_rounding_as_noise"));
        assert!((of("") - dithered).abs() < 10.0 * (dithered - plain).abs(), "{coupled}");
        assert!(of("") > 0.1 && dithered > plain, "{coupled}");
    }
    assert!(number(&coupled, "error_bound") < 1e-9 && number(&coupled, "residual") <= 1e-14, "{coupled}");
    let table = law("--sites 2 --kappa 0.2");
    for key in ["phi2", "phi4", "nn", "kappa"] {
        let digits = format!("{:.12}", number(&coupled, key));
        assert!(table.contains(&digits), "{key} = {digits}:\n{table}");
    }
    // No order is kept with κ < 0, so no bound is proved.
    assert!(json(&law("--sites 2 --kappa -0.2 --json"))["error_bound"].is_null());
    assert!(law("--sites 2 --kappa -0.2").contains("unknown"));
}

/// A certificate of one small experiment and its report: a page that fetches nothing, and the same as JSON, with every
/// figure; the bytes follow from the seed.
#[test]
fn reports_are_whole_and_reproducible() {
    let directory = place();
    let certify = |report: &str, seed: &str| {
        let args = ["certify", "--extent", "", "--mu2", "1", "--g", "1", "--eps", "0.01", "--arith", "fx18"];
        let flags = ["--integrator", "mala", "--effort", "0.05", "--seed", seed, "--json", "--report", report];
        let out = run(directory.path(), &[&args[..], &flags].concat());
        // Pass or fail is not this test's question: 0.05 of the default length is next to nothing.
        assert!(matches!(out.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&out.stderr));
        let at =
            |name: &str| fs::read_to_string(directory.path().join(report).join(name)).expect("a file of the report");
        let (page, text) = (at("index.html"), at("certificate.json"));
        assert_eq!(String::from_utf8_lossy(&out.stdout), text, "--json prints the certificate");
        let names: Vec<String> = contents(&directory.path().join(report)).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["certificate.json", "index.html"]);
        (page, text)
    };
    let (page, text) = certify("one", "1");
    assert!(certify("two", "1") == (page.clone(), text.clone()), "a seed gives one report");
    assert!(certify("one", "2").1 != text, "a report is replaced, and depends on the seed");

    let certificate = json(&text);
    assert_eq!([&certificate["level"], &certificate["seed"]], [&Value::from("standard"), &Value::from(1)]);
    let figures = certificate["figures"].as_array().expect("a list");
    assert!(!figures.is_empty());
    assert_eq!(page.matches("<svg").count(), figures.len(), "every figure is on the page, and in the JSON");
    let numbers = |of: &Value| of.as_array().expect("a list").iter().filter(|v| v.is_f64() || v.is_null()).count();
    for figure in figures {
        for series in figure["series"].as_array().expect("a list") {
            assert!(numbers(&series["x"]) > 0 && numbers(&series["x"]) == numbers(&series["y"]), "{}", figure["name"]);
        }
    }
    // Nothing is fetched and nothing runs: the one address is the name of SVG itself.
    assert_eq!(page.matches("http").count(), page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count());
    for active in ["<script", "<link", "<img", "url(", "@import"] {
        assert!(!page.contains(active), "{active}");
    }
    for check in certificate["checks"].as_array().expect("a list") {
        let name = check["name"].as_str().expect("text").replace('<', "&lt;").replace('>', "&gt;");
        assert!(page.contains(&name), "{name} is not on the page");
        for key in ["p", "false_alarm_rate", "samples"] {
            assert_eq!(check[key].is_f64(), check["z"].is_f64(), "{name}: {key}");
        }
    }
}
