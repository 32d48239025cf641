//! Vectors and threads for the in-process core, chosen at run time; the bits are those of the portable machine.
//!
//! The source of every algorithm is the core's own. What stands here is how it is compiled ([`Machine::run`]), the Gaussian with its table
//! in registers, which no compiler finds, and how blocks of a lattice are shared out. On AArch64 the portable machine has NEON: there it is the baseline.

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "instructions that the compiler may not assume; each block says why it may be entered")]
mod x86;

use rayon::prelude::*;
use stoquant_core::machine::{self, Machine, Part, Pass};
#[cfg(target_arch = "x86_64")]
pub use x86::{Avx2, Avx512};

use crate::named::named;

named!(
    /// A machine of the in-process core.
    MachineKind {
        /// What every processor of this kind has.
        Portable = "portable",
        /// AVX2.
        Avx2 = "avx2",
        /// AVX-512 F, BW, CD, DQ and VL.
        Avx512 = "avx512",
    }
);

impl MachineKind {
    /// Those that this processor has, slowest first; the portable one always.
    pub fn available() -> Vec<Self> {
        Self::ALL.iter().copied().filter(|kind| kind.is_available()).collect()
    }

    /// The fastest one that this processor has.
    pub fn best() -> Self {
        Self::available().last().copied().unwrap_or(Self::Portable)
    }

    /// Whether this processor has it.
    pub fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => Avx2::detect(Threads::One).is_some(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => Avx512::detect(Threads::One).is_some(),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx512 => false,
        }
    }
}

/// Something to do on a machine of any type.
pub trait Work {
    /// What comes of it.
    type Result;
    /// Do it.
    fn on<M: Machine>(self, machine: M) -> Self::Result;
}

/// Does it on the machine of this name; on the portable one where the processor has no such.
pub fn with_machine<W: Work>(kind: MachineKind, threads: Threads, work: W) -> W::Result {
    #[cfg(target_arch = "x86_64")]
    match kind {
        MachineKind::Portable => {}
        MachineKind::Avx2 => {
            if let Some(machine) = Avx2::detect(threads) {
                return work.on(machine);
            }
        }
        MachineKind::Avx512 => {
            if let Some(machine) = Avx512::detect(threads) {
                return work.on(machine);
            }
        }
    }
    let _ = kind;
    work.on(Portable(threads))
}

/// Who does the blocks of one lattice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    /// The caller.
    One,
    /// The threads of the pool.
    Pool,
}

/// The portable machine of the core, with threads.
#[derive(Clone, Copy, Debug)]
pub struct Portable(pub Threads);

impl Machine for Portable {
    #[inline(always)]
    fn run<P: Pass>(self, work: P) -> P::Output {
        work.pass()
    }
    #[inline(always)]
    fn parts<T: Send, R: Part>(self, out: &mut [T], size: usize, work: impl Fn(usize, &mut [T]) -> R + Sync) -> R {
        parts(self.0, out, size, work)
    }
    #[inline(always)]
    fn sum<R: Part>(self, count: usize, work: impl Fn(usize) -> R + Sync) -> R {
        sum(self.0, count, work)
    }
}

#[inline(always)]
fn parts<T: Send, R: Part>(
    threads: Threads,
    out: &mut [T],
    size: usize,
    work: impl Fn(usize, &mut [T]) -> R + Sync,
) -> R {
    match threads {
        Threads::One => machine::Portable.parts(out, size, work),
        Threads::Pool => {
            out.par_chunks_mut(size.max(1)).enumerate().map(|(n, part)| work(n, part)).reduce(R::default, R::plus)
        }
    }
}

#[inline(always)]
fn sum<R: Part>(threads: Threads, count: usize, work: impl Fn(usize) -> R + Sync) -> R {
    match threads {
        Threads::One => machine::Portable.sum(count, work),
        Threads::Pool => (0..count).into_par_iter().map(&work).reduce(R::default, R::plus),
    }
}
