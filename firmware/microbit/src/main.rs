//! The agent on a Cortex-M0 with 16 KiB of RAM: the BBC micro:bit, its nRF51822.
#![no_std]
#![no_main]

use core::panic::PanicInfo;
use core::ptr::{read_volatile, write_volatile};

use cortex_m_rt::entry;
use static_cell::ConstStaticCell;
use stoquant_agent::{Agent, Board, Memory};
use stoquant_core::machine::Portable;
use stoquant_firmware_stack::Stack;

/// 32² sites, and five rows.
const SITES: usize = 1024;
const WORK_SITES: usize = 5 * 32;
/// Bytes of stack that are watched.
const STACK: usize = 4 << 10;

static FIELD: ConstStaticCell<[u32; SITES]> = ConstStaticCell::new([0; SITES]);
static WORK: ConstStaticCell<[u32; WORK_SITES]> = ConstStaticCell::new([0; WORK_SITES]);

/// The UART of the nRF51. Its interrupt wakes the processor and is never taken.
struct Uart {
    stack: Stack,
    /// Whether a byte is being sent.
    sending: bool,
}

/// Its registers.
const UART: usize = 0x4000_2000;
const START_RECEIVING: usize = UART;
const START_SENDING: usize = UART + 0x008;
const RECEIVED: usize = UART + 0x108;
const SENT: usize = UART + 0x11c;
const INTERRUPTS: usize = UART + 0x304;
const ENABLE: usize = UART + 0x500;
const PIN_SEND: usize = UART + 0x50c;
const PIN_RECEIVE: usize = UART + 0x514;
const RECEIVE: usize = UART + 0x518;
const SEND: usize = UART + 0x51c;
const BAUD: usize = UART + 0x524;

/// The event of a byte received, among the interrupts.
const RECEIVED_INTERRUPT: u32 = 1 << 2;
/// The interrupt controller of the processor; the UART is interrupt 2.
const INTERRUPT_ENABLE: usize = 0xe000_e100;
const INTERRUPT_CLEAR: usize = 0xe000_e280;
const UART_LINE: u32 = 1 << 2;

#[allow(unsafe_code, reason = "a device register, aligned and always there")]
fn read(register: usize) -> u32 {
    unsafe { read_volatile(register as *const u32) }
}

#[allow(unsafe_code, reason = "a device register, aligned and always there")]
fn write(register: usize, value: u32) {
    unsafe { write_volatile(register as *mut u32, value) }
}

impl Uart {
    fn new(stack: Stack) -> Self {
        // Pins of the micro:bit's USB interface; 115200 baud.
        write(PIN_SEND, 24);
        write(PIN_RECEIVE, 25);
        write(BAUD, 0x01d7_e000);
        write(ENABLE, 4);
        write(INTERRUPTS, RECEIVED_INTERRUPT);
        cortex_m::interrupt::disable();
        write(INTERRUPT_ENABLE, UART_LINE);
        write(START_RECEIVING, 1);
        write(START_SENDING, 1);
        Self { stack, sending: false }
    }
}

impl Board for Uart {
    const TARGET: &'static str = "cortex-m0 microbit";
    type Machine = Portable;
    const MACHINE: Portable = Portable;

    fn receive(&mut self) -> Option<u8> {
        (read(RECEIVED) != 0).then(|| {
            // First the event: the next byte sets it again as soon as this one is read.
            write(RECEIVED, 0);
            read(RECEIVE) as u8
        })
    }

    fn send(&mut self, byte: u8) {
        while self.sending && read(SENT) == 0 {}
        write(SENT, 0);
        write(SEND, byte.into());
        self.sending = true;
    }

    fn idle(&mut self) {
        // A byte since the last look has made the interrupt pending: there is no waiting then.
        cortex_m::asm::wfi();
        write(INTERRUPT_CLEAR, UART_LINE);
    }

    fn stack(&self) -> u32 {
        self.stack.used()
    }
}

#[entry]
fn main() -> ! {
    #[allow(unsafe_code, reason = "the variables take less than 12 of the 16 KiB: the linker would say so")]
    let stack = unsafe { Stack::paint(STACK) };
    if let (Some(field), Some(work)) = (FIELD.try_take(), WORK.try_take()) {
        let memory = Memory { field, work, image: &mut [], scratch: &mut [] };
        Agent::new(Uart::new(stack), memory).run();
    }
    loop {
        cortex_m::asm::wfi();
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    cortex_m::peripheral::SCB::sys_reset()
}
