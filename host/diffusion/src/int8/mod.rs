//! The quantised score on the host: images from models, configurations from images, and what these are worth.
//!
//! What runs is the core itself, integer by integer; the host adds the exact weight of what it did.

pub mod encode;
pub mod float;
pub mod generate;
pub mod plain;
pub mod quantize;
pub mod report;
#[cfg(test)]
mod tests;

use std::io::Read;

use stoquant_core::score::int8::image::{EVEN, MAGIC, MAX_BYTES, ODD, Sampler};
use stoquant_core::score::int8::{Image, Line, Network};
use stoquant_model::Phi4;

use super::model::Config;
use stoquant_experiment::experiment::InputError;

pub use generate::Generator;
pub use quantize::{Plan, quantize};

/// What the core does not look at, because no integer depends on it: couplings, m² and the σ that weights need.
pub fn check(image: &Image<'_>) -> Result<(), InputError> {
    let shape = image.shape();
    let [kappa, b, lambda, mass2] = image.couplings();
    let sigma: Vec<f64> = (0..shape.stages).map(|n| f64::from(image.stage(n).sigma)).collect();
    // A flow ends at 0, and may look at one σ twice.
    let falls = |pair: &[f64]| match image.sampler() {
        Sampler::Reverse => pair[0] > pair[1] && pair[1] > 0.0,
        Sampler::Flow => pair[0] >= pair[1] && pair[1] >= 0.0,
    };
    if let Some(n) = sigma.windows(2).position(|pair| !falls(pair)) {
        return Err(InputError(format!("sigma of stage {} = {}: must fall, and be positive", n + 1, sigma[n + 1])));
    }
    let lowest = sigma.iter().copied().filter(|&sigma| sigma > 0.0).fold(f64::INFINITY, f64::min);
    let config = Config {
        extent: shape.extent,
        couplings: Phi4 { kappa, b, lambda },
        mass2,
        sigma: [lowest, sigma[0]],
        knots: 2,
        hidden: shape.hidden,
        magnetisation: [0.0, f64::from(image.largest())],
    };
    config.check()
}

/// The bytes of a file that begins as an image does; `None` where there is no such file, or another one.
pub fn read(path: &str) -> Result<Option<Vec<u8>>, InputError> {
    let Ok(file) = std::fs::File::open(path) else { return Ok(None) };
    let mut bytes = Vec::new();
    // One byte more than the largest: the length is then refused.
    file.take(MAX_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| InputError(format!("cannot read {path}: {e}")))?;
    Ok(bytes.starts_with(&MAGIC).then_some(bytes))
}

/// Bytes of RAM of a device that runs the image site by site, beside the state u; products of a site and evaluation.
pub fn costs(image: &Image<'_>) -> (usize, usize) {
    /// Sites that pass through the network together on a device.
    const BLOCK: usize = 1;
    let shape = image.shape();
    let (extent, [h1, h2]) = (shape.extent, shape.hidden);
    // A prepared stage, ĥ, the work of an evaluation, a line of H.
    let numbers = shape.prepared() + extent * extent + Network::<Line<'_>, BLOCK>::work_on_device(&shape) + extent;
    // Two transforms of two passes; both layers; output; features, their weights, ŷ²d; filter and step.
    let local = h1 * (ODD + EVEN) + h2 * (h1 + EVEN) + h2 + 3 * (ODD + EVEN) + 16;
    (2 * numbers, 4 * extent + local + 4)
}
