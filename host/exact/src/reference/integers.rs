//! The fixed-point datapath by its table of widths, one integer formula after the other.
//!
//! ```text
//! u   = rndnu(φ² / 2^(W-1))
//! d   = sat(rndnu((k_a - k_c·u) / 2^(W-5)))
//! acc = φ·2^(W+3) + k_n·Σ + 4φ·d + 16k_s·η
//! φ'  = sat(rndnu(acc / 2^(W+3))),   rndnu(x) = ⌊x + ½⌋,  sat to ±(2^(W-1) - 1), counted
//! ```
//!
//! With floor divisions instead of shifts, in `i64`, which the sums leave twenty bits of room (below 2^44 for W = 18).

use super::action::neighbour;
use stoquant_model::Phi4;

/// Coefficients of a W-bit update as integers.
#[derive(Clone, Copy, Debug)]
pub struct Datapath {
    width: u32,
    hop: i64,
    linear: i64,
    cubic: i64,
    sigma: i64,
}

impl Datapath {
    /// From couplings and step as an engine reports them, which its coefficients determine; `sigma` is √(2ε), or √(ε/2)
    /// for Leimkuhler–Matthews.
    pub fn new(width: u32, c: &Phi4, eps: f64, sigma: f64) -> Self {
        let integer = |value: f64, fraction: u32| (value * f64::from(fraction).exp2()).round() as i64;
        Self {
            width,
            hop: integer(2.0 * c.kappa * eps, width + 3),
            linear: integer(-2.0 * c.b * eps, 2 * width - 4),
            cubic: integer(4.0 * c.lambda * eps, width + 3),
            sigma: integer(sigma, width - 1),
        }
    }

    /// Largest integer of the field.
    pub fn max(&self) -> i64 {
        (1 << (self.width - 1)) - 1
    }

    /// ⌊x/2^shift + ½⌋ into ±max, counted.
    fn round(&self, x: i64, shift: u32, clipped: &mut u64) -> i64 {
        let nearest = (2 * x + (1 << shift)).div_euclid(1 << (shift + 1));
        let inside = nearest.clamp(-self.max(), self.max());
        *clipped += u64::from(inside != nearest);
        inside
    }

    /// φ·2^(W+3) + εK + ση of a site, before any rounding of the field.
    pub fn accumulate(&self, phi: i64, sum: i64, eta: i64, clipped: &mut u64) -> i64 {
        let w = self.width;
        let u = self.round(phi * phi, w - 1, &mut 0);
        let d = self.round(self.linear - self.cubic * u, w - 5, clipped);
        phi * (1 << (w + 3)) + self.hop * sum + 4 * phi * d + 16 * self.sigma * eta
    }

    /// The update of every site.
    fn field(&self, phi: &[i64], extents: &[usize], eta: &[i64], clipped: &mut u64) -> Vec<i64> {
        let site = |x: usize| {
            let around = |mu| [1, extents[mu] - 1].map(|distance| phi[neighbour(x, mu, distance, extents)]);
            let sum = (0..extents.len()).flat_map(around).sum();
            self.accumulate(phi[x], sum, eta[x], clipped)
        };
        (0..phi.len()).map(site).collect()
    }

    /// Euler's step; with the sum of two noises, that of Leimkuhler–Matthews.
    pub fn euler(&self, phi: &[i64], extents: &[usize], eta: &[i64], clipped: &mut u64) -> Vec<i64> {
        let acc = self.field(phi, extents, eta, clipped);
        acc.iter().map(|&acc| self.round(acc, self.width + 3, clipped)).collect()
    }

    /// Heun's step: half of the old field and of Euler's step from the predicted one.
    pub fn heun(&self, phi: &[i64], extents: &[usize], eta: &[i64], clipped: &mut u64) -> Vec<i64> {
        let y = self.euler(phi, extents, eta, clipped);
        let acc = self.field(&y, extents, eta, clipped);
        let unit = 1 << (self.width + 3);
        acc.iter().zip(phi).map(|(acc, phi)| self.round(acc + phi * unit, self.width + 4, clipped)).collect()
    }

    /// Whether the accumulator lies halfway between two values of the field.
    pub fn tie(&self, acc: i64) -> bool {
        acc.rem_euclid(1 << (self.width + 3)) == 1 << (self.width + 2)
    }
}
