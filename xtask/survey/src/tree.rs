//! A copy of the workspace with switches.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use crate::sites::{Found, Kind, Site, find};

/// Folders under survey.
const FOLDERS: [&str; 6] =
    ["core/src/", "engines/src/", "host/diffusion/src/", "host/exact/src/", "host/integers/src/", "host/certify/src/"];

/// What is left out: pages and figures, of which nothing is claimed, and inner loops that a processor with vectors does
/// not run.
const EXEMPT: [&str; 3] = ["host/certify/src/report/", "host/certify/src/figure.rs", "core/src/form/scalar/"];

/// Where constants stay: lengths of runs and bounds of checks are chosen, and another choice is no defect.
const CHOSEN: &str = "host/certify/src/";

/// The module with the switches.
const SWITCHES: &str = include_str!("planted.rs");

/// Files of the workspace, as git knows them.
pub fn files(root: &Path) -> Result<Vec<String>, String> {
    let args = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let out = Command::new("git").args(args).current_dir(root).output().map_err(|e| format!("git: {e}"))?;
    let names = String::from_utf8_lossy(&out.stdout).lines().map(str::to_owned).collect::<Vec<_>>();
    // What was just deleted is still listed.
    Ok(names.into_iter().filter(|name| root.join(name).is_file()).collect())
}

/// Every place of every file under survey.
pub fn sites(root: &Path, files: &[String]) -> Result<Vec<Site>, String> {
    let surveyed = |name: &&String| {
        let under = FOLDERS.iter().any(|folder| name.starts_with(folder)) && name.ends_with(".rs");
        under && !EXEMPT.iter().any(|folder| name.starts_with(folder))
    };
    let mut found: BTreeMap<&str, Found> = BTreeMap::new();
    for name in files.iter().filter(surveyed) {
        let text = read(&root.join(name))?;
        found.insert(name, find(name, &text).map_err(|e| format!("{name}: {e}"))?);
    }
    let tests: Vec<String> = found
        .iter()
        .flat_map(|(name, found)| found.test_modules.iter().map(|module| module_path(name, module)))
        .collect();
    let tested = |name: &str| {
        tests
            .iter()
            .any(|path| name.strip_prefix(path.as_str()).is_some_and(|rest| rest == ".rs" || rest.starts_with('/')))
    };
    let sites = found.into_iter().filter(|(name, _)| !tested(name)).flat_map(|(_, found)| found.sites);
    Ok(sites.filter(|site| site.kind != Kind::Constant || !site.file.starts_with(CHOSEN)).collect())
}

/// Where a module lies that `file` declares, without its ending.
fn module_path(file: &str, module: &str) -> String {
    let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
    match name.trim_end_matches(".rs") {
        "mod" | "lib" | "main" => format!("{folder}/{module}"),
        stem => format!("{folder}/{stem}/{module}"),
    }
}

/// A surveyed copy.
pub struct Tree {
    /// Its root.
    pub root: PathBuf,
    /// Bytes of a rewritten file that belong to a switch.
    places: BTreeMap<String, Vec<(Range<usize>, usize)>>,
}

impl Tree {
    /// Copies the workspace, with a switch for each defect by its number. Files that would stay the same are not
    /// written: what was built of them is still good.
    pub fn write(from: &Path, to: &Path, files: &[String], planted: &BTreeMap<usize, Site>) -> Result<Self, String> {
        let mut tree = Self { root: to.to_owned(), places: BTreeMap::new() };
        for name in files {
            let bytes = fs::read(from.join(name)).map_err(|e| format!("{name}: {e}"))?;
            let mine: Vec<(usize, &Site)> =
                planted.iter().filter(|(_, site)| site.file == *name).map(|(&n, site)| (n, site)).collect();
            let bytes = match name.as_str() {
                "model/src/lib.rs" => [&bytes[..], b"\nmod planted;\npub use planted::planted;\n"].concat(),
                _ if mine.is_empty() => bytes,
                _ => {
                    let text = String::from_utf8(bytes).map_err(|e| format!("{name}: {e}"))?;
                    let (text, places) = rewrite(&text, &mine);
                    tree.places.insert(name.clone(), places);
                    text.into_bytes()
                }
            };
            put(&to.join(name), &bytes)?;
        }
        put(&to.join("model/src/planted.rs"), SWITCHES.as_bytes())?;
        Ok(tree)
    }

    /// The switch at bytes of a file, else the one nearest to them.
    pub fn at(&self, file: &str, bytes: &Range<usize>) -> Option<(usize, bool)> {
        let places = self.places.get(file)?;
        let distance = |place: &Range<usize>| match place {
            _ if place.end < bytes.start => bytes.start - place.end,
            _ if place.start > bytes.end => place.start - bytes.end,
            _ => 0,
        };
        let nearest = places.iter().min_by_key(|(place, _)| distance(place))?;
        Some((nearest.1, distance(&nearest.0) == 0))
    }
}

/// Replaces each place; also says where the switches now lie.
pub fn rewrite(text: &str, planted: &[(usize, &Site)]) -> (String, Vec<(Range<usize>, usize)>) {
    let mut sorted = planted.to_vec();
    sorted.sort_by_key(|(_, site)| site.range.start);
    let (mut out, mut places, mut end) = (String::new(), Vec::new(), 0);
    for (number, site) in sorted {
        out.push_str(&text[end..site.range.start]);
        let start = out.len();
        out.push_str(&site.switched(&text[site.range.clone()], number));
        places.push((start..out.len(), number));
        end = site.range.end;
    }
    out.push_str(&text[end..]);
    (out, places)
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let write = || -> io::Result<()> {
        if fs::read(path).is_ok_and(|there| there == bytes) {
            return Ok(());
        }
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, bytes)
    };
    write().map_err(|e| format!("{}: {e}", path.display()))
}
