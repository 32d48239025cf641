//! Kinds of lattices, one row each: a certificate has some of every kind, drawn from its seed.
//!
//! Chunks of 256 sites, blocks of 4096 or a slab, rows, and lattices of 65 536 sites and more, which threads share, are
//! where walks over a lattice begin and end (`core/src/lattice`, `engines`).

use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::Level;

type Rng = Xoshiro256PlusPlus;

/// A kind of lattice.
pub struct Stratum {
    /// What is special about it.
    pub name: &'static str,
    /// Draws extents.
    pub extents: fn(&mut Rng) -> Vec<usize>,
    /// Runs, a multiple of four: each takes the next number format and integrator in turn, 16 have all pairs.
    pub runs: usize,
    /// From which level on.
    pub level: Level,
}

/// An extent between two, small ones as often as large ones on a logarithmic scale.
fn within(rng: &mut Rng, from: usize, to: usize) -> usize {
    let [low, high] = [from as f64, (to + 1) as f64].map(f64::ln);
    (rng.random_range(low..high).exp() as usize).clamp(from, to)
}

/// One less, the number itself, or one more.
fn near(rng: &mut Rng, n: usize) -> usize {
    n - 1 + rng.random_range(0..3)
}

/// A prime number, the first one from a random number on.
fn prime(rng: &mut Rng, from: usize, to: usize) -> usize {
    let is_prime = |n: &usize| (2..).take_while(|d| d * d <= *n).all(|d| !n.is_multiple_of(d));
    (within(rng, from, to)..).find(is_prime).unwrap_or(to)
}

/// These extents, with another one put in at a random place.
fn with(rng: &mut Rng, mut others: Vec<usize>, extent: usize) -> Vec<usize> {
    others.insert(rng.random_range(0..=others.len()), extent);
    others
}

/// So many extents between two.
fn cube(rng: &mut Rng, dims: usize, from: usize, to: usize) -> Vec<usize> {
    (0..dims).map(|_| within(rng, from, to)).collect()
}

const ALL: usize = 16;

const fn stratum(name: &'static str, runs: usize, extents: fn(&mut Rng) -> Vec<usize>) -> Stratum {
    Stratum { name, extents, runs, level: Level::Standard }
}

const fn full(name: &'static str, runs: usize, extents: fn(&mut Rng) -> Vec<usize>) -> Stratum {
    Stratum { level: Level::Full, ..stratum(name, runs, extents) }
}

/// All kinds.
pub const STRATA: [Stratum; 31] = [
    stratum("site", ALL, |_| vec![]),
    stratum("extents of 1 and 2", 2 * ALL, |rng| {
        let dims = rng.random_range(1..=4);
        cube(rng, dims, 1, 2)
    }),
    stratum("ring, shorter than a vector", ALL, |rng| vec![within(rng, 3, 40)]),
    stratum("ring of a chunk or two", ALL, |rng| {
        let chunks = rng.random_range(1..=2);
        vec![near(rng, 256 * chunks)]
    }),
    stratum("ring of a block or two", ALL, |rng| {
        let blocks = rng.random_range(1..=2);
        vec![near(rng, 4096 * blocks)]
    }),
    stratum("ring at the size that threads share", 8, |rng| vec![near(rng, 1 << 16)]),
    stratum("ring of many blocks", 4, |rng| vec![prime(rng, 1 << 17, 1 << 18)]),
    stratum("rows of one site", ALL, |rng| vec![within(rng, 3, 700), 1]),
    stratum("one row", ALL, |rng| vec![1, within(rng, 3, 700)]),
    stratum("two rows", ALL, |rng| vec![2, within(rng, 3, 700)]),
    stratum("rows of two sites", ALL, |rng| vec![within(rng, 3, 700), 2]),
    stratum("plane within a chunk", ALL, |rng| cube(rng, 2, 3, 16)),
    stratum("rows about a chunk", ALL, |rng| vec![within(rng, 3, 40), near(rng, 256)]),
    stratum("rows of several chunks", ALL, |rng| vec![within(rng, 3, 20), prime(rng, 257, 1500)]),
    stratum("rows about a block", ALL, |rng| vec![within(rng, 3, 6), near(rng, 4096)]),
    stratum("more rows than a byte counts", ALL, |rng| vec![prime(rng, 257, 1500), within(rng, 3, 20)]),
    stratum("plane that threads share", ALL, |rng| vec![prime(rng, 257, 400), prime(rng, 257, 400)]),
    stratum("few long rows that threads share", 4, |rng| vec![within(rng, 3, 6), prime(rng, 22_000, 30_000)]),
    stratum("many short rows that threads share", 4, |rng| vec![prime(rng, 22_000, 30_000), within(rng, 3, 6)]),
    stratum("plane of a million sites", 4, |rng| vec![prime(rng, 900, 1000), prime(rng, 1000, 1040)]),
    stratum("space within a chunk", ALL, |rng| cube(rng, 3, 1, 6)),
    stratum("space of several blocks", ALL, |rng| cube(rng, 3, 17, 30)),
    stratum("space, one extent long", ALL, |rng| {
        let (others, long) = (cube(rng, 2, 2, 6), prime(rng, 100, 400));
        with(rng, others, long)
    }),
    stratum("space that threads share", 8, |rng| cube(rng, 3, 41, 47)),
    stratum("four dimensions, small", ALL, |rng| cube(rng, 4, 1, 5)),
    stratum("four dimensions, every extent above five", ALL, |rng| cube(rng, 4, 6, 11)),
    stratum("four dimensions, one extent long", ALL, |rng| {
        let (others, long) = (cube(rng, 3, 2, 4), prime(rng, 60, 300));
        with(rng, others, long)
    }),
    stratum("four dimensions that threads share", 4, |rng| cube(rng, 4, 17, 18)),
    stratum("more sites than a key has", 4, |rng| {
        let rows = rng.random_range(2..=3);
        vec![rows, (1 << 21) / rows + 1 + within(rng, 1, 300)]
    }),
    full("plane of sixteen million sites", 4, |rng| vec![prime(rng, 3900, 4096), near(rng, 4096)]),
    full("four dimensions of a million sites", ALL, |rng| cube(rng, 4, 30, 33)),
];
