//! Running other programs: output kept for the moment it is needed, errors of one line.

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What went wrong in one line, and what the failing program printed (may be empty).
#[derive(Debug, Default)]
pub struct Error {
    /// One line: what failed, and where.
    pub line: String,
    /// The failing program's output, shown above the line.
    pub output: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl From<String> for Error {
    fn from(line: String) -> Self {
        Self { line, output: String::new() }
    }
}

impl From<&str> for Error {
    fn from(line: &str) -> Self {
        line.to_owned().into()
    }
}

/// Result of a task.
pub type Result<T> = std::result::Result<T, Error>;

/// The workspace root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")
}

/// Where cargo builds: `CARGO_TARGET_DIR`, else `target` in the root.
pub fn target_dir() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// A program, started in the root with no standard input.
pub fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root()).stdin(Stdio::null());
    command
}

/// The cargo that runs this task.
pub fn cargo<const N: usize>(args: [&str; N]) -> Command {
    let mut command = program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args);
    command
}

/// Runs to the end and returns standard output and error, in the order in which they were written.
pub fn capture(command: Command) -> Result<String> {
    run(command, false)
}

/// Like [`capture`], and shows the output while it is written.
pub fn stream(command: Command) -> Result<String> {
    run(command, true)
}

/// Standard output, trimmed, when the program is there and succeeds.
pub fn query(mut command: Command) -> Option<String> {
    let out = command.stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&out.stdout).trim().to_owned();
    out.status.success().then_some(text)
}

/// The command as one would type it (program by name; the directory is the root).
pub fn spell(command: &Command) -> String {
    let name = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let env = command.get_envs().filter_map(|(k, v)| Some(format!("{}={} ", k.display(), v?.display())));
    let args = command.get_args().map(|a| format!(" {}", a.display()));
    env.chain([name.display().to_string()]).chain(args).collect()
}

fn run(mut command: Command, show: bool) -> Result<String> {
    let spelt = spell(&command);
    let fail = |what: &dyn fmt::Display, output| Error { line: format!("`{spelt}`: {what}"), output };
    let io_error = |e: io::Error| fail(&e, String::new());

    let (mut from, to) = io::pipe().map_err(io_error)?;
    command.stdout(to.try_clone().map_err(io_error)?).stderr(to);
    let mut child = command.spawn().map_err(io_error)?;
    drop(command); // It holds the pipe's other end: without this the read below would never finish.

    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        match from.read(&mut chunk).map_err(io_error)? {
            0 => break,
            n => {
                bytes.extend_from_slice(&chunk[..n]);
                if show {
                    io::stdout().write_all(&chunk[..n]).and_then(|()| io::stdout().flush()).map_err(io_error)?;
                }
            }
        }
    }
    let status = child.wait().map_err(io_error)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    if status.success() { Ok(text) } else { Err(fail(&status, if show { String::new() } else { text })) }
}
