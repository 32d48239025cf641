//! Engines: whatever advances one chain, behind one trait.
//!
//! The certificate, the sampler and every comparison see a chain only through [`Engine`]; the in-process core is one
//! implementation, a board or a simulated circuit is another.

use std::marker::PhantomData;

use stoquant_core::action::{Action, QuarticDrift};
use stoquant_core::arith::Arith;
use stoquant_core::board::hot_start;
use stoquant_core::dispatch::{OnLattice, on_lattice};
use stoquant_core::error::Error;
use stoquant_core::integrator::{AnyIntegrator, ChainNoise, Integrator, NewField, State};
use stoquant_core::lattice::Plan;
use stoquant_core::machine::Machine;
use stoquant_core::noise::{Noise, PureWords, StreamTag, Threefry};
use stoquant_core::observable::{Measurement, measure, slices};
use stoquant_model::{IntegratorKind, Phi4, Setup};

use crate::simd::{MachineKind, Portable, Threads, Work, with_machine};

/// One chain that can be advanced, read and set.
pub trait Engine: Send {
    /// Advance by `sweeps`.
    fn sweep(&mut self, sweeps: u64);
    /// The field as numbers.
    fn phi(&self) -> Vec<f64>;
    /// The field as raw words, zero-extended.
    fn bits(&self) -> Vec<u64>;
    /// Set the field from raw words; refused where one is no valid site.
    fn set_bits(&mut self, bits: &[u64]) -> Result<(), Error>;
    /// Start field: width·η from the chain's start stream.
    fn hot_start(&mut self, width: f64) -> Result<(), Error>;
    /// Counters.
    fn state(&self) -> State;
    /// Set the counters (with the field: resume).
    fn set_state(&mut self, state: State);
    /// Observables of the present field, with the action that the chain samples.
    fn measure(&self) -> Measurement;
    /// Sums of φ over the slabs of the slowest direction.
    fn slices(&self) -> Vec<f64>;
    /// The step size that the quantised noise amplitude stands for.
    fn eps(&self) -> f64;
    /// The couplings of the drift as quantised.
    fn drift_couplings(&self) -> Phi4;
    /// The couplings of the target e^{-S}: those of the drift, or as asked for where a Metropolis step decides.
    fn target(&self) -> Phi4;
}

/// Makes chains: `factory(setup, chain)`.
pub type Factory = dyn Fn(&Setup, u32) -> Result<Box<dyn Engine>, Error> + Sync;

/// Sites from which on the threads share a lattice: below, waking them costs more than they save.
const SHARED: usize = 1 << 16;

/// The in-process core.
struct CoreEngine<const D: usize, A: Arith, W, I, M> {
    plan: Plan<D, M>,
    integrator: I,
    noise: ChainNoise<W>,
    /// The field and the trial values of the next, in turn; either has room for both ways of a sweep.
    buffers: [Vec<A::Store>; 2],
    state: State,
    drift: Phi4,
    target: Phi4,
    seed: u64,
    chain: u32,
}

impl<const D: usize, A: Arith, W, I, M: Machine> CoreEngine<D, A, W, I, M> {
    fn field(&self) -> &[A::Store] {
        &self.buffers[0][..self.plan.volume()]
    }
    fn field_mut(&mut self) -> &mut [A::Store] {
        &mut self.buffers[0][..self.plan.volume()]
    }
}

impl<const D: usize, A: Arith, W: PureWords + Send, I: Integrator<A, W>, M: Machine> Engine
    for CoreEngine<D, A, W, I, M>
{
    fn sweep(&mut self, sweeps: u64) {
        let volume = self.plan.volume();
        let mut advance = || {
            for _ in 0..sweeps {
                let Self { plan, integrator, noise, buffers: [field, trial], state, .. } = self;
                if integrator.sweep_apart(plan, noise, &mut field[..volume], trial, state) == NewField::InTrial {
                    std::mem::swap(field, trial);
                }
            }
        };
        advance_on(volume >= SHARED, &mut advance);
    }
    fn phi(&self) -> Vec<f64> {
        self.field().iter().map(|&word| A::load(word).value()).collect()
    }
    fn bits(&self) -> Vec<u64> {
        self.field().iter().map(|&word| A::load(word).bits()).collect()
    }
    fn set_bits(&mut self, bits: &[u64]) -> Result<(), Error> {
        if bits.len() != self.plan.volume() {
            return Err(Error::Length { what: "field", got: bits.len(), want: self.plan.volume() });
        }
        let word = |(site, &bits): (usize, &u64)| {
            A::from_bits(bits).map(A::store).ok_or(Error::Word { site, bits, format: A::NAME })
        };
        let words = bits.iter().enumerate().map(word).collect::<Result<Vec<_>, Error>>()?;
        self.field_mut().copy_from_slice(&words);
        Ok(())
    }
    fn hot_start(&mut self, width: f64) -> Result<(), Error> {
        let (seed, chain) = (self.seed, self.chain);
        hot_start::<A>(self.field_mut(), width, seed, chain)
    }
    fn state(&self) -> State {
        self.state
    }
    fn set_state(&mut self, state: State) {
        self.state = state;
    }
    fn measure(&self) -> Measurement {
        measure::<A, Phi4, D, M>(&self.plan, &self.target, self.field())
    }
    fn slices(&self) -> Vec<f64> {
        let mut out = vec![0.0; self.plan.volume() / self.plan.slab()];
        slices::<A, D, M>(&self.plan, self.field(), &mut out);
        out
    }
    fn eps(&self) -> f64 {
        self.integrator.eps()
    }
    fn drift_couplings(&self) -> Phi4 {
        self.drift
    }
    fn target(&self) -> Phi4 {
        self.target
    }
}

