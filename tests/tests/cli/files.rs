//! Files: what an output may replace, and what it may not; what a broken input is called. For every output of every
//! command, and every reader.

use std::fs;
use std::io::Write;
use std::path::Path;

use ndarray::{Array1, Array3, ShapeBuilder};
use ndarray_npy::{NpzWriter, write_npy};
use stoquant_tests::command::{contents, run};

use super::place;
use super::refuses::refused;

/// Every output of every command, `OUT` in its place, and the flag that it belongs to.
const OUTPUTS: [(&str, &str); 11] = [
    ("sample --config quick.toml --out OUT", "out"),
    ("generate --model c8 --count 8 --out OUT", "out"),
    ("train --extent 4 --steps 1 --configurations 1000 --out OUT", "out"),
    ("quantize --model n8-int8 --out OUT", "out"),
    ("quantize --model n8-int8 --hex OUT", "hex"),
    ("compare --quick --out OUT", "out"),
    ("certify --out OUT", "out"),
    ("certify --report OUT", "report"),
    ("certify --full --config quick.toml --out OUT", "out"),
    ("device certify --port no/such/port --out OUT", "out"),
    ("device certify --emulate cortex-m0 --out OUT", "out"),
];

/// A command with its output put in.
fn with<'a>(line: &'a str, out: &'a str) -> Vec<&'a str> {
    line.split(' ').map(|word| if word == "OUT" { out } else { word }).collect()
}

fn make(program: &str, args: &[&str], directory: &Path) -> bool {
    std::process::Command::new(program).args(args).current_dir(directory).status().is_ok_and(|status| status.success())
}

/// Pipes, sockets, devices, directories, links to them, files without write permission: refused by name before any
/// work, and left as they were. Device nodes need a superuser; the rest does not.
#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_not_replaced() {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
    let directory = place();
    let at = |name: &str| directory.path().join(name);
    assert!(make("mkfifo", &["pipe"], directory.path()), "mkfifo");
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).expect("a socket");
    // A private node of the null device.
    let node = make("mknod", &["node", "c", "1", "3"], directory.path());
    fs::write(at("locked"), "precious").expect("writable");
    fs::set_permissions(at("locked"), fs::Permissions::from_mode(0o444)).expect("ours");
    fs::create_dir(at("place")).expect("writable");
    fs::write(at("place/notes"), "precious").expect("writable");
    for (link, to) in [("to-pipe", "pipe"), ("to-to-pipe", "to-pipe"), ("to-locked", "locked"), ("loop", "loop")] {
        symlink(to, at(link)).expect("a link");
    }
    let kind = |name: &str| at(name).symlink_metadata().expect("still there").file_type();
    let mut targets = vec!["pipe", "socket", "locked", "to-pipe", "to-to-pipe", "to-locked", "loop", "no/such/file"];
    targets.extend(node.then_some("node"));
    for (line, flag) in OUTPUTS {
        for &target in &targets {
            // Contents of pipes cannot be compared by reading them.
            let out = run(directory.path(), &with(line, target));
            let stderr = String::from_utf8_lossy(&out.stderr);
            assert_eq!((out.status.code(), stderr.lines().count()), (Some(2), 1), "{line} {target}: {stderr}");
            assert!(stderr.contains(&format!("{flag} = {target}")), "{line} {target}: {stderr}");
        }
        if flag != "report" {
            let out = run(directory.path(), &with(line, "place"));
            assert_eq!(out.status.code(), Some(2), "{line} place: {}", String::from_utf8_lossy(&out.stderr));
        }
        assert!(kind("pipe").is_fifo() && kind("socket").is_socket() && kind("to-pipe").is_symlink(), "{line}");
        assert!(!node || kind("node").is_char_device(), "{line}");
        assert_eq!(fs::read_to_string(at("locked")).expect("readable"), "precious", "{line}");
    }
    // The manifest's place is looked at as well.
    assert!(make("mkfifo", &["e.npz.json"], directory.path()), "mkfifo");
    for line in [OUTPUTS[0].0, OUTPUTS[1].0, OUTPUTS[2].0, OUTPUTS[5].0] {
        let out = run(directory.path(), &with(line, "e.npz"));
        let stderr = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.code() == Some(2) && stderr.contains("e.npz.json"), "{line}: {stderr}");
    }
    // So are the files of a report.
    assert!(make("mkfifo", &["place/index.html"], directory.path()), "mkfifo");
    let out = run(directory.path(), &["certify", "--report", "place"]);
    assert_eq!(out.status.code(), Some(2), "{}", String::from_utf8_lossy(&out.stderr));
}

