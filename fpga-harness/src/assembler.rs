//! Assembles the program of the serial link, `rtl/sq_link_agent.asm`. The processor is described in
//! `rtl/sq_link_agent.sv`.
//!
//! ```text
//! label:  op operand  ; comment        operand: NAME, number, or a sum of these; `+x` for the index, `+s` for the slot
//! NAME = number
//! ```

use std::collections::HashMap;
use std::fmt::Write as _;

/// Words that the program counter reaches.
const WORDS: usize = 1024;

/// Operations by number.
const OPERATIONS: [&str; 20] = [
    "ld", "st", "adc", "sbc", "cmp", "ldi", "addi", "cmpi", "andi", "lea", "tax", "in", "out", "ret", "inx", "send",
    "inm", "pushf", "add", "sub",
];

/// Jumps by condition.
const JUMPS: [&str; 13] =
    ["jmp", "call", "jz", "jnz", "jc", "jnc", "javail", "jnone", "jend", "jbusy", "jbad", "jnarrow", "jscore"];

/// The words of a program, or what is wrong with it.
pub fn assemble(source: &str) -> Result<Vec<u16>, String> {
    let mut names: HashMap<&str, i64> = HashMap::new();
    let mut code = Vec::new();
    for (number, line) in source.lines().enumerate() {
        let mut rest = line.split(';').next().unwrap_or("").trim();
        if let Some((name, value)) = rest.split_once('=') {
            let value = number_of(value.trim()).ok_or_else(|| format!("line {}: no number", number + 1))?;
            names.insert(name.trim(), value);
            continue;
        }
        if let Some((label, after)) = rest.split_once(':') {
            if names.insert(label.trim(), code.len() as i64).is_some() {
                return Err(format!("line {}: {label} is there already", number + 1));
            }
            rest = after.trim();
        }
        if !rest.is_empty() {
            code.push((number + 1, rest));
        }
    }
    if code.len() > WORDS {
        return Err(format!("{} words, of which there is room for {WORDS}", code.len()));
    }
    code.iter().map(|&(line, text)| word(text, &names).ok_or_else(|| format!("line {line}: {text}"))).collect()
}

fn number_of(text: &str) -> Option<i64> {
    match text.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn word(text: &str, names: &HashMap<&str, i64>) -> Option<u16> {
    let (name, operand) = text.split_once(' ').unwrap_or((text, ""));
    let (mut value, mut mode) = (0, 0);
    for term in operand.split('+').map(str::trim).filter(|term| !term.is_empty()) {
        match term {
            "x" => mode |= 1 << 10,
            "s" => mode |= 1 << 8,
            term => value += names.get(term).copied().or_else(|| number_of(term))?,
        }
    }
    let value = u16::try_from(value).ok().filter(|&value| value < 1024)?;
    if let Some(condition) = JUMPS.iter().position(|&jump| jump == name) {
        return Some(3 << 14 | (condition as u16) << 10 | value);
    }
    if value > 511 {
        return None;
    }
    let operation = OPERATIONS.iter().position(|&operation| operation == name)?;
    Some((operation as u16) << 11 | mode | (value >> 8) << 9 | value & 0xff)
}

/// The program as a read-only memory.
pub fn verilog(words: &[u16]) -> String {
    let mut text = String::from(
        "// The program of sq_link_agent, from sq_link_agent.asm: the word at addr_i, 1 clock later.
module sq_link_program (
  input  wire         clk_i,
  input  wire  [9:0]  addr_i,
  output wire [15:0]  word_o
);
  reg [15:0] word, word_q;
  always_comb begin
    case (addr_i)
",
    );
    for (at, word) in words.iter().enumerate() {
        let _ = writeln!(text, "      10'd{at}: word = 16'h{word:04x};");
    }
    text.push_str(
        "      default: word = 16'h0000;
    endcase
  end
  always_ff @(posedge clk_i) word_q <= word;
  assign word_o = word_q;
endmodule
",
    );
    text
}
