//! Quadrature of analytic integrands, and ⟨|M|⟩ from a characteristic function.

use std::f64::consts::PI;

use nalgebra::{DMatrix, SymmetricEigen};

use crate::estimate::Estimate;

/// Nodes and weights: ∫ f ≈ Σ w_i f(x_i).
#[derive(Clone, Debug)]
pub struct Rule {
    /// x_i, ascending.
    pub nodes: Vec<f64>,
    /// w_i.
    pub weights: Vec<f64>,
}

impl Rule {
    /// Gauss–Legendre with `n` nodes on [-1, 1]: exact for polynomials of degree 2n - 1; nodes by Newton's method on
    /// P_n.
    pub fn legendre(n: usize) -> Self {
        let (mut nodes, mut weights) = (vec![0.0; n], vec![0.0; n]);
        for i in 0..n {
            let mut x = -(PI * (i as f64 + 0.75) / (n as f64 + 0.5)).cos();
            let mut slope = 1.0;
            // Newton from this start (error O(n⁻²)) converges quadratically: 3 to 5 iterations, 8 for certain.
            for _ in 0..8 {
                let (mut p, mut q) = (1.0, 0.0);
                for k in 0..n {
                    (p, q) = (((2 * k + 1) as f64 * x * p - k as f64 * q) / (k + 1) as f64, p);
                }
                slope = n as f64 * (x * p - q) / (x * x - 1.0);
                x -= p / slope;
            }
            nodes[i] = x;
            weights[i] = 2.0 / ((1.0 - x * x) * slope * slope);
        }
        Self { nodes, weights }
    }

    /// `n` equal cells of [-X, X], one node in the middle of each. For an analytic integrand that vanishes at ±X the
    /// error falls like e^{-2πa/h}, a the width of the strip of analyticity (Trefethen & Weideman, SIAM Rev. 56 (2014)
    /// 385).
    pub fn trapezoid(half_width: f64, n: usize) -> Self {
        let h = 2.0 * half_width / n as f64;
        // Built outwards from 0, so that nodes are exactly symmetric.
        let nodes = (0..n).map(|i| h * (0.5 * (2 * i + 1) as f64 - 0.5 * n as f64)).collect();
        Self { nodes, weights: vec![h; n] }
    }

    /// A normal variable of this variance: trapezoid to nine standard deviations, whose tail is below 1e-18. Its error,
    /// e^{-2π²/0.4²}, is nothing.
    pub fn normal(variance: f64) -> Self {
        let mut rule = Self::trapezoid(9.0, 45);
        rule.weights = rule.nodes.iter().map(|r| (-r * r / 2.0).exp()).collect();
        let sum: f64 = rule.weights.iter().sum();
        rule.weights.iter_mut().for_each(|w| *w /= sum);
        rule.nodes.iter_mut().for_each(|r| *r *= variance.sqrt());
        rule
    }

    /// Gauss rule with `n` nodes for the even measure given by `measure` (a symmetric rule with many more nodes): Σ w_i
    /// f(x_i) = ∫ f dμ for polynomials of degree 2n - 1. Recurrence by the discretised Stieltjes procedure (Gautschi,
    /// *Orthogonal Polynomials*, 2004, §2.2), nodes from the Jacobi matrix, weights from Christoffel's formula, which
    /// keeps the relative accuracy of the small ones.
    pub fn gauss(n: usize, measure: &Self) -> Self {
        let points = measure.nodes.len();
        let norm: f64 = measure.weights.iter().sum();
        // Orthonormal polynomials on the points: √β_{k+1} p_{k+1} = x p_k - √β_k p_{k-1}.
        let (mut last, mut this) = (vec![0.0; points], vec![1.0 / norm.sqrt(); points]);
        let mut beta = vec![0.0; n];
        for k in 0..n {
            let mut next: Vec<f64> = (0..points).map(|i| measure.nodes[i] * this[i] - beta[k] * last[i]).collect();
            let length = (0..points).map(|i| measure.weights[i] * next[i] * next[i]).sum::<f64>().sqrt();
            next.iter_mut().for_each(|p| *p /= length);
            if k + 1 < n {
                beta[k + 1] = length;
            }
            (last, this) = (this, next);
        }
        let jacobi = DMatrix::from_fn(n, n, |i, j| {
            if i + 1 == j {
                beta[j]
            } else if j + 1 == i {
                beta[i]
            } else {
                0.0
            }
        });
        let mut roots: Vec<f64> = SymmetricEigen::new(jacobi).eigenvalues.iter().copied().collect();
        roots.sort_by(f64::total_cmp);
        let nodes: Vec<f64> = (0..n).map(|i| 0.5 * (roots[i] - roots[n - 1 - i])).collect();
        let weights = nodes.iter().map(|&x| {
            let (mut q, mut p) = (0.0, 1.0 / norm.sqrt());
            let mut sum = p * p;
            for k in 0..n - 1 {
                (q, p) = (p, (x * p - beta[k] * q) / beta[k + 1]);
                sum += p * p;
            }
            1.0 / sum
        });
        Self { weights: weights.collect(), nodes }
    }

