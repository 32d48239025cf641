//! Identities that hold bit for bit: symmetries of the lattice, restart, independence of chains and of how the work is
//! cut up.

use rayon::prelude::*;
use stoquant_core::arith::{Arith, Fx};
use stoquant_core::board::{Board, hot_start};
use stoquant_core::error::Error;
use stoquant_core::integrator::{ChainNoise, Euler, Heun, Integrator, LeimkuhlerMatthews, Mala, State, Sweep};
use stoquant_core::lattice::{Plan, Torus2, WORK_BLOCKS};
use stoquant_core::noise::{Noise, PureWords, StreamTag, Threefry, Words};
use stoquant_model::{ArithKind, Extents, IntegratorKind, NoiseKind, Phi4, Setup};

use super::check::Check;
use super::coupled::label;
use super::findings::Findings;
use super::rung::Rung;
use stoquant_engines::engine::{Chain, Engine, Factory};
use stoquant_exact::reference;

const RUNG: Rung = Rung::Identity;

/// Words of another arrangement of the sites: site y has the word of `origin[y]` (of y, without one), with its sign
/// flipped or not.
#[derive(Clone, Copy)]
struct Rearranged<'a> {
    words: Threefry,
    origin: Option<&'a [usize]>,
    flip: u32,
}

impl Words for Rearranged<'_> {
    fn fill(&mut self, step: u64, first: usize, out: &mut [u32]) {
        for (i, slot) in out.iter_mut().enumerate() {
            let site = self.origin.map_or(first + i, |origin| origin[first + i]);
            *slot = self.words.word(step, site) ^ self.flip;
        }
    }
}

impl PureWords for Rearranged<'_> {}

/// The symmetries of a lattice: name, and the site that each site comes from.
fn symmetries<const D: usize>(extents: [usize; D]) -> Vec<(String, Vec<usize>)> {
    let volume: usize = extents.iter().product();
    let coordinates = |mut x: usize| {
        let mut c = [0; D];
        for mu in (0..D).rev() {
            c[mu] = x % extents[mu];
            x /= extents[mu];
        }
        c
    };
    let site = |c: [usize; D]| (0..D).fold(0, |x, mu| x * extents[mu] + c[mu]);
    let map = |f: &dyn Fn([usize; D]) -> [usize; D]| (0..volume).map(|x| site(f(coordinates(x)))).collect::<Vec<_>>();
    let mut out = Vec::new();
    for mu in 0..D {
        out.push((
            format!("translation {mu}"),
            map(&|mut c| {
                c[mu] = (c[mu] + 1) % extents[mu];
                c
            }),
        ));
        out.push((
            format!("reflection {mu}"),
            map(&|mut c| {
                c[mu] = extents[mu] - 1 - c[mu];
                c
            }),
        ));
        for nu in 0..mu {
            if extents[mu] == extents[nu] {
                out.push((
                    format!("exchange {nu} {mu}"),
                    map(&|mut c| {
                        c.swap(mu, nu);
                        c
                    }),
                ));
            }
        }
    }
    out
}

/// A run of `sweeps` from a given field.
fn run<'a, const D: usize, A: Arith>(
    extents: [usize; D],
    integrator: &impl Integrator<A, Rearranged<'a>>,
    words: Rearranged<'a>,
    phi: &[A::Store],
    work: usize,
    sweeps: u64,
) -> Result<Vec<A::Store>, Error> {
    let plan = Plan::new(extents, work)?;
    let mut noise =
        ChainNoise { eta: Noise { law: NoiseKind::Gaussian, words }, accept: Threefry::new(11, 0, StreamTag::Accept) };
    let mut phi = phi.to_vec();
    let mut work = vec![A::Store::default(); work];
    let mut state = State::default();
    for _ in 0..sweeps {
        integrator.sweep(&plan, Sweep { noise: &mut noise, phi: &mut phi, work: &mut work, state: &mut state });
    }
    Ok(phi)
}

