//! What everything else is compared with, compared among itself: exact results by two routes, reference samplers with
//! exact lattices, the analysis of series with processes whose errors are known.

mod analysis;

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;
use stoquant_exact::analysis::{ChainSeries, gammas};
use stoquant_exact::estimate::{Estimate, Observable as Of, Observables};
use stoquant_exact::exact;
use stoquant_exact::reference;
use stoquant_exact::sampler::{self, Cluster, Hmc, SamplerError};
use stoquant_model::{IntegratorKind, Phi4};

use super::Level;
use super::check::{Check, largest};
use super::rung::Rung;

const RUNG: Rung = Rung::References;

/// All checks. `effort` is the length of the samplers' runs in units of the default.
pub fn checks(level: Level, effort: f64, seed: u64) -> Vec<Check> {
    let mut checks = routes();
    checks.push(claims());
    checks.push(measures(seed));
    checks.extend(samplers(effort, seed));
    checks.extend(analysis::checks(level, seed));
    checks
}

/// The largest relative difference of some observables, in units of what both results claim and 1e-11.
fn apart(a: &Observables, b: &Observables, of: &[Of]) -> f64 {
    largest(of.iter().map(|observable| {
        let [Some(a), Some(b)] = [a, b].map(|table| table.get(observable)) else { return f64::INFINITY };
        (a.value - b.value) / (a.error + b.error + 1e-11 * b.value.abs())
    }))
}

/// What samplers are held to. The last one is the sharpest: it knows of every bond.
const MOMENTS: [Of; 6] = [Of::Phi2, Of::Phi4, Of::Nn, Of::M2, Of::AbsM, Of::ConfigTemperature];

/// Exact results against each other.
fn routes() -> Vec<Check> {
    let weak = Phi4::kappa_form(0.27, 0.022);
    let strong = Phi4::kappa_form(0.4, 0.1);
    let free = Phi4 { kappa: 0.2, b: 1.1, lambda: 0.0 };
    let well = Phi4 { kappa: 0.0, b: 0.5, lambda: 0.25 };
    let mut checks = Vec::new();
    let mut compare =
        |name: &str, a: Result<Observables, exact::Error>, b: Result<Observables, exact::Error>, of: &[_]| {
            checks.push(match (a, b) {
                (Ok(a), Ok(b)) => {
                    Check::bound(RUNG, format!("{name}: difference / claimed errors"), apart(&a, &b, of), 0.0, 1.0)
                }
                (Err(error), _) | (_, Err(error)) => Check::undecided(RUNG, format!("{name}: {error}")),
            });
        };
    let all = [Of::Phi2, Of::Phi4, Of::Nn, Of::AbsM, Of::M2, Of::M4, Of::Chi];
    for (n, c) in [(3, strong), (8, weak), (16, strong)] {
        compare(
            &format!("ring of {n}, transfer matrix and slices"),
            exact::ring(n, &c),
            exact::lattice(&[n], &c),
            &all,
        );
        // A direction of one site adds its bond to the mass term.
        let heavier = Phi4 { b: c.b + 2.0 * c.kappa, ..c };
        let thin = exact::lattice(&[1, n], &heavier);
        compare(
            &format!("ring of {n}, alone and as one row of a plane"),
            thin,
            exact::ring(n, &c),
            &[Of::Phi2, Of::Phi4, Of::AbsM, Of::M2],
        );
    }
    let gaussian = |extents: &[usize]| exact::free(extents, &free, None, IntegratorKind::Mala, 1.0);
    compare(
        "free ring of 7, transfer matrix and modes",
        exact::ring(7, &free),
        gaussian(&[7]),
        &[Of::Phi2, Of::Phi4, Of::Nn, Of::M2],
    );
    compare(
        "free plane of 2x3, slices and modes",
        exact::lattice(&[2, 3], &free),
        gaussian(&[2, 3]),
        &[Of::Phi2, Of::Phi4, Of::Nn, Of::M2],
    );
    compare(
        "free plane of 3x3, slices and modes",
        exact::lattice(&[3, 3], &free),
        gaussian(&[3, 3]),
        &[Of::Phi2, Of::Phi4, Of::Nn, Of::M2],
    );
    compare(
        "one site, quadrature and slices",
        exact::site(well.b, well.lambda),
        exact::lattice(&[], &well),
        &[Of::Phi2, Of::Phi4],
    );

    // Sums over all fields on a grid, which converge as a power of e^{-1/h²}.
    for (extents, points) in [(vec![2], 200), (vec![3], 90), (vec![2, 2], 36)] {
        let name = format!("{extents:?}, exact and summed over fields: relative difference");
        checks.push(match exact::lattice(&extents, &weak) {
            Ok(table) => {
                let summed = summed(&extents, &weak, points);
                let off = [Of::Phi2, Of::Phi4, Of::Nn].iter().zip(summed).map(|(observable, known)| {
                    table.get(observable).map_or(f64::INFINITY, |found| (found.value / known - 1.0).abs())
                });
                Check::bound(RUNG, name, largest(off), 0.0, 1e-8)
            }
            Err(error) => Check::undecided(RUNG, format!("{name}: {error}")),
        });
    }
    checks.push(bessel(&well));
    // ⟨φ ∂S/∂φ⟩ = 1 by the moments alone.
    for extents in [vec![], vec![8], vec![2, 2], vec![3, 3], vec![2, 3]] {
        let name = format!("{extents:?}: 2b<phi^2> + 4 lambda <phi^4> - 4D kappa <phi phi'> - 1");
        checks.push(match exact::lattice(&extents, &weak) {
            Ok(table) => {
                let at = |observable| table.get(&observable).map_or(0.0, |found| found.value);
                let hopping = 4.0 * extents.len() as f64 * weak.kappa * at(Of::Nn);
                let sum = 2.0 * weak.b * at(Of::Phi2) + 4.0 * weak.lambda * at(Of::Phi4) - hopping;
                let error: f64 =
                    [Of::Phi2, Of::Phi4, Of::Nn].iter().filter_map(|o| table.get(o)).map(|e| 4.0 * e.error).sum();
                Check::bound(RUNG, name, sum, 1.0, 1e-10 + error)
            }
            Err(error) => Check::undecided(RUNG, format!("{name}: {error}")),
        });
    }
    checks
}

