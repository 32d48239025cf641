//! What is learned, and how it begins.

use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use stoquant_core::arith::Real;

use super::lanes::{LANES, Lanes, total};
use stoquant_diffusion::model::Config;
use stoquant_diffusion::spectrum::RADIAL;

/// Odd and even features, see the core's network.
pub use stoquant_core::score::network::{EVEN, ODD};

/// The logarithm of the filter's mass² is learned in units of this: it has far to go.
const MASS_RATE: f64 = 2.0;

/// Weights of a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights<T> {
    /// Of its odd inputs: (units, inputs).
    pub odd: Vec<T>,
    /// Of its even ones: (units, EVEN).
    pub even: Vec<T>,
}

/// Tables with a row for each knot in ln σ; or one row, theirs at a σ.
#[derive(Clone, Debug, PartialEq)]
pub struct Tables<R> {
    /// ln of the filter's mass², in units of the rate.
    mass: Vec<R>,
    /// Gains of the first layer, then its biases.
    pub first: Vec<R>,
    /// Of the second layer.
    pub second: Vec<R>,
    /// Output weights.
    pub output: Vec<R>,
    /// Weights of the odd features.
    pub skip: Vec<R>,
    /// Weights of ŷ times an even feature.
    pub cross: Vec<R>,
    /// Weight of ŷ³.
    pub cubic: Vec<R>,
    /// Linear term: nodes in |k̂| times powers of M².
    pub linear: Vec<R>,
}

/// Parameters, or a number for each of them: a derivative, a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters<R> {
    /// Of the two layers.
    pub weights: [Weights<R>; 2],
    /// By knot.
    pub tables: Tables<R>,
}

/// The row of a table at a σ whose interpolation weights are `hat`.
pub fn at<R: Real>(hat: &[R], table: &[R]) -> Vec<R> {
    let mut row = vec![R::ZERO; table.len() / hat.len()];
    for (&hat, knot) in hat.iter().zip(table.chunks_exact(row.len())) {
        row.iter_mut().zip(knot).for_each(|(slot, &x)| *slot += hat * x);
    }
    row
}

impl<R: Real> Weights<R> {
    fn units(&self) -> usize {
        self.even.len() / EVEN
    }

    /// Rows and columns exchanged.
    pub fn transposed(&self) -> Self {
        let units = self.units();
        let turned = |w: &[R]| {
            let columns = w.len() / units;
            (0..w.len()).map(|i| w[i % units * columns + i / units]).collect()
        };
        Self { odd: turned(&self.odd), even: turned(&self.even) }
    }

    fn map<S>(&self, of: impl Fn(&R) -> S) -> Weights<S> {
        Weights { odd: self.odd.iter().map(&of).collect(), even: self.even.iter().map(&of).collect() }
    }
}

impl<R: Real> Tables<R> {
    fn map(&self, of: impl Fn(&[R]) -> Vec<R>) -> Self {
        Self {
            mass: of(&self.mass),
            first: of(&self.first),
            second: of(&self.second),
            output: of(&self.output),
            skip: of(&self.skip),
            cross: of(&self.cross),
            cubic: of(&self.cubic),
            linear: of(&self.linear),
        }
    }

    fn each(&self) -> [&Vec<R>; 8] {
        let Self { mass, first, second, output, skip, cross, cubic, linear } = self;
        [mass, first, second, output, skip, cross, cubic, linear]
    }

    fn each_mut(&mut self) -> [&mut Vec<R>; 8] {
        let Self { mass, first, second, output, skip, cross, cubic, linear } = self;
        [mass, first, second, output, skip, cross, cubic, linear]
    }

    /// The rows at a σ.
    pub fn at(&self, hat: &[R]) -> Self {
        self.map(|table| at(hat, table))
    }

    /// As long as these, all 0.
    pub fn zeros(&self) -> Self {
        self.map(|table| vec![R::ZERO; table.len()])
    }

    /// Adds to the derivative by the tables what comes of that by the rows at a σ.
    pub fn spread(&mut self, hat: &[R], rows: &Self) {
        for (table, row) in self.each_mut().into_iter().zip(rows.each()) {
            for (&hat, knot) in hat.iter().zip(table.chunks_exact_mut(row.len())) {
                knot.iter_mut().zip(row).for_each(|(slot, &x)| *slot += hat * x);
            }
        }
    }

    /// The filter's mass² of a single row.
    pub fn mass2(&self) -> R {
        R::of((MASS_RATE * self.mass[0].value()).exp())
    }

    /// In a row of derivatives: that by what gives `mass2`, from that by the mass² itself.
    pub fn set_by_mass2(&mut self, mass2: R, by_mass2: R) {
        self.mass[0] = R::of(MASS_RATE) * mass2 * by_mass2;
    }
}

