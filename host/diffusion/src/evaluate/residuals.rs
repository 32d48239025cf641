//! What a score must do whatever it learned: symmetries, and the force at σ = 0.

use serde::Serialize;
use stoquant_core::noise::{Noise, StreamTag, Threefry};
use stoquant_core::score::Score;
use stoquant_model::NoiseKind;

use crate::model::Model;
use crate::spectrum;
use crate::tables::{Node, Tables};
use stoquant_engines::simd::{Portable, Threads};
use stoquant_experiment::experiment::InputError;

/// Fields that are looked at.
const FIELDS: usize = 16;

/// How far a score is from what it must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Residuals {
    /// max |h(-y) + h(y)| over the root mean square of h, in single precision over all knots.
    pub z2: f64,
    /// max |h(shifted y) - shifted h(y)| likewise.
    pub translation: f64,
    /// Cosine of the angle between the score at σ = 0 and the force -∂S/∂φ, zero modes left out.
    pub cosine: f64,
    /// Ratio of their norms.
    pub ratio: f64,
}

/// Of the first fields of an ensemble.
pub fn residuals(model: &Model, phi: &[f64], seed: u64) -> Result<Residuals, InputError> {
    let (extent, volume) = (model.config.extent, model.volume());
    // Stage 0 is the end of every sampler.
    let nodes: Vec<Node> = std::iter::once(0.0)
        .chain((0..model.config.knots).map(|n| model.config.knot(n)))
        .map(|sigma| Node { sigma, trace: Vec::new() })
        .collect();
    let matrix = spectrum::hartley(extent);
    let a = model.linear();
    let tables = Tables::<f32>::new(model, &nodes);
    tables
        .with(|score| {
            let mut work = vec![0.0; score.work()];
            let mut h = |stage: usize, field: &[f64]| -> Vec<f64> {
                let y: Vec<f32> = spectrum::transform(&matrix, field).into_iter().map(|y| y as f32).collect();
                let mut h = vec![0.0; volume];
                score.remainder::<false, _>(Portable(Threads::One), stage, &y, &mut h, &mut work);
                spectrum::transform(&matrix, &h.into_iter().map(f64::from).collect::<Vec<_>>())
            };
            let (mut square, mut z2, mut translation) = (0.0, 0.0_f64, 0.0_f64);
            let (mut along, mut of_score, mut of_force) = (0.0, 0.0, 0.0);
            for (i, phi) in phi.chunks_exact(volume).take(FIELDS).enumerate() {
                for (stage, node) in nodes.iter().enumerate() {
                    let words = Threefry::new(seed, i as u32, StreamTag::Rng);
                    let mut eta = vec![0; volume];
                    Noise { law: NoiseKind::Gaussian, words }.fill_eta::<18>(stage as u64, 0, &mut eta);
                    let field: Vec<f64> =
                        phi.iter().zip(&eta).map(|(phi, &eta)| phi + node.sigma * f64::from(eta) / 16384.0).collect();
                    let here = h(stage, &field);
                    square += here.iter().map(|h| h * h).sum::<f64>();
                    let turned = h(stage, &field.iter().map(|y| -y).collect::<Vec<_>>());
                    z2 = here.iter().zip(&turned).fold(z2, |worst, (a, b)| worst.max((a + b).abs()));
                    let moved = h(stage, &shifted(extent, &field));
                    let expected = shifted(extent, &here);
                    translation =
                        moved.iter().zip(&expected).fold(translation, |worst, (a, b)| worst.max((a - b).abs()));
                }
                let modes = |field: &[f64]| spectrum::transform(&matrix, field);
                let (y, h, force) = (modes(phi), modes(&h(0, phi)), modes(&force(model, phi)));
                for (((y, h), force), a) in y.iter().zip(&h).zip(&force).zip(&a).skip(1) {
                    let score = -(a * y + h);
                    along += score * force;
                    of_score += score * score;
                    of_force += force * force;
                }
            }
            let count = FIELDS.min(phi.len() / volume) * nodes.len() * volume;
            // h of a free field is nothing: its residuals too.
            let rms = (square / count as f64).sqrt().max(f64::MIN_POSITIVE);
            Residuals {
                z2: z2 / rms,
                translation: translation / rms,
                cosine: along / (of_score * of_force).sqrt(),
                ratio: (of_score / of_force).sqrt(),
            }
        })
        .map_err(InputError::new)
}

/// By one row and two columns.
fn shifted(extent: usize, field: &[f64]) -> Vec<f64> {
    (0..field.len()).map(|x| field[(x / extent + 1) % extent * extent + (x + 2) % extent]).collect()
}

/// -∂S/∂φ.
fn force(model: &Model, phi: &[f64]) -> Vec<f64> {
    let (l, c) = (model.config.extent, model.config.couplings);
    let at = |i: usize, j: usize| phi[i % l * l + j % l];
    let site = |x: usize| {
        let (i, j) = (x / l, x % l);
        let neighbours = at(i + 1, j) + at(i + l - 1, j) + at(i, j + 1) + at(i, j + l - 1);
        2.0 * c.kappa * neighbours - 2.0 * c.b * phi[x] - 4.0 * c.lambda * phi[x].powi(3)
    };
    (0..phi.len()).map(site).collect()
}
