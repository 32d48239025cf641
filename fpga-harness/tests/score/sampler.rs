//! Whole configurations in lockstep: M and the start, what every stage writes (ŷ, h, ĥ, u'), φ and its sums.

use crate::common::{Random, seeds};
use crate::hartley::pass;
use crate::images::{ancestral, flow, wild};
use crate::prepared::of_m;
use stoquant_core::machine::Portable;
use stoquant_core::noise::{Noise, StreamTag, Threefry};
use stoquant_core::score::int8::arithmetic::{clamp, round_shift, saturate};
use stoquant_core::score::int8::format::{MATRIX, ODD_FEATURE};
use stoquant_core::score::int8::hartley::Line;
use stoquant_core::score::int8::image::Sampler;
use stoquant_core::score::int8::{Image, Network, Stage, magnetisation, start};
use stoquant_diffusion::int8::encode::Parts;
use stoquant_fpga::sim::{Score, Shown, Sums, circuits};
use stoquant_model::NoiseKind;

/// A configuration of the core, stage by stage.
pub struct Reference<'a> {
    image: Image<'a>,
    parts: &'a Parts,
    seed: u64,
    chain: u32,
    m: i16,
    pub u: Vec<i16>,
    base: Vec<i16>,
    h: Vec<i16>,
    step: usize,
}

impl<'a> Reference<'a> {
    pub fn new(bytes: &'a [u8], parts: &'a Parts, seed: u64, chain: u32) -> Self {
        let image = Image::new(bytes).expect("an image");
        let volume = image.shape().extent.pow(2);
        let word = Threefry::new(seed, chain, StreamTag::Magnetisation).word64(0);
        let mut u = vec![0; volume];
        start(Portable, &mut noise(seed, chain, StreamTag::Start), 0, &mut u);
        let m = magnetisation(&image, word);
        Self { image, parts, seed, chain, m, base: u.clone(), u, h: vec![0; volume], step: 0 }
    }

