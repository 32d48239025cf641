//! Exact results: what a sampler of lattice φ⁴ must reproduce.
//!
//! Every function takes `S = Σ_x [ -2κ Σ_μ φ_x φ_{x+μ} + b φ² + λ φ⁴ ]` (see [`Phi4`]) and returns each observable
//! with a bound on its numerical error, found by comparing two resolutions. Nothing here is sampled.
//!
//! | Function | Lattice | Law |
//! |---|---|---|
//! | [`site()`], [`SiteLaw`] | one site | e^{-S} |
//! | [`ring()`] | N sites in one dimension | e^{-S} |
//! | [`torus()`], [`lattice`] | small lattices in 2 (1 to 4) dimensions | e^{-S} |
//! | [`effective()`] | up to four sites | Euler–Maruyama, first order in ε |
//! | [`free()`] | λ = 0, any size | e^{-S}, or any integrator at finite ε |
//! | [`one_site`] | one site | any integrator at finite ε |
//! | [`energies`] | continuum, one dimension | p²/2 + V(x) |

use std::f64::consts::PI;
use stoquant_model::{IntegratorKind, Phi4};

use crate::estimate::{Estimate, Observable, Observables};

mod chain;
mod effective;
mod free;
mod oscillator;
pub mod quadrature;
mod ring;
mod site;
mod slice;
mod torus;

pub use chain::one_site;
pub use effective::effective;
pub use free::{free, mode_variance, modes, slice_correlator};
pub use oscillator::energies;
pub use ring::ring;
pub use site::{SiteLaw, SitePotential, site};
pub use torus::{lattice, torus};

/// Why an exact result does not exist or cannot be had.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// A number outside its domain.
    #[error("{name} = {value}: must be {expected}")]
    Parameter {
        /// The parameter.
        name: &'static str,
        /// What was given.
        value: f64,
        /// What would be right.
        expected: &'static str,
    },
    /// e^{-S} cannot be normalised.
    #[error("λ = 0 and the lowest mode is {lowest}: must be positive; take b > {least_b}, or λ > 0")]
    Unbounded {
        /// The smallest λ_k.
        lowest: f64,
        /// The b at which it would vanish.
        least_b: f64,
    },
    /// Not a lattice.
    #[error("extents {extents:?}: must be at most 4 numbers, each at least 1")]
    Extents {
        /// What was given.
        extents: Vec<usize>,
    },
    /// A lattice too large for the method.
    #[error(
        "extents {extents:?}: too large for an exact result ({limit}); use `exact free` (λ = 0) or a reference sampler"
    )]
    TooLarge {
        /// What was given.
        extents: Vec<usize>,
        /// What would be possible.
        limit: &'static str,
    },
    /// The integrator has no stationary law.
    #[error("{law}: eps = {eps} has no stationary law (noise carries the field past stability); take eps < {limit:.3}")]
    Unstable {
        /// The integrator.
        law: IntegratorKind,
        /// The step.
        eps: f64,
        /// A step below which a stationary law exists.
        limit: f64,
    },
    /// Two resolutions disagree.
    #[error(
        "{what}: relative error {error:.1e} at full resolution, must be below {tolerance:.0e}; take milder couplings"
    )]
    NotConverged {
        /// Which quantity.
        what: &'static str,
        /// The disagreement.
        error: f64,
        /// What was wanted.
        tolerance: f64,
    },
}

/// Observables at one resolution, each with the error that this resolution knows of itself (0 if none).
type Values = Observables;

/// The largest disagreement between two resolutions that is still called a result.
const TOLERANCE: f64 = 1e-2;

fn finite(name: &'static str, value: f64) -> Result<(), Error> {
    if value.is_finite() { Ok(()) } else { Err(Error::Parameter { name, value, expected: "finite" }) }
}

fn positive(name: &'static str, value: f64) -> Result<(), Error> {
    if value.is_finite() && value > 0.0 {
        Ok(())
    } else {
        Err(Error::Parameter { name, value, expected: "positive and finite" })
    }
}

/// Checks that the lattice exists and that e^{-S} on it can be normalised.
fn validate(extents: &[usize], c: &Phi4) -> Result<(), Error> {
    finite("kappa", c.kappa)?;
    finite("b", c.b)?;
    if !(c.lambda.is_finite() && c.lambda >= 0.0) {
        return Err(Error::Parameter { name: "lambda", value: c.lambda, expected: "finite and at least 0" });
    }
    if extents.len() > 4 || extents.contains(&0) {
        return Err(Error::Extents { extents: extents.to_vec() });
    }
    let lowest = lowest_mode(extents, c);
    if c.lambda == 0.0 && lowest <= 0.0 {
        return Err(Error::Unbounded { lowest, least_b: c.b - lowest / 2.0 });
    }
    Ok(())
}

