//! Chains: bits depend on set-up and chain number alone. Not on restarts, neighbours, or on whether the
//! compiler knows the extents.

use proptest::prelude::*;
use stoquant_core::arith::{Arith, Fx};
use stoquant_core::board::{Board, hot_start};
use stoquant_core::integrator::{Euler, Heun, Integrator, LeimkuhlerMatthews, Mala};
use stoquant_core::lattice::{FixedLattice, Ring, Site, Torus2, Torus3, Torus4};
use stoquant_core::noise::{Noise, StreamTag, Threefry, Words};
use stoquant_engines::engine::{Engine, core_engine};
use stoquant_model::{ArithKind, IntegratorKind, Phi4, Setup};
use stoquant_tests::strategy;

pub(crate) fn started(setup: &Setup, chain: u32) -> Box<dyn Engine> {
    let mut engine = core_engine(setup, chain).unwrap();
    engine.hot_start(1.0).unwrap();
    engine
}

/// A board of this lattice and format against an engine, over all integrators.
fn board<const D: usize, L: FixedLattice<D>, A: Arith>(
    arith: ArithKind,
    setup: &Setup,
    sweeps: u64,
) -> Result<(), TestCaseError> {
    fn compare<const D: usize, L: FixedLattice<D>, A: Arith>(
        setup: Setup,
        integrator: &impl Integrator<A, Threefry>,
        sweeps: u64,
    ) -> Result<(), TestCaseError> {
        let mut board = Board::<D, L, A>::new(setup.seed, 5, setup.noise);
        hot_start::<A>(board.phi_mut(), 1.0, setup.seed, 5).unwrap();
        let mut engine = started(&setup, 5);
        engine.sweep(sweeps).unwrap();
        for _ in 0..sweeps {
            board.sweep(integrator);
        }
        let bits: Vec<u64> = board.phi().iter().map(|&word| A::load(word).bits()).collect();
        prop_assert_eq!(bits, engine.bits().unwrap());
        prop_assert_eq!(*board.state(), engine.state().unwrap());
        Ok(())
    }
    let (c, eps) = (setup.couplings, setup.eps);
    let action = c;
    let setup = |integrator| Setup { extents: L::EXTENTS.into(), arith, integrator, ..*setup };
    // What a board's format refuses, the engine refuses for the same reason.
    macro_rules! both {
        ($kind:ident, $made:expr) => {
            match $made {
                Ok(integrator) => compare::<D, L, A>(setup(IntegratorKind::$kind), &integrator, sweeps)?,
                Err(error) => {
                    prop_assert_eq!(core_engine(&setup(IntegratorKind::$kind), 5).err(), Some(error))
                }
            }
        };
    }
    both!(Euler, Euler::<A, _>::new(&action, eps, D));
    both!(LeimkuhlerMatthews, LeimkuhlerMatthews::<A, _>::new(&action, eps, D));
    both!(Heun, Heun::<A, _>::new(&action, eps, D));
    both!(Mala, Mala::<A, Phi4>::new(&action, eps, D));
    Ok(())
}

proptest! {
    #![proptest_config(strategy::config(128))]

    /// Field and counters determine everything that follows.
    #[test]
    fn restart_anywhere(setup in strategy::setup(), before in 0..8u64, after in 1..8u64) {
        let mut whole = started(&setup, 1);
        whole.sweep(before).unwrap();
        let mut resumed = core_engine(&setup, 1).unwrap();
        resumed.set_bits(&whole.bits().unwrap()).unwrap();
        resumed.set_state(whole.state().unwrap()).unwrap();
        whole.sweep(after).unwrap();
        resumed.sweep(after).unwrap();
        prop_assert_eq!(resumed.bits().unwrap(), whole.bits().unwrap());
        prop_assert_eq!(resumed.state().unwrap(), whole.state().unwrap());
    }

    /// A chain among others, swept in turns, is the chain alone; no two chains and no two seeds are alike.
    #[test]
    fn chains_are_independent(
        setup in strategy::setup(),
        sweeps in 1..5u64,
        chain in prop_oneof![Just(0u32), Just(u32::MAX - 2), 0..u32::MAX - 2],
    ) {
        let mut alone = started(&setup, chain);
        alone.sweep(sweeps).unwrap();
        let mut others: Vec<_> = (chain..=chain + 2).map(|chain| started(&setup, chain)).collect();
        for _ in 0..sweeps {
            others.iter_mut().rev().for_each(|engine| engine.sweep(1).unwrap());
        }
        prop_assert_eq!(alone.bits().unwrap(), others[0].bits().unwrap());
        prop_assert_eq!(alone.state().unwrap(), others[0].state().unwrap());
        // Fields of one site coincide now and then, in 16 bits often.
        if setup.volume() >= 8 {
            prop_assert_ne!(others[0].bits().unwrap(), others[1].bits().unwrap());
            prop_assert_ne!(others[1].bits().unwrap(), others[2].bits().unwrap());
            let other_seed = Setup { seed: setup.seed.wrapping_add(1 << 32), ..setup };
            prop_assert_ne!(alone.bits().unwrap(), started(&other_seed, chain).bits().unwrap());
        }
    }

    /// η of a range of sites, asked for in one call or in any pieces, is η word by word.
    #[test]
    fn noise_is_a_function_of_step_and_site(
        setup in strategy::setup(),
        first in prop_oneof![Just(0usize), Just(1), Just((1 << 21) - 5), Just((1 << 22) - 1), 0..1usize << 23],
        step in prop_oneof![Just(0u64), Just((1 << 32) - 1), Just((1 << 44) - 1), 0..1u64 << 44],
        pieces in proptest::collection::vec(prop_oneof![Just(1usize), Just(2), 0..150usize], 1..6),
    ) {
        let words = Threefry::new(setup.seed, 3, StreamTag::Noise);
        let law = setup.noise;
        let (mut noise, mut raw) = (Noise { law, words }, words);
        let total = pieces.iter().sum();
        let mut whole = vec![0; total];
        noise.fill_eta::<18>(step, first, &mut whole);
        let mut start = 0;
        for &length in &pieces {
            let (mut part, mut bits) = (vec![0; length], vec![0; length]);
            noise.fill_eta::<18>(step, first + start, &mut part);
            raw.fill(step, first + start, &mut bits);
            prop_assert_eq!(&part[..], &whole[start..start + length]);
            for (i, (&eta, &word)) in part.iter().zip(&bits).enumerate() {
                prop_assert_eq!(word, words.word(step, first + start + i));
                prop_assert_eq!(eta, stoquant_core::noise::eta::<18>(law, word));
            }
            start += length;
        }
    }
}

proptest! {
    #![proptest_config(strategy::config(64))]

    /// Extents in the type or at run time: the same chain.
    #[test]
    fn boards_are_engines(setup in strategy::setup(), sweeps in 1..8u64) {
        board::<0, Site, Fx<18>>(ArithKind::Fx18, &setup, sweeps)?;
        board::<1, Ring<33>, f32>(ArithKind::F32, &setup, sweeps)?;
        board::<2, Torus2<6, 10>, Fx<16>>(ArithKind::Fx16, &setup, sweeps)?;
        board::<3, Torus3<2, 3, 4>, Fx<18>>(ArithKind::Fx18, &setup, sweeps)?;
        board::<4, Torus4<3, 1, 2, 2>, f64>(ArithKind::F64, &setup, sweeps)?;
    }
}
