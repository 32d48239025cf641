//! The exact stationary law of the production datapath, one site: the integers that run against the laws of the theory,
//! without a sampling error.
//!
//! Tolerances are those of the next order, measured over the widths and steps named; see docs/verification.md.

mod two_sites;

use stoquant_core::action::QuarticDrift;
use stoquant_core::arith::{Arith, Fx};
use stoquant_core::error::Error;
use stoquant_core::integrator::{ChainNoise, Euler, Integrator, State, Sweep};
use stoquant_core::lattice::Plan as Lattice;
use stoquant_core::noise::{Noise, StreamTag, Threefry};
use stoquant_model::{ArithKind, IntegratorKind, NoiseKind, Phi4, Setup};

use super::check::Check;
use super::coupled::label;
use super::figure::{Axis, Figure, Series};
use super::findings::Findings;
use super::histogram;
use super::plan::Level;
use super::rung::Rung;
use stoquant_engines::engine::Factory;
use stoquant_exact::estimate::Observable;
use stoquant_exact::exact::{self, SitePotential};
use stoquant_integers::law::{Chain, EulerOperator, Rounding, Solved, TOLERANCE, total_variation};
use stoquant_integers::markov::Always;
use stoquant_integers::noise_law::classes;

pub use two_sites::checks as two_sites;

const RUNG: Rung = Rung::ExactLaw;

/// x²/2 + x⁴/4.
const SINGLE: SitePotential = SitePotential { b: 0.5, lambda: 0.25 };
/// -x²/2 + 0.4 x⁴/24.
const DOUBLE: SitePotential = SitePotential { b: -0.5, lambda: 0.4 / 24.0 };
/// 0.7 x².
const FREE: SitePotential = SitePotential { b: 0.7, lambda: 0.0 };

/// Cells on which laws are compared.
const CELLS: usize = 128;

/// Memory that a solution may take.
const MEMORY: u64 = 2 << 30;

/// A site whose exact distribution is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Well {
    /// [`SINGLE`]: also with exact products, and with truncation.
    Single,
    /// [`DOUBLE`].
    Double,
    /// [`FREE`].
    Free,
    /// The site of an experiment.
    Given,
}

impl Well {
    fn name(self) -> &'static str {
        match self {
            Self::Single => "single well",
            Self::Double => "double well",
            Self::Free => "free",
            Self::Given => "this site",
        }
    }
}

/// Width and steps of the single well whose cells are drawn, and whose histogram is made.
const DRAWN: (u32, std::ops::Range<f64>) = (16, 0.009..0.011);

/// All checks of the rung.
pub fn checks(factory: &Factory, level: Level, seed: u64) -> Result<Findings, Error> {
    let mut findings = Findings::default();
    findings.extend(rows::<Fx<12>>(&SINGLE, 0.01)?);
    findings.extend(rows::<Fx<16>>(&SINGLE, 0.01)?);
    findings.extend(rows::<Fx<18>>(&DOUBLE, 0.01)?);
    findings.extend(classes_of_states()?);
    let full = level == Level::Full;
    let widths: &[u32] = if full { &[12, 14, 16, 18] } else { &[12, 14, 16] };
    let steps: &[f64] = if full { &[0.02, 0.01, 0.003, 0.001, 0.0003] } else { &[0.01, 0.001] };
    let mut scan = Scan::default();
    for (well, potential) in [(Well::Single, SINGLE), (Well::Double, DOUBLE), (Well::Free, FREE)] {
        for &width in widths {
            for &eps in steps {
                match Chain::of_core(width, IntegratorKind::Euler, &potential, eps) {
                    Ok(chain) => findings.extend(euler(well, chain, &mut scan)),
                    Err(reason) => {
                        findings.not_applicable.push(format!("{}, W = {width}, eps = {eps}: {reason}", well.name()))
                    }
                }
            }
        }
    }
    if !full {
        findings.extend(euler(Well::Single, Chain::of_core(18, IntegratorKind::Euler, &SINGLE, 0.01)?, &mut scan));
    }
    findings.figures.extend(scan.figures());
    for (width, eps) in
        if full { &[(8, 0.02), (10, 0.02), (10, 0.01), (12, 0.01)][..] } else { &[(8, 0.02), (10, 0.02)] }
    {
        findings.extend(leimkuhler_matthews(Chain::of_core(
            *width,
            IntegratorKind::LeimkuhlerMatthews,
            &SINGLE,
            *eps,
        )?));
    }
    let large = if full { "W = 14, 16 and 18" } else { "W = 12 (in a full certificate) to 18" };
    findings.not_applicable.push(format!(
        "Leimkuhler-Matthews, exact law at {large}: noise that serves twice makes its state the whole accumulator, \
         too many cells"
    ));
    findings.extend(histogram::against_exact_law(factory, &SINGLE, scan.drawn.as_ref(), level, seed)?);
    Ok(findings)
}

