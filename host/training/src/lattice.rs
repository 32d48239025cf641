//! One lattice and its action, mode by mode.

use stoquant_core::arith::Real;
use stoquant_core::machine::Machine;
use stoquant_model::Phi4;

use stoquant_diffusion::spectrum::{self, Orbit, RADIAL, radial, symbol};

/// Constants; V numbers each.
pub struct Lattice<R> {
    pub extent: usize,
    hartley: Vec<R>,
    /// 2κk̂².
    pub kinetic: Vec<R>,
    /// Symbols of the sums over 4 neighbours, 4 diagonals, and 4 sites at distance 2.
    pub stencils: [Vec<R>; 3],
    /// A_k.
    linear: Vec<R>,
    /// C_k = ⟨|φ_k|²⟩.
    pub spectrum: Vec<R>,
    /// Hat functions in |k̂|; none where the network is to be local.
    pub radial: [Vec<R>; RADIAL],
    pub lambda: R,
    /// Of the remainder g(φ) = 4λφ³ - μφ.
    mu: R,
}

impl<R: Real> Lattice<R> {
    /// With the spectrum of every mode. The term that is linear mode by mode is left out where the network is to be
    /// `local`.
    pub fn new(extent: usize, couplings: Phi4, mass2: f64, spectrum: &[f64], local: bool) -> Self {
        let single = |values: &[f64]| -> Vec<R> { values.iter().map(|&v| R::of(v)).collect() };
        let kinetic: Vec<f64> = spectrum::laplacian(extent).into_iter().map(|k2| 2.0 * couplings.kappa * k2).collect();
        let radial: Vec<f64> = radial(extent).into_iter().map(|r| if local { 0.0 } else { r }).collect();
        let volume = extent * extent;
        Self {
            extent,
            hartley: single(&spectrum::hartley(extent)),
            kinetic: single(&kinetic),
            stencils: [Orbit::Axes(1), Orbit::Diagonals, Orbit::Axes(2)].map(|orbit| single(&symbol(extent, orbit))),
            linear: single(&spectrum::linear(extent, &couplings, mass2)),
            spectrum: single(spectrum),
            radial: std::array::from_fn(|n| single(&radial[n * volume..][..volume])),
            lambda: R::of(couplings.lambda),
            mu: R::of(spectrum::mu(&couplings, mass2)),
        }
    }

    /// W_k A_k y_k, the linear part of the score, W_k = 1/(1 + σ²A_k).
    pub fn drift(&self, sigma2: R, y: &[R]) -> Vec<R> {
        self.linear.iter().zip(y).map(|(&a, &y)| a / (R::ONE + sigma2 * a) * y).collect()
    }

    /// 12λv - μ.
    pub fn slope(&self, variance: R) -> R {
        R::of(12.0) * self.lambda * variance - self.mu
    }

    /// T x: from sites to modes and back.
    pub fn transform<M: Machine>(&self, machine: M, x: &[R]) -> Vec<R> {
        spectrum::transform_on(machine, &self.hartley, x)
    }
}

/// Product of numbers, one by one.
pub fn times<R: Real>(a: &[R], b: &[R]) -> Vec<R> {
    a.iter().zip(b).map(|(&a, &b)| a * b).collect()
}

/// `out += a·b`, one by one.
pub fn add<R: Real>(out: &mut [R], a: &[R], b: &[R]) {
    out.iter_mut().zip(a.iter().zip(b)).for_each(|(out, (&a, &b))| *out += a * b);
}
