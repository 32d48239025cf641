//! Samplers against exact laws: the free field, and one quartic site.

extern crate std;

mod free;
mod quartic;

use std::vec;
use std::vec::Vec;

use super::kernel::noise;
use super::*;
use crate::noise::{NoiseKind, StreamTag, Threefry};

fn threefry(chain: u32, tag: StreamTag) -> Noise<Threefry> {
    Noise { law: NoiseKind::Gaussian, words: Threefry::new(7, chain, tag) }
}

/// σ_min·sinh(α(1 - i/n)), i = 0..=n: from σ_max to 0.
fn grid(n: usize, min: f64, max: f64) -> Vec<f64> {
    let alpha = (max / min).asinh();
    (0..=n).map(|i| min * (alpha * (1.0 - i as f64 / n as f64)).sinh()).collect()
}

/// Tables of a sampler, from one kernel a step and mode.
struct Tables {
    steps: Vec<Step>,
    begin: Vec<f64>,
    keep: Vec<f64>,
    pull: Vec<f64>,
    amplitude: Vec<f64>,
}

impl Tables {
    fn new(a: &[f64], sigma: f64) -> Self {
        let begin = a.iter().map(|a| (a + sigma * sigma).sqrt()).collect();
        Self { steps: vec![], begin, keep: vec![], pull: vec![], amplitude: vec![] }
    }
    fn push(&mut self, stage: usize, kind: Kind, a: &[f64], kernel: impl Fn(f64) -> Kernel) {
        self.steps.push(Step { stage, kind });
        for kernel in a.iter().map(|&a| kernel(a)) {
            self.keep.push(kernel.keep);
            self.pull.push(kernel.pull);
            self.amplitude.push(kernel.amplitude());
        }
    }
    fn reverse(&self, frozen: usize) -> Reverse<'_, f64> {
        Reverse::new(&self.steps, &self.begin, &self.keep, &self.pull, &self.amplitude, frozen).unwrap()
    }
}

/// Predictor steps down the grid, with Langevin steps of these δ after each.
fn predict(a: &[f64], sigma: &[f64], correctors: &[f64], kernel: impl Fn(usize, f64) -> Kernel) -> Tables {
    let mut tables = Tables::new(a, sigma[0]);
    for n in 0..sigma.len() - 1 {
        let kind = Kind::Noising { variance: noise(sigma[n], sigma[n + 1]) };
        tables.push(n, kind, a, |a| kernel(n, a));
        for &delta in correctors {
            tables.push(n + 1, Kind::Corrector, a, |a| Kernel::langevin(delta, sigma[n + 1], a));
        }
    }
    tables
}

/// r, p, w of a method in every node and mode.
struct NodeTables {
    nodes: Vec<Node>,
    closes: Vec<bool>,
    radius: Vec<f64>,
    predict: Vec<f64>,
    weight: Vec<f64>,
    end: Vec<f64>,
}

impl NodeTables {
    fn new(method: Method, sigma: &[f64], a: &[f64]) -> Self {
        let count = method.nodes(sigma.len());
        let all: Vec<Node> =
            (0..count).flat_map(|n| a.iter().map(move |&a| method.node(sigma, n, a).unwrap())).collect();
        assert_eq!(method.node(sigma, count, 1.0), None);
        Self {
            nodes: (0..count).map(|n| method.node(sigma, n, a[0]).unwrap()).collect(),
            closes: all.iter().step_by(a.len()).map(|node| node.closes).collect(),
            radius: all.iter().map(|node| node.radius).collect(),
            predict: all.iter().map(|node| node.predict).collect(),
            weight: all.iter().map(|node| node.weight).collect(),
            end: a.iter().map(|a| a.sqrt()).collect(),
        }
    }
    fn flow(&self, frozen: usize) -> Flow<'_, f64> {
        Flow::new(&self.closes, &self.radius, &self.predict, &self.weight, &self.end, frozen).unwrap()
    }
}
