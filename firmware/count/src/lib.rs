//! Executed instructions of the core's inner loops on microcontrollers, and the bits that come out.
//!
//! ```text
//! cd firmware/count
//! cargo build --release --target thumbv7em-none-eabihf
//! qemu-system-arm -machine mps2-an386 -cpu cortex-m4 -nographic -semihosting-config enable=on,target=native \
//!     -icount shift=6 -kernel target/thumbv7em-none-eabihf/release/stoquant-count
//! cargo build --release --target riscv32imac-unknown-none-elf
//! qemu-system-riscv32 -machine virt -bios none -nographic -semihosting-config enable=on,target=native \
//!     -icount shift=0 -kernel target/riscv32imac-unknown-none-elf/release/stoquant-count
//! cargo run --release
//! ```
//!
//! `count name instructions repetitions` is a count: of all the repetitions, less what reading the counter takes. It is
//! the same at every run; on the Cortex-M4, whose timer ticks every 0.6 instructions, to within one. `check name bits`
//! is a check sum of what was computed: the same on every board and on the host, which counts nothing. `fact name
//! value` is neither. Names of scores that begin with `dsp_` are of the machine in `firmware/cortex-m4`, and its check
//! sums those of the same names without: on the Cortex-M4, `grep check | sed s/dsp_// | sort -u` leaves what the host
//! prints, sorted.
//!
//! The second image, h32, has layers 9→32→32→1 of 1472 products. A transform is half of what `remainder` takes more
//! than `sites`.
#![no_std]

mod edges;

use core::fmt;
use core::hint::black_box;

use stoquant_core::action::QuarticDrift;
use stoquant_core::arith::{Arith, Fx};
use stoquant_core::board::{Board as Chain, hot_start};
use stoquant_core::integrator::{Euler, Heun, Integrator, LeimkuhlerMatthews, Mala};
use stoquant_core::lattice::Torus2;
use stoquant_core::machine::{Machine, Portable};
use stoquant_core::noise::{Noise, StreamTag, Threefry, Words};
use stoquant_core::observable::measure;
use stoquant_core::score::int8::format::ROW_WEIGHT;
use stoquant_core::score::int8::layout::{self, header};
use stoquant_core::score::int8::{Image, Kernels, Line, Network, Stage, image, magnetisation, start};
use stoquant_model::{NoiseKind, Phi4};

/// A place to run.
pub trait Board {
    /// Instructions executed so far.
    fn instructions() -> u64;
    /// Prints a line.
    fn print(line: fmt::Arguments<'_>);
}

/// FNV-1a of 64 bits.
struct Sum(u64);

impl Sum {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn word(&mut self, word: u64) {
        for byte in word.to_le_bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }

