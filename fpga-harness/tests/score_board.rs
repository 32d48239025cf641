//! The host and a simulated board of the score: configurations are the core's, whatever the line does, and what is no
//! image, or does not fit, is refused by name.
//!
//! Comparisons are of words, so nothing here has an error rate.
#![cfg(all(feature = "sim", not(feature = "netlist")))]

mod common;

use common::board::Simulated;
use common::seeds;
use std::time::Duration;
use stoquant_core::diffusion::Method;
use stoquant_core::integrator::State;
use stoquant_core::score::int8::Shape;
use stoquant_core::score::int8::image::{Image, Sampler};
use stoquant_device::{Client, Device, LinkError, lockstep};
use stoquant_diffusion::int8::encode::Parts;
use stoquant_diffusion::int8::generate::stages;
use stoquant_diffusion::int8::{Plan, quantize};
use stoquant_diffusion::model::Model;
use stoquant_fpga::sim::circuits;
use stoquant_link::description::{Description, ROOM};
use stoquant_link::message::{Buffer, Refusal, Reply, Request, Sums};
use stoquant_model::Extents;
use stoquant_tests::images::random;

/// Longer than any run.
const ENOUGH: Duration = Duration::from_secs(3600);

/// Little work, so that there may be many of them.
const SMALL: Shape = Shape { extent: 4, hidden: [3, 7], rows: 4, stages: 1 };

fn parts(plan: Plan) -> Parts {
    quantize(&Model::load("n8-int8").expect("comes with the program"), plan).expect("can be quantised")
}

fn reverse() -> Parts {
    parts(Plan::Reverse { steps: 4, rows: 5 })
}

fn bytes(parts: &Parts) -> Vec<u8> {
    parts.encode().expect("an image")
}

/// Configurations of an image are those of the core.
fn draws(device: &Device, parts: &Parts, seed: u64, count: u32) {
    let bytes = bytes(parts);
    let image = Image::new(&bytes).expect("an image");
    device.check_image(&image).expect("it fits");
    let mut drawn = vec![];
    device.draw(&bytes, &parts.shape, seed, count, |phi| drawn.push(phi)).expect("a board that answers");
    for (n, phi) in drawn.iter().enumerate() {
        assert!(*phi == stages(&bytes, seed, n).expect("an image").phi, "configuration {n}, seed {seed}");
    }
    assert_eq!(drawn.len(), count as usize);
}

#[test]
fn configurations_by_either_sampler() {
    for (seed, resets) in seeds().into_iter().zip([0, 0, 60]) {
        let device = Simulated::open(&circuits::SCORETOP, seed, resets);
        let identity = device.identity();
        assert_eq!((identity.target(), device.chains(), identity.image as usize), ("fpga score", 1, ROOM.bytes));
        draws(&device, &reverse(), seed, 3);
        draws(&device, &parts(Plan::Flow { method: Method::Heun, steps: 2 }), seed, 3);
        draws(&device, &random(Shape { extent: 4, hidden: [3, 7], rows: 4, stages: 2 }, Sampler::Flow, seed), seed, 2);
        assert_eq!(device.counters().resets > 0, resets > 0, "{:?}", device.counters());
    }
}

/// Whatever registers hold at first, what a board says of itself is in its memory.
#[test]
fn identity_after_any_start() {
    let [_, _, fresh] = seeds();
    for power in 0..150 {
        let device = Simulated::open(&circuits::SCORETOP, fresh.wrapping_add(power), 0);
        let identity = device.identity();
        let known = ("fpga score", 1, ROOM.bytes);
        assert_eq!((identity.target(), device.chains(), identity.image as usize), known, "start {power} from {fresh}");
    }
}

/// Sums of configurations that the board draws by itself are those of the core's.
fn sums(device: &Device, parts: &Parts, seed: u64, count: u32) {
    let (bytes, shape) = (bytes(parts), &parts.shape);
    let mut drawn = vec![];
    device.draw_sums(&bytes, shape, seed, count, |sums| drawn.push(sums)).expect("a board that answers");
    assert_eq!(drawn.len(), count as usize);
    for (n, &found) in drawn.iter().enumerate() {
        let phi = stages(&bytes, seed, n).expect("an image").phi;
        let phi: Vec<i64> = phi.into_iter().map(i64::from).collect();
        let expected = lockstep::sums_of(&Extents::from([shape.extent; 2]), &phi);
        assert_eq!(Some(found), expected, "configuration {n}, seed {seed}");
    }
}

#[test]
fn sums_of_configurations() {
    let flow = parts(Plan::Flow { method: Method::Heun, steps: 2 });
    for seed in seeds() {
        // More than the board keeps.
        let (small, most) = (random(SMALL, Sampler::Reverse, seed), Sums::KEPT + 2);
        let device = Simulated::open(&circuits::SCORETOP, seed, 0);
        device.check_sums().expect("it sums");
        sums(&device, &reverse(), seed, 3);
        draws(&device, &flow, seed, 1);
        sums(&device, &flow, seed, 9);
        sums(&device, &small, seed, most);
        draws(&device, &small, seed, 2);
        // Each has some twenty frames.
        let device = Simulated::open(&circuits::SCORETOP, seed, 48);
        for n in 0..4 {
            sums(&device, &small, seed.wrapping_add(n), most);
        }
        assert!(device.counters().resets > 0, "{:?}", device.counters());
    }
}

