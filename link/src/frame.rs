//! Frames: `[opcode u8][session u16][number u16][payload][CRC-32 u32]` in COBS, a zero byte after it.
//!
//! With at most [`MAX_PAYLOAD`] bytes a frame fits in one block of COBS: one byte more, and the zero.

use cobs::{CobsEncoder, DecodeResult, DecoderState};
use crc::{CRC_32_ISO_HDLC, Crc, NoTable};

/// Most bytes of a payload.
pub const MAX_PAYLOAD: usize = 240;
/// Bytes before the payload.
const HEADER: usize = 5;
/// Bytes of the check sum.
const CHECK: usize = 4;
/// Most bytes of a frame before it is encoded.
const FRAME: usize = HEADER + MAX_PAYLOAD + CHECK;
/// Most bytes on the wire.
pub const WIRE: usize = FRAME + 2;

/// CRC-32 as in Ethernet. Without a table: 1 KiB of flash is worth more here than the time.
const CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

/// What a frame is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// What is asked for or answered.
    pub opcode: u8,
    /// The session; 0 is none.
    pub session: u16,
    /// The number of the request, also in its answer.
    pub number: u16,
}

/// A frame that has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What it is of.
    pub head: Head,
    /// What it carries.
    pub payload: &'a [u8],
}

/// Writes a frame, its zero included, and returns its length; `None` where the payload is too long or `out` too short
/// ([`WIRE`] always suffices).
pub fn encode(head: Head, payload: &[u8], out: &mut [u8]) -> Option<usize> {
    if payload.len() > MAX_PAYLOAD {
        return None;
    }
    let [s0, s1] = head.session.to_le_bytes();
    let [n0, n1] = head.number.to_le_bytes();
    let header = [head.opcode, s0, s1, n0, n1];
    let mut digest = CRC.digest();
    digest.update(&header);
    digest.update(payload);
    let check = digest.finalize().to_le_bytes();
    let mut encoder = CobsEncoder::new(out);
    for part in [&header[..], payload, &check] {
        encoder.push(part).ok()?;
    }
    let length = encoder.finalize();
    *out.get_mut(length)? = 0;
    Some(length + 1)
}

/// What a receiver has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Whole frames.
    pub frames: u32,
    /// Frames with another CRC-32 than they say.
    pub checksum: u32,
    /// What lay between two zeros and was no frame: too long, too short, or not COBS.
    pub framing: u32,
}

/// Makes frames of bytes.
#[derive(Debug)]
pub struct Receiver {
    state: DecoderState,
    bytes: [u8; FRAME],
    length: usize,
    /// Nothing more is taken until the next zero.
    lost: bool,
    /// What has been seen.
    pub counters: Counters,
}

impl Default for Receiver {
    fn default() -> Self {
        Self { state: DecoderState::Idle, bytes: [0; FRAME], length: 0, lost: false, counters: Counters::default() }
    }
}

impl Receiver {
    /// Takes a byte; a frame, where it is the zero after one.
    pub fn push(&mut self, byte: u8) -> Option<Frame<'_>> {
        if self.lost {
            self.lost = byte != 0;
            return None;
        }
        match self.state.feed(byte) {
            Ok(DecodeResult::NoData) => None,
            Ok(DecodeResult::DataStart) => {
                self.length = 0;
                None
            }
            Ok(DecodeResult::DataContinue(byte)) => {
                match self.bytes.get_mut(self.length) {
                    Some(slot) => {
                        *slot = byte;
                        self.length += 1;
                    }
                    None => self.lose(true),
                }
                None
            }
            Ok(DecodeResult::DataComplete) => self.frame(),
            // A zero too early: the next frame begins behind it.
            Err(_) => {
                self.lose(byte != 0);
                None
            }
        }
    }

    /// The payload of the last frame, until the next byte.
    pub fn payload(&self) -> &[u8] {
        self.bytes.get(HEADER..self.length.saturating_sub(CHECK)).unwrap_or(&[])
    }

    fn lose(&mut self, lost: bool) {
        self.counters.framing = self.counters.framing.wrapping_add(1);
        self.lost = lost;
        self.state = DecoderState::Idle;
    }

    fn frame(&mut self) -> Option<Frame<'_>> {
        let whole = self.bytes.get(..self.length).and_then(|frame| frame.split_last_chunk::<CHECK>());
        let Some((frame, &check)) = whole.filter(|(frame, _)| frame.len() >= HEADER) else {
            self.counters.framing = self.counters.framing.wrapping_add(1);
            return None;
        };
        if CRC.checksum(frame) != u32::from_le_bytes(check) {
            self.counters.checksum = self.counters.checksum.wrapping_add(1);
            return None;
        }
        self.counters.frames = self.counters.frames.wrapping_add(1);
        let (&[opcode, s0, s1, n0, n1], payload) = frame.split_first_chunk::<HEADER>()?;
        let head = Head { opcode, session: u16::from_le_bytes([s0, s1]), number: u16::from_le_bytes([n0, n1]) };
        Some(Frame { head, payload })
    }
}
