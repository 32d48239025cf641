//! Laws in Langevin time: the Fokker–Planck equation of one site, and the chains of finite step that approximate it.
//!
//! ∂P/∂τ = ∂_x(∂_x + S')P = -∂_xJ, J = -(∂_x + S')P (Risken, *The Fokker–Planck Equation*, 2nd ed. 1989, §5.1). The
//! integral of P is conserved, and J vanishes for P = e^{-S}: the equation is what the Langevin equation dx = -S'dτ +
//! √2 dW says of densities, and its stationary solution is the reason for stochastic quantisation.
//!
//! | | |
//! |---|---|
//! | [`Generator`], [`Scheme`] | the equation on a grid, conservative: central differences, or Chang and Cooper's |
//! | [`Implicit`], [`from_point`] | its evolution: probability conserved, densities positive |
//! | [`levels`], [`decay_rate`] | its spectrum, from an equivalent Schrödinger operator and from the evolution |
//! | [`ChainLaw`] | the exact law of a one-site chain after n steps of an integrator |
//! | [`PairLaw`] | the exact stationary law of Euler–Maruyama on a ring of two coupled sites |

mod chain;
mod evolution;
mod gap;
mod generator;
mod pair;

pub use chain::ChainLaw;
pub use evolution::{Implicit, from_point};
pub use gap::{Parity, decay_rate, levels};
pub use generator::{Generator, Grid, Scheme};
pub use pair::PairLaw;
