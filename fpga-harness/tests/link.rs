//! The serial link of a simulated board against the protocol's own crate: the same bytes in, the same bytes out, at the level of bits on
//! the line.
//!
//! Comparisons are of bytes, so nothing here has an error rate.
#![cfg(all(feature = "sim", not(feature = "netlist")))]

mod common;

use common::{Random, seeds};
use stoquant_core::action::QuarticDrift;
use stoquant_core::arith::{Arith as _, Fx};
use stoquant_core::integrator::{ChainNoise, Euler, Integrator as _, State};
use stoquant_core::lattice::Plan;
use stoquant_core::noise::{Law, StreamTag, Threefry, derive_key};
use stoquant_fpga::sim::{Circuit, LINE_DIVIDER, Line, circuits};
use stoquant_link::VERSION;
use stoquant_link::frame::{self, Frame, Head, MAX_PAYLOAD, Receiver, WIRE};
use stoquant_link::message::{
    Arith, Buffer, Coefficients, Identity, Integrator, MAX_DATA, Refusal, Reply, Request, Statistics,
};
use stoquant_link::order::{Kept, Order, Verdict};

/// Bits of silence after which there is no answer any more: the longest work is that of a new chain of 1024 rows.
const SILENCE: u32 = 8000;

/// What the simulated boards are.
#[derive(Clone, Copy)]
struct Kind {
    circuit: &'static Circuit,
    arith: Arith,
    sites: u32,
}

fn kinds() -> [Kind; 2] {
    [
        Kind { circuit: &circuits::TOP18, arith: Arith::Fx18, sites: 1 << 10 },
        Kind { circuit: &circuits::TOP16, arith: Arith::Fx16, sites: 1 << 6 },
    ]
}

fn encoded(head: Head, payload: &[u8]) -> Vec<u8> {
    let mut wire = [0; WIRE];
    let length = frame::encode(head, payload, &mut wire).expect("it fits");
    wire[..length].to_vec()
}

fn request(request: &Request<'_>, session: u16, number: u16) -> Vec<u8> {
    let mut payload = [0; MAX_PAYLOAD];
    let length = request.encode(&mut payload).expect("it fits");
    encoded(Head { opcode: request.opcode(), session, number }, &payload[..length])
}

/// Seeds whose keys the reference knows.
const SEEDS: [u64; 4] = [1, 2, 3, 0xfeed_f00d_dead_beef];

fn key(seed: u64) -> [u32; 2] {
    derive_key(seed, 1, StreamTag::Noise.word(0)).0
}

/// What a circuit's board does, in software.
struct Reference {
    kind: Kind,
    receiver: Receiver,
    order: Order,
    statistics: Statistics,
    chain: Option<Coefficients>,
    field: Vec<i32>,
    state: State,
}

