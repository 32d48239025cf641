//! The Γ-method: integrated autocorrelation times, and errors that include them.
//!
//! `Γ(t) = ⟨(a_i - ā)(a_{i+t} - ā)⟩`, `C(W) = Γ(0) + 2 Σ_{t≤W} Γ(t)`, `τ_int = C/(2Γ(0))`, `error² = C/N`.
//! `τ_int = ½` means uncorrelated. The window is the first W with `e^{-W/τ} < τ/√(WN)`: there the truncated tail falls
//! below the noise; `τ = S / ln((2τ_int(W)+1)/(2τ_int(W)-1))`, S = 1.5. One departure from the source: this τ is made
//! of |Γ(t)|, lest alternating correlations, common in HMC, close the window at once (the error came out 11% too
//! small). Correlations at a time t are averaged over the replicas that are long enough for it, so that a short replica
//! beside long ones changes nothing. The O(1/N) bias of Γ from the subtracted mean is removed. A derived quantity f(ā₁,
//! ā₂, …) is handled through the projected series `Σ_α ∂f/∂ā_α (a_α - ā_α)`.
//!
//! Systematic error: the truncation lowers the error by a fraction of about `½ e^{-W/τ}`, within its statistical error.
//!
//! Source: U. Wolff, Comput. Phys. Commun. 156 (2004) 143, hep-lat/0306017: window §3.3, error of τ_int eq. (42), bias
//! eq. (49); the replica conventions are those of its program UWerr.

use rustfft::FftPlanner;
use rustfft::num_complex::Complex;

use serde::Serialize;

use super::{AnalysisError, check, check_all, mean, stats};
use crate::estimate::Estimate;

/// Wolff's S: the assumed ratio of exponential to integrated autocorrelation time, with a margin.
const S: f64 = 1.5;

/// The fewest measurements in all replicas: below it there is no autocorrelation function to speak of.
pub const MIN_LENGTH: usize = 10;

/// Up to this time the autocovariance is summed directly.
const SHORT: usize = 64;

/// The fewest windows (2W + 1) in all measurements: error of the error 25%.
const MIN_WINDOWS: f64 = 8.0;

/// How far the window can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The window closed in time: the error is good.
    Converged,
    /// All measurements are equal (to rounding): error 0; τ_int is not defined, and is ½ by convention.
    Constant,
    /// Correlations alternate or are negative, and their sum never exceeds the variance: the error and τ_int are those
    /// of uncorrelated data, upper bounds.
    Anticorrelated,
    /// No window within half of the longest replica, or fewer than 8 windows (2W + 1) in all measurements: the error
    /// is itself uncertain by more than 25%, and probably too small; τ_int is a lower bound.
    TooCorrelated,
}

/// A mean with its autocorrelation analysis.
#[derive(Clone, Debug, PartialEq)]
pub struct Gamma {
    /// The mean, or f(means), bias-corrected if there are at least two replicas.
    pub value: f64,
    /// Its standard error, autocorrelation included.
    pub error: f64,
    /// Standard error of `error`.
    pub error_of_error: f64,
    /// Integrated autocorrelation time in measurements; ½ means none.
    pub tau_int: f64,
    /// Standard error of `tau_int`; NaN where it is not measured but a convention or a bound (any status but
    /// `Converged`).
    pub tau_int_error: f64,
    /// Summation window W.
    pub window: usize,
    /// Normalised autocorrelation ρ(t) = Γ(t)/Γ(0), t = 0, 1, … to somewhat beyond the window, for plots.
    pub rho: Vec<f64>,
    /// Number of measurements in all replicas.
    pub measurements: usize,
    /// Probability that the replicas scatter at least this much about their mean (`None` for a single one).
    pub replica_q: Option<f64>,
    /// Whether the window can be trusted.
    pub status: Status,
}

impl Gamma {
    /// Value and error.
    pub fn estimate(&self) -> Estimate {
        Estimate::new(self.value, self.error)
    }

