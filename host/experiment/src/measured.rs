//! Measurements of an ensemble: time series of its observables and correlators, and what follows from them.

use std::collections::{BTreeMap, HashMap};
use std::io::{Seek, Write};

use rayon::prelude::*;
use serde::{Serialize, Serializer};
use stoquant_exact::analysis::chains::{Chains, Record};
use stoquant_exact::analysis::{AnalysisError, ChainSeries, Gamma, Status, gamma, gamma_derived, gammas, slices};
use stoquant_exact::estimate::{Estimate, Observable};
use stoquant_exact::sampler::{correlator, effective_mass, measure, second_moment_length, structure_factor};
use stoquant_model::{Extents, Phi4};

use crate::ensemble::Reader;
use crate::experiment::InputError;
use crate::npy::{Header, NpzWriter};
use crate::resources;

/// Numbers that are measured at a time.
const TOGETHER: usize = 1 << 20;

/// Time series of an ensemble, chain by chain.
pub struct Measured {
    /// Extents, slowest first.
    pub extents: Extents,
    /// The numbers of the chains, in the order in which they begin.
    pub names: Vec<u32>,
    /// The series of each chain; without couplings those of the action are empty.
    pub series: Vec<ChainSeries>,
    /// Structure factors F of each chain, and the extent that they are of; none where all extents are below 3.
    pub structure: Option<(Vec<Vec<f64>>, usize)>,
    /// C_p(t) of the slice averages: `correlators[n][t][chain][draw]`.
    pub correlators: Vec<Vec<Vec<Vec<f64>>>>,
    /// The last configuration.
    pub last: Vec<f64>,
}

/// Of one configuration.
struct One {
    measurement: stoquant_exact::sampler::Measurement,
    structure: Option<(f64, usize)>,
    correlator: Vec<Vec<f64>>,
}

/// C_p(t) and its effective mass, at one momentum p = 2πn/L₁.
#[derive(Debug, Serialize)]
pub struct Correlation {
    /// n.
    pub momentum: usize,
    /// C_p(t), t = 0 … ⌊L₀/2⌋.
    pub c: Vec<Value>,
    /// m_eff(t) = arcosh((C(t-1) + C(t+1))/2C(t)), t = 1 … ⌈L₀/2⌉ - 1; null where it is none.
    pub m_eff: Vec<Option<Value>>,
}

/// A value with its error, and how far that can be trusted.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Value {
    /// An error that cannot be given is NaN, null in JSON.
    #[serde(flatten)]
    pub estimate: Estimate,
    /// Whether the window closed in time.
    pub status: Status,
    /// Integrated autocorrelation time, in measurements.
    #[serde(serialize_with = "finite")]
    pub tau_int: f64,
}

fn finite<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    value.is_finite().then_some(value).serialize(serializer)
}

impl From<&Gamma> for Value {
    fn from(gamma: &Gamma) -> Self {
        let error = if gamma.status == Status::TooCorrelated { f64::NAN } else { gamma.error };
        Self { estimate: Estimate::new(gamma.value, error), status: gamma.status, tau_int: gamma.tau_int }
    }
}

impl Measured {
    /// Measures an ensemble, with correlators at so many momenta. Memory: the series alone.
    pub fn read(reader: Reader, couplings: Option<Phi4>, momenta: usize) -> Result<Self, InputError> {
        // Without couplings the action's observables are left out.
        let c = couplings.unwrap_or(Phi4 { kappa: 0.0, b: 0.0, lambda: 0.0 });
        let (extents, volume, count) = (reader.extents, reader.volume(), reader.count());
        let times = extents.first().map_or(0, |time| time / 2 + 1);
        let bytes = (count as u64).saturating_mul(160 + 32 * (times * momenta) as u64);
        resources::need_memory(&format!("measuring {count} configurations"), bytes)?;
        let one = |phi: &[f64]| One {
            measurement: measure(phi, &extents, &c),
            structure: structure_factor(phi, &extents),
            correlator: correlator(phi, &extents, momenta),
        };
        let (mut all, mut waiting, mut last) = (Vec::with_capacity(count), Vec::new(), Vec::new());
        let mut measure_all = |waiting: &mut Vec<f64>| {
            all.par_extend(waiting.par_chunks(volume).map(one));
            if let Some(configuration) = waiting.rchunks(volume).next() {
                last = configuration.to_vec();
            }
            waiting.clear();
        };
        let chain = reader.each(|_, fields| {
            waiting.extend_from_slice(fields);
            if waiting.len() >= TOGETHER {
                measure_all(&mut waiting);
            }
        })?;
        measure_all(&mut waiting);

        let mut places = HashMap::new();
        let mut out =
            Self { extents, names: vec![], series: vec![], structure: None, correlators: vec![], last: Vec::new() };
        let (mut structure, mut extent) = (Vec::<Vec<f64>>::new(), None);
        for (One { measurement, structure: factor, correlator }, chain) in all.into_iter().zip(chain) {
            let place = *places.entry(chain).or_insert(out.names.len());
            if place == out.names.len() {
                out.names.push(chain);
                out.series.push(ChainSeries::default());
                structure.push(vec![]);
            }
            measurement.push_to(&mut out.series[place]);
            if let Some((factor, largest)) = factor {
                structure[place].push(factor);
                extent = Some(largest);
            }
            out.correlators.resize_with(correlator.len(), Vec::new);
            for (to, of_momentum) in out.correlators.iter_mut().zip(correlator) {
                to.resize_with(of_momentum.len(), Vec::new);
                for (to, c) in to.iter_mut().zip(of_momentum) {
                    to.resize_with(out.names.len(), Vec::new);
                    to[place].push(c);
                }
            }
        }
        out.structure = extent.map(|extent| (structure, extent));
        out.last = last;
        if couplings.is_none() {
            for s in &mut out.series {
                for of_action in [&mut s.action_density, &mut s.schwinger_dyson, &mut s.grad2, &mut s.lap] {
                    of_action.clear();
                }
            }
        }
        Ok(out)
    }

