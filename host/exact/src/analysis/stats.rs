//! Tail probabilities that stay accurate far out, where a claim of error 1e-9 lives.
//!
//! Every tail is computed as a tail, never as 1 - CDF: relative error ≤ 1e-11 down to 1e-300 (tests below).
//! The normal tails go through the incomplete gamma function, since erfc of statrs 0.19 is only good to 1e-10.

use std::f64::consts::{SQRT_2, TAU};

use statrs::function::{beta::beta_reg, erf, gamma::gamma_ur};

/// `P(Z > z)` for a standard normal Z: `½ erfc(z/√2)`.
pub fn normal_sf(z: f64) -> f64 {
    let tail = 0.5 * two_sided(z);
    if z < 0.0 { 1.0 - tail } else { tail }
}

/// Two-sided `p = P(|Z| > |z|) = erfc(|z|/√2) = Q(½, z²/2)`.
pub fn two_sided(z: f64) -> f64 {
    chi2_sf(z * z, 1.0)
}

/// The z ≥ 0 with two-sided probability p; infinite at p = 0, NaN outside [0, 1].
pub fn z_from_two_sided(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    let z = SQRT_2 * erf::erfc_inv(p);
    // One Newton step in ln p, of slope -2 × density/p, squares the error 1e-10 of erfc_inv.
    let (q, density) = (two_sided(z), (-0.5 * z * z).exp() / TAU.sqrt());
    let step = (q / p).ln() * q / (2.0 * density);
    if step.is_finite() { (z + step).max(0.0) } else { z }
}

/// `P(χ² > x)` with `dof` degrees of freedom: the regularised upper incomplete gamma function Q(dof/2, x/2).
/// NaN if `dof` is not positive.
pub fn chi2_sf(x: f64, dof: f64) -> f64 {
    if x.is_nan() || dof.is_nan() || dof <= 0.0 {
        f64::NAN
    } else if x <= 0.0 {
        1.0
    } else if x.is_infinite() {
        0.0
    } else {
        gamma_ur(dof / 2.0, x / 2.0)
    }
}

/// `P(F > f)` for Fisher's F with a and b degrees of freedom: `I_{b/(b+af)}(b/2, a/2)`; χ² of a for b above 10^6. NaN
/// for f < 0.
pub fn fisher_sf(f: f64, a: f64, b: f64) -> f64 {
    if !(f >= 0.0 && a > 0.0 && b > 0.0) {
        return f64::NAN;
    }
    if b > 1e6 { chi2_sf(a * f, a) } else { beta_reg(0.5 * b, 0.5 * a, b / (b + a * f)) }
}

/// Two-sided `P(|T| > |t|)` for Student's t: `I_{ν/(ν+t²)}(ν/2, ½)`; above ν = 1000 through [`student_to_z`].
pub fn student_two_sided(t: f64, dof: f64) -> f64 {
    if dof > HILL {
        return two_sided(hill(t, dof));
    }
    if t.is_nan() || dof.is_nan() || dof <= 0.0 {
        return f64::NAN;
    }
    if t.is_infinite() {
        return 0.0;
    }
    let ratio = t / dof.sqrt();
    beta_reg(dof / 2.0, 0.5, 1.0 / (1.0 + ratio * ratio))
}

/// The standard normal deviate with the tail probability of Student's t: `P(|Z| > |z|) = P(|T| > |t|)`, sign kept.
///
/// Use it wherever an error was itself estimated: a "5σ" of four replicas is only z = 2.4. Where p underflows the
/// expansion of G. W. Hill, Commun. ACM 13 (1970) 617, Algorithm 395, takes over, good to 1e-9 above ν = 1000.
pub fn student_to_z(t: f64, dof: f64) -> f64 {
    if t.is_nan() || dof.is_nan() || dof <= 0.0 {
        return f64::NAN;
    }
    if t.is_infinite() {
        return t;
    }
    let p = if dof > HILL { 0.0 } else { student_two_sided(t, dof) };
    let z = if p > 1e-290 { z_from_two_sided(p) } else { hill(t, dof) };
    z.copysign(t)
}

