//! Images of quantised networks, whole and broken: whatever their bytes, reading them gives an error or something that
//! runs.

use stoquant::diffusion::int8::encode::Parts;
use stoquant::diffusion::int8::{Plan, quantize};
use stoquant::diffusion::model::Model;
use stoquant_core::diffusion::Method;
use stoquant_core::machine::Portable;
use stoquant_core::noise::{Noise, StreamTag, Threefry};
use stoquant_core::score::int8::format::MAGNETISATION;
use stoquant_core::score::int8::hartley::{Full, Line, Matrix};
use stoquant_core::score::int8::image::{ImageError, Sampler, crc32};
use stoquant_core::score::int8::{Image, Network, Shape, Stage, magnetisation, start};
use stoquant_model::NoiseKind;

/// Good images: both samplers, two lattices, and the smallest shapes with the largest numbers everywhere.
pub fn corpus() -> &'static [Vec<u8>] {
    static CORPUS: std::sync::OnceLock<Vec<Vec<u8>>> = std::sync::OnceLock::new();
    CORPUS.get_or_init(make)
}

fn make() -> Vec<Vec<u8>> {
    let model = |name| Model::builtin(name).expect("comes with the program").expect("is valid");
    let image = |name, plan| encoded(&quantize(&model(name), plan).expect("can be quantised"));
    let mut out = vec![
        image("c16-int8", Plan::Reverse { steps: 6, rows: 5 }),
        image("n8-int8", Plan::Flow { method: Method::Heun, steps: 2 }),
    ];
    for (extent, hidden) in [(4, [1, 1]), (6, [3, 128]), (64, [2, 5])] {
        out.push(encoded(&extreme(Shape { extent, hidden, rows: 4, stages: 2 }, 32767)));
        out.push(encoded(&extreme(Shape { extent, hidden, rows: 4, stages: 2 }, -32768)));
    }
    out
}

fn encoded(parts: &Parts) -> Vec<u8> {
    parts.encode().expect("an image")
}

/// Every table full of one number, every weight the largest, shifts as small as they may be.
pub fn extreme(shape: Shape, number: i16) -> Parts {
    use stoquant_core::score::int8::format::{LARGEST_ROW, PHI, ROW_WEIGHT};
    use stoquant_core::score::int8::image::{CELLS, StageRecord};
    let stage = |weights| StageRecord { row: 0, weights, closes: true, sigma: 1.0 };
    let flat = (LARGEST_ROW / shape.extent as i32).min(32767) as i16;
    let half = (ROW_WEIGHT.one() / 2) as i16;
    Parts {
        shape,
        sampler: if number > 0 { Sampler::Reverse } else { Sampler::Flow },
        shifts: stoquant_core::score::int8::Shifts::of([1, 2, 2, 15, 1, 1, 1, 1, 1]),
        largest: PHI.limit,
        couplings: [0.0; 4],
        matrix: vec![flat; shape.extent],
        magnetisation: (0..=CELLS as i16).map(|n| if n == 0 { 0 } else { MAGNETISATION.limit }).collect(),
        end: vec![number; shape.orbits()],
        gains: vec![number; shape.hidden[0] + shape.hidden[1]],
        rows: vec![vec![number; shape.row()]; shape.rows],
        // The largest weights that are allowed: together 2 in magnitude, 1 in sum.
        stages: vec![stage([3 * half, -half, 0, 0]), stage([-half, 3 * half, 0, 0])],
        weights: vec![if number > 0 { 127 } else { -128 }; shape.weights()],
    }
}

