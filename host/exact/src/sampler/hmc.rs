//! Hybrid Monte Carlo with Fourier acceleration.
//!
//! `H = ½ Σ_k |p_k|²/A_k + S(φ)`, leapfrog, Metropolis on ΔH: exact for any step, and ⟨e^{-ΔH}⟩ = 1 over proposals.
//! The masses `A_k = 2b - 4κ Σ_μ cos k_μ + s` (for κ > 0 this is `2κ k̂² + m²`) make every mode of the free field
//! oscillate with frequency 1; the shift `s = 12λ ⟨φ²⟩` is the self-consistent one (Hartree),
//! `⟨φ²⟩ = (1/V) Σ_k 1/A_k`. Any A_k > 0 would be exact: it matters for speed alone.
//!
//! Sources: Duane, Kennedy, Pendleton, Roweth, Phys. Lett. B 195 (1987) 216; Fourier acceleration: Batrouni et al.,
//! Phys. Rev. D 32 (1985) 2736; ⟨e^{-ΔH}⟩: Creutz, Phys. Rev. D 38 (1988) 1228.

use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use stoquant_model::Phi4;

use super::fourier::Fourier;
use super::lattice::Lattice;
use super::{ReferenceSampler, SamplerError};
use crate::analysis::{AnalysisError, Gamma, gamma};

/// Length of a trajectory. A quarter period (π/2) would decorrelate free modes at once; somewhat less is as good for an
/// interacting field and keeps clear of the half period, where a mode would only change its sign.
const LENGTH: f64 = 1.25;

/// Acceptance aimed at while tuning: near the optimum of leapfrog, 0.65, on the safe side.
const ACCEPTANCE: f64 = 0.8;

/// Hybrid Monte Carlo chain.
pub struct Hmc {
    lattice: Lattice,
    c: Phi4,
    rng: Xoshiro256PlusPlus,
    fourier: Fourier,
    phi: Vec<f64>,
    velocity: Vec<f64>,
    sqrt_mass: Vec<f64>,
    inverse_mass: Vec<f64>,
    steps: usize,
    accepted: usize,
    exp_minus_dh: Vec<f64>,
}

/// What a chain did since the end of its thermalisation.
#[derive(Clone, Debug, PartialEq)]
pub struct HmcReport {
    /// Accepted fraction of the proposals.
    pub acceptance: f64,
    /// ⟨e^{-ΔH}⟩ over proposals, accepted or not: exactly 1.
    pub exp_minus_dh: Gamma,
    /// Leapfrog steps of a trajectory.
    pub steps: usize,
    /// Leapfrog step size.
    pub step_size: f64,
}

impl Hmc {
    /// A chain on `extents` (0 to 4 of them), started from Gaussian noise.
    pub fn new(extents: &[usize], c: Phi4, seed: u64) -> Result<Self, SamplerError> {
        let lattice = Lattice::new(extents, &c)?;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let phi = (0..lattice.volume).map(|_| StandardNormal.sample(&mut rng)).collect();
        let mass = masses(&lattice, &c);
        Ok(Self {
            fourier: Fourier::new(extents),
            velocity: vec![0.0; lattice.volume],
            sqrt_mass: mass.iter().map(|a| a.sqrt()).collect(),
            inverse_mass: mass.iter().map(|a| a.recip()).collect(),
            lattice,
            c,
            rng,
            phi,
            steps: 8,
            accepted: 0,
            exp_minus_dh: Vec::new(),
        })
    }

    /// Acceptance and ⟨e^{-ΔH}⟩ since the thermalisation; an error before there are enough sweeps.
    pub fn report(&self) -> Result<HmcReport, AnalysisError> {
        let exp_minus_dh = gamma(&[&self.exp_minus_dh])?;
        let acceptance = self.accepted as f64 / self.exp_minus_dh.len() as f64;
        let step_size = LENGTH / self.steps as f64;
        Ok(HmcReport { acceptance, exp_minus_dh, steps: self.steps, step_size })
    }

