//! Runs that are stopped or killed go on to the bytes of a run that was not.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use stoquant_tests::command::{contents, run, stoquant, succeed};

use super::place;
use super::refuses::refused;

const LINE: &str = "sample --extent 32,32 --kappa 0.2 --lambda 0.1 --eps 0.05 --chains 3 --count 301 --every 20 \
                    --thermalise 2000 --threads 2 --checkpoint 10ms";

fn words<'a>(line: &'a str, more: &'a str) -> Vec<&'a str> {
    line.split_whitespace().chain(more.split_whitespace()).collect()
}

fn spawn(directory: &Path, args: &[&str]) -> Child {
    let mut command = Command::new(stoquant());
    command.args(args).current_dir(directory).stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().expect("the command runs")
}

fn signal(child: &Child, signal: &str) {
    let killed = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
    assert!(killed.expect("kill runs").success(), "no process to send {signal} to");
}

/// Names and contents of a file with its manifest, or of a directory.
fn ensemble(directory: &Path, out: &str) -> Vec<Vec<u8>> {
    let path = directory.join(out);
    match path.is_dir() {
        true => contents(&path).into_iter().map(|(_, bytes)| bytes).collect(),
        false => [out.to_owned(), format!("{out}.json")].map(|name| fs::read(directory.join(name)).unwrap()).into(),
    }
}

/// Killed at twenty random moments, by signals that can be caught and by one that cannot: byte for byte what one run
/// writes, as a file and as a directory. The moments are from a fresh seed, which is printed.
#[test]
fn killed_runs_go_on_to_the_same_bytes() {
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    println!("moments from seed {seed}");
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    for out in ["e.npz", "e/"] {
        let directory = place();
        let begin = Instant::now();
        succeed(directory.path(), &words(LINE, &format!("--out whole{}", &out[1..])));
        let usual = begin.elapsed().as_secs_f64();
        let mut met = 0;
        while met < 10 {
            let child = spawn(directory.path(), &words(LINE, &format!("--resume-if-any --out {out}")));
            std::thread::sleep(Duration::from_secs_f64(usual * rng.random_range(0.0..0.4)));
            let signals = ["KILL", "TERM", "INT", "USR1", "XCPU", "HUP"];
            let which = signals[rng.random_range(0..signals.len())];
            // One that has ended is still there to be waited for.
            signal(&child, which);
            let end = child.wait_with_output().expect("the command ends");
            let stderr = String::from_utf8_lossy(&end.stderr);
            match end.status.code() {
                // Told to stop while it was at work, or killed.
                Some(75) => assert!(stderr.contains("stopped at ") && stderr.contains("--resume"), "{stderr}"),
                None => {}
                // It was done before, or is complete.
                code => {
                    assert_eq!((code, &*stderr), (Some(0), ""), "{which}");
                    fs::remove_dir_all(directory.path().join(out))
                        .or_else(|_| fs::remove_file(directory.path().join(out)))
                        .unwrap();
                }
            }
            met += 1;
        }
        succeed(directory.path(), &words(LINE, &format!("--resume-if-any --out {out}")));
        assert!(ensemble(directory.path(), out) == ensemble(directory.path(), &format!("whole{}", &out[1..])));
        assert!(!directory.path().join("e.npz.checkpoint").exists() && !directory.path().join("e.checkpoint").exists());
    }
}

