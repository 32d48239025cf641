//! A float model becomes an image: int8 weights with a scale a row, int16 tables, shifts as large as they may be.

use stoquant_core::diffusion::{Kernel, Magnetisation, Method};
use stoquant_core::score::int8::format::{
    ACTIVATION, ARGUMENT, CROSS, CUBIC, EVEN_SCALE, GAIN_BITS, Inputs, LARGEST_INT8, LARGEST_WEIGHT, LINEAR,
    MAGNETISATION, MATRIX, MEAN_SCALE, MEAN2_SCALE, OFFSET, ORBIT_SCALE, PHI, ROW_WEIGHT, SHARE_BITS, SKIP, STATE,
};
use stoquant_core::score::int8::image::{CELLS, EXTENTS, MAX_ROWS, ODD, Sampler, StageRecord};
use stoquant_core::score::int8::sampler::{orbit, share};
use stoquant_core::score::int8::{Q, Shape, Shifts};
use stoquant_core::score::network::{self, LOCAL_EVEN, LOCAL_ODD};

use super::encode::Parts;
use super::float::MEAN2;
use crate::generate::{SamplerKind, Settings};
use crate::model::Model;
use crate::tables;
use stoquant_experiment::experiment::InputError;

/// What the image shall do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// The reverse SDE, ancestral, in so many steps.
    Reverse {
        /// N.
        steps: usize,
        /// Rows of tables that the steps are interpolated from.
        rows: usize,
    },
    /// A flow in so many steps.
    Flow {
        /// Its method.
        method: Method,
        /// N.
        steps: usize,
    },
}

/// Rows of tables that the steps of a reverse process are interpolated from: their error is below that of 16 bits.
pub const ROWS: usize = 16;

impl Plan {
    /// Of a float sampler.
    pub fn of(sampler: SamplerKind, steps: usize) -> Result<Self, InputError> {
        let flow = |method| Ok(Self::Flow { method, steps });
        match sampler {
            SamplerKind::FlowEuler => flow(Method::Euler),
            SamplerKind::FlowHeun => flow(Method::Heun),
            SamplerKind::FlowAb2 => flow(Method::Ab2),
            SamplerKind::FlowRk4 => flow(Method::Rk4),
            SamplerKind::Ancestral => Ok(Self::Reverse { steps, rows: ROWS }),
            _ => Err(InputError(format!("sampler = {sampler}: int8 has the flows and ancestral"))),
        }
    }

    /// The number of steps must make sense.
    fn check(&self) -> Result<(), InputError> {
        let (steps, stages) = match *self {
            Self::Reverse { steps, .. } => (steps, steps),
            Self::Flow { method, steps } => {
                let points = if method == Method::Rk4 { 2 } else { 1 };
                // Beyond any that are allowed the number of evaluations does not matter, and must not overflow.
                (steps, method.nodes(steps.min(MAX_ROWS + 1) * points + 1))
            }
        };
        if steps < 2 || !(4..=MAX_ROWS).contains(&stages) {
            return Err(InputError(format!("steps = {steps}: an image has 4 to {MAX_ROWS} evaluations")));
        }
        if let Self::Reverse { rows, .. } = *self
            && !(4..MAX_ROWS).contains(&rows)
        {
            return Err(InputError(format!("rows = {rows}: must be 4 to {}", MAX_ROWS - 1)));
        }
        Ok(())
    }
}

/// A row at one σ, in real numbers.
struct Row {
    /// Filter of ŷ, by mode: u to ŷ.
    filter: Vec<f64>,
    /// Tables of the step, by mode.
    step: [Vec<f64>; 3],
    /// Units and scalars of the network.
    network: tables::Owned<f64>,
    /// A unit of h.
    scale: f64,
}

/// Chooses the largest shift at which `values` stay within `limit`.
fn shift_for(what: &str, values: impl Iterator<Item = f64>, limit: f64) -> Result<u32, InputError> {
    let largest = values.fold(0.0f64, |a, b| a.max(b.abs()));
    let shift = (limit / largest).log2().floor().min(20.0);
    if shift >= 1.0 {
        Ok(shift as u32)
    } else {
        Err(InputError(format!("{what} = {largest}: too large for this number format")))
    }
}

fn encode(what: &str, format: Q, x: f64) -> Result<i16, InputError> {
    format.encode(x).ok_or_else(|| {
        let (value, limit) = (format.units(x), format.limit);
        InputError(format!("{what} = {value:.1} units: beyond the {limit} of this number format"))
    })
}

/// The largest integer of 16 bits.
const FULL: f64 = i16::MAX as f64;

