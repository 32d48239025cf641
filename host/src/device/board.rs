//! A board with chains on it: as many as are asked for, one of them in the board at a time.
//!
//! The host keeps, of every chain, the field and counters as they were last read, and what it has been told since. A
//! board that is reset loses nothing by it: the chain is loaded and told again, and being deterministic comes to the
//! same bits.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use stoquant_core::error::Error;
use stoquant_core::integrator::State;
use stoquant_core::lattice::WORK_BLOCKS;
use stoquant_core::observable::Measurement;
use stoquant_link::message::{self, Buffer, Identity, MAX_DATA, Reply, Request, Statistics};

use super::client::{Client, Counters, LinkError};
use super::remote::Remote;
use super::transport::Transport;
use super::wire::{arith, integrator, message_coefficients, message_setup};
use crate::couplings::Couplings;
use crate::engine::{ArithKind, Engine, IntegratorKind, Setup};

/// ε and the couplings of the drift, as a board has quantised them.
type Configured = (f64, [f64; 3]);

/// Site updates after which a field is read back: what is told again after a reset.
const CHECKPOINT: u64 = 1 << 22;

/// A board.
#[derive(Clone)]
pub struct Device(Arc<Mutex<Inner>>);

pub(super) struct Inner {
    pub(super) client: Client,
    identity: Identity,
    pub(super) chains: BTreeMap<u64, Saved>,
    /// The chain that the board holds.
    pub(super) loaded: Option<u64>,
    made: u64,
    /// What the last run of the loaded chain was answered.
    pub(super) ran: Option<(State, Option<Measurement>)>,
    /// Why nothing more is asked of the board.
    pub(super) failure: Option<LinkError>,
}

/// Most sites of a field that is measured after every run, asked for or not: on a larger one that costs more than a
/// question.
const MEASURED: u64 = 256;

/// A chain, as the host knows it.
pub(super) struct Saved {
    setup: message::Setup,
    /// The same for a board that does not quantise.
    coefficients: Option<message::Coefficients>,
    /// Field and counters; without them, a new chain.
    checkpoint: Option<(Vec<u64>, State)>,
    /// What it has been told since.
    since: Vec<Told>,
    /// Site updates since.
    updates: u64,
}

#[derive(Clone)]
pub(super) enum Told {
    HotStart(f64),
    Field(Vec<u64>),
    State(State),
    Sweep(u64),
}

