//! M/M_max: both ends of every half of a cell, and random words.

use stoquant_core::score::int8::{Image, magnetisation};
use stoquant_fpga::sim::{Model, circuits, signed};

use crate::common::{Random, seeds};
use crate::images;
use crate::memory::Memory;

/// The circuit with an image.
struct Twin {
    model: Model,
    memory: Memory,
}

impl Twin {
    fn new(seed: u32) -> Self {
        let mut model = Model::new(&circuits::SCORE_MAGNETISATION, seed);
        let memory = Memory::new(&model, ["addr_o", "word_i"], 3);
        model.poke("start_i", 0);
        model.poke("rst_i", 1);
        model.clock(3);
        model.poke("rst_i", 0);
        Self { model, memory }
    }

    /// M of a word, and the clocks until it is there.
    fn draw(&mut self, word: u64) -> (i16, usize) {
        self.model.poke("random_i", word as i64);
        self.model.poke("start_i", 1);
        self.memory.clock(&mut self.model);
        self.model.poke("start_i", 0);
        self.model.poke("random_i", !word as i64);
        let mut clocks = 1;
        while self.model.peek("done_o") == 0 {
            self.memory.clock(&mut self.model);
            clocks += 1;
            assert!(clocks < 100, "no end");
        }
        let m = self.model.peek("m_o");
        // It stays, and done_o is 1 once.
        for _ in 0..word % 5 {
            self.memory.clock(&mut self.model);
            assert_eq!((self.model.peek("m_o"), self.model.peek("done_o")), (m, 0));
        }
        (signed(m, 16) as i16, clocks)
    }
}

/// Words at both ends of each of the 512 half-cells (256 cells, M of both signs), and their neighbours: all octaves of
/// both halves of the law, all cells in an octave, all places.
fn ends() -> Vec<u64> {
    let mut words = vec![0, 1, u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) - 1];
    for half in [0, 1 << 63] {
        for octave in 0..16 {
            for cell in 0..8_u64 {
                // The leading one of an octave, which the last does not have, and behind it cell and place.
                let top: u64 = if octave < 15 { 1 << (62 - octave) } else { 0 };
                let unit = if octave < 15 { 59 - octave } else { 45 };
                let first = top | cell << unit;
                for place in [0, 1, 2, 0x7fff, 0x8000, 0x8001, 0xfffe, 0xffff] {
                    for sign in [0, 1] {
                        words.push(half | first | place << (unit - 16) | sign);
                        words.push(half | first | place << (unit - 16) | ((1 << (unit - 16)) - 2) | sign);
                    }
                }
            }
        }
    }
    words
}

#[test]
fn magnetisations_are_those_of_the_core() {
    for seed in seeds() {
        let mut random = Random::new(seed);
        let mut twin = Twin::new(seed as u32);
        let mut times = [usize::MAX, 0];
        let shipped = [images::ancestral("c16-int8", 6), images::flow("n8-int8", 2)];
        for parts in shipped.into_iter().chain(images::wild(seed).into_iter().skip(6).take(4)) {
            let bytes = parts.encode().expect("an image");
            let image = Image::new(&bytes).expect("an image");
            twin.memory.load(&bytes);
            twin.model.poke("table_i", image.shape().sections()[1] as i64 / 2);
            let any = (0..10_000).map(|_| {
                let word = u64::from(random.u32()) << 32 | u64::from(random.u32());
                // Every other one of any octave.
                if word & 2 == 0 { word } else { word >> (word >> 2 & 15) & !(1 << 63) | word << 63 }
            });
            for word in ends().into_iter().chain(any) {
                let (m, clocks) = twin.draw(word);
                assert_eq!(m, magnetisation(&image, word), "seed {seed}, word {word:#018x}");
                times = [times[0].min(clocks), times[1].max(clocks)];
            }
        }
        println!("{times:?} clocks");
        assert_eq!(times, [14, 29]);
    }
}
