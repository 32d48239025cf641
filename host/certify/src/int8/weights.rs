//! What the integers sample: the law of M, and the weights of configurations, of the free field, where all is known,
//! and of trained models, against floats.

use super::*;
use stoquant_diffusion::generate::{self, Generated, SamplerKind, Settings};
use stoquant_diffusion::int8::Generator;
use stoquant_diffusion::weights::{Quality, reverse, reweighted};
use stoquant_engines::simd::MachineKind;
use stoquant_exact::estimate::Observable;

/// The free field of 2κk̂² + m² on the lattice of a model: all of the force is linear, and every learned number is
/// zero.
fn free_model() -> Result<Model, InputError> {
    let mut model = Model::load("n8-int8")?;
    let config = &mut model.config;
    (config.couplings.kappa, config.couplings.lambda, config.mass2) = (0.3, 0.0, 0.2);
    // ∂S/∂φ = Aφ.
    config.couplings.b = 4.0 * config.couplings.kappa + 0.5 * config.mass2;
    // M is Gaussian of variance 1/(Vm²); what is beyond six standard deviations is nothing.
    let deviation = (config.mass2.sqrt() * config.extent as f64).recip();
    config.magnetisation = [0.0, 6.0 * deviation];
    for (name, tensor) in &mut model.tensors {
        let last = (tensor.data.len() - 1).max(1) as f32;
        for (i, x) in tensor.data.iter_mut().enumerate() {
            *x = match name.as_str() {
                "output" | "skip" | "cross" | "cubic" => 0.0,
                "posterior" => 1.0,
                "magnetisation" => (-0.5 * (6.0 * i as f32 / last).powi(2)).exp(),
                name if name.starts_with("scale") => f32::from(u8::from(*x != 0.0)),
                _ => *x,
            };
        }
    }
    Ok(model)
}

/// The free field: ln w is constant but for the law of M, which is constant in cells (.02 to .03), and the roundings of
/// the step's coefficients: 2^-15 of amplitudes of .3, two thousand times (.01). ln Z = ½ Σ ln 2π/A_k.
pub(super) fn free(
    subject: &Subject,
    name: &str,
    plan: Plan,
    level: Level,
    seed: u64,
) -> Result<Vec<Check>, InputError> {
    let count = if level == Level::Full { 8192 } else { 512 };
    let model = free_model()?;
    let exact: f64 = model.linear().iter().map(|a| 0.5 * (std::f64::consts::TAU / a).ln()).sum();
    with_image(subject, &model, plan, |device| {
        let (_, Quality { ln_z, std_ln_w, .. }) = generated(subject, device, count, seed)?;
        let name = |what| format!("free field, {name}: {what}");
        Ok(vec![
            Check::bound(RUNG, name("standard deviation of ln w"), std_ln_w, 0.0, 0.05),
            Check::normal(RUNG, name("ln Z"), ln_z.value, exact, ln_z.error).promising(0.02).from_samples(count as f64),
        ])
    })
}

/// Weights at most twice the typical one of `like`.
///
/// One configuration of two thousand was seen to carry some ten times the typical weight: it decides an ESS and its
/// error by itself. Cut weights are as telling of what integers do otherwise than floats, and averages of them have
/// errors at every length.
fn cut(ln_w: &[f64], like: &[f64]) -> Vec<f64> {
    let mut sorted = like.to_vec();
    sorted.sort_by(f64::total_cmp);
    let most = sorted.get(sorted.len() / 2).map_or(f64::INFINITY, |median| median + std::f64::consts::LN_2);
    ln_w.iter().map(|l| l.min(most)).collect()
}

