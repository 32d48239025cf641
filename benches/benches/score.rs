//! The quantised score, in products a second: `cargo bench -p stoquant-benches --bench score`.
//!
//! A product is one of int16 by int16 or int8, the 4L of the transforms and those of the network; the name of a group
//! has their number a site and evaluation.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use stoquant::diffusion::int8::costs;
use stoquant_benches::score::{DEVICE, Evaluation, HOST, full, image, line};
use stoquant_benches::{on_every_machine, quick};
use stoquant_core::score::int8::{Kernels, Shape};

fn score(c: &mut Criterion) {
    for model in ["c16-int8", "n8-int8"] {
        let image = image(model);
        let sites = image.shape().extent.pow(2) as u64;
        let (_, products) = costs(&image);
        let mut group = c.benchmark_group(format!("score of {model}, {products} products a site"));
        group.throughput(Throughput::Elements(sites * products as u64));
        let mut on = |name: String, mut work: Box<dyn FnMut()>| {
            group.bench_function(name, |b| b.iter(|| black_box(&mut work)()));
        };
        on_every_machine!(kind, machine => {
            let mut wide = Evaluation::<_, _, HOST>::new(machine, &image, full(&image), Shape::unfolded);
            on(format!("{kind}"), Box::new(move || wide.evaluate()));
        });
        let mut narrow = Evaluation::<_, _, DEVICE>::new(portable(), &image, line(&image), Shape::prepared);
        on("as on a device, portable".into(), Box::new(move || narrow.evaluate()));
        group.finish();
        // Not of the network: site updates.
        let mut group = c.benchmark_group(format!("step of the reverse SDE of {model}, by sites"));
        group.throughput(Throughput::Elements(sites));
        on_every_machine!(kind, machine => {
            let mut wide = Evaluation::<_, _, HOST>::new(machine, &image, full(&image), Shape::unfolded);
            group.bench_function(format!("{kind}"), |b| b.iter(|| wide.step()));
        });
        group.finish();
    }
}

fn portable() -> impl Kernels {
    stoquant::simd::Portable(stoquant::simd::Threads::One)
}

criterion_group! { name = benches; config = quick(); targets = score }
criterion_main!(benches);