impl<R: Real> Parameters<R> {
    /// As they begin: the output is zero, so that h starts at first order in λ.
    pub fn new(config: &Config, seed: u64) -> Self {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let (knots, [h1, h2]) = (config.knots, config.hidden);
        let mut random = |count: usize, width: f64| -> Vec<R> {
            let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
            (0..count).map(|_| R::of(width * normal())).collect()
        };
        // Inputs have unit variance, and so have the arguments of the activation, about; even inputs begin as a
        // perturbation.
        let mut layer = |units: usize, inputs: usize, width: f64| Weights {
            odd: random(units * inputs, width / (inputs as f64).sqrt()),
            even: random(units * EVEN, 0.1),
        };
        let zeros = |columns: usize| vec![R::ZERO; knots * columns];
        Self {
            weights: [layer(h1, ODD, 0.5), layer(h2, h1, 1.0)],
            tables: Tables {
                mass: vec![R::of(config.mass2.max(0.05).ln() / MASS_RATE); knots],
                first: table(knots, h1),
                second: table(knots, h2),
                output: zeros(h2),
                skip: zeros(ODD),
                cross: zeros(EVEN),
                cubic: zeros(1),
                linear: zeros(RADIAL * 3),
            },
        }
    }

    /// As many, all 0.
    pub fn zeros(&self) -> Self {
        Self { weights: self.weights.each_ref().map(|w| w.map(|_| R::ZERO)), tables: self.tables.zeros() }
    }

    /// By name.
    pub fn named(&self) -> [(&'static str, &Vec<R>); 12] {
        let [first, second] = &self.weights;
        let [mass, t1, t2, output, skip, cross, cubic, linear] = self.tables.each();
        let ([w1, u1], [w2, u2]) = ([&first.odd, &first.even], [&second.odd, &second.even]);
        named([mass, w1, u1, t1, w2, u2, t2, output, skip, cross, cubic, linear])
    }

    /// By name.
    pub fn named_mut(&mut self) -> [(&'static str, &mut Vec<R>); 12] {
        let [first, second] = &mut self.weights;
        let [mass, t1, t2, output, skip, cross, cubic, linear] = self.tables.each_mut();
        let ([w1, u1], [w2, u2]) = ([&mut first.odd, &mut first.even], [&mut second.odd, &mut second.even]);
        named([mass, w1, u1, t1, w2, u2, t2, output, skip, cross, cubic, linear])
    }

    /// All numbers.
    pub fn numbers(&self) -> impl Iterator<Item = &R> {
        self.named().into_iter().flat_map(|(_, numbers)| numbers)
    }

    /// All numbers, in the same order.
    pub fn numbers_mut(&mut self) -> impl Iterator<Item = &mut R> {
        self.named_mut().into_iter().flat_map(|(_, numbers)| numbers)
    }

    /// What a model holds: name, shape and numbers.
    pub fn trained(&self) -> impl Iterator<Item = (&'static str, Vec<usize>, Vec<R>)> {
        let knots = self.tables.mass.len();
        let units = self.weights.each_ref().map(Weights::units);
        self.named().into_iter().map(move |(name, numbers)| match name {
            "mass" => ("filter.ln_mass", vec![knots], numbers.iter().map(|&mass| R::of(MASS_RATE) * mass).collect()),
            "cubic" => (name, vec![knots], numbers.clone()),
            _ => {
                let rows = match name {
                    "first.odd" | "first.even" => units[0],
                    "second.odd" | "second.even" => units[1],
                    _ => knots,
                };
                (name, vec![rows, numbers.len() / rows], numbers.clone())
            }
        })
    }
}

fn named<T>([mass, w1, u1, t1, w2, u2, t2, output, skip, cross, cubic, linear]: [T; 12]) -> [(&'static str, T); 12] {
    [
        ("mass", mass),
        ("first.odd", w1),
        ("first.even", u1),
        ("first.table", t1),
        ("second.odd", w2),
        ("second.even", u2),
        ("second.table", t2),
        ("output", output),
        ("skip", skip),
        ("cross", cross),
        ("cubic", cubic),
        ("linear", linear),
    ]
}

/// Gains 1, and biases spread over the range of the activation.
fn table<R: Real>(knots: usize, units: usize) -> Vec<R> {
    let bias = |unit: usize| R::of(1.5 * (unit as f64 + 0.5) / units as f64);
    let row: Vec<R> = (0..2 * units).map(|i| if i < units { R::ONE } else { bias(i - units) }).collect();
    row.repeat(knots)
}

/// The derivative of a loss by all parameters, as it is summed over configurations.
pub struct Gradient<R> {
    /// Lane by lane: the lanes come together in the end.
    pub weights: [Weights<Lanes<R>>; 2],
    /// By knot.
    pub tables: Tables<R>,
}

impl<R: Real> Gradient<R> {
    /// Of nothing yet.
    pub fn new(parameters: &Parameters<R>) -> Self {
        Self {
            weights: parameters.weights.each_ref().map(|w| w.map(|_| [R::ZERO; LANES])),
            tables: parameters.tables.zeros(),
        }
    }

    /// The sum.
    pub fn sum(self) -> Parameters<R> {
        let whole = |w: Weights<Lanes<R>>| Weights {
            odd: w.odd.iter().map(total).collect(),
            even: w.even.iter().map(total).collect(),
        };
        Parameters { weights: self.weights.map(whole), tables: self.tables }
    }
}
