//! A board with chains on it: as many as are asked for, in groups that run side by side, one group in the board at a
//! time. A group has at most as many chains as the board, mostly one.
//!
//! The host keeps, of every chain, the field and counters as they were last read, and the commands since. A board that
//! is reset loses nothing: the group is loaded, the commands are given again, and being deterministic it comes to the
//! same bits.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use stoquant_core::error::Error;
use stoquant_core::integrator::State;
use stoquant_core::lattice::WORK_BLOCKS;
use stoquant_core::observable::Measurement;
use stoquant_link::message::{Buffer, Coefficients, Identity, MAX_DATA, Reply, Request, Statistics};
use stoquant_model::{ArithKind, IntegratorKind, Phi4, Setup};

use stoquant_experiment::experiment::InputError;

use super::client::{Client, Counters, LinkError};
use super::remote::{Remote, SideBySide};
use super::transport::Transport;
use stoquant_engines::engine::{Chain, Engine, core_engine};

/// ε and the couplings of the drift, as a board has quantised them.
type Configured = (f64, Phi4);

/// Site updates after which a field is read back: how many are repeated after a reset at most.
const CHECKPOINT: u64 = 1 << 22;

/// A board.
#[derive(Clone)]
pub struct Device(Arc<Mutex<Inner>>);

pub(super) struct Inner {
    pub(super) client: Client,
    pub(super) identity: Identity,
    pub(super) groups: BTreeMap<u64, Saved>,
    /// The group that the board holds.
    pub(super) loaded: Option<u64>,
    made: u64,
    /// What the last run of the loaded group was answered, and of which of its chains.
    pub(super) ran: Option<(u16, State, Option<Measurement>)>,
    /// Why nothing more is asked of the board.
    pub(super) failure: Option<LinkError>,
}

/// Most sites of a field that is measured after every run, asked for or not: on a larger one that costs more than a
/// question.
const MEASURED: usize = 256;

/// Chains side by side, as the host knows them.
#[derive(Clone)]
pub(super) struct Saved {
    setup: Setup,
    /// In the order in which the board has them.
    members: Vec<Member>,
    /// The commands since they were last read, each with the chain that it is for.
    since: Vec<(u16, Command)>,
    /// Site updates of a chain since.
    updates: u64,
}

#[derive(Clone)]
struct Member {
    chain: u32,
    /// Its integers, for a board that does not quantise.
    coefficients: Option<Coefficients>,
    /// Field and counters; without them, a new chain.
    checkpoint: Option<(Vec<u64>, State)>,
}

#[derive(Clone)]
pub(super) enum Command {
    HotStart(f64),
    Field(Vec<u64>),
    State(State),
    /// Of all chains.
    Sweep(u64),
}