/// Configurations 0..count of an image, with their weights. Those that another than the core draws are measured as they
/// come; they have the weights that the core's replay gives the same words, and no others.
fn generated(
    subject: &Subject,
    device: &Device<'_>,
    count: usize,
    seed: u64,
) -> Result<(Generated, Quality), InputError> {
    let generator = Generator::new(device.image, true);
    let mut generated = generator.generate(MachineKind::best(), seed, count, &|| {});
    if let Some(draw) = subject.draw {
        let mut drawn = Generated { ln_w: generated.ln_w.take(), ..Generated::default() };
        draw(device.bytes, seed, count)?.iter().for_each(|phi| generator.add(&mut drawn, phi));
        if drawn.phi != generated.phi {
            return Err(InputError::new("a configuration differs from the core's, whose weight it would have"));
        }
        generated = drawn;
    }
    let quality = reverse(generated.ln_w.as_deref().unwrap_or_default()).map_err(InputError::new)?;
    Ok((generated, quality))
}

/// ln Z and ESS by cut weights of integers and of the float model, and an identity under the integers' weights.
pub(super) fn trained(
    subject: &Subject,
    name: &str,
    model: &Model,
    plan: Plan,
    count: usize,
    seed: u64,
) -> Result<Vec<Check>, InputError> {
    let (sampler, steps) = match plan {
        Plan::Reverse { steps, .. } => (SamplerKind::Ancestral, steps),
        Plan::Flow { steps, .. } => (SamplerKind::FlowHeun, steps),
    };
    let settings = Settings { sampler, steps, weights: true, ..Settings::default() };
    // Chains of its own: the two are independent.
    let float = generate::Generator::<f32>::new(model, &settings)?;
    let float = float.generate(MachineKind::best(), seed.wrapping_add(1 << 32), count, &|| {})?;
    let float = float.ln_w.unwrap_or_default();
    let quality = |ln_w: &[f64]| reverse(&cut(ln_w, &float)).map_err(InputError::new);
    with_image(subject, model, plan, |device| {
        let (generated, _) = generated(subject, device, count, seed)?;
        let against = |what: &str, found: Estimate, expected: Estimate| {
            let error = found.error.hypot(expected.error);
            Check::normal(RUNG, format!("{name}: {what}"), found.value, expected.value, error)
                .from_samples(count as f64)
        };
        let ln_w = generated.ln_w.as_deref().unwrap_or_default();
        let (found, expected) = (quality(ln_w)?, quality(&float)?);
        let averages = reweighted(&generated.series, model.volume(), ln_w).map_err(InputError::new)?;
        let mut checks = vec![
            against("ln Z of int8 and of f32, weights cut", found.ln_z, expected.ln_z).promising(LN_Z),
            known_to(against("ESS of int8 and of f32, weights cut", found.ess, expected.ess), ESS).promising(5.0 * ESS),
        ];
        if let Some(&identity) = averages.get(&Observable::SchwingerDyson) {
            let one = Estimate::new(1.0, 0.0);
            checks.push(against("reweighted: <phi dS/dphi>", identity, one).promising(0.1));
        }
        Ok(checks)
    })
}

/// How far ln Z of int8 may be from that of floats, and what int8 may cost of the ESS.
const LN_Z: f64 = 0.05;
const ESS: f64 = 0.01;

/// M of words of every octave, from both ends of the law, against its definition by fractions.
pub(super) fn magnetisation_of_words(
    subject: &Subject,
    name: &str,
    model: &Model,
    plan: Plan,
    seed: u64,
) -> Result<Check, InputError> {
    with_image(subject, model, plan, |device| {
        let words = Chain { seed, number: 1 }.words(StreamTag::Magnetisation);
        let quantiles: Vec<i64> = device.image.magnetisation().map(i64::from).collect();
        // The first and the last word of each octave and each half, and what lies between.
        let edges = (0..63).flat_map(|bit| [1u64 << bit, (1 << bit) - 1, u64::MAX >> (63 - bit) << 1]);
        let random = (0..4096).map(|n| words.word64(n) >> (n % 24));
        let all = edges.chain(random).flat_map(|word| [word, word ^ 1 << 63, !word]);
        let of = |word| i64::from(stoquant_core::score::int8::magnetisation(&device.image, word));
        Ok(Check::none(
            RUNG,
            format!("{name}: words whose M is not that of their place in the law"),
            all.filter(|&word| of(word) != drawn(&quantiles, word)).count(),
        ))
    })
}

