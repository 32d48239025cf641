//! Machines that go wrong where vectors and threads do: at the end of a run, between lanes, between blocks.

use stoquant::certify::machines;
use stoquant::engine::{Engine, core_engine, engine_of};
use stoquant_core::arith::{Arith, Fx};
use stoquant_core::error::Error;
use stoquant_core::integrator::{Euler, Mala};
use stoquant_core::machine::{Machine, Part, Pass, Portable};
use stoquant_core::noise::{Gaussian, StreamTag, Threefry, gauss};
use stoquant_model::{ArithKind, IntegratorKind, Phi4, Setup};

use super::ladder::{Chains, Defect, Rung};
use crate::with_dims;

/// What is planted.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Flaw {
    Nothing,
    LastWords,
    Lanes,
    Half,
    ShortPart,
    FirstPartTwice,
    LatePartMoved,
    LateCountsLost,
}
use Flaw::*;

/// Blocks of a lattice that only large ones have.
const LATE: usize = 16;

/// The portable machine with a flaw.
#[derive(Clone, Copy)]
struct Flawed(Flaw);

impl Gaussian for Flawed {
    fn gaussian<const W: u32>(self, words: &[u32], out: &mut [i32]) {
        Portable.gaussian::<W>(words, out);
        let whole = out.len() / 16 * 16;
        match self.0 {
            LastWords => out[whole..].fill(0),
            Lanes => out.chunks_exact_mut(16).for_each(|lanes| lanes.swap(7, 8)),
            // W = 18 has its rounding half in the table, the others add what is missing.
            Half if W == 16 => {
                for (slot, &word) in out.iter_mut().zip(words) {
                    *slot = (gauss::magnitude(word) >> 17) as i32 * if word >> 31 == 0 { 1 } else { -1 };
                }
            }
            _ => {}
        }
    }
}

impl Machine for Flawed {
    fn run<P: Pass>(self, work: P) -> P::Output {
        work.pass()
    }

    fn parts<T: Send, R: Part>(self, out: &mut [T], size: usize, work: impl Fn(usize, &mut [T]) -> R + Sync) -> R {
        let parts = out.len().div_ceil(size);
        if self.0 == LatePartMoved || self.0 == LateCountsLost {
            // The block before in place of the 17th and every later one; what later ones count is dropped.
            return out.chunks_mut(size).enumerate().fold(R::default(), |sum, (n, part)| {
                let late = n >= LATE && part.len() == size;
                let found = work(n - usize::from(late && self.0 == LatePartMoved), part);
                if late && self.0 == LateCountsLost { sum } else { sum.plus(found) }
            });
        }
        let done = if self.0 == ShortPart && parts > 1 { out.len() / size * size } else { out.len() };
        Portable.parts(&mut out[..done], size, work)
    }

    fn sum<R: Part>(self, count: usize, work: impl Fn(usize) -> R + Sync) -> R {
        let sum = Portable.sum(count, &work);
        if self.0 == FirstPartTwice && count > 1 { sum.plus(work(0)) } else { sum }
    }
}

/// Euler's and MALA's chains on a flawed machine; others as the core has them.
pub(super) fn on(flaw: Flaw) -> Chains {
    fn of<const D: usize, A: Arith>(
        extents: [usize; D],
        setup: &Setup,
        chain: u32,
        machine: Flawed,
    ) -> Result<Box<dyn Engine>, Error> {
        let action = setup.couplings;
        let words = Threefry::new(setup.seed, chain, StreamTag::Noise);
        match setup.integrator {
            IntegratorKind::Euler => {
                let euler = Euler::<A, _>::new(&action, setup.eps, D)?;
                let drift = *euler.drift();
                engine_of(machine, extents, setup, chain, euler, drift, words)
            }
            IntegratorKind::Mala => {
                let mala = Mala::<A, Phi4>::new(&action, setup.eps, D)?;
                let drift = *mala.drift();
                engine_of(machine, extents, setup, chain, mala, drift, words)
            }
            _ => core_engine(setup, chain),
        }
    }
    Box::new(move |setup, chain| match setup.arith {
        ArithKind::Fx18 => with_dims!(&*setup.extents, |e| of::<_, Fx<18>>(e, setup, chain, Flawed(flaw))),
        ArithKind::Fx16 => with_dims!(&*setup.extents, |e| of::<_, Fx<16>>(e, setup, chain, Flawed(flaw))),
        ArithKind::F32 => with_dims!(&*setup.extents, |e| of::<_, f32>(e, setup, chain, Flawed(flaw))),
        ArithKind::F64 => core_engine(setup, chain),
    })
}

fn rungs(flaw: Flaw) -> Vec<Rung> {
    let chains = on(flaw);
    vec![Box::new(move || Ok(machines::engines("flawed", &*chains, usize::MAX, IntegratorKind::ALL, 1)?.into()))]
}

/// The table.
pub fn defects() -> Vec<Defect> {
    let defect = |name, description, flaw| Defect::new("machine", name, description, rungs(flaw));
    vec![
        defect("last words", "η of words that fill no whole vector is 0", LastWords),
        defect("lanes exchanged", "two neighbours in a vector have each other's η", Lanes),
        defect("half missing", "η₁₆ cut instead of rounded", Half),
        defect("short block", "a last block shorter than the others is left out", ShortPart),
        defect("block weighed twice", "the first block counts twice in a Metropolis decision", FirstPartTwice),
    ]
}

/// The machine with nothing planted.
pub fn controls() -> Vec<Defect> {
    vec![Defect::new("machine", "no flaw", "the portable machine in the wrapper", rungs(Nothing))]
}