/// All sweeps of a chain, in the pool by one entry. Behind a pointer, so that no integrator is compiled twice.
fn advance_on(pool: bool, advance: &mut (dyn FnMut() + Send)) {
    if pool {
        rayon::scope(|_| advance());
    } else {
        advance();
    }
}

/// A chain of the in-process core, on the fastest machine that there is.
pub fn core_engine(setup: &Setup, chain: u32) -> Result<Box<dyn Engine>, Error> {
    core_engine_on(MachineKind::best(), setup, chain)
}

/// A chain of the in-process core on a machine of choice; on the portable one where the processor has no such. Double precision, the
/// reference, is always portable.
pub fn core_engine_on(machine: MachineKind, setup: &Setup, chain: u32) -> Result<Box<dyn Engine>, Error> {
    struct Make<'a>(MachineKind, &'a Setup, u32);
    impl OnLattice for Make<'_> {
        type Output = Result<Box<dyn Engine>, Error>;
        fn on<const D: usize, A: Arith>(self, extents: [usize; D]) -> Self::Output {
            let Self(machine, setup, chain) = self;
            let threads = if setup.volume() >= SHARED { Threads::Pool } else { Threads::One };
            let make = OnMachine::<D, A>(extents, setup, chain, PhantomData);
            // Known to the compiler, which then makes no other machine's code.
            if const { size_of::<A::Store>() > 4 } {
                make.on(Portable(threads))
            } else {
                with_machine(machine, threads, make)
            }
        }
    }

    struct OnMachine<'a, const D: usize, A>([usize; D], &'a Setup, u32, PhantomData<A>);
    impl<const D: usize, A: Arith> Work for OnMachine<'_, D, A> {
        type Result = Result<Box<dyn Engine>, Error>;
        fn on<M: Machine>(self, machine: M) -> Self::Result {
            let Self(extents, setup, chain, _) = self;
            let words = Threefry::new(setup.seed, chain, StreamTag::Noise);
            let integrator = AnyIntegrator::<A, _>::new(setup.integrator, &setup.couplings, setup.eps, D)?;
            let drift = *integrator.drift();
            engine_of(machine, extents, setup, chain, integrator, drift, words)
        }
    }

    on_lattice(setup.arith, &setup.extents, Make(machine, setup, chain))
}

/// A chain of any integrator in any arithmetic on any machine, driven by any words. `drift` is what the engine reports as its quantised
/// drift; whether a Metropolis step decides is what the setup says.
pub fn engine_of<const D: usize, A, W, I, M>(
    machine: M,
    extents: [usize; D],
    setup: &Setup,
    chain: u32,
    integrator: I,
    drift: QuarticDrift<A>,
    words: W,
) -> Result<Box<dyn Engine>, Error>
where
    A: Arith,
    W: PureWords + Send + 'static,
    I: Integrator<A, W> + 'static,
    M: Machine,
{
    let work = Plan::<D>::work_sites(&extents)?;
    let plan = Plan::new(extents, work)?.on(machine);
    let drift = <Phi4 as Action<A>>::quantised(&setup.couplings, &drift, integrator.eps());
    let buffer = vec![A::Store::default(); work.max(plan.volume())];
    Ok(Box::new(CoreEngine::<D, A, W, I, M> {
        plan,
        buffers: [buffer.clone(), buffer],
        noise: ChainNoise {
            eta: Noise { law: setup.noise.into(), words },
            accept: Threefry::new(setup.seed, chain, StreamTag::Accept),
        },
        state: State::default(),
        drift,
        target: if setup.integrator == IntegratorKind::Mala { setup.couplings } else { drift },
        integrator,
        seed: setup.seed,
        chain,
    }))
}
