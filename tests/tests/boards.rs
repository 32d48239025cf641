//! Boards behind a line that drops, flips, doubles, reorders and cuts off what it carries: nothing is lost, nothing is
//! done twice.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use stoquant::certify::lockstep::{self, Divergence};
use stoquant::device::emulate::Machine;
use stoquant::device::{Client, Device, InProcess, LinkError, Transport};
use stoquant::diffusion::generate::{Generated, SamplerKind};
use stoquant::diffusion::int8::{Generator, Plan, quantize};
use stoquant::diffusion::model::Model;
use stoquant::engine::{Engine, core_engine};
use stoquant::simd::MachineKind;
use stoquant_core::score::int8::Image;
use stoquant_link::message::{Reply, Request};
use stoquant_model::{ArithKind, Extents, IntegratorKind, NoiseKind, Phi4, Setup};

/// Sites of the board in a thread.
const SITES: usize = 1 << 12;

/// What has been done to the line.
#[derive(Clone, Debug, Default)]
struct Injected {
    /// Faults of each kind, in both directions: lost, flipped, doubled, swapped, cut off, noise.
    faults: [u64; 6],
    resets: u64,
    /// Frames that reached the board whole, since its last reset.
    whole: u32,
    /// One fault in so many frames; none at 0.
    one_in: u32,
    /// One reset in so many frames; none at 0.
    reset_in: u32,
}

/// A line with faults.
struct Faulty {
    line: Box<dyn Transport>,
    rng: Xoshiro256PlusPlus,
    injected: Arc<Mutex<Injected>>,
    /// Frames that wait for the next one to pass, towards the board and back.
    held: [Option<Vec<u8>>; 2],
    /// Whether the last frame towards the board had no end: the next one is part of it.
    open: bool,
}

impl Faulty {
    /// What becomes of a frame: frames in its place, each with whether it is whole.
    fn frames(&mut self, frame: &[u8], back: usize) -> Vec<(Vec<u8>, bool)> {
        let mut injected = self.injected.lock().expect("nobody panics with it");
        let held = self.held[back].take();
        let mut out = Vec::new();
        let one_in = injected.one_in;
        if one_in == 0 || !self.rng.random_ratio(1, one_in) || frame.len() < 2 {
            out.push((frame.to_vec(), true));
        } else {
            let kind = self.rng.random_range(0..6);
            injected.faults[kind] += 1;
            match kind {
                0 => {}
                1 => {
                    let mut damaged = frame.to_vec();
                    // Not the end: that is kind 4.
                    let at = self.rng.random_range(0..frame.len() - 1);
                    damaged[at] ^= 1 << self.rng.random_range(0..8);
                    out.push((damaged, false));
                }
                2 => out.extend([(frame.to_vec(), true), (frame.to_vec(), true)]),
                3 => self.held[back] = Some(frame.to_vec()),
                4 => out.push((frame[..self.rng.random_range(1..frame.len())].to_vec(), false)),
                _ => {
                    let noise = (0..self.rng.random_range(1..300)).map(|_| self.rng.random_range(1..=255)).collect();
                    out.extend([(noise, false), (vec![0], false), (frame.to_vec(), true)]);
                }
            }
        }
        out.extend(held.map(|frame| (frame, true)));
        out
    }
}

impl Transport for Faulty {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let reset = {
            let mut injected = self.injected.lock().expect("nobody panics with it");
            let reset = injected.reset_in > 0 && self.rng.random_ratio(1, injected.reset_in);
            if reset {
                injected.resets += 1;
                injected.whole = 0;
            }
            reset
        };
        if reset {
            self.line = Box::new(InProcess::start(SITES));
            (self.held, self.open) = ([None, None], false);
        }
        for (frame, whole) in self.frames(bytes, 0) {
            // A single zero is no frame.
            let ends = frame.last() == Some(&0);
            if whole && !self.open && frame.len() > 1 {
                self.injected.lock().expect("nobody panics with it").whole += 1;
            }
            self.open = !ends;
            self.line.send(&frame)?;
        }
        Ok(())
    }

    fn receive(&mut self, wait: Duration) -> io::Result<Vec<u8>> {
        let frame = self.line.receive(wait)?;
        if frame.is_empty() {
            return Ok(frame);
        }
        Ok(self.frames(&frame, 1).into_iter().flat_map(|(frame, _)| frame).collect())
    }
}

fn faulty(seed: u64, one_in: u32, reset_in: u32) -> (Device, Arc<Mutex<Injected>>) {
    // Answers take microseconds; a late one is asked for again, which does no harm.
    faulty_line(Box::new(InProcess::start(SITES)), Duration::from_millis(2), seed, one_in, reset_in)
}

