//! Bytes of an image, see the core's [`image`](stoquant_core::score::int8::image) and [`layout`].

use stoquant_core::score::int8::image::{
    CELLS, HEADER, MAGIC, NOISE_WIDTH, STAGE, Sampler, StageRecord, VERSION, crc32,
};
use stoquant_core::score::int8::layout::{self, header};
use stoquant_core::score::int8::{Image, ImageError, Shape, Shifts};

/// The contents of an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts {
    /// Lattice, layers, rows and stages.
    pub shape: Shape,
    /// What a stage does.
    pub sampler: Sampler,
    /// Fractional bits that sums lose.
    pub shifts: Shifts,
    /// M_max, of the format [`PHI`](stoquant_core::score::int8::format::PHI).
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
        header::MAGIC.write(&mut out, MAGIC);
        header::LENGTH.write(&mut out, (shape.bytes() as u32).to_le_bytes());
        let [h1, h2] = shape.hidden;
        let sampler = match self.sampler {
            Sampler::Reverse => 0,
            Sampler::Flow => 1,
        };
        let words = [
            (header::VERSION, usize::from(VERSION)),
            (header::HEADER, HEADER),
            (header::NOISE, NOISE_WIDTH),
            (header::EXTENT, shape.extent),
            (header::FIRST, h1),
            (header::SECOND, h2),
            (header::ROWS, shape.rows),
            (header::STAGES, shape.stages),
            (header::SAMPLER, sampler),
            (header::LARGEST, self.largest as usize),
        ];
        for (field, value) in words {
            field.write(&mut out, (value as u16).to_le_bytes());
        }
        header::SHIFTS.write(&mut out, self.shifts.all().map(|shift| shift as u8));
        for (field, value) in header::COUPLINGS.into_iter().zip(self.couplings) {
            field.write(&mut out, value.to_le_bytes());
        }
        debug_assert_eq!(self.magnetisation.len(), CELLS + 1);
        let tables = [&self.matrix, &self.magnetisation, &self.end, &self.gains];
        for value in tables.into_iter().chain(&self.rows).flatten() {
            out.extend(value.to_le_bytes());
        }
        for stage in &self.stages {
            let mut record = [0; STAGE];
            layout::stage::ROW.write(&mut record, (stage.row as u16).to_le_bytes());
            for (field, weight) in layout::stage::WEIGHTS.into_iter().zip(stage.weights) {
                field.write(&mut record, weight.to_le_bytes());
            }
            layout::stage::CLOSES.write(&mut record, u16::from(stage.closes).to_le_bytes());
            layout::stage::SIGMA.write(&mut record, stage.sigma.to_le_bytes());
            out.extend(record);
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