/// Weights of the four rows around `at`, in units of rows: Lagrange's, exact for cubics; their sum is exactly 1.
fn cubic(at: f64, rows: usize) -> (usize, [i16; 4]) {
    let first = (at.floor() as isize - 1).clamp(0, rows as isize - 4) as usize;
    let x = at - first as f64;
    let mut weights = [0i16; 4];
    for (i, weight) in weights.iter_mut().enumerate() {
        let mut w = 1.0;
        for j in (0..4).filter(|&j| j != i) {
            w *= (x - j as f64) / (i as f64 - j as f64);
        }
        *weight = ROW_WEIGHT.units(w).round() as i16;
    }
    let rest = ROW_WEIGHT.one() - weights.iter().map(|&w| i32::from(w)).sum::<i32>();
    if let Some(largest) = weights.iter_mut().max_by_key(|w| w.abs()) {
        *largest += rest as i16;
    }
    (first, weights)
}

/// What an image can hold.
fn check(model: &Model) -> Result<(), InputError> {
    let config = &model.config;
    let [low, high] = EXTENTS;
    if !(low..=high).contains(&config.extent) || config.extent % 2 == 1 {
        return Err(InputError(format!("extent = {}: int8 has even ones from {low} to {high}", config.extent)));
    }
    let off = |name: &str, columns: usize, kept: &[usize]| {
        model.data(name).chunks(columns).all(|row| row.iter().enumerate().all(|(i, &x)| x == 0.0 || kept.contains(&i)))
    };
    let local = off("scale.odd", network::ODD, &LOCAL_ODD)
        && off("scale.even_scale", network::EVEN, &LOCAL_EVEN)
        && model.data("linear").iter().all(|&x| x == 0.0);
    if local {
        Ok(())
    } else {
        Err(InputError::new(
            "this model has features that reach across the lattice: int8 needs one trained with `local`",
        ))
    }
}

/// r = √(a + σ²).
fn radius(a: f64, sigma: f64) -> f64 {
    (a + sigma * sigma).sqrt()
}

/// σ of the rows and the three tables of the step there, by mode; the stages.
type Schedule = (Sampler, Vec<(f64, [Vec<f64>; 3])>, Vec<StageRecord>);

fn schedule(model: &Model, plan: Plan, a: &[f64]) -> Schedule {
    let [low, high] = model.config.sigma;
    let r = |k: usize, sigma: f64| radius(a[k], sigma);
    let by_mode = |f: &dyn Fn(usize) -> f64| -> Vec<f64> { (0..a.len()).map(f).collect() };
    let mut rows: Vec<(f64, [Vec<f64>; 3])> = Vec::new();
    let mut stages = Vec::new();
    let only = |i: usize| core::array::from_fn(|n| if n == i { ROW_WEIGHT.one() as i16 } else { 0 });
    let sampler = match plan {
        Plan::Reverse { steps, rows: count } => {
            let ratio = (low / high).powf(1.0 / (steps - 1) as f64);
            let step = |from: f64, to: f64| {
                let posterior = model.by_shell(&model.at("posterior", from));
                let kernel = |k: usize| {
                    let free = 1.0 / (1.0 / a[k] + 1.0 / (from * from));
                    Kernel::ancestral(from, to, a[k], free * posterior[k])
                };
                [
                    by_mode(&|k| kernel(k).keep * r(k, from) / r(k, to)),
                    by_mode(&|k| kernel(k).pull / r(k, to)),
                    by_mode(&|k| kernel(k).amplitude() / r(k, to)),
                ]
            };
            let sigma = |part: f64| high * (low / high).powf(part);
            for n in 0..count {
                let from = sigma(n as f64 / (count - 1) as f64);
                rows.push((from, step(from, from * ratio)));
            }
            for n in 0..steps - 1 {
                let part = n as f64 / (steps - 1) as f64;
                let (row, weights) = cubic(part * (count - 1) as f64, count);
                stages.push(StageRecord { row, weights, closes: true, sigma: sigma(part) as f32 });
            }
            rows.push((low, step(low, 0.0)));
            stages.push(StageRecord { row: count - 3, weights: only(3), closes: true, sigma: low as f32 });
            Sampler::Reverse
        }
        Plan::Flow { method, steps } => {
            let (sampler, points) = match method {
                Method::Euler => (SamplerKind::FlowEuler, 1),
                Method::Heun => (SamplerKind::FlowHeun, 1),
                Method::Ab2 => (SamplerKind::FlowAb2, 1),
                Method::Rk4 => (SamplerKind::FlowRk4, 2),
            };
            let grid = Settings { sampler, steps, ..Settings::default() }.grid(model, points);
            let count = method.nodes(grid.len());
            for n in 0..count {
                let nodes: Vec<_> = a.iter().filter_map(|&a| method.node(&grid, n, a)).collect();
                let of = |f: &dyn Fn(&stoquant_core::diffusion::Node) -> f64| nodes.iter().map(f).collect();
                rows.push((nodes[0].sigma, [of(&|n| n.predict), of(&|n| n.weight), vec![0.0; a.len()]]));
                let row = n.min(count - 4);
                stages.push(StageRecord {
                    row,
                    weights: only(n - row),
                    closes: nodes[0].closes,
                    sigma: nodes[0].sigma as f32,
                });
            }
            Sampler::Flow
        }
    };
    (sampler, rows, stages)
}

