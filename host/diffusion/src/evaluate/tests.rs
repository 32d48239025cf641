//! A free model knows everything: its own law is the reference.

use super::*;
use crate::finish::{Sweeps, chain};
use crate::generate::Precision;
use crate::model::testing::{free, random};

/// The flat law of M on [-1, 1] is the only thing that weights can see: on 16 sites, with exact samples given M, ESS
/// and log Z follow from one integral. Comparisons at 4.9 standard errors, 1e-6 two-sided; seen is a shift of 5.
#[test]
fn weights_of_a_free_model() {
    let model = free(4);
    let a = model.linear();
    let integral = |power: f64| -> f64 {
        let n = 10_000;
        let m = (0..n).map(|i| (f64::from(i) + 0.5) / f64::from(n));
        m.map(|m| (-power * 8.0 * a[0] * m * m).exp()).sum::<f64>() / f64::from(n)
    };
    let ess = integral(1.0).powi(2) / integral(2.0);
    let ln_z: f64 =
        a[1..].iter().map(|a| 0.5 * (std::f64::consts::TAU / a).ln()).sum::<f64>() + (2.0 * 4.0 * integral(1.0)).ln();
    let reference = Reference::sample(4, model.config.couplings, 4000, 2).unwrap();
    for sampler in [SamplerKind::FlowHeun, SamplerKind::Ancestral] {
        let settings = Settings { sampler, steps: 4, weights: true, ..Settings::default() };
        let generator = Generator::<f32>::new(&model, &settings).unwrap();
        let generated = generator.generate(MachineKind::best(), 1, 4000, &|| {}).unwrap();
        let evaluation = Evaluation::new(16, &generated, None, None, 1.0, 1).unwrap();
        let quality = evaluation.weights.unwrap();
        for (found, exact) in [(quality.ess, ess), (quality.ln_z, ln_z)] {
            assert!((found.value - exact).abs() < 4.9 * found.error && found.error < 0.02, "{found:?} {exact}");
        }
        assert!((evaluation.ms_independent.unwrap() * quality.ess.value / evaluation.ms - 1.0).abs() < 1e-12);
    }
    // At this mass some M lie outside of the table: no weight is finite there, and that is said.
    let wide = reference.series.iter().flat_map(|s| &s.m).any(|m| m.abs() > 1.0);
    let settings = Settings { sampler: SamplerKind::Exponential, steps: 4, weights: true, ..Settings::default() };
    let generator = Generator::<f64>::new(&model, &settings).unwrap();
    assert_eq!(forward(&generator, &reference, MachineKind::best(), 1).is_err(), wide);
    let flow = Generator::<f64>::new(&model, &Settings::default()).unwrap();
    let message = forward(&flow, &reference, MachineKind::best(), 1).unwrap_err().to_string();
    assert!(message.contains("reverse samplers"), "{message}");
    // Inside it the weight of every noised configuration is that of its M, to the rounding of a path.
    let inside: Vec<f64> =
        reference.phi.chunks(16).filter(|phi| phi.iter().sum::<f64>().abs() < 15.0).flatten().copied().collect();
    let zero = |m: f64| -8.0 * a[0] * m * m + 2f64.ln() + 4f64.ln();
    let exact: f64 = a[1..].iter().map(|a| 0.5 * (std::f64::consts::TAU / a).ln()).sum();
    for (ln_w, phi) in generator.noised(MachineKind::best(), 3, &inside).unwrap().iter().zip(inside.chunks(16)) {
        let m = phi.iter().sum::<f64>() / 16.0;
        assert!((ln_w - zero(m) - exact).abs() < 1e-11, "{ln_w}");
    }
}

/// Weighted configurations, the Metropolis chain and its MALA continuation agree with cluster chains: z < 4.9 in each
/// of some 30 comparisons of 1e-6; the raw ones, with their flat law of M, do not.
#[test]
fn every_estimator_meets_the_reference() {
    let mut model = free(4);
    // Beyond 4.5 standard deviations of M.
    model.config.magnetisation[1] = 3.6;
    let couplings = model.config.couplings;
    let reference = Reference::sample(4, couplings, 8000, 4).unwrap();
    let settings = Settings { weights: true, steps: 2, ..Settings::default() };
    let generated =
        Generator::<f32>::new(&model, &settings).unwrap().generate(MachineKind::best(), 5, 8000, &|| {}).unwrap();
    let finish = |count| {
        let sweeps = Sweeps { count, eps: 0.05 };
        let ln_w = generated.ln_w.as_ref().unwrap();
        chain(4, couplings, &generated.phi, ln_w, sweeps, Precision::F32, MachineKind::best(), 6).unwrap()
    };
    let (bare, moved) = (finish(0), finish(3));
    assert!(bare.mala_acceptance.is_none() && moved.mala_acceptance.unwrap() > 0.5);
    assert_eq!(bare.acceptance, moved.acceptance);
    assert_ne!(bare.phi, moved.phi);
    for finished in [&bare, &moved] {
        let evaluation = Evaluation::new(16, &generated, Some(finished), Some(&reference), 1.0, 7).unwrap();
        let names: Vec<_> = evaluation.columns.iter().map(|column| column.name).collect();
        assert_eq!(names, ["raw", "reweighted", "chain"]);
        for column in &evaluation.columns {
            let worst = column.significance.values().fold(0.0_f64, |worst, z| worst.max(z.abs()));
            println!("{}: {worst}", column.name);
            assert_eq!(worst > 4.9, column.name == "raw", "{}: {:?}", column.name, column.significance);
        }
        let text = evaluation.text();
        assert!(text.contains("reweighted") && text.contains("log Z") && text.contains("schwinger_dyson"), "{text}");
    }
}

/// Residuals of a network that knows nothing: symmetric all the same. Of the free one: the force, to single precision.
#[test]
fn residuals_of_models() {
    let reference = Reference::sample(4, free(4).config.couplings, 16, 8).unwrap();
    let found = residuals(&free(4), &reference.phi, 1).unwrap();
    assert!((found.cosine - 1.0).abs() < 1e-6 && (found.ratio - 1.0).abs() < 1e-6, "{found:?}");
    let found = residuals(&random(4, [5, 4], 2), &reference.phi, 1).unwrap();
    // Odd operations are exact; sums in another order round at 2⁻²⁴ each, some hundred of them.
    assert!(found.z2 == 0.0 && found.translation < 1e-4 && found.translation > 0.0, "{found:?}");
    assert!(found.cosine < 0.9, "{found:?}");
}
