//! What is ended early: a draw after the configuration that is under way, a run after the stage that is. The circuit
//! then goes on as if nothing had been.

use crate::common::{Random, seeds};
use crate::images::{flow, wild};
use crate::sampler::{Reference, lockstep, sums};
use stoquant_core::score::int8::Shape;
use stoquant_core::score::int8::image::Sampler;
use stoquant_diffusion::int8::encode::Parts;
use stoquant_fpga::sim::{Score, circuits};
use stoquant_tests::images::random;

/// A small image of either sampler, and a flow that ships.
fn images(seed: u64) -> [Parts; 3] {
    let shape = Shape { extent: 4, hidden: [7, 5], rows: 5, stages: 4 };
    let [reverse, along] = [Sampler::Reverse, Sampler::Flow].map(|sampler| random(shape, sampler, seed));
    [reverse, along, flow("n8-int8", 2)]
}

/// Another image, all of it in lockstep.
fn goes_on(circuit: &mut Score, seed: u64, n: usize) {
    let others = wild(seed);
    lockstep(circuit, &others[n % 8], seed ^ 1, n as u32, None);
}

#[test]
fn draws_end_with_a_configuration() {
    let mut circuit = Score::new(&circuits::SCORE, 9);
    for seed in seeds() {
        let mut random = Random::new(seed);
        for (n, parts) in images(seed).iter().enumerate() {
            let bytes = parts.encode().expect("an image");
            assert!(circuit.load(&bytes).expect("an image"));
            circuit.seed(seed, 0);
            let one = circuit.draw(1) as u32;
            // At the start, anywhere, and around the end of the first.
            let any = [random.u32(), random.u32()].map(|clocks| clocks % (3 * one));
            for clocks in [0, 1, one - 3, one - 2, one - 1, one, one + 1].into_iter().chain(any) {
                circuit.seed(seed, 7);
                circuit.start_draw(5);
                circuit.clock(clocks);
                circuit.abort();
                let want = circuit.drawn() + 1;
                circuit.wait();
                let of = format!("{:?}, seed {seed}, ended {clocks} clocks after the start", parts.sampler);
                assert_eq!(circuit.drawn(), want, "{of}");
                let last = 7 + want as u32 - 1;
                let (phi, u) = Reference::drawn(&bytes, parts, seed, last);
                assert_eq!((circuit.phi(), circuit.modes()), (phi.clone(), u), "{of}");
                assert_eq!(circuit.sums(want as usize - 1), sums(&phi, parts.shape.extent), "{of}");
                // The next draw is of the next configuration, and has no end of its own.
                circuit.draw(2);
                assert_eq!(circuit.drawn(), 2, "{of}");
                assert_eq!(circuit.phi(), Reference::drawn(&bytes, parts, seed, last + 2).0, "{of}");
            }
            goes_on(&mut circuit, seed, n);
        }
    }
}

#[test]
fn runs_end_with_a_stage() {
    let mut circuit = Score::new(&circuits::SCORE, 10);
    for seed in seeds() {
        let mut random = Random::new(seed);
        for (n, parts) in images(seed).iter().enumerate() {
            let bytes = parts.encode().expect("an image");
            assert!(circuit.load(&bytes).expect("an image"));
            circuit.seed(seed, 3);
            circuit.begin();
            let stages = parts.shape.stages as u64;
            let one = circuit.run(u16::MAX) as u32 / stages as u32;
            let any = [(); 4].map(|()| random.u32() % (3 * one));
            for clocks in [0, 1, one - 1, one].into_iter().chain(any) {
                circuit.begin();
                circuit.start_run(u16::MAX);
                circuit.clock(clocks);
                circuit.abort();
                let before = circuit.step();
                circuit.wait();
                let step = circuit.step();
                let of = format!("{:?}, seed {seed}, ended {clocks} clocks after the start", parts.sampler);
                assert!(step <= before + 1 && step < stages, "{step} stages after {before}, {of}");
                let mut core = Reference::new(&bytes, parts, seed, 3);
                (0..step).for_each(|_| drop(core.stage()));
                assert_eq!(circuit.modes(), core.u, "{step} stages, {of}");
                // What is left of it.
                circuit.run(u16::MAX);
                assert_eq!(circuit.step(), stages, "{of}");
                (step..stages).for_each(|_| drop(core.stage()));
                assert_eq!(circuit.finish(), core.finish(), "{of}");
            }
            goes_on(&mut circuit, seed, n + 3);
        }
    }
}
