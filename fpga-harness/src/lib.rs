//! Hardware twins of `stoquant-core`: what they have in common with it is generated from it ([`generate`]), and whether
//! they do the same is seen in simulation (feature `sim`).

pub mod assembler;
pub mod generate;
#[cfg(feature = "sim")]
pub mod sim;
