//! Energy levels of H = p²/2 + V(x): the continuum limit of the one-dimensional lattice.

use std::f64::consts::PI;

use nalgebra::{DMatrix, SymmetricEigen};

use crate::estimate::Estimate;

use super::{Error, finite};

/// The `count` lowest eigenvalues of H = p²/2 + Σ_k `potential[k]` x^k.
///
/// Sinc discrete-variable representation on n equidistant points of spacing h (Colbert & Miller, J. Chem. Phys. 96,
/// 1982, 1992, infinite interval, ħ = m = 1): H_ii = π²/6h² + V(x_i), H_ij = (-1)^{i-j}/(h²(i-j)²). The interval ends
/// where every wave function is below e^{-40} by WKB; the error falls exponentially in n and is bounded by comparing
/// two n. Absolute error below 1e-11 for potentials of order one.
pub fn energies(potential: &[f64], count: usize) -> Result<Vec<Estimate>, Error> {
    for &v in potential {
        finite("potential coefficient", v)?;
    }
    let degree = potential.iter().rposition(|&v| v != 0.0).unwrap_or(0);
    let confining = degree >= 2 && degree.is_multiple_of(2) && potential[degree] > 0.0;
    if !confining {
        let value = potential.get(degree).copied().unwrap_or(0.0);
        return Err(Error::Parameter {
            name: "leading coefficient of the potential",
            value,
            expected: "positive, of an even power",
        });
    }
    if count == 0 || count > 200 {
        return Err(Error::Parameter { name: "count", value: count as f64, expected: "between 1 and 200" });
    }
    let potential = &potential[..=degree];

    // The interval needs the highest energy, which needs an interval: iterate from above until the energy no longer
    // rises.
    let mut top = minimum(potential) + 1.0;
    let first = (4 * count).max(48);
    loop {
        let (left, right) = interval(potential, top);
        let energy = solve(potential, left, right, first)[count - 1];
        if energy <= top {
            break;
        }
        top = energy;
    }
    let (left, right) = interval(potential, top);
    let mut last = solve(potential, left, right, first);
    let mut points = first;
    while points < 1200 {
        points = points * 4 / 3;
        let next = solve(potential, left, right, points);
        let h = (right - left) / points as f64;
        // Rounding of the diagonalisation: 1e-16 of the norm of H, which the kinetic energy π²/2h² dominates.
        let rounding = 1e-15 * (PI * PI / (2.0 * h * h) + top.abs());
        let error = (0..count).map(|i| (next[i] - last[i]).abs()).fold(0.0, f64::max);
        if error < rounding.max(1e-13) {
            return Ok((0..count).map(|i| Estimate::new(next[i], (next[i] - last[i]).abs() + rounding)).collect());
        }
        last = next;
    }
    Err(Error::NotConverged { what: "oscillator levels", error: f64::NAN, tolerance: 1e-13 })
}

fn value(potential: &[f64], x: f64) -> f64 {
    potential.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

/// 20 001 points of an interval that contains every x with V(x) ≤ `level` (Fujiwara's bound on the roots).
fn scan(potential: &[f64], level: f64) -> impl DoubleEndedIterator<Item = f64> {
    let degree = potential.len() - 1;
    let coefficient = |k: usize| if k == 0 { potential[0] - level } else { potential[k] };
    let bound = (0..degree)
        .map(|k| (coefficient(k) / potential[degree]).abs().powf(1.0 / (degree - k) as f64))
        .fold(0.0, f64::max);
    (-10_000..=10_000).map(move |i| 2.0 * bound * f64::from(i) / 10_000.0)
}

fn minimum(potential: &[f64]) -> f64 {
    scan(potential, potential[0]).map(|x| value(potential, x)).fold(potential[0], f64::min)
}

/// From the outermost turning points outwards until ∫ √(2(V - E)) dx reaches 40.
fn interval(potential: &[f64], energy: f64) -> (f64, f64) {
    let allowed = |x: &f64| value(potential, *x) <= energy;
    let left = scan(potential, energy).find(allowed).unwrap_or(0.0);
    let right = scan(potential, energy).rev().find(allowed).unwrap_or(0.0);
    let step = 0.01 * (right - left).max(1e-3);
    let decay = |mut x: f64, step: f64| {
        let mut exponent = 0.0;
        while exponent < 40.0 {
            x += step;
            exponent += step.abs() * (2.0 * (value(potential, x) - energy).max(0.0)).sqrt();
        }
        x
    };
    (decay(left, -step), decay(right, step))
}

/// The ascending spectrum on `points` points.
fn solve(potential: &[f64], left: f64, right: f64, points: usize) -> Vec<f64> {
    let h = (right - left) / points as f64;
    let hamiltonian = DMatrix::from_fn(points, points, |i, j| {
        if i == j {
            PI * PI / (6.0 * h * h) + value(potential, left + (i as f64 + 0.5) * h)
        } else {
            let distance = i.abs_diff(j);
            let sign = if distance % 2 == 0 { 1.0 } else { -1.0 };
            sign / (h * distance as f64).powi(2)
        }
    });
    let mut levels: Vec<f64> = SymmetricEigen::new(hamiltonian).eigenvalues.iter().copied().collect();
    levels.sort_by(f64::total_cmp);
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_values() {
        for (potential, exact) in [
            ([0.0, 0.0, 0.0, 0.0, 0.5], 0.530181045242),
            ([0.0, 0.0, 0.5, 0.0, 1.0], 0.803770651234),
            ([0.0, 0.0, 0.5, 0.0, 0.1], 0.559146327184),
        ] {
            let e = energies(&potential, 1).unwrap()[0];
            // Twelve published decimals.
            assert!((e.value - exact).abs() < 6e-13 + e.error && e.error < 1e-11, "{e:?} {exact}");
        }
    }

    #[test]
    fn a_shifted_harmonic_oscillator() {
        // ½ω²(x - 3)² + 2, ω = 1.5: E_n = 2 + ω(n + ½).
        let w2 = 2.25;
        let levels = energies(&[2.0 + 4.5 * w2, -3.0 * w2, w2 / 2.0], 12).unwrap();
        for (n, e) in levels.iter().enumerate() {
            let exact = 2.0 + 1.5 * (n as f64 + 0.5);
            assert!((e.value - exact).abs() < e.error && e.error < 1e-11, "{n}: {e:?}");
        }
    }

    #[test]
    fn a_double_well_splits_into_close_pairs() {
        // x⁴ - 12x² + 36: two wells of frequency √48 at ±√6, levels in pairs split by e^{-∫p}: far below the spacing.
        let e = energies(&[36.0, 0.0, -12.0, 0.0, 1.0], 4).unwrap();
        let split = e[1].value - e[0].value;
        assert!(split > 0.0 && split < 1e-3 && e[2].value - e[1].value > 5.0, "{e:?}");
    }

    #[test]
    fn bad_potentials_are_named() {
        for bad in [&[][..], &[1.0], &[0.0, 1.0], &[0.0, 0.0, -1.0], &[0.0, 0.0, 1.0, 1.0]] {
            assert!(energies(bad, 1).unwrap_err().to_string().starts_with("leading coefficient"), "{bad:?}");
        }
        assert!(energies(&[0.0, 0.0, 1.0], 0).is_err());
        assert!(energies(&[f64::NAN, 0.0, 1.0], 1).is_err());
    }
}
