//! The host's end of the protocol: sequence numbers, retransmission, timeouts.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use stoquant_core::integrator::State;
use stoquant_link::VERSION;
use stoquant_link::frame::{self, Head, MAX_PAYLOAD, Receiver, WIRE};
use stoquant_link::message::{Identity, Refusal, Reply, Request, Statistics};
use stoquant_link::order::WINDOW;

use super::transport::Transport;

/// Why a board did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The line itself.
    #[error("serial line to the board: {0}")]
    Io(#[from] io::Error),
    /// No answer, however often asked.
    #[error("the board does not answer: check power, cable and baud rate, and that stoquant's firmware runs on it")]
    Silent,
    /// It has been reset: what it held is gone.
    #[error("the board has been reset")]
    Reset,
    /// It refuses.
    #[error("the board refuses the request: {}", .0.reason())]
    Refused(Refusal),
    /// Another version of the protocol.
    #[error(
        "the board speaks protocol version {0}, this program version {VERSION}: flash the firmware of this program"
    )]
    Version(u16),
    /// An answer that is none.
    #[error("unexpected reply from the board")]
    Protocol,
}

/// What a refusal says, in words.
trait Reason {
    fn reason(&self) -> &'static str;
}

impl Reason for Refusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::Malformed => "unknown or malformed request",
            Self::Unsupported => "not supported by its firmware",
            Self::Capacity => "not enough memory on the board",
            Self::Unconfigured => "no chain has been configured",
            Self::Parameter => "invalid parameter or field word",
            Self::Image => "invalid image",
        }
    }
}

/// What the host has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Frames sent.
    pub sent: u64,
    /// Of these, requests sent again.
    pub repeated: u64,
    /// Damaged frames received.
    pub damaged: u64,
    /// Resets of the board.
    pub resets: u64,
}

/// A session with a board.
pub struct Client {
    transport: Box<dyn Transport>,
    receiver: Receiver,
    /// Bytes that no frame has taken.
    arrived: VecDeque<u8>,
    session: u16,
    next: u16,
    /// The chain of the board that requests are of.
    selected: u16,
    patience: Duration,
    /// When the run that is going on is to end.
    limit: Option<Instant>,
    counters: Counters,
}

/// What tells the numbers of unnumbered requests from those of the others, of which few are on their way.
const UNNUMBERED: u16 = 0x8000;

/// Numbers of sessions.
const SESSIONS: u16 = 0x7fff;

/// Silences in a row after which there is no board.
const SILENCES: u32 = 50;

impl Client {
    /// Over a line on which an answer takes `patience` at most; what takes longer is asked for again, which does no
    /// harm.
    pub fn new(transport: Box<dyn Transport>, patience: Duration) -> Self {
        Self {
            transport,
            receiver: Receiver::default(),
            arrived: VecDeque::new(),
            session: 0,
            next: 0,
            selected: 0,
            patience,
            limit: None,
            counters: Counters::default(),
        }
    }

    /// The counters.
    pub fn counters(&self) -> Counters {
        let damaged = self.receiver.counters;
        Counters { damaged: u64::from(damaged.checksum) + u64::from(damaged.framing), ..self.counters }
    }

    /// Begins a session, and asks who answers.
    pub fn open(&mut self) -> Result<Identity, LinkError> {
        // A frame that was cut off ends here.
        self.transport.send(&[0])?;
        // Twice: the board may be in the first one, from a program that ended.
        self.open_as(1 + self.session % SESSIONS)?;
        self.open_as(1 + self.session % SESSIONS)
    }

    fn open_as(&mut self, session: u16) -> Result<Identity, LinkError> {
        (self.session, self.next, self.selected) = (session, 0, 0);
        let identity = self.unnumbered(&Request::Open(session), |reply| match reply {
            Reply::Identity(identity) => Some(identity),
            _ => None,
        })?;
        if identity.version != VERSION {
            return Err(LinkError::Version(identity.version));
        }
        if identity.session == session { Ok(identity) } else { Err(LinkError::Reset) }
    }

    /// What the board has counted.
    pub fn statistics(&mut self) -> Result<Statistics, LinkError> {
        self.unnumbered(&Request::Statistics, |reply| match reply {
            Reply::Statistics(statistics) => Some(statistics),
            _ => None,
        })
    }

    /// A run or a draw that is ended, after the sweep or the configuration that it is in, when `limit` is over; its
    /// counters.
    pub fn run_for(&mut self, request: &Request<'_>, limit: Duration) -> Result<State, LinkError> {
        self.limit = Some(Instant::now() + limit);
        let ran = self.call(request, |reply| match reply {
            Reply::State(state, _) => Some(state),
            _ => None,
        });
        self.limit = None;
        ran
    }

