//! Boards: chains and images on a microcontroller at the end of a serial line, or on its emulation.
//!
//! [`Device::engine`] is a chain like any other, an [`Engine`](stoquant_engines::engine::Engine), so that whatever is
//! asked of the core is asked of a board.

pub mod board;
pub mod certify;
pub mod client;
pub mod emulate;
mod image;
pub mod lockstep;
mod remote;
pub mod rtl;
pub mod transport;

pub use board::Device;
pub use client::{Client, LinkError};
pub use remote::SideBySide;
pub use stoquant_link::message::Sums;
pub use transport::{InProcess, Port, Program, Transport};

pub use stoquant_agent::BUILD;

/// Serial ports that there are.
pub fn ports() -> Vec<String> {
    serialport::available_ports().unwrap_or_default().into_iter().map(|port| port.port_name).collect()
}
