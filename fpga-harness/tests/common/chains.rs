//! One chain of a circuit in lockstep with the core.

use super::{Random, seeds};
use stoquant_core::action::{Drift, QuarticDrift};
use stoquant_core::arith::{Arith, Fx};
use stoquant_core::integrator::{ChainNoise, Euler, Integrator, State, Sweep};
use stoquant_core::lattice::Plan;
use stoquant_core::noise::{StreamTag, Threefry, Words};
use stoquant_fpga::sim::{Chains, Circuit, Coefficients};
use stoquant_model::{NoiseKind, Phi4};

/// A chain of the core.
pub struct Reference<const W: u32>
where
    Fx<W>: Arith,
{
    pub plan: Plan<2>,
    euler: Euler<Fx<W>, QuarticDrift<Fx<W>>>,
    noise: ChainNoise<Threefry>,
    words: Threefry,
    pub phi: Vec<<Fx<W> as Arith>::Store>,
    work: Vec<<Fx<W> as Arith>::Store>,
    pub state: State,
    columns: usize,
}

impl<const W: u32> Reference<W>
where
    Fx<W>: Arith<Sum = i32, Wide = i64, Sigma = i32, Gain = i32, Slope = i64>,
{
    pub fn new(
        [rows, columns]: [usize; 2],
        with: Coefficients,
        seed: u64,
        chain: u32,
        step: u64,
        field: &[i64],
    ) -> Self {
        let work = Plan::<2>::work_sites(&[rows, columns]).expect("a lattice");
        let drift = QuarticDrift { hop: with.hop, linear: with.linear, cubic: with.cubic };
        Self {
            plan: Plan::new([rows, columns], work).expect("a lattice"),
            euler: Euler::from_parts(drift, with.sigma),
            noise: ChainNoise::new(seed, chain, NoiseKind::Gaussian),
            words: Threefry::new(seed, chain, StreamTag::Noise),
            phi: field.iter().map(|&n| Fx::<W>::from_int(n as i32).expect("in range").store()).collect(),
            work: vec![Default::default(); work],
            state: State { step, ..State::default() },
            columns,
        }
    }

    pub fn sweep(&mut self) {
        let Self { plan, euler, noise, phi, work, state, .. } = self;
        euler.sweep(plan, Sweep { noise, phi, work, state });
    }

    pub fn field(&self) -> Vec<i64> {
        self.phi.iter().map(|&word| Fx::<W>::load(word).int().into()).collect()
    }

    /// η and εK of a site in the sweep that comes.
    fn parts(&mut self, site: usize) -> [i64; 2] {
        let mut word = [0];
        self.words.fill(self.state.step, site, &mut word);
        let at = |x: usize| Fx::<W>::load(self.phi[x]);
        let (volume, columns) = (self.phi.len(), self.columns);
        let (row, column) = (site / columns * columns, site % columns);
        let nn: i32 = [
            row + (column + 1) % columns,
            row + (column + columns - 1) % columns,
            (site + columns) % volume,
            (site + volume - columns) % volume,
        ]
        .map(|x| at(x).int())
        .iter()
        .sum();
        let drift = self.euler.drift().drift(site, at(site), nn, &mut 0);
        [stoquant_core::noise::eta::<W>(NoiseKind::Gaussian, word[0]).into(), drift]
    }
}

/// A start field: as wide as the format, or of a typical size.
pub fn start(random: &mut Random, sites: usize, most: i64) -> Vec<i64> {
    (0..sites).map(|_| random.within(most)).collect()
}

/// Coefficients of φ⁴ theory at this step.
pub fn phi4<const W: u32>(kappa: f64, lambda: f64, eps: f64) -> Coefficients
where
    Fx<W>: Arith<Sigma = i32, Gain = i32, Slope = i64>,
{
    let euler =
        Euler::<Fx<W>, QuarticDrift<Fx<W>>>::new(&Phi4::kappa_form(kappa, lambda), eps, 2).expect("a stable step");
    let QuarticDrift { hop, linear, cubic } = *euler.drift();
    Coefficients { hop, linear, cubic, sigma: euler.sigma() }
}

