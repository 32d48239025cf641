//! The tables of a network's stages, from a model.

use stoquant_core::arith::Real;
use stoquant_core::error::Error;
use stoquant_core::score::Hartley;
use stoquant_core::score::layer::Layer;
use stoquant_core::score::network::{EVEN, Network, ODD, Stage, Trace, Weights};

use super::model::Model;
use super::spectrum::{self, Orbit, RADIAL, radial, symbol};

/// One evaluation of the score: its σ and its trace kernel t_k (empty: none wanted).
#[derive(Clone, Debug)]
pub struct Node {
    /// σ.
    pub sigma: f64,
    /// t_k of every mode.
    pub trace: Vec<f64>,
}

/// Everything that a [`Network`] borrows.
pub struct Tables<R> {
    extent: usize,
    hartley: Vec<R>,
    weights: [Vec<R>; 4],
    stages: Vec<Owned<R>>,
}

/// A [`Stage`] with what it borrows.
pub(super) struct Owned<R> {
    pub spectral: Spectral<R>,
    /// Of the first hidden layer, and of the second.
    pub layers: [Units<R>; 2],
    /// Output weights.
    pub output: Vec<R>,
    pub odd: [R; ODD],
    pub even: [[R; 2]; EVEN],
    pub local: [R; 2],
    pub skip: [R; ODD],
    pub cross: [R; EVEN],
    pub kappa: [R; 5],
    pub linear: [f64; 3],
}

/// Tables by mode, as in [`Stage`] and [`Trace`].
pub(super) struct Spectral<R> {
    pub filter: Vec<R>,
    pub wide: Vec<R>,
    pub tree: Vec<R>,
    pub bubble: Vec<R>,
    pub linear: [Vec<R>; 3],
    pub trace_tree: Vec<R>,
    pub trace_bubble: Vec<R>,
}

/// What every unit of a hidden layer has at a σ: z = gain·Σ w f, β = Σ w e + bias.
pub(super) struct Units<R> {
    pub gain: Vec<R>,
    pub bias: Vec<R>,
}

impl<R> Units<R> {
    fn pair(&self) -> [&[R]; 2] {
        [&self.gain, &self.bias]
    }
}

fn real<R: Real>(values: impl IntoIterator<Item = f64>) -> Vec<R> {
    values.into_iter().map(R::of).collect()
}

fn array<R: Real, const N: usize>(values: &[f64]) -> [R; N] {
    std::array::from_fn(|i| R::of(values.get(i).copied().unwrap_or(0.0)))
}

impl<R: Real> Tables<R> {
    /// Tables of `model` for these evaluations.
    pub fn new(model: &Model, nodes: &[Node]) -> Self {
        let weight = |name: &str| real(model.data(name).iter().map(|&w| f64::from(w)));
        Self {
            extent: model.config.extent,
            hartley: real(spectrum::hartley(model.config.extent)),
            weights: ["first.odd", "first.even", "second.odd", "second.even"].map(weight),
            stages: nodes.iter().map(|node| stage(model, node)).collect(),
        }
    }

    /// Of one stage that is not a model's own: its layers' odd and even weights, and the rest.
    pub(super) fn of(extent: usize, weights: [Vec<R>; 4], stage: Owned<R>) -> Self {
        Self { extent, hartley: real(spectrum::hartley(extent)), weights, stages: vec![stage] }
    }

    /// Calls `work` with the network.
    pub fn with<T>(&self, work: impl FnOnce(&Network<'_, R>) -> T) -> Result<T, Error> {
        let stages: Vec<Stage<'_, R>> = self.stages.iter().map(Owned::stage).collect();
        let [w1, u1, w2, u2] = &self.weights;
        let weights = Weights { first: Layer { odd: w1, even: u1 }, second: Layer { odd: w2, even: u2 } };
        Ok(work(&Network::new(Hartley::new(self.extent, &self.hartley)?, weights, &stages)?))
    }
}

impl<R: Real> Owned<R> {
    fn stage(&self) -> Stage<'_, R> {
        let Spectral { filter, wide, tree, bubble, linear, trace_tree, trace_bubble } = &self.spectral;
        let [first, second] = &self.layers;
        Stage {
            filter,
            wide,
            tree,
            bubble,
            linear: linear.each_ref().map(Vec::as_slice),
            first: first.pair(),
            second: second.pair(),
            output: &self.output,
            odd: self.odd,
            even: self.even,
            local: self.local,
            skip: self.skip,
            cross: self.cross,
            trace: Trace { kappa: self.kappa, tree: trace_tree, bubble: trace_bubble, linear: self.linear },
        }
    }
}