/// The largest relative error that exact results claim where they should be exact: an error that grows with what it
/// covers would hide it.
fn claims() -> Check {
    let c = Phi4::kappa_form(0.27, 0.022);
    let tables = [exact::site(0.5, 0.25), exact::site(-0.5, 0.1), exact::ring(8, &c), exact::lattice(&[2, 2], &c)];
    let name = "sites, rings and 2x2: largest relative error that is claimed";
    let worst = tables.into_iter().try_fold(0.0f64, |worst, table| {
        let claimed = |estimate: &Estimate| (estimate.error / estimate.value).abs();
        table.map(|table| table.values().filter(|estimate| estimate.value != 0.0).map(claimed).fold(worst, f64::max))
    });
    match worst {
        Ok(worst) => Check::bound(RUNG, name, worst, 0.0, 1e-9),
        Err(error) => Check::undecided(RUNG, format!("{name}: {error}")),
    }
}

/// What reference samplers measure of a field against the formulas: rows of every length, extents of 1 and 2.
fn measures(seed: u64) -> Check {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let c = Phi4 { kappa: 0.27, b: 0.8, lambda: 0.1 };
    let lattices: [&[usize]; 8] = [&[], &[1], &[2], &[1030], &[3, 700], &[1, 40], &[4, 2, 9], &[3, 5, 2, 4]];
    let mut worst = 0.0f64;
    for extents in lattices {
        let volume: usize = extents.iter().product();
        let phi: Vec<f64> = (0..volume).map(|_| rng.random_range(-2.0..2.0)).collect();
        let (found, v, d) = (sampler::measure(&phi, extents, &c), volume as f64, extents.len() as f64);
        let k = reference::drift(&phi, extents, &c);
        let mean = |f: &dyn Fn(usize) -> f64| (0..volume).map(f).sum::<f64>() / v;
        let bonds = Phi4 { kappa: -0.5, b: 0.0, lambda: 0.0 };
        let nn = reference::action(&phi, extents, &bonds) / v;
        let pairs = [
            (found.m, mean(&|x| phi[x])),
            (found.phi2, mean(&|x| phi[x].powi(2))),
            (found.phi4, mean(&|x| phi[x].powi(4))),
            (found.nn.unwrap_or(0.0), if d > 0.0 { nn / d } else { 0.0 }),
            (found.action_density, reference::action(&phi, extents, &c) / v),
            (found.schwinger_dyson, mean(&|x| -phi[x] * k[x])),
            (found.grad2, mean(&|x| k[x].powi(2))),
            (found.lap, reference::laplacian(&phi, extents, &c) / v),
        ];
        for (found, known) in pairs {
            worst = largest([worst, (found - known) / (1.0 + known.abs())]);
        }
    }
    Check::bound(RUNG, "observables of reference samplers against the formulas", worst, 0.0, 1e-12)
}

