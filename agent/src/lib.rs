//! Hardware-independent firmware: serves one chain of the core over the serial protocol.
//!
//! A board gives bytes in and out ([`Board`]) and memory ([`Memory`]); the rest is here, and the same on every target:
//! no allocation, no panic path, no float but where the chain's own arithmetic or its observables ask for it.
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::missing_errors_doc)]

mod chain;
mod lattice;
#[cfg(feature = "all")]
mod score;

use stoquant_core::score::int8::Kernels;
use stoquant_link::VERSION;
use stoquant_link::frame::{self, Frame, Head, MAX_PAYLOAD, Receiver, WIRE};
use stoquant_link::message::{Identity, Refusal, Reply, Request, Statistics};
use stoquant_link::order::{Kept, Order, Verdict};

pub use chain::Memory;
use chain::{Chain, Ran};

/// A hash of the sources of agent, protocol and core.
pub const BUILD: u64 = {
    let digits = env!("STOQUANT_BUILD").as_bytes();
    let (mut hash, mut i) = (0_u64, 0);
    while i < digits.len() {
        hash = hash * 10 + (digits[i] - b'0') as u64;
        i += 1;
    }
    hash
};

/// A serial line, and what only the board knows.
pub trait Board {
    /// Name of the target, at most 24 bytes.
    const TARGET: &'static str;
    /// The processor, for instructions that the core's own code does not come to.
    type Machine: Kernels;
    /// A token of it.
    const MACHINE: Self::Machine;
    /// The next byte, if one has arrived.
    fn receive(&mut self) -> Option<u8>;
    /// Sends a byte; waits while the line is full.
    fn send(&mut self, byte: u8);
    /// Nothing has arrived: whatever saves power until something does.
    fn idle(&mut self) {}
    /// Bytes of stack used at most since the reset; 0 where nobody counts them.
    fn stack(&self) -> u32 {
        0
    }
}

/// A board's program.
pub struct Agent<'m, B> {
    board: B,
    receiver: Receiver,
    order: Order,
    chain: Chain<'m>,
    statistics: Statistics,
}

impl<'m, B: Board> Agent<'m, B> {
    /// After a reset: no session, no chain.
    pub fn new(board: B, memory: Memory<'m>) -> Self {
        Self {
            board,
            receiver: Receiver::default(),
            order: Order::default(),
            chain: Chain::new(memory),
            statistics: Statistics::default(),
        }
    }

    /// The board, for whoever has to wait for it.
    pub fn board(&mut self) -> &mut B {
        &mut self.board
    }

    /// Serves for ever.
    pub fn run(mut self) -> ! {
        loop {
            if !self.step() {
                self.board.idle();
            }
        }
    }

    /// Takes one byte, if there is one, and does what it completes.
    pub fn step(&mut self) -> bool {
        let Some(byte) = self.board.receive() else { return false };
        let Self { board, receiver, order, chain, statistics } = self;
        let Some(Frame { head, payload }) = receiver.push(byte) else { return true };
        let mut answer = Answer { board, head };
        if !Request::numbered(head.opcode) {
            match Request::decode(head.opcode, payload) {
                Some(Request::Open(session)) => {
                    order.open(session);
                    answer.send(&Reply::Identity(identity::<B>(order, chain)));
                }
                Some(Request::Identify) => {
                    answer.send(&Reply::Identity(identity::<B>(order, chain)));
                }
                Some(Request::Statistics) => self.statistics(head),
                // Nothing runs.
                Some(_) => answer.send(&Reply::Done),
                None => answer.send(&Reply::Refused(Refusal::Malformed)),
            }
            return true;
        }
        match order.judge(&head) {
            Verdict::NoSession => {
                count(&mut statistics.no_session);
                answer.send(&Reply::NoSession);
            }
            Verdict::OutOfOrder(number) => {
                count(&mut statistics.out_of_order);
                answer.send(&Reply::OutOfOrder(number));
            }
            Verdict::Again(kept) => {
                count(&mut statistics.repeated);
                match kept {
                    Kept::Nothing => {}
                    Kept::Reply { opcode, payload } => answer.raw(opcode, &payload),
                    Kept::Read(buffer, first, count) => chain.read(buffer, first, count, |reply| answer.send(reply)),
                }
            }
            Verdict::Execute => {
                count(&mut statistics.executed);
                self.execute(head);
            }
        }
        true
    }

