//! The inner loops in two forms, for processors with vector registers and for those without. Both give the same bits.
//!
//! | | [`vector`] | [`scalar`] |
//! |---|---|---|
//! | a pass | [`CHUNK`] = 256 sites, array by array | 32 sites, so that little lies on the stack |
//! | words of noise | counters in batches of 64 | counters one after the other |
//! | word to η | three passes, the table between them | word by word, in place |
//! | fixed point | narrow shifts, minima and maxima | results in the upper register, branches that are rarely taken |
//!
//! Both modules have the same names and signatures. Both are compiled for every target and compared by the tests below.
//! One of them is the form of the target, and everything else uses it as `form`: the vector form where the target has
//! SSE2, NEON or SIMD128, else the scalar one. `--cfg stoquant_scalar` (in `RUSTFLAGS`) chooses the scalar form
//! everywhere, so that a processor with vectors runs what a microcontroller runs: `cargo xtask test --only scalar`.

#[allow(dead_code, reason = "the form of other targets")]
pub(crate) mod scalar;
#[allow(dead_code, reason = "the form of other targets")]
pub(crate) mod vector;

cfg_select! {
    all(
        not(stoquant_scalar),
        any(target_feature = "sse2", target_feature = "neon", target_feature = "simd128"),
    ) => {
        pub(crate) use vector::{Align, CHUNK, VECTORS, fx, gauss, noise};
    }
    _ => {
        pub(crate) use scalar::{Align, CHUNK, VECTORS, fx, gauss, noise};
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::{scalar, vector};
    use crate::arith::Fx;
    use crate::machine::Portable;
    use crate::noise::{Noise, NoiseKind, StreamTag, Threefry};
    use std::vec::Vec;

    /// Words: all octaves of the Gaussian from both ends, and a walk over the rest.
    fn words() -> impl Iterator<Item = u32> {
        let edges = (0..32).flat_map(|s| [1_u32 << s, u32::MAX >> s]).flat_map(|u| [u, u ^ 1, u.wrapping_sub(1)]);
        edges.chain((0..1 << 20).map(|i| i * 4093))
    }

    #[test]
    fn gaussians_agree() {
        fn agree<const W: u32>(words: &[u32]) {
            let [mut one, mut two] = [(); 2].map(|()| std::vec![0; words.len()]);
            scalar::gauss::etas::<W>(words, &mut one);
            vector::gauss::etas::<W>(words, &mut two);
            for (&u, found) in words.iter().zip(one.into_iter().zip(two)) {
                let expected = vector::gauss::eta::<W>(u);
                assert_eq!(scalar::gauss::eta::<W>(u), expected, "W = {W}, u = {u:#x}");
                assert_eq!(found, (expected, expected), "W = {W}, u = {u:#x}");
            }
        }
        let words: Vec<u32> = words().collect();
        agree::<8>(&words);
        agree::<16>(&words);
        agree::<18>(&words);
    }

    #[test]
    fn noises_agree() {
        for law in [NoiseKind::Gaussian, NoiseKind::ThreePoint] {
            let mut noise = Noise { law, words: Threefry::new(3, 1, StreamTag::Noise) };
            for first in [0, 1, 62, (1 << 21) - 3] {
                for length in [0, 1, 2, 33, 128, 129, 515] {
                    let [mut one, mut two] = [(); 2].map(|()| std::vec![0; length]);
                    scalar::noise::fill_eta::<18, _, _>(&mut noise, Portable, 7, first, &mut one);
                    vector::noise::fill_eta::<18, _, _>(&mut noise, Portable, 7, first, &mut two);
                    assert_eq!(one, two, "{law:?}, site {first}");
                }
            }
        }
    }

    /// The steps of an update in both forms: equal but for the units of slope and accumulator. φ, gain and slope run
    /// over the ends of their ranges, 0 and what lies between.
    #[test]
    fn updates_agree() {
        fn agree<const W: u32>() {
            let max = Fx::<W>::MAX;
            let grid = || (-40..=40).map(|n| n * (max / 40)).flat_map(|n| [n - 1, n, n + 1]).chain([-max, max]);
            let grid: Vec<i32> = grid().filter(|n| n.abs() <= max).collect();
            let (lift, slope_lift) = (scalar::fx::lift(W), scalar::fx::slope_lift(W));
            assert_eq!([vector::fx::lift(W), vector::fx::slope_lift(W)], [0; 2]);
            for &a in &grid {
                let square = vector::fx::square::<W>(a);
                assert_eq!(scalar::fx::square::<W>(a), square, "W = {W}: {a}²");
                for &b in &grid {
                    // a is φ or η, b a gain, a factor or an amplitude.
                    for slope in [-max, 0, b, max].map(|n| i64::from(n) << (W - 5)) {
                        let bent = vector::fx::horner::<W>(slope, b, square);
                        assert_eq!(scalar::fx::horner::<W>(slope << slope_lift, b, square), bent << slope_lift);
                        let mut clipped = [0; 2];
                        let factors = [
                            scalar::fx::factor::<W>(bent << slope_lift, &mut clipped[0]),
                            vector::fx::factor::<W>(bent, &mut clipped[1]),
                        ];
                        assert_eq!(
                            (factors[0], clipped[0]),
                            (factors[1], clipped[1]),
                            "W = {W}: {slope} - {b}·{square}"
                        );
                    }
                    assert_eq!(scalar::fx::mul_factor::<W>(a, b), vector::fx::mul_factor::<W>(a, b) << lift);
                    let sigma = b.abs().max(1);
                    // Twice: the noise of Leimkuhler and Matthews.
                    for eta in [a, 2 * a] {
                        let expected = vector::fx::mul_noise::<W>(sigma, eta) << lift;
                        assert_eq!(scalar::fx::mul_noise::<W>(sigma, eta), expected, "W = {W}: {sigma}·{eta}");
                    }
                    let mut clipped = [0; 2];
                    let ends = [
                        scalar::fx::saturate::<W>(a + 4 * b, &mut clipped[0]),
                        vector::fx::saturate::<W>(a + 4 * b, &mut clipped[1]),
                    ];
                    assert_eq!((ends[0], clipped[0]), (ends[1], clipped[1]), "W = {W}: {a} + 4·{b}");
                }
            }
        }
        agree::<8>();
        agree::<10>();
        agree::<12>();
        agree::<14>();
        agree::<16>();
        agree::<18>();
    }
}
