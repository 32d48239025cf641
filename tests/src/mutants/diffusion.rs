//! Defects of diffusion: scores, noise, schedules, densities, weights.

use stoquant::certify::diffusion::{Subject, checks};
use stoquant::certify::{Findings, Level};
use stoquant::diffusion::model::Model;
use stoquant_core::diffusion::kernel::Kernel;

use super::ladder::{Defect, Rung};

/// The rung in front of a subject.
fn rung(subject: Subject) -> Rung {
    Box::new(move || Ok(Findings::from(checks(&subject, Level::Standard, 1)?)))
}

/// A square matrix of a model, transposed.
fn transposed(mut model: Model) -> Model {
    if let Some(tensor) = model.tensors.get_mut("second.odd") {
        let units = tensor.shape[0];
        let old = tensor.data.clone();
        for (at, slot) in tensor.data.iter_mut().enumerate() {
            *slot = old[at % units * units + at / units];
        }
    }
    model
}

/// Every entry of a tensor times a factor.
fn scaled(mut model: Model, name: &str, factor: f32) -> Model {
    if let Some(tensor) = model.tensors.get_mut(name) {
        tensor.data.iter_mut().for_each(|x| *x *= factor);
    }
    model
}

/// The table.
pub fn defects() -> Vec<Defect> {
    let of = |name, description, subject| Defect::new("diffusion", name, description, vec![rung(subject)]);
    let base = Subject::default;
    vec![
        of(
            "score sign",
            "h enters with the wrong sign",
            Subject { score: |h| h.iter_mut().for_each(|h| *h = -*h), ..base() },
        ),
        of(
            "even bias",
            "0.02 is added to h, which then is not odd",
            Subject { score: |h| h.iter_mut().for_each(|h| *h += 0.02), ..base() },
        ),
        of(
            "schedule off by one",
            "the score is evaluated at the next stage's σ",
            Subject { stage: |stage, stages| (stage + 1).min(stages - 1), ..base() },
        ),
        of(
            "last noise missing",
            "the last reverse step is without noise",
            Subject { amplitude: |kernel, n, steps| if n + 1 == steps { 0.0 } else { kernel.amplitude() }, ..base() },
        ),
        of(
            "variance for amplitude",
            "noise is multiplied by its variance",
            Subject { amplitude: |kernel, _, _| kernel.spread, ..base() },
        ),
        of("divergence without r", "trace kernel w in place of w·r", Subject { trace: |node| node.weight, ..base() }),
        of("divergence halved", "half of the trace", Subject { trace: |node| 0.5 * node.trace(), ..base() }),
        of(
            "forward variance",
            "the reverse step has the variance of the forward one",
            Subject {
                exponential: |t, s, a| Kernel { spread: t * t - s * s, ..Kernel::exponential(t, s, a) },
                ..base()
            },
        ),
        of(
            "corrector of first order",
            "a corrector that keeps 1 - δ in place of e^-δ",
            Subject {
                corrector: |delta, sigma, a| {
                    let kernel = Kernel::langevin(delta, sigma, a);
                    Kernel { keep: 1.0 - delta, ..kernel }
                },
                ..base()
            },
        ),
        of(
            "flow for SDE",
            "Euler–Maruyama with half the score of the SDE",
            Subject {
                euler_maruyama: |process, t, s, a| {
                    let kernel = Kernel::euler_maruyama(process, t, s, a);
                    let free = process.mean(t) / process.mean(s) * (1.0 - process.drift(t) * (t - s));
                    Kernel { keep: 0.5 * (kernel.keep + free), ..kernel }
                },
                ..base()
            },
        ),
        of(
            "chain at the wrong step",
            "a discrete chain's score where the step ends, not where it begins",
            Subject {
                chain: |process, t, s, a| {
                    let kernel = Kernel::chain(process, t, s, a);
                    let [at_t, at_s] = [t, s].map(|t| a + process.sigma(t).powi(2));
                    Kernel { keep: 1.0 + (kernel.keep - 1.0) * at_t / at_s, pull: kernel.pull * at_t / at_s, ..kernel }
                },
                ..base()
            },
        ),
        of("transposed weight", "the second layer of the model is transposed", Subject { model: transposed, ..base() }),
        of(
            "output weights negated",
            "output weights of the model have the wrong sign",
            Subject { model: |model| scaled(model, "output", -1.0), ..base() },
        ),
    ]
}

/// The subject as it is.
pub fn controls() -> Vec<Defect> {
    vec![Defect::new("diffusion", "nothing", "nothing is planted", vec![rung(Subject::default())])]
}
