//! The modes of an L×L torus and the Gaussian part of an action on them.

use std::f64::consts::PI;

use stoquant_core::arith::Real;
use stoquant_core::machine::{Machine, Portable};
use stoquant_core::score::Hartley;
use stoquant_model::Phi4;

/// k̂² = 4 sin²(πk₀/L) + 4 sin²(πk₁/L) of every mode, row-major.
pub fn laplacian(extent: usize) -> Vec<f64> {
    let side: Vec<f64> = (0..extent).map(|k| 4.0 * (PI * k as f64 / extent as f64).sin().powi(2)).collect();
    side.iter().flat_map(|a| side.iter().map(move |b| a + b)).collect()
}

/// The four sites of a stencil.
#[derive(Clone, Copy, Debug)]
pub enum Orbit {
    /// At this distance along the axes.
    Axes(usize),
    /// The nearest on the diagonals.
    Diagonals,
}

/// cos kr summed over the r of an orbit, of every mode: the symbol of a stencil.
pub fn symbol(extent: usize, orbit: Orbit) -> Vec<f64> {
    let cos = |n: usize, k: usize| (2.0 * PI * (n * k % extent) as f64 / extent as f64).cos();
    let of_mode = |a: usize, b: usize| match orbit {
        Orbit::Axes(n) => 2.0 * (cos(n, a) + cos(n, b)),
        Orbit::Diagonals => 4.0 * cos(1, a) * cos(1, b),
    };
    (0..extent).flat_map(|a| (0..extent).map(move |b| (a, b))).map(|(a, b)| of_mode(a, b)).collect()
}

/// The Hartley matrix, `H_kx = [cos(2πkx/L) + sin(2πkx/L)]/√L`.
pub fn hartley(extent: usize) -> Vec<f64> {
    let mut matrix = vec![0.0; extent * extent];
    Hartley::fill(extent, &mut matrix);
    matrix
}

/// T x with a matrix of [`hartley`], of a field as long as it.
///
/// # Panics
/// Where the matrix is not square.
pub fn transform(matrix: &[f64], x: &[f64]) -> Vec<f64> {
    transform_on(Portable, matrix, x)
}

/// [`transform`] of any numbers, on any machine.
///
/// # Panics
/// Where the matrix is not square.
pub fn transform_on<R: Real, M: Machine>(machine: M, matrix: &[R], x: &[R]) -> Vec<R> {
    let (mut out, mut work) = (vec![R::ZERO; x.len()], vec![R::ZERO; x.len()]);
    let hartley = Hartley::new(matrix.len().isqrt(), matrix).expect("a square matrix");
    hartley.transform(machine, x, &mut out, &mut work);
    out
}

/// A_k = 2κk̂² + m².
pub fn linear(extent: usize, couplings: &Phi4, mass2: f64) -> Vec<f64> {
    laplacian(extent).into_iter().map(|k2| 2.0 * couplings.kappa * k2 + mass2).collect()
}

/// μ of the ultralocal remainder g(φ) = 4λφ³ - μφ, so that ∂S/∂φ = Aφ + g(φ): 8κ - 2b + m².
pub fn mu(couplings: &Phi4, mass2: f64) -> f64 {
    8.0 * couplings.kappa - 2.0 * couplings.b + mass2
}

/// Distinct values of k̂², the shells, and the shell of every mode.
pub fn shells(extent: usize) -> (Vec<f64>, Vec<usize>) {
    let laplacian = laplacian(extent);
    let mut values: Vec<f64> = laplacian.clone();
    values.sort_by(f64::total_cmp);
    values.dedup_by(|a, b| (*a - *b).abs() < 1e-9);
    let shell = |k2: f64| {
        let after = values.partition_point(|&v| v < k2 - 1e-9);
        after.min(values.len() - 1)
    };
    let of_mode = laplacian.iter().map(|&k2| shell(k2)).collect();
    (values, of_mode)
}

/// Nodes in |k̂| of the network's linear term.
pub const RADIAL: usize = 8;

/// Their hat functions, equidistant in |k̂|: (nodes, modes).
pub fn radial(extent: usize) -> Vec<f64> {
    let laplacian = laplacian(extent);
    let mut out = vec![0.0; RADIAL * laplacian.len()];
    for (k, k2) in laplacian.iter().enumerate() {
        // k̂² ≤ 8 in two dimensions.
        let at = (k2 / 8.0).sqrt() * (RADIAL - 1) as f64;
        let low = (at as usize).min(RADIAL - 2);
        out[low * laplacian.len() + k] = 1.0 - (at - low as f64);
        out[(low + 1) * laplacian.len() + k] = at - low as f64;
    }
    out
}
