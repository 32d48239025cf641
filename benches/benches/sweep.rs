//! Site updates a second, one thread: `cargo bench -p stoquant-benches --bench sweep`.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rayon::ThreadPool;
use stoquant::simd::MachineKind;
use stoquant_benches::{Yardstick, arithmetics, engine_on, euler, pool, quick, setup, timed};
use stoquant_model::{IntegratorKind, NoiseKind, Setup};

fn sweep_of(c: &mut Criterion, alone: &ThreadPool, group: &str, name: &str, machine: MachineKind, setup: &Setup) {
    let mut group = c.benchmark_group(group);
    group.throughput(Throughput::Elements(setup.volume() as u64));
    let mut engine = engine_on(machine, setup);
    group.bench_function(name, |b| b.iter_custom(|sweeps| timed(alone, || engine.sweep(sweeps).unwrap())));
    black_box(engine.phi().unwrap());
    group.finish();
}

/// Euler in every arithmetic on every machine, beside the yardstick.
fn sizes(c: &mut Criterion) {
    let alone = pool(1);
    for l in [8, 16, 32, 64, 128, 256, 512, 1024] {
        let name = format!("euler {l}x{l}");
        let mut yardstick = Yardstick::new(l);
        let mut group = c.benchmark_group(&name);
        group.throughput(Throughput::Elements((l * l) as u64));
        group.bench_function("yardstick f32", |b| b.iter(|| yardstick.sweep()));
        black_box(yardstick.phi2());
        group.finish();
        for (arith, machine) in arithmetics() {
            sweep_of(c, &alone, &name, &format!("{arith} {machine}"), machine, &euler(&[l, l], arith));
        }
    }
}

/// One and four dimensions.
fn dimensions(c: &mut Criterion) {
    let alone = pool(1);
    for extents in [&[1024][..], &[8; 4], &[16; 4]] {
        for (arith, machine) in arithmetics() {
            let name = format!("euler {extents:?}");
            sweep_of(c, &alone, &name, &format!("{arith} {machine}"), machine, &euler(extents, arith));
        }
    }
}

/// Every integrator, and Euler with the other noise.
fn integrators(c: &mut Criterion) {
    let alone = pool(1);
    for (arith, machine) in arithmetics() {
        for &integrator in IntegratorKind::ALL {
            let setup = setup(&[32, 32], arith, integrator, NoiseKind::Gaussian);
            sweep_of(c, &alone, "integrators 32x32", &format!("{integrator} {arith} {machine}"), machine, &setup);
        }
        let setup = setup(&[32, 32], arith, IntegratorKind::Euler, NoiseKind::ThreePoint);
        sweep_of(c, &alone, "integrators 32x32", &format!("euler, three-point {arith} {machine}"), machine, &setup);
    }
}

criterion_group! { name = benches; config = quick(); targets = sizes, dimensions, integrators }
criterion_main!(benches);