/// Tables of the rows, with the filter, and h in units of its scale.
fn rows(model: &Model, sampler: Sampler, rows: Vec<(f64, [Vec<f64>; 3])>, a: &[f64]) -> Vec<Row> {
    let scale_of: Vec<f64> = rows.iter().map(|(sigma, _)| model.at("scale.h", *sigma)[0]).collect();
    let row = |(n, (sigma, [first, second, third])): (usize, (f64, [Vec<f64>; 3]))| {
        let network = tables::stage::<f64>(model, &tables::Node { sigma, trace: Vec::new() });
        let of_mode = |k: usize| match k {
            0 => 0.0,
            k => radius(a[k], sigma) * network.spectral.filter[k] * network.odd[0],
        };
        let filter = (0..a.len()).map(of_mode).collect();
        let scale = scale_of[n];
        // A flow predicts by the h before, in its units.
        let before = scale_of[n.saturating_sub(1)];
        let times = |table: Vec<f64>, by: f64| -> Vec<f64> { table.into_iter().map(|x| x * by).collect() };
        let step = match sampler {
            Sampler::Reverse => [first, times(second, scale), third],
            Sampler::Flow => [times(first, before), times(second, scale), third],
        };
        Row { filter, step, network, scale }
    };
    rows.into_iter().enumerate().map(row).collect()
}

/// The unit of a row of int8 weights: its largest is [`LARGEST_INT8`].
pub(super) fn row_scale(weights: &[f32]) -> f64 {
    f64::from(weights.iter().fold(0.0f32, |m, w| m.max(w.abs())).max(1e-12)) / f64::from(LARGEST_INT8)
}

/// A matrix of int8 weights.
struct Matrix {
    /// Row by row.
    weights: Vec<i8>,
    /// The unit of each row.
    units: Vec<f64>,
}

impl Matrix {
    /// The columns `kept` of a matrix of so many.
    fn new(weights: &[f32], columns: usize, kept: &[usize]) -> Self {
        let rows: Vec<Vec<f32>> = weights.chunks(columns).map(|row| kept.iter().map(|&i| row[i]).collect()).collect();
        let units: Vec<f64> = rows.iter().map(|row| row_scale(row)).collect();
        let int8 = |(row, unit): (&Vec<f32>, &f64)| -> Vec<i8> {
            row.iter().map(|&w| (f64::from(w) / unit).round_ties_even() as i8).collect()
        };
        Self { weights: rows.iter().zip(&units).flat_map(int8).collect(), units }
    }
}

/// The int8 weights of a hidden layer.
struct Layer {
    odd: Matrix,
    even: Matrix,
    /// What the integer 1 of an odd input stands for beside its format: that of an activation is 1/[`ACTIVATION`].
    input: f64,
}

impl Layer {
    /// Both layers of a model.
    fn both(model: &Model) -> [Self; 2] {
        let inner: Vec<usize> = (0..model.config.hidden[0]).collect();
        let even = |name: &str| Matrix::new(model.data(name), network::EVEN, &LOCAL_EVEN);
        [
            Self {
                odd: Matrix::new(model.data("first.odd"), network::ODD, &LOCAL_ODD),
                even: even("first.even"),
                input: 1.0,
            },
            Self {
                odd: Matrix::new(model.data("second.odd"), inner.len(), &inner),
                even: even("second.even"),
                input: 1.0 / ACTIVATION,
            },
        ]
    }

    /// Gains of the odd weights, with the units of these: those of a row of tables.
    fn gains(&self, units: &tables::Units<f64>) -> impl Iterator<Item = f64> {
        units.gain.iter().zip(&self.odd.units).map(|(gain, unit)| gain * unit * self.input)
    }
}

/// The fields of an image are scaled such that so many standard deviations of the softest mode fit.
const DEVIATIONS: f64 = 8.0;

