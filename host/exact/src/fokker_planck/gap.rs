//! How fast e^{-S} is reached: the spectrum of the Fokker–Planck operator.
//!
//! P = e^{-S/2}ψ turns ∂P/∂τ = ∂(∂ + S')P into -∂ψ/∂τ = Hψ, H = -∂² + S'²/4 - S''/2 = (-∂ + S'/2)(∂ + S'/2) ≥ 0, with
//! ground state e^{-S/2} at zero (Risken, §5.4). Its excited levels are the rates of relaxation, odd and even in turn.

use crate::estimate::Estimate;
use crate::exact::{self, SitePotential, energies};

use super::{Generator, Implicit};

/// The `count` lowest eigenvalues of H: 0, the gap, …
///
/// H/2 = p²/2 + V with V = ½(S'²/4 - S''/2), a polynomial of degree six: [`energies`] solves it, in another basis
/// than any grid here.
pub fn levels(potential: &SitePotential, count: usize) -> Result<Vec<Estimate>, exact::Error> {
    let SitePotential { b, lambda } = *potential;
    let v = [-0.5 * b, 0.0, 0.5 * (b * b - 6.0 * lambda), 0.0, 2.0 * b * lambda, 0.0, 2.0 * lambda * lambda];
    Ok(energies(&v, count)?.into_iter().map(|e| Estimate::new(2.0 * e.value, 2.0 * e.error)).collect())
}

/// Symmetry of a perturbation of e^{-S}.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parity {
    /// x e^{-S}: decays to the first level.
    Odd,
    /// (x² - ⟨x²⟩)e^{-S}: decays to the second.
    Even,
}

/// The rate at which a perturbation of e^{-S} decays in the end, by evolution over `steps` steps of `dt`.
///
/// The distance is the one in which the operator is symmetric, ⟨p, q⟩ = Σ pq/e^{-S}. An implicit step divides a mode by
/// 1 + λdt, exactly, so λ = (⟨p, p⟩/⟨p, p'⟩ - 1)/dt has no error in dt. Faster modes enter with the square of their
/// amplitudes.
pub fn decay_rate(generator: &Generator, parity: Parity, dt: f64, steps: usize) -> f64 {
    let law = generator.stationary();
    let grid = generator.grid;
    let mean: f64 = law.iter().enumerate().map(|(i, p)| p * grid.centre(i).powi(2)).sum();
    let shape = |x: f64| match parity {
        Parity::Odd => x,
        Parity::Even => x * x - mean,
    };
    let mut p: Vec<f64> = law.iter().enumerate().map(|(i, p)| p * shape(grid.centre(i))).collect();
    let step = Implicit::new(generator, dt);
    for _ in 1..steps {
        step.advance(&mut p, 1);
        // What rounding puts into the other parity, or into e^{-S}, would decay more slowly: it is taken out again.
        let sign = if parity == Parity::Odd { -1.0 } else { 1.0 };
        p = p.iter().zip(p.iter().rev()).map(|(p, mirrored)| 0.5 * (p + sign * mirrored)).collect();
        let gained: f64 = p.iter().sum();
        p.iter_mut().zip(&law).for_each(|(p, law)| *p -= gained * law);
    }
    let mut next = p.clone();
    step.advance(&mut next, 1);
    let product = |q: &[f64]| (0..grid.cells).map(|i| p[i] * (q[i] / law[i])).sum::<f64>();
    (product(&p) / product(&next) - 1.0) / dt
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S = b x²: the levels of the Ornstein–Uhlenbeck process, 2bn.
    #[test]
    fn free_levels_are_equidistant() {
        for b in [0.5, 2.0] {
            for (n, e) in levels(&SitePotential { b, lambda: 0.0 }, 4).unwrap().iter().enumerate() {
                assert!((e.value - 2.0 * b * n as f64).abs() < e.error, "{n}: {e:?}");
            }
        }
    }

    /// A high barrier: the gap is Kramers' rate over both barriers, 2·√(S''(min)|S''(0)|)/2π·e^{-ΔS} (Risken, §5.10),
    /// up to O(1/ΔS).
    #[test]
    fn a_double_well_tunnels_at_kramers_rate() {
        let mut errors = Vec::new();
        for lambda in [1.0 / 32.0, 1.0 / 64.0] {
            // ΔS = 1/(4λ)
            let s = SitePotential { b: -1.0, lambda };
            let kramers = (4.0_f64 * 2.0).sqrt() / std::f64::consts::PI * (s.minimum()).exp();
            let gap = levels(&s, 2).unwrap()[1].value;
            errors.push((gap / kramers - 1.0).abs() * 0.25 / lambda);
        }
        // The relative error times ΔS tends to a constant of order one (3/8 + …).
        assert!(
            errors.iter().all(|e| (0.3..1.5).contains(e)) && (errors[0] / errors[1] - 1.0).abs() < 0.2,
            "{errors:?}"
        );
    }
}
