//! What synthesis has made of a chain, in lockstep with the core: what a miscompiled multiplier, table or counter would
//! do, shows here.
//!
//! The netlist is that of `STOQUANT_NETLIST`; `cargo xtask fpga build` makes it and runs this.

mod common;

use common::chains::chains_are;
use stoquant_fpga::sim::circuits;

#[test]
fn netlist() {
    match option_env!("STOQUANT_NETLIST_WIDTH") {
        Some("18") => chains_are::<18>(&circuits::NETLIST, 1000),
        Some("16") => chains_are::<16>(&circuits::NETLIST, 1000),
        other => panic!("STOQUANT_NETLIST_WIDTH is {other:?}: it is 18 or 16"),
    }
}
