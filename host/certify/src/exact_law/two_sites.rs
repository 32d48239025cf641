//! The exact law of two coupled sites of eight bits: wrap, coupling and the order of updates are in it.
//!
//! First the transitions, one by one: the core's own sweep from every state with every noise. Then the law that follows
//! from them, against laws that know nothing of integers. No check here is statistical.

use rayon::prelude::*;
use stoquant_core::arith::Fx;
use stoquant_core::error::Error;
use stoquant_exact::estimate::Observable;
use stoquant_exact::exact;
use stoquant_exact::fokker_planck::PairLaw;
use stoquant_exact::reference::Datapath;
use stoquant_integers::law::two_sites::{CoreSweep, Drift, JointLaw, Solution, TOLERANCE, TwoSites, condition};
use stoquant_integers::markov::{LSB, MAX, WIDTH};
use stoquant_model::Phi4;

use crate::check::Check;
use crate::findings::Findings;
use crate::plan::Level;
use crate::rung::Rung;

const RUNG: Rung = Rung::ExactLaw;

/// Couplings and a step.
#[derive(Clone, Copy, Debug)]
struct Case {
    name: &'static str,
    couplings: Phi4,
    eps: f64,
}

/// In the first the quadratic term of φ₀ + φ₁ vanishes, and one unit of 2κε, as the format has it, is 2% of it.
const CASES: [Case; 2] = [
    Case { name: "strongly coupled", couplings: Phi4 { kappa: 0.35, b: 0.7, lambda: 0.1 }, eps: 0.035 },
    Case { name: "double wells", couplings: Phi4 { kappa: 0.1, b: -0.3, lambda: 0.05 }, eps: 0.03 },
];

/// Of a full certificate besides: smaller steps, where rounding counts for more.
const MORE: [Case; 3] = [
    Case { name: "coupled", couplings: Phi4 { kappa: 0.25, b: 0.5, lambda: 0.1 }, eps: 0.02 },
    Case { name: "coupled", couplings: Phi4 { kappa: 0.25, b: 0.5, lambda: 0.1 }, eps: 0.01 },
    Case { name: "single wells", couplings: Phi4 { kappa: 0.2, b: 0.5, lambda: 0.25 }, eps: 0.02 },
];

/// All checks.
pub fn checks(level: Level, seed: u64) -> Result<Findings, Error> {
    let mut findings = Findings::default();
    let full = level == Level::Full;
    for case in &CASES {
        findings.extend(of_case(case, if full { 4 } else { 1 }, seed)?);
    }
    for case in MORE.iter().filter(|_| full) {
        findings.extend(of_case(case, 1, seed)?);
    }
    Ok(findings)
}

/// Transitions of the core, and the law that follows from them.
fn of_case(case: &Case, pairings: usize, seed: u64) -> Result<Vec<Check>, Error> {
    let core = CoreSweep::<Fx<WIDTH>>::new(&case.couplings, case.eps)?;
    let chain = TwoSites::new(&core.couplings(), core.eps());
    let label = format!("two sites, {}, eps = {:.4}", case.name, chain.eps);
    let mut checks = transitions(&label, &chain, &core.noises(), pairings, seed, |n, eta| core.step(n, eta));
    let undecided = |error| vec![Check::undecided(RUNG, format!("{label}: {error}"))];
    checks.extend(law(&label, &chain).unwrap_or_else(undecided));
    Ok(checks)
}

