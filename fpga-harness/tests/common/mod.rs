//! What the comparisons have in common: random inputs, and a chain in lockstep.
#![allow(dead_code, reason = "each test program uses a part")]

pub mod board;
pub mod chains;

use std::time::{SystemTime, UNIX_EPOCH};

use stoquant_core::noise::threefry::threefry2x32;
use stoquant_fpga::sim::Model;

/// Two fixed seeds, and one that no run has seen.
pub fn seeds() -> [u64; 3] {
    let fresh = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |t| t.as_nanos() as u64);
    println!("fresh seed {fresh}");
    [1, 2, fresh]
}

/// Random numbers.
pub struct Random {
    key: [u32; 2],
    count: u32,
}

impl Random {
    pub fn new(seed: u64) -> Self {
        Self { key: [seed as u32, (seed >> 32) as u32], count: 0 }
    }
    pub fn u32(&mut self) -> u32 {
        self.count += 1;
        threefry2x32(self.key, [self.count, u32::MAX])[0]
    }
    /// From -most to most.
    pub fn within(&mut self, most: i64) -> i64 {
        let word = u64::from(self.u32()) << 32 | u64::from(self.u32());
        (word % (2 * most as u64 + 1)) as i64 - most
    }
}

/// Feeds `input(n)` in clock n, and on until all is out; what must come out `latency` clocks later is compared by
/// `check(n, model)`.
pub fn stream(
    model: &mut Model,
    count: usize,
    latency: usize,
    mut input: impl FnMut(usize, &mut Model),
    mut check: impl FnMut(usize, &Model),
) {
    for n in 0..count + latency {
        input(n, model);
        model.clock(1);
        // The clock that took input n ends with latency 1.
        if let Some(at) = (n + 1).checked_sub(latency).filter(|&at| at < count) {
            check(at, model);
        }
    }
}