    fn of(words: impl Iterator<Item = u64>) -> u64 {
        let mut sum = Self::new();
        words.for_each(|word| sum.word(word));
        sum.0
    }
}

/// Runs `work`, which does something `n` times, and prints how many instructions that took.
fn count<B: Board>(name: fmt::Arguments<'_>, n: usize, work: impl FnOnce()) {
    let first = B::instructions();
    let empty = B::instructions();
    work();
    let last = B::instructions();
    // Nothing is counted on the host.
    if last > 0 {
        B::print(format_args!("count {name} {} {n}", last - empty - (empty - first)));
    }
}

fn check<B: Board>(name: fmt::Arguments<'_>, words: impl Iterator<Item = u64>) {
    B::print(format_args!("check {name} {:016x}", Sum::of(words)));
}

/// Everything.
pub fn run<B: Board>() {
    noise::<B>(Portable);
    chains::<B, Fx<18>>();
    chains::<B, Fx<16>>();
    chains::<B, f32>();
    scores::<B>("", Portable);
    edges::edges::<B>();
}

/// The quantised scores, under names that begin with `prefix`.
pub fn scores<B: Board>(prefix: &str, machine: impl Kernels) {
    if let Ok(image) = Image::new(IMAGE) {
        count::<B>(format_args!("{prefix}image_check"), IMAGE.len(), || {
            let _ = black_box(Image::new(black_box(IMAGE)));
        });
        let header = image.header();
        count::<B>(format_args!("{prefix}image_again"), 1, || {
            let _ = black_box(black_box(header).image(black_box(IMAGE)));
        });
        score::<B, 2>(format_args!("{prefix}c16"), &image, machine);
        score::<B, 4>(format_args!("{prefix}c16"), &image, machine);
    }
    let mut bytes = [0; SYNTHETIC];
    match synthetic(&mut bytes, L, [32; 2]) {
        Some(image) => {
            score::<B, 2>(format_args!("{prefix}h32"), &image, machine);
            score::<B, 4>(format_args!("{prefix}h32"), &image, machine);
        }
        None => B::print(format_args!("fact {prefix}h32 0")),
    }
    for (extent, hidden) in SHAPES {
        let mut sum = Sum::new();
        if let Some(image) = synthetic(&mut bytes, extent, hidden) {
            evaluate::<2>(&mut sum, &image, machine);
            evaluate::<3>(&mut sum, &image, machine);
            evaluate::<4>(&mut sum, &image, machine);
        }
        check::<B>(format_args!("{prefix}l{extent}_h{}_{}", hidden[0], hidden[1]), [sum.0].into_iter());
    }
}

/// Lattices that blocks do not fill, and layers of all lengths that differ to a machine.
const SHAPES: [(usize, [usize; 2]); 8] =
    [(4, [1, 1]), (6, [5, 3]), (6, [6, 2]), (10, [8, 6]), (14, [10, 4]), (16, [12, 8]), (16, [14, 18]), (16, [18, 7])];

/// The bits of an evaluation, twice: M small and large.
fn evaluate<const N: usize>(sum: &mut Sum, image: &Image<'_>, machine: impl Kernels) {
    let (mut line, mut numbers, mut work) = ([0; L], [0; STAGE], [0; WORK]);
    let shape = image.shape();
    let Some(numbers) = numbers.get_mut(..shape.prepared()) else { return };
    let stage = Stage::prepare(image, 0, numbers);
    let network = Network::<_, N>::new(image, Line::new(image, &mut line));
    let mut noise = Noise { law: NoiseKind::Gaussian, words: Threefry::new(2026, 0, StreamTag::Noise) };
    let [mut u, mut h] = [[0; L * L]; 2];
    let (Some(u), Some(h)) = (u.get_mut(..network.volume()), h.get_mut(..network.volume())) else { return };
    start(machine, &mut noise, 0, u);
    for m in [100, -16_000] {
        network.remainder(machine, &stage, m, u, h, &mut work);
        h.iter().for_each(|&h| sum.word(h as u16 as u64));
        // The field as a fluctuation of the sites too: larger numbers than a filter leaves.
        u.iter_mut().for_each(|u| *u = u.saturating_mul(3));
        network.sites(machine, &stage, m, u, h, &mut work);
        h.iter().for_each(|&h| sum.word(h as u16 as u64));
        network.reverse(machine, &stage, &mut noise, 1, h, u);
        u.iter().for_each(|&u| sum.word(u as u16 as u64));
    }
}

/// Words of a fill.
const WORDS: usize = 1024;

fn noise<B: Board>(machine: impl Machine) {
    let mut noise = Noise { law: NoiseKind::Gaussian, words: Threefry::new(2026, 0, StreamTag::Noise) };
    let mut words = [0; WORDS];
    count::<B>(format_args!("word"), WORDS, || noise.words.fill_on(machine, black_box(3), 0, &mut words));
    check::<B>(format_args!("word"), words.iter().map(|&word| word.into()));
    eta::<B, 18>(machine, &mut noise, &words);
    eta::<B, 16>(machine, &mut noise, &words);
}

fn eta<B: Board, const W: u32>(machine: impl Machine, noise: &mut Noise<Threefry>, words: &[u32; WORDS]) {
    let mut out = [0; WORDS];
    count::<B>(format_args!("gauss{W}"), WORDS, || machine.gaussian::<W>(black_box(words), &mut out));
    check::<B>(format_args!("gauss{W}"), out.iter().map(|&eta| eta as u32 as u64));
    count::<B>(format_args!("eta{W}"), WORDS, || noise.fill_eta_on::<W, _>(machine, black_box(3), 0, &mut out));
    check::<B>(format_args!("eta{W}"), out.iter().map(|&eta| eta as u32 as u64));
}

/// The lattice that everything is measured on.
type Lattice = Torus2<32, 32>;
const SITES: usize = 32 * 32;

/// Sweeps from the hot start on that are not counted, and sweeps that are.
const BEFORE: usize = 4;
const SWEEPS: usize = 8;

fn chains<B: Board, A: Arith>()
where
    Phi4: stoquant_core::action::Action<A, Drift = QuarticDrift<A>>,
{
    let action = Phi4::kappa_form(0.27, 0.022);
    let eps = 0.01;
    if let Ok(euler) = Euler::<A, _>::new(&action, eps, 2) {
        let chain = sweeps::<B, A>("euler", &euler);
        let mut out = None;
        count::<B>(format_args!("measure_{}", A::NAME), SITES, || {
            out = Some(measure::<A, _, 2, _>(&Chain::<2, Lattice, A>::PLAN, &action, black_box(chain.phi())));
        });
        if let Some(m) = out {
            let values = [m.m, m.phi2, m.phi4, m.nn, m.action_density, m.schwinger_dyson, m.grad2, m.laplacian];
            check::<B>(format_args!("measure_{}", A::NAME), values.into_iter().map(f64::to_bits));
        }
    }
    if let Ok(integrator) = LeimkuhlerMatthews::<A, _>::new(&action, eps, 2) {
        sweeps::<B, A>("lm", &integrator);
    }
    if let Ok(heun) = Heun::<A, _>::new(&action, eps, 2) {
        sweeps::<B, A>("heun", &heun);
    }
    if let Ok(mala) = Mala::<A, _>::new(&action, eps, 2) {
        let chain = sweeps::<B, A>("mala", &mala);
        B::print(format_args!("fact mala_{}_accepted {}", A::NAME, chain.state().accepted));
    }
}

fn sweeps<B: Board, A: Arith>(name: &str, integrator: &impl Integrator<A, Threefry>) -> Chain<2, Lattice, A> {
    let mut chain = Chain::<2, Lattice, A>::new(2026, 0, NoiseKind::Gaussian);
    let _ = hot_start::<A>(chain.phi_mut(), 1.0, 2026, 0);
    for _ in 0..BEFORE {
        chain.sweep(integrator);
    }
    count::<B>(format_args!("{name}_{}", A::NAME), SWEEPS * SITES, || {
        for _ in 0..SWEEPS {
            chain.sweep(black_box(integrator));
        }
    });
    let state = chain.state();
    let numbers = [state.step, state.clipped, state.accepted, state.log_ratio.to_bits()];
    let bits = chain.phi().iter().map(|&phi| A::load(phi).bits());
    check::<B>(format_args!("{name}_{}", A::NAME), bits.chain(numbers));
    chain
}

/// `stoquant quantize --model c16-int8 --steps 100 --out c16.sqm`.
const IMAGE: &[u8] = include_bytes!("../c16.sqm");

/// L of the images that are counted, and the largest.
const L: usize = 16;

/// Numbers that a stage, and the work of blocks of four sites, need at most.
const STAGE: usize = 4096;
const WORK: usize = 1024;

/// Score evaluations that are counted.
const EVALUATIONS: usize = 4;

fn score<B: Board, const N: usize>(name: fmt::Arguments<'_>, image: &Image<'_>, machine: impl Kernels) {
    let shape = image.shape();
    let [h1, h2] = shape.hidden;
    let (mut line, mut numbers, mut work) = ([0; L], [0; STAGE], [0; WORK]);
    let fits = shape.extent == L && shape.prepared() <= STAGE && Network::<Line<'_>, N>::work(&shape) <= WORK;
    let Some(numbers) = numbers.get_mut(..shape.prepared()).filter(|_| fits) else {
        return B::print(format_args!("fact {name}_fits 0"));
    };
    let stage = Stage::prepare(image, shape.stages / 2, numbers);
    let network = Network::<_, N>::new(image, Line::new(image, &mut line));
    let mut noise = Noise { law: NoiseKind::Gaussian, words: Threefry::new(2026, 0, StreamTag::Noise) };
    let m = magnetisation(image, 0x0123_4567_89ab_cdef);
    let ([mut u, mut h], volume) = ([[0; L * L]; 2], network.volume());
    start(machine, &mut noise, 0, &mut u);
    let bits = |numbers: &[i16], what: &str| {
        check::<B>(format_args!("{name}_{what}_b{N}"), numbers.iter().map(|&x| u64::from(x as u16)));
    };
    B::print(format_args!("fact {name}_products {}", h1 * (image::ODD + image::EVEN) + h2 * (h1 + image::EVEN) + h2));
    count::<B>(format_args!("{name}_remainder_b{N}"), EVALUATIONS * volume, || {
        for _ in 0..EVALUATIONS {
            network.remainder(machine, &stage, m, black_box(&u), &mut h, &mut work);
        }
    });
    bits(&h, "remainder");
    count::<B>(format_args!("{name}_sites_b{N}"), EVALUATIONS * volume, || {
        for _ in 0..EVALUATIONS {
            network.sites(machine, &stage, m, black_box(&u), &mut h, &mut work);
        }
    });
    bits(&h, "sites");
    let mut phi = [0; L * L];
    // One transform is most of it.
    count::<B>(format_args!("{name}_finish_b{N}"), EVALUATIONS * volume, || {
        for _ in 0..EVALUATIONS {
            network.finish(machine, image, m, black_box(&u), &mut phi, &mut work);
        }
    });
    bits(&phi, "finish");
    count::<B>(format_args!("{name}_reverse_b{N}"), EVALUATIONS * volume, || {
        for step in 0..EVALUATIONS {
            network.reverse(machine, &stage, &mut noise, step as u64, black_box(&h), &mut u);
        }
    });
    bits(&u, "reverse");
}

/// Bytes of the synthetic image.
const SYNTHETIC: usize = 8192;

/// An image of a lattice and two hidden layers of any size: with 32 units each, about as many products as a perceptron
/// 12→32→32→1. Its weights mean nothing; the line of H is the model's where it fits.
fn synthetic(bytes: &mut [u8; SYNTHETIC], extent: usize, hidden: [usize; 2]) -> Option<Image<'_>> {
    let shape = image::Shape { extent, hidden, rows: 4, stages: 1 };
    let own = Image::new(IMAGE).ok()?.shape().sections();
    let [matrix, law, end, _, _, stages, _, checksum, length] = shape.sections();
    let bytes = bytes.get_mut(..length)?;
    let mut random = 1_u32;
    for byte in bytes.get_mut(matrix..checksum)? {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = (random >> 24) as u8;
    }
    // H, gains and tables of moderate size: below 2^11.
    for pair in bytes.get_mut(matrix..stages)?.as_chunks_mut::<2>().0 {
        pair[1] = ((pair[1] as i8) >> 4) as u8;
    }
    bytes.get_mut(..matrix)?.copy_from_slice(IMAGE.get(..matrix)?);
    if own[1] == law {
        bytes.get_mut(matrix..law)?.copy_from_slice(IMAGE.get(matrix..law)?);
    }
    bytes.get_mut(law..end)?.copy_from_slice(IMAGE.get(own[1]..own[2])?);
    header::LENGTH.write(bytes, (length as u32).to_le_bytes());
    let numbers = [
        (header::EXTENT, extent),
        (header::FIRST, hidden[0]),
        (header::SECOND, hidden[1]),
        (header::ROWS, shape.rows),
        (header::STAGES, shape.stages),
    ];
    for (field, number) in numbers {
        field.write(bytes, (number as u16).to_le_bytes());
    }
    // The one stage is the first row.
    let record = bytes.get_mut(stages..stages + layout::stage::BYTES)?;
    record.fill(0);
    layout::stage::WEIGHTS[0].write(record, (ROW_WEIGHT.one() as i16).to_le_bytes());
    let sum = image::crc32(bytes.get(..checksum)?);
    bytes.get_mut(checksum..)?.copy_from_slice(&sum.to_le_bytes());
    Image::new(bytes).ok()
}
