//! Where the table of the core's Gaussian comes from: the fit behind `stoquant_core::noise::gauss_table`.
//!
//! On a segment, the points are the values of t that occur, and the wanted value at t is y = -Φ⁻¹(p) with p the mean
//! upper tail probability of the words that share t. The quadratic y ≈ a₀ + a₁τ + a₂τ², τ = t/2¹⁵, is fitted by least
//! squares with Chebyshev's weight 1/√(1 - z²), z ∈ [-1, 1] the position between the segment's first and last point,
//! with 1 - z² kept at or above 1/1000. That weight spreads the error evenly, a least-squares stand-in for the minimax
//! fit (Powell, *Comput. J.* 9 (1967) 404). Segments of at most eight points have weight one; two points take a line,
//! one point a constant.
//!
//! Coefficients are rounded to the nearest integer of their unit one after another, each next one fitted again with the
//! ones before it fixed: c2, then c1, then C0 as the weighted mean of what the integer datapath, its floor included,
//! leaves.
//!
//! What remains are the two numbers that matter: C0 of octaves 0 and 1 (three quarters of all words) is shifted by one
//! integer, C0 of octaves 2 to 9 by another, so that the enumerated variance and kurtosis of η₁₈ become 1 and 3.
//! Newton's method on these two equations finds the shifts ([`generate`]); no entry is put in by hand. One unit of a
//! shift is 1.5e-9 in the variance, so that the neighbours (-92, -774) and (-93, -774) of the pair (-92, -775) do as
//! well. The threshold at which the iteration stops singles it out; the noise is defined by the table, not by the
//! threshold.

use rayon::prelude::*;
use serde::Serialize;
use stoquant_core::noise::gauss::Segment;
use stoquant_core::noise::gauss_table::SEGMENTS;
use stoquant_model::NoiseKind;

use crate::noise_law::{FACTS, Facts, NoiseLaw, normal_density, normal_tail_inverse};

/// A point of a segment: t and -Φ⁻¹(p) in units of 2⁻²⁹.
#[derive(Clone, Copy, Debug)]
struct Point {
    t: i32,
    y: f64,
}

/// Octave and quarter of a segment (`None`: the whole octave), the inverse of the index in `gauss::locate`.
#[must_use]
pub fn octave(index: usize) -> Option<(u32, Option<u32>)> {
    let i = index as u32;
    match i {
        0 | 1 => Some((30 + i, None)),
        4..=43 => Some(((i - 4) / 4, Some(i % 4))),
        44..=63 => Some((i - 34, None)),
        _ => None,
    }
}

/// The points of a segment in increasing order of t; none if it cannot occur.
fn points(index: usize) -> Vec<Point> {
    let Some((octave, quarter)) = octave(index) else { return Vec::new() };
    let (first, end) = match quarter {
        Some(q) => ((4 + q) << 13, (5 + q) << 13),
        None => (1 << 15, 1 << 16),
    };
    // n has its low `octave` bits clear and the bit above them set. Where that bit lies in the lower half of n, all
    // upper halves occur, with a mean of one half below them; else only the odd multiples of it do, and nothing lies
    // below.
    let (step, offset, below) = match octave {
        0..=15 => (1, 0, 0.5),
        _ => (1 << (octave - 15), 1 << (octave - 16), 0.0),
    };
    // For octave 31, v = 1 and n is the leading one itself.
    let offset = if octave == 31 { 0 } else { offset };
    (first + offset..end)
        .step_by(step)
        .map(|top: u32| {
            let p = (f64::from(top) + below) * (-17.0 - f64::from(octave)).exp2();
            Point { t: top as i32 - (1 << 16), y: normal_tail_inverse(p) * 29_f64.exp2() }
        })
        .collect()
}

/// Weights of the points.
fn weights(points: &[Point]) -> Vec<f64> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Vec::new() };
    let weight = |point: &Point| {
        let z = 2.0 * f64::from(point.t - first.t) / f64::from(last.t - first.t) - 1.0;
        (1.0 - z * z).max(1e-3).sqrt().recip()
    };
    if points.len() <= 8 { vec![1.0; points.len()] } else { points.iter().map(weight).collect() }
}