/// What a run reads it does not write, under whatever name; nor does it write one file twice.
#[cfg(unix)]
#[test]
fn inputs_are_not_replaced() {
    let directory = place();
    std::os::unix::fs::symlink("quick.toml", directory.path().join("alias.toml")).expect("a link");
    for out in ["quick.toml", "./quick.toml", "alias.toml"] {
        for line in ["sample --config quick.toml --out OUT", "certify --config quick.toml --out OUT"] {
            refused(directory.path(), &with(line, out), &[&format!("out = {out}"), "this run reads"]);
        }
    }
    fs::write(directory.path().join("c.toml"), "").expect("writable");
    refused(directory.path(), &with("compare --config c.toml --out OUT", "c.toml"), &["this run reads"]);
    fs::copy(directory.path().join("quick.toml"), directory.path().join("e.npz.json")).expect("writable");
    refused(directory.path(), &with("sample --config e.npz.json --out OUT", "e.npz"), &["this run reads"]);
    fs::write(directory.path().join("r.toml"), "extent = 4\nsteps = 1\n").expect("writable");
    refused(directory.path(), &with("train --config r.toml --out OUT", "r.toml"), &["this run reads"]);
    let words: Vec<&str> = "quantize --model n8-int8 --out OUT --hex ./OUT".split(' ').collect();
    let words: Vec<&str> = words
        .iter()
        .map(|&w| {
            if w == "OUT" {
                "q"
            } else if w == "./OUT" {
                "./q"
            } else {
                w
            }
        })
        .collect();
    refused(directory.path(), &words, &["hex = ./q", "the file of out"]);
}

/// A link is written through; a regular file keeps its permissions; neither leaves anything else.
#[cfg(unix)]
#[test]
fn links_are_written_through() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let directory = place();
    let at = |name: &str| directory.path().join(name);
    fs::create_dir(at("far")).expect("writable");
    fs::write(at("far/old.npz"), "old").expect("writable");
    fs::set_permissions(at("far/old.npz"), fs::Permissions::from_mode(0o600)).expect("ours");
    symlink("far/old.npz", at("link.npz")).expect("a link");
    symlink("far/new.npz", at("dangling.npz")).expect("a link");
    for (link, target) in [("link.npz", "far/old.npz"), ("dangling.npz", "far/new.npz")] {
        let out = run(directory.path(), &with(OUTPUTS[0].0, link));
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        assert!(at(link).symlink_metadata().expect("there").is_symlink(), "{link} is replaced");
        assert!(fs::read(at(target)).expect("readable").starts_with(b"PK"), "{target}");
    }
    let mode = |name: &str| at(name).metadata().expect("there").permissions().mode() & 0o777;
    assert_eq!(mode("far/old.npz"), 0o600);
    let names: Vec<String> = contents(&at("far")).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["new.npz", "old.npz"]);
}

