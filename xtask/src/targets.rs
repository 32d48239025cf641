//! The `no_std` matrix: every bare target with every combination of the core's features.

use crate::bare::{TARGETS, Via};
use crate::report::Report;
use crate::sh::{Result, capture, cargo};
use std::process::Stdio;

/// Builds the matrix, one line for each build.
pub fn run(report: &mut Report, via: Via) -> Result<()> {
    let combinations = combinations(&core_features()?);
    for target in TARGETS {
        for features in &combinations {
            let name = format!("{target} [{}]", features.join(","));
            report.step(&name, || build(via, target, features))?;
        }
    }
    Ok(())
}

/// The compiler asked for, else the first that works here.
pub fn choose(via: Option<Via>) -> Result<Via> {
    match via {
        Some(via) if !via.ready() => Err(format!("{} cannot build the bare targets here", via.label()).into()),
        Some(via) => Ok(via),
        None => Via::find().ok_or_else(|| "no compiler here builds the bare targets: run `cargo xtask setup`".into()),
    }
}

fn build(via: Via, target: &str, features: &[String]) -> Result<String> {
    let mut command = via.build(target);
    command.args(["--package", "stoquant-core", "--no-default-features"]);
    if !features.is_empty() {
        command.arg("--features").arg(features.join(","));
    }
    capture(command).map(|_| via.label().to_owned())
}

/// The core's features, from its manifest, so that a new one cannot be forgotten here.
fn core_features() -> Result<Vec<String>> {
    let mut command = cargo(["metadata", "--no-deps", "--format-version", "1"]);
    let out = command.stderr(Stdio::inherit()).output().map_err(|e| format!("cargo metadata: {e}"))?;
    let metadata: serde_json::Value =
        serde_json::from_slice(&out.stdout).map_err(|e| format!("cargo metadata: {e}"))?;
    let package = metadata["packages"].as_array().into_iter().flatten().find(|p| p["name"] == "stoquant-core");
    let features = package.and_then(|p| p["features"].as_object()).ok_or("cargo metadata: no stoquant-core")?;
    Ok(features.keys().filter(|name| *name != "default").cloned().collect())
}

/// All subsets, the empty one first.
fn combinations(features: &[String]) -> Vec<Vec<String>> {
    let mut all = vec![vec![]];
    for feature in features {
        let mut with = all.clone();
        for set in &mut with {
            set.push(feature.clone());
        }
        all.extend(with);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combinations_are_all_subsets() {
        let sets = combinations(&["a".to_owned(), "b".to_owned(), "c".to_owned()]);
        assert_eq!(sets.len(), 8);
        assert_eq!(sets[0], Vec::<String>::new());
        assert_eq!(sets[7], ["a", "b", "c"]);
    }

    #[test]
    fn features_come_from_the_manifest() {
        let features = core_features().unwrap();
        assert!(features.contains(&"micromath".to_owned()), "{features:?}");
        assert!(!features.contains(&"default".to_owned()), "{features:?}");
    }
}
