//! The core's network against the formulas of its documentation, summed naively; its divergence against differences.

use stoquant_core::machine::Portable;
use stoquant_core::noise::{Noise, StreamTag, Threefry};
use stoquant_core::score::Score;
use stoquant_model::NoiseKind;

use super::model::Model;
use super::model::testing::random;
use super::spectrum::{self, RADIAL};
use super::tables::{Node, Tables};

const SIGMAS: [f64; 4] = [0.0, 0.13, 0.9, 7.0];

/// h and Σ t ∂h/∂y of the core.
fn core(tables: &Tables<f64>, stage: usize, y: &[f64]) -> (Vec<f64>, f64) {
    tables
        .with(|network| {
            let (mut h, mut work) = (vec![f64::NAN; y.len()], vec![f64::NAN; network.work()]);
            let trace = network.remainder::<true, _>(Portable, stage, y, &mut h, &mut work);
            let mut again = vec![f64::NAN; y.len()];
            assert_eq!(network.remainder::<false, _>(Portable, stage, y, &mut again, &mut work), 0.0);
            assert_eq!(h, again, "the trace changes h");
            (h, trace)
        })
        .unwrap()
}

/// Standard Gaussian numbers.
fn gaussian(count: usize, chain: u32) -> Vec<f64> {
    let mut eta = vec![0; count];
    Noise { law: NoiseKind::Gaussian, words: Threefry::new(9, chain, StreamTag::Rng) }.fill_eta::<18>(0, 0, &mut eta);
    eta.into_iter().map(|eta| f64::from(eta) / 16384.0).collect()
}

/// A random number for each shell of modes: trace kernels have the symmetries of the lattice, and leave out the zero
/// mode.
fn nodes(extent: usize) -> Vec<Node> {
    let (shells, of_mode) = spectrum::shells(extent);
    let trace = |n: usize| {
        let mut values = gaussian(shells.len(), 100 + n as u32);
        values[0] = 0.0;
        of_mode.iter().map(|&shell| values[shell]).collect()
    };
    SIGMAS.iter().enumerate().map(|(n, &sigma)| Node { sigma, trace: trace(n) }).collect()
}

/// Σ_k t_k ∂h_k/∂y_k by differences of fourth order, one mode after the other. h is once continuously differentiable,
/// its second derivative jumps where a unit clips: an error of δ times the jump at the few units that lie within 2δ of
/// an edge, below 1e-5 here, and of (1e-16/δ) by rounding. A tangent that is missing or wrong is of order one.
#[test]
fn the_trace_is_that_of_the_jacobian() {
    let delta = 1e-5;
    for (extent, hidden, seed) in [(4, [6, 5], 1), (5, [9, 4], 2), (2, [3, 3], 3), (9, [4, 7], 4)] {
        let volume = extent * extent;
        let model = random(extent, hidden, seed);
        let nodes = nodes(extent);
        let tables = Tables::<f64>::new(&model, &nodes);
        for (stage, node) in nodes.iter().enumerate() {
            let y = gaussian(volume, 10 * seed as u32 + stage as u32);
            let (h, trace) = core(&tables, stage, &y);
            let at = |k: usize, shift: f64| {
                let mut y = y.clone();
                y[k] += shift;
                core(&tables, stage, &y).0[k]
            };
            let terms: Vec<f64> = (0..volume)
                .map(|k| {
                    let [near, far] = [1.0, 2.0].map(|n| at(k, n * delta) - at(k, -n * delta));
                    node.trace[k] * (8.0 * near - far) / (12.0 * delta)
                })
                .collect();
            let exact: f64 = terms.iter().sum();
            let size = terms.iter().map(|t| t * t).sum::<f64>().sqrt();
            println!("L = {extent}, sigma = {}: {trace} {exact}, of size {size}, rms h {}", node.sigma, rms(&h));
            assert!((trace - exact).abs() < 1e-5 * size, "L = {extent}, sigma = {}: {trace} {exact}", node.sigma);
        }
    }
}

fn rms(x: &[f64]) -> f64 {
    (x.iter().map(|x| x * x).sum::<f64>() / x.len() as f64).sqrt()
}

/// Everything that h is made of, from the model's numbers and sums over sites and modes: no transform, stencil or layer
/// of the core.
struct Naive<'a> {
    model: &'a Model,
    sigma: f64,
    extent: usize,
}

