//! A simulated circuit: ports by name, and a clock.
#![allow(unsafe_code, reason = "the models are C++")]

use std::ffi::c_void;

/// The functions of a kind of circuit.
#[derive(Debug)]
pub struct Circuit {
    name: &'static str,
    new: unsafe extern "C" fn(u32) -> *mut c_void,
    free: unsafe extern "C" fn(*mut c_void),
    clock: unsafe extern "C" fn(*mut c_void, u32),
    poke: unsafe extern "C" fn(*mut c_void, u32, u64),
    peek: unsafe extern "C" fn(*mut c_void, u32) -> u64,
    ports: &'static [&'static str],
}

impl Circuit {
    /// In the place of a circuit that this build does not have.
    #[allow(dead_code, reason = "where some are left out")]
    const fn absent(name: &'static str) -> Self {
        unsafe extern "C" fn new(_: u32) -> *mut c_void {
            std::ptr::null_mut()
        }
        unsafe extern "C" fn free(_: *mut c_void) {}
        unsafe extern "C" fn clock(_: *mut c_void, _: u32) {}
        unsafe extern "C" fn poke(_: *mut c_void, _: u32, _: u64) {}
        unsafe extern "C" fn peek(_: *mut c_void, _: u32) -> u64 {
            0
        }
        Self { name, new, free, clock, poke, peek, ports: &[] }
    }
}

/// The circuits that there are: see `tops.rs`.
pub mod circuits {
    use super::{Circuit, c_void};
    include!(concat!(env!("OUT_DIR"), "/models.rs"));
}

/// A circuit of its own.
#[derive(Debug)]
pub struct Model {
    circuit: &'static Circuit,
    raw: *mut c_void,
    clocks: u64,
}

// SAFETY: a model is touched by whoever holds it, one at a time, and keeps nothing of a thread.
unsafe impl Send for Model {}

/// A port of a circuit.
#[derive(Clone, Copy, Debug)]
pub struct Port(u32);

impl Model {
    /// A circuit with its power just switched on: every register has a value that the seed decides.
    ///
    /// # Panics
    /// If the build was told to leave it out.
    pub fn new(circuit: &'static Circuit, seed: u32) -> Self {
        // SAFETY: makes a model of this circuit; the functions below get no other.
        let raw = unsafe { (circuit.new)(seed) };
        assert!(!raw.is_null(), "{}: this build has no such model", circuit.name);
        Self { circuit, raw, clocks: 0 }
    }

    /// The port of this name.
    ///
    /// # Panics
    /// If there is none.
    pub fn port(&self, name: &str) -> Port {
        let at = self.circuit.ports.iter().position(|&port| port == name);
        Port(at.unwrap_or_else(|| panic!("no port {name}: there are {:?}", self.circuit.ports)) as u32)
    }

    /// Sets an input.
    pub fn set(&mut self, port: Port, value: u64) {
        // SAFETY: the model is of this circuit; unknown ports are ignored.
        unsafe { (self.circuit.poke)(self.raw, port.0, value) }
    }

    /// Sets an input by its name.
    pub fn poke(&mut self, name: &str, value: i64) {
        self.set(self.port(name), value as u64);
    }

    /// An output.
    pub fn get(&self, port: Port) -> u64 {
        // SAFETY: as above.
        unsafe { (self.circuit.peek)(self.raw, port.0) }
    }

    /// An output by its name.
    pub fn peek(&self, name: &str) -> u64 {
        self.get(self.port(name))
    }

    /// So many clocks: what was set before is there in the first of them.
    pub fn clock(&mut self, count: u32) {
        self.clocks += u64::from(count);
        // SAFETY: as above.
        unsafe { (self.circuit.clock)(self.raw, count) }
    }

    /// Clocks so far.
    pub fn clocks(&self) -> u64 {
        self.clocks
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        // SAFETY: made by `new` of the same circuit, and not used again.
        unsafe { (self.circuit.free)(self.raw) }
    }
}

/// The number that the lowest `width` bits stand for.
pub fn signed(bits: u64, width: u32) -> i64 {
    (bits << (64 - width)) as i64 >> (64 - width)
}
