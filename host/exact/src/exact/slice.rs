//! The transfer operator from one slice of a lattice to the next; the method is explained in the module `torus`.

use rayon::prelude::*;
use stoquant_model::Phi4;

use super::quadrature::{BLOCK, Rule, absolute_mean, range};
use super::{Moments, SitePotential, Values, lowest_mode};

/// The most points per site.
pub(super) const MOST: usize = 40;

/// The share of the bonds that the one-site weight anticipates: 0 is e^{-V}, 1 the widest weight that the action
/// allows. Between 0.3 and 0.4 the moments converge fastest on 2×2, 3×3 and 4×4 near κ_c (by trial; it affects speed
/// only).
const SHARE: f64 = 0.35;

/// Numbers that the innermost loop treats alike.
const LANES: usize = 8;

/// The transfer operator of one slice at one resolution.
pub(super) struct Slice {
    /// Slice extents, then the number of slices.
    extents: Vec<usize>,
    sites: usize,
    points: usize,
    /// Field of state j at site s: `fields[j * sites + s]`; site 0 is the fastest digit of j.
    fields: Vec<f64>,
    /// √A, scaled so that the largest eigenvalue of T is about 1.
    root: Vec<f64>,
    bond: Bond,
    /// Forward neighbour of each site along each axis of the slice.
    forward: Vec<Vec<usize>>,
    /// One state per orbit, and the size of the orbit.
    orbits: Vec<(usize, f64)>,
    /// |M| stays below this.
    reach: f64,
}

/// Gauss nodes of one site, and weights that include e^{-V} up to a common factor.
pub(super) fn site_rule(extents: &[usize], c: &Phi4, points: usize) -> Rule {
    let effective = (1.0 - SHARE) * c.b + SHARE * lowest_mode(extents, c) / 2.0;
    let weight = SitePotential { b: effective, lambda: c.lambda };
    let mut measure = Rule::trapezoid(range(effective, c.lambda, 60.0), 1024);
    for (w, x) in measure.weights.iter_mut().zip(&measure.nodes) {
        *w *= (-weight.height(*x)).exp();
    }
    let mut rule = Rule::gauss(points, &measure);
    for (w, x) in rule.weights.iter_mut().zip(&rule.nodes) {
        *w *= ((effective - c.b) * x * x).exp();
    }
    rule
}

/// Forward neighbours, axis by axis; the last axis is fastest.
pub(super) fn forward_neighbours(extents: &[usize]) -> Vec<Vec<usize>> {
    let sites: usize = extents.iter().product();
    let along = |axis: usize| {
        let (l, stride) = (extents[axis], extents[axis + 1..].iter().product::<usize>());
        (0..sites).map(|x| if x / stride % l + 1 < l { x + stride } else { x + stride - l * stride }).collect()
    };
    (0..extents.len()).map(along).collect()
}

/// Every permutation of the sites that maps bonds to bonds: the closure of unit translations, reflections and axis
/// exchanges.
fn symmetries(extents: &[usize]) -> Vec<Vec<usize>> {
    let sites: usize = extents.iter().product();
    let forward = forward_neighbours(extents);
    let stride = |axis: usize| extents[axis + 1..].iter().product::<usize>();
    let digit = |x: usize, axis: usize| x / stride(axis) % extents[axis];
    let mut generators = forward.clone();
    for axis in 0..extents.len() {
        let (l, s) = (extents[axis], stride(axis));
        generators.push((0..sites).map(|x| x - digit(x, axis) * s + (l - digit(x, axis)) % l * s).collect());
        if axis + 1 < extents.len() && extents[axis + 1] == l {
            let (t, swap) = (stride(axis + 1), |x: usize| (digit(x, axis), digit(x, axis + 1)));
            generators
                .push((0..sites).map(|x| x - swap(x).0 * s - swap(x).1 * t + swap(x).1 * s + swap(x).0 * t).collect());
        }
    }
    let mut group = vec![(0..sites).collect::<Vec<_>>()];
    let mut next = 0;
    while next < group.len() {
        for g in &generators {
            let product: Vec<usize> = group[next].iter().map(|&x| g[x]).collect();
            if !group.contains(&product) {
                group.push(product);
            }
        }
        next += 1;
    }
    group
}

