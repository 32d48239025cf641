//! `stoquant device`: one file a subcommand that runs something.

mod certify;
mod generate;
mod run;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde::Serialize;
use stoquant::device::emulate::Machine;
use stoquant::device::{Device, LinkError, Port};
use stoquant::experiment::InputError;

use super::{Outcome, json, print};

#[derive(Args)]
pub struct DeviceArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serial ports that are there, and boards that can be emulated
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// What a board is, and what it has counted
    Info {
        #[command(flatten)]
        board: BoardArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Run chains on a board, side by side where it has several, and print their observables
    Run(run::RunArgs),
    /// Generate configurations from an int8 image on a board, those of `generate --arith int8 --sampler ancestral`
    Generate(generate::GenerateArgs),
    /// Show that a board computes the core's words, and that they sample e^{-S}
    Certify(certify::CertifyArgs),
}

/// Which board.
#[derive(Args)]
struct BoardArgs {
    /// Serial port of a board
    #[arg(long, value_name = "PATH", required_unless_present = "emulate", conflicts_with = "emulate")]
    port: Option<String>,
    /// Its speed, in bits a second: 115200, of a board with an FPGA 1000000
    #[arg(long, default_value_t = 115_200)]
    baud: u32,
    /// Start QEMU in place of a board
    #[arg(long, value_name = "BOARD")]
    emulate: Option<Machine>,
    /// Program to emulate (default: that of `cargo xtask firmware`)
    #[arg(long, value_name = "ELF", requires = "emulate")]
    firmware: Option<PathBuf>,
}

impl BoardArgs {
    fn open(&self) -> Result<Device, InputError> {
        match (&self.port, self.emulate) {
            (Some(path), _) => {
                let port = Port::open(path, self.baud).map_err(|e| InputError(format!("{path}: {e}")))?;
                // The longest frame takes 251 bytes of ten bits in either direction, a request its execution.
                let patience = Duration::from_secs_f64(0.2 + 5020.0 / f64::from(self.baud.max(300)));
                Device::open(Box::new(port), patience).map_err(|e| InputError(format!("{path}: {e}")))
            }
            (None, Some(machine)) => machine.open(self.firmware.as_deref()),
            (None, None) => Err(InputError::new("no board: give --port PATH or --emulate BOARD")),
        }
    }
}

pub fn run(args: DeviceArgs) -> Result<Outcome, InputError> {
    match args.command {
        Command::List { json } => list(json),
        Command::Info { board, json } => info(&board, json),
        Command::Run(args) => run::run(args),
        Command::Generate(args) => generate::run(args),
        Command::Certify(args) => certify::run(args),
    }
}

#[derive(Serialize)]
struct List {
    ports: Vec<String>,
    emulated: Vec<&'static str>,
}

fn list(as_json: bool) -> Result<Outcome, InputError> {
    let ports = stoquant::device::ports();
    let list = List { ports, emulated: Machine::ALL.iter().map(|machine| machine.name()).collect() };
    if as_json {
        print(&json(&list)?)?;
    } else {
        let ports = if list.ports.is_empty() { "none".into() } else { list.ports.join("\n           ") };
        print(&format!("ports      {ports}\nemulated   {}", list.emulated.join("\n           ")))?;
    }
    Ok(Outcome::Good)
}

#[derive(Serialize)]
struct Info {
    target: String,
    /// Hash of the sources of the firmware, and whether they are those of this program.
    build: String,
    same_sources: bool,
    /// Whether it is a circuit, for which the host quantises and starts the field.
    circuit: bool,
    /// Chains that run side by side.
    chains: u8,
    /// Whether it sums φ and φ² itself.
    sums: bool,
    sites: u32,
    image_bytes: u32,
    arith: Vec<&'static str>,
    integrators: Vec<&'static str>,
    dimensions: Vec<usize>,
    frames: u32,
    damaged: u32,
    repeated: u32,
    executed: u32,
    stack_bytes: u32,
}

fn link(error: LinkError) -> InputError {
    InputError::new(error)
}

fn info(board: &BoardArgs, as_json: bool) -> Result<Outcome, InputError> {
    let device = board.open()?;
    let (id, counted) = (device.identity(), device.statistics().map_err(link)?);
    let info = Info {
        target: id.target().to_owned(),
        build: format!("{:016x}", id.build),
        same_sources: id.build == stoquant::device::BUILD,
        circuit: id.coefficients,
        chains: id.chains,
        sums: id.sums,
        sites: id.sites,
        image_bytes: id.image,
        arith: device.ariths().into_iter().map(|kind| kind.name()).collect(),
        integrators: device.integrators().into_iter().map(|kind| kind.name()).collect(),
        dimensions: (0..=4).filter(|&dims| id.has_dims(dims)).collect(),
        frames: counted.frames,
        damaged: counted.checksum.saturating_add(counted.framing),
        repeated: counted.repeated,
        executed: counted.executed,
        stack_bytes: counted.stack,
    };
    if as_json {
        print(&json(&info)?)?;
        return Ok(Outcome::Good);
    }
    let same = match (info.circuit, info.same_sources) {
        (true, _) => "a circuit: the host sends the coefficients",
        (false, true) => "built from the sources of this program",
        (false, false) => "built from other sources than this program",
    };
    let dims: Vec<String> = info.dimensions.iter().map(usize::to_string).collect();
    print(&format!(
        "target       {}\nfirmware     {}, {same}\nchains       {}\nsites        {}\nimage        {} bytes\n\
         arithmetic   {}\nintegrators  {}\ndimensions   {}\n\
         frames       {}, {} damaged, {} requests, {} repeated\nstack        {} bytes",
        info.target,
        info.build,
        info.chains,
        info.sites,
        info.image_bytes,
        info.arith.join(", "),
        info.integrators.join(", "),
        dims.join(", "),
        info.frames,
        info.damaged,
        info.executed,
        info.repeated,
        info.stack_bytes,
    ))?;
    Ok(Outcome::Good)
}
