//! The words of the noise by their definition: 32 random bits of (seed, chain, stream, step, site).
//!
//! ```text
//! key     = Threefry(key = (seed[31:0], seed[63:32]), counter = (chain, stream << 16 | site[36:21]))
//! counter = (step[31:0], step[43:32] << 20 | site[20:1])
//! word    = X0 at an even site, X1 at an odd one, of (X0, X1) = Threefry(key, counter)
//! ```
//!
//! Source of Threefry-2x32-20: Salmon, Moraes, Dror, Shaw, SC11 (2011), doi:10.1145/2063384.2063405.

/// What a stream is for, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// The noise η.
    Noise = 0,
    /// The start field.
    Start = 1,
    /// Uniform numbers of Metropolis decisions.
    Accept = 2,
    /// The generator of general purpose.
    Rng = 3,
    /// Magnetisations drawn from their law.
    Magnetisation = 4,
}

/// Where a word stands. Beyond 44 bits of the step and 37 of the site it wraps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// Seed of the experiment.
    pub seed: u64,
    /// Number of the chain.
    pub chain: u32,
    /// Purpose.
    pub stream: Stream,
    /// Step.
    pub step: u64,
    /// Site, row-major.
    pub site: u64,
}

/// The bits `from..to` of a number.
fn bits(x: u64, from: u32, to: u32) -> u32 {
    ((x >> from) % (1 << (to - from))) as u32
}

impl Address {
    /// The two words of a pair of sites.
    fn pair(self) -> [u32; 2] {
        let seed = [bits(self.seed, 0, 32), bits(self.seed, 32, 64)];
        let tag = (self.stream as u32) * (1 << 16) + bits(self.site, 21, 37);
        let key = threefry(seed, [self.chain, tag]);
        threefry(key, [bits(self.step, 0, 32), bits(self.step, 32, 44) * (1 << 20) + bits(self.site, 1, 21)])
    }

    /// The word.
    pub fn word(self) -> u32 {
        self.pair()[bits(self.site, 0, 1) as usize]
    }

    /// The words of sites 0 and 1, the second one high: what a decision of a step reads.
    pub fn word64(self) -> u64 {
        let [low, high] = Self { site: 0, ..self }.pair().map(u64::from);
        high << 32 | low
    }
}

/// Threefry-2x32-20 of a counter, round by round as it was published.
pub fn threefry(key: [u32; 2], counter: [u32; 2]) -> [u32; 2] {
    const ROTATIONS: [u32; 8] = [13, 15, 26, 6, 17, 29, 16, 24];
    let keys = [key[0], key[1], 0x1BD1_1BDA ^ key[0] ^ key[1]];
    let [mut x, mut y] = [counter[0].wrapping_add(key[0]), counter[1].wrapping_add(key[1])];
    for round in 0..20 {
        x = x.wrapping_add(y);
        y = y.rotate_left(ROTATIONS[round % 8]) ^ x;
        if round % 4 == 3 {
            let group = round / 4 + 1;
            x = x.wrapping_add(keys[group % 3]);
            y = y.wrapping_add(keys[(group + 1) % 3]).wrapping_add(group as u32);
        }
    }
    [x, y]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The file `kat_vectors` of Random123: counter, key, output.
    #[test]
    fn published_answers() {
        for (counter, key, answer) in [
            ([0, 0], [0, 0], [0x6b20_0159, 0x99ba_4efe]),
            ([u32::MAX; 2], [u32::MAX; 2], [0x1cb9_96fc, 0xbb00_2be7]),
            ([0x243f_6a88, 0x85a3_08d3], [0x1319_8a2e, 0x0370_7344], [0xc492_3a9c, 0x483d_f7a0]),
        ] {
            assert_eq!(threefry(key, counter), answer);
        }
    }

    /// Every bit of an address counts, but those beyond 44 bits of the step and 37 of the site.
    #[test]
    fn every_bit_counts() {
        let (stream, seed) = (Stream::Noise, 0x0123_4567_89ab_cdef);
        let at = Address { seed, chain: 0x89ab_cdef, stream, step: 0xfed_cba9_8765, site: 0x15_5555_aaaa };
        let flipped = |bit: u32| match bit {
            0..64 => Address { seed: at.seed ^ 1 << bit, ..at },
            64..96 => Address { chain: at.chain ^ 1 << (bit - 64), ..at },
            96..160 => Address { step: at.step ^ 1 << (bit - 96), ..at },
            _ => Address { site: at.site ^ 1 << (bit - 160), ..at },
        };
        for bit in 0..224 {
            let counts = !(140..160).contains(&bit) && bit < 197;
            assert_eq!(flipped(bit).word() != at.word(), counts, "bit {bit}");
        }
    }
}