    /// Asks until there is an answer of the right kind.
    fn unnumbered<T>(&mut self, request: &Request<'_>, take: impl Fn(Reply<'_>) -> Option<T>) -> Result<T, LinkError> {
        // A number of its own, by which late answers to earlier requests are known.
        let number = UNNUMBERED ^ self.next;
        for asked in 0..SILENCES {
            self.transmit(request, number, asked > 0)?;
            let until = Instant::now() + self.patience;
            while let Some(answer) = self.answer(until, |head, reply| (head.number == number).then(|| take(reply)))? {
                if let Some(answer) = answer.flatten() {
                    return Ok(answer);
                }
            }
        }
        Err(LinkError::Silent)
    }

    /// Makes the requests that follow be of this chain of the board.
    pub fn select(&mut self, chain: u16) -> Result<(), LinkError> {
        if self.selected != chain {
            self.call(&Request::Select(chain), |reply| (reply == Reply::Done).then_some(()))?;
            self.selected = chain;
        }
        Ok(())
    }

    /// One request, carried out once.
    pub fn call<T>(&mut self, request: &Request<'_>, take: impl FnMut(Reply<'_>) -> Option<T>) -> Result<T, LinkError> {
        let mut take = take;
        let mut out = None;
        self.all(std::slice::from_ref(request), |_, reply| {
            out = take(reply);
            out.is_some()
        })?;
        out.ok_or(LinkError::Protocol)
    }

    /// Requests carried out once and in order, several on their way at a time; `take` has their answers in order, and
    /// says whether they are of the right kind.
    pub fn all(
        &mut self,
        requests: &[Request<'_>],
        mut take: impl FnMut(usize, Reply<'_>) -> bool,
    ) -> Result<(), LinkError> {
        let first = self.next;
        let number = |at: usize| first.wrapping_add(at as u16);
        // Answered; sent since the last repeat; sent at all.
        let (mut answered, mut sent, mut farthest) = (0, 0, 0);
        let mut silences = 0;
        while answered < requests.len() {
            while sent < requests.len() && sent - answered < usize::from(WINDOW) {
                self.transmit(&requests[sent], number(sent), sent < farthest)?;
                sent += 1;
                farthest = farthest.max(sent);
            }
            let until = Instant::now() + self.patience;
            let asked = number(answered);
            let heard = self.answer(until, |head, reply| match reply {
                Reply::NoSession => Heard::NoSession,
                Reply::Busy(_) => Heard::Busy,
                Reply::OutOfOrder(_) => Heard::OutOfOrder,
                reply if head.number == asked => match reply {
                    Reply::Refused(why) => Heard::Refused(why),
                    reply => Heard::Answer(take(answered, reply)),
                },
                _ => Heard::Other,
            })?;
            match heard {
                Some(Heard::Answer(right)) => {
                    if !right {
                        return Err(LinkError::Protocol);
                    }
                    answered += 1;
                    self.next = number(answered);
                    silences = 0;
                }
                Some(Heard::Refused(why)) => {
                    // What was sent behind it may be carried out: answers to that belong to a session of the past.
                    self.open()?;
                    return Err(LinkError::Refused(why));
                }
                Some(Heard::NoSession) => {
                    self.counters.resets += 1;
                    return Err(LinkError::Reset);
                }
                Some(Heard::Busy) => silences = 0,
                // A request was lost: those after it came too early. They are sent again when the silence is over.
                Some(Heard::OutOfOrder | Heard::Other) => {}
                None => {
                    if self.limit.is_some_and(|limit| limit <= Instant::now()) {
                        self.transmit(&Request::Abort, UNNUMBERED ^ self.next, false)?;
                    }
                    silences += 1;
                    if silences > SILENCES {
                        return Err(LinkError::Silent);
                    }
                    sent = answered;
                }
            }
        }
        Ok(())
    }

    fn transmit(&mut self, request: &Request<'_>, number: u16, again: bool) -> Result<(), LinkError> {
        let (mut payload, mut wire) = ([0; MAX_PAYLOAD], [0; WIRE]);
        let length = request.encode(&mut payload).ok_or(LinkError::Protocol)?;
        let head = Head { opcode: request.opcode(), session: self.session, number };
        let length = frame::encode(head, &payload[..length], &mut wire).ok_or(LinkError::Protocol)?;
        self.counters.sent += 1;
        self.counters.repeated += u64::from(again);
        Ok(self.transport.send(&wire[..length])?)
    }

    /// What `take` makes of the next answer in this session; `None` after `until`.
    fn answer<T>(&mut self, until: Instant, take: impl FnOnce(Head, Reply<'_>) -> T) -> Result<Option<T>, LinkError> {
        loop {
            let Some(byte) = self.arrived.pop_front() else {
                let wait = until.saturating_duration_since(Instant::now());
                if wait.is_zero() {
                    return Ok(None);
                }
                self.arrived.extend(self.transport.receive(wait)?);
                continue;
            };
            let Some(frame) = self.receiver.push(byte) else { continue };
            if frame.head.session != self.session {
                continue;
            }
            if let Some(reply) = Reply::decode(frame.head.opcode, frame.payload) {
                return Ok(Some(take(frame.head, reply)));
            }
        }
    }
}

/// What was heard while an answer was waited for.
enum Heard {
    Answer(bool),
    Refused(Refusal),
    NoSession,
    Busy,
    OutOfOrder,
    Other,
}