impl Naive<'_> {
    fn at(&self, name: &str) -> Vec<f64> {
        let model = &self.model.config;
        let (low, high) = (model.sigma[0].ln(), model.sigma[1].ln());
        let place = (self.sigma.max(1e-300).ln() - low) / (high - low) * (model.knots - 1) as f64;
        let place = place.clamp(0.0, (model.knots - 1) as f64);
        let data = self.model.data(name);
        let columns = data.len() / model.knots;
        let knot = |n: usize, c: usize| f64::from(data[n * columns + c]) * (1.0 - (place - n as f64).abs()).max(0.0);
        (0..columns).map(|c| (0..model.knots).map(|n| knot(n, c)).sum()).collect()
    }
    /// (x₀, x₁) of an index.
    fn split(&self, x: usize) -> [f64; 2] {
        [(x / self.extent) as f64, (x % self.extent) as f64]
    }
    fn angle(&self, k: usize, x: usize) -> [f64; 2] {
        let ([k0, k1], [x0, x1]) = (self.split(k), self.split(x));
        let unit = std::f64::consts::TAU / self.extent as f64;
        [unit * k0 * x0, unit * k1 * x1]
    }
    fn lap(&self, k: usize) -> f64 {
        self.split(k).iter().map(|k| 2.0 - 2.0 * (std::f64::consts::TAU * k / self.extent as f64).cos()).sum()
    }
    fn hartley(&self, y: &[f64]) -> Vec<f64> {
        let cas = |a: f64| a.cos() + a.sin();
        let sum = |k| {
            y.iter().enumerate().map(move |(x, y)| {
                let [a, b] = self.angle(k, x);
                y * cas(a) * cas(b)
            })
        };
        (0..y.len()).map(|k| sum(k).sum::<f64>() / self.extent as f64).collect()
    }
    /// K(x) = (1/V) Σ_k K_k cos kx₀ cos kx₁, as far as kernels are even in both.
    fn kernel(&self, values: &[f64]) -> Vec<f64> {
        let v = values.len() as f64;
        let cos = |k, x| self.angle(k, x).iter().map(|a| a.cos()).product::<f64>();
        (0..values.len())
            .map(|x| values.iter().enumerate().map(|(k, value)| value * cos(k, x)).sum::<f64>() / v)
            .collect()
    }
    fn shift(&self, x: usize, r: [usize; 2]) -> usize {
        let l = self.extent;
        (x / l + r[0]) % l * l + (x % l + r[1]) % l
    }
    fn convolve(&self, kernel: &[f64], field: &[f64]) -> Vec<f64> {
        let l = self.extent;
        let sum = |x| (0..field.len()).map(|r| kernel[r] * field[self.shift(x, [r / l, r % l])]).sum();
        (0..field.len()).map(sum).collect()
    }
    fn orbit(&self, field: &[f64], steps: &[[isize; 2]]) -> Vec<f64> {
        let wrap = |n: isize| n.rem_euclid(self.extent as isize) as usize;
        let sum = |x| steps.iter().map(|&[i, j]| field[self.shift(x, [wrap(i), wrap(j)])]).sum();
        (0..field.len()).map(sum).collect()
    }

    fn h(&self, y: &[f64]) -> Vec<f64> {
        let c = self.model.config.couplings;
        let (volume, sigma2) = (y.len(), self.sigma * self.sigma);
        let modes = |f: &dyn Fn(usize) -> f64| -> Vec<f64> { (0..volume).map(f).collect() };
        let mass = self.at("filter.ln_mass")[0].exp();
        let filter = modes(&|k| if k == 0 { 1.0 } else { 1.0 / (1.0 + sigma2 * (2.0 * c.kappa * self.lap(k) + mass)) });
        let propagator = self.kernel(&modes(&|k| if k == 0 { 0.0 } else { sigma2 * filter[k] }));
        let (shells, _) = spectrum::shells(self.extent);
        let spectrum = modes(&|k| {
            let shell = shells.iter().position(|s| (s - self.lap(k)).abs() < 1e-6).unwrap();
            f64::from(self.model.data("spectrum")[shell])
        });
        let wide = modes(&|k| if k == 0 { y[0] } else { spectrum[k] / (spectrum[k] + sigma2) * y[k] });
        let field = self.hartley(&modes(&|k| filter[k] * y[k]));
        let power = |n: i32| -> Vec<f64> { field.iter().map(|f| f.powi(n)).collect() };
        let m = y[0] / self.extent as f64;
        let bubble: Vec<f64> = propagator.iter().map(|v| v * v).collect();
        let near = [[0, 1], [0, -1], [1, 0], [-1, 0]];
        let diagonal = [[1, 1], [1, -1], [-1, 1], [-1, -1]];
        let second = [[0, 2], [0, -2], [2, 0], [-2, 0]];
        let odd = [
            field.clone(),
            self.orbit(&field, &near),
            self.orbit(&field, &diagonal),
            self.orbit(&field, &second),
            vec![m; volume],
            self.hartley(&wide),
            self.convolve(&propagator, &power(3)),
        ];
        let even = [
            power(2),
            self.orbit(&power(2), &near),
            self.orbit(&power(2), &diagonal),
            self.convolve(&bubble, &power(2)),
            vec![m * m; volume],
        ];
        let table = |name| self.at(name);
        let (odd_scale, mean, even_scale) = (table("scale.odd"), table("scale.even_mean"), table("scale.even_scale"));
        let [h1, h2] = self.model.config.hidden;
        let s = |z: f64| if z.abs() >= 1.0 { z.signum() } else { 1.5 * z - 0.5 * z * z * z };
        let layer = |name: &str, units: usize, odd: &[f64], even: &[f64]| -> Vec<f64> {
            let dot = |weights: &str, n: usize, x: &[f64]| -> f64 {
                let weights = self.model.data(&format!("{name}.{weights}"));
                (0..x.len()).map(|i| f64::from(weights[n * x.len() + i]) * x[i]).sum()
            };
            let table = self.at(&format!("{name}.table"));
            let unit = |n| {
                let (z, beta) = (table[n] * dot("odd", n, odd), table[units + n] + dot("even", n, even));
                s(z + beta) + s(z - beta)
            };
            (0..units).map(unit).collect()
        };
        let dot = |name: &str, x: &[f64]| -> f64 { self.at(name).iter().zip(x).map(|(w, x)| w * x).sum() };
        let mu = 8.0 * c.kappa - 2.0 * c.b + self.model.config.mass2;
        let local: Vec<f64> = (0..volume)
            .map(|x| {
                let f: Vec<f64> = odd.iter().zip(&odd_scale).map(|(f, scale)| f[x] * scale).collect();
                let e: Vec<f64> =
                    even.iter().zip(mean.iter().zip(&even_scale)).map(|(e, (mean, s))| (e[x] - mean) * s).collect();
                let units = layer("second", h2, &layer("first", h1, &f, &e), &e);
                let learned = dot("output", &units)
                    + dot("skip", &f)
                    + f[0] * dot("cross", &e)
                    + table("cubic")[0] * f[0].powi(3);
                let first_order = 4.0 * c.lambda * (field[x].powi(3) + 3.0 * propagator[0] * field[x]) - mu * field[x];
                first_order + table("scale.h")[0] * learned
            })
            .collect();
        let a = modes(&|k| 2.0 * c.kappa * self.lap(k) + self.model.config.mass2);
        let coefficients = self.at("linear");
        let radial = |k: usize| {
            let place = (self.lap(k) / 8.0).sqrt() * (RADIAL - 1) as f64;
            let hat = |n: usize| (1.0 - (place - n as f64).abs()).max(0.0);
            let row = |n: usize| &coefficients[3 * n..][..3];
            (0..RADIAL).map(|n| hat(n) * (row(n)[0] + m * m * row(n)[1] + m.powi(4) * row(n)[2])).sum::<f64>()
        };
        let local = self.hartley(&local);
        modes(&|k| local[k] + a[k] * radial(k) / (1.0 + sigma2 * a[k]) * y[k])
    }
}

