//! Machines: the same source, compiled for wider registers and shared out among threads.
//!
//! Where a processor has several instruction sets and the program picks one as it runs, the host hands in a
//! [`Machine`], and everything that touches many sites goes through [`Machine::run`]: no algorithm is written once more
//! for an instruction set. (For a target without vectors the inner loops have a second form: `core/src/form`.) Integers
//! are exact, floats are never reassociated or fused, noise is a pure function of step and site: a machine changes the
//! speed and not one bit.

use crate::noise::Gaussian;

/// An instruction set that the processor is known to have, and the threads that it may use.
///
/// A value is a token: whoever holds one may run code compiled for it. Kernels that a machine may have instructions for
/// are traits of their own, beside what they compute: [`Gaussian`], which every machine has, and the
/// [`Kernels`](crate::score::int8::Kernels) of the int8 network.
pub trait Machine: Gaussian + Copy + Send + Sync + 'static {
    /// Runs `work`, compiled for this machine.
    fn run<P: Pass>(self, work: P) -> P::Output;

    /// Optimisation barrier: the compiler must have all `lanes` ready here, and may not finish one lane after the
    /// other, which would leave the processor waiting. No effect on results; by default none at all.
    #[inline(always)]
    fn barrier<const L: usize>(self, lanes: &mut [u32; L]) {
        let _ = lanes;
    }

    /// Calls `work(n, part)` for every part of `size` of `out`, the last one shorter, in any order; the sum of what it
    /// returns.
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

/// Work for a machine: a closure, or, where it is so long that the compiler may leave a closure outside of
/// [`Machine::run`] and so without its instructions, a type of its own whose `pass` is marked `#[inline(always)]`.
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

impl Gaussian for Portable {}

impl Machine for Portable {
    #[inline(always)]
    fn run<P: Pass>(self, work: P) -> P::Output {
        work.pass()
    }
}
