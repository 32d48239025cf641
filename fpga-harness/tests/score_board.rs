//! The host and a simulated board of the score: configurations are the core's, whatever the line does, and what is no
//! image, or does not fit, is refused by name.
//!
//! Comparisons are of words, so nothing here has an error rate.
#![cfg(all(feature = "sim", not(feature = "netlist")))]

mod common;

use common::board::Simulated;
use common::seeds;
use stoquant_core::diffusion::Method;
use stoquant_core::score::int8::Shape;
use stoquant_core::score::int8::image::{Image, Sampler};
use stoquant_device::{Device, LinkError, lockstep};
use stoquant_diffusion::int8::encode::Parts;
use stoquant_diffusion::int8::generate::stages;
use stoquant_diffusion::int8::{Plan, quantize};
use stoquant_diffusion::model::Model;
use stoquant_fpga::sim::circuits;
use stoquant_link::description::ROOM;
use stoquant_link::message::Refusal;
use stoquant_tests::images::random;

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
