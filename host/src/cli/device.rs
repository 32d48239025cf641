//! `stoquant device`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde::Serialize;
use stoquant::certify::Verdict;
use stoquant::device::certify::{Extent, certify};
use stoquant::device::emulate::Machine;
use stoquant::device::{Device, LinkError, Port};
use stoquant::experiment::{Experiment, InputError, Options};
use stoquant::output::Outputs;

use super::summary::{Clock, summary};
use super::{Outcome, bar, json, print};

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
    /// Run a chain on a board, and print its observables
    Run(RunArgs),
    /// Show that a board computes the core's words, and that they sample e^{-S}
    Certify(CertifyArgs),
}

/// Which board.
#[derive(Args)]
struct BoardArgs {
    /// Serial port of a board
    #[arg(long, value_name = "PATH", required_unless_present = "emulate", conflicts_with = "emulate")]
    port: Option<String>,
    /// Its speed
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
            (None, None) => Err(InputError::new("which board? --port PATH, or --emulate BOARD")),
        }
    }
}

#[derive(Args)]
struct RunArgs {
    #[command(flatten)]
    board: BoardArgs,
    /// Experiment file (TOML); flags override its keys
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct CertifyArgs {
    #[command(flatten)]
    board: BoardArgs,
    /// Site updates in lockstep, of every number type and integrator
    #[arg(long, default_value_t = 1_000_000, value_name = "N")]
    updates: u64,
    /// Length of the statistical runs, in units of the default certificate
    #[arg(long, default_value_t = 0.002, value_name = "X")]
    effort: f64,
    /// Seed, 64 bits
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print every check
    #[arg(long)]
    verbose: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Also write the certificate as JSON to this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub fn run(args: DeviceArgs) -> Result<Outcome, InputError> {
    match args.command {
        Command::List { json } => list(json),
        Command::Info { board, json } => info(&board, json),
        Command::Run(args) => chain(args),
        Command::Certify(args) => certificate(args),
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
        (true, _) => "a circuit: it is told the coefficients",
        (false, true) => "the sources of this program",
        (false, false) => "other sources than this program's",
    };
    let dims: Vec<String> = info.dimensions.iter().map(usize::to_string).collect();
    print(&format!(
        "target       {}\nfirmware     {}, {same}\nsites        {}\nimage        {} bytes\narithmetic   {}\nintegrators  {}\ndimensions   {}\nframes       {}, {} damaged, {} requests, {} repeated\nstack        {} bytes",
        info.target,
        info.build,
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

#[derive(Serialize)]
struct Row {
    step: u64,
    clipped: u64,
    accepted: u64,
    m: f64,
    phi2: f64,
    action_density: f64,
}

fn chain(args: RunArgs) -> Result<Outcome, InputError> {
    let experiment = Experiment::new(&args.options.resolve(args.config.as_deref())?)?;
    let device = args.board.open()?;
    let (setup, each) = (experiment.setup, experiment.every);
    let mut engine = device.engine(&setup, 0).map_err(InputError::new)?;
    engine.hot_start(1.0).map_err(InputError::new)?;
    let mut rows = Vec::new();
    for _ in 0..experiment.count {
        engine.sweep(each);
        let (state, measured) = (engine.state(), engine.measure());
        device.failure().map_err(link)?;
        rows.push(Row {
            step: state.step,
            clipped: state.clipped,
            accepted: state.accepted,
            m: measured.m,
            phi2: measured.phi2,
            action_density: measured.action_density,
        });
    }
    if args.json {
        print(&json(&rows)?)?;
    } else {
        let mut text =
            format!("{:>10} {:>8} {:>10} {:>14} {:>14} {:>14}", "step", "clipped", "accepted", "m", "phi2", "action/V");
        for Row { step, clipped, accepted, m, phi2, action_density } in rows {
            text += &format!("\n{step:>10} {clipped:>8} {accepted:>10} {m:>14.8} {phi2:>14.8} {action_density:>14.8}");
        }
        print(&text)?;
    }
    Ok(Outcome::Good)
}

fn certificate(args: CertifyArgs) -> Result<Outcome, InputError> {
    if !(args.effort > 0.0 && args.effort <= 1e3) {
        return Err(InputError(format!("effort = {}: must be above 0 and at most 1000", args.effort)));
    }
    let mut outputs = Outputs::reading(args.board.firmware.as_deref());
    let out = args.out.as_deref().map(|path| outputs.add("out", path)).transpose()?;
    let device = args.board.open()?;
    let bar = bar(1, "{bar:40} {pos}/{len} {elapsed} (eta {eta}) {msg}", !args.json);
    let extent = Extent { updates: args.updates.max(1), effort: args.effort, seed: args.seed };
    let mut clock = Clock::default();
    let certificate = certify(&device, extent, |done, total, part| {
        clock.begin(part.rung);
        bar.set_length(total as u64);
        bar.set_position(done as u64);
        bar.set_message(part.name.clone());
    })?;
    clock.end();
    bar.finish_and_clear();
    let text = json(&certificate)?;
    if let Some(out) = out {
        out.write(format!("{text}\n").as_bytes())?;
    }
    print(&if args.json { text } else { summary(&certificate, &clock, args.verbose) })?;
    if !args.json {
        let counted = device.statistics().map_err(link)?;
        print(&format!(
            "link: {} frames to the board, {} damaged, {} repeated; stack {} bytes",
            counted.frames,
            counted.checksum.saturating_add(counted.framing),
            counted.repeated,
            counted.stack
        ))?;
    }
    Ok(if certificate.verdict == Verdict::Pass { Outcome::Good } else { Outcome::CheckFailed })
}
