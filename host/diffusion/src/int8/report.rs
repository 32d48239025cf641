//! How far the integers are from the model, evaluation by evaluation and layer by layer.

use rayon::prelude::*;
use serde::Serialize;
use stoquant_core::machine::Portable;
use stoquant_core::score::Score;
use stoquant_core::score::int8::Image;
use stoquant_core::score::int8::format::{MAGNETISATION, PHI, STATE};

use super::encode::Parts;
use super::float::FloatStage;
use super::generate::{Device, Memory, Visit};
use super::plain::{self, Layer, Number, Rules};
use super::quantize::row_scale;
use crate::model::Model;
use crate::tables::{Node, Tables};
use stoquant_experiment::experiment::InputError;

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

/// Every stage at `fields` fields on their way from noise.
pub fn stages(model: &Model, image: &Image<'_>, fields: usize, seed: u64) -> Result<Vec<StageError>, InputError> {
    let shape = image.shape();
    let volume = shape.extent * shape.extent;
    let mut memory = Memory::new(&shape);
    let device = Device::new(Portable, *image, &mut memory);
    let a: Vec<f64> = model.linear().into_iter().map(f64::recip).collect();
    let m_max = PHI.decode(image.largest());
    let sigma = |n: usize| f64::from(image.stage(n).sigma);
    let floats: Vec<FloatStage> = device.stages.iter().map(|stage| FloatStage::new(image, stage)).collect();
    let nodes: Vec<Node> = (0..shape.stages).map(|n| Node { sigma: sigma(n), trace: Vec::new() }).collect();
    let scales: Vec<f64> = nodes.iter().map(|node| model.at("scale.h", node.sigma)[0]).collect();
    let mut sums = vec![[0.0; 3]; shape.stages];
    Tables::<f64>::new(model, &nodes)
        .with(|network| {
            let (mut real, mut exact) = (vec![0.0; volume], vec![0.0; volume]);
            let mut work = vec![0.0; Score::<f64>::work(network)];
            let mut buffers = device.buffers();
            for i in 0..fields {
                device.run(seed, i, &mut buffers, &mut |_| {}, &mut |Visit { stage: n, m, at, h, .. }| {
                    let float = &floats[n];
                    let modes = float.modes(m, at);
                    float.remainder(&modes, &mut real);
                    // y = r·u, and M in its own units.
                    let mut y: Vec<f64> =
                        modes.iter().zip(&a).map(|(u, a)| u * (a + sigma(n) * sigma(n)).sqrt()).collect();
                    y[0] = modes[0] * m_max;
                    network.remainder::<false, _>(Portable, n, &y, &mut exact, &mut work);
                    for k in 1..volume {
                        let factor = float.step[1][k];
                        let of_model = factor * exact[k] / scales[n];
                        sums[n][0] += of_model * of_model;
                        sums[n][1] += (factor * (float.h(h[k]) - real[k])).powi(2);
                        sums[n][2] += (factor * real[k] - of_model).powi(2);
                    }
                });
            }
        })
        .map_err(InputError::new)?;
    let of = |(n, sums): (usize, [f64; 3])| {
        let [displacement, rounding, tables] = sums.map(|sum| (sum / (fields * (volume - 1)).max(1) as f64).sqrt());
        StageError { sigma: sigma(n), displacement, rounding, tables }
    };
    Ok(sums.into_iter().enumerate().map(of).collect())
}

/// One layer of the network: root mean squares, as in [`StageError`], of what it alone does where all else is real.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LayerError {
    /// Which.
    pub layer: Layer,
    /// Its roundings.
    pub rounding: f64,
    /// Its int8 weights, where it has such.
    pub weights: Option<f64>,
}

/// Where the score is evaluated.
struct Point {
    stage: usize,
    m: i16,
    at: Vec<i16>,
}

