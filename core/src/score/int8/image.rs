//! The image of a quantised score network: everything that a device needs, read where it lies.
//!
//! The header, [`HEADER`] bytes, and the records of stages are laid out in [`layout`]. Sections follow the header
//! without gaps, in this order, their numbers little-endian:
//!
//! | section | type | numbers |
//! |---|---|---|
//! | first line of H, format [`MATRIX`](super::format::MATRIX) | i16 | L |
//! | ends of the cells of \|M\|, format [`MAGNETISATION`] | i16 | [`CELLS`] + 1 |
//! | r(σ = 0) of every orbit | i16 | K |
//! | gains of the even weights of both layers | i16 | h₁ + h₂ |
//! | rows of tables, each [`Shape::row`] numbers | i16 | R rows |
//! | stages, each [`STAGE`] bytes | | N |
//! | weights: first odd h₁×[`ODD`], even h₁×[`EVEN`], second odd h₂×h₁, even h₂×[`EVEN`]; 0 to an even number | i8 | |
//! | CRC-32 of all that is before it | u32 | 1 |
//!
//! An orbit is a set of modes that the symmetries of the lattice map onto each other: K = (L/2 + 1)(L/2 + 2)/2. A row
//! of tables is sampled at one σ; a stage of the sampler is four neighbouring rows and their weights. A row holds, one
//! after the other, [`SPECTRAL`] tables by orbit; gains and biases of the first layer, and of the second; weights of
//! the output; single numbers, see [`scalar`](super::stage::scalar).
//!
//! [`Image::new`] checks all of it; nothing that reads an image can fail after.

use core::fmt;

use super::format::{LARGEST_ROW, MAGNETISATION, PHI, ROW_WEIGHT, STATE};
use super::layout::{self, Field, header};

/// First bytes of an image.
pub const MAGIC: [u8; 4] = *b"\x89SQM";
/// The version that this code reads.
pub const VERSION: u16 = 1;
/// Bytes of the header.
pub const HEADER: usize = header::BYTES;
/// Bytes of a stage.
pub const STAGE: usize = layout::stage::BYTES;
/// Cells of the law of |M|; their probabilities: [`share`](super::sampler::share).
pub const CELLS: usize = 256;
/// Odd features: ŷ, its sums over 4 neighbours, 4 diagonals and 4 sites at distance 2, M.
pub const ODD: usize = 5;
/// Even features: ŷ², its sums over 4 neighbours and 4 diagonals, M².
pub const EVEN: usize = 4;
/// Tables of a row with one value an orbit: filter of ŷ, and the three of the sampler's step.
pub const SPECTRAL: usize = 4;
/// Single numbers of a row.
pub const SCALARS: usize = 24;
/// L of the largest lattice, and of the smallest.
pub const EXTENTS: [usize; 2] = [4, 64];
/// Most units of a hidden layer.
pub const MAX_UNITS: usize = 128;
/// Most rows, and most stages.
pub const MAX_ROWS: usize = 1024;
/// Most bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// Bits of η: its fractional bits, those of [`STATE`], and four above.
pub const NOISE_WIDTH: usize = STATE.bits as usize + 4;

/// What a stage of the sampler does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampler {
    /// u' = keep·u + pull·h + amplitude·η.
    Reverse,
    /// h at base + predict·h, sum += weight·h.
    Flow,
}

/// Why an image was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageError {
    /// Not an image: other first bytes.
    Magic,
    /// An image of another version.
    Version(u16),
    /// The bytes are fewer, or more, than the header says.
    Length {
        /// Bytes there are.
        got: usize,
        /// Bytes there should be.
        want: usize,
    },
    /// The check sum does not fit.
    Checksum,
    /// A number of the header is outside its domain.
    Header {
        /// Which.
        what: &'static str,
        /// Its value.
        value: u32,
    },
    /// A stage that refers to rows that do not exist, or whose weights do not add up.
    Stage(usize),
    /// A row of H whose magnitudes sum to more than 2^16: the transform could overflow.
    Matrix(usize),
    /// The ends of the cells of |M| fall, or leave [0, 2^14].
    Magnetisation,
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magic => write!(f, "no image of a quantised network: it must begin with 89 53 51 4d"),
            Self::Version(version) => write!(f, "image of version {version}: must be {VERSION}"),
            Self::Length { got, want } => write!(f, "image of {got} bytes: must have {want}"),
            Self::Checksum => write!(f, "the CRC-32 at the end of the image does not fit the rest"),
            Self::Header { what, value } => {
                write!(f, "{what} = {value} in the header of the image is outside its domain")
            }
            Self::Stage(n) => write!(f, "stage {n} of the image: its rows must exist and its weights sum to 2^14"),
            Self::Matrix(k) => write!(f, "row {k} of H in the image sums to more than 2^16 in magnitude"),
            Self::Magnetisation => {
                write!(f, "the cells of |M| in the image must not fall, from 0 or above to at most 2^14")
            }
        }
    }
}

