//! What a board says of itself.

use stoquant_model::{ArithKind, IntegratorKind};

use crate::wire::{Reader, Writer};

/// What a board says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The version of the protocol.
    pub version: u16,
    /// The session that it belongs to; 0 after a reset.
    pub session: u16,
    /// Most sites of a field.
    pub sites: u32,
    /// Words of 32 bits of work memory: five slabs of a lattice must fit.
    pub work: u32,
    /// Most slabs, which is the slowest extent; `u32::MAX` where sites and work memory are the only limits.
    pub slabs: u32,
    /// Most bytes of an image; 0 without the quantised score.
    pub image: u32,
    /// Number types that it has: bit n for code n.
    pub ariths: u8,
    /// Integrators that it has: bit n for code n.
    pub integrators: u8,
    /// Dimensions that it has: bit D for D dimensions.
    pub dims: u8,
    /// Whether it measures; else the host does, on the field that it reads.
    pub observables: bool,
    /// Whether [`Request::Coefficients`](crate::message::Request::Coefficients) configures it, in place of
    /// [`Request::Configure`](crate::message::Request::Configure): the host quantises, and starts the field.
    pub coefficients: bool,
    /// Whether it answers [`Request::Sums`](crate::message::Request::Sums); with images and without lattices, whether
    /// [`Request::Draw`](crate::message::Request::Draw).
    pub sums: bool,
    /// How many chains it has: 1 to [`MAX_CHAINS`]. They run in step
    /// ([`Request::Select`](crate::message::Request::Select)).
    pub chains: u8,
    /// A hash of the sources of firmware, protocol and core; of a circuit, of its sources.
    pub build: u64,
    /// Target, padded with zeros.
    pub target: [u8; 24],
}

impl Identity {
    /// Whether it has this number type.
    pub fn has_arith(&self, arith: ArithKind) -> bool {
        self.ariths >> arith.code() & 1 == 1
    }
    /// Whether it has this integrator.
    pub fn has_integrator(&self, integrator: IntegratorKind) -> bool {
        self.integrators >> integrator.code() & 1 == 1
    }
    /// Whether it has lattices of so many dimensions.
    pub fn has_dims(&self, dims: usize) -> bool {
        dims < 8 && self.dims >> dims & 1 == 1
    }
    /// The bits of a list of number types.
    pub fn ariths_of(list: &[ArithKind]) -> u8 {
        list.iter().fold(0, |bits, arith| bits | 1 << arith.code())
    }
    /// The bits of a list of integrators.
    pub fn integrators_of(list: &[IntegratorKind]) -> u8 {
        list.iter().fold(0, |bits, integrator| bits | 1 << integrator.code())
    }
    /// The target as text.
    pub fn target(&self) -> &str {
        let end = self.target.iter().position(|&byte| byte == 0).unwrap_or(self.target.len());
        self.target.get(..end).and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or("?")
    }
}

/// What a board has counted since its reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Whole frames received.
    pub frames: u32,
    /// Frames with a wrong check sum.
    pub checksum: u32,
    /// What was no frame.
    pub framing: u32,
    /// Requests that had been carried out before.
    pub repeated: u32,
    /// Requests that came before their turn.
    pub out_of_order: u32,
    /// Requests of no session, or another.
    pub no_session: u32,
    /// Requests carried out.
    pub executed: u32,
    /// Bytes of stack used at most; 0 where the board does not know.
    pub stack: u32,
}

/// Most chains of a board: their number less one has five bits.
pub const MAX_CHAINS: u8 = 32;

/// The first bytes of an identity.
const MAGIC: [u8; 4] = *b"SQid";

impl Identity {
    pub(crate) fn put(&self, out: &mut Writer<'_>) {
        out.bytes(&MAGIC);
        out.u16(self.version);
        out.u16(self.session);
        [self.sites, self.work, self.slabs, self.image].into_iter().for_each(|size| out.u32(size));
        // A board of former times has zeros in the upper bits: one chain, and no sums.
        let flags = u8::from(self.observables) | u8::from(self.coefficients) << 1 | u8::from(self.sums) << 2;
        let flags = flags | (self.chains.clamp(1, MAX_CHAINS) - 1) << 3;
        [self.ariths, self.integrators, self.dims, flags].into_iter().for_each(|bits| out.u8(bits));
        out.u64(self.build);
        out.bytes(&self.target);
    }

    pub(crate) fn take(input: &mut Reader<'_>) -> Option<Self> {
        if [input.u8()?, input.u8()?, input.u8()?, input.u8()?] != MAGIC {
            return None;
        }
        let mut identity = Self {
            version: input.u16()?,
            session: input.u16()?,
            sites: input.u32()?,
            work: input.u32()?,
            slabs: input.u32()?,
            image: input.u32()?,
            ariths: input.u8()?,
            integrators: input.u8()?,
            dims: input.u8()?,
            observables: false,
            coefficients: false,
            sums: false,
            chains: 1,
            build: 0,
            target: [0; 24],
        };
        let flags = input.u8()?;
        (identity.observables, identity.coefficients) = (flags & 1 == 1, flags >> 1 & 1 == 1);
        (identity.sums, identity.chains) = (flags >> 2 & 1 == 1, 1 + (flags >> 3));
        identity.build = input.u64()?;
        for slot in &mut identity.target {
            *slot = input.u8()?;
        }
        Some(identity)
    }
}

impl Statistics {
    pub(crate) fn put(&self, out: &mut Writer<'_>) {
        let Self { frames, checksum, framing, repeated, out_of_order, no_session, executed, stack } = *self;
        let counters = [frames, checksum, framing, repeated, out_of_order, no_session, executed, stack];
        counters.into_iter().for_each(|counter| out.u32(counter));
    }

    pub(crate) fn take(input: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            frames: input.u32()?,
            checksum: input.u32()?,
            framing: input.u32()?,
            repeated: input.u32()?,
            out_of_order: input.u32()?,
            no_session: input.u32()?,
            executed: input.u32()?,
            stack: input.u32()?,
        })
    }
}