/// Shifts as large as they may be: the more bits a number loses after a sum, the more it had in it.
fn shifts(rows: &[Row], end: &[f64], layers: &[Layer; 2]) -> Result<Shifts, InputError> {
    let largest = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
    let filter = rows.iter().map(|row| largest(&row.filter)).fold(0.0, f64::max);
    let softest = filter.max(largest(end));
    let bits = (FULL / (DEVIATIONS * softest)).log2().floor().min(f64::from(PHI.bits)) as i32;
    let per_state = Q::full(bits - STATE.bits);
    // The largest prepared weight is LARGEST_INT8 times a gain, which has 16 bits.
    let limit = (f64::from(LARGEST_WEIGHT) / f64::from(LARGEST_INT8)).min(FULL * 0.5f64.powi(GAIN_BITS as i32));
    let none = Shifts::default();
    let odd = |n: usize, what: &str| {
        let gains = rows.iter().flat_map(|row| layers[n].gains(&row.network.layers[n]));
        shift_for(what, gains.map(|gain| none.weight(n, Inputs::Odd).units(gain)), limit)
    };
    let even = |n: usize, what: &str| {
        let units = layers[n].even.units.iter();
        shift_for(what, units.map(|&unit| none.weight(n, Inputs::Even).units(unit)), limit)
    };
    let output =
        rows.iter().flat_map(|row| row.network.output.iter().map(|o| none.output().units(o / row.scale) / ACTIVATION));
    Ok(Shifts {
        filter: shift_for("filter", std::iter::once(per_state.units(softest)), FULL)?,
        sites: Shifts::sites_of(Q::full(bits)),
        modes: [MATRIX.bits as u32; 2],
        first: [odd(0, "weights of the first layer")?, even(0, "even weights of the first layer")?],
        second: [odd(1, "weights of the second layer")?, even(1, "even weights of the second layer")?],
        output: shift_for("output weights", output, FULL)?,
    })
}

/// Everything that a row of integers depends on beside its own numbers.
struct Encoder<'a> {
    sampler: Sampler,
    shifts: Shifts,
    m_max: f64,
    layers: &'a [Layer; 2],
    /// A mode of every orbit.
    representatives: &'a [usize],
}

impl Encoder<'_> {
    fn row(&self, row: &Row) -> Result<Vec<i16>, InputError> {
        let mut out = self.table("filter", self.shifts.filter(), &row.filter)?;
        for (table, format) in row.step.iter().zip(self.shifts.step(self.sampler)) {
            out.extend(self.table("step", format, table)?);
        }
        out.extend(self.units(row)?);
        out.extend(self.scalars(row)?);
        Ok(out)
    }

    /// A table by mode, of every orbit. The zero mode does not move.
    fn table(&self, what: &str, format: Q, table: &[f64]) -> Result<Vec<i16>, InputError> {
        let of_mode = |&mode: &usize| encode(what, format, if mode == 0 { 0.0 } else { table[mode] });
        self.representatives.iter().map(of_mode).collect()
    }

    /// Gains and biases of both layers, and the weights of the output.
    fn units(&self, row: &Row) -> Result<Vec<i16>, InputError> {
        let mut out = Vec::new();
        let largest = ARGUMENT.decode(ARGUMENT.limit);
        for (n, (units, layer)) in row.network.layers.iter().zip(self.layers).enumerate() {
            let format = self.shifts.gain(n, Inputs::Odd);
            for gain in layer.gains(units) {
                out.push(encode("gain", format, gain)?);
            }
            for bias in &units.bias {
                out.push(encode("bias", ARGUMENT, bias.clamp(-largest, largest))?);
            }
        }
        let unit = 1.0 / ACTIVATION / row.scale;
        for o in &row.network.output {
            out.push(encode("output weight", self.shifts.output(), o * unit)?);
        }
        Ok(out)
    }

    /// Single numbers, in the order of [`scalar`](stoquant_core::score::int8::stage::scalar). Features are of ŷ in
    /// units of its own scale.
    fn scalars(&self, Row { network: n, scale, .. }: &Row) -> Result<Vec<i16>, InputError> {
        let mut out = Vec::new();
        let mut put = |what: &str, format: Q, x: f64| encode(what, format, x).map(|integer| out.push(integer));
        let unscale = 1.0 / n.odd[0];
        for j in 1..4 {
            put("scale of a feature", ORBIT_SCALE, n.odd[j] * unscale)?;
        }
        for s in [n.odd[0], n.odd[4]] {
            put("scale of M", MEAN_SCALE, s * self.m_max)?;
        }
        for e in LOCAL_EVEN {
            let (format, unit) = match e {
                MEAN2 => (MEAN2_SCALE, [self.m_max; 2]),
                _ => (EVEN_SCALE, [unscale; 2]),
            };
            put("scale of an even feature", format, n.even[e][1] * unit[0] * unit[1])?;
        }
        for e in LOCAL_EVEN {
            put("mean of an even feature", OFFSET, n.even[e][0] * n.even[e][1])?;
        }
        for j in 0..ODD {
            put("skip weight", SKIP, n.skip[j] / scale)?;
        }
        for e in LOCAL_EVEN {
            put("cross weight", CROSS, n.cross[e] * unscale / scale)?;
        }
        put("linear weight", LINEAR, n.local[0] * unscale / scale)?;
        put("cubic weight", CUBIC, n.local[1] * unscale.powi(3) / scale)?;
        Ok(out)
    }
}

