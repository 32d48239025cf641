//! Machines: vectors, threads, blocks of any size, in place or apart, all give the bits of one site after the other.

use proptest::prelude::*;
use proptest::sample::select;
use stoquant_core::arith::{Arith, Fx};
use stoquant_core::board::hot_start;
use stoquant_core::integrator::{
    ChainNoise, Euler, Heun, Integrator, LeimkuhlerMatthews, Mala, NewField, State, Sweep,
};
use stoquant_core::lattice::{Plan, WORK_BLOCKS};
use stoquant_core::machine::Machine;
use stoquant_core::noise::{StreamTag, Threefry, Words, gauss};
use stoquant_core::observable::{Measurement, measure};
use stoquant_engines::simd::{MachineKind, Threads, Work, with_machine};
use stoquant_model::{NoiseKind, Phi4, Setup};
use stoquant_tests::strategy;

/// How a sweep is done.
#[derive(Clone, Copy, Debug)]
struct Way {
    kind: MachineKind,
    threads: Threads,
    /// Slabs in a block.
    thickness: usize,
    apart: bool,
}

/// One after the other, as on a board.
const PLAIN: Way = Way { kind: MachineKind::Portable, threads: Threads::One, thickness: 1, apart: false };

fn ways() -> impl Strategy<Value = Way> {
    let kinds = select(MachineKind::available());
    let threads = select(vec![Threads::One, Threads::Pool]);
    (kinds, threads, 1..40usize, any::<bool>()).prop_map(|(kind, threads, thickness, apart)| Way {
        kind,
        threads,
        thickness,
        apart,
    })
}

/// A chain to run: field, counters and observables come out.
struct Chain<'a, const D: usize, A: Arith, I> {
    extents: [usize; D],
    setup: &'a Setup,
    integrator: &'a I,
    sweeps: u64,
    way: Way,
    arith: std::marker::PhantomData<A>,
}

impl<const D: usize, A: Arith, I: Integrator<A, Threefry>> Work for Chain<'_, D, A, I> {
    type Result = (Vec<u64>, State, Measurement);

    fn on<M: Machine>(self, machine: M) -> Self::Result {
        let Self { extents, setup, integrator, sweeps, way, .. } = self;
        let slab = setup.volume() / extents.first().copied().unwrap_or(1);
        let plan = Plan::new(extents, WORK_BLOCKS * slab * way.thickness).unwrap().on(machine);
        let mut noise = ChainNoise::new(setup.seed, 4, setup.noise);
        let mut state = State::default();
        let (volume, room) = (plan.volume(), plan.volume().max(WORK_BLOCKS * plan.block()));
        let (mut phi, mut trial) = (vec![A::default().store(); room], vec![A::nearest(1.0).store(); room]);
        hot_start::<A>(&mut phi[..volume], 1.0, setup.seed, 4).unwrap();
        for _ in 0..sweeps {
            let (noise, state) = (&mut noise, &mut state);
            let sweep = Sweep { noise, phi: &mut phi[..volume], work: &mut trial, state };
            if !way.apart {
                integrator.sweep(&plan, sweep);
            } else if integrator.sweep_apart(&plan, sweep) == NewField::InTrial {
                std::mem::swap(&mut phi, &mut trial);
            }
        }
        let c = setup.couplings;
        let found = measure::<A, Phi4, D, M>(&plan, &c, &phi[..volume]);
        (phi[..volume].iter().map(|&word| A::load(word).bits()).collect(), state, found)
    }
}

fn agree<const D: usize, A: Arith>(setup: &Setup, sweeps: u64, way: Way) -> Result<(), TestCaseError> {
    fn compare<const D: usize, A: Arith>(
        setup: &Setup,
        integrator: &impl Integrator<A, Threefry>,
        sweeps: u64,
        way: Way,
    ) -> Result<(), TestCaseError> {
        let extents: [usize; D] = setup.extents[..].try_into().unwrap();
        let run = |way: Way| {
            let chain = Chain { extents, setup, integrator, sweeps, way, arith: std::marker::PhantomData::<A> };
            with_machine(way.kind, way.threads, chain)
        };
        let (plain, found) = (run(PLAIN), run(way));
        prop_assert_eq!(&found.0, &plain.0);
        prop_assert_eq!(found.1, plain.1);
        prop_assert_eq!(found.2, plain.2);
        Ok(())
    }
    let (c, eps) = (setup.couplings, setup.eps);
    let action = c;
    // What a format refuses is refused before any machine is asked.
    macro_rules! both {
        ($($made:expr),+) => {
            $(if let Ok(integrator) = $made { compare::<D, A>(setup, &integrator, sweeps, way)?; })+
        };
    }
    both!(
        Euler::<A, _>::new(&action, eps, D),
        LeimkuhlerMatthews::<A, _>::new(&action, eps, D),
        Heun::<A, _>::new(&action, eps, D),
        Mala::<A, Phi4>::new(&action, eps, D)
    );
    Ok(())
}

