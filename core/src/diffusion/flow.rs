//! Probability flow: the same marginals without noise, and the density of every sample.
//!
//! With u_k = y_k/r_k(σ) the flow (Song et al., arXiv:2011.13456, eq. 13) loses its linear part,
//!
//! ```text
//! du_k = h_k dc_k,   c_k(σ) = -a_k/r_k(σ)
//! ```
//!
//! so that every method is exact for the free field in any number of steps: an exponential integrator. A method is a
//! list of evaluations, the *nodes*, each with three numbers a mode:
//!
//! ```text
//! y = r·(base + p·h_before)     h = h(y)     acc += w·h     and if the node closes: base = acc
//! ```
//!
//! The density follows the same sum: with trace kernels t = w·r,  ln q(φ) = Σ ln N(u; 0, 1) - Σ ln r(0) - Σ_nodes Σ_k
//! t_k ∂h_k/∂y_k.

use super::{LN_TAU, copy, free_modes, free_modes_mut, squares};
use crate::arith::Real;
use crate::error::{Error, check_length};
use crate::lattice::{parts, segment};
use crate::machine::Machine;
use crate::math::{ln, sqrt};
use crate::score::Score;

/// How the flow is integrated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// First order, one node a step.
    Euler,
    /// Second order, two nodes a step.
    Heun,
    /// Runge and Kutta's, fourth order, four nodes a step.
    Rk4,
    /// Adams and Bashforth's, second order, one node a step; the first step is Heun's, whose second evaluation also
    /// serves the next one.
    Ab2,
}

/// One evaluation, for one mode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Node {
    /// σ of the evaluation.
    pub sigma: f64,
    /// r = √(a + σ²).
    pub radius: f64,
    /// p, the factor of the h before it.
    pub predict: f64,
    /// w, its share of the sum; the trace kernel is [`trace`](Self::trace).
    pub weight: f64,
    /// Whether the sum is then the new base (the same in all modes).
    pub closes: bool,
}

impl Node {
    /// w·r.
    #[must_use]
    pub fn trace(&self) -> f64 {
        self.weight * self.radius
    }
}

impl Method {
    /// Number of steps on a grid of `points` values of σ.
    #[must_use]
    pub fn steps(self, points: usize) -> usize {
        let intervals = points.saturating_sub(1);
        if self == Self::Rk4 { intervals / 2 } else { intervals }
    }

    /// Number of nodes on a grid of `points` values of σ.
    #[must_use]
    pub fn nodes(self, points: usize) -> usize {
        let steps = self.steps(points);
        match self {
            Self::Euler => steps,
            Self::Heun => 2 * steps,
            Self::Rk4 => 4 * steps,
            Self::Ab2 if steps == 1 => 2,
            Self::Ab2 => steps,
        }
    }

    /// Node `n` of a mode of variance `a` on a falling grid of σ that ends with 0; `None` beyond the last.
    ///
    /// [`Rk4`](Self::Rk4) takes every second value as the middle of its step, in whatever variable the grid is smooth.
    #[must_use]
    pub fn node(self, grid: &[f64], n: usize, a: f64) -> Option<Node> {
        let c = |i: usize| Some(-a / sqrt(a + grid.get(i)? * grid.get(i)?));
        let rise = |from: usize, to: usize| Some(c(to)? - c(from)?);
        let node = |i: usize, predict: f64, weight: f64, closes: bool| {
            let sigma = *grid.get(i)?;
            Some(Node { sigma, radius: sqrt(a + sigma * sigma), predict, weight, closes })
        };
        match self {
            Self::Euler => node(n, 0.0, rise(n, n + 1)?, true),
            Self::Heun => {
                let step = n / 2;
                let all = rise(step, step + 1)?;
                if n.is_multiple_of(2) {
                    node(step, 0.0, 0.5 * all, false)
                } else {
                    node(step + 1, all, 0.5 * all, true)
                }
            }
            Self::Rk4 => {
                // c as a parabola through the three points: its slopes at them are 2·early, all and 2·late, in units of
                // the step.
                let first = 2 * (n / 4);
                let (half, all) = (rise(first, first + 1)?, rise(first, first + 2)?);
                let (early, late) = (2.0 * half - 0.5 * all, 1.5 * all - 2.0 * half);
                match n % 4 {
                    0 => node(first, 0.0, early / 3.0, false),
                    1 => node(first + 1, early, all / 3.0, false),
                    2 => node(first + 1, 0.5 * all, all / 3.0, false),
                    _ => node(first + 2, all, late / 3.0, true),
                }
            }
            Self::Ab2 => {
                // The step from i adds (rise + late)·h_i - late·h_{i-1}, late = rise²/(2·rise before). The last term is
                // left out of the sum as h_{i-1} is added, and lent back by p when h_i is evaluated.
                let late = |i: usize| {
                    Some(match rise(i, i + 1) {
                        Some(rise_i) if i > 0 => 0.5 * rise_i * rise_i / rise(i - 1, i)?,
                        _ => 0.0,
                    })
                };
                let own = |i: usize| Some(rise(i, i + 1).unwrap_or(0.0) + late(i)? - late(i + 1)?);
                match n {
                    0 => node(0, 0.0, 0.5 * rise(0, 1)? - late(1)?, false),
                    1 => node(1, rise(0, 1)?, 0.5 * rise(0, 1)? + own(1)?, true),
                    _ if n < self.nodes(grid.len()) => node(n, late(n)?, own(n)?, true),
                    _ => None,
                }
            }
        }
    }
}

