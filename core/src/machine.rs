//! Machines: the same source, compiled for wider registers and shared out among threads.
//!
//! Where a processor has several instruction sets and the program picks one as it runs, the host hands in a
//! [`Machine`], and everything that touches many sites goes through [`Machine::run`]: no algorithm is written once more
//! for an instruction set. (For a target without vectors the inner loops have a second form: `core/src/form`.) Integers
//! are exact, floats are never reassociated or fused, noise is a pure function of step and site: a machine changes the
//! speed and not one bit.

use crate::form;
use crate::int8::arithmetic::{activation, saturate};
use crate::int8::network::{self, Units};
use crate::lattice::VECTORS;

/// Two numbers that are multiplied and added in one instruction, where there is such.
pub type Two = [i16; 2];

/// An instruction set that the processor is known to have, and the threads that it may use.
///
/// A value is a token: whoever holds one may run code compiled for it.
pub trait Machine: Copy + Send + Sync + 'static {
    /// Runs `work`, compiled for this machine.
    fn run<P: Pass>(self, work: P) -> P::Output;

    /// Finishes work on `lanes` before any that is written after. Changes nothing: a hint for compilers that would rather finish
    /// one lane after the other, which leaves the processor waiting.
    #[inline(always)]
    fn settle<const L: usize>(self, lanes: &mut [u32; L]) {
        let _ = lanes;
    }

    /// η of words, W bits wide: [`gauss::eta`](crate::noise::gauss::eta) of each. To be called from within
    /// [`run`](Self::run), else it is compiled for the caller's instructions.
    #[inline(always)]
    fn gaussian<const W: u32>(self, words: &[u32], out: &mut [i32]) {
        form::gauss::etas::<W>(words, out);
    }

    /// `sums_i += w₀·x_i0 + w₁·x_i1`, exact: |w|, |x| < 2^15, and whoever sums sees to the width. Of use, as
    /// [`gaussian`](Self::gaussian) is, from within [`run`](Self::run).
    #[inline(always)]
    fn dot<const N: usize>(self, [w0, w1]: Two, x: &[Two; N], sums: &mut [i32; N]) {
        let (w0, w1) = (i32::from(w0), i32::from(w1));
        for (sum, &[x0, x1]) in sums.iter_mut().zip(x) {
            *sum += w0 * i32::from(x0) + w1 * i32::from(x1);
        }
    }

    /// Two units of a hidden layer: [`activation`] of z and β, each saturated.
    #[inline(always)]
    fn activations<const N: usize>(self, z: [&[i32; N]; 2], beta: [&[i32; N]; 2]) -> [Two; N] {
        let mut out = [[0; 2]; N];
        for unit in 0..2 {
            for (slot, (&z, &beta)) in out.iter_mut().zip(z[unit].iter().zip(beta[unit])) {
                slot[unit] = activation(saturate(z), saturate(beta));
            }
        }
        out
    }

    /// The units of a hidden layer at N sites: calls `with(pair, activations)` for every pair of them, and for those that fill the last
    /// group. The arguments of an [`activation`] are the sum over odd inputs, and that over even ones and a bias, after their shifts.
    #[inline(always)]
    fn units<const N: usize>(
        self,
        units: Units<'_>,
        odd: &[[Two; N]],
        even: &[[Two; N]],
        with: impl FnMut(usize, [Two; N]),
    ) {
        if VECTORS {
            network::units_by_groups(self, units, odd, even, with);
        } else {
            network::units_by_pairs(self, units, odd, even, with);
        }
    }

    /// Calls `work(n, part)` for every part of `size` of `out`, the last one shorter, in any order; the sum of what it returns.
    #[inline(always)]
    fn parts<T: Send, R: Part>(self, out: &mut [T], size: usize, work: impl Fn(usize, &mut [T]) -> R + Sync) -> R {
        out.chunks_mut(size.max(1)).enumerate().fold(R::default(), |sum, (n, part)| sum.plus(work(n, part)))
    }

    /// The sum of `work(n)`, n below `count`, in any order.
    #[inline(always)]
    fn sum<R: Part>(self, count: usize, work: impl Fn(usize) -> R + Sync) -> R {
        (0..count).fold(R::default(), |sum, n| sum.plus(work(n)))
    }
}

/// Work for a machine: a closure, or, where it is so long that the compiler may leave a closure outside of [`Machine::run`] and so without
/// its instructions, a type of its own whose `pass` is marked `#[inline(always)]`.
pub trait Pass {
    /// What it returns.
    type Output;
    /// Does it.
    fn pass(self) -> Self::Output;
}

impl<R, F: FnOnce() -> R> Pass for F {
    type Output = R;
    #[inline(always)]
    fn pass(self) -> R {
        self()
    }
}

/// A part of a sum whose order does not matter: integers.
pub trait Part: Copy + Default + Send {
    /// Addition, exact.
    fn plus(self, other: Self) -> Self;
}

impl Part for u64 {
    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self + other
    }
}

/// What the compiler was told about the target, and one thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Portable;

impl Machine for Portable {
    #[inline(always)]
    fn run<P: Pass>(self, work: P) -> P::Output {
        work.pass()
    }
}