/// A mode of every orbit.
fn representatives(shape: &Shape) -> Vec<usize> {
    let (l, half) = (shape.extent, shape.extent / 2);
    let mut out = vec![0; shape.orbits()];
    for i in 0..=half {
        for j in i..=half {
            out[orbit(l, i, j)] = i * l + j;
        }
    }
    out
}

/// The first line of H.
fn matrix(extent: usize) -> Result<Vec<i16>, InputError> {
    let line = |k: usize| {
        let angle = 2.0 * std::f64::consts::PI * k as f64 / extent as f64;
        encode("H", MATRIX, (angle.cos() + angle.sin()) / (extent as f64).sqrt())
    };
    (0..extent).map(line).collect()
}

/// The image's contents.
pub fn quantize(model: &Model, plan: Plan) -> Result<Parts, InputError> {
    plan.check()?;
    check(model)?;
    let config = &model.config;
    let a: Vec<f64> = model.linear().into_iter().map(f64::recip).collect();
    let (sampler, nodes, stages) = schedule(model, plan, &a);
    let rows = rows(model, sampler, nodes, &a);
    let end: Vec<f64> = a.iter().enumerate().map(|(k, &a)| if k == 0 { 0.0 } else { radius(a, 0.0) }).collect();
    let layers = Layer::both(model);
    let shifts = shifts(&rows, &end, &layers)?;
    let shape = Shape { extent: config.extent, hidden: config.hidden, rows: rows.len(), stages: stages.len() };
    let representatives = representatives(&shape);
    // Rounded up: nothing is beyond.
    let largest = encode("largest |M|", PHI, PHI.units(config.magnetisation[1]).ceil() * PHI.unit())?;
    let m_max = PHI.decode(largest);
    let encoder = Encoder { sampler, shifts, m_max, layers: &layers, representatives: &representatives };
    let even_gains = layers.iter().enumerate().flat_map(|(n, layer)| {
        let format = shifts.gain(n, Inputs::Even);
        layer.even.units.iter().map(move |&unit| encode("even gain", format, unit))
    });
    Ok(Parts {
        shape,
        sampler,
        shifts,
        largest,
        couplings: [config.couplings.kappa, config.couplings.b, config.couplings.lambda, config.mass2],
        matrix: matrix(config.extent)?,
        magnetisation: quantiles(model.data("magnetisation"), config.magnetisation, m_max)?,
        end: encoder.table("end", shifts.filter(), &end)?,
        gains: even_gains.collect::<Result<_, _>>()?,
        rows: rows.iter().map(|row| encoder.row(row)).collect::<Result<_, _>>()?,
        stages,
        weights: layers.into_iter().flat_map(|Layer { odd, even, .. }| [odd.weights, even.weights].concat()).collect(),
    })
}

/// Ends of the cells of |M| in units of M_max, of the format [`MAGNETISATION`].
fn quantiles(density: &[f32], [low, high]: [f64; 2], m_max: f64) -> Result<Vec<i16>, InputError> {
    let density: Vec<f64> = density.iter().map(|&p| f64::from(p)).collect();
    let mut cumulative = vec![0.0; density.len()];
    let law = Magnetisation::new(low, high, &density, &mut cumulative).map_err(InputError::new)?;
    let mut below = 0_u64;
    let ends = (0..=CELLS).map(|n| {
        // The word whose draw is this quantile, positive.
        let word = if n == CELLS { !1 } else { below << (64 - SHARE_BITS) };
        below += u64::from(share(n.min(CELLS - 1)));
        (MAGNETISATION.units(law.draw(word) / m_max).round() as i16).min(MAGNETISATION.limit)
    });
    Ok(ends.collect())
}