/// The smallest λ_k = 2b - 4κ Σ_μ cos(2πk_μ/L_μ); S ≥ Σ_x [ ½λ_min φ² + λφ⁴ ] sets the range of every quadrature.
fn lowest_mode(extents: &[usize], c: &Phi4) -> f64 {
    let hop = |l: usize| if c.kappa >= 0.0 { 1.0 } else { (2.0 * PI * (l / 2) as f64 / l as f64).cos() };
    2.0 * c.b - 4.0 * c.kappa * extents.iter().map(|&l| hop(l)).sum::<f64>()
}

/// The expectation values from which every table of a lattice is assembled.
struct Moments {
    phi2: f64,
    phi4: f64,
    /// Average over sites and directions.
    nn: f64,
    abs_m: Estimate,
    m2: f64,
    m4: f64,
    /// ⟨|∇S|²⟩/V.
    grad2: f64,
}

impl Moments {
    fn values(&self, extents: &[usize], c: &Phi4) -> Values {
        let volume = extents.iter().product::<usize>() as f64;
        let bonds = 2.0 * c.kappa * extents.len() as f64 * self.nn;
        // A site that is its own neighbour feels the bond in its second derivative.
        let loops = extents.iter().filter(|&&l| l == 1).count() as f64;
        let laplacian = 2.0 * c.b - 4.0 * c.kappa * loops + 12.0 * c.lambda * self.phi2;
        let known = |o, value| (o, Estimate::new(value, 0.0));
        let mut v = Values::from([
            (Observable::AbsM, self.abs_m),
            known(Observable::Phi2, self.phi2),
            known(Observable::Phi4, self.phi4),
            known(Observable::M2, self.m2),
            known(Observable::M4, self.m4),
            known(Observable::U4, 1.0 - self.m4 / (3.0 * self.m2 * self.m2)),
            known(Observable::Chi, volume * self.m2),
            known(Observable::ActionDensity, c.b * self.phi2 + c.lambda * self.phi4 - bonds),
            known(Observable::SchwingerDyson, 2.0 * c.b * self.phi2 + 4.0 * c.lambda * self.phi4 - 2.0 * bonds),
            known(Observable::ConfigTemperature, self.grad2 / laplacian),
        ]);
        if !extents.is_empty() {
            v.extend([known(Observable::Nn, self.nn)]);
        }
        v
    }
}

/// The finer values; error: the disagreement of the two resolutions, plus `rounding` relative to the value (moments) or
/// to 1 + |value| (observables that are differences of moments).
fn bounded(fine: &Values, coarse: &Values, rounding: f64) -> Observables {
    use Observable::{ActionDensity, ConfigTemperature, SchwingerDyson, U4};
    let bound = |o: &Observable, e: Estimate| {
        let difference = matches!(o, U4 | ActionDensity | SchwingerDyson | ConfigTemperature);
        let scale = if difference { 1.0 + e.value.abs() } else { e.value.abs() };
        (e.value - coarse[o].value).abs() + e.error + rounding * scale
    };
    fine.iter().map(|(o, &e)| (*o, Estimate::new(e.value, bound(o, e)))).collect()
}

/// The largest relative error of the even moments.
fn disagreement(result: &Observables) -> f64 {
    let moments = [Observable::Phi2, Observable::Phi4, Observable::M2, Observable::M4, Observable::AbsM];
    moments
        .iter()
        .map(|o| result[o].error / result[o].value.abs())
        .fold(0.0, |a, d| if d > a || d.is_nan() { d } else { a })
}

/// Computes at rising resolutions until two agree to `target` (relative, beyond rounding); the last two give the bound.
fn converge(
    what: &'static str,
    levels: impl IntoIterator<Item = usize>,
    target: f64,
    rounding: f64,
    mut at: impl FnMut(usize) -> Result<Values, Error>,
) -> Result<Observables, Error> {
    let mut levels = levels.into_iter();
    let mut last = at(levels.next().expect("at least two levels"))?;
    let (mut error, mut result) = (f64::INFINITY, Observables::new());
    for level in levels {
        let next = at(level)?;
        result = bounded(&next, &last, rounding);
        error = disagreement(&result);
        if error <= target + rounding {
            break;
        }
        last = next;
    }
    if error <= TOLERANCE { Ok(result) } else { Err(Error::NotConverged { what, error, tolerance: TOLERANCE }) }
}
