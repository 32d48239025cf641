//! `cargo xtask instructions`: executed instructions of the core on Cortex-M4F and RV32IMAC, exact under QEMU, beside
//! the table of `docs/performance.md`; and the bits that come out, the same on both and here.

use crate::bare::Via;
use crate::sh::{Error, Result, capture, cargo, program, root, target_dir};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

/// The measuring program's manifest, seen from the root.
pub const MANIFEST: &str = "firmware/count/Cargo.toml";

const DOCS: &str = "docs/performance.md";
const BEGIN: &str = "<!-- instructions: written by `cargo xtask instructions --record` -->\n";
const END: &str = "<!-- end of instructions -->";

/// A processor, its target, and how QEMU counts on it.
struct Processor {
    target: &'static str,
    qemu: &'static [&'static str],
}

const PROCESSORS: [Processor; 2] = [
    Processor {
        target: "thumbv7em-none-eabihf",
        qemu: &["qemu-system-arm", "-machine", "mps2-an386", "-cpu", "cortex-m4", "-icount", "shift=6"],
    },
    Processor {
        target: "riscv32imac-unknown-none-elf",
        qemu: &["qemu-system-riscv32", "-machine", "virt", "-bios", "none", "-icount", "shift=0"],
    },
];

/// What a row of the table is called: name of the program's, and in words.
const ROWS: [(&str, &str); 27] = [
    ("word", "word of noise"),
    ("gauss18", "word to η, W = 18"),
    ("eta18", "η from nothing, W = 18"),
    ("eta16", "η from nothing, W = 16"),
    ("euler_fx18", "Euler–Maruyama, `Fx<18>`"),
    ("lm_fx18", "Leimkuhler–Matthews, `Fx<18>`"),
    ("heun_fx18", "Heun, `Fx<18>`"),
    ("mala_fx18", "MALA, `Fx<18>`"),
    ("measure_fx18", "observables, `Fx<18>`"),
    ("euler_fx16", "Euler–Maruyama, `Fx<16>`"),
    ("mala_fx16", "MALA, `Fx<16>`"),
    ("euler_f32", "Euler–Maruyama, `f32`"),
    ("lm_f32", "Leimkuhler–Matthews, `f32`"),
    ("heun_f32", "Heun, `f32`"),
    ("mala_f32", "MALA, `f32`"),
    ("c16_sites_b2", "int8 network of 24-24, 912 products, two sites together"),
    ("c16_sites_b4", "the same, four sites"),
    ("dsp_c16_sites_b4", "the same, two products an instruction"),
    ("c16_remainder_b2", "whole evaluation at 16², two sites together"),
    ("c16_remainder_b4", "the same, four sites"),
    ("dsp_c16_remainder_b4", "the same, two products an instruction"),
    ("dsp_c16_finish_b4", "a transform at 16², two products an instruction"),
    ("c16_reverse_b2", "step of the integer reverse SDE"),
    ("image_check", "check of an image as it is configured, a byte"),
    ("h32_sites_b2", "int8 network of 32-32, 1472 products, two sites together"),
    ("h32_sites_b4", "the same, four sites"),
    ("dsp_h32_sites_b4", "the same, two products an instruction"),
];

/// What the program printed.
#[derive(Default)]
pub struct Printed {
    /// Instructions and how often they did the work.
    counts: BTreeMap<String, [u64; 2]>,
    /// Hashes of what came out.
    pub checks: BTreeMap<String, String>,
}

impl Printed {
    /// From its output.
    pub fn read(text: &str) -> Self {
        let mut printed = Self::default();
        for line in text.lines() {
            match line.split_whitespace().collect::<Vec<_>>()[..] {
                ["count", name, total, times] => {
                    if let (Ok(total), Ok(times)) = (total.parse(), times.parse()) {
                        printed.counts.insert(name.to_owned(), [total, times]);
                    }
                }
                ["check", name, hash] => {
                    // The same work on another machine: the same bits.
                    let name = name.trim_start_matches("dsp_");
                    let known = printed.checks.entry(name.to_owned()).or_insert_with(|| hash.to_owned());
                    if known != hash {
                        *known = format!("{known} and {hash}");
                    }
                }
                _ => {}
            }
        }
        printed
    }
}

