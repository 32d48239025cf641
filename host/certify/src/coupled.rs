//! Coupled paths: an engine against the formulas in `f64`, driven by the same η, step by step and site by site.
//!
//! Sharper than any statistic: each site of each step must agree with the reference within the rounding of its number
//! format. The reference (`stoquant_exact::reference`) shares no code with the core; η is what the Gaussian makes of
//! the word that the definition gives (seed, chain, step, site), with steps counted here. [`super::datapath`] asks for
//! every word of fixed point, [`super::residuals`] for whiteness of what the drift leaves.

use rayon::prelude::*;
use stoquant_core::dispatch::field_lsb;
use stoquant_core::error::Error;
use stoquant_model::{ArithKind, IntegratorKind, NoiseKind, Phi4, Setup};

use super::check::{Check, largest};
use super::rung::Rung;
use stoquant_engines::engine::{Engine, Factory};
use stoquant_exact::reference::{self, Address, Stream};

const RUNG: Rung = Rung::Coupled;

/// Where the noise of a step stands.
pub fn address(setup: &Setup, chain: u32, stream: Stream, step: u64) -> Address {
    Address { seed: setup.seed, chain, stream, step, site: 0 }
}

/// η of every site at a step, as the arithmetic sees it.
pub fn eta(setup: &Setup, chain: u32, step: u64) -> Vec<f64> {
    let law: NoiseKind = setup.noise;
    let first = address(setup, chain, Stream::Noise, step);
    let site = |x: usize| {
        let word = Address { site: x as u64, ..first }.word();
        match setup.arith.noise_width() {
            16 => f64::from(stoquant_core::noise::eta::<16>(law, word)) / 4096.0,
            _ => f64::from(stoquant_core::noise::eta::<18>(law, word)) / 16384.0,
        }
    };
    (0..setup.volume()).into_par_iter().with_min_len(1 << 12).map(site).collect()
}

/// Bounds on the rounding of one site update of a number format.
struct Rounding {
    /// Field spacing, 0 for floats.
    lsb: f64,
    /// Half a unit of the even factor d, and of u = φ².
    factor: f64,
    square: f64,
    /// Unit roundoff of floats.
    unit: f64,
    /// d is cut off here.
    range: f64,
    /// d = -(linear + cubic·φ²).
    linear: f64,
    cubic: f64,
    /// σ·|η| is below this.
    noise: f64,
    /// Unit of the field.
    field: f64,
}

impl Rounding {
    fn new(setup: &Setup, c: &Phi4, eps: f64) -> Self {
        let (arith, field) = (setup.arith, setup.unit());
        let half = |fraction: i32| 0.5 * 2f64.powi(-fraction);
        let (factor, square, unit) = match arith {
            // d has W+1 fractional bits and φ² has W-7 (core: arith::fx).
            ArithKind::Fx18 => (half(19), half(11), 0.0),
            ArithKind::Fx16 => (half(17), half(9), 0.0),
            ArithKind::F32 => (0.0, 0.0, half(23)),
            // Four more bits: the reference rounds too, in another order.
            ArithKind::F64 => (0.0, 0.0, half(48)),
        };
        // W bits with W+1 of them fractional.
        let range = if factor > 0.0 { 0.25 } else { f64::INFINITY };
        let (linear, cubic) = (2.0 * c.b * eps, 4.0 * c.lambda * eps);
        let noise = 6.4 * (2.0 * eps).sqrt();
        Self { lsb: field_lsb(arith), factor, square, unit, range, linear, cubic, noise, field }
    }

    /// Whether d at a site is one the format holds, roundings included.
    fn holds(&self, phi: f64) -> bool {
        (self.linear + self.cubic * phi * phi).abs() + 2.0 * (self.factor + self.cubic * self.square) < self.range
    }

    /// On εK at a site: |φ|·(rounding of d + k_c · rounding of φ²), or a dozen float roundings of its largest term.
    fn drift(&self, phi: f64) -> f64 {
        phi.abs() * (self.factor + self.cubic * self.square) + 12.0 * self.unit * self.largest(phi)
    }

