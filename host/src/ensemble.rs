//! Ensembles on disk: `.npz` (arrays `phi` of shape (N, L0, L1, …) and `chain` of shape (N)) or a bare `.npy`.
//!
//! Writes are atomic: a file appears complete or not at all.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::Path;

use ndarray::{Array1, ArrayD, IxDyn};
use ndarray_npy::{NpzReader, NpzWriter, ReadNpyExt};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::experiment::InputError;

/// Configurations with the chain that each came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Ensemble {
    /// Extents, slowest first.
    pub extents: Vec<usize>,
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

    /// The configurations of each chain, in order.
    pub fn chains(&self) -> Vec<Vec<&[f64]>> {
        let mut chains: Vec<(u32, Vec<&[f64]>)> = Vec::new();
        for (phi, &chain) in self.phi.chunks_exact(self.volume()).zip(&self.chain) {
            match chains.iter_mut().find(|(c, _)| *c == chain) {
                Some((_, fields)) => fields.push(phi),
                None => chains.push((chain, vec![phi])),
            }
        }
        chains.into_iter().map(|(_, fields)| fields).collect()
    }

    /// The bytes of an `.npz` file. `single`: fields as 32-bit floats, which hold every value of `f32` and fixed point.
    pub fn to_npz(&self, single: bool) -> Result<Vec<u8>, InputError> {
        self.to_npz_with(single, &[])
    }

    /// The same with more arrays, of one number a configuration.
    pub fn to_npz_with(&self, single: bool, columns: &[(&str, &[f64])]) -> Result<Vec<u8>, InputError> {
        let failed = |e: &dyn std::fmt::Display| InputError(format!("cannot form the ensemble: {e}"));
        let mut shape = vec![self.count()];
        shape.extend(&self.extents);
        let phi = ArrayD::from_shape_vec(IxDyn(&shape), self.phi.clone()).map_err(|e| failed(&e))?;
        let mut bytes = std::io::Cursor::new(Vec::new());
        let mut npz = NpzWriter::new(&mut bytes);
        if single {
            npz.add_array("phi", &phi.mapv(|v| v as f32)).map_err(|e| failed(&e))?;
        } else {
            npz.add_array("phi", &phi).map_err(|e| failed(&e))?;
        }
        npz.add_array("chain", &Array1::from_vec(self.chain.clone())).map_err(|e| failed(&e))?;
        for &(name, column) in columns {
            npz.add_array(name, &ndarray::aview1(column)).map_err(|e| failed(&e))?;
        }
        npz.finish().map_err(|e| failed(&e))?;
        Ok(bytes.into_inner())
    }

    /// Read an ensemble, ours or any other of shape (N, L…), 32- or 64-bit floats.
    pub fn read(path: &Path) -> Result<Self, InputError> {
        let fail = |reason: String| InputError(format!("{}: {reason}", path.display()));
        let open = || File::open(path).map_err(|e| fail(format!("cannot open: {e}")));
        let mut magic = [0; 4];
        let known = open()?.read(&mut magic).map_err(|e| fail(format!("cannot read: {e}")))?;
        let (phi, chain) = match &magic[..known] {
            b"PK\x03\x04" => {
                let mut npz = NpzReader::new(open()?).map_err(|e| fail(format!("not a readable .npz: {e}")))?;
                let names = npz.names().map_err(|e| fail(format!("not a readable .npz: {e}")))?;
                let name = match names.iter().find(|n| *n == "phi" || *n == "phi.npy") {
                    Some(name) => name.clone(),
                    None if names.len() == 1 => names[0].clone(),
                    None => return Err(fail(format!("has arrays {names:?}: one named phi is needed"))),
                };
                let phi = match npz.by_name::<ndarray::OwnedRepr<f64>, IxDyn>(&name) {
                    Ok(phi) => phi,
                    Err(_) => npz
                        .by_name::<ndarray::OwnedRepr<f32>, IxDyn>(&name)
                        .map(|phi| phi.mapv(f64::from))
                        .map_err(|e| fail(format!("array {name}: {e} (32- or 64-bit floats are needed)")))?,
                };
                let chain = match names.iter().find(|n| *n == "chain" || *n == "chain.npy") {
                    Some(name) => Some(
                        npz.by_name::<ndarray::OwnedRepr<u32>, ndarray::Ix1>(name)
                            .map_err(|e| fail(format!("array chain: {e} (32-bit unsigned integers are needed)")))?
                            .to_vec(),
                    ),
                    None => None,
                };
                (phi, chain)
            }
            [0x93, b'N', b'U', b'M'] => {
                let phi = match ArrayD::<f64>::read_npy(BufReader::new(open()?)) {
                    Ok(phi) => phi,
                    Err(_) => ArrayD::<f32>::read_npy(BufReader::new(open()?))
                        .map(|phi| phi.mapv(f64::from))
                        .map_err(|e| fail(format!("{e} (32- or 64-bit floats are needed)")))?,
                };
                (phi, None)
            }
            _ => return Err(fail("neither .npz nor .npy".into())),
        };
        let shape = phi.shape().to_vec();
        let (&count, extents) =
            shape.split_first().ok_or_else(|| fail("a scalar: shape (N, L0, …) is needed".into()))?;
        if extents.len() > 4 || shape.contains(&0) {
            return Err(fail(format!("shape {shape:?}: (N, L0, …) with up to four extents of at least 1 is needed")));
        }
        let chain = chain.unwrap_or_else(|| vec![0; count]);
        if chain.len() != count {
            return Err(fail(format!("array chain has {} entries for {count} configurations", chain.len())));
        }
        let ensemble = Self { extents: extents.to_vec(), phi: phi.iter().copied().collect(), chain };
        if let Some(at) = ensemble.phi.iter().position(|phi| !phi.is_finite()) {
            let (n, x) = (at / ensemble.volume(), at % ensemble.volume());
            return Err(fail(format!(
                "configuration {n} has {} at site {x}: every φ must be finite",
                ensemble.phi[at]
            )));
        }
        Ok(ensemble)
    }
}

/// Write a file so that it appears complete or not at all.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), InputError> {
    let fail = |e: &dyn std::fmt::Display| InputError(format!("cannot write {}: {e}", path.display()));
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".stoquant-");
    #[cfg(unix)]
    {
        // Readable as any other file; the umask still applies.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(directory).map_err(|e| fail(&e))?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(|e| fail(&e))?;
    file.persist(path).map_err(|e| fail(&e.error))?;
    Ok(())
}

/// Hexadecimal SHA-256.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
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
    /// Couplings of the law that was sampled.
    pub target: crate::couplings::Couplings,
    /// Fraction of sweeps accepted.
    pub acceptance: f64,
    /// Saturations.
    pub saturations: u64,
    /// SHA-256 of the ensemble file.
    pub file_sha256: String,
    /// SHA-256 of the final fields of all chains, as 64-bit little-endian raw words.
    pub final_bits_sha256: String,
}