/// M of a word: t, its last 63 bits over 2^63, is how far from an end of the law of |M|, which its first bit names; its
/// last bit is the sign. Octave o is t from 2^{-o-1} to 2^{-o}, the last one all below; each has eight cells of equal
/// width, from one of the image's quantiles to the next. In a cell M is linear in the first 16 bits of the place.
fn drawn(quantiles: &[i64], word: u64) -> i64 {
    let (t, last) = (i128::from(word % (1 << 63)), quantiles.len() - 1);
    // Eight cells at either end of the law.
    let octaves = last / 16;
    let octave = (0..octaves - 1).find(|&octave| t >> (62 - octave) > 0).unwrap_or(octaves - 1);
    let (start, width) = match octave + 1 == octaves {
        true => (0, 1i128 << (60 - octave)),
        false => (1i128 << (62 - octave), 1i128 << (59 - octave)),
    };
    let (cell, rest) = ((t - start) / width, (t - start) % width);
    let place = (rest << 16) / width;
    let from_end = (octaves - 1 - octave) * 8 + cell as usize;
    let within = |a: i64, b: i64| ((b - a) * place as i64 + (1 << 15)) >> 16;
    let m = if word >> 63 == 0 {
        let (low, high) = (quantiles[from_end], quantiles[from_end + 1]);
        low + within(low, high)
    } else {
        let (low, high) = (quantiles[last - 1 - from_end], quantiles[last - from_end]);
        high - within(low, high)
    };
    if word.is_multiple_of(2) { m } else { -m }
}

/// The law of M as it is drawn: its first moments against the model's density.
pub(super) fn magnetisation(
    subject: &Subject,
    name: &str,
    model: &Model,
    plan: Plan,
    seed: u64,
) -> Result<Vec<Check>, InputError> {
    const WORDS: u64 = 1 << 17;
    let density = model.data("magnetisation");
    let [low, high] = model.config.magnetisation;
    let cells = (density.len() - 1) as f64;
    // Linear between its points: Simpson's rule is exact for the density times m or m².
    let moment = |power: i32| -> f64 {
        let at = |i: f64| (low + (high - low) * i / cells).powi(power);
        let cell = |(i, pair): (usize, &[f32])| {
            let (i, p, q) = (i as f64, f64::from(pair[0]), f64::from(pair[1]));
            p * at(i) + 2.0 * (p + q) * at(i + 0.5) + q * at(i + 1.0)
        };
        density.windows(2).enumerate().map(cell).sum()
    };
    with_image(subject, model, plan, |device| {
        let words = Chain { seed, number: 0 }.words(StreamTag::Magnetisation);
        let unit = PHI.decode(device.parts.largest) * MAGNETISATION.unit();
        let m: Vec<f64> = (0..WORDS)
            .map(|n| f64::from(stoquant_core::score::int8::magnetisation(&device.image, words.word64(n))) * unit)
            .collect();
        let check = |what: &str, of: &dyn Fn(f64) -> f64, expected: f64, scale: f64| {
            let numbers: Vec<f64> = m.iter().map(|&m| of(m)).collect();
            // Constant in cells of 1/32 of the probability and less: the mean in a cell is off by p'w²/12p, some 1e-4
            // altogether.
            known_to(mean(format!("{name}: drawn {what}"), &numbers, expected), 2e-4 * scale).promising(0.05 * scale)
        };
        let [one, first, second] = [0, 1, 2].map(moment);
        let (first, second) = (first / one, second / one);
        Ok(vec![
            check("M", &|m| m, 0.0, second.sqrt()),
            check("|M|", &f64::abs, first, first),
            check("M^2", &|m| m * m, second, second),
        ])
    })
}
