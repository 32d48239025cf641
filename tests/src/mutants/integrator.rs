//! Integrators: reuse of noise, stages, the Metropolis decision.

use super::ladder::{Defect, Scope, chains};
use super::plain::{Flaw, with_flaw};
use stoquant_model::{ArithKind, IntegratorKind};

/// The table.
pub fn defects() -> Vec<Defect> {
    use IntegratorKind::{Euler, Heun, LeimkuhlerMatthews, Mala};
    let of = |name, description, kind, flaw| {
        Defect::new("integrator", name, description, chains(with_flaw(flaw), Scope::new(ArithKind::Fx18, kind)))
    };
    // What a reference with the same wrong formula would not see.
    let by_laws = |name, kind, flaw| {
        let scope = Scope::new(ArithKind::Fx18, kind).laws_alone();
        Defect::new("integrator", name, "the same without a reference for the step", chains(with_flaw(flaw), scope))
    };
    vec![
        of("Euler: √ε", "noise √ε·R in place of √(2ε)·R", Euler, Flaw::Amplitude(0.5f64.sqrt())),
        of("Euler: 1.01 √(2ε)", "amplitude 1% too large", Euler, Flaw::Amplitude(1.01)),
        of("LM: fresh noise", "both noises new at every step, none reused", LeimkuhlerMatthews, Flaw::FreshNoise),
        of("LM: one noise", "R_n twice instead of R_n + R_{n+1}", LeimkuhlerMatthews, Flaw::OneNoise),
        of("LM: √(2ε)", "amplitude √(2ε) in place of √(ε/2)", LeimkuhlerMatthews, Flaw::Amplitude(2.0)),
        of("Heun: two noises", "the second stage has the next step's noise", Heun, Flaw::OtherNoise),
        of("Heun: no corrector", "K(φ) in both stages", Heun, Flaw::NoCorrector),
        of("Heun: quiet predictor", "the predictor moves without noise", Heun, Flaw::QuietPredictor),
        of("MALA: no proposal ratio", "q(x|y)/q(y|x) left out", Mala, Flaw::NoProposalRatio),
        of("MALA: no action", "S(x) - S(y) left out", Mala, Flaw::NoAction),
        of("MALA: action reversed", "S(y) - S(x)", Mala, Flaw::ActionReversed),
        of("MALA: accepts always", "no decision", Mala, Flaw::AlwaysAccepts),
        of("MALA: lenient", "accepts where u < r + 1/10", Mala, Flaw::Lenient),
        of("MALA: r²", "accepts where u < r²", Mala, Flaw::SquaredRatio),
        of("MALA: one uniform", "the same u at every step", Mala, Flaw::OneUniform),
        of("MALA: counts first", "a proposal counts as accepted before the decision", Mala, Flaw::CountsFirst),
        of("MALA: rejected, moved", "a rejected move goes half the way", Mala, Flaw::RejectedMoves),
        by_laws("Euler: √ε, by laws alone", Euler, Flaw::Amplitude(0.5f64.sqrt())),
        by_laws("LM: fresh noise, by laws alone", LeimkuhlerMatthews, Flaw::FreshNoise),
        by_laws("Heun: no corrector, by laws alone", Heun, Flaw::NoCorrector),
        by_laws("MALA: no proposal ratio, by laws alone", Mala, Flaw::NoProposalRatio),
        by_laws("MALA: no action, by laws alone", Mala, Flaw::NoAction),
        by_laws("MALA: accepts always, by laws alone", Mala, Flaw::AlwaysAccepts),
        by_laws("MALA: rejected, moved, by laws alone", Mala, Flaw::RejectedMoves),
        of("MALA: adapts for ever", "a smaller step once anything was rejected", Mala, Flaw::Adaptive),
    ]
}
