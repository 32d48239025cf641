//! Planted defects: wrong arithmetic, drifts, noise, integrators, diffusion, the quantised score, analysis and reports,
//! each one line of a table and one seam, and the rung of the certificate that catches it first.
//!
//! The core carries none of them. A format is wrapped and one operation replaced ([`arith`]), the words or the η of the
//! core's integrators are altered ([`noise`]), a plain integrator of whole fields, the core's bit for bit until it is
//! told otherwise, is told so ([`plain`]), and functions of the analysis and of the certificate are handed over altered
//! ([`analysis`], [`reporting`]). What nothing catches fails `cargo xtask mutants`; so does a rung that fails without a
//! defect ([`controls`]).

pub mod analysis;
pub mod arith;
pub mod diffusion;
pub mod drift;
pub mod int8;
pub mod integrator;
pub mod ladder;
pub mod machine;
pub mod noise;
pub mod plain;
pub mod reporting;
pub mod shapes;
pub mod units;

pub use ladder::{Defect, Outcome, climb};

/// The table.
pub fn defects() -> Vec<Defect> {
    let groups = [
        noise::defects,
        drift::defects,
        arith::defects,
        integrator::defects,
        units::defects,
        machine::defects,
        shapes::defects,
        diffusion::defects,
        int8::defects,
        analysis::defects,
        reporting::defects,
    ];
    groups.into_iter().flat_map(|defects| defects()).collect()
}

/// The same ladders in front of subjects without a defect: the core itself, and every wrapper with nothing planted.
/// They must survive, lest a catch mean nothing.
pub fn controls() -> Vec<Defect> {
    let groups = [
        noise::controls,
        arith::controls,
        plain::controls,
        machine::controls,
        shapes::controls,
        diffusion::controls,
        int8::controls,
        analysis::controls,
        reporting::controls,
    ];
    groups.into_iter().flat_map(|controls| controls()).collect()
}
