//! Single evaluations and steps, at the fields that chains come to.
//!
//! - Integers: every ĥ, u' and φ is that of [`plain`], to the bit; also at the ends of their range, where everything
//!   saturates.
//! - Bound: |ĥ - real| is below what [`plain`] proves, and |u' - real| below ½ + |pull| times that.
//! - Roundings: the mean square of ĥ - real is that of the same network with errors drawn at random, uniform within ±½
//!   for each rounding. This sees what the bound, for which all errors push one way, is too wide for.
//! - Tables: real against the model, in displacement of u. An int8 weight is off by at most 1/254 = .4% of the largest
//!   of its row, so that a unit's argument is off by about as much, and many units average; tables have 16 bits. Of a
//!   hundred steps all but sixteen rows of tables are interpolated, cubic, where the model's are linear between knots:
//!   at single steps 1%.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

use super::*;
use stoquant_diffusion::int8::float::FloatStage;
use stoquant_diffusion::int8::plain::{Number, Rules, finish};
use stoquant_diffusion::int8::report::of_model;

/// Stages of a chain that are looked at.
const STAGES: usize = 12;

/// Largest relative root mean square of what weights and tables change, all stages together, and at any of them.
const OF_MODEL: [f64; 2] = [0.01, 0.02];

/// Numbers of integers.
pub(super) fn numbers(u: &[i16]) -> Vec<Number> {
    u.iter().map(|&u| u.into()).collect()
}

/// How many integers are not these numbers.
fn differing(integers: &[i16], numbers: &[Number]) -> usize {
    integers.iter().zip(numbers).filter(|(integer, number)| f64::from(**integer) != number.value).count()
}

/// Largest share of evaluations in which something saturates. A chain in some hundred comes to fields beyond what the
/// features were made for, and may at several stages; of a hundred evaluations at least, three quarters are plenty.
const SATURATED: f64 = 0.25;

/// What one evaluation and its step say.
struct Errors {
    /// Integers of ĥ and u' that are not what they should be.
    wrong: [usize; 2],
    /// Whether nothing saturates that matters.
    fits: bool,
    /// Largest deviations in units of their bounds: of ĥ; of u', where nothing saturates.
    largest: [f64; 2],
    /// Largest deviation of the two real networks, neither of which saturates.
    real: f64,
    /// ln of the mean square rounding in units of that of drawn ones.
    rounding: f64,
    /// Mean square displacement by the model, and of the difference of the real network from it.
    model: [f64; 2],
}

/// All checks of an image.
pub(super) fn checks(
    subject: &Subject,
    name: &str,
    model: &Model,
    device: &Device<'_>,
    level: Level,
    seed: u64,
) -> Result<Vec<Check>, InputError> {
    // As many modes on every lattice.
    let chains = if level == Level::Full { 8192 } else { 2048 } / device.parts.shape.extent.pow(2) as u32;
    let stages = device.parts.shape.stages;
    let of_chain = |number: u32| {
        let chain = Chain { seed, number };
        let mut visits = Vec::new();
        let (m, u) = run(subject, device, chain, |visit| {
            if (visit.stage + 1).is_multiple_of(stages / STAGES) {
                visits.push(visit.clone());
            }
        });
        let phi = finish(device.parts, &mut Rules::nearest(), m, &numbers(&u));
        (visits, differing(&device.finish(m, &u), &phi))
    };
    let (visits, phi): (Vec<_>, Vec<_>) = (0..chains).into_par_iter().map(of_chain).unzip();
    let visits: Vec<Visit> = visits.into_iter().flatten().collect();
    let one = |(i, visit): (usize, &Visit)| errors(model, device, visit, seed.wrapping_add(i as u64));
    let errors: Vec<Errors> = visits.par_iter().enumerate().map(one).collect::<Result<_, _>>()?;

    let total = |of: &dyn Fn(&Errors) -> f64| errors.iter().map(of).sum::<f64>();
    let largest = |of: &dyn Fn(&Errors) -> f64| errors.iter().map(of).fold(0.0, f64::max);
    let wrong = |n: usize| errors.iter().map(|e| e.wrong[n]).sum();
    let none = |what: &str, count| Check::none(RUNG, format!("{name}: {what}"), count);
    let below = |what: &str, value, bound| Check::bound(RUNG, format!("{name}: {what}"), value, 0.0, bound);
    let rounding: Vec<f64> = errors.iter().map(|e| e.rounding).collect();
    // By stage: mean squares of all chains.
    let of_stage = |n: usize| {
        let here = visits.iter().zip(&errors).filter(|(visit, _)| visit.stage == n);
        let [model, off] = here.fold([0.0; 2], |[a, b], (_, e)| [a + e.model[0], b + e.model[1]]);
        if model > 0.0 { (off / model).sqrt() } else { 0.0 }
    };
    let saturated = total(&|e| f64::from(u8::from(!e.fits))) / errors.len() as f64;
    let worst = (0..stages).map(of_stage).fold(0.0, f64::max);
    let [all, any] = OF_MODEL;
    Ok(vec![
        none("h that is not the formula's, bit for bit", wrong(0)),
        none("u after a step, the same", wrong(1)),
        none("h and u at the ends of the range, the same", at_the_ends(subject, device)),
        none("phi, the same", phi.into_iter().sum()),
        below("h - real, largest in units of its bound", largest(&|e| e.largest[0]), 1.0),
        below("u - real after a step, the same", largest(&|e| e.largest[1]), 1.0),
        below("share of evaluations that saturate", saturated, SATURATED),
        // Units of 2^-11; sums of some thousand terms up to 2^30, 2^-53 each.
        below("real h of two programs, largest difference", largest(&|e| e.real), 1e-6),
        // Roundings of few bits are not quite uniform: .03 is found. A promise of half the mean square, a quarter of
        // the error.
        known_to(mean(format!("{name}: ln of the mean square rounding of h over drawn ones"), &rounding, 0.0), 0.1)
            .promising(0.5),
        below("real h against the model, rms", (total(&|e| e.model[1]) / total(&|e| e.model[0])).sqrt(), all),
        below("real h against the model, rms at the worst stage", worst, any),
    ])
}

