//! Few instructions, registers and bytes, for processors that do one thing at a time.

pub(crate) mod fx;
pub(crate) mod gauss;
pub(crate) mod noise;

/// Whether this is the vector form, for the few places that read it (see [`lattice::VECTORS`](crate::lattice)).
pub(crate) const VECTORS: bool = false;

/// Sites of a pass: little memory on the stack.
pub(crate) const CHUNK: usize = 32;

/// A chunk lies anywhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Align;
