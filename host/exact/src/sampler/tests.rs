//! Both samplers against exact values.
//!
//! False alarms: each comparison rejects beyond z = 4.9, two-sided 1e-6, with Student's t for the error's own error;
//! about 130 comparisons in all, 1.3e-4, and seeds are fixed. Every run can see a shift of 5 of its standard errors.

use super::*;
use crate::analysis::{Gamma, gammas, stats};
use crate::estimate::{Estimate, Observable};
use crate::reference;
use stoquant_model::Phi4;

const Z: f64 = 4.9;

fn agree(label: &str, g: &Gamma, exact: f64, uncertainty: f64) {
    let t = (g.value - exact) / g.error.hypot(uncertainty);
    let z = stats::student_to_z(t, g.dof());
    println!("{label:40} {:.6} ± {:.6}, exact {exact:.6}, z = {z:+.2}, τ = {:.2}", g.value, g.error, g.tau_int);
    assert!(z.abs() < Z, "{label}: {} ± {}, exact {exact}", g.value, g.error);
}

/// The identities that hold at all couplings, and the given exact values (with their uncertainties).
fn check<S: ReferenceSampler>(label: &str, sampler: &mut S, n: usize, exact: &[(Observable, Estimate)]) {
    let volume = sampler.phi().len();
    let table = gammas(&[run(sampler, 300, n, 1)], volume).unwrap();
    agree(&format!("{label} Schwinger-Dyson"), &table[&Observable::SchwingerDyson], 1.0, 0.0);
    agree(&format!("{label} temperature"), &table[&Observable::ConfigTemperature], 1.0, 0.0);
    for (observable, e) in exact {
        agree(&format!("{label} {observable:?}"), &table[observable], e.value, e.error);
    }
}

fn both(label: &str, extents: &[usize], c: Phi4, n: usize, exact: &[(Observable, Estimate)]) {
    let mut hmc = Hmc::new(extents, c, 101).unwrap();
    check(&format!("hmc {label}"), &mut hmc, n, exact);
    let report = hmc.report().unwrap();
    agree(&format!("hmc {label} e^-ΔH"), &report.exp_minus_dh, 1.0, 0.0);
    assert!(report.acceptance > 0.6 && report.acceptance <= 1.0, "{report:?}");
    check(&format!("cluster {label}"), &mut Cluster::new(extents, c, 202).unwrap(), 2 * n, exact);
}

fn exact(values: &[(Observable, f64)]) -> Vec<(Observable, Estimate)> {
    values.iter().map(|&(o, v)| (o, Estimate::new(v, 0.0))).collect()
}

/// One site, by quadrature: the double well -x²/2 + 0.4x⁴/24.
#[test]
fn double_well() {
    let c = Phi4 { kappa: 0.0, b: -0.5, lambda: 0.4 / 24.0 };
    let values = exact(&[
        (Observable::Phi2, 13.6730337538957),
        (Observable::Phi4, 220.095506308435),
        (Observable::AbsM, 3.59133165018290),
    ]);
    both("0-D", &[], c, 10_000, &values);
}

/// Rings, by transfer matrix.
#[test]
fn rings() {
    let ring = |n: f64, [phi2, phi4, nn, chi]: [f64; 4]| {
        exact(&[
            (Observable::Phi2, phi2),
            (Observable::Phi4, phi4),
            (Observable::Nn, nn),
            (Observable::Chi, chi),
            (Observable::M2, chi / n),
        ])
    };
    let values = ring(8.0, [0.571739618333, 0.934332755477, 0.162395771050, 1.024994626689]);
    both("ring 8", &[8], Phi4::kappa_form(0.27, 0.022), 6000, &values);
    let values = ring(16.0, [0.639157756450, 1.023914429429, 0.270136363808, 1.575267760062]);
    both("ring 16", &[16], Phi4::kappa_form(0.40, 0.1), 4000, &values);
}

/// The 2×2 torus, every bond twice, by transfer matrix.
#[test]
fn torus_2x2() {
    let values = exact(&[
        (Observable::Phi2, 2.230829025997),
        (Observable::Phi4, 9.909489288910),
        (Observable::Nn, 1.915453775524),
        (Observable::M2, 1.969762579467),
        (Observable::M4, 7.061397131849),
        (Observable::U4, 0.393345229970),
    ]);
    let c = Phi4::kappa_form(0.27, 0.022);
    both("2x2", &[2, 2], c, 10_000, &values);
    // Long enough to see a seed site that stays unflipped (φ² + 0.84%).
    check("cluster 2x2, long", &mut Cluster::new(&[2, 2], c, 303).unwrap(), 150_000, &values);
}

