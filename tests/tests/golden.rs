//! Golden vectors: bits of every number format and integrator from `golden/model.py`, a model that shares no code with
//! the core.

use std::path::PathBuf;

use serde_json::Value;
use stoquant_core::integrator::State;
use stoquant_engines::engine::core_engine;
use stoquant_model::{ArithKind, Extents, IntegratorKind, NoiseKind, Phi4, Setup};
use stoquant_tests::command::python;

/// One chain of the model.
struct Case {
    setup: Setup,
    chain: u32,
    first_step: u64,
    start_width: f64,
    /// Field words after each sweep, in hexadecimal.
    phi: Vec<Vec<u64>>,
    clipped: u64,
    accepted: u64,
    log_ratio: u64,
}

fn named<T: Copy + std::fmt::Display>(all: &[T], name: &Value) -> T {
    *all.iter().find(|kind| name == &kind.to_string()).unwrap_or_else(|| panic!("no kind is named {name}"))
}

fn hex(text: &str) -> u64 {
    u64::from_str_radix(text, 16).unwrap_or_else(|e| panic!("{text:?}: {e}"))
}

impl Case {
    fn new(arith: ArithKind, case: &Value) -> Self {
        let number = |key: &str| case[key].as_f64().unwrap_or_else(|| panic!("{key}: {}", case[key]));
        let natural = |key: &str| case[key].as_u64().unwrap_or_else(|| panic!("{key}: {}", case[key]));
        let text = |key: &str| case[key].as_str().unwrap_or_else(|| panic!("{key}: {}", case[key]));
        let extents = case["extents"].as_array().expect("extents").iter().map(|l| l.as_u64().expect("extent") as usize);
        let sweeps = case["phi"].as_array().expect("phi").iter();
        Self {
            setup: Setup {
                extents: Extents::new(&extents.collect::<Vec<_>>()).expect("at most four"),
                couplings: Phi4 { kappa: number("kappa"), b: number("b"), lambda: number("lambda") },
                eps: number("eps"),
                arith,
                integrator: named(IntegratorKind::ALL, &case["integrator"]),
                noise: named(NoiseKind::ALL, &case["noise"]),
                seed: hex(text("seed")),
            },
            chain: natural("chain") as u32,
            first_step: natural("first_step"),
            start_width: number("start_width"),
            phi: sweeps.map(|words| words.as_str().expect("words").split(' ').map(hex).collect()).collect(),
            clipped: natural("clipped"),
            accepted: natural("accepted"),
            log_ratio: hex(text("log_ratio")),
        }
    }

    fn name(&self) -> String {
        format!("{} {} {} {:?}", self.setup.arith, self.setup.integrator, self.setup.noise, self.setup.extents)
    }

    /// Where the core and the model differ; empty if nowhere.
    fn differences(&self) -> Vec<String> {
        let mut engine = core_engine(&self.setup, self.chain).unwrap_or_else(|e| panic!("{}: {e}", self.name()));
        engine.hot_start(self.start_width).expect("a valid width");
        engine.set_state(State { step: self.first_step, ..State::default() }).unwrap();
        let mut found = Vec::new();
        for (sweep, expected) in self.phi.iter().enumerate() {
            engine.sweep(1).unwrap();
            let bits = engine.bits().unwrap();
            assert_eq!(bits.len(), expected.len(), "{}", self.name());
            let sites = bits.iter().zip(expected).enumerate().filter(|(_, (a, b))| a != b);
            found.extend(sites.map(|(x, (a, b))| format!("sweep {sweep} site {x}: {a:x}, model {b:x}")));
        }
        let State { clipped, accepted, log_ratio, .. } = engine.state().unwrap();
        let counters = [
            ("clipped", clipped, self.clipped),
            ("accepted", accepted, self.accepted),
            ("log_ratio", log_ratio.to_bits(), self.log_ratio),
        ];
        let counters = counters.into_iter().filter(|(_, a, b)| a != b);
        found.extend(counters.map(|(what, a, b)| format!("{what}: {a:x}, model {b:x}")));
        found
    }
}

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden")
}

fn cases(arith: ArithKind) -> Vec<Case> {
    let path = directory().join(format!("{arith}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let file: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(file["generator"], "tests/golden/model.py");
    assert_eq!(file["format"], arith.to_string());
    file["cases"].as_array().expect("cases").iter().map(|case| Case::new(arith, case)).collect()
}

fn agrees(arith: ArithKind) {
    let cases = cases(arith);
    // Four integrators on five lattices, from a site to four dimensions.
    assert_eq!(cases.len(), 20);
    for case in &cases {
        let found = case.differences();
        assert!(found.is_empty(), "{}: {} differences, the first: {}", case.name(), found.len(), found[0]);
    }
}

#[test]
fn fx18() {
    agrees(ArithKind::Fx18);
}

#[test]
fn fx16() {
    agrees(ArithKind::Fx16);
}

#[test]
fn f32() {
    agrees(ArithKind::F32);
}

#[test]
fn f64() {
    agrees(ArithKind::F64);
}

/// The vectors reach what they are for: every integrator, both laws, accepted and rejected proposals, saturations,
/// steps beyond 32 bits.
#[test]
fn vectors_reach_the_corners() {
    let all: Vec<Case> = ArithKind::ALL.iter().flat_map(|&arith| cases(arith)).collect();
    let any = |what: &dyn Fn(&Case) -> bool| all.iter().any(what);
    for &integrator in IntegratorKind::ALL {
        for &noise in NoiseKind::ALL {
            assert!(any(&|c| c.setup.integrator == integrator && c.setup.noise == noise), "{integrator} {noise}");
        }
    }
    for arith in [ArithKind::Fx18, ArithKind::Fx16] {
        assert!(any(&|c| c.setup.arith == arith && c.clipped > 0), "{arith}: no saturation");
    }
    let sweeps = |c: &Case| c.phi.len() as u64;
    assert!(any(&|c| c.accepted > 0 && c.accepted < sweeps(c)), "no proposal is rejected");
    assert!(any(&|c| c.first_step < 1 << 32 && c.first_step + sweeps(c) > 1 << 32), "no step beyond 32 bits");
}

/// The comparison can fail: each of these flips of one bit of the expectation is found, and nothing else is.
#[test]
fn one_flipped_bit_is_found() {
    for &arith in ArithKind::ALL {
        for mut case in cases(arith) {
            let sites = case.setup.volume();
            for (n, sweep) in [(0, 0), (1, 2), (7, 4)] {
                let (x, bit) = (n % sites, (5 * n) % 16);
                case.phi[sweep][x] ^= 1 << bit;
                let found = case.differences();
                assert_eq!(found.len(), 1, "{}: {found:?}", case.name());
                assert!(found[0].starts_with(&format!("sweep {sweep} site {x}: ")), "{}: {}", case.name(), found[0]);
                case.phi[sweep][x] ^= 1 << bit;
            }
            case.log_ratio ^= 1;
            assert_eq!(case.differences().len(), 1, "{}", case.name());
        }
    }
}

/// The committed vectors are what the model writes.
#[test]
fn vectors_are_those_of_the_model() {
    let out = python().arg(directory().join("model.py")).arg("--check").output().expect("Python runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}
