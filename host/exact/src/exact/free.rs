//! The free field (λ = 0): every mode is Gaussian, at any lattice size and at finite step.

use std::f64::consts::PI;
use stoquant_model::{IntegratorKind, Phi4};

use crate::estimate::{Estimate, Observable, Observables};

use super::{Error, positive, validate};

/// Checks the step of an integrator, R standard normal: ε > 0 unless e^{-S} is stationary at every step (MALA), where
/// the noise must have unit variance.
///
/// | | update |
/// |---|---|
/// | Euler | φ' = φ + εK(φ) + √(2ε) R |
/// | Heun | φ* = φ + εK(φ) + √(2ε) R, φ' = φ + ½ε(K(φ) + K(φ*)) + √(2ε) R |
/// | Leimkuhler–Matthews | φ' = φ + εK(φ) + √(ε/2) (R_n + R_{n+1}); exact on a free field (arXiv:1203.5428) |
/// | MALA | Euler's proposal, accepted or rejected so that e^{-S} is stationary |
pub(super) fn validate_step(law: IntegratorKind, eps: Option<f64>, noise_variance: f64) -> Result<(), Error> {
    positive("noise_variance", noise_variance)?;
    if law.unbiased() {
        if noise_variance != 1.0 {
            let expected = "1 for a law that targets e^-S";
            return Err(Error::Parameter { name: "noise_variance", value: noise_variance, expected });
        }
        return Ok(());
    }
    match eps {
        Some(eps) => positive("eps", eps),
        None => Err(Error::Parameter { name: "eps", value: f64::NAN, expected: "given for a law at finite step" }),
    }
}

/// λ_k = 2b - 4κ Σ_μ cos(2πk_μ/L_μ) for every k, row-major (last extent fastest): S = ½ Σ_k λ_k |φ_k|², φ_k = V^{-½}
/// Σ_x e^{-ikx} φ_x.
pub fn modes(extents: &[usize], c: &Phi4) -> Result<Vec<f64>, Error> {
    check(extents, c)?;
    Ok(spectrum(extents, c).into_iter().map(|(lambda, _)| lambda).collect())
}

/// ⟨|φ_k|²⟩ of a mode of stiffness λ_k under unit noise.
///
/// With y = ελ: Euler (1/λ)/(1 - y/2); Heun (1/λ)(1 - y/2)/(1 - y/2 + y²/4); otherwise 1/λ. From the linear recursion
/// φ' = aφ + noise, Var = Var(noise)/(1 - a²): Euler a = 1 - y, noise √(2ε) R; Heun a = 1 - y + y²/2, noise √(2ε)(1 -
/// y/2) R, where 1 - a² = 2y(1 - y/2)(1 - y/2 + y²/4). Leimkuhler–Matthews: a = 1 - y, and ⟨φ_n R_n⟩ = √(ε/2) adds the
/// missing aε.
/// |a| < 1 is ελ < 2 in all three cases.
pub fn mode_variance(lambda_k: f64, eps: f64, law: IntegratorKind) -> Result<f64, Error> {
    positive("lambda_k", lambda_k)?;
    validate_step(law, Some(eps), 1.0)?;
    stable(lambda_k, eps, law)?;
    Ok(variance(lambda_k, eps, law))
}

fn stable(lambda_k: f64, eps: f64, law: IntegratorKind) -> Result<(), Error> {
    let limit = 2.0 / lambda_k;
    if law.unbiased() || eps < limit { Ok(()) } else { Err(Error::Unstable { law, eps, limit }) }
}

fn variance(lambda_k: f64, eps: f64, law: IntegratorKind) -> f64 {
    let half = eps * lambda_k / 2.0;
    match law {
        IntegratorKind::Euler => 1.0 / (lambda_k * (1.0 - half)),
        IntegratorKind::Heun => (1.0 - half) / (lambda_k * (1.0 - half + half * half)),
        IntegratorKind::LeimkuhlerMatthews | IntegratorKind::Mala => 1.0 / lambda_k,
    }
}