fn faulty_line(
    line: Box<dyn Transport>,
    patience: Duration,
    seed: u64,
    one_in: u32,
    reset_in: u32,
) -> (Device, Arc<Mutex<Injected>>) {
    let injected = Arc::new(Mutex::new(Injected { one_in, reset_in, ..Injected::default() }));
    let line = Faulty {
        line,
        rng: Xoshiro256PlusPlus::seed_from_u64(seed),
        injected: injected.clone(),
        held: [None, None],
        open: false,
    };
    (Device::open(Box::new(line), patience).expect("a board that can be reached"), injected)
}

fn setup(arith: ArithKind, integrator: IntegratorKind, extents: &[usize]) -> Setup {
    let couplings = Phi4::kappa_form(0.27, 0.022);
    let extents = Extents::new(extents).expect("at most four");
    Setup { extents, couplings, eps: 0.02, arith, integrator, noise: NoiseKind::Gaussian, seed: 7 }
}

/// Sweeps, readings, a field that is set, counters: on the board as in the host's core.
struct Pair {
    board: Box<dyn Engine>,
    host: Box<dyn Engine>,
}

impl Pair {
    fn new(device: &Device, setup: &Setup) -> Self {
        let (board, host) = (device.engine(setup, 2), core_engine(setup, 2));
        let mut pair = Self { board: board.expect("a chain that it has"), host: host.expect("a valid setup") };
        pair.board.hot_start(1.0).expect("a valid width");
        pair.host.hot_start(1.0).expect("a valid width");
        pair
    }

    fn go(&mut self, rng: &mut Xoshiro256PlusPlus) {
        let sweeps = rng.random_range(1..5);
        self.board.sweep(sweeps).unwrap();
        self.host.sweep(sweeps).unwrap();
        if rng.random_ratio(1, 4) {
            let bits = self.host.bits().unwrap();
            let reversed: Vec<u64> = bits.iter().rev().copied().collect();
            self.board.set_bits(&reversed).expect("words of the core's own");
            self.host.set_bits(&reversed).expect("words of the core's own");
        }
        assert_eq!(self.board.bits().unwrap(), self.host.bits().unwrap());
        assert_eq!(self.board.state().unwrap(), self.host.state().unwrap());
        assert_eq!(self.board.measure().unwrap(), self.host.measure().unwrap());
    }
}

/// One seed that is always the same, and one that nobody has seen.
fn seeds() -> [u64; 2] {
    let fresh = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |t| t.as_nanos() as u64);
    println!("fresh seed {fresh}");
    [1, fresh]
}

/// Chains of three kinds on a board behind a line with so many faults; then the counters.
fn faults_lose_nothing((device, injected): (Device, Arc<Mutex<Injected>>), faults: u64, seed: u64) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut pairs = [
        Pair::new(&device, &setup(ArithKind::Fx18, IntegratorKind::Mala, &[8, 12])),
        Pair::new(&device, &setup(ArithKind::Fx16, IntegratorKind::Heun, &[5, 3, 4])),
        Pair::new(&device, &setup(ArithKind::F32, IntegratorKind::LeimkuhlerMatthews, &[40])),
    ];
    while injected.lock().expect("nobody panics with it").faults.iter().sum::<u64>() < faults {
        let which = rng.random_range(0..pairs.len());
        pairs[which].go(&mut rng);
        device.failure().expect("a line that carries something in the end");
    }
    let seen = injected.lock().expect("nobody panics with it").clone();
    // A sixth of them each.
    let some = faults / 10;
    assert!(seen.faults.iter().all(|&faults| faults > some), "{seen:?}");
    // From here on the line is good, but for what is still held back.
    injected.lock().expect("nobody panics with it").one_in = 0;
    let agree = (0..20).any(|_| {
        let counted = device.statistics().expect("a good line");
        counted.frames == injected.lock().expect("nobody panics with it").whole
    });
    let counted = device.statistics().expect("a good line");
    assert!(agree, "{counted:?} {:?}", injected.lock());
    // Half of the faults are on the way to the board, half of these damage a frame; noise of 300 bytes and a cut frame
    // are one each.
    let (damaged, repeated) = (u64::from(counted.checksum + counted.framing), u64::from(counted.repeated));
    assert!(damaged > some && repeated > some, "{counted:?}");
    let host = device.counters();
    assert!(host.damaged > some && host.repeated > some && host.resets == 0, "{host:?}");
}

#[test]
fn ten_thousand_faults_lose_nothing_and_the_counters_agree() {
    for seed in seeds() {
        faults_lose_nothing(faulty(seed, 4, 0), 5_000, seed);
    }
}

