//! A battery for words, through the seam that physics reads: one word for every site of every step of every chain.
//!
//! A counter-based generator has no state to go wrong; what may go wrong is that neighbouring coordinates give related
//! words. So every test reads words by their coordinates, and asks three kinds of questions:
//!
//! - does η, over all words read, follow its exact law ([`NoiseLaw`]), and are η and η² of neighbours (sites, steps,
//!   chains) uncorrelated: what the dynamics would feel;
//! - does one changed bit of the coordinates change every bit of the word with probability ½: the sharpest test of a
//!   cipher with too few rounds;
//! - the classical tests that linear generators fail: pairs of bytes, gaps, collisions (D. Knuth, *The Art of Computer
//!   Programming* 2, 3.3.2), birthday spacings in two dimensions (P. L'Ecuyer, R. Simard, *Math. Comput. Simul.* 55
//!   (2001) 131), ranks of binary matrices (G. Marsaglia, L.-H. Tsay, *Linear Algebra Appl.* 67 (1985) 147).
//!
//! Statistics are compared with their exact law: variances come from that of η, χ² and Poisson deviates become normal
//! ones by [`gamma_z`]. A check on cells states Σ (Δp)²/p, the mean square relative deviation of their probabilities.

mod gathered;
mod tally;
pub mod weak;

use rayon::prelude::*;
use stoquant_core::noise::{StreamTag, Threefry, Words};
use stoquant_model::NoiseKind;

use super::certificate::Certificate;
use super::check::{Check, Criterion};
use super::rung::Rung;
use super::{Findings, Level};
use stoquant_integers::noise_law::NoiseLaw;
use tally::{Tally, VALUES};

const RUNG: Rung = Rung::Words;

/// The words of a chain.
pub type Source<'a> = dyn Fn(u32) -> Box<dyn Words + Send> + Sync + 'a;

/// Words read at [`Level::Standard`], for which the checks state what they detect.
pub const STANDARD: u64 = 1 << 26;

/// Words read at [`Level::Full`].
pub const FULL: u64 = 10_000_000_000;

/// Pairs of neighbouring chains.
const PAIRS: u32 = 4;

/// Sites of a chain, 64×64.
const SITES: usize = 4096;

/// Every check on about `words` words of the chains that `make` makes.
pub fn battery(make: &Source, words: u64) -> Vec<Check> {
    let step = 2 * u64::from(PAIRS) * SITES as u64;
    let steps = (words / step).max(2);
    let tallies: Vec<Tally> = (0..PAIRS).into_par_iter().map(|pair| Tally::of(make, 2 * pair, steps)).collect();
    let mut sum = Tally::default();
    tallies.iter().for_each(|tally| sum.merge(tally));
    let scale = (steps * step) as f64 / STANDARD as f64;
    let mut checks = sum.checks(&NoiseLaw::of::<18>(NoiseKind::Gaussian), scale);
    checks.extend(gathered::checks(make, 2 * PAIRS, scale));
    checks
}

/// The core's words; at [`Level::Full`] on more of them, with the generators that must be refused.
pub fn findings(seed: u64, level: Level) -> Findings {
    let core = |chain| Box::new(Threefry::new(seed, chain, StreamTag::Noise)) as Box<dyn Words + Send>;
    let mut checks = battery(&core, if level == Level::Full { FULL } else { STANDARD });
    if level == Level::Full {
        for (name, source) in weak::refused() {
            let (by, missed) = match first_failure(&*source) {
                Some((check, z)) => (format!("first by {check}, z = {z:.1}"), 0),
                None => ("no check fails".to_owned(), 1),
            };
            checks.push(Check::none(RUNG, format!("weak generator {name} is refused ({by})"), missed));
        }
    }
    checks.into()
}

/// The first check that fails on [`STANDARD`] words, and its z.
pub fn first_failure(make: &Source) -> Option<(String, f64)> {
    let certificate = Certificate::judge(battery(make, STANDARD));
    certificate.failures().next().map(|check| (check.name.clone(), check.z.unwrap_or(f64::NAN)))
}

/// Promised to be detected: ten standard errors of the standard size. 8.4 are needed at the level that a suite of a
/// thousand checks leaves to each.
const PROMISE: f64 = 10.0;

/// A mean of `n` values, `scale` times as many as at the standard size, with standard deviation `sigma` each.
fn mean(name: impl Into<String>, sum: f64, expected: f64, sigma: f64, n: f64, scale: f64) -> Check {
    let error = sigma / n.sqrt();
    Check::normal(RUNG, name, sum / n, expected, error).from_samples(n).promising(PROMISE * error * scale.sqrt())
}

/// Σ (Δp)²/p of `n` events, `scale` times as many as at the standard size, in cells of probability p.
fn cells(name: impl Into<String>, chi2: f64, dof: f64, n: f64, scale: f64) -> Check {
    let error = (2.0 * dof).sqrt() / n;
    let check = Check::bound(RUNG, name, (chi2 - dof) / n, 0.0, error);
    // χ²/2 has the gamma distribution of shape dof/2.
    let criterion = Criterion::Normal(gamma_z(0.5 * chi2, 0.5 * dof));
    Check { criterion, ..check }.from_counts(n).promising(PROMISE * error * scale)
}

/// A Poisson number with the given mean, relative to it; `scale` times as large as at the standard size.
fn poisson(name: impl Into<String>, count: u64, expected: f64, scale: f64) -> Check {
    let error = expected.sqrt().recip();
    let check = Check::bound(RUNG, name, count as f64 / expected, 1.0, error);
    // N < k when the k-th event comes later than `expected`; half a count for the step.
    let criterion = Criterion::Normal(-gamma_z(expected, count as f64 + 0.5));
    Check { criterion, ..check }.from_samples(expected).promising(PROMISE * error * scale.sqrt())
}

