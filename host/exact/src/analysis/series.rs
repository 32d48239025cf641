//! Series whose autocorrelations are known: what an analysis is tried on.

use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

/// `n` numbers of a stationary AR(1) process, a' = ρa + √(1-ρ²)η with |ρ| < 1: unit variance, Γ(t) = ρ^t, τ_int =
/// ½(1+ρ)/(1-ρ).
pub fn ar1(rho: f64, n: usize, seed: u64) -> Vec<f64> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut eta = || -> f64 { StandardNormal.sample(&mut rng) };
    let mut a = eta();
    let mut next = || {
        a = rho * a + (1.0 - rho * rho).sqrt() * eta();
        a
    };
    (0..n).map(|_| next()).collect()
}
