//! Configurations from an image, and the exact weight of what the integers did.
//!
//! The weights belong to φ = T[r(0)·u] + M of the final integers u and M, in `f64`; a device's own φ rounds that.
//!
//! - Reverse SDE: the density of the path that the integers took, with their own coefficients, their own ĥ, their own noise: exact for
//!   any network and any rounding in it. The density of a step is the Gaussian of the noise with the variance of rounding to the
//!   grid of u added, Δ²/12; that it is Gaussian holds to the accuracy of the noise.
//! - Flow: the density transported by the flow of the real numbers that the integers stand for ([`FloatStage`]), at the integers' points:
//!   exact to the order of the integrator, as for floats.
//! - M: the probability of the very integer, all words counted.

use rayon::prelude::*;
use stoquant_core::int8::arithmetic::round_shift;
use stoquant_core::int8::hartley::{Full, Line};
use stoquant_core::int8::image::{CELLS, Sampler};
use stoquant_core::int8::sampler::{STATE_FRACTION, share};
use stoquant_core::int8::{Image, Network, Stage, magnetisation, start};
use stoquant_core::machine::Machine;
use stoquant_core::noise::{Law, Noise, StreamTag, Threefry};

use super::float::FloatStage;
use crate::analysis::ChainSeries;
use crate::couplings::Couplings;
use crate::diffusion::generate::Generated;
use crate::diffusion::spectrum;
use crate::sampler::measure;
use crate::simd::{MachineKind, Threads, Work, with_machine};

/// Sites that pass through the network together.
const BLOCK: usize = 32;
/// ln 2π.
const LN_TAU: f64 = 1.837_877_066_409_345_5;
/// Units of u, and of φ.
const UNIT: f64 = 1.0 / (1 << STATE_FRACTION) as f64;

/// An image made ready to run.
pub struct Generator<'a> {
    image: Image<'a>,
    couplings: Couplings,
    prepared: Vec<i16>,
    line: Vec<i16>,
    weigh: Option<Weigher>,
}

/// What weights need.
struct Weigher {
    stages: Vec<FloatStage>,
    /// a_k = 1/A_k.
    variance: Vec<f64>,
    hartley: Vec<f64>,
    /// Probability of each |M|, both signs together.
    law: Vec<f64>,
}

impl<'a> Generator<'a> {
    /// Prepares the stages; with `weights` those of the float side too.
    pub fn new(image: Image<'a>, weights: bool) -> Self {
        let shape = image.shape();
        let mut prepared = vec![0; shape.unfolded() * shape.stages];
        let stages = stages(&image, &mut prepared);
        let weigh = weights.then(|| Weigher::new(&image, &stages));
        let mut line = vec![0; shape.extent];
        Line::new(&image, &mut line);
        let [kappa, b, lambda, _] = image.couplings();
        Self { image, couplings: Couplings { kappa, b, lambda }, prepared, line, weigh }
    }

    /// Configurations `0..count` of a seed; `done` is called after each. φ has the device's integers.
    pub fn generate(&self, machine: MachineKind, seed: u64, count: usize, done: &(dyn Fn() + Sync)) -> Generated {
        let samples = with_machine(machine, Threads::One, Job { generator: self, seed, count, done });
        let mut out = Generated { phi: Vec::new(), ln_q: None, ln_w: None, series: ChainSeries::default() };
        let (mut ln_q, mut ln_w) = (Vec::new(), Vec::new());
        for sample in samples {
            measure(&sample.phi, &[self.image.shape().extent; 2], &self.couplings).push_to(&mut out.series);
            out.phi.extend(sample.phi);
            ln_w.push(sample.ln_w);
            ln_q.push(sample.ln_q);
        }
        if self.weigh.is_some() {
            out.ln_q = (self.image.sampler() == Sampler::Flow).then_some(ln_q);
            out.ln_w = Some(ln_w);
        }
        out
    }
}

/// All stages of an image.
fn stages<'a>(image: &Image<'_>, numbers: &'a mut [i16]) -> Vec<Stage<'a>> {
    let parts = numbers.chunks_mut(image.shape().unfolded());
    parts.enumerate().map(|(n, numbers)| Stage::prepare(image, n, numbers)).collect()
}

struct Sample {
    phi: Vec<f64>,
    ln_q: f64,
    ln_w: f64,
}