/// Random tables, weights and shifts of this shape, within what an image may have.
pub fn random(shape: Shape, sampler: Sampler, seed: u64) -> Parts {
    use stoquant_core::score::int8::format::{LARGEST_ROW, PHI, ROW_WEIGHT};
    use stoquant_core::score::int8::image::{CELLS, StageRecord};
    let words = Threefry::new(seed, 0, StreamTag::Rng);
    let mut count = 0;
    let mut number = || {
        count += 1;
        words.word64(count)
    };
    // Of every size: a number of 16 bits, shifted.
    let mut any = |length: usize| -> Vec<i16> {
        let mut sized = || ((number() as i16) >> (number() % 12)).max(-i16::MAX);
        (0..length).map(|_| sized()).collect()
    };
    let most = (LARGEST_ROW / shape.extent as i32).min(i32::from(i16::MAX)) as i16;
    let matrix = any(shape.extent).into_iter().map(|h| h.clamp(-most, most)).collect();
    let end = any(shape.orbits());
    let gains = any(shape.hidden[0] + shape.hidden[1]);
    let rows = (0..shape.rows).map(|_| any(shape.row())).collect();
    let mut cells: Vec<i16> = (0..=CELLS).map(|_| (number() % (MAGNETISATION.limit as u64 + 1)) as i16).collect();
    cells.sort_unstable();
    let mut shift = |low: u64, high: u64| (low + number() % (high + 1 - low)) as u32;
    let shifts = [
        shift(8, 16),
        shift(10, 15),
        shift(10, 15),
        shift(10, 15),
        shift(8, 18),
        shift(8, 18),
        shift(4, 16),
        shift(8, 18),
        shift(4, 20),
    ];
    let stages = (0..shape.stages)
        .map(|_| {
            // Their magnitudes together are at most 2.
            let [a, b, c] = [(); 3].map(|()| (number() % 5400) as i16 - 2700);
            let rest = ROW_WEIGHT.one() as i16 - a - b - c;
            StageRecord {
                row: (number() % (shape.rows as u64 - 3)) as usize,
                weights: [a, rest, b, c],
                closes: number() % 2 == 1,
                sigma: 1.0,
            }
        })
        .collect();
    Parts {
        shape,
        sampler,
        shifts: stoquant_core::score::int8::Shifts::of(shifts),
        largest: 1 + (number() % PHI.limit as u64) as i16,
        couplings: [0.0; 4],
        matrix,
        magnetisation: cells,
        end,
        gains,
        rows,
        stages,
        weights: (0..shape.weights()).map(|_| number() as i8).collect(),
    }
}

/// These bytes with the check sum that they should have.
pub fn with_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(at) = bytes.len().checked_sub(4) {
        let sum = crc32(&bytes[..at]).to_le_bytes();
        bytes[at..].copy_from_slice(&sum);
    }
    bytes
}