impl Device {
    /// Greets the board at the other end.
    pub fn open(transport: Box<dyn Transport>, patience: Duration) -> Result<Self, LinkError> {
        let mut client = Client::new(transport, patience);
        let identity = client.open()?;
        let groups = BTreeMap::new();
        let inner = Inner { client, identity, groups, loaded: None, made: 0, ran: None, failure: None };
        Ok(Self(Arc::new(Mutex::new(inner))))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        // Whoever panicked left nothing half done that is not done again.
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

    /// What was wrong with the line, where an engine of this board failed with [`Error::Lost`]; else the engine's own
    /// reason.
    pub fn explain(&self, error: Error) -> InputError {
        self.failure().err().map_or_else(|| error.into(), InputError::new)
    }

    /// What went wrong with the line, if anything did: its chains answer [`Error::Lost`] from then on.
    ///
    /// # Errors
    ///
    /// The failure.
    pub fn failure(&self) -> Result<(), LinkError> {
        self.lock().failure.take().map_or(Ok(()), Err)
    }

    /// Number types that the board has.
    pub fn ariths(&self) -> Vec<ArithKind> {
        let id = self.identity();
        ArithKind::ALL.iter().copied().filter(|&kind| id.has_arith(kind)).collect()
    }

    /// Integrators that it has.
    pub fn integrators(&self) -> Vec<IntegratorKind> {
        let id = self.identity();
        IntegratorKind::ALL.iter().copied().filter(|&kind| id.has_integrator(kind)).collect()
    }

    /// Whether the board can hold such a chain.
    pub fn has(&self, setup: &Setup) -> bool {
        let id = self.identity();
        let slabs = setup.extents.first().copied().unwrap_or(1);
        let words = WORK_BLOCKS * setup.volume() / slabs.max(1);
        id.has_arith(setup.arith)
            && words * setup.arith.bytes() <= 4 * id.work as usize
            && slabs <= id.slabs as usize
            && id.has_integrator(setup.integrator)
            && id.has_dims(setup.extents.len())
            && setup.volume() <= id.sites as usize
            && (!id.coefficients || Coefficients::of(setup, 0).is_some())
    }

    /// Most chains that run side by side.
    pub fn chains(&self) -> u32 {
        self.identity().chains.into()
    }

    /// A chain on the board.
    pub fn engine(&self, setup: &Setup, chain: u32) -> Result<Box<dyn Engine>, Error> {
        Ok(Box::new(Remote(self.side_by_side(setup, chain..chain.saturating_add(1))?)))
    }

    /// Chains on the board that run in step: at most as many as it [has](Self::chains).
    pub fn side_by_side(&self, setup: &Setup, numbers: Range<u32>) -> Result<SideBySide, Error> {
        if numbers.is_empty() || numbers.len() > self.chains() as usize {
            return Err(Error::Absent { what: "number of chains side by side (`device info` prints the board's)" });
        }
        // The host's own core refuses what cannot be, with its reason.
        let made = |chain| Ok(*core_engine(setup, chain)?.chain());
        let mut chains = numbers.clone().map(made).collect::<Result<Vec<Chain>, Error>>()?;
        let unsupported = Error::Absent { what: "chain (`device info` prints what the board supports)" };
        if !self.has(setup) {
            return Err(unsupported);
        }
        let circuit = self.identity().coefficients;
        let coefficients = |chain| if circuit { Coefficients::of(setup, chain) } else { None };
        let members = numbers.map(|chain| Member { chain, coefficients: coefficients(chain), checkpoint: None });
        let members: Vec<Member> = members.collect();
        let mut inner = self.lock();
        let id = inner.made;
        inner.made += 1;
        inner.groups.insert(id, Saved { setup: *setup, members, since: vec![], updates: 0 });
        let configured = inner.attempt(|inner| {
            inner.loaded = None;
            inner.load(id)
        })?;
        for chain in &mut chains {
            // A circuit gets integers: the host has quantised them.
            let (eps, drift) = configured.unwrap_or((chain.eps, chain.drift));
            let target = if setup.integrator == IntegratorKind::Mala { chain.target } else { drift };
            *chain = Chain { eps, drift, target, ..*chain };
        }
        Ok(SideBySide { device: self.clone(), id, chains, starts: !circuit })
    }
}

impl Inner {
    /// Work that is begun anew when the board has been reset, and not at all once something else has failed.
    pub(super) fn attempt<T>(&mut self, mut work: impl FnMut(&mut Self) -> Result<T, LinkError>) -> Result<T, Error> {
        if self.failure.is_some() {
            return Err(Error::Lost);
        }
        let mut failed = LinkError::Reset;
        for _ in 0..RESETS {
            failed = match work(self) {
                Ok(done) => return Ok(done),
                Err(LinkError::Reset) => {
                    (self.loaded, self.ran) = (None, None);
                    match self.client.open() {
                        Ok(identity) => {
                            self.identity = identity;
                            continue;
                        }
                        Err(error) => error,
                    }
                }
                Err(error) => error,
            };
            break;
        }
        self.failure = Some(failed);
        Err(Error::Lost)
    }

