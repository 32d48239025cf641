//! Weights of independently generated configurations: effective sample size, log Z, Metropolis chain, exact averages.
//!
//! A generator draws φ from a density q that it knows; the target is `p = e^{-S}/Z`. Everything follows from
//! `ln w = -S - ln q`, with `⟨w⟩_q = Z` and `⟨1/w⟩_p = 1/Z`. All sums of weights are formed as logarithms
//! (log-sum-exp), so that only ratios matter: shifting every ln w by a constant moves ln Z and nothing else.
//!
//! - Reverse, from configurations of q: `ESS = (Σw)²/(N Σw²)`, `ln Z = ln (Σw/N)`. Blind to what q never visits.
//! - Forward, from configurations of p: `ESS = 1/(⟨w⟩_p ⟨1/w⟩_p)`, `ln Z = -ln ⟨1/w⟩_p`. A mode that q misses makes 1/w
//!   large there: where forward and reverse disagree, q has collapsed.
//!
//! Errors by the jackknife; that of an ESS is itself no better than the largest weights are well sampled, and the
//! reverse ESS comes out too high (at most 1, at least 1/N) where they are not.
//!
//! Sources: K. A. Nicoli et al., Phys. Rev. Lett. 126 (2021) 032001, arXiv:2007.07115 (weights, log Z); M. Gerdes et
//! al., arXiv:2207.00283 (ESS); M. S. Albergo, G. Kanwar, P. E. Shanahan, Phys. Rev. D 100 (2019) 034515,
//! arXiv:1904.12072 (independence Metropolis).

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;
use thiserror::Error;

use stoquant_exact::analysis::{AnalysisError, ChainSeries, jackknife};
use stoquant_exact::estimate::{Estimate, Observable, Observables};

/// Why weights cannot be used.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum WeightError {
    /// Too few configurations (or bins of them) for a spread.
    #[error("{count} weights in bins of {bin}: at least 2 bins are needed")]
    TooFew {
        /// Number of weights.
        count: usize,
        /// Weights in a bin.
        bin: usize,
    },
    /// A weight is zero, infinite or not a number.
    #[error("ln w = {value} of configuration {index}: every weight must be finite and above zero")]
    NotFinite {
        /// Index of the configuration.
        index: usize,
        /// Its ln w.
        value: f64,
    },
    /// An average over what is in effect one configuration has no error.
    #[error("configuration {index} carries {:.1}% of all weight: no average can be given an error", 100.0 * share)]
    Dominated {
        /// Index of the configuration.
        index: usize,
        /// Its share of the sum of all weights.
        share: f64,
    },
    /// The measurements cannot be analysed.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
}

/// What the weights say about the proposal.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quality {
    /// Effective sample size as a fraction of the configurations, in (0, 1].
    pub ess: Estimate,
    /// ln Z of the target.
    pub ln_z: Estimate,
    /// Standard deviation of ln w; 0 for a perfect proposal.
    pub std_ln_w: f64,
    /// Configurations used.
    pub count: usize,
}

/// The largest share of all weight that one configuration may have in an average with an error.
const LARGEST_SHARE: f64 = 0.5;

/// From configurations of the proposal q, drawn independently.
///
/// ```
/// // w = 1 and 3: ESS = (1 + 3)²/(2·(1 + 9)), Z = 2.
/// let quality = stoquant_diffusion::weights::reverse(&[0.0, 3f64.ln()])?;
/// assert!((quality.ess.value - 0.8).abs() < 1e-15 && (quality.ln_z.value - 2f64.ln()).abs() < 1e-15);
/// # Ok::<(), stoquant_diffusion::weights::WeightError>(())
/// ```
pub fn reverse(ln_w: &[f64]) -> Result<Quality, WeightError> {
    let ln_n = |n: usize| (n as f64).ln();
    quality(ln_w, 1, [1.0, 2.0], |[w, w2], n| [2.0 * w - w2 - ln_n(n), w - ln_n(n)])
}

/// From configurations of the target p, in bins of `bin` consecutive ones: much longer than the autocorrelation time of
/// their chain, 1 if they are independent. An incomplete first bin is left out.
pub fn forward(ln_w: &[f64], bin: usize) -> Result<Quality, WeightError> {
    let ln_n = |n: usize| (n as f64).ln();
    quality(ln_w, bin, [1.0, -1.0], |[w, inverse], n| [2.0 * ln_n(n) - w - inverse, ln_n(n) - inverse])
}

