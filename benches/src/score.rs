//! The quantised score, evaluation by evaluation.

use stoquant::diffusion::int8::{Plan, quantize};
use stoquant::diffusion::model::Model;
use stoquant_core::machine::Portable;
use stoquant_core::noise::{Noise, StreamTag, Threefry};
use stoquant_core::score::int8::format::MAGNETISATION;
use stoquant_core::score::int8::hartley::{COLUMNS, Full, Line, Matrix};
use stoquant_core::score::int8::{Image, Kernels, Network, Shape, Stage, start};
use stoquant_model::NoiseKind;

/// Sites that pass through the network together on a device.
pub const DEVICE: usize = 2;
/// The same where there are vectors.
pub const HOST: usize = 32;

/// The image of a shipped model, a reverse SDE of 100 steps. It stays as long as the program runs.
pub fn image(model: &str) -> Image<'static> {
    let model = Model::load(model).expect("the benchmark's own model is shipped");
    let parts = quantize(&model, Plan::Reverse { steps: 100, rows: 16 }).expect("it was trained to be quantised");
    let bytes = parts.encode().expect("a lattice that fits in an image");
    Image::new(bytes.leak()).expect("an image just made is valid")
}

/// H as a device has it.
pub fn line(image: &Image<'static>) -> Line<'static> {
    Line::new(image, vec![0; image.shape().extent].leak())
}

/// All of H.
pub fn full(image: &Image<'static>) -> Full<'static> {
    Full::new(line(image), vec![[[0; 2]; COLUMNS]; Full::groups(image.shape().extent)].leak())
}

/// A stage in the middle of an image, at the noise that a chain starts from.
pub struct Evaluation<M, H, const B: usize> {
    machine: M,
    network: Network<H, B>,
    stage: Stage<'static>,
    noise: Noise<Threefry>,
    u: Vec<i16>,
    h: Vec<i16>,
    work: Vec<i16>,
}

impl<M: Kernels, H: Matrix, const B: usize> Evaluation<M, H, B> {
    /// Made ready, in so many numbers: [`Shape::prepared`] or [`Shape::unfolded`].
    pub fn new(machine: M, image: &Image<'static>, matrix: H, numbers: fn(&Shape) -> usize) -> Self {
        let shape = image.shape();
        let stage = Stage::prepare(image, shape.stages / 2, vec![0; numbers(&shape)].leak());
        let mut u = vec![0; shape.extent * shape.extent];
        start(Portable, &mut noise(StreamTag::Start), 0, &mut u);
        let h = u.clone();
        let work = vec![0; Network::<H, B>::work(&shape)];
        Self { machine, network: Network::new(image, matrix), stage, noise: noise(StreamTag::Noise), u, h, work }
    }

    /// ĥ.
    pub fn evaluate(&mut self) {
        let Self { machine, network, stage, u, h, work, .. } = self;
        network.remainder(*machine, stage, MAGNETISATION.limit / 2, u, h, work);
    }

    /// u', from the last ĥ.
    pub fn step(&mut self) {
        let Self { machine, network, stage, noise, u, h, .. } = self;
        network.reverse(*machine, stage, noise, 1, h, u);
    }
}

fn noise(tag: StreamTag) -> Noise<Threefry> {
    Noise { law: NoiseKind::Gaussian, words: Threefry::new(1, 0, tag) }
}
