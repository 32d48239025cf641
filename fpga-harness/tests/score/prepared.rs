//! A stage that the core has prepared, brought into a circuit by its ports.

use stoquant_core::score::int8::arithmetic::{clamp, round_shift};
use stoquant_core::score::int8::format::{ODD_FEATURE, fixed};
use stoquant_core::score::int8::stage::scalar;
use stoquant_core::score::int8::{Image, Stage};
use stoquant_fpga::sim::Model;

/// Units that the simulated circuits have.
pub const UNITS: usize = 24;

/// Inputs that are to be 0, and a reset that is longer than what travels without one.
pub fn reset(model: &mut Model, inputs: &[&str]) {
    for input in inputs {
        model.poke(input, 0);
    }
    model.poke("rst_i", 1);
    model.clock(64);
    model.poke("rst_i", 0);
}

/// The shifts in the order of the header.
pub fn shifts_of(image: &Image<'_>) -> [u32; 9] {
    image.shifts().all()
}

/// M in ŷ, M and M² as features.
pub fn of_m(scalars: &[i16], m: i16) -> [i32; 3] {
    let (m, at) = (i32::from(m), |n: usize| i32::from(scalars[n]));
    let square = round_shift(m * m, fixed::MEAN_SQUARE);
    let limit = ODD_FEATURE.limit.into();
    [
        round_shift(at(scalar::MEAN) * m, fixed::MEAN),
        clamp(round_shift(at(scalar::MEAN + 1) * m, fixed::MEAN), limit),
        clamp(round_shift(at(scalar::EVEN + 3) * square, fixed::MEAN2) - at(scalar::OFFSET + 3), limit),
    ]
}

/// The weights, biases and output of a stage into a bank; 0 to the lanes that it does not use.
pub fn load_weights(model: &mut Model, stage: &Stage<'_>, bank: usize) {
    let [h1, h2] = stage.shape().hidden;
    model.poke("weight_we_i", 1);
    let mut put = |layer: usize, pair: usize, unit: usize, [low, high]: [i16; 2]| {
        for (port, value) in [
            ("weight_layer_i", layer as i64),
            ("weight_pair_i", pair as i64),
            ("weight_unit_i", (bank << 5 | unit) as i64),
            ("weight_data_i", i64::from(high as u16) << 16 | i64::from(low as u16)),
        ] {
            model.poke(port, value);
        }
        model.clock(1);
    };
    for (layer, units, lanes, inputs) in [(0, h1, 6, 6), (1, h2, UNITS, h1.next_multiple_of(2))] {
        for unit in 0..units {
            let weights: Vec<[i16; 2]> = stage.unit(layer, unit).collect();
            let (odd, even) = weights.split_at(inputs / 2);
            for pair in 0..lanes / 2 {
                put(layer, pair, unit, odd.get(pair).copied().unwrap_or([0; 2]));
            }
            put(layer, lanes / 2, unit, even[0]);
            put(layer, lanes / 2 + 1, unit, even[1]);
            put(layer, lanes / 2 + 2, unit, [stage.biases(layer)[unit], 0]);
            if layer == 1 {
                put(layer, lanes / 2 + 3, unit, [stage.output()[unit], 0]);
            }
        }
    }
    model.poke("weight_we_i", 0);
    model.clock(4);
}

/// The single numbers of a stage, and what M makes of them: M in ŷ, M and M² as features.
pub fn load_scalars(model: &mut Model, stage: &Stage<'_>, m: i16) -> [i32; 3] {
    let scalars = stage.scalars();
    let of_m = of_m(&scalars, m);
    model.poke("scalar_we_i", 1);
    let all = scalars.iter().map(|&scalar| i64::from(scalar)).chain(of_m.map(i64::from));
    for (n, scalar) in all.enumerate() {
        model.poke("scalar_addr_i", n as i64);
        model.poke("scalar_data_i", scalar & 0xffff);
        model.clock(1);
    }
    model.poke("scalar_we_i", 0);
    model.clock(4);
    of_m
}
