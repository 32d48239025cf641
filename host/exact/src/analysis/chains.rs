//! Whether the chains of an ensemble tell the same: agreement of their means, signs that never change, and chains that
//! are one chain twice.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::{Agreement, AnalysisError, ChainSeries, agreement, stats};
use crate::estimate::Observable;

/// Probability that an ensemble whose chains all sample one law is called in question, for all observables together.
pub const FALSE_ALARM_RATE: f64 = 1e-4;

/// Measurements of one sign from which on the sign is said: of independent ones all agree once in 2^19.
const SIGNS: usize = 20;

/// The most chains that a line names.
const NAMED: usize = 8;

/// Means that the records of all chains together may hold of each observable.
const MEANS: usize = 1 << 19;

/// Measurements of a chain that are compared with those of another, to tell whether they are the same.
const COMPARED: usize = 256;

/// A summary of one chain, which [`Chains::compare`] compares with others: averages of M, |M|, φ² and φφ' over `width`
/// measurements at a time. Its memory does not grow with the length of the chain.
#[derive(Clone, Debug)]
pub struct Record {
    width: usize,
    /// Means of `width` measurements: M, |M|, φ², and φφ' where there are neighbours.
    means: [Vec<f64>; 4],
    sums: [f64; 4],
    count: usize,
    /// Measurements with M > 0, with M < 0, and the sum of M.
    signs: [usize; 2],
    total: f64,
    /// The bits of M and φ² of the first measurements.
    first: Vec<[u64; 2]>,
}

impl Record {
    /// The record of one chain among `chains`. The longest of them has `measurements`.
    pub fn new(measurements: usize, chains: usize) -> Self {
        let most = (MEANS / chains.max(1)).max(16);
        Self {
            width: measurements.div_ceil(most).max(1),
            means: Default::default(),
            sums: [0.0; 4],
            count: 0,
            signs: [0; 2],
            total: 0.0,
            first: Vec::new(),
        }
    }

    /// One more measurement.
    pub fn push(&mut self, m: f64, phi2: f64, nn: Option<f64>) {
        if self.count < COMPARED {
            self.first.push([m.to_bits(), phi2.to_bits()]);
        }
        self.count += 1;
        self.signs[0] += usize::from(m > 0.0);
        self.signs[1] += usize::from(m < 0.0);
        self.total += m;
        let values = [Some(m), Some(m.abs()), Some(phi2), nn];
        let full = self.count.is_multiple_of(self.width);
        for ((value, sum), means) in values.into_iter().zip(&mut self.sums).zip(&mut self.means) {
            let Some(value) = value else { continue };
            *sum += value;
            if full {
                means.push(*sum / self.width as f64);
                *sum = 0.0;
            }
        }
    }

    /// The record of a series, one of `chains`. The longest of them has `measurements`.
    pub fn of(series: &ChainSeries, measurements: usize, chains: usize) -> Self {
        let mut record = Self::new(measurements, chains);
        let phi2 = series.phi2.iter().copied().chain(std::iter::repeat(0.0));
        for (index, (&m, phi2)) in series.m.iter().zip(phi2).enumerate() {
            record.push(m, phi2, series.nn.get(index).copied());
        }
        record
    }
}

/// What several chains have to say about each other.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Chains {
    /// Agreement of observables that are averages, and of M.
    pub agreement: BTreeMap<&'static str, Agreement>,
    /// What is wrong, a line each; empty where nothing is.
    pub warnings: Vec<String>,
}

impl Chains {
    /// Compares the chains, which have names.
    pub fn compare(names: &[u32], records: &[Record]) -> Result<Self, AnalysisError> {
        let mut out = Self::default();
        out.repeated(names, records);
        out.signs(names, records);
        if records.len() < 2 {
            return Ok(out);
        }
        let keys = ["m", Observable::AbsM.key(), Observable::Phi2.key(), Observable::Nn.key()];
        for (index, key) in keys.into_iter().enumerate() {
            let replicas: Vec<&[f64]> = records.iter().map(|record| record.means[index].as_slice()).collect();
            // There is no `nn` on a single site.
            if replicas.iter().all(|series| !series.is_empty()) {
                out.agreement.insert(key, agreement(&replicas)?);
            }
        }
        out.disagree(names);
        Ok(out)
    }

    fn disagree(&mut self, names: &[u32]) {
        let level = FALSE_ALARM_RATE / self.agreement.len().max(1) as f64;
        for (key, a) in &self.agreement {
            // Where chains are too short for their autocorrelations, any scatter may be theirs.
            let Some(p) = a.p.filter(|&p| p < level) else { continue };
            let threshold = stats::z_threshold(level, names.len());
            let mut far: Vec<(u32, f64)> =
                names.iter().copied().zip(a.z.iter().copied()).filter(|(_, z)| z.abs() > threshold).collect();
            far.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
            let who = far.iter().map(|(name, z)| format!("{name} ({z:+.1}σ)"));
            let who = if far.is_empty() { String::new() } else { format!("; off: chain {}", list(who)) };
            self.warnings.push(format!(
                "the chains disagree in {key}: χ² = {:.1} for {} degrees of freedom, p = {p:.1e}, R-hat = {:.3}{who}",
                a.chi2, a.dof, a.r_hat
            ));
        }
    }

