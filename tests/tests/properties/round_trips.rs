//! What is written is what is read: files, options, couplings.

use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use stoquant::ensemble::Ensemble;
use stoquant::experiment::Options;
use stoquant::reference;
use stoquant_model::{ArithKind, Extents, IntegratorKind, NoiseKind, Phi4};
use stoquant_tests::strategy;

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        select(vec![0.0, -0.0, 1.0, 0.1, f64::MIN_POSITIVE, f64::MAX, -5e-324]),
        any::<f64>().prop_filter("finite", |x| x.is_finite())
    ]
}

fn options() -> impl Strategy<Value = Options> {
    let natural = || prop_oneof![select(vec![0u64, 1, u64::MAX]), any::<u64>()];
    let couplings = proptest::array::uniform6(option::of(number()));
    let kinds = (
        option::of(select(ArithKind::ALL)),
        option::of(select(IntegratorKind::ALL)),
        option::of(select(NoiseKind::ALL)),
    );
    let lengths = (option::of(natural()), option::of(natural()), option::of(natural()));
    let count = || option::of(1..1usize << 40);
    let counts = (count(), option::of(any::<u32>()), count(), option::of(number()));
    (option::of(strategy::extents(strategy::MAX_VOLUME)), couplings, kinds, lengths, counts).prop_map(
        |(
            extent,
            [kappa, lambda, b, mu2, g, eps],
            (arith, integrator, noise),
            (seed, thermalise, every),
            (chains, first_chain, count, start_width),
        )| Options {
            theory: None,
            extent: extent.map(|extents| Extents::new(&extents).expect("at most four")),
            kappa,
            lambda,
            b,
            mu2,
            g,
            arith,
            integrator,
            eps,
            noise,
            seed,
            chains,
            first_chain,
            thermalise,
            count,
            every,
            start_width,
        },
    )
}

proptest! {
    #![proptest_config(strategy::config(128))]

    /// f64 files keep every bit, f32 files every value that an f32 holds.
    #[test]
    fn ensembles(
        extents in strategy::extents(strategy::MAX_VOLUME),
        count in prop_oneof![Just(1usize), Just(2), 1..6usize],
        single in any::<bool>(),
        fields in proptest::collection::vec(any::<f32>().prop_filter("finite", |x| x.is_finite()), 8),
    ) {
        let values = count * extents.iter().product::<usize>();
        let phi = (0..values).map(|i| f64::from(fields[i % 8]) / if single { 1.0 } else { 3.0 }).collect();
        let chain = (0..count as u32).map(|n| n / 2).collect();
        let extents = Extents::new(&extents).unwrap();
        let ensemble = Ensemble { extents, phi, chain };
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("e.npz");
        ensemble.write_npz(std::fs::File::create(&path).unwrap(), single, &[]).unwrap();
        prop_assert_eq!(Ensemble::read(&path).unwrap(), ensemble);
    }

    #[test]
    fn options_as_toml(options in options()) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("e.toml");
        std::fs::write(&path, toml::to_string(&options).unwrap()).unwrap();
        let back = Options::read(&path).unwrap();
        prop_assert_eq!(&back, &options);
        // Sign of zero included, which `==` does not see.
        prop_assert_eq!(format!("{back:?}"), format!("{options:?}"));
        // A file under no flags is the file, and flags over themselves are the flags.
        prop_assert_eq!(Options::default().resolve(Some(&path)).unwrap(), options.clone().or(options));
    }

    /// κ-form → canonical → κ-form and back, to 1e-13 of the numbers that enter: a few roundings, no cancellation.
    #[test]
    fn conversions(
        mu2 in prop_oneof![select(vec![0.0, -4.0, -0.7, 1.0]), -20.0..20.0],
        g in prop_oneof![select(vec![0.5, 1e-3, 100.0]), 1e-3..50.0],
        dims in 0..=4usize,
    ) {
        let (kappa, lambda) = Phi4::kappa_of_canonical(mu2, g, dims).unwrap();
        prop_assert!(kappa > 0.0 && lambda > 0.0);
        let (mu2_back, g_back) = Phi4::canonical_of_kappa(kappa, lambda, dims);
        // (1-2λ)/κ and 2D are subtracted; both, and 2λ/κ = 2gκ, are rounded.
        let scale = mu2.abs() + 4.0 * dims as f64 + 1.0 / kappa + 4.0 * g * kappa;
        prop_assert!((mu2_back - mu2).abs() <= 1e-13 * scale, "{mu2} {mu2_back}");
        prop_assert!((g_back / g - 1.0).abs() <= 1e-13, "{g} {g_back}");

        // The definition: with φ_can = √(2κ) φ both forms give every field the same action.
        let extents = [3, 2, 1, 2][..dims].to_vec();
        let phi: Vec<f64> = (0..extents.iter().product()).map(|x: usize| (x as f64 * 0.7).sin() + 0.2).collect();
        let scaled: Vec<f64> = phi.iter().map(|phi| (2.0 * kappa).sqrt() * phi).collect();
        let kappa = if dims == 0 { 0.0 } else { kappa };
        let a = reference::action(&phi, &extents, &Phi4::kappa_form(kappa, lambda));
        let b = reference::action(&scaled, &extents, &Phi4::canonical(mu2, g, dims));
        // |φ| ≤ 1.2; sums of at most 12 sites with terms below 2Dκφ², |1-2λ|φ², λφ⁴.
        let terms = 12.0 * (12.0 * kappa + (1.0 - 2.0 * lambda).abs() * 1.5 + 2.1 * lambda + 1.0) * (1.0 + scale);
        prop_assert!((a - b).abs() <= 1e-13 * terms, "{a} {b}");
    }
}
