//! Words and noise, per number, on every machine: `cargo bench -p stoquant-benches --bench noise`.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use stoquant_benches::{on_every_machine, quick};
use stoquant_core::noise::{Noise, StreamTag, Threefry, Words};
use stoquant_model::NoiseKind;

const N: usize = 1024;

fn noise(c: &mut Criterion) {
    let mut group = c.benchmark_group("noise");
    group.throughput(Throughput::Elements(N as u64));
    let mut words = Threefry::new(1, 0, StreamTag::Noise);
    let mut step = 0;
    on_every_machine!(kind, machine => {
        let mut out = [0; N];
        group.bench_function(format!("words {kind}"), |b| {
            b.iter(|| {
                step += 1;
                words.fill_on(machine, step, 0, &mut out);
                black_box(&out);
            });
        });
        for law in [NoiseKind::Gaussian, NoiseKind::ThreePoint] {
            let mut noise = Noise { law, words };
            let mut out = [0; N];
            group.bench_function(format!("{law:?} 18 bit {kind}"), |b| {
                b.iter(|| {
                    step += 1;
                    noise.fill_eta_on::<18, _>(machine, step, 0, &mut out);
                    black_box(&out);
                });
            });
            group.bench_function(format!("{law:?} 16 bit {kind}"), |b| {
                b.iter(|| {
                    step += 1;
                    noise.fill_eta_on::<16, _>(machine, step, 0, &mut out);
                    black_box(&out);
                });
            });
        }
    });
    group.bench_function("yardstick: rand_distr ziggurat, xoshiro256++", |b| {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let mut out = [0f32; N];
        b.iter(|| {
            out.fill_with(|| StandardNormal.sample(&mut rng));
            black_box(&out);
        });
    });
    group.finish();
}

criterion_group! { name = benches; config = quick(); targets = noise }
criterion_main!(benches);