impl Slice {
    /// Slices of extents `slice`, `length` of them, with `points` per site.
    pub fn new(slice: &[usize], length: usize, c: &Phi4, points: usize) -> Self {
        let extents: Vec<usize> = slice.iter().copied().chain([length]).collect();
        let rule = site_rule(&extents, c, points);
        let sites: usize = slice.iter().product();
        let volume = (sites * length) as f64;
        let states = points.pow(sites as u32);
        let digits = |j: usize| (0..sites).map(move |s| j / points.pow(s as u32) % points);
        let fields: Vec<f64> = (0..states).flat_map(|j| digits(j).map(|d| rule.nodes[d])).collect();
        let forward = forward_neighbours(slice);
        // ln √A, with e^{|κ|φ²} borrowed from each of the two bonds so that t ≤ 1: no coupling overflows.
        let log_root: Vec<f64> = (0..states)
            .map(|j| {
                let phi = &fields[j * sites..][..sites];
                let bonds: f64 = forward.iter().flat_map(|f| (0..sites).map(|s| phi[s] * phi[f[s]])).sum();
                let borrowed: f64 = phi.iter().map(|x| c.kappa.abs() * x * x).sum();
                0.5 * digits(j).map(|d| rule.weights[d].ln()).sum::<f64>() + c.kappa * bonds + borrowed
            })
            .collect();
        let largest = log_root.iter().fold(f64::MIN, |a, &x| a.max(x));

        // The orbit of a state is known by its least member; φ → -φ maps state j to states - 1 - j.
        let group = symmetries(slice);
        let mut size = vec![0.0; states];
        for j in 0..states {
            let d: Vec<usize> = digits(j).collect();
            let image = |g: &Vec<usize>| g.iter().rev().fold(0, |i, &s| i * points + d[s]);
            size[group.iter().map(image).map(|i| i.min(states - 1 - i)).min().expect("the identity")] += 1.0;
        }

        let mut this = Self {
            sites,
            points,
            root: log_root.iter().map(|x| (x - largest).exp()).collect(),
            bond: Bond::new(c.kappa, &rule.nodes),
            forward,
            orbits: (0..states).filter(|&j| size[j] > 0.0).map(|j| (j, size[j])).collect(),
            // The volume's action at uniform field: S(M) ≥ V (½λ_min M² + λM⁴).
            reach: range(volume * lowest_mode(&extents, c) / 2.0, volume * c.lambda, 45.0),
            extents,
            fields,
        };
        let mut v: Vec<f64> = this.root.clone();
        let mut eigenvalue = 1.0;
        for _ in 0..6 {
            let before = v.iter().map(|x| x * x).sum::<f64>().sqrt();
            this.apply(&mut v, &mut Vec::new(), 1);
            eigenvalue = v.iter().map(|x| x * x).sum::<f64>().sqrt() / before;
        }
        this.root.iter_mut().for_each(|r| *r /= eigenvalue.sqrt());
        this
    }

    /// v ← T v for `columns` vectors at once: entry (j, column) is `v[j * columns + column]`.
    fn apply(&self, v: &mut Vec<f64>, work: &mut Vec<f64>, columns: usize) {
        let weight = |v: &mut [f64]| {
            v.chunks_exact_mut(columns).zip(&self.root).for_each(|(v, r)| v.iter_mut().for_each(|x| *x *= r))
        };
        weight(v);
        work.resize(v.len(), 0.0);
        let mut right = columns;
        for _ in 0..self.sites {
            for (from, to) in v.chunks_exact(self.points * right).zip(work.chunks_exact_mut(self.points * right)) {
                let whole = right / LANES * LANES;
                (0..whole).step_by(LANES).for_each(|r| self.bond.apply::<LANES>(from, to, r, right));
                (whole..right).for_each(|r| self.bond.apply::<1>(from, to, r, right));
            }
            std::mem::swap(v, work);
            right *= self.points;
        }
        weight(v);
    }

    /// T e_i.
    fn column(&self, i: usize) -> Vec<f64> {
        let mut v = vec![self.root[i]];
        let mut rest = i;
        for _ in 0..self.sites {
            let row = self.bond.row(rest % self.points);
            v = row.iter().flat_map(|t| v.iter().map(move |x| x * t)).collect();
            rest /= self.points;
        }
        v.iter_mut().zip(&self.root).for_each(|(x, r)| *x *= r);
        v
    }

    fn field(&self, state: usize) -> &[f64] {
        &self.fields[state * self.sites..][..self.sites]
    }

    /// M of the whole lattice due to half of this slice: e^{zM} puts e^{z · this} on either side of each T.
    fn half_mean(&self, state: usize) -> f64 {
        self.field(state).iter().sum::<f64>() / (2.0 * self.extents.iter().product::<usize>() as f64)
    }

    fn length(&self) -> usize {
        *self.extents.last().expect("a slice and its number")
    }

