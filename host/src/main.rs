//! The `stoquant` command.
fn main() {}