/// Sweeps of one chain, each site compared as it is written. Returns updates and saturations.
fn lockstep<const W: u32>(
    circuit: &'static Circuit,
    extents: [usize; 2],
    with: Coefficients,
    sweeps: u32,
    step: u64,
    seed: u64,
    most: i64,
) -> (u64, u64)
where
    Fx<W>: Arith<Sum = i32, Wide = i64, Sigma = i32, Gain = i32, Slope = i64>,
{
    let volume = extents[0] * extents[1];
    let field = start(&mut Random::new(seed), volume, most);
    let mut chains = Chains::new(circuit, W, seed as u32);
    chains.extents(extents[0], extents[1]);
    chains.configure(0, with, seed, 5);
    chains.set_step(step);
    chains.write(0, &field);
    assert_eq!(chains.read(0), field, "what was written");
    let mut core = Reference::<W>::new(extents, with, seed, 5, step, &field);
    let mut parts: Vec<[i64; 2]> = vec![];
    let mut updates = 0;
    chains.run_shown(sweeps, |retired| {
        let site = (updates % volume as u64) as usize;
        if site == 0 {
            parts = (0..volume).map(|site| core.parts(site)).collect();
            core.sweep();
        }
        let want = (site, parts[site][0], parts[site][1], i64::from(Fx::<W>::load(core.phi[site]).int()));
        let got = (retired.site, retired.eta, retired.drift, retired.phi);
        assert_eq!(
            got,
            want,
            "site, η, εK, φ': extents {extents:?}, {with:?}, seed {seed}, step {}",
            core.state.step - 1
        );
        updates += 1;
    });
    assert_eq!(updates, u64::from(sweeps) * volume as u64, "updates of {sweeps} sweeps of {extents:?}");
    assert_eq!(chains.read(0), core.field());
    assert_eq!((chains.step(), chains.clipped(0)), (core.state.step, core.state.clipped), "step, saturations");
    (updates, core.state.clipped)
}

const EXTENTS: [[usize; 2]; 11] =
    [[2, 1], [2, 2], [3, 1], [2, 3], [3, 3], [4, 4], [5, 7], [8, 8], [2, 64], [64, 2], [16, 20]];

pub fn chains_are<const W: u32>(circuit: &'static Circuit, million: u32)
where
    Fx<W>: Arith<Sum = i32, Wide = i64, Sigma = i32, Gain = i32, Slope = i64>,
{
    let max = i64::from(Fx::<W>::MAX);
    let usual = phi4::<W>(0.27, 0.022, 0.02);
    for seed in seeds() {
        for extents in EXTENTS {
            lockstep::<W>(circuit, extents, usual, 3, seed % 1000, seed, max / 4);
        }
        // Coefficients in the upper half of their range, from a field as wide as it comes, and a step number that
        // carries. Where |φ| > 4, |k_c φ²| is 1/2 at least and |k_a| below 1/4, so d saturates: half of the sites of
        // the first sweep, of twenty.
        let mut random = Random::new(seed);
        let mut large =
            |most: i64| (most - random.within(most / 2).abs()) * if random.u32().is_multiple_of(2) { 1 } else { -1 };
        let wild = Coefficients {
            hop: large(max) as i32,
            linear: large(max << (W - 5)),
            cubic: large(max) as i32,
            sigma: large(max).unsigned_abs() as i32,
        };
        let (updates, clipped) = lockstep::<W>(circuit, [32, 32], wild, 20, (1 << 32) - 3, seed, max);
        assert!(clipped > updates / 100, "{clipped} saturations in {updates} updates of {wild:?}");
    }
    let (updates, _) = lockstep::<W>(circuit, [32, 32], usual, million, 0, 1, max / 8);
    println!("W = {W}: {updates} updates as the core's");
}