/// Student's t with the tail probability of a standard normal deviate: the inverse of [`student_to_z`], to 1e-12.
pub fn z_to_student(z: f64, dof: f64) -> f64 {
    if dof.is_infinite() || !z.is_finite() || dof.is_nan() || dof <= 0.0 {
        return if dof > 0.0 { z } else { f64::NAN };
    }
    // t grows with z, and lies above it.
    let (mut low, mut high) = (z.abs(), 2.0 * z.abs());
    while student_to_z(high, dof) < z.abs() {
        (low, high) = (high, 2.0 * high);
    }
    while high - low > 1e-12 * high {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if student_to_z(middle, dof) < z.abs() { low = middle } else { high = middle }
    }
    high.copysign(z)
}

/// The shift, in standard errors, that a two-sided t test at level `alpha` finds with a probability whose normal
/// quantile is `z_power`: δ with `P(T' ≤ t) ≈ Φ((t(1 - 1/4ν) - δ)/√(1 + t²/2ν))` for the non-central T'. `z_α +
/// z_power` at ν = ∞.
///
/// Source: M. Abramowitz, I. A. Stegun, Handbook of Mathematical Functions (1964), eq. 26.7.10.
pub fn detectable(alpha: f64, z_power: f64, dof: f64) -> f64 {
    let t = z_to_student(z_from_two_sided(alpha), dof);
    t * (1.0 - 0.25 / dof) + z_power * (1.0 + t * t / (2.0 * dof)).sqrt()
}

/// `P(D ≥ d)` for the Kolmogorov–Smirnov distance of n values: the limit `2 Σ_k (-1)^{k-1} e^{-2k²nd²}`.
///
/// Its first term alone bounds the tail at any n (P. Massart, Ann. Probab. 18 (1990) 1269), so far out it gives no more
/// false alarms than it says.
pub fn kolmogorov_sf(d: f64, n: usize) -> f64 {
    let x = 2.0 * n as f64 * d * d;
    if x.is_nan() {
        return f64::NAN;
    }
    // Below it, 1 to 1e-9, and the series converges badly.
    if x < 0.1 {
        return 1.0;
    }
    (1..=20).map(|k| 2.0 * if k % 2 == 1 { 1.0 } else { -1.0 } * (-f64::from(k * k) * x).exp()).sum::<f64>().min(1.0)
}

/// `P(X ≤ k)` of n trials that succeed with probability p: `I_{1-p}(n-k, k+1)`.
pub fn binomial_cdf(k: usize, n: usize, p: f64) -> f64 {
    if k >= n { 1.0 } else { beta_reg((n - k) as f64, k as f64 + 1.0, 1.0 - p) }
}

/// Two-sided probability of a binomial count, twice the smaller tail.
pub fn binomial_two_sided(k: usize, n: usize, p: f64) -> f64 {
    let below = binomial_cdf(k, n, p);
    let above = if k == 0 { 1.0 } else { beta_reg(k as f64, (n - k) as f64 + 1.0, p) };
    (2.0 * below.min(above)).min(1.0)
}

/// Above it Hill's expansion is more accurate than the continued fraction of the beta function.
const HILL: f64 = 1000.0;

/// Hill's expansion of |z| in 1/ν.
fn hill(t: f64, dof: f64) -> f64 {
    if dof.is_infinite() {
        return t.abs();
    }
    let a = dof - 0.5;
    let b = 48.0 * a * a;
    let ratio = t.abs() / dof.sqrt();
    // ln(1 + t²/ν), without overflow of the square.
    let y = a * if ratio > 1e100 { 2.0 * ratio.ln() } else { (ratio * ratio).ln_1p() };
    let tail = (((-0.4 * y - 3.3) * y - 24.0) * y - 85.5) / (0.8 * y * y + 100.0 + b);
    ((tail + y + 3.0) / b + 1.0) * y.sqrt()
}

/// Bonferroni: the level at which each of `tests` tests keeps the family's false-alarm rate below `alpha`.
pub fn bonferroni(alpha: f64, tests: usize) -> f64 {
    alpha / tests.max(1) as f64
}

/// The |z| above which one of `tests` two-sided tests rejects at family level `alpha` (Bonferroni).
pub fn z_threshold(alpha: f64, tests: usize) -> f64 {
    z_from_two_sided(bonferroni(alpha, tests))
}

