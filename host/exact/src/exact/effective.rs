//! The law of Euler–Maruyama to first order in its step, on up to four sites.

use std::f64::consts::PI;
use stoquant_model::Phi4;

use crate::estimate::{Estimate, Observable, Observables};

use super::quadrature::{absolute_mean, range};
use super::slice::{forward_neighbours, site_rule};
use super::{Error, Values, converge, lowest_mode, validate};

/// Odd Fourier modes of the law of M that are summed.
const MODES: usize = 64;

/// Moments of Euler–Maruyama's stationary law at step `eps`: [`Observable::Phi2`], `Phi4`, `Nn`, `AbsM`, `M2`, `M4`,
/// `U4`, `Chi`.
///
/// φ' = φ - εS' + √(2ε) η samples S_eff = S + (ε/4) W + O(ε²), W = 2ΔS - |∇S|² (Batrouni et al., Phys. Rev. D 32, 2736,
/// 1985). S_eff is unbounded below, since |∇S|² ~ φ⁶, so the exponential is expanded:
/// `⟨O⟩_ε = ⟨O⟩ - (ε/4)(⟨OW⟩ - ⟨O⟩⟨W⟩)`. **The neglected term is O(ε²)**, the order already neglected in S_eff itself;
/// it is not part of the error, which bounds the quadrature alone (two resolutions). `eps = 0` gives e^{-S}. Lattices:
/// one site (`&[]`), and all of at most four sites.
///
/// Method: a Gauss rule for each site, as in [`super::lattice`], but summed directly over all configurations.
pub fn effective(extents: &[usize], c: &Phi4, eps: f64) -> Result<Observables, Error> {
    validate(extents, c)?;
    if !(eps.is_finite() && eps >= 0.0) {
        return Err(Error::Parameter { name: "eps", value: eps, expected: "finite and at least 0" });
    }
    let sites = extents.iter().fold(1usize, |v, &l| v.saturating_mul(l));
    let levels = match sites {
        1 | 2 => 12..=60,
        3 => 12..=40,
        4 => 12..=28,
        _ => return Err(Error::TooLarge { extents: extents.to_vec(), limit: "four sites by direct quadrature" }),
    };
    // A sum of up to 28⁴ positive terms.
    converge("effective action", levels.step_by(4), 1e-12, 1e-12, |points| Ok(at_resolution(extents, c, eps, points)))
}

fn at_resolution(extents: &[usize], c: &Phi4, eps: f64, points: usize) -> Values {
    let sites: usize = extents.iter().product();
    let rule = site_rule(extents, c, points);
    let forward = forward_neighbours(extents);
    let loops = extents.iter().filter(|&&l| l == 1).count() as f64;
    let (volume, dims) = (sites as f64, extents.len() as f64);
    let reach = range(volume * lowest_mode(extents, c) / 2.0, volume * c.lambda, 45.0);
    // No exponent exceeds zero: 2κφφ' ≤ |κ|(φ² + φ'²).
    let logs: Vec<f64> = rule.weights.iter().map(|w| w.ln()).collect();
    let top =
        (0..points).map(|i| logs[i] + 2.0 * c.kappa.abs() * dims * rule.nodes[i].powi(2)).fold(f64::MIN, f64::max);

    // 1, φ², φ⁴, φφ', M², M⁴, then cos(kπM/X) for odd k: averages over e^{-S}, alone and times W.
    let mut terms = [0.0; 6 + MODES];
    let (mut plain, mut weighted) = (terms, terms);
    // φ → -φ changes nothing: the last site takes its positive half only.
    for state in points.pow(sites as u32) / 2..points.pow(sites as u32) {
        let digit = |s: usize| state / points.pow(s as u32) % points;
        let phi: [f64; 4] = std::array::from_fn(|s| if s < sites { rule.nodes[digit(s)] } else { 0.0 });
        let mut gradient = phi.map(|x| x * (2.0 * c.b + 4.0 * c.lambda * x * x));
        let mut bonds = 0.0;
        for forward in &forward {
            for s in 0..sites {
                bonds += phi[s] * phi[forward[s]];
                gradient[s] -= 2.0 * c.kappa * phi[forward[s]];
                gradient[forward[s]] -= 2.0 * c.kappa * phi[s];
            }
        }
        let phi2: f64 = phi.iter().map(|x| x * x).sum();
        let laplacian = volume * (2.0 * c.b - 4.0 * c.kappa * loops) + 12.0 * c.lambda * phi2;
        let w = 2.0 * laplacian - gradient.iter().map(|g| g * g).sum::<f64>();
        let density = ((0..sites).map(|s| logs[digit(s)] - top).sum::<f64>() + 2.0 * c.kappa * bonds).exp();

        let m = phi.iter().sum::<f64>() / volume;
        terms[..6].copy_from_slice(&[
            1.0,
            phi2 / volume,
            phi.iter().map(|x| x.powi(4)).sum::<f64>() / volume,
            bonds,
            m * m,
            m.powi(4),
        ]);
        // cos(k + 2)θ = 2 cos 2θ cos kθ - cos(k - 2)θ, from k = ±1.
        let angle = PI * m / reach;
        let (mut before, mut cos, twice) = (angle.cos(), angle.cos(), 2.0 * (2.0 * angle).cos());
        for term in &mut terms[6..] {
            *term = cos;
            (before, cos) = (cos, twice * cos - before);
        }
        for (k, term) in terms.iter().enumerate() {
            plain[k] += density * term;
            weighted[k] += density * term * w;
        }
    }

    let z = plain[0];
    let shifted: Vec<f64> =
        (0..6 + MODES).map(|k| plain[k] / z - eps / 4.0 * (weighted[k] / z - plain[k] / z * weighted[0] / z)).collect();
    let odd = |t: f64| shifted.get(6 + (t * reach / PI / 2.0) as usize).copied().unwrap_or(f64::NAN);
    let abs_m = absolute_mean(reach, |t| t.map(odd));
    let (m2, m4) = (shifted[4], shifted[5]);
    let known = |o, value| (o, Estimate::new(value, 0.0));
    let mut values = Values::from([
        (Observable::AbsM, abs_m),
        known(Observable::Phi2, shifted[1]),
        known(Observable::Phi4, shifted[2]),
        known(Observable::M2, m2),
        known(Observable::M4, m4),
        known(Observable::U4, 1.0 - m4 / (3.0 * m2 * m2)),
        known(Observable::Chi, volume * m2),
    ]);
    if !extents.is_empty() {
        values.extend([known(Observable::Nn, shifted[3] / (volume * dims))]);
    }
    values
}

