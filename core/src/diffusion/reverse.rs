//! The reversed stochastic process: one loop over steps, y' = keep·y + pull·h + √spread·η in every mode.
//!
//! # Path weight
//!
//! A trajectory from the Gaussian start y_T to the sample φ has a density, and so has its inverse from φ to y_T by
//! Gaussian kernels; their ratio weights the sample exactly for *any* h:
//!
//! ```text
//! ln w = -S(φ) - ln p_M + Σ_steps [ln N(y; back(y')) - ln N(y'; keep·y + pull·h, spread)] - ln N(y_T; 0, a + σ_max²)
//! ```
//!
//! back of a noising step adds its noise again, N(y; y', σ_t² - σ_s²). Back of a corrector is the same Langevin step
//! begun at y', with the h of the next evaluation if that has the same stage, else without h (as good a kernel, a
//! somewhat noisier weight). The mean of w is Z (Jarzynski 1997; Neal 2001; for diffusions Zhang, Chen,
//! arXiv:2111.15141).

use super::{LN_TAU, copy, free_modes, free_modes_mut, squares};
use crate::arith::Real;
use crate::error::{Error, check_length};
use crate::lattice::{CHUNK, Chunk, parts, segment, segment_mut};
use crate::machine::Machine;
use crate::math::{ln, sqrt};
use crate::noise::{Noise, Words};
use crate::score::Score;

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Takes out noise of this variance, σ_t² - σ_s² > 0.
    Noising {
        /// σ_t² - σ_s².
        variance: f64,
    },
    /// Stays at its σ.
    Corrector,
}

/// One step: where h is evaluated, and what it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Stage of the score.
    pub stage: usize,
    /// What it does.
    pub kind: Kind,
}

/// Coefficients of a step, one value a mode.
#[derive(Clone, Copy)]
struct Row<'a, R> {
    keep: &'a [R],
    pull: &'a [R],
    amplitude: &'a [R],
}

/// A reverse sampler by tables.
///
/// The free field of variance a, from σ to 0 in one step: ln w is ln Z = ½ln(2πa) on every trajectory.
///
/// ```
/// use stoquant_core::diffusion::{Kind, Reverse, Step};
/// use stoquant_core::machine::Portable;
/// use stoquant_core::noise::{NoiseKind, Noise, StreamTag, Threefry};
/// use stoquant_core::score::Free;
///
/// let (a, variance) = (2.0_f64, 9.0);
/// // p(y'|y) of a Gaussian: mean a/(a + σ²)·y, variance aσ²/(a + σ²).
/// let (keep, spread) = (a / (a + variance), a * variance / (a + variance));
/// let steps = [Step { stage: 0, kind: Kind::Noising { variance } }];
/// let (begin, keep, pull, amplitude) = ([(a + variance).sqrt()], [keep], [0.0], [spread.sqrt()]);
/// let reverse = Reverse::new(&steps, &begin, &keep, &pull, &amplitude, 0).unwrap();
/// let score = Free { modes: 1 };
/// let mut noise = Noise { law: NoiseKind::Gaussian, words: Threefry::new(1, 0, StreamTag::Noise) };
/// for start in [-1.0, 0.3, 2.0] {
///     let mut y = [start];
///     let weight = reverse.run::<true, _, _, _>(Portable, &score, &mut noise, &mut y, &mut [0.0; 2]);
///     let ln_w = weight - 0.5 * y[0] * y[0] / a;
///     assert!((ln_w - 0.5 * (core::f64::consts::TAU * a).ln()).abs() < 1e-12);
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Reverse<'a, R> {
    steps: &'a [Step],
    begin: &'a [R],
    keep: &'a [R],
    pull: &'a [R],
    amplitude: &'a [R],
    frozen: usize,
    /// What no sample changes of the weight: Σ ½ln(spread/variance) of noising steps, Σ ln r(σ_max), and the 2π of the
    /// start.
    constant: f64,
}

impl<'a, R: Real> Reverse<'a, R> {
    /// `begin` = r(σ_max) of every mode; `keep`, `pull` and `amplitude` = √spread (see [`Kernel`](super::Kernel)) step
    /// after step, one value a mode. The first `frozen` modes stay as they are, whatever their values in the tables.
    ///
    /// A step may be without noise where no weight is wanted; it makes every weight 0.
    ///
    /// # Errors
    ///
    /// Tables of other lengths, and a noising step whose variance is not positive and finite.
    pub fn new(
        steps: &'a [Step],
        begin: &'a [R],
        keep: &'a [R],
        pull: &'a [R],
        amplitude: &'a [R],
        frozen: usize,
    ) -> Result<Self, Error> {
        let modes = begin.len();
        let want = modes.saturating_mul(steps.len());
        check_length("table keep", keep.len(), want)?;
        check_length("table pull", pull.len(), want)?;
        check_length("table amplitude", amplitude.len(), want)?;
        let begin_free = free_modes(begin, frozen);
        let mut constant: f64 = begin_free.iter().map(|r| ln(r.value()) + 0.5 * LN_TAU).sum();
        for (n, step) in steps.iter().enumerate() {
            if let Kind::Noising { variance } = step.kind {
                if !(variance > 0.0 && variance.is_finite()) {
                    return Err(Error::Domain {
                        what: "noise of a step",
                        value: variance,
                        want: "positive and finite",
                    });
                }
                let row = free_modes(segment(amplitude, n * modes, modes), frozen);
                let half = 0.5 * ln(variance);
                constant += row.iter().map(|amplitude| ln(amplitude.value()) - half).sum::<f64>();
            }
        }
        Ok(Self { steps, begin, keep, pull, amplitude, frozen, constant })
    }

