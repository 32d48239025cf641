//! The serial link of a simulated board against the protocol's own crate: the same bytes in, the same bytes out, at the
//! level of bits on the line.
//!
//! Comparisons are of bytes, so nothing here has an error rate.
#![cfg(all(feature = "sim", not(feature = "netlist")))]

#[path = "../common/mod.rs"]
mod common;
mod reference;

use common::{Random, seeds};
use reference::{Kind, Reference, SEEDS, encoded, key, kinds, request};
use stoquant_core::integrator::State;
use stoquant_fpga::sim::{LINE_DIVIDER, Line};
use stoquant_link::frame::{Head, MAX_PAYLOAD, Receiver};
use stoquant_link::message::{Buffer, Coefficients, Reply, Request};
use stoquant_link::order::Verdict;
use stoquant_model::ArithKind;

/// Bits of silence after which there is no answer any more: the longest work is that of a new chain of 1024 rows.
const SILENCE: u32 = 8000;

/// The same where the reference did answer: the longest work is a run of hundreds of sweeps on a thousand sites.
const PATIENCE: u32 = 1 << 18;

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
        while silence < if board.len() < reference.len() { PATIENCE } else { 400 } {
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
    let (hop, linear, cubic, sigma) = if kind.arith == ArithKind::Fx18 {
        (11_324, -82_120_000, 1_845, 18_536)
    } else {
        (2_831, -5_132_000, 461, 4_634)
    };
    Coefficients { extents, arith: kind.arith, hop, linear, cubic, sigma, key: key(1) }
}

#[test]
fn one_conversation() {
    for kind in kinds() {
        let mut pair = Pair::new(kind);
        assert!(!pair.request(&Request::Identify, 0, 77).is_empty());
        pair.request(&Request::State, 0, 0);
        pair.request(&Request::Open(5), 5, 0x8000);
        pair.request(&Request::State, 5, 0);
        pair.request(&Request::Coefficients(coefficients(kind, [4, 8])), 5, 1);
        // Refused at once, whatever it takes to count so many rows: on a line of its own, whose numbers are not those
        // below.
        let mut large = Pair::new(kind);
        large.request(&Request::Open(1), 1, 0x8000);
        for (number, extents) in (0..).zip([[20_105, 1], [65_535, 1], [1, 20_105], [2, 65_535], [65_536, 1]]) {
            large.request(&Request::Coefficients(coefficients(kind, extents)), 1, number);
        }
        let bytes = words(&pair.reference, |n| n * 700 - 11_000);
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
        // Nothing is said twice of sums either: again they are what they were.
        let sums = Request::Sums;
        let answer = pair.request(&sums, 5, 11);
        pair.request(&Request::State, 5, 12);
        assert_eq!(pair.request(&sums, 5, 11), answer);
        pair.request(&Request::Select(u16::from(kind.chains)), 5, 13);
        pair.request(&Request::Select(0x100), 5, 14);
        // A buffer that there is not.
        for (opcode, number, buffer) in [(0x12, 15, 2), (0x13, 16, 2), (0x12, 17, 5), (0x13, 18, 5)] {
            pair.ask(&encoded(Head { opcode, session: 5, number }, &[buffer, 0, 0, 0, 0, 1, 0]));
        }
    }
}

/// Words of 32 sites.
fn words(reference: &Reference, of: impl Fn(i32) -> i32) -> Vec<u8> {
    let size = reference.kind.arith.bytes();
    (0..32_i32).flat_map(|n| reference.bits(of(n)).to_le_bytes()[..size].to_vec()).collect()
}

