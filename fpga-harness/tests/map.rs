//! Which file of the core has which twin: both sides say the same.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the project")
}

/// Files below a directory with this ending.
fn below(directory: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap_or_else(|e| panic!("{}: {e}", directory.display()));
    let paths = entries.map(|entry| entry.expect("a directory that can be read").path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => below(&path, ending),
            false => vec![path].into_iter().filter(|path| path.extension().is_some_and(|e| e == ending)).collect(),
        })
        .collect()
}

/// What the name of a source's twin begins with: `sq_` and the path in the core; of the protocol and the agent behind
/// it, `sq_link`, and of the agent's score `sq_score`.
fn twin_of(source: &str) -> String {
    match (source.strip_prefix("core/src/"), source) {
        (Some(path), _) => format!("sq_{}", path.trim_end_matches(".rs").replace('/', "_")),
        (None, "agent/src/score.rs") => "sq_score".to_owned(),
        (None, _) => "sq_link".to_owned(),
    }
}

#[test]
fn twins_and_sources_name_each_other() {
    let rtl = root().join("fpga-harness/rtl");
    let mut twins = 0;
    for file in below(&rtl, "sv") {
        let text = fs::read_to_string(&file).expect("a source can be read");
        let head: String =
            text.lines().take_while(|line| line.starts_with("//")).collect::<Vec<_>>().join(" ").replace(" // ", " ");
        let name = file.file_stem().and_then(|stem| stem.to_str()).expect("a name");
        let Some((_, rest)) = head.split_once("win of ") else {
            let apart = ["prim", "gen"].iter().any(|directory| file.starts_with(rtl.join(directory)));
            assert!(apart || head.contains("Hardware only"), "{name}: neither a twin nor hardware only");
            continue;
        };
        let source = rest.split([' ', ',', ';', ':']).next().unwrap_or_default().trim_end_matches('.');
        assert!(root().join(source).exists(), "{name} is the twin of {source}, which there is not");
        assert!(name.starts_with(&twin_of(source)), "{name} is the twin of {source}: {} is its name", twin_of(source));
        twins += 1;
    }
    for file in below(&root().join("core/src"), "rs") {
        let text = fs::read_to_string(&file).expect("a source can be read");
        for named in text.split("`rtl/").skip(1) {
            let twin = named.split('`').next().unwrap_or_default();
            let here = rtl.join(twin).is_file() || rtl.join("gen").join(twin).is_file();
            assert!(here, "{} names {twin}, which is no file", file.display());
        }
    }
    assert!(twins >= 9, "{twins} twins");
}