/// The coefficients of a segment before the common shifts of C0.
fn fit(points: &[Point]) -> Segment {
    if points.is_empty() {
        return Segment { c0: 0, c1: 0, c2: 0 };
    }
    let w = weights(points);
    let tau: Vec<f64> = points.iter().map(|p| f64::from(p.t) / 32_768.0).collect();
    let y: Vec<f64> = points.iter().map(|p| p.y).collect();
    let dot = |a: &[f64], b: &[f64]| (0..w.len()).map(|i| w[i] * a[i] * b[i]).sum::<f64>();

    // Orthogonal polynomials on the points: 1, p1 = τ - α, p2 = (τ - β) p1 - γ. The leading coefficient of a fit of
    // degree k is ⟨y, pk⟩/⟨pk, pk⟩, and τ² and τ have units 2^15 and 2^14 of the accumulator.
    let one = vec![1.0; w.len()];
    let alpha = dot(&tau, &one) / dot(&one, &one);
    let p1: Vec<f64> = tau.iter().map(|x| x - alpha).collect();
    let (mut c2, mut c1) = (0, 0);
    if points.len() > 2 {
        let tau_p1: Vec<f64> = tau.iter().zip(&p1).map(|(x, p)| x * p).collect();
        let (beta, gamma) = (dot(&tau_p1, &p1) / dot(&p1, &p1), dot(&p1, &p1) / dot(&one, &one));
        let p2: Vec<f64> = tau.iter().zip(&p1).map(|(x, p)| (x - beta) * p - gamma).collect();
        c2 = (dot(&y, &p2) / dot(&p2, &p2) / 32_768.0).round() as i16;
    }
    if points.len() > 1 {
        let line: Vec<f64> = y.iter().zip(&tau).map(|(y, x)| y - f64::from(c2) * 32_768.0 * x * x).collect();
        c1 = (dot(&line, &p1) / dot(&p1, &p1) / 16_384.0).round() as i16;
    }
    let slope = Segment { c0: 0, c1, c2 };
    let rest: Vec<f64> = points.iter().map(|p| p.y - f64::from(slope.at(p.t) as i32)).collect();
    // The mean, and half a unit of W = 18 so that the datapath may truncate.
    let c0 = (dot(&rest, &one) / dot(&one, &one)).round() as u32 + (1 << 14);
    Segment { c0, c1, c2 }
}

/// The generated table.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its segments; the two that cannot occur are zero.
    pub segments: [Segment; 64],
    /// What was added to C0 in octaves 0 and 1, and in octaves 2 to 9.
    pub shifts: [i32; 2],
    /// NoiseKind of η₁₈.
    pub law: NoiseLaw,
    points: Vec<Vec<Point>>,
}

/// Fits all segments, then shifts C0 until the variance of η₁₈ is 1 to within 2⁻³², the weight of one word.
///
/// A shift of |η| by δ in a set A of words changes ⟨η²⟩ by 2δ⟨|η|; A⟩ and ⟨η⁴⟩ by 4δ⟨|η|³; A⟩, the excess kurtosis
/// ⟨η⁴⟩/⟨η²⟩² - 3 therefore by δ(4⟨|η|³; A⟩ - 12⟨|η|; A⟩), up to the rounding of η. Newton's method accumulates its
/// steps as real numbers and tries the nearest integers.
///
/// # Errors
///
/// If that does not happen within 40 steps.
pub fn generate() -> Result<Table, String> {
    let points: Vec<_> = (0..64).into_par_iter().map(points).collect();
    let fitted: Vec<_> = points.iter().map(|points| fit(points)).collect();
    let unit = (-29_f64).exp2();
    // Octaves 0 and 1 are p > 2^-3, octaves 2 to 9 are 2^-11 < p < 2^-3.
    let edge = [0.0, normal_tail_inverse(0.125), normal_tail_inverse((-11_f64).exp2())];
    let [[v0, k0], [v1, k1]] = [0, 1].map(|set| {
        let [first, third] = absolute_moments(edge[set], edge[set + 1]);
        [2.0 * unit * first, unit * (4.0 * third - 12.0 * first)]
    });
    let mut exact = [0.0_f64; 2];
    for _ in 0..40 {
        let shifts = exact.map(|x| x.round() as i32);
        let segments = std::array::from_fn(|index| shifted(fitted[index], index, shifts));
        let law = NoiseLaw::of_table(&segments, 18);
        let (variance, kurtosis) = (law.variance_error(), law.excess_kurtosis());
        if variance.abs() < (-32_f64).exp2() {
            return Ok(Table { segments, shifts, law, points });
        }
        let determinant = v0 * k1 - v1 * k0;
        exact[0] -= (k1 * variance - v1 * kurtosis) / determinant;
        exact[1] -= (v0 * kurtosis - k0 * variance) / determinant;
    }
    Err("the shifts of the Gaussian table do not converge".to_owned())
}

/// ⟨|x|⟩ and ⟨|x|³⟩ of N(0,1) restricted to a < |x| < b.
fn absolute_moments(a: f64, b: f64) -> [f64; 2] {
    let third = |x: f64| (x * x + 2.0) * normal_density(x);
    [2.0 * (normal_density(a) - normal_density(b)), 2.0 * (third(a) - third(b))]
}

