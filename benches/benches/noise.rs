//! Words and noise, per number: `cargo bench -p stoquant-benches --bench noise`.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use stoquant_core::noise::{Law, Noise, StreamTag, Threefry, Words};

const N: usize = 1024;

fn noise(c: &mut Criterion) {
    let mut group = c.benchmark_group("noise");
    group.throughput(Throughput::Elements(N as u64));
    let mut words = Threefry::new(1, 0, StreamTag::Noise);
    let mut step = 0;
    group.bench_function("threefry words", |b| {
        let mut out = [0; N];
        b.iter(|| {
            step += 1;
            words.fill(step, 0, &mut out);
            black_box(out[N - 1])
        });
    });
    for (name, law) in [("gaussian", Law::Gaussian), ("three-point", Law::ThreePoint)] {
        let mut noise = Noise { law, words };
        group.bench_function(format!("{name} 18 bit"), |b| {
            let mut out = [0; N];
            b.iter(|| {
                step += 1;
                noise.fill_eta::<18>(step, 0, &mut out);
                black_box(out[N - 1])
            });
        });
    }
    group.bench_function("yardstick: rand_distr ziggurat, xoshiro256++", |b| {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let mut out = [0f32; N];
        b.iter(|| {
            out.fill_with(|| StandardNormal.sample(&mut rng));
            black_box(out[N - 1])
        });
    });
    group.finish();
}

criterion_group!(benches, noise);
criterion_main!(benches);
