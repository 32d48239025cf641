//! A simulated board with a serial port: `stoquant device certify --port PATH` takes it for a real one.
//!
//! Prints the path of the port, and serves until it is ended.

use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use serialport::{SerialPort, TTYPort};
use stoquant_fpga::sim::{LINE_DIVIDER, Line, circuits};

/// Bits of silence on the line after which the board has nothing to do, once it has answered.
const SILENCE: u32 = 20_000;

#[cfg(feature = "netlist")]
fn main() -> ExitCode {
    eprintln!("error: this build has a netlist in place of the boards");
    ExitCode::from(2)
}

#[cfg(not(feature = "netlist"))]
fn main() -> ExitCode {
    let circuit = match std::env::args().nth(1).as_deref() {
        None | Some("fx18") => &circuits::TOP18,
        Some("fx16") => &circuits::TOP16,
        Some("fx18x3") => &circuits::TOP18X3,
        Some("score") => &circuits::SCORETOP,
        Some(other) => {
            eprintln!("error: {other}: fx18 (1024 sites), fx16 (64), fx18x3 (three chains of 256), or score");
            return ExitCode::from(2);
        }
    };
    match serve(Line::new(circuit, LINE_DIVIDER, 1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(mut line: Line) -> io::Result<()> {
    // The other end stays open here: else the line would be cut whenever nobody has it.
    let (mut master, slave) = TTYPort::pair()?;
    master.set_timeout(Duration::from_secs(3600))?;
    println!("{}", slave.name().unwrap_or_default());
    io::stdout().flush()?;
    let port = master.try_clone_native()?;
    let (sender, arrived) = channel();
    thread::spawn(move || listen(port, &sender));
    // Frames that have come and gone.
    let (mut asked, mut answered) = (0_u64, 0_u64);
    let mut silence = 0;
    let frames = |bytes: &[u8]| bytes.iter().filter(|&&byte| byte == 0).count() as u64;
    loop {
        while let Some(bytes) = next(&arrived, silence > SILENCE && answered >= asked)? {
            asked += frames(&bytes);
            line.send(&bytes);
            silence = 0;
        }
        line.run(20);
        silence = if line.sending() { 0 } else { silence.saturating_add(20) };
        let back = line.receive();
        if !back.is_empty() {
            silence = 0;
            answered += frames(&back);
            master.write_all(&back)?;
        }
    }
}

fn listen(mut port: TTYPort, to: &Sender<Vec<u8>>) {
    let mut bytes = [0; 4096];
    loop {
        match port.read(&mut bytes) {
            Ok(count) if to.send(bytes[..count].to_vec()).is_err() => return,
            Ok(_) => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::Interrupted) => {}
            Err(_) => return,
        }
    }
}

/// Bytes that have arrived; where there is nothing else to do, those that will.
fn next(arrived: &Receiver<Vec<u8>>, wait: bool) -> io::Result<Option<Vec<u8>>> {
    if wait {
        return arrived.recv().map(Some).map_err(|_| io::ErrorKind::UnexpectedEof.into());
    }
    Ok(arrived.try_recv().ok())
}
