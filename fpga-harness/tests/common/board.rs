//! A simulated board at the other end of a host's line.

use std::io;
use std::time::Duration;

use super::Random;
use stoquant_device::{Device, Transport};
use stoquant_fpga::sim::{Circuit, LINE_DIVIDER, Line};

/// A simulated board, which is reset again and again.
pub struct Simulated {
    circuit: &'static Circuit,
    line: Line,
    random: Random,
    /// From half of so many frames to all of them lie between two resets: a longer run has one, whatever the seed.
    /// 0: never.
    resets: u32,
    /// Frames to the next reset.
    left: u32,
}

impl Simulated {
    pub fn new(circuit: &'static Circuit, seed: u64, resets: u32) -> Self {
        let line = Line::new(circuit, LINE_DIVIDER, seed as u32);
        let mut board = Self { circuit, line, random: Random::new(seed), resets, left: 0 };
        board.left = board.gap();
        board
    }

    pub fn open(circuit: &'static Circuit, seed: u64, resets: u32) -> Device {
        let board = Self::new(circuit, seed, resets);
        Device::open(Box::new(board), Duration::from_secs(2)).expect("a board that answers")
    }

    fn gap(&mut self) -> u32 {
        self.resets / 2 + self.random.u32() % (self.resets / 2 + 1)
    }
}

impl Transport for Simulated {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.resets > 0 {
            self.left -= 1;
            if self.left == 0 {
                self.line = Line::new(self.circuit, LINE_DIVIDER, self.random.u32());
                self.left = self.gap();
            }
        }
        self.line.send(bytes);
        Ok(())
    }

    fn receive(&mut self, _: Duration) -> io::Result<Vec<u8>> {
        self.line.run(200);
        Ok(self.line.receive())
    }
}
