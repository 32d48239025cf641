//! Observables, their averages, correlators and traces, against sums written out.

use proptest::collection::vec;
use proptest::prelude::*;
use stoquant::reference;
use stoquant_core::action::Action;
use stoquant_core::arith::{Arith, Fx};
use stoquant_core::lattice::Plan;
use stoquant_core::observable::{Averages, Correlator, Measurement, measure, slices};
use stoquant_core::trace::Trace;
use stoquant_model::Phi4;
use stoquant_tests::{lattice, strategy, with_dims};

fn plan<const D: usize>(extents: [usize; D]) -> Plan<D> {
    Plan::new(extents, Plan::<D>::work_sites(&extents).unwrap()).unwrap()
}

/// A measurement against its formulas.
///
/// Each term of a mean is tallied at 2^-33, of floats in the unit u of the action; `Fx<18>` squares φ² ± 2^-27 for φ⁴
/// (|φ| ≤ 4: 4.8e-7 of it). The formulas in f64 round sums of up to 400 terms below 2000.
fn measured<const D: usize, A: Arith>(extents: [usize; D], c: &Phi4, field: &[i32]) -> Result<(), TestCaseError> {
    let plan = plan(extents);
    let words: Vec<A::Store> =
        field[..plan.volume()].iter().map(|&n| A::nearest(f64::from(n) / 16384.0).store()).collect();
    let phi: Vec<f64> = words.iter().map(|&word| A::load(word).value()).collect();
    let found = measure::<A, Phi4, D, _>(&plan, c, &words);
    let v = plan.volume() as f64;
    let mean = |f: &dyn Fn(usize) -> f64| (0..phi.len()).map(f).sum::<f64>() / v;
    let force = reference::drift(&phi, &extents, c);
    let ahead = |x: usize| lattice::neighbours(x, &extents).iter().map(|pair| phi[x] * phi[pair[1]]).sum::<f64>();
    let action = *c;
    let u = if A::FIELD_LSB > 0.0 { 1.0 } else { Action::<A>::unit(&action, D) };
    let couplings = (c.kappa.abs() + c.b.abs()) * u.powi(2) + c.lambda * u.powi(4);
    for (what, found, expected, unit) in [
        ("m", found.m, mean(&|x| phi[x]), u),
        ("phi2", found.phi2, mean(&|x| phi[x].powi(2)), u.powi(2)),
        ("phi4", found.phi4, mean(&|x| phi[x].powi(4)), u.powi(4)),
        ("nn", found.nn, if D == 0 { 0.0 } else { mean(&ahead) / D as f64 }, u.powi(2)),
        ("action_density", found.action_density, reference::action(&phi, &extents, c) / v, couplings.max(1.0)),
        ("schwinger_dyson", found.schwinger_dyson, mean(&|x| -phi[x] * force[x]), 1.0),
        ("grad2", found.grad2, mean(&|x| force[x].powi(2)), u.powi(-2)),
        ("laplacian", found.laplacian, reference::laplacian(&phi, &extents, c) / v, u.powi(-2)),
    ] {
        let bound = 3.0 * unit * 2f64.powi(-33)
            + if A::FIELD_LSB > 0.0 { 5e-7 } else { 0.0 }
            + 1e-13 * (1.0 + expected.abs()) * v;
        prop_assert!((found - expected).abs() <= bound, "{} {what}: {found} {expected}", A::NAME);
    }

    // Slices add up to V·M; their correlator, over one configuration, to χ = V·M².
    let mut sums = vec![0.0; if D == 0 { 1 } else { extents[0] }];
    slices::<A, D, _>(&plan, &words, &mut sums);
    for (t, sum) in sums.iter().enumerate() {
        let slab: f64 = phi[t * plan.slab()..(t + 1) * plan.slab()].iter().sum();
        prop_assert!((sum - slab).abs() <= 1e-12 * v);
    }
    let mut correlator = Correlator::<400>::default();
    prop_assert!(correlator.push(&sums, plan.slab()));
    let chi: f64 = correlator.means().sum();
    // L² products of slice sums below 4·V/L, over V: relative to 16V.
    prop_assert!((chi - v * found.m * found.m).abs() <= 1e-12 * 16.0 * v * v, "{chi}");
    let direct = |t: usize| (0..sums.len()).map(|s| sums[s] * sums[(s + t) % sums.len()]).sum::<f64>() / v;
    for (t, c) in correlator.means().enumerate() {
        prop_assert!((c - direct(t)).abs() <= 1e-12 * 16.0 * v);
    }
    Ok(())
}

/// Numbers that add up without rounding: multiples of 2^-10 below 2^10, whose fourth powers fit 40 bits.
fn exact() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0), Just(1), Just(-1), -1024..1024i32].prop_map(|n| f64::from(n) / 32.0)
}

fn measurement() -> impl Strategy<Value = Measurement> {
    proptest::array::uniform8(exact()).prop_map(
        |[m, phi2, phi4, nn, action_density, schwinger_dyson, grad2, laplacian]| Measurement {
            m,
            phi2,
            phi4,
            nn,
            action_density,
            schwinger_dyson,
            grad2,
            laplacian,
        },
    )
}