/// Told to stop after a time, a run is saved and says how to go on; it goes on without being told to stop.
#[test]
fn runs_stop_after_a_time() {
    let directory = place();
    let line = "sample --extent 64,64 --every 200 --eps 0.05 --chains 2 --out e.npz";
    let long = &format!("{line} --count 4000");
    let begin = Instant::now();
    let out = run(directory.path(), &words(long, "--stop-after 300ms"));
    let stderr = String::from_utf8_lossy(&out.stderr);
    assert_eq!((out.status.code(), stderr.lines().count()), (Some(75), 1), "{stderr}");
    assert!(begin.elapsed() < Duration::from_secs(20));
    assert!(stderr.contains("of 4000 configurations: go on with the same command and --resume"), "{stderr}");
    assert!(!directory.path().join("e.npz").exists() && directory.path().join("e.npz.checkpoint").is_dir());

    refused(directory.path(), &words(long, ""), &["e.npz.checkpoint holds an interrupted run", "--resume"]);
    let other =
        |flags: &str, said: &[&str]| refused(directory.path(), &words(long, &format!("--resume {flags}")), said);
    other("--seed 3", &["e.npz.checkpoint: seed = 1 there, and 3 here"]);
    other("--kappa 0.2 --lambda 0.022", &["kappa = 0.27 there, and 0.2 here"]);
    other("--arith f32", &["arith = \"fx18\" there"]);
    other("--thermalise 1", &["thermalise = 2000 there"]);
    other("--first-chain 1", &["first_chain = 0 there"]);
    refused(directory.path(), &words(line, "--resume --count 4001"), &["count = 4000 there, and 4001 here"]);

    // It is at work once it has saved something.
    let saved = || {
        let time =
            |name| fs::metadata(directory.path().join("e.npz.checkpoint").join(name)).and_then(|m| m.modified()).ok();
        ["a.npz", "b.npz"].map(time)
    };
    let before = saved();
    let child = spawn(directory.path(), &words(long, "--resume --checkpoint 10ms"));
    while saved() == before {
        std::thread::sleep(Duration::from_millis(10));
    }
    refused(directory.path(), &words(long, "--resume"), &["another process is writing this run"]);
    signal(&child, "TERM");
    assert_eq!(child.wait_with_output().expect("the command ends").status.code(), Some(75));
}

/// What cannot be resumed or written is refused, and nothing is left.
#[test]
fn what_cannot_go_on_is_refused() {
    let directory = place();
    let quick = "sample --config quick.toml --out e.npz";
    refused(directory.path(), &words(quick, "--resume"), &["e.npz: nothing to resume"]);
    refused(directory.path(), &words(quick, "--resume --resume-if-any"), &["--resume-if-any"]);
    refused(directory.path(), &words(quick, "--checkpoint soon"), &["--checkpoint", "must be a time as 90s"]);
    refused(directory.path(), &words(quick, "--stop-after=-1h"), &["--stop-after"]);
    succeed(directory.path(), &words(quick, ""));
    refused(directory.path(), &words(quick, "--resume --count 10"), &["has 20 configurations already"]);
    refused(directory.path(), &words(quick, "--resume --seed 3"), &["e.npz: seed = 7 there, and 3 here"]);
    assert_eq!(succeed(directory.path(), &words(quick, "--resume")), "e.npz: complete, 20 configurations\n");
    succeed(directory.path(), &words(quick, "--resume --count 38"));
    succeed(directory.path(), &words("sample --config quick.toml --out long.npz", "--count 38"));
    assert!(ensemble(directory.path(), "e.npz") == ensemble(directory.path(), "long.npz"));

    fs::create_dir(directory.path().join("mine")).expect("writable");
    fs::write(directory.path().join("mine/notes"), "of mine").expect("writable");
    refused(directory.path(), &["sample", "--config", "quick.toml", "--out", "mine"], &["mine", "holds other files"]);
    refused(directory.path(), &["measure", "mine"], &["mine: a directory without manifest.json"]);
    let manifest = fs::read_to_string(directory.path().join("e.npz.json")).expect("readable");
    fs::write(directory.path().join("e.npz.json"), &manifest[..100]).expect("writable");
    refused(directory.path(), &words(quick, "--resume --count 41"), &["e.npz.json: not a manifest"]);
    refused(directory.path(), &["merge", "e.npz", "--out", "m.npz"], &["e.npz.json: not a manifest"]);
    refused(directory.path(), &["merge", "none.npz", "--out", "m.npz"], &["none.npz.json"]);
    refused(directory.path(), &["merge", "long.npz", "--out", "long.npz"], &["which this run reads"]);
}

