//! Training: denoising score matching (Vincent, Neural Computation 23 (2011) 1661) for the remainder h,
//!
//! ```text
//! loss = ⟨ Σ_k σ²W_k² |h_k(y, σ) - E[g_k(x₀)|y]|² ⟩,   σ log-uniform, y = x₀ + σξ,   k ≠ 0
//! ```
//!
//! whose weights make it the relative entropy of the generated law (Song et al., arXiv:2101.09258).

mod activation;
mod checkpoint;
mod data;
mod graph;
mod optimiser;
mod parameters;
mod posterior;
mod recipe;
mod sample;
mod sigma_law;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor};

pub use self::data::configurations;
use self::data::{Moments, moments};
use self::graph::{EVEN, Lattice, ODD, Scales};
use self::optimiser::Adam;
use self::parameters::Parameters;
use self::posterior::Posterior;
pub use self::recipe::{Recipe, RecipeOptions};
use self::sample::{Maker, tensor};
use self::sigma_law::SigmaLaw;
use super::model::{self, Config, Model};
use super::{magnetisation, spectrum};
use stoquant_core::score::network::{LOCAL_EVEN, LOCAL_ODD};

/// Shares of a batch, each with random numbers of its own: the result does not depend on the number of threads, and a share stays in cache.
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
    lattice: Lattice,
    scales: Scales,
    law: SigmaLaw,
    parameters: Parameters,
    adam: Adam,
    posteriors: Vec<Posterior>,
}

impl<'a> Training<'a> {
    /// Measures the configurations, and sets everything up for the first step.
    pub fn new(recipe: &'a Recipe, phi: &'a [f32]) -> Result<Self> {
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
        let lattice = Lattice::new(extent, couplings, mass2, &spectrum, recipe.local)?;
        let mut posteriors: Vec<Posterior> =
            (0..SHARES).map(|share| Posterior::new(extent, &couplings, LEAPFROG, recipe.seed, share as u32)).collect();
        let maker = Maker::new(&config, phi, moments.phi2, recipe.draws);
        let parameters = Parameters::new(&config, recipe.seed)?;
        let (scales, size) = scales(&config, &lattice, &parameters, &maker, &mut posteriors[0], recipe.local)?;
        let law = SigmaLaw::new(config.sigma, &size);
        let adam = Adam::new(&parameters.named())?;
        let configurations_sha256 = checkpoint::hash(phi);
        Ok(Self {
            recipe,
            config,
            moments,
            density,
            phi,
            configurations_sha256,
            lattice,
            scales,
            law,
            parameters,
            adam,
            posteriors,
        })
    }

    /// Steps done.
    pub fn steps(&self) -> usize {
        self.adam.steps()
    }

    /// One step of the optimiser.
    pub fn step(&mut self, threads: usize) -> Result<Losses> {
        let Self { recipe, config, moments, phi, lattice, scales, law, parameters, adam, posteriors, .. } = self;
        let volume = recipe.extent * recipe.extent;
        let each = (recipe.batch / volume / SHARES).max(1);
        let all = each * SHARES;
        let norm = (all * volume) as f64;
        let maker = Maker::new(config, phi, moments.phi2, recipe.draws);
        let work = |share: usize, posterior: &mut Posterior| -> Result<(GradStore, Losses)> {
            // Stratified: one σ in each of `all` quantiles.
            let quantile =
                |i, posterior: &mut Posterior| ((i * SHARES + share) as f64 + posterior.uniform()) / all as f64;
            let (sigmas, ratios): (Vec<f64>, Vec<f64>) = (0..each).map(|i| law.at(quantile(i, posterior))).unzip();
            let sample = maker.make(posterior, &sigmas)?;
            let ratios = tensor(ratios.into_iter().map(|r| (r / norm) as f32).collect(), (each, 1))?;
            let weight = sample.weight.broadcast_mul(&ratios)?;
            let h = graph::remainder(lattice, parameters, scales, &sample.batch)?;
            let loss = ((h - &sample.target)?.sqr()? * &weight)?.sum_all()?;
            let nothing = (sample.target.sqr()? * &weight)?.sum_all()?.to_scalar::<f32>()?;
            let losses = Losses { network: f64::from(loss.to_scalar::<f32>()?), nothing: f64::from(nothing) };
            Ok((loss.backward()?, losses))
        };
        let cells: Vec<_> = posteriors.iter_mut().map(std::sync::Mutex::new).collect();
        let shares = in_shares(SHARES, threads, &|share| match cells[share].lock() {
            Ok(mut posterior) => work(share, &mut posterior),
            Err(_) => Err(candle_core::Error::Msg("a thread died".into())),
        });
        let (gradients, losses): (Vec<_>, Vec<_>) = shares.into_iter().collect::<Result<Vec<_>>>()?.into_iter().unzip();
        let progress = adam.steps() as f64 / recipe.steps.max(1) as f64;
        let warm = ((adam.steps() + 1) as f64 / WARM_UP).min(1.0);
        adam.step(&gradients, recipe.rate * warm * 0.5 * (1.0 + (std::f64::consts::PI * progress).cos()))?;
        Ok(losses.into_iter().fold(Losses::default(), |sum, l| Losses {
            network: sum.network + l.network,
            nothing: sum.nothing + l.nothing,
        }))
    }

