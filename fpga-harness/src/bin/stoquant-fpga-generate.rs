//! Writes the files of the hardware that follow from the core.

fn main() -> std::process::ExitCode {
    match stoquant_fpga::generate::write() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}: {error}", stoquant_fpga::generate::directory().display());
            std::process::ExitCode::from(2)
        }
    }
}