impl Device {
    /// Greets the board at the other end.
    pub fn open(transport: Box<dyn Transport>, patience: Duration) -> Result<Self, LinkError> {
        let mut client = Client::new(transport, patience);
        let identity = client.open()?;
        let chains = BTreeMap::new();
        let inner = Inner { client, identity, chains, loaded: None, made: 0, ran: None, failure: None };
        Ok(Self(Arc::new(Mutex::new(inner))))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        // Whoever panicked left nothing half done that is not told again.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// What the board says of itself.
    pub fn identity(&self) -> Identity {
        self.lock().identity
    }

    /// What the host has counted.
    pub fn counters(&self) -> Counters {
        self.lock().client.counters()
    }

    /// What the board has counted.
    pub fn statistics(&self) -> Result<Statistics, LinkError> {
        self.lock().client.statistics()
    }

    /// What went wrong, if anything did: from then on its chains say nothing that is true.
    pub fn failure(&self) -> Result<(), LinkError> {
        self.lock().failure.take().map_or(Ok(()), Err)
    }

    /// Number types that the board has.
    pub fn ariths(&self) -> Vec<ArithKind> {
        let id = self.identity();
        ArithKind::ALL.iter().copied().filter(|&kind| arith(kind).is_some_and(|arith| id.has_arith(arith))).collect()
    }

    /// Integrators that it has.
    pub fn integrators(&self) -> Vec<IntegratorKind> {
        let id = self.identity();
        IntegratorKind::ALL.iter().copied().filter(|&kind| id.has_integrator(integrator(kind))).collect()
    }

    /// Whether the board can hold such a chain.
    pub fn has(&self, setup: &Setup) -> bool {
        let id = self.identity();
        let slabs = setup.extents.first().copied().unwrap_or(1);
        let words = WORK_BLOCKS * setup.volume() / slabs.max(1);
        let room = |arith: message::Arith| words * arith.bytes() <= 4 * id.work as usize && slabs <= id.slabs as usize;
        arith(setup.arith).is_some_and(|arith| id.has_arith(arith) && room(arith))
            && id.has_integrator(integrator(setup.integrator))
            && id.has_dims(setup.extents.len())
            && setup.volume() <= id.sites as usize
            && (!id.coefficients || message_coefficients(setup, 0).is_some())
    }

    /// A chain on the board.
    pub fn engine(&self, setup: &Setup, chain: u32) -> Result<Box<dyn Engine>, Error> {
        // The host's own core refuses what cannot be, with its reason.
        let host = crate::engine::core_engine(setup, chain)?;
        let unsupported = Error::Absent { what: "chain (`device info` prints what the board supports)" };
        let message = message_setup(setup, chain).filter(|_| self.has(setup)).ok_or(unsupported)?;
        let circuit = self.identity().coefficients;
        let coefficients = if circuit { message_coefficients(setup, chain) } else { None };
        let mut inner = self.lock();
        let id = inner.made;
        inner.made += 1;
        inner.chains.insert(id, Saved { setup: message, coefficients, checkpoint: None, since: vec![], updates: 0 });
        let configured = inner.attempt(|inner| {
            inner.loaded = None;
            inner.load(id)
        });
        let (eps, drift) = match configured.flatten() {
            Some(Some((eps, [kappa, b, lambda]))) => (eps, Couplings { kappa, b, lambda }),
            // What the host has told the board.
            Some(None) => (host.eps(), host.drift_couplings()),
            None => (f64::NAN, Couplings { kappa: f64::NAN, b: f64::NAN, lambda: f64::NAN }),
        };
        let target = if setup.integrator == IntegratorKind::Mala { host.target() } else { drift };
        Ok(Box::new(Remote {
            device: self.clone(),
            id,
            setup: setup.clone(),
            eps,
            drift,
            target,
            starts: !circuit,
            host: Mutex::new(host),
        }))
    }
}

impl Inner {
    /// Work that is begun anew when the board has been reset, and not at all once something else has failed.
    pub(super) fn attempt<T>(&mut self, mut work: impl FnMut(&mut Self) -> Result<T, LinkError>) -> Option<T> {
        if self.failure.is_some() {
            return None;
        }
        for _ in 0..RESETS {
            match work(self) {
                Ok(done) => return Some(done),
                Err(LinkError::Reset) => {
                    (self.loaded, self.ran) = (None, None);
                    match self.client.open() {
                        Ok(identity) => self.identity = identity,
                        Err(error) => {
                            self.failure = Some(error);
                            return None;
                        }
                    }
                }
                Err(error) => {
                    self.failure = Some(error);
                    return None;
                }
            }
        }
        self.failure = Some(LinkError::Reset);
        None
    }

    /// Makes the board hold a chain; what it says of a new one, if it does.
    pub(super) fn load(&mut self, id: u64) -> Result<Option<Option<Configured>>, LinkError> {
        if self.loaded == Some(id) {
            return Ok(None);
        }
        if let Some(other) = self.loaded {
            self.checkpoint(other)?;
        }
        (self.loaded, self.ran) = (None, None);
        let Some(saved) = self.chains.get(&id) else { return Err(LinkError::Protocol) };
        let (setup, checkpoint, since) = (saved.setup.clone(), saved.checkpoint.clone(), saved.since.clone());
        let request = saved.coefficients.map_or_else(|| Request::Configure(setup.clone()), Request::Coefficients);
        let configured = self.client.call(&request, |reply| match reply {
            Reply::Configured { eps, drift } => Some(Some((eps, drift))),
            Reply::Done => Some(None),
            _ => None,
        })?;
        if let Some((bits, state)) = checkpoint {
            self.tell(&setup, &Told::Field(bits))?;
            self.tell(&setup, &Told::State(state))?;
        }
        for told in &since {
            self.tell(&setup, told)?;
        }
        self.loaded = Some(id);
        Ok(Some(configured))
    }

