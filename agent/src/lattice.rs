//! A lattice with extents at run time, in any number type that the board has.

use core::ops::Range;

use bytemuck::{Pod, try_cast_slice, try_cast_slice_mut};
use stoquant_core::action::{Action, Phi4};
use stoquant_core::arith::{Arith, Fx};
use stoquant_core::board::hot_start;
use stoquant_core::error::Error;
use stoquant_core::integrator::{ChainNoise, Euler, Integrator, State, Sweep};
#[cfg(feature = "all")]
use stoquant_core::integrator::{Heun, LeimkuhlerMatthews, Mala};
use stoquant_core::lattice::{Plan, WORK_BLOCKS};
use stoquant_core::noise::Threefry;
#[cfg(feature = "all")]
use stoquant_core::observable::{Measurement, measure, slices};
use stoquant_link::message::{Arith as ArithCode, Integrator as IntegratorCode, Refusal, Reply, Setup};

use crate::chain::{Memory, put};

/// Number types that there are.
#[cfg(feature = "all")]
pub(crate) const ARITHS: &[ArithCode] = ArithCode::ALL;
/// Integrators that there are.
#[cfg(feature = "all")]
pub(crate) const INTEGRATORS: &[IntegratorCode] = IntegratorCode::ALL;
/// Dimensions that there are: bit D.
#[cfg(feature = "all")]
pub(crate) const DIMS: u8 = 0b11111;

/// Number types that there are.
#[cfg(not(feature = "all"))]
pub(crate) const ARITHS: &[ArithCode] = &[ArithCode::Fx18];
/// Integrators that there are.
#[cfg(not(feature = "all"))]
pub(crate) const INTEGRATORS: &[IntegratorCode] = &[IntegratorCode::Euler];
/// Dimensions that there are: bit D.
#[cfg(not(feature = "all"))]
pub(crate) const DIMS: u8 = 0b00100;

/// A configured lattice.
pub(crate) struct Lattice {
    setup: Setup,
    volume: usize,
    #[cfg(feature = "all")]
    target: Phi4,
}

/// Work for a lattice of known dimensions and number type.
trait Job {
    type Output;
    fn on<const D: usize, A: Arith<Store: Pod>>(self, extents: [usize; D]) -> Result<Self::Output, Refusal>;
}

/// The action asked for.
fn asked(setup: &Setup) -> Phi4 {
    let [kappa, b, lambda] = setup.couplings;
    Phi4::new(kappa, b, lambda)
}

/// What the core refuses.
fn parameter(_: Error) -> Refusal {
    Refusal::Parameter
}

impl Lattice {
    /// A lattice at φ = 0, and the answer to who configured it.
    pub fn new(setup: &Setup, memory: &mut Memory<'_>) -> Result<(Self, Reply<'static>), Refusal> {
        let (volume, eps, drift) = dispatch(setup, New { setup, memory })?;
        let lattice = Self {
            setup: setup.clone(),
            volume,
            #[cfg(feature = "all")]
            target: if setup.integrator == IntegratorCode::Mala { asked(setup) } else { drift },
        };
        Ok((lattice, Reply::Configured { eps, drift: [drift.kappa(), drift.b(), drift.lambda()] }))
    }

    /// Slabs of the slowest direction.
    #[cfg(feature = "all")]
    pub fn slabs(&self) -> usize {
        self.setup.extents.first().map_or(1, |&extent| extent as usize)
    }

    pub fn hot_start(&self, memory: &mut Memory<'_>, width: f64) -> Result<(), Refusal> {
        dispatch(&self.setup, Start { lattice: self, memory, width })
    }

    pub fn run(
        &self,
        memory: &mut Memory<'_>,
        state: &mut State,
        sweeps: u32,
        stop: &mut dyn FnMut(u64) -> bool,
    ) -> Result<(), Refusal> {
        dispatch(&self.setup, Run { setup: &self.setup, volume: self.volume, memory, state, sweeps, stop })
    }

