//! A ring of N sites, by its transfer matrix.

use nalgebra::{Complex, DMatrix, SymmetricEigen};
use stoquant_model::Phi4;

use crate::estimate::Observables;

use super::quadrature::{Rule, absolute_mean, range};
use super::{Error, Moments, SitePotential, Values, converge, lowest_mode, validate};

/// Every observable of a periodic ring of `n` sites; `n = 1` is a site that is its own neighbour, `n = 2` has a double
/// bond.
///
/// Transfer matrix T(x, y) = e^{-½V(x) + 2κxy - ½V(y)}, V = b x² + λ x⁴, on a trapezoid grid (which converges
/// exponentially), diagonalised: Z = Tr Tᴺ. ⟨M²⟩ and ⟨M⁴⟩ are coefficients of Z(h) = Tr (T e^{hx})ᴺ, a power series in
/// the source h; ⟨|M|⟩ comes from the characteristic function Z(it)/Z. Relative error about 1e-12, bounded by refining
/// the grid.
pub fn ring(n: usize, c: &Phi4) -> Result<Observables, Error> {
    validate(&[n], c)?;
    if n > 1 << 20 {
        return Err(Error::TooLarge { extents: vec![n], limit: "a ring of 2^20 sites" });
    }
    // A trace of N factors, each with rounding error 1e-16.
    let rounding = 1e-13 + 1e-15 * n as f64;
    converge("ring", [96, 144, 216, 324, 486], 1e-11, rounding, |points| Ok(at_resolution(n, c, points)))
}

fn at_resolution(n: usize, c: &Phi4, points: usize) -> Values {
    // S ≥ Σ [½λ_min x² + λx⁴]: outside ±X the weight is below e^{-45} of the maximum.
    let half_width = range(lowest_mode(&[n], c) / 2.0, c.lambda, 45.0);
    let grid = Rule::trapezoid(half_width, points);
    let transfer = Transfer::new(c, &grid);
    let length = n as f64;

    let on_site = SitePotential { b: c.b, lambda: c.lambda };
    let x = transfer.matrix(|x| x);
    let slope = transfer.matrix(|x| on_site.slope(x));
    let one_point = |f: &dyn Fn(f64) -> f64| transfer.correlator(&transfer.matrix(f), None, 0, n);
    let phi2 = one_point(&|x| x * x);
    let nn = transfer.correlator(&x, Some(&x), 1 % n, n);
    // ∂S/∂φ_0 = V'(φ_0) - 2κ(φ_1 + φ_{-1}).
    let grad2 = transfer.correlator(&slope, Some(&slope), 0, n)
        - 8.0 * c.kappa * transfer.correlator(&slope, Some(&x), 1 % n, n)
        + 8.0 * c.kappa * c.kappa * (phi2 + transfer.correlator(&x, Some(&x), 2 % n, n));

    let z = transfer.source_series(n);
    let (m2, m4) = (2.0 * z[2] / z[0] / length.powi(2), 24.0 * z[4] / z[0] / length.powi(4));
    // Where κ ≥ 0, M is sub-Gaussian (Newman, Z. Wahrsch. 33 (1975) 75), which keeps X small for long rings.
    let reach = if c.kappa >= 0.0 { half_width.min(9.0 * m2.sqrt()) } else { half_width };
    let abs_m = absolute_mean(reach, |t| t.map(|t| transfer.characteristic(t / length, n) / z[0]));
    let phi4 = one_point(&|x| x.powi(4));
    Moments { phi2, phi4, nn, abs_m, m2, m4, grad2 }.values(&[n], c)
}

/// The transfer matrix in the basis of its leading eigenvectors, scaled to a largest eigenvalue of 1.
struct Transfer<'a> {
    grid: &'a Rule,
    eigenvalues: Vec<f64>,
    /// Points × states.
    states: DMatrix<f64>,
}