    /// On φ' at a site: the drift, and half a unit for the one rounding of the field.
    fn update(&self, phi: f64) -> f64 {
        // The last terms cover the f64 arithmetic of the reference where half a unit is attained exactly.
        0.5 * self.lsb * (1.0 + 1e-9) + self.drift(phi) + 4.0 * self.unit * self.largest(phi) + 1e-15 * self.field
    }

    fn largest(&self, phi: f64) -> f64 {
        phi.abs() * (2.0 + self.cubic * phi * phi) + self.field + self.noise
    }
}

/// How far steps of an engine lie from the reference.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deviations {
    /// Largest deviation of a site in units of its bound.
    pub field: f64,
    /// Largest deviation of ln r in units of its bound.
    pub ln_ratio: f64,
    /// Decisions that ln r does not justify.
    pub decisions: usize,
    /// Rejected proposals after which the field had moved all the same.
    pub moved: usize,
    /// Sum of the deviations, and of how many.
    bias: f64,
    roundings: usize,
}

impl Deviations {
    fn compare(&mut self, rounding: &Rounding, scale: f64, x: &[f64], expected: &[f64], found: &[f64]) {
        for ((&phi, expected), found) in x.iter().zip(expected).zip(found) {
            let deviation = found - expected;
            let ratio = deviation.abs() / (scale * rounding.update(phi.abs().max(found.abs())));
            self.field = largest([self.field, ratio]);
            self.bias += deviation;
            self.roundings += 1;
        }
    }
}

/// Steps of an engine against the reference. Setup, chain and step are what was asked for: the engine may be wrong
/// about its own.
pub fn follow(engine: &mut dyn Engine, setup: &Setup, chain: u32, first: u64, steps: u64) -> Result<Deviations, Error> {
    let (c, eps) = (engine.chain().drift, engine.chain().eps);
    let rounding = Rounding::new(setup, &c, eps);
    let extents = &setup.extents;
    let mut off = Deviations::default();
    for step in (0..steps).map(|step| first.wrapping_add(step)) {
        let (x, before) = (engine.phi()?, engine.state()?);
        engine.sweep(1)?;
        let (y, after) = (engine.phi()?, engine.state()?);
        let r = eta(setup, chain, step);
        match setup.integrator {
            IntegratorKind::Euler => {
                off.compare(&rounding, 1.0, &x, &reference::euler(&x, extents, &c, &r, eps), &y);
            }
            IntegratorKind::LeimkuhlerMatthews => {
                let next = eta(setup, chain, step.wrapping_add(1));
                let expected = reference::leimkuhler_matthews(&x, extents, &c, &r, &next, eps);
                off.compare(&rounding, 1.0, &x, &expected, &y);
            }
            // Two roundings: the predictor's enters with ½(1 + ε·Lipschitz) < 1.
            IntegratorKind::Heun => {
                off.compare(&rounding, 2.0, &x, &reference::heun(&x, extents, &c, &r, eps), &y);
            }
            IntegratorKind::Mala => {
                let trial = reference::euler(&x, extents, &c, &r, eps);
                let taken = after.accepted > before.accepted;
                if taken {
                    off.compare(&rounding, 1.0, &x, &trial, &y);
                } else {
                    // A rejected proposal leaves the field as it was, to the bit.
                    off.moved += usize::from(x != y);
                }
                let to = if taken { y.clone() } else { trial };
                // The way back is as good with a clipped d, but is not what the reference computes. Rejected proposals
                // alone are that far out: a field counts what it clips.
                if !to.iter().all(|&phi| rounding.holds(phi)) {
                    continue;
                }
                let (ln_r, bound) = ln_ratio(engine, setup, &rounding, &x, &to);
                // Where the proposal was not taken, it is known before its rounding only.
                let bound = if taken { bound } else { bound + rounding_of_proposal(&rounding, &x, &to, eps) };
                off.ln_ratio = largest([off.ln_ratio, (after.log_ratio - ln_r) / bound]);
                let word = address(setup, chain, Stream::Accept, step).word64();
                let ln_u = ((word as f64 + 0.5) * 2f64.powi(-64)).ln();
                let clear = (ln_u - ln_r).abs() > bound;
                off.decisions += usize::from(clear && taken != (ln_u < ln_r));
            }
        }
    }
    Ok(off)
}

