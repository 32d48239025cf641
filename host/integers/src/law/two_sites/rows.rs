//! The transition operator of two sites: an outer product of two one-site rows from every state.
//!
//! From (a, b) the chain goes to (a', b') with probability r(a; b)[a']·r(b; a)[b']: a band of a few standard deviations
//! of the noise in either direction. One application to a law touches the square of a band from each of the 255²
//! states.

use rayon::prelude::*;

/// States of one site.
pub const SITE: usize = crate::markov::STATES;

/// Sources shared out among threads in this many parts, whatever the number of threads: sums are the same bits.
const PARTS: usize = 8;

/// Sums that a loop keeps: rows are filled up with zeros to a multiple.
const LANES: usize = 8;

/// States of smaller probability are left out: all of them hold less than 7e-18.
const NEGLIGIBLE: f64 = 1e-22;

/// The rows r(own; other) of one site.
pub struct Rows {
    /// Entries of a row.
    width: usize,
    /// Where a row begins, as an index of a state; outside of 0..255 it saturates.
    first: Vec<i32>,
    /// Which shape a row has.
    shape: Vec<u32>,
    /// The shapes, one after the other.
    shapes: Vec<f64>,
    /// Most that an index may be outside of 0..255.
    pad: usize,
}

impl Rows {
    /// Rows of `width` entries: `row(own, other)` says where one begins and which shape it has.
    pub fn new(width: usize, shapes: &[f64], row: impl Fn(usize, usize) -> (i32, u32)) -> Self {
        let padding = vec![0.0; width.next_multiple_of(LANES) - width];
        let shapes: Vec<f64> = shapes.chunks(width).flat_map(|shape| shape.iter().chain(&padding)).copied().collect();
        let width = width + padding.len();
        let (first, shape): (Vec<i32>, Vec<u32>) = (0..SITE * SITE).map(|i| row(i / SITE, i % SITE)).unzip();
        let below = first.iter().map(|first| -first).max().unwrap_or(0);
        let above = first.iter().map(|first| first + width as i32 - SITE as i32).max().unwrap_or(0);
        Self { width, first, shape, shapes, pad: below.max(above).max(0) as usize }
    }

    /// Where the row of a site begins, and its entries.
    fn row(&self, own: usize, other: usize) -> (i32, &[f64]) {
        let index = own * SITE + other;
        (self.first[index], &self.shapes[self.shape[index] as usize * self.width..][..self.width])
    }

    /// The row of a site with saturation: r(own; other)[0..255].
    pub fn saturated(&self, own: usize, other: usize) -> Vec<f64> {
        let (first, row) = self.row(own, other);
        let mut out = vec![0.0; SITE];
        for (i, p) in (first..).zip(row) {
            out[i.clamp(0, SITE as i32 - 1) as usize] += p;
        }
        out
    }

    /// One step of both sites from their old values: the masses of (a, b), index 255a + b, after it.
    pub fn apply(&self, law: &[f64]) -> Vec<f64> {
        self.fold(&self.patches(law, |_, _| 1.0))
    }

    /// The same for a law that the exchange of the sites leaves alone, from the half of its states with a ≤ b.
    pub fn apply_symmetric(&self, law: &[f64]) -> Vec<f64> {
        let half = |a: usize, b: usize| match a.cmp(&b) {
            std::cmp::Ordering::Less => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Greater => 0.0,
        };
        let out = self.fold(&self.patches(law, half));
        (0..SITE * SITE).map(|i| out[i] + out[i % SITE * SITE + i / SITE]).collect()
    }

    /// E[f(a', b')] from every (a, b), for an f that is symmetric in its sites.
    pub fn expect(&self, f: &[f64]) -> Vec<f64> {
        let (side, pad) = (SITE + 2 * self.pad, self.pad as i32);
        let inside = |k: usize| (k as i32 - pad).clamp(0, SITE as i32 - 1) as usize;
        let padded: Vec<f64> = (0..side * side).map(|i| f[inside(i / side) * SITE + inside(i % side)]).collect();
        let mean = |a: usize, b: usize| -> f64 {
            let ((from_a, row_a), (from_b, row_b)) = (self.row(a, b), self.row(b, a));
            let lines = (from_a + pad..).zip(row_a).filter(|(_, p)| **p > 0.0);
            lines.map(|(i, p)| p * dot(&padded[i as usize * side + (from_b + pad) as usize..], row_b)).sum()
        };
        let lines: Vec<Vec<f64>> = (0..SITE).into_par_iter().map(|a| (a..SITE).map(|b| mean(a, b)).collect()).collect();
        (0..SITE * SITE).map(|i| (i / SITE, i % SITE)).map(|(a, b)| lines[a.min(b)][a.abs_diff(b)]).collect()
    }

    /// Sums of all patches on a field with room for what saturates.
    fn patches(&self, law: &[f64], weight: impl Fn(usize, usize) -> f64 + Sync) -> Vec<f64> {
        let (side, pad) = (SITE + 2 * self.pad, self.pad as i32);
        let parts: Vec<Vec<f64>> = (0..PARTS)
            .into_par_iter()
            .map(|part| {
                let mut out = vec![0.0; side * side];
                // Every eighth line: each part has its share of the probable ones.
                for a in (part..SITE).step_by(PARTS) {
                    for b in 0..SITE {
                        let mass = law[a * SITE + b] * weight(a, b);
                        if mass.abs() < NEGLIGIBLE {
                            continue;
                        }
                        let ((from_a, row_a), (from_b, row_b)) = (self.row(a, b), self.row(b, a));
                        let (line, column) = ((from_a + pad) as usize, (from_b + pad) as usize);
                        for (i, &p) in row_a.iter().enumerate() {
                            let out = &mut out[(line + i) * side + column..][..row_b.len()];
                            out.iter_mut().zip(row_b).for_each(|(out, q)| *out += mass * p * q);
                        }
                    }
                }
                out
            })
            .collect();
        (0..side * side).map(|i| parts.iter().map(|part| part[i]).sum()).collect()
    }

    /// Saturation.
    fn fold(&self, padded: &[f64]) -> Vec<f64> {
        let (side, pad) = (SITE + 2 * self.pad, self.pad as i32);
        let inside = |k: usize| (k as i32 - pad).clamp(0, SITE as i32 - 1) as usize;
        let mut out = vec![0.0; SITE * SITE];
        for (i, mass) in padded.iter().enumerate() {
            out[inside(i / side) * SITE + inside(i % side)] += mass;
        }
        out
    }
}

/// Σ x y over the length of y, a multiple of [`LANES`].
fn dot(x: &[f64], y: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    for (x, y) in x.as_chunks::<LANES>().0.iter().zip(y.as_chunks::<LANES>().0) {
        for k in 0..LANES {
            sums[k] += x[k] * y[k];
        }
    }
    sums.iter().sum()
}
