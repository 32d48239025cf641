//! A stage of an image in real numbers: what the integers stand for, without their roundings. The divergence of a flow
//! is taken of this.

use stoquant_core::machine::Portable;
use stoquant_core::score::Score;
use stoquant_core::score::int8::format::{
    ACTIVATION, ARGUMENT, CROSS, CUBIC, EVEN_SCALE, Inputs, LINEAR, MAGNETISATION, MEAN_SCALE, MEAN2_SCALE, OFFSET,
    ORBIT_SCALE, Q, SKIP, STATE,
};
use stoquant_core::score::int8::image::ODD;
use stoquant_core::score::int8::stage::{ODD_PAIRS, scalar};
use stoquant_core::score::int8::{Image, Stage as Integers};
use stoquant_core::score::network::{self as float, LOCAL_EVEN};

use crate::spectrum::{self, Orbit};
use crate::tables::{Owned, Spectral, Tables, Units};

/// M² among the even features of a float network.
pub(super) const MEAN2: usize = 4;

/// Spread over all modes.
fn by_mode(table: &[i16], extent: usize, format: Q) -> Vec<f64> {
    // Of all modes, or of the quadrant.
    let side = if table.len() == extent * extent { extent } else { extent / 2 + 1 };
    let fold = |n: usize| if side == extent { n } else { n.min(extent - n) };
    (0..extent * extent).map(|k| format.decode(table[fold(k / extent) * side + fold(k % extent)])).collect()
}

/// A stage in real numbers. The network is one of u (not of y), its features and its h those of the image.
pub struct FloatStage {
    extent: usize,
    tables: Tables<f64>,
    /// ĥ.
    score: Q,
    /// Real coefficients of the step, by mode: (keep, pull, amplitude) of u, h, η, or (predict, weight).
    pub step: [Vec<f64>; 3],
}

impl FloatStage {
    /// Of a prepared stage.
    pub fn new(image: &Image<'_>, stage: &Integers<'_>) -> Self {
        let (shape, shifts) = (image.shape(), image.shifts());
        let (l, [h1, h2]) = (shape.extent, shape.hidden);
        let scalars = stage.scalars();
        let at = |format: Q, n: usize| format.decode(scalars[n]);
        let mut filter = by_mode(stage.spectral(0), l, shifts.filter());
        filter[0] = at(MEAN_SCALE, scalar::MEAN);
        let formats = shifts.step(image.sampler());
        let step = [0, 1, 2].map(|n| {
            let mut table = by_mode(stage.spectral(n + 1), l, formats[n]);
            table[0] = 0.0;
            table
        });
        // Odd weights, so many columns a unit, and even ones.
        let weights = |layer: usize, pairs: usize, columns: usize| -> [Vec<f64>; 2] {
            let [odd_format, even_format] = [Inputs::Odd, Inputs::Even].map(|inputs| shifts.weight(layer, inputs));
            // The integer of an activation is ACTIVATION times what it stands for.
            let input = if layer == 0 { 1.0 } else { ACTIVATION };
            let (mut odd, mut even) = (Vec::new(), Vec::new());
            for unit in 0..stage.biases(layer).len() {
                let row: Vec<[i16; 2]> = stage.unit(layer, unit).collect();
                let (of_odd, of_even) = (row[..pairs].as_flattened(), row[pairs..].as_flattened());
                let line = of_odd.iter().map(|&w| odd_format.decode(w) * input);
                odd.extend(line.chain(std::iter::repeat(0.0)).take(columns));
                let mut wide = [0.0; float::EVEN];
                for (&w, at) in of_even.iter().zip(LOCAL_EVEN) {
                    wide[at] = even_format.decode(w);
                }
                even.extend(wide);
            }
            [odd, even]
        };
        let [w1, u1] = weights(0, ODD_PAIRS, float::ODD);
        let [w2, u2] = weights(1, h1.div_ceil(2), h1);
        // The gains of an image are in its weights.
        let units = |layer: usize, count: usize| Units {
            gain: vec![1.0; count],
            bias: stage.biases(layer).iter().map(|&b| ARGUMENT.decode(b)).collect(),
        };
        let mut odd = [0.0; float::ODD];
        odd[0] = 1.0;
        for j in 1..4 {
            odd[j] = at(ORBIT_SCALE, scalar::ORBITS + j - 1);
        }
        odd[4] = at(MEAN_SCALE, scalar::MEAN + 1);
        let mut even = [[0.0; 2]; float::EVEN];
        let mut cross = [0.0; float::EVEN];
        for (i, feature) in LOCAL_EVEN.into_iter().enumerate() {
            let scale = at(if feature == MEAN2 { MEAN2_SCALE } else { EVEN_SCALE }, scalar::EVEN + i);
            let mean = if scale == 0.0 { 0.0 } else { at(OFFSET, scalar::OFFSET + i) / scale };
            even[feature] = [mean, scale];
            cross[feature] = at(CROSS, scalar::CROSS + i);
        }
        let mut skip = [0.0; float::ODD];
        for j in 0..ODD {
            skip[j] = at(SKIP, scalar::SKIP + j);
        }
        let mean = |table: &[f64]| table.iter().sum::<f64>() / table.len() as f64;
        let product = |a: &[f64], b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a * b).collect() };
        // Of a flow, the weights of h are the trace kernel.
        let contracted = product(&step[1], &filter);
        let along = |orbit| mean(&product(&contracted, &spectrum::symbol(l, orbit)));
        let zero = || vec![0.0; l * l];
        let owned = Owned {
            kappa: [mean(&contracted), along(Orbit::Axes(1)), along(Orbit::Diagonals), along(Orbit::Axes(2)), 0.0],
            spectral: Spectral {
                filter,
                wide: zero(),
                tree: zero(),
                bubble: zero(),
                linear: [zero(), zero(), zero()],
                trace_tree: zero(),
                trace_bubble: zero(),
            },
            layers: [units(0, h1), units(1, h2)],
            output: stage.output().iter().map(|&o| shifts.output().decode(o) * ACTIVATION).collect(),
            odd,
            even,
            local: [at(LINEAR, scalar::LINEAR), at(CUBIC, scalar::CUBIC)],
            skip,
            cross,
            linear: [0.0; 3],
        };
        Self { extent: l, tables: Tables::of(l, [w1, u1, w2, u2], owned), score: shifts.score_modes(), step }
    }

    /// ĥ of a mode from its integer.
    pub fn h(&self, h: i16) -> f64 {
        self.score.decode(h)
    }

    /// Σ_k weight_k ∂h_k/∂u_k of a flow, at the integers `u` and M/M_max = `m`.
    pub fn divergence(&self, m: i16, u: &[i16]) -> f64 {
        let mut h = vec![0.0; u.len()];
        self.remainder(&self.modes(m, u), &mut h)
    }

    /// Real modes from integers, with M as mode 0.
    pub fn modes(&self, m: i16, u: &[i16]) -> Vec<f64> {
        let mut modes: Vec<f64> = u.iter().map(|&u| STATE.decode(u)).collect();
        modes[0] = self.extent as f64 * MAGNETISATION.decode(m);
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
