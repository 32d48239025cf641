//! Force, curvature and drift are those of the action: K = -∂S/∂φ, for every lattice and format.

use proptest::prelude::*;
use stoquant_core::action::{Action, Drift, Phi4};
use stoquant_core::arith::{Arith, Fx};
use stoquant_core::lattice::{Plan, WORK_BLOCKS};
use stoquant_engines::couplings::Couplings;
use stoquant_tests::{lattice, strategy, with_dims};

/// Half-width of the differences, on the grid of every format.
const H: f64 = 0.125;

/// Largest |φ| of a field, and of a field moved by 2h.
const REACH: f64 = 4.0 + 2.0 * H;

/// A plan with the whole lattice as one block, so that a site's neighbours can be gathered from outside.
fn one_block<const D: usize>(extents: [usize; D]) -> Plan<D> {
    let volume: usize = extents.iter().product();
    Plan::new(extents, WORK_BLOCKS * volume).unwrap()
}

/// The field's words in a format.
fn words<A: Arith>(field: &[i32], volume: usize) -> Vec<A::Store> {
    field[..volume].iter().map(|&n| A::nearest(f64::from(n) / 16384.0).store()).collect()
}

/// What one evaluation of S may be off by when φ_x alone is moved: the terms that do not change cancel.
fn rounding<A: Arith>(c: &Couplings, dims: usize, volume: usize) -> f64 {
    let (d, v) = (dims as f64, volume as f64);
    // Floats: half a unit of 2^-32 for each tally: φΣ of x and its 2D neighbours, φ² and φ⁴ of x.
    let tally = 2f64.powi(-33) * (c.kappa.abs() * (2.0 * d + 1.0) + c.b.abs() + c.lambda);
    // Fx: φΣ and φ² are exact, φ⁴ squares φ² ± 2^-27 and is cut at 2^-32.
    let fourth = if A::FIELD_LSB > 0.0 { c.lambda * (REACH.powi(2) * 2f64.powi(-26) + 2f64.powi(-32)) } else { 0.0 };
    // Σ g·O in f64: a few roundings of sums over the whole lattice.
    let terms = 2.0 * d * c.kappa.abs() * REACH.powi(2) + c.b.abs() * REACH.powi(2) + c.lambda * REACH.powi(4);
    tally + fourth + 4.0 * f64::EPSILON * v * terms
}

/// Force and curvature at some sites, from differences of the action. S is a quartic in φ_x, so Richardson's combination of
/// steps h and 2h is its derivative, and the only error is the rounding of S over h.
fn differences<const D: usize, A: Arith>(
    extents: [usize; D],
    c: &Couplings,
    field: &[i32],
) -> Result<(), TestCaseError> {
    let plan = one_block(extents);
    let action = Phi4::new(c.kappa, c.b, c.lambda);
    let phi = words::<A>(field, plan.volume());
    let e = rounding::<A>(c, D, plan.volume());
    for x in (0..plan.volume()).step_by(plan.volume().div_ceil(7)).chain([plan.volume() - 1]) {
        let value = A::load(phi[x]).value();
        let s = |h: f64| {
            let mut moved = phi.clone();
            moved[x] = A::nearest(value + h).store();
            Action::<A>::action(&action, &plan, &moved)
        };
        let (middle, near, far) = (s(0.0), [s(H), s(-H)], [s(2.0 * H), s(-2.0 * H)]);
        let slope = |[up, down]: [f64; 2], h: f64| (up - down) / (2.0 * h);
        let bend = |[up, down]: [f64; 2], h: f64| (up - 2.0 * middle + down) / (h * h);
        let force = -(4.0 * slope(near, H) - slope(far, 2.0 * H)) / 3.0;
        let curvature = (4.0 * bend(near, H) - bend(far, 2.0 * H)) / 3.0;

        let mut sums = [A::Sum::default()];
        plan.sums::<A>([&phi; 3], x, &mut sums);
        let sum = A::sum_value(sums[0]);
        let value_at = |x: usize| A::load(phi[x]).value();
        let spelt: f64 = lattice::neighbours(x, &extents).into_iter().flatten().map(value_at).sum();
        // Multiples of 2^-14 below 2^6: the sum is exact in every format.
        prop_assert_eq!(sum, spelt);

        let expected = Action::<A>::force(&action, value, sum);
        // (4·e/h + e/2h)/3 < 2e/h, and (4·4e/h² + e/h²)/3 < 6e/h².
        prop_assert!((force - expected).abs() <= 2.0 * e / H, "{} {x}: {force} {expected}", A::NAME);
        let expected = Action::<A>::curvature(&action, value, plan.self_bonds());
        prop_assert!((curvature - expected).abs() <= 6.0 * e / (H * H), "{} {x}: {curvature} {expected}", A::NAME);
    }
    Ok(())
}

