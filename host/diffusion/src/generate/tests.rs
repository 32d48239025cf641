//! The free field, where every exact sampler has one weight; and bits.

use super::*;
use crate::model::testing::{free, random};

/// ln w + ln p_M of every sample is the ln Z of the modes that move, whatever the sampler does.
fn spread<R: Real>(settings: &Settings, extent: usize) -> (f64, f64) {
    let model = free(extent);
    let generator = Generator::<R>::new(&model, settings).unwrap();
    let out = generator.generate(MachineKind::best(), 3, 50, &|| {}).unwrap();
    let a = model.linear();
    let exact: f64 = a[1..].iter().map(|a| 0.5 * (std::f64::consts::TAU / a).ln()).sum();
    let volume = (extent * extent) as f64;
    // The zero mode: its own action, and a flat law of M on [-1, 1].
    let zero = |m: f64| -0.5 * a[0] * volume * m * m + 2f64.ln() + 0.5 * volume.ln();
    let rest: Vec<f64> = out.ln_w.unwrap().iter().zip(&out.series.m).map(|(ln_w, &m)| ln_w - zero(m) - exact).collect();
    let mean = rest.iter().sum::<f64>() / rest.len() as f64;
    let square = rest.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / rest.len() as f64;
    (mean, square.sqrt())
}

const EXACT: [SamplerKind; 7] = [
    SamplerKind::FlowEuler,
    SamplerKind::FlowHeun,
    SamplerKind::FlowAb2,
    SamplerKind::FlowRk4,
    SamplerKind::Ancestral,
    SamplerKind::Exponential,
    SamplerKind::PredictorCorrector,
];

/// S and ln q are sums of V = 64 squares of order one, each with a few roundings: √64·√5·2⁻²⁴ = 1e-6 in single
/// precision, 2e-15 in double. A path of N steps adds residuals (y_t - y_s)/√(σ_t² - σ_s²), whose rounding is
/// 2⁻²⁴·√(a + σ_t²) over that root: of order one where σ_t is large, ten where it is .1, for N·V numbers at random:
/// 4e-6 at N = 10 was found. What is systematic, a constant that one table rounds, is V·2⁻²⁴ = 4e-6. Five times these.
#[test]
fn the_free_field_has_one_weight() {
    for sampler in EXACT {
        for steps in [1, 3, 10] {
            let settings = Settings { sampler, steps, weights: true, ..Settings::default() };
            let (single, double) = (spread::<f32>(&settings, 8), spread::<f64>(&settings, 8));
            println!("{sampler} {steps}: f32 {single:?}, f64 {double:?}");
            let limit = 2e-5;
            assert!(single.1 < limit && single.0.abs() < limit, "{sampler} {steps}: f32 {single:?}");
            // Double precision rounds 2²⁹ times finer; the sums of the weight, some N·V of order one, are in f64 in
            // both.
            assert!(double.1 < 1e-12 && double.0.abs() < 1e-12, "{sampler} {steps}: f64 {double:?}");
        }
    }
}

/// Euler–Maruyama is not exact, but its weights are: their mean is Z, which the 1000 of a run know to their spread.
/// 4.9σ is 1e-6 two-sided; seen is a factor of 1 + 5·0.1, as one wrong term in the weight of a path of 256 steps makes.
#[test]
fn euler_maruyama_weights_have_mean_z() {
    let table = (0..=256).map(|n| 0.01 * (f64::from(n) * 9.5 / 256.0).exp_m1()).collect();
    let named = [ScheduleKind::Geometric, ScheduleKind::Linear, ScheduleKind::Cosine];
    let all = ProcessKind::ALL.iter().flat_map(|&process| named.iter().map(move |s| (process, s.clone())));
    let model = free(2);
    let a = model.linear();
    let exact: f64 = a[1..].iter().map(|a| 0.5 * (std::f64::consts::TAU / a).ln()).sum();
    let mut ran = 0;
    for (process, schedule) in all.chain([(ProcessKind::Ve, ScheduleKind::Table(table))]) {
        let settings = Settings {
            sampler: SamplerKind::EulerMaruyama,
            steps: 256,
            process,
            schedule: schedule.clone(),
            weights: true,
            ..Settings::default()
        };
        let generator = match Generator::<f64>::new(&model, &settings) {
            Ok(generator) => generator,
            Err(error) => {
                // e^{-σ²} = 0.
                assert_eq!((process, schedule), (ProcessKind::Ve, ScheduleKind::Cosine), "{error}");
                continue;
            }
        };
        let out = generator.generate(MachineKind::best(), 5, 1000, &|| {}).unwrap();
        let zero = |m: f64| -0.5 * a[0] * 4.0 * m * m + 2f64.ln() + 0.5 * 4f64.ln();
        let w: Vec<f64> =
            out.ln_w.unwrap().iter().zip(&out.series.m).map(|(w, &m)| (w - zero(m) - exact).exp()).collect();
        let mean = w.iter().sum::<f64>() / 1000.0;
        let error = (w.iter().map(|w| (w - mean).powi(2)).sum::<f64>() / 1000.0 / 999.0).sqrt();
        println!("{process}: {mean} ± {error}");
        assert!(error < 0.1 && (mean - 1.0).abs() < 4.9 * error, "{process} {schedule:?}: {mean} ± {error}");
        ran += 1;
    }
    assert_eq!(ran, 12);
}

