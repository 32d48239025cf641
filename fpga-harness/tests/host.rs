//! The host and a simulated board of several chains: they run side by side, each as the core's, and a board that is
//! reset loses nothing.
//!
//! Comparisons are of words, so nothing here has an error rate.
#![cfg(all(feature = "sim", not(feature = "netlist")))]

mod common;

use common::board::Simulated;
use common::seeds;
use stoquant_core::error::Error;
use stoquant_device::lockstep;
use stoquant_engines::engine::{Engine, core_engine};
use stoquant_fpga::sim::circuits;
use stoquant_model::{ArithKind, Extents, IntegratorKind, NoiseKind, Phi4, Setup};

fn setup(extents: [usize; 2], seed: u64) -> Setup {
    let (arith, integrator) = (ArithKind::Fx18, IntegratorKind::Euler);
    let couplings = Phi4::kappa_form(0.27, 0.022);
    Setup { extents: Extents::from(extents), couplings, eps: 0.02, arith, integrator, noise: NoiseKind::Gaussian, seed }
}

#[test]
fn chains_side_by_side() {
    for (seed, resets) in seeds().into_iter().zip([0, 0, 40]) {
        let device = Simulated::open(&circuits::TOP18X3, seed, resets);
        let setup = setup([4, 8], seed);
        assert_eq!(device.chains(), 3);
        for numbers in [0..4, 2..2] {
            let refused = device.side_by_side(&setup, numbers).err();
            assert!(matches!(refused, Some(Error::Absent { .. })), "{refused:?}");
        }
        // Two groups that take turns, and a chain that is alone.
        let mut groups = [0..3, 5..7, 9..10].map(|numbers| {
            let cores = numbers.clone().map(|chain| core_engine(&setup, chain).expect("a valid setup"));
            let mut cores: Vec<Box<dyn Engine>> = cores.collect();
            let mut board = device.side_by_side(&setup, numbers).expect("chains that it has");
            board.hot_start(1.0).expect("a valid width");
            cores.iter_mut().for_each(|core| core.hot_start(1.0).expect("a valid width"));
            (board, cores)
        });
        for (round, which) in [0, 0, 1, 0, 2, 1, 2, 0].into_iter().enumerate() {
            let (board, cores) = &mut groups[which];
            let sweeps = 1 + 7 * round as u64;
            board.sweep(sweeps).expect("a board that answers");
            for (at, core) in cores.iter_mut().enumerate().rev() {
                core.sweep(sweeps).expect("in this process");
                let bits = core.bits().expect("in this process");
                let what = format!("round {round}, chain {at} of group {which}, seed {seed}");
                assert_eq!(board.bits(at).as_ref(), Ok(&bits), "{what}");
                assert_eq!(board.state(at), core.state(), "{what}");
                assert_eq!(board.measure(at), core.measure(), "{what}");
                let sums = board.sums(at).expect("a board that answers").expect("it sums");
                let known = lockstep::sums(&setup, &bits).expect("fixed point");
                assert_eq!(
                    (sums.phi(), sums.phi2(), sums.bonds()),
                    (known.phi(), known.phi2(), known.bonds()),
                    "{what}"
                );
            }
        }
        assert!(groups[0].0.bits(3).is_err(), "there is no fourth chain");
        assert_eq!(device.counters().resets > 0, resets > 0, "{:?}", device.counters());
    }
}

/// What the certificate of a board says of several chains.
#[test]
fn certified_side_by_side() {
    let device = Simulated::open(&circuits::TOP18X3, 3, 0);
    let check = lockstep::side_by_side(&device, &setup([2, 6], 3), 10_000).expect("a board that answers");
    assert!(check.value == 0.0 && check.name.contains("chains side by side: 3"), "{check:?}");
}