/// χ² = Σ (n - N p)²/(N p).
fn chi2(counts: impl IntoIterator<Item = (u64, f64)>, total: f64) -> f64 {
    counts.into_iter().map(|(count, p)| (count as f64 - total * p).powi(2) / (total * p)).sum()
}

/// The normal deviate with the probability that a gamma deviate of shape α stays below x.
///
/// r* = r + ln(u/r)/r with the signed root of the deviance r and the Wald statistic u of a saddle-point expansion (O.
/// Barndorff-Nielsen, *Biometrika* 73 (1986) 307): tails to 2e-3 of themselves from α = 16 on, and nothing that
/// underflows.
fn gamma_z(x: f64, alpha: f64) -> f64 {
    let relative = x / alpha - 1.0;
    if relative.abs() < 1e-4 {
        // The median is α - 1/3.
        return (x - alpha + 1.0 / 3.0) / alpha.sqrt();
    }
    let r = (2.0 * alpha * (relative - relative.ln_1p())).sqrt().copysign(relative);
    let u = relative * alpha.sqrt();
    r + (u / r).ln() / r
}

/// Neighbouring cells of |η₁₈| with nearly equal numbers of words: first magnitude of each of `number`.
fn equal_cells(law: &NoiseLaw, number: u64) -> Vec<i32> {
    let mut starts = vec![0];
    for a in 1..=law.max() {
        // #{|η| ≥ a} of 2³² words falls to the next multiple of 1/number.
        if 2 * law.tail(a) * number <= (number - starts.len() as u64) << 32 {
            starts.push(a);
        }
    }
    starts.truncate(number as usize);
    starts
}

/// Histogram of |η| over `starts` from that of η.
fn in_cells(values: &[u64], starts: &[i32]) -> Vec<u64> {
    let mut counts = vec![0; starts.len()];
    for (index, &n) in values.iter().enumerate() {
        let a = (index as i32 - VALUES / 2).abs();
        counts[starts.partition_point(|&start| start <= a) - 1] += n;
    }
    counts
}

#[cfg(test)]
mod tests {
    use statrs::function::gamma::gamma_lr;

    use super::*;
    use crate::Verdict;
    use stoquant_exact::analysis::stats;

    /// Against the incomplete gamma function, in both tails.
    #[test]
    fn gamma_deviates() {
        for dof in [32.0_f64, 64.0, 128.0, 512.0] {
            for z in [-4.0, -2.0, -0.3, 0.4, 1.0, 3.0, 6.0, 8.0] {
                let x = dof + z * (1.5 * dof).sqrt();
                let found = stats::normal_sf(gamma_z(0.5 * x, 0.5 * dof).abs());
                let exact = if z > 0.0 { stats::chi2_sf(x, dof) } else { gamma_lr(0.5 * dof, 0.5 * x) };
                assert!((found / exact - 1.0).abs() < 2e-3, "χ² = {x}, {dof}: {found:e}, not {exact:e}");
            }
        }
        // Continuous where the two formulas meet.
        let step = gamma_z(1000.1001, 1000.0) - gamma_z(1000.0999, 1000.0);
        assert!((step - 0.0002 / 1000_f64.sqrt()).abs() < 1e-4, "{step}");
    }

    /// Words that are too small by an eighth, and words that neighbours in every direction share.
    struct Planted {
        words: Threefry,
        coarse: bool,
    }

    impl Words for Planted {
        fn fill(&mut self, step: u64, first: usize, out: &mut [u32]) {
            for (site, word) in (first..).zip(out) {
                *word = if self.coarse {
                    self.words.word(step >> 1, site & !0b100_0011)
                } else {
                    let word = self.words.word(step, site);
                    word - (word >> 3)
                };
            }
        }
    }

    /// Each check fails on one generator or another, on 2²⁰ words (too few for what is promised at the standard size:
    /// what does not fail is undecided).
    #[test]
    fn every_check_can_fail() {
        let planted = |coarse: bool| {
            move |chain: u32| {
                let words = Threefry::new(1, if coarse { chain / 2 } else { chain }, StreamTag::Noise);
                Box::new(Planted { words, coarse }) as Box<dyn Words + Send>
            }
        };
        let sources: [&Source; 4] = [&planted(true), &planted(false), &weak::lcg, &weak::Rounds::<4>::make];
        let judged = sources.map(|source| Certificate::judge(battery(source, 1 << 20)).checks);
        for (i, check) in judged[0].iter().enumerate() {
            assert!(judged.iter().any(|checks| checks[i].verdict == Verdict::Fail), "{} never fails", check.name);
        }
        let core = |chain| Box::new(Threefry::new(1, chain, StreamTag::Noise)) as Box<dyn Words + Send>;
        let core = Certificate::judge(battery(&core, 1 << 20)).checks;
        assert!(core.iter().all(|check| check.verdict != Verdict::Fail));
    }

    #[test]
    fn cells_of_equal_size() {
        let law = NoiseLaw::of::<18>(NoiseKind::Gaussian);
        let starts = equal_cells(&law, 64);
        assert_eq!(starts.len(), 64);
        for pair in starts.windows(2) {
            let p = 2.0 * ((if pair[0] == 0 { 1 << 31 } else { law.tail(pair[0]) }) - law.tail(pair[1])) as f64
                / 2_f64.powi(32);
            assert!((64.0 * p - 1.0).abs() < 0.02, "{pair:?}: {p}");
        }
    }
}
