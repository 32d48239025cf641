//! Configurations from an image, and the exact weight of what the integers did.
//!
//! φ is a device's, integers of the format [`PHI`]: a board gives the very same
//! (`stoquant_device::Device::draw`). The weights belong to φ = T[r(0)·u] + M of the final integers u
//! and M, in `f64`, which the device's φ rounds.
//!
//! - Reverse SDE: the density of the path that the integers took, with their own coefficients, their own ĥ, their own
//!   noise: exact for any network and any rounding in it. The density of a step is the Gaussian of the noise with the
//!   variance of rounding to the grid of u added, Δ²/12; that it is Gaussian holds to the accuracy of the noise.
//! - Flow: the density transported by the flow of the real numbers that the integers stand for ([`FloatStage`]), at the
//!   integers' points: exact to the order of the integrator, as for floats.
//! - M: the probability of the very integer, all words counted.

use std::cell::Cell;

use rayon::prelude::*;
use stoquant_core::machine::Portable;
use stoquant_core::noise::{Noise, StreamTag, Threefry};
use stoquant_core::score::int8::arithmetic::round_shift;
use stoquant_core::score::int8::format::{MAGNETISATION, PHI, PLACE_BITS, SHARE_BITS, STATE};
use stoquant_core::score::int8::hartley::{COLUMNS, Full, Line};
use stoquant_core::score::int8::image::{CELLS, Sampler};
use stoquant_core::score::int8::sampler::share;
use stoquant_core::score::int8::{Image, ImageError, Kernels, Network, Shape, Stage, Two, magnetisation, start};
use stoquant_model::{NoiseKind, Phi4};

use super::float::FloatStage;
use crate::generate::Generated;
use crate::spectrum;
use stoquant_engines::simd::{MachineKind, Threads, Work, with_machine};
use stoquant_exact::sampler::measure;

/// Sites that pass through the network together.
const BLOCK: usize = 32;
/// ln 2π.
const LN_TAU: f64 = 1.837_877_066_409_345_5;

/// An image to draw from.
pub struct Generator<'a> {
    image: Image<'a>,
    couplings: Phi4,
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
    /// With `weights`, the float side of all stages is made ready.
    pub fn new(image: Image<'a>, weights: bool) -> Self {
        let [kappa, b, lambda, _] = image.couplings();
        Self { image, couplings: Phi4 { kappa, b, lambda }, weigh: weights.then(|| Weigher::new(&image)) }
    }

    /// Configurations `0..count` of a seed; `done` is called after each. φ has the device's integers.
    pub fn generate(&self, machine: MachineKind, seed: u64, count: usize, done: &(dyn Fn() + Sync)) -> Generated {
        let samples = with_machine(machine, Threads::One, Job { generator: self, seed, count, done });
        let mut out = Generated::default();
        let (mut ln_q, mut ln_w) = (Vec::new(), Vec::new());
        for sample in samples {
            self.add(&mut out, &sample.phi);
            ln_w.push(sample.ln_w);
            ln_q.push(sample.ln_q);
        }
        if self.weigh.is_some() {
            out.ln_q = (self.image.sampler() == Sampler::Flow).then_some(ln_q);
            out.ln_w = Some(ln_w);
        }
        out
    }

    /// Adds a configuration, without a weight: the integers φ of this program or of a board.
    pub fn add(&self, out: &mut Generated, phi: &[i16]) {
        let first = out.phi.len();
        out.phi.extend(phi.iter().map(|&phi| PHI.decode(phi)));
        measure(&out.phi[first..], &[self.image.shape().extent; 2], &self.couplings).push_to(&mut out.series);
    }
}

/// An image made ready: what [`Device`] borrows.
pub(super) struct Memory {
    prepared: Vec<i16>,
    line: Vec<i16>,
    rows: Vec<[Two; COLUMNS]>,
}

impl Memory {
    pub fn new(shape: &Shape) -> Self {
        Self {
            prepared: vec![0; shape.unfolded() * shape.stages],
            line: vec![0; shape.extent],
            rows: vec![[[0; 2]; COLUMNS]; Full::groups(shape.extent)],
        }
    }
}

/// An image that runs.
pub(super) struct Device<'a, M> {
    machine: M,
    image: Image<'a>,
    network: Network<Full<'a>, BLOCK>,
    pub stages: Vec<Stage<'a>>,
}

/// What a configuration takes.
pub(super) struct Buffers {
    work: Vec<i16>,
    fields: [Vec<i16>; 5],
}

/// An evaluation that has been made: the modes `at` which, ĥ there, and the state after it.
pub(super) struct Visit<'a> {
    pub stage: usize,
    pub m: i16,
    pub at: &'a [i16],
    pub h: &'a [i16],
    pub after: &'a [i16],
}