/// `steps` steps of an engine against the reference: largest deviation in units of its bound, and the mean rounding
/// error.
pub fn lockstep(factory: &Factory, setup: &Setup, chain: u32, steps: u64) -> Result<Vec<Check>, Error> {
    let mut engine = factory(setup, chain)?;
    engine.hot_start(setup.unit())?;
    let off = follow(engine.as_mut(), setup, chain, 0, steps)?;
    let label = label(setup);
    let mut checks = vec![Check::bound(RUNG, format!("{label}: deviation / rounding bound"), off.field, 0.0, 1.0)];
    if setup.integrator == IntegratorKind::Mala {
        checks.push(Check::bound(RUNG, format!("{label}: ln r / rounding bound"), off.ln_ratio, 0.0, 1.0));
        checks.push(Check::none(RUNG, format!("{label}: wrong decisions"), off.decisions));
        checks.push(Check::none(RUNG, format!("{label}: rejected, and moved all the same"), off.moved));
    }
    let lsb = field_lsb(setup.arith);
    if lsb > 0.0 && off.roundings > 0 {
        let n = off.roundings as f64;
        // Rounding errors are uniform on ±Δ/2 where the noise dithers them; Heun's has a second one of half the size.
        let variance = if setup.integrator == IntegratorKind::Heun { 1.25 } else { 1.0 } / 12.0;
        let (mean, error) = (off.bias / n / lsb, (variance / n).sqrt());
        // Truncation costs a half; half of that is found.
        let check = Check::normal(RUNG, format!("{label}: mean rounding error / LSB"), mean, 0.0, error);
        checks.push(check.from_samples(n).promising(0.25));
    }
    Ok(checks)
}

/// The Metropolis decision where there is something to decide. At the step of a setup a proposal may be rejected once
/// in a thousand; here the step is doubled until a tenth of them are, or the format does not hold the drift any more.
pub fn decisions(factory: &Factory, setup: &Setup, chain: u32) -> Result<Vec<Check>, Error> {
    const STEPS: u64 = 192;
    let pilot = |setup: &Setup| {
        let mut engine = factory(setup, chain)?;
        engine.hot_start(setup.unit())?;
        engine.sweep(STEPS)?;
        engine.state()
    };
    let (mut harder, mut state) = (*setup, pilot(setup)?);
    while 10 * state.accepted > 9 * STEPS && harder.eps < 1.0 {
        let next = Setup { eps: 2.0 * harder.eps, ..harder };
        match pilot(&next) {
            // A clipped factor proposes as well as any, but is not what the reference computes.
            Ok(now) if now.clipped == 0 => (harder, state) = (next, now),
            _ => break,
        }
    }
    let mut checks = lockstep(factory, &harder, chain, STEPS)?;
    for check in &mut checks {
        check.name = format!("{}, eps = {}", check.name, harder.eps);
    }
    Ok(checks)
}

/// ln r of a proposal from the formula, and a bound on what the number format may do to it.
fn ln_ratio(engine: &dyn Engine, setup: &Setup, rounding: &Rounding, x: &[f64], y: &[f64]) -> (f64, f64) {
    let (c, target, eps) = (engine.chain().drift, engine.chain().target, engine.chain().eps);
    let extents = &setup.extents;
    let variance = 2.0 * eps + rounding.lsb * rounding.lsb / 12.0;
    let (kx, ky) = (reference::drift(x, extents, &c), reference::drift(y, extents, &c));
    let mut ln_r = reference::action(x, extents, &target) - reference::action(y, extents, &target);
    // Tallies: half a unit of 2^-32 for each of three terms, both fields, times couplings in the unit of the field.
    let square = setup.unit().powi(2);
    let largest = target.kappa.abs().max(target.b.abs()).max(target.lambda * square) * square;
    let mut bound = 1e-9 * (largest / 4.0).max(1.0) * x.len() as f64;
    for i in 0..x.len() {
        let (a, b, delta) = (eps * kx[i], eps * ky[i], y[i] - x[i]);
        ln_r += ((delta - a).powi(2) - (delta + b).powi(2)) / (2.0 * variance);
        let (ea, eb) = (rounding.drift(x[i]), rounding.drift(y[i]));
        bound += (2.0 * delta.abs() + 2.0 * (a.abs() + b.abs()) + ea + eb) * (ea + eb) / variance;
    }
    (ln_r, bound)
}

