//! Correlations in time, and the structure factor, of one configuration.

use std::f64::consts::PI;

/// C_p(t) = (1/L₀) Σ_{t'} Re s_p(t'+t) s_p(t')*, t = 0 … ⌊L₀/2⌋, for p = 2πn/L₁ with n = 0 … momenta-1, of the slice
/// averages s_p(t) = (L₀/V) Σ φ e^{-ip x₁} over the sites with x₀ = t. Σ_t C_0(t) over all L₀ times is L₀M².
///
/// In less than two dimensions there is p = 0 alone; of a single site nothing. n beyond L₁/2 repeats what is there.
///
/// # Panics
/// If `phi` has not the volume of `extents`, or the volume is zero.
pub fn correlator(phi: &[f64], extents: &[usize], momenta: usize) -> Vec<Vec<f64>> {
    let volume: usize = extents.iter().product();
    assert!(volume > 0 && phi.len() == volume, "a field on {extents:?} has {volume} > 0 sites");
    let Some((&time, space)) = extents.split_first() else { return Vec::new() };
    let momenta = if space.is_empty() { momenta.min(1) } else { momenta };
    let (slice, width) = (volume / time, space.first().copied().unwrap_or(1));
    // Σ over all directions but the first two, then the modes along the second.
    let columns: Vec<f64> = phi.chunks(slice / width).map(|run| run.iter().sum()).collect();
    let of_momentum = |n: usize| {
        let s: Vec<[f64; 2]> = columns.chunks(width).map(|row| mode(row, n).map(|part| part / slice as f64)).collect();
        let at = |t: usize| {
            let pairs = (0..time).map(|from| (s[from], s[(from + t) % time]));
            pairs.map(|([a, b], [c, d])| a * c + b * d).sum::<f64>() / time as f64
        };
        (0..=time / 2).map(at).collect()
    };
    (0..momenta).map(of_momentum).collect()
}

/// F = (1/V) |Σ φ e^{-ip x_μ}|² at p = 2π/L, averaged over the directions μ of the largest extent L; with L. None where
/// L < 3: there is no such momentum, or it is at the edge of the zone.
///
/// # Panics
/// If `phi` has not the volume of `extents`, or the volume is zero.
pub fn structure_factor(phi: &[f64], extents: &[usize]) -> Option<(f64, usize)> {
    let volume: usize = extents.iter().product();
    assert!(volume > 0 && phi.len() == volume, "a field on {extents:?} has {volume} > 0 sites");
    let largest = extents.iter().copied().max().filter(|&extent| extent >= 3)?;
    let mut sum = 0.0;
    let (mut stride, mut directions) = (volume, 0);
    for &extent in extents {
        let length = stride;
        stride /= extent;
        if extent == largest {
            let mut slices = vec![0.0; extent];
            for block in phi.chunks(length) {
                for (slice, run) in slices.iter_mut().zip(block.chunks(stride)) {
                    *slice += run.iter().sum::<f64>();
                }
            }
            let [a, b] = mode(&slices, 1);
            sum += (a * a + b * b) / volume as f64;
            directions += 1;
        }
    }
    Some((sum / f64::from(directions), largest))
}

/// The second-moment correlation length, ξ² = (χ/F - 1)/(4 sin²(π/L)), from χ = V⟨M²⟩ and the structure factor F at
/// 2π/L. NaN where F > χ.
///
/// Source: F. Cooper, B. Freedman, D. Preston, Nucl. Phys. B 210 (1982) 210.
pub fn second_moment_length(chi: f64, structure: f64, extent: usize) -> f64 {
    (chi / structure - 1.0).sqrt() / (2.0 * (PI / extent as f64).sin())
}

/// The effective mass of a correlator that is a cosh about half of the period: arcosh((C(t-1) + C(t+1))/2C(t)). NaN
/// where there is none.
pub fn effective_mass([before, at, after]: [f64; 3]) -> f64 {
    (0.5 * (before + after) / at).acosh()
}

