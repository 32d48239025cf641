//! The network for training: h of a configuration, and the derivative of its loss by every parameter. The core's own
//! evaluation is written apart from it, and tested against it.
//!
//! ```text
//! h = T[ŷ(4λŷ² + 12λv - μ) + γ·(Σ_j o_j a_j + Σ_i s_i x_i + x₀ Σ_i c_i e_i + p x₀³)]
//!   + Σ_nr (l_nr M^2r) R_n(k) W_k A_k y_k,   W_k = 1/(1 + σ²A_k)
//! ```
//!
//! x and e are the features as they are scaled, a the activations of the second layer at a site, R the hat functions in
//! |k̂|. γ, o, s, c, p and l are rows at σ of tables by knot. The chain rule is applied by hand, backwards through the
//! same steps.

use stoquant_core::arith::Real;
use stoquant_core::machine::{Machine, Pass};

use super::features::{Features, Input, Slopes};
use super::lanes::{LANES, dot, matrix, outer, product, rows, total};
use super::lattice::{Lattice, add};
use super::layer::{Backward, Forward, Layer, Units};
use super::parameters::{EVEN, Gradient, ODD, Parameters, Tables, Weights, at};
use stoquant_engines::simd::{MachineKind, Threads, Work, with_machine};

/// Normalisation of the features and of h: tables with a row for each knot, or one row, theirs at a σ.
#[derive(Clone, Debug)]
pub struct Scales<R> {
    /// Factors of the odd features.
    pub odd: Vec<R>,
    /// Taken from the even features.
    pub even_mean: Vec<R>,
    /// Factors of what is left of them.
    pub even_scale: Vec<R>,
    /// γ.
    pub h: Vec<R>,
}

impl<R: Real> Scales<R> {
    /// By name.
    pub fn named(&self) -> [(&'static str, &Vec<R>); 4] {
        [
            ("scale.odd", &self.odd),
            ("scale.even_mean", &self.even_mean),
            ("scale.even_scale", &self.even_scale),
            ("scale.h", &self.h),
        ]
    }

    fn at(&self, hat: &[R]) -> Self {
        Self {
            odd: at(hat, &self.odd),
            even_mean: at(hat, &self.even_mean),
            even_scale: at(hat, &self.even_scale),
            h: at(hat, &self.h),
        }
    }
}

/// The network with its parameters of the moment.
pub struct Network<'a, R> {
    lattice: &'a Lattice<R>,
    parameters: &'a Parameters<R>,
    scales: &'a Scales<R>,
    transposed: [Weights<R>; 2],
    machine: MachineKind,
}

impl<'a, R: Real> Network<'a, R> {
    /// Of these parameters, evaluated on `machine`, which changes no bit.
    pub fn new(
        machine: MachineKind,
        lattice: &'a Lattice<R>,
        parameters: &'a Parameters<R>,
        scales: &'a Scales<R>,
    ) -> Self {
        Self {
            lattice,
            parameters,
            scales,
            transposed: parameters.weights.each_ref().map(Weights::transposed),
            machine,
        }
    }

    /// h, mode by mode.
    pub fn remainder(&self, input: &Input<R>) -> Vec<R> {
        with_machine(self.machine, Threads::One, Remainder { network: self, input })
    }

    /// The loss `Σ_k weight_k (h_k - target_k)²`; adds its derivative to `gradient`.
    pub fn learn(&self, input: &Input<R>, target: &[R], weight: &[R], gradient: &mut Gradient<R>) -> f64 {
        with_machine(self.machine, Threads::One, Learn { network: self, input, target, weight, gradient })
    }

