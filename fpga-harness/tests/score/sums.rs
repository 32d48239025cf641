//! Sums over a configuration against sums in wide integers.

use stoquant_fpga::sim::{Model, circuits, signed};

use crate::common::{Random, seeds};
use crate::memory::Memory;

/// Σφ, Σφ², Σφ⁴, Σφ·nn.
type Sums = (i64, i128, i128, i64);

fn expected(extent: usize, field: &[i16]) -> Sums {
    let at = |i: usize, j: usize| i64::from(field[i % extent * extent + j % extent]);
    let mut sums: Sums = (0, 0, 0, 0);
    for i in 0..extent {
        for j in 0..extent {
            let phi = at(i, j);
            let nn = at(i + 1, j) + at(i + extent - 1, j) + at(i, j + 1) + at(i, j + extent - 1);
            sums.0 += phi;
            sums.1 += i128::from(phi).pow(2);
            sums.2 += i128::from(phi).pow(4);
            sums.3 += phi * nn;
        }
    }
    sums
}

fn found(model: &Model) -> Sums {
    let fourth = i128::from(model.peek("sum_phi4_high_o")) << 64 | i128::from(model.peek("sum_phi4_low_o"));
    (
        signed(model.peek("sum_phi_o"), 32),
        i128::from(model.peek("sum_phi2_o")),
        fourth,
        signed(model.peek("sum_bond_o"), 48),
    )
}

#[test]
fn sums_are_exact() {
    for seed in seeds() {
        let mut random = Random::new(seed);
        let mut model = Model::new(&circuits::SCORE_SUMS, seed as u32);
        let mut memory = Memory::new(&model, ["addr_o", "phi_i"], 2);
        model.poke("start_i", 0);
        model.poke("rst_i", 1);
        model.clock(3);
        model.poke("rst_i", 0);
        for log2 in [2, 5, 3, 4, 5, 2] {
            let extent = 1_usize << log2;
            let volume = extent * extent;
            let mut any = |most: i64| -> Vec<i16> { (0..volume).map(|_| random.within(most) as i16).collect() };
            let fields = [
                any(32767),
                any(3),
                vec![i16::MIN; volume],
                vec![i16::MAX; volume],
                (0..volume).map(|x| if (x / extent + x).is_multiple_of(2) { i16::MAX } else { i16::MIN }).collect(),
                (0..volume).map(|x| if x % 2 == 0 { i16::MIN } else { i16::MAX }).collect(),
                any(32767).into_iter().map(|phi| if phi > 0 { 181 } else { i16::MIN }).collect(),
            ];
            // One site at a time finds which are neighbours: those at the corners and edges of the lattice.
            let single = [0, extent - 1, volume - extent, volume - 1, volume / 2 + 1].map(|site| {
                let mut field: Vec<i16> = (0..volume).map(|x| (x % 251) as i16).collect();
                field[site] = -32000;
                field
            });
            for (n, field) in fields.iter().chain(&single).enumerate() {
                memory.words = field.iter().map(|&phi| phi as u16).collect();
                model.poke("log2_i", log2);
                // One that is broken off, then one that is not.
                for stop in [3 + n * 5, usize::MAX] {
                    model.poke("start_i", 1);
                    memory.clock(&mut model);
                    model.poke("start_i", 0);
                    let mut clocks = 1;
                    while model.peek("done_o") == 0 && clocks < stop {
                        memory.clock(&mut model);
                        clocks += 1;
                        assert!(clocks < 10_000 || stop < 10_000, "no end");
                    }
                    if stop == usize::MAX {
                        assert_eq!(clocks, 8 * volume + 8);
                        let want = expected(extent, field);
                        assert_eq!(found(&model), want, "seed {seed}, L = {extent}, field {n}");
                        (0..30).for_each(|_| {
                            memory.clock(&mut model);
                            assert_eq!(model.peek("done_o"), 0);
                        });
                        assert_eq!(found(&model), want, "they stay");
                    }
                }
            }
        }
    }
}