pub(super) fn stage<R: Real>(model: &Model, node: &Node) -> Owned<R> {
    let config = &model.config;
    let (l, volume) = (config.extent, config.extent * config.extent);
    let (sigma, sigma2) = (node.sigma, node.sigma * node.sigma);
    let (kappa, lambda) = (config.couplings.kappa, config.couplings.lambda);
    let hartley = spectrum::hartley(l);
    let site = |kernel: &[f64]| -> Vec<f64> {
        spectrum::transform(&hartley, kernel).into_iter().map(|v| v / l as f64).collect()
    };
    let spectral = |kernel: &[f64]| -> Vec<f64> {
        spectrum::transform(&hartley, kernel).into_iter().map(|v| v * l as f64).collect()
    };
    let product = |a: &[f64], b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a * b).collect() };

    let mass2 = model.at("filter.ln_mass", sigma)[0].exp();
    let mut filter: Vec<f64> =
        spectrum::laplacian(l).iter().map(|k2| 1.0 / (1.0 + sigma2 * (2.0 * kappa * k2 + mass2))).collect();
    filter[0] = 0.0;
    let propagator: Vec<f64> = filter.iter().map(|f| f * sigma2).collect();
    filter[0] = 1.0;
    let c_k = model.by_shell(&model.data("spectrum").iter().map(|&c| f64::from(c)).collect::<Vec<_>>());
    let mut wide: Vec<f64> = c_k.iter().map(|c| c / (c + sigma2)).collect();
    wide[0] = 1.0;
    let correlation = site(&propagator);
    let v = correlation[0];
    let bubble = spectral(&product(&correlation, &correlation));

    let scale_h = model.at("scale.h", sigma)[0];
    let odd = model.at("scale.odd", sigma);
    let even_mean = model.at("scale.even_mean", sigma);
    let even_scale = model.at("scale.even_scale", sigma);
    let p1 = 12.0 * lambda * v - spectrum::mu(&config.couplings, config.mass2);
    let p3 = 4.0 * lambda + scale_h * model.at("cubic", sigma)[0] * odd[0].powi(3);
    let scaled = |name: &str| -> Vec<f64> { model.at(name, sigma).into_iter().map(|x| x * scale_h).collect() };
    // The cross terms are of the scaled ŷ.
    let cross: Vec<f64> = scaled("cross").into_iter().map(|c| c * odd[0]).collect();
    let (h1, h2) = (config.hidden[0], config.hidden[1]);
    let (first, second) = (model.at("first.table", sigma), model.at("second.table", sigma));

    let linear = model.linear();
    let radial = radial(l);
    let coefficients = model.at("linear", sigma);
    let [l0, l1, l2] = [0, 1, 2].map(|power| -> Vec<f64> {
        let of_mode = |k: usize| {
            let r: f64 = (0..RADIAL).map(|n| coefficients[3 * n + power] * radial[n * volume + k]).sum();
            r * linear[k] / (1.0 + sigma2 * linear[k])
        };
        (0..volume).map(of_mode).collect()
    });

    let units = |table: &[f64], count: usize| {
        let (gain, bias) = table.split_at(count);
        Units { gain: real(gain.iter().copied()), bias: real(bias.iter().copied()) }
    };
    let none = vec![0.0; volume];
    let trace = if node.trace.is_empty() { &none } else { &node.trace };
    let contracted = product(trace, &filter);
    let mean = |kernel: &[f64]| kernel.iter().sum::<f64>() / volume as f64;
    let propagated = site(&contracted);
    let kappa_of = |orbit| mean(&product(&contracted, &symbol(l, orbit)));
    let trace_tree = spectral(&product(&site(&propagator), &propagated));
    let trace_bubble = product(&spectral(&product(&site(&bubble), &propagated)), &filter);
    let sum = |table: &[f64]| product(table, trace).iter().sum();
    Owned {
        linear: [sum(&l0), sum(&l1), sum(&l2)],
        kappa: [
            R::of(mean(&contracted)),
            R::of(kappa_of(Orbit::Axes(1))),
            R::of(kappa_of(Orbit::Diagonals)),
            R::of(kappa_of(Orbit::Axes(2))),
            R::of(mean(&product(trace, &wide))),
        ],
        layers: [units(&first, h1), units(&second, h2)],
        output: real(scaled("output")),
        odd: array(&odd),
        even: std::array::from_fn(|i| [R::of(even_mean[i]), R::of(even_scale[i])]),
        local: [R::of(p1), R::of(p3)],
        skip: array(&scaled("skip")),
        cross: array(&cross),
        spectral: Spectral {
            filter: real(filter),
            wide: real(wide),
            tree: real(propagator),
            bubble: real(bubble),
            linear: [l0, l1, l2].map(real),
            trace_tree: real(trace_tree),
            trace_bubble: real(trace_bubble),
        },
    }
}