/// Reads an image and, if it is one, runs all of it on random and on extreme fields. Everything that must hold of any
/// image is asserted: blocks and the form of H change no bit, φ → -φ and the reflections of the modes hold to the bit.
pub fn exercise(bytes: &[u8], seed: u64) -> Result<(), ImageError> {
    let image = Image::new(bytes)?;
    let shape = image.shape();
    let volume = shape.extent * shape.extent;
    let mut line = vec![0; shape.extent];
    let line = Line::new(&image, &mut line);
    let mut rows = vec![[[0; 2]; _]; Full::groups(shape.extent)];
    let full = Full::new(line, &mut rows);
    let noise = |tag| Noise { law: NoiseKind::Gaussian, words: Threefry::new(seed, 0, tag) };
    let mut random = vec![0; volume];
    start(Portable, &mut noise(StreamTag::Start), 0, &mut random);
    let m = magnetisation(&image, Threefry::new(seed, 0, StreamTag::Magnetisation).word64(0));
    let largest = MAGNETISATION.limit;
    assert!((-largest..=largest).contains(&m));
    let checkered = (0..volume).map(|k| if k % 2 == 0 { 32767 } else { -32767 }).collect();
    for (m, u) in [(m, random), (largest, vec![32767; volume]), (-largest, checkered)] {
        let (mut at, mut h) = (u.clone(), vec![0; volume]);
        for n in 0..shape.stages {
            // Tables of all modes at one stage, of a quadrant at the next.
            let mut numbers = vec![0; if n % 2 == 0 { shape.unfolded() } else { shape.prepared() }];
            let stage = Stage::prepare(&image, n, &mut numbers);
            remainder::<16, _>(&image, &stage, full, m, &at, &mut h);
            symmetries(&image, &stage, full, line, m, &at, &h);
            local_symmetries(&image, &stage, full, m, &at);
            let network = Network::<_, 16>::new(&image, full);
            match image.sampler() {
                Sampler::Reverse => {
                    network.reverse(Portable, &stage, &mut noise(StreamTag::Noise), n as u64, &h, &mut at);
                }
                Sampler::Flow => {
                    let base = at.clone();
                    network.flow(Portable, stage.spectral(1), &base, &h, &mut at);
                    network.flow(Portable, stage.spectral(2), &base, &h, &mut at);
                }
            }
        }
        let network = Network::<_, 16>::new(&image, full);
        let mut work = vec![0; Network::<Full<'_>, 16>::work(&shape)];
        network.finish(Portable, &image, m, &at, &mut h, &mut work);
    }
    Ok(())
}

fn remainder<const B: usize, H: Matrix>(
    image: &Image<'_>,
    stage: &Stage<'_>,
    matrix: H,
    m: i16,
    u: &[i16],
    h: &mut [i16],
) {
    let mut work = vec![0; Network::<H, B>::work(&image.shape())];
    Network::<H, B>::new(image, matrix).remainder(Portable, stage, m, u, h, &mut work);
}

/// `h` is the remainder at `u`.
fn symmetries(image: &Image<'_>, stage: &Stage<'_>, full: Full<'_>, line: Line<'_>, m: i16, u: &[i16], h: &[i16]) {
    let extent = image.shape().extent;
    let mut other = vec![0; u.len()];
    remainder::<4, _>(image, stage, line, m, u, &mut other);
    assert!(h == other, "blocks of four and a line of H give other bits");
    let negated: Vec<i16> = u.iter().map(|&u| -u).collect();
    remainder::<64, _>(image, stage, full, -m, &negated, &mut other);
    assert!(h.iter().zip(&other).all(|(a, b)| *a == -b), "the remainder is not odd");
    // x → -x along either axis takes mode k to -k: H depends on k·x alone.
    type Reflection = fn([usize; 2], usize) -> [usize; 2];
    let reflections: [Reflection; 2] = [|[i, j], l| [(l - i) % l, j], |[i, j], l| [i, (l - j) % l]];
    for reflect in reflections {
        let map = |k: usize| {
            let [i, j] = reflect([k / extent, k % extent], extent);
            i * extent + j
        };
        let reflected: Vec<i16> = (0..u.len()).map(|k| u[map(k)]).collect();
        remainder::<16, _>(image, stage, full, m, &reflected, &mut other);
        assert!((0..u.len()).all(|k| other[k] == h[map(k)]), "the remainder is not covariant under a reflection");
    }
}

/// From ŷ on everything is local: translations, reflections and the exchange of axes commute with it to the bit.
fn local_symmetries(image: &Image<'_>, stage: &Stage<'_>, full: Full<'_>, m: i16, field: &[i16]) {
    let extent = image.shape().extent;
    let h_of = |field: &[i16]| {
        let mut h = vec![0; field.len()];
        let mut work = vec![0; Network::<Full<'_>, 16>::work(&image.shape())];
        Network::<_, 16>::new(image, full).sites(Portable, stage, m, field, &mut h, &mut work);
        h
    };
    let h = h_of(field);
    type Symmetry = fn([usize; 2], usize) -> [usize; 2];
    let symmetries: [Symmetry; 4] =
        [|[i, j], l| [(i + 1) % l, j], |[i, j], l| [i, (j + 3) % l], |[i, j], l| [(l - i) % l, j], |[i, j], _| [j, i]];
    for symmetry in symmetries {
        let map = |x: usize| {
            let [i, j] = symmetry([x / extent, x % extent], extent);
            i * extent + j
        };
        let moved: Vec<i16> = (0..field.len()).map(|x| field[map(x)]).collect();
        let found = h_of(&moved);
        assert!((0..h.len()).all(|x| found[x] == h[map(x)]), "h does not commute with a symmetry of the lattice");
    }
}
