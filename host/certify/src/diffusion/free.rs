//! Gaussian modes: every law in closed form.

use stoquant_core::diffusion::flow::{Flow, Method};
use stoquant_core::diffusion::kernel::noise as variance;
use stoquant_core::diffusion::process::{Process, SubVariancePreserving, VarianceExploding, VariancePreserving};
use stoquant_core::diffusion::reverse::{Kind, Reverse, Step};
use stoquant_core::diffusion::schedule::{Geometric, Linear, Table};
use stoquant_core::error::Error;
use stoquant_core::machine::Portable;
use stoquant_core::score::Free;

use super::{Altered, RUNG, Subject, gaussian, noise};
use crate::Level;
use crate::check::Check;
use stoquant_diffusion::spectrum;

/// σ from which the reverse begins.
const WIDEST: f64 = 6.0;

/// Geometric σ of `steps` steps and the end 0; with the midpoints that Runge and Kutta's method asks for.
fn grid(points: usize) -> Vec<f64> {
    let mut grid: Vec<f64> = (0..points).map(|n| WIDEST * 0.02f64.powf(n as f64 / points.max(2) as f64)).collect();
    grid.push(0.0);
    grid
}

/// The samplers that are exact for a free field at any number of steps: ln q and ln w of single samples against the
/// Gaussian.
pub fn exact(subject: &Subject, seed: u64) -> Result<Vec<Check>, Error> {
    let a: Vec<f64> = spectrum::laplacian(8).iter().map(|k2| 1.0 / (0.54 * k2 + 0.1)).collect();
    let modes = a.len();
    let ln_p = |y: &[f64]| -> f64 {
        let mode = |(y, a): (&f64, &f64)| -0.5 * (y * y / a + (2.0 * std::f64::consts::PI * a).ln());
        y.iter().zip(&a).map(mode).sum()
    };
    let root: Vec<f64> = a.iter().map(|a| a.sqrt()).collect();
    let mut checks = Vec::new();
    for (name, method) in [("Euler", Method::Euler), ("Heun", Method::Heun), ("AB2", Method::Ab2), ("RK4", Method::Rk4)]
    {
        let mut off = 0.0f64;
        for steps in [1, 3, 10] {
            let grid = grid(if method == Method::Rk4 { 2 * steps } else { steps });
            let count = method.nodes(grid.len());
            let (mut closes, mut r, mut p, mut w) = (vec![], vec![], vec![], vec![]);
            for n in 0..count {
                let nodes: Vec<_> = a.iter().filter_map(|&a| method.node(&grid, n, a)).collect();
                closes.push(nodes[0].closes);
                r.extend(nodes.iter().map(|n| n.radius));
                p.extend(nodes.iter().map(|n| n.predict));
                w.extend(nodes.iter().map(|n| n.weight));
            }
            let flow = Flow::new(&closes, &r, &p, &w, &root, 0)?;
            let score = Altered { score: Free { modes }, stages: count, subject };
            let mut work = vec![0.0; flow.work(&score)];
            for chain in 0..8 {
                let mut u = vec![0.0; modes];
                gaussian(seed, chain, &mut u);
                let ln_q = flow.run::<true, _, _>(Portable, &score, &mut u, &mut work);
                off = off.max((ln_q - ln_p(&u)).abs());
            }
        }
        // 64 modes, |ln q| of order 100, some ten operations of 1e-16 each.
        checks.push(Check::bound(RUNG, format!("free field, flow by {name}: largest |ln q - ln p|"), off, 0.0, 1e-10));
    }
    for (name, correctors) in [("exponential", 0), ("predictor-corrector", 1)] {
        let mut off = 0.0f64;
        for count in [1, 3, 10] {
            let grid = grid(count);
            let (mut steps, mut kernels, mut stage) = (vec![], vec![], 0);
            for pair in grid.windows(2) {
                steps.push(Step { stage, kind: Kind::Noising { variance: variance(pair[0], pair[1]) } });
                kernels.push(a.iter().map(|&a| (subject.exponential)(pair[0], pair[1], a)).collect::<Vec<_>>());
                stage += 1;
                for _ in 0..correctors {
                    steps.push(Step { stage, kind: Kind::Corrector });
                    kernels.push(a.iter().map(|&a| (subject.corrector)(0.3, pair[1], a)).collect());
                }
            }
            let total = kernels.len();
            let table = |of: &dyn Fn(usize, usize) -> f64| -> Vec<f64> {
                (0..total).flat_map(|n| (0..modes).map(move |k| (n, k))).map(|(n, k)| of(n, k)).collect()
            };
            let keep = table(&|n, k| kernels[n][k].keep);
            let pull = table(&|n, k| kernels[n][k].pull);
            let amplitude = table(&|n, k| (subject.amplitude)(&kernels[n][k], n, total));
            let begin: Vec<f64> = a.iter().map(|a| (a + WIDEST * WIDEST).sqrt()).collect();
            let reverse = Reverse::new(&steps, &begin, &keep, &pull, &amplitude, 0)?;
            let score = Altered { score: Free { modes }, stages: stage + 1, subject };
            let mut work = vec![0.0; reverse.work(&score)];
            for chain in 0..8 {
                let mut y = vec![0.0; modes];
                gaussian(seed, chain, &mut y);
                let ln = reverse.run::<true, _, _, _>(Portable, &score, &mut noise(seed, chain), &mut y, &mut work);
                // w e^S is 1/p of the target, normalised: ln w = -S + ln, ln Z known.
                off = off.max((ln + ln_p(&y)).abs());
            }
        }
        // As above, with a cancellation of (σ_t/(σ_t - σ_s))² in the noising kernels.
        let name = format!("free field, {name}: largest |ln w - ln Z|");
        checks.push(Check::bound(RUNG, name, if off.is_nan() { f64::INFINITY } else { off }, 0.0, 1e-8));
    }
    Ok(checks)
}

