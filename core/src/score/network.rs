//! The score network: what the physics leaves over, learned.
//!
//! ```text
//! h = ŷ(p₁ + p₃ŷ²) + Σ_j s_j f_j + ŷ Σ_i c_i e_i + MLP(f; e)   local, sites alike
//!   + T[(l₀ + l₁M² + l₂M⁴)_k y_k]                               linear, mode by mode
//! ```
//!
//! ŷ = T[F_k y_k] is the filtered field. The features f are odd in the field, e even; they are sums over orbits of the
//! lattice's symmetries, so the network has its translations, reflections, rotations and φ → -φ exactly, whatever its
//! weights. An activation takes an odd z and an even β: s(z + β) + s(z - β) is odd, see the module
//! [`layer`](super::layer).
//!
//! The divergence is exact, in closed form: a feature is local in ŷ, or a convolution of ŷ² or ŷ³, and its derivative
//! with respect to the modes, contracted with the trace kernel t, is another convolution. With G(r) = (1/V) Σ_k t_k F_k
//! cos kr, the tangent of ŷ is G(0), that of Σ_r K(r) ŷ²(x + r) is 2 Σ_r K(r) G(r) ŷ(x + r), and so on; one forward
//! derivative a site follows.

use super::Score;
use super::hartley::Hartley;
use super::layer::{BLOCK, Layer, Pair, layer};
use super::stencil::{DIAGONALS, NEIGHBOURS, SECOND, stencil};
use crate::arith::Real;
use crate::error::{Error, check_length};
use crate::lattice::{parts, segment, segment_mut};
use crate::machine::Machine;

/// Odd features: ŷ, its sums over 4 neighbours, 4 diagonals and 4 sites at distance 2, M, the wide-filtered field, the
/// convolution of ŷ³.
pub const ODD: usize = 7;
/// Even features: ŷ², its sums over 4 neighbours and 4 diagonals, its convolution, M².
pub const EVEN: usize = 5;
/// The features that reach a few sites only, and M: ŷ and its three sums; ŷ² and its two, M².
pub const LOCAL_ODD: [usize; 5] = [0, 1, 2, 3, 4];
/// See [`LOCAL_ODD`].
pub const LOCAL_EVEN: [usize; 4] = [0, 1, 2, 4];
/// Most units of a hidden layer.
pub const MAX_HIDDEN: usize = 128;

/// What is the same at all stages.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a, R> {
    /// First layer: odd inputs, `hidden × ODD`, and even ones, `hidden × EVEN`.
    pub first: Layer<'a, R>,
    /// Second layer: `hidden × hidden`, and even inputs, `hidden × EVEN`.
    pub second: Layer<'a, R>,
}

/// What belongs to one stage. Spectral tables have V entries, tables of units `hidden`.
#[derive(Clone, Copy, Debug)]
pub struct Stage<'a, R> {
    /// F_k, the filter of ŷ.
    pub filter: &'a [R],
    /// Filter of the wide feature.
    pub wide: &'a [R],
    /// Convolution of ŷ³.
    pub tree: &'a [R],
    /// Convolution of ŷ².
    pub bubble: &'a [R],
    /// l₀, l₁, l₂.
    pub linear: [&'a [R]; 3],
    /// Gain and bias of the first layer's units.
    pub first: [&'a [R]; 2],
    /// Gain and bias of the second layer's units.
    pub second: [&'a [R]; 2],
    /// Output weights.
    pub output: &'a [R],
    /// Scale of each odd feature.
    pub odd: [R; ODD],
    /// Mean and scale of each even feature.
    pub even: [[R; 2]; EVEN],
    /// p₁, p₃.
    pub local: [R; 2],
    /// s_j.
    pub skip: [R; ODD],
    /// c_i.
    pub cross: [R; EVEN],
    /// For the trace alone.
    pub trace: Trace<'a, R>,
}

/// The contractions of a stage with its trace kernel t.
#[derive(Clone, Copy, Debug)]
pub struct Trace<'a, R> {
    /// (1/V) Σ_k t_k K_k of the linear features: ŷ, neighbours, diagonals, distance 2, wide.
    pub kappa: [R; 5],
    /// Convolution of 3ŷ²: Σ_r P(r) G(r) cos kr.
    pub tree: &'a [R],
    /// Convolution of 2ŷ: Σ_r B(r) G(r) cos kr, times the filter of ŷ.
    pub bubble: &'a [R],
    /// Σ_k t_k l_k of the three linear tables.
    pub linear: [f64; 3],
}

/// A network with the tables of its stages.
///
/// Whatever its numbers, h is odd in the field, bit for bit:
///
/// ```
/// use stoquant_core::machine::Portable;
/// use stoquant_core::score::layer::Layer;
/// use stoquant_core::score::network::{EVEN, Network, ODD, Stage, Trace, Weights};
/// use stoquant_core::score::{Hartley, Score};
///
/// // L = 2, one unit a layer.
/// let (mut matrix, table, unit) = ([0.0_f64; 4], [0.5; 4], [0.3]);
/// Hartley::fill(2, &mut matrix);
/// let (odd, even) = ([0.2; ODD], [-0.1; EVEN]);
/// let first = Layer { odd: &odd, even: &even };
/// let weights = Weights { first, second: Layer { odd: &unit, even: &even } };
/// let trace = Trace { kappa: [0.0; 5], tree: &table, bubble: &table, linear: [0.0; 3] };
/// let stages = [Stage {
///     filter: &table, wide: &table, tree: &table, bubble: &table, linear: [&table; 3],
///     first: [&unit; 2], second: [&unit; 2], output: &unit,
///     odd: [1.0; ODD], even: [[0.1, 2.0]; EVEN], local: [0.4, 0.1], skip: [0.2; ODD], cross: [0.3; EVEN], trace,
/// }];
/// let network = Network::new(Hartley::new(2, &matrix)?, weights, &stages)?;
///
/// let (y, mut h) = ([0.7, -1.1, 0.4, 0.2], [[0.0; 4]; 2]);
/// let mut work = vec![0.0; network.work()];
/// network.remainder::<false, _>(Portable, 0, &y, &mut h[0], &mut work);
/// network.remainder::<false, _>(Portable, 0, &y.map(|y| -y), &mut h[1], &mut work);
/// assert!(h[0].iter().all(|h| h.abs() > 0.0));
/// assert_eq!(h[0], h[1].map(|h| -h));
/// # Ok::<(), stoquant_core::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Network<'a, R> {
    hartley: Hartley<'a, R>,
    weights: Weights<'a, R>,
    /// Units of the layers.
    hidden: [usize; 2],
    stages: &'a [Stage<'a, R>],
}

