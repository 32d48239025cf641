//! The quantised score: the integers bit for bit against their formula, their errors against proved bounds and against
//! what roundings do, their symmetries, and the weights of what they sample.
//!
//! Four networks stand side by side at the fields that the sampler itself comes to:
//!
//! | network | arithmetic | source |
//! |---|---|---|
//! | the core | integers | the image |
//! | [`plain`], to nearest | `f64`, every rounding asked for | the image's contents |
//! | [`plain`], real, and the host's [`FloatStage`] | `f64` | the image's contents |
//! | the model | `f64` | the model |
//!
//! [`FloatStage`]: stoquant_diffusion::int8::float::FloatStage
//!
//! The first two agree to the bit. The third are the real numbers that the integers stand for, two programs that must
//! agree; the integers are within a proved bound of them, and their mean square error is that of uniform roundings
//! drawn at random. The last differs from the third by int8 weights and 16-bit tables alone.

pub mod beside;
mod paths;
mod score;
mod symmetry;
mod weights;

use stoquant_core::diffusion::Method;
use stoquant_core::machine::Portable;
use stoquant_core::noise::{Noise, StreamTag, Threefry};
use stoquant_core::score::int8::format::{MAGNETISATION, PHI, STATE};
use stoquant_core::score::int8::hartley::{COLUMNS, Full, Line};
use stoquant_core::score::int8::image::Sampler;
use stoquant_core::score::int8::{Image, Network, Stage, start};
use stoquant_model::NoiseKind;

use super::Level;
use super::check::{Check, Criterion};
use super::rung::Rung;
use stoquant_diffusion::int8::encode::Parts;
use stoquant_diffusion::int8::quantize::ROWS;
use stoquant_diffusion::int8::{Plan, plain, quantize};
use stoquant_diffusion::model::Model;
use stoquant_exact::analysis::stats;
use stoquant_exact::estimate::Estimate;
use stoquant_experiment::experiment::InputError;

const RUNG: Rung = Rung::Int8;

/// Sites that pass through the network together.
const BLOCK: usize = 16;