/// The quantised drift is ε times the force of the quantised action, within the roundings that the format names: one of φ²
/// and one of d, or for floats five of IEEE 754.
fn quantised<const D: usize, A: Arith>(
    extents: [usize; D],
    c: &Couplings,
    eps: f64,
    field: &[i32],
) -> Result<(), TestCaseError> {
    let action = Phi4::new(c.kappa, c.b, c.lambda);
    let Ok(drift) = Action::<A>::drift(&action, eps, D) else { return Ok(()) };
    let actual = Action::<A>::quantised(&action, &drift, eps);
    let plan = one_block(extents);
    let phi = words::<A>(field, plan.volume());
    let cubic = A::gain_value(drift.cubic);
    // Fx<W>: d has W+1 fractional bits, φ² has W-7; Δ = 2^-(W-4).
    let (half_d, half_square) = (A::FIELD_LSB * 2f64.powi(-6), A::FIELD_LSB * 4.0);
    let unit = if A::NAME == "f32" { 2f64.powi(-24) } else { 2f64.powi(-53) };
    for x in 0..plan.volume() {
        let mut sums = [A::Sum::default()];
        plan.sums::<A>([&phi; 3], x, &mut sums);
        let here = A::load(phi[x]);
        let (value, sum) = (here.value(), A::sum_value(sums[0]));
        let mut clipped = 0;
        let found = A::wide_value(drift.drift(x, here, sums[0], &mut clipped));
        let d = A::slope_value(drift.linear) - cubic * value * value;
        if clipped > 0 {
            // Only where the factor is indeed beyond the format.
            prop_assert!(d.abs() > A::FACTOR_MAX - half_d - cubic.abs() * half_square, "{} {x}: {d}", A::NAME);
            continue;
        }
        let expected = eps * Action::<A>::force(&actual, value, sum);
        let terms =
            A::gain_value(drift.hop).abs() * sum.abs() + value.abs() * (d.abs() + 2.0 * (cubic * value * value).abs());
        let fixed = value.abs() * (half_d + cubic.abs() * half_square);
        let float = if A::FIELD_LSB > 0.0 { 0.0 } else { 5.0 * unit * terms };
        // The comparison itself is made in f64.
        let bound = fixed + float + 16.0 * f64::EPSILON * terms;
        prop_assert!((found - expected).abs() <= bound, "{} {x}: {found} {expected} ± {bound}", A::NAME);
    }
    Ok(())
}

proptest! {
    #![proptest_config(strategy::config(96))]

    #[test]
    fn force_and_curvature_are_derivatives_of_the_action((extents, c, field) in strategy::theory()) {
        with_dims!(extents, |extents| {
            differences::<_, f64>(extents, &c, &field)?;
            differences::<_, Fx<18>>(extents, &c, &field)?;
            differences::<_, Fx<16>>(extents, &c, &field)?;
        });
    }

    #[test]
    fn quantised_drift_is_that_of_the_quantised_action(
        (extents, c, field) in strategy::theory(),
        eps in prop_oneof![Just(0.05), 1e-4..0.1],
    ) {
        with_dims!(extents, |extents| {
            quantised::<_, f64>(extents, &c, eps, &field)?;
            quantised::<_, f32>(extents, &c, eps, &field)?;
            quantised::<_, Fx<18>>(extents, &c, eps, &field)?;
            quantised::<_, Fx<16>>(extents, &c, eps, &field)?;
        });
    }
}