    #[cfg(feature = "all")]
    pub fn measure(&self, memory: &Memory<'_>) -> Option<Measurement> {
        dispatch(&self.setup, Measure { lattice: self, memory }).ok()
    }

    #[cfg(feature = "all")]
    pub fn slices(&self, memory: &mut Memory<'_>) -> Result<(), Refusal> {
        dispatch(&self.setup, Slices { lattice: self, memory })
    }

    pub fn write(&self, memory: &mut Memory<'_>, first: u32, bytes: &[u8]) -> Result<(), Refusal> {
        let size = self.setup.arith.bytes();
        let start = first as usize;
        let end = start.checked_add(bytes.len() / size).ok_or(Refusal::Capacity)?;
        if end > self.volume || !bytes.len().is_multiple_of(size) {
            return Err(Refusal::Capacity);
        }
        dispatch(&self.setup, Write { memory, at: start..end, bytes })
    }

    pub fn read(&self, memory: &Memory<'_>, at: Range<usize>, out: &mut [u8]) -> Result<usize, Refusal> {
        if at.end > self.volume {
            return Err(Refusal::Capacity);
        }
        dispatch(&self.setup, Read { memory, at, out })
    }
}

fn dispatch<J: Job>(setup: &Setup, job: J) -> Result<J::Output, Refusal> {
    match setup.arith {
        ArithCode::Fx18 => with_arith::<Fx<18>, J>(setup, job),
        #[cfg(feature = "all")]
        ArithCode::Fx16 => with_arith::<Fx<16>, J>(setup, job),
        #[cfg(feature = "all")]
        ArithCode::F32 => with_arith::<f32, J>(setup, job),
        #[cfg(not(feature = "all"))]
        _ => Err(Refusal::Unsupported),
    }
}

fn with_arith<A: Arith<Store: Pod>, J: Job>(setup: &Setup, job: J) -> Result<J::Output, Refusal> {
    match *setup.extents {
        [a, b] => job.on::<2, A>([a, b].map(|extent| extent as usize)),
        #[cfg(feature = "all")]
        [] => job.on::<0, A>([]),
        #[cfg(feature = "all")]
        [a] => job.on::<1, A>([a as usize]),
        #[cfg(feature = "all")]
        [a, b, c] => job.on::<3, A>([a, b, c].map(|extent| extent as usize)),
        #[cfg(feature = "all")]
        [a, b, c, d] => job.on::<4, A>([a, b, c, d].map(|extent| extent as usize)),
        _ => Err(Refusal::Unsupported),
    }
}

/// Work for an integrator.
trait With<A: Arith> {
    type Output;
    fn with(self, integrator: impl Integrator<A, Threefry>, drift: Phi4) -> Self::Output;
}

/// Makes the integrator of a setup: a thousand instructions or so, and no memory between runs.
fn integrator<A: Arith, W: With<A>>(setup: &Setup, dims: usize, work: W) -> Result<W::Output, Refusal> {
    let action = asked(setup);
    let quantised = |drift, eps| <Phi4 as Action<A>>::quantised(&action, drift, eps);
    macro_rules! make {
        ($integrator:ty) => {{
            let made = <$integrator>::new(&action, setup.eps, dims).map_err(parameter)?;
            let drift = quantised(made.drift(), Integrator::<A, Threefry>::eps(&made));
            Ok(work.with(made, drift))
        }};
    }
    match setup.integrator {
        IntegratorCode::Euler => make!(Euler::<A, _>),
        #[cfg(feature = "all")]
        IntegratorCode::LeimkuhlerMatthews => make!(LeimkuhlerMatthews::<A, _>),
        #[cfg(feature = "all")]
        IntegratorCode::Heun => make!(Heun::<A, _>),
        #[cfg(feature = "all")]
        IntegratorCode::Mala => make!(Mala::<A, Phi4>),
        #[cfg(not(feature = "all"))]
        _ => Err(Refusal::Unsupported),
    }
}

