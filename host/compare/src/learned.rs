//! A trained score as a contender: configurations drawn independently by the flow, corrected by their weights.

use super::contender::{Contender, Point, Run};
use super::measure::cpu_time;
use stoquant_diffusion::generate::{Generator, Settings};
use stoquant_diffusion::model::Model;
use stoquant_diffusion::weights;
use stoquant_engines::simd::MachineKind;
use stoquant_exact::estimate::Observable;
use stoquant_experiment::experiment::InputError;

/// Configurations of the first run, from which the length of the second follows.
const FIRST: usize = 64;

/// Fewest configurations whose ESS is reported.
const LEAST: usize = 256;

/// Paths of a flow are few enough to fit memory.
const MOST: usize = 1 << 16;

struct Learned {
    name: String,
    model: Model,
    machine: MachineKind,
}

/// The flow of a model in twelve steps of Heun's, likelihood included.
pub fn learned(name: &str, machine: MachineKind) -> Result<Box<dyn Contender>, InputError> {
    Ok(Box::new(Learned { name: format!("flow {name}"), model: Model::load(name)?, machine }))
}

impl Contender for Learned {
    fn name(&self) -> &str {
        &self.name
    }
    fn note(&self) -> &str {
        "probability flow of a trained score, Heun in 12 steps, f32 with vectors, likelihood included: independent \
         configurations, reweighted; 2 tau is 1/ESS; training not counted"
    }
    fn only_at(&self) -> Option<Point> {
        Some(Point { extents: [self.model.config.extent; 2].into(), couplings: self.model.config.couplings })
    }
    fn check(&self, point: &Point) -> Result<(), InputError> {
        match self.only_at() {
            Some(own) if own == *point => Ok(()),
            _ => Err(InputError(format!("{}: trained for another action or lattice", self.name))),
        }
    }
    fn run(&self, point: &Point, seed: u64, seconds: f64) -> Result<Run, InputError> {
        self.check(point)?;
        let settings = Settings { weights: true, ..Settings::default() };
        let generator = Generator::<f32>::new(&self.model, &settings)?;
        // A pool of one thread, on which everything runs, so that its clock counts it all.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().map_err(InputError::new)?;
        pool.install(|| {
            let timed = |count| {
                let start = cpu_time();
                let generated = generator.generate(self.machine, seed, count, &|| {})?;
                Ok::<_, InputError>((generated, (cpu_time() - start).as_secs_f64() / count as f64))
            };
            let (_, each) = timed(FIRST)?;
            let (generated, each) = timed(((seconds / each) as usize).clamp(LEAST, MOST))?;
            let ln_w = generated.ln_w.as_deref().unwrap_or_default();
            let quality = weights::reverse(ln_w).map_err(InputError::new)?;
            let volume = point.extents.iter().product();
            let found = weights::reweighted(&generated.series, volume, ln_w).map_err(InputError::new)?;
            let m2 = *found.get(&Observable::M2).ok_or_else(|| InputError::new("no M² was measured"))?;
            let setting = format!("ESS {:.3}", quality.ess.value);
            Ok(Run::independent(quality.ess, ln_w.len() as u64, each, m2, setting))
        })
    }
}
