//! Checkpoints: a training stopped and resumed ends with the very bits of one that was not.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Recipe, Training};
use stoquant_diffusion::model::{Tensor, decode, encode};
use stoquant_experiment::experiment::InputError;
use stoquant_experiment::output::hexadecimal;

/// Key of the metadata.
const KEY: &str = "stoquant.checkpoint";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    recipe: Recipe,
    steps: usize,
    /// Random numbers used by each share.
    draws: Vec<u64>,
    /// SHA-256 of the configurations, as 32-bit floats.
    configurations_sha256: String,
}

/// SHA-256 of configurations.
pub(super) fn hash(phi: &[f32]) -> String {
    let mut hash = Sha256::new();
    phi.iter().for_each(|phi| hash.update(phi.to_le_bytes()));
    hexadecimal(&hash.finalize())
}

impl Training<'_> {
    /// Everything that the next step depends on, beside the configurations.
    pub fn checkpoint(&self) -> Result<Vec<u8>, InputError> {
        let draws = self.posteriors.iter().map(|posterior| posterior.draws).collect();
        let configurations_sha256 = self.configurations_sha256.clone();
        let header = Header { recipe: self.recipe.clone(), steps: self.steps(), draws, configurations_sha256 };
        let tensors: BTreeMap<String, Tensor> =
            self.adam.state().map(|(name, data)| (name, Tensor { shape: vec![data.len()], data })).collect();
        encode(KEY, &header, &tensors)
    }

    /// Back to a checkpoint of the same recipe and configurations; the file of these may have another name.
    pub fn resume(&mut self, bytes: &[u8]) -> Result<(), InputError> {
        let (header, tensors): (Header, BTreeMap<String, Tensor>) = decode(KEY, bytes)?;
        let unnamed = |recipe: &Recipe| Recipe { data: None, ..recipe.clone() };
        if unnamed(&header.recipe) != unnamed(self.recipe) {
            return Err(InputError::new(
                "a checkpoint of another recipe: resume with the recipe that it was made with",
            ));
        }
        if header.configurations_sha256 != self.configurations_sha256 {
            return Err(InputError::new(
                "a checkpoint of other configurations: resume with the data that it was made with",
            ));
        }
        if header.steps > self.recipe.steps || header.draws.len() != self.posteriors.len() {
            return Err(InputError::new("no checkpoint of this program's: steps or streams do not fit the recipe"));
        }
        let get = |name: &str| tensors.get(name).map(|t| t.data.as_slice());
        self.adam.restore(header.steps, get).map_err(|name| {
            InputError(format!("no checkpoint of this recipe: tensor {name:?} is missing or of another size"))
        })?;
        for (posterior, draws) in self.posteriors.iter_mut().zip(header.draws) {
            posterior.draws = draws;
        }
        Ok(())
    }
}
