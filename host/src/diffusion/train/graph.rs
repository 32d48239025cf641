//! The network as a differentiable graph over a batch, for training. The core's own evaluation is written apart from it, and
//! tested against it.

use candle_core::{D, DType, Device, Result, Tensor, Var};

use super::activation::Activation;
use super::parameters::Parameters;
use crate::couplings::Couplings;
use crate::diffusion::spectrum::{self, Orbit, RADIAL, radial, symbol};

/// Odd and even features, see the core's network.
pub use stoquant_core::score::network::{EVEN, ODD};

/// Constants of one lattice.
pub struct Lattice {
    extent: usize,
    hartley: Tensor,
    /// 2κk̂².
    kinetic: Tensor,
    /// 1 but for the zero mode, and the reverse.
    fluctuating: Tensor,
    zero: Tensor,
    stencils: Tensor,
    pub linear: Tensor,
    spectrum: Tensor,
    radial: Tensor,
    couplings: Couplings,
    mass2: f64,
}

fn row(values: &[f64]) -> Result<Tensor> {
    let single: Vec<f32> = values.iter().map(|&v| v as f32).collect();
    Tensor::from_vec(single, (1, values.len()), &Device::Cpu)
}

impl Lattice {
    /// With the spectrum C_k = ⟨|φ_k|²⟩ of every mode. The term that is linear mode by mode is left out where the network is to be `local`.
    pub fn new(extent: usize, couplings: Couplings, mass2: f64, c_k: &[f64], local: bool) -> Result<Self> {
        let volume = extent * extent;
        let hartley: Vec<f32> = spectrum::hartley(extent).into_iter().map(|h| h as f32).collect();
        let kinetic: Vec<f64> = spectrum::laplacian(extent).into_iter().map(|k2| 2.0 * couplings.kappa * k2).collect();
        let mut fluctuating = vec![1.0; volume];
        fluctuating[0] = 0.0;
        let mut zero = vec![0.0; volume];
        zero[0] = 1.0;
        let stencils = Tensor::cat(
            &[
                row(&vec![1.0; volume])?,
                row(&symbol(extent, Orbit::Axes(1)))?,
                row(&symbol(extent, Orbit::Diagonals))?,
                row(&symbol(extent, Orbit::Axes(2)))?,
            ],
            0,
        )?;
        let radial: Vec<f32> = radial(extent).into_iter().map(|r| if local { 0.0 } else { r as f32 }).collect();
        Ok(Self {
            extent,
            hartley: Tensor::from_vec(hartley, (extent, extent), &Device::Cpu)?,
            kinetic: row(&kinetic)?.unsqueeze(0)?,
            fluctuating: row(&fluctuating)?.unsqueeze(0)?,
            zero: row(&zero)?.unsqueeze(0)?,
            stencils: stencils.unsqueeze(0)?,
            linear: row(&spectrum::linear(extent, &couplings, mass2))?,
            spectrum: row(c_k)?.unsqueeze(0)?,
            radial: Tensor::from_vec(radial, (RADIAL, volume), &Device::Cpu)?,
            couplings,
            mass2,
        })
    }

    /// The Hartley transform of the last axis (V), transposed on the lattice: every kernel and stencil here is symmetric, so two of them
    /// undo each other and none needs to be turned back.
    pub fn transform(&self, x: &Tensor) -> Result<Tensor> {
        let (b, c, v) = x.dims3()?;
        let l = self.extent;
        let rows = x.reshape((b * c * l, l))?.matmul(&self.hartley)?;
        let columns = rows.reshape((b * c, l, l))?.transpose(1, 2)?.contiguous()?;
        columns.reshape((b * c * l, l))?.matmul(&self.hartley)?.reshape((b, c, v))
    }
}

/// Normalisation of features and of h by knot.
pub struct Scales {
    /// (K, ODD).
    pub odd: Tensor,
    /// (K, EVEN).
    pub even_mean: Tensor,
    /// (K, EVEN).
    pub even_scale: Tensor,
    /// (K, 1).
    pub h: Tensor,
}

