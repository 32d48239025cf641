//! What the integrators have in common: φ + εK(φ) + σ·η of sites, blocks and fields.

use super::Sweep;
use crate::action::Drift;
use crate::arith::Arith;
use crate::lattice::{Chunk, Plan, RowMut, Triple, segment_mut, stream};
use crate::machine::Machine;
use crate::noise::{Noise, PureWords, Words};

/// A force and the amplitude of a noise: φ becomes φ + εK(φ) + σ·η.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kick<A: Arith, K> {
    /// εK.
    pub drift: K,
    /// σ.
    pub sigma: A::Sigma,
}

/// The integers η of consecutive sites, whatever an integrator makes of its noise: `eta(noise, first, out)` fills `out`
/// with those of sites `first..`, at most a chunk of them.
pub(super) trait Eta<W>: Fn(&mut Noise<W>, usize, &mut [i32]) {}
impl<W, F: Fn(&mut Noise<W>, usize, &mut [i32])> Eta<W> for F {}

/// R_n, the noise of one step.
#[inline(always)]
pub(super) fn one_step<A: Arith, W: Words, M: Machine>(machine: M, step: u64) -> impl Eta<W> + Sync {
    move |noise: &mut Noise<W>, first: usize, out: &mut [i32]| A::fill_noise(machine, noise, step, first, out)
}

/// R_n + R_{n+1}.
#[inline(always)]
pub(super) fn two_steps<A: Arith, W: Words, M: Machine>(machine: M, step: u64) -> impl Eta<W> + Sync {
    move |noise: &mut Noise<W>, first: usize, out: &mut [i32]| {
        let mut next = Chunk::<i32>::default();
        let next = segment_mut(&mut *next, 0, out.len());
        A::fill_noise(machine, noise, step, first, out);
        A::fill_noise(machine, noise, step.wrapping_add(1), first, next);
        for (eta, next) in out.iter_mut().zip(&*next) {
            *eta += next;
        }
    }
}

/// A block of a field that is only read, and the noise of the step.
pub(super) struct Block<'a, const D: usize, A: Arith, M, E> {
    pub plan: &'a Plan<D, M>,
    pub eta: &'a E,
    /// First site.
    pub first: usize,
    /// The block between its neighbours.
    pub triple: Triple<'a, A::Store>,
}

impl<'a, const D: usize, A: Arith, M: Machine, E> Block<'a, D, A, M, E> {
    /// A block of a field by its number.
    #[inline(always)]
    pub fn of(plan: &'a Plan<D, M>, eta: &'a E, block: usize, phi: &'a [A::Store]) -> Self {
        Self { plan, eta, first: plan.span(block).0, triple: plan.triple(phi, block) }
    }
}

impl<A: Arith, K: Drift<A>> Kick<A, K> {
    /// φ + εK(φ) + σ·η of one site, before any rounding.
    #[inline(always)]
    fn site(&self, x: usize, phi: A, sum: A::Sum, eta: i32, clipped: &mut u32) -> A::Wide {
        phi.widen() + self.drift.drift(x, phi, sum, clipped) + A::mul_noise(self.sigma, eta)
    }

