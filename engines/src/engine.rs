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
use stoquant_core::integrator::{AnyIntegrator, ChainNoise, Integrator, NewField, State, Sweep};
use stoquant_core::lattice::Plan;
use stoquant_core::machine::Machine;
use stoquant_core::noise::{Noise, PureWords, StreamTag, Threefry};
use stoquant_core::observable::{Measurement, measure};
use stoquant_model::{IntegratorKind, Phi4, Setup};

use crate::field;
use crate::simd::{MachineKind, Portable, Threads, Work, with_machine};

/// A chain as it was configured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chain {
    /// Everything that determines it but its number.
    pub setup: Setup,
    /// Its number.
    pub number: u32,
    /// The step size that the quantised noise amplitude stands for.
    pub eps: f64,
    /// The couplings of the drift as quantised.
    pub drift: Phi4,
    /// The couplings of the target e^{-S}: those of the drift, or as asked for where a Metropolis step decides.
    pub target: Phi4,
}

/// One chain that can be advanced, read and set. A new engine writes [`chain`](Self::chain), [`sweep`](Self::sweep),
/// and how field and counters are read and set; the core does the rest on the field's bits.
///
/// # Errors
///
/// An engine behind a wire may stop answering: [`Error::Lost`]. One in this process fails only where a method says so.
#[allow(clippy::missing_errors_doc, reason = "said once for all methods")]
pub trait Engine: Send {
    /// What it was configured to be.
    fn chain(&self) -> &Chain;
    /// Advances by `sweeps`.
    fn sweep(&mut self, sweeps: u64) -> Result<(), Error>;
    /// The field as raw words, zero-extended.
    fn bits(&self) -> Result<Vec<u64>, Error>;
    /// Sets the field from raw words. Refused where their number is not the volume, or one of them is no value of the
    /// format.
    fn set_bits(&mut self, bits: &[u64]) -> Result<(), Error>;
    /// Counters.
    fn state(&self) -> Result<State, Error>;
    /// Sets the counters; with the field, that resumes a chain.
    fn set_state(&mut self, state: State) -> Result<(), Error>;

    /// Start field φ_x = `width`·R_x from the chain's start stream. Refused unless the width is finite and at least 0.
    fn hot_start(&mut self, width: f64) -> Result<(), Error> {
        let bits = field::hot_start(self.chain(), width)?;
        self.set_bits(&bits)
    }
    /// The field as numbers.
    fn phi(&self) -> Result<Vec<f64>, Error> {
        Ok(field::values(self.chain().setup.arith, &self.bits()?))
    }
    /// Observables of the present field, with the action that the chain samples.
    fn measure(&self) -> Result<Measurement, Error> {
        field::measure(self.chain(), &self.bits()?)
    }
}

/// Makes chains: `factory(setup, chain)`.
pub type Factory = dyn Fn(&Setup, u32) -> Result<Box<dyn Engine>, Error> + Sync;

/// Sites from which on the threads share a lattice: below, waking them costs more than they save.
pub const SHARED: usize = 1 << 16;

/// The in-process core.
struct CoreEngine<const D: usize, A: Arith, W, I, M> {
    chain: Chain,
    plan: Plan<D, M>,
    integrator: I,
    noise: ChainNoise<W>,
    /// The field and the trial values of the next, in turn; either has room for both ways of a sweep.
    buffers: [Vec<A::Store>; 2],
    state: State,
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
    fn chain(&self) -> &Chain {
        &self.chain
    }
    fn sweep(&mut self, sweeps: u64) -> Result<(), Error> {
        let volume = self.plan.volume();
        let mut advance = || {
            for _ in 0..sweeps {
                let Self { plan, integrator, noise, buffers: [field, trial], state, .. } = self;
                if integrator.sweep_apart(plan, Sweep { noise, phi: &mut field[..volume], work: trial, state })
                    == NewField::InTrial
                {
                    std::mem::swap(field, trial);
                }
            }
        };
        advance_on(volume >= SHARED, &mut advance);
        Ok(())
    }
    fn bits(&self) -> Result<Vec<u64>, Error> {
        Ok(self.field().iter().map(|&word| A::load(word).bits()).collect())
    }
    fn set_bits(&mut self, bits: &[u64]) -> Result<(), Error> {
        let words = field::words::<A>(bits, self.plan.volume())?;
        self.field_mut().copy_from_slice(&words);
        Ok(())
    }
    fn state(&self) -> Result<State, Error> {
        Ok(self.state)
    }
    fn set_state(&mut self, state: State) -> Result<(), Error> {
        self.state = state;
        Ok(())
    }
    fn hot_start(&mut self, width: f64) -> Result<(), Error> {
        let Chain { setup, number, .. } = self.chain;
        hot_start::<A>(self.field_mut(), width, setup.seed, number)
    }
    fn phi(&self) -> Result<Vec<f64>, Error> {
        Ok(self.field().iter().map(|&word| A::load(word).value()).collect())
    }
    fn measure(&self) -> Result<Measurement, Error> {
        Ok(measure::<A, Phi4, D, M>(&self.plan, &self.chain.target, self.field()))
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
///
/// # Errors
///
/// What the core refuses: extents, couplings, the step.
pub fn core_engine(setup: &Setup, chain: u32) -> Result<Box<dyn Engine>, Error> {
    core_engine_on(MachineKind::best(), setup, chain)
}

/// A chain of the in-process core on a machine of choice; on the portable one where the processor has no such. Double
/// precision, the reference, is always portable. The threads of the pool share a large lattice.
///
/// # Errors
///
/// What the core refuses: extents, couplings, the step.
pub fn core_engine_on(machine: MachineKind, setup: &Setup, chain: u32) -> Result<Box<dyn Engine>, Error> {
    let threads = if setup.volume() >= SHARED { Threads::Pool } else { Threads::One };
    core_engine_with(machine, threads, setup, chain)
}

/// A chain as of [`core_engine_on`], with a choice of threads whatever the size of the lattice.
///
/// # Errors
///
/// What the core refuses: extents, couplings, the step.
pub fn core_engine_with(
    machine: MachineKind,
    threads: Threads,
    setup: &Setup,
    chain: u32,
) -> Result<Box<dyn Engine>, Error> {
    struct Make<'a>(MachineKind, Threads, &'a Setup, u32);
    impl OnLattice for Make<'_> {
        type Output = Result<Box<dyn Engine>, Error>;
        fn on<const D: usize, A: Arith>(self, extents: [usize; D]) -> Self::Output {
            let Self(machine, threads, setup, chain) = self;
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

    on_lattice(setup.arith, &setup.extents, Make(machine, threads, setup, chain))
}

/// A chain of any integrator in any arithmetic on any machine, driven by any words. `drift` is what the engine reports
/// as its quantised drift; whether a Metropolis step decides is what the setup says.
///
/// # Errors
///
/// [`Error::Extent`] and [`Error::Volume`] where there is no such lattice.
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
    let eps = integrator.eps();
    let drift = <Phi4 as Action<A>>::quantised(&setup.couplings, &drift, eps);
    let target = if setup.integrator == IntegratorKind::Mala { setup.couplings } else { drift };
    let buffer = vec![A::Store::default(); work.max(plan.volume())];
    Ok(Box::new(CoreEngine::<D, A, W, I, M> {
        chain: Chain { setup: *setup, number: chain, eps, drift, target },
        plan,
        integrator,
        noise: ChainNoise {
            eta: Noise { law: setup.noise, words },
            accept: Threefry::new(setup.seed, chain, StreamTag::Accept),
        },
        buffers: [buffer.clone(), buffer],
        state: State::default(),
    }))
}
