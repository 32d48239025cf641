//! Bytes to a board and back: a serial port, a program that emulates a board, or an agent in a thread.

use std::io::{self, ErrorKind, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use serialport::SerialPort;
use stoquant_agent::{Agent, Board, Memory};
use stoquant_core::machine::Portable;

/// A line of bytes in both directions.
pub trait Transport: Send {
    /// Sends all bytes.
    fn send(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Bytes that arrive, as soon as there are any; none after `wait`.
    fn receive(&mut self, wait: Duration) -> io::Result<Vec<u8>>;
}

/// A serial port.
pub struct Port(Box<dyn SerialPort>);

impl Port {
    /// Opens it, 8 bits, no parity, one stop bit.
    pub fn open(path: &str, baud: u32) -> Result<Self, serialport::Error> {
        serialport::new(path, baud).timeout(Duration::from_millis(100)).open().map(Self)
    }
}

impl Transport for Port {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)?;
        self.0.flush()
    }

    fn receive(&mut self, wait: Duration) -> io::Result<Vec<u8>> {
        // 0 would mean: wait for ever.
        self.0.set_timeout(wait.max(Duration::from_millis(1))).map_err(io::Error::from)?;
        let mut bytes = [0; 1024];
        match self.0.read(&mut bytes) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => Ok(bytes[..count].to_vec()),
            Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::Interrupted) => Ok(vec![]),
            Err(error) => Err(error),
        }
    }
}

/// A program whose standard input and output are a board's serial line. It ends with the value.
pub struct Program {
    child: Child,
    input: ChildStdin,
    output: Receiver<Vec<u8>>,
}

impl Program {
    /// Starts it.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let (Some(input), Some(mut stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(ErrorKind::BrokenPipe.into());
        };
        let (sender, output) = channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = stdout.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Ok(Self { child, input, output })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Transport for Program {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.input.write_all(bytes)?;
        self.input.flush()
    }

    fn receive(&mut self, wait: Duration) -> io::Result<Vec<u8>> {
        from_channel(&self.output, wait)
    }
}

fn from_channel(output: &Receiver<Vec<u8>>, wait: Duration) -> io::Result<Vec<u8>> {
    match output.recv_timeout(wait) {
        Ok(bytes) => Ok(bytes),
        Err(RecvTimeoutError::Timeout) => Ok(vec![]),
        Err(RecvTimeoutError::Disconnected) => Err(ErrorKind::UnexpectedEof.into()),
    }
}

/// The agent in a thread of this process: a board without a board.
pub struct InProcess {
    input: Sender<Vec<u8>>,
    output: Receiver<Vec<u8>>,
}

/// The board's side of [`InProcess`].
struct Thread {
    input: Receiver<Vec<u8>>,
    output: Sender<Vec<u8>>,
    arrived: std::collections::VecDeque<u8>,
    /// Bytes of the frame that is being sent.
    frame: Vec<u8>,
}

impl Thread {
    /// Waits for bytes; whether there will be any.
    fn wait(&mut self) -> bool {
        self.input.recv().map(|bytes| self.arrived.extend(bytes)).is_ok()
    }
}

impl Board for Thread {
    const TARGET: &'static str = "thread";
    type Machine = Portable;
    const MACHINE: Portable = Portable;

    fn receive(&mut self) -> Option<u8> {
        while let Ok(bytes) = self.input.try_recv() {
            self.arrived.extend(bytes);
        }
        self.arrived.pop_front()
    }

    fn send(&mut self, byte: u8) {
        self.frame.push(byte);
        if byte == 0 {
            // Nobody may listen any more.
            let _ = self.output.send(std::mem::take(&mut self.frame));
        }
    }
}

impl InProcess {
    /// Starts the thread; it ends when this value does.
    pub fn start(sites: usize) -> Self {
        let (input, from_host) = channel();
        let (to_host, output) = channel();
        thread::spawn(move || {
            let (mut field, mut work) = (vec![0; sites], vec![0; 5 * sites]);
            let (mut image, mut scratch) = (vec![0; 1 << 16], vec![0; 1 << 16]);
            let memory = Memory { field: &mut field, work: &mut work, image: &mut image, scratch: &mut scratch };
            let board = Thread { input: from_host, output: to_host, arrived: Default::default(), frame: vec![] };
            let mut agent = Agent::new(board, memory);
            while agent.step() || agent.board().wait() {}
        });
        Self { input, output }
    }
}

impl Transport for InProcess {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.input.send(bytes.to_vec()).map_err(|_| ErrorKind::BrokenPipe.into())
    }

    fn receive(&mut self, wait: Duration) -> io::Result<Vec<u8>> {
        from_channel(&self.output, wait)
    }
}
