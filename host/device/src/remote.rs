//! Chains on a board: several side by side, and one as an engine.

use stoquant_core::error::Error;
use stoquant_core::integrator::State;
use stoquant_core::observable::Measurement;
use stoquant_engines::engine::{Chain, Engine};
use stoquant_engines::field;
use stoquant_link::message::{Buffer, Reply, Request, Sums};

use super::board::{Command, Device, Inner};
use super::client::LinkError;

/// Chains that run in step on a board, all with the same setup. Once the board is lost, [`Device::failure`] says why.
pub struct SideBySide {
    pub(super) device: Device,
    pub(super) id: u64,
    pub(super) chains: Vec<Chain>,
    /// Whether the board can start the field; else the host does, and writes it.
    pub(super) starts: bool,
}

/// `at` counts the chains of this group from 0.
///
/// # Errors
///
/// The board does not answer: [`Error::Lost`].
#[allow(clippy::missing_errors_doc, reason = "said once for all methods")]
impl SideBySide {
    /// The chains.
    pub fn chains(&self) -> &[Chain] {
        &self.chains
    }

    fn chain(&self, at: usize) -> Result<&Chain, Error> {
        self.chains.get(at).ok_or(Error::Absent { what: "chain side by side" })
    }

    fn ask<T>(&self, at: usize, mut work: impl FnMut(&mut Inner) -> Result<T, LinkError>) -> Result<T, Error> {
        self.device.lock().attempt(|inner| {
            inner.load(self.id)?;
            inner.client.select(at as u16)?;
            work(inner)
        })
    }

    fn command(&self, at: usize, command: Command) -> Result<(), Error> {
        self.device.lock().command(self.id, at as u16, command)
    }

    /// Advances all of them.
    pub fn sweep(&mut self, sweeps: u64) -> Result<(), Error> {
        self.command(0, Command::Sweep(sweeps))
    }

    /// Start field of each, as [`Engine::hot_start`] has it.
    pub fn hot_start(&mut self, width: f64) -> Result<(), Error> {
        for (at, chain) in self.chains.iter().enumerate() {
            // The host's own start field: its length, and whether the width is one.
            let bits = field::hot_start(chain, width)?;
            self.command(at, if self.starts { Command::HotStart(width) } else { Command::Field(bits) })?;
        }
        Ok(())
    }

    /// The field of one as raw words, zero-extended.
    pub fn bits(&self, at: usize) -> Result<Vec<u64>, Error> {
        let setup = &self.chain(at)?.setup;
        self.ask(at, |inner| inner.words(Buffer::Field, setup.volume(), setup.arith.bytes()))
    }

    /// Counters of one.
    pub fn state(&self, at: usize) -> Result<State, Error> {
        self.chain(at)?;
        self.ask(at, |inner| inner.state(at as u16))
    }

    /// Observables of one.
    pub fn measure(&self, at: usize) -> Result<Measurement, Error> {
        if !self.device.identity().observables {
            return field::measure(self.chain(at)?, &self.bits(at)?);
        }
        let request = Request::Run { sweeps: 0, measure: true };
        self.ask(at, |inner| {
            if let Some((_, _, Some(measured))) = inner.ran.filter(|&(of, ..)| usize::from(of) == at) {
                return Ok(measured);
            }
            inner.client.call(&request, |reply| match reply {
                Reply::State(_, measurement) => measurement,
                _ => None,
            })
        })
    }

    /// The exact sums of one, on a board that has them.
    pub fn sums(&self, at: usize) -> Result<Option<Sums>, Error> {
        self.chain(at)?;
        if !self.device.identity().sums {
            return Ok(None);
        }
        let sums = |inner: &mut Inner| {
            inner.client.call(&Request::Sums, |reply| match reply {
                Reply::Sums(sums) => Some(sums),
                _ => None,
            })
        };
        self.ask(at, sums).map(Some)
    }
}

impl Drop for SideBySide {
    fn drop(&mut self) {
        let mut inner = self.device.lock();
        inner.groups.remove(&self.id);
        if inner.loaded == Some(self.id) {
            inner.loaded = None;
        }
    }
}

/// One chain.
pub(super) struct Remote(pub(super) SideBySide);

impl Engine for Remote {
    fn chain(&self) -> &Chain {
        // There is one: whoever makes it sees to that.
        &self.0.chains[0]
    }
    fn sweep(&mut self, sweeps: u64) -> Result<(), Error> {
        self.0.sweep(sweeps)
    }
    fn bits(&self) -> Result<Vec<u64>, Error> {
        self.0.bits(0)
    }
    fn set_bits(&mut self, bits: &[u64]) -> Result<(), Error> {
        field::check(self.chain(), bits)?;
        self.0.command(0, Command::Field(bits.to_vec()))
    }
    fn state(&self) -> Result<State, Error> {
        self.0.state(0)
    }
    fn set_state(&mut self, state: State) -> Result<(), Error> {
        self.0.command(0, Command::State(state))
    }
    fn hot_start(&mut self, width: f64) -> Result<(), Error> {
        self.0.hot_start(width)
    }
    fn measure(&self) -> Result<Measurement, Error> {
        self.0.measure(0)
    }
}
