//! A stage of an image in real numbers: what the integers stand for, without their roundings. The divergence of a flow is taken of this.

use stoquant_core::int8::arithmetic::LARGEST_ACTIVATION;
use stoquant_core::int8::image::{ODD, Sampler};
use stoquant_core::int8::sampler::STATE_FRACTION;
use stoquant_core::int8::stage::{ODD_PAIRS, scalar};
use stoquant_core::int8::{Image, Stage as Integers};
use stoquant_core::machine::Portable;
use stoquant_core::score::Score;
use stoquant_core::score::network::{self as float, LOCAL_EVEN};

use crate::spectrum::{self, Orbit};
use crate::tables::{Owned, Tables};

fn exp2(n: i32) -> f64 {
    2f64.powi(n)
}

/// Spread over all modes.
fn by_mode(table: &[i16], extent: usize, unit: f64) -> Vec<f64> {
    // Of all modes, or of the quadrant.
    let side = if table.len() == extent * extent { extent } else { extent / 2 + 1 };
    let fold = |n: usize| if side == extent { n } else { n.min(extent - n) };
    (0..extent * extent).map(|k| f64::from(table[fold(k / extent) * side + fold(k % extent)]) * unit).collect()
}

/// A stage in real numbers. The network is one of u (not of y), its features those of the image, h in units of 2^11.
pub struct FloatStage {
    extent: usize,
    tables: Tables<f64>,
    /// A unit of ĥ.
    unit: f64,
    /// Real coefficients of the step, by mode: (keep, pull, amplitude) of u, h, η, or (predict, weight).
    pub step: [Vec<f64>; 3],
}

