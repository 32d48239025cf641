//! π C = 2^bits π on a closed class.
//!
//! In floats by W. Grassmann, M. Taksar, D. Heyman, Oper. Res. 33 (1985) 1107: Gaussian elimination in which the
//! diagonal is taken as the sum of what leaves, so that nothing is ever subtracted and every component of π has a small
//! *relative* error (O'Cinneide, Numer. Math. 65 (1993) 109), however improbable the state.
//!
//! In integers without division by anything but what divides (Bareiss, Math. Comp. 22 (1968) 565): by Cramer's rule the
//! components are minors of 2^bits - C.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, ToPrimitive, Zero};

use super::CountMatrix;

/// The stationary law of a dense chain on one closed class; only ratios of the entries of a row to those of others with
/// the same sum matter, and the diagonal does not. States that cannot be left towards an earlier one have none: 0.
pub fn solve(mut rows: Vec<Vec<f64>>) -> Vec<f64> {
    let states = rows.len();
    for k in (1..states).rev() {
        let (before, rest) = rows.split_at_mut(k);
        let row = &rest[0];
        let out: f64 = row[..k].iter().sum();
        for line in before {
            let rate = if out > 0.0 { line[k] / out } else { 0.0 };
            line[k] = rate;
            if rate > 0.0 {
                line[..k].iter_mut().zip(row).for_each(|(a, b)| *a += rate * b);
            }
        }
    }
    let mut law = vec![1.0; states];
    for k in 1..states {
        law[k] = (0..k).map(|i| law[i] * rows[i][k]).sum();
    }
    super::normalised(law)
}

/// The order in which the states of a class are eliminated: the middle, where the mass is, stays to the last.
pub fn outwards(class: &[usize], states: usize) -> Vec<usize> {
    let mut order = class.to_vec();
    order.sort_by_key(|&i| (2 * i + 1).abs_diff(states));
    order
}

/// The stationary law of a closed class, 0 elsewhere.
pub fn law(matrix: &CountMatrix, class: &[usize]) -> Vec<f64> {
    let order = outwards(class, matrix.states());
    let mut place = vec![None; matrix.states()];
    order.iter().enumerate().for_each(|(at, &i)| place[i] = Some(at));
    let rows = order.iter().map(|&i| {
        let mut row = vec![0.0; order.len()];
        for &(j, words) in matrix.row(i) {
            if let Some(at) = place[j] {
                row[at] = words as f64;
            }
        }
        row
    });
    let mut law = vec![0.0; matrix.states()];
    solve(rows.collect()).into_iter().zip(&order).for_each(|(p, &i)| law[i] = p);
    law
}

/// max_j |Σ_i π_i C_ij / 2^bits - π_j|.
pub fn residual(matrix: &CountMatrix, law: &[f64]) -> f64 {
    let mut after = vec![0.0; law.len()];
    matrix.entries().for_each(|(i, j, words)| after[j] += law[i] * words as f64);
    let scale = (-f64::from(matrix.bits())).exp2();
    after.iter().zip(law).map(|(a, p)| (a * scale - p).abs()).fold(0.0, f64::max)
}

/// A stationary law in integers: unnormalised weights of all states.
#[derive(Clone, Debug)]
pub struct Exact(Vec<BigInt>);

impl Exact {
    /// The law of a closed class.
    pub fn new(matrix: &CountMatrix, class: &[usize]) -> Self {
        let last = class.len() - 1;
        // Rows: Σ_i (2^bits δ_ij - C_ij) x_i = C_(last, j) for j < last, with π_last = 1.
        let mut rows: Vec<Vec<BigInt>> = class[..last]
            .iter()
            .map(|&j| {
                let diagonal = |i| if i == j { BigInt::one() << matrix.bits() } else { BigInt::zero() };
                let left = class[..last].iter().map(|&i| diagonal(i) - matrix.count(i, j));
                left.chain([BigInt::from(matrix.count(class[last], j))]).collect()
            })
            .collect();
        // Leading minors of an irreducible M-matrix are positive: no pivoting.
        let mut pivot = BigInt::one();
        for k in 0..last {
            let row = std::mem::take(&mut rows[k]);
            for line in rows.iter_mut().filter(|line| !line.is_empty()) {
                let factor = std::mem::take(&mut line[k]);
                for j in k + 1..=last {
                    line[j] = (&row[k] * &line[j] - &factor * &row[j]) / &pivot;
                }
            }
            // The rows above carry the same determinant on their diagonals.
            pivot = row[k].clone();
            rows[k] = row;
        }
        let mut weights = vec![BigInt::zero(); matrix.states()];
        for (row, &i) in rows.iter().zip(class) {
            weights[i] = row[last].clone();
        }
        weights[class[last]] = pivot;
        Self(weights)
    }

    /// Components of π C - 2^bits π that are not zero.
    pub fn violations(&self, matrix: &CountMatrix) -> usize {
        let mut after = vec![BigInt::zero(); self.0.len()];
        matrix.entries().for_each(|(i, j, words)| after[j] += &self.0[i] * words);
        after.into_iter().zip(&self.0).filter(|(after, before)| *after != *before << matrix.bits()).count()
    }

    /// The probability of a state, rounded once.
    pub fn probability(&self, i: usize) -> Option<f64> {
        BigRational::new(self.0[i].clone(), self.0.iter().sum()).to_f64()
    }

    /// Bits of the largest weight.
    pub fn bits(&self) -> u64 {
        self.0.iter().map(BigInt::bits).max().unwrap_or(0)
    }

    /// ⟨f(n)⟩ of an integer function of the state.
    pub fn mean(&self, f: impl Fn(usize) -> i64) -> BigRational {
        let sum = self.0.iter().enumerate().map(|(i, w)| w * f(i)).sum::<BigInt>();
        BigRational::new(sum, self.0.iter().sum())
    }
}

#[cfg(test)]
mod tests {
    use super::super::closed;
    use super::*;

    /// A birth–death chain, π_i ∝ Π b/d: 1, 2, 4, …; the two solvers, and the residuals of a wrong law.
    #[test]
    fn birth_and_death() {
        let states = 40;
        let matrix = CountMatrix::new(states, 2, |i, put| {
            let (up, down) = (if i + 1 < states { 2 } else { 0 }, u64::from(i > 0));
            put((i + 1).min(states - 1), up);
            put(i.saturating_sub(1), down);
            put(i, 4 - up - down);
        });
        let class = closed(&matrix).remove(0);
        assert_eq!((class.states.len(), class.period), (states, 1));
        let float = law(&matrix, &class.states);
        let exact = Exact::new(&matrix, &class.states);
        assert_eq!(exact.violations(&matrix), 0);
        for i in 1..states {
            // 2^-40 of the mass, to rounding.
            assert!((float[i] / float[i - 1] - 2.0).abs() < 1e-13, "{i}");
            assert_eq!(&exact.0[i], &(&exact.0[i - 1] * 2));
        }
        assert!(residual(&matrix, &float) < 1e-15);
        let wrong = Exact(vec![BigInt::one(); states]);
        assert!(wrong.violations(&matrix) > 0 && residual(&matrix, &vec![1.0 / 40.0; states]) > 1e-3);
    }
}
