//! The Cortex-M4 as a [`Machine`]: two products of 16 bits an instruction, and saturations of two numbers at once.
//!
//! The core's own code reaches one product an instruction, and saturates numbers one by one. Everything here is exact:
//! the same bits. Blocks of four sites are what it is made for.
#![no_std]

mod units;

use core::arch::asm;
use stoquant_core::machine::{Machine, Pass};
use stoquant_core::noise::Gaussian;
use stoquant_core::score::int8::kernels::{Kernels, Two, Units};

/// A processor with the DSP extension of ARMv7E-M: Cortex-M4, M7. Not for others: this does not assemble for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CortexM4;

impl Machine for CortexM4 {
    #[inline(always)]
    fn run<P: Pass>(self, work: P) -> P::Output {
        work.pass()
    }
}

impl Gaussian for CortexM4 {}

impl Kernels for CortexM4 {
    #[inline(always)]
    fn dot<const N: usize>(self, w: Two, x: &[Two; N], sums: &mut [i32; N]) {
        let w = word(w);
        for (sum, &x) in sums.iter_mut().zip(x) {
            // SAFETY: registers only.
            unsafe {
                asm!("smlad {s}, {w}, {x}, {s}", s = inout(reg) *sum, w = in(reg) w, x = in(reg) word(x),
                    options(pure, nomem, nostack, preserves_flags));
            }
        }
    }

    #[inline(always)]
    fn units<const N: usize>(
        self,
        units: Units<'_>,
        odd: &[[Two; N]],
        even: &[[Two; N]],
        with: impl FnMut(usize, [Two; N]),
    ) {
        units::units(self, units, odd, even, with);
    }
}

/// A pair in a register, the first below.
#[inline(always)]
fn word([low, high]: Two) -> u32 {
    u32::from(low as u16) | u32::from(high as u16) << 16
}
