//! The agent on a Cortex-M4F: ARM's MPS2 board with the image of application note 386.
#![no_std]
#![no_main]

use core::panic::PanicInfo;
use core::ptr::{read_volatile, write_volatile};

use cortex_m_rt::entry;
use static_cell::ConstStaticCell;
use stoquant_agent::{Agent, Board, Memory};
use stoquant_cortex_m4::CortexM4;
use stoquant_firmware_stack::Stack;

/// 256² sites.
const SITES: usize = 1 << 16;
/// Bytes of stack that are watched.
const STACK: usize = 32 << 10;

static FIELD: ConstStaticCell<[u32; SITES]> = ConstStaticCell::new([0; SITES]);
static WORK: ConstStaticCell<[u32; SITES]> = ConstStaticCell::new([0; SITES]);
static IMAGE: ConstStaticCell<[u8; 64 << 10]> = ConstStaticCell::new([0; 64 << 10]);
static SCRATCH: ConstStaticCell<[u32; 32 << 10]> = ConstStaticCell::new([0; 32 << 10]);

/// UART 0 of ARM's CMSDK. Its interrupt wakes the processor and is never taken.
struct Uart {
    stack: Stack,
}

/// Its registers.
const DATA: usize = 0x4000_4000;
const STATE: usize = 0x4000_4004;
const CONTROL: usize = 0x4000_4008;
const INTERRUPTS: usize = 0x4000_400c;
const DIVIDER: usize = 0x4000_4010;
const TRANSMIT_FULL: u32 = 1;
const RECEIVE_FULL: u32 = 2;
/// Both directions, and the interrupt of a byte received.
const ENABLE: u32 = 0b1011;
const RECEIVE_INTERRUPT: u32 = 2;
/// The interrupt controller of the processor; the UART receives as interrupt 0.
const INTERRUPT_ENABLE: usize = 0xe000_e100;
const INTERRUPT_CLEAR: usize = 0xe000_e280;
const RECEIVE_LINE: u32 = 1;

#[allow(unsafe_code, reason = "a device register, aligned and always there")]
fn read(register: usize) -> u32 {
    unsafe { read_volatile(register as *const u32) }
}

#[allow(unsafe_code, reason = "a device register, aligned and always there")]
fn write(register: usize, value: u32) {
    unsafe { write_volatile(register as *mut u32, value) }
}

impl Board for Uart {
    const TARGET: &'static str = "cortex-m4f mps2-an386";
    type Machine = CortexM4;
    const MACHINE: CortexM4 = CortexM4;

    fn receive(&mut self) -> Option<u8> {
        (read(STATE) & RECEIVE_FULL != 0).then(|| read(DATA) as u8)
    }

    fn send(&mut self, byte: u8) {
        while read(STATE) & TRANSMIT_FULL != 0 {}
        write(DATA, byte.into());
    }

    fn idle(&mut self) {
        // A byte since the last look has made the interrupt pending: there is no waiting then.
        cortex_m::asm::wfi();
        write(INTERRUPTS, RECEIVE_INTERRUPT);
        write(INTERRUPT_CLEAR, RECEIVE_LINE);
    }

    fn stack(&self) -> u32 {
        self.stack.used()
    }
}

#[entry]
fn main() -> ! {
    #[allow(unsafe_code, reason = "the stack has megabytes between its top and the variables")]
    let stack = unsafe { Stack::paint(STACK) };
    // 25 MHz by 217 is 115200 baud.
    write(DIVIDER, 217);
    write(CONTROL, ENABLE);
    cortex_m::interrupt::disable();
    write(INTERRUPT_ENABLE, RECEIVE_LINE);
    if let (Some(field), Some(work), Some(image), Some(scratch)) =
        (FIELD.try_take(), WORK.try_take(), IMAGE.try_take(), SCRATCH.try_take())
    {
        Agent::new(Uart { stack }, Memory { field, work, image, scratch }).run();
    }
    loop {
        cortex_m::asm::wfi();
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    cortex_m::peripheral::SCB::sys_reset()
}