impl Reference {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            receiver: Receiver::default(),
            order: Order::default(),
            statistics: Statistics::default(),
            chain: None,
            field: vec![],
            state: State::default(),
        }
    }

    fn identity(&self) -> Identity {
        let mut target = [0; 24];
        target[..4].copy_from_slice(b"fpga");
        Identity {
            version: VERSION,
            session: self.order.session(),
            sites: self.kind.sites,
            work: u32::MAX,
            slabs: self.kind.sites,
            image: 0,
            ariths: Identity::ariths_of(&[self.kind.arith]),
            integrators: Identity::integrators_of(&[Integrator::Euler]),
            dims: 1 << 2,
            observables: false,
            coefficients: true,
            build: 0,
            target,
        }
    }

    /// What comes back for these bytes.
    fn answer(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![];
        for &byte in bytes {
            let Some(Frame { head, payload }) = self.receiver.push(byte) else { continue };
            let payload = payload.to_vec();
            self.frame(head, &payload, &mut out);
        }
        out
    }

    fn frame(&mut self, head: Head, payload: &[u8], out: &mut Vec<u8>) {
        let raw = |opcode, payload: &[u8]| encoded(Head { opcode, ..head }, payload);
        let reply = |reply: &Reply<'_>| {
            let mut payload = [0; MAX_PAYLOAD];
            let length = reply.encode(&mut payload).expect("it fits");
            raw(reply.opcode(), &payload[..length])
        };
        if !Request::numbered(head.opcode) {
            out.extend(match Request::decode(head.opcode, payload) {
                Some(Request::Open(session)) => {
                    self.order.open(session);
                    reply(&Reply::Identity(self.identity()))
                }
                Some(Request::Identify) => reply(&Reply::Identity(self.identity())),
                Some(Request::Statistics) => {
                    let counters = self.receiver.counters;
                    let (frames, checksum, framing) = (counters.frames, counters.checksum, counters.framing);
                    reply(&Reply::Statistics(Statistics { frames, checksum, framing, ..self.statistics }))
                }
                Some(_) => reply(&Reply::Done),
                None => reply(&Reply::Refused(Refusal::Malformed)),
            });
            return;
        }
        match self.order.judge(&head) {
            Verdict::Stranger => {
                self.statistics.strangers += 1;
                out.extend(reply(&Reply::Stranger));
            }
            Verdict::Early(next) => {
                self.statistics.early += 1;
                out.extend(reply(&Reply::Early(next)));
            }
            Verdict::Again(kept) => {
                self.statistics.repeated += 1;
                match kept {
                    Kept::Nothing => {}
                    Kept::Reply { opcode, payload } => out.extend(raw(opcode, &payload)),
                    Kept::Read(buffer, first, count) => out.extend(self.read(buffer, first, count, reply)),
                }
            }
            Verdict::Execute => {
                self.statistics.executed += 1;
                // Its payload is not looked at where the circuit has nothing of the kind.
                let absent = matches!(head.opcode, 0x10 | 0x11 | 0x17..=0x19);
                let decoded = if absent { Some(Request::Finish) } else { Request::decode(head.opcode, payload) };
                let mut kept = |order: &mut Order, request: &Request<'_>, answer: &Reply<'_>| {
                    let mut payload = [0; MAX_PAYLOAD];
                    let length = answer.encode(&mut payload).expect("it fits");
                    out.extend(raw(answer.opcode(), &payload[..length]));
                    order.done(request, Kept::reply(answer.opcode(), &payload[..length]));
                };
                match decoded {
                    None => kept(&mut self.order, &Request::State, &Reply::Refused(Refusal::Malformed)),
                    Some(Request::Read { buffer, first, count }) => {
                        out.extend(self.read(buffer, first, count, reply));
                        self.order.done(&Request::Read { buffer, first, count }, Kept::Read(buffer, first, count));
                    }
                    Some(request) => {
                        let answer = self.execute(&request).unwrap_or_else(Reply::Refused);
                        kept(&mut self.order, &request, &answer);
                    }
                }
            }
        }
    }

    fn bits(&self, n: i32) -> u32 {
        n as u32 & if self.kind.arith == Arith::Fx18 { (1 << 18) - 1 } else { 0xffff }
    }

    fn read(&self, buffer: Buffer, first: u32, count: u16, reply: impl Fn(&Reply<'_>) -> Vec<u8>) -> Vec<u8> {
        let size = self.kind.arith.bytes();
        let (first, count) = (first as usize, usize::from(count));
        let refused = |why| reply(&Reply::Refused(why));
        if self.chain.is_none() {
            return refused(Refusal::Unconfigured);
        }
        if buffer != Buffer::Field {
            return refused(Refusal::Unsupported);
        }
        match self.field.get(first..first + count) {
            Some(words) if count * size <= MAX_DATA => {
                let bytes = |&n: &i32| self.bits(n).to_le_bytes()[..size].to_vec();
                reply(&Reply::Data(&words.iter().flat_map(bytes).collect::<Vec<u8>>()))
            }
            _ => refused(Refusal::Capacity),
        }
    }

    fn word(&self, bytes: &[u8]) -> Option<i32> {
        let bits = bytes.iter().rfold(0, |word, &byte| word << 8 | u64::from(byte));
        match self.kind.arith {
            Arith::Fx16 => Fx::<16>::from_bits(bits).map(Fx::int),
            _ => Fx::<18>::from_bits(bits).map(Fx::int),
        }
    }

    fn execute(&mut self, request: &Request<'_>) -> Result<Reply<'static>, Refusal> {
        match request {
            Request::Coefficients(with) => {
                self.chain = None;
                let [rows, columns] = with.extents;
                if with.arith != self.kind.arith {
                    return Err(Refusal::Unsupported);
                }
                if rows > 0xffff || columns > 0xffff {
                    return Err(Refusal::Capacity);
                }
                if rows < 2 || columns == 0 {
                    return Err(Refusal::Parameter);
                }
                if rows * columns > self.kind.sites {
                    return Err(Refusal::Capacity);
                }
                self.chain = Some(*with);
                self.field = vec![0; (rows * columns) as usize];
                self.state = State::default();
                Ok(Reply::Done)
            }
            Request::Write { buffer: Buffer::Field, first, bytes } => {
                let size = self.kind.arith.bytes();
                if self.chain.is_none() {
                    return Err(Refusal::Unconfigured);
                }
                let (first, count) = (*first as usize, bytes.len() / size);
                if first + count > self.field.len() || bytes.len() % size != 0 {
                    return Err(Refusal::Capacity);
                }
                let words: Option<Vec<i32>> = bytes.chunks(size).map(|bytes| self.word(bytes)).collect();
                self.field[first..first + count].copy_from_slice(&words.ok_or(Refusal::Parameter)?);
                Ok(Reply::Done)
            }
            Request::State => match self.chain {
                None => Err(Refusal::Unconfigured),
                Some(_) => Ok(Reply::State(self.state, None)),
            },
            Request::SetState(state) => {
                if self.chain.is_none() {
                    return Err(Refusal::Unconfigured);
                }
                self.state = *state;
                Ok(Reply::Done)
            }
            Request::Run { sweeps, .. } => {
                let Some(with) = self.chain else { return Err(Refusal::Unconfigured) };
                match self.kind.arith {
                    Arith::Fx16 => self.run::<16>(with, *sweeps),
                    _ => self.run::<18>(with, *sweeps),
                }
                Ok(Reply::State(self.state, None))
            }
            _ => Err(Refusal::Unsupported),
        }
    }

    fn run<const W: u32>(&mut self, with: Coefficients, sweeps: u32)
    where
        Fx<W>: stoquant_core::arith::Arith<Sum = i32, Wide = i64, Sigma = i32, Gain = i32, Slope = i64>,
    {
        let seed = SEEDS.into_iter().find(|&seed| key(seed) == with.key).expect("a known key");
        let extents = with.extents.map(|extent| extent as usize);
        let work = Plan::<2>::work_sites(&extents).expect("a lattice");
        let plan = Plan::new(extents, work).expect("a lattice");
        let drift = QuarticDrift { hop: with.hop, linear: i64::from(with.linear), cubic: with.cubic };
        let euler = Euler::<Fx<W>, _>::from_parts(drift, with.sigma);
        let mut noise = ChainNoise::<Threefry>::new(seed, 1, Law::Gaussian);
        let site = |&n: &i32| Fx::<W>::from_int(n).expect("in range").store();
        let mut phi: Vec<_> = self.field.iter().map(site).collect();
        let mut work = vec![Default::default(); work];
        for _ in 0..sweeps {
            euler.sweep(&plan, &mut noise, &mut phi, &mut work, &mut self.state);
        }
        self.field = phi.iter().map(|&word| Fx::<W>::load(word).int()).collect();
    }
}

/// What comes back from a board until it is silent.
fn until_silent(line: &mut Line) -> Vec<u8> {
    let mut out = vec![];
    loop {
        while line.sending() {
            line.run(1);
        }
        line.run(SILENCE);
        let more = line.receive();
        if more.is_empty() {
            return out;
        }
        out.extend(more);
    }
}

/// Frames as text, for whoever has to find out.
fn shown(bytes: &[u8]) -> String {
    let mut receiver = Receiver::default();
    let mut text = String::new();
    for &byte in bytes {
        if let Some(frame) = receiver.push(byte) {
            text += &format!("\n  {:02x} {:?} {:02x?}", frame.head.opcode, frame.head, frame.payload);
        }
    }
    text
}

/// A board and the reference side by side.
struct Pair {
    line: Line,
    reference: Reference,
}

impl Pair {
    fn new(kind: Kind) -> Self {
        Self { line: Line::new(kind.circuit, LINE_DIVIDER, 7), reference: Reference::new(kind) }
    }

    /// The answer to some bytes, which is the same of both.
    fn ask(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.line.send(bytes);
        let reference = self.reference.answer(bytes);
        let mut board = vec![];
        // All of it, and then nothing: for long only where something is missing.
        let mut silence = 0;
        while silence < if board.len() < reference.len() { SILENCE } else { 400 } {
            self.line.run(20);
            let more = self.line.receive();
            silence = if more.is_empty() && !self.line.sending() { silence + 20 } else { 0 };
            board.extend(more);
        }
        assert_eq!(
            board,
            reference,
            "asked:{}\nboard:{}\nreference:{}",
            shown(bytes),
            shown(&board),
            shown(&reference)
        );
        board
    }

    fn request(&mut self, what: &Request<'_>, session: u16, number: u16) -> Vec<u8> {
        self.ask(&request(what, session, number))
    }
}

fn coefficients(kind: Kind, extents: [u32; 2]) -> Coefficients {
    // κ = 0.27, λ = 0.022 and ε = 0.01, about.
    let (hop, linear, cubic, sigma) =
        if kind.arith == Arith::Fx18 { (11_324, -82_120_000, 1_845, 18_536) } else { (2_831, -5_132_000, 461, 4_634) };
    Coefficients { extents, arith: kind.arith, hop, linear, cubic, sigma, key: key(1) }
}

#[test]
fn one_conversation() {
    for kind in kinds() {
        let mut pair = Pair::new(kind);
        let size = kind.arith.bytes();
        assert!(!pair.request(&Request::Identify, 0, 77).is_empty());
        pair.request(&Request::State, 0, 0);
        pair.request(&Request::Open(5), 5, 0x8000);
        pair.request(&Request::State, 5, 0);
        pair.request(&Request::Coefficients(coefficients(kind, [4, 8])), 5, 1);
        // Refused at once, whatever it takes to count so many rows: on a line of its own, whose numbers are not those below.
        let mut large = Pair::new(kind);
        large.request(&Request::Open(1), 1, 0x8000);
        for (number, extents) in (0..).zip([[20_105, 1], [65_535, 1], [1, 20_105], [2, 65_535], [65_536, 1]]) {
            large.request(&Request::Coefficients(coefficients(kind, extents)), 1, number);
        }
        let bytes: Vec<u8> =
            (0..32_i32).flat_map(|n| pair.reference.bits(n * 700 - 11_000).to_le_bytes()[..size].to_vec()).collect();
        pair.request(&Request::Write { buffer: Buffer::Field, first: 0, bytes: &bytes }, 5, 2);
        pair.request(&Request::Read { buffer: Buffer::Field, first: 0, count: 32 }, 5, 3);
        pair.request(&Request::Run { sweeps: 3, measure: false }, 5, 4);
        pair.request(&Request::State, 5, 5);
        pair.request(&Request::Read { buffer: Buffer::Field, first: 3, count: 17 }, 5, 6);
        // Again, too far back, too early, of another session.
        for number in [6, 5, 4, 3, 2, 1, 0, 7, 8, 9, 1000] {
            pair.request(&Request::Read { buffer: Buffer::Field, first: 0, count: 1 }, 5, number);
        }
        pair.request(&Request::State, 6, 8);
        let set = State { step: (1 << 44) - 2, clipped: 1 << 60, accepted: u64::MAX - 100, log_ratio: -1.5 };
        pair.request(&Request::SetState(set), 5, 8);
        pair.request(&Request::Run { sweeps: 5, measure: true }, 5, 9);
        pair.request(&Request::State, 5, 10);
        // Damaged, too long, too short, and nothing at all.
        let mut damaged = request(&Request::State, 5, 11);
        damaged[4] ^= 0x40;
        assert!(pair.ask(&damaged).is_empty());
        assert!(pair.ask(&[vec![7; 400], vec![0]].concat()).is_empty());
        assert!(pair.ask(&[0, 0, 3, 1, 0, 1, 0, 9, 1, 1, 0]).is_empty());
        pair.request(&Request::Statistics, 0, 3);
        pair.request(&Request::Abort, 5, 3);
    }
}

/// Conversations with all that can be wrong with them.
#[test]
fn random_conversations() {
    for seed in seeds() {
        for kind in kinds() {
            let mut pair = Pair::new(kind);
            let mut random = Random::new(seed);
            let (mut session, mut next) = (0_u16, 0_u16);
            for _ in 0..150 {
                let mut burst = vec![];
                let mut alone = false;
                for _ in 0..1 + random.u32() % 4 {
                    let (frame, runs) = anything(&mut random, &mut pair.reference, kind, &mut session, &mut next);
                    // A run would be asked for its end; and the board has room for about two of the longest frames.
                    if (runs && !burst.is_empty()) || burst.len() + frame.len() > 450 {
                        break;
                    }
                    burst.extend(frame);
                    alone = runs;
                    if alone {
                        break;
                    }
                }
                let _ = alone;
                pair.ask(&burst);
                // What the reference now expects.
                next = number(&pair.reference);
                session = pair.reference.order.session();
            }
            pair.ask(&[0]);
            pair.request(&Request::Statistics, 0, 0);
        }
    }
}

/// The number that is next: what an early request is told.
fn number(reference: &Reference) -> u16 {
    let session = reference.order.session();
    (0..=u16::MAX)
        .find(|&number| reference.order.judge(&Head { opcode: 0x14, session, number }) == Verdict::Execute)
        .unwrap_or(0)
}

/// Some bytes, and whether they run sweeps.
fn anything(
    random: &mut Random,
    reference: &mut Reference,
    kind: Kind,
    session: &mut u16,
    next: &mut u16,
) -> (Vec<u8>, bool) {
    let size = kind.arith.bytes();
    let volume = reference.field.len().max(1) as u32;
    let word = |random: &mut Random| match random.u32() % 40 {
        0 => random.u32(),
        1 => 1 << (8 * size as u32 % 32).max(16) >> 1,
        n => {
            let n = if n < 10 { random.within(1 << 15) } else { random.within(1000) } as i32;
            if size == 4 { n as u32 & 0x3ffff } else { n as u32 & 0xffff }
        }
    };
    let bytes: Vec<u8> = {
        let words = random.u32() % 40;
        let mut bytes: Vec<u8> = (0..words).flat_map(|_| word(random).to_le_bytes()[..size].to_vec()).collect();
        if random.u32().is_multiple_of(16) {
            bytes.pop();
        }
        bytes
    };
    let first = match random.u32() % 16 {
        0 => random.u32(),
        1 => volume,
        2 => volume + random.u32() % 3,
        _ => random.u32() % volume,
    };
    let buffer = match random.u32() % 12 {
        0 => Buffer::Image,
        1 => Buffer::Phi,
        _ => Buffer::Field,
    };
    let extents = match random.u32() % 12 {
        0 => [random.u32() % 70_000, random.u32() % 4],
        1 => [random.u32() % 4, random.u32() % 300],
        2 => [0x1_0000, 2],
        3 => [32, 32],
        4 => [2, 1],
        _ => [2 + random.u32() % 8, 1 + random.u32() % 8],
    };
    let mut with = coefficients(kind, extents);
    with.key = key(SEEDS[random.u32() as usize % SEEDS.len()]);
    if random.u32().is_multiple_of(12) {
        with.arith = Arith::ALL[random.u32() as usize % 3];
    }
    let state = State {
        step: [random.u32().into(), (1 << 44) - 2, u64::MAX - (1 << 20), 1 << 32][random.u32() as usize % 4],
        clipped: u64::from(random.u32()) << 30,
        accepted: u64::from(random.u32()),
        log_ratio: 0.25,
    };
    let what = match random.u32() % 40 {
        0 => Request::Identify,
        1 => Request::Open((random.u32() % 3) as u16),
        2 => Request::Open(*session),
        3 => Request::Abort,
        4 => Request::Statistics,
        5 => Request::HotStart(1.0),
        6 => Request::Slices,
        7 => Request::Finish,
        8..12 => Request::Coefficients(with),
        12..19 => Request::Write { buffer, first, bytes: &bytes },
        19..27 => Request::Read {
            buffer,
            first,
            count: match random.u32() % 12 {
                0 => random.u32() as u16,
                1 => 58,
                2 => 59,
                3 => 116,
                4 => 117,
                _ => (random.u32() % 64) as u16,
            },
        },
        27..31 => Request::State,
        31..33 => Request::SetState(state),
        _ => Request::Run { sweeps: random.u32() % 4, measure: random.u32().is_multiple_of(2) },
    };
    let mut payload = [0; MAX_PAYLOAD];
    let length = what.encode(&mut payload).expect("it fits");
    let mut payload = payload[..length].to_vec();
    let mut opcode = what.opcode();
    match random.u32() % 40 {
        0 if payload.len() < MAX_PAYLOAD => payload.push(random.u32() as u8),
        1 => drop(payload.pop()),
        2 => opcode = random.u32() as u8,
        3 if !payload.is_empty() => payload[0] = random.u32() as u8,
        _ => {}
    }
    let asked = match random.u32() % 12 {
        0 => next.wrapping_sub(1 + (random.u32() % 6) as u16),
        1 => next.wrapping_add((random.u32() % 4) as u16),
        2 => random.u32() as u16,
        _ => *next,
    };
    let of = if random.u32().is_multiple_of(24) { random.u32() as u16 } else { *session };
    let mut frame = encoded(Head { opcode, session: of, number: asked }, &payload);
    if Request::numbered(opcode) && of == *session && asked == *next && *session != 0 {
        *next = next.wrapping_add(1);
    }
    if let Request::Open(opened) = what
        && opened != *session
    {
        (*session, *next) = (opened, 0);
    }
    match random.u32() % 32 {
        0 => {
            let at = random.u32() as usize % frame.len();
            frame[at] ^= 1 << (random.u32() % 8);
        }
        1 => frame.truncate(random.u32() as usize % frame.len()),
        2 => {
            let noise = (0..random.u32() % 260).map(|_| 1 + (random.u32() % 255) as u8);
            frame = [noise.collect(), vec![0], frame].concat();
        }
        3 => {
            let noise = (0..random.u32() % 40).map(|_| (random.u32() % 5) as u8);
            frame = noise.chain(frame).collect();
        }
        _ => {}
    }
    (frame, opcode == 0x16)
}

/// Frames that a line brings, each with its reply decoded by `take`.
fn frames<T>(bytes: &[u8], mut take: impl FnMut(Head, Reply<'_>) -> T) -> Vec<T> {
    let mut receiver = Receiver::default();
    let mut out = vec![];
    for &byte in bytes {
        if let Some(frame) = receiver.push(byte) {
            out.push(take(frame.head, Reply::decode(frame.head.opcode, frame.payload).expect("a reply")));
        }
    }
    out
}

/// Asked while it runs, a board says how far it is; told to, it ends the run.
#[test]
fn runs_are_ended() {
    for kind in kinds() {
        let mut pair = Pair::new(kind);
        pair.request(&Request::Open(3), 3, 0x8000);
        pair.request(&Request::Coefficients(coefficients(kind, [8, 8])), 3, 0);
        pair.request(&Request::SetState(State { step: 250, ..State::default() }), 3, 1);
        let run = Request::Run { sweeps: 1_000_000, measure: false };
        let line = &mut pair.line;
        line.send(&request(&run, 3, 2));
        for bytes in [
            request(&Request::State, 3, 3),
            request(&run, 3, 2),
            request(&Request::Identify, 9, 4),
            vec![3, 1, 0],
            request(&Request::Identify, 3, 5),
        ] {
            line.send(&bytes);
        }
        let mut steps = vec![];
        let heard = frames(&until_silent(line), |head, reply| {
            if let Reply::Busy(step) = reply {
                steps.push(step);
            }
            (head.number, reply == Reply::Stranger)
        });
        assert_eq!(heard, [(3, false), (2, false), (4, true), (5, false)]);
        assert!(steps.len() == 3 && steps.is_sorted() && steps[0] >= 250 && steps[2] > 251, "{steps:?}");
        line.send(&request(&Request::Abort, 3, 0x8003));
        let mut state = State::default();
        let heard = frames(&until_silent(line), |head, reply| match reply {
            Reply::State(ended, None) => {
                state = ended;
                (head.number, false)
            }
            reply => (head.number, reply == Reply::Done),
        });
        assert_eq!(heard, [(0x8003, true), (2, false)]);
        assert!(state.step > steps[2] && state.accepted == state.step - 250);
        // The reference does as many, and all is as if nothing had been.
        let sweeps = state.accepted as u32;
        pair.reference.answer(&request(&Request::Run { sweeps, measure: false }, 3, 2));
        pair.reference.statistics.executed = 3;
        pair.request(&Request::State, 3, 3);
        pair.request(&Request::Read { buffer: Buffer::Field, first: 0, count: 58 }, 3, 4);
        pair.request(&Request::State, 3, 2);
    }
}
