//! Ensembles on disk: `.npz` (arrays `phi` of shape (N, L0, L1, …) and `chain` of shape (N)), a directory of such
//! arrays, or a bare `.npy`.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Seek, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use stoquant_model::Extents;

use crate::experiment::InputError;
use crate::npy::{Array, Header, Npz, NpzWriter, Source};

/// Configurations with the chain that each came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Ensemble {
    /// Extents, slowest first.
    pub extents: Extents,
    /// Fields, one after the other, row-major.
    pub phi: Vec<f64>,
    /// Chain of each configuration, in the order of Langevin time within a chain.
    pub chain: Vec<u32>,
}

impl Ensemble {
    /// Sites of a configuration.
    pub fn volume(&self) -> usize {
        self.extents.iter().product()
    }

    /// Configurations.
    pub fn count(&self) -> usize {
        self.chain.len()
    }

    /// The configurations of each chain, in order, with the number of the chain; chains in the order in which they
    /// begin.
    pub fn chains(&self) -> Vec<(u32, Vec<&[f64]>)> {
        let mut chains: Vec<(u32, Vec<&[f64]>)> = Vec::new();
        let mut places = HashMap::new();
        for (phi, &chain) in self.phi.chunks_exact(self.volume()).zip(&self.chain) {
            let place = *places.entry(chain).or_insert(chains.len());
            if place == chains.len() {
                chains.push((chain, Vec::new()));
            }
            chains[place].1.push(phi);
        }
        chains
    }

    /// Bytes of the `.npz` file, to within a kilobyte a column.
    pub fn file_size(values: usize, count: usize, single: bool, columns: usize) -> u64 {
        (values * if single { 4 } else { 8 } + count * (4 + 8 * columns) + 1024 * (2 + columns)) as u64
    }

    /// Write as `.npz`. `single`: fields as 32-bit floats, which hold every value of `f32` and fixed point; `columns`:
    /// more arrays, of one number a configuration.
    pub fn write_npz(
        &self,
        writer: impl Write + Seek,
        single: bool,
        columns: &[(&str, &[f64])],
    ) -> std::io::Result<()> {
        let mut npz = NpzWriter::new(writer);
        let shape = [&[self.count()], &self.extents[..]].concat();
        let phi = self.phi.iter();
        if single {
            npz.add("phi", &Header::floats(4, shape), phi.map(|&phi| (phi as f32).to_le_bytes()))?;
        } else {
            npz.add("phi", &Header::floats(8, shape), phi.map(|phi| phi.to_le_bytes()))?;
        }
        let chain = Header { kind: crate::npy::Kind::Unsigned, ..Header::floats(4, vec![self.count()]) };
        npz.add("chain", &chain, self.chain.iter().map(|chain| chain.to_le_bytes()))?;
        for &(name, column) in columns {
            npz.add(name, &Header::floats(8, vec![column.len()]), column.iter().map(|number| number.to_le_bytes()))?;
        }
        npz.finish().map(drop)
    }

    /// Read an ensemble into memory: see [`Reader`].
    pub fn read(path: &Path) -> Result<Self, InputError> {
        let reader = Reader::open(path)?;
        let (extents, values) = (reader.extents, reader.count() * reader.volume());
        let copies = if reader.is_turned() { 3 } else { 1 };
        let mut phi = crate::resources::vector(values, copies)
            .map_err(|reason| InputError(format!("{}: array phi: {reason}", path.display())))?;
        let chain = reader.each(|_, fields| phi.extend_from_slice(fields))?;
        Ok(Self { extents, phi, chain })
    }
}

/// An ensemble on disk, read in pieces: ours or any other of shape (N, L…), 32- or 64-bit floats in any order; `chain`
/// may be of any type of integers. An `.npz`, an `.npy`, or a directory of `sample`.
pub struct Reader {
    path: PathBuf,
    /// Extents, slowest first.
    pub extents: Extents,
    /// Chain of each configuration, in the order of Langevin time within a chain.
    pub chain: Vec<u32>,
    source: Fields,
    turned: bool,
}

/// Where the configurations are.
enum Fields {
    Array(Box<Array<BufReader<File>>>),
    /// In an archive, by name.
    Named(Npz, String),
}

/// The name of the manifest in a directory.
pub const MANIFEST: &str = "manifest.json";

impl Reader {
    /// Reads what there is about the configurations, and not yet those.
    pub fn open(path: &Path) -> Result<Self, InputError> {
        Self::parse(path).map_err(|reason| InputError(format!("{}: {reason}", path.display())))
    }