/// 3×3: by transfer matrix, relative error 1e-6.
#[test]
fn torus_3x3() {
    let values: Vec<_> = [
        (Observable::Phi2, 1.968614),
        (Observable::Phi4, 7.807340),
        (Observable::Nn, 1.592511),
        (Observable::M2, 1.595544),
        (Observable::M4, 4.328470),
        (Observable::U4, 0.433245),
    ]
    .map(|(o, v)| (o, Estimate::new(v, 1e-6 * v)))
    .into();
    both("3x3", &[3, 3], Phi4::kappa_form(0.27088, 0.022), 5000, &values);
}

/// 8², κ = 0.27, λ = 0.022: ⟨φ²⟩ = 1.5614(10), ⟨|M|⟩ = 0.88456(74), from an independent simulation.
#[test]
fn torus_8x8() {
    let values =
        [(Observable::Phi2, Estimate::new(1.5614, 0.0010)), (Observable::AbsM, Estimate::new(0.88456, 0.00074))];
    both("8x8", &[8, 8], Phi4::kappa_form(0.27, 0.022), 2500, &values);
}

/// The free field in 4-D with extents 1 and 2, of either sign of κ: ⟨φ²⟩ = (1/V) Σ 1/h_k, ⟨M²⟩ = 1/(V h_0), and the
/// action is V/2 by equipartition.
#[test]
fn free_field() {
    for kappa in [0.1, -0.1] {
        let extents = [3, 2, 1, 2];
        let c = Phi4 { kappa, b: 1.0, lambda: 0.0 };
        let h = lattice::Lattice::new(&extents, &c).unwrap().hessian(&c);
        let v = h.len() as f64;
        let phi2 = h.iter().map(|h| 1.0 / h).sum::<f64>() / v;
        // Σ_μ ⟨φ_x φ_{x+μ}⟩ = (b⟨φ²⟩ - ½)/(2κ), four directions.
        let nn = (c.b * phi2 - 0.5) / (2.0 * kappa) / 4.0;
        let values = exact(&[
            (Observable::Phi2, phi2),
            (Observable::Phi4, 3.0 * phi2 * phi2),
            (Observable::Nn, nn),
            (Observable::M2, 1.0 / (v * h[0])),
            (Observable::U4, 0.0),
            (Observable::ActionDensity, 0.5),
        ]);
        both(&format!("free κ = {kappa}"), &extents, c, 3000, &values);
    }
}

/// A staggered field on even extents turns κ into -κ: ⟨φ²⟩ and ⟨φ⁴⟩ of the ring of 8 again, ⟨φφ'⟩ with the other sign.
#[test]
fn negative_kappa() {
    let values = exact(&[
        (Observable::Phi2, 0.571739618333),
        (Observable::Phi4, 0.934332755477),
        (Observable::Nn, -0.162395771050),
    ]);
    both("ring 8, κ < 0", &[8], Phi4::kappa_form(-0.27, 0.022), 4000, &values);
}

/// A fresh seed each time, printed: ⟨φ²⟩ on 2×2 at z < 6.2, false alarm 6e-10 for normal pulls.
#[test]
fn fresh_seed() {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut cluster = Cluster::new(&[2, 2], Phi4::kappa_form(0.27, 0.022), seed).unwrap();
    let table = gammas(&[run(&mut cluster, 300, 10_000, 1)], 4).unwrap();
    let z = table[&Observable::Phi2].z(2.230829025997);
    assert!(z.abs() < 6.2, "seed {seed}: z = {z}");
}