    /// The analysis of each observable, without τ_int itself.
    pub fn gammas(&self) -> Result<BTreeMap<Observable, Gamma>, AnalysisError> {
        let volume: usize = self.extents.iter().product();
        let mut table = gammas(&self.series, volume)?;
        if let Some((structure, extent)) = &self.structure {
            let m2: Vec<Vec<f64>> = self.series.iter().map(|s| s.m.iter().map(|m| m * m).collect()).collect();
            let xi = |means: &[f64]| second_moment_length(volume as f64 * means[0], means[1], *extent);
            match gamma_derived(&[&slices(&m2), &slices(structure)], xi) {
                Ok(gamma) => drop(table.insert(Observable::Xi, gamma)),
                // F > χ, as it can be in a short run far from a critical point.
                Err(AnalysisError::Undefined { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(table)
    }

    /// Correlators and effective masses.
    pub fn correlations(&self) -> Result<Vec<Correlation>, AnalysisError> {
        let time = self.extents.first().copied().unwrap_or(1);
        let of_momentum = |(momentum, series): (usize, &Vec<Vec<Vec<f64>>>)| {
            let c = series.iter().map(|c| gamma(&slices(c)).map(|gamma| (&gamma).into()));
            let mass = |t: usize| {
                // C(L₀/2 + ½) of an odd extent lies on the other side.
                let after = &series[(t + 1).min(time - t - 1)];
                let three = [&series[t - 1], &series[t], after].map(|c| slices(c));
                match gamma_derived(&[&three[0], &three[1], &three[2]], |m| effective_mass([m[0], m[1], m[2]])) {
                    Ok(gamma) => Ok(Some((&gamma).into())),
                    Err(AnalysisError::Undefined { .. }) => Ok(None),
                    Err(error) => Err(error),
                }
            };
            Ok(Correlation {
                momentum,
                c: c.collect::<Result<_, _>>()?,
                m_eff: (1..time.div_ceil(2)).map(mass).collect::<Result<_, _>>()?,
            })
        };
        self.correlators.iter().enumerate().map(of_momentum).collect()
    }

    /// What the chains say about each other.
    pub fn agreement(&self) -> Result<Chains, AnalysisError> {
        let longest = self.longest();
        let records: Vec<Record> =
            self.series.iter().map(|series| Record::of(series, longest, self.names.len())).collect();
        Chains::compare(&self.names, &records)
    }

    fn longest(&self) -> usize {
        self.series.iter().map(ChainSeries::len).max().unwrap_or(0)
    }

    /// Writes the series as `.npz`: `chain` (chains), each observable (chains, draws), `structure` and with momenta
    /// `correlator` (momenta, times, chains, draws). A chain that is shorter than others ends with NaN.
    pub fn write_npz(&self, writer: impl Write + Seek) -> std::io::Result<()> {
        let (chains, draws) = (self.names.len(), self.longest());
        let padded = |series: &[f64]| {
            let rest = draws - series.len();
            series.iter().copied().chain(std::iter::repeat_n(f64::NAN, rest)).map(f64::to_le_bytes).collect::<Vec<_>>()
        };
        let mut npz = NpzWriter::new(writer);
        let names = Header::new(crate::npy::Kind::Unsigned, 4, vec![chains]);
        npz.add("chain", &names, self.names.iter().map(|name| name.to_le_bytes()))?;
        let keys = self.series.first().map(ChainSeries::fields).unwrap_or_default();
        for (index, (key, _)) in keys.iter().enumerate().filter(|(_, (_, series))| !series.is_empty()) {
            let rows = self.series.iter().flat_map(|series| padded(series.fields()[index].1));
            npz.add(key, &Header::floats(8, vec![chains, draws]), rows)?;
        }
        if let Some((structure, _)) = &self.structure {
            let rows = structure.iter().flat_map(|series| padded(series));
            npz.add("structure", &Header::floats(8, vec![chains, draws]), rows)?;
        }
        if let Some(first) = self.correlators.first() {
            let shape = vec![self.correlators.len(), first.len(), chains, draws];
            let rows = self.correlators.iter().flatten().flatten().flat_map(|series| padded(series));
            npz.add("correlator", &Header::floats(8, shape), rows)?;
        }
        npz.finish().map(drop)
    }
}
