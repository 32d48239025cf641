//! The noise, exactly: known answers, the table against its generator, the law of all 2³² words; and the exponential
//! of the Metropolis decision.

use stoquant_core::math::{Accurate, Fast, Math};
use stoquant_core::noise::threefry::threefry2x32;
use stoquant_core::noise::{Law, gauss};

use super::check::Check;
use crate::gauss_fit;
use crate::noise_law::NoiseLaw;

const RUNG: &str = "noise";

/// All checks of the noise.
pub fn checks() -> Vec<Check> {
    let mut checks = Vec::new();
    // Random123, file kat_vectors: counter, key, output.
    let known = [
        ([0, 0], [0, 0], [0x6b20_0159, 0x99ba_4efe]),
        ([u32::MAX; 2], [u32::MAX; 2], [0x1cb9_96fc, 0xbb00_2be7]),
        ([0x243f_6a88, 0x85a3_08d3], [0x1319_8a2e, 0x0370_7344], [0xc492_3a9c, 0x483d_f7a0]),
    ];
    let wrong = known.iter().filter(|&&(counter, key, answer)| threefry2x32(key, counter) != answer).count();
    checks.push(Check::none(RUNG, "Threefry-2x32-20: wrong known answers", wrong));

    let words =
        [(0, 103_841, 25_960), (0xf_ffff, 57_144, 14_286), (0x1234_5678, 24_044, 6_011), (0xdead_beef, -5_444, -1_361)];
    let wrong = words.iter().filter(|&&(u, a, b)| (gauss::eta::<18>(u), gauss::eta::<16>(u)) != (a, b)).count();
    checks.push(Check::none(RUNG, "Gaussian: wrong known values", wrong));

    let (wrong, name) = match gauss_fit::check_table() {
        Ok(report) => (0, format!("Gaussian table: all {} entries as generated", report.entries.len())),
        Err(reason) => (1, reason),
    };
    checks.push(Check::none(RUNG, name, wrong));

    // Over all words: exact integer sums, and the moments that every finite-step law here uses.
    for (width, exact) in [(18, 1_152_921_504_424_006_422_u128), (16, 2 * 36_028_798_611_803_284)] {
        let law = NoiseLaw::new(Law::Gaussian, width).filter(|law| law.sum(2) == Some(exact));
        checks.push(Check::none(
            RUNG,
            format!("W = {width}: Σ η² over all 2^32 words differs"),
            usize::from(law.is_none()),
        ));
        if let Some(law) = law {
            let bound = if width == 18 { 1e-8 } else { 1e-7 };
            checks.push(Check::bound(
                RUNG,
                format!("W = {width}: variance - 1, all words"),
                law.variance_error(),
                0.0,
                bound,
            ));
            checks.push(Check::bound(
                RUNG,
                format!("W = {width}: kurtosis - 3, all words"),
                law.excess_kurtosis(),
                0.0,
                1e-6,
            ));
        }
        // √3 is an integer over 2^(W-4) to 3e-5 at worst, and the weights make up for its square.
        if let Some(law) = NoiseLaw::new(Law::ThreePoint, width) {
            checks.push(Check::bound(
                RUNG,
                format!("W = {width}, three-point: variance - 1, all words"),
                law.variance_error(),
                0.0,
                1e-8,
            ));
        }
    }
    checks
}

/// How far the acceptance probability e^{ln r} is off with the exponential of `M`, over 2^20 equidistant r: what every
/// acceptance, and so detailed balance, may be wrong by.
fn acceptance_error<M: Math>() -> f64 {
    const N: u32 = 1 << 20;
    let error = |i| {
        let r = (f64::from(i) + 0.5) / f64::from(N);
        (M::exp(r.ln()) - r).abs()
    };
    (0..N).map(error).fold(0.0, |worst: f64, e| if e.is_nan() { f64::INFINITY } else { worst.max(e) })
}

/// The two doors to exp: `libm` to rounding, `micromath` to what its short series gives.
pub fn exponentials() -> Vec<Check> {
    vec![
        // Half a unit in the last place of exp, and of ln r (|ln r| < 15) before it.
        Check::bound("math", "libm: error of an acceptance probability", acceptance_error::<Accurate>(), 0.0, 1e-14),
        Check::bound("math", "micromath: error of an acceptance probability", acceptance_error::<Fast>(), 0.0, 1.2e-3),
    ]
}
