//! A 32×32 chain in 18-bit fixed point on a board: 4.8 KB of RAM, no allocation.
#![no_std]

use stoquant_core::action::Phi4;
use stoquant_core::arith::{Arith, Fx};
use stoquant_core::board::Board;
use stoquant_core::error::Error;
use stoquant_core::integrator::Euler;
use stoquant_core::lattice::Torus2;
use stoquant_core::noise::NoiseKind;

/// Mean field M = (1/V) Σ φ of a chain after `sweeps` sweeps from φ = 0.
pub fn magnetisation(seed: u64, sweeps: u32) -> Result<f64, Error> {
    let euler = Euler::<Fx<18>, _>::new(&Phi4::kappa_form(0.27, 0.022), 0.01, 2)?;
    let mut board = Board::<2, Torus2<32, 32>, Fx<18>>::new(seed, 0, NoiseKind::Gaussian);
    (0..sweeps).for_each(|_| board.sweep(&euler));
    Ok(board.phi().iter().map(|&phi| Fx::<18>::load(phi).value()).sum::<f64>() / 1024.0)
}
