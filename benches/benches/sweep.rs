//! Site updates a second: `cargo bench -p stoquant-benches --bench sweep`.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use stoquant::engine::{ArithKind, IntegratorKind, NoiseKind, Setup};
use stoquant_benches::{Yardstick, engine, setup};

fn sweep_of(c: &mut Criterion, group: &str, name: &str, setup: &Setup) {
    let mut group = c.benchmark_group(group);
    group.throughput(Throughput::Elements(setup.volume() as u64));
    let mut engine = engine(setup);
    group.bench_function(name, |b| b.iter(|| engine.sweep(1)));
    black_box(engine.phi());
    group.finish();
}

/// Euler in every arithmetic, beside the yardstick.
fn euler(c: &mut Criterion) {
    for l in [32, 256] {
        let mut yardstick = Yardstick::new(l);
        let mut group = c.benchmark_group(format!("euler {l}x{l}"));
        group.throughput(Throughput::Elements((l * l) as u64));
        group.bench_function("yardstick f32", |b| b.iter(|| yardstick.sweep()));
        black_box(yardstick.phi2());
        group.finish();
        for &arith in ArithKind::ALL {
            let setup = setup(&[l, l], arith, IntegratorKind::Euler, NoiseKind::Gaussian);
            sweep_of(c, &format!("euler {l}x{l}"), arith.name(), &setup);
        }
        let setup = setup(&[l, l], ArithKind::F32, IntegratorKind::Euler, NoiseKind::ThreePoint);
        sweep_of(c, &format!("euler {l}x{l}"), "f32 three-point", &setup);
    }
}

/// Every integrator at one size, and other sizes and dimensions.
fn others(c: &mut Criterion) {
    for &integrator in IntegratorKind::ALL {
        for arith in [ArithKind::Fx18, ArithKind::F32] {
            let setup = setup(&[32, 32], arith, integrator, NoiseKind::Gaussian);
            sweep_of(c, "integrators 32x32", &format!("{arith} {integrator}"), &setup);
        }
    }
    for extents in [&[64][..], &[1024], &[8, 8], &[1024, 1024], &[16, 16, 16], &[8, 8, 8, 8]] {
        let setup = setup(extents, ArithKind::Fx18, IntegratorKind::Euler, NoiseKind::Gaussian);
        sweep_of(c, "fx18 euler", &format!("{extents:?}"), &setup);
    }
}

/// One measurement of every observable.
fn measure(c: &mut Criterion) {
    let mut group = c.benchmark_group("measure 32x32");
    for arith in [ArithKind::Fx18, ArithKind::F32] {
        let setup = setup(&[32, 32], arith, IntegratorKind::Euler, NoiseKind::Gaussian);
        group.throughput(Throughput::Elements(setup.volume() as u64));
        let engine = engine(&setup);
        group.bench_function(arith.name(), |b| b.iter(|| black_box(engine.measure())));
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(500)).sample_size(20);
    targets = euler, others, measure
}
criterion_main!(benches);
