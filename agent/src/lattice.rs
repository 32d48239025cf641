//! A lattice with extents at run time, in any number type that the board has.

use core::ops::Range;

use bytemuck::try_cast_slice_mut;
use stoquant_core::action::Action;
#[cfg(not(feature = "all"))]
use stoquant_core::action::QuarticDrift;
use stoquant_core::arith::Arith;
use stoquant_core::board::hot_start;
use stoquant_core::dispatch::{OnLattice, on_lattice};
#[cfg(feature = "all")]
use stoquant_core::integrator::AnyIntegrator;
#[cfg(not(feature = "all"))]
use stoquant_core::integrator::Euler;
use stoquant_core::integrator::{ChainNoise, Integrator, State, Sweep};
use stoquant_core::lattice::{Plan, WORK_BLOCKS};
use stoquant_core::noise::Threefry;
use stoquant_core::observable::{Measurement, measure};
use stoquant_link::message::{Refusal, Reply};
use stoquant_model::{ArithKind, Extents, IntegratorKind, Phi4, Setup};

use crate::chain::{Memory, put};

/// Whether the board has everything, or only Euler–Maruyama in two dimensions in 18-bit fixed point.
pub(crate) const ALL: bool = cfg!(feature = "all");

/// Number types of the board: those whose sites fit the words of its memory.
pub(crate) const ARITHS: &[ArithKind] =
    if ALL { &[ArithKind::Fx18, ArithKind::Fx16, ArithKind::F32] } else { &[ArithKind::Fx18] };
/// Integrators of the board.
pub(crate) const INTEGRATORS: &[IntegratorKind] = if ALL { IntegratorKind::ALL } else { &[IntegratorKind::Euler] };
/// Dimensions of the board: bit D.
pub(crate) const DIMS: u8 = if ALL { 0b11111 } else { 0b00100 };

/// A configured lattice.
pub(crate) struct Lattice {
    setup: Setup,
    chain: u32,
    volume: usize,
    target: Phi4,
}

impl Lattice {
    /// A lattice at φ = 0, and the answer to its configuration.
    pub fn new(setup: &Setup, chain: u32, memory: &mut Memory<'_>) -> Result<(Self, Reply<'static>), Refusal> {
        let mut lattice = Self { setup: *setup, chain, volume: 0, target: setup.couplings };
        let (eps, drift) = with(setup, memory, |typed| {
            lattice.volume = typed.clear()?;
            typed.quantised(setup)
        })?;
        if setup.integrator != IntegratorKind::Mala {
            lattice.target = drift;
        }
        Ok((lattice, Reply::Configured { eps, drift }))
    }

    pub fn hot_start(&self, memory: &mut Memory<'_>, width: f64) -> Result<(), Refusal> {
        with(&self.setup, memory, |typed| typed.hot_start(width, self))
    }

    pub fn run(
        &self,
        memory: &mut Memory<'_>,
        state: &mut State,
        sweeps: u32,
        stop: &mut dyn FnMut(u64) -> bool,
    ) -> Result<(), Refusal> {
        with(&self.setup, memory, |typed| typed.run(self, state, sweeps, stop))
    }

    pub fn measure(&self, memory: &mut Memory<'_>) -> Option<Measurement> {
        with(&self.setup, memory, |typed| Ok(typed.measure(&self.target))).ok()
    }

    pub fn write(&self, memory: &mut Memory<'_>, first: u32, bytes: &[u8]) -> Result<(), Refusal> {
        let size = self.setup.arith.bytes();
        let start = first as usize;
        let end = start.checked_add(bytes.len() / size).ok_or(Refusal::Capacity)?;
        if !bytes.len().is_multiple_of(size) {
            return Err(Refusal::Capacity);
        }
        with(&self.setup, memory, |typed| typed.write(start..end, bytes))
    }

    /// Words of the field into `out`; the number of their bytes.
    pub fn read(&self, memory: &mut Memory<'_>, at: Range<usize>, out: &mut [u8]) -> Result<usize, Refusal> {
        with(&self.setup, memory, |typed| typed.read(at, out))
    }
}

/// A lattice whose dimensions and number type are known, in the memory of the board.
struct Typed<'a, const D: usize, A: Arith> {
    plan: Plan<D>,
    field: &'a mut [A::Store],
    work: &'a mut [A::Store],
}

/// The work of a board on its lattice, whatever dimensions and number type the lattice has.
trait AnyLattice {
    /// φ = 0; the number of sites.
    fn clear(&mut self) -> Result<usize, Refusal>;
    /// The step and the couplings that the quantised integrator stands for.
    fn quantised(&self, setup: &Setup) -> Result<(f64, Phi4), Refusal>;
    fn hot_start(&mut self, width: f64, lattice: &Lattice) -> Result<(), Refusal>;
    fn run(
        &mut self,
        lattice: &Lattice,
        state: &mut State,
        sweeps: u32,
        stop: &mut dyn FnMut(u64) -> bool,
    ) -> Result<(), Refusal>;
    fn measure(&self, target: &Phi4) -> Measurement;
    fn write(&mut self, at: Range<usize>, bytes: &[u8]) -> Result<(), Refusal>;
    fn read(&self, at: Range<usize>, out: &mut [u8]) -> Result<usize, Refusal>;
}

