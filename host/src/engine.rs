//! Engines: whatever advances one chain, behind one trait.
//!
//! The certificate, the sampler and every comparison see a chain only through [`Engine`]; the in-process core is one
//! implementation, a board or a simulated circuit is another.

use serde::{Deserialize, Serialize};
use stoquant_core::action::{Action, Phi4, QuarticDrift};
use stoquant_core::arith::{Arith, Fx};
use stoquant_core::board::hot_start;
use stoquant_core::error::Error;
use stoquant_core::integrator::{ChainNoise, Euler, Heun, Integrator, LeimkuhlerMatthews, Mala, State};
use stoquant_core::lattice::Plan;
use stoquant_core::noise::{Law, Noise, StreamTag, Threefry, Words};
use stoquant_core::observable::{Measurement, measure, slices};

use crate::couplings::Couplings;

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] #[value(name = $text)] $variant),+ }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];
            /// The name on the command line and in files.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }
    };
}

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

/// The in-process core.
struct CoreEngine<const D: usize, A: Arith, W, I> {
    plan: Plan<D>,
    integrator: I,
    noise: ChainNoise<W>,
    phi: Vec<A::Store>,
    work: Vec<A::Store>,
    state: State,
    drift: Phi4,
    target: Phi4,
    seed: u64,
    chain: u32,
}

impl<const D: usize, A: Arith, W: Words + Send, I: Integrator<A, W>> Engine for CoreEngine<D, A, W, I> {
    fn sweep(&mut self, sweeps: u64) {
        for _ in 0..sweeps {
            self.integrator.sweep(&self.plan, &mut self.noise, &mut self.phi, &mut self.work, &mut self.state);
        }
    }
    fn phi(&self) -> Vec<f64> {
        self.phi.iter().map(|&word| A::load(word).value()).collect()
    }
    fn bits(&self) -> Vec<u64> {
        self.phi.iter().map(|&word| A::load(word).bits()).collect()
    }
    fn set_bits(&mut self, bits: &[u64]) -> Result<(), Error> {
        if bits.len() != self.phi.len() {
            return Err(Error::Length { what: "field", got: bits.len(), want: self.phi.len() });
        }
        let words: Option<Vec<_>> = bits.iter().map(|&word| A::from_bits(word).map(A::store)).collect();
        self.phi =
            words.ok_or(Error::Domain { what: "field word", value: f64::NAN, want: "a valid site of the format" })?;
        Ok(())
    }
    fn hot_start(&mut self, width: f64) -> Result<(), Error> {
        hot_start::<A>(&mut self.phi, width, self.seed, self.chain)
    }
    fn state(&self) -> State {
        self.state
    }
    fn set_state(&mut self, state: State) {
        self.state = state;
    }
    fn measure(&self) -> Measurement {
        measure::<A, Phi4, D>(&self.plan, &self.target, &self.phi)
    }
    fn slices(&self) -> Vec<f64> {
        let mut out = vec![0.0; self.plan.volume() / self.plan.slab()];
        slices::<A, D>(&self.plan, &self.phi, &mut out);
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

fn couplings(action: &Phi4) -> Couplings {
    Couplings { kappa: action.kappa(), b: action.b(), lambda: action.lambda() }
}

/// A chain of the in-process core.
pub fn core_engine(setup: &Setup, chain: u32) -> Result<Box<dyn Engine>, Error> {
    match *setup.extents {
        [] => with_dims::<0>([], setup, chain),
        [a] => with_dims::<1>([a], setup, chain),
        [a, b] => with_dims::<2>([a, b], setup, chain),
        [a, b, c] => with_dims::<3>([a, b, c], setup, chain),
        [a, b, c, d] => with_dims::<4>([a, b, c, d], setup, chain),
        _ => Err(Error::Dimensions { dims: setup.extents.len() }),
    }
}

fn with_dims<const D: usize>(extents: [usize; D], setup: &Setup, chain: u32) -> Result<Box<dyn Engine>, Error> {
    match setup.arith {
        ArithKind::Fx18 => with_arith::<D, Fx<18>>(extents, setup, chain),
        ArithKind::Fx16 => with_arith::<D, Fx<16>>(extents, setup, chain),
        ArithKind::F32 => with_arith::<D, f32>(extents, setup, chain),
        ArithKind::F64 => with_arith::<D, f64>(extents, setup, chain),
    }
}

fn with_arith<const D: usize, A: Arith>(
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
            engine_of(extents, setup, chain, euler, drift, words)
        }
        IntegratorKind::LeimkuhlerMatthews => {
            let lm = LeimkuhlerMatthews::<A, _>::new(&action, eps, dims)?;
            let drift = *lm.drift();
            engine_of(extents, setup, chain, lm, drift, words)
        }
        IntegratorKind::Heun => {
            let heun = Heun::<A, _>::new(&action, eps, dims)?;
            let drift = *heun.drift();
            engine_of(extents, setup, chain, heun, drift, words)
        }
        IntegratorKind::Mala => {
            let mala = Mala::<A, Phi4>::new(&action, eps, dims)?;
            let drift = *mala.drift();
            engine_of(extents, setup, chain, mala, drift, words)
        }
    }
}

/// A chain of any integrator in any arithmetic, driven by any words. `drift` is what the engine reports as its quantised drift; whether a
/// Metropolis step decides is what the setup says.
pub fn engine_of<const D: usize, A: Arith, W: Words + Send + 'static, I: Integrator<A, W> + 'static>(
    extents: [usize; D],
    setup: &Setup,
    chain: u32,
    integrator: I,
    drift: QuarticDrift<A>,
    words: W,
) -> Result<Box<dyn Engine>, Error> {
    let Couplings { kappa, b, lambda } = setup.couplings;
    let action = Phi4::new(kappa, b, lambda);
    let work = vec![A::Store::default(); Plan::<D>::work_sites(&extents)?];
    let plan = Plan::new(extents, work.len())?;
    let drift = <Phi4 as Action<A>>::quantised(&action, &drift, integrator.eps());
    Ok(Box::new(CoreEngine::<D, A, W, I> {
        phi: vec![A::Store::default(); plan.volume()],
        plan,
        work,
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