    /// One trajectory with fresh momenta; returns e^{-ΔH}.
    fn trajectory(&mut self) -> f64 {
        let eta: Vec<f64> = (0..self.phi.len()).map(|_| StandardNormal.sample(&mut self.rng)).collect();
        let mut p = vec![0.0; eta.len()];
        self.fourier.apply(&self.sqrt_mass, &eta, &mut p);
        let mut phi = self.phi.clone();
        let before = self.energy(&phi, &p);
        self.leapfrog(&mut phi, &mut p);
        let exp_minus_dh = (before - self.energy(&phi, &p)).exp();
        // A diverged trajectory has ΔH = +∞ or NaN: rejected.
        let exp_minus_dh = if exp_minus_dh.is_nan() { 0.0 } else { exp_minus_dh };
        if self.rng.random::<f64>() < exp_minus_dh {
            self.phi = phi;
            self.accepted += 1;
        }
        self.exp_minus_dh.push(exp_minus_dh);
        exp_minus_dh
    }

    fn energy(&mut self, phi: &[f64], p: &[f64]) -> f64 {
        self.fourier.apply(&self.inverse_mass, p, &mut self.velocity);
        let kinetic: f64 = p.iter().zip(&self.velocity).map(|(p, v)| 0.5 * p * v).sum();
        kinetic + self.lattice.action(phi, &self.c)
    }

    /// `p += ε/2 K; (φ += ε A⁻¹p; p += ε K)…`, the last kick again a half one.
    fn leapfrog(&mut self, phi: &mut [f64], p: &mut [f64]) {
        let eps = LENGTH / self.steps as f64;
        self.kick(phi, p, 0.5 * eps);
        for step in 1..=self.steps {
            self.fourier.apply(&self.inverse_mass, p, &mut self.velocity);
            phi.iter_mut().zip(&self.velocity).for_each(|(x, v)| *x += eps * v);
            self.kick(phi, p, if step == self.steps { 0.5 * eps } else { eps });
        }
    }

    fn kick(&self, phi: &[f64], p: &mut [f64], eps: f64) {
        for (x, p) in p.iter_mut().enumerate() {
            *p -= eps * self.lattice.gradient(phi, &self.c, x);
        }
    }
}

/// The A_k with the self-consistent shift s, the root of `12λ (1/V) Σ 1/(h_k + s) - s`, which falls with s.
fn masses(lattice: &Lattice, c: &Phi4) -> Vec<f64> {
    let h = lattice.hessian(c);
    let lowest = h.iter().copied().fold(f64::INFINITY, f64::min);
    if c.lambda == 0.0 {
        return h;
    }
    let v = h.len() as f64;
    let excess = |s: f64| 12.0 * c.lambda * h.iter().map(|h| 1.0 / (h + s)).sum::<f64>() / v - s;
    // The lowest A_k lies between 0, where the tadpole diverges, and 1 + |lowest| + 12λ, where it has lost to s.
    let (mut low, mut high) = (0.0, 1.0 + lowest.abs() + 12.0 * c.lambda);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if excess(middle - lowest) > 0.0 { low = middle } else { high = middle }
    }
    h.iter().map(|h| h - lowest + high).collect()
}

impl ReferenceSampler for Hmc {
    /// One trajectory, and the exact symmetry φ → -φ with probability ½.
    fn sweep(&mut self) {
        self.trajectory();
        if self.rng.random() {
            self.phi.iter_mut().for_each(|p| *p = -*p);
        }
    }

    fn phi(&self) -> &[f64] {
        &self.phi
    }

    fn extents(&self) -> &[usize] {
        &self.lattice.extents
    }

    fn couplings(&self) -> &Phi4 {
        &self.c
    }