struct Job<'a> {
    generator: &'a Generator<'a>,
    seed: u64,
    count: usize,
    done: &'a (dyn Fn() + Sync),
}

impl Work for Job<'_> {
    type Result = Vec<Sample>;

    fn on<M: Machine>(self, machine: M) -> Self::Result {
        let Self { generator, seed, count, done } = self;
        let image = &generator.image;
        let shape = image.shape();
        let volume = shape.extent * shape.extent;
        let (mut line, mut prepared) = (generator.line.clone(), generator.prepared.clone());
        let mut rows = vec![[[0; 2]; _]; Full::groups(shape.extent)];
        let matrix = Full::new(Line::new(image, &mut line), &mut rows);
        let network = Network::<_, BLOCK>::new(image, matrix);
        let stages = stages(image, &mut prepared);
        let run = Run { machine, image, network, stages: &stages, weigh: generator.weigh.as_ref() };
        let buffers = || {
            let work = vec![0; Network::<Full<'_>, BLOCK>::work(&shape)];
            (work, [(); 4].map(|()| vec![0; volume]))
        };
        (0..count)
            .into_par_iter()
            .map_init(buffers, |(work, fields), i| {
                let sample = run.sample(seed, i, work, fields, &generator.couplings);
                done();
                sample
            })
            .collect()
    }
}

/// Everything that a configuration needs.
struct Run<'a, M> {
    machine: M,
    image: &'a Image<'a>,
    network: Network<Full<'a>, BLOCK>,
    stages: &'a [Stage<'a>],
    weigh: Option<&'a Weigher>,
}

/// The noise of configuration i.
fn noise(seed: u64, i: usize, tag: StreamTag) -> Noise<Threefry> {
    Noise { law: Law::Gaussian, words: Threefry::new(seed, i as u32, tag) }
}

impl<M: Machine> Run<'_, M> {
    fn sample(
        &self,
        seed: u64,
        i: usize,
        work: &mut [i16],
        [u, h, base, at]: &mut [Vec<i16>; 4],
        couplings: &Couplings,
    ) -> Sample {
        let m = magnetisation(self.image, Threefry::new(seed, i as u32, StreamTag::Magnetisation).word64(0));
        start(self.machine, &mut noise(seed, i, StreamTag::Start), 0, u);
        // ln q of a flow, -ln of what the path weighs otherwise; that of M is added below.
        let mut ln = match self.weigh {
            Some(weigh) if self.image.sampler() == Sampler::Reverse => weigh.start(self.sigma(0), u),
            Some(_) => -normal(u),
            None => 0.0,
        };
        match self.image.sampler() {
            Sampler::Flow => {
                h.fill(0);
                base.copy_from_slice(u);
                for (n, stage) in self.stages.iter().enumerate() {
                    self.network.flow(self.machine, stage.spectral(1), base, h, at);
                    self.network.remainder(self.machine, stage, m, at, h, work);
                    if let Some(weigh) = self.weigh {
                        ln -= weigh.stages[n].divergence(m, at);
                    }
                    at.copy_from_slice(u);
                    self.network.flow(self.machine, stage.spectral(2), at, h, u);
                    if stage.closes {
                        base.copy_from_slice(u);
                    }
                }
            }
            Sampler::Reverse => {
                let mut noise = noise(seed, i, StreamTag::Noise);
                for (n, stage) in self.stages.iter().enumerate() {
                    self.network.remainder(self.machine, stage, m, u, h, work);
                    base.copy_from_slice(u);
                    self.network.reverse(self.machine, stage, &mut noise, n as u64, h, u);
                    if let Some(weigh) = self.weigh {
                        ln += weigh.step(&weigh.stages[n], [self.sigma(n), self.sigma(n + 1)], base, h, u);
                    }
                }
            }
        }
        let phi = &mut *at;
        self.network.finish(self.machine, self.image, m, u, phi, work);
        let (mut ln_q, mut ln_w) = (0.0, 0.0);
        if let Some(weigh) = self.weigh {
            let largest = f64::from(self.image.largest()) * UNIT;
            let field = weigh.field(f64::from(m) / f64::from(1 << 14) * largest, u);
            let measured = measure(&field, &[self.image.shape().extent; 2], couplings);
            let action = measured.action_density * field.len() as f64;
            let ln_m = weigh.ln_law(m, largest);
            (ln_q, ln_w) = match self.image.sampler() {
                Sampler::Flow => {
                    let ln_q = ln + ln_m + weigh.end();
                    (ln_q, -action - ln_q)
                }
                Sampler::Reverse => (0.0, ln - action - ln_m),
            };
        }
        Sample { phi: phi.iter().map(|&phi| f64::from(phi) * UNIT).collect(), ln_q, ln_w }
    }

    /// σ before step n; 0 after the last.
    fn sigma(&self, n: usize) -> f64 {
        if n < self.stages.len() { f64::from(self.image.stage(n).sigma) } else { 0.0 }
    }
}