/// Euler–Maruyama of every process: the variance of a mode follows v' = keep²v + spread, the last noise included.
pub fn recursion(subject: &Subject, level: Level, seed: u64) -> Result<Vec<Check>, Error> {
    const STEPS: usize = 25;
    const MODES: usize = 4096;
    let runs = if level == Level::Full { 256 } else { 16 };
    let a = 2.5;
    let mut totals = vec![0.0; STEPS + 1];
    let alpha: Vec<f64> = (1..=STEPS).map(|n| 1.0 - 0.4 * n as f64 / STEPS as f64).collect();
    let processes: [(&str, Box<dyn Process + '_>); 4] = [
        ("variance-exploding", Box::new(VarianceExploding(Geometric::new(0.05, WIDEST)?))),
        ("variance-preserving", Box::new(VariancePreserving(Linear::new(0.1, 12.0)?))),
        ("sub-VP", Box::new(SubVariancePreserving(Linear::new(0.1, 12.0)?))),
        ("chain", Box::new(VariancePreserving(Table::of_chain(&alpha, &mut totals)?))),
    ];
    let mut checks = Vec::new();
    for (chain, (name, process)) in processes.iter().enumerate() {
        let time = |n: usize| 1.0 - n as f64 / STEPS as f64;
        // What the law should be comes from the core's kernel, what runs from the subject's.
        let start = a + process.sigma(1.0).powi(2);
        let (mut v, mut limit) = (start, start);
        let (mut steps, mut keep, mut pull, mut amplitude) = (vec![], vec![], vec![], vec![]);
        for n in 0..STEPS {
            let (t, s) = (time(n), time(n + 1));
            let truth = (Subject::default().euler_maruyama)(process.as_ref(), t, s, a);
            v = truth.keep * truth.keep * v + truth.spread;
            let kernel = (subject.euler_maruyama)(process.as_ref(), t, s, a);
            let noising = variance(process.sigma(t), process.sigma(s));
            steps.push(Step { stage: n, kind: Kind::Noising { variance: noising } });
            keep.extend(vec![kernel.keep; MODES]);
            pull.extend(vec![kernel.pull; MODES]);
            amplitude.extend(vec![(subject.amplitude)(&kernel, n, STEPS); MODES]);
        }
        // The limit of many steps is the Gaussian of the free field, whatever the process: from 1/N and 2/N.
        const FINE: usize = 20_000;
        for n in 0..FINE {
            let (t, s) = (1.0 - n as f64 / FINE as f64, 1.0 - (n + 1) as f64 / FINE as f64);
            let kernel = (subject.euler_maruyama)(process.as_ref(), t, s, a);
            limit = kernel.keep * kernel.keep * limit + kernel.spread;
        }
        checks.push(Check::bound(RUNG, format!("{name}: variance of a mode, {FINE} steps"), limit, a, 2e-3 * a));
        let begin = vec![start.sqrt(); MODES];
        let reverse = Reverse::new(&steps, &begin, &keep, &pull, &amplitude, 0)?;
        let score = Altered { score: Free { modes: MODES }, stages: STEPS, subject };
        let mut work = vec![0.0; reverse.work(&score)];
        let mut sum = 0.0;
        for run in 0..runs {
            let id = (chain * runs + run) as u32 + 1000;
            let mut y = vec![0.0; MODES];
            gaussian(seed, id, &mut y);
            let mut noise = noise(seed, id);
            reverse.run::<false, _, _, _>(Portable, &score, &mut noise, &mut y, &mut work);
            sum += y.iter().map(|y| y * y).sum::<f64>();
        }
        let count = (runs * MODES) as f64;
        let name = format!("{name}, {STEPS} steps of Euler–Maruyama: <|phi_k|^2>");
        let error = v * (2.0 / count).sqrt();
        checks.push(Check::normal(RUNG, name, sum / count, v, error).promising(0.05 * v).from_samples(count));
    }
    Ok(checks)
}
