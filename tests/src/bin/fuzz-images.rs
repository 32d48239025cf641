//! Breaks images of quantised networks for as long as it is told: no bytes may make the reader panic, overflow or read
//! beyond them.
//!
//! Mutations of a corpus of good images: bits, bytes, words and extreme values replaced, pieces cut out, doubled or
//! exchanged; the check sum mended in most cases, so that what lies behind it is reached. Build it with overflow checks
//! (profile `release-checked`).

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use stoquant_tests::images::{corpus, exercise, with_checksum};

/// Break images and see them refused, or run
#[derive(Parser)]
struct Args {
    /// Minutes
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// Seed, 64 bits; printed
    #[arg(long)]
    seed: Option<u64>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seed = args.seed.unwrap_or_else(|| now.map_or(1, |time| time.as_nanos() as u64));
    println!("seed {seed}");
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let corpus = corpus();
    let end = Instant::now() + Duration::from_secs_f64(60.0 * args.minutes.clamp(0.0, 1e4));
    let (mut tried, mut ran) = (0_u64, 0_u64);
    while Instant::now() < end {
        let mut bytes = corpus[rng.random_range(0..corpus.len())].clone();
        for _ in 0..rng.random_range(1..6) {
            mutate(&mut bytes, &mut rng);
        }
        if rng.random_range(0..8) > 0 {
            bytes = with_checksum(bytes);
        }
        tried += 1;
        ran += u64::from(exercise(&bytes, rng.random()).is_ok());
    }
    println!("{tried} images, {ran} of them valid and run, the others refused; none did harm");
    ExitCode::SUCCESS
}

fn mutate(bytes: &mut Vec<u8>, rng: &mut Xoshiro256PlusPlus) {
    if bytes.is_empty() {
        return bytes.push(rng.random());
    }
    let length = bytes.len();
    // The header is where most is decided.
    let at = if rng.random() { rng.random_range(0..length) } else { rng.random_range(0..length.min(96)) };
    match rng.random_range(0..7) {
        0 => bytes[at] ^= 1 << rng.random_range(0..8),
        1 => bytes[at] = rng.random(),
        2 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][rng.random_range(0..5)],
        3 => {
            let value: i16 = [i16::MIN, i16::MAX, -1, 0, 1][rng.random_range(0..5)];
            let end = (at + 2 * rng.random_range(1..200)).min(length);
            bytes[at..end].as_chunks_mut::<2>().0.fill(value.to_le_bytes());
        }
        4 => bytes.truncate(at),
        5 => {
            let piece = bytes[at..(at + rng.random_range(1..300)).min(length)].to_vec();
            let to = rng.random_range(0..length);
            for (slot, byte) in bytes[to..].iter_mut().zip(piece) {
                *slot = byte;
            }
        }
        _ => bytes.extend((0..rng.random_range(1..64)).map(|_| 0xff)),
    }
}
