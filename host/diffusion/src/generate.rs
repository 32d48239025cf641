//! Configurations from a trained score, each on its own: magnetisation from its law, Gaussian modes, a sampler of the
//! core.
//!
//! ```text
//! M ~ p_M     u ~ N(0, 1)     modes = sampler(u; M)     φ = T(modes)     ln w = -S(φ) - ln q(φ)
//! ```
//!
//! Configuration i has the streams of chain i under the seed: bits depend neither on threads nor on the machine. S is
//! in f64 whatever the samples are. For the flow ln q is the density of φ; for the others ln w is that of the path,
//! exact for any h ([`Reverse`]).

mod process;
mod steps;
#[cfg(test)]
mod tests;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use stoquant_core::arith::Real;
use stoquant_core::diffusion::{Flow, Magnetisation, Reverse, start};
use stoquant_core::error::Error;
use stoquant_core::machine::Machine;
use stoquant_core::noise::{Noise, StreamTag, Threefry};
use stoquant_core::score::Hartley;
use stoquant_model::{NoiseKind, Phi4};

use super::model::Model;
use super::spectrum;
use super::tables::Tables;
use steps::Steps;
use stoquant_engines::simd::{MachineKind, Threads, Work, with_machine};
use stoquant_exact::analysis::ChainSeries;
use stoquant_exact::sampler::measure;
use stoquant_experiment::experiment::InputError;

stoquant_model::tags! {
    /// How noise becomes a configuration.
    pub enum SamplerKind {
        /// Probability flow, Euler's steps.
        FlowEuler => "flow-euler",
        /// Probability flow, Heun's.
        FlowHeun => "flow-heun",
        /// Probability flow, two-step Adams and Bashforth.
        FlowAb2 => "flow-ab2",
        /// Probability flow, Runge and Kutta's fourth order.
        FlowRk4 => "flow-rk4",
        /// Reverse process, the posterior's measured spread.
        Ancestral => "ancestral",
        /// Reverse process, exact for the free field.
        Exponential => "exponential",
        /// Reverse process, exact for the free field, with Langevin steps at each σ.
        PredictorCorrector => "predictor-corrector",
        /// Euler–Maruyama on the reversed equation of any process.
        EulerMaruyama => "euler-maruyama",
    }
}
stoquant_model::tags! {
    /// Where the σ of the steps lie; the last is 0.
    pub enum GridKind {
        /// Equal factors between the model's ends.
        Geometric => "geometric",
        /// σ = σ_low·sinh(α(1-t)), t in equal steps.
        Sinh => "sinh",
    }
}
stoquant_model::tags! {
    /// Noising process of Euler–Maruyama steps.
    pub enum ProcessKind {
        /// Variance exploding.
        Ve => "ve",
        /// Variance preserving.
        Vp => "vp",
        /// Sub-variance preserving.
        SubVp => "sub-vp",
        /// Variance preserving, as a discrete chain.
        Chain => "chain",
    }
}
stoquant_model::tags! {
    /// Number type of the samples.
    pub enum Precision {
        /// Single.
        F32 => "f32",
        /// Double.
        F64 => "f64",
        /// The quantised network: int8 weights and activations, a state of 16 bits.
        Int8 => "int8",
    }
}

/// How fast the process of Euler–Maruyama steps adds noise: t in equal steps, Λ(1) such that the noise ends at the
/// model's largest σ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScheduleKind {
    /// σ grows by equal factors.
    Geometric,
    /// The rate grows from β₀ to 200β₀.
    Linear,
    /// Cosine.
    Cosine,
    /// Λ at t = 0, 1/n, …, 1, as it is.
    Table(Vec<f64>),
}

/// How to generate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Settings {
    /// Sampler.
    pub sampler: SamplerKind,
    /// Its steps, at least 1.
    pub steps: usize,
    /// σ of the steps (default: geometric, for `flow-rk4` sinh); Euler–Maruyama has a schedule instead.
    pub grid: Option<GridKind>,
    /// σ_low of the sinh grid.
    pub sigma_low: f64,
    /// Process of Euler–Maruyama steps.
    pub process: ProcessKind,
    /// Its schedule.
    pub schedule: ScheduleKind,
    /// Langevin steps after each step of the predictor–corrector sampler.
    pub correctors: usize,
    /// Their length δ, in units of a mode's own relaxation time.
    pub delta: f64,
    /// Whether weights are wanted.
    pub weights: bool,
}

impl Default for Settings {
    /// Heun's flow in 12 steps.
    fn default() -> Self {
        Self {
            sampler: SamplerKind::FlowHeun,
            steps: 12,
            grid: None,
            sigma_low: 0.3,
            process: ProcessKind::Ve,
            schedule: ScheduleKind::Geometric,
            correctors: 1,
            delta: 0.1,
            weights: false,
        }
    }
}