/// Every observable of a free field on a periodic lattice of 0 to 4 dimensions, after infinitely many steps of `law`.
///
/// `eps` may be `None` for an unbiased law. `noise_variance` multiplies every variance (a discrete noise has one that
/// is not quite 1); the noise is taken as Gaussian, hence ⟨φ⁴⟩ = 3⟨φ²⟩², U₄ = 0, ⟨|M|⟩ = √(2⟨M²⟩/π). Sums over modes;
/// the error bound is the rounding of λ_k, which matters only near a massless point.
pub fn free(
    extents: &[usize],
    c: &Phi4,
    eps: Option<f64>,
    law: IntegratorKind,
    noise_variance: f64,
) -> Result<Observables, Error> {
    let modes = occupied(extents, c, eps, law, noise_variance)?;
    let (volume, dims) = (modes.len() as f64, extents.len());
    // Σ_k weight(λ_k) v_k with its bound.
    let sum = |weight: &dyn Fn(&Mode) -> f64| {
        modes.iter().fold(Estimate::new(0.0, 0.0), |s, m| {
            Estimate::new(s.value + weight(m) * m.variance.value, s.error + weight(m).abs() * m.variance.error)
        })
    };
    let scaled = |e: Estimate, f: f64| Estimate::new(e.value * f, e.error * f.abs());
    let phi2 = scaled(sum(&|_| 1.0), 1.0 / volume);
    let chi = modes[0].variance; // k = 0 comes first
    let m2 = scaled(chi, 1.0 / volume);
    let square = |e: Estimate| Estimate::new(3.0 * e.value * e.value, 6.0 * e.value * e.error);
    let abs_m = (2.0 * m2.value / PI).sqrt();
    let laplacian: f64 = modes.iter().map(|m| m.lambda).sum();
    let mut table = Observables::from([
        (Observable::Phi2, phi2),
        (Observable::Phi4, square(phi2)),
        (Observable::AbsM, Estimate::new(abs_m, 0.5 * abs_m * m2.error / m2.value)),
        (Observable::M2, m2),
        (Observable::M4, square(m2)),
        (Observable::U4, Estimate::new(0.0, 0.0)),
        (Observable::Chi, chi),
        (Observable::ActionDensity, scaled(sum(&|m| m.lambda), 0.5 / volume)),
        (Observable::SchwingerDyson, scaled(sum(&|m| m.lambda), 1.0 / volume)),
        (Observable::ConfigTemperature, scaled(sum(&|m| m.lambda * m.lambda), 1.0 / laplacian)),
    ]);
    if dims > 0 {
        table.insert(Observable::Nn, scaled(sum(&|m| m.cosines), 1.0 / (volume * dims as f64)));
    }
    Ok(table)
}

/// C(t) = ⟨s(0) s(t)⟩, t = 0 … L₀ - 1, of the slice averages s(t) = (V/L₀)⁻¹ Σ φ over the sites with x₀ = t:
/// C(t) = (1/V) Σ_{k₀} v(k₀, 0, …) cos(2πk₀t/L₀), so that Σ_t C(t) = L₀⟨M²⟩.
pub fn slice_correlator(
    extents: &[usize],
    c: &Phi4,
    eps: Option<f64>,
    law: IntegratorKind,
    noise_variance: f64,
) -> Result<Vec<Estimate>, Error> {
    let modes = occupied(extents, c, eps, law, noise_variance)?;
    let time = extents.first().copied().unwrap_or(1);
    let stride = modes.len() / time;
    let at = |t: usize| {
        let term = |k: usize| (2.0 * PI * (k * t % time) as f64 / time as f64).cos() * modes[k * stride].variance.value;
        let value = (0..time).map(term).sum::<f64>() / modes.len() as f64;
        let error = (0..time).map(|k| modes[k * stride].variance.error).sum::<f64>() / modes.len() as f64;
        Estimate::new(value, error)
    };
    Ok((0..time).map(at).collect())
}

