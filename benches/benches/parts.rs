//! The parts of a step that are no noise, alone: neighbour sums and drift, per site: `cargo bench -p stoquant-benches
//! --bench parts`.

use std::hint::black_box;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use stoquant_benches::{on_every_machine, quick};
use stoquant_core::action::{Action, Drift};
use stoquant_core::arith::{Arith, Fx};
use stoquant_core::board::hot_start;
use stoquant_core::lattice::{CHUNK, Plan};
use stoquant_core::machine::Machine;
use stoquant_model::Phi4;

/// A field of `N` sites, and the sums of its chunks.
fn field<A: Arith>(sites: usize) -> Vec<A::Store> {
    let mut field = vec![A::Store::default(); sites];
    hot_start::<A>(&mut field, 1.0, 1, 0).expect("a width of 1 is valid");
    field
}

/// `Plan::sums`, chunk by chunk as a sweep asks for them.
fn sums<A: Arith, const D: usize>(
    group: &mut BenchmarkGroup<WallTime>,
    name: &str,
    extents: [usize; D],
    machine: impl Machine,
) {
    let work = Plan::work_sites(&extents).expect("the benchmark's own extents are valid");
    let plan = Plan::new(extents, work).expect("a work buffer as large as asked for").on(machine);
    let field = field::<A>(plan.volume());
    let mut out = [A::Sum::default(); CHUNK];
    group.throughput(Throughput::Elements(plan.volume() as u64));
    group.bench_function(name, |b| {
        b.iter(|| {
            // One block is the whole of these lattices.
            for start in (0..plan.volume()).step_by(CHUNK) {
                plan.sums::<A>([&field; 3], start, &mut out);
                black_box(&out);
            }
        });
    });
}

/// φ + εK, rounded, from ready sums.
fn drift<A: Arith>(group: &mut BenchmarkGroup<WallTime>, name: &str, machine: impl Machine) {
    let drift = <Phi4 as Action<A>>::drift(&Phi4::kappa_form(0.27, 0.022), 0.01, 2).expect("a valid drift");
    let field = field::<A>(CHUNK);
    let sums: Vec<A::Sum> = field.iter().map(|&phi| A::load(phi).pair(A::load(phi))).collect();
    let mut out = field.clone();
    group.throughput(Throughput::Elements(CHUNK as u64));
    group.bench_function(name, |b| {
        b.iter(|| {
            machine.run(|| {
                let mut clipped = 0;
                for ((slot, &phi), &sum) in out.iter_mut().zip(black_box(&field)).zip(&sums) {
                    let phi = A::load(phi);
                    *slot = A::narrow(phi.widen() + drift.drift(0, phi, sum, &mut clipped), &mut clipped).store();
                }
                black_box(clipped);
            });
            black_box(&out);
        });
    });
}

fn parts(c: &mut Criterion) {
    let mut group = c.benchmark_group("neighbour sums");
    on_every_machine!(kind, machine => {
        sums::<f32, 1>(&mut group, &format!("f32 ring of 1024 {kind}"), [1024], machine);
        sums::<f32, 2>(&mut group, &format!("f32 32x32 {kind}"), [32, 32], machine);
        sums::<Fx<18>, 2>(&mut group, &format!("fx18 32x32 {kind}"), [32, 32], machine);
        sums::<Fx<16>, 2>(&mut group, &format!("fx16 32x32 {kind}"), [32, 32], machine);
        sums::<f32, 4>(&mut group, &format!("f32 8^4 {kind}"), [8; 4], machine);
        sums::<Fx<18>, 4>(&mut group, &format!("fx18 8^4 {kind}"), [8; 4], machine);
    });
    group.finish();
    let mut group = c.benchmark_group("drift");
    on_every_machine!(kind, machine => {
        drift::<f32>(&mut group, &format!("f32 {kind}"), machine);
        drift::<Fx<18>>(&mut group, &format!("fx18 {kind}"), machine);
        drift::<Fx<16>>(&mut group, &format!("fx16 {kind}"), machine);
    });
    group.finish();
}

criterion_group! { name = benches; config = quick(); targets = parts }
criterion_main!(benches);