/// A segment with the shift of its octave.
fn shifted(segment: Segment, index: usize, shifts: [i32; 2]) -> Segment {
    let shift = match octave(index) {
        Some((0..=1, _)) => shifts[0],
        Some((2..=9, _)) => shifts[1],
        _ => 0,
    };
    Segment { c0: segment.c0.wrapping_add_signed(shift), ..segment }
}

/// One entry of the table: what the core has and what the fit gives.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct EntryReport {
    /// Index in the table.
    pub index: usize,
    /// Leading zeros of the words of the segment.
    pub octave: u32,
    /// Number of different t.
    pub points: usize,
    /// C0, c1, c2 in the core.
    pub committed: [i64; 3],
    /// C0, c1, c2 from [`generate`].
    pub generated: [i64; 3],
    /// Largest |η - exact value| before the last rounding, in units of 2⁻¹⁴.
    pub max_error: f64,
}

/// The core's table beside the generated one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TableReport {
    /// The 62 entries in use.
    pub entries: Vec<EntryReport>,
    /// What was added to C0 in octaves 0 and 1, and in octaves 2 to 9.
    pub shifts: [i32; 2],
    /// ⟨η₁₈²⟩ - 1.
    pub variance_error: f64,
    /// ⟨η₁₈⁴⟩/⟨η₁₈²⟩² - 3.
    pub excess_kurtosis: f64,
}

/// Generates the table, compares every entry with the core's and checks the enumerated sums.
///
/// # Errors
///
/// One line that names the first entry or sum that differs.
pub fn check_table() -> Result<TableReport, String> {
    let table = generate()?;
    let numbers = |s: Segment| [i64::from(s.c0), i64::from(s.c1), i64::from(s.c2)];
    let mut entries = Vec::new();
    for (index, (&core, &own)) in SEGMENTS.iter().zip(&table.segments).enumerate() {
        let (committed, generated) = (numbers(core), numbers(own));
        if let Some(i) = (0..3).find(|&i| committed[i] != generated[i]) {
            let name = ["C0", "c1", "c2"][i];
            let (has, fit) = (committed[i], generated[i]);
            return Err(format!("Gaussian table, entry {index}: {name} is {has}, the fit gives {fit}"));
        }
        let Some((octave, _)) = octave(index) else { continue };
        let points = &table.points[index];
        let error = |p: &Point| (f64::from(core.at(p.t)) - 16_384.0 - p.y).abs() / 32_768.0;
        let max_error = points.iter().map(error).fold(0.0, f64::max);
        entries.push(EntryReport { index, octave, points: points.len(), committed, generated, max_error });
    }
    for &Facts { width, sums: [expected, ..], .. } in &FACTS {
        let sum = NoiseLaw::new(NoiseKind::Gaussian, width).and_then(|law| law.sum(2)).unwrap_or(0);
        if sum != expected {
            return Err(format!("Gaussian of {width} bits: the squares sum to {sum}, not {expected}"));
        }
    }
    let (variance_error, excess_kurtosis) = (table.law.variance_error(), table.law.excess_kurtosis());
    Ok(TableReport { entries, shifts: table.shifts, variance_error, excess_kurtosis })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise_law::classes;
    use stoquant_core::noise::gauss;

    /// The fit gives the core's table, entry for entry.
    #[test]
    fn table_is_reproduced() {
        let report = check_table().unwrap();
        assert_eq!(report.entries.len(), 62);
        assert_eq!(report.shifts, [-92, -775]);
        // The far tail, p < 2^-11, may be off by 1e-3.
        for entry in &report.entries {
            let bound = if entry.octave <= 9 { 1.5 } else { 16.3 };
            assert!(entry.max_error < bound, "{entry:?}");
        }
    }

    /// The points of a segment are the t of the words that the core sends there, p their mean tail probability.
    #[test]
    fn points_are_those_of_the_words() {
        let mut seen = vec![Vec::new(); 64];
        for (u, _) in classes() {
            let (index, t) = gauss::locate(u);
            seen[index as usize].push(t);
        }
        for (index, seen) in seen.iter().enumerate() {
            assert!(points(index).iter().map(|p| p.t).eq(seen.iter().copied()), "segment {index}");
        }
    }

    /// A table that is off by one unit anywhere in the body has other moments.
    #[test]
    fn law_sees_one_unit() {
        let law = NoiseLaw::of_table(&SEGMENTS, 18);
        assert_eq!(law, NoiseLaw::of::<18>(NoiseKind::Gaussian));
        for index in 4..44 {
            for change in 0..2 {
                let mut table = SEGMENTS;
                if change == 0 {
                    table[index].c1 += 1
                } else {
                    table[index].c2 += 1
                }
                assert_ne!(NoiseLaw::of_table(&table, 18), law);
            }
        }
    }
}
