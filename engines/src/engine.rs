//! Engines: whatever advances one chain, behind one trait.
//!
//! The certificate, the sampler and every comparison see a chain only through [`Engine`]; the in-process core is one
//! implementation, a board or a simulated circuit is another.

use std::marker::PhantomData;

use stoquant_core::action::{Action, Phi4, QuarticDrift};
use stoquant_core::arith::{Arith, Fx};
use stoquant_core::board::hot_start;
use stoquant_core::error::Error;
use stoquant_core::integrator::{
    ChainNoise, Euler, Heun, Integrator, LeimkuhlerMatthews, Mala, NewField, State, Sweep,
};
use stoquant_core::lattice::Plan;
use stoquant_core::machine::Machine;
use stoquant_core::noise::{Law, Noise, PureWords, StreamTag, Threefry};
use stoquant_core::observable::{Measurement, measure, slices};

use crate::couplings::Couplings;
use crate::named;
use crate::simd::{MachineKind, Portable, Threads, Work, with_machine};

named!(
    /// Number type of a chain.
    ArithKind {
        /// 18-bit fixed point.
        Fx18 = "fx18",
        /// 16-bit fixed point.
        Fx16 = "fx16",
        /// Single precision.
        F32 = "f32",
        /// Double precision.
        F64 = "f64",
    }
);
named!(
    /// Integrator of a chain.
    IntegratorKind {
        /// Euler–Maruyama.
        Euler = "euler",
        /// Leimkuhler–Matthews.
        LeimkuhlerMatthews = "leimkuhler-matthews",
        /// Stochastic Heun.
        Heun = "heun",
        /// Metropolis-adjusted Langevin.
        Mala = "mala",
    }
);
named!(
    /// Law of the noise.
    NoiseKind {
        /// Normal distribution.
        Gaussian = "gaussian",
        /// {-√3, 0, √3}.
        ThreePoint = "three-point",
    }
);

impl From<NoiseKind> for Law {
    fn from(kind: NoiseKind) -> Self {
        match kind {
            NoiseKind::Gaussian => Self::Gaussian,
            NoiseKind::ThreePoint => Self::ThreePoint,
        }
    }
}

impl ArithKind {
    /// Field spacing Δ; 0 for floats.
    pub fn field_lsb(self) -> f64 {
        match self {
            Self::Fx18 => Fx::<18>::FIELD_LSB,
            Self::Fx16 => Fx::<16>::FIELD_LSB,
            Self::F32 | Self::F64 => 0.0,
        }
    }

    /// Width of the noise that drives it.
    pub fn noise_width(self) -> u32 {
        match self {
            Self::Fx16 => 16,
            Self::Fx18 | Self::F32 | Self::F64 => 18,
        }
    }
}

/// Everything that determines a chain but its number.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Extents, slowest first; empty for a single site.
    pub extents: Vec<usize>,
    /// The action.
    pub couplings: Couplings,
    /// Step size asked for.
    pub eps: f64,
    /// Number type.
    pub arith: ArithKind,
    /// Integrator.
    pub integrator: IntegratorKind,
    /// Law of the noise.
    pub noise: NoiseKind,
    /// Seed.
    pub seed: u64,
}

impl Setup {
    /// Number of sites.
    pub fn volume(&self) -> usize {
        self.extents.iter().product()
    }

