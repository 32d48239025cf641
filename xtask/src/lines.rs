//! No line of a text that people read is longer than 120 columns: rustfmt wraps code, but neither comments nor strings.

use std::fs;

use crate::sh::{Result, capture, program, root};

/// Most characters of a line; `max_width` of rustfmt.toml.
const WIDTH: usize = 120;

/// Endings of the files that are looked at.
const KINDS: [&str; 7] = [".md", ".rs", ".py", ".sh", ".sv", ".svh", ".toml"];

/// Folders that are not looked at, with the reason.
const EXEMPT: [(&str, &str); 6] = [
    ("fpga-harness/rtl/", "Yosys names cells by line, and names can move their places"),
    ("fpga-harness/boards/", "Yosys names cells by line, and names can move their places"),
    ("fpga-harness/formal/", "not wrapped yet"),
    ("fpga-harness/sim/", "pins of the vendor's cells"),
    ("xtask/probe/", "one line for each function of the core"),
    ("tests/survey/", "one line for each defect"),
];

/// Looks at every file that git knows; says which lines are too long.
pub fn check() -> Result<()> {
    let listed = capture({
        let mut git = program("git");
        git.args(["ls-files", "--cached", "--others", "--exclude-standard"]);
        git
    })?;
    let mut long = Vec::new();
    for name in listed.lines().filter(|name| looked_at(name)) {
        // A file that was just deleted is still listed.
        let Ok(text) = fs::read_to_string(root().join(name)) else { continue };
        long.extend(too_long(&text).map(|(number, width)| format!("{name}:{number}: {width} columns")));
    }
    match long.first() {
        None => Ok(()),
        Some(first) => Err(crate::sh::Error {
            line: format!("{} lines are longer than {WIDTH} columns, the first at {first}", long.len()),
            output: long.join("\n"),
        }),
    }
}

fn looked_at(name: &str) -> bool {
    // Markdown is wrapped everywhere.
    name.ends_with(".md")
        || KINDS.iter().any(|kind| name.ends_with(kind)) && !EXEMPT.iter().any(|(folder, _)| name.starts_with(folder))
}

/// Numbers and widths of the lines that are too long; an address cannot be broken.
fn too_long(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let lines = (1..).zip(text.lines().map(|line| (line, line.chars().count())));
    lines
        .filter(|(_, (line, width))| *width > WIDTH && !line.contains("://"))
        .map(|(number, (_, width))| (number, width))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_found() {
        let text = format!("short\n{}\n{}\nhttps://{0}\n", "ä".repeat(121), "ä".repeat(120));
        assert_eq!(too_long(&text).collect::<Vec<_>>(), [(2, 121)]);
        assert!(looked_at("docs/theory.md") && looked_at("core/README.md") && looked_at("host/stoquant/src/lib.rs"));
        assert!(!looked_at("xtask/probe/src/lib.rs") && !looked_at("docs/figure.svg"));
    }
}
