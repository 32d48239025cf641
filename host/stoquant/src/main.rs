//! The `stoquant` command. Exit status: 0 pass, 1 a check failed, 2 bad input, 75 stopped and saved.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