/// Runs of different chains merge into the run of all, on the command line.
#[test]
fn arrays_of_jobs_merge() {
    let directory = place();
    let line = "sample --config quick.toml --count 60";
    succeed(directory.path(), &words(line, "--chains 6 --out all/"));
    for first in [0, 2, 4] {
        let more = format!("--chains 2 --count 20 --first-chain {first} --out part{first}.npz");
        succeed(directory.path(), &words("sample --config quick.toml", &more));
    }
    succeed(directory.path(), &["merge", "part4.npz", "part0.npz", "part2.npz", "--out", "merged/"]);
    assert!(ensemble(directory.path(), "all") == ensemble(directory.path(), "merged"));
    let measured = |file: &str| run(directory.path(), &["measure", file, "--json"]).stdout;
    assert!(!measured("all").is_empty());
    assert_eq!(measured("all"), measured("merged"));
}

/// The most memory that a process has had, as its last look at itself says, in bytes.
fn peak(mut child: Child) -> u64 {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().expect("a child").is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes: u64 = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0);
        peak = peak.max(1024 * kilobytes);
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(child.wait().expect("a child").success());
    peak
}

/// An ensemble of 300 MiB is written, and measured, in the memory of its running chains and 64 MiB.
#[test]
fn memory_does_not_grow_with_the_ensemble() {
    let directory = place();
    let line = "sample --extent 512,512 --kappa 0.2 --lambda 0.1 --arith f32 --integrator euler --eps 0.01 --chains 6 \
                --thermalise 0 --count 300 --every 1 --threads 2 --out big/";
    let fields = 2 * 48 * 512 * 512;
    let written = peak(spawn(directory.path(), &words(line, "")));
    let measured = peak(spawn(directory.path(), &["measure", "big", "--threads", "2"]));
    assert!(written < fields + (64 << 20), "{written} bytes to write");
    assert!(measured < fields + (64 << 20), "{measured} bytes to measure");
}

/// The scripts for SLURM, with a stand-in for `srun` that ends a job early, and for `scontrol`: the same bytes as one
/// run.
#[test]
fn slurm_scripts_reach_the_end() {
    let directory = place();
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/slurm");
    let tools = directory.path().join("tools");
    fs::create_dir(&tools).expect("writable");
    let tool = |name: &str, text: &str| {
        use std::os::unix::fs::PermissionsExt;
        fs::write(tools.join(name), format!("#!/bin/bash\n{text}\n")).expect("writable");
        fs::set_permissions(tools.join(name), fs::Permissions::from_mode(0o755)).expect("ours");
    };
    // The time of a job is over after 0.1 s.
    tool("srun", "\"$@\" & child=$!; (sleep 0.1; kill -USR1 $child 2> /dev/null) & wait $child");
    tool("scontrol", "echo \"$@\" >> requeued");
    std::os::unix::fs::symlink(stoquant(), tools.join("stoquant")).expect("a link");
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").expect("a path"));
    let config = "extent = [32, 32]\nkappa = 0.2\nlambda = 0.1\neps = 0.05\nchains = 4\ncount = 2000\nevery = 50\n";
    fs::write(directory.path().join("run.toml"), config).expect("writable");
    let job = |script: &str, task: usize| {
        for _ in 0..100 {
            let status = Command::new("bash")
                .arg(scripts.join(script))
                .env("PATH", &path)
                .envs([("CHAINS", "2"), ("DRAWS", "500"), ("SLURM_JOB_ID", "7")])
                .env("SLURM_ARRAY_TASK_ID", task.to_string())
                .current_dir(directory.path())
                .stderr(Stdio::null())
                .status();
            match status.expect("bash runs").code() {
                Some(75) => {}
                code => return assert_eq!(code, Some(0), "{script}"),
            }
        }
        panic!("{script}: not done after a hundred jobs");
    };
    succeed(directory.path(), &words("sample --config run.toml", "--out whole/"));
    job("requeue.sbatch", 0);
    let requeued = fs::read_to_string(directory.path().join("requeued")).expect("jobs that were queued again");
    assert!(requeued.lines().count() >= 1 && requeued.lines().all(|line| line == "requeue 7"), "{requeued}");
    assert!(ensemble(directory.path(), "whole") == ensemble(directory.path(), "run"));
    job("array.sbatch", 0);
    job("array.sbatch", 1);
    succeed(directory.path(), &words("merge part0.npz part1.npz", "--out merged/"));
    assert!(ensemble(directory.path(), "whole") == ensemble(directory.path(), "merged"));
}