/// The random words of configuration i.
fn words(seed: u64, i: usize, tag: StreamTag) -> Noise<Threefry> {
    Noise { law: NoiseKind::Gaussian, words: Threefry::new(seed, i as u32, tag) }
}

impl<'a, M: Kernels> Device<'a, M> {
    pub fn new(machine: M, image: Image<'a>, memory: &'a mut Memory) -> Self {
        let shape = image.shape();
        let Memory { prepared, line, rows } = memory;
        let network = Network::new(&image, Full::new(Line::new(&image, line), rows));
        let parts = prepared.chunks_mut(shape.unfolded()).enumerate();
        let stages = parts.map(|(n, numbers)| Stage::prepare(&image, n, numbers)).collect();
        Self { machine, image, network, stages }
    }

    pub fn buffers(&self) -> Buffers {
        let shape = self.image.shape();
        Buffers {
            work: vec![0; Network::<Full<'_>, BLOCK>::work(&shape)],
            fields: [(); 5].map(|()| vec![0; shape.extent * shape.extent]),
        }
    }

    /// M, and u from noise to the end; `begin` is called with the u of the start, `visit` after every stage. Returns M
    /// and the device's φ, and leaves u in the first field.
    pub fn run(
        &self,
        seed: u64,
        i: usize,
        buffers: &mut Buffers,
        begin: &mut dyn FnMut(&[i16]),
        visit: &mut dyn FnMut(Visit<'_>),
    ) -> (i16, Vec<i16>) {
        let Buffers { work, fields: [u, h, base, at, sum] } = buffers;
        let Self { machine, network, .. } = *self;
        let m = magnetisation(&self.image, words(seed, i, StreamTag::Magnetisation).words.word64(0));
        start(machine, &mut words(seed, i, StreamTag::Start), 0, u);
        begin(u);
        h.fill(0);
        base.copy_from_slice(u);
        let mut noise = words(seed, i, StreamTag::Noise);
        for (n, stage) in self.stages.iter().enumerate() {
            match self.image.sampler() {
                Sampler::Flow => {
                    network.flow(machine, stage.spectral(1), base, h, at);
                    network.remainder(machine, stage, m, at, h, work);
                    sum.copy_from_slice(u);
                    network.flow(machine, stage.spectral(2), sum, h, u);
                    if stage.closes {
                        base.copy_from_slice(u);
                    }
                }
                Sampler::Reverse => {
                    at.copy_from_slice(u);
                    network.remainder(machine, stage, m, at, h, work);
                    network.reverse(machine, stage, &mut noise, n as u64, h, u);
                }
            }
            visit(Visit { stage: n, m, at, h, after: u });
        }
        let mut phi = vec![0; u.len()];
        network.finish(machine, &self.image, m, u, &mut phi, work);
        (m, phi)
    }
}

/// A chain of an image, stage by stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stages {
    /// M/M_max, of the format [`MAGNETISATION`].
    pub m: i16,
    /// The modes, from the start to the end.
    pub u: Vec<Vec<i16>>,
    /// ĥ of every mode, stage after stage.
    pub h: Vec<Vec<i16>>,
    /// φ, of the format [`PHI`].
    pub phi: Vec<i16>,
}

/// Configuration i of a seed.
pub fn stages(bytes: &[u8], seed: u64, i: usize) -> Result<Stages, ImageError> {
    let image = Image::new(bytes)?;
    let mut memory = Memory::new(&image.shape());
    let device = Device::new(Portable, image, &mut memory);
    let (u, mut h) = (std::cell::RefCell::new(Vec::new()), Vec::new());
    let keep = |modes: &[i16]| u.borrow_mut().push(modes.to_vec());
    let (m, phi) = device.run(seed, i, &mut device.buffers(), &mut { keep }, &mut |visit| {
        h.push(visit.h.to_vec());
        keep(visit.after);
    });
    Ok(Stages { m, u: u.into_inner(), h, phi })
}

struct Sample {
    phi: Vec<i16>,
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

