//! Vectors and threads for the in-process core, chosen at run time; the bits are those of the portable machine.
//!
//! The source of every algorithm is the core's own. What stands here is how it is compiled ([`Machine::run`]), what no
//! compiler finds (the Gaussian with its table in registers: [`Gaussian`]; products and activations of the int8
//! network: [`Kernels`]), and how blocks of a lattice are shared out. On AArch64 the portable machine has NEON: there
//! it is the baseline. With `--cfg stoquant_scalar`, the core in its scalar form, the portable machine is
//! the only one.

#[cfg(all(target_arch = "x86_64", not(stoquant_scalar)))]
#[allow(unsafe_code, reason = "instructions that the compiler may not assume; each block says why it may be entered")]
mod x86;

use rayon::prelude::*;
use stoquant_core::machine::{self, Machine, Part, Pass};
use stoquant_core::noise::Gaussian;
use stoquant_core::score::int8::Kernels;
#[cfg(all(target_arch = "x86_64", not(stoquant_scalar)))]
pub use x86::{Avx2, Avx512};

stoquant_model::tags! {
    /// A machine of the in-process core.
    pub enum MachineKind {
        /// What every processor of this kind has.
        Portable => "portable",
        /// AVX2.
        Avx2 => "avx2",
        /// AVX-512 F, BW, CD, DQ, VL and VNNI.
        Avx512 => "avx512",
    }
}

impl MachineKind {
    /// Those that this processor has, slowest first; the portable one always.
    pub fn available() -> Vec<Self> {
        Self::ALL.iter().copied().filter(|kind| kind.is_available()).collect()
    }

    /// The fastest one that this processor has.
    pub fn best() -> Self {
        Self::available().last().copied().unwrap_or(Self::Portable)
    }

    /// Whether this processor has it.
    pub fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(all(target_arch = "x86_64", not(stoquant_scalar)))]
            Self::Avx2 => Avx2::detect(Threads::One).is_some(),
            #[cfg(all(target_arch = "x86_64", not(stoquant_scalar)))]
            Self::Avx512 => Avx512::detect(Threads::One).is_some(),
            #[cfg(not(all(target_arch = "x86_64", not(stoquant_scalar))))]
            Self::Avx2 | Self::Avx512 => false,
        }
    }
}

/// Something to do on a machine of any type.
pub trait Work {
    /// What comes of it.
    type Result;
    /// Do it.
    fn on<M: Kernels>(self, machine: M) -> Self::Result;
}

/// Does it on the machine of this name; on the portable one where the processor has no such.
pub fn with_machine<W: Work>(kind: MachineKind, threads: Threads, work: W) -> W::Result {
    #[cfg(all(target_arch = "x86_64", not(stoquant_scalar)))]
    match kind {
        MachineKind::Portable => {}
        MachineKind::Avx2 => {
            if let Some(machine) = Avx2::detect(threads) {
                return work.on(machine);
            }
        }
        MachineKind::Avx512 => {
            if let Some(machine) = Avx512::detect(threads) {
                return work.on(machine);
            }
        }
    }
    let _ = kind;
    work.on(Portable(threads))
}

/// Who does the blocks of one lattice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    /// The caller.
    One,
    /// The threads of the pool.
    Pool,
}

/// The portable machine of the core, with threads.
#[derive(Clone, Copy, Debug)]
pub struct Portable(pub Threads);

impl Gaussian for Portable {}

impl Kernels for Portable {}

impl Machine for Portable {
    #[inline(always)]
    fn run<P: Pass>(self, work: P) -> P::Output {
        work.pass()
    }
    #[inline(always)]
    fn parts<T: Send, R: Part>(self, out: &mut [T], size: usize, work: impl Fn(usize, &mut [T]) -> R + Sync) -> R {
        parts(self.0, out, size, work)
    }
    #[inline(always)]
    fn sum<R: Part>(self, count: usize, work: impl Fn(usize) -> R + Sync) -> R {
        sum(self.0, count, work)
    }
}

