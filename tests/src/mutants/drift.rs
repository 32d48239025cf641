//! The drift: coefficients, neighbours, order of the sites.

use super::ladder::{Defect, Scope, chains};
use super::plain::{Flaw, with_flaw};
use stoquant_model::{ArithKind, IntegratorKind};

/// The table.
pub fn defects() -> Vec<Defect> {
    let of = |name, description, flaw| {
        let scope = Scope::new(ArithKind::Fx18, IntegratorKind::Euler);
        Defect::new("drift", name, description, chains(with_flaw(flaw), scope))
    };
    // What a reference with the same wrong formula would not see.
    let by_laws = |name, description, flaw| {
        let scope = Scope::new(ArithKind::Fx18, IntegratorKind::Euler).laws_alone();
        Defect::new("drift", name, description, chains(with_flaw(flaw), scope))
    };
    let k = Flaw::Coefficients;
    vec![
        of("k_n + 1%", "hopping 2κε 1% too large", k([1.01, 1.0, 1.0])),
        of("k_a + 1%", "linear coefficient -2bε 1% too large", k([1.0, 1.01, 1.0])),
        of("k_c + 1%", "cubic coefficient 4λε 1% too large", k([1.0, 1.0, 1.01])),
        of("κ for 2κ", "each bond counted from one end", k([0.5, 1.0, 1.0])),
        of("3λ for 4λ", "slip in the derivative of λφ⁴", k([1.0, 1.0, 0.75])),
        of("12λ for 4λ", "second derivative's coefficient in place of the first's", k([1.0, 1.0, 3.0])),
        of("sign of the cubic", "+4λφ³: the force drives outwards", k([1.0, 1.0, -1.0])),
        of("sign of the hopping", "-2κΣ: antiferromagnetic", k([-1.0, 1.0, 1.0])),
        of("drift halved", "the convention ½K of e^{-2S}, with unit noise", k([0.5, 0.5, 0.5])),
        of("no neighbour above", "φ_{x-0} counts as 0", Flaw::Missing(0, 0)),
        of("no neighbour below", "φ_{x+0} counts as 0", Flaw::Missing(0, 1)),
        of("no left neighbour", "φ_{x-1} counts as 0", Flaw::Missing(1, 0)),
        of("no right neighbour", "φ_{x+1} counts as 0", Flaw::Missing(1, 1)),
        of("row runs on", "the last column's right neighbour is the first site of the next row", Flaw::RunsOnFrom(0)),
        of("Gauss–Seidel", "a site reads neighbours that are updated already", Flaw::GaussSeidel),
        of("half the sites", "sites of odd index are never updated", Flaw::EvenSitesOnly),
        by_laws(
            "k_n + 3%, by laws alone",
            "hopping 3% too large, without a reference for the step",
            k([1.03, 1.0, 1.0]),
        ),
        by_laws("3λ for 4λ, by laws alone", "the same without a reference for the step", k([1.0, 1.0, 0.75])),
        by_laws("drift halved, by laws alone", "the same without a reference for the step", k([0.5, 0.5, 0.5])),
        by_laws("no left neighbour, by laws alone", "the same without a reference for the step", Flaw::Missing(1, 0)),
        by_laws("Gauss–Seidel, by laws alone", "the same without a reference for the step", Flaw::GaussSeidel),
        of("drift after noise", "K is taken where the noise has moved the site to", Flaw::DriftAfterNoise),
    ]
}
