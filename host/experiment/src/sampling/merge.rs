//! Ensembles copied into a larger one: a run that goes on with a larger count, and runs of different chains merged.

use std::path::{Path, PathBuf};

use rayon::ThreadPool;
use serde_json::Value;
use stoquant_engines::engine::Factory;

use super::store::headers;
use super::stored::{Stored, Target, experiment_of, form_of, lock, manifest_of, read_manifest};
use super::{Form, Store};
use crate::ensemble::Manifest;
use crate::experiment::{Experiment, InputError};
use crate::npy::{Header, Source};

/// Keys in which runs that are merged may differ.
const SHARED_OUT: [&str; 3] = ["chains", "first_chain", "count"];

/// An ensemble that is merged.
struct Part {
    path: PathBuf,
    experiment: Experiment,
    manifest: Value,
}

/// Merges runs of different chains: what one run of all chains would have written, byte for byte.
pub fn merge(
    inputs: &[PathBuf],
    factory: &Factory,
    target: Target,
    pool: &ThreadPool,
) -> Result<(Experiment, Manifest<'static>), InputError> {
    let part = |path: &PathBuf| {
        let (_, manifest) = read_manifest(&manifest_of(path))?;
        let experiment =
            experiment_of(&manifest).map_err(|reason| InputError(format!("{}: {reason}", path.display())))?;
        Ok(Part { path: path.clone(), experiment, manifest })
    };
    let mut parts = inputs.iter().map(part).collect::<Result<Vec<Part>, InputError>>()?;
    parts.sort_by_key(|part| part.experiment.first_chain);
    let experiment = merged(&parts)?;
    target.room_for(&format!("merging {} configurations", experiment.count), Store::bytes(&experiment))?;
    let lock = lock(&target)?;
    if target.is_saved() {
        return Err(target.interrupted());
    }
    let mut run = Stored::create(&experiment, factory, target, lock, vec![])?;
    let mut place = 0;
    for Part { path, experiment, .. } in &parts {
        run.adopt(path, experiment, place)?;
        place += experiment.chains;
    }
    run.recall(pool, |place| experiment.share(place))?;
    Ok((experiment, run.finish()?.0))
}

/// The experiment of all chains; refused where the parts do not make one.
fn merged(parts: &[Part]) -> Result<Experiment, InputError> {
    let Some(first) = parts.first() else {
        return Err(InputError::new("nothing to merge: name at least one ensemble"));
    };
    let mut whole = first.experiment.clone();
    for pair in parts.windows(2) {
        let [before, part] = pair else { continue };
        let refused =
            |reason: String| InputError(format!("{}, after {}: {reason}", part.path.display(), before.path.display()));
        part.experiment.agree(&before.manifest["experiment"], &SHARED_OUT).map_err(refused)?;
        if before.manifest["stoquant"] != part.manifest["stoquant"] {
            return Err(refused(format!(
                "of versions {} and {}",
                before.manifest["stoquant"], part.manifest["stoquant"]
            )));
        }
        let next = u64::from(before.experiment.first_chain) + before.experiment.chains as u64;
        let found = part.experiment.first_chain;
        if next != u64::from(found) {
            let what = if next > u64::from(found) { "are in both" } else { "are missing between them" };
            let (low, high) = (next.min(found.into()), next.max(found.into()));
            return Err(refused(format!("chains {low} to {} {what}", high - 1)));
        }
        whole.chains += part.experiment.chains;
        whole.count += part.experiment.count;
    }
    let mut place = 0;
    for part in parts {
        for own in 0..part.experiment.chains {
            let (found, share) = (part.experiment.share(own), whole.share(place));
            if found != share {
                return Err(InputError(format!(
                    "{}: {found} configurations of chain {}, where one run of all {} chains has {share}",
                    part.path.display(),
                    part.experiment.chain(own),
                    whole.chains
                )));
            }
            place += 1;
        }
    }
    whole.check()?;
    Ok(whole)
}

impl Stored<'_> {
    /// Copies the configurations of a finished ensemble, whose first chain is the one at `place` here.
    pub(super) fn adopt(&self, path: &Path, there: &Experiment, place: usize) -> Result<(), InputError> {
        let failed = |reason: &dyn std::fmt::Display| InputError(format!("{}: {reason}", path.display()));
        let mut archive = match form_of(path) {
            Form::Archive => match Source::open(path).map_err(|reason| failed(&reason))? {
                Source::Npz(npz) => Some(npz),
                Source::Npy(_) => return Err(failed(&"one array: the .npz of `sample` is needed")),
            },
            Form::Directory => None,
        };
        for (index, (name, want)) in headers(there).iter().enumerate() {
            let named = |reason: String| failed(&format!("array {name}: {reason}"));
            let row = want.size * want.shape[1..].iter().product::<usize>();
            let mut rows = Rows { here: self.experiment(), there, first: place, place: 0, draw: 0 };
            let put = |mut bytes: &[u8]| {
                while !bytes.is_empty() {
                    let (to, count) = rows.next(bytes.len() / row);
                    let (now, later) = bytes.split_at(count * row);
                    self.put_bytes(index, to, now).map_err(|error| error.to_string())?;
                    bytes = later;
                }
                Ok(())
            };
            let check = |header: &Header| match header == want {
                true => Ok(()),
                false => Err(format!("has shape {:?}, and its manifest says {:?}", header.shape, want.shape)),
            };
            match &mut archive {
                Some(npz) => {
                    let array = npz.array(name).map_err(named)?.ok_or_else(|| named("is missing".into()))?;
                    check(&array.header).and_then(|()| array.pieces(row, put)).map_err(named)?;
                }
                None => match Source::open(&path.join(format!("{name}.npy"))).map_err(named)? {
                    Source::Npy(array) => {
                        check(&array.header).and_then(|()| array.pieces(row, put)).map_err(named)?;
                    }
                    Source::Npz(_) => return Err(named("no .npy".into())),
                },
            }
        }
        Ok(())
    }
}

/// Where the rows of an ensemble go in a larger one.
struct Rows<'a> {
    here: &'a Experiment,
    there: &'a Experiment,
    /// The place here of its first chain.
    first: usize,
    /// The next row, there.
    place: usize,
    draw: usize,
}

impl Rows<'_> {
    /// Where the next rows go, up to `most` of them that stay together; and how many those are.
    fn next(&mut self, most: usize) -> (usize, usize) {
        let to = self.here.first_row(self.first + self.place) + self.draw;
        let count = most.min(self.there.share(self.place) - self.draw);
        self.draw += count;
        if self.draw == self.there.share(self.place) {
            (self.place, self.draw) = (self.place + 1, 0);
        }
        (to, count)
    }
}
