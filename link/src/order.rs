//! Once and in order: what a board knows of the requests that it has had.

use heapless::Vec;

use crate::frame::Head;
use crate::message::{Buffer, Request};

/// Most numbered requests that may be on their way.
pub const WINDOW: u16 = 4;

/// Most bytes of a reply that is kept: the counters of a chain and its observables.
const KEPT: usize = 96;

/// What answers a request again.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Kept {
    /// Nothing: it is too long ago.
    #[default]
    Nothing,
    /// The bytes of the reply.
    Reply {
        /// Opcode.
        opcode: u8,
        /// Payload.
        payload: Vec<u8, KEPT>,
    },
    /// Words of a buffer, read anew: nothing has changed them since.
    Read(Buffer, u32, u16),
}

impl Kept {
    /// A reply that is short enough.
    pub fn reply(opcode: u8, payload: &[u8]) -> Self {
        Vec::from_slice(payload).map_or(Self::Nothing, |payload| Self::Reply { opcode, payload })
    }
}

/// What to do with a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Carry it out; then [`Order::done`].
    Execute,
    /// It has been carried out: answer it again.
    Again(Kept),
    /// It came before its turn: this number is next.
    OutOfOrder(u16),
    /// It is of no session, or another one.
    NoSession,
}

/// The session of a board, and its last answers.
#[derive(Clone, Debug, Default)]
pub struct Order {
    session: u16,
    next: u16,
    kept: [Kept; WINDOW as usize],
}

impl Order {
    /// The session; 0 after a reset.
    pub fn session(&self) -> u16 {
        self.session
    }

    /// Begins a session. The same one again, as when a host repeats itself, changes nothing.
    pub fn open(&mut self, session: u16) {
        if session != self.session {
            *self = Self { session, ..Self::default() };
        }
    }

    /// Whether, and how, a numbered request is answered.
    pub fn judge(&self, head: &Head) -> Verdict {
        if head.session != self.session || self.session == 0 {
            return Verdict::NoSession;
        }
        match self.next.wrapping_sub(head.number) {
            0 => Verdict::Execute,
            age @ 1..=WINDOW => {
                let at = usize::from(self.next.wrapping_sub(age) % WINDOW);
                Verdict::Again(self.kept.get(at).cloned().unwrap_or_default())
            }
            _ => Verdict::OutOfOrder(self.next),
        }
    }

    /// The next request has been carried out.
    pub fn done(&mut self, request: &Request<'_>, answer: Kept) {
        // What was read before is no longer there to be read again.
        if !matches!(request, Request::Read { .. } | Request::State) {
            for kept in &mut self.kept {
                if matches!(kept, Kept::Read(..)) {
                    *kept = Kept::Nothing;
                }
            }
        }
        if let Some(slot) = self.kept.get_mut(usize::from(self.next % WINDOW)) {
            *slot = answer;
        }
        self.next = self.next.wrapping_add(1);
    }
}