    /// Degrees of freedom of `error²` read as a χ² variable, `N/(2W+1)`: from (δerror/error)² = 1/(2 dof).
    pub fn dof(&self) -> f64 {
        self.measurements as f64 / (2 * self.window + 1) as f64
    }

    /// Deviation from an exact value in standard normal units, the uncertainty of the error included (Student's t).
    pub fn z(&self, exact: f64) -> f64 {
        let t = (self.value - exact) / self.error;
        stats::student_to_z(t, self.dof())
    }
}

/// Γ-method for a primary observable, measured in several replicas.
///
/// ```
/// let chain: Vec<f64> = (0..100).map(|i| f64::from(i * i % 7)).collect();
/// let g = stoquant_exact::analysis::gamma(&[&chain])?;
/// println!("{} ± {}, τ_int = {}", g.value, g.error, g.tau_int);
/// # Ok::<(), stoquant_exact::analysis::AnalysisError>(())
/// ```
pub fn gamma(replicas: &[&[f64]]) -> Result<Gamma, AnalysisError> {
    check(replicas, MIN_LENGTH)?;
    let value = total_mean(replicas);
    let deltas = replicas.iter().map(|r| r.iter().map(|a| a - value).collect()).collect();
    let means: Vec<f64> = replicas.iter().map(|r| mean(r)).collect();
    Ok(assess(value, &means, deltas, value.abs()))
}

/// Γ-method for f(means of the primary observables): `primaries[α][replica][measurement]`.
///
/// The gradient is taken by central differences over a sixteenth of the naive standard error of each mean: where the
/// terms of an effective mass cancel, the curvature of f over a whole error would count. Where f is not defined at the
/// means of each replica, its bias is not removed.
pub fn gamma_derived(primaries: &[&[&[f64]]], f: impl Fn(&[f64]) -> f64) -> Result<Gamma, AnalysisError> {
    check_all(primaries, MIN_LENGTH)?;
    let evaluate = |means: &[f64]| {
        let value = f(means);
        if value.is_finite() { Ok(value) } else { Err(AnalysisError::Undefined { means: means.to_vec() }) }
    };
    let lengths: Vec<usize> = primaries[0].iter().map(|r| r.len()).collect();
    let n = lengths.iter().sum::<usize>() as f64;
    let means: Vec<f64> = primaries.iter().map(|p| total_mean(p)).collect();
    let value = evaluate(&means)?;

    let mut deltas: Vec<Vec<f64>> = lengths.iter().map(|&l| vec![0.0; l]).collect();
    let mut scale = value.abs();
    for (alpha, replicas) in primaries.iter().enumerate() {
        let square: f64 = replicas.iter().flat_map(|r| r.iter()).map(|a| (a - means[alpha]).powi(2)).sum();
        let h = square.sqrt() / (16.0 * n);
        let at = |shift: f64| {
            let mut shifted = means.clone();
            shifted[alpha] += shift;
            Ok((evaluate(&shifted)?, shifted[alpha]))
        };
        let ((up, x_up), (down, x_down)) = (at(h)?, at(-h)?);
        if x_up <= x_down {
            continue; // constant to rounding: contributes no fluctuation
        }
        let gradient = (up - down) / (x_up - x_down);
        scale = scale.max((gradient * means[alpha]).abs());
        for (delta, replica) in deltas.iter_mut().zip(replicas.iter()) {
            for (d, a) in delta.iter_mut().zip(replica.iter()) {
                *d += gradient * (a - means[alpha]);
            }
        }
    }
    let replica_values = (0..lengths.len())
        .map(|r| evaluate(&primaries.iter().map(|p| mean(p[r])).collect::<Vec<_>>()))
        .collect::<Result<Vec<_>, _>>();
    Ok(assess(value, &replica_values.unwrap_or_default(), deltas, scale))
}

fn total_mean(replicas: &[&[f64]]) -> f64 {
    let n: usize = replicas.iter().map(|r| r.len()).sum();
    replicas.iter().flat_map(|r| r.iter()).sum::<f64>() / n as f64
}

