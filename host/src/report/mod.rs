//! The report: a page that needs nothing but itself, and the same as JSON.
//!
//! Its bytes follow from the certificate alone: no date, no machine.

mod defects;
mod page;
mod plot;
mod ticks;

use std::fs;
use std::path::Path;

use crate::certify::Certificate;
use crate::ensemble::write_atomic;
use crate::experiment::InputError;

#[cfg(test)]
mod tests;

pub use defects::{Defect, planted};
pub use page::page;
pub(crate) use page::{document, drawn, text};
pub(crate) use ticks::significant;

/// Whether a report can be written there: an existing directory, or one to be made. Asked before a long run.
pub fn writable(directory: &Path) -> Result<(), InputError> {
    let refused = |e: &dyn std::fmt::Display| InputError(format!("report = {}: {e}", directory.display()));
    let there = if directory.exists() {
        directory
    } else {
        directory.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
    };
    if !there.is_dir() {
        return Err(refused(&"must name a directory, in one that exists"));
    }
    tempfile::tempfile_in(there).map(drop).map_err(|e| refused(&format!("cannot write there: {e}")))
}

/// Write `index.html` and `certificate.json`, each whole or not at all.
pub fn write(directory: &Path, certificate: &Certificate) -> Result<(), InputError> {
    let html = page(certificate).map_err(InputError)?;
    let json = serde_json::to_string_pretty(certificate).map_err(InputError::new)?;
    fs::create_dir_all(directory)
        .map_err(|e| InputError(format!("report = {}: cannot make the directory: {e}", directory.display())))?;
    write_atomic(&directory.join("certificate.json"), format!("{json}\n").as_bytes())?;
    write_atomic(&directory.join("index.html"), html.as_bytes())
}
