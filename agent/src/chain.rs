//! The one chain of a board: a lattice, or an image of the quantised score.

use stoquant_core::integrator::State;
use stoquant_core::observable::Measurement;
use stoquant_core::score::int8::Kernels;
use stoquant_link::message::{Buffer, Identity, MAX_DATA, Refusal, Reply, Request};

use crate::lattice::{self, ALL, Lattice};
#[cfg(feature = "all")]
use crate::score::Score;

/// The memory of a board.
pub struct Memory<'m> {
    /// Sites, one a word.
    pub field: &'m mut [u32],
    /// Work memory of a sweep: five slabs at least.
    pub work: &'m mut [u32],
    /// An image, or nothing.
    pub image: &'m mut [u8],
    /// What an image needs to run, or nothing.
    pub scratch: &'m mut [u32],
}

/// What it is a chain of.
enum Kind {
    Nothing,
    Lattice(Lattice),
    #[cfg(feature = "all")]
    Score(Score),
}

/// A chain, and the memory that it is in.
pub(crate) struct Chain<'m> {
    memory: Memory<'m>,
    kind: Kind,
    state: State,
}

/// What a run came to.
pub(crate) struct Ran {
    pub state: Result<State, Refusal>,
    pub measurement: Option<Measurement>,
}

impl<'m> Chain<'m> {
    pub fn new(memory: Memory<'m>) -> Self {
        Self { memory, kind: Kind::Nothing, state: State::default() }
    }

    /// What the chain can be; the rest of the identity is not the chain's.
    pub fn capabilities(&self) -> Identity {
        Identity {
            version: 0,
            session: 0,
            sites: self.memory.field.len() as u32,
            work: self.memory.work.len() as u32,
            slabs: u32::MAX,
            image: self.memory.image.len() as u32,
            ariths: Identity::ariths_of(lattice::ARITHS),
            integrators: Identity::integrators_of(lattice::INTEGRATORS),
            dims: lattice::DIMS,
            observables: ALL,
            coefficients: false,
            sums: false,
            chains: 1,
            build: 0,
            target: [0; 24],
        }
    }