/// From the deviations of a (projected) observable to its error; `values` are those of the replicas, where each has
/// one, `scale` is the magnitude whose rounding bounds what may count as a fluctuation.
fn assess(value: f64, values: &[f64], deltas: Vec<Vec<f64>>, scale: f64) -> Gamma {
    let replicas = deltas.len();
    let measurements: usize = deltas.iter().map(Vec::len).sum();
    let n = measurements as f64;
    let t_max = longest_time(&deltas);
    // Most windows are short, and then the plain sum is faster than the transform.
    let mut gamma = autocovariance(&deltas, t_max.min(SHORT));

    // Rounding of the mean and of the difference quotient: ε √N of the values involved.
    if gamma[0].sqrt() <= 4.0 * f64::EPSILON * n.sqrt() * scale {
        return Gamma {
            value,
            error: 0.0,
            error_of_error: 0.0,
            tau_int: 0.5,
            tau_int_error: f64::NAN,
            window: 0,
            rho: vec![1.0],
            measurements,
            replica_q: None,
            status: Status::Constant,
        };
    }

    let (mut window, mut closed) = find_window(&gamma, n);
    if !closed && t_max > SHORT {
        gamma = autocovariance(&deltas, t_max);
        (window, closed) = find_window(&gamma, n);
    }
    let mut c = sum(&gamma, window);
    let mut status = if closed && enough(n, window) { Status::Converged } else { Status::TooCorrelated };
    if c <= 0.0 || status == Status::TooCorrelated && anticorrelated(&gamma) {
        (window, c) = (0, gamma[0]);
        // With fewer, negative correlations may be chance.
        status = if enough(n, 1) { Status::Anticorrelated } else { Status::TooCorrelated };
    }
    let bias = c / n;
    gamma.iter_mut().for_each(|g| *g += bias);
    c = sum(&gamma, window);

    let tau_int = c / (2.0 * gamma[0]);
    let error = (c / n).sqrt();
    let w = window as f64;
    let (mut corrected, mut replica_q) = (value, None);
    if replicas > 1 && values.len() == replicas {
        let weighted =
            |g: &dyn Fn(f64) -> f64| deltas.iter().zip(values).map(|(d, &v)| d.len() as f64 * g(v)).sum::<f64>();
        let average = weighted(&|v| v) / n;
        corrected = value - (average - value) / (replicas as f64 - 1.0);
        let chi2 = weighted(&|v| (v - average).powi(2)) / c;
        replica_q = Some(stats::chi2_sf(chi2, replicas as f64 - 1.0));
    }
    let shown = (4 * window).max(16).min(gamma.len() - 1);
    Gamma {
        value: corrected,
        error,
        error_of_error: error * ((w + 0.5) / n).sqrt(),
        tau_int,
        // Eq. (42) has no floor: without a window it would be an error of 0.
        tau_int_error: match status {
            Status::Converged => 2.0 * tau_int * ((w + 0.5 - tau_int).max(0.5) / n).sqrt(),
            _ => f64::NAN,
        },
        window,
        rho: gamma[..=shown].iter().map(|g| g / gamma[0]).collect(),
        measurements,
        replica_q,
        status,
    }
}

/// The longest time of an autocorrelation: half of the longest replica.
pub(super) fn longest_time(deltas: &[Vec<f64>]) -> usize {
    deltas.iter().map(Vec::len).max().unwrap_or(0) / 2
}

/// C(W).
pub(super) fn sum(gamma: &[f64], window: usize) -> f64 {
    gamma[0] + 2.0 * gamma[1..=window].iter().sum::<f64>()
}

/// Whether n measurements are enough for a window.
pub(super) fn enough(n: f64, window: usize) -> bool {
    n >= MIN_WINDOWS * (2 * window + 1) as f64
}

/// Whether the summed correlations, ½(C(W) + C(W+1)) lest they alternate, stay below the variance at all times.
fn anticorrelated(gamma: &[f64]) -> bool {
    let mut c = gamma[0];
    gamma.len() > 1
        && gamma[1..].iter().all(|g| {
            let middle = c + g;
            c = middle + g;
            middle <= gamma[0]
        })
}