fn all<const D: usize>(setup: &Setup, sweeps: u64, way: Way) -> Result<(), TestCaseError> {
    agree::<D, f32>(setup, sweeps, way)?;
    agree::<D, Fx<16>>(setup, sweeps, way)?;
    agree::<D, Fx<18>>(setup, sweeps, way)
}

proptest! {
    #![proptest_config(strategy::config(96))]

    /// Every integrator and arithmetic on random lattices, couplings, seeds, instruction sets, threads and blocks.
    #[test]
    fn machines_are_the_plain_loop(setup in strategy::setup_up_to(1500), sweeps in 1..4u64, way in ways()) {
        match setup.extents.len() {
            0 => all::<0>(&setup, sweeps, way)?,
            1 => all::<1>(&setup, sweeps, way)?,
            2 => all::<2>(&setup, sweeps, way)?,
            3 => all::<3>(&setup, sweeps, way)?,
            _ => all::<4>(&setup, sweeps, way)?,
        }
    }

    /// Words and η of any range of sites are those of each site, whatever the machine.
    #[test]
    fn noise_on_machines(
        kind in select(MachineKind::available()),
        seed in strategy::seed(),
        step in prop_oneof![Just(0u64), Just((1 << 44) - 1), 0..1u64 << 44],
        first in prop_oneof![Just(0usize), Just(1), Just((1 << 21) - 70), 0..1usize << 23],
        length in 0..700usize,
        law in select(vec![NoiseKind::Gaussian, NoiseKind::ThreePoint]),
        words in proptest::collection::vec(
            prop_oneof![any::<u32>(), 0..40u32, (0..32u32).prop_map(|s| u32::MAX >> s)],
            0..300,
        ),
    ) {
        struct Fill(u64, u64, usize, usize, NoiseKind, Vec<u32>);
        impl Work for Fill {
            type Result = (Vec<u32>, Vec<i32>, Vec<i32>, Vec<i32>);
            fn on<M: Machine>(self, machine: M) -> Self::Result {
                let Self(seed, step, first, length, law, words) = self;
                let mut noise = ChainNoise::new(seed, 2, law).eta;
                let (mut raw, mut wide, mut narrow) = (vec![0; length], vec![0; length], vec![0; length]);
                noise.words.fill_on(machine, step, first, &mut raw);
                noise.fill_eta_on::<18, M>(machine, step, first, &mut wide);
                noise.fill_eta_on::<16, M>(machine, step, first, &mut narrow);
                let mut eta = vec![0; words.len()];
                machine.run(|| machine.gaussian::<18>(&words, &mut eta));
                (raw, wide, narrow, eta)
            }
        }
        let found = with_machine(kind, Threads::One, Fill(seed, step, first, length, law, words.clone()));
        let source = Threefry::new(seed, 2, StreamTag::Noise);
        let raw: Vec<u32> = (0..length).map(|i| source.word(step, first + i)).collect();
        prop_assert_eq!(&found.0, &raw);
        prop_assert_eq!(found.1, raw.iter().map(|&u| stoquant_core::noise::eta::<18>(law, u)).collect::<Vec<_>>());
        prop_assert_eq!(found.2, raw.iter().map(|&u| stoquant_core::noise::eta::<16>(law, u)).collect::<Vec<_>>());
        prop_assert_eq!(found.3, words.iter().map(|&u| gauss::eta::<18>(u)).collect::<Vec<_>>());
    }
}

/// The property above is about more than the portable machine wherever there is more.
#[test]
fn this_processor_has_machines() {
    let found = MachineKind::available();
    assert_eq!(found[0], MachineKind::Portable);
    assert_eq!(found.last(), Some(&MachineKind::best()));
    #[cfg(all(target_arch = "x86_64", not(stoquant_scalar)))]
    assert_eq!(found.contains(&MachineKind::Avx2), std::arch::is_x86_feature_detected!("avx2"));
    println!("machines: {found:?}");
}
