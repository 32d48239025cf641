//! A simulated board of several chains on a line without a protocol (`sq_bare`), told and asked as its head says,
//! against the core.
//!
//! Comparisons are of bits, so nothing here has an error rate.
#![cfg(all(feature = "sim", not(feature = "netlist")))]

mod common;

use common::chains::{Reference, phi4, start};
use common::{Random, seeds};
use stoquant_core::noise::{StreamTag, derive_key};
use stoquant_fpga::generate::REGISTERS;
use stoquant_fpga::sim::{LINE_DIVIDER, Line, circuits};

const W: u32 = 18;
const CHAINS: u32 = 2;
const EXTENTS: [usize; 2] = [8, 8];
const VOLUME: usize = 64;

/// What a chain shows.
#[derive(Debug, PartialEq)]
struct Shown {
    busy: bool,
    phi: i64,
    step: u64,
    clipped: u64,
    sums: [i64; 2],
}

struct Board(Line);

impl Board {
    /// Sends a request and waits for what is shown: 32 bytes, the highest first.
    fn ask(&mut self, code: u8, chain: u32, address: u8, word: u32) -> Shown {
        self.0.send(&[&[code, chain as u8, address][..], &word.to_be_bytes()].concat());
        let mut answer = vec![];
        // Seven bytes there and 32 back, ten bits each, and what is between.
        for _ in 0..45 {
            self.0.run(10);
            answer.append(&mut self.0.receive());
        }
        assert_eq!(answer.len(), 32, "{answer:02x?}");
        let bits = |low: usize, count: usize| -> u64 {
            (low..low + count).rev().fold(0, |value, bit| value << 1 | u64::from(answer[31 - bit / 8] >> (bit % 8) & 1))
        };
        let signed = |value: u64, width: u32| (value << (64 - width)) as i64 >> (64 - width);
        Shown {
            sums: [signed(bits(48, 32), 32), bits(0, 48) as i64],
            clipped: bits(80, 48),
            step: bits(128, 44),
            phi: signed(bits(172, W as usize), W),
            busy: bits(172 + W as usize, 1) == 1,
        }
    }

    fn register(&mut self, chain: u32, name: &str, value: u32) {
        let &(_, number, _) = REGISTERS.iter().find(|register| register.0 == name).expect("a register");
        self.ask(0, chain, number as u8, value);
    }

    /// Runs, and waits for the end.
    fn run(&mut self, sweeps: u32, measure: bool) {
        self.ask(1, 0, u8::from(measure), sweeps);
        while self.ask(4, 0, 0, 0).busy {}
    }

    fn field(&mut self, chain: u32) -> Vec<i64> {
        (0..VOLUME as u32).map(|site| self.ask(4, chain, 0, site << 20).phi).collect()
    }
}

#[test]
fn several_chains_on_a_line() {
    for seed in seeds() {
        let mut board = Board(Line::new(&circuits::BARE, LINE_DIVIDER, seed as u32));
        board.register(0, "Sites", VOLUME as u32);
        board.register(0, "Columns", EXTENTS[1] as u32);
        board.register(0, "StepLow", 0xffff_fffe);
        board.register(0, "StepHigh", 5);
        let step = (5 << 32) + 0xffff_fffe;
        let mut cores: Vec<Reference<W>> = (0..CHAINS)
            .map(|chain| {
                let with = phi4::<W>(0.25 + 0.02 * f64::from(chain), 0.022, 0.02);
                let [key0, key1] = derive_key(seed, chain, StreamTag::Noise.word(0)).0;
                for (name, value) in [
                    ("Key0", key0),
                    ("Key1", key1),
                    ("Hop", with.hop as u32),
                    ("Linear", with.linear as u32),
                    ("Cubic", with.cubic as u32),
                    ("Sigma", with.sigma as u32),
                ] {
                    board.register(chain, name, value);
                }
                let field = start(&mut Random::new(seed ^ u64::from(chain)), VOLUME, 1 << 17);
                for (site, &phi) in field.iter().enumerate() {
                    board.ask(3, chain, 0, (site as u32) << 20 | (phi as u32 & 0xfffff));
                }
                Reference::new(EXTENTS, with, seed, chain, step, &field)
            })
            .collect();
        for sweeps in [1, 20] {
            board.run(sweeps, true);
            for (chain, core) in (0..).zip(&mut cores) {
                core.state.clipped = 0;
                (0..sweeps).for_each(|_| core.sweep());
                let field = core.field();
                assert_eq!(board.field(chain), field, "chain {chain} after {sweeps} sweeps, seed {seed}");
                let shown = board.ask(4, chain, 0, 0);
                let sums = [field.iter().sum(), field.iter().map(|phi| phi * phi).sum()];
                let want =
                    Shown { busy: false, phi: field[0], step: core.state.step, clipped: core.state.clipped, sums };
                assert_eq!(shown, want, "chain {chain} after {sweeps} sweeps, seed {seed}");
            }
        }
        // A long run ends when it is told to.
        board.ask(1, 0, 0, u32::MAX);
        board.ask(2, 0, 0, 0);
        while board.ask(4, 0, 0, 0).busy {}
        let broken_off = board.ask(4, 0, 0, 0).step;
        assert!(broken_off > step + 21 && broken_off < step + 1000, "{broken_off}");
    }
}
