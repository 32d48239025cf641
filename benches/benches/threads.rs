//! Two threads and one, on one lattice and on several chains: `cargo bench -p stoquant-benches --bench threads`.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rayon::prelude::*;
use stoquant::simd::MachineKind;
use stoquant_benches::{engine_on, euler, pool, quick, setup, timed};
use stoquant_model::{ArithKind, IntegratorKind, NoiseKind};

/// Sweeps between two meetings of several chains.
const TOGETHER: u64 = 16;

fn threads(c: &mut Criterion) {
    let machine = MachineKind::best();
    for threads in [1, 2] {
        let pool = pool(threads);
        for l in [512, 1024] {
            let mut group = c.benchmark_group(format!("one lattice {l}x{l}"));
            group.throughput(Throughput::Elements((l * l) as u64));
            for arith in [ArithKind::F32, ArithKind::Fx18, ArithKind::Fx16] {
                for integrator in [IntegratorKind::Euler, IntegratorKind::Mala] {
                    let mut engine = engine_on(machine, &setup(&[l, l], arith, integrator, NoiseKind::Gaussian));
                    let name = format!("{integrator} {arith}, threads {threads}");
                    group.bench_function(name, |b| {
                        b.iter_custom(|sweeps| timed(&pool, || engine.sweep(sweeps).unwrap()))
                    });
                    black_box(engine.phi().unwrap());
                }
            }
            group.finish();
        }
        for (chains, l) in [(8, 32), (4, 256)] {
            let mut group = c.benchmark_group(format!("{chains} chains {l}x{l}"));
            group.throughput(Throughput::Elements(TOGETHER * (chains * l * l) as u64));
            let mut engines: Vec<_> =
                (0..chains).map(|_| engine_on(machine, &euler(&[l, l], ArithKind::Fx18))).collect();
            group.bench_function(format!("fx18, threads {threads}"), |b| {
                b.iter_custom(|times| {
                    timed(&pool, || {
                        (0..times)
                            .for_each(|_| engines.par_iter_mut().for_each(|engine| engine.sweep(TOGETHER).unwrap()));
                    })
                });
            });
            group.finish();
        }
    }
}

criterion_group! { name = benches; config = quick(); targets = threads }
criterion_main!(benches);
