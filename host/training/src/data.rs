//! Configurations to learn from, and what is measured on them.

use std::path::Path;

use super::recipe::Recipe;
use stoquant_diffusion::spectrum;
use stoquant_exact::sampler::{Cluster, ReferenceSampler};
use stoquant_experiment::ensemble::Ensemble;
use stoquant_experiment::experiment::InputError;

/// Fewest configurations that a model is trained on: the law of M has ten parameters.
pub const LEAST: usize = 1000;

/// Sweeps before the first configuration, and between two: the sampler's autocorrelation times are of order one at all
/// couplings.
const THERMALISE: usize = 1000;
const EVERY: usize = 3;

/// Independent chains of the sampler; fixed, so that the data do not depend on the number of threads.
const CHAINS: usize = 8;

/// Fields, one after the other.
pub fn configurations(recipe: &Recipe, threads: usize, tick: &(impl Fn(u64) + Sync)) -> Result<Vec<f32>, InputError> {
    match &recipe.data {
        Some(path) => read(recipe, path),
        None => sample(recipe, threads, tick),
    }
}

fn read(recipe: &Recipe, path: &Path) -> Result<Vec<f32>, InputError> {
    let ensemble = Ensemble::read(path)?;
    let fail = |reason: String| Err(InputError(format!("{}: {reason}", path.display())));
    let want = [recipe.extent; 2];
    if ensemble.extents != want {
        return fail(format!("configurations on {:?}: {want:?} is needed", ensemble.extents));
    }
    if ensemble.count() < LEAST {
        return fail(format!("{} configurations: at least {LEAST} are needed", ensemble.count()));
    }
    Ok(ensemble.phi.iter().take(recipe.configurations * ensemble.volume()).map(|&phi| phi as f32).collect())
}

fn sample(recipe: &Recipe, threads: usize, tick: &(impl Fn(u64) + Sync)) -> Result<Vec<f32>, InputError> {
    let share = |chain: usize| recipe.configurations / CHAINS + usize::from(chain < recipe.configurations % CHAINS);
    let extents = [recipe.extent; 2];
    let chain = |chain: usize| -> Result<Vec<f32>, InputError> {
        // A seed of its own, apart from those of training.
        let seed = recipe.seed.wrapping_mul(CHAINS as u64).wrapping_add(chain as u64);
        let mut sampler = Cluster::new(&extents, recipe.couplings, seed).map_err(InputError::new)?;
        sampler.thermalise(THERMALISE);
        let mut phi = Vec::with_capacity(share(chain) * sampler.phi().len());
        for _ in 0..share(chain) {
            for _ in 0..EVERY {
                sampler.sweep();
            }
            phi.extend(sampler.phi().iter().map(|&phi| phi as f32));
            tick(1);
        }
        Ok(phi)
    };
    Ok(super::in_shares(CHAINS, threads, &chain).into_iter().collect::<Result<Vec<_>, _>>()?.concat())
}

/// C = ⟨|φ_k|²⟩ by shell of k̂², ⟨φ²⟩, and |M| of each configuration.
pub struct Moments {
    /// C by shell.
    pub spectrum: Vec<f64>,
    /// ⟨φ²⟩.
    pub phi2: f64,
    /// |M|.
    pub abs_m: Vec<f64>,
}

/// Of fields on an L×L torus.
pub fn moments(extent: usize, phi: &[f32]) -> Moments {
    let volume = extent * extent;
    let matrix = spectrum::hartley(extent);
    let (values, of_mode) = spectrum::shells(extent);
    let (mut sums, mut counts) = (vec![0.0; values.len()], vec![0.0; values.len()]);
    let mut abs_m = Vec::with_capacity(phi.len() / volume);
    for phi in phi.chunks_exact(volume) {
        let phi: Vec<f64> = phi.iter().map(|&p| f64::from(p)).collect();
        abs_m.push((phi.iter().sum::<f64>() / volume as f64).abs());
        for (y, &shell) in spectrum::transform(&matrix, &phi).iter().zip(&of_mode) {
            sums[shell] += y * y;
            counts[shell] += 1.0;
        }
    }
    let phi2 = sums.iter().sum::<f64>() / phi.len() as f64;
    Moments { spectrum: sums.iter().zip(&counts).map(|(s, c)| s / c).collect(), phi2, abs_m }
}