/// The exact law of one site as asked for; not applicable where there is no such law, or none that can be computed.
pub fn of_setup(setup: &Setup) -> Findings {
    let name = label(setup);
    let not_applicable = |reason: &str| Findings {
        not_applicable: vec![format!("{name}, exact law of the integers: {reason}")],
        ..Findings::default()
    };
    let width = match setup.arith {
        ArithKind::Fx16 => 16,
        ArithKind::Fx18 => 18,
        ArithKind::F32 | ArithKind::F64 => return not_applicable("floats have too many states"),
    };
    if !setup.extents.is_empty() {
        return not_applicable("computed for a single site");
    }
    if setup.integrator != IntegratorKind::Euler || setup.noise != NoiseKind::Gaussian {
        return not_applicable("computed for Euler with Gaussian noise at this width");
    }
    let potential = SitePotential { b: setup.couplings.b, lambda: setup.couplings.lambda };
    match Chain::of_core(width, IntegratorKind::Euler, &potential, setup.eps) {
        Ok(chain) => euler(Well::Given, chain, &mut Scan::default()),
        Err(reason) => not_applicable(&reason.to_string()),
    }
}

/// Rows of the operator against the core's own sweep of one site, tried on every class of words: the operator is that
/// of what runs.
pub fn rows<A: Arith<Wide = i64>>(potential: &SitePotential, eps: f64) -> Result<Vec<Check>, Error> {
    let action = Phi4::new(0.0, potential.b, potential.lambda);
    let euler = Euler::<A, QuarticDrift<A>>::new(&action, eps, 0)?;
    let chain = Chain::new::<A>(IntegratorKind::Euler, potential, eps)?;
    let operator = EulerOperator::new(&chain.path, &chain.noise);
    let lattice = Lattice::<0>::new([], 5)?;
    let max = chain.path.max();
    let mut worst = 0.0f64;
    for n in [0, 1, max / 5, -max / 3, -max] {
        let mut row = vec![0.0; chain.path.centre.len()];
        for (word, count) in classes() {
            for word in [word, word | 1 << 31] {
                let accept = Threefry::new(0, 0, StreamTag::Accept);
                let mut noise = ChainNoise { eta: Noise { law: NoiseKind::Gaussian, words: Always(word) }, accept };
                let bits = n as u64 & ((1 << chain.path.width) - 1);
                let mut phi = [A::from_bits(bits).unwrap_or_default().store()];
                let (noise, phi, work) = (&mut noise, &mut phi, &mut [A::default().store(); 5]);
                euler.sweep(&lattice, Sweep { noise, phi, work, state: &mut State::default() });
                let to = (A::load(phi[0]).value() / A::FIELD_LSB) as i64;
                row[(to + max) as usize] += count as f64;
            }
        }
        let words = (1_u64 << 32) as f64;
        row.iter_mut().for_each(|p| *p /= words);
        let distance = total_variation(&row, &operator.row(n));
        worst = if distance.is_nan() { f64::INFINITY } else { worst.max(distance) };
    }
    // Counts over 2^32 are exact in double precision; what is left is the rounding of sums of 10⁴ of them.
    Ok(vec![Check::bound(
        RUNG,
        format!("{} rows: all words through the core, total variation", A::NAME),
        worst,
        0.0,
        5e-12,
    )])
}

