//! Ensembles on disk: `.npz` (arrays `phi` of shape (N, L0, L1, …) and `chain` of shape (N)) or a bare `.npy`.

use std::collections::HashMap;
use std::io::{Seek, Write};
use std::path::Path;

use serde::Serialize;
use stoquant_model::Extents;

use crate::experiment::InputError;
use crate::npy::{Header, NpzWriter, Source};

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

    /// Read an ensemble, ours or any other of shape (N, L…), 32- or 64-bit floats in any order; `chain` may be of any
    /// type of integers.
    pub fn read(path: &Path) -> Result<Self, InputError> {
        Self::parse(path).map_err(|reason| InputError(format!("{}: {reason}", path.display())))
    }

    fn parse(path: &Path) -> Result<Self, String> {
        let (shape, phi, chain) = match Source::open(path)? {
            Source::Npy(array) => (checked(&array.header.shape)?, array.floats()?, None),
            Source::Npz(mut npz) => {
                let names = npz.names()?;
                let name = match &names[..] {
                    names if names.iter().any(|name| name == "phi") => "phi",
                    [only] => only,
                    _ => return Err(format!("has arrays {names:?}: one named phi is needed")),
                };
                let named = |name: &str, reason: String| format!("array {name}: {reason}");
                let (shape, phi) = match npz.array(name).map_err(|reason| named(name, reason))? {
                    Some(array) => (
                        checked(&array.header.shape).map_err(|reason| named(name, reason))?,
                        array.floats().map_err(|reason| named(name, reason))?,
                    ),
                    None => return Err(format!("array {name} is listed and cannot be found: damaged")),
                };
                let chain = match npz.array("chain").map_err(|reason| named("chain", reason))? {
                    Some(array) if name != "chain" => Some(array.column().map_err(|reason| named("chain", reason))?),
                    _ => None,
                };
                (shape, phi, chain)
            }
        };
        let (count, extents) = (shape[0], Extents::new(&shape[1..]).map_err(|error| error.to_string())?);
        let chain = chain.unwrap_or_else(|| vec![0; count]);
        if chain.len() != count {
            return Err(format!("array chain has {} entries for {count} configurations", chain.len()));
        }
        let ensemble = Self { extents, phi, chain };
        if let Some(at) = ensemble.phi.iter().position(|phi| !phi.is_finite()) {
            let (n, x) = (at / ensemble.volume(), at % ensemble.volume());
            return Err(format!("configuration {n} has {} at site {x}: every φ must be finite", ensemble.phi[at]));
        }
        Ok(ensemble)
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