    /// The table at this resolution.
    pub fn values(&self, c: &Phi4) -> Values {
        let dims = self.extents.len() as f64;
        let [z, terms @ ..] = self.orbit_sum(|i, work| self.correlators(i, c, work));
        let [phi2, phi4, nn, inner2, cross, second] = terms.map(|x| x / z / self.sites as f64);
        // ∂S/∂φ = u - 2κ(φ₊ + φ₋), u from the slice itself, φ± from the slices beside it.
        let grad2 = inner2 - 8.0 * c.kappa * cross + 8.0 * c.kappa * c.kappa * (phi2 + second);
        let [one, _, m2, _, m4] = self.source_series();
        let (m2, m4) = (2.0 * m2 / one, 24.0 * m4 / one);
        let abs_m = absolute_mean(self.reach, |t| self.characteristic(t).map(|x| x / z));
        Moments { phi2, phi4, nn: nn / dims, abs_m, m2, m4, grad2 }.values(&self.extents, c)
    }

    /// Σ_i f(i) over all states, from one state per orbit.
    fn orbit_sum<const N: usize>(&self, f: impl Fn(usize, &mut Buffers) -> [f64; N] + Sync) -> [f64; N] {
        let parts: Vec<[f64; N]> = self
            .orbits
            .par_iter()
            .map_init(Buffers::default, |work, &(i, size)| f(i, work).map(|x| size * x))
            .collect();
        // Summed in order: the result does not depend on the number of threads.
        parts.iter().fold([0.0; N], |s, p| std::array::from_fn(|k| s[k] + p[k]))
    }

    /// Contributions of slice state i, summed over its sites:
    /// (T^L)_ii times 1, φ², φ⁴, forward bonds, u², uφ' (next slice), φφ'' (the slice after it).
    fn correlators(&self, i: usize, c: &Phi4, work: &mut Buffers) -> [f64; 7] {
        let length = self.length();
        let mut powers = vec![self.column(i)];
        for _ in 2..length {
            let mut next = powers[powers.len() - 1].clone();
            self.apply(&mut next, &mut work.scratch, 1);
            powers.push(next);
        }
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let z = if length == 1 { powers[0][i] } else { dot(&powers[0], &powers[length - 2]) };
        let phi = self.field(i);
        // Mean field of the slice r steps away, given slice i.
        let distant = |r: usize| -> Vec<f64> {
            let r = r % length;
            if r == 0 {
                return phi.iter().map(|x| x * z).collect();
            }
            let mut mean = vec![0.0; self.sites];
            for (j, (a, b)) in powers[r - 1].iter().zip(&powers[length - r - 1]).enumerate() {
                mean.iter_mut().zip(self.field(j)).for_each(|(m, x)| *m += a * b * x);
            }
            mean
        };
        let (next, second) = (distant(1), distant(2));
        let mut u: Vec<f64> = phi.iter().map(|x| x * (2.0 * c.b + 4.0 * c.lambda * x * x)).collect();
        let mut bonds = 0.0;
        for forward in &self.forward {
            for s in 0..self.sites {
                bonds += phi[s] * phi[forward[s]];
                u[s] -= 2.0 * c.kappa * phi[forward[s]];
                u[forward[s]] -= 2.0 * c.kappa * phi[s];
            }
        }
        let power = |k: i32| phi.iter().map(|x| x.powi(k)).sum::<f64>();
        [z, z * power(2), z * power(4), z * bonds + dot(phi, &next), z * dot(&u, &u), dot(&u, &next), dot(phi, &second)]
    }

    /// The coefficients of h⁰ … h⁴ in Tr T(h)^L, T(h)_ij = e^{h(r_i + r_j)} T_ij.
    fn source_series(&self) -> [f64; 5] {
        let times =
            |a: &[f64], b: &[f64]| -> [f64; 5] { std::array::from_fn(|k| (0..=k).map(|i| a[i] * b[k - i]).sum()) };
        let exponential: Vec<[f64; 5]> = (0..self.root.len())
            .map(|j| {
                let r = self.half_mean(j);
                [1.0, r, r * r / 2.0, r.powi(3) / 6.0, r.powi(4) / 24.0]
            })
            .collect();
        self.orbit_sum(|i, work| self.twisted_trace(i, &exponential, times, work))
    }

