//! Training: denoising score matching (Vincent, Neural Computation 23 (2011) 1661) for the remainder h,
//!
//! ```text
//! loss = ⟨ Σ_k σ²W_k² |h_k(y, σ) - E[g_k(x₀)|y]|² ⟩,   σ log-uniform, y = x₀ + σξ,   k ≠ 0
//! ```
//!
//! whose weights make it the relative entropy of the generated law (Song et al., arXiv:2101.09258).

mod checkpoint;
mod data;
mod features;
mod lanes;
mod lattice;
mod layer;
mod network;
mod optimiser;
mod parameters;
mod posterior;
mod recipe;
mod sample;
mod sigma_law;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

pub use self::data::configurations;
use self::data::{Moments, moments};
use self::features::Features;
use self::lattice::Lattice;
use self::network::{Network, Scales};
use self::optimiser::Adam;
use self::parameters::{EVEN, Gradient, ODD, Parameters};
use self::posterior::Posterior;
pub use self::recipe::{Recipe, RecipeOptions};
use self::sample::Maker;
use self::sigma_law::SigmaLaw;
use stoquant_core::machine::Portable;
use stoquant_core::score::network::{LOCAL_EVEN, LOCAL_ODD};
use stoquant_diffusion::model::{Config, Model, Tensor};
use stoquant_diffusion::{magnetisation, spectrum};
use stoquant_engines::simd::MachineKind;

/// Shares of a batch, each with random numbers and a sum of its own: the result does not depend on the number of
/// threads.
const SHARES: usize = 8;

/// Leapfrog steps of a posterior's trajectory: about a quarter period of the stiffest modes each.
const LEAPFROG: usize = 6;

/// Steps over which the learning rate rises.
const WARM_UP: f64 = 50.0;

/// Sites whose errors make the table of posterior variances, at every knot.
const MEASURED: usize = 1 << 17;

