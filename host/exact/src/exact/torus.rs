//! Small periodic lattices in one to four dimensions, by a slice-to-slice transfer operator.
//!
//! # Method
//! Each site is integrated by an m-point Gauss rule for the weight `e^{-b_w x² - λx⁴}`, b_w between the bare b and the
//! b - 2dκ that bounds the action; what remains, `e^{2κφφ'}` and a Gaussian, is entire, so the error falls faster than
//! exponentially in m. A slice of s sites (all extents but the largest) has m^s states; the transfer operator T = √A (t
//! ⊗ … ⊗ t) √A, t(x, y) = e^{2κxy}, is applied site by site: s m^{s+1} products instead of m^{2s}. Traces need the
//! columns T^r e_i for one i per orbit of the slice's symmetries (translations, reflections, exchange of equal axes, φ
//! → -φ).
//!
//! Observables of one or two slices follow from (T^L)_ii and (T^r)_ij (T^{L-r})_ji. M follows from Tr T(h)^L =
//! Z⟨e^{hM}⟩ with T(h)_ij = e^{h(R_i + R_j)/2V} T_ij, R the sum of a slice: its power series in h to fourth order gives
//! ⟨M²⟩ and ⟨M⁴⟩, its values at imaginary h the characteristic function and ⟨|M|⟩.

use crate::estimate::Observables;
use stoquant_model::Phi4;

use super::slice::{MOST, Slice};
use super::{Error, converge, site, validate};

/// Products that one resolution may cost: some 10 s on one core.
const BUDGET: f64 = 6e10;

/// Every observable of a periodic l0 × l1 lattice. Extents of 1 and 2 follow the conventions of [`Phi4`].
///
/// Relative error, bounded by two resolutions: below 1e-11 for 2×L and 3×3; 4×4 within 5e-5 by the bound and 1e-6 in
/// fact (κ = 0.27, λ = 0.022). The module's documentation gives the method.
pub fn torus(l0: usize, l1: usize, c: &Phi4) -> Result<Observables, Error> {
    lattice(&[l0, l1], c)
}

/// [`torus`] in any number of dimensions from 0 to 4, as long as all extents but the largest make a slice of a few
/// sites.
pub fn lattice(extents: &[usize], c: &Phi4) -> Result<Observables, Error> {
    validate(extents, c)?;
    let mut sorted = extents.to_vec();
    sorted.sort_unstable();
    let Some((&length, slice)) = sorted.split_last() else { return site(c.b, c.lambda) };
    let levels: Vec<usize> = (6..=MOST).step_by(2).take_while(|&m| cost(slice, length, m) < BUDGET).collect();
    if levels.len() < 2 {
        return Err(Error::TooLarge { extents: extents.to_vec(), limit: "4×L, or slices of four sites" });
    }
    converge("torus", levels, 1e-11, 1e-13, |m| Ok(Slice::new(slice, length, c, m).values(c)))
}

/// Products at m points per site: m^s/(4s) orbits (at least), some forty columns, s m^{s+1} products each, L/2 times.
fn cost(slice: &[usize], length: usize, m: usize) -> f64 {
    let sites: f64 = slice.iter().map(|&l| l as f64).product();
    let m = m as f64;
    m.powf(2.0 * sites + 1.0) / 4.0 * 40.0 * (length as f64 / 2.0)
}

#[cfg(test)]
mod tests {
    use super::super::{free, ring};
    use super::*;
    use crate::estimate::Observable::*;
    use stoquant_model::IntegratorKind;
    use stoquant_model::Phi4;

    /// Half of the last of the twelve published decimals.
    const DECIMALS: f64 = 6e-13;

    #[test]
    fn two_by_two_reference_values() {
        for (kappa, row) in [
            (0.27, [2.230829025997, 9.909489288910, 1.915453775524, 1.969762579467, 7.061397131849, 0.393345229970]),
            (
                0.27088,
                [2.275286332817, 10.222332619249, 1.961160264158, 2.015262699672, 7.325701239213, 0.398736812256],
            ),
        ] {
            let table = torus(2, 2, &Phi4::kappa_form(kappa, 0.022)).unwrap();
            for (o, exact) in [Phi2, Phi4, Nn, M2, M4, U4].into_iter().zip(row) {
                let e = table[&o];
                assert!(e.error < 1e-10 * exact && (e.value - exact).abs() < DECIMALS + e.error, "{o:?} {e:?} {exact}");
            }
        }
    }

