//! What holds to the bit: symmetries, and that neither blocks nor machines nor the form of H matter.
//!
//! Of a whole evaluation φ → -φ and the reflections are exact: H has them, since H_ik depends on i·k mod L. A
//! transposition exchanges the passes of the transform, between which there is a rounding, and a translation mixes the
//! modes ±k: these hold from ŷ on, site by site.

use stoquant_core::score::int8::{Kernels, Matrix};

use super::*;
use stoquant_engines::simd::{MachineKind, Threads, Work, with_machine};

/// ĥ of a network.
pub(super) fn evaluate<H: Matrix, const B: usize>(
    machine: impl Kernels,
    network: &Network<H, B>,
    stage: &Stage<'_>,
    m: i16,
    u: &[i16],
) -> Vec<i16> {
    let mut h = vec![0; u.len()];
    let mut work = vec![0; Network::<H, B>::work(&stage.shape())];
    network.remainder(machine, stage, m, u, &mut h, &mut work);
    h
}

/// How many numbers of two fields differ.
fn differing(a: &[i16], b: &[i16]) -> usize {
    a.iter().zip(b).filter(|(a, b)| a != b).count()
}

/// A field in other places: the number of site (i, j) is that of `from(i, j)`.
fn moved(extent: usize, field: &[i16], from: impl Fn([usize; 2]) -> [usize; 2]) -> Vec<i16> {
    let number = |at: usize| {
        let [i, j] = from([at / extent, at % extent]);
        field[i % extent * extent + j % extent]
    };
    (0..field.len()).map(number).collect()
}

fn negated(field: &[i16]) -> Vec<i16> {
    field.iter().map(|&x| -x).collect()
}

struct OnMachine<'a> {
    device: &'a Device<'a>,
    visit: &'a Visit,
}

impl Work for OnMachine<'_> {
    type Result = Vec<i16>;
    fn on<M: Kernels>(self, machine: M) -> Self::Result {
        let Visit { stage, m, at, .. } = self.visit;
        self.device.with::<BLOCK, _>(*stage, |network, stage| evaluate(machine, &network, stage, *m, at))
    }
}

/// Evaluations of a chain that are looked at.
const EVALUATIONS: usize = 6;

/// All checks of an image.
pub(super) fn checks(subject: &Subject, name: &str, device: &Device<'_>, seed: u64) -> Vec<Check> {
    let extent = device.parts.shape.extent;
    let stages = device.parts.shape.stages;
    let [mut sign, mut reflected, mut blocks, mut machines] = [0; 4];
    run(subject, device, Chain { seed, number: 0 }, |visit| {
        let Visit { stage: n, m, at, .. } = visit;
        if !(n + 1).is_multiple_of(stages / EVALUATIONS) {
            return;
        }
        let of = |m: i16, u: &[i16]| (subject.remainder)(device, *n, m, u);
        let h = of(*m, at);
        sign += differing(&of(-m, &negated(at)), &negated(&h));
        for axis in 0..2 {
            let reflect = |field: &[i16]| {
                moved(extent, field, |mut k| {
                    k[axis] = extent - k[axis];
                    k
                })
            };
            reflected += differing(&of(*m, &reflect(at)), &reflect(&h));
        }
        blocks += differing(&device.with::<4, _>(*n, |four, stage| evaluate(Portable, &four, stage, *m, at)), &h);
        blocks += differing(&device.with::<64, _>(*n, |all, stage| evaluate(Portable, &all, stage, *m, at)), &h);
        let (mut line, mut numbers) = (vec![0; extent], vec![0; device.parts.shape.prepared()]);
        let small = Network::<_, 4>::new(&device.image, Line::new(&device.image, &mut line));
        let stage = Stage::prepare(&device.image, *n, &mut numbers);
        blocks += differing(&evaluate(Portable, &small, &stage, *m, at), &h);
        for machine in MachineKind::available() {
            machines += differing(&with_machine(machine, Threads::One, OnMachine { device, visit }), &h);
        }
    });
    let none = |what: &str, count| Check::none(RUNG, format!("{name}: {what}"), count);
    let [group, translated] = sites(device, seed);
    vec![
        none("h(-u, -M) = -h(u, M), modes that differ", sign),
        none("reflections of u, modes of h that differ", reflected),
        none("h at sites, rotations, reflections and signs of y, sites that differ", group),
        none("h at sites, translations of y, sites that differ", translated),
        none("blocks of 4 and 64 sites, a line of H, modes that differ", blocks),
        none("machines, modes that differ", machines),
    ]
}

/// Of the site network alone: sites that differ under the rotations, reflections and the sign, and under translations.
fn sites(device: &Device<'_>, seed: u64) -> [usize; 2] {
    let (image, shape) = (&device.image, device.parts.shape);
    let extent = shape.extent;
    let [mut group, mut translated] = [0; 2];
    for n in [0, shape.stages / 2, shape.stages - 1] {
        // Standard Gaussian ŷ of 12 fractional bits is one of 11 and twice as wide: clips are tried, too.
        let (m, y) = Chain { seed, number: 1 + n as u32 }.start(image);
        let of = |m: i16, y: &[i16]| device.with::<BLOCK, _>(n, |network, stage| at_sites(&network, stage, m, y));
        let h = of(m, &y);
        for element in 0..8 {
            let place = |[i, j]: [usize; 2]| {
                let [i, j] = if element & 1 == 0 { [i, j] } else { [j, i] };
                [if element & 2 == 0 { i } else { extent - i }, if element & 4 == 0 { j } else { extent - j }]
            };
            let (y, h) = (moved(extent, &y, place), moved(extent, &h, place));
            group += differing(&of(m, &y), &h) + differing(&of(-m, &negated(&y)), &negated(&h));
        }
        for [a, b] in [[0, 1], [1, 0], [3, extent - 2], [extent / 2, extent / 2]] {
            let place = |[i, j]: [usize; 2]| [i + a, j + b];
            translated += differing(&of(m, &moved(extent, &y, place)), &moved(extent, &h, place));
        }
    }
    [group, translated]
}

/// h of every site.
fn at_sites<H: Matrix, const B: usize>(network: &Network<H, B>, stage: &Stage<'_>, m: i16, y: &[i16]) -> Vec<i16> {
    let mut h = vec![0; y.len()];
    let mut work = vec![0; Network::<H, B>::work(&stage.shape())];
    network.sites(Portable, stage, m, y, &mut h, &mut work);
    h
}