/// A conversation over the emulated UART of a Cortex-M4F, with the program of `cargo xtask firmware`.
#[test]
#[ignore = "minutes"]
fn ten_thousand_faults_on_an_emulated_board() {
    let firmware = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/firmware/stoquant-mps2-an386.elf");
    for seed in seeds() {
        let line = Machine::CortexM4f.start(Some(&firmware)).expect("cargo xtask firmware has been run");
        // Answers take a millisecond or two.
        faults_lose_nothing(faulty_line(line, Duration::from_millis(30), seed, 4, 0), 5_000, seed);
    }
}

#[test]
fn a_reset_in_the_midst_loses_nothing() {
    for seed in seeds() {
        let (device, injected) = faulty(seed, 50, 100);
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut pairs = [
            Pair::new(&device, &setup(ArithKind::Fx18, IntegratorKind::Euler, &[8, 12])),
            Pair::new(&device, &setup(ArithKind::Fx18, IntegratorKind::Mala, &[6, 6])),
        ];
        while injected.lock().expect("nobody panics with it").resets < 100 {
            let which = rng.random_range(0..pairs.len());
            pairs[which].go(&mut rng);
            device.failure().expect("a board that comes back");
        }
        assert!(device.counters().resets > 50, "{:?}", device.counters());
    }
}

/// A line that is dead is no board; it is said in time.
#[test]
fn silence_ends() {
    struct Dead;
    impl Transport for Dead {
        fn send(&mut self, _: &[u8]) -> io::Result<()> {
            Ok(())
        }
        fn receive(&mut self, wait: Duration) -> io::Result<Vec<u8>> {
            std::thread::sleep(wait);
            Ok(vec![])
        }
    }
    let error = Device::open(Box::new(Dead), Duration::from_millis(1)).err().expect("there is no board");
    assert!(error.to_string().contains("does not answer"), "{error}");
}

/// A run of hours ends when it is told to, at a whole sweep, and is not done again.
#[test]
fn a_long_run_is_aborted() {
    let mut client = Client::new(Box::new(InProcess::start(SITES)), Duration::from_millis(20));
    client.open().expect("a board");
    let setup = Setup { extents: Extents::from([16, 16]), ..setup(ArithKind::Fx18, IntegratorKind::Euler, &[]) };
    let request = Request::Configure { setup, chain: 0 };
    client.call(&request, |reply| matches!(reply, Reply::Configured { .. }).then_some(())).expect("a valid chain");
    let run = Request::Run { sweeps: u32::MAX, measure: false };
    let state = client.run_for(&run, Duration::from_millis(100)).expect("a run");
    assert!(state.step > 0 && state.step < u64::from(u32::MAX), "{state:?}");
    let after = client.call(&Request::State, |reply| match reply {
        Reply::State(state, _) => Some(state),
        _ => None,
    });
    assert_eq!(after.expect("a chain").step, state.step);
}

/// Lockstep finds the first step, site and quantity.
#[test]
fn lockstep_names_the_first_difference() {
    let device = Device::open(Box::new(InProcess::start(SITES)), Duration::from_millis(200)).expect("a board");
    let setup = setup(ArithKind::Fx18, IntegratorKind::Euler, &[8, 8]);
    let boards = device.clone();
    let factory = move |setup: &Setup, chain| boards.engine(setup, chain);
    assert_eq!(lockstep::chain(&factory, &setup, 1000, 100).expect("a chain that it has"), None);
    let (board, host) = (device.engine(&setup, 1), core_engine(&setup, 1));
    let (mut board, mut host) = (board.expect("a chain that it has"), host.expect("a valid setup"));
    for engine in [&mut board, &mut host] {
        engine.hot_start(1.0).expect("a valid width");
    }
    let mut bits = host.bits().unwrap();
    bits[17] ^= 1;
    board.set_bits(&bits).expect("a word of the format");
    let found = lockstep::compare(board.as_ref(), host.as_ref());
    let expected = Divergence { step: 0, site: Some(17), quantity: "phi", there: bits[17], here: bits[17] ^ 1 };
    assert_eq!(found, Ok(Some(expected)));
}

#[test]
fn images_run_stage_by_stage() {
    let device = Device::open(Box::new(InProcess::start(SITES)), Duration::from_millis(200)).expect("a board");
    let model = Model::load("n8-int8").expect("a shipped model");
    let parts = quantize(&model, Plan::Reverse { steps: 20, rows: 16 }).expect("a model for it");
    for chain in 0..2 {
        assert_eq!(
            stoquant::device::lockstep::image(&device, &parts, 3, chain).expect("a board that has images"),
            None
        );
    }
}