/// A full standard output is an error, a reader that has gone away is not.
#[cfg(target_os = "linux")]
#[test]
fn full_standard_output_is_an_error() {
    let directory = place();
    for line in [
        "exact site --mu2 1 --g 1",
        "exact oscillator",
        "exact noise --width 8 --json",
        "device list",
        "sample --config quick.toml --out e.npz",
        "generate --model c8 --count 8",
        "--help",
        "--version",
        "sample --help",
    ] {
        let to = |out: std::process::Stdio| {
            std::process::Command::new(stoquant_tests::command::stoquant())
                .args(line.split(' '))
                .current_dir(directory.path())
                .stdout(out)
                .stderr(std::process::Stdio::piped())
                .spawn()
                .expect("the command runs")
        };
        let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("a full device");
        let out = to(full.into()).wait_with_output().expect("the command ends");
        let stderr = String::from_utf8_lossy(&out.stderr);
        assert_eq!((out.status.code(), stderr.lines().count()), (Some(2), 1), "{line}: {stderr}");
        assert!(stderr.contains("standard output"), "{line}: {stderr}");
        let mut closed = to(std::process::Stdio::piped());
        drop(closed.stdout.take());
        let out = closed.wait_with_output().expect("the command ends");
        assert_eq!(out.status.code(), Some(0), "{line}: {}", String::from_utf8_lossy(&out.stderr));
    }
}

/// A disk that fills up (a limit on the size of files stands for it): one line, exit status 2, nothing new and the old
/// file as it was.
#[cfg(unix)]
#[test]
fn full_disks_leave_what_was_there() {
    let directory = place();
    let place = contents(directory.path());
    for line in ["sample --config quick.toml --count 4000 --out e.npz", "generate --model c8 --count 500 --out e.npz"] {
        let script = format!("ulimit -f 16; exec \"$0\" {line}");
        let program = stoquant_tests::command::stoquant();
        let out = std::process::Command::new("bash")
            .args(["-c", &script])
            .arg(program)
            .current_dir(directory.path())
            .output()
            .expect("bash runs");
        let stderr = String::from_utf8_lossy(&out.stderr);
        assert_eq!((out.status.code(), stderr.lines().count()), (Some(2), 1), "{line}: {stderr}");
        assert!(stderr.contains("cannot write e.npz"), "{line}: {stderr}");
        assert!(contents(directory.path()) == place, "{line} left something behind");
    }
}

/// Ended by a signal while it writes, a run leaves no hidden file. Signals come as soon as the hidden file is seen.
#[cfg(target_os = "linux")]
#[test]
fn signals_leave_no_hidden_file() {
    use std::os::unix::process::ExitStatusExt;
    let directory = place();
    let hidden = || {
        let names = contents(directory.path()).into_iter().map(|(name, _)| name);
        names.filter(|name| name.starts_with(".stoquant")).collect::<Vec<_>>()
    };
    let line = "generate --model c8 --steps 2 --count 100000 --out big.npz";
    let mut met = 0;
    for signal in ["TERM", "INT", "HUP", "TERM"] {
        let mut child = std::process::Command::new(stoquant_tests::command::stoquant())
            .args(line.split_whitespace())
            .current_dir(directory.path())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("the command runs");
        let seen = loop {
            let names = fs::read_dir(directory.path()).expect("a directory");
            let partial = names.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with(".stoquant"));
            if partial || child.try_wait().expect("a child").is_some() {
                break partial;
            }
            std::thread::sleep(std::time::Duration::from_micros(200));
        };
        assert!(make("kill", &[&format!("-{signal}"), &child.id().to_string()], directory.path()) || !seen);
        let status = child.wait().expect("a child");
        met += usize::from(status.signal().is_some());
        assert_eq!(hidden(), Vec::<String>::new(), "{signal}: {status}");
    }
    assert!(met > 0, "no run was met while it wrote");
}