/// A draw ends after the configuration that it is in; none is no draw.
#[test]
fn a_draw_is_ended_early() {
    let (seed, bytes) = (9, bytes(&random(SMALL, Sampler::Reverse, 1)));
    let image = Image::new(&bytes).expect("an image");
    let description = Description::of(&image, &bytes).bytes();
    let mut client = Client::new(Box::new(Simulated::new(&circuits::SCORETOP, 8, 0)), Duration::from_millis(100));
    client.open().expect("a board that answers");
    let draw = |count| Request::Draw { chain: 5, count };
    let refused = |ended: Result<State, LinkError>, why: Refusal| match ended {
        Err(LinkError::Refused(found)) => assert_eq!(found, why),
        other => panic!("{other:?} in place of {why:?}"),
    };
    refused(client.run_for(&draw(1), ENOUGH), Refusal::Unconfigured);
    let start = |client: &mut Client| {
        let parts = (0..).step_by(100).zip(bytes.chunks(100));
        let mut requests: Vec<Request<'_>> =
            parts.map(|(first, bytes)| Request::Write { buffer: Buffer::Image, first, bytes }).collect();
        requests.push(Request::Describe(&description));
        requests.push(Request::Image { length: bytes.len() as u32, seed, chain: 0 });
        client.all(&requests, |_, reply| matches!(reply, Reply::Done | Reply::Image { .. })).expect("an image");
    };
    start(&mut client);
    refused(client.run_for(&draw(0), ENOUGH), Refusal::Parameter);
    let state = client.run_for(&draw(u32::MAX), Duration::from_millis(200)).expect("a draw");
    let drawn = state.step as usize;
    assert!((1..1_000_000).contains(&drawn) && state.accepted == state.step, "{state:?}");
    let volume = SMALL.extent * SMALL.extent;
    let phi = Request::Read { buffer: Buffer::Phi, first: 0, count: volume as u16 };
    let last = stages(&bytes, seed, 4 + drawn).expect("an image").phi;
    let last: Vec<u8> = last.iter().flat_map(|phi| phi.to_le_bytes()).collect();
    client.call(&phi, |reply| (reply == Reply::Data(&last)).then_some(())).expect("phi of the last one");
    // Where there are no sums.
    for (buffer, first, count) in [(Buffer::Sums, 1000, 25), (Buffer::Sums, 1 << 16, 1), (Buffer::Image, 0, 1)] {
        let found = client.call(&Request::Read { buffer, first, count }, |_| Some(()));
        let why = if buffer == Buffer::Sums { Refusal::Capacity } else { Refusal::Unsupported };
        match found {
            Err(LinkError::Refused(found)) => assert_eq!(found, why),
            other => panic!("{other:?} in place of {why:?}"),
        }
    }
}

#[test]
fn stage_by_stage() {
    let device = Simulated::open(&circuits::SCORETOP, 4, 0);
    for chain in [0, u32::MAX] {
        assert_eq!(lockstep::image(&device, &reverse(), 5, chain).expect("a board that answers"), None);
    }
}

/// A refusal by name, after which the board goes on.
#[test]
fn what_is_no_image_is_refused() {
    let device = Simulated::open(&circuits::SCORETOP, 6, 0);
    let good = bytes(&reverse());
    let refused = |bytes: &[u8], why: Refusal| match device.image(bytes, 1, 0) {
        Err(LinkError::Refused(found)) => assert_eq!(found, why),
        other => panic!("{other:?} in place of {why:?}"),
    };
    // What is no image has no description.
    refused(&[], Refusal::Capacity);
    refused(&good[..good.len() - 2], Refusal::Capacity);
    draws(&device, &reverse(), 2, 1);
    // Half a word.
    refused(&good[..good.len() - 1], Refusal::Capacity);
    // Beyond the memory.
    refused(&vec![0; 1 << 16], Refusal::Capacity);
    // More units than there are, another lattice: by the host, and by the board.
    for shape in [
        Shape { extent: 64, hidden: [1, 1], rows: 4, stages: 1 },
        Shape { extent: 12, hidden: [1, 1], rows: 4, stages: 1 },
        Shape { extent: 4, hidden: [25, 1], rows: 4, stages: 1 },
    ] {
        let bytes = bytes(&random(shape, Sampler::Reverse, 1));
        let image = Image::new(&bytes).expect("an image");
        let error = device.check_image(&image).expect_err("it does not fit").to_string();
        assert!(error.contains("the circuit has room for"), "{error}");
        if shape.extent != 12 {
            refused(&bytes, Refusal::Capacity);
        }
    }
    draws(&device, &reverse(), 3, 2);
}