    /// [`site`](Self::site) of every site of a block, and what `put` makes of it and of the site's slot of `out`.
    /// Returns how often it clipped.
    #[inline(always)]
    pub fn block<W, const D: usize, M: Machine>(
        &self,
        Block { plan, eta, first, triple }: Block<'_, D, A, M, impl Eta<W>>,
        noise: &mut Noise<W>,
        out: &mut [A::Store],
        put: impl Fn(&mut A::Store, A::Wide, &mut u32),
    ) -> u64 {
        let kick = *self;
        let mut clipped = 0;
        let mut numbers = Chunk::default();
        if Plan::<D, M>::BY_ROWS {
            plan.rows::<A>(triple, |start, row| {
                let (mut x, out) = (first + start, segment_mut(out, start, row.len()));
                let numbers = segment_mut(&mut *numbers, 0, row.len());
                eta(noise, x, numbers);
                // Copies, which what is written cannot change: they stay in registers.
                let (kick, mut count) = (kick, 0);
                row.each(out, numbers, |phi, sum, slot, eta| {
                    put(slot, kick.site(x, phi, sum, eta, &mut count), &mut count);
                    x += 1;
                });
                clipped += count;
            });
        } else {
            plan.chunks::<A>(triple, |start, phi, sums| {
                let (x, out) = (first + start, segment_mut(out, start, phi.len()));
                let numbers = segment_mut(&mut *numbers, 0, phi.len());
                eta(noise, x, numbers);
                // A counter of its own stays in a register.
                let mut count = 0;
                let sites = phi.iter().zip(sums).zip(&*numbers);
                for (i, (slot, ((&phi, &sum), &eta))) in out.iter_mut().zip(sites).enumerate() {
                    put(slot, kick.site(x + i, A::load(phi), sum, eta, &mut count), &mut count);
                }
                clipped += count;
            });
        }
        u64::from(clipped)
    }

    /// The rounded values of a block into `out`. Returns how often they clipped.
    #[inline(always)]
    pub fn trial<W, const D: usize, M: Machine>(
        &self,
        block: Block<'_, D, A, M, impl Eta<W>>,
        noise: &mut Noise<W>,
        out: &mut [A::Store],
    ) -> u64 {
        self.block(block, noise, out, |slot, wide, clipped| *slot = A::narrow(wide, clipped).store())
    }

    /// The rounded values of the whole field into the work memory. Returns how often they clipped.
    #[inline(always)]
    pub fn apart<W: PureWords, const D: usize, M: Machine>(
        &self,
        plan: &Plan<D, M>,
        sweep: &mut Sweep<'_, A, W>,
        eta: &(impl Eta<W> + Sync),
    ) -> u64 {
        let (noise, phi) = (&sweep.noise.eta, &*sweep.phi);
        let machine = plan.machine();
        machine.parts(segment_mut(sweep.work, 0, plan.volume()), plan.block(), |block, out| {
            machine.run(|| self.trial(Block::of(plan, eta, block, phi), &mut noise.clone(), out))
        })
    }

    /// The rounded values of the whole field in its place. Returns how often they clipped.
    #[inline(always)]
    pub fn in_place<W, const D: usize, M: Machine>(
        &self,
        plan: &Plan<D, M>,
        sweep: &mut Sweep<'_, A, W>,
        eta: &impl Eta<W>,
    ) -> u64 {
        let Sweep { noise, phi, work, .. } = sweep;
        let noise = &mut noise.eta;
        let mut clipped = 0;
        if Plan::<D, M>::BY_ROWS {
            let mut numbers = Chunk::default();
            plan.machine().run(|| {
                plan.rows_mut::<A>(phi, work, |first, row| {
                    let numbers = segment_mut(&mut *numbers, 0, row.len());
                    eta(noise, first, numbers);
                    clipped += u64::from(self.row(first, row, numbers));
                });
            });
            return clipped;
        }
        plan.machine().run(|| {
            stream(
                plan,
                phi,
                work,
                |first, triple, out| clipped += self.trial(Block { plan, eta, first, triple }, noise, out),
                |phi, block, [_, y, _]| {
                    let (first, count) = plan.span(block);
                    for (slot, &y) in segment_mut(phi, first, count).iter_mut().zip(y) {
                        *slot = y;
                    }
                },
            );
        });
        clipped
    }

    /// The rounded values of a row from site `x` on, in its place. Returns how often they clipped.
    // On its own: the loop needs all registers of a small processor.
    #[inline(never)]
    fn row(&self, mut x: usize, row: RowMut<'_, A>, eta: &[i32]) -> u32 {
        // A copy, which what is written cannot change.
        let (kick, mut clipped) = (*self, 0);
        row.each(eta, |phi, sum, eta| {
            let wide = kick.site(x, phi, sum, eta, &mut clipped);
            x += 1;
            A::narrow(wide, &mut clipped)
        });
        clipped
    }
}
