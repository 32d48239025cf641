//! Requests and replies. Numbers are little-endian; floats are their IEEE bits.
//!
//! ```
//! use stoquant_link::message::Request;
//!
//! let request = Request::Run { sweeps: 100, measure: true };
//! let mut payload = [0; 64];
//! let length = request.encode(&mut payload).ok_or("too long")?;
//! assert_eq!(Request::decode(request.opcode(), &payload[..length]), Some(request));
//! // A byte too many is no request.
//! assert_eq!(Request::decode(0x16, &payload[..length + 1]), None);
//! # Ok::<(), &str>(())
//! ```

use stoquant_core::integrator::State;
use stoquant_core::observable::Measurement;
use stoquant_model::{ArithKind, Extents, IntegratorKind, NoiseKind, Phi4, Setup, TheoryKind};

use crate::frame::MAX_PAYLOAD;
use crate::wire::{Reader, Writer};

pub use crate::codes::{Buffer, Refusal};
pub use crate::coefficients::Coefficients;
pub use crate::identity::{Identity, MAX_CHAINS, Statistics};
pub use crate::sums::Sums;

/// Bytes of data in a frame, beside an offset.
pub const MAX_DATA: usize = MAX_PAYLOAD - 8;

/// What the host asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Request<'a> {
    /// Who are you? In every version, without a session.
    Identify,
    /// Begin a session: requests are numbered from 0.
    Open(u16),
    /// End the run that is going on, after its present sweep.
    Abort,
    /// The counters.
    Statistics,
    /// A new chain, its field 0.
    Configure {
        /// All but its number.
        setup: Setup,
        /// Number of the chain.
        chain: u32,
    },
    /// Start field, width·η.
    HotStart(f64),
    /// Set words from the `first` on.
    Write {
        /// The field, or the image.
        buffer: Buffer,
        /// In words.
        first: u32,
        /// Their bytes.
        bytes: &'a [u8],
    },
    /// Words `first` to `first + count`.
    Read {
        /// Of which buffer.
        buffer: Buffer,
        /// In words.
        first: u32,
        /// How many: they must fit in [`MAX_DATA`] bytes.
        count: u16,
    },
    /// The counters of the chain.
    State,
    /// Set them.
    SetState(State),
    /// So many sweeps, or stages of an image; with the observables of the last field, where asked for. All chains of a
    /// board run, whichever is selected.
    Run {
        /// How many.
        sweeps: u32,
        /// Whether to measure.
        measure: bool,
    },
    /// A chain of the image: the first `length` bytes of what was written. Its modes are started.
    Image {
        /// Bytes of the image.
        length: u32,
        /// Seed.
        seed: u64,
        /// Number of the chain.
        chain: u32,
    },
    /// φ of an image's chain.
    Finish,
    /// A new chain, its field 0, on a board that does not quantise.
    ///
    /// Chain 0 of a board sets the extents of all, their counters to 0, and ends the others. A further chain begins at
    /// the step of chain 0, and must have its extents: [`Refusal::Parameter`], or [`Refusal::Unconfigured`] where there
    /// is no chain 0.
    Coefficients(Coefficients),
    /// The chain of the board that all further numbered requests are of; 0 when a session begins.
    /// [`Refusal::Capacity`] where there is none of this number.
    ///
    /// Chains run in step: of a [`State`] the saturations are the chain's own, the rest is of all.
    Select(u16),
    /// The exact sums of the field as it is.
    Sums,
    /// Configurations of the image by the board alone, one after the other: each is begun as by [`Request::Image`], has
    /// all its stages and is finished. The answer is that of a run, whose steps are configurations.
    /// [`Refusal::Parameter`] where `count` is 0.
    ///
    /// Then there are φ of the last one, and the sums of the last 64 ([`Buffer::Sums`]).
    Draw {
        /// Number of the first one, under the seed of the image's chain.
        chain: u32,
        /// How many.
        count: u32,
    },
    /// What the header of the image says, for a circuit that reads none: the bytes of a
    /// [`Description`](crate::description::Description), before [`Request::Image`]. [`Refusal::Capacity`] where the
    /// image does not fit.
    Describe(&'a [u8]),
}