proptest! {
    #![proptest_config(strategy::config(128))]

    #[test]
    fn measurements_are_the_formulas(
        (extents, c, field) in strategy::theory(),
    ) {
        with_dims!(extents, |extents| {
            measured::<_, f64>(extents, &c, &field)?;
            measured::<_, Fx<18>>(extents, &c, &field)?;
            measured::<_, Fx<16>>(extents, &c, &field)?;
        });
    }

    /// Averages in pieces are averages of the whole, and are means.
    #[test]
    fn averages_merge(all in vec(measurement(), 1..20), cut in 0..20usize) {
        let (first, second) = all.split_at(cut.min(all.len()));
        let averages = |of: &[Measurement]| {
            let mut sum = Averages::default();
            of.iter().for_each(|c| sum.push(c));
            sum
        };
        let whole = averages(&all);
        let mut merged = averages(first);
        merged.merge(&averages(second));
        prop_assert_eq!(merged, whole);
        prop_assert_eq!(whole.count(), all.len() as u64);
        let w = whole.means().unwrap();
        let n = all.len() as f64;
        let mean = |f: &dyn Fn(&Measurement) -> f64| all.iter().map(f).sum::<f64>() / n;
        // Exact sums, one rounding each.
        let moments = [mean(&|c| c.m), mean(&|c| c.m.abs()), mean(&|c| c.m.powi(2)), mean(&|c| c.m.powi(4))];
        prop_assert_eq!([w.m, w.abs_m, w.m2, w.m4], moments);
        let local = [mean(&|c| c.phi2), mean(&|c| c.phi4), mean(&|c| c.nn), mean(&|c| c.action_density)];
        prop_assert_eq!([w.phi2, w.phi4, w.nn, w.action_density], local);
        let gradients = [mean(&|c| c.schwinger_dyson), mean(&|c| c.grad2), mean(&|c| c.laplacian)];
        prop_assert_eq!([w.schwinger_dyson, w.grad2, w.laplacian], gradients);
    }

    /// Correlators in pieces are the correlator of the whole; another extent is refused and changes nothing.
    #[test]
    fn correlators_merge(all in vec(vec(exact(), 4), 1..10), cut in 0..10usize) {
        let correlator = |of: &[Vec<f64>]| {
            let mut sum = Correlator::<8>::default();
            assert!(of.iter().all(|slices| sum.push(slices, 2)));
            sum
        };
        let (first, second) = all.split_at(cut.min(all.len()));
        let whole: Vec<f64> = correlator(&all).means().collect();
        let mut merged = correlator(first);
        prop_assert!(merged.merge(&correlator(second)));
        prop_assert_eq!(merged.means().collect::<Vec<_>>(), whole.clone());
        let mut other = Correlator::<8>::default();
        prop_assert!(other.push(&[1.0; 3], 2));
        prop_assert!(!merged.merge(&other) && !merged.push(&[1.0; 3], 2));
        prop_assert_eq!(merged.means().collect::<Vec<_>>(), whole);
    }

    /// A trace holds the last N values, oldest first.
    #[test]
    fn traces_keep_the_latest(values in vec(exact(), 0..20)) {
        let mut trace = Trace::<7>::new();
        values.iter().for_each(|&value| trace.push(value));
        let latest: Vec<f32> = values[values.len().saturating_sub(7)..].iter().map(|&value| value as f32).collect();
        prop_assert_eq!(trace.len(), latest.len());
        prop_assert_eq!(trace.is_empty(), values.is_empty());
        prop_assert_eq!(trace.iter().collect::<Vec<_>>(), latest);
    }
}

/// φ = 3/2 everywhere on 4×6 with κ = ¼, b = ½, λ = 1/8: numbers that no rounding touches.
#[test]
fn a_uniform_field() {
    let (plan, action) = (plan([4, 6]), Phi4::new(0.25, 0.5, 0.125));
    let found = measure::<Fx<18>, _, 2, _>(&plan, &action, &[Fx::<18>::nearest(1.5).store(); 24]);
    // ∂S/∂φ = -8κφ + 2bφ + 4λφ³ = (-2 + 1)·1.5 + 0.5·3.375.
    let gradient = 0.1875;
    let expected = Measurement {
        m: 1.5,
        phi2: 2.25,
        phi4: 5.0625,
        nn: 2.25,
        action_density: -4.0 * 0.25 * 2.25 + 0.5 * 2.25 + 0.125 * 5.0625,
        schwinger_dyson: 1.5 * gradient,
        grad2: gradient * gradient,
        laplacian: 2.0 * 0.5 + 12.0 * 0.125 * 2.25,
    };
    assert_eq!(found, expected);
}

#[test]
fn nothing_has_no_mean() {
    assert_eq!(Averages::default().means(), None);
    assert_eq!(Correlator::<4>::default().means().count(), 0);
    // More slices than the correlator has room for.
    let mut small = Correlator::<4>::default();
    assert!(!small.push(&[0.0; 5], 1));
    assert!(small.push(&[1.0; 4], 1));
    let mut empty = Correlator::<4>::default();
    assert!(empty.merge(&small) && empty.means().eq([1.0; 4]));
}
