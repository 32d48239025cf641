//! Whole chains of integers and of real numbers, with the same noise.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

use super::score::numbers;
use super::*;
use stoquant_diffusion::int8::Generator;
use stoquant_diffusion::int8::plain::{Number, Rules};
use stoquant_engines::simd::MachineKind;

/// All checks of an image: the distance of integers and real numbers at the end is that of drawn roundings and real
/// numbers; the host's generator gives what the stages give one by one.
pub(super) fn checks(
    subject: &Subject,
    name: &str,
    device: &Device<'_>,
    level: Level,
    seed: u64,
) -> Result<Vec<Check>, InputError> {
    let chains = if level == Level::Full { 256 } else { 32 };
    let one = |number: u32| {
        let chain = Chain { seed, number };
        let (m, u) = run(subject, device, chain, |_| {});
        let real = real(device, chain, &mut Rules::real());
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed.wrapping_add(u64::from(number)));
        let drawn = self::real(device, chain, &mut Rules::drawn(move || rng.random()));
        let square = |a: &[Number]| -> f64 { (1..u.len()).map(|k| (a[k].value - real[k].value).powi(2)).sum() };
        (device.finish(m, &u), (square(&numbers(&u)) / square(&drawn)).ln())
    };
    let (phi, distance): (Vec<_>, Vec<f64>) = (0..chains).into_par_iter().map(one).unzip();
    let generated = Generator::new(device.image, false).generate(MachineKind::best(), seed, chains as usize, &|| {});
    let phi: Vec<f64> = phi.into_iter().flatten().map(|phi| PHI.decode(phi)).collect();
    let wrong =
        phi.len().abs_diff(generated.phi.len()) + phi.iter().zip(&generated.phi).filter(|(a, b)| a != b).count();
    Ok(vec![
        Check::none(RUNG, format!("{name}: generated phi that is not that of the stages one by one"), wrong),
        known_to(mean(format!("{name}: ln of the mean square distance of paths over drawn ones"), &distance, 0.0), 0.3)
            .promising(1.5),
    ])
}

/// The last u of a chain under these rules.
fn real(device: &Device<'_>, chain: Chain, rules: &mut Rules<'_>) -> Vec<Number> {
    // Bounds would add up over the steps to nothing of use.
    let known = |u: Vec<Number>| -> Vec<Number> { u.into_iter().map(|u| u.value.into()).collect() };
    let (m, start) = chain.start(&device.image);
    let mut u = numbers(&start);
    let (mut base, mut before) = (u.clone(), vec![Number::default(); u.len()]);
    for n in 0..device.parts.shape.stages {
        let stage = plain::Stage::new(device.parts, n);
        match device.parts.sampler {
            Sampler::Flow => {
                let at = known(stage.flow(rules, 1, &base, &before));
                before = known(stage.remainder(rules, m, &at));
                u = known(stage.flow(rules, 2, &u, &before));
                if device.parts.stages[n].closes {
                    base.clone_from(&u);
                }
            }
            Sampler::Reverse => {
                let h = known(stage.remainder(rules, m, &u));
                u = known(stage.reverse(rules, &u, &h, &chain.eta(n, u.len())));
            }
        }
    }
    u
}
