//! The quantised score in a simulated circuit (`sq_score`).

use stoquant_core::score::int8::image::{Image, ImageError};
use stoquant_link::description::{Description, FIRST, REGISTERS};

use super::model::{Circuit, Model, Port, signed};
/// More clocks than a stage takes, or the start or the finish of a configuration.
const LONGEST: u32 = 1 << 19;

/// Sums over the sites of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sums {
    /// Σφ, 12 fractional bits.
    pub phi: i64,
    /// Σφ², 24 fractional bits.
    pub phi2: u64,
    /// Σφ⁴, 48 fractional bits.
    pub phi4: u128,
    /// Σφ·nn over the four neighbours, 24 fractional bits.
    pub bonds: i64,
}

/// What a stage of the circuit writes into its memories, each list in the order of addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// ŷ with M of every site.
    pub y: Vec<i16>,
    /// h of every site.
    pub h: Vec<i16>,
    /// ĥ of every mode.
    pub score: Vec<i16>,
    /// u of every mode after the stage.
    pub u: Vec<i16>,
}

/// A circuit of the score, `sq_score`.
pub struct Score {
    model: Model,
    volume: usize,
    stages: u64,
    busy: Port,
    phase: Port,
    toggle: u64,
}

impl Score {
    /// A circuit after a reset; what its registers and memories held before, the seed decides.
    pub fn new(circuit: &'static Circuit, seed: u32) -> Self {
        let mut model = Model::new(circuit, seed);
        let commands = ["check_i", "begin_i", "run_i", "finish_i", "draw_i", "abort_i"];
        for input in commands.into_iter().chain(["cfg_we_i", "image_we_i", "field_we_i"]) {
            model.poke(input, 0);
        }
        let (busy, phase) = (model.port("busy_o"), model.port("phase_i"));
        let mut score = Self { model, volume: 0, stages: 0, busy, phase, toggle: 0 };
        score.model.poke("rst_i", 1);
        // Longer than what travels beside the data without a reset.
        score.clock(64);
        score.model.poke("rst_i", 0);
        score
    }

    /// So many clocks, whatever goes on.
    pub fn clock(&mut self, count: u32) {
        for _ in 0..count {
            self.toggle ^= 1;
            self.model.set(self.phase, self.toggle);
            self.model.clock(1);
        }
    }

    fn pulse(&mut self, command: &str) {
        self.model.poke(command, 1);
        self.clock(1);
        self.model.poke(command, 0);
    }

    /// Until all is done; how many clocks that took.
    ///
    /// # Panics
    /// If for a long time nothing is done: no circuit that is as it should be does that.
    pub fn wait(&mut self) -> u64 {
        let before = self.model.clocks();
        let mut done = None;
        loop {
            for _ in 0..LONGEST {
                self.clock(1);
                if self.model.get(self.busy) == 0 {
                    return self.model.clocks() - before;
                }
            }
            let now = Some([self.step(), self.drawn()]);
            assert!(done != now, "no end");
            done = now;
        }
    }

    /// A register by its name.
    ///
    /// # Panics
    /// If there is none.
    pub fn set(&mut self, name: &str, value: u32) {
        let number = REGISTERS.iter().position(|register| register.0 == name);
        self.register(number.unwrap_or_else(|| panic!("no register {name}")), value);
    }

    fn register(&mut self, number: usize, value: u32) {
        for (port, value) in [("cfg_we_i", 1), ("cfg_addr_i", number as i64), ("cfg_data_i", value.into())] {
            self.model.poke(port, value);
        }
        self.clock(1);
        self.model.poke("cfg_we_i", 0);
    }

    /// Brings an image that fits ([`ROOM`](stoquant_link::description::ROOM)) into the circuit, and has its check sum
    /// compared: whether it is as it should be.
    pub fn load(&mut self, bytes: &[u8]) -> Result<bool, ImageError> {
        let image = Image::new(bytes)?;
        let extent = image.shape().extent;
        self.volume = extent * extent;
        self.stages = image.shape().stages as u64;
        for (number, value) in (FIRST..).zip(Description::of(&image, bytes).0) {
            self.register(number, value);
        }
        self.write_image(0, bytes);
        Ok(self.check())
    }

    /// Words of the image from `first` on.
    pub fn write_image(&mut self, first: usize, bytes: &[u8]) {
        self.model.poke("image_we_i", 1);
        for (n, &word) in bytes.as_chunks::<2>().0.iter().enumerate() {
            self.model.poke("image_addr_i", (first + n) as i64);
            self.model.poke("image_data_i", u16::from_le_bytes(word).into());
            self.clock(1);
        }
        self.model.poke("image_we_i", 0);
        self.clock(3);
    }

    /// Whether the image has the check sum that it should have.
    pub fn check(&mut self) -> bool {
        self.pulse("check_i");
        self.wait();
        self.model.peek("good_o") == 1
    }

