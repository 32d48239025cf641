//! The Fokker–Planck operator on a grid, as a jump process between neighbouring cells.

use crate::exact::SitePotential;

/// Equal cells, symmetric about x = 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// Number of cells.
    pub cells: usize,
    /// Width h of a cell.
    pub spacing: f64,
}

impl Grid {
    /// Centre of cell i. For an odd number of cells the centres are the multiples of h, for an even one the faces are.
    pub fn centre(&self, i: usize) -> f64 {
        (i as f64 - 0.5 * (self.cells as f64 - 1.0)) * self.spacing
    }

    /// The face between the cells i and i+1.
    pub fn face(&self, i: usize) -> f64 {
        (i as f64 + 1.0 - 0.5 * self.cells as f64) * self.spacing
    }

    /// The cell that contains x, or the outermost one.
    pub fn cell(&self, x: f64) -> usize {
        ((x / self.spacing + 0.5 * self.cells as f64).max(0.0) as usize).min(self.cells - 1)
    }

    /// f at all centres.
    pub fn sample(&self, f: impl Fn(f64) -> f64) -> Vec<f64> {
        (0..self.cells).map(|i| f(self.centre(i))).collect()
    }
}

/// How the flux J = -(∂_x + S')P through a face is formed from the cells on either side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// -J = (P_{i+1} - P_i)/h + S'(face)·½(P_i + P_{i+1}).
    ///
    /// For P = e^{-S}: -J = h² e^{-S}(S'³/12 - S'''/24) + O(h⁴): second order, but not zero. Positive only while h|S'|
    /// < 2.
    Central,
    /// Chang and Cooper, J. Comput. Phys. 6 (1970) 1: -J = (P_{i+1} - P_i)/h + B(δP_i + (1-δ)P_{i+1}) with
    /// δ = 1/w - 1/(e^w - 1), w = hB.
    ///
    /// With B the exact mean of S' between the centres, w = S(x_{i+1}) - S(x_i), this is
    /// -hJ = β(-w)P_{i+1} - β(w)P_i, β(w) = w/(e^w - 1), and β(-w)/β(w) = e^w: **the flux vanishes exactly, face by
    /// face, for P_i ∝ e^{-S(x_i)}**, at any h. For other P it is the flux to O(h²), like the central one.
    ChangCooper,
}

/// dP_i/dτ: probability hops from cell i to i+1 at a rate `up[i]`, and back at a rate `down[i]`. The outermost faces
/// are closed.
#[derive(Clone, Debug, PartialEq)]
pub struct Generator {
    /// The cells.
    pub grid: Grid,
    /// The potential.
    pub potential: SitePotential,
    pub(super) up: Vec<f64>,
    pub(super) down: Vec<f64>,
}

/// β(w) = w/(e^w - 1).
fn bernoulli(w: f64) -> f64 {
    if w == 0.0 { 1.0 } else { w / w.exp_m1() }
}

impl Generator {
    /// The operator of a potential.
    pub fn new(potential: SitePotential, grid: Grid, scheme: Scheme) -> Self {
        let h = grid.spacing;
        let rates = |i: usize| match scheme {
            Scheme::Central => {
                let half = 0.5 * h * potential.slope(grid.face(i));
                (1.0 - half, 1.0 + half)
            }
            Scheme::ChangCooper => {
                let w = potential.action(grid.centre(i + 1)) - potential.action(grid.centre(i));
                (bernoulli(w), bernoulli(-w))
            }
        };
        let (up, down) = (0..grid.cells - 1).map(rates).map(|(up, down)| (up / (h * h), down / (h * h))).unzip();
        Self { grid, potential, up, down }
    }

    /// e^{-S} at the centres, normalised to Σ = 1.
    pub fn stationary(&self) -> Vec<f64> {
        let mut law = self.grid.sample(|x| (-self.potential.height(x)).exp());
        let norm: f64 = law.iter().sum();
        law.iter_mut().for_each(|p| *p /= norm);
        law
    }

    /// hJ through every inner face: probability per unit time, for probabilities of cells.
    pub fn flux(&self, p: &[f64]) -> Vec<f64> {
        (0..self.up.len()).map(|i| self.up[i] * p[i] - self.down[i] * p[i + 1]).collect()
    }

    /// dP/dτ: what flows in on the left less what flows out on the right.
    pub fn apply(&self, p: &[f64]) -> Vec<f64> {
        let flux = self.flux(p);
        let at = |face: Option<usize>| face.and_then(|i| flux.get(i)).copied().unwrap_or(0.0);
        (0..p.len()).map(|i| at(i.checked_sub(1)) - at(Some(i))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hopping rates are the published weights: δ computed as it is printed.
    #[test]
    fn rates_are_chang_and_coopers() {
        let potential = SitePotential { b: 0.5, lambda: 0.25 };
        let grid = Grid { cells: 40, spacing: 0.2 };
        let generator = Generator::new(potential, grid, Scheme::ChangCooper);
        for i in (0..39).filter(|&i| i != 19) {
            let w = potential.action(grid.centre(i + 1)) - potential.action(grid.centre(i));
            let (b, delta) = (w / 0.2, 1.0 / w - 1.0 / (w.exp() - 1.0));
            let (up, down) = ((1.0 / 0.2 - b * delta) / 0.2, (1.0 / 0.2 + b * (1.0 - delta)) / 0.2);
            // 1/w cancels against 1/(e^w - 1): a few units of 1/w² beside a rate of 1/h² = 25.
            let tolerance = 1e-13 * (1.0 + w.abs() + 1.0 / (w * w));
            assert!((generator.up[i] - up).abs() < 25.0 * tolerance, "{i}: {} {up}", generator.up[i]);
            assert!((generator.down[i] - down).abs() < 25.0 * tolerance, "{i}: {} {down}", generator.down[i]);
        }
        // At the top of an even potential the flux is that of free diffusion.
        assert!((generator.up[19] - 25.0).abs() < 1e-12 && (generator.down[19] - 25.0).abs() < 1e-12);
    }

    #[test]
    fn grids_are_symmetric() {
        for cells in [40, 41] {
            let grid = Grid { cells, spacing: 0.1 };
            for i in 0..cells {
                assert_eq!(grid.centre(i), -grid.centre(cells - 1 - i));
                assert_eq!(grid.cell(grid.centre(i)), i);
            }
            assert!((grid.face(3) - 0.5 * (grid.centre(3) + grid.centre(4))).abs() < 1e-15);
            assert_eq!((grid.cell(-99.0), grid.cell(99.0)), (0, cells - 1));
        }
    }
}
