//! The standard normal distribution to a few units in the last place, far tail included.

use std::f64::consts::PI;

/// The density φ(x) of N(0,1).
#[must_use]
pub fn normal_density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
}

/// Q(x) = P(N(0,1) ≥ x) for x ≥ 0.
#[must_use]
pub fn normal_tail(x: f64) -> f64 {
    normal_density(x) * mills_ratio(x)
}

/// Mills' ratio Q(x)/φ(x), x ≥ 0, to a few units in the last place.
///
/// Below 1.2 Laplace's series √(π/2)·exp(x²/2) - Σ x^(2k+1)/(2k+1)!!, above it his continued fraction
/// 1/(x + 1/(x + 2/(x + …))), cut at depth n where the rest is (x + √(x² + 4n))/2. (Abramowitz, Stegun 26.2.11,
/// 26.2.14.)
fn mills_ratio(x: f64) -> f64 {
    if x < 1.2 {
        let (mut sum, mut term, mut odd) = (0.0, x, 1.0);
        while term > 1e-17 * sum {
            sum += term;
            odd += 2.0;
            term *= x * x / odd;
        }
        (PI / 2.0).sqrt() * (0.5 * x * x).exp() - sum
    } else {
        let depth = (10.0 + 300.0 / (x * x)).floor();
        let mut rest = 0.5 * (x + (x * x + 4.0 * depth).sqrt());
        let mut k = depth - 1.0;
        while k > 0.0 {
            rest = x + k / rest;
            k -= 1.0;
        }
        rest.recip()
    }
}

/// The x ≥ 0 with Q(x) = p, 0 < p ≤ ½, to a few units in the last place.
///
/// Newton's method for ln Q(x) = ln p, x ← x + ln(Q(x)/p)·Q(x)/φ(x). ln Q is concave and Q(x) ≤ ½exp(-x²/2), so from
/// x = √(-2 ln 2p) on, at or above the root, the steps only descend.
#[must_use]
pub fn normal_tail_inverse(p: f64) -> f64 {
    let mut x = (-2.0 * (2.0 * p).ln()).max(0.0).sqrt();
    for _ in 0..60 {
        let ratio = mills_ratio(x);
        let q = normal_density(x) * ratio;
        let next = (x + ((q - p) / p).ln_1p() * ratio).max(0.0);
        if next >= x {
            break;
        }
        x = next;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reference values from mpmath 1.3 with 40 digits.
    #[test]
    fn quantiles() {
        for (p, x) in QUANTILES {
            let found = normal_tail_inverse(p);
            assert!((found - x).abs() <= 1e-15 * x.max(0.5), "p = {p:e}: {found} is not {x}");
        }
    }

    const QUANTILES: [(f64, f64); 10] = [
        (0.5, 0.0),
        (1.1641532182693481e-10, 6.3379577545537895),
        (3.4924596548080444e-10, 6.166429517819751),
        (9.5367431640625e-07, 4.7630010342678135),
        (0.0003662109375, 3.377145906280853),
        (0.03125, 1.8627318674216515),
        (0.15625, 1.009990169249582),
        (0.25, 0.6744897501960817),
        (0.375, 0.31863936396437514),
        (0.49993896484375, 0.00015299244899961214),
    ];
}
