//! A whole chain as one value of known size: what a microcontroller holds.

use crate::arith::Arith;
use crate::error::Error;
use crate::integrator::{ChainNoise, Integrator, State, Sweep};
use crate::lattice::{FixedLattice, Plan, WORK_BLOCKS};
use crate::noise::{NoiseKind, StreamTag, Threefry};

/// Field, work memory, noise keys and counters of one chain on a lattice of type `L`.
#[derive(Clone, Copy, Debug)]
pub struct Board<const D: usize, L: FixedLattice<D>, A: Arith> {
    field: L::Field<A::Store>,
    work: L::Work<A::Store>,
    noise: ChainNoise<Threefry>,
    state: State,
}

impl<const D: usize, L: FixedLattice<D>, A: Arith> Board<D, L, A> {
    /// Bytes of memory that the chain takes, everything but the stack included.
    pub const RAM: usize = size_of::<Self>();

    /// The plan, made by the compiler; impossible extents do not compile.
    pub const PLAN: Plan<D> = {
        let slab = match crate::lattice::volume(&L::EXTENTS) {
            Ok(volume) if D > 0 => volume / L::EXTENTS[0],
            Ok(volume) => volume,
            Err(_) => panic!("every extent must be at least 1, and the volume at most 2^31"),
        };
        match Plan::new(L::EXTENTS, WORK_BLOCKS * slab) {
            Ok(plan) => plan,
            Err(_) => panic!("the work memory has one slab per block"),
        }
    };

    /// A chain that starts from φ = 0.
    pub fn new(seed: u64, chain: u32, law: NoiseKind) -> Self {
        let zero = A::default().store();
        Self {
            field: L::field(zero),
            work: L::work(zero),
            noise: ChainNoise::new(seed, chain, law),
            state: State::default(),
        }
    }

    /// One sweep.
    #[inline]
    pub fn sweep(&mut self, integrator: &impl Integrator<A, Threefry>) {
        integrator.sweep(
            &Self::PLAN,
            Sweep {
                noise: &mut self.noise,
                phi: L::sites_mut(&mut self.field),
                work: L::work_mut(&mut self.work),
                state: &mut self.state,
            },
        );
    }

    /// The field, row-major.
    pub fn phi(&self) -> &[A::Store] {
        L::sites(&self.field)
    }

    /// The field, to be set.
    pub fn phi_mut(&mut self) -> &mut [A::Store] {
        L::sites_mut(&mut self.field)
    }

    /// Counters.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Counters, to resume a chain: field and state determine everything that follows.
    pub fn state_mut(&mut self) -> &mut State {
        &mut self.state
    }
}

/// A start field φ_x = `width`·R_x, R from the chain's own start stream.
///
/// # Errors
///
/// [`Error::Domain`] unless the width is finite and at least 0.
pub fn hot_start<A: Arith>(phi: &mut [A::Store], width: f64, seed: u64, chain: u32) -> Result<(), Error> {
    if !(width >= 0.0 && width.is_finite()) {
        return Err(Error::Domain { what: "start width", value: width, want: "finite and at least 0" });
    }
    let words = Threefry::new(seed, chain, StreamTag::Start);
    for (x, slot) in phi.iter_mut().enumerate() {
        let eta = crate::noise::eta::<18>(NoiseKind::Gaussian, words.word(0, x));
        *slot = A::nearest(width * f64::from(eta) * (1.0 / 16384.0)).store();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::Fx;
    use crate::lattice::Torus2;

    /// A 32×32 chain: 4096 bytes of field, 640 of work memory (five rows), keys, law and counters. The same on every
    /// target: nothing in it has the size of a pointer.
    #[test]
    fn ram() {
        const RAM: usize = Board::<2, Torus2<32, 32>, Fx<18>>::RAM;
        assert_eq!(RAM, 4096 + 640 + size_of::<ChainNoise<Threefry>>() + size_of::<State>());
        assert_eq!(RAM, 4824);
        assert_eq!(Board::<2, Torus2<32, 32>, Fx<16>>::RAM, 4824 - (4096 + 640) / 2);
    }
}
