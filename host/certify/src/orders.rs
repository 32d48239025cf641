//! Orders of convergence: what the step ε does to the stationary law, exactly and in the engines under test.
//!
//! The bias of an average is ε^p(c + O(ε)): p = 1 for Euler–Maruyama, whose c follows from S_eff = S + (ε/4)Σ(2∂²S -
//! (∂S)²) (Batrouni et al., Phys. Rev. D 32 (1985) 2736), p = 2 for Leimkuhler–Matthews and Heun. The exact laws at
//! finite step (`exact::one_site`, `exact::free`, [`PairLaw`]) know nothing of that expansion and give p and c without
//! sampling; then the engines are measured at steps so large that the bias stands out, against the law of that step, or
//! against c where only that is known.

mod engines;

use stoquant_core::error::Error;
use stoquant_model::{IntegratorKind, Phi4};

use super::check::Check;
use super::findings::Findings;
use super::plan::Level;
use super::rung::Rung;
use stoquant_engines::engine::Factory;
use stoquant_exact::estimate::{Estimate, Observable};
use stoquant_exact::exact::{self, SitePotential, one_site};
use stoquant_exact::fokker_planck::PairLaw;

const RUNG: Rung = Rung::Orders;

/// x²/2 + x⁴/4.
pub(super) const SINGLE: SitePotential = SitePotential { b: 0.5, lambda: 0.25 };
/// -x²/2 + 0.4x⁴/24.
pub(super) const DOUBLE: SitePotential = SitePotential { b: -0.5, lambda: 0.4 / 24.0 };
/// Two and four sites that interact: short correlations, and steps of 0.045 fit all formats.
const COUPLED: Phi4 = Phi4 { kappa: 0.15, b: 0.9, lambda: 0.05 };

/// The order and integrator pairs that have one.
const ORDERS: [(IntegratorKind, f64); 3] =
    [(IntegratorKind::Euler, 1.0), (IntegratorKind::LeimkuhlerMatthews, 2.0), (IntegratorKind::Heun, 2.0)];

/// p of a bias ε^p(c + O(ε)) from its values at ε, ε/2 and ε/4. Each halving gives p + O(ε); 2p₂ - p₁ leaves O(ε²). Its
/// bound is the size of the correction, p₂ - p₁, but at most 0.1: an order on which halvings do not agree is none.
pub(super) fn exponent(bias: [f64; 3]) -> Estimate {
    let [p1, p2] = [0, 1].map(|k| (bias[k] / bias[k + 1]).log2());
    Estimate::new(2.0 * p2 - p1, (p2 - p1).abs().min(0.1))
}

/// f(0) of f(ε) = f(0) + aε + bε² + …, from its values at ε, ε/2 and ε/4 (Richardson), or of a series in h² from h, h/2
/// and h/4 with `ratio` 4 in place of 2. Bound: what the last of the two eliminations changed.
pub(super) fn limit(f: [f64; 3], ratio: f64) -> Estimate {
    let first = [0, 1].map(|k| (ratio * f[k + 1] - f[k]) / (ratio - 1.0));
    let second = (ratio * ratio * first[1] - first[0]) / (ratio * ratio - 1.0);
    Estimate::new(second, (second - first[1]).abs())
}

/// All of it.
pub fn checks(factory: &Factory, level: Level, seed: u64) -> Result<Findings, Error> {
    let mut findings = Findings::default();
    let exact = exact_orders().and_then(|mut checks| {
        checks.extend(slopes()?);
        Ok(checks)
    });
    match exact {
        Ok(checks) => findings.extend(checks),
        Err(error) => findings.extend(Check::undecided(RUNG, error.to_string())),
    }
    findings.extend(engines::scan(factory, level, seed)?);
    findings.extend(engines::pair(factory, level, seed)?);
    findings.extend(engines::torus(factory, level, seed)?);
    Ok(findings)
}