    /// Makes the board hold a group; what it says of a new one, if it does.
    pub(super) fn load(&mut self, id: u64) -> Result<Option<Configured>, LinkError> {
        if self.loaded == Some(id) {
            return Ok(None);
        }
        if let Some(other) = self.loaded {
            self.checkpoint(other)?;
        }
        (self.loaded, self.ran) = (None, None);
        let Some(Saved { setup, members, since, .. }) = self.groups.get(&id).cloned() else {
            return Err(LinkError::Protocol);
        };
        let mut configured = None;
        // The first one first: it sets what the others have in common with it.
        for (at, Member { chain, coefficients, .. }) in (0..).zip(&members) {
            self.client.select(at)?;
            let configure = Request::Configure { setup, chain: *chain };
            configured =
                self.client.call(&coefficients.map_or(configure, Request::Coefficients), |reply| match reply {
                    Reply::Configured { eps, drift } => Some(Some((eps, drift))),
                    Reply::Done => Some(None),
                    _ => None,
                })?;
        }
        for (at, member) in (0..).zip(members) {
            if let Some((bits, state)) = member.checkpoint {
                self.carry_out(&setup, at, &Command::Field(bits))?;
                self.carry_out(&setup, at, &Command::State(state))?;
            }
        }
        for (at, command) in &since {
            self.carry_out(&setup, *at, command)?;
        }
        self.loaded = Some(id);
        Ok(configured)
    }

    fn carry_out(&mut self, setup: &Setup, at: u16, command: &Command) -> Result<(), LinkError> {
        self.client.select(at)?;
        self.ran = None;
        let done = |reply: Reply<'_>| (reply == Reply::Done).then_some(());
        match command {
            Command::HotStart(width) => self.client.call(&Request::HotStart(*width), done),
            Command::State(state) => self.client.call(&Request::SetState(*state), done),
            Command::Sweep(sweeps) => {
                let mut left = *sweeps;
                while left > 0 {
                    let sweeps = left.min(u64::from(u32::MAX)) as u32;
                    let measure = self.identity.observables && setup.volume() <= MEASURED;
                    let ran = self.client.call(&Request::Run { sweeps, measure }, |reply| match reply {
                        Reply::State(state, measured) => Some((at, state, measured)),
                        _ => None,
                    })?;
                    self.ran = Some(ran);
                    left -= u64::from(sweeps);
                }
                Ok(())
            }
            Command::Field(bits) => {
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

    /// Gives a chain of a group a command, now and again after every reset.
    pub(super) fn command(&mut self, id: u64, at: u16, command: Command) -> Result<(), Error> {
        self.attempt(|inner| {
            inner.load(id)?;
            let Some(saved) = inner.groups.get(&id) else { return Err(LinkError::Protocol) };
            let setup = saved.setup;
            inner.carry_out(&setup, at, &command)
        })?;
        let Some(saved) = self.groups.get_mut(&id) else { return Err(Error::Lost) };
        if let Command::Sweep(sweeps) = command {
            let updates = sweeps.saturating_mul(saved.setup.volume() as u64);
            saved.updates = saved.updates.saturating_add(updates);
        }
        saved.since.push((at, command));
        if saved.updates >= CHECKPOINT {
            self.attempt(|inner| inner.checkpoint(id))?;
        }
        Ok(())
    }

    /// Reads fields and counters of the group that the board holds.
    fn checkpoint(&mut self, id: u64) -> Result<(), LinkError> {
        let Some(saved) = self.groups.get(&id) else { return Ok(()) };
        if saved.since.is_empty() {
            return Ok(());
        }
        let (size, volume) = (saved.setup.arith.bytes(), saved.setup.volume());
        let mut read = vec![];
        for at in 0..saved.members.len() as u16 {
            self.client.select(at)?;
            read.push((self.words(Buffer::Field, volume, size)?, self.state(at)?));
        }
        if let Some(saved) = self.groups.get_mut(&id) {
            for (member, read) in saved.members.iter_mut().zip(read) {
                member.checkpoint = Some(read);
            }
            saved.since.clear();
            saved.updates = 0;
        }
        Ok(())
    }

    /// Counters of a chain of the group that the board holds.
    pub(super) fn state(&mut self, at: u16) -> Result<State, LinkError> {
        if let Some((_, state, _)) = self.ran.filter(|&(of, ..)| of == at) {
            return Ok(state);
        }
        self.client.select(at)?;
        self.client.call(&Request::State, |reply| match reply {
            Reply::State(state, _) => Some(state),
            _ => None,
        })
    }

    /// Words of a buffer of the selected chain, `size` bytes each.
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

/// Resets in a row that are put up with.
const RESETS: usize = 100;
