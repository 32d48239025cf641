//! Instruction counts under callgrind, which no other program disturbs: `cargo xtask counts` compares them with
//! `counts.json`.
//!
//! Valgrind knows AVX2 but not AVX-512.
#![allow(missing_docs, unused_qualifications, reason = "what the harness's macros write")]

use gungraun::{library_benchmark, library_benchmark_group, main};
use std::hint::black_box;
use stoquant::simd::Threads;
use stoquant_benches::chain::{Chain, euler, mala};
use stoquant_benches::score::{self, DEVICE, Evaluation, HOST, full, line};
use stoquant_core::arith::{Arith, Fx};
use stoquant_core::integrator::Integrator;
use stoquant_core::machine::Machine;
use stoquant_core::noise::{StreamTag, Threefry, Words};
use stoquant_core::score::int8::{Kernels, Matrix, Shape};

/// What is counted; all that it needs is made before.
type Case = Box<dyn FnMut()>;

const L: usize = 32;
const N: usize = L * L;

/// Sweeps before the one that counts: its field is one of a run, not of a start.
const THERMAL: u32 = 100;

fn words<M: Machine>(machine: M) -> Case {
    let (mut words, mut out) = (Threefry::new(1, 0, StreamTag::Noise), [0; N]);
    Box::new(move || {
        words.fill_on(machine, 7, 0, &mut out);
        black_box(&out);
    })
}

fn gaussian<M: Machine>(machine: M) -> Case {
    let (mut words, mut out) = ([0; N], [0; N]);
    Threefry::new(1, 0, StreamTag::Noise).fill(7, 0, &mut words);
    Box::new(move || {
        machine.run(|| machine.gaussian::<18>(&words, &mut out));
        black_box(&out);
    })
}

fn in_place<A: Arith>(machine: impl Machine, integrator: impl Integrator<A, Threefry> + 'static) -> Case {
    let mut chain = Chain::<A, _, _>::new(machine, L, integrator).after(THERMAL);
    Box::new(move || chain.sweep_in_place())
}

fn apart<A: Arith>(machine: impl Machine, integrator: impl Integrator<A, Threefry> + 'static) -> Case {
    let mut chain = Chain::<A, _, _>::new(machine, L, integrator).after(THERMAL);
    Box::new(move || chain.sweep_apart())
}

fn measure<A: Arith>(machine: impl Machine) -> Case {
    let chain = Chain::<A, _, _>::new(machine, L, euler()).after(THERMAL);
    Box::new(move || {
        black_box(chain.measure());
    })
}

fn evaluation<const B: usize>(mut evaluation: Evaluation<impl Kernels, impl Matrix + 'static, B>) -> Case {
    evaluation.evaluate();
    Box::new(move || evaluation.evaluate())
}

/// One evaluation of the quantised score on 16².
fn int8(machine: impl Kernels) -> Case {
    let image = score::image("c16-int8");
    evaluation(Evaluation::<_, _, HOST>::new(machine, &image, full(&image), Shape::unfolded))
}

/// One evaluation of the quantised score with the memory that a device has.
fn int8_on_device(machine: impl Kernels) -> Case {
    let image = score::image("c16-int8");
    evaluation(Evaluation::<_, _, DEVICE>::new(machine, &image, line(&image), Shape::prepared))
}

macro_rules! count {
    ($name:ident, $machine:expr) => {
        #[library_benchmark]
        #[bench::words(words($machine))]
        #[bench::gaussian(gaussian($machine))]
        #[bench::euler_f32_in_place(in_place::<f32>($machine, euler()))]
        #[bench::euler_fx18_in_place(in_place::<Fx<18>>($machine, euler()))]
        #[bench::euler_fx16_in_place(in_place::<Fx<16>>($machine, euler()))]
        #[bench::euler_f32_apart(apart::<f32>($machine, euler()))]
        #[bench::euler_fx18_apart(apart::<Fx<18>>($machine, euler()))]
        #[bench::euler_fx16_apart(apart::<Fx<16>>($machine, euler()))]
        #[bench::mala_fx18_in_place(in_place::<Fx<18>>($machine, mala()))]
        #[bench::mala_f32_apart(apart::<f32>($machine, mala()))]
        #[bench::mala_fx18_apart(apart::<Fx<18>>($machine, mala()))]
        #[bench::measure_f32(measure::<f32>($machine))]
        #[bench::measure_fx18(measure::<Fx<18>>($machine))]
        #[bench::int8_score(int8($machine))]
        fn $name(mut case: Case) -> Case {
            case();
            case
        }
    };
}

count!(portable, stoquant::simd::Portable(Threads::One));

// The portable machine alone.
#[library_benchmark]
#[bench::int8_score(int8_on_device(stoquant::simd::Portable(Threads::One)))]
fn device(mut case: Case) -> Case {
    case();
    case
}

#[cfg(target_arch = "x86_64")]
count!(avx2, stoquant::simd::Avx2::detect(Threads::One).expect("no AVX2 here: `xtask counts` leaves these out"));

library_benchmark_group!(name = portable_machine, benchmarks = [portable, device]);
#[cfg(target_arch = "x86_64")]
library_benchmark_group!(name = avx2_machine, benchmarks = avx2);

#[cfg(target_arch = "x86_64")]
main!(library_benchmark_groups = portable_machine, avx2_machine);
#[cfg(not(target_arch = "x86_64"))]
main!(library_benchmark_groups = portable_machine);