/// -ln of the standard normal density of all modes but the first.
fn normal(u: &[i16]) -> f64 {
    u.iter().skip(1).map(|&u| 0.5 * (f64::from(u) * UNIT).powi(2) + 0.5 * LN_TAU).sum()
}

impl Weigher {
    fn new(image: &Image<'_>, stages: &[Stage<'_>]) -> Self {
        let extent = image.shape().extent;
        let [kappa, b, lambda, mass2] = image.couplings();
        let linear = spectrum::linear(extent, &Couplings { kappa, b, lambda }, mass2);
        // All words: 2^16 places in each cell, as the draw rounds them.
        let mut law = vec![0.0; (1 << 14) + 1];
        let ends: Vec<i32> = image.magnetisation().map(i32::from).collect();
        for (cell, pair) in ends.windows(2).enumerate() {
            for place in 0..1 << 16 {
                let within = round_shift((pair[1] - pair[0]) * place, 16);
                let m = if cell < CELLS / 2 { pair[0] + within } else { pair[1] - within };
                law[m as usize] += f64::from(share(cell)) / f64::from(1 << 19) / f64::from(1 << 16);
            }
        }
        Self {
            stages: stages.iter().map(|stage| FloatStage::new(image, stage)).collect(),
            variance: linear.into_iter().map(f64::recip).collect(),
            hartley: spectrum::hartley(extent),
            law,
        }
    }

    /// ln of the density of the zero mode √V·M.
    fn ln_law(&self, m: i16, largest: f64) -> f64 {
        let (each, spacing) = (if m == 0 { 1.0 } else { 0.5 }, largest / f64::from(1 << 14));
        (each * self.law[usize::from(m.unsigned_abs())] / spacing).ln() - 0.5 * (self.variance.len() as f64).ln()
    }

    /// -Σ ln r(0).
    fn end(&self) -> f64 {
        -self.variance.iter().skip(1).map(|a| 0.5 * a.ln()).sum::<f64>()
    }

    /// -ln of the density of the start.
    fn start(&self, sigma: f64, u: &[i16]) -> f64 {
        normal(u) + self.variance.iter().skip(1).map(|a| 0.5 * (a + sigma * sigma).ln()).sum::<f64>()
    }

    /// ln of the density of the noise added again, less that of the step.
    fn step(&self, stage: &FloatStage, [from, to]: [f64; 2], old: &[i16], h: &[i16], new: &[i16]) -> f64 {
        let noise = from * from - to * to;
        let [keep, pull, amplitude] = &stage.step;
        let mut ln = 0.0;
        for k in 1..old.len() {
            let [before, after] = [old[k], new[k]].map(|u| f64::from(u) * UNIT);
            let [r_before, r_after] = [from, to].map(|sigma| (self.variance[k] + sigma * sigma).sqrt());
            let spread = amplitude[k].powi(2) + UNIT * UNIT / 12.0;
            let off = after - keep[k] * before - pull[k] * stage.h(h[k]);
            ln += 0.5 * (off * off / spread + spread.ln()) + r_after.ln();
            ln -= 0.5 * ((r_before * before - r_after * after).powi(2) / noise + noise.ln());
        }
        ln
    }

    /// φ of the last modes.
    fn field(&self, m: f64, u: &[i16]) -> Vec<f64> {
        let mut modes: Vec<f64> = u.iter().zip(&self.variance).map(|(&u, a)| f64::from(u) * UNIT * a.sqrt()).collect();
        modes[0] = m * (modes.len() as f64).sqrt();
        spectrum::transform(&self.hartley, &modes)
    }
}