/// What the board answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply<'a> {
    /// To [`Request::Identify`] and [`Request::Open`].
    Identity(Identity),
    /// To [`Request::Statistics`].
    Statistics(Statistics),
    /// It is done, and there is nothing more to say.
    Done,
    /// A chain is configured.
    Configured {
        /// The step that the quantised noise amplitude stands for.
        eps: f64,
        /// The couplings of the drift as quantised.
        drift: Phi4,
    },
    /// To [`Request::Read`].
    Data(&'a [u8]),
    /// The counters of the chain; with observables after a run that asked for them.
    State(State, Option<Measurement>),
    /// The image is in use: its extent and stages, and M/M_max of its chain.
    Image {
        /// L.
        extent: u16,
        /// Stages of its sampler.
        stages: u16,
        /// 14 fractional bits.
        m: i16,
    },
    /// To [`Request::Sums`].
    Sums(Sums),
    /// Not carried out, and never will be.
    Refused(Refusal),
    /// A run is going on, this far.
    Busy(u64),
    /// Not carried out: another number is next.
    OutOfOrder(u16),
    /// The board belongs to no session, or another one.
    NoSession,
}

fn put_state(out: &mut Writer<'_>, state: &State) {
    out.u64(state.step);
    out.u64(state.clipped);
    out.u64(state.accepted);
    out.f64(state.log_ratio);
}

fn state(input: &mut Reader<'_>) -> Option<State> {
    Some(State { step: input.u64()?, clipped: input.u64()?, accepted: input.u64()?, log_ratio: input.f64()? })
}

fn put_couplings(out: &mut Writer<'_>, Phi4 { kappa, b, lambda }: &Phi4) {
    [kappa, b, lambda].into_iter().for_each(|&x| out.f64(x));
}

fn couplings(input: &mut Reader<'_>) -> Option<Phi4> {
    Some(Phi4 { kappa: input.f64()?, b: input.f64()?, lambda: input.f64()? })
}

/// A number type of boards, of which none has double precision.
fn arith(input: &mut Reader<'_>) -> Option<ArithKind> {
    ArithKind::of_code(input.u8()?).filter(|&arith| arith != ArithKind::F64)
}

fn put_setup(out: &mut Writer<'_>, setup: &Setup) {
    // The theory has the upper half of the byte of the dimensions.
    out.u8(setup.theory().code() << 4 | setup.extents.dims() as u8);
    for &extent in setup.extents.iter() {
        // Beyond 32 bits it is too large for every board, which says so.
        out.u32(u32::try_from(extent).unwrap_or(u32::MAX));
    }
    put_couplings(out, &setup.couplings);
    out.f64(setup.eps);
    for code in [setup.arith.code(), setup.integrator.code(), setup.noise.code()] {
        out.u8(code);
    }
    out.u64(setup.seed);
}

fn setup(input: &mut Reader<'_>) -> Option<Setup> {
    let shape = input.u8()?;
    let TheoryKind::Phi4 = TheoryKind::of_code(shape >> 4)?;
    let mut list = [0; stoquant_model::MAX_DIMS];
    let list = list.get_mut(..usize::from(shape & 0xf))?;
    for extent in list.iter_mut() {
        *extent = input.u32()? as usize;
    }
    Some(Setup {
        extents: Extents::new(list).ok()?,
        couplings: couplings(input)?,
        eps: input.f64()?,
        arith: arith(input)?,
        integrator: IntegratorKind::of_code(input.u8()?)?,
        noise: NoiseKind::of_code(input.u8()?)?,
        seed: input.u64()?,
    })
}