/// ⟨φ²⟩, ⟨φ⁴⟩ and ⟨φφ'⟩ of a few sites, summed over all fields on a grid.
fn summed(extents: &[usize], c: &Phi4, points: usize) -> [f64; 3] {
    let (sites, reach) = (extents.iter().product::<usize>(), 5.5);
    let grid: Vec<f64> = (0..points).map(|i| reach * (2.0 * i as f64 / (points - 1) as f64 - 1.0)).collect();
    let bonds = Phi4 { kappa: -0.5, b: 0.0, lambda: 0.0 };
    let directions = (extents.len() * sites) as f64;
    let of = |first: &f64| {
        let (mut sums, mut index, mut phi) = ([0.0; 4], vec![0; sites], vec![0.0; sites]);
        for _ in 0..points.pow(sites as u32 - 1) {
            phi[0] = *first;
            (1..sites).for_each(|x| phi[x] = grid[index[x]]);
            let p = (-reference::action(&phi, extents, c)).exp();
            let mean = |power| phi.iter().map(|x: &f64| x.powi(power)).sum::<f64>() / sites as f64;
            let nn = reference::action(&phi, extents, &bonds) / directions;
            sums = [sums[0] + p, sums[1] + p * mean(2), sums[2] + p * mean(4), sums[3] + p * nn];
            // The next field: an odometer.
            for digit in index.iter_mut().skip(1) {
                *digit = (*digit + 1) % points;
                if *digit > 0 {
                    break;
                }
            }
        }
        sums
    };
    let add = |a: [f64; 4], b: [f64; 4]| std::array::from_fn(|i| a[i] + b[i]);
    let [z, phi2, phi4, nn] = grid.par_iter().map(of).reduce(|| [0.0; 4], add);
    [phi2 / z, phi4 / z, nn / z]
}

/// ⟨φ²⟩ of one site in a single well: Z = ½√(b/λ) e^x K_{1/4}(x), x = b²/8λ, and ⟨φ²⟩ = -∂ln Z/∂b.
fn bessel(c: &Phi4) -> Check {
    let x = c.b * c.b / (8.0 * c.lambda);
    // K_ν(x) = ∫_0^∞ e^{-x cosh t} cosh νt dt, its derivative by x likewise.
    let integral = |f: &dyn Fn(f64) -> f64| (0..4000).map(|i| 0.005 * (f64::from(i) + 0.5)).map(f).sum::<f64>() * 0.005;
    let weight = |t: f64| (-x * t.cosh()).exp() * (0.25 * t).cosh();
    let k = integral(&weight);
    let slope = -integral(&|t| weight(t) * t.cosh());
    let known = -(0.5 / c.b + c.b / (4.0 * c.lambda) * (1.0 + slope / k));
    let name = "one site, quadrature and Bessel function: relative difference of <phi^2>";
    match exact::site(c.b, c.lambda) {
        Ok(table) => {
            let found = table.get(&Of::Phi2).map_or(f64::NAN, |found| found.value);
            Check::bound(RUNG, name, found / known - 1.0, 0.0, 1e-10)
        }
        Err(error) => Check::undecided(RUNG, format!("{name}: {error}")),
    }
}

/// A chain of a reference sampler.
type Sample = fn(&[usize], Phi4, u64, usize) -> Result<ChainSeries, SamplerError>;

/// Reference samplers.
const SAMPLERS: [(&str, Sample); 2] = [
    ("clusters", |extents, c, seed, count| {
        Ok(sampler::run(&mut Cluster::new(extents, c, seed)?, count / 20, count, 1))
    }),
    ("HMC", |extents, c, seed, count| Ok(sampler::run(&mut Hmc::new(extents, c, seed)?, count / 20, count, 1))),
];

/// Relative deviation that a run of the default length finds.
const PROMISE: f64 = 0.06;

/// Clusters and HMC on lattices that are known exactly.
fn samplers(effort: f64, seed: u64) -> Vec<Check> {
    let lattices: [(&[usize], Phi4); 3] = [
        (&[3, 3], Phi4::kappa_form(0.27, 0.022)),
        (&[8], Phi4::kappa_form(0.4, 0.1)),
        (&[2, 2], Phi4::kappa_form(0.3, 0.5)),
    ];
    let count = (100_000.0 * effort).max(2000.0) as usize;
    let of = |run: usize| {
        let ((name, sample), (extents, c)) = (SAMPLERS[run / lattices.len()], lattices[run % lattices.len()]);
        let label = format!("{name} on {extents:?}");
        let volume: usize = extents.iter().product();
        let exact = exact::lattice(extents, &c).map_err(|error| error.to_string());
        let series = sample(extents, c, seed.wrapping_add((run as u64 + 1) << 40), count);
        let series = series.map_err(|error| error.to_string());
        let found = series.and_then(|series| gammas(&[series], volume).map_err(|error| error.to_string()));
        let (exact, found) = match (exact, found) {
            (Ok(exact), Ok(found)) => (exact, found),
            (Err(error), _) | (_, Err(error)) => return vec![Check::undecided(RUNG, format!("{label}: {error}"))],
        };
        let against = |&observable: &Of| {
            let name = format!("{label}: {}", observable.key());
            match (found.get(&observable), exact.get(&observable)) {
                (Some(gamma), Some(known)) => {
                    let check = Check::statistic(RUNG, name, gamma, known.value, known.error);
                    check.promising(PROMISE / effort.sqrt() * known.value.abs())
                }
                _ => Check::undecided(RUNG, format!("{name}: not measured")),
            }
        };
        MOMENTS.iter().map(against).collect()
    };
    let checks: Vec<Vec<Check>> = (0..SAMPLERS.len() * lattices.len()).into_par_iter().map(of).collect();
    checks.concat()
}
