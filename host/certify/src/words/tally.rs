//! What is counted while words stream past: two neighbouring chains, step by step.

use stoquant_core::noise::gauss;

use super::super::check::Check;
use super::{SITES, Source, cells, chi2, equal_cells, in_cells, mean};
use stoquant_integers::noise_law::NoiseLaw;

/// Values that η₁₈ can have, and the histogram's length.
pub const VALUES: i32 = 1 << 18;

/// Sites of one direction of the lattice.
const ROW: usize = 64;

/// Pairs of values that may be correlated.
const RELATIONS: [&str; 5] = [
    "the two sites of a pair",
    "sites of neighbouring pairs",
    "sites a row apart",
    "successive steps",
    "neighbouring chains",
];

/// Pairs of coordinates that differ in one bit.
const FLIPS: [&str; 2] = ["the lowest bit of the step", "bit 31 of the step"];

/// Bytes of a word that pairs are formed of, as shifts.
const BYTES: [(&str, u32); 2] = [("highest", 24), ("lowest", 0)];

/// Longer gaps share a cell.
const GAPS: usize = 128;

/// Counts of a pair of chains.
#[derive(Default)]
pub struct Tally {
    words: u64,
    /// Histogram of η₁₈ + VALUES/2.
    values: Vec<u64>,
    /// For each relation: pairs, Σ ηη', Σ (η² - v)(η'² - v), v = 2²⁸ the variance up to 2e-10.
    products: [[f64; 3]; RELATIONS.len()],
    bits: BitCounts,
    flips: [BitCounts; FLIPS.len()],
    bytes: [Vec<u64>; BYTES.len()],
    /// Numbers of words between successive ones below 2²⁷.
    gaps: Vec<u64>,
}

/// A step of a chain: words, and η of even and of odd sites.
struct Row {
    words: Vec<u32>,
    eta: [Vec<f64>; 2],
}

impl Row {
    fn new() -> Self {
        Self { words: vec![0; SITES], eta: [vec![0.0; SITES / 2], vec![0.0; SITES / 2]] }
    }
}

impl Tally {
    /// `steps` steps of the chains `chain` and `chain + 1`.
    pub fn of(make: &Source, chain: u32, steps: u64) -> Self {
        let mut tally = Self {
            values: vec![0; VALUES as usize],
            bytes: [vec![0; 1 << 16], vec![0; 1 << 16]],
            gaps: vec![0; GAPS + 1],
            ..Self::default()
        };
        let mut sources = [make(chain), make(chain + 1)];
        let (mut now, mut before) = ([Row::new(), Row::new()], [Row::new(), Row::new()]);
        let mut other = vec![0; SITES];
        let mut since = [None; 2];
        for step in 0..steps {
            for (source, row) in sources.iter_mut().zip(&mut now) {
                source.fill(step, 0, &mut row.words);
            }
            sources[0].fill(step ^ 1 << 31, 0, &mut other);
            tally.flips[1].add(&now[0].words, Some(&other));
            for ((row, before), since) in now.iter_mut().zip(&before).zip(&mut since) {
                tally.row(row, since);
                if step > 0 {
                    tally.relate(3, &row.eta[0], &before.eta[0]);
                    tally.relate(3, &row.eta[1], &before.eta[1]);
                }
                if step & 1 == 1 {
                    tally.flips[0].add(&row.words, Some(&before.words));
                }
            }
            tally.relate(4, &now[0].eta[0], &now[1].eta[0]);
            tally.relate(4, &now[0].eta[1], &now[1].eta[1]);
            std::mem::swap(&mut now, &mut before);
        }
        tally
    }

    /// What concerns one step of one chain.
    fn row(&mut self, row: &mut Row, since: &mut Option<usize>) {
        self.words += SITES as u64;
        for (i, &word) in row.words.iter().enumerate() {
            let eta = gauss::eta::<18>(word);
            self.values[(eta + VALUES / 2) as usize] += 1;
            row.eta[i % 2][i / 2] = f64::from(eta);
            if word < 1 << 27 {
                if let Some(gap) = *since {
                    self.gaps[GAPS.min(gap)] += 1;
                }
                *since = Some(0);
            } else if let Some(gap) = since {
                *gap += 1;
            }
        }
        for pair in row.words.chunks_exact(2) {
            for (counts, (_, shift)) in self.bytes.iter_mut().zip(BYTES) {
                let byte = |word: u32| (word >> shift & 0xff) as usize;
                counts[byte(pair[0]) << 8 | byte(pair[1])] += 1;
            }
        }
        self.bits.add(&row.words, None);
        let [even, odd] = &row.eta;
        self.relate(0, even, odd);
        self.relate(1, odd, &even[1..]);
        for lane in [even, odd] {
            self.relate(2, lane, &lane[ROW / 2..]);
        }
    }

