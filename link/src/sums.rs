//! Exact sums over the sites of a field, as a circuit has them.

use crate::wire::{Reader, Writer};

/// Sums of φ as the core numbers it, an integer n of F fractional bits: φ = n/2^F. F is W - 4 in `Fx<W>`.
///
/// On the wire: a byte whose bits, from the lowest, say which of the sums there are, in the order of [`Sums::new`].
/// Then all of them, 0 where there is none: 16 bytes of Σ φ⁴, 8 of each other. Each is exact, for the largest field
/// that the board holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    there: u8,
    words: [u64; WORDS],
}

/// Words of all sums: Σ φ⁴ has two, the others have one.
const WORDS: usize = 6;
/// Which sum a word is of.
const OF: [u8; WORDS] = [0, 1, 2, 3, 3, 4];

impl Sums {
    /// Sums that there are:
    ///
    /// - Σ φ, of F fractional bits;
    /// - Σ φ², of 2F fractional bits;
    /// - bonds, Σ_x φ_x Σ_y φ_y over the neighbours y of x, which has each bond twice: of 2F fractional bits;
    /// - Σ φ⁴, of 4F fractional bits;
    /// - |Σ φ|, of F fractional bits: beside Σ φ where a board adds up several fields, of each of which this is the
    ///   modulus.
    pub fn new(
        phi: Option<i64>,
        phi2: Option<u64>,
        bonds: Option<i64>,
        phi4: Option<u128>,
        abs_phi: Option<u64>,
    ) -> Self {
        let there = [phi.is_some(), phi2.is_some(), bonds.is_some(), phi4.is_some(), abs_phi.is_some()];
        let (low, high) = phi4.map_or((0, 0), |sum| (sum as u64, (sum >> 64) as u64));
        let [phi, bonds] = [phi, bonds].map(|sum| sum.unwrap_or(0) as u64);
        Self {
            there: there.iter().rfold(0, |bits, &there| bits << 1 | u8::from(there)),
            words: [phi, phi2.unwrap_or(0), bonds, low, high, abs_phi.unwrap_or(0)],
        }
    }

    /// Configurations of a [`Draw`](crate::message::Request::Draw) whose sums a board keeps.
    pub const KEPT: u32 = 64;

    /// Words of 16 bits that a configuration has in [`Buffer::Sums`](crate::codes::Buffer::Sums).
    pub const DRAWN: usize = 16;

    /// The sums of a configuration of an image, from its words in [`Buffer::Sums`](crate::codes::Buffer::Sums): from
    /// the lowest word on 32 bits of Σ φ, 64 of Σ φ², 96 of Σ φ⁴, and 64 of bonds.
    pub fn of_words(words: &[u16; Self::DRAWN]) -> Self {
        let [phi0, phi1, a0, a1, a2, a3, b0, b1, b2, b3, b4, b5, c0, c1, c2, c3] = words.map(u64::from);
        let long = |[w0, w1, w2, w3]: [u64; 4]| w0 | w1 << 16 | w2 << 32 | w3 << 48;
        let phi = i64::from((phi0 | phi1 << 16) as i32);
        let phi4 = u128::from(long([b0, b1, b2, b3])) | u128::from(b4 | b5 << 16) << 64;
        let (phi2, bonds) = (long([a0, a1, a2, a3]), long([c0, c1, c2, c3]) as i64);
        Self::new(Some(phi), Some(phi2), Some(bonds), Some(phi4), Some(phi.unsigned_abs()))
    }

    fn word(&self, at: usize) -> Option<u64> {
        self.words.get(at).copied().filter(|_| OF.get(at).is_some_and(|of| self.there >> of & 1 == 1))
    }

    /// Σ φ.
    pub fn phi(&self) -> Option<i64> {
        self.word(0).map(|word| word as i64)
    }
    /// Σ φ².
    pub fn phi2(&self) -> Option<u64> {
        self.word(1)
    }
    /// Bonds, each twice.
    pub fn bonds(&self) -> Option<i64> {
        self.word(2).map(|word| word as i64)
    }
    /// Σ φ⁴.
    pub fn phi4(&self) -> Option<u128> {
        Some(u128::from(self.word(3)?) | u128::from(self.word(4)?) << 64)
    }
    /// |Σ φ|.
    pub fn abs_phi(&self) -> Option<u64> {
        self.word(5)
    }

    pub(crate) fn put(&self, out: &mut Writer<'_>) {
        out.u8(self.there);
        self.words.iter().for_each(|&word| out.u64(word));
    }

    pub(crate) fn take(input: &mut Reader<'_>) -> Option<Self> {
        let mut sums = Self { there: input.u8().filter(|&bits| bits < 1 << 5)?, ..Self::default() };
        for (word, of) in sums.words.iter_mut().zip(OF) {
            // What is said not to be there is 0.
            *word = input.u64().filter(|&word| word == 0 || sums.there >> of & 1 == 1)?;
        }
        Some(sums)
    }
}