    /// Chains in which M keeps its sign.
    fn signs(&mut self, names: &[u32], records: &[Record]) {
        let stuck = |record: &Record| record.count >= SIGNS && record.signs.contains(&record.count);
        let stuck: Vec<String> = names
            .iter()
            .zip(records)
            .filter(|(_, record)| stuck(record))
            .map(|(name, record)| format!("{name} (<M> = {:+.3e})", record.total / record.count as f64))
            .collect();
        if !stuck.is_empty() {
            let who = list(stuck.into_iter());
            self.warnings.push(format!(
                "M keeps its sign in chain {who}: its average, and that of any odd quantity, is not that of e^{{-S}}"
            ));
        }
    }

    /// Chains whose first measurements are those of another, as far as both go.
    fn repeated(&mut self, names: &[u32], records: &[Record]) {
        let mut first: HashMap<_, usize> = HashMap::new();
        let mut twice = Vec::new();
        for (index, record) in records.iter().enumerate() {
            let other = *first.entry(record.first.first()).or_insert(index);
            if other != index && record.first.iter().zip(&records[other].first).all(|(a, b)| a == b) {
                twice.push(format!("{} (as {})", names[index], names[other]));
            }
        }
        if !twice.is_empty() {
            let count = twice.len();
            self.warnings
                .push(format!("the same chain twice: {}; {count} of them tell nothing", list(twice.into_iter())));
        }
    }

    /// One line an observable: χ² of the chains, its probability, and R̂.
    pub fn table(&self) -> String {
        let mut out = format!("{:<20} {:>12} {:>10} {:>10}", "chains agree in", "chi2/dof", "p", "R-hat");
        for (key, a) in &self.agreement {
            let p = a.p.map_or("-".into(), |p| format!("{p:.2e}"));
            let chi2 = if a.p.is_some() { format!("{:.1}/{}", a.chi2, a.dof) } else { "too short".into() };
            out += &format!("\n{key:<20} {chi2:>12} {p:>10} {:>10.4}", a.r_hat);
        }
        out
    }
}

/// The first few of a list, and how many more there are.
pub fn list(all: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = all.collect();
    let rest = all.len().saturating_sub(NAMED);
    let shown = all[..all.len() - rest].join(", ");
    if rest > 0 { format!("{shown} and {rest} more") } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::series::ar1;

    fn chain(seed: u64, shift: f64, n: usize) -> ChainSeries {
        let m: Vec<f64> = ar1(0.5, n, seed).iter().map(|a| a + shift).collect();
        ChainSeries { phi2: m.iter().map(|m| m * m).collect(), m, ..ChainSeries::default() }
    }

    fn compare(names: &[u32], series: &[ChainSeries]) -> Chains {
        let records: Vec<_> = series.iter().map(|series| Record::of(series, 1000, series.len())).collect();
        Chains::compare(names, &records).unwrap()
    }

    /// Averages over four measurements at a time keep the mean of a chain, and what it says of another.
    #[test]
    fn long_chains_take_the_memory_of_short_ones() {
        let long = MEANS / 2 * 4;
        let record = |seed| Record::of(&chain(seed, 0.0, long), long, 2);
        let records = [record(900), record(901)];
        assert_eq!(records.each_ref().map(|record| (record.width, record.means[0].len())), [(4, MEANS / 2); 2]);
        let found = Chains::compare(&[0, 1], &records).unwrap();
        assert!(found.agreement["m"].p > Some(1e-4) && found.warnings.is_empty(), "{found:?}");
        let off = Record::of(&chain(901, 0.05, long), long, 2);
        let found = Chains::compare(&[0, 1], &[records[0].clone(), off]).unwrap();
        assert!(found.agreement["m"].p < Some(1e-9), "{found:?}");
    }

    #[test]
    fn good_chains_are_left_in_peace() {
        let series: Vec<_> = (0..8).map(|n| chain(900 + n, 0.0, 1000)).collect();
        let found = compare(&[0, 1, 2, 3, 4, 5, 6, 7], &series);
        assert_eq!(found.warnings, Vec::<String>::new());
        assert_eq!(found.agreement.keys().copied().collect::<Vec<_>>(), ["abs_m", "m", "phi2"]);
        assert_eq!(found.table().lines().count(), 4);
        // One chain has nobody to agree with.
        let alone = compare(&[0], &series[..1]);
        assert!(alone.agreement.is_empty() && alone.warnings.is_empty());
    }

    #[test]
    fn chains_are_named() {
        let names = [10, 11, 12, 13, 14, 15, 16, 17];
        let compare = |series: &[ChainSeries]| compare(&names, series).warnings;
        let mut series: Vec<_> = (0..8).map(|n| chain(900 + n, 0.0, 1000)).collect();
        series[5] = chain(905, 0.6, 1000);
        let shifted = compare(&series);
        assert!(
            shifted.iter().any(|line| line.contains("disagree in m:") && line.contains("off: chain 15 (+")),
            "{shifted:?}"
        );
        // Two wells.
        let wells: Vec<_> = (0..8).map(|n| chain(900 + n, if n % 2 == 0 { 9.0 } else { -9.0 }, 1000)).collect();
        let stuck = compare(&wells);
        assert!(stuck.iter().any(|line| line.contains("disagree in m:")), "{stuck:?}");
        assert!(stuck.iter().any(|line| line.contains("M keeps its sign in chain 10 (<M> = +")), "{stuck:?}");
        assert!(!stuck.iter().any(|line| line.contains("disagree in abs_m")), "{stuck:?}");
        // Twice, also where one is shorter.
        let mut twice: Vec<_> = (0..8).map(|n| chain(900 + n, 0.0, 1000)).collect();
        twice[6] = chain(902, 0.0, 400);
        let repeated = compare(&twice);
        assert_eq!(repeated, ["the same chain twice: 16 (as 12); 1 of them tell nothing"]);
    }
}
