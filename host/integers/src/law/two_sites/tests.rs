use super::*;
use crate::markov::{EtaLaw, Formula, Rounding, stationary, total_variation};
use stoquant_exact::exact::SitePotential;

const PAIR: Phi4 = Phi4 { kappa: 0.35, b: 0.7, lambda: 0.1 };

/// A row is the tally of the update over all words, saturation and all: exact in double precision.
#[test]
fn rows_are_the_update() {
    let chain = TwoSites::of_core(&PAIR, 0.035).unwrap();
    let (rows, reach) = (chain.rows(), chain.noise.max());
    for own in [-127, -126, -60, -1, 0, 17, 90, 127] {
        for other in (-127..=127).step_by(5) {
            let mut row = vec![0.0; SITE];
            for eta in -reach..=reach {
                row[index(chain.step(own, other, eta))] += chain.noise.words(eta) as f64 / (1_u64 << 32) as f64;
            }
            assert_eq!(rows.saturated(index(own), index(other)), row, "{own} {other}");
        }
    }
}

/// One application from a state, and from an exchange symmetric law by halves, against outer products; and its adjoint.
#[test]
fn applications_are_outer_products() {
    let chain = TwoSites::of_core(&PAIR, 0.035).unwrap();
    let rows = chain.rows();
    for (a, b) in [(127, 255 - 1), (0, 3), (130, 90)] {
        let mut law = vec![0.0; SITE * SITE];
        law[a * SITE + b] = 1.0;
        let (row_a, row_b) = (rows.saturated(a, b), rows.saturated(b, a));
        let product: Vec<f64> = row_a.iter().flat_map(|p| row_b.iter().map(move |q| p * q)).collect();
        assert!(total_variation(&rows.apply(&law), &product) < 1e-15, "{a} {b}");
        law[b * SITE + a] += 1.0;
        assert!(total_variation(&rows.apply(&law), &rows.apply_symmetric(&law)) < 1e-15, "{a} {b}");
        let f: Vec<f64> = (0..SITE * SITE).map(|i| (phi(i / SITE) * phi(i % SITE)).sin()).collect();
        let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
        assert!((dot(&rows.apply(&law), &f) - dot(&law, &rows.expect(&f))).abs() < 1e-14, "{a} {b}");
    }
}

/// Without a coupling the law is the product of two one-site laws, which elimination without subtraction finds; the
/// distance is within the bound.
#[test]
fn two_uncoupled_sites() {
    let chain = TwoSites::of_core(&Phi4 { kappa: 0.0, b: 0.5, lambda: 0.25 }, 0.02).unwrap();
    let potential = SitePotential { b: chain.couplings.b, lambda: chain.couplings.lambda };
    let matrix = Formula::nominal(&potential, chain.eps, Some(127)).enumerate(&EtaLaw::production(), Rounding::Nearest);
    let site = stationary::law(&matrix, &(0..SITE).collect::<Vec<_>>());
    let product: Vec<f64> = site.iter().flat_map(|p| site.iter().map(move |q| p * q)).collect();
    let solution = chain.solve().unwrap();
    let bound = condition(&chain.rows(), &solution.law).unwrap() * solution.residual;
    let distance = total_variation(solution.law.masses(), &product);
    assert!(chain.keeps_order() && distance < bound && bound < 1e-10, "{distance:e} {bound:e}");
    assert!(total_variation(&solution.law.marginal(), &site) < bound);
}

/// A law that is wrong by a known amount lies within the bound of its residual.
#[test]
fn the_bound_holds() {
    let chain = TwoSites::of_core(&PAIR, 0.035).unwrap();
    let (rows, solution) = (chain.rows(), chain.solve().unwrap());
    let condition = condition(&rows, &solution.law).unwrap();
    for wrong in [
        JointLaw::gibbs(&chain.couplings),
        chain.factor_gibbs(),
        chain.solve_gaussian(Drift::Integers, 0.0).unwrap().law,
    ] {
        let residual = total_variation(&rows.apply(wrong.masses()), wrong.masses());
        let distance = wrong.distance(&solution.law, 1);
        assert!(distance > residual && distance < condition * residual, "{distance} {residual} {condition}");
    }
}

/// Order is lost with the sign of κ; a state that leads nowhere is found.
#[test]
fn order_and_reach() {
    let mut chain = TwoSites::of_core(&PAIR, 0.035).unwrap();
    assert!(chain.keeps_order());
    assert_eq!(chain.stuck(), 0);
    assert!(!TwoSites::of_core(&Phi4 { kappa: -0.1, ..PAIR }, 0.02).unwrap().keeps_order());
    // (max, max) is pushed out from where noise cannot bring it back.
    chain.centre[SITE * SITE - 1] = 400 * UNIT;
    assert_eq!(chain.stuck(), 1);
}

/// The core's own refusals; words for the noise, and none for what no word gives.
#[test]
fn refusals_and_words() {
    assert!(TwoSites::of_core(&PAIR, 0.2).is_err());
    let core = CoreSweep::<Fx<8>>::new(&PAIR, 0.035).unwrap();
    let noise = NoiseLaw::of::<WIDTH>(NoiseKind::Gaussian);
    let given: Vec<i32> = (-noise.max()..=noise.max()).filter(|&eta| noise.words(eta) > 0).collect();
    assert_eq!(core.noises(), given);
}

/// e^{-S} on the grid has the moments of quadrature, and the rounded mass factor moves them as a potential does.
#[test]
fn gibbs_on_the_grid() {
    use stoquant_exact::{estimate::Observable, fokker_planck::PairLaw};
    let chain = TwoSites::of_core(&PAIR, 0.035).unwrap();
    let (grid, exact) =
        (JointLaw::gibbs(&chain.couplings), stoquant_exact::exact::effective(&[2], &chain.couplings, 0.0).unwrap());
    assert!((grid.square() - exact[&Observable::Phi2].value).abs() < 1e-10);
    assert!((grid.fourth() - exact[&Observable::Phi4].value).abs() < 1e-10);
    assert!((grid.bond() - exact[&Observable::Nn].value).abs() < 1e-10);
    // The continuous chain of the couplings by another method and on other points; with the integers' drift it is apart
    // by that shift, up to its order in the step.
    let shift = chain.factor_gibbs().square() - grid.square();
    let pair = PairLaw::new(&chain.couplings, chain.eps, chain.noise_variance(), 0.0).unwrap().observables();
    let chain_of = |drift| chain.solve_gaussian(drift, 0.0).unwrap().law.square() - pair[&Observable::Phi2].value;
    let (found, same) = (chain_of(Drift::Integers), chain_of(Drift::Couplings));
    assert!(shift.abs() > 1e-3 && (found / shift - 1.0).abs() < 0.1, "{shift:e} {found:e}");
    // The same chain on both grids: the Gaussian is cut where its variance loses 4e-9.
    assert!(same.abs() < 1e-8, "{same:e}");
}
