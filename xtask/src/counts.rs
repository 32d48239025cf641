//! `cargo xtask counts`: instructions under callgrind against the record, the one measurement of speed that other
//! programs do not disturb.

use crate::setup;
use crate::sh::{Error, Result, capture, cargo, root};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use stoquant::simd::MachineKind;

const RECORD: &str = "benches/counts.json";

/// Callgrind counts the same twice; what moves a count without a change of ours is a compiler's patch level or a libm.
const TOLERANCE: f64 = 0.02;

/// "machine/case" and its instructions.
type Counts = BTreeMap<String, u64>;

/// Counts, and compares with the record or writes it.
pub fn run(record: bool) -> Result<String> {
    if let Some(missing) = setup::missing_counters() {
        return Err(format!("{missing} is missing: run `cargo xtask setup`").into());
    }
    let counts = count()?;
    if record {
        if !MachineKind::Avx2.is_available() {
            return Err("a record has the counts of AVX2, which is not here".into());
        }
        let text = serde_json::to_string_pretty(&json!({ "target": std::env::consts::ARCH, "instructions": counts }));
        let text = text.map_err(|e| e.to_string())? + "\n";
        fs::write(root().join(RECORD), text).map_err(|e| format!("{RECORD}: {e}"))?;
        return Ok(format!("{} counts recorded in {RECORD}", counts.len()));
    }
    let (target, mut recorded) = read()?;
    if target != std::env::consts::ARCH {
        return Ok(format!("{} counted, NOT COMPARED: the record is of {target}", counts.len()));
    }
    let mut note = String::new();
    if !MachineKind::Avx2.is_available() {
        recorded.retain(|name, _| !name.starts_with("avx2/"));
        note = "; no AVX2 here, so its counts are NOT COMPARED".into();
    }
    let comparison = Comparison::of(&counts, &recorded);
    print!("{}", comparison.table);
    if comparison.wrong.is_empty() {
        Ok(format!("{} counts, {}{note}", counts.len(), comparison.note()))
    } else {
        let line = format!(
            "instructions differ from {RECORD}: {}; if that is meant, `cargo xtask counts --record`",
            comparison.wrong.join(", ")
        );
        Err(Error::from(line))
    }
}

fn count() -> Result<Counts> {
    let mut command = cargo(["bench", "--quiet", "--package", "stoquant-benches", "--bench", "counts", "--"]);
    command.arg("--output-format=json");
    if !MachineKind::Avx2.is_available() {
        command.arg("counts::portable_machine::*");
    }
    let output = capture(command)?;
    let counts: Counts = output.lines().filter_map(parse).collect();
    if counts.is_empty() {
        return Err(Error { line: "callgrind counted nothing".into(), output });
    }
    Ok(counts)
}

/// One line of the harness, a benchmark as JSON.
fn parse(line: &str) -> Option<(String, u64)> {
    let summary: Value = serde_json::from_str(line).ok()?;
    let name = format!("{}/{}", summary["function_name"].as_str()?, summary["id"].as_str()?);
    let counted = summary.pointer("/profiles/0/data/total/metrics/Ir/values/new")?.as_u64()?;
    Some((name, counted))
}

fn read() -> Result<(String, Counts)> {
    let text = fs::read_to_string(root().join(RECORD)).map_err(|e| format!("{RECORD}: {e}"))?;
    let value: Value = serde_json::from_str(&text).map_err(|e| format!("{RECORD}: {e}"))?;
    let target = value["target"].as_str().unwrap_or_default().to_owned();
    let counts = serde_json::from_value(value["instructions"].clone()).map_err(|e| format!("{RECORD}: {e}"))?;
    Ok((target, counts))
}

/// Counts beside the record.
#[derive(Default)]
struct Comparison {
    table: String,
    /// More instructions than tolerated, or on one side only.
    wrong: Vec<String>,
    /// Fewer by more than the tolerance: the record is out of date.
    fewer: usize,
    worst: f64,
}

impl Comparison {
    fn of(counts: &Counts, recorded: &Counts) -> Self {
        let mut all = Self::default();
        let _ = writeln!(all.table, "{:<30} {:>12} {:>12} {:>9}", "instructions", "here", "record", "change");
        let names: std::collections::BTreeSet<_> = counts.keys().chain(recorded.keys()).collect();
        for name in names {
            all.add(name, counts.get(name).copied(), recorded.get(name).copied());
        }
        all
    }

    fn add(&mut self, name: &str, here: Option<u64>, record: Option<u64>) {
        let text = |count: Option<u64>| count.map_or("none".to_owned(), |count| count.to_string());
        let change = here.zip(record).map(|(here, record)| here as f64 / record as f64 - 1.0);
        let mark = match change {
            Some(change) if change.abs() <= TOLERANCE => "",
            Some(change) if change < 0.0 => {
                self.fewer += 1;
                "  fewer"
            }
            Some(change) => {
                self.wrong.push(format!("{name} {:+.1} %", 100.0 * change));
                "  MORE"
            }
            None => {
                self.wrong.push(format!("{name} is only {}", if record.is_some() { "in the record" } else { "here" }));
                "  ?"
            }
        };
        self.worst = self.worst.max(change.unwrap_or(0.0));
        let percent = change.map_or(String::new(), |change| format!("{:+.2} %", 100.0 * change));
        let _ = writeln!(self.table, "{name:<30} {:>12} {:>12} {percent:>9}{mark}", text(here), text(record));
    }

    fn note(&self) -> String {
        let tolerated = format!("at most {:+.2} % on record, {:.0} % tolerated", 100.0 * self.worst, 100.0 * TOLERANCE);
        match self.fewer {
            0 => tolerated,
            n => format!("{tolerated}; {n} fewer than recorded: `cargo xtask counts --record`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(of: &[(&str, u64)]) -> Counts {
        of.iter().map(|&(name, count)| (name.to_owned(), count)).collect()
    }

    #[test]
    fn more_instructions_fail_and_fewer_do_not() {
        let record = counts(&[("a", 1000), ("b", 1000)]);
        let wrong = |here: &[(&str, u64)]| Comparison::of(&counts(here), &record).wrong;
        assert!(wrong(&[("a", 1019), ("b", 981)]).is_empty());
        assert_eq!(wrong(&[("a", 1021), ("b", 1000)]), ["a +2.1 %"]);
        let faster = Comparison::of(&counts(&[("a", 500), ("b", 1000)]), &record);
        assert_eq!((faster.wrong.len(), faster.fewer), (0, 1));
    }

    #[test]
    fn a_case_on_one_side_only_fails() {
        let wrong = Comparison::of(&counts(&[("a", 7)]), &counts(&[("b", 7)])).wrong;
        assert_eq!(wrong, ["a is only here", "b is only in the record"]);
    }

    #[test]
    fn lines_of_the_harness_are_read() {
        let metrics = r#"{"Ir":{"values":{"new":8152,"old":9000}}}"#;
        let profiles = format!(r#"[{{"data":{{"total":{{"metrics":{metrics}}}}}}}]"#);
        let line = format!(r#"{{"function_name":"avx2","id":"words","profiles":{profiles}}}"#);
        assert_eq!(parse(&line), Some(("avx2/words".to_owned(), 8152)));
        assert_eq!(parse("Running benches/counts.rs"), None);
    }
}
