//! Chains on a board beside the host's core, word by word: where they differ first. Chains of images, and lattices side
//! by side with their exact sums.

use super::{Device, LinkError};
use stoquant_certify::check::Check;
use stoquant_certify::coupled::label;
use stoquant_certify::int8::beside::divergence;
use stoquant_certify::lockstep::{Divergence, RUNG};
use stoquant_core::error::Error;
use stoquant_diffusion::int8::encode::Parts;
use stoquant_diffusion::int8::generate::{Stages, stages};
use stoquant_engines::engine::{Engine, core_engine};
use stoquant_link::message::Sums;
use stoquant_model::{ArithKind, Extents, Setup};

/// Sweeps between two comparisons.
const EVERY: u64 = 100;

/// Chains of a setup side by side, as many as the board has: so many site updates of all together.
pub fn side_by_side(device: &Device, setup: &Setup, updates: u64) -> Result<Check, Error> {
    let (chains, volume) = (u64::from(device.chains()), setup.volume() as u64);
    let sweeps = updates.div_ceil(chains * volume);
    let found = first_difference(device, setup, sweeps)?;
    let first = found.as_ref().map_or(String::new(), |(chain, found)| format!("; first of chain {chain} {found}"));
    let (label, updates) = (label(setup), sweeps * chains * volume);
    let name = format!("{label}: words and sums that differ in {updates} site updates, chains side by side: {chains}");
    Ok(Check::none(RUNG, name + &first, usize::from(found.is_some())))
}

/// The chain whose words, counters or sums differ first, and where.
fn first_difference(device: &Device, setup: &Setup, sweeps: u64) -> Result<Option<(usize, Divergence)>, Error> {
    let mut there = device.side_by_side(setup, 0..device.chains())?;
    let hosts = (0..device.chains()).map(|chain| core_engine(setup, chain));
    let mut hosts = hosts.collect::<Result<Vec<Box<dyn Engine>>, Error>>()?;
    there.hot_start(1.0)?;
    hosts.iter_mut().try_for_each(|host| host.hot_start(1.0))?;
    let mut done = 0;
    while done < sweeps {
        let now = EVERY.min(sweeps - done);
        there.sweep(now)?;
        done += now;
        for (at, host) in hosts.iter_mut().enumerate() {
            host.sweep(now)?;
            let (state, bits) = (host.state()?, host.bits()?);
            let step = state.step;
            let of = |quantity, site, there, here| {
                (there != here).then_some((at, Divergence { step, site, quantity, there, here }))
            };
            let words = there.bits(at)?;
            let mut words = words.iter().zip(&bits).enumerate();
            if let Some(found) = words.find_map(|(site, (&a, &b))| of("phi", Some(site), a, b)) {
                return Ok(Some(found));
            }
            let on_board = there.state(at)?;
            let mut numbers = vec![
                ("step", on_board.step, state.step),
                ("saturations", on_board.clipped, state.clipped),
                ("accepted", on_board.accepted, state.accepted),
            ];
            if let (Some(on_board), Some(here)) = (there.sums(at)?, sums(setup, &bits)) {
                // What the board does not sum it does not show.
                let mut sum = |name, there: Option<u64>, here: Option<u64>| {
                    numbers.extend(there.zip(here).map(|(there, here)| (name, there, here)));
                };
                let bits = |sum: i64| sum as u64;
                sum("sum of phi", on_board.phi().map(bits), here.phi().map(bits));
                sum("sum of phi2", on_board.phi2(), here.phi2());
                sum("sum of bonds", on_board.bonds().map(bits), here.bonds().map(bits));
            }
            if let Some(found) = numbers.into_iter().find_map(|(quantity, a, b)| of(quantity, None, a, b)) {
                return Ok(Some(found));
            }
        }
    }
    Ok(None)
}