    /// Numbers of scratch memory.
    pub fn work(&self, score: &impl Score<R>) -> usize {
        2 * self.begin.len() + score.work()
    }

    /// From `y` = u, standard Gaussian modes (and the values of the frozen ones), to the modes of a sample. Noise: step
    /// n of the list, site k.
    ///
    /// `y` has as many entries as the score modes, `work` at least [`work`](Self::work). With `WEIGHT` returns ln w +
    /// S(φ) + ln p_M, otherwise 0.
    pub fn run<const WEIGHT: bool, S: Score<R>, W: Words, M: Machine>(
        &self,
        machine: M,
        score: &S,
        noise: &mut Noise<W>,
        y: &mut [R],
        work: &mut [R],
    ) -> f64 {
        let modes = self.begin.len();
        let (Some(([h, old], work)), Some(y)) = (parts(work, [modes; 2]), y.get_mut(..modes)) else {
            return f64::NAN;
        };
        let mut weight = self.constant + 0.5 * squares(free_modes(y, self.frozen));
        for (y, &r) in free_modes_mut(y, self.frozen).iter_mut().zip(free_modes(self.begin, self.frozen)) {
            *y = r * *y;
        }
        // A corrector whose inverse waits for the next h.
        let mut waiting = None;
        for (n, step) in self.steps.iter().enumerate() {
            score.remainder::<false, M>(machine, step.stage, y, h, work);
            let row = self.row(n);
            let next = self.steps.get(n.saturating_add(1));
            machine.run(|| {
                if let Some(before) = waiting.take() {
                    weight -= self.back(before, old, y, Some(&*h));
                }
                if WEIGHT {
                    copy(y, old);
                }
                let forward = self.advance::<WEIGHT, W, M>(machine, row, noise, n as u64, h, y);
                if WEIGHT {
                    weight += forward;
                    match step.kind {
                        Kind::Noising { variance } => weight -= self.apart(old, y) / (2.0 * variance),
                        Kind::Corrector if next.is_some_and(|next| next.stage == step.stage) => waiting = Some(row),
                        Kind::Corrector => weight -= self.back(row, old, y, None),
                    }
                }
            });
        }
        if WEIGHT { weight } else { 0.0 }
    }

    /// The weight of a sample made elsewhere: from `y`, its modes, noise is added step after step up to σ_max, and the
    /// trajectory weighed as if it had been run: ln w + S(φ) + ln p_M. Over samples of e^{-S}/Z the mean of 1/w is 1/Z.
    ///
    /// Buffers and noise as for [`run`](Self::run). NaN where there are correctors: their inverse uses an h of the
    /// other direction.
    pub fn noised<S: Score<R>, W: Words, M: Machine>(
        &self,
        machine: M,
        score: &S,
        noise: &mut Noise<W>,
        y: &mut [R],
        work: &mut [R],
    ) -> f64 {
        let modes = self.begin.len();
        let (Some(([h, old], work)), Some(y)) = (parts(work, [modes; 2]), y.get_mut(..modes)) else {
            return f64::NAN;
        };
        let mut weight = self.constant;
        for (n, step) in self.steps.iter().enumerate().rev() {
            let Kind::Noising { variance } = step.kind else { return f64::NAN };
            copy(y, old);
            weight -= machine.run(|| self.diffuse(machine, R::of(sqrt(variance)), noise, n as u64, y));
            score.remainder::<false, M>(machine, step.stage, y, h, work);
            weight += machine.run(|| self.back(self.row(n), old, y, Some(&*h)));
        }
        for (y, &r) in free_modes_mut(y, self.frozen).iter_mut().zip(free_modes(self.begin, self.frozen)) {
            *y = *y / r;
        }
        weight + 0.5 * squares(free_modes(y, self.frozen))
    }