impl SamplerKind {
    /// Whether it gives the density of a sample (else that of its path).
    pub fn is_flow(self) -> bool {
        matches!(self, Self::FlowEuler | Self::FlowHeun | Self::FlowAb2 | Self::FlowRk4)
    }
}

/// Configurations with what is known of each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Generated {
    /// Fields, one after the other.
    pub phi: Vec<f64>,
    /// ln q(φ) of the flow, if asked for.
    pub ln_q: Option<Vec<f64>>,
    /// ln w = -S - ln q, or ln w of the path.
    pub ln_w: Option<Vec<f64>>,
    /// Measurements.
    pub series: ChainSeries,
}

/// A sampler with everything that all configurations share.
pub struct Generator<R> {
    extent: usize,
    couplings: Phi4,
    weights: bool,
    score: Tables<R>,
    steps: Steps<R>,
    hartley: Vec<R>,
    /// |M| at the ends of the table of its density, the density, its integral.
    magnetisation: ([f64; 2], Vec<f64>, Vec<f64>),
}

impl<R: Real> Generator<R> {
    /// Prepares all tables.
    pub fn new(model: &Model, settings: &Settings) -> Result<Self, InputError> {
        let (steps, nodes) = Steps::new(model, settings)?;
        let density: Vec<f64> = model.data("magnetisation").iter().map(|&p| f64::from(p)).collect();
        let mut cumulative = vec![0.0; density.len()];
        let ends = model.config.magnetisation;
        Magnetisation::new(ends[0], ends[1], &density, &mut cumulative).map_err(InputError::new)?;
        let hartley = spectrum::hartley(model.config.extent).into_iter().map(R::of).collect();
        Ok(Self {
            extent: model.config.extent,
            couplings: model.config.couplings,
            weights: settings.weights,
            score: Tables::new(model, &nodes),
            steps,
            hartley,
            magnetisation: (ends, density, cumulative),
        })
    }

    /// Configurations `0..count` of a seed; `done` is called after each.
    pub fn generate(
        &self,
        machine: MachineKind,
        seed: u64,
        count: usize,
        done: &(dyn Fn() + Sync),
    ) -> Result<Generated, InputError> {
        let job = Job { generator: self, seed, count, reference: None, done };
        let samples = with_machine(machine, Threads::One, job).map_err(InputError::new)?;
        let mut out = Generated { phi: Vec::new(), ln_q: None, ln_w: None, series: ChainSeries::default() };
        let (mut ln_q, mut ln_w) = (Vec::new(), Vec::new());
        for (i, sample) in samples.into_iter().enumerate() {
            if !(sample.phi.iter().all(|phi| phi.is_finite()) && sample.ln.is_finite()) {
                return Err(InputError(format!(
                    "configuration {i} left the range of numbers: more steps, or another sampler, are needed"
                )));
            }
            let measured = measure(&sample.phi, &[self.extent; 2], &self.couplings);
            measured.push_to(&mut out.series);
            let action = measured.action_density * sample.phi.len() as f64;
            ln_w.push(self.ln_weight(action, sample.ln));
            ln_q.push(sample.ln);
            out.phi.extend(sample.phi);
        }
        if self.weights {
            out.ln_w = Some(ln_w);
            out.ln_q = matches!(self.steps, Steps::Flow { .. }).then_some(ln_q);
        }
        Ok(out)
    }

    /// ln w of the paths that lead from reference configurations back to noise. Over configurations of e^{-S}/Z the
    /// mean of 1/w is 1/Z.
    pub fn noised(&self, machine: MachineKind, seed: u64, phi: &[f64]) -> Result<Vec<f64>, InputError> {
        if !self.steps.can_be_noised() {
            return Err(InputError::new(
                "paths can be weighed backwards for reverse samplers without correctors alone",
            ));
        }
        let volume = self.extent * self.extent;
        let job = Job { generator: self, seed, count: phi.len() / volume, reference: Some(phi), done: &|| {} };
        let samples = with_machine(machine, Threads::One, job).map_err(InputError::new)?;
        let weight = |(sample, phi): (&Sample, &[f64])| {
            let measured = measure(phi, &[self.extent; 2], &self.couplings);
            self.ln_weight(measured.action_density * volume as f64, sample.ln)
        };
        Ok(samples.iter().zip(phi.chunks_exact(volume)).map(weight).collect())
    }

    /// `ln` is ln q of the flow; of a path, ln w + S.
    fn ln_weight(&self, action: f64, ln: f64) -> f64 {
        match self.steps {
            Steps::Flow { .. } => -action - ln,
            Steps::Reverse { .. } => ln - action,
        }
    }
}

/// One configuration.
struct Sample {
    phi: Vec<f64>,
    /// See [`Generator::ln_weight`]; 0 where no weights are wanted.
    ln: f64,
}