    /// Adds the pairs of values at the same place of `a` and `b`, as far as both go.
    fn relate(&mut self, relation: usize, a: &[f64], b: &[f64]) {
        const V: f64 = (1_u64 << 28) as f64;
        // Eight sums at a time, which a compiler may keep in vectors.
        let mut sums = [[0.0; 8]; 2];
        let mut add = |l: usize, x: f64, y: f64| {
            sums[0][l] += x * y;
            sums[1][l] += (x * x - V) * (y * y - V);
        };
        let n = a.len().min(b.len());
        let ((a, rest_a), (b, rest_b)) = (a[..n].as_chunks::<8>(), b[..n].as_chunks::<8>());
        for (a, b) in a.iter().zip(b) {
            for l in 0..8 {
                add(l, a[l], b[l]);
            }
        }
        rest_a.iter().zip(rest_b).for_each(|(&x, &y)| add(0, x, y));
        let products = &mut self.products[relation];
        products[0] += n as f64;
        products[1] += sums[0].iter().sum::<f64>();
        products[2] += sums[1].iter().sum::<f64>();
    }

    /// Adds another tally's counts.
    pub fn merge(&mut self, other: &Self) {
        let add = |a: &mut Vec<u64>, b: &[u64]| {
            a.resize(b.len(), 0);
            a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        };
        self.words += other.words;
        add(&mut self.values, &other.values);
        add(&mut self.gaps, &other.gaps);
        self.bytes.iter_mut().zip(&other.bytes).for_each(|(a, b)| add(a, b));
        self.products.as_flattened_mut().iter_mut().zip(other.products.as_flattened()).for_each(|(a, b)| *a += b);
        self.bits.merge(&other.bits);
        self.flips.iter_mut().zip(&other.flips).for_each(|(a, b)| a.merge(b));
    }

    /// The checks; `scale` in units of the standard size.
    pub fn checks(&self, law: &NoiseLaw, scale: f64) -> Vec<Check> {
        let n = self.words as f64;
        let mut checks = Vec::new();
        for k in 1..=8 {
            let x = |index: usize| f64::from(index as i32 - VALUES / 2) * law.unit();
            let sum = self.values.iter().enumerate().map(|(i, &count)| count as f64 * x(i).powi(k)).sum();
            let k = k as u32;
            let sigma = (law.moment(2 * k) - law.moment(k).powi(2)).sqrt();
            checks.push(mean(format!("⟨η^{k}⟩"), sum, law.moment(k), sigma, n, scale));
        }
        let starts = equal_cells(law, 64);
        let tail = |i: usize| starts.get(i).map_or(0, |&a| law.tail(a));
        let p = (0..64).map(|i| {
            if i == 0 {
                1.0 - 2.0 * tail(1) as f64 / 2_f64.powi(32)
            } else {
                (tail(i) - tail(i + 1)) as f64 / 2_f64.powi(31)
            }
        });
        let statistic = chi2(in_cells(&self.values, &starts).into_iter().zip(p), n);
        checks.push(cells("|η| in 64 cells", statistic, 63.0, n, scale));

        // Means are zero and neighbours independent: different products are uncorrelated, each of variance v², (⟨η⁴⟩ -
        // v²)².
        let (unit, v) = (law.unit(), law.moment(2));
        let spread = law.moment(4) - v * v;
        for (name, [n, eta, squares]) in RELATIONS.iter().zip(self.products) {
            checks.push(mean(format!("correlation of η, {name}"), eta * unit.powi(2) / v, 0.0, 1.0, n, scale));
            checks.push(mean(
                format!("correlation of η², {name}"),
                squares * unit.powi(4) / spread,
                0.0,
                1.0,
                n,
                scale,
            ));
        }

        checks.push(self.bits.check("ones in each of the 32 bits, even and odd sites", scale));
        for (name, counts) in FLIPS.iter().zip(&self.flips) {
            checks.push(counts.check(&format!("bits of a word that {name} changes"), scale));
        }
        for ((name, _), counts) in BYTES.iter().zip(&self.bytes) {
            let statistic = chi2(counts.iter().map(|&c| (c, 2_f64.powi(-16))), 0.5 * n);
            checks.push(cells(
                format!("{name} bytes of a pair of sites in 2^16 cells"),
                statistic,
                65_535.0,
                0.5 * n,
                scale,
            ));
        }
        let total: u64 = self.gaps.iter().sum();
        // Geometric: p(1 - p)^gap, p = 1/32.
        let p = |gap| {
            if gap < GAPS { (31.0_f64 / 32.0).powi(gap as i32) / 32.0 } else { (31.0_f64 / 32.0).powi(GAPS as i32) }
        };
        let statistic = chi2(self.gaps.iter().enumerate().map(|(gap, &c)| (c, p(gap))), total as f64);
        checks.push(cells("gaps between words below 2^27", statistic, GAPS as f64, total as f64, scale));
        checks
    }
}