impl FloatStage {
    /// Of a prepared stage.
    pub fn new(image: &Image<'_>, stage: &Integers<'_>) -> Self {
        let (shape, shifts) = (image.shape(), image.shifts());
        let (l, [h1, h2]) = (shape.extent, shape.hidden);
        let s = stage.scalars().map(f64::from);
        // Modes have as many fractional bits as make 11 of the sites'.
        let modes = shifts.sites as i32 - 2;
        let mut filter = by_mode(stage.spectral(0), l, exp2(STATE_FRACTION as i32 - shifts.filter as i32 - modes));
        filter[0] = s[scalar::MEAN] * exp2(-11);
        let h_modes = 11 + 26 - shifts.modes[0] as i32 - shifts.modes[1] as i32;
        let units = match image.sampler() {
            Sampler::Reverse => [exp2(-14), exp2(h_modes - 26), exp2(-14)],
            Sampler::Flow => [exp2(h_modes - 26), exp2(h_modes - 26), 0.0],
        };
        let step = [0, 1, 2].map(|n| {
            let mut table = by_mode(stage.spectral(n + 1), l, units[n]);
            table[0] = 0.0;
            table
        });
        let activation = f64::from(LARGEST_ACTIVATION) / 2.0;
        let weights = |layer: usize, inputs: usize, pairs: usize, columns: usize, units: [f64; 2]| -> [Vec<f64>; 2] {
            let (mut odd, mut even) = (Vec::new(), Vec::new());
            for unit in 0..stage.biases(layer).len() {
                let row: Vec<[i16; 2]> = stage.unit(layer, unit).collect();
                let flat = |pairs: &[[i16; 2]]| -> Vec<f64> { pairs.iter().flatten().map(|&w| f64::from(w)).collect() };
                let mut line = flat(&row[..pairs]);
                line.resize(inputs.max(columns), 0.0);
                line.truncate(columns);
                odd.extend(line.into_iter().map(|w| w * units[0]));
                let mut wide = [0.0; float::EVEN];
                for (w, at) in flat(&row[pairs..]).into_iter().zip(LOCAL_EVEN) {
                    wide[at] = w * units[1];
                }
                even.extend(wide);
            }
            [odd, even]
        };
        let shift = |n: u32| -(n as i32);
        let [w1, u1] = weights(
            0,
            ODD,
            ODD_PAIRS,
            float::ODD,
            [exp2(shift(shifts.first[0]) + 11 - 13), exp2(shift(shifts.first[1]) + 10 - 13)],
        );
        let [w2, u2] = weights(
            1,
            h1,
            h1.div_ceil(2),
            h1,
            [exp2(shift(shifts.second[0]) - 13) * activation, exp2(shift(shifts.second[1]) + 10 - 13)],
        );
        let biases = |layer: usize| stage.biases(layer).iter().map(|&b| f64::from(b) * exp2(-13)).collect();
        let output = exp2(shift(shifts.output) - 11) * activation;
        let mut odd = [0.0; float::ODD];
        odd[0] = 1.0;
        for j in 1..4 {
            odd[j] = s[scalar::ORBITS + j - 1] * exp2(-14);
        }
        odd[4] = s[scalar::MEAN + 1] * exp2(-11);
        let mut even = [[0.0; 2]; float::EVEN];
        let mut cross = [0.0; float::EVEN];
        for (i, at) in LOCAL_EVEN.into_iter().enumerate() {
            let unit = if at == 4 { exp2(-10) } else { exp2(-12) };
            let scale = s[scalar::EVEN + i] * unit;
            let mean = if scale == 0.0 { 0.0 } else { s[scalar::OFFSET + i] * exp2(-10) / scale };
            even[at] = [mean, scale];
            cross[at] = s[scalar::CROSS + i] * exp2(-11);
        }
        let mut skip = [0.0; float::ODD];
        for j in 0..ODD {
            skip[j] = s[scalar::SKIP + j] * exp2(-12);
        }
        let mean = |table: &[f64]| table.iter().sum::<f64>() / table.len() as f64;
        let product = |a: &[f64], b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a * b).collect() };
        // Of a flow, the weights of h are the trace kernel.
        let contracted = product(&step[1], &filter);
        let along = |orbit| mean(&product(&contracted, &spectrum::symbol(l, orbit)));
        let zero = || vec![0.0; l * l];
        let owned = Owned {
            kappa: [mean(&contracted), along(Orbit::Axes(1)), along(Orbit::Diagonals), along(Orbit::Axes(2)), 0.0],
            spectral: [filter, zero(), zero(), zero(), zero(), zero(), zero(), zero(), zero()],
            units: [
                vec![1.0; h1],
                biases(0),
                vec![1.0; h2],
                biases(1),
                stage.output().iter().map(|&o| f64::from(o) * output).collect(),
            ],
            odd,
            even,
            local: [s[scalar::LINEAR] * exp2(-12), s[scalar::CUBIC] * exp2(-13)],
            skip,
            cross,
            linear: [0.0; 3],
        };
        Self { extent: l, tables: Tables::of(l, [w1, u1, w2, u2], owned), unit: exp2(-h_modes), step }
    }

    /// ĥ of a mode from its integer.
    pub fn h(&self, h: i16) -> f64 {
        f64::from(h) * self.unit
    }

    /// Σ_k weight_k ∂h_k/∂u_k of a flow, at the integers `u` and M/M_max = `m`.
    pub fn divergence(&self, m: i16, u: &[i16]) -> f64 {
        let mut h = vec![0.0; u.len()];
        self.remainder(&self.modes(m, u), &mut h)
    }

    /// Real modes from integers, with M as mode 0.
    pub fn modes(&self, m: i16, u: &[i16]) -> Vec<f64> {
        let mut modes: Vec<f64> = u.iter().map(|&u| f64::from(u) * exp2(-(STATE_FRACTION as i32))).collect();
        modes[0] = self.extent as f64 * f64::from(m) * exp2(-14);
        modes
    }

    /// h of the modes `u`, mode 0 of which is L·M/M_max, and Σ_k weight_k ∂h_k/∂u_k.
    pub fn remainder(&self, u: &[f64], h: &mut [f64]) -> f64 {
        let evaluated = self.tables.with(|network| {
            let mut work = vec![0.0; Score::<f64>::work(network)];
            network.remainder::<true, _>(Portable, 0, u, h, &mut work)
        });
        // The lengths are those of an image that has been checked.
        evaluated.unwrap_or(f64::NAN)
    }
}
