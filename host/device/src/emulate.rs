//! Boards that QEMU emulates, with the very programs that a board would run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::transport::{InProcess, Program, Transport};
use super::{Device, LinkError};
use stoquant_experiment::experiment::InputError;

stoquant_model::tags! {
    /// What can be emulated.
    pub enum Machine {
        /// Cortex-M4F: ARM's MPS2 board, image AN386.
        CortexM4f => "cortex-m4f",
        /// RV32IMAC: QEMU's virt machine.
        Rv32imac => "rv32imac",
        /// Cortex-M0 with 16 KiB of RAM: the micro:bit.
        CortexM0 => "cortex-m0",
        /// No board: the agent in a thread of this process.
        Thread => "thread",
    }
}

/// Sites of the agent in a thread.
const THREAD_SITES: usize = 1 << 16;

impl Machine {
    /// Where `cargo xtask firmware` puts the program.
    pub fn firmware(self) -> Option<PathBuf> {
        let name = match self {
            Self::CortexM4f => "stoquant-mps2-an386",
            Self::Rv32imac => "stoquant-virt-rv32",
            Self::CortexM0 => "stoquant-microbit",
            Self::Thread => return None,
        };
        Some(Path::new("target/firmware").join(name).with_extension("elf"))
    }

    /// How QEMU is called for it.
    fn qemu(self, firmware: &Path) -> Option<Command> {
        let (program, machine): (_, &[&str]) = match self {
            Self::CortexM4f => ("qemu-system-arm", &["-machine", "mps2-an386", "-cpu", "cortex-m4"]),
            Self::Rv32imac => ("qemu-system-riscv32", &["-machine", "virt", "-bios", "none"]),
            Self::CortexM0 => ("qemu-system-arm", &["-machine", "microbit"]),
            Self::Thread => return None,
        };
        let mut command = Command::new(program);
        command.args(machine).args(["-display", "none", "-monitor", "none", "-serial", "stdio", "-kernel"]);
        command.arg(firmware);
        Some(command)
    }

    /// Starts the emulation; `firmware` in place of the program that belongs to it.
    pub fn start(self, firmware: Option<&Path>) -> Result<Box<dyn Transport>, InputError> {
        let Some(own) = self.firmware() else { return Ok(Box::new(InProcess::start(THREAD_SITES))) };
        let path = firmware.map_or(own, Path::to_path_buf);
        if !path.is_file() {
            let path = path.display();
            return Err(InputError(format!(
                "{path} is missing: run `cargo xtask firmware` in the project's directory"
            )));
        }
        let Some(mut command) = self.qemu(&path) else { return Err(InputError::new("no such emulation")) };
        let name = command.get_program().to_string_lossy().into_owned();
        let program = Program::start(&mut command)
            .map_err(|e| InputError(format!("{name} does not start ({e}): install it with `cargo xtask setup`")))?;
        Ok(Box::new(program))
    }

    /// Starts the board and opens a session with it.
    pub fn open(self, firmware: Option<&Path>) -> Result<Device, InputError> {
        Device::open(self.start(firmware)?, PATIENCE).map_err(|error: LinkError| InputError(format!("{self}: {error}")))
    }
}

/// An emulation answers in microseconds, but shares the processor with all else.
pub const PATIENCE: Duration = Duration::from_millis(200);
