//! Embedded Ising clusters for the signs, Metropolis for the moduli, and shifts of the whole field.
//!
//! With φ_x = σ_x|φ_x| the hopping term is an Ising model of couplings `J_xy = 2κ|φ_x φ_y|`, one for each bond. A bond
//! is worth `-J σ_x σ_y` in S, so that breaking a satisfied one costs 2J, and the Fortuin–Kasteleyn probability to
//! activate it is `1 - e^{-2J} = 1 - exp(-4κ φ_x φ_y)` if `κ φ_x φ_y > 0`, else 0. Along an extent of 2 the two bonds
//! of a pair are tried one after the other; along an extent of 1 the bond joins a site with itself. A cluster grown
//! from a random seed site, the seed always included, is flipped.
//!
//! Shifts φ → φ + a move the zero mode, the slowest, by Metropolis: ΔS is a polynomial in a, known from a few sums, so
//! that many proposals cost no more than one.
//!
//! Sources: R. C. Brower and P. Tamayo, Phys. Rev. Lett. 62 (1989) 1087; U. Wolff, Phys. Rev. Lett. 62 (1989) 361.

use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use stoquant_model::Phi4;

use super::lattice::Lattice;
use super::{ReferenceSampler, SamplerError};

/// Metropolis acceptance aimed at while tuning; the optimum is flat.
const ACCEPTANCE: f64 = 0.5;

/// Shift proposals of a sweep; each costs O(1).
const SHIFTS: usize = 8;

/// Wolff clusters, Metropolis sweeps and shifts.
pub struct Cluster {
    lattice: Lattice,
    c: Phi4,
    rng: Xoshiro256PlusPlus,
    phi: Vec<f64>,
    /// Half-width of the uniform Metropolis proposal.
    width: f64,
    /// Clusters of a sweep.
    clusters: usize,
    in_cluster: Vec<bool>,
    /// Sites of the cluster; those from some index on have neighbours still to try.
    members: Vec<u32>,
}

impl Cluster {
    /// A chain on `extents` (0 to 4 of them), started from Gaussian noise.
    pub fn new(extents: &[usize], c: Phi4, seed: u64) -> Result<Self, SamplerError> {
        let lattice = Lattice::new(extents, &c)?;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let phi = (0..lattice.volume).map(|_| StandardNormal.sample(&mut rng)).collect();
        let in_cluster = vec![false; lattice.volume];
        Ok(Self { lattice, c, rng, phi, width: 1.0, clusters: 1, in_cluster, members: Vec::new() })
    }

    /// Metropolis once through the lattice; returns the acceptance.
    fn metropolis(&mut self) -> f64 {
        let Self { lattice, c, rng, phi, width, .. } = self;
        // Bonds of a site with itself: -2κφ² each.
        let b = c.b - 2.0 * c.kappa * lattice.self_bonds() as f64;
        let mut accepted = 0;
        for x in 0..phi.len() {
            let field: f64 = lattice.neighbours(x).filter(|&y| y != x).map(|y| phi[y]).sum();
            let s = |p: f64| p * (p * (b + c.lambda * p * p) - 2.0 * c.kappa * field);
            let proposal = phi[x] + *width * (2.0 * rng.random::<f64>() - 1.0);
            if rng.random::<f64>() < (s(phi[x]) - s(proposal)).exp() {
                phi[x] = proposal;
                accepted += 1;
            }
        }
        accepted as f64 / phi.len() as f64
    }

    /// Shifts of at most 3/√V, the order of the zero mode's own fluctuations.
    fn shift(&mut self) {
        let moment = |n: i32| self.phi.iter().map(|p| p.powi(n)).sum::<f64>();
        let (v, m1, m2, m3) = (moment(0), moment(1), moment(2), moment(3));
        let Phi4 { kappa, b, lambda } = self.c;
        // Each of the D bonds of a site gives a(φ_x + φ_y) + a².
        let quadratic = b - 2.0 * kappa * self.lattice.extents.len() as f64;
        let delta_s = |a: f64| {
            quadratic * a * (2.0 * m1 + a * v) + lambda * a * (4.0 * m3 + a * (6.0 * m2 + a * (4.0 * m1 + a * v)))
        };
        let mut a = 0.0;
        for _ in 0..SHIFTS {
            let proposal = a + 3.0 / v.sqrt() * (2.0 * self.rng.random::<f64>() - 1.0);
            if self.rng.random::<f64>() < (delta_s(a) - delta_s(proposal)).exp() {
                a = proposal;
            }
        }
        self.phi.iter_mut().for_each(|p| *p += a);
    }

