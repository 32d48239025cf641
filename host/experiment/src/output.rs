//! Files that a command writes: looked at before the run, and whole or not at all after it.
//!
//! Only a new file or a regular one that may be written is replaced; a link is written through. Devices, pipes,
//! directories and files without write permission are refused, and so is whatever the same run reads or writes
//! elsewhere.

use std::fs::{File, Metadata};
use std::io::{BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use crate::experiment::InputError;
use crate::resources;

/// The outputs of one run, and the files that it reads.
#[derive(Debug, Default)]
pub struct Outputs {
    inputs: Vec<(PathBuf, Metadata)>,
    outputs: Vec<(String, PathBuf)>,
}

/// A file to be written, and that can be.
#[derive(Clone, Debug)]
pub struct Output {
    /// As the user named it.
    path: PathBuf,
    /// Behind all links.
    target: PathBuf,
}

/// Links that are followed, as many as Linux does.
const LINKS: usize = 40;

impl Outputs {
    /// Of a run that reads these files. One that does not exist is no concern here: whoever reads it says so.
    pub fn reading<'a>(inputs: impl IntoIterator<Item = &'a Path>) -> Self {
        let inputs = inputs.into_iter().filter_map(|path| Some((path.to_owned(), path.metadata().ok()?)));
        Self { inputs: inputs.collect(), outputs: Vec::new() }
    }

    /// One more output, the value of `flag`; refused where it cannot be written.
    pub fn add(&mut self, flag: &str, path: &Path) -> Result<Output, InputError> {
        let refused = |reason: String| InputError(format!("{flag} = {}: {reason}", path.display()));
        let target = behind_links(path).map_err(refused)?;
        let directory = directory_of(&target);
        if !directory.is_dir() || target.file_name().is_none() {
            return Err(refused("must name a file in an existing directory".into()));
        }
        match target.symlink_metadata() {
            Ok(there) => {
                if there.is_dir() {
                    return Err(refused("a directory: must name a file in an existing directory".into()));
                }
                if !there.is_file() {
                    return Err(refused(
                        "neither a new file nor a regular one: a device or pipe is not replaced".into(),
                    ));
                }
                if there.permissions().readonly() || !may_write(&target) {
                    return Err(refused("the file that is there may not be written (its permissions)".into()));
                }
                if let Some((input, _)) = self.inputs.iter().find(|(_, input)| same(input, &there)) {
                    return Err(refused(format!("is {}, which this run reads", input.display())));
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(refused(error.to_string())),
        }
        // Names of one file are equal once the directory is resolved.
        let directory = directory.canonicalize().map_err(|error| refused(error.to_string()))?;
        let target = target.file_name().map(|name| directory.join(name)).unwrap_or(target);
        if let Some((other, _)) = self.outputs.iter().find(|(_, output)| *output == target) {
            return Err(refused(format!("is the file of {other} too")));
        }
        tempfile::tempfile_in(&directory).map_err(|error| refused(format!("cannot write there: {error}")))?;
        self.outputs.push((flag.to_owned(), target.clone()));
        Ok(Output { path: path.to_owned(), target })
    }

    /// A directory, the value of `flag`, that a run makes or replaces as a whole: one that is there may hold these
    /// files and no others.
    pub fn directory(&mut self, flag: &str, path: &Path, names: &[String]) -> Result<Output, InputError> {
        let refused = |reason: String| InputError(format!("{flag} = {}: {reason}", path.display()));
        // Without what follows the name: a slash.
        let bare: PathBuf = path.components().collect();
        let target = behind_links(&bare).map_err(refused)?;
        let Some(name) = target.file_name() else { return Err(refused("must name a directory of its own".into())) };
        let parent = directory_of(&target);
        let parent = parent.canonicalize().map_err(|error| refused(format!("{}: {error}", parent.display())))?;
        let target = parent.join(name);
        match std::fs::read_dir(&target) {
            Ok(entries) => {
                for entry in entries {
                    let name = entry.map_err(|error| refused(error.to_string()))?.file_name();
                    if !names.iter().any(|known| name == **known) {
                        let what = "must be new, empty, or an ensemble";
                        return Err(refused(format!("holds other files, as {}: {what}", name.display())));
                    }
                }
                let there = target.metadata().map_err(|error| refused(error.to_string()))?;
                if let Some((input, _)) = self.inputs.iter().find(|(_, input)| same(input, &there)) {
                    return Err(refused(format!("is {}, which this run reads", input.display())));
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(refused(error.to_string())),
        }
        tempfile::tempfile_in(&parent).map_err(|error| refused(format!("cannot write there: {error}")))?;
        self.outputs.push((flag.to_owned(), target.clone()));
        Ok(Output { path: path.to_owned(), target })
    }

    /// An output and another beside it, named alike with `suffix` appended.
    pub fn pair(&mut self, flag: &str, path: &Path, suffix: &str) -> Result<[Output; 2], InputError> {
        Ok([self.add(flag, path)?, self.add(&format!("{flag}, with {suffix},"), &beside(path, suffix))?])
    }
}

/// `path` with `suffix` appended.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What a name stands for: the end of a chain of links, which need not exist.
fn behind_links(path: &Path) -> Result<PathBuf, String> {
    let mut target = path.to_owned();
    for _ in 0..LINKS {
        match target.read_link() {
            Ok(to) => target = directory_of(&target).join(to),
            Err(_) => return Ok(target),
        }
    }
    Err("too many links".into())
}

#[cfg(unix)]
fn may_write(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok()
}

#[cfg(not(unix))]
fn may_write(_path: &Path) -> bool {
    true
}

/// Whether two names are of one file.
#[cfg(unix)]
fn same(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn same(_a: &Metadata, _b: &Metadata) -> bool {
    false
}

impl Output {
    /// A file of the program's own, which nobody has named.
    pub(crate) fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), target: path.to_owned() }
    }

    /// As the user named it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where it is, behind all links.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Refuse what the disk has no room for.
    pub fn room_for(&self, what: &str, bytes: u64) -> Result<(), InputError> {
        resources::need_disk(what, directory_of(&self.target), bytes)
    }

    /// Begin to write; nothing is seen of it until [`Partial::keep`].
    pub fn begin(&self) -> Result<Partial, InputError> {
        Partial::new(self).map_err(|error| self.failed(&error))
    }

    /// Write all at once.
    pub fn write(&self, bytes: &[u8]) -> Result<(), InputError> {
        let mut partial = self.begin()?;
        partial.write_all(bytes).map_err(|error| self.failed(&error))?;
        partial.keep()
    }

    /// What went wrong when it was written.
    pub fn failed(&self, error: &dyn std::fmt::Display) -> InputError {
        InputError(format!("cannot write {}: {error}", self.path.display()))
    }
}

/// The hidden files of this process, for [`remove_partial`].
static PARTIAL: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A file that is being written under a hidden name beside its own.
pub struct Partial {
    file: BufWriter<NamedTempFile>,
    output: Output,
}

impl Partial {
    fn new(output: &Output) -> std::io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".stoquant-");
        // What is replaced keeps its permissions; a new file has those of any other.
        let old = output.target.metadata().ok().map(|there| there.permissions());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        // Under the lock: whoever ends this process waits until the name is known.
        let mut partial = PARTIAL.lock().unwrap_or_else(PoisonError::into_inner);
        let file = builder.tempfile_in(directory_of(&output.target))?;
        partial.push(file.path().to_owned());
        drop(partial);
        let this = Self { file: BufWriter::new(file), output: output.clone() };
        if let Some(old) = old {
            this.file.get_ref().as_file().set_permissions(old)?;
        }
        Ok(this)
    }

    /// All of it is on the disk; what can still fail is the new name.
    pub fn complete(&mut self) -> Result<(), InputError> {
        let done = self.file.flush().and_then(|()| self.file.get_ref().as_file().sync_all());
        done.map_err(|error| self.output.failed(&error))
    }

    /// SHA-256 of what was written, in hexadecimal.
    pub fn sha256(&mut self) -> Result<String, InputError> {
        self.complete()?;
        let mut file: &File = self.file.get_ref().as_file();
        file.rewind().and_then(|()| sha256_of(&mut file)).map_err(|error| self.output.failed(&error))
    }

    /// The file is whole: give it its name.
    pub fn keep(mut self) -> Result<(), InputError> {
        self.complete()?;
        std::fs::rename(self.file.get_ref().path(), &self.output.target).map_err(|error| self.output.failed(&error))
    }
}

impl Write for Partial {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl Seek for Partial {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        self.file.seek(to)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        let path = self.file.get_ref().path().to_owned();
        let mut partial = PARTIAL.lock().unwrap_or_else(PoisonError::into_inner);
        // After a rename there is none of that name.
        let _ = std::fs::remove_file(&path);
        partial.retain(|partial| *partial != path);
    }
}

/// Remove what this process has begun to write: before a signal ends it. Nothing is begun after.
pub fn remove_partial() {
    let partial = PARTIAL.lock().unwrap_or_else(PoisonError::into_inner);
    for path in partial.iter() {
        // One that has got its name meanwhile is no longer there.
        let _ = std::fs::remove_file(path);
    }
    // Kept locked to the end of the process.
    std::mem::forget(partial);
}

/// Hexadecimal SHA-256 of all that can be read.
pub(crate) fn sha256_of(reader: &mut impl Read) -> std::io::Result<String> {
    let (mut hash, mut piece) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match reader.read(&mut piece)? {
            0 => return Ok(hexadecimal(&hash.finalize())),
            count => hash.update(&piece[..count]),
        }
    }
}

/// Hexadecimal SHA-256.
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// Hexadecimal digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