#[cfg(test)]
mod tests {
    use super::super::{free, lattice, mode_variance, modes, one_site, site};
    use super::*;
    use stoquant_model::IntegratorKind;

    #[test]
    fn at_zero_step_it_is_the_exact_law() {
        let c = Phi4::kappa_form(0.27, 0.022);
        for extents in [&[][..], &[1], &[3], &[2, 1], &[2, 2]] {
            let (a, b) = (effective(extents, &c, 0.0).unwrap(), lattice(extents, &c).unwrap());
            for (o, e) in &a {
                // Two different methods; each bounds its own error.
                assert!((e.value - b[o].value).abs() <= e.error + b[o].error, "{extents:?} {o:?} {e:?} {:?}", b[o]);
                assert!(e.error < 1e-9 * (1.0 + e.value.abs()), "{extents:?} {o:?} {e:?}");
            }
        }
    }

    #[test]
    fn slope_of_one_site() {
        let c = Phi4 { kappa: 0.0, b: 0.5, lambda: 0.25 };
        let slope = effective(&[], &c, 1.0).unwrap()[&Observable::Phi2].value
            - site(c.b, c.lambda).unwrap()[&Observable::Phi2].value;
        // Six published decimals.
        assert!((slope - 0.265152).abs() < 6e-7, "{slope}");
    }

    #[test]
    fn free_modes_shift_by_half_a_step() {
        // 1/(λ(1 - ελ/2)) = 1/λ + ε/2 + O(ε²) for every mode, hence ⟨φ²⟩ and V⟨M²⟩ rise by exactly ε/2 at first order.
        let (c, eps) = (Phi4 { kappa: 0.15, b: 1.1, lambda: 0.0 }, 0.1);
        let shifted = effective(&[2, 2], &c, eps).unwrap();
        let exact = free(&[2, 2], &c, None, IntegratorKind::Mala, 1.0).unwrap();
        for o in [Observable::Phi2, Observable::Chi] {
            assert!((shifted[&o].value - exact[&o].value - eps / 2.0).abs() < 1e-10, "{o:?} {:?}", shifted[&o]);
        }
        let stiff = modes(&[2, 2], &c).unwrap()[3];
        let second_order = mode_variance(stiff, eps, IntegratorKind::Euler).unwrap() - 1.0 / stiff - eps / 2.0;
        assert!(second_order > 0.0 && second_order < eps * eps * stiff);
    }

    #[test]
    fn it_is_the_slope_of_the_finite_step_law() {
        let c = Phi4 { kappa: 0.0, b: -0.5, lambda: 0.4 / 24.0 };
        let potential = super::super::SitePotential { b: c.b, lambda: c.lambda };
        let gap = |eps: f64, o| {
            one_site(&potential, eps, IntegratorKind::Euler, 1.0).unwrap()[&o].value
                - effective(&[], &c, eps).unwrap()[&o].value
        };
        for o in [Observable::Phi2, Observable::Phi4, Observable::AbsM] {
            // What is neglected is O(ε²): halving ε divides it by 4, up to O(ε).
            let ratio = gap(0.02, o) / gap(0.01, o);
            assert!((ratio - 4.0).abs() < 0.2, "{o:?} {ratio}");
        }
    }

    #[test]
    fn more_than_four_sites_is_an_error() {
        let c = Phi4::kappa_form(0.27, 0.022);
        assert!(effective(&[2, 3], &c, 0.1).unwrap_err().to_string().contains("four sites"));
        assert!(effective(&[2, 2], &c, -0.1).is_err());
    }

    /// Each bad number alone is refused.
    #[test]
    fn bad_numbers_are_refused_one_by_one() {
        let (c, gaussian) = (Phi4::kappa_form(0.2, 0.1), Phi4 { kappa: 0.1, b: 1.0, lambda: 0.0 });
        for bad in [-1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(effective(&[2], &c, bad).is_err(), "{bad}");
            for noise in [bad, 0.0] {
                assert!(free(&[2], &gaussian, Some(0.1), IntegratorKind::Euler, noise).is_err(), "{noise}");
                assert!(free(&[2], &gaussian, Some(noise), IntegratorKind::Euler, 1.0).is_err(), "{noise}");
            }
        }
        assert!(effective(&[2], &c, 0.1).is_ok());
    }
}