/// How much ln r may move when each y moves by its rounding: |∂ ln r/∂y| ≤ (2|δ| + 2|a| + 2|b|)·(1 + Lipschitz)/σ² +
/// |K|, with εK bounded by the displacement scale.
fn rounding_of_proposal(rounding: &Rounding, x: &[f64], y: &[f64], eps: f64) -> f64 {
    x.iter()
        .zip(y)
        .map(|(x, y)| 4.0 * ((y - x).abs() + rounding.noise) / eps * rounding.update(x.abs().max(y.abs())))
        .sum()
}

/// A free run of an engine beside an `f64` one with the engine's own coefficients: the distance against the accumulated
/// rounding, e' ≤ L e + r with the Lipschitz constant L of the update in the maximum norm.
pub fn free_run(factory: &Factory, setup: &Setup, chain: u32, steps: u64) -> Result<Vec<Check>, Error> {
    let mut engine = factory(setup, chain)?;
    let (c, eps) = (engine.chain().drift, engine.chain().eps);
    let reference = Setup { arith: ArithKind::F64, couplings: c, eps, ..*setup };
    let mut exact = factory(&reference, chain)?;
    engine.hot_start(setup.unit())?;
    exact.set_bits(&engine.phi()?.iter().map(|phi| phi.to_bits()).collect::<Vec<_>>())?;
    let rounding = Rounding::new(setup, &c, eps);
    // 1 - ε(2b + 12λφ²) + 4Dκε in rows; the quartic term only contracts.
    let lipschitz = 1.0 + eps * (4.0 * setup.extents.len() as f64 * c.kappa.abs() - 2.0 * c.b);
    // 16-bit noise is its own rounding of the same Gaussian.
    let noise = if setup.arith.noise_width() == 16 { 0.5 / 4096.0 * (2.0 * eps).sqrt() * 2.0 } else { 0.0 };
    let two_stage = if setup.integrator == IntegratorKind::Heun { 2.0 } else { 1.0 };
    let (mut bound, mut worst) = (0.0, 0.0f64);
    for _ in 0..steps {
        engine.sweep(1)?;
        exact.sweep(1)?;
        let (a, b) = (engine.phi()?, exact.phi()?);
        let largest = a.iter().fold(0.0f64, |m, phi| m.max(phi.abs()));
        bound = lipschitz.max(0.0) * bound + noise + two_stage * rounding.update(largest);
        let distance = a.iter().zip(&b).fold(0.0f64, |m, (a, b)| {
            let d = (a - b).abs();
            if d.is_nan() { f64::INFINITY } else { m.max(d) }
        });
        worst = worst.max(distance / bound);
    }
    Ok(vec![Check::bound(
        RUNG,
        format!("{}: distance to f64 / accumulated rounding, {steps} steps", label(setup)),
        worst,
        0.0,
        1.0,
    )])
}

/// `fx18 euler 4x6`.
pub fn label(setup: &Setup) -> String {
    let extents: Vec<String> = setup.extents.iter().map(usize::to_string).collect();
    let extents = if extents.is_empty() { "site".into() } else { extents.join("x") };
    let noise = match setup.noise {
        NoiseKind::Gaussian => String::new(),
        kind => format!(" {kind}"),
    };
    format!("{} {}{noise} {extents}", setup.arith, setup.integrator)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Level, Plan};
    use stoquant_engines::engine::core_engine;

    /// The proposal of step 179 reaches φ = 3.93 at ε = 0.08, where d = -0.26, and is rejected.
    #[test]
    fn a_rejected_proposal_may_lie_where_the_drift_is_clipped() {
        let plan = Plan::standard(1795597559074106475, 0.5, Level::Standard);
        let is_case = |setup: &&Setup| setup.integrator == IntegratorKind::Mala && setup.extents == [1, 8];
        let setup = plan.coupled.iter().find(is_case).expect("a case of the plan");
        let checks = decisions(&|setup, chain| core_engine(setup, chain), setup, 2).expect("runs");
        let ratio =
            checks.iter().find(|check| check.name.ends_with("ln r / rounding bound, eps = 0.08")).expect("its step");
        assert!(ratio.value <= ratio.error, "{ratio:?}");
    }
}
