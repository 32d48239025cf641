//! Bytes of an image, see the core's [`image`](stoquant_core::int8::image).

use stoquant_core::int8::image::{CELLS, HEADER, MAGIC, Sampler, StageRecord, VERSION, crc32};
use stoquant_core::int8::{Image, ImageError, Shape, Shifts};

/// The contents of an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts {
    /// Lattice, layers, rows and stages.
    pub shape: Shape,
    /// What a stage does.
    pub sampler: Sampler,
    /// Fractional bits that sums lose.
    pub shifts: Shifts,
    /// M_max, 12 fractional bits.
    pub largest: i16,
    /// κ, b, λ, m².
    pub couplings: [f64; 4],
    /// First line of H.
    pub matrix: Vec<i16>,
    /// Quantiles of |M|.
    pub magnetisation: Vec<i16>,
    /// r(0) by orbit.
    pub end: Vec<i16>,
    /// Gains of the even weights.
    pub gains: Vec<i16>,
    /// Rows of tables.
    pub rows: Vec<Vec<i16>>,
    /// Stages.
    pub stages: Vec<StageRecord>,
    /// Weights.
    pub weights: Vec<i8>,
}

impl Parts {
    /// The image; an error where the parts do not fit each other.
    pub fn encode(&self) -> Result<Vec<u8>, ImageError> {
        let Self { shape, .. } = self;
        let mut out = vec![0; HEADER];
        out[..4].copy_from_slice(&MAGIC);
        let mut put = |at: usize, bytes: &[u8]| out[at..at + bytes.len()].copy_from_slice(bytes);
        put(8, &(shape.bytes() as u32).to_le_bytes());
        let [h1, h2] = shape.hidden;
        let sampler = match self.sampler {
            Sampler::Reverse => 0,
            Sampler::Flow => 1,
        };
        let words = [
            (4, usize::from(VERSION)),
            (6, HEADER),
            (12, 16),
            (14, shape.extent),
            (16, h1),
            (18, h2),
            (20, shape.rows),
            (22, shape.stages),
            (24, sampler),
            (36, self.largest as usize),
        ];
        for (at, value) in words {
            put(at, &(value as u16).to_le_bytes());
        }
        put(26, &self.shifts.all().map(|shift| shift as u8));
        for (n, value) in self.couplings.iter().enumerate() {
            put(40 + 8 * n, &value.to_le_bytes());
        }
        debug_assert_eq!(self.magnetisation.len(), CELLS + 1);
        let tables = [&self.matrix, &self.magnetisation, &self.end, &self.gains];
        for value in tables.into_iter().chain(&self.rows).flatten() {
            out.extend(value.to_le_bytes());
        }
        for stage in &self.stages {
            out.extend((stage.row as u16).to_le_bytes());
            out.extend(stage.weights.iter().flat_map(|w| w.to_le_bytes()));
            out.extend(u16::from(stage.closes).to_le_bytes());
            out.extend(stage.sigma.to_le_bytes());
        }
        out.extend(self.weights.iter().map(|&w| w as u8));
        if self.weights.len() % 2 == 1 {
            out.push(0);
        }
        out.extend(crc32(&out).to_le_bytes());
        Image::new(&out)?;
        Ok(out)
    }
}
