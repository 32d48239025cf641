//! A chain on a board, as an engine.

use stoquant_core::error::Error;
use stoquant_core::integrator::State;
use stoquant_core::observable::Measurement;
use stoquant_engines::engine::{Chain, Engine};
use stoquant_engines::field;
use stoquant_link::message::{Buffer, Reply, Request};

use super::board::{Command, Device, Inner};
use super::client::LinkError;

/// A chain on a board. Once the board is lost, [`Device::failure`] says why.
pub(super) struct Remote {
    pub(super) device: Device,
    pub(super) id: u64,
    pub(super) chain: Chain,
    /// Whether the board can start the field; else the host does, and writes it.
    pub(super) starts: bool,
}

impl Remote {
    fn ask<T>(&self, mut work: impl FnMut(&mut Inner) -> Result<T, LinkError>) -> Result<T, Error> {
        self.device.lock().attempt(|inner| {
            inner.load(self.id)?;
            work(inner)
        })
    }

    fn command(&self, command: Command) -> Result<(), Error> {
        self.device.lock().command(self.id, command)
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

impl Engine for Remote {
    fn chain(&self) -> &Chain {
        &self.chain
    }
    fn sweep(&mut self, sweeps: u64) -> Result<(), Error> {
        self.command(Command::Sweep(sweeps))
    }
    fn bits(&self) -> Result<Vec<u64>, Error> {
        let setup = &self.chain.setup;
        self.ask(|inner| inner.words(Buffer::Field, setup.volume(), setup.arith.bytes()))
    }
    fn set_bits(&mut self, bits: &[u64]) -> Result<(), Error> {
        field::check(&self.chain, bits)?;
        self.command(Command::Field(bits.to_vec()))
    }
    fn state(&self) -> Result<State, Error> {
        self.ask(Inner::state)
    }
    fn set_state(&mut self, state: State) -> Result<(), Error> {
        self.command(Command::State(state))
    }
    fn hot_start(&mut self, width: f64) -> Result<(), Error> {
        // The host's own start field: its length, and whether the width is one.
        let bits = field::hot_start(&self.chain, width)?;
        self.command(if self.starts { Command::HotStart(width) } else { Command::Field(bits) })
    }
    fn measure(&self) -> Result<Measurement, Error> {
        if !self.device.identity().observables {
            return field::measure(&self.chain, &self.bits()?);
        }
        let request = Request::Run { sweeps: 0, measure: true };
        self.ask(|inner| {
            if let Some((_, Some(measured))) = inner.ran {
                return Ok(measured);
            }
            inner.client.call(&request, |reply| match reply {
                Reply::State(_, measurement) => measurement,
                _ => None,
            })
        })
    }
}