impl core::error::Error for ImageError {}

/// Numbers that fix where everything lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// L.
    pub extent: usize,
    /// Units of the hidden layers.
    pub hidden: [usize; 2],
    /// R.
    pub rows: usize,
    /// N.
    pub stages: usize,
}

impl Shape {
    /// Orbits of modes.
    #[must_use]
    pub const fn orbits(&self) -> usize {
        let half = self.extent / 2;
        (half + 1) * (half + 2) / 2
    }

    /// Numbers of a row.
    #[must_use]
    pub const fn row(&self) -> usize {
        SPECTRAL * self.orbits() + 2 * self.hidden[0] + 3 * self.hidden[1] + SCALARS
    }

    /// Weights.
    #[must_use]
    pub const fn weights(&self) -> usize {
        let [h1, h2] = self.hidden;
        h1 * (ODD + EVEN) + h2 * (h1 + EVEN)
    }

    /// Bytes up to each section, in their order, and of the whole.
    #[must_use]
    pub const fn sections(&self) -> [usize; 9] {
        let matrix = HEADER;
        let magnetisation = matrix + 2 * self.extent;
        let end = magnetisation + 2 * (CELLS + 1);
        let gains = end + 2 * self.orbits();
        let rows = gains + 2 * (self.hidden[0] + self.hidden[1]);
        let stages = rows + 2 * self.rows * self.row();
        let weights = stages + STAGE * self.stages;
        let checksum = weights + self.weights().next_multiple_of(2);
        [matrix, magnetisation, end, gains, rows, stages, weights, checksum, checksum + 4]
    }

    /// Bytes of an image.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        let [.., bytes] = self.sections();
        bytes
    }
}

/// Right shifts: how many fractional bits each kind of sum loses. All 1 to 24, those of the transforms 2 to 15.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shifts {
    /// filter·u.
    pub filter: u32,
    /// Second pass of the transform to sites.
    pub sites: u32,
    /// Passes of the transform to modes.
    pub modes: [u32; 2],
    /// Odd sums of the first layer, and even ones.
    pub first: [u32; 2],
    /// Of the second.
    pub second: [u32; 2],
    /// Output of the second layer.
    pub output: u32,
}

impl Shifts {
    /// In the order of the header.
    #[must_use]
    pub const fn all(&self) -> [u32; 9] {
        let Self { filter, sites, modes, first, second, output } = *self;
        [filter, sites, modes[0], modes[1], first[0], first[1], second[0], second[1], output]
    }

    /// From the order of the header.
    #[must_use]
    pub const fn of([filter, sites, m0, m1, f0, f1, s0, s1, output]: [u32; 9]) -> Self {
        Self { filter, sites, modes: [m0, m1], first: [f0, f1], second: [s0, s1], output }
    }
}

/// What the header of an image says that has been checked. Only [`Image::header`] gives one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    shape: Shape,
    sampler: Sampler,
    shifts: Shifts,
    largest: i16,
}

impl Header {
    /// Where everything lies.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// The image whose header this is, from the same bytes as before, without the check: that takes a quarter as long
    /// as an evaluation on a Cortex-M4. `None` where the bytes are too few.
    ///
    /// Whoever calls this vouches that nothing has been written to the bytes since. Of others every number that is read
    /// is arbitrary, and sums may overflow: wrong results, and a panic in builds that check for overflows.
    #[must_use]
    pub fn image<'a>(&self, bytes: &'a [u8]) -> Option<Image<'a>> {
        bytes.get(..self.shape.bytes()).map(|bytes| Image { bytes, header: *self })
    }
}

