//! All statistical checks at once: their z against the normal law, their p-values against the uniform one.
//!
//! Checks of one run are correlated, so the two are to be looked at; what is tested stands in the rung `calibration`.

use super::certificate::Judged;
use super::figure::{Axis, Figure, Series};
use stoquant_exact::analysis::stats;

/// With a systematic part z is not normal but smaller: beyond this fraction of the error a check is left out.
const SYSTEMATIC: f64 = 1e-2;

/// Figures of a suite; none where there is next to nothing to see.
pub fn figures(checks: &[Judged]) -> Vec<Figure> {
    let whole = |c: &&Judged| c.systematic <= SYSTEMATIC * c.error;
    let z: Vec<f64> = checks.iter().filter(whole).filter_map(|c| c.z).filter(|z| z.is_finite()).collect();
    if z.len() < 20 {
        return Vec::new();
    }
    vec![histogram(&z), quantiles(&z)]
}

fn histogram(z: &[f64]) -> Figure {
    const WIDTH: f64 = 0.5;
    let largest = z.iter().fold(4.0f64, |m, z| m.max(z.abs())).min(12.0);
    let half = (largest / WIDTH).ceil();
    let edges: Vec<f64> = (0..=2 * half as usize).map(|i| (i as f64 - half) * WIDTH).collect();
    let mut counts = vec![0.0; edges.len()];
    for z in z {
        // What lies beyond is counted at the ends.
        let bin = ((z / WIDTH + half).max(0.0) as usize).min(edges.len() - 2);
        counts[bin] += 1.0;
    }
    let density = z.len() as f64 * WIDTH / std::f64::consts::TAU.sqrt();
    let (x, normal) = (0..=200)
        .map(|i| {
            let x = half * WIDTH * (f64::from(i) / 100.0 - 1.0);
            (x, density * (-0.5 * x * x).exp())
        })
        .unzip();
    Figure {
        rung: None,
        name: "z-scores".into(),
        caption: format!(
            "Deviations of the {} statistical checks whose expectation is exact, in standard errors, and the standard \
             normal law. Checks of one run are correlated.",
            z.len()
        ),
        x: Axis::linear("z"),
        y: Axis::linear(format!("checks in a bin of {WIDTH}")),
        series: vec![Series::steps("found", edges, counts), Series::line("standard normal", x, normal)],
    }
}

fn quantiles(z: &[f64]) -> Figure {
    let mut p: Vec<f64> = z.iter().map(|&z| stats::two_sided(z).max(1e-300)).collect();
    p.sort_by(f64::total_cmp);
    let n = p.len() as f64;
    let expected: Vec<f64> = (0..p.len()).map(|i| (i as f64 + 0.5) / n).collect();
    let line = vec![0.5 / n, 1.0];
    Figure {
        rung: None,
        name: "p-values".into(),
        caption: "The same checks: p-values in ascending order against those of a uniform law.".into(),
        x: Axis::log("p, uniform"),
        y: Axis::log("p, found"),
        series: vec![Series::points("found", expected, p, vec![]), Series::line("uniform", line.clone(), line)],
    }
}
