//! Construction refuses what a sweep could not do: the right error, in one line that names the value and what would be
//! right.

use proptest::prelude::*;
use stoquant_core::board::hot_start;
use stoquant_core::error::Error;
use stoquant_core::lattice::{Plan, WORK_BLOCKS};
use stoquant_engines::engine::core_engine;
use stoquant_model::{ArithKind, Extents, IntegratorKind, NoiseKind, Phi4, Setup};
use stoquant_tests::strategy;

fn setup(arith: ArithKind, eps: f64, couplings: Phi4) -> Setup {
    let (integrator, noise) = (IntegratorKind::Euler, NoiseKind::Gaussian);
    Setup { extents: Extents::from([4, 4]), couplings, eps, arith, integrator, noise, seed: 1 }
}

fn refused(setup: &Setup) -> Error {
    match core_engine(setup, 0) {
        Ok(_) => panic!("accepted: {setup:?}"),
        Err(error) => error,
    }
}

/// One line, with these words in it.
fn says(error: Error, words: &[&str]) {
    let text = error.to_string();
    assert!(!text.is_empty() && !text.contains('\n') && text == text.trim(), "{text:?}");
    for word in words {
        assert!(text.contains(word), "{text:?} does not say {word:?}");
    }
}

const GOOD: Phi4 = Phi4 { kappa: 0.27, b: 0.956, lambda: 0.022 };

#[test]
fn steps() {
    for &integrator in IntegratorKind::ALL {
        for &arith in ArithKind::ALL {
            for eps in [0.0, -0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                let error = refused(&Setup { integrator, ..setup(arith, eps, GOOD) });
                assert!(matches!(error, Error::Domain { what: "eps", .. }), "{arith} {integrator} {eps}: {error:?}");
                says(error, &["eps", &eps.to_string(), "positive and finite"]);
            }
        }
    }
    // √(2ε) ≥ 1 has no place in fixed point, of any integrator.
    for eps in [2.0, 1e9, f64::MAX] {
        for &integrator in IntegratorKind::ALL {
            let error = refused(&Setup { integrator, ..setup(ArithKind::Fx18, eps, GOOD) });
            assert!(
                matches!(error, Error::Unrepresentable { what: "noise amplitude", .. }),
                "{integrator} {eps}: {error:?}"
            );
            says(error, &["noise amplitude", "fx18", "smaller step"]);
        }
    }
}

/// The limit that an error names is a limit: just below it the step is accepted, at it refused. Only unadjusted.
#[test]
fn unstable_steps() {
    for arith in [ArithKind::F32, ArithKind::F64] {
        let Error::Unstable { eps, limit } = refused(&setup(arith, 10.0, GOOD)) else { panic!("ε = 10 is unstable") };
        assert!((eps - 10.0).abs() < 1e-5, "{eps}");
        says(Error::Unstable { eps, limit }, &["10", "unstable", "below"]);
        for integrator in [IntegratorKind::Euler, IntegratorKind::LeimkuhlerMatthews, IntegratorKind::Heun] {
            let at = |factor: f64| Setup { integrator, ..setup(arith, factor * limit, GOOD) };
            assert!(core_engine(&at(0.999), 0).is_ok(), "{arith} {integrator}");
            assert!(matches!(refused(&at(1.001)), Error::Unstable { .. }), "{arith} {integrator}");
        }
        assert!(core_engine(&Setup { integrator: IntegratorKind::Mala, ..setup(arith, 2.0 * limit, GOOD) }, 0).is_ok());
    }
}

#[test]
fn couplings() {
    let with = |kappa, b, lambda| refused(&setup(ArithKind::F64, 0.01, Phi4 { kappa, b, lambda }));
    let error = with(0.27, 0.956, -0.022);
    assert!(matches!(error, Error::Domain { what: "lambda", .. }), "{error:?}");
    says(error, &["lambda = -0.022", "at least 0"]);
    for (what, error) in [
        ("kappa", with(f64::NAN, 1.0, 0.1)),
        ("b", with(0.1, f64::INFINITY, 0.1)),
        ("lambda", with(0.1, 1.0, f64::NAN)),
    ] {
        assert!(matches!(error, Error::Domain { what: found, .. } if found == what), "{error:?}");
        says(error, &[what, "finite"]);
    }
    // A free field in two dimensions needs b > 4|κ|.
    for b in [-1.0, 0.0, 1.0, 1.2] {
        let error = with(-0.3, b, 0.0);
        assert!(matches!(error, Error::Unbounded { .. }), "{b}: {error:?}");
        says(error, &["not bounded", "quartic"]);
    }
    assert!(core_engine(&setup(ArithKind::F64, 0.01, Phi4 { kappa: -0.3, b: 1.21, lambda: 0.0 }), 0).is_ok());
    assert!(matches!(Phi4::double_well(1.0, 0.0), Err(Error::Domain { what: "c", .. })));
    assert!(matches!(Phi4::double_well(f64::NAN, 1.0), Err(Error::Domain { what: "a", .. })));
    assert!(matches!(Phi4::free_field(0.0, 2), Err(Error::Domain { what: "mass2", .. })));
    assert!(matches!(Phi4::kappa_of_canonical(1.0, -1.0, 2), Err(Error::Domain { what: "g", .. })));
}

