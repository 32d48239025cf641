//! Frames and messages: whole ones arrive, damaged ones do not, and nothing does harm.

use proptest::prelude::*;
use stoquant_core::integrator::State;
use stoquant_core::observable::Measurement;
use stoquant_link::frame::{Head, MAX_PAYLOAD, Receiver, WIRE, encode};
use stoquant_link::message::{Buffer, Coefficients, Identity, MAX_DATA, Refusal, Reply, Request, Statistics, Sums};
use stoquant_link::order::{Kept, Order, Verdict, WINDOW};
use stoquant_model::{ArithKind, Extents, IntegratorKind, NoiseKind, Phi4, Setup};

fn wire(head: Head, payload: &[u8]) -> Vec<u8> {
    let mut out = [0; WIRE];
    let length = encode(head, payload, &mut out).expect("a payload that fits");
    out[..length].to_vec()
}

/// Everything that a receiver makes of bytes.
fn received(bytes: &[u8]) -> (Vec<(Head, Vec<u8>)>, Receiver) {
    let mut receiver = Receiver::default();
    let mut frames = Vec::new();
    for &byte in bytes {
        if let Some(frame) = receiver.push(byte) {
            frames.push((frame.head, frame.payload.to_vec()));
        }
    }
    (frames, receiver)
}

fn any_head() -> impl Strategy<Value = Head> {
    (any::<u8>(), any::<u16>(), any::<u16>()).prop_map(|(opcode, session, number)| Head { opcode, session, number })
}

fn any_payload() -> impl Strategy<Value = Vec<u8>> {
    // Zeros are what COBS is about.
    prop::collection::vec(prop_oneof![2 => Just(0), 3 => any::<u8>()], 0..=MAX_PAYLOAD)
}

proptest! {
    #[test]
    fn frames_arrive_one_after_the_other(frames in prop::collection::vec((any_head(), any_payload()), 1..6)) {
        let bytes: Vec<u8> = frames.iter().flat_map(|(head, payload)| wire(*head, payload)).collect();
        prop_assert!(bytes.iter().filter(|&&byte| byte == 0).count() == frames.len());
        prop_assert_eq!(received(&bytes).0, frames);
    }

    /// CRC-32 sees every burst of up to 32 bits; what the damage does to the zeros costs this frame and the next, at
    /// most.
    #[test]
    fn a_damaged_frame_is_dropped_and_the_one_after_the_next_arrives(
        payload in any_payload(), at in any::<prop::sample::Index>(), flip in 1..=255u8,
    ) {
        let head = Head { opcode: 0x12, session: 3, number: 4 };
        let mut bytes = wire(head, &payload);
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        let last = Head { number: 6, ..head };
        bytes.extend(wire(Head { number: 5, ..head }, &payload));
        bytes.extend(wire(last, &[1, 2]));
        let (frames, receiver) = received(&bytes);
        prop_assert!(!frames.contains(&(head, payload.clone())));
        prop_assert_eq!(frames.last().cloned(), Some((last, vec![1, 2])));
        prop_assert!(receiver.counters.checksum + receiver.counters.framing >= 1);
    }

    #[test]
    fn noise_is_no_frame_and_does_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let (frames, _) = received(&bytes);
        // 2^-32 a run between zeros.
        prop_assert!(frames.is_empty());
    }

    #[test]
    fn payloads_of_noise_are_messages_or_not(opcode in any::<u8>(), payload in any_payload()) {
        // Whatever is read is written the same.
        let mut out = [0; MAX_PAYLOAD];
        if let Some(request) = Request::decode(opcode, &payload) {
            let length = request.encode(&mut out).expect("it came from as many bytes");
            prop_assert_eq!((request.opcode(), &out[..length]), (opcode, &payload[..]));
        }
        if let Some(reply) = Reply::decode(opcode, &payload) {
            let length = reply.encode(&mut out).expect("it came from as many bytes");
            prop_assert_eq!((reply.opcode(), &out[..length]), (opcode, &payload[..]));
        }
    }

    /// A board that follows its order carries out every request once, in order, whatever repeats and losses there are
    /// on the way.
    #[test]
    fn requests_are_carried_out_once_and_in_order(picks in prop::collection::vec((0..6u16, any::<bool>()), 1..400)) {
        let mut order = Order::default();
        order.open(9);
        let mut done = Vec::new();
        let mut base = 0u16;
        for (ahead, heard) in picks {
            let number = base.wrapping_add(ahead).wrapping_sub(1);
            match order.judge(&Head { opcode: 0x16, session: 9, number }) {
                Verdict::Execute => {
                    order.done(&Request::Finish, Kept::reply(0x90, &number.to_le_bytes()));
                    done.push(number);
                }
                // Of before the first there is nothing to say.
                Verdict::Again(Kept::Nothing) => prop_assert_eq!(number, u16::MAX),
                Verdict::Again(kept) => prop_assert_eq!(kept, Kept::reply(0x90, &number.to_le_bytes())),
                Verdict::OutOfOrder(next) => prop_assert_eq!(next, done.len() as u16),
                Verdict::NoSession => prop_assert!(false, "it is of this session"),
            }
            // A host that hears an answer goes on, within the window.
            if heard && usize::from(base) < done.len() {
                base += 1;
            }
            prop_assert!(done.len() as u16 - base <= WINDOW + 1);
        }
        let expected: Vec<u16> = (0..done.len() as u16).collect();
        prop_assert_eq!(done, expected);
    }
}