/// Holm's step-down: the level that each of the hypotheses with probabilities `p` is tested at, for a family level
/// `alpha`.
///
/// The k-th smallest p is compared with `alpha/(n-k)`, k = 0, 1, …, up to the first that passes, whose level the rest
/// share; needs no independence. Source: S. Holm, Scand. J. Statist. 6 (1979) 65.
pub fn holm_levels(p: &[f64], alpha: f64) -> Vec<f64> {
    let key = |i: &usize| if p[*i].is_nan() { -1.0 } else { p[*i] };
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|i, j| key(i).total_cmp(&key(j)));
    let mut levels = vec![0.0; p.len()];
    let mut rejected = 0;
    for (k, i) in order.iter().enumerate() {
        levels[*i] = bonferroni(alpha, p.len() - rejected);
        // Once one has passed, k stays ahead of the count: no later one is rejected.
        if rejected == k && key(i) <= levels[*i] {
            rejected += 1;
        }
    }
    levels
}

/// Which hypotheses [`holm_levels`] rejects. A NaN counts as rejected.
pub fn holm(p: &[f64], alpha: f64) -> Vec<bool> {
    // Not `p <= level`: a NaN is rejected.
    p.iter().zip(holm_levels(p, alpha)).map(|(&p, level)| p.is_nan() || p <= level).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64, relative: f64) {
        assert!((a - b).abs() <= relative * b.abs(), "{a:e} {b:e}");
    }

    /// `erfc(z/√2)/2` by mpmath 1.3 at 40 digits, rounded. Rounding the argument of exp(-z²/2) costs ε z²/2 ≤ 2e-13.
    #[test]
    fn normal_tails() {
        for (z, sf) in [
            (0.5, 0.3085375387259869),
            (1.0, 0.15865525393145705),
            (3.0, 0.0013498980316300945),
            (5.0, 2.866515718791939e-7),
            (6.1, 5.303423262948842e-10),
            (10.0, 7.619853024160526e-24),
            (20.0, 2.7536241186062337e-89),
            (37.0, 5.725571222524577e-300),
        ] {
            close(normal_sf(z), sf, 1e-12);
            close(two_sided(-z), 2.0 * sf, 1e-12);
            // δz = δp/(p z): better conditioned than p.
            close(z_from_two_sided(2.0 * sf), z, 1e-13);
        }
        assert_eq!(two_sided(0.0), 1.0);
        assert_eq!(z_from_two_sided(1.0), 0.0);
        assert_eq!(z_from_two_sided(0.0), f64::INFINITY);
        assert!(z_from_two_sided(1.5).is_nan());
    }

    #[test]
    fn chi2_tails() {
        // Even dof is a finite sum: Q(k, x) = e^{-x} Σ_{j<k} x^j/j!.
        for (x, k) in [(0.3, 1), (3.0, 2), (60.0, 5), (200.0, 40), (1300.0, 3), (1000.0, 300)] {
            let half: f64 = x / 2.0;
            let mut term = (-half).exp();
            let mut q = 0.0;
            for j in 0..k {
                q += term;
                term *= half / f64::from(j + 1);
            }
            close(chi2_sf(x, 2.0 * f64::from(k)), q, 1e-11);
        }
        // One degree of freedom is a squared normal.
        for z in [0.1, 1.0, 5.0, 30.0] {
            close(chi2_sf(z * z, 1.0), two_sided(z), 1e-11);
        }
        assert_eq!(chi2_sf(0.0, 3.0), 1.0);
        assert!(chi2_sf(1.0, 0.0).is_nan());
    }

    #[test]
    fn student_tails() {
        for t in [0.1_f64, 1.0, 4.0, 1e3, 1e8] {
            // ν = 1: (2/π) atan(1/t); ν = 2: 1 - t/√(2+t²) = 2/(r (r+t)) with r = √(2+t²).
            close(student_two_sided(t, 1.0), 2.0 / std::f64::consts::PI * (1.0 / t).atan(), 1e-11);
            let r = (2.0 + t * t).sqrt();
            close(student_two_sided(t, 2.0), 2.0 / (r * (r + t)), 1e-11);
        }
        // The two branches meet at ν = 1000, to the error of Hill's expansion.
        for t in [0.5, 3.0, 10.0, 30.0] {
            close(hill(t, HILL), student_to_z(t, HILL), 1e-9);
        }
        assert_eq!(student_to_z(-3.0, f64::INFINITY), -3.0);
        assert!(student_to_z(-1e200, 50.0) < -30.0);
        // p = 0.0153924 of the closed form (1 - (2/π)(θ + sin θ cos θ), θ = atan(5/√3)), z = 2.42301153 (mpmath).
        assert!((student_to_z(5.0, 3.0) - 2.42301153140161).abs() < 1e-12);
        assert!(student_to_z(f64::NAN, 3.0).is_nan());
    }

    /// The inverse, from a coin's toss to where a certificate lives.
    #[test]
    fn student_and_back() {
        for (z, dof) in [(0.3, 3.0), (2.576, 20.0), (-6.01, 12.5), (6.01, 400.0), (6.01, 5000.0)] {
            close(student_to_z(z_to_student(z, dof), dof), z, 1e-10);
        }
        assert_eq!(z_to_student(-4.0, f64::INFINITY), -4.0);
        assert_eq!(z_to_student(0.0, 7.0), 0.0);
        assert!(z_to_student(1.0, -1.0).is_nan());
    }

    /// A normal test at 5% with 90% power needs 1.959964 + 1.281552; with 20 degrees of freedom the t test's power at
    /// δ = 3.5 is P = ∫ P(|Z+δ| > t s) dP(s), integrated over the law of s here; the approximation is good to 0.003.
    #[test]
    fn power_of_a_t_test() {
        close(detectable(0.05, 1.2815515655446004, f64::INFINITY), 3.2415155498, 1e-9);
        let (dof, alpha) = (20.0_f64, 1e-3);
        let t = z_to_student(z_from_two_sided(alpha), dof);
        for z_power in [0.0, 1.0, 2.326] {
            let delta = detectable(alpha, z_power, dof);
            let (mut power, mut norm) = (0.0, 0.0);
            for i in 0..4000 {
                // s² = χ²/ν: density ∝ s^{ν-1} e^{-νs²/2}.
                let s = (f64::from(i) + 0.5) * 1e-3;
                let weight = ((dof - 1.0) * s.ln() - 0.5 * dof * s * s).exp();
                power += weight * (normal_sf(t * s - delta) + normal_sf(t * s + delta));
                norm += weight;
            }
            let expected = normal_sf(-z_power);
            assert!((power / norm - expected).abs() < 0.003, "{z_power}: {} {expected}", power / norm);
        }
    }

    #[test]
    fn distances_and_counts() {
        // Kolmogorov's own table: K(1.36) = 0.9505 at five per cent, K(1.63) = 0.9902 at one.
        assert!((kolmogorov_sf(1.36 / 10.0, 100) - 0.0494859).abs() < 1e-6);
        assert!((kolmogorov_sf(1.63 / 10.0, 100) - 0.0098464).abs() < 1e-6);
        assert_eq!(kolmogorov_sf(0.0, 100), 1.0);
        close(kolmogorov_sf(0.11, 1000), 2.0 * (-24.2f64).exp(), 1e-12);
        // Ten tosses of a coin: 1, 11, 56 of 1024.
        close(binomial_cdf(2, 10, 0.5), 56.0 / 1024.0, 1e-12);
        close(binomial_two_sided(2, 10, 0.5), 112.0 / 1024.0, 1e-12);
        close(binomial_two_sided(10, 10, 0.5), 2.0 / 1024.0, 1e-12);
        close(binomial_two_sided(0, 3, 0.99), 2e-6, 1e-9);
        assert_eq!(binomial_two_sided(5, 10, 0.5), 1.0);
    }

    #[test]
    fn families_of_tests() {
        close(two_sided(z_threshold(0.01, 20)), 0.0005, 1e-12);
        // Holm's own pattern: .01 ≤ .05/4, .013 ≤ .05/3, .03 > .05/2 stops, and .04 stays although ≤ .05.
        assert_eq!(holm(&[0.03, 0.01, 0.04, 0.013], 0.05), [false, true, false, true]);
        assert_eq!(holm(&[0.5, f64::NAN], 0.05), [false, true]);
        assert!(holm(&[], 0.05).is_empty());
        let levels = holm_levels(&[0.03, 0.01, 0.04, 0.013], 0.05);
        assert_eq!(levels, [0.05 / 2.0, 0.05 / 4.0, 0.05 / 2.0, 0.05 / 3.0]);
    }
}
