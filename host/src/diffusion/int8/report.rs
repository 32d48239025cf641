//! How far the integers are from the model, evaluation by evaluation.

use serde::Serialize;
use stoquant_core::int8::hartley::{Full, Line};
use stoquant_core::int8::image::Sampler;
use stoquant_core::int8::{Image, Network, Stage, start};
use stoquant_core::machine::Portable;
use stoquant_core::noise::{Law, Noise, StreamTag, Threefry};
use stoquant_core::score::Score;

use super::float::FloatStage;
use crate::diffusion::model::Model;
use crate::diffusion::tables::{Node, Tables};
use crate::experiment::InputError;

/// One evaluation of the score: root mean squares over modes and fields, of the displacement of u that ĥ causes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct StageError {
    /// σ.
    pub sigma: f64,
    /// The displacement itself.
    pub displacement: f64,
    /// Of the integers from the real numbers that they stand for: rounding.
    pub rounding: f64,
    /// Of those real numbers from the model: weights and tables.
    pub tables: f64,
}

/// Every stage at `fields` fields on their way from noise, drawn by the reverse process of the image or its flow.
pub fn stages(model: &Model, image: &Image<'_>, fields: usize, seed: u64) -> Result<Vec<StageError>, InputError> {
    const BLOCK: usize = 16;
    let shape = image.shape();
    let (l, volume) = (shape.extent, shape.extent * shape.extent);
    let mut line = vec![0; l];
    let mut rows = vec![[[0; 2]; _]; Full::groups(l)];
    let network = Network::<_, BLOCK>::new(image, Full::new(Line::new(image, &mut line), &mut rows));
    let (mut work, mut h) = (vec![0; Network::<Full<'_>, BLOCK>::work(&shape)], vec![0; volume]);
    let a: Vec<f64> = model.linear().into_iter().map(f64::recip).collect();
    let largest = f64::from(image.largest()) / 4096.0;
    let mut states: Vec<(i16, Vec<i16>, Vec<i16>)> = (0..fields)
        .map(|i| {
            let words = |tag| Threefry::new(seed, i as u32, tag);
            let mut u = vec![0; volume];
            start(Portable, &mut Noise { law: Law::Gaussian, words: words(StreamTag::Start) }, 0, &mut u);
            (stoquant_core::int8::magnetisation(image, words(StreamTag::Magnetisation).word64(0)), u.clone(), u)
        })
        .collect();
    let mut out = Vec::new();
    let mut before = vec![vec![0; volume]; fields];
    for n in 0..shape.stages {
        let mut numbers = vec![0; shape.prepared()];
        let stage = Stage::prepare(image, n, &mut numbers);
        let float = FloatStage::new(image, &stage);
        let sigma = f64::from(image.stage(n).sigma);
        let tables = Tables::<f64>::new(model, &[Node { sigma, trace: Vec::new() }]);
        let scale = model.at("scale.h", sigma)[0];
        let mut sums = [0.0; 3];
        for (i, (m, u, base)) in states.iter_mut().enumerate() {
            let mut at = u.clone();
            if image.sampler() == Sampler::Flow {
                network.flow(Portable, stage.spectral(1), base, &before[i], &mut at);
            }
            network.remainder(Portable, &stage, *m, &at, &mut h, &mut work);
            let mut real = vec![0.0; volume];
            float.remainder(&float.modes(*m, &at), &mut real);
            let mut y: Vec<f64> =
                at.iter().zip(&a).map(|(&u, a)| f64::from(u) / 4096.0 * (a + sigma * sigma).sqrt()).collect();
            y[0] = l as f64 * f64::from(*m) / 16384.0 * largest;
            let exact = tables
                .with(|network| {
                    let (mut h, mut work) = (vec![0.0; volume], vec![0.0; Score::<f64>::work(network)]);
                    network.remainder::<false, _>(Portable, 0, &y, &mut h, &mut work);
                    h
                })
                .map_err(InputError::new)?;
            for k in 1..volume {
                let factor = float.step[1][k];
                let of_model = factor * exact[k] / scale;
                sums[0] += of_model * of_model;
                sums[1] += (factor * (float.h(h[k]) - real[k])).powi(2);
                sums[2] += (factor * real[k] - of_model).powi(2);
            }
            match image.sampler() {
                Sampler::Flow => {
                    let old = u.clone();
                    network.flow(Portable, stage.spectral(2), &old, &h, u);
                    if stage.closes {
                        base.copy_from_slice(u);
                    }
                    before[i].copy_from_slice(&h);
                }
                Sampler::Reverse => {
                    let words = Threefry::new(seed, i as u32, StreamTag::Noise);
                    network.reverse(Portable, &stage, &mut Noise { law: Law::Gaussian, words }, n as u64, &h, u);
                }
            }
        }
        let [displacement, rounding, tables] = sums.map(|sum| (sum / (fields * (volume - 1)).max(1) as f64).sqrt());
        out.push(StageError { sigma, displacement, rounding, tables });
    }
    Ok(out)
}
