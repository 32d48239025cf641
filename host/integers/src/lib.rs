//! Exact distributions of the integers that run: of η over all 2^32 words, of an 8-bit chain by enumeration, of one
//! site of `Fx<W>` and of two coupled ones of `Fx<8>` by the fixed point of their transition operators.

pub mod gauss_fit;
pub mod law;
pub mod markov;
pub mod noise_law;
