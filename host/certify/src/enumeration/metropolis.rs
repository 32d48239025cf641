//! MALA exact in integers, and what a ratio of ideal densities does in its place.

use num_rational::Ratio;
use num_traits::ToPrimitive;
use stoquant_core::arith::Arith;
use stoquant_core::error::Error;

use super::{CASES, RUNG, home};
use crate::check::Check;
use crate::findings::Findings;
use stoquant_exact::exact::SitePotential;
use stoquant_integers::markov::mala::{self, GridNoise, Pairs};
use stoquant_integers::markov::{
    CountMatrix, EtaLaw, LSB, STATES, Site, boltzmann, classes, index, normalised, phi, stationary, total_variation,
};

/// The largest weight: e^-S to 48 bits.
const LARGEST: u64 = 1 << 48;

/// All of it, single well.
pub fn checks<A: Arith>(eta: &EtaLaw) -> Result<Findings, Error> {
    let case = &CASES[0];
    let site = Site::<A>::new(&case.potential, case.eps)?;
    let w = mala::weights(&case.potential, LARGEST);
    let mut checks = exact("one rounding", &site.enumerate(eta), &w);
    checks.extend(exact("one rounding, 8-bit words", &site.enumerate(&EtaLaw::short(8)), &w));
    checks.extend(exact("drift and noise rounded apart", &GridNoise::new(&site, eta).proposal(), &w));
    checks.extend(control(&site, eta, &case.potential));
    checks.extend(finite(&GridNoise::new(&site, &EtaLaw::short(6)), &mala::weights(&case.potential, 32)));
    Ok(checks.into())
}

/// The ratio of counts: balance pair by pair, and the law.
fn exact(name: &str, proposal: &CountMatrix, w: &[u64]) -> Vec<Check> {
    let label = |what: &str| format!("MALA, {name}: {what}");
    let accept = |i: usize, j: usize| mala::acceptance(proposal, w, i, j);
    let class = home(&mala::ways(proposal, w));
    let stuck = (0..STATES).filter(|i| w[*i] > 0 && !class.contains(i));
    let (count, mass) = stuck.fold((0, 0), |(count, mass), i| (count + 1, mass + w[i]));
    let solution = on(&class, proposal, |i, j| accept(i, j).to_f64().unwrap_or(f64::NAN));
    let inside = normalised((0..STATES).map(|i| if class.contains(&i) { w[i] as f64 } else { 0.0 }).collect());
    vec![
        Check::none(
            RUNG,
            label("pairs with |w_i K_ij - w_j K_ji| > 0 in integers"),
            mala::unbalanced(proposal, w, accept),
        ),
        // 255 components, each to a few units in its last place.
        Check::bound(RUNG, label("TV to w"), total_variation(&solution, &inside), 0.0, 1e-14),
        // Noise is bounded and the drift is not: into states far out no way is ever proposed, and so none is taken from
        // there.
        // |φ| > 2.8 for eight bits: e^-S < 1e-8.
        Check::bound(
            RUNG,
            label(&format!("weight of {count} states not joined to 0 ({} are)", class.len())),
            mass as f64 / w.iter().sum::<u64>() as f64,
            0.0,
            1e-8,
        ),
    ]
}

/// The law of the adjusted chain on one class.
fn on(class: &[usize], proposal: &CountMatrix, accept: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    let order = stationary::outwards(class, STATES);
    let mut law = vec![0.0; STATES];
    let solution = stationary::solve(mala::adjusted(proposal, &order, accept));
    order.iter().zip(solution).for_each(|(&i, p)| law[i] = p);
    law
}

/// The core's own ln r, with Gaussian densities where the counts belong: what its formula says, and at eight bits not
/// exact.
fn control<A: Arith>(site: &Site<A>, eta: &EtaLaw, s: &SitePotential) -> [Check; 2] {
    let (proposal, ratios, formula) = (site.enumerate(eta), site.log_ratios(eta), site.formula());
    let variance = 2.0 * site.eps() + LSB * LSB / 12.0;
    let ln_r = |i: usize, j: usize| {
        let (x, y, a, b) = (phi(i), phi(j), formula.drift(i), formula.drift(j));
        s.action(x) - s.action(y) + ((y - x - a).powi(2) - (x - y - b).powi(2)) / (2.0 * variance)
    };
    let off = ratios.iter().map(|(&(i, j), found)| (found - ln_r(i, j)).abs());
    let worst = off.fold(0.0, |worst: f64, e| if e.is_nan() { f64::INFINITY } else { worst.max(e) });
    let class = home(&proposal);
    let accept = |i, j| ratios.get(&(i, j)).map_or(0.0, |ln_r: &f64| ln_r.exp().min(1.0));
    let distance = total_variation(&on(&class, &proposal, accept), &boltzmann(s));
    [
        // With eight bits and these couplings all terms are short binary fractions: one division rounds, of terms up to
        // 10^4.
        Check::bound(RUNG, "MALA, the core's ln r - its formula, all steps", worst, 0.0, 1e-11),
        Check::bound(
            RUNG,
            "MALA, control: Gaussian densities in the ratio are found, TV to e^-S in [0.01, 1]",
            distance,
            0.505,
            0.495,
        ),
    ]
}

/// Finitely many bits: all words from all states (n, u).
fn finite(noise: &GridNoise, w: &[u64]) -> Vec<Check> {
    let pairs = Pairs::new(w);
    let (step, refresh) = (noise.finite(w, &pairs), mala::refresh(w, &pairs));
    let label = |what: &str| format!("finite-bit MALA, {} states (n, u): {what}", pairs.len());
    let faults = |matrix: &CountMatrix| matrix.wrong_rows() + matrix.wrong_columns();
    let both = step.then(&refresh);
    let start = pairs.state(index(0), 0);
    let class = classes(&both).into_iter().find(|class| class.states.contains(&start));
    let (states, period) = class.map_or((Vec::new(), 0), |class| (class.states, class.period));
    let law = if states.is_empty() { vec![0.0; pairs.len()] } else { stationary::law(&both, &states) };
    let (mut marginal, mut expected) = (vec![0.0; STATES], vec![0.0; STATES]);
    for &state in &states {
        let (i, _) = pairs.pair(state);
        marginal[i] += law[state];
        expected[i] += 1.0 / states.len() as f64;
    }
    let rejected = step.entries().filter(|&(i, j, _)| i == j).map(|(.., words)| words).sum::<u64>();
    let rejection = Ratio::new(rejected, (pairs.len() as u64) << step.bits()).to_f64().unwrap_or(f64::NAN);
    vec![
        Check::none(RUNG, label("rows and columns of a step that do not sum to 2^6"), faults(&step)),
        Check::none(RUNG, label("rows and columns of a refresh that do not sum to 2^5"), faults(&refresh)),
        Check::none(RUNG, label("of which not joined to 0"), pairs.len() - states.len()),
        Check::bound(RUNG, label("period"), period as f64, 1.0, 0.0),
        Check::bound(RUNG, label("TV of n to w, solved"), total_variation(&marginal, &expected), 0.0, 1e-13),
        // A chain that never moves is doubly stochastic too. Coarse weights and words reject more than fine ones.
        Check::bound(RUNG, label("words that leave all as it was"), rejection, 0.0, 0.5),
    ]
}
