//! Actions, and the drift K = -∂S/∂φ that an integrator applies.
//!
//! An action is linear in its couplings, `S = Σ_i g_i Σ_x O_i(x)`. The local terms O_i are tallied exactly, the
//! couplings enter once per configuration: the difference of two actions carries no sum of rounding errors, and does not
//! depend on the order of the sites.
//!
//! To add an action, write one file like [`phi4`]: local terms, force and curvature in `f64`, and a [`Drift`]. Where speed and
//! hardware matter, the drift is written in the vocabulary of [`Arith`] ([`quartic`]); any other is ε·K in `f64`, rounded
//! once into the accumulator by [`Arith::wide`]: additions and products only, so still the same bits on every target.

pub mod double_well;
pub mod free;
pub mod phi4;
pub mod quartic;

pub use double_well::DoubleWell;
pub use free::FreeField;
pub use phi4::Phi4;
pub use quartic::QuarticDrift;

use crate::arith::{Arith, Tally, tally_value};
use crate::error::Error;
use crate::lattice::{Plan, triples};

/// A drift times step: what is added to φ_x before the noise, ε·K_x(φ).
///
/// The seam between what moves the field (an action today, a score as well) and how it is integrated.
pub trait Drift<A: Arith>: Copy + Send + Sync {
    /// ε·K at site `x`, with φ_x and the sum of its 2D neighbours. Exact but for the even factor; clipping is counted.
    fn drift(&self, x: usize, phi: A, sum: A::Sum, clipped: &mut u32) -> A::Wide;
}

/// A local lattice action with nearest-neighbour coupling.
pub trait Action<A: Arith>: Copy + Send + Sync {
    /// Its drift in the arithmetic `A`.
    type Drift: Drift<A>;
    /// Its local terms O_i(x).
    type Terms: Terms;

    /// Quantise ε·K, or say why not: e^{-S} has no norm, a coefficient does not fit, the field range is too small.
    fn drift(&self, eps: f64, dims: usize) -> Result<Self::Drift, Error>;
    /// Refuse a step at which the unadjusted update is unstable, or its drift not that of the action, where the field
    /// still lives. (Metropolis-adjusted, any drift is exact.)
    fn check_step(&self, drift: &Self::Drift, eps: f64, dims: usize) -> Result<(), Error>;
    /// The action whose drift, times ε, is exactly this quantised one.
    fn quantised(&self, drift: &Self::Drift, eps: f64) -> Self;
    /// O_i(x) from φ_x and the sum over its 2D neighbours (so a bond is counted from both ends).
    fn terms(&self, phi: A, sum: A::Sum) -> Self::Terms;
    /// The couplings g_i.
    fn couplings(&self) -> <Self::Terms as Terms>::Couplings;
    /// K_x = -∂S/∂φ_x.
    fn force(&self, phi: f64, sum: f64) -> f64;
    /// ∂²S/∂φ_x², given in how many directions the site is its own neighbour.
    fn curvature(&self, phi: f64, self_bonds: usize) -> f64;

    /// S of a field.
    fn action<const D: usize>(&self, plan: &Plan<D>, phi: &[A::Store]) -> f64 {
        let mut totals = Totals::<Self::Terms>::default();
        triples(plan, phi, |_, triple| {
            plan.chunks::<A>(triple, |_, here| {
                for (&phi, &sum) in here.phi.iter().zip(&here.sum).take(here.count) {
                    totals.add(self.terms(phi, sum));
                }
            });
        });
        totals.dot(self.couplings())
    }
}

/// The local terms of an action: `[Tally; N]`.
pub trait Terms: Copy {
    /// Exact sums.
    type Sums: Copy + Default;
    /// One coupling a term.
    type Couplings: Copy;
    /// Add to the sums.
    fn accumulate(self, sums: &mut Self::Sums);
    /// Σ g_i O_i.
    fn dot(sums: &Self::Sums, couplings: Self::Couplings) -> f64;
    /// Difference of two sums.
    fn difference(a: &Self::Sums, b: &Self::Sums) -> Self::Sums;
}

macro_rules! terms {
    ($($n:literal),+) => { $(
        impl Terms for [Tally; $n] {
            type Sums = [i128; $n];
            type Couplings = [f64; $n];
            #[inline(always)]
            fn accumulate(self, sums: &mut Self::Sums) {
                for (sum, term) in sums.iter_mut().zip(self) {
                    *sum += i128::from(term);
                }
            }
            #[inline]
            fn dot(sums: &Self::Sums, couplings: Self::Couplings) -> f64 {
                sums.iter().zip(couplings).map(|(&sum, g)| g * tally_value(sum)).sum()
            }
            #[inline]
            fn difference(a: &Self::Sums, b: &Self::Sums) -> Self::Sums {
                let mut out = *a;
                for (out, b) in out.iter_mut().zip(b) {
                    *out -= b;
                }
                out
            }
        }
    )+ };
}
terms!(1, 2, 3, 4, 5, 6);

/// Exact sums of local terms over a field.
#[derive(Clone, Copy, Debug)]
pub struct Totals<T: Terms>(T::Sums);

impl<T: Terms> Default for Totals<T> {
    fn default() -> Self {
        Self(T::Sums::default())
    }
}

impl<T: Terms> Totals<T> {
    /// Add one site.
    #[inline(always)]
    pub fn add(&mut self, terms: T) {
        terms.accumulate(&mut self.0);
    }

    /// The sums.
    pub fn sums(&self) -> &T::Sums {
        &self.0
    }

    /// Σ g_i O_i.
    pub fn dot(&self, couplings: T::Couplings) -> f64 {
        T::dot(&self.0, couplings)
    }

    /// Σ g_i (O_i - O'_i), exact until the couplings multiply.
    pub fn change(&self, from: &Self, couplings: T::Couplings) -> f64 {
        T::dot(&T::difference(&self.0, &from.0), couplings)
    }
}
