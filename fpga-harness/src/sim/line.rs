//! A simulated board at the end of a serial line (`sq_top`).

use std::collections::VecDeque;

use super::model::{Circuit, Model, Port};

/// Clocks a bit of the simulated boards' lines: fewer than on a board, or most of the time nothing would happen.
pub const LINE_DIVIDER: u32 = 16;

/// Samples of a bit of the line.
const SAMPLES: u32 = 8;

/// A board, and the bits on their way to it and back.
pub struct Line {
    model: Model,
    rx: Port,
    tx: Port,
    /// Clocks between two samples.
    quantum: u32,
    to_board: VecDeque<u8>,
    /// Bits of the byte on its way to the board, and samples of the first of them that are left.
    sending: (u32, u32),
    /// Bits of the byte on its way back, lowest first; samples until the next one; bits so far.
    receiving: Option<(u32, u32, u32)>,
    from_board: Vec<u8>,
}

impl Line {
    /// A board after a reset, whose line has so many clocks a bit: a multiple of 8.
    pub fn new(circuit: &'static Circuit, divider: u32, seed: u32) -> Self {
        let mut model = Model::new(circuit, seed);
        let (rx, tx) = (model.port("rx_i"), model.port("tx_o"));
        model.set(rx, 1);
        model.poke("rst_i", 1);
        model.clock(64);
        model.poke("rst_i", 0);
        model.clock(2 * divider);
        let quantum = (divider / SAMPLES).max(1);
        let (to_board, from_board) = (VecDeque::new(), vec![]);
        Self { model, rx, tx, quantum, to_board, sending: (0, 0), receiving: None, from_board }
    }

    /// Bytes to the board, behind those that are on their way.
    pub fn send(&mut self, bytes: &[u8]) {
        self.to_board.extend(bytes);
    }

    /// Whether bytes to the board are still on their way.
    pub fn sending(&self) -> bool {
        self.sending.0 != 0 || !self.to_board.is_empty()
    }

    /// Bytes that have come back.
    pub fn receive(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.from_board)
    }

    /// Clocks so far.
    pub fn clocks(&self) -> u64 {
        self.model.clocks()
    }

    /// So many bits of time.
    pub fn run(&mut self, bits: u32) {
        for _ in 0..bits * SAMPLES {
            self.sample();
        }
    }

    fn sample(&mut self) {
        let (bits, left) = &mut self.sending;
        if *left == 0 {
            *bits >>= 1;
            if *bits == 0
                && let Some(byte) = self.to_board.pop_front()
            {
                // A start bit, the byte, a stop bit, and what says that there is something.
                *bits = u32::from(byte) << 1 | 1 << 9 | 1 << 10;
            }
            // The last bit is the mark.
            if *bits == 1 {
                *bits = self.to_board.pop_front().map_or(0, |byte| u32::from(byte) << 1 | 1 << 9 | 1 << 10);
            }
            *left = SAMPLES;
        }
        *left -= 1;
        let level = if *bits == 0 { 1 } else { *bits & 1 };
        self.model.set(self.rx, u64::from(level));
        self.model.clock(self.quantum);
        let line = self.model.get(self.tx) as u32;
        match &mut self.receiving {
            None if line == 0 => self.receiving = Some((0, SAMPLES + SAMPLES / 2 - 1, 0)),
            None => {}
            Some((_, wait @ 1.., _)) => *wait -= 1,
            Some((byte, wait, count)) => {
                if *count == 8 {
                    if line == 1 {
                        self.from_board.push(*byte as u8);
                    }
                    self.receiving = None;
                } else {
                    *byte |= line << *count;
                    *count += 1;
                    *wait = SAMPLES - 1;
                }
            }
        }
    }
}
