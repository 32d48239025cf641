//! How far the integers are from the model, evaluation by evaluation.

use serde::Serialize;
use stoquant_core::int8::Image;
use stoquant_core::machine::Portable;
use stoquant_core::score::Score;

use super::float::FloatStage;
use super::generate::{Device, Memory, UNIT, Visit};
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

/// Every stage at `fields` fields on their way from noise.
pub fn stages(model: &Model, image: &Image<'_>, fields: usize, seed: u64) -> Result<Vec<StageError>, InputError> {
    let shape = image.shape();
    let volume = shape.extent * shape.extent;
    let mut memory = Memory::new(&shape);
    let device = Device::new(Portable, *image, &mut memory);
    let a: Vec<f64> = model.linear().into_iter().map(f64::recip).collect();
    let m_max = f64::from(image.largest()) * UNIT;
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
                device.run(
                    seed,
                    i,
                    &mut buffers,
                    |_| {},
                    |Visit { stage: n, m, at, h, .. }| {
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
                    },
                );
            }
        })
        .map_err(InputError::new)?;
    let of = |(n, sums): (usize, [f64; 3])| {
        let [displacement, rounding, tables] = sums.map(|sum| (sum / (fields * (volume - 1)).max(1) as f64).sqrt());
        StageError { sigma: sigma(n), displacement, rounding, tables }
    };
    Ok(sums.into_iter().enumerate().map(of).collect())
}
