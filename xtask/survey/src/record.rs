//! What became of each defect: the record, the reasons why some are none, and the tables.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::sites::{Kind, Site};

/// What became of a defect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "end", content = "by")]
pub enum Outcome {
    /// By a check of the certificate.
    Caught(String),
    /// By a test.
    Tested(String),
    /// It changes no result, for this reason.
    Equivalent(String),
    /// By nothing.
    Survived,
    /// The certificate does not run the place, and no test notices.
    Unreached,
}

/// A defect on record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// What stays as other functions change.
    pub id: String,
    /// Its line, at the time.
    pub line: usize,
    /// What is altered.
    pub kind: Kind,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// Reasons why some defects change no result.
#[derive(Debug, Default, Deserialize)]
pub struct Equivalents {
    /// One a defect.
    #[serde(default)]
    pub equivalent: Vec<Equivalent>,
}

/// A defect that changes no result.
#[derive(Debug, Deserialize)]
pub struct Equivalent {
    /// Its name.
    pub id: String,
    /// Why.
    pub reason: String,
}

impl Equivalents {
    /// Reads the table.
    pub fn read(path: &Path) -> Result<Self, String> {
        let fail = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
        match fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text).map_err(|e| fail(&e)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(e) => Err(fail(&e)),
        }
    }

    /// The reason on record for a defect.
    pub fn reason(&self, id: &str) -> Option<&str> {
        self.equivalent.iter().find(|row| row.id == id).map(|row| row.reason.as_str())
    }
}

/// The record: entries by name.
pub type Record = BTreeMap<String, Entry>;

/// Reads the record; it is empty where there is none.
pub fn read(path: &Path) -> Result<Record, String> {
    let Ok(text) = fs::read_to_string(path) else { return Ok(Record::new()) };
    let entries: Vec<Entry> = serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(entries.into_iter().map(|entry| (entry.id.clone(), entry)).collect())
}

/// Writes the record: one line a defect, in the order of their names. Defects that can no longer be made are left out.
pub fn write(path: &Path, record: &mut Record, sites: &[Site]) -> Result<(), String> {
    let known: BTreeSet<String> = sites.iter().map(Site::id).collect();
    record.retain(|id, _| known.contains(id));
    let mut lines = Vec::new();
    for entry in record.values() {
        lines.push(serde_json::to_string(entry).map_err(|e| e.to_string())?);
    }
    let text = format!("[\n{}\n]\n", lines.join(",\n"));
    path.parent().map_or(Ok(()), fs::create_dir_all).map_err(|e| e.to_string())?;
    fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
}

/// The crate that a defect lies in: the folder above `src`.
pub fn part(id: &str) -> &str {
    id.split_once("/src/").map_or(id, |(folder, _)| folder)
}

/// Counts by crate and by kind, as a table of Markdown.
pub fn table<'a>(entries: impl Iterator<Item = &'a Entry>) -> String {
    let mut rows: BTreeMap<(u8, String), [usize; 5]> = BTreeMap::new();
    for entry in entries {
        let column = match entry.outcome {
            Outcome::Caught(_) => 0,
            Outcome::Tested(_) => 1,
            Outcome::Equivalent(_) => 2,
            Outcome::Survived => 3,
            Outcome::Unreached => 4,
        };
        let keys = [(0, format!("`{}`", part(&entry.id))), (1, entry.kind.to_string()), (2, "all".to_owned())];
        keys.into_iter().for_each(|key| rows.entry(key).or_default()[column] += 1);
    }
    let mut text = "| where, what | planted | certificate | tests | equivalent | survived | not run |\n".to_owned();
    text += "|---|---|---|---|---|---|---|\n";
    for ((_, name), counts) in rows {
        let all: usize = counts.iter().sum();
        let [caught, rest @ ..] = counts;
        let percent = 100.0 * caught as f64 / all as f64;
        let _ = write!(text, "| {name} | {all} | {caught} ({percent:.0}%) |");
        rest.iter().for_each(|count| write!(text, " {count} |").expect("a string takes all"));
        text.push('\n');
    }
    text
}

/// Crates and kinds that a row of [`by_rung`] names.
const MOST: usize = 3;

