//! Models on disk: one `safetensors` file, whose metadata hold the [`Config`](super::Config) as JSON under the key
//! `stoquant`.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use safetensors::tensor::{Dtype, View};
use safetensors::{SafeTensors, serialize};

use super::{Model, Tensor};
use stoquant_experiment::experiment::InputError;

/// Key of the metadata.
const KEY: &str = "stoquant";

/// Largest file: several times what the largest valid model needs.
const MAX_BYTES: u64 = 1 << 24;

/// A tensor as the file has it.
struct Bytes<'a>(&'a [usize], Vec<u8>);

impl View for &Bytes<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }
    fn shape(&self) -> &[usize] {
        self.0
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.1)
    }
    fn data_len(&self) -> usize {
        self.1.len()
    }
}

impl Model {
    /// Reads and checks a file.
    pub fn read(path: &Path) -> Result<Self, InputError> {
        let fail = |reason: String| InputError(format!("{}: {reason}", path.display()));
        let file = File::open(path).map_err(|e| fail(format!("cannot open: {e}")))?;
        let mut bytes = Vec::new();
        // One byte more than is allowed tells a file that is too large.
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|e| fail(format!("cannot read: {e}")))?;
        Self::from_bytes(&bytes).map_err(|InputError(reason)| fail(reason))
    }

    /// The bytes of its file.
    pub fn to_bytes(&self) -> Result<Vec<u8>, InputError> {
        encode(KEY, &self.config, &self.tensors)
    }

    /// From the bytes of a file, checked.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InputError> {
        let fail = |InputError(reason)| InputError(format!("no model: {reason}"));
        let (config, tensors) = decode(KEY, bytes).map_err(fail)?;
        let model = Self { config, tensors };
        model.check()?;
        Ok(model)
    }
}

/// A safetensors file with `header` as JSON under `key` in its metadata.
pub fn encode(
    key: &str,
    header: &impl serde::Serialize,
    tensors: &BTreeMap<String, Tensor>,
) -> Result<Vec<u8>, InputError> {
    let header = serde_json::to_string(header).map_err(InputError::new)?;
    let bytes = |data: &[f32]| data.iter().flat_map(|x| x.to_le_bytes()).collect();
    let tensors: BTreeMap<&str, Bytes<'_>> =
        tensors.iter().map(|(name, t)| (name.as_str(), Bytes(&t.shape, bytes(&t.data)))).collect();
    serialize(&tensors, Some(HashMap::from([(key.to_owned(), header)]))).map_err(InputError::new)
}

/// What [`encode`] has written; nothing but that is taken for granted.
pub fn decode<H: serde::de::DeserializeOwned>(
    key: &str,
    bytes: &[u8],
) -> Result<(H, BTreeMap<String, Tensor>), InputError> {
    let fail = |reason: String| InputError(reason.replace('\n', " "));
    if bytes.len() as u64 > MAX_BYTES {
        return Err(fail(format!("more than {} MiB", MAX_BYTES >> 20)));
    }
    offsets(bytes).map_err(fail)?;
    let read = |e: safetensors::SafeTensorError| fail(format!("not a whole safetensors file: {e}"));
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(read)?;
    let json = header.metadata().as_ref().and_then(|metadata| metadata.get(key));
    let json = json.ok_or_else(|| fail(format!("no {key:?} in the metadata of the safetensors file")))?;
    let header = serde_json::from_str(json).map_err(|e| fail(format!("metadata {key:?}: {e}")))?;
    let mut tensors = BTreeMap::new();
    for (name, view) in SafeTensors::deserialize(bytes).map_err(read)?.iter() {
        if view.dtype() != Dtype::F32 {
            return Err(fail(format!("tensor {name:?} has type {}: F32 is needed", view.dtype())));
        }
        let (numbers, _) = view.data().as_chunks::<4>();
        let data = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        tensors.insert(name.to_owned(), Tensor { shape: view.shape().to_vec(), data });
    }
    Ok((header, tensors))
}

/// The reader of safetensors adds offsets up before it compares them with the length of the file: first see that they
/// are within it.
fn offsets(bytes: &[u8]) -> Result<(), String> {
    let damaged = || "not a whole safetensors file".to_owned();
    let (length, rest) = bytes.split_first_chunk::<8>().ok_or_else(damaged)?;
    let header = usize::try_from(u64::from_le_bytes(*length)).ok().and_then(|length| rest.get(..length));
    let header: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(header.ok_or_else(damaged)?).map_err(|e| format!("{}: {e}", damaged()))?;
    for (name, info) in &header {
        let ends = info.get("data_offsets").and_then(|offsets| offsets.as_array()).into_iter().flatten();
        if ends.into_iter().any(|end| end.as_u64().is_none_or(|end| end > rest.len() as u64)) {
            return Err(format!("{}: tensor {name:?} lies outside of it", damaged()));
        }
    }
    Ok(())
}