    /// Grows a cluster from a random site and flips it; returns its size.
    fn wolff(&mut self) -> usize {
        let Self { lattice, c, rng, phi, in_cluster, members, .. } = self;
        let seed = rng.random_range(0..phi.len());
        members.push(seed as u32);
        in_cluster[seed] = true;
        let mut next = 0;
        while next < members.len() {
            let x = members[next] as usize;
            next += 1;
            for y in lattice.neighbours(x) {
                if !in_cluster[y] {
                    let stays_inactive = (-4.0 * c.kappa * phi[x] * phi[y]).exp();
                    // Above 1 for a broken bond: never activated.
                    if rng.random::<f64>() >= stays_inactive {
                        in_cluster[y] = true;
                        members.push(y as u32);
                    }
                }
            }
        }
        for x in members.drain(..) {
            phi[x as usize] = -phi[x as usize];
            in_cluster[x as usize] = false;
        }
        next
    }
}

impl ReferenceSampler for Cluster {
    /// One Metropolis sweep, one round of shifts, and a fixed number of clusters.
    fn sweep(&mut self) {
        self.metropolis();
        self.shift();
        for _ in 0..self.clusters {
            self.wolff();
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

    /// Tunes the Metropolis width towards 50% acceptance, and the number of clusters so that a sweep flips about one
    /// volume; both are then frozen (stopping a sweep by the sites flipped so far would bias it).
    fn thermalise(&mut self, sweeps: usize) {
        let (mut ln_width, mut flipped, mut grown) = (self.width.ln(), 0, 0);
        for i in 0..sweeps {
            ln_width += (self.metropolis() - ACCEPTANCE) / (1.0 + i as f64).sqrt();
            self.width = ln_width.exp();
            self.shift();
            for _ in 0..self.clusters {
                flipped += self.wolff();
                grown += 1;
            }
            // Sizes from the second half of the time alone, when the field is near equilibrium.
            if 2 * i < sweeps {
                (flipped, grown) = (0, 0);
            }
        }
        if flipped > 0 {
            let volume = self.lattice.volume;
            self.clusters = (volume * grown).div_ceil(flipped).clamp(1, volume);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two sites on a ring of 2: the pair's two bonds are both tried. The cluster has one site with probability
    /// exp(-2·4κ φ₁φ₂); binomial count of 40 000, 4.9 σ (1e-6 two-sided).
    #[test]
    fn double_bond_on_a_ring_of_two() {
        let mut cluster = Cluster::new(&[2], Phi4::kappa_form(0.2, 0.1), 5).unwrap();
        let n = 40_000;
        let single = (0..n)
            .filter(|_| {
                cluster.phi = vec![0.7, 1.1];
                let size = cluster.wolff();
                assert!(cluster.phi.iter().any(|&p| p < 0.0), "the seed flips");
                size == 1
            })
            .count();
        let p = (-8.0_f64 * 0.2 * 0.7 * 1.1).exp();
        let sigma = (p * (1.0 - p) / f64::from(n)).sqrt();
        assert!((single as f64 / f64::from(n) - p).abs() < 4.9 * sigma);
    }

    /// Broken bonds are never activated, and moduli never change in a cluster step.
    #[test]
    fn clusters_have_one_sign() {
        let mut cluster = Cluster::new(&[6, 5], Phi4::kappa_form(0.4, 0.1), 6).unwrap();
        for _ in 0..200 {
            cluster.metropolis();
            let before = cluster.phi.clone();
            let size = cluster.wolff();
            let flipped: Vec<f64> = before.iter().zip(&cluster.phi).filter(|(a, b)| a != b).map(|(&a, _)| a).collect();
            assert_eq!(flipped.len(), size);
            assert!(size >= 1 && flipped.iter().all(|p| p.signum() == flipped[0].signum()));
            assert!(before.iter().zip(&cluster.phi).all(|(a, b)| a.abs() == b.abs()));
        }
    }
}
