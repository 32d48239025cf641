//! A chain of the core with both ways of a sweep in reach, which [`Engine`](stoquant::engine::Engine) chooses between.

use stoquant_core::arith::Arith;
use stoquant_core::board::hot_start;
use stoquant_core::integrator::{ChainNoise, Euler, Integrator, Mala, NewField, State, Sweep};
use stoquant_core::lattice::Plan;
use stoquant_core::machine::Machine;
use stoquant_core::noise::Threefry;
use stoquant_core::observable::{Measurement, measure};
use stoquant_model::{NoiseKind, Phi4};

/// Phi4 near criticality in two dimensions.
const ACTION: Phi4 = Phi4::kappa_form(0.27, 0.022);

const EPS: f64 = 0.01;

/// Euler–Maruyama of φ⁴.
pub fn euler<A: Arith>() -> impl Integrator<A, Threefry> {
    Euler::<A, _>::new(&ACTION, EPS, 2).expect("the benchmark's own step is valid")
}

/// MALA of φ⁴.
pub fn mala<A: Arith>() -> impl Integrator<A, Threefry> {
    Mala::<A, _>::new(&ACTION, EPS, 2).expect("the benchmark's own step is valid")
}

/// One chain of an l×l lattice.
pub struct Chain<A: Arith, I, M> {
    plan: Plan<2, M>,
    integrator: I,
    noise: ChainNoise<Threefry>,
    field: Vec<A::Store>,
    spare: Vec<A::Store>,
    state: State,
}

impl<A: Arith, I: Integrator<A, Threefry>, M: Machine> Chain<A, I, M> {
    /// From a hot start.
    pub fn new(machine: M, l: usize, integrator: I) -> Self {
        let work = Plan::work_sites(&[l, l]).expect("the benchmark's own extents are valid");
        let plan = Plan::new([l, l], work).expect("a work buffer as large as asked for").on(machine);
        let mut field = vec![A::Store::default(); work.max(l * l)];
        let spare = field.clone();
        hot_start::<A>(&mut field[..l * l], 1.0, 1, 0).expect("a width of 1 is valid");
        Self {
            plan,
            integrator,
            noise: ChainNoise::new(1, 0, NoiseKind::Gaussian),
            field,
            spare,
            state: State::default(),
        }
    }

    /// After so many sweeps.
    pub fn after(mut self, sweeps: u32) -> Self {
        (0..sweeps).for_each(|_| self.sweep_apart());
        self
    }

    fn sweep(&mut self) -> (&I, &Plan<2, M>, Sweep<'_, A, Threefry>) {
        let Self { plan, integrator, noise, field, spare, state } = self;
        let phi = &mut field[..plan.volume()];
        (integrator, plan, Sweep { noise, phi, work: spare, state })
    }

    /// As on a board.
    pub fn sweep_in_place(&mut self) {
        let (integrator, plan, sweep) = self.sweep();
        integrator.sweep(plan, sweep);
    }

    /// As on a host.
    pub fn sweep_apart(&mut self) {
        let (integrator, plan, sweep) = self.sweep();
        if integrator.sweep_apart(plan, sweep) == NewField::InTrial {
            std::mem::swap(&mut self.field, &mut self.spare);
        }
    }

    /// Every observable.
    pub fn measure(&self) -> Measurement {
        measure::<A, Phi4, 2, M>(&self.plan, &ACTION, &self.field[..self.plan.volume()])
    }
}