/// Neither threads nor machines change a bit, and a shorter run is the beginning of a longer one.
#[test]
fn bits_depend_on_the_seed_alone() {
    let model = random(4, [6, 5], 1);
    for sampler in SamplerKind::ALL.iter().copied() {
        let settings = Settings { sampler, steps: 3, weights: true, sigma_low: 1.0, ..Settings::default() };
        fn run<R: Real>(
            model: &Model,
            settings: &Settings,
            kind: MachineKind,
            threads: usize,
            count: usize,
        ) -> Generated {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let generator = Generator::<R>::new(model, settings).unwrap();
            pool.install(|| generator.generate(kind, 7, count, &|| {})).unwrap()
        }
        let one = run::<f32>(&model, &settings, MachineKind::Portable, 1, 9);
        for kind in MachineKind::available() {
            for threads in [1, 3] {
                assert_eq!(run::<f32>(&model, &settings, kind, threads, 9), one, "{sampler} {kind} {threads}");
            }
        }
        let short = run::<f32>(&model, &settings, MachineKind::best(), 2, 4);
        assert_eq!(short.phi, one.phi[..4 * 16]);
        // Weights are extra.
        let plain = run::<f32>(&model, &Settings { weights: false, ..settings.clone() }, MachineKind::best(), 2, 9);
        assert!(plain.phi == one.phi && plain.ln_w.is_none() && plain.ln_q.is_none());
        assert_eq!(one.ln_q.is_some(), sampler.is_flow());
        // Single precision rounds what double precision does: at 16 sites and 6 evaluations of units of order one, to
        // about 1e-4.
        let double = run::<f64>(&model, &settings, MachineKind::best(), 2, 9);
        let worst = one.phi.iter().zip(&double.phi).map(|(a, b)| (a - b).abs() / (1.0 + b.abs())).fold(0.0, f64::max);
        println!("{sampler}: f32 against f64 {worst:e}");
    }
}

#[test]
fn bad_settings_are_named() {
    let model = free(4);
    let refused = |settings: Settings, words: &[&str]| {
        let message = Generator::<f32>::new(&model, &settings).err().expect("bad settings").to_string();
        assert!(words.iter().all(|word| message.contains(word)) && message.lines().count() == 1, "{message}");
    };
    refused(Settings { steps: 0, ..Settings::default() }, &["steps = 0", "1 to"]);
    refused(Settings { steps: usize::MAX, ..Settings::default() }, &["steps", "1 to 262144"]);
    refused(Settings { sigma_low: 0.0, ..Settings::default() }, &["sigma_low = 0", "positive"]);
    refused(Settings { delta: f64::NAN, ..Settings::default() }, &["delta = NaN", "positive"]);
    let table = |values: &[f64]| Settings {
        sampler: SamplerKind::EulerMaruyama,
        schedule: ScheduleKind::Table(values.to_vec()),
        ..Settings::default()
    };
    refused(table(&[0.0]), &["schedule", "length 1"]);
    refused(table(&[0.0, 2.0, 1.0]), &["schedule", "above the one before"]);
    refused(table(&[1.0, 2.0]), &["first value of the schedule"]);
}