/// Every state leads to the class of φ = 0 where the core accepts a step; a step that makes ±max a class of its own is
/// refused.
fn classes_of_states() -> Result<Vec<Check>, Error> {
    let mut checks = Vec::new();
    for width in [8, 12, 16, 18] {
        for (name, potential) in [("single well", SINGLE), ("double well", DOUBLE)] {
            // The widest step that the format takes, about.
            let eps = if potential == SINGLE { 0.027 } else { 0.1 };
            let stuck = Chain::of_core(width, IntegratorKind::Euler, &potential, eps)?.stuck();
            checks.push(Check::none(
                RUNG,
                format!("W = {width}, {name}, eps = {eps}: states that never return"),
                stuck,
            ));
        }
    }
    // With products exact and d unbounded the map overshoots at ±max where ε(1 + x²) > 2: found...
    let mut loose = Chain::of_core(12, IntegratorKind::Euler, &SINGLE, 0.02)?;
    loose.path = loose.path.exact_products(-0.1, 0.1);
    let found = usize::from(loose.stuck() < 2);
    checks.push(Check::none(RUNG, "W = 12, d unbounded, eps = 0.1: second closed class not found", found));
    // ... and refused.
    let accepted = usize::from(Chain::of_core(12, IntegratorKind::Euler, &SINGLE, 0.1).is_ok());
    checks.push(Check::none(RUNG, "W = 12, eps = 0.1: accepted at construction", accepted));
    Ok(checks)
}

/// A failure of an exact result, as a check that says so.
fn or_undecided(label: &str, work: impl FnOnce() -> Result<Vec<Check>, exact::Error>) -> Vec<Check> {
    work().unwrap_or_else(|error| vec![Check::undecided(RUNG, format!("{label}: {error}"))])
}

/// Euler's law at one width and step: the core's datapath, the same with exact products, and with truncation.
pub fn euler(well: Well, chain: Chain, scan: &mut Scan) -> Findings {
    let (width, eps) = (chain.path.width, chain.eps);
    let label = format!("W = {width}, {}, eps = {eps:.4}", well.name());
    let single = well == Well::Single;
    let Some(core) = chain.clone().solve(MEMORY) else {
        return Check::undecided(RUNG, format!("{label}: the law was not found")).into();
    };
    let checks = or_undecided(&label, || {
        let mut checks = solved(&label, &core, TOLERANCE, 6);
        checks.extend(core_law(&label, &core, single)?);
        if single {
            if let Some(exact) = chain.clone().exact_products().solve(MEMORY) {
                checks.extend(exact_product_law(&label, &exact)?);
                scan.push(&core, &exact)?;
            } else {
                checks.push(Check::undecided(RUNG, format!("{label}, exact products: the law was not found")));
            }
            checks.extend(truncated_law(&label, chain.clone())?);
        }
        Ok(checks)
    });
    let mut findings = Findings::from(checks);
    if single && width == DRAWN.0 && DRAWN.1.contains(&eps) {
        findings.figures.extend(cells_figure(&core));
        scan.drawn = Some(core);
    }
    findings
}

/// That the iteration ended, how fast, and that no probability was lost.
fn solved(label: &str, law: &Solved, tolerance: f64, applications: usize) -> Vec<Check> {
    let last = law.solution.residuals.last().copied().unwrap_or(f64::NAN);
    let took = law.solution.residuals.len() as f64;
    vec![
        Check::bound(RUNG, format!("{label}: residual of the law, total variation"), last, 0.0, tolerance),
        Check::bound(RUNG, format!("{label}: applications of the operator"), took, 0.0, applications as f64),
        // Sources below 2e-18 are left out, at most 2^18 of them; the rest is rounding.
        Check::bound(RUNG, format!("{label}: probability lost in a step"), law.solution.mass_error, 0.0, 1e-12),
    ]
}