/// First W at which the estimated total error stops falling, and whether there is one. Replicas of one measurement each
/// are independent.
pub(super) fn find_window(gamma: &[f64], n: f64) -> (usize, bool) {
    let mut excess = 0.0; // τ_int(W) - ½, of the moduli
    for w in 1..gamma.len() {
        excess += (gamma[w] / gamma[0]).abs();
        let tau = S / (1.0 / excess).ln_1p();
        let w_real = w as f64;
        if (-w_real / tau).exp() < tau / (w_real * n).sqrt() {
            return (w, true);
        }
    }
    (gamma.len() - 1, gamma.len() == 1)
}

/// `Γ(t) = Σ_r Σ_i δ_i δ_{i+t} / Σ_r (n_r - t)`, over the replicas with n_r > t, for t = 0..=t_max.
pub(super) fn autocovariance(deltas: &[Vec<f64>], t_max: usize) -> Vec<f64> {
    let mut gamma = vec![0.0; t_max + 1];
    let mut planner = FftPlanner::new();
    for delta in deltas {
        if t_max <= SHORT || delta.len() * t_max <= 1 << 14 {
            add_products(delta, &mut gamma);
        } else {
            add_products_fft(delta, &mut gamma, &mut planner);
        }
    }
    // n_r in falling order: those beyond t come first, and each time leaves out the ones that end before it.
    let mut lengths: Vec<usize> = deltas.iter().map(Vec::len).collect();
    lengths.sort_unstable_by(|a, b| b.cmp(a));
    let (mut count, mut total) = (lengths.len(), lengths.iter().sum::<usize>());
    for (t, g) in gamma.iter_mut().enumerate() {
        while count > 0 && lengths[count - 1] <= t {
            count -= 1;
            total -= lengths[count];
        }
        *g /= (total - count * t).max(1) as f64;
    }
    gamma
}

fn add_products(delta: &[f64], gamma: &mut [f64]) {
    for (t, g) in gamma.iter_mut().enumerate() {
        *g += delta.iter().zip(delta.get(t..).unwrap_or_default()).map(|(a, b)| a * b).sum::<f64>();
    }
}

