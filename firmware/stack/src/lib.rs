//! How much stack a program has used: paint it, and look how far the paint is gone.
#![no_std]

use core::arch::asm;
use core::ptr::{read_volatile, write_volatile};

const PAINT: u32 = 0x5aa5_c33c;

/// Words that the painter itself may need below its stack pointer.
const MARGIN: usize = 64;

/// A painted stack, growing downwards.
#[derive(Clone, Copy, Debug)]
pub struct Stack {
    top: usize,
    low: usize,
}

impl Stack {
    /// Paints `bytes` of the stack below where it is now; `used` are in use by the caller's callers.
    ///
    /// # Safety
    /// So many bytes below the stack pointer belong to the stack and to nothing else.
    #[inline(never)]
    #[allow(unsafe_code, reason = "memory that no variable owns: the caller promises that it is the stack's")]
    pub unsafe fn paint(bytes: usize) -> Self {
        let here = pointer();
        let low = here.saturating_sub(bytes) & !3;
        let mut at = here.saturating_sub(4 * MARGIN) & !3;
        while at > low {
            at -= 4;
            // Below the pointer by more than this function uses, within what the caller has promised.
            unsafe { write_volatile(at as *mut u32, PAINT) };
        }
        Self { top: here, low }
    }

    /// Bytes used at most since, counted from where the stack was painted.
    #[allow(unsafe_code, reason = "the painted memory, read as numbers")]
    pub fn used(&self) -> u32 {
        let mut at = self.low;
        while at < self.top {
            // Within what was painted.
            if unsafe { read_volatile(at as *const u32) } != PAINT {
                break;
            }
            at += 4;
        }
        (self.top - at) as u32
    }
}

/// The stack pointer.
#[allow(unsafe_code, reason = "one instruction that reads a register")]
fn pointer() -> usize {
    let sp: usize;
    #[cfg(target_arch = "arm")]
    unsafe {
        asm!("mov {}, sp", out(reg) sp, options(nomem, nostack, preserves_flags));
    }
    #[cfg(any(target_arch = "riscv32", target_arch = "riscv64"))]
    unsafe {
        asm!("mv {}, sp", out(reg) sp, options(nomem, nostack, preserves_flags));
    }
    sp
}
