//! The integrators once more, on whole fields and one site at a time: the core's bit for bit, until a flaw is planted.

use stoquant::engine::{Engine, core_engine, engine_of};
use stoquant_core::action::{Action, Drift, QuarticDrift, Terms, Totals};
use stoquant_core::arith::{Arith, Fx, Local, tally_value};
use stoquant_core::error::Error;
use stoquant_core::integrator::{Euler, Integrator, LeimkuhlerMatthews, Mala, State, Sweep};
use stoquant_core::lattice::Plan;
use stoquant_core::machine::{Machine, Portable};
use stoquant_core::math::{Accurate, Math};
use stoquant_core::noise::{PureWords, StreamTag, Threefry};
use stoquant_model::{ArithKind, IntegratorKind, Phi4, Setup};

use super::ladder::{Chains, Defect, Scope, chains};
use crate::lattice::neighbours;
use crate::with_dims;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Flaw {
    /// Nothing.
    None,
    /// k_n, k_a, k_c times these.
    Coefficients([f64; 3]),
    /// The noise amplitude times this.
    Amplitude(f64),
    /// The neighbour in this direction, back (0) or ahead (1), counts as 0.
    Missing(usize, usize),
    /// From this site on, the neighbour after the last site of a row is the next site in memory, not the first of the
    /// row.
    RunsOnFrom(usize),
    /// Rows are numbered modulo this.
    RowsModulo(usize),
    /// A site reads neighbours that are updated already.
    GaussSeidel,
    /// Sites with an odd index are left as they are.
    EvenSitesOnly,
    /// K is taken where the noise has moved the site to.
    DriftAfterNoise,
    /// The step is halved whenever a proposal of the chain was rejected before, for ever.
    Adaptive,
    /// The state does not advance to the next step's noise.
    StepStands,
    /// Leimkuhler–Matthews: both noises fresh at every step.
    FreshNoise,
    /// Leimkuhler–Matthews: R_n twice.
    OneNoise,
    /// Heun: the second stage has the noise of another step.
    OtherNoise,
    /// Heun: K(φ) in both stages.
    NoCorrector,
    /// Heun: no noise in the predictor.
    QuietPredictor,
    /// MALA: no ratio of proposal densities.
    NoProposalRatio,
    /// MALA: no ratio of proposal densities from this site on.
    NoProposalFrom(usize),
    /// MALA: no difference of actions.
    NoAction,
    /// MALA: S(y) - S(x).
    ActionReversed,
    /// MALA: every proposal is taken.
    AlwaysAccepts,
    /// MALA: r + 1/10 in place of r.
    Lenient,
    /// MALA: the same uniform number at every step.
    OneUniform,
    /// MALA: a proposal counts as accepted before it is decided upon.
    CountsFirst,
    /// MALA: a rejected move moves half the way.
    RejectedMoves,
    /// MALA: the decision compares with r², not r.
    SquaredRatio,
}

/// An integrator as the formulas say it, with a flaw.
#[derive(Clone, Copy)]
struct Plain<A: Arith> {
    kind: IntegratorKind,
    flaw: Flaw,
    drift: QuarticDrift<A>,
    action: Phi4,
    sigma: A::Sigma,
    eps: f64,
}

impl<A: Arith> Plain<A> {
    /// ε·K of a site.
    fn drift(&self, phi: &[A], extents: &[usize], x: usize, clipped: &mut u32) -> A::Wide {
        self.drift.drift(x, phi[x], self.sum(phi, extents, x), clipped)
    }

    /// Σ over the neighbours of a site, in pairs: the fastest direction, the slowest, the others from the inside out.
    fn sum(&self, phi: &[A], extents: &[usize], x: usize) -> A::Sum {
        let mut pairs: Vec<[A; 2]> = neighbours(x, extents).iter().map(|pair| pair.map(|y| phi[y])).collect();
        match self.flaw {
            Flaw::Missing(mu, side) => {
                if let Some(pair) = pairs.get_mut(mu) {
                    pair[side] = A::default();
                }
            }
            Flaw::RunsOnFrom(first) if x >= first => {
                if let Some(fastest) = pairs.last_mut() {
                    fastest[1] = phi[(x + 1) % phi.len()];
                }
            }
            Flaw::RowsModulo(rows) if pairs.len() > 1 => {
                let row = phi.len() / extents[0];
                pairs[0][1] = phi[(x + row) % phi.len() % (rows * row)];
            }
            _ => {}
        }
        if pairs.len() > 2 {
            let slowest = pairs.remove(0);
            pairs.insert(pairs.len() - 1, slowest);
        }
        pairs.iter().rev().fold(A::Sum::default(), |sum, [back, ahead]| sum + back.pair(*ahead))
    }

    /// The field after φ + εK + σ·η, before and after its rounding.
    fn advance(&self, phi: &[A], extents: &[usize], eta: &[i32], clipped: &mut u32) -> Vec<A::Wide> {
        let site = |x: usize| {
            let noise = A::mul_noise(self.sigma, eta[x]);
            let from = if self.flaw == Flaw::DriftAfterNoise {
                let mut moved = phi.to_vec();
                moved[x] = A::narrow(phi[x].widen() + noise, clipped);
                self.drift(&moved, extents, x, clipped)
            } else {
                self.drift(phi, extents, x, clipped)
            };
            phi[x].widen() + from + noise
        };
        (0..phi.len()).map(site).collect()
    }

