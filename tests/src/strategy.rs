//! Random lattices, couplings and set-ups. The edge cases come first in every strategy: they are drawn often, and
//! failures shrink towards them.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use stoquant_engines::engine::core_engine;
use stoquant_model::{ArithKind, Extents, IntegratorKind, NoiseKind, Phi4, Setup};

use crate::lattice::Symmetry;

/// Cases of a property (`PROPTEST_CASES` overrides them), and where its failures are kept.
pub fn config(cases: u32) -> ProptestConfig {
    use proptest::test_runner::FileFailurePersistence::Direct;
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(cases);
    let place = concat!(env!("CARGO_MANIFEST_DIR"), "/proptest-regressions/properties.txt");
    let failure_persistence = Some(Box::new(Direct(place)) as _);
    ProptestConfig { cases, max_global_rejects: 4 * cases, failure_persistence, ..ProptestConfig::default() }
}

/// Most sites of a random lattice where size does not matter.
pub const MAX_VOLUME: usize = 400;

/// 0 to 4 extents of at most `most` sites; the fastest one also around a vector of 16 sites and the core's chunks of 32
/// and 256.
pub fn extents(most: usize) -> impl Strategy<Value = Vec<usize>> {
    let short = select(vec![1, 2, 3, 4, 5, 6]);
    let long = select(vec![1, 2, 3, 4, 5, 7, 15, 16, 17, 31, 32, 33, 40, 64, 65, 97, 255, 256, 257, 513]);
    (vec(short, 0..=3), proptest::option::of(long)).prop_map(move |(mut extents, last)| {
        extents.extend(last);
        while extents.iter().product::<usize>() > most {
            extents.remove(0);
        }
        extents
    })
}

/// Hopping of either sign, none, and near the critical point of two dimensions.
pub fn kappa() -> impl Strategy<Value = f64> {
    prop_oneof![select(vec![0.0, 0.27, -0.27, 0.5]), -0.4..0.4]
}

/// Quartic couplings away from 0.
pub fn lambda() -> impl Strategy<Value = f64> {
    prop_oneof![select(vec![0.022, 0.5, 1.0]), 0.01..1.0]
}

/// Free fields, the κ-form, and b of either sign.
pub fn couplings(dims: usize) -> impl Strategy<Value = Phi4> {
    let floor = move |kappa: f64| 2.0 * dims as f64 * kappa.abs();
    prop_oneof![
        (kappa(), 0.2..2.0).prop_map(move |(kappa, m)| Phi4 { kappa, b: floor(kappa) + m, lambda: 0.0 }),
        (kappa(), lambda()).prop_map(|(kappa, lambda)| Phi4::kappa_form(kappa, lambda)),
        (kappa(), -1.0..2.0, lambda()).prop_map(|(kappa, b, lambda)| Phi4 { kappa, b, lambda }),
    ]
}

/// Seeds with either half empty or full.
pub fn seed() -> impl Strategy<Value = u64> {
    prop_oneof![select(vec![0, 1, u64::MAX, 1 << 32, 0xffff_ffff]), any::<u64>()]
}

/// No start field of width 1 has a larger |φ|: the end of the Gaussian.
const START_REACH: f64 = 6.34;

/// Set-ups that the core accepts and that a start field of width 1 does not drive apart: steps from 0.1 down, halved
/// until ε·S'(φ)/φ stays below 1 there. (Beyond 2 an explicit step overshoots by more than it corrects.)
pub fn setup() -> impl Strategy<Value = Setup> {
    setup_up_to(MAX_VOLUME)
}

/// Set-ups on lattices of at most `most` sites.
pub fn setup_up_to(most: usize) -> impl Strategy<Value = Setup> {
    let kinds = (select(ArithKind::ALL), select(IntegratorKind::ALL), select(NoiseKind::ALL));
    let step = prop_oneof![select(vec![0.1, 0.05, 1.0 / 64.0]), 0.001..0.1];
    (extents(most), kinds, step, seed())
        .prop_flat_map(|(extents, kinds, eps, seed)| {
            let dims = extents.len();
            (Just((extents, kinds, eps, seed)), couplings(dims))
        })
        .prop_filter_map("no step is small enough", |((extents, (arith, integrator, noise), eps, seed), c)| {
            let hop = 4.0 * extents.len() as f64 * c.kappa.abs();
            let stiffness = 2.0 * c.b.abs() + 4.0 * c.lambda * START_REACH.powi(2) + hop;
            let extents = Extents::new(&extents).expect("at most four");
            let mut setup = Setup { extents, couplings: c, eps, arith, integrator, noise, seed };
            for _ in 0..8 {
                if setup.eps * stiffness <= 1.0 && core_engine(&setup, 0).is_ok() {
                    return Some(setup);
                }
                setup.eps *= 0.5;
            }
            None
        })
}

/// Integers of the field in units of 2^-14, |φ| ≤ 4: exact in every format but `Fx<16>`, which rounds them.
pub fn field() -> impl Strategy<Value = Vec<i32>> {
    let range = 4 << 14;
    vec(prop_oneof![select(vec![0, range, -range, 1, -1]), -range..range], MAX_VOLUME)
}

/// A lattice, couplings and a field.
pub fn theory() -> impl Strategy<Value = (Vec<usize>, Phi4, Vec<i32>)> {
    extents(MAX_VOLUME).prop_flat_map(|extents| {
        let couplings = couplings(extents.len());
        (Just(extents), couplings, field())
    })
}

/// Translations, reflections and exchanges.
pub fn symmetry() -> impl Strategy<Value = Symmetry> {
    let translate = proptest::array::uniform4(prop_oneof![select(vec![0usize, 1]), 0..100usize]);
    let exchange = (0..4usize, 0..4usize).prop_map(<[usize; 2]>::from);
    (translate, any::<[bool; 4]>(), exchange).prop_map(|(translate, reflect, exchange)| Symmetry {
        translate,
        reflect,
        exchange,
    })
}