/// The core's law against the theory's.
fn core_law(label: &str, law: &Solved, single: bool) -> Result<Vec<Check>, exact::Error> {
    let chain = &law.chain;
    let (width, eps, lsb) = (chain.path.width, chain.eps, chain.path.lsb());
    let phi2 = law.moment(2);
    let dithered = chain.continuous_phi2(chain.dithered_variance())?;
    let rounding = lsb * lsb / (24.0 * eps) * chain.temperature_slope()?.abs();
    let mut checks = vec![Check::bound(
        RUNG,
        format!("{label}: <x2> against the dithered chain"),
        phi2,
        dithered.value,
        // What the rounding of d may do, proved to first order; the rounding law to a third; the noise beyond 6.3
        // standard deviations.
        chain.factor_bound()? + 0.3 * rounding + 1e-8 + dithered.error,
    )];
    // A tie goes up in φ and in -φ: the last rounding pushes up by half a unit in 2^-(W+1) of all steps, as ties of φ·d
    // happen to lie.
    let tie = 1.5 * lsb * (-f64::from(width)).exp2() / eps * phi2;
    checks.push(Check::bound(RUNG, format!("{label}: <x>"), law.moment(1), 0.0, tie));
    if single && width >= 16 && eps >= 0.00029 {
        // Sharper than the proof, and measured: 2.7e-6 and 1.7e-7 at worst from 0.0003 to 0.02.
        let bound = if width == 16 { 4e-6 } else { 4e-7 };
        checks.push(Check::bound(RUNG, format!("{label}: <x2>, sharper"), phi2, dithered.value, bound));
    }
    let edges = chain.edges(CELLS);
    let cells = law.bins(&edges);
    if let Some(expected) = chain.continuous_bins(chain.dithered_variance(), &edges)
        && width >= 14
        && eps >= 0.00095
    {
        // 2.9e-5 at worst (W = 14; 5.4e-5 in the double well), the staircase of d; it grows as 1/ε below.
        let bound = if single { 4e-5 } else { 1e-4 };
        let distance = total_variation(&cells, &expected);
        checks.push(Check::bound(RUNG, format!("{label}: {CELLS} cells, dithered chain"), distance, 0.0, bound));
        // Two tails, three and four standard deviations out.
        for sigmas in [3.0, 4.0] {
            let a = chain.between(sigmas * phi2.sqrt());
            if let Some(t) = chain.continuous_bins(chain.dithered_variance(), &[-64.0, -a, a, 64.0])
                && single
                && width >= 16
            {
                let ratio = law.tail(a) / (t[0] + t[2]);
                // Force errors add up along the way out: S there off by the same relative 2^-(W-7) as φ², 2e-3 at W =
                // 16. Found: 2e-4.
                checks.push(Check::bound(RUNG, format!("{label}: P(|x| > {a:.3}), ratio"), ratio, 1.0, 2e-3));
            }
        }
    }
    if single && width >= 16 && (0.00029..0.0101).contains(&eps) {
        let distance = total_variation(&cells, &chain.gibbs_bins(&edges)?) / eps;
        let slope = chain.variation_slope()?;
        // Second order in ε, and the rounding of d at the smallest step: 1.6% at worst.
        checks.push(Check::bound(RUNG, format!("{label}: {CELLS} cells, e^-S, / eps"), distance, slope, 0.05 * slope));
        // The next order, 0.3 ε² here, and what rounding does on cells.
        let distance = total_variation(&cells, &chain.effective_bins(&edges)?);
        checks.push(Check::bound(
            RUNG,
            format!("{label}: {CELLS} cells, e^-Seff"),
            distance,
            0.0,
            0.5 * eps * eps + 2e-5,
        ));
    }
    Ok(checks)
}

