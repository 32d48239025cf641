//! The agent on a Raspberry Pi Pico: a template for boards of one's own. UART 0 on pins 0 (out) and 1 (in), 115200
//! baud.
//!
//! It is built with everything else; it has not been run on a board.
#![no_std]
#![no_main]

use core::panic::PanicInfo;

use rp2040_hal::clocks::init_clocks_and_plls;
use rp2040_hal::fugit::RateExtU32;
use rp2040_hal::gpio::{FunctionUart, Pin, PullDown, bank0};
use rp2040_hal::uart::{DataBits, Enabled, StopBits, UartConfig, UartPeripheral};
use rp2040_hal::{Clock, Sio, Watchdog, entry, gpio, pac};
use static_cell::ConstStaticCell;
use stoquant_agent::{Agent, Board, Memory};
use stoquant_core::machine::Portable;
use stoquant_firmware_stack::Stack;

/// 64² sites, and five rows of 256.
const SITES: usize = 4096;
const WORK_SITES: usize = 5 * 256;
/// Bytes of stack that are watched.
const STACK: usize = 16 << 10;
/// Hz of the crystal.
const CRYSTAL: u32 = 12_000_000;

static FIELD: ConstStaticCell<[u32; SITES]> = ConstStaticCell::new([0; SITES]);
static WORK: ConstStaticCell<[u32; WORK_SITES]> = ConstStaticCell::new([0; WORK_SITES]);
static IMAGE: ConstStaticCell<[u8; 20 << 10]> = ConstStaticCell::new([0; 20 << 10]);
static SCRATCH: ConstStaticCell<[u32; 8 << 10]> = ConstStaticCell::new([0; 8 << 10]);

#[allow(unsafe_code, reason = "the boot loader looks for it under this name")]
#[unsafe(link_section = ".boot2")]
#[used]
static BOOT2_FIRMWARE: [u8; 256] = rp2040_boot2::BOOT_LOADER_GENERIC_03H;

type Pins = (Pin<bank0::Gpio0, FunctionUart, PullDown>, Pin<bank0::Gpio1, FunctionUart, PullDown>);

/// UART 0, by polling: its FIFO holds 32 bytes.
struct Uart {
    port: UartPeripheral<Enabled, pac::UART0, Pins>,
    stack: Stack,
}

impl Board for Uart {
    const TARGET: &'static str = "cortex-m0+ rp2040";
    type Machine = Portable;
    const MACHINE: Portable = Portable;

    fn receive(&mut self) -> Option<u8> {
        let mut byte = [0];
        matches!(self.port.read_raw(&mut byte), Ok(1)).then_some(byte[0])
    }

    fn send(&mut self, byte: u8) {
        // Full: again.
        while self.port.write_raw(&[byte]).is_err() {}
    }

    fn stack(&self) -> u32 {
        self.stack.used()
    }
}

#[entry]
fn main() -> ! {
    #[allow(unsafe_code, reason = "the variables leave more than this of the 256 KiB: the linker would say so")]
    let stack = unsafe { Stack::paint(STACK) };
    if let Some(port) = port()
        && let (Some(field), Some(work), Some(image), Some(scratch)) =
            (FIELD.try_take(), WORK.try_take(), IMAGE.try_take(), SCRATCH.try_take())
    {
        Agent::new(Uart { port, stack }, Memory { field, work, image, scratch }).run();
    }
    loop {
        cortex_m::asm::wfi();
    }
}

/// Clocks, pins and the UART.
fn port() -> Option<UartPeripheral<Enabled, pac::UART0, Pins>> {
    let mut chip = pac::Peripherals::take()?;
    let mut watchdog = Watchdog::new(chip.WATCHDOG);
    let clocks = init_clocks_and_plls(
        CRYSTAL,
        chip.XOSC,
        chip.CLOCKS,
        chip.PLL_SYS,
        chip.PLL_USB,
        &mut chip.RESETS,
        &mut watchdog,
    )
    .ok()?;
    let sio = Sio::new(chip.SIO);
    let pins = gpio::Pins::new(chip.IO_BANK0, chip.PADS_BANK0, sio.gpio_bank0, &mut chip.RESETS);
    let pins = (pins.gpio0.into_function::<FunctionUart>(), pins.gpio1.into_function::<FunctionUart>());
    let config = UartConfig::new(115_200.Hz(), DataBits::Eight, None, StopBits::One);
    UartPeripheral::new(chip.UART0, pins, &mut chip.RESETS).enable(config, clocks.peripheral_clock.freq()).ok()
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    cortex_m::peripheral::SCB::sys_reset()
}