    /// Seed, and the number of the next configuration.
    pub fn seed(&mut self, seed: u64, chain: u32) {
        self.set("SeedLow", seed as u32);
        self.set("SeedHigh", (seed >> 32) as u32);
        self.set("Chain", chain);
        self.clock(2);
    }

    /// Keys, M and start of the configuration; M/M_max.
    pub fn begin(&mut self) -> i16 {
        self.pulse("begin_i");
        self.wait();
        self.m()
    }

    /// M/M_max.
    pub fn m(&self) -> i16 {
        signed(self.model.peek("m_o"), 16) as i16
    }

    /// So many stages; how many clocks they take.
    pub fn run(&mut self, stages: u16) -> u64 {
        self.start_run(stages);
        self.wait()
    }

    /// Begins what [`run`](Self::run) does.
    pub fn start_run(&mut self, stages: u16) {
        self.model.poke("stages_i", stages.into());
        self.pulse("run_i");
    }

    /// A stage, and all that it writes.
    ///
    /// # Panics
    /// If it does not end: see [`wait`](Self::wait).
    pub fn run_shown(&mut self) -> Shown {
        let ports = ["show_o", "show_y_o", "show_h_o", "show_score_o", "show_u_o"].map(|name| self.model.port(name));
        let [show, y, h, score, u] = ports;
        let mut shown = Shown::default();
        self.start_run(1);
        for _ in 0..LONGEST {
            let what = self.model.get(show);
            let number = |port| signed(self.model.get(port), 16) as i16;
            for (bit, port, list) in
                [(0, y, &mut shown.y), (1, h, &mut shown.h), (2, score, &mut shown.score), (3, u, &mut shown.u)]
            {
                if what >> bit & 1 == 1 {
                    list.push(number(port));
                }
            }
            if self.model.get(self.busy) == 0 {
                return shown;
            }
            self.clock(1);
        }
        panic!("no end");
    }

    /// φ of the modes as they are.
    pub fn finish(&mut self) -> Vec<i16> {
        self.pulse("finish_i");
        self.wait();
        self.phi()
    }

    /// So many configurations, from the number set before on; how many clocks they take.
    pub fn draw(&mut self, count: u32) -> u64 {
        self.start_draw(count);
        self.wait()
    }

    /// Begins what [`draw`](Self::draw) does.
    pub fn start_draw(&mut self, count: u32) {
        self.model.poke("count_i", count.into());
        self.pulse("draw_i");
    }

    /// Ends what is going on after the stage, or the configuration, that is under way.
    pub fn abort(&mut self) {
        self.pulse("abort_i");
    }

    /// Stages of the image.
    pub fn stages(&self) -> u64 {
        self.stages
    }

    /// Stages done.
    pub fn step(&self) -> u64 {
        self.model.peek("step_o")
    }

    /// Configurations drawn.
    pub fn drawn(&self) -> u64 {
        self.model.peek("drawn_o")
    }

    /// The modes u.
    pub fn modes(&mut self) -> Vec<i16> {
        self.read("field_addr_i", "field_data_o", 4)
    }

    /// φ of the configuration finished last.
    pub fn phi(&mut self) -> Vec<i16> {
        self.read("phi_addr_i", "phi_data_o", 2)
    }

    fn read(&mut self, address: &str, data: &str, late: usize) -> Vec<i16> {
        let mut out = Vec::with_capacity(self.volume);
        for at in 0..self.volume + late - 1 {
            self.model.poke(address, (at % self.volume) as i64);
            self.clock(1);
            if at + 1 >= late {
                out.push(signed(self.model.peek(data), 16) as i16);
            }
        }
        out
    }

    /// Sets the modes.
    pub fn write(&mut self, u: &[i16]) {
        self.model.poke("field_we_i", 1);
        for (at, &u) in u.iter().enumerate() {
            self.model.poke("field_addr_i", at as i64);
            self.model.poke("field_data_i", (u as u16).into());
            self.clock(1);
        }
        self.model.poke("field_we_i", 0);
        self.clock(3);
    }

    /// The sums of configuration n of a draw, of the last 64; of the one finished last, 0.
    pub fn sums(&mut self, n: usize) -> Sums {
        let words: Vec<u128> = (0..8)
            .map(|word| {
                self.model.poke("sums_addr_i", (n % 64 * 8 + word) as i64);
                self.clock(2);
                u128::from(self.model.peek("sums_data_o"))
            })
            .collect();
        Sums {
            phi: signed(words[0] as u64, 32),
            phi2: (words[1] | words[2] << 32) as u64,
            phi4: words[3] | words[4] << 32 | words[5] << 64,
            bonds: (words[6] | words[7] << 32) as i64,
        }
    }

    /// Clocks so far.
    pub fn clocks(&self) -> u64 {
        self.model.clocks()
    }
}