#[inline(always)]
fn parts<T: Send, R: Part>(
    threads: Threads,
    out: &mut [T],
    size: usize,
    work: impl Fn(usize, &mut [T]) -> R + Sync,
) -> R {
    match threads {
        Threads::One => machine::Portable.parts(out, size, work),
        Threads::Pool => shared_parts(out, size, &work),
    }
}

#[inline(always)]
fn sum<R: Part>(threads: Threads, count: usize, work: impl Fn(usize) -> R + Sync) -> R {
    match threads {
        Threads::One => machine::Portable.sum(count, work),
        Threads::Pool => shared_sum(count, &work),
    }
}

/// Behind a pointer: a call for each block costs nothing, and the pool's code is compiled once and not for every
/// integrator on every machine.
#[inline(never)]
fn shared_parts<T: Send, R: Part>(out: &mut [T], size: usize, work: &(dyn Fn(usize, &mut [T]) -> R + Sync)) -> R {
    out.par_chunks_mut(size.max(1)).enumerate().map(|(n, part)| work(n, part)).reduce(R::default, R::plus)
}

#[inline(never)]
fn shared_sum<R: Part>(count: usize, work: &(dyn Fn(usize) -> R + Sync)) -> R {
    (0..count).into_par_iter().map(work).reduce(R::default, R::plus)
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;
    use stoquant_core::score::int8::arithmetic::{activation, round_shift, saturate};
    use stoquant_core::score::int8::kernels::{Two, Units};
    use stoquant_core::score::int8::stage::UNITS;

    use super::*;

    /// Neither a multiple of any register nor less than the longest.
    const N: usize = 53;

    struct Products<'a>(Two, &'a [Two; N], [i32; N]);

    impl Work for Products<'_> {
        type Result = [i32; N];
        fn on<M: Kernels>(self, machine: M) -> [i32; N] {
            let Self(weight, x, mut sums) = self;
            machine.run(|| machine.dot(weight, x, &mut sums));
            sums
        }
    }

    struct Activations<'a>([&'a [i32; N]; 2], [&'a [i32; N]; 2]);

    impl Work for Activations<'_> {
        type Result = [Two; N];
        fn on<M: Kernels>(self, machine: M) -> [Two; N] {
            machine.run(|| machine.activations(self.0, self.1))
        }
    }

    struct Layer<'a, const N: usize>(Units<'a>, &'a [[Two; N]], &'a [[Two; N]]);

    impl<const N: usize> Work for Layer<'_, N> {
        type Result = Vec<(usize, [Two; N])>;
        fn on<M: Kernels>(self, machine: M) -> Self::Result {
            let Self(units, odd, even) = self;
            machine.run(|| {
                let mut out = Vec::new();
                machine.units(units, odd, even, |pair, a| out.push((pair, a)));
                out
            })
        }
    }

    /// Layers of 1 to 12 units at N sites, weights and features up to their ends, sums that are ties and such that
    /// saturate: the units of every machine are those of the definition.
    fn layers<const N: usize>() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(N as u64);
        let [mut ties, mut saturated] = [0; 2];
        for round in 0..400 {
            let (units, inputs): (usize, _) = (1 + round % 12, [1 + round % 7, 1 + round % 3]);
            let largest = 1 << rng.random_range(1..=13);
            let width = units.next_multiple_of(UNITS) * (inputs[0] + inputs[1]);
            let mut two = |largest: i16| [rng.random_range(-largest..=largest), rng.random_range(-largest..=largest)];
            let weights: Vec<Two> = (0..width).map(|_| two(largest)).collect();
            let mut sites = |n| (0..n).map(|_| std::array::from_fn(|_| two(1 << 14))).collect();
            let [odd, even]: [Vec<[Two; N]>; 2] = [sites(inputs[0]), sites(inputs[1])];
            let biases: Vec<i16> = (0..units).map(|_| rng.random_range(-32767..=32767)).collect();
            let shifts = [(); 2].map(|()| rng.random_range(1..=largest.ilog2() + 4));
            let layer = Units { weights: &weights, biases: &biases, shifts };
            let sum = |unit: usize, first: usize, x: &[[Two; N]], site: usize| -> i32 {
                let at = |pair| (unit / UNITS * (inputs[0] + inputs[1]) + first + pair) * UNITS + unit % UNITS;
                let products = x.iter().enumerate().flat_map(|(pair, x)| {
                    weights[at(pair)].into_iter().zip(x[site]).map(|(w, x)| i32::from(w) * i32::from(x))
                });
                products.sum()
            };
            let expected: Vec<(usize, [Two; N])> = (0..units.next_multiple_of(UNITS) / 2)
                .map(|pair| {
                    let mut of = |site: usize, unit: usize| {
                        let sums = [sum(unit, 0, &odd, site), sum(unit, inputs[0], &even, site)];
                        let [z, beta] = [0, 1].map(|n| round_shift(sums[n], shifts[n]));
                        let beta = beta + biases.get(unit).copied().map_or(0, i32::from);
                        ties += usize::from(sums[0] < 0 && sums[0] & ((1 << shifts[0]) - 1) == 1 << (shifts[0] - 1));
                        saturated += usize::from(z < -32767);
                        activation(saturate(z), saturate(beta))
                    };
                    (pair, std::array::from_fn(|site| [2 * pair, 2 * pair + 1].map(|unit| of(site, unit))))
                })
                .collect();
            for kind in MachineKind::available() {
                let found = with_machine(kind, Threads::One, Layer(layer, &odd, &even));
                assert_eq!(found, expected, "{kind}, round {round}");
            }
        }
        assert!(ties > 1000 && saturated > 1000, "{ties} ties, {saturated} saturated");
    }

    #[test]
    fn units_are_those_of_the_definition() {
        layers::<32>();
        layers::<53>();
    }

    /// Every machine of this processor against the portable one: the ends of the range, every |z| below 2^16 (those
    /// beyond 2^15 saturate) beside random β, numbers of 32 bits.
    #[test]
    fn products_and_activations_are_those_of_the_portable_machine() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let ends =
            [0, 1, -1, 8191, 8192, 8193, -8192, 16383, 16384, 32766, 32767, 32768, -32767, -32768, i32::MAX, i32::MIN];
        let mut all = (-(1 << 16)..1 << 16).cycle();
        for round in 0..(2 << 16) / N + 1 {
            let z0 = std::array::from_fn(|_| all.next().unwrap_or(0));
            let z1 =
                std::array::from_fn(|i| if round % 2 == 0 { ends[(i + round) % ends.len()] } else { rng.random() });
            let b0 = std::array::from_fn(|_| rng.random_range(-40000..40000));
            let b1 = std::array::from_fn(|i| ends[(i * (round + 1)) % ends.len()]);
            let x = std::array::from_fn(|_| [rng.random_range(-32767..=32767), rng.random_range(-32767..=32767)]);
            let sums = std::array::from_fn(|_| rng.random_range(-1000..1000));
            let weight = if round % 3 == 0 { [32767, -32767] } else { [rng.random_range(-16384..16384); 2] };
            let expected = with_machine(MachineKind::Portable, Threads::One, Products(weight, &x, sums));
            let active = with_machine(MachineKind::Portable, Threads::One, Activations([&z0, &z1], [&b0, &b1]));
            for kind in MachineKind::available() {
                assert_eq!(with_machine(kind, Threads::One, Products(weight, &x, sums)), expected, "{kind}");
                assert_eq!(with_machine(kind, Threads::One, Activations([&z0, &z1], [&b0, &b1])), active, "{kind}");
            }
        }
    }
}
