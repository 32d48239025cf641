//! What the header of an image says, in the registers of a circuit that reads no header.

use core::fmt;

use stoquant_core::score::int8::Image;
use stoquant_core::score::int8::image::Sampler;
use stoquant_core::score::int8::layout::Field;

/// Registers of the score in a circuit: name, meaning. Their numbers count from 0; a description has those from
/// [`FIRST`] on. Addresses are of words of 16 bits in the image.
pub const REGISTERS: [(&str, &str); 23] = [
    ("SeedLow", "seed, bits 31 to 0"),
    ("SeedHigh", "bits 63 to 32"),
    ("Chain", "number of the next configuration"),
    ("Extent", "log2 L"),
    ("First", "units of the first layer"),
    ("Second", "units of the second layer"),
    ("Stages", "stages, 1 to 1024"),
    ("Flow", "1 for a flow, 0 for the reverse SDE"),
    ("Largest", "M_max, 16 bits"),
    ("ShiftsLow", "shifts of the filter, of the sites, of the modes: four of 5 bits from bit 0 on"),
    ("ShiftsHigh", "of the layers' sums and the output: five of 5 bits"),
    ("Orbits", "orbits of modes"),
    ("Matrix", "address of the first line of H"),
    ("Magnetisation", "address of the cells of |M|"),
    ("End", "address of r(0)"),
    ("Gains", "address of the gains of the even weights"),
    ("Rows", "address of the rows of tables"),
    ("Row", "words of a row"),
    ("Records", "address of the records of the stages"),
    ("Weights", "address of the weights"),
    ("Length", "words before the check sum"),
    ("Check", "the check sum"),
    ("Period", "clocks of a site: the larger of the layers, and 23 at least"),
];

/// The first register of a description.
pub const FIRST: usize = 3;

/// How many registers a description has.
const COUNT: usize = REGISTERS.len() - FIRST;

/// Clocks of the features of a site: a period has at least as many.
const FEATURES: usize = 23;

/// The registers of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Description(pub [u32; COUNT]);

impl Description {
    /// Bytes on the wire.
    pub const BYTES: usize = 4 * COUNT;

    /// Of an image and its bytes.
    #[must_use]
    pub fn of(image: &Image<'_>, bytes: &[u8]) -> Self {
        let shape = image.shape();
        let [h1, h2] = shape.hidden.map(|units| units as u32);
        let [filter, sites, modes1, modes2, first1, first2, second1, second2, output] = image.shifts().all();
        let [matrix, magnetisation, end, gains, rows, records, weights, check, _] = shape.sections();
        let word = |at: usize| (at / 2) as u32;
        let sum = Field { at: check }.read(bytes).map_or(0, u32::from_le_bytes);
        Self([
            shape.extent.checked_ilog2().unwrap_or(0),
            h1,
            h2,
            shape.stages as u32,
            u32::from(image.sampler() == Sampler::Flow),
            u32::from(image.largest() as u16),
            filter | sites << 5 | modes1 << 10 | modes2 << 15,
            first1 | first2 << 5 | second1 << 10 | second2 << 15 | output << 20,
            shape.orbits() as u32,
            word(matrix),
            word(magnetisation),
            word(end),
            word(gains),
            word(rows),
            shape.row() as u32,
            word(records),
            word(weights),
            word(check),
            sum,
            h1.max(h2).max(FEATURES as u32),
        ])
    }

    /// As it is sent.
    #[must_use]
    pub fn bytes(&self) -> [u8; Self::BYTES] {
        let mut out = [0; Self::BYTES];
        for (slot, register) in out.as_chunks_mut().0.iter_mut().zip(self.0) {
            *slot = register.to_le_bytes();
        }
        out
    }
}

/// What a circuit has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Largest L; the others are the powers of two from 4 on.
    pub extent: usize,
    /// Most units of a layer.
    pub units: usize,
    /// Most bytes of an image.
    pub bytes: usize,
}

/// The room of the circuits of this project: the parameters of `sq_score`.
pub const ROOM: Room = Room { extent: 32, units: 24, bytes: (1 << 16) - 2 };

/// Why an image does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excess {
    /// Of what there is too much.
    what: &'static str,
    /// How much the image has.
    got: usize,
    /// How much there is room for.
    room: usize,
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, got, room } = self;
        write!(f, "the image has {got} {what}: the circuit has room for {room}")
    }
}

impl core::error::Error for Excess {}

impl Room {
    /// Refuses an image that does not fit.
    ///
    /// # Errors
    ///
    /// What there is too much of.
    pub fn check(&self, image: &Image<'_>) -> Result<(), Excess> {
        let shape = image.shape();
        let fits = |what, got, room| if got <= room { Ok(()) } else { Err(Excess { what, got, room }) };
        fits("rows and columns", shape.extent, self.extent)?;
        if !shape.extent.is_power_of_two() {
            let what = "rows and columns, which are no power of two";
            let room = 1 << shape.extent.checked_ilog2().unwrap_or(0);
            return Err(Excess { what, got: shape.extent, room });
        }
        let [h1, h2] = shape.hidden;
        fits("units in a layer", h1.max(h2), self.units)?;
        fits("bytes", shape.bytes(), self.bytes)
    }
}
