//! Where the fields of an image lie: its header and the records of its stages, for whoever writes one or reads one.
//!
//! All numbers are little-endian. Bytes that no field has are 0.

/// A field of N bytes, which begins at byte `at`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<const N: usize> {
    /// Its first byte.
    pub at: usize,
}

impl<const N: usize> Field<N> {
    /// The first byte behind it.
    #[must_use]
    pub const fn end(self) -> usize {
        self.at + N
    }

    /// A field of M bytes behind it.
    #[must_use]
    pub const fn then<const M: usize>(self) -> Field<M> {
        self.skip(0)
    }

    /// A field of M bytes behind it and so many bytes that are 0.
    #[must_use]
    pub const fn skip<const M: usize>(self, zeros: usize) -> Field<M> {
        Field { at: self.end() + zeros }
    }

    /// Its bytes; `None` where there are fewer.
    #[inline]
    pub fn read(self, bytes: &[u8]) -> Option<[u8; N]> {
        bytes.get(self.at..)?.first_chunk::<N>().copied()
    }

    /// Its bytes, put in their place; nothing where there are fewer.
    pub fn write(self, bytes: &mut [u8], value: [u8; N]) {
        if let Some(slot) = bytes.get_mut(self.at..).and_then(|bytes| bytes.first_chunk_mut()) {
            *slot = value;
        }
    }
}

impl Field<2> {
    /// Its number; 0 where there are fewer bytes.
    #[inline]
    #[must_use]
    pub fn number(self, bytes: &[u8]) -> u16 {
        self.read(bytes).map_or(0, u16::from_le_bytes)
    }
}

/// The header.
pub mod header {
    use super::Field;

    /// [`MAGIC`](crate::score::int8::image::MAGIC).
    pub const MAGIC: Field<4> = Field { at: 0 };
    /// [`VERSION`](crate::score::int8::image::VERSION), u16.
    pub const VERSION: Field<2> = MAGIC.then();
    /// [`BYTES`], u16.
    pub const HEADER: Field<2> = VERSION.then();
    /// Bytes of the image, u32.
    pub const LENGTH: Field<4> = HEADER.then();
    /// Bits of η, u16: 16.
    pub const NOISE: Field<2> = LENGTH.then();
    /// L, u16.
    pub const EXTENT: Field<2> = NOISE.then();
    /// Units of the first hidden layer, u16.
    pub const FIRST: Field<2> = EXTENT.then();
    /// Units of the second hidden layer, u16.
    pub const SECOND: Field<2> = FIRST.then();
    /// Rows of tables, u16.
    pub const ROWS: Field<2> = SECOND.then();
    /// Stages, u16.
    pub const STAGES: Field<2> = ROWS.then();
    /// What a stage does, u16: 0 for the reverse SDE, 1 for a flow.
    pub const SAMPLER: Field<2> = STAGES.then();
    /// [`Shifts::all`](crate::score::int8::Shifts::all), nine u8.
    pub const SHIFTS: Field<9> = SAMPLER.then();
    /// M_max, i16 of the format [`PHI`](crate::score::int8::format::PHI).
    pub const LARGEST: Field<2> = SHIFTS.skip(1);
    /// κ, b, λ, m², four f64.
    pub const COUPLINGS: [Field<8>; 4] = {
        let first: Field<8> = LARGEST.skip(2);
        [first, first.skip(0), first.skip(8), first.skip(16)]
    };
    /// Bytes of the header.
    pub const BYTES: usize = COUPLINGS[3].end() + 24;

    const _: () = assert!(BYTES == 96 && COUPLINGS[0].at == 40);
}

/// The record of a stage.
pub mod stage {
    use super::Field;

    /// First of four rows, u16.
    pub const ROW: Field<2> = Field { at: 0 };
    /// Weights of the rows, four i16 of the format [`ROW_WEIGHT`](crate::score::int8::format::ROW_WEIGHT).
    pub const WEIGHTS: [Field<2>; 4] = [ROW.then(), ROW.skip(2), ROW.skip(4), ROW.skip(6)];
    /// Whether the sum of a flow is then its new base, u16: 0 for no.
    pub const CLOSES: Field<2> = WEIGHTS[3].then();
    /// σ, f32.
    pub const SIGMA: Field<4> = CLOSES.then();
    /// Bytes of a record.
    pub const BYTES: usize = SIGMA.end();
}