    /// y += amplitude·η; ½Σ η².
    #[inline(always)]
    fn diffuse<W: Words, M: Machine>(
        &self,
        machine: M,
        amplitude: R,
        noise: &mut Noise<W>,
        step: u64,
        y: &mut [R],
    ) -> f64 {
        let (mut numbers, mut etas, mut sum) = (Chunk::default(), Chunk::<R>::default(), 0.0);
        chunks(y.len(), self.frozen, |first, skip, from, count| {
            let numbers = segment_mut(&mut *numbers, 0, skip + count);
            R::fill_noise(machine, noise, step, first, numbers);
            let etas = segment_mut(&mut *etas, 0, count);
            let modes = segment_mut(y, from, count).iter_mut().zip(&mut *etas);
            for ((y, eta), &number) in modes.zip(free_modes(numbers, skip)) {
                *eta = R::eta(number);
                *y += amplitude * *eta;
            }
            sum += squares(etas);
        });
        0.5 * sum
    }

    fn row(&self, n: usize) -> Row<'a, R> {
        let modes = self.begin.len();
        let of = |table: &'a [R]| segment(table, n * modes, modes);
        Row { keep: of(self.keep), pull: of(self.pull), amplitude: of(self.amplitude) }
    }

    /// The step; with `WEIGHT` ½Σ η².
    #[inline(always)]
    fn advance<const WEIGHT: bool, W: Words, M: Machine>(
        &self,
        machine: M,
        row: Row<'_, R>,
        noise: &mut Noise<W>,
        step: u64,
        h: &[R],
        y: &mut [R],
    ) -> f64 {
        let (mut numbers, mut etas, mut sum) = (Chunk::default(), Chunk::<R>::default(), 0.0);
        chunks(y.len(), self.frozen, |first, skip, from, count| {
            // From the chunk's first site, even where that is frozen: whole pairs of words.
            let numbers = segment_mut(&mut *numbers, 0, skip + count);
            R::fill_noise(machine, noise, step, first, numbers);
            let etas = segment_mut(&mut *etas, 0, count);
            for (eta, &number) in etas.iter_mut().zip(free_modes(numbers, skip)) {
                *eta = R::eta(number);
            }
            let linear = segment(row.keep, from, count).iter().zip(segment(row.pull, from, count));
            let random = segment(row.amplitude, from, count).iter().zip(&*etas);
            let modes = segment_mut(y, from, count).iter_mut().zip(segment(h, from, count));
            for (((y, &h), (&keep, &pull)), (&amplitude, &eta)) in modes.zip(linear).zip(random) {
                *y = keep * *y + pull * h + amplitude * eta;
            }
            if WEIGHT {
                sum += squares(etas);
            }
        });
        0.5 * sum
    }

    /// Σ (y - y')².
    #[inline(always)]
    fn apart(&self, old: &[R], new: &[R]) -> f64 {
        let (mut buffer, mut sum) = (Chunk::<R>::default(), 0.0);
        chunks(new.len(), self.frozen, |_, _, from, count| {
            let residuals = segment_mut(&mut *buffer, 0, count);
            let pairs = segment(old, from, count).iter().zip(segment(new, from, count));
            for (residual, (&old, &new)) in residuals.iter_mut().zip(pairs) {
                *residual = old - new;
            }
            sum += squares(residuals);
        });
        sum
    }

    /// ½Σ (y - keep·y' - pull·h)²/spread; its normalisation cancels that of the step itself.
    #[inline(always)]
    fn back(&self, row: Row<'_, R>, old: &[R], new: &[R], h: Option<&[R]>) -> f64 {
        let (mut buffer, mut sum) = (Chunk::<R>::default(), 0.0);
        chunks(new.len(), self.frozen, |_, _, from, count| {
            let residuals = segment_mut(&mut *buffer, 0, count);
            let linear = segment(row.keep, from, count).iter().zip(segment(old, from, count));
            let modes = residuals.iter_mut().zip(segment(new, from, count)).zip(linear);
            for ((residual, &new), (&keep, &old)) in modes {
                *residual = old - keep * new;
            }
            if let Some(h) = h {
                let pulled = segment(row.pull, from, count).iter().zip(segment(h, from, count));
                for (residual, (&pull, &h)) in residuals.iter_mut().zip(pulled) {
                    *residual -= pull * h;
                }
            }
            for (residual, &amplitude) in residuals.iter_mut().zip(segment(row.amplitude, from, count)) {
                *residual = *residual / amplitude;
            }
            sum += squares(residuals);
        });
        0.5 * sum
    }
}

/// Visits the modes from `frozen` on chunk by chunk: (first mode of the chunk, how many of it are frozen, first mode
/// that is not, count).
#[inline(always)]
fn chunks(modes: usize, frozen: usize, mut visit: impl FnMut(usize, usize, usize, usize)) {
    for first in (0..modes).step_by(CHUNK) {
        let length = CHUNK.min(modes - first);
        let skip = frozen.saturating_sub(first).min(length);
        visit(first, skip, first + skip, length - skip);
    }
}
