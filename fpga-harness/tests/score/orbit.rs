//! Orbits: all modes of all lattices.

use stoquant_core::score::int8::sampler::orbit;
use stoquant_fpga::sim::{Model, circuits};

const LATENCY: usize = 5;

#[test]
fn orbits_are_those_of_the_core() {
    for log2 in 2..=5 {
        let extent = 1_usize << log2;
        let modes = extent * extent;
        let mut model = Model::new(&circuits::SCORE_ORBIT, log2 as u32);
        model.poke("log2_i", log2);
        let orbits = (extent / 2 + 1) * (extent / 2 + 2) / 2;
        for clock in 0..modes + LATENCY {
            model.poke("mode_i", (clock % modes) as i64);
            model.clock(1);
            let Some(mode) = (clock + 1).checked_sub(LATENCY).filter(|&mode| mode < modes) else { continue };
            let found = model.peek("orbit_o") as usize;
            assert_eq!(found, orbit(extent, mode / extent, mode % extent), "L = {extent}, mode {mode}");
            assert!(found < orbits);
        }
    }
}
