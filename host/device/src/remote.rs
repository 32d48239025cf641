//! A chain on a board, as an engine.

use std::sync::Mutex;

use stoquant_core::arith::Arith;
use stoquant_core::dispatch::{OnArith, on_arith};
use stoquant_core::error::Error;
use stoquant_core::integrator::State;
use stoquant_core::observable::Measurement;
use stoquant_link::message::{Buffer, Reply, Request};
use stoquant_model::{ArithKind, Phi4, Setup};

use super::board::{Device, Inner, Told};
use super::client::LinkError;
use stoquant_engines::engine::Engine;

/// A chain on a board.
pub(super) struct Remote {
    pub(super) device: Device,
    pub(super) id: u64,
    pub(super) setup: Setup,
    pub(super) eps: f64,
    pub(super) drift: Phi4,
    pub(super) target: Phi4,
    /// Whether the board can start the field; else the host does, and writes it.
    pub(super) starts: bool,
    /// The same chain here, for a board that does not measure, or cannot start the field.
    pub(super) host: Mutex<Box<dyn Engine>>,
}

impl Remote {
    fn ask<T>(&self, mut work: impl FnMut(&mut Inner) -> Result<T, LinkError>) -> Option<T> {
        self.device.lock().attempt(|inner| {
            inner.load(self.id)?;
            work(inner)
        })
    }
}

impl Remote {
    /// What the host makes of the board's field.
    fn on_host<T>(&self, work: impl FnOnce(&dyn Engine) -> T) -> Option<T> {
        let bits = self.bits();
        let mut host = self.host.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        host.set_bits(&bits).ok()?;
        Some(work(host.as_ref()))
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        let mut inner = self.device.lock();
        inner.chains.remove(&self.id);
        if inner.loaded == Some(self.id) {
            inner.loaded = None;
        }
    }
}

/// Without a board, nothing: who asked is told by [`Device::failure`].
impl Engine for Remote {
    fn sweep(&mut self, sweeps: u64) {
        self.device.lock().say(self.id, Told::Sweep(sweeps));
    }
    fn phi(&self) -> Vec<f64> {
        self.bits().into_iter().map(|bits| value(self.setup.arith, bits)).collect()
    }
    fn bits(&self) -> Vec<u64> {
        let size = self.setup.arith.bytes();
        let volume = self.setup.volume();
        self.ask(|inner| inner.words(Buffer::Field, volume, size)).unwrap_or_else(|| vec![0; volume])
    }
    fn set_bits(&mut self, bits: &[u64]) -> Result<(), Error> {
        if bits.len() != self.setup.volume() {
            return Err(Error::Length { what: "field", got: bits.len(), want: self.setup.volume() });
        }
        let arith = self.setup.arith;
        if let Some((site, &bits)) = bits.iter().enumerate().find(|&(_, &bits)| !value(arith, bits).is_finite()) {
            return Err(Error::Word { site, bits, format: arith.name() });
        }
        self.device.lock().say(self.id, Told::Field(bits.to_vec()));
        Ok(())
    }
    fn hot_start(&mut self, width: f64) -> Result<(), Error> {
        if !(width >= 0.0 && width.is_finite()) {
            return Err(Error::Domain { what: "start width", value: width, want: "finite and at least 0" });
        }
        let told = if self.starts {
            Told::HotStart(width)
        } else {
            let mut host = self.host.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            host.hot_start(width)?;
            Told::Field(host.bits())
        };
        self.device.lock().say(self.id, told);
        Ok(())
    }
    fn state(&self) -> State {
        self.ask(Inner::state).unwrap_or_default()
    }
    fn set_state(&mut self, state: State) {
        self.device.lock().say(self.id, Told::State(state));
    }
    fn measure(&self) -> Measurement {
        if !self.device.identity().observables {
            return self.on_host(|host| host.measure()).unwrap_or_default();
        }
        let request = Request::Run { sweeps: 0, measure: true };
        let measured = self.ask(|inner| {
            if let Some((_, Some(measured))) = inner.ran {
                return Ok(measured);
            }
            inner.client.call(&request, |reply| match reply {
                Reply::State(_, measurement) => measurement,
                _ => None,
            })
        });
        measured.unwrap_or_default()
    }
    fn slices(&self) -> Vec<f64> {
        let count = self.setup.extents.first().copied().unwrap_or(1);
        if !self.device.identity().observables {
            return self.on_host(|host| host.slices()).unwrap_or_else(|| vec![0.0; count]);
        }
        let made = self.ask(|inner| {
            inner.client.call(&Request::Slices, |reply| (reply == Reply::Done).then_some(()))?;
            inner.words(Buffer::Slices, count, 8)
        });
        made.map_or_else(|| vec![0.0; count], |words| words.into_iter().map(f64::from_bits).collect())
    }
    fn eps(&self) -> f64 {
        self.eps
    }
    fn drift_couplings(&self) -> Phi4 {
        self.drift
    }
    fn target(&self) -> Phi4 {
        self.target
    }
}

/// The number that bits stand for; NaN where they are no value of the format.
fn value(kind: ArithKind, bits: u64) -> f64 {
    struct Value(u64);
    impl OnArith for Value {
        type Output = f64;
        fn on<A: Arith>(self) -> f64 {
            A::from_bits(self.0).map_or(f64::NAN, A::value)
        }
    }
    on_arith(kind, Value(bits))
}
