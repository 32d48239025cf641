//! The steps of a sampler as tables, one value a mode.

use stoquant_core::arith::Real;
use stoquant_core::diffusion::{Kernel, Kind, Method, Step, kernel};

use super::process::with_process;
use super::{GridKind, ProcessKind, SamplerKind, Settings};
use crate::model::Model;
use crate::tables;
use stoquant_experiment::experiment::InputError;

/// Most numbers of one table, evaluations × sites: with all tables about a gigabyte.
const MAX_NUMBERS: usize = 1 << 23;

/// Tables of the core's [`Flow`](stoquant_core::diffusion::Flow) or [`Reverse`](stoquant_core::diffusion::Reverse).
pub(super) enum Steps<R> {
    Flow { closes: Vec<bool>, radius: Vec<R>, predict: Vec<R>, weight: Vec<R>, end: Vec<R> },
    Reverse { steps: Vec<Step>, begin: Vec<R>, keep: Vec<R>, pull: Vec<R>, amplitude: Vec<R> },
}

impl<R: Real> Steps<R> {
    /// The tables, and where the score is evaluated.
    pub fn new(model: &Model, settings: &Settings) -> Result<(Self, Vec<tables::Node>), InputError> {
        settings.check(model.volume())?;
        let a: Vec<f64> = model.linear().into_iter().map(f64::recip).collect();
        let reverse =
            |sigma: &[f64], kernel: &dyn Fn(usize, usize) -> Kernel| reverse(&a, sigma, kernel, |_| Vec::new());
        let method = match settings.sampler {
            SamplerKind::FlowEuler => Method::Euler,
            SamplerKind::FlowHeun => Method::Heun,
            SamplerKind::FlowAb2 => Method::Ab2,
            SamplerKind::FlowRk4 => Method::Rk4,
            SamplerKind::Ancestral => {
                let sigma = settings.grid(model, 1);
                let posterior: Vec<Vec<f64>> =
                    sigma.iter().map(|&s| model.by_shell(&model.at("posterior", s))).collect();
                return Ok(reverse(&sigma, &|n, k| {
                    let free = 1.0 / (1.0 / a[k] + 1.0 / (sigma[n] * sigma[n]));
                    Kernel::ancestral(sigma[n], sigma[n + 1], a[k], free * posterior[n][k])
                }));
            }
            SamplerKind::Exponential => {
                let sigma = settings.grid(model, 1);
                return Ok(reverse(&sigma, &|n, k| Kernel::exponential(sigma[n], sigma[n + 1], a[k])));
            }
            SamplerKind::PredictorCorrector => return Ok(corrected(&a, &settings.grid(model, 1), settings)),
            SamplerKind::EulerMaruyama => {
                return with_process(settings.process, &settings.schedule, model.config.sigma, |process| {
                    let time = |n: usize| 1.0 - n as f64 / settings.steps as f64;
                    let sigma: Vec<f64> = (0..=settings.steps).map(|n| process.sigma(time(n))).collect();
                    reverse(&sigma, &|n, k| match settings.process {
                        ProcessKind::Chain => Kernel::chain(process, time(n), time(n + 1), a[k]),
                        _ => Kernel::euler_maruyama(process, time(n), time(n + 1), a[k]),
                    })
                });
            }
        };
        Ok(flow(&a, method, &settings.grid(model, if method == Method::Rk4 { 2 } else { 1 }), settings.weights))
    }

    /// Whether [`Reverse::noised`](stoquant_core::diffusion::Reverse::noised) applies.
    pub fn can_be_noised(&self) -> bool {
        match self {
            Self::Flow { .. } => false,
            Self::Reverse { steps, .. } => steps.iter().all(|step| step.kind != Kind::Corrector),
        }
    }
}

fn real<R: Real>(values: impl IntoIterator<Item = f64>) -> Vec<R> {
    values.into_iter().map(R::of).collect()
}

