//! Real, even multipliers in momentum space: `F⁻¹ diag(a) F` on a periodic lattice of any extents.

use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

/// Transforms along every axis longer than 1.
pub(super) struct Fourier {
    axes: Vec<Axis>,
    field: Vec<Complex<f64>>,
    line: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
}

struct Axis {
    extent: usize,
    stride: usize,
    forward: Arc<dyn Fft<f64>>,
    inverse: Arc<dyn Fft<f64>>,
}

impl Fourier {
    pub fn new(extents: &[usize]) -> Self {
        let mut planner = FftPlanner::new();
        let volume: usize = extents.iter().product();
        let mut stride = volume;
        let mut axes = Vec::new();
        for &extent in extents {
            stride /= extent;
            if extent > 1 {
                let (forward, inverse) = (planner.plan_fft_forward(extent), planner.plan_fft_inverse(extent));
                axes.push(Axis { extent, stride, forward, inverse });
            }
        }
        let zero = Complex::new(0.0, 0.0);
        let longest = axes.iter().map(|a| a.extent).max().unwrap_or(0);
        let needed = |a: &Axis| a.forward.get_inplace_scratch_len().max(a.inverse.get_inplace_scratch_len());
        let scratch = axes.iter().map(needed).max().unwrap_or(0);
        Self { axes, field: vec![zero; volume], line: vec![zero; longest], scratch: vec![zero; scratch] }
    }

    /// `to = F⁻¹ a F from`; a real field stays real if `a(k) = a(-k)`.
    pub fn apply(&mut self, multiplier: &[f64], from: &[f64], to: &mut [f64]) {
        for (f, &x) in self.field.iter_mut().zip(from) {
            *f = Complex::new(x, 0.0);
        }
        self.transform(|axis| &axis.forward);
        for (f, &a) in self.field.iter_mut().zip(multiplier) {
            *f *= a;
        }
        self.transform(|axis| &axis.inverse);
        let norm = 1.0 / from.len() as f64;
        for (x, f) in to.iter_mut().zip(&self.field) {
            *x = norm * f.re;
        }
    }

    fn transform(&mut self, direction: impl Fn(&Axis) -> &Arc<dyn Fft<f64>>) {
        for axis in &self.axes {
            let (fft, line) = (direction(axis), &mut self.line[..axis.extent]);
            let starts = (0..self.field.len()).filter(|x| x / axis.stride % axis.extent == 0);
            for start in starts {
                let sites = || (0..axis.extent).map(|i| start + i * axis.stride);
                line.iter_mut().zip(sites()).for_each(|(l, x)| *l = self.field[x]);
                fft.process_with_scratch(line, &mut self.scratch[..fft.get_inplace_scratch_len()]);
                line.iter().zip(sites()).for_each(|(&l, x)| self.field[x] = l);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::lattice::Lattice;
    use stoquant_model::Phi4;

    /// The Hessian of the free action as a multiplier is its gradient, on every kind of extent; rounding 1e-15.
    #[test]
    fn hessian_is_the_gradient() {
        let c = Phi4 { kappa: 0.27, b: 3.0, lambda: 0.0 };
        let lattices: [&[usize]; 6] = [&[], &[1], &[2], &[2, 2], &[3, 4], &[5, 1, 2, 3]];
        for extents in lattices {
            let lattice = Lattice::new(extents, &c).unwrap();
            let phi: Vec<f64> = (0..lattice.volume).map(|x| (x as f64 * 1.7).sin()).collect();
            let mut gradient = vec![0.0; phi.len()];
            Fourier::new(extents).apply(&lattice.hessian(&c), &phi, &mut gradient);
            for x in 0..phi.len() {
                assert!((gradient[x] - lattice.gradient(&phi, &c, x)).abs() < 1e-13, "{extents:?} {x}");
            }
        }
    }
}