    fn euler(&self, phi: &[A], extents: &[usize], eta: &[i32], clipped: &mut u32) -> Vec<A> {
        if self.flaw == Flaw::GaussSeidel {
            let mut phi = phi.to_vec();
            for x in 0..phi.len() {
                let wide = phi[x].widen() + self.drift(&phi, extents, x, clipped) + A::mul_noise(self.sigma, eta[x]);
                phi[x] = A::narrow(wide, clipped);
            }
            return phi;
        }
        let mut out: Vec<A> =
            self.advance(phi, extents, eta, clipped).into_iter().map(|wide| A::narrow(wide, clipped)).collect();
        if self.flaw == Flaw::EvenSitesOnly {
            (1..phi.len()).step_by(2).for_each(|x| out[x] = phi[x]);
        }
        out
    }

    /// Heun's y, and ½(φ + y + εK(y) + σ·η).
    fn heun(&self, phi: &[A], extents: &[usize], eta: &[i32], second: &[i32], clipped: &mut u32) -> Vec<A> {
        let zeros = vec![0; phi.len()];
        let y = self.euler(phi, extents, if self.flaw == Flaw::QuietPredictor { &zeros } else { eta }, clipped);
        let wide = match self.flaw {
            // ½(2φ + 2εK(φ) + 2σ·η)
            Flaw::NoCorrector => self.advance(phi, extents, second, clipped),
            _ => self.advance(&y, extents, second, clipped),
        };
        let first = match self.flaw {
            Flaw::NoCorrector => self.advance(phi, extents, eta, clipped),
            _ => phi.iter().map(|phi| phi.widen()).collect(),
        };
        wide.into_iter().zip(first).map(|(a, b)| A::narrow_half(a + b, clipped)).collect()
    }

    /// S(x) - S(y), and the logarithm of the ratio of proposal densities.
    fn ln_ratio(&self, x: &[A], y: &[A], extents: &[usize]) -> [f64; 2] {
        let mut change = Totals::<<Phi4 as Action<A>>::Terms>::default();
        let variance = 2.0 * self.eps + A::FIELD_LSB * A::FIELD_LSB / 12.0;
        let (mut proposal, w) = (0, A::proposal_unit(variance));
        for i in 0..x.len() {
            let [of_x, of_y] = [x, y].map(|phi| self.action.terms(phi[i], self.sum(phi, extents, i)));
            change.add(std::iter::once(of_y.minus(of_x)));
            let [a, b] = [x, y].map(|phi| self.drift(phi, extents, i, &mut 0));
            if !matches!(self.flaw, Flaw::NoProposalFrom(first) if i >= first) {
                proposal += i128::from(A::local_proposal(x[i], y[i], a, b, 1.0 / w).tally());
            }
        }
        let proposal = tally_value(proposal) * (w * w);
        [-change.dot(<Phi4 as Action<A>>::couplings(&self.action)), -proposal / (2.0 * variance)]
    }

