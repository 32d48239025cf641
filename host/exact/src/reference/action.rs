//! Action, drift and Laplacian of lattice φ⁴.

use stoquant_model::Phi4;

/// `S = Σ_x [ -2κ Σ_μ φ_x φ_{x+μ} + b φ_x² + λ φ_x⁴ ]`.
pub fn action(phi: &[f64], extents: &[usize], c: &Phi4) -> f64 {
    check(phi, extents);
    let mut s = 0.0;
    for x in 0..phi.len() {
        for mu in 0..extents.len() {
            s -= 2.0 * c.kappa * phi[x] * phi[neighbour(x, mu, 1, extents)];
        }
        s += c.b * phi[x].powi(2) + c.lambda * phi[x].powi(4);
    }
    s
}

/// `K_x = -∂S/∂φ_x = 2κ Σ_μ (φ_{x+μ} + φ_{x-μ}) - 2b φ_x - 4λ φ_x³`.
pub fn drift(phi: &[f64], extents: &[usize], c: &Phi4) -> Vec<f64> {
    check(phi, extents);
    let mut k = vec![0.0; phi.len()];
    for x in 0..phi.len() {
        for mu in 0..extents.len() {
            let forward = phi[neighbour(x, mu, 1, extents)];
            let backward = phi[neighbour(x, mu, extents[mu] - 1, extents)];
            k[x] += 2.0 * c.kappa * (forward + backward);
        }
        k[x] -= 2.0 * c.b * phi[x] + 4.0 * c.lambda * phi[x].powi(3);
    }
    k
}

/// `Σ_x ∂²S/∂φ_x² = Σ_x [ 2b + 12λ φ_x² - 4κ × (number of extents equal to 1) ]`: there the bond term is -2κφ_x².
pub fn laplacian(phi: &[f64], extents: &[usize], c: &Phi4) -> f64 {
    check(phi, extents);
    let mut sum = 0.0;
    for x in 0..phi.len() {
        sum += 2.0 * c.b + 12.0 * c.lambda * phi[x].powi(2);
        for mu in 0..extents.len() {
            if neighbour(x, mu, 1, extents) == x {
                sum -= 4.0 * c.kappa;
            }
        }
    }
    sum
}

/// The site `distance` steps forward of site x along direction μ.
pub(super) fn neighbour(x: usize, mu: usize, distance: usize, extents: &[usize]) -> usize {
    let stride: usize = extents[mu + 1..].iter().product();
    let coordinate = x / stride % extents[mu];
    x - coordinate * stride + (coordinate + distance) % extents[mu] * stride
}

fn check(phi: &[f64], extents: &[usize]) {
    assert!(extents.len() <= 4, "{} extents; the lattice has at most 4 dimensions", extents.len());
    let volume: usize = extents.iter().product();
    assert_eq!(phi.len(), volume, "a field on extents {extents:?} has {volume} sites");
}