impl<'a, R: Real> Network<'a, R> {
    /// A network; every length is checked here, and nowhere after.
    ///
    /// # Errors
    ///
    /// [`Error::Length`] where weights, a hidden layer or a stage do not fit the lattice or each other.
    pub fn new(hartley: Hartley<'a, R>, weights: Weights<'a, R>, stages: &'a [Stage<'a, R>]) -> Result<Self, Error> {
        let volume = hartley.volume();
        let h1 = weights.first.units(ODD)?;
        let h2 = weights.second.units(h1)?;
        if h1 > MAX_HIDDEN || h2 > MAX_HIDDEN {
            return Err(Error::Length { what: "hidden layer", got: h1.max(h2), want: MAX_HIDDEN });
        }
        for stage in stages {
            let Stage { filter, wide, tree, bubble, linear: [l0, l1, l2], trace, .. } = stage;
            for table in [filter, wide, tree, bubble, l0, l1, l2, &trace.tree, &trace.bubble] {
                check_length("spectral table", table.len(), volume)?;
            }
            let [(g1, b1), (g2, b2)] = [stage.first, stage.second].map(|[g, b]| (g, b));
            check_length("gains of the first layer", g1.len(), h1)?;
            check_length("biases of the first layer", b1.len(), h1)?;
            check_length("gains of the second layer", g2.len(), h2)?;
            check_length("biases of the second layer", b2.len(), h2)?;
            check_length("output weights", stage.output.len(), h2)?;
        }
        Ok(Self { hartley, weights, hidden: [h1, h2], stages })
    }

    /// Features of the whole lattice, and with `TRACE` their tangents.
    fn features<const TRACE: bool, M: Machine>(
        &self,
        machine: M,
        stage: &Stage<'_, R>,
        y: &[R],
        fields: &mut Fields<'_, R>,
    ) {
        let Fields { odd, even, odd_tangent, even_tangent, modes, scratch } = fields;
        let (l, volume) = (self.hartley.extent(), self.hartley.volume());
        let m = y.first().copied().unwrap_or(R::ZERO) / R::of(l as f64);
        let odds = (parts(odd, [volume; ODD]), parts(odd_tangent, [volume; ODD]));
        let evens = (parts(even, [volume; EVEN]), parts(even_tangent, [volume; EVEN]));
        let ((Some((odds, _)), Some((odd_tangents, _))), (Some((evens, _)), Some((even_tangents, _)))) = (odds, evens)
        else {
            return;
        };
        let [field, nn, diagonal, second, mean, wide, tree] = odds;
        let [square, square_nn, square_diagonal, bubble, mean2] = evens;
        machine.run(|| {
            multiply(modes, stage.filter, y);
            self.hartley.transform(machine, modes, field, scratch);
            stencil(l, field, nn, NEIGHBOURS);
            stencil(l, field, diagonal, DIAGONALS);
            stencil(l, field, second, SECOND);
            mean.fill(m);
            multiply(modes, stage.wide, y);
            self.hartley.transform(machine, modes, wide, scratch);

            multiply(square, field, field);
            stencil(l, square, square_nn, NEIGHBOURS);
            stencil(l, square, square_diagonal, DIAGONALS);
            mean2.fill(m * m);
            // The transform of ŷ² serves its convolution, and the tangent of that of ŷ³.
            self.hartley.transform(machine, square, modes, scratch);
            if TRACE {
                let [t0, t1, t2, t3, tm, tw, tt] = odd_tangents;
                let tangents = [t0, t1, t2, t3, tw].into_iter().zip(stage.trace.kappa);
                tangents.for_each(|(tangent, kappa)| tangent.fill(kappa));
                tm.fill(R::ZERO);
                multiply(bubble, stage.trace.tree, modes);
                self.hartley.transform(machine, bubble, tree, scratch);
                scaled(tt, R::of(3.0), tree);
            }
            multiply(tree, stage.bubble, modes);
            self.hartley.transform(machine, tree, bubble, scratch);
            multiply(modes, square, field);
            self.hartley.transform(machine, modes, tree, scratch);
            multiply(modes, stage.tree, tree);
            self.hartley.transform(machine, modes, tree, scratch);
            if TRACE {
                let [t0, t1, t2, tb, tm] = even_tangents;
                let [k0, k1, k2, ..] = stage.trace.kappa;
                scaled(t0, R::of(2.0) * k0, field);
                scaled(t1, R::of(0.5) * k1, nn);
                scaled(t2, R::of(0.5) * k2, diagonal);
                multiply(modes, stage.trace.bubble, y);
                self.hartley.transform(machine, modes, tm, scratch);
                scaled(tb, R::of(2.0), tm);
                tm.fill(R::ZERO);
            }
        });
        machine.run(|| {
            for (n, &scale) in stage.odd.iter().enumerate() {
                segment_mut(odd, n * volume, volume).iter_mut().for_each(|f| *f *= scale);
                if TRACE {
                    segment_mut(odd_tangent, n * volume, volume).iter_mut().for_each(|f| *f *= scale);
                }
            }
            for (n, &[mean, scale]) in stage.even.iter().enumerate() {
                segment_mut(even, n * volume, volume).iter_mut().for_each(|e| *e = (*e - mean) * scale);
                if TRACE {
                    segment_mut(even_tangent, n * volume, volume).iter_mut().for_each(|e| *e *= scale);
                }
            }
        });
    }

    /// h of the sites `start..start + out.len()`, and with `TRACE` the sum of their tangents.
    fn block<const TRACE: bool, M: Machine>(
        &self,
        machine: M,
        stage: &Stage<'_, R>,
        start: usize,
        fields: &Fields<'_, R>,
        [a, da, b, db, beta, dbeta]: [&mut [R]; 6],
        out: &mut [R],
    ) -> f64 {
        let volume = self.hartley.volume();
        let cols = out.len();
        let odd = Pair { value: tail(fields.odd, start), tangent: tail(fields.odd_tangent, start), row: volume };
        let even = Pair { value: tail(fields.even, start), tangent: tail(fields.even_tangent, start), row: volume };
        let betas = [&mut *beta, &mut *dbeta];
        layer::<TRACE, R, M>(machine, &self.weights.first, stage.first, odd, even, [&mut *a, &mut *da], betas, cols);
        let inner = Pair { value: &*a, tangent: &*da, row: BLOCK };
        let betas = [&mut *beta, &mut *dbeta];
        layer::<TRACE, R, M>(
            machine,
            &self.weights.second,
            stage.second,
            inner,
            even,
            [&mut *b, &mut *db],
            betas,
            cols,
        );

        machine.run(|| {
            // ŷ is the first odd feature, before its scale.
            let unscale = R::ONE / stage.odd[0];
            let ([p1, p3], three) = (stage.local, R::of(3.0));
            let mut sum = [R::ZERO; BLOCK];
            let mut tangent = [R::ZERO; BLOCK];
            let value = segment(odd.value, 0, cols);
            for (slot, &f) in sum.iter_mut().zip(value) {
                let y = f * unscale;
                *slot = y * (p1 + p3 * y * y);
            }
            if TRACE {
                for (slot, &f) in tangent.iter_mut().zip(value) {
                    let y = f * unscale;
                    *slot = (p1 + three * p3 * y * y) * stage.trace.kappa[0];
                }
            }
            for (n, &skip) in stage.skip.iter().enumerate() {
                add(&mut sum, skip, segment(odd.value, n * volume, cols));
                if TRACE {
                    add(&mut tangent, skip, segment(odd.tangent, n * volume, cols));
                }
            }
            for (n, &cross) in stage.cross.iter().enumerate() {
                let cross = cross * unscale;
                let e = segment(even.value, n * volume, cols);
                for (slot, (&e, &f)) in sum.iter_mut().zip(e.iter().zip(value)) {
                    *slot += cross * e * f;
                }
                if TRACE {
                    let (de, df) = (segment(even.tangent, n * volume, cols), segment(odd.tangent, 0, cols));
                    let sites = e.iter().zip(de).zip(value.iter().zip(df));
                    for (slot, ((&e, &de), (&f, &df))) in tangent.iter_mut().zip(sites) {
                        *slot += cross * (e * df + de * f);
                    }
                }
            }
            for (n, &weight) in stage.output.iter().enumerate() {
                add(&mut sum, weight, segment(b, n * BLOCK, cols));
                if TRACE {
                    add(&mut tangent, weight, segment(db, n * BLOCK, cols));
                }
            }
            out.iter_mut().zip(&sum).for_each(|(slot, &sum)| *slot = sum);
            if TRACE { tangent.iter().take(cols).map(|&t| t.value()).sum() } else { 0.0 }
        })
    }

    /// Lengths of the hidden layers' buffers: values and tangents of the first, of the second, and of β.
    fn buffers(&self) -> [usize; 6] {
        let [h1, h2] = self.hidden;
        [h1, h1, h2, h2, h1.max(h2), h1.max(h2)].map(|units| units * BLOCK)
    }
}

