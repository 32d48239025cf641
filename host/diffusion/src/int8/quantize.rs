//! A float model becomes an image: int8 weights with a scale a row, int16 tables, shifts as large as they may be.

use stoquant_core::diffusion::{Kernel, Magnetisation, Method};
use stoquant_core::int8::arithmetic::LARGEST_ACTIVATION;
use stoquant_core::int8::hartley::FRACTION;
use stoquant_core::int8::image::{CELLS, EVEN, EXTENTS, MAX_ROWS, ODD, Sampler, StageRecord};
use stoquant_core::int8::sampler::{STATE_FRACTION, orbit, share};
use stoquant_core::int8::stage::LARGEST_WEIGHT;
use stoquant_core::int8::{Shape, Shifts};
use stoquant_core::score::network::{self, LOCAL_EVEN, LOCAL_ODD};

use super::encode::Parts;
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

/// A row at one σ, in real numbers: the spectral tables by mode, units and scalars of the network.
struct Row {
    spectral: [Vec<f64>; 4],
    network: tables::Owned<f64>,
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

fn int16(what: &str, value: f64, limit: f64) -> Result<i16, InputError> {
    let rounded = value.round_ties_even();
    if rounded.abs() <= limit {
        Ok(rounded as i16)
    } else {
        Err(InputError(format!("{what} = {value:.1} units: beyond the {limit} of this number format")))
    }
}

const FULL: f64 = 32767.0;

/// Units of an activation: 63.5 of them are 1.
const ACTIVATION: f64 = LARGEST_ACTIVATION as f64 / 2.0;

fn exp2(n: i32) -> f64 {
    2f64.powi(n)
}

/// Weights of the four rows around `at`, in units of rows: Lagrange's, exact for cubics; 14 fractional bits, sum exactly 1.
fn cubic(at: f64, rows: usize) -> (usize, [i16; 4]) {
    let first = (at.floor() as isize - 1).clamp(0, rows as isize - 4) as usize;
    let x = at - first as f64;
    let mut weights = [0i16; 4];
    for (i, weight) in weights.iter_mut().enumerate() {
        let mut w = 1.0;
        for j in (0..4).filter(|&j| j != i) {
            w *= (x - j as f64) / (i as f64 - j as f64);
        }
        *weight = (w * exp2(14)).round() as i16;
    }
    let rest = (1 << 14) - weights.iter().map(|&w| i32::from(w)).sum::<i32>();
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
    let only = |i: usize| core::array::from_fn(|n| if n == i { 1 << 14 } else { 0 });
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

/// Arguments of the activation have 13 fractional bits: from odd features with 11, even ones with 10, activations of 63.5 a unit.
const FROM_ODD: f64 = 4.0;
const FROM_EVEN: f64 = 8.0;
const FROM_UNIT: f64 = 8192.0 / ACTIVATION;

fn up(shift: u32, bits: i32) -> f64 {
    exp2(shift as i32 + bits)
}

/// Everything that a row of integers depends on beside its own numbers.
struct Formats<'a> {
    sampler: Sampler,
    shifts: Shifts,
    /// Fractional bits of the modes of ŷ.
    modes: i32,
    m_max: f64,
    /// Units of the weights, layer by layer and row by row.
    scales: &'a [Vec<f64>],
    /// A mode of every orbit.
    representatives: &'a [usize],
}

impl Formats<'_> {
    fn row(&self, row: &Row) -> Result<Vec<i16>, InputError> {
        let Row { spectral, network: n, scale } = row;
        let mut out = Vec::new();
        let units = match self.sampler {
            Sampler::Reverse => [exp2(self.modes - 12 + self.shifts.filter as i32), exp2(14), exp2(15), exp2(14)],
            Sampler::Flow => [exp2(self.modes - 12 + self.shifts.filter as i32), exp2(15), exp2(15), 0.0],
        };
        for (name, (table, unit)) in ["filter", "step", "step", "step"].iter().zip(spectral.iter().zip(units)) {
            for &mode in self.representatives {
                // The zero mode does not move.
                out.push(if mode == 0 { 0 } else { int16(name, table[mode] * unit, FULL)? });
            }
        }
        let mut put = |what: &str, values: &mut dyn Iterator<Item = f64>, limit: f64| -> Result<(), InputError> {
            for value in values {
                out.push(int16(what, value, limit)?);
            }
            Ok(())
        };
        for (layer, unit) in [(0, FROM_ODD), (1, FROM_UNIT)] {
            let scales = &self.scales[2 * layer];
            let by = unit * up(shifts_of(&self.shifts, layer)[0], 9);
            put("gain", &mut n.units[2 * layer].iter().zip(scales).map(|(g, s)| g * s * by), FULL)?;
            let clip = |b: &f64| (b * exp2(13)).clamp(-FULL, FULL);
            put("bias", &mut n.units[2 * layer + 1].iter().map(clip), FULL)?;
        }
        let by = up(self.shifts.output, 11) / ACTIVATION / scale;
        put("output weight", &mut n.units[4].iter().map(|o| o * by), FULL)?;
        let unscale = 1.0 / n.odd[0];
        put("scale of a feature", &mut (1..4).map(|j| n.odd[j] * unscale * exp2(14)), FULL)?;
        put("scale of M", &mut [n.odd[0], n.odd[4]].into_iter().map(|s| s * self.m_max * exp2(11)), FULL)?;
        let even = |i: usize| match LOCAL_EVEN[i] {
            4 => n.even[4][1] * self.m_max * self.m_max * exp2(10),
            e => n.even[e][1] * unscale * unscale * exp2(12),
        };
        put("scale of an even feature", &mut (0..EVEN).map(even), FULL)?;
        put("mean of an even feature", &mut LOCAL_EVEN.iter().map(|&e| n.even[e][0] * n.even[e][1] * exp2(10)), FULL)?;
        put("skip weight", &mut (0..ODD).map(|j| n.skip[j] / scale * exp2(12)), 8192.0)?;
        put("cross weight", &mut LOCAL_EVEN.iter().map(|&e| n.cross[e] * unscale / scale * exp2(11)), 8192.0)?;
        put("linear weight", &mut std::iter::once(n.local[0] * unscale / scale * exp2(12)), FULL)?;
        put("cubic weight", &mut std::iter::once(n.local[1] * unscale.powi(3) / scale * exp2(13)), FULL)?;
        Ok(out)
    }
}