#[cfg(test)]
pub(super) mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;

    /// Every kind of extent: none, 1, 2, 3, larger, mixed.
    pub const LATTICES: [&[usize]; 9] = [&[], &[1], &[2], &[5], &[2, 2], &[3, 4], &[1, 6], &[3, 2, 1], &[2, 3, 1, 2]];

    pub const COUPLINGS: Phi4 = Phi4 { kappa: 0.27, b: 0.956, lambda: 0.022 };

    pub fn random_field(extents: &[usize], seed: u64) -> Vec<f64> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        (0..extents.iter().product()).map(|_| 3.0 * rng.random::<f64>() - 1.5).collect()
    }

    fn shifted(phi: &[f64], x: usize, by: f64) -> Vec<f64> {
        let mut phi = phi.to_vec();
        phi[x] += by;
        phi
    }

    /// Hand-written sums: one site without bonds; extents 1 and 2; a 2×2 torus with every bond twice.
    #[test]
    fn small_lattices_by_hand() {
        let c = Phi4 { kappa: 0.5, b: 2.0, lambda: 3.0 };
        assert_eq!(action(&[2.0], &[], &c), 2.0 * 4.0 + 3.0 * 16.0);
        assert_eq!(action(&[2.0], &[1], &c), -4.0 + 8.0 + 48.0);
        assert_eq!(drift(&[2.0], &[1], &c), [2.0 * 2.0 - 8.0 - 96.0]);
        assert_eq!(laplacian(&[2.0], &[1], &c), 4.0 + 144.0 - 2.0);
        assert_eq!(action(&[1.0, 2.0], &[2], &c), -2.0 * 2.0 + 2.0 * 5.0 + 3.0 * 17.0);
        let bonds = Phi4 { kappa: 0.5, b: 0.0, lambda: 0.0 };
        // Horizontal 1·2 and 3·4, vertical 1·3 and 2·4, each twice.
        assert_eq!(action(&[1.0, 2.0, 3.0, 4.0], &[2, 2], &bonds), -2.0 * (2.0 + 12.0 + 3.0 + 8.0));
    }

    /// The last coordinate is the fastest: on 2×3 site 1 is (0, 1), with neighbours 2, 0 along the row, 4 twice across.
    #[test]
    fn fields_are_row_major() {
        let bonds = Phi4 { kappa: 0.5, b: 0.0, lambda: 0.0 };
        let k = drift(&[1.0, 10.0, 100.0, 1e3, 1e4, 1e5], &[2, 3], &bonds);
        assert_eq!(k[1], 101.0 + 2e4);
    }

    /// K = -∂S/∂φ by central differences. In a quartic the difference is exact up to 4λφh² = 1e-11 at h = 1e-5, and
    /// rounding is ε|S|/h ≤ 1e-15·40/1e-5.
    #[test]
    fn drift_is_minus_the_gradient() {
        let h = 1e-5;
        for extents in LATTICES {
            let phi = random_field(extents, 1);
            let k = drift(&phi, extents, &COUPLINGS);
            for x in 0..phi.len() {
                let up = action(&shifted(&phi, x, h), extents, &COUPLINGS);
                let down = action(&shifted(&phi, x, -h), extents, &COUPLINGS);
                assert!((k[x] + (up - down) / (2.0 * h)).abs() < 1e-8, "{extents:?} {x}");
            }
        }
    }

    /// ΔS = -Σ_x ∂K_x/∂φ_x: differences of a cubic, error 4λh², rounding ε|K|/h.
    #[test]
    fn laplacian_is_minus_the_divergence_of_the_drift() {
        let h = 1e-5;
        for extents in LATTICES {
            let phi = random_field(extents, 2);
            let divergence: f64 = (0..phi.len())
                .map(|x| {
                    let up = drift(&shifted(&phi, x, h), extents, &COUPLINGS)[x];
                    let down = drift(&shifted(&phi, x, -h), extents, &COUPLINGS)[x];
                    (up - down) / (2.0 * h)
                })
                .sum();
            let sum = laplacian(&phi, extents, &COUPLINGS);
            assert!((sum + divergence).abs() < 1e-8, "{extents:?} {sum} {divergence}");
        }
    }

    /// φ → -φ and translations leave S alone; the drift moves with them. Sums reorder: rounding ε Σ|terms|.
    #[test]
    fn symmetries() {
        let extents = [3, 4];
        let phi = random_field(&extents, 3);
        let minus: Vec<f64> = phi.iter().map(|p| -p).collect();
        let moved: Vec<f64> = (0..12).map(|x| phi[(x / 4 + 1) % 3 * 4 + (x % 4 + 1) % 4]).collect();
        let s = action(&phi, &extents, &COUPLINGS);
        assert_eq!(action(&minus, &extents, &COUPLINGS), s);
        assert!((action(&moved, &extents, &COUPLINGS) - s).abs() < 1e-13);
        let (k, moved_k) = (drift(&phi, &extents, &COUPLINGS), drift(&moved, &extents, &COUPLINGS));
        assert!((moved_k[0] - k[5]).abs() < 1e-14);
    }

    /// A plane wave is an eigenvector of the free drift: K = -(2b - 4κ Σ_μ cos k_μ) φ.
    #[test]
    fn free_modes() {
        let c = Phi4 { kappa: 0.27, b: 0.956, lambda: 0.0 };
        let (k0, k1) = (std::f64::consts::TAU / 3.0, 2.0 * std::f64::consts::TAU / 5.0);
        let phi: Vec<f64> = (0..15).map(|x| (k0 * f64::from(x / 5) + k1 * f64::from(x % 5)).cos()).collect();
        let eigenvalue = 2.0 * c.b - 4.0 * c.kappa * (k0.cos() + k1.cos());
        for (k, p) in drift(&phi, &[3, 5], &c).iter().zip(&phi) {
            assert!((k + eigenvalue * p).abs() < 1e-14);
        }
    }

    #[test]
    #[should_panic(expected = "has 6 sites")]
    fn wrong_volume() {
        action(&[0.0; 5], &[2, 3], &COUPLINGS);
    }
}
