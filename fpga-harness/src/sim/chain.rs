//! Chains in a simulated circuit (`sq_replica`).

use stoquant_core::noise::{StreamTag, derive_key};

use super::model::{Circuit, Model, Port, signed};
use crate::generate::REGISTERS;

/// What a chain is configured with: the integers of the core's drift and amplitude.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coefficients {
    /// k_n.
    pub hop: i32,
    /// k_a.
    pub linear: i64,
    /// k_c.
    pub cubic: i32,
    /// k_s.
    pub sigma: i32,
}

/// One site that a sweep has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retired {
    /// Which.
    pub site: usize,
    /// φ'.
    pub phi: i64,
    /// η.
    pub eta: i64,
    /// εK.
    pub drift: i64,
}

/// Chains of one circuit.
pub struct Chains {
    model: Model,
    width: u32,
    sites: usize,
    columns: usize,
    ports: Ports,
}

struct Ports {
    run: Port,
    busy: Port,
    sel: Port,
    address: Port,
    write: Port,
    data_in: Port,
    data_out: Port,
}

impl Chains {
    /// Chains of width W in a circuit, after a reset.
    pub fn new(circuit: &'static Circuit, width: u32, seed: u32) -> Self {
        let mut model = Model::new(circuit, seed);
        let ports = Ports {
            run: model.port("run_i"),
            busy: model.port("busy_o"),
            sel: model.port("sel_i"),
            address: model.port("field_addr_i"),
            write: model.port("field_we_i"),
            data_in: model.port("field_data_i"),
            data_out: model.port("field_data_o"),
        };
        for input in ["cfg_we_i", "run_i", "abort_i", "measure_i", "field_we_i", "sel_i", "field_addr_i"] {
            model.poke(input, 0);
        }
        model.poke("rst_i", 1);
        // Longer than what travels beside the data without a reset.
        model.clock(64);
        model.poke("rst_i", 0);
        Self { model, width, sites: 0, columns: 0, ports }
    }

    fn register(&mut self, pipe: u32, name: &str, value: u32) {
        let Some(&(_, number, _)) = REGISTERS.iter().find(|register| register.0 == name) else { return };
        for (port, value) in [("cfg_we_i", 1), ("cfg_pipe_i", pipe), ("cfg_addr_i", number), ("cfg_data_i", value)] {
            self.model.poke(port, i64::from(value));
        }
        self.model.clock(1);
        self.model.poke("cfg_we_i", 0);
    }

    /// Extents of all chains.
    pub fn extents(&mut self, rows: usize, columns: usize) {
        (self.sites, self.columns) = (rows * columns, columns);
        self.register(0, "Sites", (rows * columns) as u32);
        self.register(0, "Columns", columns as u32);
    }

    /// Drift, amplitude and key of one chain.
    pub fn configure(&mut self, pipe: u32, with: Coefficients, seed: u64, chain: u32) {
        let [key0, key1] = derive_key(seed, chain, StreamTag::Noise.word(0)).0;
        self.register(pipe, "Key0", key0);
        self.register(pipe, "Key1", key1);
        self.register(pipe, "Hop", with.hop as u32);
        self.register(pipe, "Linear", with.linear as u32);
        self.register(pipe, "Cubic", with.cubic as u32);
        self.register(pipe, "Sigma", with.sigma as u32);
    }

    /// Number of the next step, of all chains.
    pub fn set_step(&mut self, step: u64) {
        self.register(0, "StepLow", step as u32);
        self.register(0, "StepHigh", (step >> 32) as u32);
        self.model.clock(2);
    }

    /// Writes a field.
    pub fn write(&mut self, pipe: u32, field: &[i64]) {
        let ports = &self.ports;
        self.model.set(ports.sel, u64::from(pipe));
        self.model.set(ports.write, 1);
        for (site, &phi) in field.iter().enumerate() {
            self.model.set(ports.address, site as u64);
            self.model.set(ports.data_in, phi as u64 & ((1 << self.width) - 1));
            self.model.clock(1);
        }
        self.model.set(ports.write, 0);
        self.model.clock(4);
    }

    /// Reads a field.
    pub fn read(&mut self, pipe: u32) -> Vec<i64> {
        let ports = &self.ports;
        self.model.set(ports.sel, u64::from(pipe));
        let mut field = Vec::with_capacity(self.sites);
        // Addresses one a clock, and what they mean so much later.
        for site in 0..self.sites + READ - 1 {
            self.model.set(ports.address, (site % self.sites) as u64);
            self.model.clock(1);
            if site + 1 >= READ {
                field.push(signed(self.model.get(ports.data_out), self.width));
            }
        }
        field
    }

    /// Begins sweeps, and a pass of sums after them, and returns at once.
    pub fn start(&mut self, sweeps: u32, measure: bool) {
        self.model.poke("sweeps_i", i64::from(sweeps));
        self.model.poke("measure_i", i64::from(measure));
        self.model.set(self.ports.run, 1);
        self.model.clock(1);
        self.model.set(self.ports.run, 0);
        self.model.clock(1);
    }

    /// Ends what is going on after the sweep that is under way.
    pub fn abort(&mut self) {
        self.model.poke("abort_i", 1);
        self.model.clock(1);
        self.model.poke("abort_i", 0);
    }

    /// Until all is done; how many clocks that took.
    pub fn wait(&mut self) -> u64 {
        let before = self.model.clocks();
        while self.model.get(self.ports.busy) == 1 {
            self.model.clock(16);
        }
        self.model.clocks() - before
    }

    /// Sweeps, and then a pass of sums.
    pub fn run(&mut self, sweeps: u32, measure: bool) -> u64 {
        self.start(sweeps, measure);
        self.wait()
    }

    /// Sweeps; every site that they write is shown, in the order of writing. Of a circuit with one chain.
    pub fn run_shown(&mut self, sweeps: u32, mut show: impl FnMut(Retired)) {
        let [valid, site, phi, eta, drift] =
            ["new_valid_o", "new_site_o", "new_o", "new_eta_o", "new_drift_o"].map(|name| self.model.port(name));
        self.start(sweeps, false);
        while self.model.get(self.ports.busy) == 1 {
            if self.model.get(valid) == 1 {
                show(Retired {
                    site: self.model.get(site) as usize,
                    phi: signed(self.model.get(phi), self.width),
                    eta: signed(self.model.get(eta), self.width),
                    drift: signed(self.model.get(drift), 2 * self.width + 3),
                });
            }
            self.model.clock(1);
        }
    }

    /// Steps done.
    pub fn step(&self) -> u64 {
        self.model.peek("step_o")
    }

    /// Saturations of a chain since the last run began.
    pub fn clipped(&mut self, pipe: u32) -> u64 {
        self.select(pipe);
        self.model.peek("clipped_o")
    }

    /// Σ φ, Σ φ² and Σ φ·nn of a chain's last pass, as integers.
    pub fn sums(&mut self, pipe: u32) -> [i64; 3] {
        self.select(pipe);
        [("sum_phi_o", 32), ("sum_phi2_o", 48), ("sum_bond_o", 48)]
            .map(|(name, width)| signed(self.model.peek(name), width))
    }

    fn select(&mut self, pipe: u32) {
        self.model.set(self.ports.sel, u64::from(pipe));
        self.model.clock(4);
    }
}

/// Clocks from an address to its word at the output: of the chain, and of what chooses among chains.
const READ: usize = 6;
