//! The report: a page that needs nothing but itself, and the same as JSON.
//!
//! Its bytes follow from the certificate alone: no date, no machine.

mod defects;
mod drawing;
mod junit;
mod page;
mod plot;
mod ticks;

use std::fs;
use std::path::{Path, PathBuf};

use stoquant_experiment::experiment::InputError;
use stoquant_experiment::output::{Output, Outputs};

#[cfg(test)]
mod tests;

pub use defects::{Defect, planted};
pub use drawing::histogram;
pub use junit::junit;
pub use page::page;
pub use page::{document, drawn, text};
pub use ticks::significant;

/// Where a report goes: a page, and the same as JSON.
pub struct Report {
    directory: PathBuf,
    /// Names of the two files.
    names: [&'static str; 2],
    /// The files, where the directory is there already.
    files: Option<[Output; 2]>,
}

impl Report {
    /// An existing directory, or one to be made in one that exists; refused where the files cannot be written. To be
    /// asked before a long run. The page is `index.html`, the JSON is called `json`.
    pub fn prepare(outputs: &mut Outputs, directory: &Path, json: &'static str) -> Result<Self, InputError> {
        let names = ["index.html", json];
        let refused = |e: &dyn std::fmt::Display| InputError(format!("report = {}: {e}", directory.display()));
        let there = directory.symlink_metadata().is_ok();
        if there && !directory.is_dir() {
            return Err(refused(&"must name a directory, in one that exists"));
        }
        let files = if there {
            Some(Self::files(outputs, directory, names)?)
        } else {
            let parent = directory.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            if !parent.is_dir() {
                return Err(refused(&"must name a directory, in one that exists"));
            }
            tempfile::tempfile_in(parent).map_err(|e| refused(&format!("cannot write there: {e}")))?;
            None
        };
        Ok(Self { directory: directory.to_owned(), names, files })
    }

    fn files(outputs: &mut Outputs, directory: &Path, names: [&str; 2]) -> Result<[Output; 2], InputError> {
        let [page, json] = names.map(|name| outputs.add("report", &directory.join(name)));
        Ok([page?, json?])
    }

    /// Write both files, each whole or not at all.
    pub fn write(self, html: &str, value: &impl serde::Serialize) -> Result<(), InputError> {
        let text = serde_json::to_string_pretty(value).map_err(InputError::new)?;
        let [index, json] = match self.files {
            Some(files) => files,
            None => {
                let name = self.directory.display();
                fs::create_dir(&self.directory)
                    .map_err(|e| InputError(format!("report = {name}: cannot make the directory: {e}")))?;
                Self::files(&mut Outputs::default(), &self.directory, self.names)?
            }
        };
        json.write(format!("{text}\n").as_bytes())?;
        index.write(html.as_bytes())
    }
}