/// Every cut and every extension of an ensemble, and every header that promises more than there is, for every reader:
/// one line that says so, and no memory taken for it.
#[test]
fn broken_ensembles_are_called_that() {
    let directory = place();
    let at = |name: &str| directory.path().join(name);
    let field = Array3::from_shape_fn((64, 8, 8), |(n, i, j)| (n * 31 + 7 * i + j) as f64 / 100.0);
    write_npy(at("whole.npy"), &field).expect("writable");
    let mut npz = NpzWriter::new(fs::File::create(at("whole.npz")).expect("writable"));
    npz.add_array("phi", &field).expect("writable");
    npz.add_array("chain", &Array1::<i64>::zeros(64)).expect("writable");
    npz.finish().expect("writable");
    let (npy, npz) = (fs::read(at("whole.npy")).expect("readable"), fs::read(at("whole.npz")).expect("readable"));
    let readers = |file: &str| {
        [
            format!("measure {file}"),
            format!("train --extent 8 --data {file} --steps 1 --out m.safetensors"),
            format!("generate --model c8 --count 16 --reference {file}"),
        ]
    };
    let broken = |name: &str, bytes: &[u8], words: &[&str]| {
        fs::write(at(name), bytes).expect("writable");
        for line in readers(name) {
            refused(directory.path(), &line.split(' ').collect::<Vec<_>>(), &[&[name], words].concat());
        }
        fs::remove_file(at(name)).expect("there");
    };
    let total = 64 * 8 * 8 * 8;
    let (expected, missing) = (format!("takes {total} bytes"), format!("and {} follow", total - 100));
    broken("cut.npy", &npy[..npy.len() - 100], &["cut off", &expected, &missing]);
    broken("cut.npy", &npy[..40], &["cut off within its header"]);
    let longer = [&npy[..], &[0; 24]].concat();
    broken("long.npy", &longer, &["extended", &expected, &format!("and {} follow", total + 24)]);
    broken("cut.npz", &npz[..npz.len() / 2], &["damaged"]);
    broken("cut.npz", &npz[..npz.len() - 1], &["damaged"]);
    let mut flipped = npz.clone();
    flipped[3000] ^= 4;
    broken("flipped.npz", &flipped, &["array phi", "damaged"]);
    // A header that lies, of a small file and within a small archive.
    for shape in
        ["(1000000000, 3, 5)", "(18446744073709551615, 2)", "(4294967296, 4294967296, 4)", "(65, 8, 8)", "(1, 1)"]
    {
        let text = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}");
        let lying = [b"\x93NUMPY\x01\x00\x76\x00", format!("{text:<117}\n").as_bytes(), &[0; 5000]].concat();
        broken("lies.npy", &lying, &["shape ["]);
        let mut zip = zip_of("phi.npy", &lying);
        broken("lies.npz", &zip, &["array phi", "shape"]);
        // The directory of the archive may lie as well.
        let size = (lying.len() as u32).to_le_bytes();
        let places: Vec<usize> = (0..zip.len() - 4).filter(|&i| zip[i..i + 4] == size).collect();
        for at in places {
            zip[at..at + 4].copy_from_slice(&0xff00_0000u32.to_le_bytes());
        }
        broken("lies.npz", &zip, &["damaged"]);
    }
    // What Python 2 wrote is read, not called broken.
    let old = "{'descr': u'<f8', 'fortran_order': False, 'shape': (64L, 8L, 8L), }";
    let old = [b"\x93NUMPY\x01\x00\x76\x00", format!("{old:<117}\n").as_bytes(), &npy[npy.len() - total..]].concat();
    fs::write(at("old.npy"), old).expect("writable");
    let [old, new] = ["old.npy", "whole.npy"].map(|name| run(directory.path(), &["measure", name, "--json"]).stdout);
    assert!(!old.is_empty() && old == new);
}

/// An archive with one stored entry.
fn zip_of(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut crc = !0u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    let (crc, size) = ((!crc).to_le_bytes(), (bytes.len() as u32).to_le_bytes());
    let length = (name.len() as u16).to_le_bytes();
    let mut out = Vec::new();
    let common = |out: &mut Vec<u8>| {
        out.extend([20, 0, 0, 0, 0, 0, 0, 0, 33, 0]);
        out.extend([crc, size, size].concat());
        out.extend([length, [0, 0]].concat());
    };
    out.extend(b"PK\x03\x04");
    common(&mut out);
    out.write_all(name.as_bytes()).and_then(|()| out.write_all(bytes)).expect("memory");
    let start = out.len() as u32;
    out.extend(b"PK\x01\x02\x14\x00");
    common(&mut out);
    out.extend([0; 14]);
    out.extend(name.as_bytes());
    let central = out.len() as u32 - start;
    out.extend(b"PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00");
    out.extend([central.to_le_bytes(), start.to_le_bytes()].concat());
    out.extend([0, 0]);
    out
}