    fn on<M: Kernels>(self, machine: M) -> Self::Result {
        let Self { generator, seed, count, done } = self;
        let mut memory = Memory::new(&generator.image.shape());
        let device = Device::new(machine, generator.image, &mut memory);
        (0..count)
            .into_par_iter()
            .map_init(
                || device.buffers(),
                |buffers, i| {
                    let sample = generator.sample(&device, seed, i, buffers);
                    done();
                    sample
                },
            )
            .collect()
    }
}

impl Generator<'_> {
    fn sample<M: Kernels>(&self, device: &Device<'_, M>, seed: u64, i: usize, buffers: &mut Buffers) -> Sample {
        let Some(weigh) = &self.weigh else {
            let (_, phi) = device.run(seed, i, buffers, &mut |_| {}, &mut |_| {});
            return Sample { phi, ln_q: 0.0, ln_w: 0.0 };
        };
        let flow = self.image.sampler() == Sampler::Flow;
        // ln q of a flow; ln of what a path weighs. Both without M.
        let ln = Cell::new(0.0);
        let (m, phi) = device.run(
            seed,
            i,
            buffers,
            &mut |u| ln.set(if flow { -normal(u) } else { weigh.start(self.sigma(0), u) }),
            &mut |Visit { stage, m, at, h, after }| {
                let float = &weigh.stages[stage];
                ln.set(
                    ln.get()
                        + if flow {
                            -float.divergence(m, at)
                        } else {
                            weigh.step(float, [self.sigma(stage), self.sigma(stage + 1)], at, h, after)
                        },
                );
            },
        );
        let largest = PHI.decode(self.image.largest());
        let field = weigh.field(MAGNETISATION.decode(m) * largest, &buffers.fields[0]);
        let measured = measure(&field, &[self.image.shape().extent; 2], &self.couplings);
        let action = measured.action_density * field.len() as f64;
        let (ln, ln_m) = (ln.get(), weigh.ln_law(m, largest));
        if flow {
            let ln_q = ln + ln_m + weigh.end();
            Sample { phi, ln_q, ln_w: -action - ln_q }
        } else {
            Sample { phi, ln_q: 0.0, ln_w: ln - action - ln_m }
        }
    }

    /// σ before step n; 0 after the last.
    fn sigma(&self, n: usize) -> f64 {
        if n < self.image.shape().stages { f64::from(self.image.stage(n).sigma) } else { 0.0 }
    }
}

/// -ln of the standard normal density of all modes but the first.
fn normal(u: &[i16]) -> f64 {
    u.iter().skip(1).map(|&u| 0.5 * STATE.decode(u).powi(2) + 0.5 * LN_TAU).sum()
}

impl Weigher {
    fn new(image: &Image<'_>) -> Self {
        let shape = image.shape();
        let extent = shape.extent;
        let mut numbers = vec![0; shape.unfolded()];
        let stages =
            (0..shape.stages).map(|n| FloatStage::new(image, &Stage::prepare(image, n, &mut numbers))).collect();
        let [kappa, b, lambda, mass2] = image.couplings();
        let linear = spectrum::linear(extent, &Phi4 { kappa, b, lambda }, mass2);
        // All words: every place in each cell, as the draw rounds them.
        let mut law = vec![0.0; MAGNETISATION.one() as usize + 1];
        let word = |bits: u32| 0.5f64.powi(bits as i32);
        let ends: Vec<i32> = image.magnetisation().map(i32::from).collect();
        for (cell, pair) in ends.windows(2).enumerate() {
            for place in 0..1 << PLACE_BITS {
                let within = round_shift((pair[1] - pair[0]) * place, PLACE_BITS);
                let m = if cell < CELLS / 2 { pair[0] + within } else { pair[1] - within };
                law[m as usize] += f64::from(share(cell)) * word(SHARE_BITS + PLACE_BITS);
            }
        }
        Self { stages, variance: linear.into_iter().map(f64::recip).collect(), hartley: spectrum::hartley(extent), law }
    }

    /// ln of the density of the zero mode √V·M.
    fn ln_law(&self, m: i16, largest: f64) -> f64 {
        let (each, spacing) = (if m == 0 { 1.0 } else { 0.5 }, largest * MAGNETISATION.unit());
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
            let [before, after] = [old[k], new[k]].map(|u| STATE.decode(u));
            let [r_before, r_after] = [from, to].map(|sigma| (self.variance[k] + sigma * sigma).sqrt());
            let spread = amplitude[k].powi(2) + STATE.unit() * STATE.unit() / 12.0;
            let off = after - keep[k] * before - pull[k] * stage.h(h[k]);
            ln += 0.5 * (off * off / spread + spread.ln()) + r_after.ln();
            ln -= 0.5 * ((r_before * before - r_after * after).powi(2) / noise + noise.ln());
        }
        ln
    }

    /// φ of the last modes.
    fn field(&self, m: f64, u: &[i16]) -> Vec<f64> {
        let mut modes: Vec<f64> = u.iter().zip(&self.variance).map(|(&u, a)| STATE.decode(u) * a.sqrt()).collect();
        modes[0] = m * (modes.len() as f64).sqrt();
        spectrum::transform(&self.hartley, &modes)
    }
}