/// Sites that differ after a symmetry was applied to field and noise, summed over the symmetries.
fn asymmetries<const D: usize, A: Arith>(
    extents: [usize; D],
    integrator: &impl for<'a> Integrator<A, Rearranged<'a>>,
    seed: u64,
) -> Result<[usize; 3], Error> {
    const SWEEPS: u64 = 6;
    let words = Rearranged { words: Threefry::new(seed, 0, StreamTag::Noise), origin: None, flip: 0 };
    let work = Plan::<D>::work_sites(&extents)?;
    let mut phi = vec![A::Store::default(); extents.iter().product()];
    hot_start::<A>(&mut phi, 1.0, seed, 0)?;
    let plain = run::<D, A>(extents, integrator, words, &phi, work, SWEEPS)?;
    let mut broken = 0;
    for (_, origin) in symmetries(extents) {
        let moved: Vec<_> = origin.iter().map(|&x| phi[x]).collect();
        let moved_words = Rearranged { origin: Some(&origin), ..words };
        let after = run::<D, A>(extents, integrator, moved_words, &moved, work, SWEEPS)?;
        broken += after.iter().zip(&origin).filter(|&(a, &x)| *a != plain[x]).count();
    }
    // φ → -φ, η → -η. One sweep: a tie of the last rounding (2^-19 a site at W = 18, 2^-17 at W = 16) goes up in both.
    let once = run::<D, A>(extents, integrator, words, &phi, work, 1)?;
    let minus = |phi: &[A::Store]| phi.iter().map(|&w| A::nearest(-A::load(w).value()).store()).collect::<Vec<_>>();
    let flipped = Rearranged { flip: 1 << 31, ..words };
    let mirrored = run::<D, A>(extents, integrator, flipped, &minus(&phi), work, 1)?;
    let away = |&(a, b): &(A::Store, A::Store)| (A::load(a).value() - A::load(b).value()).abs() > A::FIELD_LSB * 1.5;
    let odd = minus(&once).into_iter().zip(mirrored).filter(away).count();
    // The thinnest and the thickest blocks.
    let slab = if D == 0 { 1 } else { phi.len() / extents[0] };
    let thin = run::<D, A>(extents, integrator, words, &phi, WORK_BLOCKS * slab, SWEEPS)?;
    let cut = thin.iter().zip(&plain).filter(|(a, b)| a != b).count();
    Ok([broken, odd, cut])
}

/// Symmetries of one arithmetic with every integrator on a lattice.
fn symmetric<const D: usize, A: Arith>(extents: [usize; D], seed: u64) -> Result<Vec<Check>, Error> {
    let action = if D == 4 { Phi4::kappa_form(0.13, 0.022) } else { Phi4::kappa_form(0.2, 0.022) };
    let eps = 0.02;
    let counts = [
        ("euler", asymmetries::<D, A>(extents, &Euler::<A, _>::new(&action, eps, D)?, seed)?),
        (
            "leimkuhler-matthews",
            asymmetries::<D, A>(extents, &LeimkuhlerMatthews::<A, _>::new(&action, eps, D)?, seed)?,
        ),
        ("heun", asymmetries::<D, A>(extents, &Heun::<A, _>::new(&action, eps, D)?, seed)?),
        ("mala", asymmetries::<D, A>(extents, &Mala::<A, Phi4>::new(&action, eps, D)?, seed)?),
    ];
    let mut checks = Vec::new();
    for (name, [broken, odd, cut]) in counts {
        let what = format!("{} {name} {extents:?}", A::NAME);
        checks.push(Check::none(RUNG, format!("{what}: translations, reflections, exchanges"), broken));
        checks.push(Check::none(RUNG, format!("{what}: φ → -φ"), odd));
        checks.push(Check::none(RUNG, format!("{what}: any cut into blocks"), cut));
    }
    Ok(checks)
}

/// Symmetries in all arithmetics. Axis exchanges reorder a sum of three or more pairs, so floats are held to them in
/// two dimensions.
pub fn symmetries_of_the_core(seed: u64) -> Result<Vec<Check>, Error> {
    fn all<A: Arith>(seed: u64) -> Result<Vec<Check>, Error> {
        let mut checks = symmetric::<0, A>([], seed)?;
        checks.extend(symmetric::<1, A>([7], seed)?);
        checks.extend(symmetric::<2, A>([6, 6], seed)?);
        checks.extend(symmetric::<2, A>([3, 40], seed)?);
        checks.extend(symmetric::<3, A>([4, 2, 3], seed)?);
        checks.extend(symmetric::<4, A>([2, 3, 4, 5], seed)?);
        Ok(checks)
    }
    let mut checks = all::<Fx<18>>(seed)?;
    checks.extend(all::<Fx<16>>(seed)?);
    checks.extend(all::<f32>(seed)?);
    checks.extend(all::<f64>(seed)?);
    checks.extend(symmetric::<4, Fx<18>>([3, 3, 3, 3], seed)?);
    Ok(checks)
}

