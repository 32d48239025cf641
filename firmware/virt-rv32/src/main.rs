//! The agent on RV32IMAC: QEMU's virt machine.
#![no_std]
#![no_main]

use core::panic::PanicInfo;
use core::ptr::{read_volatile, write_volatile};

use riscv_rt::entry;
use static_cell::ConstStaticCell;
use stoquant_agent::{Agent, Board, Memory};
use stoquant_core::machine::Portable;
use stoquant_firmware_stack::Stack;

/// 256² sites.
const SITES: usize = 1 << 16;
/// Bytes of stack that are watched.
const STACK: usize = 32 << 10;

static FIELD: ConstStaticCell<[u32; SITES]> = ConstStaticCell::new([0; SITES]);
static WORK: ConstStaticCell<[u32; SITES]> = ConstStaticCell::new([0; SITES]);
static IMAGE: ConstStaticCell<[u8; 64 << 10]> = ConstStaticCell::new([0; 64 << 10]);
static SCRATCH: ConstStaticCell<[u32; 32 << 10]> = ConstStaticCell::new([0; 32 << 10]);

/// A 16550. Its interrupt wakes the processor and is never taken.
struct Uart {
    stack: Stack,
}

/// Its registers.
const DATA: usize = 0x1000_0000;
const INTERRUPTS: usize = 0x1000_0001;
const FIFO: usize = 0x1000_0002;
const LINE: usize = 0x1000_0005;
const RECEIVED: u8 = 1;
const TRANSMIT_EMPTY: u8 = 1 << 5;
/// The interrupt controller of the platform; the UART is its interrupt 10.
const PRIORITY: usize = 0x0c00_0000 + 4 * LINE_OF_UART;
const LINE_OF_UART: usize = 10;
const INTERRUPT_ENABLE: usize = 0x0c00_2000;
const THRESHOLD: usize = 0x0c20_0000;
const CLAIM: usize = 0x0c20_0004;

#[allow(unsafe_code, reason = "a register of the UART, always there")]
fn read(register: usize) -> u8 {
    unsafe { read_volatile(register as *const u8) }
}

#[allow(unsafe_code, reason = "a register of the UART, always there")]
fn write(register: usize, value: u8) {
    unsafe { write_volatile(register as *mut u8, value) }
}

#[allow(unsafe_code, reason = "a register of the interrupt controller, aligned and always there")]
fn control(register: usize) -> u32 {
    unsafe { read_volatile(register as *const u32) }
}

#[allow(unsafe_code, reason = "a register of the interrupt controller, aligned and always there")]
fn set_control(register: usize, value: u32) {
    unsafe { write_volatile(register as *mut u32, value) }
}

impl Board for Uart {
    const TARGET: &'static str = "rv32imac virt";
    type Machine = Portable;
    const MACHINE: Portable = Portable;

    fn receive(&mut self) -> Option<u8> {
        (read(LINE) & RECEIVED != 0).then(|| read(DATA))
    }

    fn send(&mut self, byte: u8) {
        while read(LINE) & TRANSMIT_EMPTY == 0 {}
        write(DATA, byte);
    }

    fn idle(&mut self) {
        // A byte since the last look has made the interrupt pending: there is no waiting then.
        riscv::asm::wfi();
        let line = control(CLAIM);
        if line != 0 {
            set_control(CLAIM, line);
        }
    }

    fn stack(&self) -> u32 {
        self.stack.used()
    }
}

#[entry]
fn main() -> ! {
    #[allow(unsafe_code, reason = "the stack has megabytes between its top and the variables")]
    let stack = unsafe { Stack::paint(STACK) };
    // Sixteen bytes in either direction.
    write(FIFO, 1);
    write(INTERRUPTS, 1);
    set_control(PRIORITY, 1);
    set_control(THRESHOLD, 0);
    set_control(INTERRUPT_ENABLE, 1 << LINE_OF_UART);
    #[allow(unsafe_code, reason = "interrupts stay disabled as a whole: this one only wakes")]
    unsafe {
        riscv::register::mie::set_mext();
    }
    if let (Some(field), Some(work), Some(image), Some(scratch)) =
        (FIELD.try_take(), WORK.try_take(), IMAGE.try_take(), SCRATCH.try_take())
    {
        Agent::new(Uart { stack }, Memory { field, work, image, scratch }).run();
    }
    loop {
        riscv::asm::wfi();
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {
        riscv::asm::wfi();
    }
}