/// Counts, and compares with the table or writes it.
pub fn run(via: Via, record: bool) -> Result<String> {
    let here = here()?;
    let mut printed = Vec::new();
    for processor in &PROCESSORS {
        let counted = processor.run(via)?;
        if counted.counts.is_empty() || counted.checks != here.checks {
            let differs = |(name, hash): &(&String, &String)| counted.checks.get(*name) != Some(*hash);
            let names: Vec<&str> = here.checks.iter().filter(differs).map(|(name, _)| name.as_str()).collect();
            return Err(format!("{}: other bits than here: {}", processor.target, names.join(", ")).into());
        }
        printed.push(counted);
    }
    let table = table(&printed)?;
    let path = root().join(DOCS);
    let text = fs::read_to_string(&path).map_err(|e| format!("{DOCS}: {e}"))?;
    let (before, rest) = text.split_once(BEGIN).ok_or(format!("{DOCS}: no line {BEGIN}"))?;
    let (recorded, after) = rest.split_once(END).ok_or(format!("{DOCS}: no line {END}"))?;
    if record {
        fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).map_err(|e| format!("{DOCS}: {e}"))?;
        return Ok(format!("{} counts of each written to {DOCS}", ROWS.len()));
    }
    let bits = format!("{} checks of bits equal on both and here", here.checks.len());
    match via {
        Via::Pinned if recorded == table => Ok(format!("{} counts of each as recorded; {bits}", ROWS.len())),
        Via::Pinned => {
            let line =
                format!("instructions differ from {DOCS}; if that is meant, `cargo xtask instructions --record`");
            Err(Error { line, output: table })
        }
        Via::Debian => Ok(format!("{bits}; counts NOT COMPARED: the record is of the pinned toolchain")),
    }
}

/// The program on this machine, for its bits.
fn here() -> Result<Printed> {
    let mut command = cargo(["run", "--quiet", "--release", "--manifest-path", MANIFEST, "--target-dir"]);
    command.arg(target_dir().join("count"));
    Ok(Printed::read(&capture(command)?))
}

impl Processor {
    fn run(&self, via: Via) -> Result<Printed> {
        let out = target_dir().join("count");
        let mut build = via.build(self.target);
        build.args(["--manifest-path", MANIFEST]).arg("--target-dir").arg(&out);
        capture(build)?;
        let elf = out.join(self.target).join("release/stoquant-count");
        let mut qemu = program(self.qemu[0]);
        qemu.args(&self.qemu[1..]).args(["-nographic", "-semihosting-config", "enable=on,target=native", "-kernel"]);
        qemu.arg(elf);
        Ok(Printed::read(&capture(qemu)?))
    }
}

fn table(printed: &[Printed]) -> Result<String> {
    let mut out = String::from("| instructions a site (a number) | Cortex-M4F | RV32IMAC |\n|---|---|---|\n");
    for (name, words) in ROWS {
        let _ = write!(out, "| {words} |");
        if printed.iter().all(|printed| !printed.counts.contains_key(name)) {
            return Err(format!("`{name}` was not counted").into());
        }
        for printed in printed {
            let count = printed.counts.get(name).map(|[total, times]| *total as f64 / *times as f64);
            let _ = write!(out, " {} |", count.map_or("—".to_owned(), |count| format!("{count:.1}")));
        }
        out.push('\n');
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read() {
        let text =
            "noise\ncount word 10 4\ncheck a ff\ncheck dsp_a ff\ncheck b 1\ncheck dsp_b 2\nfact x 1\ncount bad x 1\n";
        let printed = Printed::read(text);
        assert_eq!(printed.counts.into_iter().collect::<Vec<_>>(), [("word".to_owned(), [10, 4])]);
        assert_eq!((&*printed.checks["a"], &*printed.checks["b"]), ("ff", "1 and 2"));
    }

    #[test]
    fn a_row_that_was_not_counted_is_missed() {
        assert!(table(&[Printed::read("count word 10 4\n")]).is_err());
    }
}