impl<'a> Request<'a> {
    /// The opcode.
    pub fn opcode(&self) -> u8 {
        match self {
            Self::Identify => 0x00,
            Self::Open(_) => 0x01,
            Self::Abort => 0x02,
            Self::Statistics => 0x03,
            Self::Configure { .. } => 0x10,
            Self::HotStart(_) => 0x11,
            Self::Write { .. } => 0x12,
            Self::Read { .. } => 0x13,
            Self::State => 0x14,
            Self::SetState(_) => 0x15,
            Self::Run { .. } => 0x16,
            Self::Image { .. } => 0x18,
            Self::Finish => 0x19,
            Self::Coefficients(_) => 0x1a,
            Self::Select(_) => 0x1b,
            Self::Sums => 0x1c,
            Self::Describe(_) => 0x1d,
            Self::Draw { .. } => 0x1e,
        }
    }

    /// Whether requests with this opcode have a number, and are carried out once and in order.
    pub fn numbered(opcode: u8) -> bool {
        opcode >= 0x10
    }

    /// Writes the payload and returns its length; `None` where it does not fit.
    pub fn encode(&self, payload: &mut [u8]) -> Option<usize> {
        let mut out = Writer::new(payload);
        match self {
            Self::Identify | Self::Abort | Self::Statistics | Self::State | Self::Finish | Self::Sums => {}
            Self::Open(number) | Self::Select(number) => out.u16(*number),
            Self::Configure { setup, chain } => {
                put_setup(&mut out, setup);
                out.u32(*chain);
            }
            Self::HotStart(width) => out.f64(*width),
            Self::Describe(bytes) => out.bytes(bytes),
            Self::Draw { chain, count } => {
                out.u32(*chain);
                out.u32(*count);
            }
            Self::Write { buffer, first, bytes } => {
                out.u8(buffer.code());
                out.u32(*first);
                out.bytes(bytes);
            }
            Self::Read { buffer, first, count } => {
                out.u8(buffer.code());
                out.u32(*first);
                out.u16(*count);
            }
            Self::SetState(state) => put_state(&mut out, state),
            Self::Run { sweeps, measure } => {
                out.u32(*sweeps);
                out.u8(u8::from(*measure));
            }
            Self::Image { length, seed, chain } => {
                out.u32(*length);
                out.u64(*seed);
                out.u32(*chain);
            }
            Self::Coefficients(Coefficients { extents, arith, hop, linear, cubic, sigma, key }) => {
                out.u8(arith.code());
                extents.iter().for_each(|&extent| out.u32(extent));
                [hop, linear, cubic, sigma].into_iter().for_each(|&k| out.u32(k as u32));
                key.iter().for_each(|&word| out.u32(word));
            }
        }
        out.finish()
    }

    /// Reads a payload; `None` where it is not one of this opcode.
    pub fn decode(opcode: u8, payload: &'a [u8]) -> Option<Self> {
        let mut input = Reader::new(payload);
        let request = match opcode {
            0x00 => Self::Identify,
            0x01 => Self::Open(input.u16()?),
            0x02 => Self::Abort,
            0x03 => Self::Statistics,
            0x10 => Self::Configure { setup: setup(&mut input)?, chain: input.u32()? },
            0x11 => Self::HotStart(input.f64()?),
            0x12 => Self::Write { buffer: Buffer::of_code(input.u8()?)?, first: input.u32()?, bytes: input.rest() },
            0x13 => Self::Read { buffer: Buffer::of_code(input.u8()?)?, first: input.u32()?, count: input.u16()? },
            0x14 => Self::State,
            0x15 => Self::SetState(state(&mut input)?),
            0x16 => Self::Run { sweeps: input.u32()?, measure: input.flag()? },
            0x18 => Self::Image { length: input.u32()?, seed: input.u64()?, chain: input.u32()? },
            0x19 => Self::Finish,
            0x1a => Self::Coefficients(Coefficients {
                arith: arith(&mut input)?,
                extents: [input.u32()?, input.u32()?],
                hop: input.u32()? as i32,
                linear: input.u32()? as i32,
                cubic: input.u32()? as i32,
                sigma: input.u32()? as i32,
                key: [input.u32()?, input.u32()?],
            }),
            0x1b => Self::Select(input.u16()?),
            0x1c => Self::Sums,
            0x1d => Self::Describe(input.rest()),
            0x1e => Self::Draw { chain: input.u32()?, count: input.u32()? },
            _ => return None,
        };
        input.end(request)
    }
}

