//! Sums over features and over sites, sixteen sites side by side: in an order that is written here, so no processor
//! changes a bit.
//!
//! What a network holds for every site lies in matrices (rows, S): a row for each feature or unit, S ≥ V, a multiple of
//! sixteen.

use stoquant_core::arith::Real;

/// Sites side by side: the widest register there is, or a few narrower ones.
pub const LANES: usize = 16;

/// A number for each of them.
pub type Lanes<R> = [R; LANES];

/// S for V sites. Rows that lie 4 KiB apart would share one set of the cache.
pub fn stride(volume: usize) -> usize {
    let whole = volume.next_multiple_of(LANES);
    if whole.is_multiple_of(1024) { whole + LANES } else { whole }
}

/// A matrix (N, S) of `of(row, number)`, 0 beyond the last site.
pub fn matrix<R: Real, const N: usize>(rows: &[Vec<R>; N], of: impl Fn(usize, R) -> R) -> Vec<R> {
    let stride = rows.first().map_or(LANES, |row| stride(row.len()));
    let mut out = vec![R::ZERO; N * stride];
    for (n, (slots, row)) in out.chunks_exact_mut(stride).zip(rows).enumerate() {
        slots.iter_mut().zip(row).for_each(|(slot, &x)| *slot = of(n, x));
    }
    out
}

/// The reverse, for V sites.
pub fn rows<R: Real, const N: usize>(matrix: &[R], volume: usize, of: impl Fn(usize, R) -> R) -> [Vec<R>; N] {
    let stride = stride(volume);
    std::array::from_fn(|n| matrix[n * stride..][..volume].iter().map(|&x| of(n, x)).collect())
}

/// `out += w·x`: w (rows, columns), x (columns, S), out (rows, S).
#[inline(always)]
pub fn product<R: Real>(stride: usize, w: &[R], x: &[R], out: &mut [R]) {
    const ROWS: usize = 4;
    let columns = x.len() / stride;
    let whole = out.len() / (ROWS * stride);
    let (groups, rest) = out.split_at_mut(whole * ROWS * stride);
    let (front, back) = w.split_at(whole * ROWS * columns);
    for (out, w) in groups.chunks_exact_mut(ROWS * stride).zip(front.chunks_exact(ROWS * columns)) {
        product_of::<R, ROWS>(stride, w, x, out);
    }
    for (out, w) in rest.chunks_exact_mut(stride).zip(back.chunks_exact(columns)) {
        product_of::<R, 1>(stride, w, x, out);
    }
}

/// N rows.
#[inline(always)]
fn product_of<R: Real, const N: usize>(stride: usize, w: &[R], x: &[R], out: &mut [R]) {
    let columns = x.len() / stride;
    for start in (0..stride).step_by(LANES) {
        let mut sums = [[R::ZERO; LANES]; N];
        for n in 0..N {
            sums[n] = lanes(out, n * stride + start);
        }
        for i in 0..columns {
            let x = lanes(x, i * stride + start);
            for n in 0..N {
                add(&mut sums[n], &[w[n * columns + i]; LANES], &x);
            }
        }
        for n in 0..N {
            out[n * stride + start..][..LANES].copy_from_slice(&sums[n]);
        }
    }
}

/// `sums += d·xᵀ`, lane by lane: d (rows, S), x (columns, S), sums (rows, columns).
#[inline(always)]
pub fn outer<R: Real>(stride: usize, d: &[R], x: &[R], sums: &mut [Lanes<R>]) {
    let columns = x.len() / stride;
    let (pairs, rest) = (d.chunks_exact(2 * stride), d.chunks_exact(2 * stride).remainder());
    let done = pairs.len() * 2 * columns;
    for (d, sums) in pairs.zip(sums.chunks_exact_mut(2 * columns)) {
        outer_of::<R, 2>(stride, d, x, sums);
    }
    if !rest.is_empty() {
        outer_of::<R, 1>(stride, rest, x, &mut sums[done..]);
    }
}

/// N rows.
#[inline(always)]
fn outer_of<R: Real, const N: usize>(stride: usize, d: &[R], x: &[R], sums: &mut [Lanes<R>]) {
    const COLUMNS: usize = 4;
    let columns = x.len() / stride;
    let whole = columns - columns % COLUMNS;
    for column in (0..whole).step_by(COLUMNS) {
        outer_tile::<R, N, COLUMNS>(stride, d, x, column, sums);
    }
    for column in whole..columns {
        outer_tile::<R, N, 1>(stride, d, x, column, sums);
    }
}

/// N rows and C columns.
#[inline(always)]
fn outer_tile<R: Real, const N: usize, const C: usize>(
    stride: usize,
    d: &[R],
    x: &[R],
    column: usize,
    out: &mut [Lanes<R>],
) {
    let columns = x.len() / stride;
    let mut sums = [[[R::ZERO; LANES]; C]; N];
    for n in 0..N {
        for c in 0..C {
            sums[n][c] = out[n * columns + column + c];
        }
    }
    for start in (0..stride).step_by(LANES) {
        for n in 0..N {
            let d = lanes(d, n * stride + start);
            for c in 0..C {
                add(&mut sums[n][c], &d, &lanes(x, (column + c) * stride + start));
            }
        }
    }
    for n in 0..N {
        for c in 0..C {
            out[n * columns + column + c] = sums[n][c];
        }
    }
}

/// Σ ab.
#[inline(always)]
pub fn dot<R: Real>(a: &[R], b: &[R]) -> R {
    let ((a, rest_a), (b, rest_b)) = (a.as_chunks(), b.as_chunks());
    let mut sums = [R::ZERO; LANES];
    a.iter().zip(b).for_each(|(a, b)| add(&mut sums, a, b));
    rest_a.iter().zip(rest_b).fold(total(&sums), |sum, (&a, &b)| sum + a * b)
}

/// The sum over all lanes.
#[inline(always)]
pub fn total<R: Real>(lanes: &Lanes<R>) -> R {
    lanes.iter().fold(R::ZERO, |sum, &x| sum + x)
}

#[inline(always)]
fn lanes<R: Real>(x: &[R], start: usize) -> Lanes<R> {
    let mut out = [R::ZERO; LANES];
    out.copy_from_slice(&x[start..][..LANES]);
    out
}

#[inline(always)]
fn add<R: Real>(sums: &mut Lanes<R>, a: &Lanes<R>, b: &Lanes<R>) {
    for lane in 0..LANES {
        sums[lane] += a[lane] * b[lane];
    }
}
