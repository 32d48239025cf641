//! Images to run: of shipped models, of random numbers, of the largest numbers.

use stoquant_core::score::int8::Shape;
use stoquant_core::score::int8::image::Sampler;
use stoquant_diffusion::int8::encode::Parts;
use stoquant_diffusion::int8::quantize::ROWS;
use stoquant_diffusion::int8::{Plan, quantize};
use stoquant_diffusion::model::Model;
use stoquant_tests::images::{extreme, random};

/// The image of a shipped model, by so many steps of the reverse SDE.
pub fn ancestral(model: &str, steps: usize) -> Parts {
    shipped(model, Plan::Reverse { steps, rows: ROWS })
}

/// The image of a shipped model, by so many steps of Heun's method along the flow.
pub fn flow(model: &str, steps: usize) -> Parts {
    shipped(model, Plan::Flow { method: stoquant_core::diffusion::Method::Heun, steps })
}

fn shipped(model: &str, plan: Plan) -> Parts {
    let model = Model::builtin(model).expect("comes with the program").expect("is valid");
    quantize(&model, plan).expect("can be quantised")
}

/// Images that no model has: random numbers and the largest ones, on every lattice that the circuit has, with as many
/// units as it has, fewer, and an odd number of them.
pub fn wild(seed: u64) -> Vec<Parts> {
    let shape = |extent, hidden| Shape { extent, hidden, rows: 5, stages: 3 };
    let mut out = vec![];
    for (n, (extent, hidden)) in
        [(4, [1, 1]), (8, [24, 24]), (8, [5, 9]), (16, [24, 24]), (16, [20, 23]), (32, [24, 7])].into_iter().enumerate()
    {
        for sampler in [Sampler::Reverse, Sampler::Flow] {
            out.push(random(shape(extent, hidden), sampler, seed.wrapping_add(n as u64)));
        }
        let number = if n % 2 == 0 { i16::MAX } else { i16::MIN };
        out.push(extreme(Shape { stages: 2, ..shape(extent, hidden) }, number));
    }
    out
}