    fn mala(&self, x: &[A], extents: &[usize], eta: &[i32], accept: &Threefry, state: &mut State) -> Vec<A> {
        let mut clipped = 0;
        let y = self.euler(x, extents, eta, &mut clipped);
        state.clipped += u64::from(clipped);
        let [action, proposal] = self.ln_ratio(x, &y, extents);
        state.log_ratio = match self.flaw {
            Flaw::NoProposalRatio => action,
            Flaw::NoAction => proposal,
            Flaw::ActionReversed => proposal - action,
            _ => action + proposal,
        };
        let step = if self.flaw == Flaw::OneUniform { 0 } else { state.step };
        let uniform = ((accept.word64(step) >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
        let r = Accurate::exp(state.log_ratio);
        let taken = match self.flaw {
            Flaw::AlwaysAccepts => true,
            Flaw::Lenient => uniform < r + 0.1,
            Flaw::SquaredRatio => uniform < r * r,
            _ => state.log_ratio >= 0.0 || uniform < r,
        };
        state.accepted += u64::from(taken || self.flaw == Flaw::CountsFirst);
        if taken {
            y
        } else if self.flaw == Flaw::RejectedMoves {
            let middle = |(x, y): (&A, &A)| A::narrow_half(x.widen() + y.widen(), &mut 0);
            x.iter().zip(&y).map(middle).collect()
        } else {
            x.to_vec()
        }
    }
}

impl<A: Arith, W: PureWords> Integrator<A, W> for Plain<A> {
    fn sweep<const D: usize, M: Machine>(&self, plan: &Plan<D, M>, sweep: Sweep<'_, A, W>) {
        let Sweep { noise, phi, state, .. } = sweep;
        let extents = plan.extents();
        let x: Vec<A> = phi.iter().map(|&word| A::load(word)).collect();
        let mut at = |step: u64| {
            let mut eta = vec![0; x.len()];
            A::fill_noise(plan.machine(), &mut noise.eta, step, 0, &mut eta);
            eta
        };
        // Rejections so far halve the step: what "adapts" to the acceptance of the moment for ever.
        let adapted = Self { sigma: A::sigma(0.7 * A::sigma_value(self.sigma)).unwrap_or(self.sigma), ..*self };
        let now = if self.flaw == Flaw::Adaptive && state.accepted < state.step { &adapted } else { self };
        let step = state.step;
        let eta = at(step);
        let mut clipped = 0;
        let y = match self.kind {
            IntegratorKind::Euler => now.euler(&x, extents, &eta, &mut clipped),
            IntegratorKind::LeimkuhlerMatthews => {
                let (first, second) = match self.flaw {
                    Flaw::FreshNoise => (at(2 * step), at(2 * step + 1)),
                    Flaw::OneNoise => (eta.clone(), eta),
                    _ => (eta, at(step + 1)),
                };
                let sum: Vec<i32> = first.iter().zip(&second).map(|(a, b)| a + b).collect();
                now.euler(&x, extents, &sum, &mut clipped)
            }
            IntegratorKind::Heun => {
                let second = if self.flaw == Flaw::OtherNoise { at(step + 1) } else { eta.clone() };
                now.heun(&x, extents, &eta, &second, &mut clipped)
            }
            IntegratorKind::Mala => now.mala(&x, extents, &eta, &noise.accept, state),
        };
        if self.kind != IntegratorKind::Mala {
            state.clipped += u64::from(clipped);
            state.accepted += 1;
        }
        state.step += u64::from(self.flaw != Flaw::StepStands);
        for (slot, y) in phi.iter_mut().zip(y) {
            *slot = y.store();
        }
    }

    fn eps(&self) -> f64 {
        self.eps
    }
}

fn with_arith<const D: usize, A: Arith>(
    extents: [usize; D],
    setup: &Setup,
    chain: u32,
    flaw: Flaw,
) -> Result<Box<dyn Engine>, Error> {
    let action = setup.couplings;
    // Coefficients and step from the core, which quantises them.
    let (drift, eps, scale): (QuarticDrift<A>, f64, f64) = match setup.integrator {
        IntegratorKind::LeimkuhlerMatthews => {
            let lm = LeimkuhlerMatthews::<A, _>::new(&action, setup.eps, D)?;
            (*lm.drift(), Integrator::<A, Threefry>::eps(&lm), 0.5)
        }
        IntegratorKind::Mala => {
            let mala = Mala::<A, Phi4>::new(&action, setup.eps, D)?;
            (*mala.drift(), Integrator::<A, Threefry>::eps(&mala), 2.0)
        }
        _ => {
            let euler = Euler::<A, _>::new(&action, setup.eps, D)?;
            (*euler.drift(), Integrator::<A, Threefry>::eps(&euler), 2.0)
        }
    };
    let sigma = |factor: f64| A::sigma(factor * (scale * eps).sqrt());
    let unrepresentable = Error::Unrepresentable { what: "noise amplitude", value: eps, limit: 1.0, format: A::NAME };
    let mut plain =
        Plain { kind: setup.integrator, flaw, drift, action, sigma: sigma(1.0).ok_or(unrepresentable)?, eps };
    match flaw {
        Flaw::Amplitude(factor) => plain.sigma = sigma(factor).ok_or(unrepresentable)?,
        Flaw::Coefficients([hop, linear, cubic]) => {
            let gain = |k, factor: f64| A::gain(factor * A::gain_value(k)).unwrap_or(k);
            plain.drift = QuarticDrift {
                hop: gain(drift.hop, hop),
                linear: A::slope(linear * A::slope_value(drift.linear)).unwrap_or(drift.linear),
                cubic: gain(drift.cubic, cubic),
            };
        }
        _ => {}
    }
    let words = Threefry::new(setup.seed, chain, StreamTag::Noise);
    engine_of(Portable, extents, setup, chain, plain, drift, words)
}

/// Chains of the plain integrator in `Fx<18>`, with a flaw; in other formats the core's.
pub fn with_flaw(flaw: Flaw) -> Chains {
    Box::new(move |setup, chain| match setup.arith {
        ArithKind::Fx18 => {
            with_dims!(&*setup.extents, |e| with_arith::<_, Fx<18>>(e, setup, chain, flaw))
        }
        // The companion of a free run has no flaw.
        _ => core_engine(setup, chain),
    })
}

/// The integrators without a flaw: the core's, and the plain ones.
pub fn controls() -> Vec<Defect> {
    let of = |kind: &IntegratorKind| {
        let scope = Scope::new(ArithKind::Fx18, *kind);
        let control = |what, chains| Defect::new("control", kind.name(), what, chains);
        [
            control("the core", chains(Box::new(core_engine), scope)),
            control("the core, by laws alone", chains(Box::new(core_engine), scope.laws_alone())),
            control("the plain integrator", chains(with_flaw(Flaw::None), scope)),
        ]
    };
    IntegratorKind::ALL.iter().flat_map(of).collect()
}
