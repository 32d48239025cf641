//! The core's own sweep of two sites, with chosen noise.

use stoquant_core::action::{Action, QuarticDrift};
use stoquant_core::arith::Arith;
use stoquant_core::error::Error;
use stoquant_core::integrator::{ChainNoise, Euler, Integrator, State, Sweep};
use stoquant_core::lattice::{Plan, WORK_BLOCKS};
use stoquant_core::noise::{Noise, PureWords, StreamTag, Threefry, Words, gauss};
use stoquant_model::{NoiseKind, Phi4};

use crate::markov::{LSB, MAX, WIDTH};
use crate::noise_law::classes;

/// A word for either site.
#[derive(Clone, Copy)]
struct Chosen([u32; 2]);

impl Words for Chosen {
    fn fill(&mut self, _: u64, first: usize, out: &mut [u32]) {
        for (word, site) in out.iter_mut().zip(first..) {
            *word = self.0[site & 1];
        }
    }
}

impl PureWords for Chosen {}

/// A ring of two sites in an arithmetic with the format of `Fx<8>`: the core's, or one with a defect.
pub struct CoreSweep<A: Arith> {
    euler: Euler<A, QuarticDrift<A>>,
    couplings: Phi4,
    plan: Plan<1>,
    /// A word for every |η|, where there is one.
    words: Vec<Option<u32>>,
}

impl<A: Arith> CoreSweep<A> {
    /// Refused as the core refuses it.
    pub fn new(couplings: &Phi4, eps: f64) -> Result<Self, Error> {
        let mut words = vec![None; MAX as usize + 1];
        for (word, _) in classes() {
            if let Some(slot) = words.get_mut(gauss::eta::<WIDTH>(word).unsigned_abs() as usize) {
                *slot = Some(word);
            }
        }
        let euler = Euler::<A, _>::new(couplings, eps, 1)?;
        let eps = Integrator::<A, Threefry>::eps(&euler);
        let couplings = Action::<A>::quantised(couplings, euler.drift(), eps);
        Ok(Self { euler, couplings, plan: Plan::new([2], WORK_BLOCKS)?, words })
    }

    /// The step that the quantised amplitude stands for.
    pub fn eps(&self) -> f64 {
        Integrator::<A, Threefry>::eps(&self.euler)
    }

    /// The couplings as quantised.
    pub fn couplings(&self) -> Phi4 {
        self.couplings
    }

    /// All η that some word gives.
    pub fn noises(&self) -> Vec<i32> {
        let reach = self.words.len() as i32 - 1;
        (-reach..=reach).filter(|&eta| self.word(eta).is_some()).collect()
    }

    fn word(&self, eta: i32) -> Option<u32> {
        let word = self.words.get(eta.unsigned_abs() as usize).copied().flatten()?;
        Some(word | if eta < 0 { 1 << 31 } else { 0 })
    }

    /// One sweep: n of both sites after it.
    pub fn step(&self, n: [i32; 2], eta: [i32; 2]) -> [i32; 2] {
        let words = Chosen(eta.map(|eta| self.word(eta).unwrap_or_default()));
        let accept = Threefry::new(0, 0, StreamTag::Accept);
        let mut noise = ChainNoise { eta: Noise { law: NoiseKind::Gaussian, words }, accept };
        let mut phi = n.map(|n| A::nearest(f64::from(n) * LSB).store());
        let (mut work, mut state) = ([A::Store::default(); WORK_BLOCKS], State::default());
        let sweep = Sweep { noise: &mut noise, phi: &mut phi, work: &mut work, state: &mut state };
        self.euler.sweep(&self.plan, sweep);
        phi.map(|word| (A::load(word).value() / LSB).round() as i32)
    }
}