/// `measure` against the plain formulas of the reference, which it shares no code with; rounding only.
#[test]
fn measure_equals_reference() {
    let c = Phi4 { kappa: 0.27, b: 0.956, lambda: 0.022 };
    let lattices: [&[usize]; 8] = [&[], &[1], &[2], &[7], &[2, 2], &[3, 4], &[1, 5, 2], &[2, 3, 1, 2]];
    for extents in lattices {
        let v: usize = extents.iter().product();
        let phi: Vec<f64> = (0..v).map(|x| 2.0 * (1.0 + 2.7 * x as f64).sin()).collect();
        let (measured, n) = (measure(&phi, extents, &c), v as f64);
        let k = reference::drift(&phi, extents, &c);
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-13 * (1.0 + b.abs()), "{extents:?} {a} {b}");
        close(measured.action_density, reference::action(&phi, extents, &c) / n);
        close(measured.grad2, k.iter().map(|k| k * k).sum::<f64>() / n);
        close(measured.schwinger_dyson, -k.iter().zip(&phi).map(|(k, p)| k * p).sum::<f64>() / n);
        close(measured.lap, reference::laplacian(&phi, extents, &c) / n);
        close(measured.m, phi.iter().sum::<f64>() / n);
        close(measured.phi2, phi.iter().map(|p| p * p).sum::<f64>() / n);
        close(measured.phi4, phi.iter().map(|p| p.powi(4)).sum::<f64>() / n);
        // ⟨φφ'⟩ from the action at κ = 1/2, b = λ = 0.
        let bonds = Phi4 { kappa: -0.5, b: 0.0, lambda: 0.0 };
        assert_eq!(measured.nn.is_none(), extents.is_empty());
        if let Some(nn) = measured.nn {
            close(nn, reference::action(&phi, extents, &bonds) / (n * extents.len() as f64));
        }
        // The samplers' own terms.
        let lattice = lattice::Lattice::new(extents, &c).unwrap();
        close(lattice.action(&phi, &c) / n, measured.action_density);
        for x in 0..v {
            close(lattice.gradient(&phi, &c, x), -k[x]);
        }
    }
}

#[test]
fn bad_input_is_named() {
    let c = Phi4::kappa_form(0.27, 0.022);
    let error = |extents: &[usize], c| Cluster::new(extents, c, 1).err().map(|e| e.to_string()).unwrap_or_default();
    assert!(error(&[2; 5], c).starts_with("5 lattice extents"));
    assert!(error(&[4, 0], c).starts_with("lattice extents [4, 0]"));
    assert!(error(&[1 << 40, 1 << 40], c).starts_with("lattice extents"));
    // At κ = 0.3 in 2-D the zero mode of the free field has h_0 = 2 - 2.4 < 0; on a ring it has 2 - 1.2.
    let free = Phi4 { kappa: 0.3, b: 1.0, lambda: 0.0 };
    assert!(error(&[4, 4], free).contains("unbounded"));
    assert!(error(&[4], free).is_empty());
    assert!(error(&[4], Phi4 { lambda: -0.1, ..c }).contains("unbounded"));
    assert!(error(&[4], Phi4 { kappa: f64::NAN, ..c }).contains("unbounded"));
}

/// A lattice larger than any block, with odd extents: ⟨φ²⟩ of all sites, and of the first and the last alone, of a free
/// field, with couplings in which it is a sum over modes.
#[test]
fn every_site_of_a_large_lattice() {
    let (extents, c) = ([17, 19], Phi4 { kappa: 0.2, b: 1.0, lambda: 0.0 });
    let mode = |a: f64, b: f64| 2.0 - 0.8 * ((std::f64::consts::TAU * a).cos() + (std::f64::consts::TAU * b).cos());
    let modes = (0..17).flat_map(|a| (0..19).map(move |b| (f64::from(a) / 17.0, f64::from(b) / 19.0)));
    let phi2 = modes.map(|(a, b)| 1.0 / mode(a, b)).sum::<f64>() / 323.0;
    let samplers: [(&str, Box<dyn ReferenceSampler>); 2] = [
        ("hmc", Box::new(Hmc::new(&extents, c, 303).unwrap())),
        ("cluster", Box::new(Cluster::new(&extents, c, 404).unwrap())),
    ];
    for (name, mut sampler) in samplers {
        sampler.thermalise(200);
        let (mut all, mut first, mut last) = (vec![], vec![], vec![]);
        for _ in 0..4000 {
            sampler.sweep();
            let phi = sampler.phi();
            all.push(phi.iter().map(|phi| phi * phi).sum::<f64>() / 323.0);
            first.push(phi[0] * phi[0]);
            last.push(phi[322] * phi[322]);
        }
        for (which, series) in [("all sites", all), ("first site", first), ("last site", last)] {
            let found = crate::analysis::gamma(&[&series]).unwrap();
            agree(&format!("{name}, {which}"), &found, phi2, 0.0);
            // A site that is never moved has no error.
            assert!(found.error > 0.0 && found.error < 0.1 * phi2, "{name}, {which}: {found:?}");
        }
    }
}