/// One rounding only: the law of rounding to nearest, Δ²/(24ε).
fn exact_product_law(label: &str, law: &Solved) -> Result<Vec<Check>, exact::Error> {
    let chain = &law.chain;
    let rounding = chain.path.lsb().powi(2) / (24.0 * chain.eps) * chain.temperature_slope()?;
    let plain = chain.continuous_phi2(chain.noise_variance())?;
    let shift = law.moment(2) - plain.value;
    let mut checks = vec![Check::bound(
        RUNG,
        format!("{label}, exact products: shift of <x2>, law of rounding"),
        shift,
        rounding,
        // The noise lattice meets the grid at finitely many phases: a quarter of the law at worst.
        0.3 * rounding + 1e-8 + plain.error,
    )];
    if chain.path.width >= 14 {
        let edges = chain.edges(CELLS);
        if let Some(expected) = chain.continuous_bins(chain.dithered_variance(), &edges) {
            let distance = total_variation(&law.bins(&edges), &expected);
            let name = format!("{label}, exact products: {CELLS} cells, dithered chain");
            // What cells of some tens of states leave of the roughness of the grid: 1.2e-5 at worst (W = 14).
            checks.push(Check::bound(RUNG, name, distance, 0.0, 2e-5));
        }
    }
    if chain.path.width >= 16 {
        let name = format!("{label}, exact products: <x>");
        // No ties but those of the last rounding, which exact products reach at few states: 1.5e-10 at worst.
        checks.push(Check::bound(RUNG, name, law.moment(1), 0.0, 1e-7));
    }
    Ok(checks)
}

/// Truncation in place of rounding: a constant force -Δ/(2ε), to which ⟨x⟩ responds with χ = ⟨x²⟩ of e^{-S}. (For a
/// free site exactly so at any step; Euler's own ⟨x²⟩ is larger by the bias of the step.)
fn truncated_law(label: &str, mut chain: Chain) -> Result<Vec<Check>, exact::Error> {
    chain.path = chain.path.rounding(Rounding::Truncate);
    let force = chain.path.lsb() / (2.0 * chain.eps);
    if force > 0.05 {
        return Ok(Vec::new());
    }
    let chi = exact::site(chain.potential.b, chain.potential.lambda)?[&Observable::Chi].value;
    let name = format!("{label}, truncated: <x>, law of truncation");
    Ok(vec![match chain.solve(MEMORY) {
        // The next order in the force and in ε: 1.1% at ε = 0.02.
        Some(law) => Check::bound(RUNG, name, law.moment(1), -force * chi, 0.02 * force * chi),
        None => Check::undecided(RUNG, format!("{name}: the law was not found")),
    }])
}

/// Leimkuhler–Matthews: within what the rounding of d may do, and once the law of rounding, of its dithered continuous
/// chain.
fn leimkuhler_matthews(chain: Chain) -> Vec<Check> {
    let label = format!("W = {}, Leimkuhler-Matthews, eps = {:.4}", chain.path.width, chain.eps);
    or_undecided(&label, || {
        let Some(law) = chain.solve(MEMORY) else {
            return Ok(vec![Check::undecided(RUNG, format!("{label}: the law was not found"))]);
        };
        let chain = &law.chain;
        let mut checks = solved(&label, &law, stoquant_integers::law::TOLERANCE_LEIMKUHLER_MATTHEWS, 20);
        let dithered = chain.continuous_phi2(chain.dithered_variance())?;
        let rounding = chain.path.lsb().powi(2) / (24.0 * chain.eps) * chain.temperature_slope()?;
        let bound = chain.factor_bound()? + rounding + dithered.error;
        let name = format!("{label}: <x2> against the dithered chain");
        checks.push(Check::bound(RUNG, name, law.moment(2), dithered.value, bound));
        Ok(checks)
    })
}

