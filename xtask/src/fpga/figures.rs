//! Area and clock frequency of bitstreams, and the record of them.

use crate::sh::{Result, root};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::fs;

/// The record, from the root.
const RECORD: &str = "fpga-harness/boards/baselines.json";

/// Counts of logic may differ from the record by this much, in per cent: another version of a tool, an edit elsewhere.
const LOGIC: f64 = 2.0;
/// The clock may be slower than recorded by this much, in per cent: it depends on where an unrelated cell comes to lie.
const CLOCK: f64 = 7.0;
/// These are what the source says.
const EXACT: [&str; 7] =
    ["MULT18X18D", "DP16KD", "EHXPLLL", "ICESTORM_DSP", "ICESTORM_RAM", "ICESTORM_PLL", "ICESTORM_SPRAM"];

/// What place and route reports.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// MHz, of the slowest clock.
    pub fmax: f64,
    /// What is used, and of how many.
    pub used: BTreeMap<String, [u64; 2]>,
}

impl Figures {
    /// From a report of nextpnr.
    pub fn read(report: &str) -> Result<Self> {
        let report: Value = serde_json::from_str(report).map_err(|e| format!("report of place and route: {e}"))?;
        let clocks = report["fmax"].as_object().ok_or("report of place and route: no clock")?;
        let fmax = clocks.values().filter_map(|clock| clock["achieved"].as_f64()).fold(f64::INFINITY, f64::min);
        if !fmax.is_finite() {
            return Err("report of place and route: no clock".into());
        }
        let kinds = report["utilization"].as_object().ok_or("report of place and route: no cells")?;
        let used = kinds.iter().filter_map(|(name, count)| {
            let [used, available] = [count["used"].as_u64()?, count["available"].as_u64()?];
            (used > 0).then(|| (name.clone(), [used, available]))
        });
        Ok(Self { fmax, used: used.collect() })
    }

    fn to_json(&self) -> Value {
        let used: Map<String, Value> = self.used.iter().map(|(name, [used, _])| (name.clone(), json!(used))).collect();
        json!({ "fmax_mhz": (self.fmax * 10.0).round() / 10.0, "used": used })
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} MHz", self.fmax)?;
        let names = [
            ("TRELLIS_COMB", "LUT"),
            ("TRELLIS_FF", "FF"),
            ("ICESTORM_LC", "LC"),
            ("MULT18X18D", "DSP"),
            ("ICESTORM_DSP", "DSP"),
            ("DP16KD", "RAM"),
            ("ICESTORM_RAM", "RAM"),
        ];
        for (kind, name) in names {
            if let Some([used, available]) = self.used.get(kind) {
                write!(f, ", {used}/{available} {name}")?;
            }
        }
        Ok(())
    }
}

/// Compares with the record, or writes it.
pub fn compare(key: &str, figures: &Figures, record: bool) -> Result<()> {
    let path = root().join(RECORD);
    let text = fs::read_to_string(&path).unwrap_or_else(|_| "{}".into());
    let mut all: Value = serde_json::from_str(&text).map_err(|e| format!("{RECORD}: {e}"))?;
    if record {
        all[key] = figures.to_json();
        if let Some(map) = all.as_object_mut() {
            map.sort_keys();
        }
        let text = serde_json::to_string_pretty(&all).map_err(|e| format!("{RECORD}: {e}"))?;
        return Ok(fs::write(&path, text + "\n").map_err(|e| format!("{RECORD}: {e}"))?);
    }
    let differences = differences(&all[key], figures);
    if differences.is_empty() {
        return Ok(());
    }
    Err(format!("{key}: {}; with --record this is the new record", differences.join("; ")).into())
}

fn differences(recorded: &Value, figures: &Figures) -> Vec<String> {
    let Some(fmax) = recorded["fmax_mhz"].as_f64() else { return vec!["not on record".into()] };
    let mut differences = vec![];
    if figures.fmax < fmax * (1.0 - CLOCK / 100.0) {
        differences.push(format!("{:.1} MHz, recorded {fmax}", figures.fmax));
    }
    let none = Map::new();
    let before = recorded["used"].as_object().unwrap_or(&none);
    let mut names: Vec<&String> = before.keys().chain(figures.used.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let [now, then] = [
            figures.used.get(name).map_or(0, |used| used[0]),
            before.get(name).and_then(Value::as_u64).unwrap_or_default(),
        ];
        let most = if EXACT.contains(&name.as_str()) { 0.0 } else { then as f64 * LOGIC / 100.0 };
        if now.abs_diff(then) as f64 > most {
            differences.push(format!("{now} {name}, recorded {then}"));
        }
    }
    differences
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"{"critical_paths": [], "fmax": {"a": {"achieved": 143.2, "constraint": 125.0},
        "b": {"achieved": 150.0, "constraint": 25.0}},
        "utilization": {"MULT18X18D": {"available": 156, "used": 7}, "TRELLIS_FF": {"available": 83640, "used": 1000},
        "ALU54B": {"available": 78, "used": 0}}}"#;

    #[test]
    fn figures_are_held_to_the_record() {
        let figures = Figures::read(REPORT).expect("a report");
        assert_eq!(figures.to_string(), "143.2 MHz, 1000/83640 FF, 7/156 DSP");
        let recorded = figures.to_json();
        assert!(differences(&recorded, &figures).is_empty());
        let within = Figures {
            fmax: 133.2,
            used: [("MULT18X18D".into(), [7, 156]), ("TRELLIS_FF".into(), [1020, 83640])].into(),
        };
        assert!(differences(&recorded, &within).is_empty());
        let beyond = Figures {
            fmax: 133.1,
            used: [("MULT18X18D".into(), [6, 156]), ("TRELLIS_FF".into(), [1021, 83640]), ("DP16KD".into(), [1, 208])]
                .into(),
        };
        assert_eq!(differences(&recorded, &beyond).len(), 4);
        assert_eq!(differences(&Value::Null, &figures), ["not on record"]);
    }
}
