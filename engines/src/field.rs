//! A field as raw words, zero-extended to 64 bits: how engines of any kind exchange it.

use stoquant_core::arith::Arith;
use stoquant_core::board;
use stoquant_core::dispatch::{OnArith, OnLattice, on_arith, on_lattice};
use stoquant_core::error::Error;
use stoquant_core::lattice::Plan;
use stoquant_core::observable::{self, Measurement};
use stoquant_model::{ArithKind, Phi4};

use crate::engine::Chain;

/// The sites of a field of `volume` words.
///
/// # Errors
///
/// [`Error::Length`] where there are more or fewer, [`Error::Word`] where one is no value of the format.
pub fn words<A: Arith>(bits: &[u64], volume: usize) -> Result<Vec<A::Store>, Error> {
    if bits.len() != volume {
        return Err(Error::Length { what: "field", got: bits.len(), want: volume });
    }
    let word = |(site, &bits): (usize, &u64)| {
        A::from_bits(bits).map(A::store).ok_or(Error::Word { site, bits, format: A::NAME })
    };
    bits.iter().enumerate().map(word).collect()
}

/// Refuses words that are no field of a chain.
///
/// # Errors
///
/// Those of [`words`].
pub fn check(chain: &Chain, bits: &[u64]) -> Result<(), Error> {
    struct Check<'a>(&'a [u64], usize);
    impl OnArith for Check<'_> {
        type Output = Result<(), Error>;
        fn on<A: Arith>(self) -> Self::Output {
            words::<A>(self.0, self.1).map(drop)
        }
    }
    on_arith(chain.setup.arith, Check(bits, chain.setup.volume()))
}

/// The numbers that words stand for; NaN for one that is no value of the format.
pub fn values(arith: ArithKind, bits: &[u64]) -> Vec<f64> {
    struct Values<'a>(&'a [u64]);
    impl OnArith for Values<'_> {
        type Output = Vec<f64>;
        fn on<A: Arith>(self) -> Vec<f64> {
            self.0.iter().map(|&bits| A::from_bits(bits).map_or(f64::NAN, A::value)).collect()
        }
    }
    on_arith(arith, Values(bits))
}

/// The words nearest to numbers: those of a field, where the numbers are its [`values`].
pub fn nearest(arith: ArithKind, values: &[f64]) -> Vec<u64> {
    struct Nearest<'a>(&'a [f64]);
    impl OnArith for Nearest<'_> {
        type Output = Vec<u64>;
        fn on<A: Arith>(self) -> Vec<u64> {
            self.0.iter().map(|&value| A::nearest(value).bits()).collect()
        }
    }
    on_arith(arith, Nearest(values))
}

/// The start field of a chain: `width`·R_x from its start stream.
///
/// # Errors
///
/// [`Error::Domain`] unless the width is finite and at least 0.
pub fn hot_start(chain: &Chain, width: f64) -> Result<Vec<u64>, Error> {
    struct Start<'a>(&'a Chain, f64);
    impl OnArith for Start<'_> {
        type Output = Result<Vec<u64>, Error>;
        fn on<A: Arith>(self) -> Self::Output {
            let Self(Chain { setup, number, .. }, width) = self;
            let mut phi = vec![A::Store::default(); setup.volume()];
            board::hot_start::<A>(&mut phi, width, setup.seed, *number)?;
            Ok(phi.into_iter().map(|word| A::load(word).bits()).collect())
        }
    }
    on_arith(chain.setup.arith, Start(chain, width))
}

/// Observables of a field under the action that a chain samples.
///
/// # Errors
///
/// Those of [`words`].
pub fn measure(chain: &Chain, bits: &[u64]) -> Result<Measurement, Error> {
    struct Measure<'a>(&'a Chain, &'a [u64]);
    impl OnLattice for Measure<'_> {
        type Output = Result<Measurement, Error>;
        fn on<const D: usize, A: Arith>(self, extents: [usize; D]) -> Self::Output {
            let Self(chain, bits) = self;
            let plan = Plan::new(extents, Plan::<D>::work_sites(&extents)?)?;
            Ok(observable::measure::<A, Phi4, D, _>(&plan, &chain.target, &words::<A>(bits, plan.volume())?))
        }
    }
    on_lattice(chain.setup.arith, &chain.setup.extents, Measure(chain, bits))
}