    fn tell(&mut self, setup: &message::Setup, told: &Told) -> Result<(), LinkError> {
        self.ran = None;
        let done = |reply: Reply<'_>| (reply == Reply::Done).then_some(());
        match told {
            Told::HotStart(width) => self.client.call(&Request::HotStart(*width), done),
            Told::State(state) => self.client.call(&Request::SetState(*state), done),
            Told::Sweep(sweeps) => {
                let mut left = *sweeps;
                while left > 0 {
                    let sweeps = left.min(u64::from(u32::MAX)) as u32;
                    let measure = self.identity.observables && volume(setup) <= MEASURED;
                    let ran = self.client.call(&Request::Run { sweeps, measure }, |reply| match reply {
                        Reply::State(state, measured) => Some((state, measured)),
                        _ => None,
                    })?;
                    self.ran = Some(ran);
                    left -= u64::from(sweeps);
                }
                Ok(())
            }
            Told::Field(bits) => {
                let size = setup.arith.bytes();
                let bytes: Vec<u8> = bits.iter().flat_map(|word| word.to_le_bytes()[..size].to_vec()).collect();
                let words = MAX_DATA / size;
                let parts: Vec<Request<'_>> = bytes
                    .chunks(words * size)
                    .enumerate()
                    .map(|(n, bytes)| Request::Write { buffer: Buffer::Field, first: (n * words) as u32, bytes })
                    .collect();
                self.client.all(&parts, |_, reply| reply == Reply::Done)
            }
        }
    }

    /// Tells a chain something, now and after every reset.
    pub(super) fn say(&mut self, id: u64, told: Told) {
        let done = self.attempt(|inner| {
            inner.load(id)?;
            let Some(saved) = inner.chains.get(&id) else { return Err(LinkError::Protocol) };
            let setup = saved.setup.clone();
            inner.tell(&setup, &told)
        });
        let Some(saved) = self.chains.get_mut(&id).filter(|_| done.is_some()) else { return };
        match &told {
            // Whatever the field was.
            Told::Sweep(sweeps) => {
                saved.updates = saved.updates.saturating_add(sweeps.saturating_mul(volume(&saved.setup)));
            }
            Told::HotStart(_) | Told::Field(_) | Told::State(_) => {}
        }
        saved.since.push(told);
        if saved.updates >= CHECKPOINT {
            self.attempt(|inner| inner.checkpoint(id));
        }
    }

    /// Reads field and counters of the chain that the board holds.
    fn checkpoint(&mut self, id: u64) -> Result<(), LinkError> {
        let Some(saved) = self.chains.get(&id) else { return Ok(()) };
        if saved.since.is_empty() {
            return Ok(());
        }
        let (size, volume) = (saved.setup.arith.bytes(), saved.setup.extents.iter().product::<u32>() as usize);
        let bits = self.words(Buffer::Field, volume, size)?;
        let state = self.state()?;
        if let Some(saved) = self.chains.get_mut(&id) {
            saved.checkpoint = Some((bits, state));
            saved.since.clear();
            saved.updates = 0;
        }
        Ok(())
    }

    pub(super) fn state(&mut self) -> Result<State, LinkError> {
        if let Some((state, _)) = self.ran {
            return Ok(state);
        }
        self.client.call(&Request::State, |reply| match reply {
            Reply::State(state, _) => Some(state),
            _ => None,
        })
    }

    /// Words of a buffer, `size` bytes each.
    pub(super) fn words(&mut self, buffer: Buffer, count: usize, size: usize) -> Result<Vec<u64>, LinkError> {
        let each = MAX_DATA / size;
        let parts: Vec<Request<'_>> = (0..count)
            .step_by(each)
            .map(|first| Request::Read { buffer, first: first as u32, count: each.min(count - first) as u16 })
            .collect();
        let mut out = Vec::with_capacity(count);
        self.client.all(&parts, |at, reply| match (reply, &parts[at]) {
            (Reply::Data(bytes), Request::Read { count, .. }) if bytes.len() == usize::from(*count) * size => {
                let word = |bytes: &[u8]| bytes.iter().rfold(0, |word, &byte| word << 8 | u64::from(byte));
                out.extend(bytes.chunks(size).map(word));
                true
            }
            _ => false,
        })?;
        Ok(out)
    }
}

/// Sites.
fn volume(setup: &message::Setup) -> u64 {
    setup.extents.iter().map(|&extent| u64::from(extent)).product()
}

/// Resets in a row that are put up with.
const RESETS: usize = 100;