    /// Σ w_i f(x_i).
    pub fn integrate(&self, f: impl Fn(f64) -> f64) -> f64 {
        self.nodes.iter().zip(&self.weights).map(|(&x, w)| w * f(x)).sum()
    }
}

/// Points of the interpolating polynomials: degree 11.
pub const STENCIL: usize = 12;

/// The Lagrange polynomials of the nodes 0, 1, … at u: Π_{l≠k} (u - l)/(k - l), the numerators as products from both
/// ends.
pub fn lagrange(u: f64) -> [f64; STENCIL] {
    /// 1/Π_{l≠k} (k - l) = (-1)^(n-1-k)/(k! (n-1-k)!).
    const INVERSE: [f64; STENCIL] = {
        let mut inverse = [1.0; STENCIL];
        let mut k = 0;
        while k < STENCIL {
            let mut l = 0;
            while l < STENCIL {
                if l != k {
                    inverse[k] /= k as f64 - l as f64;
                }
                l += 1;
            }
            k += 1;
        }
        inverse
    };
    let mut out = INVERSE;
    let (mut below, mut above) = (1.0, 1.0);
    for k in 0..STENCIL {
        out[k] *= below;
        below *= u - k as f64;
        let l = STENCIL - 1 - k;
        out[l] *= above;
        above *= u - l as f64;
    }
    out
}

/// The X beyond which b x² + λ x⁴ exceeds its minimum by more than `exponent`. Needs λ > 0, or λ = 0 and b > 0.
pub fn range(b: f64, lambda: f64, exponent: f64) -> f64 {
    let root = (b.max(0.0).powi(2) + 4.0 * lambda * exponent).sqrt();
    // The root of λu² + bu = exponent + minimum, u = x², written without cancellation for either sign of b.
    if b > 0.0 { (2.0 * exponent / (b + root)).sqrt() } else { ((root - b) / (2.0 * lambda)).sqrt() }
}

/// Values of a characteristic function that are asked for together.
pub const BLOCK: usize = 4;

