//! A board beside the host's core, word by word: where they differ first.

use std::fmt;

use stoquant_core::error::Error;

use super::{Device, LinkError};
use crate::diffusion::int8::encode::Parts;
use crate::engine::{Engine, Setup, core_engine};

/// The first word that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Divergence {
    /// After so many steps.
    pub step: u64,
    /// Where: a site, or nothing for a counter.
    pub site: Option<usize>,
    /// Of what.
    pub quantity: &'static str,
    /// The board's word.
    pub board: u64,
    /// The host's.
    pub host: u64,
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, site, quantity, board, host } = self;
        write!(f, "after step {step}, {quantity}")?;
        if let Some(site) = site {
            write!(f, " of site {site}")?;
        }
        write!(f, ": {board:#x} on the board, {host:#x} here")
    }
}

/// The first difference of field or counters of two engines.
pub fn compare(on_board: &dyn Engine, on_host: &dyn Engine) -> Option<Divergence> {
    let (a, b) = (on_board.state(), on_host.state());
    let step = b.step;
    let of = |quantity, site, board, host| (board != host).then_some(Divergence { step, site, quantity, board, host });
    let fields = (on_board.bits(), on_host.bits());
    let field = fields.0.iter().zip(&fields.1).enumerate();
    let counters = [
        ("step", a.step, b.step),
        ("saturations", a.clipped, b.clipped),
        ("accepted", a.accepted, b.accepted),
        ("ln r", a.log_ratio.to_bits(), b.log_ratio.to_bits()),
    ];
    field
        .filter_map(|(site, (&board, &host))| of("phi", Some(site), board, host))
        .chain(counters.into_iter().filter_map(|(quantity, board, host)| of(quantity, None, board, host)))
        .next()
}

/// Runs `sweeps` on both, and compares every `every` of them; the first step at which they differ, if they do.
pub fn chain(device: &Device, setup: &Setup, sweeps: u64, every: u64) -> Result<Option<Divergence>, Error> {
    let (mut board, mut host) = (device.engine(setup, 1)?, core_engine(setup, 1)?);
    board.hot_start(1.0)?;
    host.hot_start(1.0)?;
    let mut done = 0;
    while done < sweeps {
        let (bits, state) = (host.bits(), host.state());
        let now = every.max(1).min(sweeps - done);
        board.sweep(now);
        host.sweep(now);
        done += now;
        let Some(late) = compare(board.as_ref(), host.as_ref()) else { continue };
        // Once more from where they were equal, one step at a time.
        for engine in [&mut board, &mut host] {
            engine.set_bits(&bits)?;
            engine.set_state(state);
        }
        for _ in 0..now {
            board.sweep(1);
            host.sweep(1);
            if let Some(first) = compare(board.as_ref(), host.as_ref()) {
                return Ok(Some(first));
            }
        }
        // It did not happen again.
        return Ok(Some(late));
    }
    Ok(None)
}

/// One chain of an image on both, stage by stage; then φ.
pub fn image(device: &Device, parts: &Parts, seed: u64, chain: u32) -> Result<Option<Divergence>, LinkError> {
    use crate::diffusion::int8::generate::stages;
    let bytes = parts.encode().map_err(|_| LinkError::Protocol)?;
    let host = stages(&bytes, seed, chain as usize).map_err(|_| LinkError::Protocol)?;
    let (_, _, m) = device.image(&bytes, seed, chain)?;
    let volume = parts.shape.extent * parts.shape.extent;
    let of = |step: usize, quantity, site, board: i16, host: i16| {
        let [board, host] = [board, host].map(|word| u64::from(word as u16));
        (board != host).then_some(Divergence { step: step as u64, site, quantity, board, host })
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