    /// Carries out a request that neither reads nor runs.
    pub fn execute<T>(
        &mut self,
        machine: impl Kernels,
        request: &Request<'_>,
        answer: impl FnOnce(&Reply<'_>) -> T,
    ) -> T {
        answer(&self.reply(machine, request).unwrap_or_else(Reply::Refused))
    }

    fn reply(&mut self, machine: impl Kernels, request: &Request<'_>) -> Result<Reply<'static>, Refusal> {
        let Self { memory, kind, state } = self;
        let _ = machine;
        match request {
            Request::Configure { setup, chain } => {
                // Nothing is half configured.
                *kind = Kind::Nothing;
                let (lattice, reply) = Lattice::new(setup, *chain, memory)?;
                *kind = Kind::Lattice(lattice);
                *state = State::default();
                Ok(reply)
            }
            #[cfg(feature = "all")]
            Request::Image { length, seed, chain } => {
                *kind = Kind::Nothing;
                let (score, reply) = Score::new(memory, *length, *seed, *chain)?;
                *kind = Kind::Score(score);
                *state = State::default();
                Ok(reply)
            }
            Request::HotStart(width) => match kind {
                Kind::Lattice(lattice) => lattice.hot_start(memory, *width).map(|()| Reply::Done),
                _ => Err(Refusal::Unconfigured),
            },
            Request::Write { buffer: Buffer::Image, first, bytes } => {
                // The image in use is no longer what it was.
                #[cfg(feature = "all")]
                if matches!(kind, Kind::Score(_)) {
                    *kind = Kind::Nothing;
                }
                let start = *first as usize;
                let end = start.checked_add(bytes.len()).ok_or(Refusal::Capacity)?;
                let slots = memory.image.get_mut(start..end).ok_or(Refusal::Capacity)?;
                for (slot, &byte) in slots.iter_mut().zip(*bytes) {
                    *slot = byte;
                }
                Ok(Reply::Done)
            }
            Request::Write { buffer: Buffer::Field, first, bytes } => match kind {
                Kind::Lattice(lattice) => lattice.write(memory, *first, bytes).map(|()| Reply::Done),
                #[cfg(feature = "all")]
                Kind::Score(score) => score.write(memory, *first, bytes).map(|()| Reply::Done),
                Kind::Nothing => Err(Refusal::Unconfigured),
            },
            Request::Write { .. } => Err(Refusal::Unsupported),
            Request::State => match kind {
                Kind::Nothing => Err(Refusal::Unconfigured),
                _ => Ok(Reply::State(*state, None)),
            },
            Request::SetState(new) => match kind {
                Kind::Nothing => Err(Refusal::Unconfigured),
                _ => {
                    *state = *new;
                    Ok(Reply::Done)
                }
            },
            #[cfg(feature = "all")]
            Request::Finish => match kind {
                Kind::Score(score) => score.finish(machine, memory).map(|()| Reply::Done),
                _ => Err(Refusal::Unconfigured),
            },
            Request::Select(0) => Ok(Reply::Done),
            Request::Select(_) => Err(Refusal::Capacity),
            _ => Err(Refusal::Unsupported),
        }
    }

    /// Runs, and asks after every sweep whether to stop.
    pub fn run(&mut self, machine: impl Kernels, sweeps: u32, measure: bool, mut stop: impl FnMut(u64) -> bool) -> Ran {
        let Self { memory, kind, state } = self;
        let ran = match kind {
            Kind::Lattice(lattice) => lattice.run(memory, state, sweeps, &mut stop),
            #[cfg(feature = "all")]
            Kind::Score(score) => score.run(machine, memory, state, sweeps, &mut stop),
            Kind::Nothing => Err(Refusal::Unconfigured),
        };
        let measurement = match (&ran, kind) {
            (Ok(()), Kind::Lattice(lattice)) if ALL && measure => lattice.measure(memory),
            // Without: the host reads the field, and measures it.
            _ => None,
        };
        let _ = machine;
        Ran { state: ran.map(|()| *state), measurement }
    }

    /// Answers with words of a buffer.
    pub fn read(&mut self, buffer: Buffer, first: u32, count: u16, answer: impl FnOnce(&Reply<'_>)) {
        let mut bytes = [0; MAX_DATA];
        match self.words(buffer, first as usize, usize::from(count), &mut bytes) {
            Ok(length) => answer(&Reply::Data(bytes.get(..length).unwrap_or(&[]))),
            Err(why) => answer(&Reply::Refused(why)),
        }
    }

    fn words(&mut self, buffer: Buffer, first: usize, count: usize, out: &mut [u8]) -> Result<usize, Refusal> {
        let Self { memory, kind, .. } = self;
        let end = first.checked_add(count).ok_or(Refusal::Capacity)?;
        match (buffer, kind) {
            (Buffer::Image, _) => put(memory.image.get(first..end), out, |&byte| [byte]),
            (Buffer::Field, Kind::Lattice(lattice)) => lattice.read(memory, first..end, out),
            #[cfg(feature = "all")]
            (Buffer::Field, Kind::Score(score)) => put(score.modes(memory).get(first..end), out, |u| u.to_le_bytes()),
            #[cfg(feature = "all")]
            (Buffer::Phi, Kind::Score(score)) => put(score.phi(memory).get(first..end), out, |phi| phi.to_le_bytes()),
            (_, Kind::Nothing) => Err(Refusal::Unconfigured),
            _ => Err(Refusal::Unsupported),
        }
    }
}

/// Words as bytes, one after the other; their number.
pub(crate) fn put<T, const N: usize>(
    words: Option<&[T]>,
    out: &mut [u8],
    bytes: impl Fn(&T) -> [u8; N],
) -> Result<usize, Refusal> {
    let words = words.ok_or(Refusal::Capacity)?;
    let (slots, _) = out.as_chunks_mut::<N>();
    let slots = slots.get_mut(..words.len()).ok_or(Refusal::Capacity)?;
    for (slot, word) in slots.iter_mut().zip(words) {
        *slot = bytes(word);
    }
    Ok(N * words.len())
}