/// Lanes that are counted side by side.
const LANES: usize = 4;

/// How often each of 64 bits is set: bits of the word at an even site, then at the odd one.
#[derive(Clone, Copy, Default)]
struct BitCounts {
    /// Bit k of a counter for each bit of each lane.
    planes: [[u64; LANES]; 8],
    /// Entries in the counters, below 256.
    pending: u32,
    /// Pairs of words counted.
    pairs: u64,
    counts: BitTotals,
}

/// Totals of 64 bits.
#[derive(Clone, Copy)]
struct BitTotals([u64; 64]);

impl Default for BitTotals {
    fn default() -> Self {
        Self([0; 64])
    }
}

impl BitCounts {
    /// Adds all pairs of `words`, exclusive-or those of `other`.
    fn add(&mut self, words: &[u32], other: Option<&[u32]>) {
        for (index, chunk) in words.chunks_exact(2 * LANES).enumerate() {
            let join = |from: &[u32]| -> [u64; LANES] {
                std::array::from_fn(|l| u64::from(from[2 * l]) | u64::from(from[2 * l + 1]) << 32)
            };
            let mut carry = join(chunk);
            if let Some(other) = other {
                let other = join(&other[2 * LANES * index..]);
                (0..LANES).for_each(|l| carry[l] ^= other[l]);
            }
            for plane in &mut self.planes {
                for l in 0..LANES {
                    let both = plane[l] & carry[l];
                    plane[l] ^= carry[l];
                    carry[l] = both;
                }
            }
            self.pending += 1;
            if self.pending == 255 {
                self.flush();
            }
        }
    }

    fn flush(&mut self) {
        for (k, plane) in self.planes.iter().enumerate() {
            for (bit, count) in self.counts.0.iter_mut().enumerate() {
                *count += plane.iter().map(|lane| lane >> bit & 1).sum::<u64>() << k;
            }
        }
        self.pairs += u64::from(self.pending) * LANES as u64;
        self.planes = [[0; LANES]; 8];
        self.pending = 0;
    }

    fn merge(&mut self, other: &Self) {
        let mut other = *other;
        other.flush();
        self.flush();
        self.pairs += other.pairs;
        self.counts.0.iter_mut().zip(other.counts.0).for_each(|(a, b)| *a += b);
    }

    /// Each bit is set half of the times.
    fn check(&self, name: &str, scale: f64) -> Check {
        let n = self.pairs as f64;
        let statistic = self.counts.0.iter().map(|&c| (2.0 * c as f64 - n).powi(2) / n).sum();
        cells(name, statistic, 64.0, n, scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counted bit by bit.
    #[test]
    fn bits_are_counted() {
        let words: Vec<u32> = (0..8192_u32).map(|i| i.wrapping_mul(0x9e37_79b9) ^ i << 7).collect();
        let other: Vec<u32> = words.iter().rev().copied().collect();
        let mut found = BitCounts::default();
        found.add(&words, Some(&other));
        found.flush();
        for bit in 0..64 {
            let lane = words.iter().zip(&other).skip(bit / 32).step_by(2);
            let expected = lane.filter(|&(a, b)| (a ^ b) >> (bit % 32) & 1 == 1).count() as u64;
            assert_eq!((found.counts.0[bit], found.pairs), (expected, 4096));
        }
    }
}
