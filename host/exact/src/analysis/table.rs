//! From the measurements of chains to the table of observables, every error by the Γ-method.

use std::collections::BTreeMap;

use super::{AnalysisError, Gamma, Status, gamma, gamma_derived};
use crate::estimate::{Estimate, Observable, Observables};

/// The measurements of one chain: one number per configuration in each field, site averages unless said.
///
/// A field may stay empty (in all chains alike): its observables are then left out of the table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChainSeries {
    /// φ².
    pub phi2: Vec<f64>,
    /// φ⁴.
    pub phi4: Vec<f64>,
    /// φ_x φ_{x+μ}, average over sites and forward directions; empty for a single site.
    pub nn: Vec<f64>,
    /// Magnetisation M = (1/V) Σ φ, with its sign.
    pub m: Vec<f64>,
    /// S/V.
    pub action_density: Vec<f64>,
    /// φ_x ∂S/∂φ_x.
    pub schwinger_dyson: Vec<f64>,
    /// |∇S|²/V.
    pub grad2: Vec<f64>,
    /// ΔS/V, with the Laplacian in field space ΔS = Σ_x ∂²S/∂φ_x².
    pub lap: Vec<f64>,
}

impl ChainSeries {
    /// The fields by name.
    pub fn fields(&self) -> [(&'static str, &[f64]); 8] {
        [
            ("phi2", &self.phi2),
            ("phi4", &self.phi4),
            ("nn", &self.nn),
            ("m", &self.m),
            ("action_density", &self.action_density),
            ("schwinger_dyson", &self.schwinger_dyson),
            ("grad2", &self.grad2),
            ("lap", &self.lap),
        ]
    }

    /// Number of measurements.
    pub fn len(&self) -> usize {
        self.fields().iter().map(|(_, series)| series.len()).max().unwrap_or(0)
    }

    /// Whether there are no measurements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The table of observables: values, errors by the Γ-method, τ_int of M² (of φ² without M).
///
/// A chain too short for its autocorrelations is an error ([`AnalysisError::TooCorrelated`]), never a naive error bar.
/// A quantity that does not fluctuate at all has error 0.
///
/// ```
/// use stoquant_exact::analysis::{ChainSeries, observables};
/// use stoquant_exact::estimate::Observable;
///
/// let phi: Vec<f64> = (0..100).map(|i| f64::from(i * i % 7) - 2.0).collect();
/// let chain = ChainSeries { phi2: phi.iter().map(|p| p * p).collect(), m: phi, ..Default::default() };
/// let table = observables(&[chain], 1)?;
/// assert!(table[&Observable::Phi2].error > 0.0);
/// # Ok::<(), stoquant_exact::analysis::AnalysisError>(())
/// ```
pub fn observables(series: &[ChainSeries], volume: usize) -> Result<Observables, AnalysisError> {
    let analyses = gammas(series, volume)?;
    for (observable, g) in &analyses {
        if g.status == Status::TooCorrelated {
            let (observable, window) = (observable.key().to_owned(), g.window);
            let measurements = g.measurements;
            return Err(AnalysisError::TooCorrelated { observable, window, measurements });
        }
    }
    let mut table: Observables = analyses.iter().map(|(&o, g)| (o, g.estimate())).collect();
    if let Some(g) = analyses.get(&Observable::M2).or(analyses.get(&Observable::Phi2)) {
        table.insert(Observable::TauInt, Estimate::new(g.tau_int, g.tau_int_error));
    }
    Ok(table)
}

/// The full analyses behind [`observables`], windows and autocorrelation functions included, without τ_int itself.
pub fn gammas(series: &[ChainSeries], volume: usize) -> Result<BTreeMap<Observable, Gamma>, AnalysisError> {
    check_lengths(series)?;
    let v = volume as f64;
    let field = |get: fn(&ChainSeries) -> &Vec<f64>| -> Vec<&[f64]> {
        series.iter().map(|c| get(c).as_slice()).filter(|s| !s.is_empty()).collect()
    };
    let mut table = BTreeMap::new();

    type Field = fn(&ChainSeries) -> &Vec<f64>;
    let primaries: [(Observable, Field); 5] = [
        (Observable::Phi2, |c| &c.phi2),
        (Observable::Phi4, |c| &c.phi4),
        (Observable::Nn, |c| &c.nn),
        (Observable::ActionDensity, |c| &c.action_density),
        (Observable::SchwingerDyson, |c| &c.schwinger_dyson),
    ];
    for (observable, get) in primaries {
        let replicas = field(get);
        if !replicas.is_empty() {
            table.insert(observable, gamma(&replicas)?);
        }
    }

    let (grad2, lap) = (field(|c| &c.grad2), field(|c| &c.lap));
    if !grad2.is_empty() && !lap.is_empty() {
        insert(&mut table, Observable::ConfigTemperature, gamma_derived(&[&grad2, &lap], |m| m[0] / m[1]))?;
    }

    let m = field(|c| &c.m);
    if !m.is_empty() {
        let map =
            |f: &dyn Fn(f64) -> f64| -> Vec<Vec<f64>> { m.iter().map(|r| r.iter().map(|&m| f(m)).collect()).collect() };
        let (abs, m2, m4) = (map(&f64::abs), map(&|m| m.powi(2)), map(&|m| m.powi(4)));
        let (abs, m2, m4) = (slices(&abs), slices(&m2), slices(&m4));
        table.insert(Observable::AbsM, gamma(&abs)?);
        table.insert(Observable::M2, gamma(&m2)?);
        table.insert(Observable::M4, gamma(&m4)?);
        insert(&mut table, Observable::U4, gamma_derived(&[&m2, &m4], |m| 1.0 - m[1] / (3.0 * m[0] * m[0])))?;
        table.insert(Observable::Chi, gamma_derived(&[&m2], |m| v * m[0])?);
    }
    Ok(table)
}

/// A derived quantity that is undefined at the measured means (U₄ of a field with M = 0) is left out.
fn insert(
    table: &mut BTreeMap<Observable, Gamma>,
    observable: Observable,
    derived: Result<Gamma, AnalysisError>,
) -> Result<(), AnalysisError> {
    match derived {
        Err(AnalysisError::Undefined { .. }) => {}
        derived => {
            table.insert(observable, derived?);
        }
    }
    Ok(())
}

/// Replicas as the Γ-method takes them.
pub fn slices(replicas: &[Vec<f64>]) -> Vec<&[f64]> {
    replicas.iter().map(Vec::as_slice).collect()
}

/// In every chain, each field is as long as the longest, or empty in all chains.
fn check_lengths(series: &[ChainSeries]) -> Result<(), AnalysisError> {
    if series.iter().all(ChainSeries::is_empty) {
        return Err(AnalysisError::NoData);
    }
    let of_chains = series.iter().map(|c| c.fields().map(|(_, values)| !values.is_empty()));
    let present = of_chains.reduce(|a, b| std::array::from_fn(|i| a[i] || b[i])).unwrap_or_default();
    for (replica, chain) in series.iter().enumerate() {
        let expected = chain.len();
        for (i, (name, values)) in chain.fields().into_iter().enumerate() {
            if present[i] && values.len() != expected {
                let (observable, length) = (name.to_string(), values.len());
                return Err(AnalysisError::UnequalLengths { observable, replica, length, expected });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::series::ar1;

    /// Independent unit-normal "magnetisations" m on a volume of 5: every key has an exact value.
    fn chain(rho: f64, n: usize, seed: u64) -> ChainSeries {
        let m = ar1(rho, n, seed);
        let map = |f: fn(f64) -> f64| m.iter().map(|&m| f(m)).collect::<Vec<_>>();
        ChainSeries {
            phi2: map(|m| m * m),
            phi4: map(|m| m.powi(4)),
            nn: map(|m| m),
            action_density: map(|m| m * m / 2.0),
            schwinger_dyson: map(|m| m * m),
            grad2: map(|m| m * m),
            lap: map(|_| 1.0),
            m,
        }
    }

    /// S = m²/2: all twelve keys against their exact values, each within z = 4.9 (1e-6 two-sided, 1.2e-5 in all).
    #[test]
    fn all_keys_against_the_gaussian() {
        let series = [chain(0.5, 60_000, 41), chain(0.5, 40_000, 42)];
        let table = observables(&series, 5).unwrap();
        // τ_int of m² for AR(1): Γ(t) ∝ ρ^{2t}.
        let tau = 0.5 * (1.0 + 0.25) / (1.0 - 0.25);
        let exact = [
            (Observable::Phi2, 1.0),
            (Observable::Phi4, 3.0),
            (Observable::Nn, 0.0),
            (Observable::AbsM, (2.0 / std::f64::consts::PI).sqrt()),
            (Observable::M2, 1.0),
            (Observable::M4, 3.0),
            (Observable::U4, 0.0),
            (Observable::Chi, 5.0),
            (Observable::ActionDensity, 0.5),
            (Observable::SchwingerDyson, 1.0),
            (Observable::ConfigTemperature, 1.0),
            (Observable::TauInt, tau),
        ];
        assert_eq!(table.len(), exact.len());
        for (observable, value) in exact {
            let e = table[&observable];
            assert!(e.error > 0.0 && e.error < 0.05 * (1.0 + value), "{observable:?} {e:?}");
            assert!((e.value - value).abs() < 4.9 * e.error, "{observable:?} {e:?} {value}");
        }
        // One series under several names, and scaled: the same analysis.
        let relative = |o| table[&o].error / table[&o].value;
        assert!((relative(Observable::Chi) / relative(Observable::M2) - 1.0).abs() < 1e-9);
        assert_eq!(table[&Observable::Phi2], table[&Observable::M2]);
    }

    #[test]
    fn empty_fields_are_left_out() {
        let phi2 = ar1(0.5, 1000, 43);
        let table = observables(&[ChainSeries { phi2, ..Default::default() }], 4).unwrap();
        assert_eq!(table.keys().copied().collect::<Vec<_>>(), [Observable::Phi2, Observable::TauInt]);
    }

    #[test]
    fn bad_input_is_named() {
        assert_eq!(observables(&[], 1), Err(AnalysisError::NoData));
        let mut short = chain(0.5, 100, 44);
        short.nn.pop();
        let message = observables(&[short], 1).unwrap_err().to_string();
        assert!(message.starts_with("nn of chain 0 has 99 measurements; 100 expected"), "{message}");

        let mut without = chain(0.5, 100, 45);
        without.m.clear();
        let mixed = observables(&[chain(0.5, 100, 46), without], 1);
        assert!(matches!(mixed, Err(AnalysisError::UnequalLengths { replica: 1, length: 0, .. })));

        // Two chains that each stay where they started.
        let stuck = |at: f64| ChainSeries { phi2: vec![at; 100], ..Default::default() };
        let open = observables(&[stuck(1.0), stuck(2.0)], 1);
        assert!(matches!(open, Err(AnalysisError::TooCorrelated { measurements: 200, .. })));
    }
}
