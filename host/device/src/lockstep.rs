//! Chains of images on a board beside the host's core, word by word: where they differ first.

use super::{Device, LinkError};
use stoquant_certify::int8::beside::divergence;
use stoquant_certify::lockstep::Divergence;
use stoquant_diffusion::int8::encode::Parts;
use stoquant_diffusion::int8::generate::{Stages, stages};

/// One chain of an image on both, stage by stage; then φ.
pub fn image(device: &Device, parts: &Parts, seed: u64, chain: u32) -> Result<Option<Divergence>, LinkError> {
    let bytes = parts.encode().map_err(|_| LinkError::Protocol)?;
    let host = stages(&bytes, seed, chain as usize).map_err(|_| LinkError::Protocol)?;
    let (_, _, m) = device.image(&bytes, seed, chain)?;
    let volume = parts.shape.extent * parts.shape.extent;
    let mut u = vec![device.modes(volume)?];
    for _ in 0..parts.shape.stages {
        device.run_image(1)?;
        u.push(device.modes(volume)?);
    }
    let board = Stages { m, u, h: vec![], phi: device.finish_image(volume)? };
    Ok(divergence(&board, &host))
}
