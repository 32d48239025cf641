//! From values to types: the one place where a number type and extents that are known at run time choose the code.
//!
//! A chain's [`Setup`](stoquant_model::Setup) is plain values. [`on_lattice`] calls a generic method with the types
//! that they stand for; [`AnyIntegrator`](crate::integrator::AnyIntegrator) is the integrator of a tag. Engines, boards
//! and checks all come this way.
//!
//! ```
//! use stoquant_core::{arith::Arith, dispatch::{OnLattice, on_lattice}};
//! use stoquant_model::{ArithKind, Extents};
//!
//! /// Bytes of a field.
//! struct Bytes;
//! impl OnLattice for Bytes {
//!     type Output = usize;
//!     fn on<const D: usize, A: Arith>(self, extents: [usize; D]) -> usize {
//!         extents.iter().product::<usize>() * size_of::<A::Store>()
//!     }
//! }
//! assert_eq!(on_lattice(ArithKind::Fx16, &Extents::from([8, 8]), Bytes), 128);
//! ```

use stoquant_model::{ArithKind, Extents};

use crate::arith::{Arith, Fx};

/// Work for a number type.
pub trait OnArith {
    /// Its result.
    type Output;
    /// The work in the arithmetic `A`.
    fn on<A: Arith>(self) -> Self::Output;
}

/// Work for a lattice of `D` dimensions and a number type.
pub trait OnLattice {
    /// Its result.
    type Output;
    /// The work in the arithmetic `A` on a lattice of these extents, which are not checked yet.
    fn on<const D: usize, A: Arith>(self, extents: [usize; D]) -> Self::Output;
}

/// Calls the work with the type of a number type's tag.
#[inline]
pub fn on_arith<W: OnArith>(arith: ArithKind, work: W) -> W::Output {
    match arith {
        ArithKind::Fx18 => work.on::<Fx<18>>(),
        ArithKind::Fx16 => work.on::<Fx<16>>(),
        ArithKind::F32 => work.on::<f32>(),
        ArithKind::F64 => work.on::<f64>(),
    }
}

/// Calls the work with the number of dimensions and the type of a number type's tag.
#[inline]
pub fn on_lattice<W: OnLattice>(arith: ArithKind, extents: &Extents, work: W) -> W::Output {
    struct Dims<'a, W>(&'a Extents, W);
    impl<W: OnLattice> OnArith for Dims<'_, W> {
        type Output = W::Output;
        #[inline]
        fn on<A: Arith>(self) -> W::Output {
            let Self(extents, work) = self;
            let [a, b, c, d] = extents.array();
            match extents.dims() {
                0 => work.on::<0, A>([]),
                1 => work.on::<1, A>([a]),
                2 => work.on::<2, A>([a, b]),
                3 => work.on::<3, A>([a, b, c]),
                _ => work.on::<4, A>([a, b, c, d]),
            }
        }
    }
    on_arith(arith, Dims(extents, work))
}

/// Field spacing Δ of a number type; 0 for floats.
pub fn field_lsb(arith: ArithKind) -> f64 {
    struct Spacing;
    impl OnArith for Spacing {
        type Output = f64;
        fn on<A: Arith>(self) -> f64 {
            A::FIELD_LSB
        }
    }
    on_arith(arith, Spacing)
}
