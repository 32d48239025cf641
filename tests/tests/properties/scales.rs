//! Float chains do not know in which unit their field is: by powers of two every field, decision and average is the
//! same to the bit.

use proptest::prelude::*;
use stoquant_core::observable::Measurement;
use stoquant_engines::engine::core_engine;
use stoquant_model::{ArithKind, Extents, IntegratorKind, NoiseKind, Phi4, Setup};
use stoquant_tests::strategy;

/// Fields, decisions and averages of a chain whose field is `scale` times that of the setup, all taken back to the
/// setup's unit.
fn run(setup: &Setup, scale: f64, sweeps: u64) -> (Vec<u64>, [u64; 4], Measurement) {
    let square = scale * scale;
    let Phi4 { kappa, b, lambda } = setup.couplings;
    let couplings = Phi4 { kappa: kappa / square, b: b / square, lambda: lambda / (square * square) };
    let mut engine = core_engine(&Setup { couplings, eps: setup.eps * square, ..*setup }, 2).unwrap();
    engine.hot_start(scale).unwrap();
    engine.sweep(sweeps).unwrap();
    let phi = engine.phi().unwrap().iter().map(|phi| (phi / scale).to_bits()).collect();
    let (state, m) = (engine.state().unwrap(), engine.measure().unwrap());
    let unscaled = Measurement {
        m: m.m / scale,
        phi2: m.phi2 / square,
        phi4: m.phi4 / (square * square),
        nn: m.nn / square,
        grad2: m.grad2 * square,
        laplacian: m.laplacian * square,
        ..m
    };
    (phi, [state.step, state.clipped, state.accepted, state.log_ratio.to_bits()], unscaled)
}

proptest! {
    #![proptest_config(strategy::config(96))]

    #[test]
    fn any_unit_of_the_field(
        setup in strategy::setup_up_to(60).prop_filter("floats", |setup| !setup.arith.fixed()),
        shift in prop_oneof![-24..=24i32, Just(-20), Just(20)],
        sweeps in 1..12u64,
    ) {
        prop_assert_eq!(run(&setup, 2f64.powi(shift), sweeps), run(&setup, 1.0, sweeps));
    }
}

/// A start as far out as a million times the reach of e^{-S}: what clips is counted, in either precision and either way
/// of a sweep, and the averages of such a field are no numbers. One that is at home counts nothing.
#[test]
fn what_clips_is_counted() {
    for arith in [ArithKind::F32, ArithKind::F64] {
        for extents in [Extents::default(), [8, 8].into(), [300, 300].into()] {
            let setup = Setup {
                extents,
                couplings: Phi4::kappa_form(0.2, 0.1),
                eps: 0.01,
                arith,
                integrator: IntegratorKind::Mala,
                noise: NoiseKind::Gaussian,
                seed: 3,
            };
            let state = |width: f64| {
                let mut engine = core_engine(&setup, 0).unwrap();
                engine.hot_start(width).unwrap();
                let m = engine.measure().unwrap();
                engine.sweep(1).unwrap();
                (engine.state().unwrap().clipped, m)
            };
            let (clipped, m) = state(1e6);
            assert!(
                clipped > 0 && m.phi4.is_nan() && m.action_density.is_nan(),
                "{arith} {:?}: {clipped}",
                setup.extents
            );
            let (clipped, m) = state(1.0);
            assert!(clipped == 0 && m.phi4 > 0.0, "{arith} {:?}: {clipped}", setup.extents);
        }
    }
}