/// ln ESS and ln Z are functions of `ln Σ w^a` for two powers a and of the number of configurations in the sum.
fn quality(
    ln_w: &[f64],
    bin: usize,
    powers: [f64; 2],
    f: impl Fn([f64; 2], usize) -> [f64; 2],
) -> Result<Quality, WeightError> {
    check(ln_w)?;
    let bin = bin.max(1);
    let ln_w = &ln_w[ln_w.len() % bin..];
    let n = ln_w.len();
    if n < 2 * bin {
        return Err(WeightError::TooFew { count: n, bin });
    }
    // About the mean, so that sums of many keep their digits.
    let mean = ln_w.iter().sum::<f64>() / n as f64;
    let [(first, first_without), (second, second_without)] = powers.map(|a| {
        let ln_sum = |c: &[f64]| c.iter().fold(NOTHING, |sum, l| add(sum, a * (l - mean)));
        leave_one_out(&ln_w.chunks_exact(bin).map(ln_sum).collect::<Vec<_>>())
    });
    let [ln_ess, ln_z] = f([first, second], n);
    let without: Vec<[f64; 2]> = first_without.iter().zip(&second_without).map(|(&a, &b)| f([a, b], n - bin)).collect();
    let error = |values: Vec<f64>| {
        let count = values.len() as f64;
        let average = values.iter().sum::<f64>() / count;
        (values.iter().map(|v| (v - average).powi(2)).sum::<f64>() * (count - 1.0) / count).sqrt()
    };
    let square: f64 = ln_w.iter().map(|l| (l - mean).powi(2)).sum();
    Ok(Quality {
        ess: Estimate::new(ln_ess.exp().min(1.0), error(without.iter().map(|v| v[0].exp()).collect())),
        ln_z: Estimate::new(mean + ln_z, error(without.iter().map(|v| v[1]).collect())),
        std_ln_w: (square / (n as f64 - 1.0)).sqrt(),
        count: n,
    })
}

/// The logarithm of an empty sum.
const NOTHING: f64 = f64::NEG_INFINITY;

/// ln(e^a + e^b); never overflows.
fn add(a: f64, b: f64) -> f64 {
    let (high, low) = if a > b { (a, b) } else { (b, a) };
    if low == NOTHING { high } else { high + (low - high).exp().ln_1p() }
}

/// ln Σ e^l over all, and over all but each one: from both ends, since subtracting would leave rounding where one
/// dominates.
fn leave_one_out(l: &[f64]) -> (f64, Vec<f64>) {
    let mut without = vec![NOTHING; l.len()];
    let mut before = NOTHING;
    for (out, &l) in without.iter_mut().zip(l) {
        *out = before;
        before = add(before, l);
    }
    let mut after = NOTHING;
    for (out, &l) in without.iter_mut().zip(l).rev() {
        *out = add(*out, after);
        after = add(after, l);
    }
    (before, without)
}

fn check(ln_w: &[f64]) -> Result<(), WeightError> {
    match ln_w.iter().position(|l| !l.is_finite()) {
        Some(index) => Err(WeightError::NotFinite { index, value: ln_w[index] }),
        None if ln_w.len() < 2 => Err(WeightError::TooFew { count: ln_w.len(), bin: 1 }),
        None => Ok(()),
    }
}

/// A chain with equilibrium p, made of proposals from q.
#[derive(Clone, Debug, PartialEq)]
pub struct Independence {
    /// The state after each proposal, as its index: `state[0] = 0`, then `state[i]` is `i` (accepted) or `state[i-1]`.
    pub state: Vec<usize>,
    /// Accepted fraction of the N - 1 proposals.
    pub acceptance: f64,
}

/// Independence Metropolis: proposal i replaces the state j with probability `min(1, w_i/w_j)`. The seed decides all.
pub fn independence_metropolis(ln_w: &[f64], seed: u64) -> Result<Independence, WeightError> {
    check(ln_w)?;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let (mut at, mut accepted) = (0, 0);
    let state = (0..ln_w.len())
        .map(|i| {
            if i > 0 && rng.random::<f64>() < (ln_w[i] - ln_w[at]).exp() {
                (at, accepted) = (i, accepted + 1);
            }
            at
        })
        .collect();
    Ok(Independence { state, acceptance: f64::from(accepted) / (ln_w.len() - 1) as f64 })
}

