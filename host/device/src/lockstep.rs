//! Chains of images on a board beside the host's core, word by word: where they differ first.

use super::{Device, LinkError};
use stoquant_certify::lockstep::Divergence;
use stoquant_diffusion::int8::encode::Parts;

/// One chain of an image on both, stage by stage; then φ.
pub fn image(device: &Device, parts: &Parts, seed: u64, chain: u32) -> Result<Option<Divergence>, LinkError> {
    use stoquant_diffusion::int8::generate::stages;
    let bytes = parts.encode().map_err(|_| LinkError::Protocol)?;
    let host = stages(&bytes, seed, chain as usize).map_err(|_| LinkError::Protocol)?;
    let (_, _, m) = device.image(&bytes, seed, chain)?;
    let volume = parts.shape.extent * parts.shape.extent;
    let of = |step: usize, quantity, site, board: i16, host: i16| {
        let [board, host] = [board, host].map(|word| u64::from(word as u16));
        (board != host).then_some(Divergence { step: step as u64, site, quantity, there: board, here: host })
    };
    let first = |step, quantity, board: &[i16], host: &[i16]| {
        let words = board.iter().zip(host).enumerate();
        words.filter_map(|(site, (&board, &host))| of(step, quantity, Some(site), board, host)).next()
    };
    if let Some(divergence) = of(0, "M", None, m, host.m) {
        return Ok(Some(divergence));
    }
    for (step, u) in host.u.iter().enumerate() {
        if step > 0 {
            device.run_image(1)?;
        }
        if let Some(divergence) = first(step, "u", &device.modes(volume)?, u) {
            return Ok(Some(divergence));
        }
    }
    Ok(first(host.u.len() - 1, "phi", &device.finish_image(volume)?, &host.phi))
}