/// Σ_x row_x e^{-2πi n x/L}.
fn mode(row: &[f64], n: usize) -> [f64; 2] {
    let length = row.len();
    row.iter().enumerate().fold([0.0; 2], |[re, im], (x, value)| {
        let (sin, cos) = (2.0 * PI * (n * x % length) as f64 / length as f64).sin_cos();
        [re + value * cos, im - value * sin]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::measure;
    use stoquant_model::Phi4;

    fn field(extents: &[usize]) -> Vec<f64> {
        let volume: usize = extents.iter().product();
        (0..volume).map(|x| ((x * 7919 + 13) % 1009) as f64 / 500.0 - 1.0).collect()
    }

    /// Σ_t C_0(t) = L₀M² and C(t) = C(L₀-t), with C by its definition, site by site, in one to four dimensions.
    #[test]
    fn slices_are_those_of_the_coordinates() {
        for extents in [&[6][..], &[1, 5], &[4, 3], &[5, 4, 2], &[3, 5, 1, 2], &[7, 1]] {
            let (phi, time) = (field(extents), extents[0]);
            let (volume, found) = (phi.len(), correlator(&field(extents), extents, 3));
            assert_eq!(found.len(), if extents.len() == 1 { 1 } else { 3 });
            for (n, found) in found.iter().enumerate() {
                let width = extents.get(1).copied().unwrap_or(1);
                let inner = volume / time / width;
                for (t, found) in found.iter().enumerate() {
                    let mut want = 0.0;
                    for x in 0..volume {
                        for y in 0..volume {
                            let slice = |x: usize| x / (inner * width);
                            if (slice(x) + t) % time == slice(y) {
                                let apart = (y / inner % width) as f64 - (x / inner % width) as f64;
                                want += phi[x] * phi[y] * (2.0 * PI * n as f64 * apart / width as f64).cos();
                            }
                        }
                    }
                    want *= (time as f64 / volume as f64).powi(2) / time as f64;
                    assert!((found - want).abs() < 1e-12, "{extents:?} p{n} t{t}: {found} {want}");
                }
            }
            let m = measure(&phi, extents, &Phi4 { kappa: 0.0, b: 0.0, lambda: 0.0 }).m;
            let full: f64 = (0..time).map(|t| found[0][t.min(time - t)]).sum();
            assert!((full - time as f64 * m * m).abs() < 1e-12, "{extents:?}");
        }
    }

    /// A plane wave along a direction is all in its own mode; one along another extent is not looked at.
    #[test]
    fn a_plane_wave_has_one_mode() {
        let extents = [4, 6, 6];
        for (direction, weight) in [(1, 0.5), (2, 0.5), (0, 0.0)] {
            let strides = [36, 6, 1];
            let coordinate = |x: usize| x / strides[direction] % extents[direction];
            let phase = |x: usize| 2.0 * PI * coordinate(x) as f64 / extents[direction] as f64;
            let phi: Vec<f64> = (0..144).map(|x| phase(x).cos()).collect();
            // |Σ cos² |² = (V/2)²: F = V/4 in one direction of two.
            let (found, extent) = structure_factor(&phi, &extents).unwrap();
            assert!((found - weight * 144.0 / 4.0).abs() < 1e-10 && extent == 6, "{direction}: {found}");
        }
        assert_eq!(structure_factor(&[1.0, 2.0], &[2]), None);
        assert_eq!(structure_factor(&[1.0], &[]), None);
    }

    /// The propagator 1/(p̂² + m²) has the correlation length 1/m, and cosh(m(t - L/2)) the effective mass m.
    #[test]
    fn lengths_and_masses_of_a_free_field() {
        for (m, extent) in [(0.3f64, 16), (1.0, 5), (0.05, 64)] {
            let p2 = 4.0 * (PI / extent as f64).sin().powi(2);
            let xi = second_moment_length(1.0 / (m * m), 1.0 / (p2 + m * m), extent);
            assert!((xi * m - 1.0).abs() < 1e-9, "{m} {extent}: {xi}");
            let c = [-1.0, 0.0, 1.0].map(|t: f64| (m * (t + 2.0 - extent as f64 / 2.0)).cosh());
            assert!((effective_mass(c) / m - 1.0).abs() < 1e-6);
        }
        assert!(second_moment_length(1.0, 2.0, 8).is_nan() && effective_mass([1.0, 2.0, 1.0]).is_nan());
    }
}