/// The sums of a field in fixed point, by their definition; nothing of another.
pub fn sums(setup: &Setup, bits: &[u64]) -> Option<Sums> {
    let width = match setup.arith {
        ArithKind::Fx18 => 18,
        ArithKind::Fx16 => 16,
        ArithKind::F32 | ArithKind::F64 => return None,
    };
    let phi: Vec<i64> = bits.iter().map(|&word| (word << (64 - width)) as i64 >> (64 - width)).collect();
    sums_of(&setup.extents, &phi)
}

/// The sums of integers on a lattice, one for each of its sites; nothing where there are too few of them.
pub fn sums_of(extents: &Extents, phi: &[i64]) -> Option<Sums> {
    let mut bonds = 0;
    let mut stride = phi.len();
    for &extent in extents.iter() {
        let around = stride;
        stride = around.checked_div(extent)?;
        let next = |site: usize| site - site % around + (site + stride) % around;
        bonds += phi.iter().enumerate().map(|(site, a)| Some(a * phi.get(next(site))?)).sum::<Option<i64>>()?;
    }
    let total: i64 = phi.iter().sum();
    let phi2 = phi.iter().map(|phi| (phi * phi) as u64).sum();
    let phi4 = phi.iter().map(|phi| u128::from((phi * phi) as u64).pow(2)).sum();
    // A bond is seen from both its ends.
    Some(Sums::new(Some(total), Some(phi2), Some(2 * bonds), Some(phi4), Some(total.unsigned_abs())))
}

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

/// Configurations `0..count` that a board draws and sums by itself: how many have other sums than the host's.
pub fn image_sums(device: &Device, parts: &Parts, seed: u64, count: u32) -> Result<usize, LinkError> {
    let bytes = parts.encode().map_err(|_| LinkError::Protocol)?;
    let mut drawn = vec![];
    device.draw_sums(&bytes, &parts.shape, seed, count, |sums| drawn.push(sums))?;
    let extents = Extents::from([parts.shape.extent; 2]);
    let mut differing = 0;
    for (chain, found) in drawn.into_iter().enumerate() {
        let phi = stages(&bytes, seed, chain).map_err(|_| LinkError::Protocol)?.phi;
        let phi: Vec<i64> = phi.into_iter().map(i64::from).collect();
        differing += usize::from(sums_of(&extents, &phi) != Some(found));
    }
    Ok(differing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stoquant_model::{IntegratorKind, NoiseKind, Phi4};

    /// The core's observables are these sums, in its units. A volume that is a power of two divides without rounding.
    #[test]
    fn sums_are_the_observables() {
        for (extents, arith, width) in [(&[4, 8][..], ArithKind::Fx18, 18), (&[2, 4, 2], ArithKind::Fx16, 16)] {
            let setup = Setup {
                extents: Extents::new(extents).expect("at most four"),
                couplings: Phi4::kappa_form(0.27, 0.022),
                eps: 0.01,
                arith,
                integrator: IntegratorKind::Euler,
                noise: NoiseKind::Gaussian,
                seed: 5,
            };
            let mut engine = core_engine(&setup, 0).expect("a valid setup");
            engine.hot_start(1.0).expect("a valid width");
            let measured = engine.measure().expect("in this process");
            let sums = sums(&setup, &engine.bits().expect("in this process")).expect("fixed point");
            let (volume, unit) = (setup.volume() as f64, f64::from(width - 4).exp2().recip());
            let phi = sums.phi().expect("there") as f64;
            assert_eq!(phi / volume * unit, measured.m);
            assert_eq!(sums.abs_phi().expect("there") as f64, phi.abs());
            assert_eq!(sums.phi2().expect("there") as f64 / volume * unit.powi(2), measured.phi2);
            // The core rounds φ² to 26 fractional bits before it is squared, and φ² is below 64.
            let phi4 = sums.phi4().expect("there") as f64 / volume * unit.powi(4);
            assert!((phi4 - measured.phi4).abs() <= f64::from(-20).exp2(), "{phi4} {}", measured.phi4);
            let bonds = sums.bonds().expect("there") as f64 / volume * unit.powi(2);
            assert_eq!(bonds / (2 * extents.len()) as f64, measured.nn);
        }
    }
}
