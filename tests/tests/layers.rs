//! What may depend on what.

use std::path::Path;
use std::process::Command;

/// Names of all packages that `package` is built with.
fn dependencies(package: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root).args([
        "tree",
        "--offline",
        "--edges",
        "normal,build",
        "--prefix",
        "none",
        "--package",
        package,
    ]);
    let output = cargo.output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("names");
    text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

/// What the core is compared with shares no code with it: neither exact results nor analysis nor the reference
/// samplers.
#[test]
fn exact_results_are_built_without_the_core() {
    let found = dependencies("stoquant-exact");
    assert!(found.contains(&"stoquant-model".into()), "{found:?}");
    let own: Vec<&String> = found.iter().filter(|name| name.starts_with("stoquant")).collect();
    assert!(own.iter().all(|name| ["stoquant-exact", "stoquant-model"].contains(&name.as_str())), "{own:?}");
}

/// Nothing but training waits for what training needs, and whoever certifies a core needs no board.
#[test]
fn layers_of_the_host() {
    for (package, without) in [
        ("stoquant-certify", ["stoquant-training", "stoquant-device", "stoquant-link"]),
        ("stoquant-diffusion", ["stoquant-training", "stoquant-certify", "stoquant-integers"]),
        ("stoquant-experiment", ["stoquant-diffusion", "stoquant-certify", "stoquant-integers"]),
    ] {
        let found = dependencies(package);
        assert!(
            found.len() > 10 && without.iter().all(|name| !found.contains(&(*name).into())),
            "{package}: {found:?}"
        );
    }
}
