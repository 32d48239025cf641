//! The continuous chain x' = G(x, R) on a coarse grid: the smooth part of a transition operator, small enough to be
//! solved directly.
//!
//! Functions are interpolated between equidistant nodes y_k by polynomials of degree 11, and (Tf)(x) = E f(G(x, R)) is
//! evaluated there, the noise by the trapezoid rule. A law acts on functions, so it lives on the nodes as weights c_k =
//! the transposed interpolation of its masses; where it is smooth, c_k/h is its density. Spacing h = 0.7 of the noise
//! of a step: all that a step does not wash out at once is resolved.

use nalgebra::{DMatrix, DVector, Dyn, LU};

use stoquant_exact::exact::quadrature::{Rule, STENCIL, lagrange};

/// Equidistant nodes on [-X, X), closed to a ring: no law reaches its ends, and interpolation is never one-sided there,
/// which would amplify rounding.
#[derive(Clone, Copy)]
struct Grid {
    half_width: f64,
    spacing: f64,
    nodes: usize,
}

impl Grid {
    fn node(&self, k: usize) -> f64 {
        k as f64 * self.spacing - self.half_width
    }

    /// Calls `put(l, weight of f(y_l) in f(x))`.
    fn interpolate(&self, x: f64, mut put: impl FnMut(usize, f64)) {
        let u = ((x + self.half_width) / self.spacing).rem_euclid(self.nodes as f64);
        let first = self.nodes + u as usize - (STENCIL / 2 - 1);
        for (k, weight) in lagrange(u.fract() + (STENCIL / 2 - 1) as f64).into_iter().enumerate() {
            put((first + k) % self.nodes, weight);
        }
    }
}

/// A continuous chain and its resolvent.
pub struct Coarse {
    grid: Grid,
    /// T, row k: weights of f(y_l) in (Tf)(y_k).
    step: DMatrix<f64>,
    /// LU of (I - T + 1v)ᵀ, v uniform.
    resolvent: LU<f64, Dyn, Dyn>,
}

impl Coarse {
    /// The chain x' = G(x, R), R of unit variance scaled by `noise_variance`, on [-X, X]; `sigma` is the noise of one
    /// step.
    pub fn new(half_width: f64, sigma: f64, noise_variance: f64, map: impl Fn(f64, f64) -> f64) -> Self {
        let nodes = ((2.0 * half_width / (0.7 * sigma)).ceil() as usize).max(2 * STENCIL);
        let grid = Grid { half_width, spacing: 2.0 * half_width / nodes as f64, nodes };
        let noise = Rule::normal(noise_variance);
        let mut step = DMatrix::zeros(nodes, nodes);
        for k in 0..nodes {
            for (&r, &weight) in noise.nodes.iter().zip(&noise.weights) {
                grid.interpolate(map(grid.node(k), r), |l, value| step[(k, l)] += weight * value);
            }
        }
        let uniform = 1.0 / nodes as f64;
        let system = DMatrix::from_fn(nodes, nodes, |l, k| unity(k, l) - step[(k, l)] + uniform);
        Self { grid, step, resolvent: system.lu() }
    }

    /// y_k.
    pub fn node(&self, k: usize) -> f64 {
        self.grid.node(k)
    }

    /// Number of nodes.
    pub fn nodes(&self) -> usize {
        self.grid.nodes
    }

    /// Weights of a law given by masses at places.
    pub fn restrict(&self, law: impl Iterator<Item = (f64, f64)>) -> DVector<f64> {
        let mut c = DVector::zeros(self.grid.nodes);
        for (x, mass) in law {
            self.grid.interpolate(x, |l, weight| c[l] += weight * mass);
        }
        c
    }

    /// c·T·(1 + T + T² + …) for weights that sum to 0: what a perturbation of a law still does after its first step.
    pub fn relax(&self, c: &DVector<f64>) -> Option<DVector<f64>> {
        self.resolvent.solve(&self.step.tr_mul(c))
    }

    /// Weights of the stationary law.
    pub fn stationary(&self) -> Option<DVector<f64>> {
        // c(I - T + 1v) = v for c·1 = 1.
        let uniform = DVector::from_element(self.grid.nodes, 1.0 / self.grid.nodes as f64);
        let law = self.resolvent.solve(&uniform)?;
        let norm: f64 = law.sum();
        law.iter().all(|c| c.is_finite()).then(|| law / norm)
    }

    /// The density that belongs to weights, at x.
    pub fn density(&self, c: &DVector<f64>, x: f64) -> f64 {
        if x.abs() > self.grid.half_width {
            return 0.0;
        }
        let mut density = 0.0;
        self.grid.interpolate(x, |l, weight| density += weight * c[l]);
        density / self.grid.spacing
    }

    /// ‖(I - T)^#‖∞ = max_k Σ_l |(I - T + 1π)⁻¹ - 1π|: how much a perturbation of one step may change the stationary
    /// law.
    pub fn condition(&self) -> Option<f64> {
        let law = self.stationary()?;
        let system =
            DMatrix::from_fn(self.grid.nodes, self.grid.nodes, |k, l| unity(k, l) - self.step[(k, l)] + law[l]);
        let inverse = system.try_inverse()?;
        let row = |k: usize| (0..self.grid.nodes).map(|l| (inverse[(k, l)] - law[l]).abs()).sum::<f64>();
        Some((0..self.grid.nodes).map(row).fold(0.0, f64::max))
    }
}

fn unity(k: usize, l: usize) -> f64 {
    f64::from(u8::from(k == l))
}