/// u' of the plain network.
fn step(
    device: &Device<'_>,
    stage: &plain::Stage<'_>,
    rules: &mut Rules<'_>,
    [u, h]: [&[Number]; 2],
    eta: &[i32],
) -> Vec<Number> {
    match device.parts.sampler {
        Sampler::Reverse => stage.reverse(rules, u, h, eta),
        Sampler::Flow => stage.flow(rules, 2, u, h),
    }
}

fn errors(model: &Model, device: &Device<'_>, visit: &Visit, seed: u64) -> Result<Errors, InputError> {
    let Visit { chain, stage: n, m, at, h, u: [u, next] } = visit;
    let stage = plain::Stage::new(device.parts, *n);
    let point = numbers(at);
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let [nearest, real, unlimited, drawn] =
        [Rules::nearest(), Rules::real(), Rules::unlimited(), Rules::drawn(move || rng.random())]
            .map(|mut rules| stage.remainder(&mut rules, *m, &point));
    let modes = 1..at.len();

    let eta = chain.eta(*n, at.len());
    let step = |rules: &mut Rules<'_>, h: &[Number]| step(device, &stage, rules, [&numbers(u), h], &eta);
    let expected = step(&mut Rules::nearest(), &numbers(h));
    let wrong = [differing(h, &nearest), differing(next, &expected)];

    let mut prepared = vec![0; device.parts.shape.prepared()];
    let float = FloatStage::new(&device.image, &Stage::prepare(&device.image, *n, &mut prepared));
    let mut of_float = vec![0.0; at.len()];
    float.remainder(&float.modes(*m, at), &mut of_float);
    // The step in the host's own coefficients, in units of u.
    let bounds = step(&mut Rules::real(), &real);
    let of_step = |k: usize| {
        let [a, b, c] = [0, 1, 2].map(|i| float.step[i][k]);
        let u = f64::from(u[k]);
        match device.parts.sampler {
            Sampler::Reverse => a * u + STATE.units(b * of_float[k]) + c * f64::from(eta[k]),
            Sampler::Flow => u + STATE.units(b * of_float[k]),
        }
    };
    let off = |k: usize| f64::from(h[k]) - real[k].value;
    let largest = |of: &dyn Fn(usize) -> f64| modes.clone().map(of).fold(0.0, f64::max);
    let square = |of: &dyn Fn(usize) -> f64| modes.clone().map(|k| of(k).powi(2)).sum::<f64>();
    // Where the integers saturate, no step of real numbers is theirs.
    let fits = modes.clone().all(|k| real[k] == unlimited[k]);
    let of_model = of_model(model, &device.image, *n, *m, at)?;
    Ok(Errors {
        wrong,
        fits,
        largest: [
            largest(&|k| off(k).abs() / real[k].bound),
            if fits { largest(&|k| (f64::from(next[k]) - of_step(k)).abs() / bounds[k].bound) } else { 0.0 },
        ],
        real: largest(&|k| (of_float[k] / float.h(1) - unlimited[k].value).abs()),
        rounding: (square(&off) / square(&|k| drawn[k].value - real[k].value)).ln(),
        model: [
            square(&|k| float.step[1][k] * of_model[k]),
            square(&|k| float.step[1][k] * (of_float[k] - of_model[k])),
        ],
    })
}

/// Integers that differ where u and M are as large as they can be: saturations, and sums at their widest.
fn at_the_ends(subject: &Subject, device: &Device<'_>) -> usize {
    let modes = device.parts.shape.extent.pow(2);
    let extent = device.parts.shape.extent;
    let sign = |plus: bool| if plus { i16::MAX } else { -i16::MAX };
    let fields: [&dyn Fn(usize) -> i16; 4] =
        [&|_| i16::MAX, &|k| sign((k / extent + k % extent).is_multiple_of(2)), &|k| sign(k * k % 7 < 3), &|k| {
            if k == 1 { i16::MAX } else { 0 }
        }];
    let (mut wrong, chain) = (0, Chain { seed: 0, number: 0 });
    for n in [0, device.parts.shape.stages - 1] {
        let stage = plain::Stage::new(device.parts, n);
        for field in fields {
            let u: Vec<i16> = (0..modes).map(field).collect();
            let next = match device.parts.sampler {
                Sampler::Reverse => (subject.reverse)(device, n, chain, &u, &u),
                Sampler::Flow => device.flow(n, 2, &u, &u),
            };
            wrong +=
                differing(&next, &step(device, &stage, &mut Rules::nearest(), [&numbers(&u); 2], &chain.eta(n, modes)));
            for m in [MAGNETISATION.limit, 0, -MAGNETISATION.limit] {
                let expected = stage.remainder(&mut Rules::nearest(), m, &numbers(&u));
                wrong += differing(&(subject.remainder)(device, n, m, &u), &expected);
            }
        }
    }
    wrong
}