/// An image that has been checked.
#[derive(Clone, Copy, Debug)]
pub struct Image<'a> {
    bytes: &'a [u8],
    header: Header,
}

/// A stage as it lies in the image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StageRecord {
    /// First of four rows.
    pub row: usize,
    /// Their weights, format [`ROW_WEIGHT`], sum 1.
    pub weights: [i16; 4],
    /// Whether the sum of a flow is then its new base.
    pub closes: bool,
    /// σ: for whoever weighs the samples.
    pub sigma: f32,
}

impl<'a> Image<'a> {
    /// Reads an image in place; everything is checked here.
    ///
    /// # Errors
    ///
    /// What is wrong with the bytes: their length, version, shape, check sum, a table or the matrix.
    pub fn new(bytes: &'a [u8]) -> Result<Self, ImageError> {
        if header::MAGIC.read(bytes) != Some(MAGIC) {
            return Err(ImageError::Magic);
        }
        let length = |want| ImageError::Length { got: bytes.len(), want };
        if bytes.len() < HEADER {
            return Err(length(HEADER));
        }
        let version = header::VERSION.number(bytes);
        if version != VERSION {
            return Err(ImageError::Version(version));
        }
        let number = |what, field: Field<2>, low: usize, high: usize| match usize::from(field.number(bytes)) {
            n if (low..=high).contains(&n) => Ok(n),
            n => Err(ImageError::Header { what, value: n as u32 }),
        };
        number("header length", header::HEADER, HEADER, HEADER)?;
        number("width of the noise", header::NOISE, NOISE_WIDTH, NOISE_WIDTH)?;
        let extent = number("L", header::EXTENT, EXTENTS[0], EXTENTS[1])?;
        if extent % 2 == 1 {
            return Err(ImageError::Header { what: "L, which must be even,", value: extent as u32 });
        }
        let hidden = [
            number("units of layer 1", header::FIRST, 1, MAX_UNITS)?,
            number("units of layer 2", header::SECOND, 1, MAX_UNITS)?,
        ];
        let rows = number("rows", header::ROWS, 4, MAX_ROWS)?;
        let stages = number("stages", header::STAGES, 1, MAX_ROWS)?;
        let sampler = if number("sampler", header::SAMPLER, 0, 1)? == 0 { Sampler::Reverse } else { Sampler::Flow };
        let shifts = header::SHIFTS.read(bytes).unwrap_or_default().map(u32::from);
        for (n, shift) in shifts.iter().enumerate() {
            // The second to fourth are of transforms, whose sums reach (2^15 - 1)·2^16.
            let allowed = if (1..4).contains(&n) { 2..=15 } else { 1..=24 };
            if !allowed.contains(shift) {
                return Err(ImageError::Header { what: "shift", value: *shift });
            }
        }
        let largest = number("M_max", header::LARGEST, 1, PHI.limit as usize)? as i16;
        let shape = Shape { extent, hidden, rows, stages };
        let [.., checksum, want] = shape.sections();
        if want > MAX_BYTES || bytes.len() != want {
            return Err(length(want.min(MAX_BYTES)));
        }
        let said = header::LENGTH.read(bytes).map_or(0, u32::from_le_bytes);
        if said != want as u32 {
            return Err(ImageError::Header { what: "length", value: said });
        }
        let sum = Field { at: checksum };
        if sum.read(bytes).map(u32::from_le_bytes) != Some(crc32(bytes.get(..checksum).unwrap_or(&[]))) {
            return Err(ImageError::Checksum);
        }
        let image = Self { bytes, header: Header { shape, sampler, shifts: Shifts::of(shifts), largest } };
        for n in 0..stages {
            let stage = image.stage(n);
            let (mut sum, mut size) = (0, 0);
            for weight in stage.weights {
                sum += i32::from(weight);
                size += i32::from(weight).abs();
            }
            if stage.row + 4 > rows || sum != ROW_WEIGHT.one() || size > 2 * ROW_WEIGHT.one() {
                return Err(ImageError::Stage(n));
            }
        }
        for k in 0..extent {
            let (mut at, mut sum) = (0, 0);
            for _ in 0..extent {
                sum += image.matrix().nth(at).map_or(0, |h| i32::from(h).abs());
                at = (at + k) % extent.max(1);
            }
            if sum > LARGEST_ROW {
                return Err(ImageError::Matrix(k));
            }
        }
        let mut before = 0;
        for q in image.magnetisation() {
            if q < before || q > MAGNETISATION.limit {
                return Err(ImageError::Magnetisation);
            }
            before = q;
        }
        Ok(image)
    }

