//! What a stopped run needs to go on, beside the configurations that it has written.
//!
//! Two generations in turn, each a whole `.npz` that appears at once: one is there whatever happens to the other.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use stoquant_core::integrator::State;

use crate::experiment::{Experiment, InputError, Options};
use crate::npy::{Header, Kind, Npz, NpzWriter, Source};
use crate::output::Output;

/// The files of the two generations.
pub(super) const FILES: [&str; 2] = ["a.npz", "b.npz"];

/// Where every chain is.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Checkpoint {
    /// Which run it is of, as JSON: version of the program, and experiment.
    pub run: String,
    /// Counts the checkpoints of a run.
    pub generation: u64,
    /// Configurations that each chain has written.
    pub draws: Vec<u64>,
    /// The counters of each.
    pub states: Vec<State>,
    /// The chains under way, by place.
    pub under_way: Vec<u64>,
    /// Their fields, as raw words, one after the other.
    pub words: Vec<u64>,
}

impl Checkpoint {
    /// How a checkpoint names the run of an experiment.
    pub fn name(experiment: &Experiment) -> Result<String, InputError> {
        let name = json!({ "stoquant": env!("CARGO_PKG_VERSION"), "experiment": Options::from(experiment) });
        serde_json::to_string(&name).map_err(InputError::new)
    }

    /// Refuses another experiment, and another version of the program: its bits may differ.
    pub fn matches(&self, experiment: &Experiment) -> Result<(), String> {
        let run: Value = serde_json::from_str(&self.run).map_err(|_| "not a checkpoint: its run has no name")?;
        let (there, here) = (&run["stoquant"], env!("CARGO_PKG_VERSION"));
        if there != here {
            return Err(format!("saved by version {there}: go on with that; this is {here}"));
        }
        experiment.agree(&run["experiment"], &[])
    }

    /// Writes it into the directory of the run, in place of the older of the two that are there.
    pub fn write(&self, directory: &Path) -> Result<(), InputError> {
        let output = Output::at(&directory.join(FILES[(self.generation % 2) as usize]));
        let mut file = output.begin()?;
        let failed = |error| output.failed(&error);
        let mut npz = NpzWriter::new(&mut file);
        let text = Header::new(Kind::Unsigned, 1, vec![self.run.len()]);
        npz.add("run", &text, self.run.bytes().map(|byte| [byte])).map_err(failed)?;
        for (name, numbers) in self.columns() {
            let header = Header::new(Kind::Unsigned, 8, vec![numbers.len()]);
            npz.add(name, &header, numbers.iter().map(|number| number.to_le_bytes())).map_err(failed)?;
        }
        npz.finish().map_err(failed)?;
        file.keep()
    }

    fn columns(&self) -> Vec<(&'static str, Vec<u64>)> {
        let state = |of: fn(&State) -> u64| self.states.iter().map(of).collect();
        vec![
            ("generation", vec![self.generation]),
            ("draws", self.draws.clone()),
            ("sweep", state(|state| state.step)),
            ("accepted", state(|state| state.accepted)),
            ("saturations", state(|state| state.clipped)),
            ("log_ratio_bits", state(|state| state.log_ratio.to_bits())),
            ("under_way", self.under_way.clone()),
            ("words", self.words.clone()),
        ]
    }

    /// The newest whole checkpoint in the directory of a run; `None` where there is none. Says of which file what is
    /// wrong, where one is not whole.
    pub fn read(directory: &Path) -> (Option<Self>, Vec<String>) {
        let mut wrong = Vec::new();
        let files = FILES.map(|name| directory.join(name));
        let found = files.iter().filter(|path| path.exists()).filter_map(|path: &PathBuf| match Self::parse(path) {
            Ok(checkpoint) => Some(checkpoint),
            Err(reason) => {
                wrong.push(format!("{}: {reason}", path.display()));
                None
            }
        });
        (found.max_by_key(|checkpoint| checkpoint.generation), wrong)
    }

    fn parse(path: &Path) -> Result<Self, String> {
        let Source::Npz(mut npz) = Source::open(path)? else { return Err("not a checkpoint: no .npz".into()) };
        let text = array::<u8>(&mut npz, "run")?;
        let mut column = |name| array::<u64>(&mut npz, name);
        let [sweep, accepted, saturations, ratio] =
            [column("sweep")?, column("accepted")?, column("saturations")?, column("log_ratio_bits")?];
        let (generation, draws, under_way, words) =
            (column("generation")?, column("draws")?, column("under_way")?, column("words")?);
        let chains = draws.len();
        if [&sweep, &accepted, &saturations, &ratio].iter().any(|column| column.len() != chains)
            || generation.len() != 1
        {
            return Err("not a checkpoint: its columns differ in length".into());
        }
        let state = |place: usize| State {
            step: sweep[place],
            clipped: saturations[place],
            accepted: accepted[place],
            log_ratio: f64::from_bits(ratio[place]),
        };
        Ok(Self {
            run: String::from_utf8(text).map_err(|_| "not a checkpoint: its run has no name")?,
            generation: generation[0],
            states: (0..chains).map(state).collect(),
            draws,
            under_way,
            words,
        })
    }
}

fn array<T: TryFrom<i128>>(npz: &mut Npz, name: &str) -> Result<Vec<T>, String> {
    let named = |reason: String| format!("array {name}: {reason}");
    let array = npz.array(name).map_err(named)?;
    array.ok_or_else(|| format!("not a checkpoint: it has no array {name}"))?.integers("within 64 bits").map_err(named)
}
