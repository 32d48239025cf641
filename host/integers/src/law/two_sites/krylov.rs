//! x - P(x) = b for a Markov operator P, by GMRES (Saad, Schultz, SIAM J. Sci. Stat. Comput. 7 (1986) 856).
//!
//! The powers of P on b hold what a chain forgets step by step; not their sum is taken, but their best combination. A
//! few slow modes cost a few powers, however slow they are.

/// The inner product ⟨x, y⟩ = Σ w x y in which residuals are measured. One in which P is nearly self-adjoint, as a
/// chain with detailed balance is in that of its law, converges at once to what the spectrum says.
pub struct Inner(pub Vec<f64>);

impl Inner {
    fn product(&self, x: &[f64], y: &[f64]) -> f64 {
        // Eight sums, that the loop may be one of vectors.
        let mut sums = [0.0; 8];
        let ((w, w_rest), (x, x_rest), (y, y_rest)) = (self.0.as_chunks::<8>(), x.as_chunks::<8>(), y.as_chunks::<8>());
        for ((w, x), y) in w.iter().zip(x).zip(y) {
            for k in 0..8 {
                sums[k] += w[k] * x[k] * y[k];
            }
        }
        let rest: f64 = w_rest.iter().zip(x_rest).zip(y_rest).map(|((w, x), y)| w * x * y).sum();
        sums.iter().sum::<f64>() + rest
    }

    fn norm(&self, x: &[f64]) -> f64 {
        self.product(x, x).sqrt()
    }
}

/// x with x - P(x) ≈ b, and how often P was applied: at most `powers` times, fewer where the residual has fallen to
/// `factor` of b.
pub fn solve(
    apply: impl Fn(&[f64]) -> Vec<f64>,
    inner: &Inner,
    b: &[f64],
    powers: usize,
    factor: f64,
) -> (Vec<f64>, usize) {
    let size = inner.norm(b);
    let mut basis = vec![scaled(b, 1.0 / size)];
    // The Hessenberg matrix column by column, made triangular by rotations, and the right side with it.
    let (mut columns, mut rotations): (Vec<Vec<f64>>, Vec<(f64, f64)>) = Default::default();
    let mut right = vec![size];
    while columns.len() < powers && right.last().is_some_and(|r| r.abs() > factor * size) {
        let last = &basis[columns.len()];
        let mut next: Vec<f64> = apply(last).iter().zip(last).map(|(after, before)| before - after).collect();
        let mut column = Vec::with_capacity(basis.len());
        for vector in &basis {
            let along = inner.product(&next, vector);
            next.iter_mut().zip(vector).for_each(|(next, v)| *next -= along * v);
            column.push(along);
        }
        let length = inner.norm(&next);
        for (k, &(c, s)) in rotations.iter().enumerate() {
            let (x, y) = (column[k], column[k + 1]);
            (column[k], column[k + 1]) = (c * x + s * y, c * y - s * x);
        }
        let k = columns.len();
        let radius = column[k].hypot(length);
        if !(radius > 0.0 && radius.is_finite()) {
            break;
        }
        let (c, s) = (column[k] / radius, length / radius);
        column[k] = radius;
        (right[k], _) = (c * right[k], right.push(-s * right[k]));
        columns.push(column);
        rotations.push((c, s));
        basis.push(scaled(&next, 1.0 / length));
    }
    // Back substitution.
    let count = columns.len();
    let mut weights = right[..count].to_vec();
    for k in (0..count).rev() {
        weights[k] /= columns[k][k];
        for i in 0..k {
            weights[i] -= columns[k][i] * weights[k];
        }
    }
    let mut x = vec![0.0; b.len()];
    for (weight, vector) in weights.iter().zip(&basis) {
        x.iter_mut().zip(vector).for_each(|(x, v)| *x += weight * v);
    }
    (x, count)
}

fn scaled(x: &[f64], factor: f64) -> Vec<f64> {
    x.iter().map(|x| factor * x).collect()
}