    fn statistics(&mut self, head: Head) {
        let counters = self.receiver.counters;
        let statistics = Statistics {
            frames: counters.frames,
            checksum: counters.checksum,
            framing: counters.framing,
            stack: self.board.stack(),
            ..self.statistics
        };
        Answer { board: &mut self.board, head }.send(&Reply::Statistics(statistics));
    }

    /// Carries out the request that the receiver holds.
    fn execute(&mut self, head: Head) {
        let Self { board, receiver, order, chain, .. } = self;
        let request = Request::decode(head.opcode, receiver.payload());
        let mut answer = Answer { board, head };
        match request {
            None => {
                let request = Request::State;
                order.done(&request, answer.send_kept(&Reply::Refused(Refusal::Malformed)));
            }
            Some(Request::Read { buffer, first, count }) => {
                chain.read(buffer, first, count, |reply| answer.send(reply));
                order.done(&Request::Read { buffer, first, count }, Kept::Read(buffer, first, count));
            }
            Some(Request::Run { sweeps, measure }) => {
                let session = order.session();
                let Ran { state, measurement } =
                    chain.run(B::MACHINE, sweeps, measure, |step| busy(answer.board, receiver, session, head, step));
                let reply = match state {
                    Ok(state) => Reply::State(state, measurement),
                    Err(why) => Reply::Refused(why),
                };
                let kept = answer.send_kept(&reply);
                order.done(&Request::Run { sweeps, measure }, kept);
            }
            Some(request) => {
                let kept = chain.execute(B::MACHINE, &request, |reply| answer.send_kept(reply));
                order.done(&request, kept);
            }
        }
    }
}

/// What arrives while a run goes on; whether that is to end.
fn busy(board: &mut impl Board, receiver: &mut Receiver, session: u16, running: Head, step: u64) -> bool {
    let mut abort = false;
    while let Some(byte) = board.receive() {
        let Some(Frame { head, payload }) = receiver.push(byte) else { continue };
        let of_session = head.session == session;
        match Request::decode(head.opcode, payload) {
            Some(Request::Abort) if of_session => {
                abort = true;
                Answer { board, head }.send(&Reply::Done);
            }
            // Asked again for what is running, or for anything else: later.
            _ if of_session || head == running => Answer { board, head }.send(&Reply::Busy(step)),
            _ => Answer { board, head }.send(&Reply::NoSession),
        }
    }
    abort
}

fn identity<B: Board>(order: &Order, chain: &Chain<'_>) -> Identity {
    let mut target = [0; 24];
    for (slot, byte) in target.iter_mut().zip(B::TARGET.bytes()) {
        *slot = byte;
    }
    Identity { version: VERSION, session: order.session(), build: BUILD, target, ..chain.capabilities() }
}

fn count(counter: &mut u32) {
    *counter = counter.wrapping_add(1);
}

/// The answer to a request.
struct Answer<'b, B> {
    board: &'b mut B,
    head: Head,
}

impl<B: Board> Answer<'_, B> {
    fn send(&mut self, reply: &Reply<'_>) {
        let mut payload = [0; MAX_PAYLOAD];
        if let Some(payload) = reply.encode(&mut payload).and_then(|length| payload.get(..length)) {
            self.raw(reply.opcode(), payload);
        }
    }

    fn send_kept(&mut self, reply: &Reply<'_>) -> Kept {
        let mut payload = [0; MAX_PAYLOAD];
        let Some(payload) = reply.encode(&mut payload).and_then(|length| payload.get(..length)) else {
            return Kept::Nothing;
        };
        self.raw(reply.opcode(), payload);
        Kept::reply(reply.opcode(), payload)
    }

    fn raw(&mut self, opcode: u8, payload: &[u8]) {
        let mut wire = [0; WIRE];
        let frame = frame::encode(Head { opcode, ..self.head }, payload, &mut wire);
        for &byte in frame.and_then(|length| wire.get(..length)).unwrap_or(&[]) {
            self.board.send(byte);
        }
    }
}