    fn parse(path: &Path) -> Result<Self, String> {
        let named = |name: &str, reason: String| format!("array {name}: {reason}");
        let (header, source, chain) = if path.is_dir() {
            if !path.join(MANIFEST).is_file() {
                return Err(format!("a directory without {MANIFEST}: not an ensemble, or not a whole one"));
            }
            let array = |name: &str| match Source::open(&path.join(format!("{name}.npy"))) {
                Ok(Source::Npy(array)) => Ok(array),
                Ok(Source::Npz(_)) => Err(named(name, "no .npy".into())),
                Err(reason) => Err(named(name, reason)),
            };
            let (phi, chain) = (array("phi")?, array("chain")?.column().map_err(|reason| named("chain", reason))?);
            (phi.header.clone(), Fields::Array(phi), Some(chain))
        } else {
            match Source::open(path)? {
                Source::Npy(array) => (array.header.clone(), Fields::Array(array), None),
                Source::Npz(mut npz) => {
                    let names = npz.names()?;
                    let name = match &names[..] {
                        names if names.iter().any(|name| name == "phi") => "phi".to_owned(),
                        [only] => only.clone(),
                        _ => return Err(format!("has arrays {names:?}: one named phi is needed")),
                    };
                    let header = match npz.array(&name).map_err(|reason| named(&name, reason))? {
                        Some(array) => array.header,
                        None => return Err(format!("array {name} is listed and cannot be found: damaged")),
                    };
                    checked(&header.shape).map_err(|reason| named(&name, reason))?;
                    let chain = match npz.array("chain").map_err(|reason| named("chain", reason))? {
                        Some(array) if name != "chain" => {
                            Some(array.column().map_err(|reason| named("chain", reason))?)
                        }
                        _ => None,
                    };
                    (header, Fields::Named(npz, name), chain)
                }
            }
        };
        let shape = checked(&header.shape)?;
        let (count, extents) = (shape[0], Extents::new(&shape[1..]).map_err(|error| error.to_string())?);
        let chain = chain.unwrap_or_else(|| vec![0; count]);
        if chain.len() != count {
            return Err(format!("array chain has {} entries for {count} configurations", chain.len()));
        }
        Ok(Self { path: path.to_owned(), extents, chain, source, turned: header.fortran })
    }

    /// Configurations.
    pub fn count(&self) -> usize {
        self.chain.len()
    }

    /// Sites of a configuration.
    pub fn volume(&self) -> usize {
        self.extents.iter().product()
    }

    /// Whether the first index is the fastest: then all numbers are in memory for a while.
    pub fn is_turned(&self) -> bool {
        self.turned
    }

    /// Calls `put` with the number of the first and with the fields of some configurations at a time, in order. Every φ
    /// is finite. Returns the chain of each.
    pub fn each(self, mut put: impl FnMut(usize, &[f64])) -> Result<Vec<u32>, InputError> {
        let volume = self.volume();
        let (mut first, mut wrong) = (0, None);
        let mut check = |fields: &[f64]| {
            if let Some(at) = fields.iter().position(|phi| !phi.is_finite()) {
                let (n, x) = (first + at / volume, at % volume);
                let reason = format!("configuration {n} has {} at site {x}: every φ must be finite", fields[at]);
                wrong = Some(reason.clone());
                return Err(reason);
            }
            put(first, fields);
            first += fields.len() / volume;
            Ok(())
        };
        let read = match self.source {
            Fields::Array(array) => array.float_rows(volume, &mut check),
            Fields::Named(mut npz, name) => npz
                .array(&name)
                .and_then(|array| array.ok_or_else(|| "is gone".to_owned())?.float_rows(volume, &mut check))
                .map_err(|reason| format!("array {name}: {reason}")),
        };
        match (wrong, read) {
            (Some(reason), _) | (None, Err(reason)) => Err(InputError(format!("{}: {reason}", self.path.display()))),
            (None, Ok(())) => Ok(self.chain),
        }
    }
}

/// The shape of an ensemble: (N, L0, …), up to four extents, none of them 0.
fn checked(shape: &[usize]) -> Result<Vec<usize>, String> {
    match shape {
        [] => Err("a scalar: shape (N, L0, …) is needed".into()),
        _ if shape.len() > 5 || shape.contains(&0) => {
            Err(format!("shape {shape:?}: (N, L0, …) with up to four extents of at least 1 is needed"))
        }
        _ => Ok(shape.to_vec()),
    }
}

/// What made an ensemble, beside the file.
#[derive(Clone, Debug, Serialize)]
pub struct Manifest<'a> {
    /// Program and version.
    pub stoquant: &'a str,
    /// The experiment as it ran: every key of an experiment file.
    pub experiment: crate::experiment::Options,
    /// Step size that the quantised noise amplitude stands for.
    pub eps: f64,
    /// Phi4 of the law that was sampled.
    pub target: stoquant_model::Phi4,
    /// Fraction of sweeps accepted.
    pub acceptance: f64,
    /// Saturations.
    pub saturations: u64,
    /// Whether the chains agree with each other, and what is wrong with them.
    #[serde(rename = "chains")]
    pub agreement: stoquant_exact::analysis::chains::Chains,
    /// SHA-256 of the ensemble file.
    pub file_sha256: String,
    /// SHA-256 of the final fields of all chains, as 64-bit little-endian raw words.
    pub final_bits_sha256: String,
}

impl Manifest<'_> {
    /// As it is written. NaN and infinities, which JSON lacks, become null.
    pub fn text(&self) -> Result<String, InputError> {
        let text = serde_json::to_string_pretty(self).map_err(InputError::new)?;
        Ok(format!("{text}\n"))
    }
}