    /// The two layers with their tables at σ.
    fn layers<'b>(&'b self, row: &'b Tables<R>) -> [Layer<'b, R>; 2] {
        let [first, second] = &self.parameters.weights;
        let [first_transposed, second_transposed] = &self.transposed;
        [
            Layer { weights: first, transposed: first_transposed, table: &row.first },
            Layer { weights: second, transposed: second_transposed, table: &row.second },
        ]
    }

    fn forward<M: Machine>(&self, machine: M, input: &Input<R>) -> Evaluation<R> {
        let lattice = self.lattice;
        let (row, scales) = (self.parameters.tables.at(&input.hat), self.scales.at(&input.hat));
        let features = Features::new(machine, lattice, input, row.mass2());
        let odd = matrix(&features.odd, |n, x| x * scales.odd[n]);
        let even = matrix(&features.even, |n, e| (e - scales.even_mean[n]) * scales.even_scale[n]);
        let [first, second] = self.layers(&row);
        let first = machine.run(Forward { layer: first, x: &odd, e: &even });
        let second = machine.run(Forward { layer: second, x: &first.a, e: &even });
        let output = machine.run(Output { row: &row, x: &odd, e: &even, a: &second.a });
        let [mut sites] = rows(&output, input.y.len(), |_, x| x * scales.h[0]);
        let slope = lattice.slope(features.variance);
        for (slot, &y) in sites.iter_mut().zip(&features.odd[0]) {
            *slot += y * (R::of(4.0) * lattice.lambda * y * y + slope);
        }
        let mut h = lattice.transform(machine, &sites);
        let mut linear = vec![R::ZERO; h.len()];
        for (radial, l) in lattice.radial.iter().zip(row.linear.chunks_exact(3)) {
            let l = dot(l, &powers(input.m));
            linear.iter_mut().zip(radial).for_each(|(slot, &r)| *slot += l * r);
        }
        add(&mut h, &linear, &lattice.drift(input.sigma2, &input.y));
        Evaluation { row, scales, features, odd, even, layers: [first, second], h }
    }

    /// Adds to `gradient` what comes of the derivatives `by_h` of the loss.
    fn backward<M: Machine>(
        &self,
        machine: M,
        input: &Input<R>,
        evaluation: Evaluation<R>,
        by_h: &[R],
        gradient: &mut Gradient<R>,
    ) {
        let (lattice, volume) = (self.lattice, input.y.len());
        let Evaluation { row, scales, features, odd, even, layers: [first, second], .. } = evaluation;
        let mut by_row = row.zeros();
        let drift = lattice.drift(input.sigma2, &input.y);
        let by_linear: Vec<R> = drift.iter().zip(by_h).map(|(&drift, &by)| drift * by).collect();
        for (radial, slots) in lattice.radial.iter().zip(by_row.linear.chunks_exact_mut(3)) {
            let by = dot(radial, &by_linear);
            slots.iter_mut().zip(powers(input.m)).for_each(|(slot, power)| *slot = by * power);
        }

        let by_sites = [lattice.transform(machine, by_h)];
        let by_output = matrix(&by_sites, |_, by| by * scales.h[0]);
        let zeros = |like: &[R]| vec![R::ZERO; like.len()];
        let (mut da, mut by_first) = (zeros(&second.a), zeros(&first.a));
        let (mut dx, mut de) = (zeros(&odd), zeros(&even));
        let output = Output { row: &row, x: &odd, e: &even, a: &second.a };
        machine.run(OutputBackward { output, by: &by_output, da: &mut da, dx: &mut dx, de: &mut de, row: &mut by_row });
        let [layer1, layer2] = self.layers(&row);
        let [weights1, weights2] = &mut gradient.weights;
        machine.run(Backward {
            forward: Forward { layer: layer2, x: &first.a, e: &even },
            units: second,
            da: &da,
            dx: &mut by_first,
            de: &mut de,
            weights: weights2,
            table: &mut by_row.second,
        });
        machine.run(Backward {
            forward: Forward { layer: layer1, x: &odd, e: &even },
            units: first,
            da: &by_first,
            dx: &mut dx,
            de: &mut de,
            weights: weights1,
            table: &mut by_row.first,
        });

        let mut by_odd: [Vec<R>; ODD] = rows(&dx, volume, |n, x| x * scales.odd[n]);
        let by_even: [Vec<R>; EVEN] = rows(&de, volume, |n, e| e * scales.even_scale[n]);
        let [by_sites] = by_sites;
        let (twelve, slope) = (R::of(12.0) * lattice.lambda, lattice.slope(features.variance));
        let field = &features.odd[0];
        for ((slot, &y), &by) in by_odd[0].iter_mut().zip(field).zip(&by_sites) {
            *slot += by * (twelve * y * y + slope);
        }
        let by_features = Slopes { odd: by_odd, even: by_even, variance: twelve * dot(field, &by_sites) };
        by_row.set_by_mass2(row.mass2(), features.by_mass2(machine, lattice, input, by_features));
        gradient.tables.spread(&input.hat, &by_row);
    }
}

/// 1, M², M⁴.
fn powers<R: Real>(m: R) -> [R; 3] {
    [R::ONE, m * m, m * m * (m * m)]
}