impl<'a> Reply<'a> {
    /// The opcode.
    pub fn opcode(&self) -> u8 {
        match self {
            Self::Identity(_) => 0x80,
            Self::Statistics(_) => 0x83,
            Self::Done => 0x90,
            Self::Configured { .. } => 0x91,
            Self::Data(_) => 0x93,
            Self::State(..) => 0x94,
            Self::Image { .. } => 0x98,
            Self::Sums(_) => 0x9c,
            Self::Refused(_) => 0xf0,
            Self::Busy(_) => 0xf1,
            Self::OutOfOrder(_) => 0xf2,
            Self::NoSession => 0xf3,
        }
    }

    /// Writes the payload and returns its length; `None` where it does not fit.
    pub fn encode(&self, payload: &mut [u8]) -> Option<usize> {
        let mut out = Writer::new(payload);
        match self {
            Self::Identity(identity) => identity.put(&mut out),
            Self::Statistics(statistics) => statistics.put(&mut out),
            Self::Done | Self::NoSession => {}
            Self::Configured { eps, drift } => {
                out.f64(*eps);
                put_couplings(&mut out, drift);
            }
            Self::Data(bytes) => out.bytes(bytes),
            Self::State(state, measurement) => {
                put_state(&mut out, state);
                if let Some(m) = measurement {
                    let numbers =
                        [m.m, m.phi2, m.phi4, m.nn, m.action_density, m.schwinger_dyson, m.grad2, m.laplacian];
                    numbers.into_iter().for_each(|x| out.f64(x));
                }
            }
            Self::Image { extent, stages, m } => {
                out.u16(*extent);
                out.u16(*stages);
                out.u16(*m as u16);
            }
            Self::Sums(sums) => sums.put(&mut out),
            Self::Refused(why) => out.u8(why.code()),
            Self::Busy(step) => out.u64(*step),
            Self::OutOfOrder(number) => out.u16(*number),
        }
        out.finish()
    }

    /// Reads a payload; `None` where it is not one of this opcode.
    pub fn decode(opcode: u8, payload: &'a [u8]) -> Option<Self> {
        let mut input = Reader::new(payload);
        let reply = match opcode {
            0x80 => Self::Identity(Identity::take(&mut input)?),
            0x83 => Self::Statistics(Statistics::take(&mut input)?),
            0x90 => Self::Done,
            0x91 => Self::Configured { eps: input.f64()?, drift: couplings(&mut input)? },
            0x93 => Self::Data(input.rest()),
            0x94 => {
                let state = state(&mut input)?;
                let measurement = match input.f64() {
                    None => None,
                    Some(m) => Some(Measurement {
                        m,
                        phi2: input.f64()?,
                        phi4: input.f64()?,
                        nn: input.f64()?,
                        action_density: input.f64()?,
                        schwinger_dyson: input.f64()?,
                        grad2: input.f64()?,
                        laplacian: input.f64()?,
                    }),
                };
                Self::State(state, measurement)
            }
            0x98 => Self::Image { extent: input.u16()?, stages: input.u16()?, m: input.u16()? as i16 },
            0x9c => Self::Sums(Sums::take(&mut input)?),
            0xf0 => Self::Refused(Refusal::of_code(input.u8()?)?),
            0xf1 => Self::Busy(input.u64()?),
            0xf2 => Self::OutOfOrder(input.u16()?),
            0xf3 => Self::NoSession,
            _ => return None,
        };
        input.end(reply)
    }
}
