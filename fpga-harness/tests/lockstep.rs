//! Whole chains in lockstep with the core: every site of every sweep, η, drift and new value; counters; sums; several
//! chains.
//!
//! Comparisons are of bits, so nothing here has an error rate.
#![cfg(all(feature = "sim", not(feature = "netlist")))]

mod common;

use common::Random;
use common::chains::{Reference, chains_are, phi4, start};
use stoquant_core::arith::Fx;
use stoquant_core::observable::measure;
use stoquant_fpga::sim::{Chains, circuits};
use stoquant_model::Phi4;

#[test]
fn chains_of_18_bits() {
    chains_are::<18>(&circuits::REPLICA18, 1000);
}

#[test]
fn chains_of_16_bits() {
    chains_are::<16>(&circuits::REPLICA16, 1000);
}

/// Sums of the last pass: of the field that it read, exact. They are the core's observables.
#[test]
fn sums() {
    const W: u32 = 18;
    for (extents, most) in [([2, 2], 1 << 14), ([5, 7], 1 << 16), ([32, 32], (1 << 17) - 1)] {
        let volume = extents[0] * extents[1];
        let with = phi4::<W>(0.27, 0.022, 0.02);
        let field = start(&mut Random::new(3), volume, most);
        let mut chains = Chains::new(&circuits::REPLICA18, W, 6);
        chains.extents(extents[0], extents[1]);
        chains.configure(0, with, 3, 0);
        chains.set_step(0);
        chains.write(0, &field);
        let mut core = Reference::<W>::new(extents, with, 3, 0, 0, &field);
        for sweeps in [0, 1, 7] {
            chains.run(sweeps, true);
            (0..sweeps).for_each(|_| core.sweep());
            assert_eq!(
                (chains.read(0), chains.step()),
                (core.field(), core.state.step),
                "a pass of sums changes nothing"
            );
            let values = measure::<Fx<W>, Phi4, 2, _>(&core.plan, &Phi4::kappa_form(0.27, 0.022), &core.phi);
            let [phi, square, bond] = chains.sums(0).map(|sum| sum as f64 / volume as f64);
            let (unit, unit2) = (1.0 / 16384.0, 1.0 / 16384.0 / 16384.0);
            // The core's tallies of these are exact, and so is a division by a power of two.
            let got = [phi * unit, square * unit2, bond * unit2 / 4.0];
            let want = [values.m, values.phi2, values.nn];
            for (got, want) in got.into_iter().zip(want) {
                // Sums are divided by the volume before they are scaled here, after it there: one rounding each.
                assert!((got - want).abs() <= 4.0 * f64::EPSILON * want.abs(), "{extents:?}: {got} for {want}");
            }
        }
    }
}

/// Chains side by side are what each would be alone.
#[test]
fn side_by_side() {
    const W: u32 = 18;
    let extents = [8, 12];
    let volume = extents[0] * extents[1];
    let mut chains = Chains::new(&circuits::REPLICAS, W, 7);
    chains.extents(extents[0], extents[1]);
    chains.set_step(17);
    let mut cores: Vec<Reference<W>> = (0..3_u32)
        .map(|pipe| {
            let with = phi4::<W>(0.2 + 0.03 * f64::from(pipe), 0.022, 0.02);
            let field = start(&mut Random::new(u64::from(pipe)), volume, 1 << 15);
            chains.configure(pipe, with, 9, 100 + pipe);
            chains.write(pipe, &field);
            Reference::<W>::new(extents, with, 9, 100 + pipe, 17, &field)
        })
        .collect();
    for sweeps in [1, 2, 30] {
        chains.run(sweeps, false);
        for (pipe, core) in cores.iter_mut().enumerate() {
            (0..sweeps).for_each(|_| core.sweep());
            assert_eq!(chains.read(pipe as u32), core.field(), "chain {pipe}");
            assert_eq!(
                (chains.step(), chains.clipped(pipe as u32)),
                (core.state.step, std::mem::take(&mut core.state.clipped))
            );
        }
    }
}

/// A run that is broken off ends after a whole sweep, and goes on from there as if nothing had been.
#[test]
fn abort() {
    const W: u32 = 16;
    let (extents, with) = ([4, 8], phi4::<W>(0.27, 0.022, 0.02));
    let field = start(&mut Random::new(8), 32, 1000);
    let mut chains = Chains::new(&circuits::REPLICA16, W, 8);
    chains.extents(4, 8);
    chains.configure(0, with, 8, 0);
    chains.set_step(0);
    chains.write(0, &field);
    let mut core = Reference::<W>::new(extents, with, 8, 0, 0, &field);
    for _ in 0..20 {
        chains.start(1_000_000, false);
        chains.abort();
        chains.wait();
        while core.state.step < chains.step() {
            core.sweep();
        }
        assert_eq!(chains.read(0), core.field(), "after {} sweeps", core.state.step);
    }
}

/// Of the clocks of a long run, this many write a site.
#[test]
fn useful_clocks() {
    // sites / (sites + max(1, 20 - columns)), made even: 1024/1026, 256/260, 64/76; less what `wait` overshoots, 16
    // clocks in 100 sweeps.
    for (extents, least) in [([32, 32], 0.997), ([16, 16], 0.98), ([8, 8], 0.84)] {
        let mut chains = Chains::new(&circuits::REPLICA18, 18, 9);
        chains.extents(extents[0], extents[1]);
        chains.set_step(0);
        // Two lengths: what beginning and end take falls out of the difference.
        let [short, long] = [10, 110].map(|sweeps| chains.run(sweeps, false));
        let useful = 100.0 * (extents[0] * extents[1]) as f64 / (long - short) as f64;
        println!("{extents:?}: {:.1} % of the clocks write a site", 100.0 * useful);
        assert!(useful >= least, "{extents:?}: {useful}");
    }
}