fn flow<R: Real>(a: &[f64], method: Method, sigma: &[f64], trace: bool) -> (Steps<R>, Vec<tables::Node>) {
    let (mut closes, mut nodes) = (Vec::new(), Vec::new());
    let [mut radius, mut predict, mut weight] = [const { Vec::new() }; 3];
    for n in 0..method.nodes(sigma.len()) {
        let row: Vec<_> = a.iter().filter_map(|&a| method.node(sigma, n, a)).collect();
        // The zero mode does not move, and its divergence does not count.
        let kernel = || row.iter().enumerate().map(|(k, node)| if k == 0 { 0.0 } else { node.trace() }).collect();
        nodes.push(tables::Node { sigma: row[0].sigma, trace: if trace { kernel() } else { Vec::new() } });
        closes.push(row[0].closes);
        radius.extend(row.iter().map(|node| R::of(node.radius)));
        predict.extend(row.iter().map(|node| R::of(node.predict)));
        weight.extend(row.iter().map(|node| R::of(node.weight)));
    }
    (Steps::Flow { closes, radius, predict, weight, end: real(a.iter().map(|a| a.sqrt())) }, nodes)
}

/// One step from each σ to the next, and what `after` puts behind it.
fn reverse<R: Real>(
    a: &[f64],
    sigma: &[f64],
    kernel: &dyn Fn(usize, usize) -> Kernel,
    after: impl Fn(usize) -> Vec<Vec<Kernel>>,
) -> (Steps<R>, Vec<tables::Node>) {
    let (mut steps, [mut keep, mut pull, mut amplitude]) = (Vec::new(), [const { Vec::new() }; 3]);
    let mut push = |stage, kind, kernels: Vec<Kernel>| {
        steps.push(Step { stage, kind });
        keep.extend(kernels.iter().map(|kernel| R::of(kernel.keep)));
        pull.extend(kernels.iter().map(|kernel| R::of(kernel.pull)));
        amplitude.extend(kernels.iter().map(|kernel| R::of(kernel.amplitude())));
    };
    for n in 0..sigma.len() - 1 {
        let variance = kernel::noise(sigma[n], sigma[n + 1]);
        push(n, Kind::Noising { variance }, (0..a.len()).map(|k| kernel(n, k)).collect());
        for kernels in after(n) {
            push(n + 1, Kind::Corrector, kernels);
        }
    }
    let begin = real(a.iter().map(|a| (a + sigma[0] * sigma[0]).sqrt()));
    let nodes = sigma.iter().map(|&sigma| tables::Node { sigma, trace: Vec::new() }).collect();
    (Steps::Reverse { steps, begin, keep, pull, amplitude }, nodes)
}

fn corrected<R: Real>(a: &[f64], sigma: &[f64], settings: &Settings) -> (Steps<R>, Vec<tables::Node>) {
    let langevin = |n: usize| {
        let row: Vec<_> = a.iter().map(|&a| Kernel::langevin(settings.delta, sigma[n + 1], a)).collect();
        vec![row; settings.correctors]
    };
    reverse(a, sigma, &|n, k| Kernel::exponential(sigma[n], sigma[n + 1], a[k]), langevin)
}

impl Settings {
    fn check(&self, volume: usize) -> Result<(), InputError> {
        let per_step = match self.sampler {
            SamplerKind::FlowRk4 => 4,
            SamplerKind::FlowHeun => 2,
            SamplerKind::PredictorCorrector => self.correctors.saturating_add(1),
            _ => 1,
        };
        let numbers = self.steps.saturating_mul(per_step).saturating_mul(volume);
        if self.steps == 0 || numbers > MAX_NUMBERS {
            let most = MAX_NUMBERS / volume / per_step;
            return Err(InputError(format!(
                "steps = {}: must be 1 to {most} for this sampler and lattice",
                self.steps
            )));
        }
        for (name, value) in [("sigma_low", self.sigma_low), ("delta", self.delta)] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(InputError(format!("{name} = {value}: must be positive and finite")));
            }
        }
        Ok(())
    }

    /// σ from the model's largest to 0, `points` a step.
    pub(crate) fn grid(&self, model: &Model, points: usize) -> Vec<f64> {
        let ([low, high], count) = (model.config.sigma, self.steps * points);
        let default = if points == 2 { GridKind::Sinh } else { GridKind::Geometric };
        let mut sigma: Vec<f64> = match self.grid.unwrap_or(default) {
            GridKind::Geometric => {
                let part = |n: usize| n as f64 / (count - 1).max(1) as f64;
                (0..count).map(|n| high * (low / high).powf(part(n))).collect()
            }
            GridKind::Sinh => {
                let alpha = (high / self.sigma_low).asinh();
                (0..count).map(|n| self.sigma_low * (alpha * (1.0 - n as f64 / count as f64)).sinh()).collect()
            }
        };
        sigma.push(0.0);
        sigma
    }
}