/// Configurations of a board from an image, with seed and number those of `generate`, φ as integers.
fn drawn(device: &Device, bytes: &[u8], seed: u64, count: u32) -> Result<Vec<Vec<i16>>, LinkError> {
    let shape = Image::new(bytes).expect("an image").shape();
    let mut all = Vec::new();
    device.draw(bytes, &shape, seed, count, |phi| all.push(phi))?;
    Ok(all)
}

fn image_of(model: &str, plan: Plan) -> Vec<u8> {
    let model = Model::load(model).expect("a shipped model");
    quantize(&model, plan).expect("a model for it").encode().expect("an image")
}

/// A board's configurations, measurements included, beside those of `generate`.
#[track_caller]
fn as_generated(device: &Device, bytes: &[u8], seed: u64, count: u32) {
    let generator = Generator::new(Image::new(bytes).expect("an image"), false);
    let mut board = Generated::default();
    for phi in drawn(device, bytes, seed, count).expect("a line that carries something in the end") {
        generator.add(&mut board, &phi);
    }
    let host = generator.generate(MachineKind::best(), seed, count as usize, &|| {});
    assert_eq!(board, host, "seed {seed}");
    let volume = host.phi.len() / count as usize;
    assert!(host.phi[..volume] != host.phi[volume..2 * volume], "chains that are alike would hide a wrong number");
}

#[test]
fn configurations_of_a_board_are_those_of_generate() {
    let device = Device::open(Box::new(InProcess::start(SITES)), Duration::from_millis(200)).expect("a board");
    for seed in seeds() {
        for (name, count) in [("c16-int8", 3), ("c32-int8", 2), ("n8-int8", 5)] {
            as_generated(&device, &image_of(name, Plan::Reverse { steps: 20, rows: 16 }), seed, count);
        }
    }
    // A lattice's chain on the same board is none the worse for it.
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut pair = Pair::new(&device, &setup(ArithKind::Fx18, IntegratorKind::Euler, &[8, 12]));
    pair.go(&mut rng);
    as_generated(&device, &image_of("n8-int8", Plan::Reverse { steps: 8, rows: 8 }), 7, 2);
    pair.go(&mut rng);
}

/// Faults and resets in the midst of images, stages and fields cost time and nothing else.
#[test]
fn configurations_survive_faults_and_resets() {
    let bytes = image_of("n8-int8", Plan::Reverse { steps: 20, rows: 16 });
    for seed in seeds() {
        let (device, injected) = faulty(seed, 4, 0);
        while injected.lock().expect("nobody panics with it").faults.iter().sum::<u64>() < 200 {
            as_generated(&device, &bytes, seed, 4);
        }
        let (device, injected) = faulty(seed, 50, 100);
        while injected.lock().expect("nobody panics with it").resets < 10 {
            as_generated(&device, &bytes, seed, 4);
        }
        assert!(device.counters().resets > 5, "{:?}", device.counters());
    }
}

/// A board that is reset again and again is given up.
#[test]
fn a_board_that_is_lost_is_said() {
    let bytes = image_of("n8-int8", Plan::Reverse { steps: 8, rows: 8 });
    let (device, injected) = faulty(1, 0, 0);
    assert_eq!(drawn(&device, &bytes, 1, 2).expect("a good line").len(), 2);
    injected.lock().expect("nobody panics with it").reset_in = 2;
    let error = drawn(&device, &bytes, 1, 2).expect_err("an image takes many frames").to_string();
    assert!(error.contains("has been reset"), "{error}");
}

#[test]
fn images_that_a_board_cannot_run() {
    let refused = |sites: usize, plan: Plan, words: &[&str]| {
        let device = Device::open(Box::new(InProcess::start(sites)), Duration::from_millis(200)).expect("a board");
        let bytes = image_of("n8-int8", plan);
        let image = Image::new(&bytes).expect("an image");
        let error = device.check_image(&image).expect_err("it cannot").to_string();
        words.iter().for_each(|word| assert!(error.contains(word), "{error:?} does not say {word:?}"));
        // And the board would have said so itself.
        let board = drawn(&device, &bytes, 1, 1).expect_err("it cannot").to_string();
        assert!(board.contains("refuses"), "{board}");
    };
    let reverse = |rows: usize| Plan::Reverse { steps: 8, rows };
    refused(SITES, Plan::of(SamplerKind::FlowEuler, 8).expect("a sampler of images"), &["flow", "reverse SDE"]);
    refused(SITES, reverse(400), &["bytes", "thread has room for 65536"]);
    refused(31, reverse(8), &["8×8 modes", "thread has room for 62"]);
    let device = Device::open(Box::new(InProcess::start(32)), Duration::from_millis(200)).expect("a board");
    as_generated(&device, &image_of("n8-int8", reverse(8)), 1, 2);
}