/// ⟨|M|⟩ of an even law on [-X, X] from its characteristic function χ(t) = ⟨cos tM⟩; `chi` maps four t to four values.
///
/// On [-X, X], |M| = X/2 - (4X/π²) Σ_{k odd} cos(kπM/X)/k², hence ⟨|M|⟩ = X/2 - (4X/π²) Σ χ(kπ/X)/k²: exact but for the
/// mass outside (choose X), and the kink costs nothing: for an analytic density χ falls exponentially or faster. The
/// sum stops where the largest of four values is below 1e-14, or no longer falls (the rule behind `chi` cannot follow a
/// faster cosine: noise). Error: the terms left out, taken to be as large as the last four.
pub fn absolute_mean(half_width: f64, mut chi: impl FnMut([f64; BLOCK]) -> [f64; BLOCK]) -> Estimate {
    let scale = 4.0 * half_width / (PI * PI);
    let mut sum = half_width / 2.0;
    let mut last = f64::INFINITY;
    for first in (1..).step_by(2 * BLOCK) {
        let k: [f64; BLOCK] = std::array::from_fn(|i| (first + 2 * i) as f64);
        let values = chi(k.map(|k| k * PI / half_width));
        let size = values.iter().fold(0.0, |a: f64, x| a.max(x.abs()));
        if size < last {
            sum -= scale * k.iter().zip(values).map(|(k, chi)| chi / (k * k)).sum::<f64>();
        }
        // NaN ends the loop too. Σ 1/k² over the odd k from K on is about 1/2K.
        if !(size < last && size > 1e-14) {
            return Estimate::new(sum, scale * size.min(last) / (2.0 * k[0]));
        }
        last = size;
    }
    unreachable!("the loop has no end")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every identity below is exact: only rounding is left.
    const ROUNDING: f64 = 1e-13;

    #[test]
    fn legendre_is_exact_for_its_degree() {
        for n in [1, 2, 5, 20, 64] {
            let rule = Rule::legendre(n);
            for d in (0..2 * n).step_by(2) {
                let exact = 2.0 / (d + 1) as f64;
                assert!((rule.integrate(|x| x.powi(d as i32)) - exact).abs() < ROUNDING, "n = {n}, degree {d}");
            }
            assert!(rule.nodes.is_sorted());
        }
    }

    #[test]
    fn gauss_of_a_gaussian_measure_is_gauss_hermite() {
        let mut measure = Rule::trapezoid(12.0, 600);
        for (w, x) in measure.weights.iter_mut().zip(&measure.nodes) {
            *w *= (-x * x / 2.0).exp() / (2.0 * PI).sqrt();
        }
        let rule = Rule::gauss(12, &measure);
        let mut moment = 1.0; // (2k-1)!!
        for k in 0..12 {
            assert!((rule.integrate(|x| x.powi(2 * k)) / moment - 1.0).abs() < ROUNDING, "moment {}", 2 * k);
            moment *= (2 * k + 1) as f64;
        }
    }

    #[test]
    fn interpolation_is_exact_for_its_degree() {
        for u in [0.0, 0.3, 5.5, 7.0, 10.9] {
            let values = lagrange(u);
            for degree in 0..STENCIL {
                let sum: f64 = (0..STENCIL).map(|k| values[k] * (k as f64 - 5.0).powi(degree as i32)).sum();
                // Terms up to 6^11 with weights of order one.
                let scale = 6f64.powi(degree as i32);
                assert!((sum - (u - 5.0).powi(degree as i32)).abs() < 1e-13 * scale, "u = {u}, degree {degree}");
            }
        }
    }

    #[test]
    fn range_solves_its_equation() {
        for (b, lambda) in [(0.5, 0.25), (-0.5, 0.4 / 24.0), (1.0, 0.0), (1e3, 1e-9), (-3.0, 1.0)] {
            let x = range(b, lambda, 40.0);
            let minimum: f64 = if b < 0.0 { -b * b / (4.0 * lambda) } else { 0.0 };
            let height = b * x * x + lambda * x.powi(4) - minimum;
            assert!((height / 40.0 - 1.0).abs() < ROUNDING, "b = {b}: {height}");
        }
    }

    #[test]
    fn absolute_mean_of_a_gaussian() {
        let exact = (2.0 / PI).sqrt();
        for half_width in [9.0, 40.0] {
            let e = absolute_mean(half_width, |t| t.map(|t| (-t * t / 2.0).exp()));
            assert!((e.value - exact).abs() < ROUNDING && e.error < ROUNDING, "{e:?}");
        }
        // Noise of 1e-6 in χ moves the sum by at most X/2 times that; it ends the sum, and shows in the error.
        let e = absolute_mean(9.0, |t| t.map(|t| (-t * t / 2.0).exp() + 1e-6 * (7.0 * t).sin()));
        assert!((e.value - exact).abs() < 4.5e-6 && e.error > 1e-8, "{e:?}");
    }
}