/// Coefficients that fixed point cannot hold: 2κε and 4λε from 1/16 on, 2bε from 1/4 on, for every integrator.
#[test]
fn coefficients() {
    for (arith, name) in [(ArithKind::Fx18, "fx18"), (ArithKind::Fx16, "fx16")] {
        for (what, eps, c) in [
            ("2 kappa eps", 0.11, Phi4 { kappa: 0.3, b: 1.0, lambda: 0.1 }),
            ("4 lambda eps", 0.02, Phi4 { kappa: 0.1, b: 1.0, lambda: 1.0 }),
            ("2 b eps", 0.1, Phi4 { kappa: 0.1, b: 1.3, lambda: 0.1 }),
        ] {
            for &integrator in IntegratorKind::ALL {
                let error = refused(&Setup { integrator, ..setup(arith, eps, c) });
                assert!(
                    matches!(error, Error::Unrepresentable { what: found, .. } if found == what),
                    "{arith} {what}: {error:?}"
                );
                says(error, &[what, name, "smaller step"]);
            }
            // The same with a tenth of the step is fine, and with floats anyway.
            assert!(core_engine(&setup(arith, eps / 10.0, c), 0).is_ok(), "{arith} {what}");
            assert!(core_engine(&setup(ArithKind::F32, eps / 10.0, c), 0).is_ok(), "{what}");
        }
        // A field of mass² 0.01 spreads over ±30, the format holds ±8.
        let error = refused(&setup(arith, 0.01, Phi4 { kappa: 0.1, b: 0.405, lambda: 0.0 }));
        assert!(matches!(error, Error::FieldRange { .. }), "{error:?}");
        says(error, &[name, "rescale", "f32"]);
        // d = k_a - k_c φ² at |φ| = 2.4, which λ = 1 costs 32: -¼ is reached before.
        let strong = Phi4 { kappa: 0.1, b: 1.0, lambda: 1.0 };
        let error = refused(&setup(arith, 0.0155, strong));
        assert!(matches!(error, Error::FactorRange { phi, reach, .. } if phi < reach), "{error:?}");
        says(error, &["smaller step", name]);
        assert!(core_engine(&Setup { integrator: IntegratorKind::Mala, ..setup(arith, 0.0155, strong) }, 0).is_ok());
    }
}

#[test]
fn lattices() {
    let with = |extents: &[usize]| match Extents::new(extents) {
        Ok(extents) => refused(&Setup { extents, ..setup(ArithKind::F32, 0.01, GOOD) }),
        Err(error) => error,
    };
    says(with(&[2; 5]), &["5 dimensions", "at most 4"]);
    assert_eq!(with(&[2; 5]), Error::Dimensions { dims: 5 });
    assert_eq!(with(&[4, 0, 2]), Error::Extent { direction: 1 });
    says(with(&[4, 0, 2]), &["extent 1 is 0", "at least 1"]);
    for huge in [&[1 << 31, 2][..], &[1 << 16, 1 << 16], &[usize::MAX, 3, 5]] {
        assert_eq!(with(huge), Error::Volume, "{huge:?}");
    }
    says(Error::Volume, &["2^31"]);
    let error = Plan::new([4, 6], WORK_BLOCKS * 6 - 1).unwrap_err();
    assert_eq!(error, Error::Length { what: "work buffer", got: 29, want: 30 });
    says(error, &["work buffer", "29", "30"]);
}

#[test]
fn fields() {
    let mut engine = core_engine(&setup(ArithKind::Fx18, 0.01, GOOD), 0).unwrap();
    assert_eq!(engine.set_bits(&[0; 15]), Err(Error::Length { what: "field", got: 15, want: 16 }));
    engine.hot_start(1.0).unwrap();
    let before = engine.bits().unwrap();
    // -2^17 has no positive twin, and 2^18 more bits than a site.
    for word in [1 << 17, 1 << 18, u64::MAX] {
        let mut bits = [0; 16];
        bits[7] = word;
        let error = engine.set_bits(&bits).unwrap_err();
        assert_eq!(error, Error::Word { site: 7, bits: word, format: "fx18" });
        says(error, &["field word", "site 7", "fx18"]);
    }
    for width in [-1.0, f64::NAN, f64::INFINITY] {
        let error = engine.hot_start(width).unwrap_err();
        assert!(matches!(error, Error::Domain { what: "start width", .. }), "{error:?}");
        assert!(hot_start::<f32>(&mut [0.0], width, 1, 1).is_err());
    }
    assert_eq!(engine.bits().unwrap(), before, "a refused field changes nothing");
}

proptest! {
    #![proptest_config(strategy::config(256))]

    /// Whatever the numbers: an engine or one line of explanation, and never a panic.
    #[test]
    fn any_numbers_are_accepted_or_explained(
        mut setup in strategy::setup(),
        numbers in proptest::array::uniform4(proptest::option::of(any::<f64>())),
    ) {
        let [eps, kappa, b, lambda] = numbers;
        setup.eps = eps.unwrap_or(setup.eps);
        setup.couplings.kappa = kappa.unwrap_or(setup.couplings.kappa);
        setup.couplings.b = b.unwrap_or(setup.couplings.b);
        setup.couplings.lambda = lambda.unwrap_or(setup.couplings.lambda);
        match core_engine(&setup, 0) {
            Err(error) => says(error, &[]),
            Ok(mut engine) => {
                prop_assert!(engine.chain().eps > 0.0 && engine.chain().eps.is_finite());
                prop_assert!(engine.chain().target.lambda >= 0.0);
                engine.hot_start(1.0).unwrap();
                engine.sweep(2).unwrap();
                if setup.arith.fixed() {
                    prop_assert!(engine.phi().unwrap().iter().all(|phi| phi.abs() < 8.0));
                }
            }
        }
    }
}
