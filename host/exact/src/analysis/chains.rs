//! Whether the chains of an ensemble tell the same: agreement of their means, signs that never change, and chains that
//! are one chain twice.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::{Agreement, AnalysisError, ChainSeries, agreement, mean, stats};
use crate::estimate::Observable;

/// Probability that an ensemble whose chains all sample one law is called in question, for all observables together.
pub const FALSE_ALARM_RATE: f64 = 1e-4;

/// Measurements of one sign from which on the sign is said: of independent ones all agree once in 2^19.
const SIGNS: usize = 20;

/// The most chains that a line names.
const NAMED: usize = 8;

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
    pub fn compare(names: &[u32], series: &[ChainSeries]) -> Result<Self, AnalysisError> {
        let mut out = Self::default();
        out.repeated(names, series);
        out.signs(names, series);
        if series.len() < 2 {
            return Ok(out);
        }
        let map = |f: fn(f64) -> f64| series.iter().map(|c| c.m.iter().map(|&m| f(m)).collect()).collect();
        let of = |get: fn(&ChainSeries) -> &Vec<f64>| series.iter().map(|c| get(c).clone()).collect();
        let observables: [(&'static str, Vec<Vec<f64>>); 4] = [
            ("m", of(|c| &c.m)),
            (Observable::AbsM.key(), map(f64::abs)),
            (Observable::Phi2.key(), of(|c| &c.phi2)),
            (Observable::Nn.key(), of(|c| &c.nn)),
        ];
        for (key, replicas) in observables {
            let replicas: Vec<&[f64]> = replicas.iter().map(Vec::as_slice).collect();
            // `nn` is empty on a single site.
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
    fn signs(&mut self, names: &[u32], series: &[ChainSeries]) {
        let stuck =
            |c: &&ChainSeries| c.m.len() >= SIGNS && (c.m.iter().all(|&m| m > 0.0) || c.m.iter().all(|&m| m < 0.0));
        let stuck: Vec<(u32, f64)> =
            names.iter().zip(series).filter(|(_, c)| stuck(c)).map(|(&name, c)| (name, mean(&c.m))).collect();
        if !stuck.is_empty() {
            let who = list(stuck.iter().map(|(name, m)| format!("{name} (<M> = {m:+.3e})")));
            self.warnings.push(format!(
                "M keeps its sign in chain {who}: its average, and that of any odd quantity, is not that of e^{{-S}}"
            ));
        }
    }

    /// Chains whose measurements are those of another, as far as both go.
    fn repeated(&mut self, names: &[u32], series: &[ChainSeries]) {
        let key = |c: &ChainSeries| [c.m.first(), c.phi2.first()].map(|x| x.map(|x| x.to_bits()));
        let agree = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits());
        let mut first: HashMap<_, usize> = HashMap::new();
        let mut twice = Vec::new();
        for (index, c) in series.iter().enumerate() {
            let other = *first.entry(key(c)).or_insert(index);
            if other != index && agree(&c.m, &series[other].m) && agree(&c.phi2, &series[other].phi2) {
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

    #[test]
    fn good_chains_are_left_in_peace() {
        let series: Vec<_> = (0..8).map(|n| chain(900 + n, 0.0, 1000)).collect();
        let found = Chains::compare(&[0, 1, 2, 3, 4, 5, 6, 7], &series).unwrap();
        assert_eq!(found.warnings, Vec::<String>::new());
        assert_eq!(found.agreement.keys().copied().collect::<Vec<_>>(), ["abs_m", "m", "phi2"]);
        assert_eq!(found.table().lines().count(), 4);
        // One chain has nobody to agree with.
        let alone = Chains::compare(&[0], &series[..1]).unwrap();
        assert!(alone.agreement.is_empty() && alone.warnings.is_empty());
    }

    #[test]
    fn chains_are_named() {
        let names = [10, 11, 12, 13, 14, 15, 16, 17];
        let compare = |series: &[ChainSeries]| Chains::compare(&names, series).unwrap().warnings;
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
