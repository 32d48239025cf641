//! The features of a configuration, see the core's network, and the derivative by the one thing in them that is
//! learned.
//!
//! ```text
//! f_k = 1/(1 + σ²(2κk̂² + m_F²)), f₀ = 0    F_k = f_k, F₀ = 1      D_k = σ²f_k      w_k = C_k/(C_k + σ²), w₀ = 1
//! ŷ = T[F y]    c = T[D]/L    v = c(0)    B = L·T[c²]    q = T ŷ²    u = T ŷ³
//! odd:   ŷ, T[S₁F y], T[S₂F y], T[S₃F y], M, T[w y], T[D u]       even:   ŷ², T[S₁q], T[S₂q], T[B q], M²
//! ```
//!
//! with S the symbols of three stencils. T is symmetric: the derivative by x of T x is T of what is given by T x.

use stoquant_core::arith::Real;
use stoquant_core::machine::Machine;

use super::lanes::dot;
use super::lattice::{Lattice, add, times};
use super::parameters::{EVEN, ODD};

/// A configuration as the network sees it.
pub struct Input<R> {
    /// Modes of y, zero mode included.
    pub y: Vec<R>,
    /// Interpolation weights of the knots at σ.
    pub hat: Vec<R>,
    /// σ².
    pub sigma2: R,
    /// M.
    pub m: R,
}

/// Features, V numbers each, with what their derivative needs.
pub struct Features<R> {
    /// Odd ones.
    pub odd: [Vec<R>; ODD],
    /// Even ones.
    pub even: [Vec<R>; EVEN],
    /// v, the variance of the filtered fluctuations.
    pub variance: R,
    /// f.
    filter: Vec<R>,
    /// c.
    correlation: Vec<R>,
    /// B.
    bubble: Vec<R>,
    /// q.
    square_modes: Vec<R>,
    /// u.
    cube_modes: Vec<R>,
}

/// Derivatives of the loss by features.
pub struct Slopes<R> {
    pub odd: [Vec<R>; ODD],
    pub even: [Vec<R>; EVEN],
    pub variance: R,
}

impl<R: Real> Features<R> {
    /// With a filter of this mass², m_F².
    pub fn new<M: Machine>(machine: M, lattice: &Lattice<R>, input: &Input<R>, mass2: R) -> Self {
        let transform = |x: &[R]| lattice.transform(machine, x);
        let (y, sigma2, side) = (&input.y, input.sigma2, R::of(lattice.extent as f64));
        let of_mode = |&kinetic: &R| R::ONE / (R::ONE + sigma2 * (kinetic + mass2));
        let mut filter: Vec<R> = lattice.kinetic.iter().map(of_mode).collect();
        filter[0] = R::ZERO;
        let mut filtered = times(&filter, y);
        filtered[0] = y[0];
        let mut wide: Vec<R> = lattice.spectrum.iter().zip(y).map(|(&c, &y)| c / (c + sigma2) * y).collect();
        wide[0] = y[0];
        let field = transform(&filtered);
        let square = times(&field, &field);
        let (square_modes, cube_modes) = (transform(&square), transform(&times(&square, &field)));
        let propagator: Vec<R> = filter.iter().map(|&f| sigma2 * f).collect();
        let correlation: Vec<R> = transform(&propagator).into_iter().map(|c| c / side).collect();
        let bubble: Vec<R> = transform(&times(&correlation, &correlation)).into_iter().map(|b| b * side).collect();
        let stencil = |n: usize, modes: &[R]| transform(&times(&lattice.stencils[n], modes));
        let constant = |value: R| vec![value; y.len()];
        Self {
            odd: [
                field,
                stencil(0, &filtered),
                stencil(1, &filtered),
                stencil(2, &filtered),
                constant(input.m),
                transform(&wide),
                transform(&times(&propagator, &cube_modes)),
            ],
            even: [
                square,
                stencil(0, &square_modes),
                stencil(1, &square_modes),
                transform(&times(&bubble, &square_modes)),
                constant(input.m * input.m),
            ],
            variance: correlation[0],
            filter,
            correlation,
            bubble,
            square_modes,
            cube_modes,
        }
    }

    /// The derivative of the loss by the filter's mass².
    pub fn by_mass2<M: Machine>(&self, machine: M, lattice: &Lattice<R>, input: &Input<R>, by: Slopes<R>) -> R {
        let transform = |x: &[R]| lattice.transform(machine, x);
        let (sigma2, side) = (input.sigma2, R::of(lattice.extent as f64));
        let [mut field, nn, diagonal, second, _, _, tree] = by.odd;
        let [mut square, square_nn, square_diagonal, square_bubble, _] = by.even;
        // By q and by B, by u and by D.
        let square_bubble = transform(&square_bubble);
        let mut square_modes = times(&self.bubble, &square_bubble);
        for (symbol, by) in lattice.stencils.iter().zip([&square_nn, &square_diagonal]) {
            add(&mut square_modes, symbol, &transform(by));
        }
        let tree = transform(&tree);
        let propagator: Vec<R> = self.filter.iter().map(|&f| sigma2 * f).collect();
        let mut by_propagator = times(&self.cube_modes, &tree);
        // By ŷ, from its powers.
        square.iter_mut().zip(transform(&square_modes)).for_each(|(slot, by)| *slot += by);
        let cube = transform(&times(&propagator, &tree));
        for (((slot, &y), &square), &cube) in field.iter_mut().zip(&self.odd[0]).zip(&square).zip(&cube) {
            *slot += y * (R::of(2.0) * square + R::of(3.0) * y * cube);
        }
        // By c, and with it all of D.
        let mut correlation = transform(&times(&self.square_modes, &square_bubble));
        for (slot, &c) in correlation.iter_mut().zip(&self.correlation) {
            *slot = R::of(2.0) * side * c * *slot;
        }
        correlation[0] += by.variance;
        for (slot, by) in by_propagator.iter_mut().zip(transform(&correlation)) {
            *slot += by / side;
        }
        // By F, and with it all of f.
        let mut by_filter = transform(&field);
        for (symbol, by) in lattice.stencils.iter().zip([&nn, &diagonal, &second]) {
            add(&mut by_filter, symbol, &transform(by));
        }
        for ((slot, &y), &by) in by_filter.iter_mut().zip(&input.y).zip(&by_propagator) {
            *slot = *slot * y + sigma2 * by;
        }
        // df/d(mass²) = -σ²f².
        -sigma2 * dot(&by_filter, &times(&self.filter, &self.filter))
    }
}