    /// A power of two of the size of the fields that e^{-S} visits: the width of a start field that is at home at any scale; in fixed point at
    /// most 1, which its range bears.
    pub fn unit(&self) -> f64 {
        let Couplings { kappa, b, lambda } = self.couplings;
        let unit = Action::<f64>::unit(&Phi4::new(kappa, b, lambda), self.extents.len());
        if self.arith.field_lsb() > 0.0 { unit.min(1.0) } else { unit }
    }
}

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
    fn drift_couplings(&self) -> Couplings;
    /// The couplings of the target e^{-S}: those of the drift, or as asked for where a Metropolis step decides.
    fn target(&self) -> Couplings;
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
                if integrator.sweep_apart(plan, Sweep { noise, phi: &mut field[..volume], work: trial, state })
                    == NewField::InTrial
                {
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
        let words: Option<Vec<_>> = bits.iter().map(|&word| A::from_bits(word).map(A::store)).collect();
        let words =
            words.ok_or(Error::Domain { what: "field word", value: f64::NAN, want: "a valid site of the format" })?;
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
    fn drift_couplings(&self) -> Couplings {
        couplings(&self.drift)
    }
    fn target(&self) -> Couplings {
        couplings(&self.target)
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

fn couplings(action: &Phi4) -> Couplings {
    Couplings { kappa: action.kappa(), b: action.b(), lambda: action.lambda() }
}

/// A chain of the in-process core, on the fastest machine that there is.
pub fn core_engine(setup: &Setup, chain: u32) -> Result<Box<dyn Engine>, Error> {
    core_engine_on(MachineKind::best(), setup, chain)
}

/// The same on a machine of choice; the portable one where the processor has no such. Double precision, the reference, is always portable.
pub fn core_engine_on(machine: MachineKind, setup: &Setup, chain: u32) -> Result<Box<dyn Engine>, Error> {
    match *setup.extents {
        [] => with_dims::<0>(machine, [], setup, chain),
        [a] => with_dims::<1>(machine, [a], setup, chain),
        [a, b] => with_dims::<2>(machine, [a, b], setup, chain),
        [a, b, c] => with_dims::<3>(machine, [a, b, c], setup, chain),
        [a, b, c, d] => with_dims::<4>(machine, [a, b, c, d], setup, chain),
        _ => Err(Error::Dimensions { dims: setup.extents.len() }),
    }
}

fn with_dims<const D: usize>(
    machine: MachineKind,
    extents: [usize; D],
    setup: &Setup,
    chain: u32,
) -> Result<Box<dyn Engine>, Error> {
    // Saturating: what is too large is refused below.
    let volume = extents.iter().fold(1, |volume: usize, &extent| volume.saturating_mul(extent));
    let threads = if volume >= SHARED { Threads::Pool } else { Threads::One };
    match setup.arith {
        ArithKind::Fx18 => on_machine::<D, Fx<18>>(machine, threads, extents, setup, chain),
        ArithKind::Fx16 => on_machine::<D, Fx<16>>(machine, threads, extents, setup, chain),
        ArithKind::F32 => on_machine::<D, f32>(machine, threads, extents, setup, chain),
        ArithKind::F64 => with_arith::<D, f64, _>(Portable(threads), extents, setup, chain),
    }
}

fn on_machine<const D: usize, A: Arith>(
    machine: MachineKind,
    threads: Threads,
    extents: [usize; D],
    setup: &Setup,
    chain: u32,
) -> Result<Box<dyn Engine>, Error> {
    struct Make<'a, const D: usize, A>([usize; D], &'a Setup, u32, PhantomData<A>);
    impl<const D: usize, A: Arith> Work for Make<'_, D, A> {
        type Result = Result<Box<dyn Engine>, Error>;
        fn on<M: Machine>(self, machine: M) -> Self::Result {
            with_arith::<D, A, M>(machine, self.0, self.1, self.2)
        }
    }
    with_machine(machine, threads, Make::<D, A>(extents, setup, chain, PhantomData))
}

fn with_arith<const D: usize, A: Arith, M: Machine>(
    machine: M,
    extents: [usize; D],
    setup: &Setup,
    chain: u32,
) -> Result<Box<dyn Engine>, Error> {
    let words = Threefry::new(setup.seed, chain, StreamTag::Noise);
    let Couplings { kappa, b, lambda } = setup.couplings;
    let action = Phi4::new(kappa, b, lambda);
    let (eps, dims) = (setup.eps, D);
    match setup.integrator {
        IntegratorKind::Euler => {
            let euler = Euler::<A, _>::new(&action, eps, dims)?;
            let drift = *euler.drift();
            engine_of(machine, extents, setup, chain, euler, drift, words)
        }
        IntegratorKind::LeimkuhlerMatthews => {
            let lm = LeimkuhlerMatthews::<A, _>::new(&action, eps, dims)?;
            let drift = *lm.drift();
            engine_of(machine, extents, setup, chain, lm, drift, words)
        }
        IntegratorKind::Heun => {
            let heun = Heun::<A, _>::new(&action, eps, dims)?;
            let drift = *heun.drift();
            engine_of(machine, extents, setup, chain, heun, drift, words)
        }
        IntegratorKind::Mala => {
            let mala = Mala::<A, Phi4>::new(&action, eps, dims)?;
            let drift = *mala.drift();
            engine_of(machine, extents, setup, chain, mala, drift, words)
        }
    }
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
    let Couplings { kappa, b, lambda } = setup.couplings;
    let action = Phi4::new(kappa, b, lambda);
    let work = Plan::<D>::work_sites(&extents)?;
    let plan = Plan::new(extents, work)?.on(machine);
    let drift = <Phi4 as Action<A>>::quantised(&action, &drift, integrator.eps());
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
        target: if setup.integrator == IntegratorKind::Mala { action } else { drift },
        integrator,
        seed: setup.seed,
        chain,
    }))
}