/// A board (extents in its type) against an engine (extents at run time), for what a plan has: not applicable to other
/// arithmetics and integrators, and to couplings or a step that a torus cannot have.
pub fn boards(factory: &Factory, plan: &super::Plan) -> Result<Findings, Error> {
    let setup = Setup { extents: Extents::from([6, 10]), ..plan.board };
    let action = setup.couplings;
    fn compare<A: Arith>(
        factory: &Factory,
        setup: &Setup,
        integrator: Result<impl Integrator<A, Threefry>, Error>,
    ) -> Result<Findings, Error> {
        let integrator = match integrator {
            Ok(integrator) => integrator,
            Err(reason) => return Ok(Findings::not_applicable(format!("{}, boards: {reason}", label(setup)))),
        };
        let mut engine = factory(setup, 3)?;
        let mut board = Board::<2, Torus2<6, 10>, A>::new(setup.seed, 3, setup.noise);
        engine.hot_start(setup.unit())?;
        hot_start::<A>(board.phi_mut(), setup.unit(), setup.seed, 3)?;
        for _ in 0..20 {
            board.sweep(&integrator);
        }
        engine.sweep(20)?;
        let bits = board.phi().iter().map(|&word| A::load(word).bits());
        let differ = bits.zip(engine.bits()?).filter(|(a, b)| a != b).count();
        Ok(vec![Check::none(RUNG, format!("{}: extents in the type = at run time", label(setup)), differ)].into())
    }
    let mut findings = Findings::default();
    type Compare<'a> = &'a dyn Fn(&Setup) -> Result<Findings, Error>;
    let wanted: [(ArithKind, IntegratorKind, Compare<'_>); 5] = [
        (ArithKind::Fx18, IntegratorKind::Euler, &|setup| {
            compare::<Fx<18>>(factory, setup, Euler::<Fx<18>, _>::new(&action, setup.eps, 2))
        }),
        (ArithKind::Fx16, IntegratorKind::Heun, &|setup| {
            compare::<Fx<16>>(factory, setup, Heun::<Fx<16>, _>::new(&action, setup.eps, 2))
        }),
        (ArithKind::F32, IntegratorKind::LeimkuhlerMatthews, &|setup| {
            compare::<f32>(factory, setup, LeimkuhlerMatthews::<f32, _>::new(&action, setup.eps, 2))
        }),
        (ArithKind::Fx18, IntegratorKind::Mala, &|setup| {
            compare::<Fx<18>>(factory, setup, Mala::<Fx<18>, Phi4>::new(&action, setup.eps, 2))
        }),
        (ArithKind::F64, IntegratorKind::Mala, &|setup| {
            compare::<f64>(factory, setup, Mala::<f64, Phi4>::new(&action, setup.eps, 2))
        }),
    ];
    for (arith, integrator, compare) in wanted {
        if plan.coupled.iter().any(|setup| (setup.arith, setup.integrator) == (arith, integrator)) {
            findings.extend(compare(&Setup { arith, integrator, ..setup })?);
        }
    }
    if findings.checks.is_empty() && findings.not_applicable.is_empty() {
        findings.not_applicable.push("boards: compared in other arithmetics or with other integrators".into());
    }
    Ok(findings)
}

/// A chain of floats, and the same with the field in units of 2^-14 and 2^14: couplings and step follow, and every
/// field, decision and ln r is the same to the bit. Returns how many are not.
fn unscaled(factory: &Factory, setup: &Setup) -> Result<usize, Error> {
    let run = |scale: f64| {
        let Phi4 { kappa, b, lambda } = setup.couplings;
        let square = scale * scale;
        let couplings = Phi4 { kappa: kappa / square, b: b / square, lambda: lambda / (square * square) };
        let mut engine = factory(&Setup { couplings, eps: setup.eps * square, ..*setup }, 1)?;
        engine.hot_start(setup.unit() * scale)?;
        engine.sweep(14)?;
        let phi: Vec<u64> = engine.phi()?.iter().map(|phi| (phi / scale).to_bits()).collect();
        let State { step, clipped, accepted, log_ratio } = engine.state()?;
        Ok::<_, Error>([phi, vec![step, clipped, accepted, log_ratio.to_bits()]].concat())
    };
    let plain = run(1.0)?;
    let mut differ = 0;
    for shift in [-14, 14] {
        differ += run(2f64.powi(shift))?.iter().zip(&plain).filter(|(a, b)| a != b).count();
    }
    Ok(differ)
}

/// Restart, chain independence, the unit of the field, and observables against the formulas, for any engine.
pub fn engine_identities(factory: &Factory, setup: &Setup) -> Result<Vec<Check>, Error> {
    let label = label(setup);
    let differ = |a: &[u64], b: &[u64]| a.iter().zip(b).filter(|(a, b)| a != b).count();
    let mut whole = factory(setup, 1)?;
    whole.hot_start(setup.unit())?;
    whole.sweep(7)?;
    let (bits, state) = (whole.bits()?, whole.state()?);
    whole.sweep(7)?;
    let mut resumed = factory(setup, 1)?;
    resumed.set_bits(&bits)?;
    resumed.set_state(state)?;
    resumed.sweep(7)?;
    let mut checks =
        vec![Check::none(RUNG, format!("{label}: restart = no restart"), differ(&whole.bits()?, &resumed.bits()?))];

    // Chain 1 beside others on all threads, and chains that differ.
    let run = |chain: u32| {
        let mut engine = factory(setup, chain)?;
        engine.hot_start(setup.unit())?;
        engine.sweep(14)?;
        engine.bits()
    };
    let together: Vec<Vec<u64>> = (0..4u32).into_par_iter().map(run).collect::<Result<_, Error>>()?;
    checks.push(Check::none(
        RUNG,
        format!("{label}: a chain alone = among others"),
        differ(&whole.bits()?, &together[1]),
    ));
    let equal = (0..4).flat_map(|i| (0..i).map(move |j| (i, j))).filter(|&(i, j)| together[i] == together[j]).count();
    checks.push(Check::none(RUNG, format!("{label}: equal chains"), equal));
    if !setup.arith.fixed() {
        let name = format!("{label}: the field in other units, words that differ");
        checks.push(Check::none(RUNG, name, unscaled(factory, setup)?));
    }

    let worst = observables(whole.as_ref())?;
    checks.push(Check::bound(RUNG, format!("{label}: observables of a field against the formulas"), worst, 0.0, 1.0));
    Ok(checks)
}

/// The largest deviation of the observables of an engine's field from the formulas, in units of its bound. In the unit
/// of the field, tallies round at 2^-32; f32 sums its neighbours in f32.
pub(super) fn observables(engine: &dyn Engine) -> Result<f64, Error> {
    let (phi, found, Chain { setup, target: c, .. }) = (engine.phi()?, engine.measure()?, engine.chain());
    let (v, unit, extents) = (phi.len() as f64, setup.unit(), &setup.extents);
    let k = reference::drift(&phi, extents, c);
    let mean = |f: &dyn Fn(usize) -> f64| (0..phi.len()).map(f).sum::<f64>() / v;
    // Each neighbour product once.
    let products = -reference::action(&phi, extents, &Phi4 { kappa: 0.5, b: 0.0, lambda: 0.0 });
    let expected = [
        (found.m, mean(&|x| phi[x]), 1),
        (found.phi2, mean(&|x| phi[x].powi(2)), 2),
        (found.phi4, mean(&|x| phi[x].powi(4)), 4),
        (found.nn, products / v / extents.len().max(1) as f64, 2),
        (found.action_density, reference::action(&phi, extents, c) / v, 0),
        (found.schwinger_dyson, mean(&|x| -phi[x] * k[x]), 0),
        (found.grad2, mean(&|x| k[x].powi(2)), -2),
        (found.laplacian, reference::laplacian(&phi, extents, c) / v, -2),
    ];
    let roundoff = if setup.arith == ArithKind::F32 { 1e-5 } else { 5e-8 };
    Ok(expected.iter().fold(0.0f64, |worst, (found, expected, power)| {
        let ratio = (found - expected).abs() / (roundoff * (unit.powi(*power) + expected.abs()));
        if ratio.is_nan() { f64::INFINITY } else { worst.max(ratio) }
    }))
}