/// One of each, whole and back.
#[test]
fn messages_are_read_as_they_were_written() {
    let setup = Setup {
        extents: Extents::from([32, 1, 7]),
        couplings: Phi4::new(0.27, -1.0, 0.022),
        eps: 0.01,
        arith: ArithKind::Fx16,
        integrator: IntegratorKind::Mala,
        noise: NoiseKind::ThreePoint,
        seed: u64::MAX,
    };
    let state = State { step: 1 << 40, clipped: 3, accepted: 2, log_ratio: -0.5 };
    let data = [7; MAX_DATA - 8];
    let requests = [
        Request::Identify,
        Request::Open(3),
        Request::Abort,
        Request::Statistics,
        Request::Configure { setup, chain: 7 },
        Request::HotStart(1.5),
        Request::Write { buffer: Buffer::Image, first: 9, bytes: &data },
        Request::Read { buffer: Buffer::Phi, first: 1, count: 2 },
        Request::State,
        Request::SetState(state),
        Request::Run { sweeps: 5, measure: true },
        Request::Image { length: 14_336, seed: 1, chain: 2 },
        Request::Finish,
        Request::Coefficients(Coefficients {
            extents: [32, 16],
            arith: ArithKind::Fx16,
            hop: 11_324,
            linear: -5_368_709,
            cubic: 461,
            sigma: 18_536,
            key: [0xdead_beef, 7],
        }),
        Request::Select(300),
        Request::Sums,
        Request::Read { buffer: Buffer::Sums, first: 16, count: 112 },
        Request::Draw { chain: 1 << 31, count: 64 },
    ];
    let mut out = [0; MAX_PAYLOAD];
    for request in requests {
        let length = request.encode(&mut out).expect("every request fits");
        assert_eq!(Request::decode(request.opcode(), &out[..length]), Some(request.clone()));
        assert_eq!(Request::decode(request.opcode(), &out[..length + 1]).filter(|found| *found == request), None);
    }
    let identity = Identity {
        version: 1,
        session: 2,
        sites: 1024,
        slabs: u32::MAX,
        work: 160,
        image: 0,
        ariths: 1,
        integrators: 9,
        dims: 4,
        observables: true,
        coefficients: true,
        sums: true,
        chains: 32,
        build: 5,
        target: *b"cortex-m0 microbit\0\0\0\0\0\0",
    };
    assert_eq!(identity.target(), "cortex-m0 microbit");
    assert!(identity.has_arith(ArithKind::Fx18) && !identity.has_arith(ArithKind::F32));
    assert!(identity.has_integrator(IntegratorKind::Mala) && !identity.has_integrator(IntegratorKind::Heun));
    assert!(identity.has_dims(2) && !identity.has_dims(3) && !identity.has_dims(9));
    let replies = [
        Reply::Identity(identity),
        Reply::Statistics(Statistics {
            frames: 1,
            checksum: 2,
            framing: 3,
            repeated: 4,
            out_of_order: 5,
            no_session: 6,
            executed: 7,
            stack: 8,
        }),
        Reply::Done,
        Reply::Configured { eps: 0.01, drift: Phi4::new(1.0, 2.0, 3.0) },
        Reply::Data(&data),
        Reply::State(state, None),
        Reply::State(state, Some(Measurement { m: 1.0, laplacian: 8.0, ..Measurement::default() })),
        Reply::Image { extent: 16, stages: 100, m: -5 },
        Reply::Sums(Sums::new(Some(-1), Some(1 << 40), Some(-(1 << 45)), None, None)),
        Reply::Sums(Sums::new(None, None, None, Some(1 << 100 | 5), Some(9))),
        Reply::Refused(Refusal::Capacity),
        Reply::Busy(3),
        Reply::OutOfOrder(4),
        Reply::NoSession,
    ];
    for reply in replies {
        let length = reply.encode(&mut out).expect("every reply fits");
        assert_eq!(Reply::decode(reply.opcode(), &out[..length]), Some(reply));
    }
}

