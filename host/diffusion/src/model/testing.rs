//! Models with known scores, and models whose numbers mean nothing.

use std::collections::BTreeMap;
use stoquant_model::Phi4;

use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::check::expected;
use super::{Config, Model, Tensor};

/// A model whose tensors are `fill(name, number of entries)`.
fn model(config: Config, mut fill: impl FnMut(&str, usize) -> Vec<f32>) -> Model {
    let mut tensors = BTreeMap::new();
    for (name, mut shape) in expected(&config) {
        shape.iter_mut().filter(|n| **n == 0).for_each(|n| *n = 17);
        let count = shape.iter().product();
        tensors.insert(name.to_owned(), Tensor { data: fill(name, count), shape });
    }
    Model { config, tensors }
}

/// The free field of 2κk̂² + m²: A is all of the force and every learned tensor is zero. The magnetisation has a flat
/// law.
pub fn free(extent: usize) -> Model {
    let (kappa, mass2) = (0.3, 0.2);
    let config = Config {
        extent,
        couplings: Phi4 { kappa, b: 4.0 * kappa + 0.5 * mass2, lambda: 0.0 },
        mass2,
        sigma: [0.1, 12.0],
        knots: 4,
        hidden: [3, 2],
        magnetisation: [0.0, 1.0],
    };
    model(config, |name, count| {
        let positive = name.starts_with("scale") || ["spectrum", "posterior", "magnetisation"].contains(&name);
        vec![f32::from(u8::from(positive)); count]
    })
}

/// Every tensor random and of order one: no physics, all terms of the network at work.
pub fn random(extent: usize, hidden: [usize; 2], seed: u64) -> Model {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let config = Config {
        extent,
        couplings: Phi4::kappa_form(0.27, 0.1),
        mass2: 0.3,
        sigma: [0.1, 5.0],
        knots: 3,
        hidden,
        magnetisation: [0.1, 1.5],
    };
    model(config, |name, count| {
        let positive = name.starts_with("scale") || ["spectrum", "posterior", "magnetisation"].contains(&name);
        // Layers of unit gain: units neither all linear nor all saturated.
        let width = if name.ends_with("odd") || name.ends_with("even") { 0.5 } else { 1.0 };
        let number = |_| {
            let z: f32 = StandardNormal.sample(&mut rng);
            if positive {
                0.5 + rng.random::<f32>()
            } else if name == "filter.ln_mass" {
                0.3 * z
            } else {
                width * z
            }
        };
        (0..count).map(number).collect()
    })
}
