//! One measurement of every observable, and the slices of the correlator: `cargo bench -p stoquant-benches --bench
//! observables`.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use stoquant_benches::{arithmetics, engine_on, euler, quick};

fn observables(c: &mut Criterion) {
    for l in [32, 256] {
        for (arith, machine) in arithmetics() {
            let engine = engine_on(machine, &euler(&[l, l], arith));
            let mut group = c.benchmark_group(format!("observables {l}x{l}"));
            group.throughput(Throughput::Elements((l * l) as u64));
            group.bench_function(format!("measure {arith} {machine}"), |b| b.iter(|| black_box(engine.measure())));
            group.bench_function(format!("slices {arith} {machine}"), |b| b.iter(|| black_box(engine.slices())));
            group.finish();
        }
    }
}

criterion_group! { name = benches; config = quick(); targets = observables }
criterion_main!(benches);