/// Every layer, at `fields` fields in about `stages` stages of their way from noise.
pub fn layers(
    model: &Model,
    parts: &Parts,
    image: &Image<'_>,
    [stages, fields]: [usize; 2],
    seed: u64,
) -> Result<Vec<LayerError>, InputError> {
    let mut memory = Memory::new(&image.shape());
    let device = Device::new(Portable, *image, &mut memory);
    let every = (device.stages.len() / stages.max(1)).max(1);
    let mut points = Vec::new();
    let mut buffers = device.buffers();
    for i in 0..fields {
        let visit = &mut |Visit { stage, m, at, .. }: Visit<'_>| {
            if (stage + 1).is_multiple_of(every) {
                points.push(Point { stage, m, at: at.to_vec() });
            }
        };
        device.run(seed, i, &mut buffers, &mut |_| {}, visit);
    }
    let floats: Vec<FloatStage> = device.stages.iter().map(|stage| FloatStage::new(image, stage)).collect();
    let with_int8: Vec<(Layer, Model)> = [(Layer::First, "first"), (Layer::Second, "second")]
        .into_iter()
        .map(|(layer, name)| (layer, rounded(model, &[&format!("{name}.odd"), &format!("{name}.even")])))
        .collect();
    let off = |point: &Point| -> Result<Vec<[f64; 2]>, InputError> {
        let float = &floats[point.stage];
        let square = |of: &dyn Fn(usize) -> f64| -> f64 {
            (1..point.at.len()).map(|k| (float.step[1][k] * of(k)).powi(2)).sum::<f64>()
        };
        let u: Vec<Number> = point.at.iter().map(|&u| u.into()).collect();
        let stage = plain::Stage::new(parts, point.stage);
        let real = stage.remainder(&mut Rules::real(), point.m, &u);
        let exact = of_model(model, image, point.stage, point.m, &point.at)?;
        Layer::ALL
            .into_iter()
            .map(|layer| {
                let h = stage.remainder(&mut Rules::nearest_in(layer), point.m, &u);
                let rounding = square(&|k| (h[k].value - real[k].value) * float.h(1));
                let weights = with_int8.iter().filter(|(of, _)| *of == layer);
                let weights = weights.map(|(_, model)| {
                    let h = of_model(model, image, point.stage, point.m, &point.at)?;
                    Ok(square(&|k| h[k] - exact[k]))
                });
                Ok([rounding, weights.sum::<Result<f64, InputError>>()?])
            })
            .collect()
    };
    let squares: Vec<Vec<[f64; 2]>> = points.par_iter().map(off).collect::<Result<_, _>>()?;
    let modes = (points.len() * (model.volume() - 1)).max(1) as f64;
    let of = |(n, layer): (usize, Layer)| {
        let rms = |i: usize| (squares.iter().map(|layers| layers[n][i]).sum::<f64>() / modes).sqrt();
        let weights = matches!(layer, Layer::First | Layer::Second).then(|| rms(1));
        LayerError { layer, rounding: rms(0), weights }
    };
    Ok(Layer::ALL.into_iter().enumerate().map(of).collect())
}

/// The model with these matrices in int8, row by row.
fn rounded(model: &Model, matrices: &[&str]) -> Model {
    let mut model = model.clone();
    for (_, tensor) in model.tensors.iter_mut().filter(|(name, _)| matrices.contains(&name.as_str())) {
        let columns = tensor.shape.last().copied().unwrap_or(1).max(1);
        for row in tensor.data.chunks_mut(columns) {
            let scale = row_scale(row);
            row.iter_mut().for_each(|w| *w = ((f64::from(*w) / scale).round_ties_even() * scale) as f32);
        }
    }
    model
}

/// ĥ of a model at the u and M/M_max of an image's stage, in units of its scale.
pub fn of_model(model: &Model, image: &Image<'_>, stage: usize, m: i16, u: &[i16]) -> Result<Vec<f64>, InputError> {
    let sigma = f64::from(image.stage(stage).sigma);
    let variance = model.linear().into_iter().map(f64::recip);
    let modes = u.iter().zip(variance);
    let mut y: Vec<f64> = modes.map(|(&u, a)| STATE.decode(u) * (a + sigma * sigma).sqrt()).collect();
    y[0] = image.shape().extent as f64 * MAGNETISATION.decode(m) * PHI.decode(image.largest());
    let scale = model.at("scale.h", sigma)[0];
    Tables::<f64>::new(model, &[Node { sigma, trace: Vec::new() }])
        .with(|network| {
            let (mut h, mut work) = (vec![0.0; y.len()], vec![0.0; Score::<f64>::work(network)]);
            network.remainder::<false, _>(Portable, 0, &y, &mut h, &mut work);
            h.into_iter().map(|h| h / scale).collect()
        })
        .map_err(InputError::new)
}