/// A few hundred roundings of terms that partly cancel: 1e-12 of the size of h.
#[test]
fn h_is_what_its_formulas_say() {
    for (extent, hidden, seed) in [(4, [6, 5], 1), (5, [9, 4], 2), (2, [3, 3], 3), (9, [33, 70], 4)] {
        let volume = extent * extent;
        let model = random(extent, hidden, seed);
        let tables = Tables::<f64>::new(&model, &nodes(extent));
        for (stage, &sigma) in SIGMAS.iter().enumerate() {
            let y = gaussian(volume, 50 + stage as u32);
            let (h, _) = core(&tables, stage, &y);
            let naive = Naive { model: &model, sigma, extent }.h(&y);
            let worst = h.iter().zip(&naive).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            println!("L = {extent}, sigma = {sigma}: worst {worst:e}, rms h {}", rms(&naive));
            assert!(worst < 1e-12 * (1.0 + rms(&naive)), "L = {extent}, sigma = {sigma}: {worst:e}");
        }
    }
}

/// φ → -φ changes the sign of h, exactly: every operation is odd or even in the field. Lattice symmetries move it, to
/// rounding: 1e-12 as above.
#[test]
fn symmetries_are_exact() {
    for (extent, hidden, seed) in [(4, [6, 5], 1), (5, [9, 4], 2)] {
        let volume = extent * extent;
        let model = random(extent, hidden, seed);
        let nodes = nodes(extent);
        let tables = Tables::<f64>::new(&model, &nodes);
        let hartley = spectrum::hartley(extent);
        let field = gaussian(volume, 77);
        let y = spectrum::transform(&hartley, &field);
        for stage in 0..SIGMAS.len() {
            let (h, _) = core(&tables, stage, &y);
            let (minus, _) = core(&tables, stage, &y.iter().map(|y| -y).collect::<Vec<_>>());
            assert!(h.iter().zip(&minus).all(|(a, b)| *a == -b), "Z2");
            let h = spectrum::transform(&hartley, &h);
            type Map = fn([usize; 2], usize) -> [usize; 2];
            let maps: [Map; 3] =
                [|[i, j], l| [(i + 1) % l, (j + 2) % l], |[i, j], _| [j, i], |[i, j], l| [(l - i) % l, j]];
            for map in maps {
                let move_field = |field: &[f64]| {
                    let mut out = vec![0.0; volume];
                    for x in 0..volume {
                        let [i, j] = map([x / extent, x % extent], extent);
                        out[i * extent + j] = field[x];
                    }
                    out
                };
                let (moved, _) = core(&tables, stage, &spectrum::transform(&hartley, &move_field(&field)));
                let moved = spectrum::transform(&hartley, &moved);
                let worst = moved.iter().zip(move_field(&h)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(worst < 1e-12 * (1.0 + rms(&h)), "{stage}: {worst:e}");
            }
        }
    }
}