    /// Tr T(it)^L: complex numbers, real parts first. The trace is real because S is even.
    fn characteristic(&self, t: [f64; BLOCK]) -> [f64; BLOCK] {
        let times = |a: &[f64], b: &[f64]| -> [f64; 2 * BLOCK] {
            std::array::from_fn(|k| {
                if k < BLOCK {
                    a[k] * b[k] - a[k + BLOCK] * b[k + BLOCK]
                } else {
                    a[k - BLOCK] * b[k] + a[k] * b[k - BLOCK]
                }
            })
        };
        let phase = |j: usize| -> [f64; 2 * BLOCK] {
            let r = self.half_mean(j);
            std::array::from_fn(|k| if k < BLOCK { (t[k] * r).cos() } else { (t[k - BLOCK] * r).sin() })
        };
        let phases: Vec<_> = (0..self.root.len()).map(phase).collect();
        let sum = self.orbit_sum(|i, work| self.twisted_trace(i, &phases, times, work));
        std::array::from_fn(|k| sum[k])
    }

    /// (T^L)_ii where T_ij is multiplied by d_i d_j; the d are N numbers of some commutative algebra, multiplied by
    /// `times`.
    fn twisted_trace<const N: usize>(
        &self,
        i: usize,
        d: &[[f64; N]],
        times: impl Fn(&[f64], &[f64]) -> [f64; N],
        Buffers { v, half, scratch }: &mut Buffers,
    ) -> [f64; N] {
        let twist = |v: &mut [f64]| v.chunks_exact_mut(N).zip(d).for_each(|(v, d)| v.copy_from_slice(&times(v, d)));
        v.clear();
        v.extend(self.column(i).iter().flat_map(|x| d[i].map(|d| d * x)));
        twist(v);
        // The trace from two halves: (T^L)_ii = (T^a e_i)·(T^b e_i), a + b = L.
        let (a, b) = (self.length() / 2, self.length().div_ceil(2));
        if a == 0 {
            return std::array::from_fn(|k| v[i * N + k]);
        }
        half.clone_from(v);
        for r in 2..=b {
            twist(v);
            self.apply(v, scratch, N);
            twist(v);
            if r == a {
                half.clone_from(v);
            }
        }
        let products = v.chunks_exact(N).zip(half.chunks_exact(N)).map(|(x, y)| times(x, y));
        products.fold([0.0; N], |s, p| std::array::from_fn(|k| s[k] + p[k]))
    }
}

/// Vectors that are reused from orbit to orbit.
#[derive(Default)]
struct Buffers {
    v: Vec<f64>,
    half: Vec<f64>,
    scratch: Vec<f64>,
}

/// The one-site matrix t(x, y) = e^{2κxy - |κ|(x² + y²)} on symmetric nodes, split by parity: half the products.
struct Bond {
    points: usize,
    full: Vec<f64>,
    even: Vec<f64>,
    odd: Vec<f64>,
}

impl Bond {
    fn new(kappa: f64, nodes: &[f64]) -> Self {
        let (points, half) = (nodes.len(), nodes.len() / 2);
        let full: Vec<f64> = (0..points * points)
            .map(|k| (nodes[k / points], nodes[k % points]))
            .map(|(x, y)| (2.0 * kappa * x * y - kappa.abs() * (x * x + y * y)).exp())
            .collect();
        let mirrored = |sign: f64| {
            let entry = |k: usize| {
                let (a, b) = (k / half * points, k % half);
                0.5 * (full[a + b] + sign * full[a + points - 1 - b])
            };
            (0..half * half).map(entry).collect()
        };
        Self { points, even: mirrored(1.0), odd: mirrored(-1.0), full }
    }

    fn row(&self, a: usize) -> &[f64] {
        &self.full[a * self.points..][..self.points]
    }

    /// `to[a] = Σ_b t(a, b) from[b]` on `N` neighbouring columns from `r` on; rows are `stride` long.
    fn apply<const N: usize>(&self, from: &[f64], to: &mut [f64], r: usize, stride: usize) {
        let (m, half) = (self.points, self.points / 2);
        let row = |b: usize| -> &[f64; N] { from[b * stride + r..][..N].try_into().expect("N numbers") };
        let (mut sum, mut difference) = ([[0.0; N]; MOST / 2], [[0.0; N]; MOST / 2]);
        for b in 0..half {
            let (x, y) = (row(b), row(m - 1 - b));
            sum[b] = std::array::from_fn(|k| x[k] + y[k]);
            difference[b] = std::array::from_fn(|k| x[k] - y[k]);
        }
        for a in 0..half {
            let (mut even, mut odd) = ([0.0; N], [0.0; N]);
            for b in 0..half {
                let (e, o) = (self.even[a * half + b], self.odd[a * half + b]);
                for k in 0..N {
                    even[k] += e * sum[b][k];
                    odd[k] += o * difference[b][k];
                }
            }
            for k in 0..N {
                to[a * stride + r + k] = even[k] + odd[k];
                to[(m - 1 - a) * stride + r + k] = even[k] - odd[k];
            }
        }
    }
}
