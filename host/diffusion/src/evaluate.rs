//! What generated configurations are worth: weights, log Z three ways, averages against a reference, symmetries and
//! force of the score.

mod residuals;
#[cfg(test)]
mod tests;

use std::fmt::Write;

use serde::Serialize;

use super::finish::Finished;
use super::generate::{Generated, Generator, SamplerKind, Settings};
use super::model::Model;
use super::reference::Reference;
use super::weights::{self, Quality, independence_metropolis};
pub use residuals::{Residuals, residuals};
use stoquant_core::arith::Real;
use stoquant_engines::simd::MachineKind;
use stoquant_exact::analysis;
use stoquant_exact::estimate::{Observable, Observables};
use stoquant_experiment::experiment::InputError;

/// Averages by one estimator.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Column {
    /// `raw`, `reweighted` or `chain`.
    pub name: &'static str,
    /// Values and errors.
    pub observables: Observables,
    /// Distance from the reference in joint errors.
    pub significance: std::collections::BTreeMap<Observable, f64>,
}

/// Weights of ancestral paths.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Paths {
    /// Steps of a path.
    pub steps: usize,
    /// From samples.
    pub reverse: Quality,
    /// Acceptance of independence Metropolis among them.
    pub acceptance: f64,
    /// From reference configurations that were noised: blind to nothing that the reference has seen.
    pub forward: Option<Quality>,
}

/// Everything that is known of a set of configurations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Configurations.
    pub count: usize,
    /// ESS and log Z of the sampler's own weights.
    pub weights: Option<Quality>,
    /// Acceptance of independence Metropolis with them.
    pub acceptance: Option<f64>,
    /// Weights of noised reference configurations, where the sampler is a reverse process.
    pub forward: Option<Quality>,
    /// Ancestral paths, if asked for.
    pub paths: Option<Paths>,
    /// Averages of the reference.
    pub reference: Option<Observables>,
    /// Averages by every estimator there is.
    pub columns: Vec<Column>,
    /// Symmetries and force of the score, of a model.
    pub residuals: Option<Residuals>,
    /// What could not be estimated, and why.
    pub notes: Vec<String>,
    /// Wall time of a configuration, milliseconds, on the threads of the run.
    pub ms: f64,
    /// Wall time of an effectively independent configuration, milliseconds: `ms` divided by the ESS.
    pub ms_independent: Option<f64>,
}

/// Bins of reference configurations: at least 32 for an error, each as long as that allows.
fn bin(count: usize) -> usize {
    (count / 32).clamp(1, 256)
}

/// Ancestral paths of `steps` steps: as many samples as `count`, and all of the reference.
pub fn paths<R: Real>(
    model: &Model,
    steps: usize,
    count: usize,
    reference: Option<&Reference>,
    machine: MachineKind,
    seed: u64,
) -> Result<Paths, InputError> {
    let settings = Settings { sampler: SamplerKind::Ancestral, steps, weights: true, ..Settings::default() };
    let generator = Generator::<R>::new(model, &settings)?;
    let ln_w = generator.generate(machine, seed, count, &|| {})?.ln_w.unwrap_or_default();
    Ok(Paths {
        steps,
        reverse: weights::reverse(&ln_w).map_err(InputError::new)?,
        acceptance: independence_metropolis(&ln_w, seed).map_err(InputError::new)?.acceptance,
        forward: reference.map(|reference| forward(&generator, reference, machine, seed)).transpose()?,
    })
}

/// Weights of noised reference configurations.
pub fn forward<R: Real>(
    generator: &Generator<R>,
    reference: &Reference,
    machine: MachineKind,
    seed: u64,
) -> Result<Quality, InputError> {
    let ln_w = generator.noised(machine, seed, &reference.phi)?;
    weights::forward(&ln_w, bin(ln_w.len())).map_err(InputError::new)
}

/// What was found, or a note of why not.
fn found<T, E: std::fmt::Display>(what: &str, result: Result<T, E>, notes: &mut Vec<String>) -> Option<T> {
    result.map_err(|error| notes.push(format!("{what}: {error}"))).ok()
}