/// Work on a lattice whose type the setup names.
fn with<T>(
    setup: &Setup,
    memory: &mut Memory<'_>,
    work: impl FnOnce(&mut dyn AnyLattice) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    struct With<'a, 'm, F>(&'a mut Memory<'m>, F);
    impl<T, F: FnOnce(&mut dyn AnyLattice) -> Result<T, Refusal>> OnLattice for With<'_, '_, F> {
        type Output = Result<T, Refusal>;
        fn on<const D: usize, A: Arith>(self, extents: [usize; D]) -> Result<T, Refusal> {
            let Self(memory, then) = self;
            let work: &mut [A::Store] = try_cast_slice_mut(memory.work).unwrap_or(&mut []);
            let plan = Plan::new(extents, work.len())?;
            let field: &mut [A::Store] = try_cast_slice_mut(memory.field).unwrap_or(&mut []);
            let field = field.get_mut(..plan.volume()).ok_or(Refusal::Capacity)?;
            if work.len() < WORK_BLOCKS {
                return Err(Refusal::Capacity);
            }
            then(&mut Typed::<D, A> { plan, field, work })
        }
    }
    if !ARITHS.contains(&setup.arith)
        || !INTEGRATORS.contains(&setup.integrator)
        || DIMS >> setup.extents.dims() & 1 == 0
    {
        return Err(Refusal::Unsupported);
    }
    // A board that has one type only need not look, and the compiler drops the others.
    if ALL {
        on_lattice(setup.arith, &setup.extents, With(memory, work))
    } else {
        let [a, b, ..] = setup.extents.array();
        on_lattice(ArithKind::Fx18, &Extents::from([a, b]), With(memory, work))
    }
}

/// Any integrator of the board.
#[cfg(feature = "all")]
type BoardIntegrator<A> = AnyIntegrator<A, Phi4>;
/// Any integrator of the board.
#[cfg(not(feature = "all"))]
type BoardIntegrator<A> = Euler<A, QuarticDrift<A>>;

/// The integrator of a setup: a thousand instructions or so, and no memory between runs.
fn integrator<A: Arith>(setup: &Setup, dims: usize) -> Result<BoardIntegrator<A>, Refusal> {
    #[cfg(feature = "all")]
    let made = AnyIntegrator::new(setup.integrator, &setup.couplings, setup.eps, dims);
    #[cfg(not(feature = "all"))]
    let made = Euler::new(&setup.couplings, setup.eps, dims);
    Ok(made?)
}

impl<const D: usize, A: Arith> AnyLattice for Typed<'_, D, A> {
    fn clear(&mut self) -> Result<usize, Refusal> {
        self.field.fill(A::default().store());
        Ok(self.plan.volume())
    }

    fn quantised(&self, setup: &Setup) -> Result<(f64, Phi4), Refusal> {
        let integrator = integrator::<A>(setup, D)?;
        let eps = Integrator::<A, Threefry>::eps(&integrator);
        Ok((eps, Action::<A>::quantised(&setup.couplings, integrator.drift(), eps)))
    }

    fn hot_start(&mut self, width: f64, lattice: &Lattice) -> Result<(), Refusal> {
        Ok(hot_start::<A>(self.field, width, lattice.setup.seed, lattice.chain)?)
    }

    fn run(
        &mut self,
        lattice: &Lattice,
        state: &mut State,
        sweeps: u32,
        stop: &mut dyn FnMut(u64) -> bool,
    ) -> Result<(), Refusal> {
        let Self { plan, field, work, .. } = self;
        let setup = &lattice.setup;
        let mut noise = ChainNoise::new(setup.seed, lattice.chain, setup.noise);
        let integrator = integrator::<A>(setup, D)?;
        for _ in 0..sweeps {
            integrator.sweep(plan, Sweep { noise: &mut noise, phi: field, work, state });
            if stop(state.step) {
                break;
            }
        }
        Ok(())
    }

    fn measure(&self, target: &Phi4) -> Measurement {
        measure::<A, Phi4, D, _>(&self.plan, target, self.field)
    }

    fn write(&mut self, at: Range<usize>, bytes: &[u8]) -> Result<(), Refusal> {
        let field = self.field.get_mut(at).ok_or(Refusal::Capacity)?;
        let words = || bytes.chunks(size_of::<A::Store>().max(1));
        let word = |bytes: &[u8]| A::from_bits(bytes.iter().rfold(0, |word, &byte| word << 8 | u64::from(byte)));
        // All of them or none.
        if words().any(|bytes| word(bytes).is_none()) {
            return Err(Refusal::Parameter);
        }
        for (slot, phi) in field.iter_mut().zip(words().filter_map(word)) {
            *slot = phi.store();
        }
        Ok(())
    }

    fn read(&self, at: Range<usize>, out: &mut [u8]) -> Result<usize, Refusal> {
        let field = self.field.get(at);
        // Bits as the core numbers them, zero-extended: the same for every way of keeping them.
        let bits = |&phi: &A::Store| A::load(phi).bits() as u32;
        if size_of::<A::Store>() == 2 {
            put(field, out, |phi| (bits(phi) as u16).to_le_bytes())
        } else {
            put(field, out, |phi| bits(phi).to_le_bytes())
        }
    }
}