/// ⟨x²⟩ against the step, for the figure.
#[derive(Default)]
pub struct Scan {
    /// (W, ε, bias of the core, bias with exact products, law of rounding, first order in ε).
    points: Vec<(u32, f64, [f64; 4])>,
    /// The distribution that is drawn, and held against a histogram.
    drawn: Option<Solved>,
}

impl Scan {
    fn push(&mut self, core: &Solved, exact: &Solved) -> Result<(), exact::Error> {
        let chain = &core.chain;
        let plain = chain.continuous_phi2(chain.noise_variance())?.value;
        let gibbs = exact::site(chain.potential.b, chain.potential.lambda)?[&Observable::Phi2].value;
        let rounding = chain.path.lsb().powi(2) / (24.0 * chain.eps) * chain.temperature_slope()?;
        let values = [core.moment(2) - plain, exact.moment(2) - plain, rounding, plain - gibbs];
        self.points.push((chain.path.width, chain.eps, values));
        Ok(())
    }

    /// Step bias and rounding against ε.
    fn figures(&self) -> Option<Figure> {
        let mut series = Vec::new();
        let mut widths: Vec<u32> = self.points.iter().map(|p| p.0).collect();
        widths.dedup();
        let column = |width: u32, k: usize| -> (Vec<f64>, Vec<f64>) {
            self.points.iter().filter(|p| p.0 == width).map(|p| (p.1, p.2[k].abs())).unzip()
        };
        for &width in &widths {
            let (x, y) = column(width, 1);
            series.push(Series::points(format!("W = {width}, exact law"), x, y, Vec::new()));
            let (x, y) = column(width, 2);
            series.push(Series::line("", x, y));
        }
        let (x, y) = column(*widths.first()?, 3);
        series.push(Series::line("step-size bias of the continuous chain", x, y));
        Some(Figure {
            rung: Some(RUNG),
            name: "exact-law-eps".into(),
            caption: "Shift of <x²> by rounding, S = x²/2 + x⁴/4: \
            exact laws of the integers (points) and Δ²/(24ε)·d<x²>/dT (lines); beside them the bias of the finite step."
                .into(),
            x: Axis::log("step ε"),
            y: Axis::log("|shift of <x²>|"),
            series,
        })
    }
}

/// The law on cells against e^{-S}, e^{-S_eff} and the dithered chain.
fn cells_figure(law: &Solved) -> Option<Figure> {
    let chain = &law.chain;
    let edges = chain.edges(64);
    let gibbs = chain.gibbs_bins(&edges).ok()?;
    let middle: Vec<f64> = edges.windows(2).map(|e| 0.5 * (e[0] + e[1])).collect();
    let relative = |cells: Vec<f64>| -> (Vec<f64>, Vec<f64>) {
        let points = cells.iter().zip(&gibbs).zip(&middle).filter(|((_, g), _)| **g > 1e-9);
        points.map(|((p, g), x)| (*x, p / g - 1.0)).unzip()
    };
    let (x, y) = relative(law.bins(&edges));
    let mut series = vec![Series::points("exact law of the integers", x, y, Vec::new())];
    let (x, y) = relative(chain.continuous_bins(chain.dithered_variance(), &edges)?);
    series.push(Series::line("continuous chain with rounding as noise", x, y));
    let (x, y) = relative(chain.effective_bins(&edges).ok()?);
    series.push(Series::line("e^{-S_eff}, first order", x, y));
    Some(Figure {
        rung: Some(RUNG),
        name: "exact-law-residual".into(),
        caption: format!(
            "Exact law of Fx<{}> Euler at ε = {:.4} relative to e^{{-S}}, S = x²/2 + x⁴/4, on 64 cells.",
            chain.path.width, chain.eps
        ),
        x: Axis::linear("x"),
        y: Axis::linear("P(cell)/P(cell; e^{-S}) - 1"),
        series,
    })
}