/// Sweeps from every state with every noise at the first site, and at the second one that differs from pairing to
/// pairing. Each must lead where the integer formula of its own site leads, whatever the noise of the other.
fn transitions(
    label: &str,
    chain: &TwoSites,
    noises: &[i32],
    pairings: usize,
    seed: u64,
    sweep: impl Fn([i32; 2], [i32; 2]) -> [i32; 2] + Sync,
) -> Vec<Check> {
    let count = noises.len();
    // 199 noises, a prime: a multiple of k goes through all of them.
    let other = |pairing: usize, k: usize, state: usize| {
        let shift = (seed as usize).wrapping_add(state).wrapping_mul(31) % count;
        noises[(k * (2 + pairing) + shift) % count]
    };
    let formula = Datapath::new(WIDTH, &chain.couplings, chain.eps, (2.0 * chain.eps).sqrt());
    let wrong: (usize, usize) = (-MAX..=MAX)
        .into_par_iter()
        .map(|a| {
            let (mut moved, mut told) = (0, 0);
            for b in -MAX..=MAX {
                for pairing in 0..pairings {
                    for (k, &eta) in noises.iter().enumerate() {
                        let second = other(pairing, k, (a * 255 + b).unsigned_abs() as usize);
                        let after = [chain.step(a, b, eta), chain.step(b, a, second)];
                        moved += usize::from(sweep([a, b], [eta, second]) != after);
                        // The chain's tables against the formula of whole fields: every state, every 64th noise.
                        if (k as i32 + a + b) % 64 == 0 {
                            let phi = [i64::from(a), i64::from(b)];
                            let field = formula.euler(&phi, &[2], &[i64::from(eta), i64::from(second)], &mut 0);
                            told += usize::from(field != after.map(i64::from));
                        }
                    }
                }
            }
            (moved, told)
        })
        .reduce(|| (0, 0), |x, y| (x.0 + y.0, x.1 + y.1));
    let sweeps = pairings * count * (2 * MAX as usize + 1).pow(2);
    vec![
        Check::none(RUNG, format!("{label}: core's sweeps that are not the formula's, of {sweeps}"), wrong.0),
        Check::none(RUNG, format!("{label}: tables that are not the formula of a field"), wrong.1),
    ]
}

/// The law of a chain, and what is held against it.
fn law(label: &str, chain: &TwoSites) -> Result<Vec<Check>, exact::Error> {
    let Some(solution) = chain.solve() else {
        return Ok(vec![Check::undecided(RUNG, format!("{label}: the law was not found"))]);
    };
    let mut checks = solved(label, chain, &solution);
    checks.extend(compared(label, chain, &solution.law)?);
    Ok(checks)
}

/// That the law is the fixed point of the whole operator, and the only one.
fn solved(label: &str, chain: &TwoSites, solution: &Solution) -> Vec<Check> {
    let (rows, law) = (chain.rows(), &solution.law);
    // The solution was sought with half of the operator, by the exchange of the sites.
    let after = JointLaw::new(rows.apply(law.masses()));
    let exchanged = after.exchanged();
    let residual = after.distance(law, 1);
    let bound = |what: &str, value, bound| Check::bound(RUNG, format!("{label}: {what}"), value, 0.0, bound);
    let error = condition(&rows, law).map_or(f64::NAN, |condition| condition * residual);
    vec![
        bound("residual of the law, total variation", residual, TOLERANCE),
        bound("applications of the operator", solution.applications as f64, 100.0),
        // States below 1e-22 are left out, 65025 at most; the rest is rounding.
        bound("probability lost in a step", solution.mass_error, 1e-13),
        bound("exchange of the sites, total variation", after.distance(&exchanged, 1), 1e-15),
        Check::none(RUNG, format!("{label}: states that never return"), chain.stuck()),
        Check::none(RUNG, format!("{label}: order lost in a step"), usize::from(!chain.keeps_order())),
        bound("error of the law at most, total variation", error, 1e-9),
    ]
}

/// What is averaged over a law.
type Mean = fn(f64, f64) -> f64;

