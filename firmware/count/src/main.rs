//! Three places where the work runs: a Cortex-M4F, an RV32IMAC and, for its bits alone, the machine that compiles it.
#![cfg_attr(target_os = "none", no_std, no_main)]

use core::fmt;
use stoquant_count::{Board, run};

struct Here;

/// mps2-an386: a timer of 25 MHz that counts down, while an instruction takes 2^6 ns (`-icount shift=6`).
#[cfg(all(target_arch = "arm", target_os = "none"))]
mod board {
    const TIMER: *mut u32 = 0x4000_0000 as *mut u32;

    pub fn start() {
        // SAFETY: control, value and reload of CMSDK's timer 0, which nobody else uses.
        unsafe {
            TIMER.write_volatile(0);
            TIMER.add(2).write_volatile(u32::MAX);
            TIMER.add(1).write_volatile(u32::MAX);
            TIMER.write_volatile(1);
        }
    }

    /// 40 ns a tick: 1.6 ticks an instruction.
    pub fn instructions() -> u64 {
        // SAFETY: as above.
        let ticks = u64::from(u32::MAX - unsafe { TIMER.add(1).read_volatile() });
        (5 * ticks + 4) / 8
    }

    #[cortex_m_rt::entry]
    fn main() -> ! {
        start();
        super::all();
        semihosting::process::exit(0)
    }
}

/// `virt`, which counts instructions itself.
#[cfg(all(target_arch = "riscv32", target_os = "none"))]
mod board {
    pub fn instructions() -> u64 {
        let (mut high, mut low, mut again): (u32, u32, u32);
        loop {
            // SAFETY: reads counters.
            unsafe {
                core::arch::asm!("csrr {0}, minstreth", "csrr {1}, minstret", "csrr {2}, minstreth",
                    out(reg) high, out(reg) low, out(reg) again, options(nomem, nostack));
            }
            if high == again {
                return u64::from(high) << 32 | u64::from(low);
            }
        }
    }

    #[riscv_rt::entry]
    fn main() -> ! {
        super::all();
        semihosting::process::exit(0)
    }
}

#[cfg(not(target_os = "none"))]
mod board {
    pub fn instructions() -> u64 {
        0
    }
}

impl Board for Here {
    fn instructions() -> u64 {
        board::instructions()
    }

    fn print(line: fmt::Arguments<'_>) {
        #[cfg(target_os = "none")]
        semihosting::println!("{line}");
        #[cfg(not(target_os = "none"))]
        println!("{line}");
    }
}

fn all() {
    run::<Here>();
    #[cfg(all(target_arch = "arm", target_os = "none"))]
    stoquant_count::scores::<Here>("dsp_", stoquant_cortex_m4::CortexM4);
}

#[cfg(not(target_os = "none"))]
fn main() {
    all();
}
