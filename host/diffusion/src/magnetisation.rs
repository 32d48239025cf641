//! The law of the magnetisation, fitted: p(M) ∝ exp(Σ_n c_n T_n(x)), T_n Chebyshev polynomials in x, which runs from -1
//! to 1 with |M|.
//!
//! An exponential family: the likelihood is concave, its maximum matches the moments of the data (Barron, Sheu, Ann.
//! Statist. 19 (1991) 1347), and its ten numbers cost 10/(2N) of relative entropy. What is left is in the weights.

use nalgebra::{DMatrix, DVector};

/// Terms of the exponent.
const TERMS: usize = 10;
/// Cells of the table.
const CELLS: usize = 512;

/// Density of |M| at `CELLS + 1` equidistant points of [low, high], normalised for linear interpolation and ∫ over both
/// signs = 1.
pub fn fit(abs_m: &[f64]) -> ([f64; 2], Vec<f64>) {
    let (mut low, mut high) = (f64::INFINITY, 0.0f64);
    for &m in abs_m {
        (low, high) = (low.min(m), high.max(m));
    }
    let margin = 0.25 * (high - low).max(1e-3 * high.max(1e-12));
    let (low, high) = ((low - margin).max(0.0), high + margin);
    // In the symmetric phase the density is even and smooth in M: a polynomial in M². In the broken one either will do.
    let x = |m: f64| 2.0 * (m * m - low * low) / (high * high - low * low) - 1.0;
    let basis = |m: f64| {
        let x = x(m).clamp(-1.0, 1.0);
        let mut t = [0.0; TERMS];
        let (mut a, mut b) = (1.0, x);
        for slot in &mut t {
            *slot = b;
            (a, b) = (b, 2.0 * x * b - a);
        }
        DVector::from_row_slice(&t)
    };
    let n = abs_m.len() as f64;
    let target = abs_m.iter().fold(DVector::zeros(TERMS), |sum, &m| sum + basis(m)) / n;
    let points: Vec<f64> = (0..=CELLS).map(|i| low + (high - low) * i as f64 / CELLS as f64).collect();
    let bases: Vec<DVector<f64>> = points.iter().map(|&m| basis(m)).collect();
    // The trapezoidal rule.
    let ends = |i: usize| if i == 0 || i == CELLS { 0.5 } else { 1.0 };
    let density = |c: &DVector<f64>| -> (Vec<f64>, f64) {
        let exponents: Vec<f64> = bases.iter().map(|b| b.dot(c)).collect();
        let top = exponents.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let p: Vec<f64> = exponents.iter().map(|e| (e - top).exp()).collect();
        let total: f64 = p.iter().enumerate().map(|(i, p)| ends(i) * p).sum();
        (p.iter().map(|p| p / total).collect(), total.ln() + top)
    };
    let objective = |c: &DVector<f64>| target.dot(c) - density(c).1;
    let mut c = DVector::zeros(TERMS);
    for _ in 0..100 {
        let (p, _) = density(&c);
        let (mut mean, mut second) = (DVector::zeros(TERMS), DMatrix::zeros(TERMS, TERMS));
        for (i, (b, p)) in bases.iter().zip(&p).enumerate() {
            mean += b * (ends(i) * p);
            second += b * b.transpose() * (ends(i) * p);
        }
        let covariance = second - &mean * mean.transpose() + DMatrix::identity(TERMS, TERMS) * 1e-9;
        let gradient = &target - &mean;
        let Some(step) = covariance.cholesky().map(|c| c.solve(&gradient)) else { break };
        let (here, mut length) = (objective(&c), 1.0);
        // A NaN is no progress either.
        let better = |length: f64| objective(&(&c + &step * length)) >= here;
        while length > 1e-4 && !better(length) {
            length *= 0.5;
        }
        c += &step * length;
        if gradient.norm() < 1e-9 {
            break;
        }
    }
    let (p, _) = density(&c);
    let width = (high - low) / CELLS as f64;
    ([low, high], p.into_iter().map(|p| p / (2.0 * width)).collect())
}