    /// Tunes the number of steps towards 80% acceptance, then freezes it and forgets the tuning's statistics.
    fn thermalise(&mut self, sweeps: usize) {
        let mut ln_step = (LENGTH / self.steps as f64).ln();
        for i in 0..sweeps {
            let acceptance = self.trajectory().min(1.0);
            // Robbins–Monro with gain falling as i^{-1/2}.
            ln_step += (acceptance - ACCEPTANCE) / (1.0 + i as f64).sqrt();
            ln_step = ln_step.clamp((LENGTH / 1000.0).ln(), (LENGTH / 2.0).ln());
            self.steps = (LENGTH / ln_step.exp()).ceil() as usize;
        }
        self.accepted = 0;
        self.exp_minus_dh.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampler(extents: &[usize], kappa: f64, lambda: f64) -> Hmc {
        Hmc::new(extents, Phi4::kappa_form(kappa, lambda), 7).unwrap()
    }

    /// There and back with p → -p: the start again, to rounding amplified over 2·8 steps.
    #[test]
    fn leapfrog_is_reversible() {
        let mut hmc = sampler(&[4, 3, 2], 0.2, 0.1);
        let start = hmc.phi.clone();
        let (mut phi, mut p) = (start.clone(), start.iter().map(|x| 1.0 - x * x).collect::<Vec<_>>());
        let momenta = p.clone();
        hmc.leapfrog(&mut phi, &mut p);
        assert!(phi.iter().zip(&start).any(|(a, b)| (a - b).abs() > 0.1));
        p.iter_mut().for_each(|p| *p = -*p);
        hmc.leapfrog(&mut phi, &mut p);
        for x in 0..start.len() {
            assert!((phi[x] - start[x]).abs() < 1e-13 && (p[x] + momenta[x]).abs() < 1e-13, "{x}");
        }
    }

    /// Leapfrog is second order: halving ε divides ΔH over a trajectory by 4, up to O(ε²) of itself.
    #[test]
    fn energy_error_is_second_order() {
        let mut hmc = sampler(&[4, 4], 0.27, 0.5);
        let momenta: Vec<f64> = hmc.phi.iter().map(|x| (3.0 * x).cos()).collect();
        let mut error = |steps| {
            hmc.steps = steps;
            let (mut phi, mut p) = (hmc.phi.clone(), momenta.clone());
            let before = hmc.energy(&phi, &p);
            hmc.leapfrog(&mut phi, &mut p);
            hmc.energy(&phi, &p) - before
        };
        let ratio = error(64) / error(128);
        assert!((ratio - 4.0).abs() < 0.05, "{ratio}");
    }

    /// For the free field the masses are the Hessian, and all modes turn together: φ(t) = φ cos t + v sin t up to the
    /// error ε²t/24 of the leapfrog's frequency.
    #[test]
    fn free_modes_have_frequency_one() {
        let mut hmc = Hmc::new(&[4, 4], Phi4 { kappa: 0.2, b: 1.0, lambda: 0.0 }, 3).unwrap();
        hmc.steps = 1000;
        let (mut phi, mut p) = (hmc.phi.clone(), vec![0.0; 16]);
        hmc.leapfrog(&mut phi, &mut p);
        for (a, b) in phi.iter().zip(&hmc.phi) {
            assert!((a - b * LENGTH.cos()).abs() < 1e-6, "{a} {b}");
        }
    }

    /// The shift solves its equation: A_k - h_k = 12λ (1/V) Σ 1/A_k.
    #[test]
    fn masses_are_self_consistent() {
        for (kappa, lambda) in [(0.27, 0.022), (0.4, 0.5), (-0.3, 0.1), (0.0, 1e-3), (2.0, 1e-3)] {
            let c = Phi4::kappa_form(kappa, lambda);
            let lattice = Lattice::new(&[4, 3], &c).unwrap();
            let (a, h) = (masses(&lattice, &c), lattice.hessian(&c));
            let tadpole: f64 = a.iter().map(|a| 12.0 * lambda / a).sum::<f64>() / 12.0;
            assert!(a.iter().all(|&a| a > 0.0));
            assert!(((a[0] - h[0]) / tadpole - 1.0).abs() < 1e-9, "{kappa} {lambda}");
        }
    }
}