/// The field as sites.
fn sites<T: Pod>(words: &[u32]) -> &[T] {
    try_cast_slice(words).unwrap_or(&[])
}

fn sites_mut<T: Pod>(words: &mut [u32]) -> &mut [T] {
    try_cast_slice_mut(words).unwrap_or(&mut [])
}

struct New<'a, 'm> {
    setup: &'a Setup,
    memory: &'a mut Memory<'m>,
}

impl Job for New<'_, '_> {
    /// Volume, ε and the couplings of the drift as quantised.
    type Output = (usize, f64, Phi4);

    fn on<const D: usize, A: Arith<Store: Pod>>(self, extents: [usize; D]) -> Result<Self::Output, Refusal> {
        struct Told;
        impl<A: Arith> With<A> for Told {
            type Output = (f64, Phi4);
            fn with(self, integrator: impl Integrator<A, Threefry>, drift: Phi4) -> (f64, Phi4) {
                (integrator.eps(), drift)
            }
        }
        let Self { setup, memory } = self;
        let work = sites::<A::Store>(memory.work).len();
        let plan = Plan::new(extents, work).map_err(|error| match error {
            Error::Length { .. } | Error::Volume => Refusal::Capacity,
            other => parameter(other),
        })?;
        let slabs = extents.first().copied().unwrap_or(1);
        let field = sites_mut::<A::Store>(memory.field).get_mut(..plan.volume()).ok_or(Refusal::Capacity)?;
        if (cfg!(feature = "all") && slabs > memory.slices.len()) || work < WORK_BLOCKS {
            return Err(Refusal::Capacity);
        }
        let (eps, drift) = integrator::<A, _>(setup, D, Told)?;
        field.fill(A::default().store());
        Ok((plan.volume(), eps, drift))
    }
}

struct Start<'a, 'm> {
    lattice: &'a Lattice,
    memory: &'a mut Memory<'m>,
    width: f64,
}

impl Job for Start<'_, '_> {
    type Output = ();
    fn on<const D: usize, A: Arith<Store: Pod>>(self, _: [usize; D]) -> Result<(), Refusal> {
        let Self { lattice: Lattice { setup, volume, .. }, memory, width } = self;
        let field = sites_mut::<A::Store>(memory.field).get_mut(..*volume).ok_or(Refusal::Capacity)?;
        hot_start::<A>(field, width, setup.seed, setup.chain).map_err(parameter)
    }
}

struct Run<'a, 'm> {
    setup: &'a Setup,
    volume: usize,
    memory: &'a mut Memory<'m>,
    state: &'a mut State,
    sweeps: u32,
    stop: &'a mut dyn FnMut(u64) -> bool,
}

impl Job for Run<'_, '_> {
    type Output = ();
    fn on<const D: usize, A: Arith<Store: Pod>>(self, extents: [usize; D]) -> Result<(), Refusal> {
        struct Sweeps<'a, A: Arith, const D: usize> {
            plan: Plan<D>,
            noise: ChainNoise<Threefry>,
            field: &'a mut [A::Store],
            work: &'a mut [A::Store],
            state: &'a mut State,
            sweeps: u32,
            stop: &'a mut dyn FnMut(u64) -> bool,
        }
        impl<A: Arith, const D: usize> With<A> for Sweeps<'_, A, D> {
            type Output = ();
            fn with(mut self, integrator: impl Integrator<A, Threefry>, _: Phi4) {
                for _ in 0..self.sweeps {
                    let Self { plan, noise, field, work, state, .. } = &mut self;
                    integrator.sweep(plan, Sweep { noise, phi: field, work, state });
                    if (self.stop)(self.state.step) {
                        return;
                    }
                }
            }
        }
        let Self { setup, volume, memory, state, sweeps, stop } = self;
        let work = sites_mut::<A::Store>(memory.work);
        let plan = Plan::new(extents, work.len()).map_err(parameter)?;
        let field = sites_mut::<A::Store>(memory.field).get_mut(..volume).ok_or(Refusal::Capacity)?;
        let noise = ChainNoise::new(setup.seed, setup.chain, setup.law);
        integrator::<A, _>(setup, D, Sweeps { plan, noise, field, work, state, sweeps, stop })
    }
}

