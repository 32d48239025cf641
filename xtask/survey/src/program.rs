//! A program with limits: it may loop for ever, or ask for all memory.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Memory that a program may have, in KiB.
const MEMORY: u64 = 6 << 20;
/// Seconds of processor time that every program may take.
const LEAST: f64 = 10.0;
/// How often the limit of processor time is also waited for by the clock: the machine may be busy, the program asleep.
const PATIENCE: f64 = 10.0;
/// What a shell says of a program that used up its processor time.
const OUT_OF_TIME: i32 = 128 + 24;

/// What is run.
pub struct Program<'a> {
    /// The file.
    pub path: &'a Path,
    /// Its arguments.
    pub args: &'a [&'a str],
    /// Where it runs.
    pub folder: &'a Path,
    /// Name and value of a variable.
    pub variable: Option<(&'a str, String)>,
    /// Where its output goes, with the endings `.out` and `.err`.
    pub output: PathBuf,
}

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status; 128 and more for a signal, none where it was stopped.
    pub status: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
    /// Seconds of processor time.
    pub seconds: f64,
}

impl Program<'_> {
    /// Runs it. `usual` is the processor time without a defect, and five times as much the limit.
    pub fn run(&self, usual: Option<f64>) -> Result<Ended, String> {
        self.run_to_the_end(usual.map(|seconds| (5.0 * seconds).max(LEAST).ceil()))
            .map_err(|e| format!("{}: {e}", self.path.display()))
    }

    fn run_to_the_end(&self, limit: Option<f64>) -> io::Result<Ended> {
        let [out, err] = ["out", "err"].map(|ending| self.output.with_extension(ending));
        let seconds = limit.map_or("unlimited".to_owned(), |limit| limit.to_string());
        let limits = format!("ulimit -c 0; ulimit -v {MEMORY}; ulimit -S -t {seconds}");
        let mut command = Command::new("bash");
        command.arg("-c").arg(format!("{limits}; \"$@\"; status=$?; times >&2; exit $status"));
        command.arg("bash").arg(self.path).args(self.args);
        command.env_remove("STOQUANT_PLANTED").env_remove("STOQUANT_REACHED").envs(self.variable.clone());
        command.current_dir(self.folder).process_group(0).stdin(Stdio::null());
        command.stdout(File::create(&out)?).stderr(File::create(&err)?);
        let (mut child, start) = (command.spawn()?, Instant::now());
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status.code().filter(|&code| code != OUT_OF_TIME);
            }
            if limit.is_some_and(|limit| start.elapsed().as_secs_f64() > PATIENCE * limit) {
                Command::new("kill").args(["-KILL", "--", &format!("-{}", child.id())]).status()?;
                child.wait()?;
                break None;
            }
            sleep(Duration::from_millis(10));
        };
        let text = |path| fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let err = text(err)?;
        let seconds = err.lines().last().map_or(0.0, of_times);
        Ok(Ended { status, out: text(out)?, err, seconds })
    }
}

/// Seconds of a line of the shell's `times`: `0m1.250s 0m0.500s`.
fn of_times(line: &str) -> f64 {
    let one = |word: &str| -> Option<f64> {
        let (minutes, seconds) = word.trim_end_matches('s').split_once('m')?;
        Some(60.0 * minutes.parse::<f64>().ok()? + seconds.parse::<f64>().ok()?)
    };
    line.split(' ').filter_map(one).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, usual: f64) -> Ended {
        let folder = tempfile::tempdir().unwrap();
        let (path, output) = (Path::new("bash"), folder.path().join("output"));
        let variable = Some(("STOQUANT_PLANTED", "7".to_owned()));
        Program { path, args: &["-c", script], folder: folder.path(), variable, output }.run(Some(usual)).unwrap()
    }

    #[test]
    fn ends_are_told_apart() {
        let good = shell("echo $STOQUANT_PLANTED; echo bad >&2; exit 3", 1.0);
        assert_eq!((good.status, good.out.as_str()), (Some(3), "7\n"));
        assert!(good.err.starts_with("bad\n") && good.seconds < 1.0);
        assert_eq!(shell("kill -SEGV $$", 1.0).status, Some(139));
        assert_eq!(shell("ulimit -S -t 1; while true; do :; done", 1.0).status, None);
        assert_eq!(of_times("0m1.250s 1m0.500s"), 61.75);
    }
}
