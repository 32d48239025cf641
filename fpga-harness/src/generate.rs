//! Files of the hardware that follow from the core: `rtl/gen/`.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::assembler::{assemble, verilog};
use stoquant_core::noise::gauss_table::SEGMENTS;
use stoquant_core::noise::threefry::{PARITY, ROTATIONS, ROUNDS};
use stoquant_core::score::int8::arithmetic::smooth as smooth_of;
use stoquant_core::score::int8::format::ARGUMENT;

/// Registers of a chain and of all chains: name, number, meaning. The order is the interface.
pub const REGISTERS: [(&str, u32, &str); 10] = [
    ("Key0", 0, "k0 of the noise stream's key"),
    ("Key1", 1, "k1 of the same"),
    ("Hop", 2, "k_n, W bits signed"),
    ("Linear", 3, "k_a, 2W - 4 bits signed"),
    ("Cubic", 4, "k_c, W bits signed"),
    ("Sigma", 5, "k_s, W bits, positive"),
    ("Sites", 6, "volume, of all chains"),
    ("Columns", 7, "faster extent, of all chains"),
    ("StepLow", 8, "number of the next step, bits 31 to 0, of all chains"),
    ("StepHigh", 9, "bits 43 to 32"),
];

/// Registers of the score: name, meaning. Their numbers count from 0. What an image needs is what its header says, read
/// by the host: the circuit reads no header. Addresses are of words of 16 bits in the image.
pub const SCORE_REGISTERS: [(&str, &str); 23] = [
    ("SeedLow", "seed, bits 31 to 0"),
    ("SeedHigh", "bits 63 to 32"),
    ("Chain", "number of the next configuration"),
    ("Extent", "log2 L"),
    ("First", "units of the first layer"),
    ("Second", "units of the second layer"),
    ("Stages", "stages, 1 to 1024"),
    ("Flow", "1 for a flow, 0 for the reverse SDE"),
    ("Largest", "M_max, 16 bits"),
    ("ShiftsLow", "shifts of the filter, of the sites, of the modes: four of 5 bits from bit 0 on"),
    ("ShiftsHigh", "of the layers' sums and the output: five of 5 bits"),
    ("Orbits", "orbits of modes"),
    ("Matrix", "address of the first line of H"),
    ("Magnetisation", "address of the cells of |M|"),
    ("End", "address of r(0)"),
    ("Gains", "address of the gains of the even weights"),
    ("Rows", "address of the rows of tables"),
    ("Row", "words of a row"),
    ("Records", "address of the records of the stages"),
    ("Weights", "address of the weights"),
    ("Length", "words before the check sum"),
    ("Check", "the check sum"),
    ("Period", "clocks of a site: the larger of the layers, and 23 at least"),
];

/// The program of the serial link.
const PROGRAM: &str = include_str!("../rtl/sq_link_agent.asm");

const HEAD: &str = "// Generated from stoquant-core by `cargo xtask fpga generate`; do not edit.\n";

