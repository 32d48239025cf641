//! Configurations that were generated, here or on a board: how many there may be, what is said of an image, and the
//! files.

use std::io::Write;
use std::time::Instant;

use serde::Serialize;
use stoquant::diffusion::finish::Sweeps;
use stoquant::diffusion::generate::{Precision, Settings};
use stoquant::diffusion::int8;
use stoquant::ensemble::Ensemble;
use stoquant::experiment::InputError;
use stoquant::output::Output;
use stoquant::resources;
use stoquant_core::score::int8::{Image, Sampler};
use stoquant_model::{Extents, Phi4};

use super::{bar, json};

/// What made an ensemble, beside the file.
#[derive(Serialize)]
pub(super) struct Manifest<'a> {
    pub stoquant: &'a str,
    pub model: &'a str,
    /// SHA-256 of the model's file; with int8, of the image.
    pub model_sha256: String,
    pub config: serde_json::Value,
    pub settings: Option<&'a Settings>,
    pub arith: Precision,
    pub seed: u64,
    pub count: usize,
    /// Sweeps of the Metropolis chain, where the file has that chain.
    pub metropolis: Option<Sweeps>,
    /// The board that made them, if one did.
    pub board: Option<Board>,
    /// Of the ensemble; known once it is written.
    pub file_sha256: String,
}

/// Which board.
#[derive(Clone, Serialize)]
pub(super) struct Board {
    pub target: String,
    /// Hash of the sources of its firmware.
    pub build: String,
}

impl Manifest<'_> {
    /// Writes the ensemble, and this beside it.
    pub fn write(
        mut self,
        [out, beside]: [Output; 2],
        extent: usize,
        phi: Vec<f64>,
        columns: &[(&str, &[f64])],
    ) -> Result<Self, InputError> {
        // Independent configurations, or one Metropolis chain: either way the order is that of one chain.
        let chain = vec![0; phi.len() / (extent * extent)];
        let ensemble = Ensemble { extents: Extents::from([extent; 2]), phi, chain };
        let mut file = out.begin()?;
        ensemble.write_npz(&mut file, self.arith != Precision::F64, columns).map_err(|error| out.failed(&error))?;
        self.file_sha256 = file.sha256()?;
        let mut manifest = beside.begin()?;
        let text = format!("{}\n", json(&self)?);
        manifest.write_all(text.as_bytes()).map_err(|error| beside.failed(&error))?;
        manifest.complete()?;
        file.keep()?;
        manifest.keep()?;
        Ok(self)
    }
}

/// Most numbers that one ensemble may hold: 2^31. In memory a number takes 8 bytes.
pub(super) const MAX_VALUES: usize = 1 << 31;

/// Refuses more configurations than there can be.
pub(super) fn check_count(count: usize, volume: usize) -> Result<(), InputError> {
    let most = (MAX_VALUES / volume).min(u32::MAX as usize);
    if count == 0 || count > most {
        return Err(InputError(format!("count = {count}: must be 1 to {most}")));
    }
    // Fields as they are made, measured and written, and weights.
    let bytes = (count as u64).saturating_mul(24 * volume as u64 + 256);
    resources::need_memory(&format!("count = {count} configurations of {volume} sites: this"), bytes)
}

/// The image in these bytes, which `model` names.
pub(super) fn image_of<'a>(model: &str, bytes: &'a [u8]) -> Result<Image<'a>, InputError> {
    let image = Image::new(bytes).map_err(|error| InputError(format!("{model}: {error}")))?;
    int8::check(&image).map_err(|error| InputError(format!("{model}: {error}")))?;
    Ok(image)
}

/// What a manifest says of it.
pub(super) fn config_of(image: &Image<'_>) -> serde_json::Value {
    let (shape, [kappa, b, lambda, mass2]) = (image.shape(), image.couplings());
    serde_json::json!({
        "extent": shape.extent, "couplings": Phi4 { kappa, b, lambda }, "mass2": mass2, "hidden": shape.hidden,
        "sampler": if image.sampler() == Sampler::Flow { "flow" } else { "reverse" },
        "stages": shape.stages,
    })
}

/// Calls `generate` with a progress bar's tick; the time it took, in seconds.
pub(super) fn timed<T>(count: usize, generate: impl FnOnce(&(dyn Fn() + Sync)) -> T) -> (T, f64) {
    let bar = bar(count, "{bar:40} {pos}/{len} configurations, {elapsed} (eta {eta})", true);
    let begin = Instant::now();
    let made = generate(&|| bar.inc(1));
    let seconds = begin.elapsed().as_secs_f64();
    bar.finish_and_clear();
    (made, seconds)
}