/// The unit of a row of int8 weights: its largest is 127.
pub(super) fn row_scale(weights: &[f32]) -> f64 {
    f64::from(weights.iter().fold(0.0f32, |m, w| m.max(w.abs())).max(1e-12)) / 127.0
}

/// The image's contents.
pub fn quantize(model: &Model, plan: Plan) -> Result<Parts, InputError> {
    plan.check()?;
    check(model)?;
    let config = &model.config;
    let (l, [h1, h2]) = (config.extent, config.hidden);
    let a: Vec<f64> = model.linear().into_iter().map(f64::recip).collect();
    let r = |k: usize, sigma: f64| radius(a[k], sigma);
    let by_mode = |f: &dyn Fn(usize) -> f64| -> Vec<f64> { (0..a.len()).map(f).collect() };

    let (sampler, rows, stages) = schedule(model, plan, &a);
    let scale_of: Vec<f64> = rows.iter().map(|(sigma, _)| model.at("scale.h", *sigma)[0]).collect();
    let rows: Vec<Row> = rows
        .into_iter()
        .enumerate()
        .map(|(n, (sigma, tables))| {
            let network = tables::stage::<f64>(model, &tables::Node { sigma, trace: Vec::new() });
            let scale = scale_of[n];
            let filter = by_mode(&|k| if k == 0 { 0.0 } else { r(k, sigma) * network.spectral[0][k] * network.odd[0] });
            let [first, second, third] = tables;
            // A flow predicts by the h before, in its units.
            let before = scale_of[n.saturating_sub(1)];
            let times = |table: Vec<f64>, by: f64| -> Vec<f64> { table.into_iter().map(|x| x * by).collect() };
            let tables = match sampler {
                Sampler::Reverse => [first, times(second, scale), third],
                Sampler::Flow => [times(first, before), times(second, scale), third],
            };
            let [first, second, third] = tables;
            Row { spectral: [filter, first, second, third], network, scale }
        })
        .collect();

    // Fields: eight standard deviations of the softest mode fit.
    let all = |f: &dyn Fn(&Row) -> f64| rows.iter().map(f).fold(0.0f64, f64::max);
    let filter = all(&|row| row.spectral[0].iter().copied().fold(0.0, f64::max));
    let end: Vec<f64> = by_mode(&|k| if k == 0 { 0.0 } else { r(k, 0.0) });
    let softest = filter.max(end.iter().copied().fold(0.0, f64::max));
    let modes = (FULL / (8.0 * softest)).log2().floor().min(12.0) as i32;
    let shift = shift_for("filter", std::iter::once(softest * exp2(modes - STATE_FRACTION as i32)), FULL)?;
    let first = model.data("first.odd");
    let second = model.data("second.odd");
    let used = |weights: &[f32], columns: usize, pick: &[usize]| -> Vec<Vec<f32>> {
        weights.chunks(columns).map(|row| pick.iter().map(|&i| row[i]).collect()).collect()
    };
    let inner: Vec<usize> = (0..h1).collect();
    let layers = [
        used(first, network::ODD, &LOCAL_ODD),
        used(model.data("first.even"), network::EVEN, &LOCAL_EVEN),
        used(second, h1, &inner),
        used(model.data("second.even"), network::EVEN, &LOCAL_EVEN),
    ];
    let scales: Vec<Vec<f64>> = layers.iter().map(|rows| rows.iter().map(|row| row_scale(row)).collect()).collect();
    let weights: Vec<i8> = layers
        .iter()
        .zip(&scales)
        .flat_map(|(rows, scales)| rows.iter().zip(scales))
        .flat_map(|(row, scale)| row.iter().map(move |&w| (f64::from(w) / scale).round_ties_even() as i8))
        .collect();
    // weight·gain at unit argument scale, for the largest weight of each row.
    let gains = |layer: usize, unit: f64| {
        let scales = &scales[2 * layer];
        rows.iter().flat_map(move |row| row.network.units[2 * layer].iter().zip(scales).map(move |(g, s)| g * s * unit))
    };
    let evens = |layer: usize, unit: f64| scales[2 * layer + 1].iter().map(move |s| s * unit);
    // The gain that makes it is an int16 with 9 fractional bits more.
    let limit = (f64::from(LARGEST_WEIGHT) / 127.0).min(FULL / exp2(9));
    let shifts = Shifts {
        filter: shift,
        sites: (FRACTION as i32 + modes - 11) as u32,
        modes: [FRACTION, FRACTION],
        first: [
            shift_for("weights of the first layer", gains(0, FROM_ODD), limit)?,
            shift_for("even weights of the first layer", evens(0, FROM_EVEN), limit)?,
        ],
        second: [
            shift_for("weights of the second layer", gains(1, FROM_UNIT), limit)?,
            shift_for("even weights of the second layer", evens(1, FROM_EVEN), limit)?,
        ],
        output: shift_for(
            "output weights",
            rows.iter().flat_map(|row| row.network.units[4].iter().map(|o| o / row.scale * exp2(11) / ACTIVATION)),
            FULL,
        )?,
    };
    let shape = Shape { extent: l, hidden: [h1, h2], rows: rows.len(), stages: stages.len() };
    let mut representatives = vec![0; shape.orbits()];
    for i in 0..=l / 2 {
        for j in i..=l / 2 {
            representatives[orbit(l, i, j)] = i * l + j;
        }
    }
    let largest = int16("largest |M|", (config.magnetisation[1] * exp2(12)).ceil(), FULL)?;
    let m_max = f64::from(largest) / exp2(12);
    let formats = Formats { sampler, shifts, modes, m_max, scales: &scales, representatives: &representatives };
    let encoded = rows.iter().map(|row| formats.row(row)).collect::<Result<_, _>>()?;
    let line = |k: usize| {
        let angle = 2.0 * std::f64::consts::PI * k as f64 / l as f64;
        ((angle.cos() + angle.sin()) / (l as f64).sqrt() * exp2(FRACTION as i32)).round_ties_even() as i16
    };
    let even_gains = [(0, shifts.first[1]), (1, shifts.second[1])];
    Ok(Parts {
        shape,
        sampler,
        shifts,
        largest,
        couplings: [config.couplings.kappa, config.couplings.b, config.couplings.lambda, config.mass2],
        matrix: (0..l).map(line).collect(),
        magnetisation: quantiles(model.data("magnetisation"), config.magnetisation, m_max)?,
        end: representatives
            .iter()
            .map(|&mode| int16("end", end[mode] * exp2(modes - 12 + shift as i32), FULL))
            .collect::<Result<_, _>>()?,
        gains: even_gains
            .iter()
            .flat_map(|&(layer, s)| evens(layer, FROM_EVEN * up(s, 9)).collect::<Vec<_>>())
            .map(|g| int16("even gain", g, FULL))
            .collect::<Result<_, _>>()?,
        rows: encoded,
        stages,
        weights,
    })
}

fn shifts_of(shifts: &Shifts, layer: usize) -> [u32; 2] {
    if layer == 0 { shifts.first } else { shifts.second }
}

/// Ends of the cells of |M| in units of M_max/2^14.
fn quantiles(density: &[f32], [low, high]: [f64; 2], m_max: f64) -> Result<Vec<i16>, InputError> {
    let density: Vec<f64> = density.iter().map(|&p| f64::from(p)).collect();
    let mut cumulative = vec![0.0; density.len()];
    let law = Magnetisation::new(low, high, &density, &mut cumulative).map_err(InputError::new)?;
    let mut below = 0_u64;
    let ends = (0..=CELLS).map(|n| {
        // The word whose draw is this quantile, positive.
        let word = if n == CELLS { !1 } else { below << 45 };
        below += u64::from(share(n.min(CELLS - 1)));
        ((law.draw(word) / m_max * exp2(14)).round() as i16).min(1 << 14)
    });
    Ok(ends.collect())
}
