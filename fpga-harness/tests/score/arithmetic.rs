//! Rounding at every shift and activation, on their edges and at random.

use crate::common::{Random, seeds, stream};
use stoquant_core::score::int8::arithmetic::activation;
use stoquant_fpga::sim::{Circuit, Model, circuits, signed};

/// x/2^shift to nearest, ties away from zero, within what `out` bits hold symmetrically: by its definition.
fn rounded(x: i64, shift: u32, out: u32) -> i64 {
    let largest = (1 << (out - 1)) - 1;
    ((2 * x.abs() + (1 << shift)) >> (shift + 1)).min(largest) * x.signum()
}

fn round_is(circuit: &'static Circuit, [width, out]: [u32; 2]) {
    let mut model = Model::new(circuit, 1);
    for seed in seeds() {
        let mut random = Random::new(seed);
        for shift in 1..=24 {
            let half = 1_i64 << (shift - 1);
            let largest = (1_i64 << (width - 1)) - half - 1;
            let limit = 1_i64 << (out - 1);
            // Ties and their neighbours around whole results: the smallest, those at the limit, any, the largest.
            let whole = [0, 1, 2, limit - 2, limit - 1, limit, limit + 1, random.within(limit), largest >> shift];
            let near = [-half - 1, -half, 1 - half, -1, 0, 1, half - 1, half, half + 1];
            let edges = whole.into_iter().flat_map(|whole| near.map(|rest| (whole << shift) + rest));
            let mut xs: Vec<i64> = edges.flat_map(|x| [x, -x]).collect();
            xs.extend((0..1000).map(|_| random.within(largest) >> (random.u32() % width)));
            let xs: Vec<i64> = xs.into_iter().map(|x| x.clamp(-largest, largest)).collect();
            model.poke("shift_i", shift.into());
            model.clock(2);
            stream(
                &mut model,
                xs.len(),
                4,
                |n, model| model.poke("x_i", xs[n.min(xs.len() - 1)] & ((1 << width) - 1)),
                |n, model| {
                    let got = signed(model.peek("y_o"), out);
                    assert_eq!(got, rounded(xs[n], shift, out), "seed {seed}, {} by {shift}", xs[n]);
                },
            );
        }
    }
}

#[test]
fn round() {
    round_is(&circuits::SCORE_ROUND32, [32, 16]);
    round_is(&circuits::SCORE_ROUND34, [34, 24]);
    round_is(&circuits::SCORE_ROUND27, [27, 16]);
}

/// Both axes and both diagonals, where sum or difference is 0 or saturates; all z at some β; pairs at random.
#[test]
fn activations() {
    let mut model = Model::new(&circuits::SCORE_ACTIVATION, 2);
    let largest = i16::MAX;
    for seed in seeds() {
        let mut random = Random::new(seed);
        let mut number = || random.within(largest.into()) as i16;
        let mut pairs: Vec<[i16; 2]> = vec![];
        for beta in [number(), number(), largest, 1] {
            pairs.extend((-largest..=largest).map(|z| [z, beta]));
        }
        for x in -largest..=largest {
            pairs.extend([[x, 0], [0, x], [x, x], [x, -x]]);
        }
        pairs.extend((0..100_000).map(|_| [number(), number()]));
        stream(
            &mut model,
            pairs.len(),
            9,
            |n, model| {
                let [z, beta] = pairs[n.min(pairs.len() - 1)];
                model.poke("z_i", (z as u16).into());
                model.poke("beta_i", (beta as u16).into());
            },
            |n, model| {
                let [z, beta] = pairs[n];
                let got = signed(model.peek("a_o"), 8);
                assert_eq!(got, i64::from(activation(z, beta)), "seed {seed}, z {z}, β {beta}");
            },
        );
    }
}