/// p of every integrator from exact laws.
fn exact_orders() -> Result<Vec<Check>, exact::Error> {
    let mut checks = Vec::new();
    let mut order = |name: String, expected: f64, bias: [f64; 3]| {
        let p = exponent(bias);
        checks.push(Check::bound(RUNG, name, p.value, expected, p.error));
    };
    for (name, potential) in [("single well", SINGLE), ("double well", DOUBLE)] {
        let exact = exact::site(potential.b, potential.lambda)?;
        for (law, p) in ORDERS {
            let tables = [0.02, 0.01, 0.005].map(|eps| one_site(&potential, eps, law, 1.0));
            let [a, b, c] = tables;
            let tables = [a?, b?, c?];
            for o in [Observable::Phi2, Observable::Phi4] {
                let bias = [0, 1, 2].map(|k: usize| tables[k][&o].value - exact[&o].value);
                order(format!("{law}, {name}: order of {}", o.key()), p, bias);
            }
        }
    }
    // All modes of a free lattice together.
    let c = Phi4::canonical(0.5, 0.0, 2);
    let free = |eps, law| exact::free(&[4, 6], &c, Some(eps), law, 1.0).map(|table| table[&Observable::Phi2]);
    let exact = free(0.1, IntegratorKind::Mala)?;
    for (law, p) in ORDERS {
        if law != IntegratorKind::LeimkuhlerMatthews {
            let bias = [free(0.02, law)?, free(0.01, law)?, free(0.005, law)?].map(|e| e.value - exact.value);
            order(format!("{law}, free 4x6: order of phi2"), p, bias);
        }
    }
    Ok(checks)
}

/// c of the leading order from exact laws, against S_eff and published numbers.
fn slopes() -> Result<Vec<Check>, exact::Error> {
    let mut checks = Vec::new();
    let (site, phi2) = (exact::site(SINGLE.b, SINGLE.lambda)?[&Observable::Phi2].value, Observable::Phi2);
    let coefficient = |law, p: i32| -> Result<Estimate, exact::Error> {
        let at = |eps: f64| Ok((one_site(&SINGLE, eps, law, 1.0)?[&phi2].value - site) / eps.powi(p));
        Ok(limit([at(0.008)?, at(0.004)?, at(0.002)?], 2.0))
    };
    // Six published decimals, and four.
    for (law, p, published, decimals) in
        [(IntegratorKind::Euler, 1, 0.265152, 6e-7), (IntegratorKind::LeimkuhlerMatthews, 2, -0.0494, 6e-5)]
    {
        let c = coefficient(law, p)?;
        let name = format!("{law}, single well: bias of phi2 / eps^{p} as eps -> 0");
        checks.push(Check::bound(RUNG, name, c.value, published, c.error + decimals));
    }
    // An effective action is linear in ε by construction: its slope is a difference at any two steps.
    let slope = |extents: &[usize], c: &Phi4, o| -> Result<f64, exact::Error> {
        Ok(exact::effective(extents, c, 1.0)?[&o].value - exact::effective(extents, c, 0.0)?[&o].value)
    };
    let expected = slope(&[], &Phi4 { kappa: 0.0, b: SINGLE.b, lambda: SINGLE.lambda }, phi2)?;
    let c = coefficient(IntegratorKind::Euler, 1)?;
    checks.push(Check::bound(RUNG, "S_eff, single well: slope of phi2", expected, c.value, c.error + 1e-9));

    // Two sites: the lattice law at finite step, no expansion, against S_eff.
    let exact = exact::lattice(&[2], &COUPLED)?;
    let mut tables = Vec::new();
    for eps in [0.08, 0.04, 0.02] {
        tables.push((eps, PairLaw::new(&COUPLED, eps, 1.0, 0.0)?.observables()));
    }
    for o in [Observable::Phi2, Observable::Nn, Observable::M2] {
        let bias = [0, 1, 2].map(|k: usize| tables[k].1[&o].value - exact[&o].value);
        let p = exponent(bias);
        let name = format!("Euler-Maruyama, ring of 2: order of {}", o.key());
        checks.push(Check::bound(RUNG, name, p.value, 1.0, p.error));
        let c = limit([0, 1, 2].map(|k: usize| bias[k] / tables[k].0), 2.0);
        let name = format!("S_eff, ring of 2: slope of {}", o.key());
        checks.push(Check::bound(RUNG, name, slope(&[2], &COUPLED, o)?, c.value, c.error + 1e-9));
    }
    Ok(checks)
}