struct Mode {
    lambda: f64,
    cosines: f64,
    variance: Estimate,
}

fn occupied(
    extents: &[usize],
    c: &Phi4,
    eps: Option<f64>,
    law: IntegratorKind,
    noise_variance: f64,
) -> Result<Vec<Mode>, Error> {
    check(extents, c)?;
    validate_step(law, eps, noise_variance)?;
    let eps = eps.unwrap_or(0.0);
    let spectrum = spectrum(extents, c);
    let stiffest = spectrum.iter().map(|m| m.0).fold(0.0, f64::max);
    stable(stiffest, eps, law)?;
    // λ_k is a sum of d + 1 terms, each rounded.
    let rounding = 4.0 * f64::EPSILON * (2.0 * c.b.abs() + 4.0 * c.kappa.abs() * extents.len() as f64);
    let occupy = |(lambda, cosines): (f64, f64)| {
        let value = noise_variance * variance(lambda, eps, law);
        let shifted = noise_variance * variance(lambda + rounding, eps, law);
        Mode { lambda, cosines, variance: Estimate::new(value, (shifted - value).abs() + 8.0 * f64::EPSILON * value) }
    };
    Ok(spectrum.into_iter().map(occupy).collect())
}

fn check(extents: &[usize], c: &Phi4) -> Result<(), Error> {
    if c.lambda != 0.0 {
        return Err(Error::Parameter { name: "lambda", value: c.lambda, expected: "0 for the free field" });
    }
    validate(extents, c)?;
    let sites = extents.iter().try_fold(1usize, |v, &l| v.checked_mul(l));
    if sites.is_none_or(|v| v > 1 << 26) {
        return Err(Error::TooLarge { extents: extents.to_vec(), limit: "at most 2^26 modes" });
    }
    Ok(())
}

