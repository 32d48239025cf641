//! Evolution of densities: implicit Euler steps.

use super::Generator;

/// One implicit Euler step of length `dt`: (1 - dt·L)P' = P.
///
/// The matrix has columns that sum to 1 (L conserves probability) and off-diagonal elements ≤ 0 (rates are ≥ 0: always
/// for Chang and Cooper's). Its diagonal is therefore strictly dominant: an M-matrix, whose inverse is non-negative and
/// has columns that sum to 1. So P' is positive and normalised at any `dt`. In fact (1 - dt·L)^{-1} = ∫₀^∞ e^{tL}
/// e^{-t/dt} dt/dt: the law at a random time of mean dt; the error in dt is of first order.
///
/// Elimination keeps this in floating point: the pivots are written d_i = e_i + dt·up_i, e_i = 1 + dt·down_{i-1}
/// e_{i-1}/d_{i-1}, and no number is ever subtracted (Grassmann, Taksar and Heyman, Oper. Res. 33 (1985) 1107). Each
/// component has a small *relative* error, far into the tails.
#[derive(Clone, Debug)]
pub struct Implicit {
    /// dt·up_i/d_i and dt·down_i.
    forward: Vec<f64>,
    backward: Vec<f64>,
    pivots: Vec<f64>,
}

impl Implicit {
    /// A step of length `dt`.
    pub fn new(generator: &Generator, dt: f64) -> Self {
        let (mut forward, mut pivots) = (Vec::new(), Vec::new());
        let mut excess = 1.0;
        for (up, down) in generator.up.iter().zip(&generator.down) {
            let pivot = excess + dt * up;
            forward.push(dt * up / pivot);
            excess = 1.0 + dt * down * excess / pivot;
            pivots.push(pivot);
        }
        pivots.push(excess);
        Self { forward, backward: generator.down.iter().map(|down| dt * down).collect(), pivots }
    }

    /// Take `steps` of them.
    pub fn advance(&self, p: &mut [f64], steps: usize) {
        let last = self.pivots.len() - 1;
        for _ in 0..steps {
            for i in 0..last {
                p[i + 1] += self.forward[i] * p[i];
            }
            p[last] /= self.pivots[last];
            for i in (0..last).rev() {
                p[i] = (p[i] + self.backward[i] * p[i + 1]) / self.pivots[i];
            }
        }
    }
}

/// P at each of the `times` (increasing) from all probability in the cell of `start`: `steps` implicit steps from each
/// time to the next, and twice as many; 2P_{dt/2} - P_dt is then of second order in dt.
pub fn from_point(generator: &Generator, start: f64, times: &[f64], steps: usize) -> Vec<Vec<f64>> {
    let mut point = vec![0.0; generator.grid.cells];
    point[generator.grid.cell(start)] = 1.0;
    let (mut coarse, mut fine) = (point.clone(), point);
    let mut before = 0.0;
    times
        .iter()
        .map(|&time| {
            let dt = (time - before) / steps as f64;
            before = time;
            Implicit::new(generator, dt).advance(&mut coarse, steps);
            Implicit::new(generator, 0.5 * dt).advance(&mut fine, 2 * steps);
            fine.iter().zip(&coarse).map(|(fine, coarse)| 2.0 * fine - coarse).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Grid, Scheme};
    use super::*;
    use crate::exact::SitePotential;

    /// An Ornstein–Uhlenbeck process from a point stays Gaussian: mean x₀e^{-τ}, variance 1 - e^{-2τ} (S = x²/2).
    #[test]
    fn a_gaussian_stays_one() {
        let potential = SitePotential { b: 0.5, lambda: 0.0 };
        let times = [0.1, 0.3, 1.0, 3.0];
        let moments = |h: f64, steps: usize| -> Vec<[f64; 2]> {
            let grid = Grid { cells: 2 * (9.0 / h) as usize + 1, spacing: h };
            let generator = Generator::new(potential, grid, Scheme::ChangCooper);
            let mean = |p: &[f64], f: &dyn Fn(f64) -> f64| -> f64 {
                p.iter().enumerate().map(|(i, p)| p * f(grid.centre(i))).sum()
            };
            let laws = from_point(&generator, 2.0, &times, steps);
            laws.iter().map(|p| [mean(p, &|x| x), mean(p, &|x| x * x)]).collect()
        };
        let exact = times.map(|t| [2.0 * (-t).exp(), 4.0 * (-2.0 * t).exp() + 1.0 - (-2.0 * t).exp()]);
        let (coarse, fine) = (moments(0.1, 40), moments(0.05, 80));
        for ((coarse, fine), exact) in coarse.iter().zip(&fine).zip(&exact) {
            for k in 0..2 {
                let (a, b) = (coarse[k] - exact[k], fine[k] - exact[k]);
                // Second order in h and dt together: a quarter, up to the next order; 1e-9 where both vanish.
                assert!(b.abs() < 0.3 * a.abs() + 1e-9 && a.abs() < 0.02, "{a:e} {b:e}");
            }
        }
    }
}