impl<R: Real> Score<R> for Network<'_, R> {
    fn modes(&self) -> usize {
        self.hartley.volume()
    }

    fn work(&self) -> usize {
        (2 * (ODD + EVEN) + 2) * self.hartley.volume() + self.buffers().iter().sum::<usize>()
    }

    #[inline]
    fn remainder<const TRACE: bool, M: Machine>(
        &self,
        machine: M,
        stage: usize,
        y: &[R],
        h: &mut [R],
        work: &mut [R],
    ) -> f64 {
        let Some(stage) = self.stages.get(stage) else {
            debug_assert!(false, "no such stage");
            return 0.0;
        };
        let volume = self.hartley.volume();
        let lengths = [ODD, EVEN, ODD, EVEN, 1, 1].map(|rows| rows * volume);
        let Some(([odd, even, odd_tangent, even_tangent, modes, scratch], rest)) = parts(work, lengths) else {
            return f64::NAN;
        };
        let Some((mut hidden, _)) = parts(rest, self.buffers()) else { return f64::NAN };
        let mut fields = Fields { odd, even, odd_tangent, even_tangent, modes, scratch };
        self.features::<TRACE, M>(machine, stage, y, &mut fields);
        let local = core::mem::take(&mut fields.modes);
        let mut trace = 0.0;
        for (n, out) in local.chunks_mut(BLOCK).enumerate() {
            let hidden = hidden.each_mut().map(|buffer| &mut **buffer);
            trace += self.block::<TRACE, M>(machine, stage, n * BLOCK, &fields, hidden, out);
        }
        self.hartley.transform(machine, local, h, fields.scratch);
        let y0 = y.first().copied().unwrap_or(R::ZERO);
        let m2 = y0 * y0 / R::of(volume as f64);
        let [l0, l1, l2] = stage.linear;
        machine.run(|| {
            for (((h, &y), &l0), (&l1, &l2)) in h.iter_mut().zip(y).zip(l0).zip(l1.iter().zip(l2)) {
                *h += (l0 + m2 * (l1 + m2 * l2)) * y;
            }
        });
        let ([t0, t1, t2], m2) = (stage.trace.linear, m2.value());
        if TRACE { trace + t0 + m2 * (t1 + m2 * t2) } else { 0.0 }
    }
}

/// Everything of V numbers that an evaluation holds; one row a feature.
struct Fields<'w, R> {
    odd: &'w mut [R],
    even: &'w mut [R],
    odd_tangent: &'w mut [R],
    even_tangent: &'w mut [R],
    modes: &'w mut [R],
    scratch: &'w mut [R],
}

#[inline(always)]
fn multiply<R: Real>(out: &mut [R], a: &[R], b: &[R]) {
    for (slot, (&a, &b)) in out.iter_mut().zip(a.iter().zip(b)) {
        *slot = a * b;
    }
}

#[inline(always)]
fn scaled<R: Real>(out: &mut [R], factor: R, x: &[R]) {
    for (slot, &x) in out.iter_mut().zip(x) {
        *slot = factor * x;
    }
}

#[inline(always)]
fn add<R: Real>(out: &mut [R], factor: R, x: &[R]) {
    for (slot, &x) in out.iter_mut().zip(x) {
        *slot += factor * x;
    }
}

#[inline(always)]
fn tail<R>(slice: &[R], start: usize) -> &[R] {
    slice.get(start..).unwrap_or(&[])
}