/// All files: name and content.
pub fn files() -> [(&'static str, String); 6] {
    let program = assemble(PROGRAM).expect("the tests assemble it");
    [
        ("sq_noise_threefry_gen.svh", threefry()),
        ("sq_noise_gauss_table.sv", gauss_table()),
        ("sq_registers_gen.svh", registers()),
        ("sq_score_registers_gen.svh", score_registers()),
        ("sq_score_int8_arithmetic_smooth.sv", smooth()),
        ("sq_link_program.sv", format!("{HEAD}{}", verilog(&program))),
    ]
}

fn threefry() -> String {
    let mut text = format!("{HEAD}// Rotation of round r in byte r, and the constant of the key schedule.\n");
    let bytes: String = (0..ROUNDS).rev().map(|r| format!("{:02x}", ROTATIONS[r / 4 % 2][r % 4])).collect();
    let _ = writeln!(text, "localparam [{}:0] Rotations = {}'h{bytes};", 8 * ROUNDS - 1, 8 * ROUNDS);
    let _ = writeln!(text, "localparam [31:0] Parity = 32'h{PARITY:08x};");
    text
}

fn registers() -> String {
    let head = "// Registers that cfg_addr_i means.\n";
    parameters(head, 4, REGISTERS.iter().map(|&(name, number, meaning)| (format!("Reg{name}"), number, meaning)))
}

fn score_registers() -> String {
    let head = "// Registers of the score that cfg_addr_i means.\n";
    let all = SCORE_REGISTERS.iter().zip(0..);
    parameters(head, 5, all.map(|(&(name, meaning), number)| (format!("Score{name}"), number, meaning)))
}

/// Numbers of so many bits by name, with what they mean.
fn parameters(head: &str, bits: u32, all: impl Iterator<Item = (String, u32, &'static str)>) -> String {
    let mut text = format!("{HEAD}{head}/* verilator lint_off UNUSEDPARAM */\n");
    for (name, number, meaning) in all {
        let _ = writeln!(text, "localparam [{}:0] {name} = {bits}'d{number};  // {meaning}", bits - 1);
    }
    text.push_str("/* verilator lint_on UNUSEDPARAM */\n");
    text
}

fn gauss_table() -> String {
    let mut text = format!(
        "{HEAD}// Coefficients of the Gaussian, in block RAM: c1 and c2 of index_i, c0 of index_late_i, \
         both 2 clocks later. Twin of
// core/src/noise/gauss_table.rs.
module sq_noise_gauss_table #(
  // Added to every c0.
  parameter [31:0] Half = 32'd0
) (
  input  wire         clk_i,
  input  wire [5:0]   index_i,
  input  wire [5:0]   index_late_i,
  output wire [31:0]  c0_o,
  output wire [15:0]  c1_o,
  output wire [15:0]  c2_o
);
  (* rom_style = \"block\", ram_style = \"block\" *) reg [31:0] slopes [0:63];
  (* rom_style = \"block\", ram_style = \"block\" *) reg [31:0] constants [0:63];
  initial begin
"
    );
    for (i, segment) in SEGMENTS.iter().enumerate() {
        let slopes = (segment.c2 as u16 as u32) << 16 | segment.c1 as u16 as u32;
        let _ = writeln!(text, "    slopes[{i}] = 32'h{slopes:08x};  constants[{i}] = 32'h{:08x} + Half;", segment.c0);
    }
    text.push_str(
        "  end
  reg [31:0] slopes_q, slopes_out_q, constants_q, constants_out_q;
  always_ff @(posedge clk_i) begin
    slopes_q <= slopes[index_i];
    slopes_out_q <= slopes_q;
    constants_q <= constants[index_late_i];
    constants_out_q <= constants_q;
  end
  assign {c2_o, c1_o} = slopes_out_q;
  assign c0_o = constants_out_q;
endmodule
",
    );
    text
}

/// Arguments of the table of s: magnitudes below 1.
const ARGUMENTS: i32 = 1 << ARGUMENT.bits;

fn smooth() -> String {
    let address = ARGUMENT.bits;
    let mut text = format!(
        "{HEAD}// s(c) = (3c - c³)/2 of c = address/2^{address}, {address} fractional bits, in block RAM with two \
         ports: words 2 clocks after
// their addresses. Twin of core/src/score/int8/arithmetic.rs.
module sq_score_int8_arithmetic_smooth (
  input  wire         clk_i,
  input  wire [{high}:0]  a_i,
  input  wire [{high}:0]  b_i,
  output wire [{address}:0]  a_o,
  output wire [{address}:0]  b_o
);
  (* rom_style = \"block\", ram_style = \"block\" *) reg [{address}:0] words [0:{last}];
  initial begin
",
        high = address - 1,
        last = ARGUMENTS - 1,
    );
    for row in 0..ARGUMENTS / 8 {
        let words = (8 * row..8 * row + 8).map(|c| format!(" words[{c}]={};", smooth_of(c)));
        let _ = writeln!(text, "   {}", words.collect::<String>());
    }
    let _ = write!(
        text,
        "  end
  reg [{address}:0] a_q, a_out_q, b_q, b_out_q;
  always_ff @(posedge clk_i) begin
    a_q <= words[a_i];
    a_out_q <= a_q;
    b_q <= words[b_i];
    b_out_q <= b_q;
  end
  assign a_o = a_out_q;
  assign b_o = b_out_q;
endmodule
"
    );
    text
}

/// Where the files are.
pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rtl/gen")
}

/// Writes them.
pub fn write() -> io::Result<()> {
    files().iter().try_for_each(|(name, text)| fs::write(directory().join(name), text))
}

/// The files that differ from what would be written.
pub fn stale() -> Vec<&'static str> {
    let differs =
        |(name, text): &(&'static str, String)| fs::read_to_string(directory().join(name)).ok().as_ref() != Some(text);
    files().iter().filter(|file| differs(file)).map(|&(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_generated() {
        assert_eq!(stale(), [""; 0], "`cargo xtask fpga generate` writes them");
    }
}
