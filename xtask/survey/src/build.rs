//! One build of all defects: those that do not compile are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::sites::Site;
use crate::tree::Tree;

/// A line of `cargo build --message-format=json`.
#[derive(Deserialize)]
struct Line {
    reason: String,
    message: Option<Message>,
    executable: Option<PathBuf>,
    #[serde(default)]
    profile: Profile,
    target: Option<Target>,
    #[serde(default)]
    package_id: String,
}

#[derive(Deserialize, Default)]
struct Profile {
    test: bool,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    src_path: PathBuf,
}

#[derive(Deserialize)]
struct Message {
    level: String,
    message: String,
    spans: Vec<Span>,
    children: Vec<Message>,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    byte_start: usize,
    byte_end: usize,
    is_primary: bool,
}

/// A test program.
pub struct TestProgram {
    /// Its package.
    pub package: String,
    /// Its target.
    pub target: String,
    /// The program.
    pub program: PathBuf,
    /// The folder of its package, where its tests run.
    pub folder: PathBuf,
}

/// What a build made of the copy.
pub struct Built {
    /// The command `stoquant`.
    pub program: PathBuf,
    /// Numbers of the defects that do not compile.
    pub dropped: BTreeSet<usize>,
}

/// Builds the command in the copy, and drops from `planted` what does not compile, until the rest does.
pub fn build(
    root: &Path,
    folder: &Path,
    files: &[String],
    planted: &mut BTreeMap<usize, Site>,
) -> Result<Built, String> {
    let memory = Memory::read(root, folder);
    let mut dropped: BTreeSet<usize> =
        planted.iter().filter(|(_, site)| memory.has(site)).map(|(&number, _)| number).collect();
    planted.retain(|number, _| !dropped.contains(number));
    loop {
        let tree = Tree::write(root, &folder.join("tree"), files, planted)?;
        let (lines, good) =
            cargo(&tree.root, folder, &["build", "--release", "--package", "stoquant", "--keep-going"])?;
        if good {
            // Its own copy: the next build must not change what still runs.
            let program = folder.join("stoquant");
            let _ = fs::remove_file(&program);
            fs::copy(folder.join("build/release/stoquant"), &program).map_err(|e| format!("stoquant: {e}"))?;
            return Ok(Built { program, dropped });
        }
        let bad = culprits(&tree, &lines)?;
        println!("{} do not compile", bad.len());
        memory.add(bad.iter().map(|number| &planted[number]))?;
        planted.retain(|number, _| !bad.contains(number));
        dropped.extend(bad);
    }
}

/// What did not compile before, as long as its file is the same: lines of a file's hash and a defect's name.
struct Memory<'a> {
    root: &'a Path,
    file: PathBuf,
    lines: BTreeSet<String>,
}

impl<'a> Memory<'a> {
    fn read(root: &'a Path, folder: &Path) -> Self {
        let file = folder.join("dropped");
        let text = fs::read_to_string(&file).unwrap_or_default();
        Self { root, file, lines: text.lines().map(str::to_owned).collect() }
    }

    fn line(&self, site: &Site) -> String {
        let mut hash = DefaultHasher::new();
        fs::read(self.root.join(&site.file)).unwrap_or_default().hash(&mut hash);
        format!("{:016x} {}", hash.finish(), site.id())
    }

    fn has(&self, site: &Site) -> bool {
        self.lines.contains(&self.line(site))
    }

    fn add<'s>(&self, sites: impl Iterator<Item = &'s Site>) -> Result<(), String> {
        let lines: String = sites.map(|site| self.line(site) + "\n").collect();
        let file = fs::OpenOptions::new().append(true).create(true).open(&self.file);
        file.and_then(|mut file| file.write_all(lines.as_bytes())).map_err(|e| format!("{}: {e}", self.file.display()))
    }
}

/// Builds tests in the copy, as the command is built. `what` names packages and targets.
pub fn tests(folder: &Path, what: &[&str]) -> Result<Vec<TestProgram>, String> {
    let args = [&["test", "--release", "--no-run"], what].concat();
    let (lines, good) = cargo(&folder.join("tree"), folder, &args)?;
    if !good {
        let first = errors(&lines).next().map(|e| e.message.clone()).unwrap_or_default();
        return Err(format!("the tests of the copy do not compile: {first}"));
    }
    let programs = lines.into_iter().filter(|line| line.profile.test).filter_map(|line| {
        let name = line.package_id.rsplit('#').next().unwrap_or_default();
        let package = name.split('@').next().unwrap_or_default().to_owned();
        let target = line.target?;
        // Sources lie one below it.
        let folder = target.src_path.parent()?.parent()?.to_owned();
        Some(TestProgram { package, target: target.name, program: line.executable?, folder })
    });
    Ok(programs.collect())
}

fn cargo(tree: &Path, folder: &Path, args: &[&str]) -> Result<(Vec<Line>, bool), String> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).arg("--message-format=json").arg("--target-dir").arg(folder.join("build"));
    command.current_dir(tree).stdin(Stdio::null()).stderr(Stdio::null());
    let out = command.output().map_err(|e| format!("cargo: {e}"))?;
    let text = String::from_utf8_lossy(&out.stdout);
    let lines = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    Ok((lines, out.status.success()))
}

fn errors(lines: &[Line]) -> impl Iterator<Item = &Message> {
    let messages = lines.iter().filter(|line| line.reason == "compiler-message");
    messages.filter_map(|line| line.message.as_ref()).filter(|message| message.level == "error")
}

/// The defects that errors lie in: by their spans, else by those of notes, else the nearest in the file.
fn culprits(tree: &Tree, lines: &[Line]) -> Result<BTreeSet<usize>, String> {
    let mut bad = BTreeSet::new();
    let mut unknown = Vec::new();
    for error in errors(lines) {
        let notes = error.children.iter().flat_map(|child| &child.spans);
        let mut spans: Vec<&Span> = error.spans.iter().chain(notes).collect();
        spans.sort_by_key(|span| !span.is_primary);
        let found = spans.iter().filter_map(|span| tree.at(&span.file_name, &(span.byte_start..span.byte_end)));
        let found: Vec<(usize, bool)> = found.collect();
        let inside: Vec<usize> = found.iter().filter(|(_, inside)| *inside).map(|(number, _)| *number).collect();
        match found.first() {
            _ if !inside.is_empty() => bad.extend(inside),
            Some((nearest, _)) => {
                bad.insert(*nearest);
            }
            // The last line says how many errors there were, and no more.
            None if error.spans.is_empty() => {}
            None => unknown.push(error),
        }
    }
    match (bad.is_empty(), unknown.first()) {
        (false, _) => Ok(bad),
        (true, Some(error)) => Err(format!("no defect is to blame: {}", error.message)),
        (true, None) => Err("the copy does not build, without an error".into()),
    }
}
