//! A simulated board at the other end of a host's line.

use std::io;
use std::time::Duration;

use super::Random;
use stoquant_device::{Device, Transport};
use stoquant_fpga::sim::{Circuit, LINE_DIVIDER, Line};

/// A simulated board, which is reset before one in so many frames.
pub struct Simulated {
    circuit: &'static Circuit,
    line: Line,
    random: Random,
    resets: u32,
}

impl Simulated {
    pub fn open(circuit: &'static Circuit, seed: u64, resets: u32) -> Device {
        let line = Line::new(circuit, LINE_DIVIDER, seed as u32);
        let board = Self { circuit, line, random: Random::new(seed), resets };
        Device::open(Box::new(board), Duration::from_secs(2)).expect("a board that answers")
    }
}

impl Transport for Simulated {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.resets > 0 && self.random.u32().is_multiple_of(self.resets) {
            self.line = Line::new(self.circuit, LINE_DIVIDER, self.random.u32());
        }
        self.line.send(bytes);
        Ok(())
    }

    fn receive(&mut self, _: Duration) -> io::Result<Vec<u8>> {
        self.line.run(200);
        Ok(self.line.receive())
    }
}