impl<'a> Transfer<'a> {
    fn new(c: &Phi4, grid: &'a Rule) -> Self {
        let v = SitePotential { b: c.b, lambda: c.lambda };
        let points = grid.nodes.len();
        let exponent = |x: f64, y: f64| 2.0 * c.kappa * x * y - 0.5 * (v.action(x) + v.action(y));
        let top = grid.nodes.iter().map(|&x| exponent(x, x).max(exponent(x, -x))).fold(f64::MIN, f64::max);
        let t = DMatrix::from_fn(points, points, |i, j| (exponent(grid.nodes[i], grid.nodes[j]) - top).exp());
        let eigen = SymmetricEigen::new(t);
        let largest = eigen.eigenvalues.amax();
        // States below the rounding of the diagonalisation (1e-16 of the largest eigenvalue) carry nothing.
        let kept: Vec<usize> = (0..points).filter(|&a| eigen.eigenvalues[a].abs() > 1e-17 * largest).collect();
        Self {
            grid,
            eigenvalues: kept.iter().map(|&a| eigen.eigenvalues[a] / largest).collect(),
            states: eigen.eigenvectors.select_columns(&kept),
        }
    }

    /// ⟨a|f(x)|b⟩.
    fn matrix(&self, f: impl Fn(f64) -> f64) -> DMatrix<f64> {
        let mut scaled = self.states.clone();
        for (mut row, &x) in scaled.row_iter_mut().zip(&self.grid.nodes) {
            row *= f(x);
        }
        self.states.tr_mul(&scaled)
    }

    /// ⟨f(φ_0) g(φ_r)⟩ on a ring of n; g = 1 if absent.
    fn correlator(&self, f: &DMatrix<f64>, g: Option<&DMatrix<f64>>, r: usize, n: usize) -> f64 {
        let power = |a: usize, k: usize| self.eigenvalues[a].powi(k as i32);
        let z: f64 = (0..self.eigenvalues.len()).map(|a| power(a, n)).sum();
        let mut sum = 0.0;
        for a in 0..f.nrows() {
            match g {
                None => sum += f[(a, a)] * power(a, n),
                Some(g) => {
                    sum += (0..f.nrows()).map(|b| f[(a, b)] * g[(b, a)] * power(b, r) * power(a, n - r)).sum::<f64>()
                }
            }
        }
        sum / z
    }

    /// The coefficients of h⁰ … h⁴ in Tr (T e^{hx})ⁿ.
    fn source_series(&self, n: usize) -> [f64; 5] {
        let diagonal = DMatrix::from_diagonal(&self.eigenvalues.clone().into());
        let mut factorial = 1.0;
        let step: [DMatrix<f64>; 5] = std::array::from_fn(|k| {
            factorial *= k.max(1) as f64;
            &diagonal * self.matrix(|x| x.powi(k as i32)) / factorial
        });
        let product = |a: &[DMatrix<f64>; 5], b: &[DMatrix<f64>; 5]| {
            std::array::from_fn(|k| (0..=k).map(|i| &a[i] * &b[k - i]).reduce(|s, m| s + m).expect("k + 1 terms"))
        };
        power(step, n, product).map(|m| m.trace())
    }

    /// Tr (T e^{itx})ⁿ; real, because T is even.
    fn characteristic(&self, t: f64, n: usize) -> f64 {
        let (cos, sin) = (self.matrix(|x| (t * x).cos()), self.matrix(|x| (t * x).sin()));
        let step = DMatrix::from_fn(cos.nrows(), cos.ncols(), |a, b| {
            Complex::new(cos[(a, b)], sin[(a, b)]) * self.eigenvalues[a]
        });
        power(step, n, |a, b| a * b).trace().re
    }
}