    /// A stage: ŷ and ĥ by plain sums, h and the step by the core, which must have the same ĥ.
    pub fn stage(&mut self) -> Shown {
        let (shape, shifts) = (self.image.shape(), self.image.shifts());
        let (extent, line) = (shape.extent, &self.parts.matrix);
        let (mut first, mut numbers) = (vec![0; extent], vec![0; shape.prepared()]);
        let network = Network::<_, 4>::new(&self.image, Line::new(&self.image, &mut first));
        let stage = Stage::prepare(&self.image, self.step, &mut numbers);
        let mut work = vec![0; Network::<Line<'_>, 4>::work(&shape)];
        let mut at = self.u.clone();
        if self.image.sampler() == Sampler::Flow {
            network.flow(Portable, stage.spectral(1), &self.base, &self.h, &mut at);
        }
        let half = extent / 2;
        let filter = |k: usize| {
            let [i, j] = [k / extent, k % extent].map(|i| i.min(extent - i));
            i32::from(stage.spectral(0)[i * (half + 1) + j])
        };
        let filtered = |(k, &u): (usize, &i16)| match k {
            0 => 0,
            k => saturate(round_shift(filter(k) * i32::from(u), shifts.filter)),
        };
        let modes: Vec<i16> = at.iter().enumerate().map(filtered).collect();
        let field = pass(line, &pass(line, &modes, MATRIX.bits as u32), shifts.sites);
        let [mean, ..] = of_m(&stage.scalars(), self.m);
        let y = field.iter().map(|&y| clamp(i32::from(y) + mean, ODD_FEATURE.limit.into()) as i16).collect();
        let mut h = vec![0; at.len()];
        network.sites(Portable, &stage, self.m, &field, &mut h, &mut work);
        let score = pass(line, &pass(line, &h, shifts.modes[0]), shifts.modes[1]);
        network.remainder(Portable, &stage, self.m, &at, &mut self.h, &mut work);
        assert_eq!(self.h, score, "the core's ĥ is its formula");
        match self.image.sampler() {
            Sampler::Reverse => {
                let mut noise = noise(self.seed, self.chain, StreamTag::Noise);
                network.reverse(Portable, &stage, &mut noise, self.step as u64, &score, &mut self.u);
            }
            Sampler::Flow => {
                let before = self.u.clone();
                network.flow(Portable, stage.spectral(2), &before, &score, &mut self.u);
                if stage.closes {
                    self.base.clone_from(&self.u);
                }
            }
        }
        self.step += 1;
        Shown { y, h, score, u: self.u.clone() }
    }

    pub fn finish(&self) -> Vec<i16> {
        let shape = self.image.shape();
        let mut line = vec![0; shape.extent];
        let network = Network::<_, 4>::new(&self.image, Line::new(&self.image, &mut line));
        let mut work = vec![0; Network::<Line<'_>, 4>::work(&shape)];
        let mut phi = vec![0; self.u.len()];
        network.finish(Portable, &self.image, self.m, &self.u, &mut phi, &mut work);
        phi
    }

    /// Everything of a new configuration.
    pub fn drawn(bytes: &'a [u8], parts: &'a Parts, seed: u64, chain: u32) -> (Vec<i16>, Vec<i16>) {
        let mut core = Self::new(bytes, parts, seed, chain);
        for _ in 0..parts.shape.stages {
            core.stage();
        }
        (core.finish(), core.u)
    }
}

fn noise(seed: u64, chain: u32, tag: StreamTag) -> Noise<Threefry> {
    Noise { law: NoiseKind::Gaussian, words: Threefry::new(seed, chain, tag) }
}

/// Exact sums over the sites.
pub fn sums(phi: &[i16], extent: usize) -> Sums {
    let wide = |x: usize| i64::from(phi[x]);
    let neighbours = |x: usize| {
        let (i, j) = (x / extent, x % extent);
        let at = |i: usize, j: usize| wide(i % extent * extent + j % extent);
        at(i + 1, j) + at(i + extent - 1, j) + at(i, j + 1) + at(i, j + extent - 1)
    };
    let sites = 0..phi.len();
    Sums {
        phi: sites.clone().map(wide).sum(),
        phi2: sites.clone().map(|x| (wide(x) * wide(x)) as u64).sum(),
        phi4: sites.clone().map(|x| (wide(x) as i128).pow(4) as u128).sum(),
        bonds: sites.map(|x| wide(x) * neighbours(x)).sum(),
    }
}

/// The first difference of two lists, for a message that can be read.
fn same(what: &str, got: &[i16], want: &[i16], of: &str) {
    assert_eq!(got.len(), want.len(), "{what}: how many, {of}");
    if let Some(n) = (0..got.len()).find(|&n| got[n] != want[n]) {
        let count = got.iter().zip(want).filter(|(a, b)| a != b).count();
        if got.len() <= 64 {
            println!("{got:?}\n{want:?}");
        }
        panic!("{what} {n} is {}, not {}; {count} of {} differ, {of}", got[n], want[n], got.len());
    }
}

/// Stages of a configuration in lockstep, from its start or from any modes; then φ and its sums. Returns how many sites
/// were evaluated.
pub fn lockstep(circuit: &mut Score, parts: &Parts, seed: u64, chain: u32, wild: Option<&mut Random>) -> usize {
    let bytes = parts.encode().expect("an image");
    let of = format!("{:?}, {:?}, seed {seed}, chain {chain}", parts.shape, parts.sampler);
    assert!(circuit.load(&bytes).expect("an image"), "the check sum, {of}");
    let mut core = Reference::new(&bytes, parts, seed, chain);
    circuit.seed(seed, chain);
    assert_eq!(circuit.begin(), core.m, "M, {of}");
    same("start, mode", &circuit.modes(), &core.u, &of);
    if let Some(random) = wild {
        let largest = i64::from(i16::MAX);
        core.u = (0..core.u.len()).map(|n| if n % 3 == 0 { random.within(largest) } else { largest } as i16).collect();
        circuit.write(&core.u);
    }
    for n in 0..parts.shape.stages {
        let (got, want) = (circuit.run_shown(), core.stage());
        for (what, got, want) in
            [("y", got.y, want.y), ("h", got.h, want.h), ("score", got.score, want.score), ("u", got.u, want.u)]
        {
            same(&format!("stage {n}, {what}"), &got, &want, &of);
        }
    }
    same("mode", &circuit.modes(), &core.u, &of);
    assert!(circuit.run(5) < 16, "no stage is left, {of}");
    let phi = core.finish();
    same("phi", &circuit.finish(), &phi, &of);
    assert_eq!(circuit.sums(0), sums(&phi, parts.shape.extent), "{of}");
    parts.shape.stages * phi.len()
}

#[test]
fn configurations() {
    let mut circuit = Score::new(&circuits::SCORE, 5);
    let mut sites = 0;
    for seed in seeds() {
        let mut random = Random::new(seed);
        for (n, parts) in wild(seed).iter().enumerate() {
            let chain = [0, 1, 1 << 31, u32::MAX][n % 4];
            // The base of a flow cannot be written.
            let from = (n % 2 == 1 && parts.sampler == Sampler::Reverse).then_some(&mut random);
            sites += lockstep(&mut circuit, parts, seed, chain, from);
        }
        sites += lockstep(&mut circuit, &ancestral("n8-int8", 20), seed, 3, None);
        sites += lockstep(&mut circuit, &flow("n8-int8", 12), seed, 4, None);
    }
    println!("{sites} sites as the core's");
}

#[test]
fn shipped_models() {
    let mut circuit = Score::new(&circuits::SCORE, 6);
    let mut sites = 0;
    for parts in [ancestral("c16-int8", 100), flow("c16-int8", 12)] {
        sites += lockstep(&mut circuit, &parts, 7, 1, None);
    }
    println!("{sites} sites as the core's");
}

/// Configurations one after the other, by themselves.
#[test]
fn draws() {
    for (seed, parts) in [(1, ancestral("n8-int8", 10)), (u64::MAX - 5, flow("n8-int8", 3))] {
        let mut circuit = Score::new(&circuits::SCORE, 7);
        let bytes = parts.encode().expect("an image");
        assert!(circuit.load(&bytes).expect("an image"));
        let first = u32::MAX - 1;
        circuit.seed(seed, first);
        for count in [3, 1] {
            let clocks = circuit.draw(count);
            assert_eq!(circuit.drawn(), u64::from(count));
            println!("{:?}: {} clocks a configuration", parts.sampler, clocks / u64::from(count));
        }
        let of = |n: u32| Reference::drawn(&bytes, &parts, seed, first.wrapping_add(n));
        let (phi, u) = of(3);
        assert_eq!((circuit.phi(), circuit.modes()), (phi, u), "the last configuration");
        circuit.seed(seed, first);
        circuit.draw(3);
        for n in 0..3 {
            assert_eq!(circuit.sums(n as usize), sums(&of(n).0, parts.shape.extent), "configuration {n}");
        }
    }
}

/// Clocks of a configuration, as docs/rtl.md and docs/performance.md give them.
#[test]
fn clocks() {
    let mut wrong = false;
    for (model, parts, documented) in [
        ("c16-int8, 100 ancestral steps", ancestral("c16-int8", 100), CLOCKS[0]),
        ("c16-int8, flow of 12 steps", flow("c16-int8", 12), CLOCKS[1]),
        ("n8-int8, 100 ancestral steps", ancestral("n8-int8", 100), CLOCKS[2]),
        ("n8-int8, flow of 12 steps", flow("n8-int8", 12), CLOCKS[3]),
        ("c32-int8, flow of 10 steps", flow("c32-int8", 10), CLOCKS[4]),
    ] {
        let mut circuit = Score::new(&circuits::SCORE, 9);
        assert!(circuit.load(&parts.encode().expect("an image")).expect("an image"));
        circuit.seed(1, 0);
        let clocks = circuit.draw(1);
        // A stage in the middle, by the difference of two runs: all else is the same.
        let mut run = |stages: u16| {
            circuit.begin();
            circuit.run(1);
            circuit.run(stages)
        };
        let stage = run(12) - run(11);
        println!("{model}: {clocks} clocks a configuration, {stage} a stage");
        // The search for M takes a few clocks more or less.
        wrong |= clocks.abs_diff(documented) > 100;
    }
    assert!(!wrong, "documented are {CLOCKS:?}");
}

const CLOCKS: [u64; 5] = [768_395, 188_743, 224_979, 56_335, 682_475];

/// An image that is not what the host meant is seen; one that came again is good.
#[test]
fn check_sums() {
    let mut circuit = Score::new(&circuits::SCORE, 8);
    let bytes = ancestral("n8-int8", 4).encode().expect("an image");
    assert!(circuit.load(&bytes).expect("an image"));
    for at in [0, bytes.len() / 4 * 2, bytes.len() - 6] {
        let word: [u8; 2] = bytes[at..at + 2].try_into().expect("two bytes");
        circuit.write_image(at / 2, &[word[0] ^ 1, word[1]]);
        assert!(!circuit.check(), "a wrong bit in byte {at}");
        circuit.write_image(at / 2, &word);
        assert!(circuit.check());
    }
}
