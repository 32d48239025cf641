//! A memory beside a simulated circuit, which reads it.

use stoquant_fpga::sim::{Model, Port};

/// A block RAM that a circuit reads: its word is there so many clocks after the address.
pub struct Memory {
    pub words: Vec<u16>,
    addr: Port,
    word: Port,
    /// Addresses of the clocks before, the oldest first.
    before: Vec<u64>,
}

impl Memory {
    /// With the ports of the circuit that say an address and take a word.
    pub fn new(model: &Model, [addr, word]: [&str; 2], latency: usize) -> Self {
        Self { words: vec![], addr: model.port(addr), word: model.port(word), before: vec![0; latency] }
    }

    /// Puts in bytes as the circuit has them: two to a word, the first in the lower half.
    pub fn load(&mut self, bytes: &[u8]) {
        self.words = bytes.as_chunks::<2>().0.iter().map(|&pair| u16::from_le_bytes(pair)).collect();
    }

    /// One clock of the circuit, with the word that is due; addresses beyond the memory give any word.
    pub fn clock(&mut self, model: &mut Model) {
        self.before.push(model.get(self.addr));
        let at = self.before.remove(0) as usize;
        model.set(self.word, self.words.get(at).map_or(0x5a5a, |&word| word.into()));
        model.clock(1);
    }
}