/// A flow by tables.
#[derive(Clone, Copy, Debug)]
pub struct Flow<'a, R> {
    closes: &'a [bool],
    radius: &'a [R],
    predict: &'a [R],
    weight: &'a [R],
    end: &'a [R],
    frozen: usize,
    /// -Σ ln r(0) and the 2π of the start.
    constant: f64,
}

impl<'a, R: Real> Flow<'a, R> {
    /// r, p and w node after node, one value a mode (see [`Method::node`]); `end` = r(0) = √a. Node n is stage n of the
    /// score, with trace kernel t = w·r. The first `frozen` modes stay as they are, whatever their values in the
    /// tables.
    ///
    /// # Errors
    ///
    /// [`Error::Length`] where a table has another length than nodes times modes.
    pub fn new(
        closes: &'a [bool],
        radius: &'a [R],
        predict: &'a [R],
        weight: &'a [R],
        end: &'a [R],
        frozen: usize,
    ) -> Result<Self, Error> {
        let want = end.len().saturating_mul(closes.len());
        check_length("table r", radius.len(), want)?;
        check_length("table p", predict.len(), want)?;
        check_length("table w", weight.len(), want)?;
        let constant = free_modes(end, frozen).iter().map(|r| -ln(r.value()) - 0.5 * LN_TAU).sum();
        Ok(Self { closes, radius, predict, weight, end, frozen, constant })
    }

    /// Numbers of scratch memory.
    pub fn work(&self, score: &impl Score<R>) -> usize {
        3 * self.end.len() + score.work()
    }

    /// From `u`, standard Gaussian modes (and the values of the frozen ones), to the modes of a sample.
    ///
    /// `u` has as many entries as the score modes, `work` at least [`work`](Self::work). With `TRACE` returns ln q(φ)
    /// of the modes that are not frozen, otherwise 0.
    pub fn run<const TRACE: bool, S: Score<R>, M: Machine>(
        &self,
        machine: M,
        score: &S,
        u: &mut [R],
        work: &mut [R],
    ) -> f64 {
        let modes = self.end.len();
        let (Some(([y, h, base], work)), Some(u)) = (parts(work, [modes; 3]), u.get_mut(..modes)) else {
            return f64::NAN;
        };
        let mut ln_q = self.constant - 0.5 * squares(free_modes(u, self.frozen));
        copy(u, y);
        copy(u, base);
        h.fill(R::ZERO);
        for (n, &closes) in self.closes.iter().enumerate() {
            let row = |table: &'a [R]| free_modes(segment(table, n * modes, modes), self.frozen);
            machine.run(|| {
                let fields = free_modes(base, self.frozen).iter().zip(free_modes(h, self.frozen));
                let coefficients = row(self.radius).iter().zip(row(self.predict));
                let y = free_modes_mut(y, self.frozen).iter_mut();
                for ((y, (&base, &h)), (&r, &p)) in y.zip(fields).zip(coefficients) {
                    *y = r * (base + p * h);
                }
            });
            ln_q -= score.remainder::<TRACE, M>(machine, n, y, h, work);
            machine.run(|| {
                let sums = free_modes_mut(u, self.frozen).iter_mut();
                for ((sum, &h), &w) in sums.zip(free_modes(h, self.frozen)).zip(row(self.weight)) {
                    *sum += w * h;
                }
                if closes {
                    copy(u, base);
                }
            });
        }
        for (u, &r) in free_modes_mut(u, self.frozen).iter_mut().zip(free_modes(self.end, self.frozen)) {
            *u = r * *u;
        }
        if TRACE { ln_q } else { 0.0 }
    }
}
