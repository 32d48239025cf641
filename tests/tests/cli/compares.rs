//! `stoquant compare`: a page and its JSON, flags over file, and what it refuses.

use std::fs;

use serde_json::Value;
use stoquant_tests::command::{contents, succeed};

use super::place;
use super::refuses::refused;

/// One κ, L = 8: every contender once, with what its numbers mean; short runs are bounds, never numbers.
#[test]
fn compare_writes_page_and_json() {
    let directory = place();
    let toml = "kappa = [0.2, 0.25]\nsize = [8]\nseconds = 0.3\nkappa_c = 0.25\n";
    fs::write(directory.path().join("c.toml"), toml).expect("writable");
    let flags = ["compare", "--quick", "--config", "c.toml", "--kappa", "0.25", "--out", "c.html", "--json"];
    let text = succeed(directory.path(), &flags);
    let names: Vec<String> = contents(directory.path()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["c.html", "c.html.json", "c.toml", "quick.toml"]);
    let at = |name: &str| fs::read_to_string(directory.path().join(name)).expect("a file");
    assert_eq!(text, at("c.html.json"), "--json prints what is written");
    let found: Value = serde_json::from_str(&text).expect("JSON");
    let records = found["records"].as_array().expect("a list");
    let contenders: Vec<&str> = records.iter().map(|r| r["contender"].as_str().expect("text")).collect();
    assert_eq!(contenders, ["langevin", "mala", "hmc", "cluster"]);
    for record in records {
        assert_eq!(record["extents"], serde_json::json!([8, 8]));
        assert_eq!(record["couplings"]["kappa"], 0.25);
        let number = |of: &Value| of.as_f64().filter(|x| *x > 0.0).unwrap_or_else(|| panic!("{record}"));
        let [tau, cost, m2] = ["tau_int", "cost", "m2"].map(|key| number(&record[key]["value"]));
        let seconds = number(&record["seconds_per_sweep"]);
        assert!((cost / (2.0 * tau * seconds) - 1.0).abs() < 1e-12, "{record}");
        assert!(tau >= 0.1 && m2 < 10.0, "{record}");
        assert!(record["resolved"] == false || number(&record["sweeps"]) >= 100.0 * tau, "{record}");
    }
    // Clusters forget within a few sweeps: a third of a second is long.
    assert_eq!(records[3]["resolved"], true);
    assert!(found["exponents"].as_array().expect("a list").iter().all(|e| e["fit"].is_null()), "one size has no z");
    let page = at("c.html");
    assert_eq!(page.matches("<svg").count(), 1);
    assert!(page.contains("bias of O(ε)"));
    assert_eq!(page.matches("http").count(), page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count());
}

#[test]
fn comparisons_that_cannot_be() {
    let directory = place();
    let compare = |flags: &[&str], words: &[&str]| {
        refused(directory.path(), &[&["compare", "--quick"], flags].concat(), words);
    };
    compare(&["--size", "0"], &["size = 0", "1 to 255"]);
    compare(&["--size", "300"], &["size = 300", "1 to 255"]);
    compare(&["--kappa", "0.2,NaN"], &["kappa = NaN", "finite"]);
    compare(&["--kappa", "0.2,x"], &["kappa", "x"]);
    compare(&["--lambda", "-1"], &["kappa = 0.24"]);
    compare(&["--lambda", "0"], &["kappa = 0.27088", "not bounded below"]);
    compare(&["--eps", "-1"], &["langevin", "eps", "positive"]);
    compare(&["--eps", "9"], &["langevin", "unstable"]);
    compare(&["--seconds", "0"], &["seconds = 0", "above 0"]);
    compare(&["--threads", "0"], &["threads = 0", "1 to 1024"]);
    compare(&["--out", "no/such.html"], &["out = no/such.html", "existing directory"]);
    compare(&["--config", "none.toml"], &["none.toml", "cannot read"]);
    compare(&["--config", "quick.toml"], &["quick.toml:5:", "chains"]);
}