/// Adds the products of a series to Γ by Wiener–Khinchin, zero-padded so that the correlation does not wrap around.
fn add_products_fft(delta: &[f64], gamma: &mut [f64], planner: &mut FftPlanner<f64>) {
    let size = (delta.len() + gamma.len()).next_power_of_two();
    let mut buffer: Vec<_> = delta.iter().map(|&d| Complex::new(d, 0.0)).collect();
    buffer.resize(size, Complex::new(0.0, 0.0));
    planner.plan_fft_forward(size).process(&mut buffer);
    buffer.iter_mut().for_each(|a| *a = Complex::new(a.norm_sqr(), 0.0));
    planner.plan_fft_inverse(size).process(&mut buffer);
    for (g, product) in gamma.iter_mut().zip(&buffer) {
        *g += product.re / size as f64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::series::ar1;

    /// The transform equals the plain sum; rounding is ε log₂(size) of Γ(0).
    #[test]
    fn fft_equals_direct_sum() {
        let delta = ar1(0.9, 3001, 1);
        let (mut direct, mut fft) = (vec![0.0; 1501], vec![0.0; 1501]);
        add_products(&delta, &mut direct);
        add_products_fft(&delta, &mut fft, &mut FftPlanner::new());
        for (a, b) in direct.iter().zip(&fft) {
            assert!((a - b).abs() < 1e-13 * direct[0], "{a} {b}");
        }
    }

    /// τ_int and error of AR(1) against the exact law, in two unequal replicas, alternating correlations included.
    /// Bounds of 4.9 standard errors, two-sided 1e-6 each for a Gaussian, beside the truncated tail, known exactly.
    #[test]
    fn ar1_has_its_exact_autocorrelation_time() {
        for (rho, seed) in [(0.0_f64, 11), (0.5, 12), (0.9, 13), (0.97, 14), (-0.3, 15)] {
            let (a, b) = (ar1(rho, 120_000, seed), ar1(rho, 80_000, seed + 100));
            let g = gamma(&[&a, &b]).unwrap();
            let tau = 0.5 * (1.0 + rho) / (1.0 - rho);
            let error = (2.0 * tau / 200_000.0_f64).sqrt();
            let tail = rho.abs().powi(g.window as i32 + 1) / (1.0 - rho) / tau;
            assert_eq!(g.status, Status::Converged);
            assert!(tail < 0.02, "{rho} {g:?}");
            assert!((g.tau_int - tau).abs() < 4.9 * g.tau_int_error + tail * tau, "{rho} {g:?}");
            assert!((g.error - error).abs() < 4.9 * g.error_of_error + tail * error, "{rho} {g:?}");
            assert!(g.z(0.0).abs() < 4.9, "{rho} {g:?}");
            // Var ρ(t) ≤ 2τ_int of the products/N.
            let spread = (2.0 * (0.5 + tau) / 200_000.0).sqrt();
            assert!((g.rho[1] - rho).abs() < 4.9 * spread, "{rho} {g:?}");
        }
    }

    /// Pulls (mean - exact)/error over 1000 short series: unit variance within 4.9 √(2/1000), plus the O(W/N) = 6%
    /// excess of a t distribution with dof = N/(2W+1) ≈ 30.
    #[test]
    fn pulls_have_unit_variance() {
        let f = |means: &[f64]| means[0] / (2.0 + means[1]);
        let (mut primary, mut derived) = (0.0, 0.0);
        for seed in 0..1000 {
            let (a, b) = (ar1(0.6, 500, 2 * seed), ar1(0.8, 500, 2 * seed + 1));
            let shifted: Vec<f64> = a.iter().map(|a| a + 1.0).collect();
            let g = gamma(&[&a]).unwrap();
            primary += (g.value / g.error).powi(2);
            let g = gamma_derived(&[&[&shifted], &[&b]], f).unwrap();
            derived += ((g.value - 0.5) / g.error).powi(2);
        }
        let tolerance = 4.9 * (2.0_f64 / 1000.0).sqrt() + 0.06;
        assert!((primary / 1000.0 - 1.0).abs() < tolerance, "{primary}");
        assert!((derived / 1000.0 - 1.0).abs() < tolerance, "{derived}");
    }

    /// f = identity gives the primary analysis; the quotient's rounding is ε ā √N/σ.
    #[test]
    fn derived_identity_is_primary() {
        let (a, b) = (ar1(0.7, 400, 5), ar1(0.7, 300, 6));
        let (p, d) = (gamma(&[&a, &b]).unwrap(), gamma_derived(&[&[&a, &b]], |m| m[0]).unwrap());
        assert!((p.value - d.value).abs() < 1e-13 && (p.error / d.error - 1.0).abs() < 1e-10);
        assert_eq!(p.window, d.window);
    }

    /// For f = ā² over R replicas the correction is exact up to fluctuations: ⟨f⟩ = 0 while the uncorrected bias is
    /// error². Mean over 2000 trials; each fluctuates by √2 error² · O(1), so 4.9 · 2/√2000 = 0.22 of the bias.
    #[test]
    fn bias_of_a_square_is_removed() {
        let (mut corrected, mut bias) = (0.0, 0.0);
        for seed in 0..2000 {
            let chains: Vec<_> = (0..4).map(|r| ar1(0.3, 50, 4 * seed + r)).collect();
            let replicas: Vec<&[f64]> = chains.iter().map(Vec::as_slice).collect();
            corrected += gamma_derived(&[&replicas], |m| m[0] * m[0]).unwrap().value;
            bias += total_mean(&replicas).powi(2);
        }
        assert!((corrected / bias).abs() < 0.22, "{corrected} {bias}");
    }

    /// A short replica beside a long one, at its start or its end: τ of the long one, within what 24 numbers in 50 000
    /// can do (their share of N, and of the mean).
    #[test]
    fn a_short_replica_changes_nothing() {
        // τ = 50.
        let rho = 99.0 / 101.0;
        let long = ar1(rho, 50_000, 21);
        let alone = gamma(&[&long]).unwrap();
        assert!((alone.tau_int - 50.0).abs() < 4.9 * alone.tau_int_error, "{alone:?}");
        for length in [1, 2, 12, 24] {
            let short = ar1(rho, length, 22);
            for replicas in [[&long[..], &short], [&short, &long[..]]] {
                let g = gamma(&replicas).unwrap();
                assert_eq!((g.status, g.measurements), (Status::Converged, 50_000 + length));
                assert!((g.tau_int / alone.tau_int - 1.0).abs() < 0.02, "{length}: {} {}", g.tau_int, alone.tau_int);
                assert!((g.error / alone.error - 1.0).abs() < 0.01, "{length}: {} {}", g.error, alone.error);
            }
        }
        // Chains of one measurement each are independent: the error is that of their scatter.
        let x = ar1(0.0, 400, 23);
        let single: Vec<&[f64]> = x.chunks(1).collect();
        let g = gamma(&single).unwrap();
        let naive = (x.iter().map(|x| (x - g.value).powi(2)).sum::<f64>() / (399.0 * 400.0)).sqrt();
        assert_eq!((g.status, g.window), (Status::Converged, 0));
        assert!((g.error / naive - 1.0).abs() < 1e-3 && g.tau_int_error > 0.0, "{g:?} {naive}");
    }

    /// What is too short is said to be, or has an honest error: over 500 series of ten, of τ = ½ to 50, no error of
    /// τ_int is 0.
    #[test]
    fn ten_measurements_give_no_error_of_zero() {
        for seed in 0..500 {
            let g = gamma(&[&ar1([0.0, 0.9, 99.0 / 101.0][seed as usize % 3], 10, 300 + seed)]).unwrap();
            assert_eq!(g.status, Status::TooCorrelated, "{seed} {g:?}");
            assert!(g.tau_int_error.is_nan());
        }
    }

    /// Period 2, alone and under noise: the error is the upper bound that uncorrelated data have, and no longer series
    /// is asked for.
    #[test]
    fn alternating_series_are_anticorrelated() {
        for noise in [0.0, 0.1] {
            let x: Vec<f64> =
                ar1(0.0, 1000, 31).iter().enumerate().map(|(i, x)| noise * x + [1.0, -1.0][i % 2]).collect();
            let g = gamma(&[&x]).unwrap();
            assert_eq!(g.status, Status::Anticorrelated, "{g:?}");
            let bound = ((1.0 + noise * noise) / 1000.0).sqrt();
            assert!((g.error / bound - 1.0).abs() < 0.01 && g.tau_int == 0.5 && g.tau_int_error.is_nan(), "{g:?}");
        }
        // With a slow mode beside it, it is not.
        let slow: Vec<f64> = ar1(0.999, 1000, 32).iter().enumerate().map(|(i, x)| x + [1.0, -1.0][i % 2]).collect();
        assert_eq!(gamma(&[&slow]).unwrap().status, Status::TooCorrelated);
    }

    #[test]
    fn special_series() {
        let g = gamma(&[&[0.1; 50]]).unwrap();
        assert_eq!((g.error, g.tau_int, g.status), (0.0, 0.5, Status::Constant));
        assert!((g.value - 0.1).abs() < 1e-15 && g.tau_int_error.is_nan());

        // Differences of a bounded series: C = 0 up to its ends.
        let x = ar1(0.0, 1001, 2);
        let differences: Vec<f64> = x.windows(2).map(|x| x[1] - x[0]).collect();
        let g = gamma(&[&differences]).unwrap();
        let bound = (2.0_f64 / 1000.0).sqrt();
        assert!(g.error > 0.0 && g.error < 1.2 * bound, "{g:?}");

        let drift: Vec<f64> = (0..100).map(f64::from).collect();
        let stuck = [vec![1.0; 50], vec![2.0; 50]];
        assert_eq!(gamma(&[&stuck[0], &stuck[1]]).unwrap().status, Status::TooCorrelated);
        assert!(gamma(&[&drift]).unwrap().tau_int > 5.0);

        let x = ar1(0.5, 100, 3);
        let zero = gamma_derived(&[&[&x], &[&x]], |m| m[0] - m[1]).unwrap();
        assert_eq!((zero.value, zero.error, zero.status), (0.0, 0.0, Status::Constant));
    }

    /// Three terms of an effective mass that share 10% of noise, of which little is left in the mass: the error is that
    /// of the exact gradient.
    #[test]
    fn terms_that_cancel_have_their_error() {
        let (noise, own) = (ar1(0.5, 400, 21), [ar1(0.0, 400, 22), ar1(0.0, 400, 23), ar1(0.0, 400, 24)]);
        let series = |at: f64, own: &[f64]| -> Vec<f64> {
            noise.iter().zip(own).map(|(g, e)| (0.2 * at).cosh() * (1.0 + 0.1 * g + 1e-3 * e)).collect()
        };
        let c = [series(-1.0, &own[0]), series(0.0, &own[1]), series(1.0, &own[2])];
        let mass = |m: &[f64]| (0.5 * (m[0] + m[2]) / m[1]).acosh();
        let found = gamma_derived(&[&[&c[0]], &[&c[1]], &[&c[2]]], mass).unwrap();
        let means = c.each_ref().map(|c| mean(c));
        let u = 0.5 * (means[0] + means[2]) / means[1];
        let slope = 1.0 / (u * u - 1.0).sqrt();
        let gradient = [slope / (2.0 * means[1]), -slope * u / means[1], slope / (2.0 * means[1])];
        let projected: Vec<f64> = (0..400).map(|i| (0..3).map(|a| gradient[a] * c[a][i]).sum()).collect();
        let exact = gamma(&[&projected]).unwrap();
        assert!((found.error / exact.error - 1.0).abs() < 0.01, "{} {}", found.error, exact.error);
        assert!(exact.error < 0.02 * found.value, "{exact:?}");
    }

    /// ln of means of which one replica has a negative one: the value is that of all, without the correction for bias.
    #[test]
    fn undefined_in_a_replica() {
        let x: Vec<f64> = ar1(0.5, 1000, 31).iter().map(|a| a + 3.0).collect();
        let y: Vec<f64> = ar1(0.5, 50, 32).iter().map(|a| a - 1.0).collect();
        let found = gamma_derived(&[&[&x, &y]], |m| m[0].ln()).unwrap();
        let all = gamma(&[&x, &y]).unwrap();
        let average = total_mean(&[&x, &y]);
        assert_eq!((found.value, found.replica_q), (average.ln(), None));
        assert!((found.error * average / all.error - 1.0).abs() < 1e-3, "{} {}", found.error, all.error);
    }

    #[test]
    fn bad_input_is_named() {
        let x = ar1(0.5, 100, 3);
        assert_eq!(gamma(&[]), Err(AnalysisError::NoData));
        let short = AnalysisError::TooShort { measurements: 9, minimum: MIN_LENGTH };
        assert_eq!(gamma(&[&x[..5], &x[..4]]), Err(short));
        assert_eq!(gamma(&[&x, &[]]), Err(AnalysisError::Empty { replica: 1 }));
        let mut bad = x.clone();
        bad[7] = f64::NAN;
        assert_eq!(gamma(&[&bad]), Err(AnalysisError::NotFinite { replica: 0, index: 7 }));
        let unequal = gamma_derived(&[&[&x], &[&x[1..]]], |m| m[0] / m[1]);
        assert!(matches!(unequal, Err(AnalysisError::UnequalLengths { length: 99, expected: 100, .. })));
        let log = gamma_derived(&[&[&[-1.0; 20]]], |m| m[0].ln());
        assert!(matches!(log, Err(AnalysisError::Undefined { .. })));
    }
}