    /// What its header says, to read the image again without a check.
    #[must_use]
    pub const fn header(&self) -> Header {
        self.header
    }

    /// Where everything lies.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.header.shape
    }

    /// What its stages do.
    #[must_use]
    pub const fn sampler(&self) -> Sampler {
        self.header.sampler
    }

    /// Its shifts.
    #[must_use]
    pub const fn shifts(&self) -> Shifts {
        self.header.shifts
    }

    /// M_max, format [`PHI`].
    #[must_use]
    pub const fn largest(&self) -> i16 {
        self.header.largest
    }

    /// κ, b and λ of the action, m² of its linear part.
    #[must_use]
    pub fn couplings(&self) -> [f64; 4] {
        header::COUPLINGS.map(|field| field.read(self.bytes).map_or(0.0, f64::from_le_bytes))
    }

    /// The first line of H.
    pub(super) fn matrix(&self) -> impl Iterator<Item = i16> + Clone + 'a {
        self.section(0)
    }

    /// Ends of the cells of |M|.
    pub fn magnetisation(&self) -> impl Iterator<Item = i16> + Clone + 'a {
        self.section(1)
    }

    /// r(0) by orbit.
    pub fn end(&self) -> impl Iterator<Item = i16> + Clone + 'a {
        self.section(2)
    }

    /// Gains of the even weights.
    pub(super) fn gains(&self) -> impl Iterator<Item = i16> + Clone + 'a {
        self.section(3)
    }

    /// Row `n` of the tables.
    pub fn row(&self, n: usize) -> impl Iterator<Item = i16> + Clone + 'a {
        let [.., rows, _, _, _, _] = self.shape().sections();
        let length = 2 * self.shape().row();
        numbers(self.bytes.get(rows + n * length..rows + (n + 1) * length).unwrap_or(&[]))
    }

    /// Stage `n`.
    #[must_use]
    pub fn stage(&self, n: usize) -> StageRecord {
        let [.., stages, _, _, _] = self.shape().sections();
        let record = self.bytes.get(stages + n * STAGE..).unwrap_or(&[]);
        StageRecord {
            row: usize::from(layout::stage::ROW.number(record)),
            weights: layout::stage::WEIGHTS.map(|field| field.number(record) as i16),
            closes: layout::stage::CLOSES.number(record) != 0,
            sigma: layout::stage::SIGMA.read(record).map_or(0.0, f32::from_le_bytes),
        }
    }

    /// All weights, in their order.
    #[must_use]
    pub fn weights(&self) -> &'a [u8] {
        let [.., weights, _, _] = self.shape().sections();
        self.bytes.get(weights..weights + self.shape().weights()).unwrap_or(&[])
    }

    fn section(&self, n: usize) -> impl Iterator<Item = i16> + Clone + 'a {
        let sections = self.shape().sections();
        let bytes = match (sections.get(n), sections.get(n + 1)) {
            (Some(&from), Some(&to)) => self.bytes.get(from..to),
            _ => None,
        };
        numbers(bytes.unwrap_or(&[]))
    }
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = i16> + Clone + '_ {
    bytes.as_chunks::<2>().0.iter().map(|&pair| i16::from_le_bytes(pair))
}

/// CRC-32 (IEEE 802.3, reflected, as in zlib), four bits at a time: a table of 64 bytes.
// Not of the crate `crc`, as frames of the protocol are: without a table that takes 37 instructions a byte on a
// Cortex-M4, this takes 10.5; and its table of a byte at a time takes 1 KiB of flash.
#[must_use]
pub fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 16] = {
        let mut table = [0; 16];
        let mut n = 0;
        while n < 16 {
            let mut crc = n as u32;
            let mut bit = 0;
            while bit < 4 {
                crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
                bit += 1;
            }
            table[n] = crc;
            n += 1;
        }
        table
    };
    let mut crc = !0;
    for &byte in bytes {
        for nibble in [u32::from(byte), u32::from(byte) >> 4] {
            crc = crc >> 4 ^ TABLE[((crc ^ nibble) & 15) as usize];
        }
    }
    !crc
}
