//! Independent sites (κ = 0): h is a function of one variable, exact by table.
//!
//! S = Σ_x [A/2·φ² + V(φ)], V even, g = V'. Then A is the same number in every mode, any orthonormal basis diagonalises
//! it, and the sites themselves serve as modes. h(y) = E[g(φ)|y] is odd. Between the points of a uniform grid of |y| it
//! is the cubic with the given values and derivatives (Hermite, error h⁗Δ⁴/384), beyond the last one the tangent.

use super::Score;
use crate::arith::Real;
use crate::error::{Error, check_length};
use crate::machine::Machine;

/// Score of independent sites.
#[derive(Clone, Copy, Debug)]
pub struct SiteScore<'a, R> {
    modes: usize,
    points: usize,
    spacing: &'a [f64],
    trace: &'a [f64],
    table: &'a [[R; 2]],
}

impl<'a, R: Real> SiteScore<'a, R> {
    /// One grid a stage: `spacing[stage]` = Δ > 0, trace kernel `trace[stage]` (the same in all modes), and
    /// `table[stage·points + i]` = [h(iΔ), Δ·h'(iΔ)].
    ///
    /// # Errors
    ///
    /// [`Error::Length`] where a table is too short for its stages, [`Error::Domain`] where a spacing is not positive.
    pub fn new(
        modes: usize,
        points: usize,
        spacing: &'a [f64],
        trace: &'a [f64],
        table: &'a [[R; 2]],
    ) -> Result<Self, Error> {
        if points < 2 {
            return Err(Error::Length { what: "site table", got: points, want: 2 });
        }
        check_length("site trace", trace.len(), spacing.len())?;
        check_length("site table", table.len(), points.saturating_mul(spacing.len()))?;
        if let Some(&value) = spacing.iter().find(|&&value| !(value > 0.0 && value.is_finite())) {
            return Err(Error::Domain { what: "spacing of the site table", value, want: "positive and finite" });
        }
        Ok(Self { modes, points, spacing, trace, table })
    }
}

impl<R: Real> Score<R> for SiteScore<'_, R> {
    fn modes(&self) -> usize {
        self.modes
    }
    fn work(&self) -> usize {
        0
    }
    /// A stage without table has h = 0.
    fn remainder<const TRACE: bool, M: Machine>(
        &self,
        machine: M,
        stage: usize,
        y: &[R],
        h: &mut [R],
        _work: &mut [R],
    ) -> f64 {
        let table = self.table.get(stage.saturating_mul(self.points)..).and_then(|table| table.get(..self.points));
        let (Some(table), Some(spacing), Some(trace)) = (table, self.spacing.get(stage), self.trace.get(stage)) else {
            h.fill(R::ZERO);
            return 0.0;
        };
        let inverse = 1.0 / spacing;
        let sum = machine.run(|| {
            let mut sum = 0.0;
            for (h, &y) in h.iter_mut().zip(y) {
                let [value, slope] = hermite(table, y, inverse);
                *h = value;
                if TRACE {
                    sum += slope.value();
                }
            }
            sum
        });
        trace * inverse * sum
    }
}

/// h(y) and Δ·h'(y).
#[inline(always)]
fn hermite<R: Real>(table: &[[R; 2]], y: R, inverse: f64) -> [R; 2] {
    let x = y.value() * inverse;
    let distance = if x < 0.0 { -x } else { x };
    // Truncation; what is no number, or beyond the table, has no interval.
    let cell = distance as usize;
    let [value, slope] = match (table.get(cell), table.get(cell.saturating_add(1))) {
        (Some(&[a, da]), Some(&[b, db])) => {
            let s = R::of(distance - cell as f64);
            let (rise, two, three) = (b - a, R::of(2.0), R::of(3.0));
            // a + s·(da + s·(curve + s·twist)).
            let curve = three * rise - two * da - db;
            let twist = da + db - two * rise;
            [a + s * (da + s * (curve + s * twist)), da + s * (two * curve + s * (three * twist))]
        }
        _ => {
            let [last, slope] = table.last().copied().unwrap_or([R::ZERO; 2]);
            [last + slope * R::of(distance - table.len().saturating_sub(1) as f64), slope]
        }
    };
    [if x < 0.0 { -value } else { value }, slope]
}