#[cfg(feature = "all")]
struct Measure<'a, 'm> {
    lattice: &'a Lattice,
    memory: &'a Memory<'m>,
}

#[cfg(feature = "all")]
impl Job for Measure<'_, '_> {
    type Output = Measurement;
    fn on<const D: usize, A: Arith<Store: Pod>>(self, extents: [usize; D]) -> Result<Measurement, Refusal> {
        let Self { lattice: Lattice { volume, target, .. }, memory } = self;
        let plan = Plan::new(extents, sites::<A::Store>(memory.work).len()).map_err(parameter)?;
        let field = sites::<A::Store>(memory.field).get(..*volume).ok_or(Refusal::Capacity)?;
        Ok(measure::<A, Phi4, D, _>(&plan, target, field))
    }
}

#[cfg(feature = "all")]
struct Slices<'a, 'm> {
    lattice: &'a Lattice,
    memory: &'a mut Memory<'m>,
}

#[cfg(feature = "all")]
impl Job for Slices<'_, '_> {
    type Output = ();
    fn on<const D: usize, A: Arith<Store: Pod>>(self, extents: [usize; D]) -> Result<(), Refusal> {
        let Self { lattice, memory } = self;
        let plan = Plan::new(extents, sites::<A::Store>(memory.work).len()).map_err(parameter)?;
        let field = sites::<A::Store>(memory.field).get(..lattice.volume).ok_or(Refusal::Capacity)?;
        let out = memory.slices.get_mut(..lattice.slabs()).ok_or(Refusal::Capacity)?;
        slices::<A, D, _>(&plan, field, out);
        Ok(())
    }
}

struct Write<'a, 'm> {
    memory: &'a mut Memory<'m>,
    at: Range<usize>,
    bytes: &'a [u8],
}

impl Job for Write<'_, '_> {
    type Output = ();
    fn on<const D: usize, A: Arith<Store: Pod>>(self, _: [usize; D]) -> Result<(), Refusal> {
        let Self { memory, at, bytes } = self;
        let field = sites_mut::<A::Store>(memory.field).get_mut(at).ok_or(Refusal::Capacity)?;
        let size = bytes.len() / field.len().max(1);
        let word = |bytes: &[u8]| A::from_bits(bytes.iter().rfold(0, |word, &byte| word << 8 | u64::from(byte)));
        // All of them or none.
        if bytes.chunks(size.max(1)).any(|bytes| word(bytes).is_none()) {
            return Err(Refusal::Parameter);
        }
        for (slot, phi) in field.iter_mut().zip(bytes.chunks(size.max(1)).filter_map(word)) {
            *slot = phi.store();
        }
        Ok(())
    }
}

struct Read<'a, 'm> {
    memory: &'a Memory<'m>,
    at: Range<usize>,
    out: &'a mut [u8],
}

impl Job for Read<'_, '_> {
    /// Bytes.
    type Output = usize;
    fn on<const D: usize, A: Arith<Store: Pod>>(self, _: [usize; D]) -> Result<usize, Refusal> {
        let Self { memory, at, out } = self;
        let field = sites::<A::Store>(memory.field).get(at);
        // Bits as the core numbers them, zero-extended: the same for every way of keeping them.
        let bits = |&phi: &A::Store| A::load(phi).bits() as u32;
        if size_of::<A::Store>() == 2 {
            put(field, out, |phi| (bits(phi) as u16).to_le_bytes())
        } else {
            put(field, out, |phi| bits(phi).to_le_bytes())
        }
    }
}