/// Averages over the target, self-normalised: `⟨O⟩ = Σ w O/Σ w`, errors and O(1/N) bias by the jackknife over
/// configurations; at least 16. The measurements are those of [`ChainSeries`], one a configuration; there is no τ_int.
///
/// # Errors
/// Weights that are not finite, too few configurations, or one that carries more than half of all weight.
pub fn reweighted(series: &ChainSeries, volume: usize, ln_w: &[f64]) -> Result<Observables, WeightError> {
    check(ln_w)?;
    let mut index = 0;
    ln_w.iter().enumerate().for_each(|(i, l)| {
        if *l > ln_w[index] {
            index = i
        }
    });
    let largest = ln_w[index];
    let w: Vec<f64> = ln_w.iter().map(|l| (l - largest).exp()).collect();
    let share = 1.0 / w.iter().sum::<f64>();
    if share > LARGEST_SHARE {
        return Err(WeightError::Dominated { index, share });
    }
    let mut table = Observables::new();
    // f takes the weighted averages of the primaries.
    let mut insert = |observable, primaries: &[&dyn Fn(usize) -> f64], lengths: &[usize], f: &dyn Fn(&[f64]) -> f64| {
        if lengths.contains(&0) {
            return Ok(());
        }
        if let Some(&length) = lengths.iter().find(|&&length| length != w.len()) {
            let observable = Observable::key(observable).to_owned();
            return Err(AnalysisError::UnequalLengths { observable, replica: 0, length, expected: w.len() });
        }
        let weighted: Vec<Vec<f64>> =
            primaries.iter().map(|o| w.iter().enumerate().map(|(i, w)| w * o(i)).collect()).collect();
        let sums: Vec<[&[f64]; 1]> = std::iter::once(&w).chain(&weighted).map(|s| [s.as_slice()]).collect();
        let sums: Vec<&[&[f64]]> = sums.iter().map(|s| s.as_slice()).collect();
        let mean = |m: &[f64]| f(&m[1..].iter().map(|sum| sum / m[0]).collect::<Vec<_>>());
        match jackknife(&sums, 1, mean) {
            // As in the table of chains: U₄ of a field with M = 0 is left out.
            Err(AnalysisError::Undefined { .. }) => {}
            result => {
                table.insert(observable, result?.estimate());
            }
        }
        Ok(())
    };
    let first = |m: &[f64]| m[0];
    for (observable, values) in [
        (Observable::Phi2, &series.phi2),
        (Observable::Phi4, &series.phi4),
        (Observable::Nn, &series.nn),
        (Observable::ActionDensity, &series.action_density),
        (Observable::SchwingerDyson, &series.schwinger_dyson),
    ] {
        insert(observable, &[&|i| values[i]], &[values.len()], &first)?;
    }
    let (grad2, lap) = (&series.grad2, &series.lap);
    let lengths = [grad2.len(), lap.len()];
    insert(Observable::ConfigTemperature, &[&|i| grad2[i], &|i| lap[i]], &lengths, &|m| m[0] / m[1])?;
    let (m, length) = (&series.m, [series.m.len()]);
    let (m2, m4) = (|i: usize| m[i].powi(2), |i: usize| m[i].powi(4));
    insert(Observable::AbsM, &[&|i| m[i].abs()], &length, &first)?;
    insert(Observable::M2, &[&m2], &length, &first)?;
    insert(Observable::M4, &[&m4], &length, &first)?;
    insert(Observable::U4, &[&m2, &m4], &length, &|m| 1.0 - m[1] / (3.0 * m[0] * m[0]))?;
    insert(Observable::Chi, &[&m2], &length, &|m| volume as f64 * m[0])?;
    Ok(table)
}

/// Averages over the proposal itself, all weights equal: what the generator gives without correction.
pub fn unweighted(series: &ChainSeries, volume: usize) -> Result<Observables, WeightError> {
    reweighted(series, volume, &vec![0.0; series.len()])
}

/// `(found - reference)/√(error² + error²)`, for independent errors; ±∞ for different values without error.
pub fn significance(found: Estimate, reference: Estimate) -> f64 {
    let difference = found.value - reference.value;
    if difference == 0.0 { 0.0 } else { difference / found.error.hypot(reference.error) }
}

/// [`significance`] of every observable that both tables have, τ_int (a property of the sampler) excepted.
pub fn significances(found: &Observables, reference: &Observables) -> BTreeMap<Observable, f64> {
    let common = found.iter().filter(|(o, _)| **o != Observable::TauInt);
    common.filter_map(|(o, &e)| Some((*o, significance(e, *reference.get(o)?)))).collect()
}

#[cfg(test)]
mod tests;