    #[test]
    fn three_by_three_reference_values() {
        let table = torus(3, 3, &Phi4::kappa_form(0.27088, 0.022)).unwrap();
        for (o, exact) in
            [Phi2, Phi4, Nn, M2, M4, U4].into_iter().zip([1.968614, 7.807340, 1.592511, 1.595544, 4.328470, 0.433245])
        {
            // Six published decimals.
            assert!(
                table[&o].error < 1e-10 * exact && (table[&o].value - exact).abs() < 6e-7,
                "{o:?} {:?} {exact}",
                table[&o]
            );
        }
    }

    #[test]
    fn four_by_four_reference_values() {
        let table = torus(4, 4, &Phi4::kappa_form(0.27088, 0.022)).unwrap();
        for (o, exact) in [Phi2, Phi4, Nn, M2, M4, U4].into_iter().zip([1.8288, 6.850, 1.4303, 1.3794, 3.0842, 0.4597])
        {
            // The published numbers claim 2e-4.
            assert!(
                table[&o].error < 1e-4 * exact && (table[&o].value / exact - 1.0).abs() < 2e-4,
                "{o:?} {:?} {exact}",
                table[&o]
            );
        }
        for o in [SchwingerDyson, ConfigTemperature] {
            assert!((table[&o].value - 1.0).abs() < table[&o].error, "{o:?} {:?}", table[&o]);
        }
    }

    #[test]
    fn identities_hold_on_every_shape() {
        for c in [
            Phi4::kappa_form(0.27, 0.022),
            Phi4 { kappa: -0.3, b: 0.5, lambda: 0.1 },
            Phi4 { kappa: 0.5, b: -1.0, lambda: 0.25 },
        ] {
            for extents in [&[1, 1][..], &[1, 4], &[2, 1], &[2, 3], &[5, 2], &[2, 2, 1]] {
                let table = lattice(extents, &c).unwrap();
                for o in [SchwingerDyson, ConfigTemperature] {
                    assert!((table[&o].value - 1.0).abs() < 1e-10, "{extents:?} {o:?} {:?}", table[&o]);
                }
                assert!(table[&M4].error < 1e-9 * table[&M4].value, "{extents:?} {:?}", table[&M4]);
            }
        }
    }

    #[test]
    fn without_quartic_coupling_it_is_the_free_field() {
        for extents in [&[2, 2][..], &[3, 3], &[2, 5], &[1, 3], &[2, 2, 2], &[2, 1, 2, 2]] {
            let c = Phi4 { kappa: 0.15, b: 0.2 + 0.45 * extents.len() as f64, lambda: 0.0 };
            let (a, b) = (lattice(extents, &c).unwrap(), free(extents, &c, None, IntegratorKind::Mala, 1.0).unwrap());
            for (o, e) in &a {
                assert!(
                    (e.value - b[o].value).abs() <= e.error + b[o].error && e.error < 1e-7,
                    "{extents:?} {o:?} {e:?} {:?}",
                    b[o]
                );
            }
        }
    }

    #[test]
    fn a_ring_by_two_methods() {
        let c = Phi4::kappa_form(0.27, 0.022);
        for n in [1, 2, 7] {
            let (a, b) = (lattice(&[n], &c).unwrap(), ring(n, &c).unwrap());
            // A second extent of 1 adds a bond of every site with itself.
            let looped = torus(1, n, &Phi4 { b: c.b + 2.0 * c.kappa, ..c }).unwrap();
            for o in [Phi2, Phi4, AbsM, M2, M4, U4, Chi] {
                for other in [&a, &looped] {
                    assert!(
                        (other[&o].value - b[&o].value).abs() <= other[&o].error + b[&o].error,
                        "{n} {o:?} {:?} {:?}",
                        other[&o],
                        b[&o]
                    );
                }
            }
        }
    }

    #[test]
    fn too_large_is_an_error_with_advice() {
        let message = torus(8, 8, &Phi4::kappa_form(0.27, 0.022)).unwrap_err().to_string();
        assert!(message.contains("[8, 8]") && message.contains("exact free"), "{message}");
        assert!(matches!(torus(0, 2, &Phi4::kappa_form(0.27, 0.022)), Err(Error::Extents { .. })));
    }
}
