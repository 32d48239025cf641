//! The serial protocol between a host and a board.
//!
//! | layer | module | what it does |
//! |---|---|---|
//! | bytes | [`frame`] | COBS between zero bytes, CRC-32; what is damaged is counted and dropped |
//! | meaning | [`message`] | requests and replies, little-endian, one layout for all targets |
//! | order | [`order`] | a board executes each request once, in the order of its number |
//!
//! The host sends, the board answers. Numbered requests are executed in order and once: one that arrives again is
//! answered again, from what the board has kept; one that comes too early is refused with the number that is expected.
//! Up to [`order::WINDOW`] may be on their way. A board that has been reset belongs to no session and says so.
//! [`Request::Identify`](message::Request::Identify) and its reply have the same layout in all versions.
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::missing_errors_doc)]

mod codes;
mod coefficients;
pub mod description;
pub mod frame;
mod identity;
pub mod message;
pub mod order;
mod sums;
mod wire;

/// The version of the protocol.
pub const VERSION: u16 = 1;
