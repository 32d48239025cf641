//! Diffusion: every formula and every loop against what it is defined as, exact laws where the theory is free, exact
//! against quadrature on one interacting site, and a trained score judged by its weights.

mod formulas;
mod free;
mod plain;
mod site;

use stoquant_core::arith::Real;
use stoquant_core::diffusion::flow::Node;
use stoquant_core::diffusion::kernel::Kernel;
use stoquant_core::diffusion::process::Process;
use stoquant_core::error::Error;
use stoquant_core::machine::Machine;
use stoquant_core::noise::{Noise, StreamTag, Threefry};
use stoquant_core::score::Score;
use stoquant_model::NoiseKind;

use super::Level;
use super::check::Check;
use super::rung::Rung;
use stoquant_diffusion::generate::{Generator, Settings};
use stoquant_diffusion::model::Model;
use stoquant_diffusion::weights;
use stoquant_engines::simd::MachineKind;
use stoquant_exact::estimate::Observable;
use stoquant_experiment::experiment::InputError;

const RUNG: Rung = Rung::Diffusion;

/// What is held against the truth. A planted defect replaces one field.
pub struct Subject {
    /// What becomes of h after every evaluation of a score.
    pub score: fn(&mut [f64]),
    /// The stage that is evaluated, when one of so many is asked for.
    pub stage: fn(usize, usize) -> usize,
    /// Kernel of an exponential step from σ_t to σ_s of a mode with a = 1/A.
    pub exponential: fn(f64, f64, f64) -> Kernel,
    /// Kernel of a corrector.
    pub corrector: fn(f64, f64, f64) -> Kernel,
    /// Kernel of an Euler–Maruyama step of a process.
    pub euler_maruyama: fn(&dyn Process, f64, f64, f64) -> Kernel,
    /// Kernel of a step of a discrete chain.
    pub chain: fn(&dyn Process, f64, f64, f64) -> Kernel,
    /// Amplitude of the noise of step n of N.
    pub amplitude: fn(&Kernel, usize, usize) -> f64,
    /// Trace kernel of a node of the flow.
    pub trace: fn(&Node) -> f64,
    /// The model in use, from the one that was shipped.
    pub model: fn(Model) -> Model,
}

impl Default for Subject {
    /// The core and the host as they are.
    fn default() -> Self {
        Self {
            score: |_| {},
            stage: |stage, _| stage,
            exponential: Kernel::exponential,
            corrector: Kernel::langevin,
            euler_maruyama: |process, t, s, a| Kernel::euler_maruyama(process, t, s, a),
            chain: |process, t, s, a| Kernel::chain(process, t, s, a),
            amplitude: |kernel, _, _| kernel.amplitude(),
            trace: Node::trace,
            model: |model| model,
        }
    }
}

/// A score as the subject has it.
struct Altered<'a, S> {
    score: S,
    stages: usize,
    subject: &'a Subject,
}

impl<S: Score<f64>> Score<f64> for Altered<'_, S> {
    fn modes(&self) -> usize {
        self.score.modes()
    }
    fn work(&self) -> usize {
        self.score.work()
    }
    fn remainder<const TRACE: bool, M: Machine>(
        &self,
        machine: M,
        stage: usize,
        y: &[f64],
        h: &mut [f64],
        work: &mut [f64],
    ) -> f64 {
        let stage = (self.subject.stage)(stage, self.stages);
        let trace = self.score.remainder::<TRACE, M>(machine, stage, y, h, work);
        (self.subject.score)(h);
        trace
    }
}

fn noise(seed: u64, chain: u32) -> Noise<Threefry> {
    Noise { law: NoiseKind::Gaussian, words: Threefry::new(seed, chain, StreamTag::Noise) }
}

/// Standard Gaussian numbers of a chain's start stream.
fn gaussian(seed: u64, chain: u32, out: &mut [f64]) {
    let mut eta = vec![0; out.len()];
    Noise { law: NoiseKind::Gaussian, words: Threefry::new(seed, chain, StreamTag::Start) }
        .fill_eta::<18>(0, 0, &mut eta);
    out.iter_mut().zip(eta).for_each(|(slot, eta)| *slot = f64::eta(eta));
}

/// All checks.
pub fn checks(subject: &Subject, level: Level, seed: u64) -> Result<Vec<Check>, Error> {
    let mut checks = formulas::checks(subject, seed)?;
    checks.extend(plain::checks(seed)?);
    checks.extend(free::exact(subject, seed)?);
    checks.extend(free::recursion(subject, level, seed)?);
    checks.extend(site::flow(subject)?);
    checks.extend(site::reverse(subject, level, seed)?);
    checks.extend(trained(subject, level, seed));
    Ok(checks)
}

/// The shipped 8×8 model: its weights are narrow, and Schwinger and Dyson's identity holds under them.
fn trained(subject: &Subject, level: Level, seed: u64) -> Vec<Check> {
    let count = if level == Level::Full { 16_384 } else { 1024 };
    let settings = Settings { weights: true, ..Settings::default() };
    let quality = || {
        let model = (subject.model)(Model::load("c8")?);
        let generator = Generator::<f32>::new(&model, &settings)?;
        let generated = generator.generate(MachineKind::best(), seed, count, &|| {})?;
        let ln_w = generated.ln_w.unwrap_or_default();
        let quality = weights::reverse(&ln_w).map_err(InputError::new)?;
        let found = weights::reweighted(&generated.series, 64, &ln_w).map_err(InputError::new)?;
        Ok::<_, InputError>((quality, found))
    };
    match quality() {
        // ESS .9990(1): three times as much variance of the weights is refused.
        Ok((quality, found)) => {
            let mut checks =
                vec![Check::bound(RUNG, "model c8, 12 steps of Heun: 1 - ESS", 1.0 - quality.ess.value, 0.0, 0.003)];
            if let Some(identity) = found.get(&Observable::SchwingerDyson) {
                let name = "model c8, reweighted: <phi dS/dphi>";
                checks.push(Check::normal(RUNG, name, identity.value, 1.0, identity.error));
            }
            checks
        }
        Err(error) => vec![Check::undecided(RUNG, format!("model c8: {error}"))],
    }
}
