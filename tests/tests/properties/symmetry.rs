//! Symmetries of the lattice hold bit for bit, and no cut of the work into blocks changes a bit: the core's noise can
//! be moved with the field.

use proptest::prelude::*;
use stoquant_core::arith::{Arith, Fx};
use stoquant_core::board::hot_start;
use stoquant_core::integrator::{ChainNoise, Euler, Heun, Integrator, LeimkuhlerMatthews, Mala, State, Sweep};
use stoquant_core::lattice::{Plan, WORK_BLOCKS};
use stoquant_core::noise::{Noise, StreamTag, Threefry};
use stoquant_model::{ArithKind, IntegratorKind, Phi4, Setup};
use stoquant_tests::lattice::{Moved, Symmetry};
use stoquant_tests::{strategy, with_dims};

/// What is compared with a plain run.
#[derive(Clone, Debug)]
enum Change {
    /// Field and noise moved by a symmetry.
    Moved(Symmetry),
    /// Field and noise of the other sign.
    Negated,
    /// Work memory of `slabs` slabs a block and some sites more.
    Cut { slabs: usize, more: usize },
}

fn change() -> impl Strategy<Value = Change> {
    let slabs = prop_oneof![Just(1usize), Just(2), Just(3), 1..20usize];
    prop_oneof![
        strategy::symmetry().prop_map(Change::Moved),
        Just(Change::Negated),
        (slabs, 0..50usize).prop_map(|(slabs, more)| Change::Cut { slabs, more }),
    ]
}

struct Case<'a> {
    setup: &'a Setup,
    change: &'a Change,
    first_step: u64,
    sweeps: u64,
}

impl Case<'_> {
    fn run<'w, const D: usize, A: Arith>(
        &self,
        extents: [usize; D],
        integrator: &impl Integrator<A, Moved<'w>>,
        words: Moved<'w>,
        phi: &[A::Store],
        work: usize,
        sweeps: u64,
    ) -> (Vec<A::Store>, State) {
        let plan = Plan::new(extents, work).unwrap();
        let mut noise = ChainNoise {
            eta: Noise { law: self.setup.noise, words },
            accept: Threefry::new(self.setup.seed, 0, StreamTag::Accept),
        };
        let (mut phi, mut work) = (phi.to_vec(), vec![A::Store::default(); work]);
        let mut state = State { step: self.first_step, ..State::default() };
        for _ in 0..sweeps {
            integrator.sweep(&plan, Sweep { noise: &mut noise, phi: &mut phi, work: &mut work, state: &mut state });
        }
        (phi, state)
    }

    fn check<const D: usize, A: Arith>(
        &self,
        extents: [usize; D],
        integrator: &impl for<'w> Integrator<A, Moved<'w>>,
    ) -> Result<(), TestCaseError> {
        let volume = extents.iter().product();
        let in_place: Vec<usize> = (0..volume).collect();
        let words =
            Moved { words: Threefry::new(self.setup.seed, 0, StreamTag::Noise), origin: &in_place, flip: false };
        let work = Plan::<D>::work_sites(&extents).unwrap();
        let mut phi = vec![A::Store::default(); volume];
        hot_start::<A>(&mut phi, 1.0, self.setup.seed, 0).unwrap();
        // A tie of the last rounding goes up on both sides of 0, so a fixed-point field is negated for one sweep only.
        let once = matches!(self.change, Change::Negated) && A::FIELD_LSB > 0.0;
        let sweeps = if once { 1 } else { self.sweeps };
        let (plain, state) = self.run(extents, integrator, words, &phi, work, sweeps);
        match self.change {
            Change::Moved(symmetry) => {
                // Three pairs of neighbours or more: an exchange of axes changes the order of a float sum.
                let origin = symmetry.origin(&extents, A::FIELD_LSB > 0.0 || D <= 2);
                let moved: Vec<_> = origin.iter().map(|&x| phi[x]).collect();
                let (after, moved_state) =
                    self.run(extents, integrator, Moved { origin: &origin, ..words }, &moved, work, sweeps);
                for (y, &x) in origin.iter().enumerate() {
                    prop_assert_eq!(after[y], plain[x], "site {} from {}", y, x);
                }
                prop_assert_eq!(moved_state, state);
            }
            Change::Negated => {
                let minus: Vec<_> = phi.iter().map(|&w| A::nearest(-A::load(w).value()).store()).collect();
                let (after, _) = self.run(extents, integrator, Moved { flip: true, ..words }, &minus, work, sweeps);
                for (&a, &b) in after.iter().zip(&plain) {
                    let sum = A::load(a).value() + A::load(b).value();
                    // Floats: exactly 0. Fixed point: 0, or one unit up where the rounding met a tie (of Heun's
                    // predictor: up or down). A tie that also flips a Metropolis decision has a probability below 1e-9
                    // a case.
                    let tie =
                        sum == A::FIELD_LSB || self.setup.integrator == IntegratorKind::Heun && sum == -A::FIELD_LSB;
                    prop_assert!(sum == 0.0 || tie, "{:?} {:?}", a, b);
                }
            }
            &Change::Cut { slabs, more } => {
                let slab = if D == 0 { 1 } else { volume / extents[0] };
                let (after, cut_state) =
                    self.run(extents, integrator, words, &phi, WORK_BLOCKS * slab * slabs + more, sweeps);
                prop_assert_eq!(after, plain);
                prop_assert_eq!(cut_state, state);
            }
        }
        Ok(())
    }

    fn with_arith<const D: usize, A: Arith>(&self, extents: [usize; D]) -> Result<(), TestCaseError> {
        let Setup { couplings: c, eps, integrator, .. } = *self.setup;
        let action = c;
        match integrator {
            IntegratorKind::Euler => self.check::<D, A>(extents, &Euler::new(&action, eps, D).unwrap()),
            IntegratorKind::LeimkuhlerMatthews => {
                self.check::<D, A>(extents, &LeimkuhlerMatthews::new(&action, eps, D).unwrap())
            }
            IntegratorKind::Heun => self.check::<D, A>(extents, &Heun::new(&action, eps, D).unwrap()),
            IntegratorKind::Mala => self.check::<D, A>(extents, &Mala::<A, Phi4>::new(&action, eps, D).unwrap()),
        }
    }

    fn with_dims<const D: usize>(&self, extents: [usize; D]) -> Result<(), TestCaseError> {
        match self.setup.arith {
            ArithKind::Fx18 => self.with_arith::<D, Fx<18>>(extents),
            ArithKind::Fx16 => self.with_arith::<D, Fx<16>>(extents),
            // f64 runs the same source as f32: one of them is enough here.
            ArithKind::F32 | ArithKind::F64 => self.with_arith::<D, f32>(extents),
        }
    }
}

proptest! {
    #![proptest_config(strategy::config(256))]

    #[test]
    fn moving_negating_and_cutting(
        setup in strategy::setup(),
        change in change(),
        first_step in prop_oneof![Just(0u64), Just((1 << 32) - 1), Just((1 << 44) - 3), 0..1u64 << 44],
        sweeps in 1..6u64,
    ) {
        let case = Case { setup: &setup, change: &change, first_step, sweeps };
        with_dims!(setup.extents, |extents| case.with_dims(extents)?);
    }
}