/// What the backward pass needs of the forward one, and h.
struct Evaluation<R> {
    row: Tables<R>,
    scales: Scales<R>,
    features: Features<R>,
    odd: Vec<R>,
    even: Vec<R>,
    layers: [Units<R>; 2],
    h: Vec<R>,
}

/// The learned sum at every site: (1, S).
#[derive(Clone, Copy)]
struct Output<'a, R> {
    row: &'a Tables<R>,
    x: &'a [R],
    e: &'a [R],
    a: &'a [R],
}

impl<R: Real> Output<'_, R> {
    /// Σ_i c_i e_i.
    #[inline(always)]
    fn cross(&self) -> Vec<R> {
        let stride = self.e.len() / EVEN;
        let mut out = vec![R::ZERO; stride];
        product(stride, &self.row.cross, self.e, &mut out);
        out
    }
}

impl<R: Real> Pass for Output<'_, R> {
    type Output = Vec<R>;

    #[inline(always)]
    fn pass(self) -> Vec<R> {
        let Self { row, x, a, .. } = self;
        let (cross, cubic) = (self.cross(), row.cubic[0]);
        let mut out = vec![R::ZERO; cross.len()];
        product(out.len(), &row.output, a, &mut out);
        product(out.len(), &row.skip, x, &mut out);
        for ((out, &cross), &x) in out.iter_mut().zip(&cross).zip(x) {
            *out += x * (cross + cubic * x * x);
        }
        out
    }
}

/// Back through it: adds to the derivatives by a, x and e, fills the row's.
struct OutputBackward<'a, 'o, R> {
    output: Output<'a, R>,
    by: &'a [R],
    da: &'o mut [R],
    dx: &'o mut [R],
    de: &'o mut [R],
    row: &'o mut Tables<R>,
}

impl<R: Real> Pass for OutputBackward<'_, '_, R> {
    type Output = ();

    #[inline(always)]
    fn pass(self) {
        let Self { output, by, da, dx, de, row: by_row } = self;
        let Output { row, x, e, a } = output;
        let (stride, cross, cubic) = (by.len(), output.cross(), row.cubic[0]);
        let (mut by_cross, mut by_cubic) = (vec![R::ZERO; stride], vec![R::ZERO; stride]);
        product(stride, &row.output, by, da);
        product(stride, &row.skip, by, dx);
        for ((dx, &by), (&x, &cross)) in dx.iter_mut().zip(by).zip(x.iter().zip(&cross)) {
            *dx += by * (cross + R::of(3.0) * cubic * x * x);
        }
        for ((by_cross, by_cubic), (&by, &x)) in by_cross.iter_mut().zip(&mut by_cubic).zip(by.iter().zip(x)) {
            *by_cross = by * x;
            *by_cubic = x * x;
        }
        product(stride, &row.cross, &by_cross, de);
        by_row.cubic[0] = dot(&by_cross, &by_cubic);
        let table = |d: &[R], x: &[R], slots: &mut [R]| {
            let mut sums = vec![[R::ZERO; LANES]; slots.len()];
            outer(stride, d, x, &mut sums);
            slots.iter_mut().zip(&sums).for_each(|(slot, sum)| *slot = total(sum));
        };
        table(by, a, &mut by_row.output);
        table(by, x, &mut by_row.skip);
        table(&by_cross, e, &mut by_row.cross);
    }
}

struct Remainder<'a, R> {
    network: &'a Network<'a, R>,
    input: &'a Input<R>,
}

impl<R: Real> Work for Remainder<'_, R> {
    type Result = Vec<R>;

    fn on<M: Machine>(self, machine: M) -> Vec<R> {
        self.network.forward(machine, self.input).h
    }
}

struct Learn<'a, 'g, R> {
    network: &'a Network<'a, R>,
    input: &'a Input<R>,
    target: &'a [R],
    weight: &'a [R],
    gradient: &'g mut Gradient<R>,
}

impl<R: Real> Work for Learn<'_, '_, R> {
    type Result = f64;

    fn on<M: Machine>(self, machine: M) -> f64 {
        let Self { network, input, target, weight, gradient } = self;
        let evaluation = network.forward(machine, input);
        let mut loss = 0.0;
        let of_mode = |((&h, &target), &weight): ((&R, &R), &R)| {
            let error = h - target;
            loss += (weight * error * error).value();
            R::of(2.0) * weight * error
        };
        let by_h: Vec<R> = evaluation.h.iter().zip(target).zip(weight).map(of_mode).collect();
        network.backward(machine, input, evaluation, &by_h, gradient);
        loss
    }
}