impl Scales {
    /// By name.
    pub fn named(&self) -> [(&'static str, &Tensor); 4] {
        [
            ("scale.odd", &self.odd),
            ("scale.even_mean", &self.even_mean),
            ("scale.even_scale", &self.even_scale),
            ("scale.h", &self.h),
        ]
    }
}

/// A batch on the lattice.
pub struct Batch {
    /// Modes of y, zero mode included: (B, V).
    pub y: Tensor,
    /// Interpolation weights of the knots: (B, K).
    pub hat: Tensor,
    /// σ²: (B, 1).
    pub sigma2: Tensor,
    /// M: (B, 1).
    pub m: Tensor,
}

/// Raw features: odd (B, ODD, V) and even (B, EVEN, V), and the variance v of the filtered fluctuations (B, 1).
pub fn features(lattice: &Lattice, parameters: &Parameters, batch: &Batch) -> Result<(Tensor, Tensor, Tensor)> {
    let (b, volume) = batch.y.dims2()?;
    let y = batch.y.unsqueeze(1)?;
    let sigma2 = batch.sigma2.unsqueeze(2)?;
    let mass = batch.hat.matmul(&parameters.ln_mass()?)?.exp()?.unsqueeze(2)?;
    let one = Tensor::ones((1, 1, 1), DType::F32, &Device::Cpu)?;
    let inverse = lattice.kinetic.broadcast_add(&mass)?.broadcast_mul(&sigma2)?.broadcast_add(&one)?;
    let fluctuating = inverse.recip()?.broadcast_mul(&lattice.fluctuating)?;
    let filter = fluctuating.broadcast_add(&lattice.zero)?;
    let filtered = (&filter * &y)?;
    let wide = lattice.spectrum.broadcast_div(&lattice.spectrum.broadcast_add(&sigma2)?)?;
    let wide = (wide.broadcast_mul(&lattice.fluctuating)?.broadcast_add(&lattice.zero)? * &y)?;
    let modes = Tensor::cat(&[filtered.broadcast_mul(&lattice.stencils)?, wide], 1)?;
    let fields = lattice.transform(&modes)?;
    let field = fields.narrow(1, 0, 1)?.contiguous()?;
    let square = field.sqr()?;
    let propagator = fluctuating.broadcast_mul(&sigma2)?;
    let l = lattice.extent as f64;
    let correlation = (lattice.transform(&propagator)? / l)?;
    let bubble = (lattice.transform(&correlation.sqr()?)? * l)?;
    let square_modes = lattice.transform(&square)?;
    let kernels =
        Tensor::cat(&[lattice.stencils.narrow(1, 1, 2)?.broadcast_as((b, 2, volume))?.contiguous()?, bubble], 1)?;
    let evens = lattice.transform(&kernels.broadcast_mul(&square_modes)?)?;
    let tree = lattice.transform(&(lattice.transform(&(&square * &field)?)? * &propagator)?)?;
    let m = batch.m.unsqueeze(2)?.broadcast_as((b, 1, volume))?.contiguous()?;
    let odd = Tensor::cat(&[&fields.narrow(1, 0, 4)?, &m, &fields.narrow(1, 4, 1)?, &tree], 1)?;
    let even = Tensor::cat(&[&square, &evens, &m.sqr()?], 1)?;
    let v = correlation.narrow(2, 0, 1)?.squeeze(2)?;
    Ok((odd, even, v))
}

/// h in modes: (B, V).
pub fn remainder(lattice: &Lattice, p: &Parameters, scales: &Scales, batch: &Batch) -> Result<Tensor> {
    let (b, volume) = batch.y.dims2()?;
    let (odd, even, v) = features(lattice, p, batch)?;
    let table = |t: &Tensor| batch.hat.matmul(t);
    let field = odd.narrow(1, 0, 1)?.squeeze(1)?;
    let odd = odd.broadcast_mul(&table(&scales.odd)?.unsqueeze(2)?)?;
    let even = even.broadcast_sub(&table(&scales.even_mean)?.unsqueeze(2)?)?;
    let even = even.broadcast_mul(&table(&scales.even_scale)?.unsqueeze(2)?)?;
    let sites = |x: &Tensor, n| x.transpose(1, 2)?.contiguous()?.reshape((b * volume, n));
    let (x, e) = (sites(&odd, ODD)?, sites(&even, EVEN)?);
    let layer = |x: &Tensor, [w, u, t]: &[Var; 3]| -> Result<Tensor> {
        let units = w.dim(0)?;
        let z = x.matmul(&w.t()?)?.reshape((b, volume, units))?;
        let q = e.matmul(&u.t()?)?.reshape((b, volume, units))?;
        z.apply_op3(&q, &table(t)?, Activation)?.reshape((b * volume, units))
    };
    let a = layer(&layer(&x, &p.first)?, &p.second)?;
    let units = a.dim(1)?;
    let mlp = a.reshape((b, volume, units))?.matmul(&table(&p.output)?.unsqueeze(2)?)?.squeeze(2)?;
    let skip = odd.broadcast_mul(&table(&p.skip)?.unsqueeze(2)?)?.sum(1)?;
    let first = odd.narrow(1, 0, 1)?.squeeze(1)?;
    let cross = (even.broadcast_mul(&table(&p.cross)?.unsqueeze(2)?)?.sum(1)? * &first)?;
    let cubic = first.powf(3.0)?.broadcast_mul(&table(&p.cubic)?)?;
    let learned = (mlp + skip + cross + cubic)?.broadcast_mul(&table(&scales.h)?)?;
    let lambda = lattice.couplings.lambda;
    let slope = ((v * (12.0 * lambda))? - spectrum::mu(&lattice.couplings, lattice.mass2))?;
    let base = ((field.powf(3.0)? * (4.0 * lambda))? + field.broadcast_mul(&slope)?)?;
    let local = lattice.transform(&(base + learned)?.unsqueeze(1)?)?.squeeze(1)?;
    let m2 = batch.m.sqr()?;
    let powers = Tensor::cat(&[&m2.ones_like()?, &m2, &m2.sqr()?], 1)?.unsqueeze(1)?;
    let linear = table(&p.linear)?.reshape((b, RADIAL, 3))?.broadcast_mul(&powers)?.sum(D::Minus1)?;
    let linear = linear.matmul(&lattice.radial)?;
    let w = filter(lattice, batch)?;
    local + (linear.broadcast_mul(&lattice.linear)? * w)? * &batch.y
}

/// W_k of the identity: (B, V).
pub fn filter(lattice: &Lattice, batch: &Batch) -> Result<Tensor> {
    let one = Tensor::ones((1, 1), DType::F32, &Device::Cpu)?;
    lattice.linear.broadcast_mul(&batch.sigma2)?.broadcast_add(&one)?.recip()
}