/// The law against those of the theory. Fractions are measured: docs/verification.md.
fn compared(label: &str, chain: &TwoSites, law: &JointLaw) -> Result<Vec<Check>, exact::Error> {
    let rounding = LSB * LSB / 12.0;
    let gaussian = |more| chain.solve_gaussian(Drift::Integers, more);
    let (Some(plain), Some(dithered)) = (gaussian(0.0), gaussian(rounding)) else {
        return Ok(vec![Check::undecided(RUNG, format!("{label}: the continuous chain was not solved"))]);
    };
    let (plain, dithered) = (plain.law, dithered.law);
    let (eps, c) = (chain.eps, chain.couplings);
    let pair = |more| PairLaw::new(&c, eps, chain.noise_variance(), more).map(|pair| pair.observables());
    let (pair, rounded_pair) = (pair(0.0)?, pair(rounding)?);
    let (exact, effective) = (exact::effective(&[2], &c, 0.0)?, exact::effective(&[2], &c, eps)?);
    // What the rounding of the mass factor does to e^{-S}.
    let (gibbs, factor) = (JointLaw::gibbs(&c), chain.factor_gibbs());
    let action = |x: f64, y: f64| c.b * (x * x + y * y) + c.lambda * (x.powi(4) + y.powi(4)) - 4.0 * c.kappa * x * y;
    // Δ²/(24ε)·d⟨O⟩/dT, the derivative being a covariance with S.
    let warmed = |f: Mean| {
        let slope = factor.mean(|x, y| f(x, y) * action(x, y)) - factor.mean(f) * factor.mean(action);
        chain.rounding_temperature() * slope
    };
    let square: Mean = |x, y| 0.5 * (x * x + y * y);
    let unit = warmed(square).abs();
    let mut checks = Vec::new();
    let means: [(&str, Observable, Mean); 2] =
        [("<φ²>", Observable::Phi2, square), ("<φ0φ1>", Observable::Nn, |x, y| x * y)];
    for (name, observable, f) in means {
        let mut bound = |what: &str, value, expected, bound| {
            checks.push(Check::bound(RUNG, format!("{label}: {name}{what}"), value, expected, bound));
        };
        let (found, warmed) = (law.mean(f), warmed(f));
        // One rounding to nearest is noise of variance Δ²/12, up to how the lattice of the noise meets the grid: 6% of
        // the law of rounding at worst. (For one site half of it: here the neighbour shifts the grid at random.)
        let size = unit.max(warmed.abs());
        bound(", dithered chain of the same drift", found, dithered.mean(f), 0.15 * size);
        // The temperature is raised once more by the next orders, 8% at worst.
        bound(", shift by rounding, law of rounding", found - plain.mean(f), warmed, 0.25 * size);
        // The same in another discretisation, with the drift of the couplings. The rounding of the mass factor is taken
        // off as a potential; what it does at finite step is smaller by the step times the stiffness.
        let staircase = factor.mean(f) - gibbs.mean(f);
        let next = 0.1 * staircase.abs() + 0.15 * size;
        bound(", dithered pair", found - staircase, rounded_pair[&observable].value, next);
        // e^{-S}: the error of the step to first order, the second as large as the pair has it.
        let step = effective[&observable].value - exact[&observable].value;
        let second = (pair[&observable].value - effective[&observable].value).abs();
        let value = found - staircase - warmed - exact[&observable].value;
        bound(" over that of e^-S, first order in the step", value, step, 1.5 * second + next + 0.1 * size);
    }
    // A tie goes up in φ and in -φ, in 2^-(W+1) of all steps or fewer, by half a unit more than it should: a force, to
    // which ⟨φ⟩ responds with ⟨φ²⟩ + ⟨φ₀φ₁⟩.
    let tie = 1.5 * LSB * (-f64::from(WIDTH)).exp2() / eps * (law.square() + law.bond());
    checks.push(Check::bound(RUNG, format!("{label}: <φ>"), law.mean(|x, y| 0.5 * (x + y)), 0.0, tie));
    // Cells of eight by eight states; that push is most of it, 5.2e-3 at worst.
    let name = format!("{label}: cells, dithered chain of the same drift, total variation");
    checks.push(Check::bound(RUNG, name, law.distance(&dithered, 8), 0.0, 0.01));
    Ok(checks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stoquant_integers::law::two_sites::{SITE, fixed_point};

    fn production() -> (TwoSites, Vec<i32>) {
        let core = CoreSweep::<Fx<WIDTH>>::new(&CASES[0].couplings, CASES[0].eps).unwrap();
        (TwoSites::new(&core.couplings(), core.eps()), core.noises())
    }

    /// Checks that fail, by how many times their bound.
    fn failures(checks: Vec<Check>) -> Vec<(String, f64)> {
        let deviation = |check: &Check| (check.value - check.expected).abs();
        let passes = |check: &Check| deviation(check) <= check.error;
        let failed = checks.into_iter().filter(|check| !passes(check));
        failed.map(|check| (deviation(&check) / check.error, check.name)).map(|(factor, name)| (name, factor)).collect()
    }

    #[test]
    fn what_ships_passes() {
        let (chain, _) = production();
        let found = failures(law("", &chain).unwrap());
        assert!(found.is_empty(), "{found:?}");
    }

    /// A defect in what a sweep reads: its transitions differ, and the law that follows from them is not that of the
    /// theory, by so many times the bound of the sharpest check.
    #[test]
    fn defects_are_caught() {
        let (chain, noises) = production();
        let c = chain.couplings;
        // One unit more of 2κε.
        let more = Phi4 { kappa: c.kappa + 1.0 / (2.0 * chain.eps * 2048.0), ..c };
        assert!((more.kappa / c.kappa - 1.02).abs() < 0.001);
        let caught =
            |name: &str, sweep: &(dyn Fn([i32; 2], [i32; 2]) -> [i32; 2] + Sync), law: &JointLaw, factor: f64| {
                let transitions = failures(transitions("", &chain, &noises, 1, 3, sweep));
                assert!(transitions.iter().any(|(name, _)| name.contains("sweeps")), "{name}: {transitions:?}");
                let found = failures(compared("", &chain, law).unwrap());
                let sharpest = found.iter().find(|(name, _)| name.contains("<φ0φ1>, dithered chain")).map(|(_, f)| *f);
                println!("{name}: {found:.1?}");
                assert!(sharpest.is_some_and(|found| found > factor), "{name}: {found:?}");
                // The reference that knows nothing of the integers' drift sees it as well.
                assert!(found.iter().any(|(name, _)| name.contains("<φ0φ1>, dithered pair")), "{name}: {found:?}");
            };
        for (name, wrong, factor) in [
            ("missing neighbour", TwoSites::with_neighbours(&c, chain.eps, |_, other| other), 1000.0),
            ("self-bond", TwoSites::with_neighbours(&c, chain.eps, |own, other| own + other), 390.0),
            ("kappa 2% off", TwoSites { couplings: c, ..TwoSites::new(&more, chain.eps) }, 60.0),
        ] {
            let sweep = |n: [i32; 2], eta: [i32; 2]| [wrong.step(n[0], n[1], eta[0]), wrong.step(n[1], n[0], eta[1])];
            caught(name, &sweep, &wrong.solve().unwrap().law, factor);
        }
        // The second site sees the new value of the first.
        let sweep = |[a, b]: [i32; 2], eta: [i32; 2]| {
            let a = chain.step(a, b, eta[0]);
            [a, chain.step(b, a, eta[1])]
        };
        caught("Gauss-Seidel", &sweep, &gauss_seidel(&chain), 48.0);
    }

    /// The law of the chain that updates one site after the other.
    fn gauss_seidel(chain: &TwoSites) -> JointLaw {
        let rows = chain.rows();
        let table: Vec<Vec<f64>> = (0..SITE * SITE).map(|i| rows.saturated(i / SITE, i % SITE)).collect();
        let place = |i: usize| (i / SITE, i % SITE);
        let apply = |law: &[f64]| {
            let (mut half, mut whole) = (vec![0.0; SITE * SITE], vec![0.0; SITE * SITE]);
            for (i, p) in law.iter().enumerate().filter(|(_, p)| p.abs() > 1e-22) {
                table[i].iter().enumerate().for_each(|(to, r)| half[to * SITE + place(i).1] += p * r);
            }
            for (i, p) in half.iter().enumerate().filter(|(_, p)| p.abs() > 1e-22) {
                let (a, b) = place(i);
                table[b * SITE + a].iter().enumerate().for_each(|(to, r)| whole[a * SITE + to] += p * r);
            }
            whole
        };
        fixed_point(apply, &JointLaw::gibbs(&chain.couplings)).unwrap().law
    }
}