/// All configurations, on a machine.
struct Job<'a, R> {
    generator: &'a Generator<R>,
    seed: u64,
    count: usize,
    /// Configurations to be weighed in place of new ones.
    reference: Option<&'a [f64]>,
    done: &'a (dyn Fn() + Sync),
}

impl<R: Real> Work for Job<'_, R> {
    type Result = Result<Vec<Sample>, Error>;

    fn on<M: Machine>(self, machine: M) -> Self::Result {
        let Self { generator, seed, count, reference, done } = self;
        let (ends, density, cumulative) = &generator.magnetisation;
        let mut cumulative = cumulative.clone();
        let law = Magnetisation::new(ends[0], ends[1], density, &mut cumulative)?;
        let hartley = Hartley::new(generator.extent, &generator.hartley)?;
        generator.score.with(|score| match &generator.steps {
            Steps::Flow { closes, radius, predict, weight, end } => {
                let flow = Flow::new(closes, radius, predict, weight, end, 1)?;
                let all = Samples { machine, hartley, law, work: flow.work(score), done };
                Ok(all.of(count, |i, u, work| {
                    let ln_m = all.begin(seed, i, u);
                    if generator.weights {
                        ln_m + flow.run::<true, _, _>(machine, score, u, work)
                    } else {
                        flow.run::<false, _, _>(machine, score, u, work)
                    }
                }))
            }
            Steps::Reverse { steps, begin, keep, pull, amplitude } => {
                let reverse = Reverse::new(steps, begin, keep, pull, amplitude, 1)?;
                let all = Samples { machine, hartley, law, work: reverse.work(score), done };
                Ok(all.of(count, |i, y, work| match reference {
                    Some(phi) => {
                        let ln_m = all.modes(phi, i, y, work);
                        reverse.noised(machine, score, &mut noise(seed, i, StreamTag::Rng), y, work) - ln_m
                    }
                    None => {
                        let ln_m = all.begin(seed, i, y);
                        let mut noise = noise(seed, i, StreamTag::Noise);
                        if generator.weights {
                            reverse.run::<true, _, _, _>(machine, score, &mut noise, y, work) - ln_m
                        } else {
                            reverse.run::<false, _, _, _>(machine, score, &mut noise, y, work)
                        }
                    }
                }))
            }
        })?
    }
}

/// The noise of configuration i.
fn noise(seed: u64, i: usize, tag: StreamTag) -> Noise<Threefry> {
    Noise { law: NoiseKind::Gaussian, words: Threefry::new(seed, i as u32, tag) }
}

/// What every sampler does alike.
struct Samples<'a, R, M> {
    machine: M,
    hartley: Hartley<'a, R>,
    law: Magnetisation<'a>,
    work: usize,
    done: &'a (dyn Fn() + Sync),
}

impl<R: Real, M: Machine> Samples<'_, R, M> {
    /// `sample(i, modes, work)` of every configuration, as fields.
    fn of(&self, count: usize, sample: impl Fn(usize, &mut [R], &mut [R]) -> f64 + Sync) -> Vec<Sample> {
        let volume = self.hartley.volume();
        let buffers = || (vec![R::ZERO; volume], vec![R::ZERO; volume], vec![R::ZERO; self.work.max(volume)]);
        (0..count)
            .into_par_iter()
            .map_init(buffers, |(modes, field, work), i| {
                let ln = sample(i, modes, work);
                self.hartley.transform(self.machine, modes, field, &mut work[..volume]);
                (self.done)();
                Sample { phi: field.iter().map(|phi| phi.value()).collect(), ln }
            })
            .collect()
    }

    /// Gaussian modes and the zero mode √V·M of configuration i; ln p of that zero mode.
    fn begin(&self, seed: u64, i: usize, u: &mut [R]) -> f64 {
        let m = self.law.draw(Threefry::new(seed, i as u32, StreamTag::Magnetisation).word64(0));
        start(self.machine, &mut noise(seed, i, StreamTag::Start), 0, 1, u);
        let volume = u.len() as f64;
        u[0] = R::of(m * volume.sqrt());
        self.law.ln_density(m) - 0.5 * volume.ln()
    }

    /// The modes of given configuration i; ln p of its zero mode.
    fn modes(&self, phi: &[f64], i: usize, y: &mut [R], work: &mut [R]) -> f64 {
        let volume = y.len();
        let phi = &phi[i * volume..][..volume];
        let field: Vec<R> = phi.iter().map(|&phi| R::of(phi)).collect();
        self.hartley.transform(self.machine, &field, y, &mut work[..volume]);
        self.law.ln_density(phi.iter().sum::<f64>() / volume as f64) - 0.5 * (volume as f64).ln()
    }
}