/// `chain` may be of any type of integers; a value that is no number of a chain is named.
#[test]
fn chains_of_any_type() {
    let directory = place();
    let field = Array3::from_shape_fn((40, 2, 2), |(n, i, j)| ((n * 31 + 7 * i + j) % 11) as f64);
    let chains: Vec<i64> = (0..40).map(|n| n % 2 * 100).collect();
    let mut first = None;
    macro_rules! with {
        ($type:ty) => {{
            let mut npz = NpzWriter::new(fs::File::create(directory.path().join("c.npz")).expect("writable"));
            npz.add_array("phi", &field).expect("writable");
            npz.add_array("chain", &chains.iter().map(|&c| c as $type).collect::<Array1<$type>>()).expect("writable");
            npz.finish().expect("writable");
            let out = run(directory.path(), &["measure", "c.npz", "--json"]);
            assert!(out.status.success(), "{}: {}", stringify!($type), String::from_utf8_lossy(&out.stderr));
            assert_eq!(*first.get_or_insert(out.stdout.clone()), out.stdout, stringify!($type));
        }};
    }
    with!(u8);
    with!(i8);
    with!(u16);
    with!(i16);
    with!(u32);
    with!(i32);
    with!(u64);
    with!(i64);
    for (value, words) in [(-1, "-1"), (1 << 32, "4294967296")] {
        let mut npz = NpzWriter::new(fs::File::create(directory.path().join("c.npz")).expect("writable"));
        npz.add_array("phi", &field).expect("writable");
        npz.add_array("chain", &Array1::<i64>::from_elem(40, value)).expect("writable");
        npz.finish().expect("writable");
        refused(directory.path(), &["measure", "c.npz"], &["array chain", words, "0 to 2^32 - 1"]);
    }
}

/// What does not fit into memory, or onto the disk, is refused before the run.
#[test]
fn what_does_not_fit_is_refused_before() {
    let directory = place();
    let limited = |kilobytes: &str, line: &str| {
        let script = format!("ulimit -v {kilobytes}; exec \"$0\" {line}");
        let out = std::process::Command::new("bash")
            .args(["-c", &script])
            .arg(stoquant_tests::command::stoquant())
            .current_dir(directory.path())
            .output()
            .expect("bash runs");
        (out.status.code(), String::from_utf8_lossy(&out.stderr).into_owned())
    };
    let before = contents(directory.path());
    let begun = std::time::Instant::now();
    for line in [
        "sample --extent 16384,16384 --kappa 0.2 --lambda 0.1 --threads 8 --count 8 --out e.npz",
        "generate --model c32 --count 1000000 --out e.npz",
        "train --extent 64 --configurations 1000000 --out m.safetensors",
    ] {
        let (code, stderr) = limited("4000000", line);
        assert_eq!((code, stderr.lines().count()), (Some(2), 1), "{line}: {stderr}");
        assert!(stderr.contains("GiB of memory, and ") && stderr.contains(" are free"), "{line}: {stderr}");
    }
    assert!(begun.elapsed().as_secs() < 120, "refused late");
    assert!(contents(directory.path()) == before);
    // An ensemble that is larger than what may be had; in the other order it is needed as a whole.
    let field = Array3::<f64>::zeros((4096, 64, 64).f());
    write_npy(directory.path().join("large.npy"), &field).expect("writable");
    let (code, stderr) = limited("250000", "measure large.npy --threads 2");
    assert_eq!((code, stderr.lines().count()), (Some(2), 1), "{stderr}");
    assert!(stderr.contains("large.npy") && stderr.contains("of memory"), "{stderr}");
}
