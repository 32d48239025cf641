//! Check sums far from what is counted: all shapes of lattices, fields that saturate, both laws, borders of blocks.

use core::array::from_fn;

use stoquant_core::action::{Phi4, QuarticDrift};
use stoquant_core::arith::{Arith, Fx};
use stoquant_core::board::{Board as Chain, hot_start};
use stoquant_core::integrator::{Euler, Heun, Integrator, LeimkuhlerMatthews, Mala};
use stoquant_core::lattice::{FixedLattice, Ring, Site, Torus2, Torus3, Torus4};
use stoquant_core::noise::{Law, Noise, StreamTag, Threefry, Words};

use crate::{Board, Sum, check};

/// All of them.
pub fn edges<B: Board>() {
    noise::<B>();
    lattices::<B, Fx<18>>();
    lattices::<B, Fx<16>>();
    lattices::<B, Fx<10>>();
    lattices::<B, f32>();
    lattices::<B, f64>();
}

/// Odd and even beginnings, short lengths, the border of a block of words.
fn noise<B: Board>() {
    for law in [Law::Gaussian, Law::ThreePoint] {
        let mut noise = Noise { law, words: Threefry::new(7, 3, StreamTag::Noise) };
        let mut sum = Sum::new();
        for first in [0, 1, 62, (1 << 21) - 37, (1 << 21) - 1, 1 << 21] {
            for length in [0, 1, 2, 3, 31, 32, 33, 70] {
                let (mut words, mut wide, mut narrow) = ([0; 70], [0; 70], [0; 70]);
                noise.words.fill(5 << 40, first, &mut words[..length]);
                noise.fill_eta::<18>(5 << 40, first, &mut wide[..length]);
                noise.fill_eta::<11>(5 << 40, first, &mut narrow[..length]);
                let all = words.iter().copied().chain(wide.into_iter().chain(narrow).map(|eta| eta as u32));
                all.for_each(|word| sum.word(word.into()));
            }
        }
        check::<B>(format_args!("noise_{law:?}"), [sum.0].into_iter());
    }
}

fn lattices<B: Board, A: Arith>()
where
    Phi4: stoquant_core::action::Action<A, Drift = QuarticDrift<A>>,
{
    macro_rules! lattices {
        ($($dims:literal $lattice:ty),+) => {
            [$(chains::<$dims, $lattice, A>()),+]
        };
    }
    let sums = lattices!(
        0 Site, 1 Ring<1>, 1 Ring<2>, 1 Ring<37>, 2 Torus2<1, 1>, 2 Torus2<1, 6>, 2 Torus2<6, 1>,
        2 Torus2<2, 2>, 2 Torus2<2, 3>,
        2 Torus2<3, 40>, 2 Torus2<5, 33>, 2 Torus2<3, 96>, 3 Torus3<2, 3, 5>, 4 Torus4<1, 2, 3, 4>
    );
    check::<B>(format_args!("lattices_{}", A::NAME), sums.into_iter());
}

/// Every integrator from a hot and from a far too hot start.
fn chains<const D: usize, L: FixedLattice<D>, A: Arith>() -> u64
where
    Phi4: stoquant_core::action::Action<A, Drift = QuarticDrift<A>>,
{
    let action = Phi4::kappa_form(if D < 3 { 0.2 } else { 0.1 }, 0.03);
    let eps = 0.02;
    let sums: [u64; 4] = from_fn(|n| {
        let (law, width) = (if n % 2 == 0 { Law::Gaussian } else { Law::ThreePoint }, if n < 2 { 1.0 } else { 5.0 });
        let mut sum = Sum::new();
        // Where one is refused, it is refused everywhere.
        if let Ok(euler) = Euler::<A, _>::new(&action, eps, D) {
            chain::<D, L, A>(&mut sum, &euler, law, width);
        }
        if let Ok(integrator) = LeimkuhlerMatthews::<A, _>::new(&action, eps, D) {
            chain::<D, L, A>(&mut sum, &integrator, law, width);
        }
        if let Ok(heun) = Heun::<A, _>::new(&action, eps, D) {
            chain::<D, L, A>(&mut sum, &heun, law, width);
        }
        if let Ok(mala) = Mala::<A, _>::new(&action, eps, D) {
            chain::<D, L, A>(&mut sum, &mala, law, width);
        }
        sum.0
    });
    Sum::of(sums.into_iter())
}

fn chain<const D: usize, L: FixedLattice<D>, A: Arith>(
    sum: &mut Sum,
    integrator: &impl Integrator<A, Threefry>,
    law: Law,
    width: f64,
) {
    let mut chain = Chain::<D, L, A>::new(2026, 1, law);
    let _ = hot_start::<A>(chain.phi_mut(), width, 2026, 1);
    for _ in 0..4 {
        chain.sweep(integrator);
    }
    let state = chain.state();
    chain.phi().iter().for_each(|&phi| sum.word(A::load(phi).bits()));
    [state.step, state.clipped, state.accepted, state.log_ratio.to_bits()]
        .into_iter()
        .for_each(|number| sum.word(number));
}