/// Calls `work` for all n below `count` on `threads` threads; the results in order.
pub(crate) fn in_shares<T: Send>(count: usize, threads: usize, work: &(impl Fn(usize) -> T + Sync)) -> Vec<T> {
    let size = count.div_ceil(threads.max(1));
    let numbers: Vec<usize> = (0..count).collect();
    std::thread::scope(|scope| {
        let handles: Vec<_> = numbers
            .chunks(size)
            .map(|part| scope.spawn(|| part.iter().map(|&n| work(n)).collect::<Vec<_>>()))
            .collect();
        handles
            .into_iter()
            .flat_map(|handle| handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// Losses of a step: with the network, and with h = 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Losses {
    /// With the network.
    pub network: f64,
    /// With h = 0: the scale.
    pub nothing: f64,
}

/// A training under way.
pub struct Training<'a> {
    recipe: &'a Recipe,
    config: Config,
    moments: Moments,
    density: Vec<f64>,
    phi: &'a [f32],
    configurations_sha256: String,
    machine: MachineKind,
    lattice: Lattice<f32>,
    scales: Scales<f32>,
    law: SigmaLaw,
    adam: Adam,
    posteriors: Vec<Posterior>,
}

impl<'a> Training<'a> {
    /// Measures the configurations, and sets everything up for the first step.
    pub fn new(recipe: &'a Recipe, phi: &'a [f32]) -> Self {
        let Recipe { extent, couplings, knots, .. } = *recipe;
        let moments = moments(extent, phi);
        let (shells, of_mode) = spectrum::shells(extent);
        let mass2 = recipe.mass2.unwrap_or_else(|| mass2(recipe, &moments, &shells, &of_mode));
        let linear = spectrum::linear(extent, &couplings, mass2);
        let stiffest = linear.iter().copied().fold(0.0, f64::max);
        let widest = moments.spectrum.iter().skip(1).copied().fold(0.0, f64::max);
        let (magnetisation, density) = magnetisation::fit(&moments.abs_m);
        let config = Config {
            extent,
            couplings,
            mass2,
            sigma: [0.25 / stiffest.sqrt(), 4.0 * widest.sqrt()],
            knots,
            hidden: [recipe.hidden; 2],
            magnetisation,
        };
        let spectrum: Vec<f64> = of_mode.iter().map(|&shell| moments.spectrum[shell]).collect();
        let lattice = Lattice::new(extent, couplings, mass2, &spectrum, recipe.local);
        let mut posteriors: Vec<Posterior> =
            (0..SHARES).map(|share| Posterior::new(extent, &couplings, LEAPFROG, recipe.seed, share as u32)).collect();
        let maker = Maker::new(&config, phi, moments.phi2, recipe.draws);
        let parameters = Parameters::new(&config, recipe.seed);
        let (scales, size) = scales(&config, &lattice, &parameters, &maker, &mut posteriors[0], recipe.local);
        let law = SigmaLaw::new(config.sigma, &size);
        let configurations_sha256 = checkpoint::hash(phi);
        Self {
            recipe,
            config,
            moments,
            density,
            phi,
            configurations_sha256,
            machine: MachineKind::best(),
            lattice,
            scales,
            law,
            adam: Adam::new(parameters),
            posteriors,
        }
    }

    /// Steps done.
    pub fn steps(&self) -> usize {
        self.adam.steps()
    }

    /// One step of the optimiser.
    pub fn step(&mut self, threads: usize) -> Losses {
        let Self { recipe, config, moments, phi, machine, lattice, scales, law, adam, posteriors, .. } = self;
        let volume = recipe.extent * recipe.extent;
        let each = (recipe.batch / volume / SHARES).max(1);
        let all = each * SHARES;
        let norm = (all * volume) as f64;
        let maker = Maker::new(config, phi, moments.phi2, recipe.draws);
        let network = Network::new(*machine, lattice, adam.parameters(), scales);
        let work = |share: usize, posterior: &mut Posterior| -> (Parameters<f32>, Losses) {
            // Stratified: one σ in each of `all` quantiles.
            let mut draw = |i| law.at(((i * SHARES + share) as f64 + posterior.uniform()) / all as f64);
            let sigmas: Vec<(f64, f64)> = (0..each).map(&mut draw).collect();
            let mut gradient = Gradient::new(adam.parameters());
            let mut losses = Losses::default();
            for (sigma, ratio) in sigmas {
                let sample = maker.make(posterior, sigma);
                let ratio = (ratio / norm) as f32;
                let weight: Vec<f32> = sample.weight.iter().map(|weight| ratio * weight).collect();
                losses.network += network.learn(&sample.input, &sample.target, &weight, &mut gradient);
                losses.nothing += squares(&sample.target, &weight);
            }
            (gradient.sum(), losses)
        };
        let cells: Vec<_> = posteriors.iter_mut().map(Mutex::new).collect();
        // Each cell is locked once; a thread that panics ends the step.
        let shares = in_shares(SHARES, threads, &|share| {
            work(share, &mut cells[share].lock().unwrap_or_else(PoisonError::into_inner))
        });
        let (gradients, losses): (Vec<_>, Vec<_>) = shares.into_iter().unzip();
        let progress = adam.steps() as f64 / recipe.steps.max(1) as f64;
        let warm = ((adam.steps() + 1) as f64 / WARM_UP).min(1.0);
        adam.step(&gradients, recipe.rate * warm * 0.5 * (1.0 + (std::f64::consts::PI * progress).cos()));
        losses.into_iter().fold(Losses::default(), |sum, l| Losses {
            network: sum.network + l.network,
            nothing: sum.nothing + l.nothing,
        })
    }

    /// Takes the running means of the parameters, measures the variances that the reverse SDE needs, and hands the
    /// model over.
    pub fn finish(self) -> Model {
        let Self { recipe, config, moments, density, phi, machine, lattice, scales, adam, mut posteriors, .. } = self;
        let network = Network::new(machine, &lattice, adam.means(), &scales);
        let volume = recipe.extent * recipe.extent;
        let maker = Maker::new(&config, phi, moments.phi2, 0);
        let (shells, of_mode) = spectrum::shells(recipe.extent);
        let linear = spectrum::linear(recipe.extent, &config.couplings, config.mass2);
        let mut ratios = Vec::new();
        for knot in 0..config.knots {
            let sigma = config.knot(knot);
            let (mut sums, mut counts) = (vec![0.0; shells.len()], vec![0.0; shells.len()]);
            for _ in 0..(MEASURED / volume).max(64) {
                let sample = maker.make(&mut posteriors[0], sigma);
                let h = network.remainder(&sample.input);
                for (k, ((&h, &y), &x)) in h.iter().zip(&sample.input.y).zip(&sample.x0).enumerate() {
                    let denoised = (f64::from(y) - sigma * sigma * f64::from(h)) / (1.0 + sigma * sigma * linear[k]);
                    sums[of_mode[k]] += (f64::from(x) - denoised).powi(2) * (linear[k] + 1.0 / (sigma * sigma));
                    counts[of_mode[k]] += 1.0;
                }
            }
            // The zero mode is not noised: its shell holds nothing.
            ratios.extend(
                sums.iter().zip(&counts).enumerate().map(|(n, (s, c))| if n == 0 { 1.0 } else { (s / c) as f32 }),
            );
        }
        let mut tensors = BTreeMap::new();
        let mut put = |name: &str, shape: Vec<usize>, data: Vec<f32>| {
            tensors.insert(name.to_owned(), Tensor { shape, data });
        };
        for (name, shape, data) in adam.means().trained() {
            put(name, shape, data);
        }
        for (name, data) in scales.named() {
            put(name, vec![config.knots, data.len() / config.knots], data.clone());
        }
        let single = |values: &[f64]| values.iter().map(|&v| v as f32).collect::<Vec<_>>();
        put("spectrum", vec![shells.len()], single(&moments.spectrum));
        put("posterior", vec![config.knots, shells.len()], ratios);
        put("magnetisation", vec![density.len()], single(&density));
        Model { config, tensors }
    }
}

/// Σ weight·target².
fn squares(target: &[f32], weight: &[f32]) -> f64 {
    target.iter().zip(weight).map(|(&t, &w)| f64::from(w) * f64::from(t) * f64::from(t)).sum()
}

/// m² of the linear part: the mean over modes of 1/C_k - 2κk̂², and no less than 10⁻³κ: positive, and far below the 16κ
/// of the stiffest mode.
fn mass2(recipe: &Recipe, moments: &Moments, shells: &[f64], of_mode: &[usize]) -> f64 {
    let kinetic = |shell: usize| 2.0 * recipe.couplings.kappa * shells[shell];
    let terms = of_mode.iter().skip(1).map(|&shell| 1.0 / moments.spectrum[shell] - kinetic(shell));
    let mean = terms.sum::<f64>() / (of_mode.len() - 1) as f64;
    mean.max(1e-3 * recipe.couplings.kappa)
}

/// Scales of features and of h by knot, and the root of the loss with h = 0.
fn scales(
    config: &Config,
    lattice: &Lattice<f32>,
    parameters: &Parameters<f32>,
    maker: &Maker<'_>,
    posterior: &mut Posterior,
    local: bool,
) -> (Scales<f32>, Vec<f64>) {
    let (volume, knots) = (config.extent * config.extent, config.knots);
    let mut scales = Scales { odd: vec![], even_mean: vec![], even_scale: vec![], h: vec![] };
    let mut size = vec![];
    for knot in 0..knots {
        let count = ((1 << 16) / volume).max(16);
        let (mut odd, mut even, mut loss, mut weight) = ([0.0; ODD], [[0.0; 2]; EVEN], 0.0, 0.0);
        for _ in 0..count {
            let sample = maker.make(posterior, config.knot(knot));
            let mass2 = parameters.tables.at(&sample.input.hat).mass2();
            let features = Features::new(Portable, lattice, &sample.input, mass2);
            let sum = |x: &[f32], of: fn(f64) -> f64| x.iter().map(|&x| of(f64::from(x))).sum::<f64>();
            odd.iter_mut().zip(&features.odd).for_each(|(slot, x)| *slot += sum(x, |x| x * x));
            for ([mean, square], x) in even.iter_mut().zip(&features.even) {
                *mean += sum(x, |x| x);
                *square += sum(x, |x| x * x);
            }
            loss += squares(&sample.target, &sample.weight);
            weight += sum(&sample.weight, |w| w);
        }
        let sites = (count * volume) as f64;
        scales.odd.extend(odd.map(|sum| (1.0 / (sum / sites).sqrt().max(1e-6)) as f32));
        for [mean, square] in even.map(|sums| sums.map(|sum| sum / sites)) {
            scales.even_mean.push(mean as f32);
            scales.even_scale.push((1.0 / (square - mean * mean).max(1e-12).sqrt()) as f32);
        }
        scales.h.push((loss / weight).sqrt().max(1e-6) as f32);
        size.push((loss / sites).sqrt().max(1e-12));
    }
    if local {
        // A feature of scale 0 is none.
        let off = |values: &mut [f32], kept: &[usize], count: usize| {
            values.iter_mut().enumerate().filter(|(i, _)| !kept.contains(&(i % count))).for_each(|(_, x)| *x = 0.0);
        };
        off(&mut scales.odd, &LOCAL_ODD, ODD);
        off(&mut scales.even_scale, &LOCAL_EVEN, EVEN);
    }
    (scales, size)
}
