//! Sites and neighbours of a periodic lattice, and the local terms of the action.

use std::f64::consts::TAU;
use stoquant_model::Phi4;

use super::SamplerError;

/// Neighbour tables of a row-major periodic lattice.
#[derive(Clone, Debug)]
pub(super) struct Lattice {
    pub extents: Vec<usize>,
    pub volume: usize,
    /// `neighbours[x · 2D + 2μ]` is forward of x along μ, the next entry backward.
    neighbours: Vec<u32>,
}

impl Lattice {
    /// Also checks that the action is bounded below.
    pub fn new(extents: &[usize], c: &Phi4) -> Result<Self, SamplerError> {
        if extents.len() > 4 {
            return Err(SamplerError::Dimensions(extents.len()));
        }
        let volume = extents
            .iter()
            .try_fold(1_usize, |v, &l| v.checked_mul(l))
            .filter(|v| (1..=1 << 31).contains(v))
            .ok_or_else(|| SamplerError::Extents(extents.to_vec()))?;
        let mut neighbours = vec![0; volume * 2 * extents.len()];
        let mut stride = volume;
        for (mu, &extent) in extents.iter().enumerate() {
            stride /= extent;
            for x in 0..volume {
                let coordinate = x / stride % extent;
                let up = if coordinate + 1 == extent { x - coordinate * stride } else { x + stride };
                neighbours[2 * (x * extents.len() + mu)] = up as u32;
                neighbours[2 * (up * extents.len() + mu) + 1] = x as u32;
            }
        }
        let lattice = Self { extents: extents.to_vec(), volume, neighbours };
        let finite = [c.kappa, c.b, c.lambda].iter().all(|a| a.is_finite());
        let free = || lattice.hessian(c).into_iter().fold(f64::INFINITY, f64::min);
        if !finite || c.lambda < 0.0 || (c.lambda == 0.0 && free() <= 0.0) {
            return Err(SamplerError::Unbounded(*c));
        }
        Ok(lattice)
    }

    /// The 2D neighbours of x with multiplicity: x itself along an extent of 1, twice the other site along 2.
    pub fn neighbours(&self, x: usize) -> impl Iterator<Item = usize> {
        let n = 2 * self.extents.len();
        self.neighbours[n * x..n * (x + 1)].iter().map(|&y| y as usize)
    }

    /// The D forward neighbours of x: each bond once.
    pub fn forward(&self, x: usize) -> impl Iterator<Item = usize> {
        self.neighbours(x).step_by(2)
    }

    /// Number of extents equal to 1, where the bond of a site with itself adds -2κφ² to the action.
    pub fn self_bonds(&self) -> usize {
        self.extents.iter().filter(|&&l| l == 1).count()
    }

    /// Eigenvalues of the quadratic action's Hessian, `2b - 4κ Σ_μ cos k_μ`, in the order of the Fourier modes.
    pub fn hessian(&self, c: &Phi4) -> Vec<f64> {
        let mode = |k: usize| {
            let (mut rest, mut sum) = (k, 0.0);
            for &extent in self.extents.iter().rev() {
                sum += (TAU * (rest % extent) as f64 / extent as f64).cos();
                rest /= extent;
            }
            2.0 * c.b - 4.0 * c.kappa * sum
        };
        (0..self.volume).map(mode).collect()
    }

    /// `S = Σ_x [ -2κ Σ_μ φ_x φ_{x+μ} + b φ_x² + λ φ_x⁴ ]`.
    pub fn action(&self, phi: &[f64], c: &Phi4) -> f64 {
        let site = |(x, &p): (usize, &f64)| {
            let forward: f64 = self.forward(x).map(|y| phi[y]).sum();
            let p2 = p * p;
            p2 * (c.b + c.lambda * p2) - 2.0 * c.kappa * p * forward
        };
        phi.iter().enumerate().map(site).sum()
    }

    /// `∂S/∂φ_x = 2b φ_x + 4λ φ_x³ - 2κ Σ_{2D neighbours} φ`.
    pub fn gradient(&self, phi: &[f64], c: &Phi4, x: usize) -> f64 {
        let sum: f64 = self.neighbours(x).map(|y| phi[y]).sum();
        let p = phi[x];
        p * (2.0 * c.b + 4.0 * c.lambda * p * p) - 2.0 * c.kappa * sum
    }
}