    /// Takes the running means of the parameters, measures the variances that the reverse SDE needs, and hands the model over.
    pub fn finish(mut self) -> Result<Model> {
        self.adam.finish()?;
        let Self { recipe, config, moments, density, phi, lattice, scales, parameters, mut posteriors, .. } = self;
        let volume = recipe.extent * recipe.extent;
        let maker = Maker::new(&config, phi, moments.phi2, 0);
        let (shells, of_mode) = spectrum::shells(recipe.extent);
        let linear = spectrum::linear(recipe.extent, &config.couplings, config.mass2);
        let mut ratios = Vec::new();
        for knot in 0..config.knots {
            let sigma = config.knot(knot);
            let sample = maker.make(&mut posteriors[0], &vec![sigma; (MEASURED / volume).max(64)])?;
            let h = graph::remainder(&lattice, &parameters, &scales, &sample.batch)?.flatten_all()?.to_vec1::<f32>()?;
            let y = sample.batch.y.flatten_all()?.to_vec1::<f32>()?;
            let (mut sums, mut counts) = (vec![0.0; shells.len()], vec![0.0; shells.len()]);
            for (i, ((&h, &y), &x)) in h.iter().zip(&y).zip(&sample.x0).enumerate() {
                let k = i % volume;
                let denoised = (f64::from(y) - sigma * sigma * f64::from(h)) / (1.0 + sigma * sigma * linear[k]);
                sums[of_mode[k]] += (f64::from(x) - denoised).powi(2) * (linear[k] + 1.0 / (sigma * sigma));
                counts[of_mode[k]] += 1.0;
            }
            // The zero mode is not noised: its shell holds nothing.
            ratios.extend(
                sums.iter().zip(&counts).enumerate().map(|(n, (s, c))| if n == 0 { 1.0 } else { (s / c) as f32 }),
            );
        }
        let mut tensors = BTreeMap::new();
        let mut put = |name: &str, shape: Vec<usize>, data: Vec<f32>| {
            tensors.insert(name.to_owned(), model::Tensor { shape, data });
        };
        for (name, t) in parameters.trained()? {
            put(name, t.dims().to_vec(), t.flatten_all()?.to_vec1()?);
        }
        for (name, t) in scales.named() {
            put(name, t.dims().to_vec(), t.flatten_all()?.to_vec1()?);
        }
        let single = |values: &[f64]| values.iter().map(|&v| v as f32).collect::<Vec<_>>();
        put("spectrum", vec![shells.len()], single(&moments.spectrum));
        put("posterior", vec![config.knots, shells.len()], ratios);
        put("magnetisation", vec![density.len()], single(&density));
        Ok(Model { config, tensors })
    }
}

/// m² of the linear part: the mean over modes of 1/C_k - 2κk̂², and no less than 10⁻³κ: positive, and far below the 16κ of the
/// stiffest mode.
fn mass2(recipe: &Recipe, moments: &Moments, shells: &[f64], of_mode: &[usize]) -> f64 {
    let kinetic = |shell: usize| 2.0 * recipe.couplings.kappa * shells[shell];
    let terms = of_mode.iter().skip(1).map(|&shell| 1.0 / moments.spectrum[shell] - kinetic(shell));
    let mean = terms.sum::<f64>() / (of_mode.len() - 1) as f64;
    mean.max(1e-3 * recipe.couplings.kappa)
}

/// Scales of features and of h by knot, and the root of the loss with h = 0.
fn scales(
    config: &Config,
    lattice: &Lattice,
    parameters: &Parameters,
    maker: &Maker<'_>,
    posterior: &mut Posterior,
    local: bool,
) -> Result<(Scales, Vec<f64>)> {
    let (volume, knots) = (config.extent * config.extent, config.knots);
    let (mut odd, mut even_mean, mut even_scale, mut h, mut size) = (vec![], vec![], vec![], vec![], vec![]);
    for knot in 0..knots {
        let sample = maker.make(posterior, &vec![config.knot(knot); ((1 << 16) / volume).max(16)])?;
        let (odds, evens, _) = graph::features(lattice, parameters, &sample.batch)?;
        let mean = |t: &Tensor| -> Result<Vec<f32>> { t.mean(2)?.mean(0)?.to_vec1() };
        odd.extend(mean(&odds.sqr()?)?.into_iter().map(|v| 1.0 / v.sqrt().max(1e-6)));
        let (first, second) = (mean(&evens)?, mean(&evens.sqr()?)?);
        even_scale.extend(first.iter().zip(&second).map(|(a, b)| 1.0 / (b - a * a).max(1e-12).sqrt()));
        even_mean.extend(first);
        let sum = |t: Tensor| -> Result<f32> { t.sum_all()?.to_scalar::<f32>() };
        let (loss, weight) = (sum((sample.target.sqr()? * &sample.weight)?)?, sum(sample.weight.clone())?);
        h.push((loss / weight).sqrt().max(1e-6));
        size.push(f64::from(loss / sample.weight.elem_count() as f32).sqrt().max(1e-12));
    }
    if local {
        // A feature of scale 0 is none.
        let off = |values: &mut [f32], kept: &[usize], count: usize| {
            values.iter_mut().enumerate().filter(|(i, _)| !kept.contains(&(i % count))).for_each(|(_, x)| *x = 0.0);
        };
        off(&mut odd, &LOCAL_ODD, ODD);
        off(&mut even_scale, &LOCAL_EVEN, EVEN);
    }
    let scales = Scales {
        odd: tensor(odd, (knots, ODD))?,
        even_mean: tensor(even_mean, (knots, EVEN))?,
        even_scale: tensor(even_scale, (knots, EVEN))?,
        h: tensor(h, (knots, 1))?,
    };
    Ok((scales, size))
}