/// xⁿ by repeated squaring, n ≥ 1.
fn power<T: Clone>(x: T, n: usize, product: impl Fn(&T, &T) -> T) -> T {
    let mut result = x.clone();
    for bit in (0..n.ilog2()).rev() {
        result = product(&result, &result);
        if n >> bit & 1 == 1 {
            result = product(&result, &x);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::super::{energies, free, site};
    use super::*;
    use crate::estimate::Observable::*;
    use stoquant_model::IntegratorKind;
    use stoquant_model::Phi4;

    #[test]
    fn reference_values() {
        for (n, kappa, lambda, row) in [
            (8, 0.27, 0.022, [0.571739618333, 0.934332755477, 0.162395771050, 1.024994626689]),
            (16, 0.40, 0.1, [0.639157756450, 1.023914429429, 0.270136363808, 1.575267760062]),
        ] {
            let table = ring(n, &Phi4::kappa_form(kappa, lambda)).unwrap();
            for (o, exact) in [Phi2, Phi4, Nn, Chi].into_iter().zip(row) {
                let e = table[&o];
                assert!(e.error < 1e-10 * exact, "{o:?} {e:?}");
                // Twelve published decimals.
                assert!((e.value - exact).abs() < 6e-13 + e.error, "{o:?} {e:?} {exact}");
            }
        }
    }

    #[test]
    fn identities_hold_for_every_length_and_sign() {
        for c in [Phi4::kappa_form(0.27, 0.022), Phi4 { kappa: -0.3, b: -0.4, lambda: 0.2 }] {
            for n in [1, 2, 3, 5, 40] {
                let table = ring(n, &c).unwrap();
                for o in [SchwingerDyson, ConfigTemperature] {
                    // Exactly 1; the tolerance is that of the moments they combine.
                    assert!((table[&o].value - 1.0).abs() < 1e-11, "n = {n} {o:?} {:?}", table[&o]);
                }
            }
        }
    }

    #[test]
    fn one_site_is_its_own_neighbour() {
        let c = Phi4::kappa_form(0.2, 0.05);
        let (a, b) = (ring(1, &c).unwrap(), site(c.b - 2.0 * c.kappa, c.lambda).unwrap());
        for o in [Phi2, Phi4, AbsM, M2, M4, U4, Chi, ActionDensity] {
            assert!((a[&o].value - b[&o].value).abs() <= a[&o].error + b[&o].error, "{o:?} {:?} {:?}", a[&o], b[&o]);
        }
    }

    #[test]
    fn without_quartic_coupling_it_is_the_free_field() {
        for n in [1, 2, 3, 12, 300] {
            let c = Phi4 { kappa: 0.3, b: 0.9, lambda: 0.0 };
            let (a, b) = (ring(n, &c).unwrap(), free(&[n], &c, None, IntegratorKind::Mala, 1.0).unwrap());
            for (o, e) in &a {
                assert!((e.value - b[o].value).abs() <= e.error + b[o].error, "n = {n} {o:?} {e:?} {:?}", b[o]);
                assert!(e.error < 1e-9, "n = {n} {o:?} {e:?}");
            }
        }
    }

    #[test]
    fn a_long_ring_knows_the_gap_of_the_oscillator() {
        // Spacing a: S = Σ (φ' - φ)²/2a + a(φ²/2 + φ⁴) is e^{-aH}, H = p²/2 + x²/2 + x⁴, up to O(a²).
        let a = 0.02;
        let c = Phi4 { kappa: 0.5 / a, b: 1.0 / a + 0.5 * a, lambda: a };
        let half_width = range(lowest_mode(&[100], &c) / 2.0, c.lambda, 45.0);
        let mut e = Transfer::new(&c, &Rule::trapezoid(half_width, 200)).eigenvalues;
        e.sort_by(|x, y| y.total_cmp(x));
        let levels = energies(&[0.0, 0.0, 0.5, 0.0, 1.0], 2).unwrap();
        let gap = (e[0] / e[1]).ln() / a;
        // O(a²) with a coefficient of order the gap itself (1.93).
        assert!((gap - (levels[1].value - levels[0].value)).abs() < 10.0 * a * a, "{gap}");
    }
}
