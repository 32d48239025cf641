//! Training: one process, and a checkpoint that knows its data.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use stoquant_tests::command::{contents, run, stoquant};

use super::place;
use super::refuses::refused;

/// Killed by a signal that cannot be caught, a training leaves no process behind: it has none beside its own.
#[cfg(target_os = "linux")]
#[test]
fn a_training_is_one_process() {
    let directory = place();
    let args = ["train", "--extent", "4", "--steps", "1000000", "--configurations", "1000", "--out", "m.safetensors"];
    let mut child = Command::new(stoquant())
        .args(args)
        .current_dir(directory.path())
        .stderr(Stdio::null())
        .spawn()
        .expect("the command runs");
    let of = |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", child.id())).unwrap_or_default();
    // Its threads come when it computes.
    let begun = Instant::now();
    while !of("status").lines().any(|line| line.starts_with("Threads:") && !line.ends_with("\t1")) {
        assert!(begun.elapsed() < Duration::from_secs(60), "never computed");
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_millis(300));
    let children = of(&format!("task/{}/children", child.id()));
    let command = of("cmdline");
    child.kill().expect("a child");
    child.wait().expect("a child");
    assert_eq!(children.trim(), "", "a training has a child of its own");
    assert!(command.contains("train\x00--extent\x004"), "{command}");
}

/// The bounds of `--threads` hold for the environment, and the flag goes first.
#[test]
fn threads_of_the_environment_are_bounded() {
    let directory = place();
    for (value, words) in [("0", "1 to 1024"), ("100000", "1 to 1024"), ("many", "many")] {
        for line in ["sample --config quick.toml --out e.npz", "train --out m.safetensors", "certify"] {
            let out = Command::new(stoquant())
                .args(line.split(' '))
                .env("RAYON_NUM_THREADS", value)
                .current_dir(directory.path())
                .output()
                .expect("the command runs");
            let stderr = String::from_utf8_lossy(&out.stderr);
            assert_eq!((out.status.code(), stderr.lines().count()), (Some(2), 1), "{line} {value}: {stderr}");
            assert!(stderr.contains("RAYON_NUM_THREADS") && stderr.contains(words), "{stderr}");
        }
    }
    let out = Command::new(stoquant())
        .args("sample --config quick.toml --threads 2 --out e.npz".split(' '))
        .env("RAYON_NUM_THREADS", "100000")
        .current_dir(directory.path())
        .output()
        .expect("the command runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

/// What a recipe cannot have is refused before any work, and nothing is left.
#[test]
fn trainings_that_cannot_be() {
    let directory = place();
    refused(directory.path(), &["train", "--out", "no/such/m.safetensors"], &["out = no/such", "directory"]);
    let huge = "train --extent 128 --configurations 100000000 --out m.safetensors";
    refused(directory.path(), &huge.split(' ').collect::<Vec<_>>(), &["configurations = 100000000", "memory"]);
    let before = contents(directory.path());
    let out = run(directory.path(), &["train", "--resume", "--steps", "1", "--out", "m.safetensors"]);
    assert_eq!(out.status.code(), Some(2), "{}", String::from_utf8_lossy(&out.stderr));
    assert!(contents(directory.path()) == before);
}

/// Stopped after a time or by a signal, a training is saved, says how to go on, and ends with the model of one that was
/// not stopped.
#[cfg(target_os = "linux")]
#[test]
fn a_stopped_training_goes_on() {
    let directory = place();
    let line = "train --extent 4 --steps 100 --configurations 1000 --threads 1 --out";
    let args = |out: &'static str, more: &'static str| -> Vec<&str> {
        line.split(' ').chain([out]).chain(more.split_whitespace()).collect()
    };
    stoquant_tests::command::succeed(directory.path(), &args("whole.safetensors", ""));
    let mut stops = 0;
    loop {
        let mut command = Command::new(stoquant());
        command.args(args("m.safetensors", "--resume-if-any --stop-after 150ms")).current_dir(directory.path());
        let end = command.output().expect("the command runs");
        let stderr = String::from_utf8_lossy(&end.stderr);
        match end.status.code() {
            Some(75) => {
                assert!(stderr.contains(" of 100 steps: go on with the same command and --resume"), "{stderr}");
                stops += 1;
                refused(directory.path(), &args("m.safetensors", ""), &["m.safetensors.checkpoint", "--resume"]);
            }
            code => {
                assert_eq!((code, &*stderr), (Some(0), ""));
                break;
            }
        }
    }
    assert!(stops > 0, "never stopped");
    let read = |name: &str| std::fs::read(directory.path().join(name)).expect("a model");
    assert!(read("m.safetensors") == read("whole.safetensors"));
    assert!(!directory.path().join("m.safetensors.checkpoint").exists());
}
