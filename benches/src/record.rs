//! The record of ratios, and on what it was taken: `benches/record.json`.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};
use stoquant::simd::MachineKind;

use crate::paired::Spread;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/record.json");

/// One ratio.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Its name, the same in every run.
    pub name: String,
    /// Its value.
    pub ratio: Spread,
}

/// Where figures were taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Model of the processor.
    pub cpu: String,
    /// Machines that it offers.
    pub machines: Vec<MachineKind>,
    /// Its cores.
    pub cores: usize,
    /// The compiler.
    pub compiler: String,
    /// The day.
    pub date: String,
}

impl Place {
    /// This one, today.
    pub fn here() -> Self {
        Self {
            cpu: cpu(),
            machines: MachineKind::available(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            compiler: said("rustc", &["--version"]),
            date: said("date", &["-u", "+%Y-%m-%d"]),
        }
    }
}

/// Figures and their place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Where they were taken.
    pub place: Place,
    /// The yardstick's own rate, for whoever wants rates, and the ratios.
    pub figures: Vec<Figure>,
}

impl Record {
    /// The committed one.
    pub fn read() -> Result<Self, String> {
        let text = fs::read_to_string(PATH).map_err(|e| format!("record.json: {e}"))?;
        serde_json::from_str(&text).map_err(|e| format!("record.json: {e}"))
    }

    /// Whether there is one.
    pub fn exists() -> bool {
        Path::new(PATH).exists()
    }

    /// Writes it.
    pub fn write(&self) -> Result<(), String> {
        let text = serde_json::to_string_pretty(self).map_err(|e| e.to_string())? + "\n";
        fs::write(PATH, text).map_err(|e| format!("record.json: {e}"))
    }

    /// The figure of a name.
    pub fn find(&self, name: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.name == name)
    }
}

/// The model, with family and number where the name alone does not tell.
fn cpu() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let mut pairs = info.lines().filter_map(|line| line.split_once(':'));
        pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned())
    };
    match (field("model name"), field("cpu family"), field("model")) {
        (Some(name), Some(family), Some(model)) => format!("{name}, family {family} model {model}"),
        (Some(name), ..) => name,
        _ => said("sysctl", &["-n", "machdep.cpu.brand_string"]),
    }
}

fn said(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().ok().filter(|output| output.status.success());
    output.map_or("unknown".into(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
