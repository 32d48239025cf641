//! Long loops over plain arrays, which the compiler turns into vectors.

pub(crate) mod fx;
pub(crate) mod gauss;
pub(crate) mod noise;

/// Whether this is the vector form, for the few places that read it (see [`lattice::VECTORS`](crate::lattice)).
pub(crate) const VECTORS: bool = true;

/// Sites of a pass: long loops.
pub(crate) const CHUNK: usize = 256;

/// A chunk begins a line of the cache: a vector would otherwise straddle two.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct Align;