/// (λ_k, Σ_μ cos k_μ) for every k, row-major.
fn spectrum(extents: &[usize], c: &Phi4) -> Vec<(f64, f64)> {
    let mut cosines = vec![0.0];
    for &l in extents {
        let axis: Vec<f64> = (0..l).map(|k| (2.0 * PI * k as f64 / l as f64).cos()).collect();
        cosines = cosines.iter().flat_map(|s| axis.iter().map(move |cos| s + cos)).collect();
    }
    cosines.into_iter().map(|s| (2.0 * c.b - 4.0 * c.kappa * s, s)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const C: Phi4 = Phi4 { kappa: 0.2, b: 0.95, lambda: 0.0 };

    /// The variance of a linear recursion (φ, R) by brute iteration of its covariance: independent of the closed forms.
    fn iterated(lambda: f64, eps: f64, law: IntegratorKind) -> f64 {
        let y = eps * lambda;
        let (mut v, mut cov) = (0.0, 0.0); // Var φ_n and ⟨φ_n R_n⟩
        for _ in 0..100_000 {
            (v, cov) = match law {
                IntegratorKind::Euler => ((1.0 - y).powi(2) * v + 2.0 * eps, 0.0),
                IntegratorKind::Heun => {
                    let predictor = 1.0 - y; // φ* = (1 - y)φ + √(2ε) R
                    let a = 1.0 - y / 2.0 - y / 2.0 * predictor;
                    let noise = 1.0 - y / 2.0;
                    (a * a * v + 2.0 * eps * noise * noise, 0.0)
                }
                _ => {
                    let (a, s) = (1.0 - y, (eps / 2.0).sqrt());
                    (a * a * v + 2.0 * s * s + 2.0 * a * s * cov, s)
                }
            };
        }
        v
    }

    #[test]
    fn closed_forms_are_the_fixed_points_of_the_recursions() {
        for law in [IntegratorKind::Euler, IntegratorKind::Heun, IntegratorKind::LeimkuhlerMatthews] {
            for (lambda, eps) in [(1.0, 0.1), (3.0, 0.3), (0.5, 3.0), (2.0, 0.001)] {
                let (exact, found) = (mode_variance(lambda, eps, law).unwrap(), iterated(lambda, eps, law));
                // 100 000 contractions, each rounded once: √1e5 · 1e-16.
                assert!((found / exact - 1.0).abs() < 1e-12, "{law} {lambda} {eps}: {found} {exact}");
            }
        }
    }

    #[test]
    fn instability_is_an_error() {
        for law in [IntegratorKind::Euler, IntegratorKind::Heun, IntegratorKind::LeimkuhlerMatthews] {
            assert_eq!(mode_variance(4.0, 0.5, law), Err(Error::Unstable { law, eps: 0.5, limit: 0.5 }));
        }
        assert_eq!(mode_variance(4.0, 0.5, IntegratorKind::Mala), Ok(0.25));
        let massless = Phi4 { kappa: 0.25, b: 1.0, lambda: 0.0 };
        assert!(matches!(free(&[8, 8], &massless, None, IntegratorKind::Mala, 1.0), Err(Error::Unbounded { .. })));
        assert!(free(&[8, 8], &C, None, IntegratorKind::Euler, 1.0).unwrap_err().to_string().starts_with("eps"));
        assert!(
            free(&[4], &Phi4 { lambda: 0.1, ..C }, None, IntegratorKind::Mala, 1.0)
                .unwrap_err()
                .to_string()
                .starts_with("lambda")
        );
    }

    #[test]
    fn every_dimension_obeys_the_identities() {
        for extents in [&[][..], &[1], &[7], &[2, 3], &[4, 4, 4], &[2, 1, 3, 4]] {
            let c = Phi4 { b: 0.1 + 0.4 * extents.len() as f64, ..C };
            let table = free(extents, &c, None, IntegratorKind::Mala, 1.0).unwrap();
            for o in [Observable::SchwingerDyson, Observable::ConfigTemperature] {
                assert!((table[&o].value - 1.0).abs() <= table[&o].error, "{extents:?} {o:?} {:?}", table[&o]);
            }
            // S counted in position space.
            let nn = table.get(&Observable::Nn).map_or(0.0, |e| e.value);
            let action = c.b * table[&Observable::Phi2].value - 2.0 * c.kappa * extents.len() as f64 * nn;
            assert!(
                (table[&Observable::ActionDensity].value - action).abs() < 1e-14 * (1.0 + action.abs()),
                "{extents:?}"
            );
        }
    }

    #[test]
    fn noise_variance_is_the_temperature_of_a_linear_law() {
        for law in [IntegratorKind::Euler, IntegratorKind::Heun, IntegratorKind::LeimkuhlerMatthews] {
            let [unit, warm] =
                [1.0, 1.01].map(|v| free(&[6, 6], &C, Some(0.05), law, v).unwrap()[&Observable::Phi2].value);
            assert!((warm / unit - 1.01).abs() < 1e-14);
        }
        assert!(free(&[6], &C, Some(0.05), IntegratorKind::Mala, 1.01).is_err());
    }

    #[test]
    fn slices_sum_to_the_magnetisation() {
        let extents = [8, 3];
        let table = free(&extents, &C, Some(0.1), IntegratorKind::Euler, 1.0).unwrap();
        let slices = slice_correlator(&extents, &C, Some(0.1), IntegratorKind::Euler, 1.0).unwrap();
        let mean = slices.iter().map(|e| e.value).sum::<f64>() / 8.0;
        assert!((mean / table[&Observable::M2].value - 1.0).abs() < 1e-14);
        assert!((1..8).all(|t| (slices[t].value - slices[8 - t].value).abs() < 1e-15));
    }

    #[test]
    fn modes_are_the_spectrum() {
        let found = modes(&[2, 2], &C).unwrap();
        let exact = [0.3, 1.9, 1.9, 3.5];
        assert!(found.iter().zip(exact).all(|(a, b)| (a - b).abs() < 1e-15), "{found:?}");
    }
}