/// u' of a stage of the reverse SDE with a chain's noise, at ĥ and u.
pub type Step = fn(&Device<'_>, usize, Chain, &[i16], &[i16]) -> Vec<i16>;

/// What is held against the truth. A planted defect replaces one field.
pub struct Subject {
    /// The image in use, from the one that was made of the model.
    pub image: fn(Parts) -> Parts,
    /// ĥ of a stage at M/M_max and u.
    pub remainder: fn(&Device<'_>, usize, i16, &[i16]) -> Vec<i16>,
    /// u' of a stage of the reverse SDE with a chain's noise, at ĥ and u.
    pub reverse: Step,
    /// Who draws configurations, if not the core.
    pub draw: Option<beside::Draw>,
}

impl Default for Subject {
    /// The core and the host as they are.
    fn default() -> Self {
        Self {
            image: |parts| parts,
            remainder: |device, n, m, u| device.remainder(n, m, u),
            reverse: |device, n, chain, h, u| device.reverse(n, chain, h, u),
            draw: None,
        }
    }
}

/// A chain of a seed.
#[derive(Clone, Copy, Debug)]
pub struct Chain {
    /// The seed.
    pub seed: u64,
    /// Its number.
    pub number: u32,
}

impl Chain {
    fn words(self, tag: StreamTag) -> Threefry {
        Threefry::new(self.seed, self.number, tag)
    }

    fn noise(self, tag: StreamTag) -> Noise<Threefry> {
        Noise { law: NoiseKind::Gaussian, words: self.words(tag) }
    }

    /// M/M_max and the modes that it starts from.
    fn start(self, image: &Image<'_>) -> (i16, Vec<i16>) {
        let extent = image.shape().extent;
        let mut u = vec![0; extent * extent];
        start(Portable, &mut self.noise(StreamTag::Start), 0, &mut u);
        (stoquant_core::score::int8::magnetisation(image, self.words(StreamTag::Magnetisation).word64(0)), u)
    }

    /// η of a stage.
    pub fn eta(self, n: usize, modes: usize) -> Vec<i32> {
        let mut eta = vec![0; modes];
        self.noise(StreamTag::Noise).fill_eta::<16>(n as u64, 0, &mut eta);
        eta
    }
}

/// An image with the core to run it, and its contents.
pub struct Device<'a> {
    /// Its bytes.
    bytes: &'a [u8],
    /// The image.
    pub image: Image<'a>,
    /// What is in it.
    pub parts: &'a Parts,
}

impl Device<'_> {
    /// Calls `work` with the network in blocks of B sites, and stage `n`.
    fn with<const B: usize, T>(&self, n: usize, work: impl FnOnce(Network<Full<'_>, B>, &Stage<'_>) -> T) -> T {
        let (image, shape) = (&self.image, self.image.shape());
        let mut line = vec![0; shape.extent];
        let mut rows = vec![[[0; 2]; COLUMNS]; Full::groups(shape.extent)];
        let mut numbers = vec![0; shape.prepared()];
        let network = Network::new(image, Full::new(Line::new(image, &mut line), &mut rows));
        work(network, &Stage::prepare(image, n, &mut numbers))
    }

    /// ĥ of stage `n`.
    pub fn remainder(&self, n: usize, m: i16, u: &[i16]) -> Vec<i16> {
        self.with::<BLOCK, _>(n, |network, stage| symmetry::evaluate(Portable, &network, stage, m, u))
    }

    /// A step of the reverse SDE.
    pub fn reverse(&self, n: usize, chain: Chain, h: &[i16], u: &[i16]) -> Vec<i16> {
        self.with::<BLOCK, _>(n, |network, stage| {
            let mut next = u.to_vec();
            network.reverse(Portable, stage, &mut chain.noise(StreamTag::Noise), n as u64, h, &mut next);
            next
        })
    }

    /// base + table·h of a flow.
    fn flow(&self, n: usize, table: usize, base: &[i16], h: &[i16]) -> Vec<i16> {
        self.with::<BLOCK, _>(n, |network, stage| {
            let mut out = vec![0; base.len()];
            network.flow(Portable, stage.spectral(table), base, h, &mut out);
            out
        })
    }

    /// φ of every site.
    fn finish(&self, m: i16, u: &[i16]) -> Vec<i16> {
        self.with::<BLOCK, _>(0, |network, _| {
            let mut phi = vec![0; u.len()];
            let mut work = vec![0; Network::<Full<'_>, BLOCK>::work(&self.image.shape())];
            network.finish(Portable, &self.image, m, u, &mut phi, &mut work);
            phi
        })
    }
}

/// One stage of a chain.
#[derive(Clone)]
struct Visit {
    chain: Chain,
    stage: usize,
    m: i16,
    /// Where the score is evaluated.
    at: Vec<i16>,
    h: Vec<i16>,
    /// u before the stage, and after.
    u: [Vec<i16>; 2],
}

/// All stages of a chain; M/M_max and the last u.
fn run(subject: &Subject, device: &Device<'_>, chain: Chain, mut visit: impl FnMut(&Visit)) -> (i16, Vec<i16>) {
    let (m, mut u) = chain.start(&device.image);
    let (mut base, mut before) = (u.clone(), vec![0; u.len()]);
    for stage in 0..device.parts.shape.stages {
        let (at, h, next);
        match device.parts.sampler {
            Sampler::Flow => {
                at = device.flow(stage, 1, &base, &before);
                h = (subject.remainder)(device, stage, m, &at);
                next = device.flow(stage, 2, &u, &h);
                if device.parts.stages[stage].closes {
                    base.clone_from(&next);
                }
                before.clone_from(&h);
            }
            Sampler::Reverse => {
                at = u.clone();
                h = (subject.remainder)(device, stage, m, &at);
                next = (subject.reverse)(device, stage, chain, &h, &u);
            }
        }
        let stage = Visit { chain, stage, m, at, h, u: [u, next] };
        visit(&stage);
        [_, u] = stage.u;
    }
    (m, u)
}

/// Calls `work` with the image of a model.
fn with_image<T>(
    subject: &Subject,
    model: &Model,
    plan: Plan,
    work: impl FnOnce(&Device<'_>) -> Result<T, InputError>,
) -> Result<T, InputError> {
    let parts = (subject.image)(quantize(model, plan)?);
    let bytes = parts.encode().map_err(InputError::new)?;
    let image = Image::new(&bytes).map_err(InputError::new)?;
    work(&Device { bytes: &bytes, image, parts: &parts })
}

/// A mean of independent numbers against its expectation.
fn mean(name: String, numbers: &[f64], expected: f64) -> Check {
    let n = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / n;
    let error = (numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n * (n - 1.0))).sqrt();
    let check = Check { dof: n - 1.0, ..Check::normal(RUNG, name, mean, expected, error) };
    known_to(check.from_samples(n), 0.0)
}

/// The check of an expectation that is known to `systematic` only.
fn known_to(check: Check, systematic: f64) -> Check {
    let deviation = check.value - check.expected;
    let excess = (deviation.abs() - systematic).max(0.0).copysign(deviation);
    let z = excess / check.error;
    let z = if check.dof.is_finite() { stats::student_to_z(z, check.dof) } else { z };
    Check { criterion: Criterion::Normal(z), systematic, ..check }
}

/// A reverse process in so many steps.
const fn reverse(steps: usize) -> Plan {
    Plan::Reverse { steps, rows: ROWS }
}

/// Heun's flow in twelve steps.
const FLOW: Plan = Plan::Flow { method: Method::Heun, steps: 12 };

/// Checks that could not be made fail: a model that does not become an image is not right.
fn decided(name: &str, checks: Result<Vec<Check>, InputError>) -> Vec<Check> {
    checks.unwrap_or_else(|error| vec![Check::undecided(RUNG, format!("{name}: {error}"))])
}

/// A part of the rung.
pub type Part = fn(&Subject, Level, u64) -> Vec<Check>;

/// Its parts with their names, the sharpest first.
pub const PARTS: [(&str, Part); 3] = [("evaluations", evaluations), ("chains", chains), ("samples", samples)];

/// Single evaluations and steps of the shipped models.
fn evaluations(subject: &Subject, level: Level, seed: u64) -> Vec<Check> {
    let cases = [
        ("c16-int8", "c16-int8, 100 steps", reverse(100)),
        ("n8-int8", "n8-int8, flow", FLOW),
        ("c32-int8", "c32-int8, flow", FLOW),
    ];
    let of = |(name, label, plan): (&str, &str, Plan)| {
        let model = Model::load(name)?;
        with_image(subject, &model, plan, |device| {
            let mut checks = score::checks(subject, label, &model, device, level, seed)?;
            checks.extend(symmetry::checks(subject, label, device, seed));
            Ok(checks)
        })
    };
    cases.into_iter().flat_map(|case| decided(case.1, of(case))).collect()
}

/// Whole chains of a shipped model.
fn chains(subject: &Subject, level: Level, seed: u64) -> Vec<Check> {
    let cases = [("n8-int8, 100 steps", reverse(100)), ("n8-int8, flow", FLOW)];
    let of = |(label, plan)| {
        with_image(subject, &Model::load("n8-int8")?, plan, |device| paths::checks(subject, label, device, level, seed))
    };
    cases.into_iter().flat_map(|case| decided(case.0, of(case))).collect()
}

/// What chains sample, by their weights.
fn samples(subject: &Subject, level: Level, seed: u64) -> Vec<Check> {
    let mut checks = Vec::new();
    for (label, plan) in [("25 steps", reverse(25)), ("flow", FLOW)] {
        checks.extend(decided(label, weights::free(subject, label, plan, level, seed)));
    }
    // As many as the promises take.
    let cases = [
        ("n8-int8", "n8-int8, flow", FLOW, 2048, Level::Standard),
        ("n8-int8", "n8-int8, 100 steps", reverse(100), 20_000, Level::Full),
        ("c16-int8", "c16-int8, 100 steps", reverse(100), 16_000, Level::Full),
        ("c16-int8", "c16-int8, flow", FLOW, 8192, Level::Full),
    ];
    for (name, label, plan, count, least) in cases {
        if level >= least {
            let found = Model::load(name).and_then(|model| {
                let mut checks = weights::trained(subject, label, &model, plan, count, seed)?;
                checks.push(weights::magnetisation_of_words(subject, label, &model, plan, seed)?);
                checks.extend(weights::magnetisation(subject, label, &model, plan, seed)?);
                Ok(checks)
            });
            checks.extend(decided(label, found));
        }
    }
    checks
}