impl Evaluation {
    /// Of what was generated in `seconds` on `volume` sites; [`forward`](Self::forward), [`paths`](Self::paths) and
    /// [`residuals`](Self::residuals) are added by who wants them.
    pub fn new(
        volume: usize,
        generated: &Generated,
        finished: Option<&Finished>,
        reference: Option<&Reference>,
        seconds: f64,
        seed: u64,
    ) -> Result<Self, InputError> {
        let count = generated.series.len();
        let expect =
            reference.map(|r| analysis::observables(&r.series, volume)).transpose().map_err(InputError::new)?;
        let column = |name, observables: Observables| Column {
            name,
            significance: expect.as_ref().map(|e| weights::significances(&observables, e)).unwrap_or_default(),
            observables,
        };
        let (mut columns, mut notes) = (Vec::new(), Vec::new());
        columns
            .extend(found("raw", weights::unweighted(&generated.series, volume), &mut notes).map(|t| column("raw", t)));
        let (mut quality, mut acceptance) = (None, None);
        if let Some(ln_w) = &generated.ln_w {
            quality = found("weights", weights::reverse(ln_w), &mut notes);
            acceptance = independence_metropolis(ln_w, seed).ok().map(|chain| chain.acceptance);
            let table = found("reweighted", weights::reweighted(&generated.series, volume, ln_w), &mut notes);
            columns.extend(table.map(|table| column("reweighted", table)));
        }
        if let Some(finished) = finished {
            let table = analysis::observables(std::slice::from_ref(&finished.series), volume);
            columns.extend(found("chain", table, &mut notes).map(|table| column("chain", table)));
        }
        let ms = 1e3 * seconds / count as f64;
        Ok(Self {
            count,
            ms_independent: quality.map(|quality| ms / quality.ess.value),
            weights: quality,
            acceptance,
            forward: None,
            paths: None,
            reference: expect,
            columns,
            residuals: None,
            notes,
            ms,
        })
    }

    /// Plain tables.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let mut line = |name: &str, value: String| {
            let _ = writeln!(out, "{name:<34} {value}");
        };
        let mut quality = |name: &str, quality: &Option<Quality>| {
            if let Some(Quality { ess, ln_z, std_ln_w, .. }) = quality {
                line(&format!("ESS, {name}"), ess.to_string());
                line(&format!("log Z, {name}"), ln_z.to_string());
                line(&format!("standard deviation of ln w, {name}"), format!("{std_ln_w:.4}"));
            }
        };
        quality("samples", &self.weights);
        quality("noised reference", &self.forward);
        if let Some(paths) = &self.paths {
            quality(&format!("{} step paths", paths.steps), &Some(paths.reverse));
            quality(&format!("{} step noised", paths.steps), &paths.forward);
        }
        if let Some(acceptance) = self.acceptance {
            line("acceptance, independence", format!("{acceptance:.4}"));
        }
        if let Some(Residuals { z2, translation, cosine, ratio }) = self.residuals {
            line("score: φ → -φ, translations", format!("{z2:.1e} {translation:.1e}"));
            line("score at σ = 0 / force: cos, ratio", format!("{cosine:.6} {ratio:.6}"));
        }
        line("ms a configuration", format!("{:.4}", self.ms));
        if let Some(ms) = self.ms_independent {
            line("ms an independent configuration", format!("{ms:.4}"));
        }
        for note in &self.notes {
            line("no estimate", note.clone());
        }
        let _ = write!(out, "\n{:<20}", "observable");
        if self.reference.is_some() {
            let _ = write!(out, " {:>24}", "reference");
        }
        for column in &self.columns {
            let _ = write!(out, " {:>24} {:>6}", column.name, if self.reference.is_some() { "σ" } else { "" });
        }
        for &observable in Observable::ALL.iter() {
            let cells = self.columns.iter().filter(|column| column.observables.contains_key(&observable));
            if observable == Observable::TauInt || cells.count() == 0 {
                continue;
            }
            let _ = write!(out, "\n{:<20}", observable.key());
            if let Some(reference) = &self.reference {
                let _ = write!(out, " {:>24}", reference.get(&observable).map(ToString::to_string).unwrap_or_default());
            }
            for column in &self.columns {
                let value = column.observables.get(&observable).map(ToString::to_string).unwrap_or_default();
                let sigma = column.significance.get(&observable).map(|z| format!("{z:.1}")).unwrap_or_default();
                let _ = write!(out, " {value:>24} {sigma:>6}");
            }
        }
        out
    }
}