/// The bytes of exact sums, and an identity as boards of one chain have always sent it: layouts are promises.
#[test]
fn the_bytes_of_sums_and_of_an_identity() {
    let mut out = [0; MAX_PAYLOAD];
    let sums = Sums::new(Some(-2), Some(3), Some(-1), None, None);
    assert_eq!((sums.phi(), sums.phi2(), sums.bonds()), (Some(-2), Some(3), Some(-1)));
    assert_eq!((sums.phi4(), sums.abs_phi()), (None, None));
    let sum = Sums::new(None, None, None, Some(u128::MAX - 7), Some(9));
    assert_eq!((sum.phi(), sum.phi4(), sum.abs_phi()), (None, Some(u128::MAX - 7), Some(9)));
    let length = Reply::Sums(sums).encode(&mut out).expect("it fits");
    let there = [&[7, 0xfe][..], &[0xff; 7], &[3, 0, 0, 0, 0, 0, 0, 0], &[0xff; 8], &[0; 24]].concat();
    assert_eq!(out[..length], there);
    // Of a configuration of an image, in words of 16 bits.
    let words = [0xfffe, 0xffff, 3, 0, 0, 1, 5, 0, 0, 0, 1, 2, 0xffff, 0xffff, 0xffff, 0xffff];
    let drawn = Sums::new(Some(-2), Some(3 | 1 << 48), Some(-1), Some(5 | 0x2_0001 << 64), Some(2));
    assert_eq!(Sums::of_words(&words), drawn);
    // A bit that no version knows; a sum that is said not to be there.
    for there in [0x27, 3] {
        out[0] = there;
        assert_eq!(Reply::decode(0x9c, &out[..length]), None);
    }

    let identity = |flags: u8| {
        let words = [&b"SQid\x01\0\x02\0"[..], &[1; 16], &[2, 1, 4, flags], &[0; 8], b"fpga", &[0; 20]].concat();
        match Reply::decode(0x80, &words) {
            Some(Reply::Identity(identity)) => identity,
            other => panic!("{other:?}"),
        }
    };
    for (flags, chains, sums) in [(0b10, 1, false), (0b110, 1, true), (0b1_1110, 4, true), (0xff, 32, true)] {
        let identity = identity(flags);
        assert_eq!((identity.chains, identity.sums, identity.coefficients), (chains, sums, true));
    }
}

/// The check value of CRC-32 (ISO-HDLC), and a frame byte by byte: the layout is a promise.
#[test]
fn the_bytes_of_a_frame() {
    assert_eq!(wire(Head { opcode: 0, session: 0, number: 0 }, &[])[..6], [1, 1, 1, 1, 1, 5]);
    let bytes = wire(Head { opcode: 0x31, session: 0x3332, number: 0x3534 }, b"6789");
    // "123456789" has CRC-32 0xcbf43926.
    assert_eq!(bytes, [14, b'1', b'2', b'3', b'4', b'5', b'6', b'7', b'8', b'9', 0x26, 0x39, 0xf4, 0xcb, 0]);
}

/// What was read before a change is not read again after it.
#[test]
fn kept_reads_do_not_outlive_a_change() {
    let mut order = Order::default();
    order.open(1);
    let head = |number| Head { opcode: 0x13, session: 1, number };
    order.done(&Request::Read { buffer: Buffer::Field, first: 0, count: 4 }, Kept::Read(Buffer::Field, 0, 4));
    assert_eq!(order.judge(&head(0)), Verdict::Again(Kept::Read(Buffer::Field, 0, 4)));
    order.done(&Request::Run { sweeps: 1, measure: false }, Kept::reply(0x94, &[]));
    assert_eq!(order.judge(&head(0)), Verdict::Again(Kept::Nothing));
    // A reset board belongs to nobody.
    assert_eq!(Order::default().judge(&head(0)), Verdict::NoSession);
    assert_eq!(Order::default().judge(&Head { session: 0, ..head(0) }), Verdict::NoSession);
}