/// What each rung caught before any other, cheapest first: how many, in which crates, and what was altered, each by
/// number.
pub fn by_rung<'a>(entries: impl Iterator<Item = &'a Entry>) -> String {
    let mut rungs: BTreeMap<&str, [BTreeMap<String, usize>; 2]> = BTreeMap::new();
    for entry in entries {
        let Outcome::Caught(by) = &entry.outcome else { continue };
        // A defect that ends the program is caught by all rungs that ran together.
        let rung = by.split([':', '|']).next().unwrap_or(by);
        let [places, kinds] = rungs.entry(rung).or_default();
        *places.entry(format!("`{}`", part(&entry.id))).or_default() += 1;
        *kinds.entry(entry.kind.to_string()).or_default() += 1;
    }
    let total = |counts: &BTreeMap<String, usize>| counts.values().sum::<usize>();
    let list = |counts: &BTreeMap<String, usize>| {
        let mut counts: Vec<(&String, &usize)> = counts.iter().collect();
        counts.sort_by_key(|&(name, count)| (std::cmp::Reverse(*count), name));
        let more = if counts.len() > MOST { ", …" } else { "" };
        let shown: Vec<String> = counts.into_iter().take(MOST).map(|(name, count)| format!("{name} {count}")).collect();
        shown.join(", ") + more
    };
    let mut rows: Vec<_> = rungs.into_iter().collect();
    rows.sort_by_key(|(rung, [places, _])| (std::cmp::Reverse(total(places)), *rung));
    let mut text = "| rung | caught first | where | what was altered |\n|---|---|---|---|\n".to_owned();
    for (rung, [places, kinds]) in rows {
        let _ = writeln!(text, "| `{rung}` | {} | {} | {} |", total(&places), list(&places), list(&kinds));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, kind: Kind, outcome: Outcome) -> Entry {
        Entry { id: id.into(), line: 1, kind, outcome }
    }

    #[test]
    fn the_record_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record.json");
        let sites = crate::sites::find("core/src/a.rs", "fn f(a: u32) -> u32 { a + 1 }").unwrap().sites;
        let mut record: Record = (sites.iter())
            .map(|site| (site.id(), entry(&site.id(), site.kind, Outcome::Caught("exact: ⟨φ²⟩".into()))))
            .collect();
        record.insert("gone".into(), entry("gone", Kind::Term, Outcome::Survived));
        write(&path, &mut record, &sites).unwrap();
        assert!(!record.contains_key("gone") && record.len() == sites.len());
        assert_eq!(read(&path).unwrap(), record);
    }

    #[test]
    fn counts_are_by_crate_and_kind() {
        let entries = [
            entry("core/src/a.rs f: x", Kind::Term, Outcome::Caught("exact: x".into())),
            entry("core/src/b.rs f: x", Kind::Logic, Outcome::Survived),
            entry("host/exact/src/a.rs f: x", Kind::Term, Outcome::Equivalent("why".into())),
        ];
        let table = table(entries.iter());
        let row = |start: &str| table.lines().find(|line| line.starts_with(start)).unwrap().to_owned();
        assert_eq!(row("| `core`"), "| `core` | 2 | 1 (50%) | 0 | 0 | 1 | 0 |");
        assert_eq!(row("| term"), "| term | 2 | 1 (50%) | 0 | 1 | 0 | 0 |");
        assert_eq!(row("| all"), "| all | 3 | 1 (33%) | 0 | 1 | 1 | 0 |");
    }

    #[test]
    fn counts_are_by_the_rung_that_caught_it() {
        let entries = [
            entry("core/src/a.rs f: x", Kind::Term, Outcome::Caught("exact: x".into())),
            entry("core/src/b.rs f: x", Kind::Logic, Outcome::Caught("exact: y".into())),
            entry("host/exact/src/b.rs f: x", Kind::Term, Outcome::Caught("exact|orders: ends with status 1".into())),
            entry("core/src/c.rs f: x", Kind::Size, Outcome::Caught("noise: z".into())),
            entry("core/src/d.rs f: x", Kind::Size, Outcome::Survived),
        ];
        let table = by_rung(entries.iter());
        let rows: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(
            rows,
            ["| `exact` | 3 | `core` 2, `host/exact` 1 | term 2, logic 1 |", "| `noise` | 1 | `core` 1 | size 1 |"]
        );
    }
}