/// Chains side by side, as a host talks to them: each is what it would be alone, and none is mistaken for another.
#[test]
fn several_chains() {
    let kind = kinds().into_iter().find(|kind| kind.chains > 1).expect("a circuit of several");
    for seed in seeds() {
        let mut pair = Pair::new(kind);
        let mut number = 0..;
        let mut ask = |pair: &mut Pair, what: &Request<'_>| {
            let number = number.next().expect("there is no last one");
            frames(&pair.request(what, 7, number), |head, reply| {
                assert_eq!(head.number, number);
                format!("{reply:?}")
            })
            .remove(0)
        };
        pair.request(&Request::Open(7), 7, 0x8000);
        let of = |extents, at: u16| {
            let with = coefficients(kind, extents);
            let (key, hop) = (key(SEEDS[usize::from(at)]), with.hop + i32::from(at));
            // So much noise that it saturates.
            Request::Coefficients(Coefficients { key, hop, sigma: 100_000, ..with })
        };
        // No chain before the first one; none of other extents beside it.
        ask(&mut pair, &Request::Select(2));
        assert_eq!(ask(&mut pair, &of([4, 8], 2)), "Refused(Unconfigured)");
        ask(&mut pair, &Request::Select(0));
        ask(&mut pair, &of([4, 8], 0));
        let state = State { step: (5 << 32) + 0xffff_fffe, clipped: 7, accepted: 3, log_ratio: 0.5 };
        ask(&mut pair, &Request::SetState(state));
        for at in 1..3 {
            ask(&mut pair, &Request::Select(at));
            assert_eq!(ask(&mut pair, &Request::Sums), "Refused(Unconfigured)");
            assert_eq!(ask(&mut pair, &of([8, 4], at)), "Refused(Parameter)");
            assert_eq!(ask(&mut pair, &of([4, 8], at)), "Done");
        }
        let mut random = Random::new(seed);
        for at in [1, 0, 2] {
            ask(&mut pair, &Request::Select(at));
            let start: Vec<i32> = (0..32).map(|_| (1 << 17) - 1 - random.within(1000).abs() as i32).collect();
            let bytes = words(&pair.reference, |n| start[n as usize]);
            ask(&mut pair, &Request::Write { buffer: Buffer::Field, first: 0, bytes: &bytes });
        }
        // The first answers of a run are of the chain that is selected: the last one.
        for sweeps in [1, 20] {
            ask(&mut pair, &Request::Run { sweeps, measure: false });
            let said: Vec<[String; 3]> = (0..3)
                .map(|at| {
                    ask(&mut pair, &Request::Select(at));
                    [Request::Read { buffer: Buffer::Field, first: 0, count: 32 }, Request::Sums, Request::State]
                        .map(|what| ask(&mut pair, &what))
                })
                .collect();
            // All of them are of different fields: who mistakes one for another is seen.
            assert!(said[0] != said[1] && said[1] != said[2] && said[0] != said[2]);
        }
        let clipped = pair.reference.chains.iter().map(|chain| chain.clipped);
        assert!(clipped.min() > Some(0), "a field at the end of the range saturates");
        // The first one begins anew, and with it all.
        ask(&mut pair, &Request::Select(0));
        ask(&mut pair, &of([2, 6], 0));
        ask(&mut pair, &Request::Select(1));
        assert_eq!(ask(&mut pair, &Request::State), "Refused(Unconfigured)");
        // A session begins with the first.
        pair.request(&Request::Open(8), 8, 0x8000);
        pair.request(&Request::State, 8, 0);
    }
}

/// Conversations with all that can be wrong with them.
#[test]
fn random_conversations() {
    // The last one asks for 215 sweeps of a large lattice.
    for seed in seeds().into_iter().chain([1_795_991_241_094_968_946]) {
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
    let volume = reference.chain().field.len().max(1) as u32;
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
        2 => Buffer::Sums,
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
    // Another chain mostly has the extents of the first one.
    let extents = match reference.chains[0].with {
        Some(first) if reference.selected > 0 && !random.u32().is_multiple_of(8) => first.extents,
        _ => extents,
    };
    let mut with = coefficients(kind, extents);
    with.key = key(SEEDS[random.u32() as usize % SEEDS.len()]);
    if random.u32().is_multiple_of(12) {
        with.arith = ArithKind::ALL[random.u32() as usize % 3];
    }
    let state = State {
        step: [random.u32().into(), (1 << 44) - 2, u64::MAX - (1 << 20), 1 << 32][random.u32() as usize % 4],
        clipped: u64::from(random.u32()) << 30,
        accepted: u64::from(random.u32()),
        log_ratio: 0.25,
    };
    let what = match random.u32() % 46 {
        40..43 => Request::Sums,
        43..46 => Request::Select(match random.u32() % 16 {
            0 => random.u32() as u16,
            1 => u16::from(kind.chains) - 1 + (random.u32() % 2) as u16,
            _ => (random.u32() % u32::from(kind.chains)) as u16,
        }),
        0 => Request::Identify,
        1 => Request::Open((random.u32() % 3) as u16),
        2 => Request::Open(*session),
        3 => Request::Abort,
        4 => Request::Statistics,
        5 => Request::HotStart(1.0),
        6 => Request::Finish,
        7 => Request::Draw { chain: random.u32(), count: 1 + random.u32() % 3 },
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
            (head.number, reply == Reply::NoSession)
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
