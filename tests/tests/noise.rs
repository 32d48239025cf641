//! The noise: known answers, exact sums over all words, and generators from elsewhere.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use stoquant::noise_law::classes;
use stoquant::reference;
use stoquant_core::integrator::{ChainNoise, Euler, Integrator, State, Sweep};
use stoquant_core::lattice::Plan;
use stoquant_core::noise::threefry::threefry2x32;
use stoquant_core::noise::{FromRng, Key, Noise, StreamTag, Threefry, ThreefryRng, gauss, three_point};
use stoquant_model::{NoiseKind, Phi4};

/// `kat_vectors` of the Random123 library (Salmon et al., SC11): key, counter, output.
#[test]
fn threefry_known_answers() {
    let ones = [u32::MAX; 2];
    for (key, counter, output) in [
        ([0, 0], [0, 0], [0x6b20_0159, 0x99ba_4efe]),
        (ones, ones, [0x1cb9_96fc, 0xbb00_2be7]),
        ([0x1319_8a2e, 0x0370_7344], [0x243f_6a88, 0x85a3_08d3], [0xc492_3a9c, 0x483d_f7a0]),
    ] {
        assert_eq!(threefry2x32(key, counter), output, "{key:x?} {counter:x?}");
    }
}

/// u → η₁₈, η₁₆, and one value from key and site to η: computed by the prototype in C and in Verilog.
#[test]
fn gaussian_vectors() {
    for (u, eta18, eta16) in [
        (0, 103_841, 25_960),
        (1, 101_031, 25_258),
        (0xfff, 78_046, 19_512),
        (0xf_ffff, 57_144, 14_286),
        (0x1234_5678, 24_044, 6_011),
        (0x3fff_ffff, 11_051, 2_763),
        (0x4000_0000, 11_049, 2_762),
        (0x7fff_ffff, 0, 0),
        (0xdead_beef_u32, -5_444, -1_361),
    ] {
        assert_eq!((gauss::eta::<18>(u), gauss::eta::<16>(u)), (eta18, eta16), "{u:#x}");
    }
    let words = Key([0x243f_6a88, 0x85a3_08d3]).pair(7, 5);
    assert_eq!(words, [0x024f_3155, 0xacac_cd5c]);
    assert_eq!(words.map(gauss::eta::<18>), [38_744, -15_343]);
}

/// Σ η₁₈² over all 2^32 words, and Σ η₁₆² over the 2^31 magnitudes.
const SQUARES: (u128, u128) = (1_152_921_504_424_006_422, 36_028_798_611_803_284);

fn square(eta: i32) -> u128 {
    u128::from(eta.unsigned_abs()).pow(2)
}

/// The sums, from one word of each class of words with the same η.
#[test]
fn sums_over_all_words() {
    let (mut words, mut wide, mut narrow) = (0, 0, 0);
    for (u, count) in classes() {
        let (a, b) = (gauss::eta::<18>(u), gauss::eta::<16>(u));
        // Odd in the sign bit: Σ η = 0, and every odd moment.
        assert_eq!((gauss::eta::<18>(u | 1 << 31), gauss::eta::<16>(u | 1 << 31)), (-a, -b));
        words += count;
        wide += 2 * u128::from(count) * square(a);
        narrow += u128::from(count) * square(b);
    }
    assert_eq!(words, 1 << 31);
    assert_eq!((wide, narrow), SQUARES);
}

/// The same word by word.
#[test]
#[ignore = "2^32 words"]
fn sums_over_all_words_one_by_one() {
    let (mut sum, mut wide, mut narrow) = (0i64, 0u128, 0u128);
    for u in 0..=u32::MAX {
        let eta = gauss::eta::<18>(u);
        sum += i64::from(eta);
        wide += square(eta);
        if u >> 31 == 0 {
            narrow += square(gauss::eta::<16>(u));
        }
    }
    assert_eq!((sum, wide, narrow), (0, SQUARES.0, SQUARES.1));
}

/// The three-point law from its definition: ±a for the N smallest magnitudes, a = √3 and N/2^31 = 1/3 to the nearest
/// integer.
#[test]
fn three_point_law() {
    fn check<const W: u32>() {
        let unit = f64::from(1 << (W - 4));
        let (a, n) = (f64::from(three_point::value::<W>()) / unit, three_point::nonzero::<W>());
        assert!((a - 3f64.sqrt()).abs() <= 0.5 / unit, "W = {W}: {a}");
        for u in [0, 1, n - 1, n, n + 1, (1 << 31) - 1] {
            let expected = if u < n { three_point::value::<W>() } else { 0 };
            assert_eq!(stoquant_core::noise::eta::<W>(NoiseKind::ThreePoint, u), expected, "W = {W}, {u:#x}");
            assert_eq!(
                stoquant_core::noise::eta::<W>(NoiseKind::ThreePoint, u | 1 << 31),
                -expected,
                "W = {W}, {u:#x}"
            );
        }
        // A step function of the magnitude with one step: its moments are those of N words.
        let p = f64::from(n) / 2f64.powi(31);
        // Half a word of 2^31, times a² ≈ 3.
        assert!((p * a * a - 1.0).abs() <= 3.0 * 2f64.powi(-32) * 1.01, "W = {W}: variance {}", p * a * a);
        // a² is off by up to 2a·½ unit.
        assert!((p * a.powi(4) - 3.0).abs() <= 1.01 * (a / unit + 1e-9), "W = {W}: fourth moment {}", p * a.powi(4));
    }
    check::<8>();
    check::<12>();
    check::<16>();
    check::<18>();
}

const C: Phi4 = Phi4 { kappa: 0.2, b: 1.0, lambda: 0.05 };

/// Euler driven by a generator from elsewhere is the formula driven by its words, site after site in row-major order.
#[test]
fn any_generator_drives_euler() {
    fn check<const D: usize>(extents: [usize; D]) {
        let work_sites = Plan::<D>::work_sites(&extents).unwrap();
        let plan = Plan::new(extents, work_sites).unwrap();
        let euler = Euler::<f64, _>::new(&C, 0.05, D).unwrap();
        let eps = Integrator::<f64, Threefry>::eps(&euler);
        let mut noise = ChainNoise {
            eta: Noise { law: NoiseKind::Gaussian, words: FromRng(Xoshiro256PlusPlus::seed_from_u64(6)) },
            accept: Threefry::new(0, 0, StreamTag::Accept),
        };
        let mut same = Xoshiro256PlusPlus::seed_from_u64(6);
        let (mut phi, mut work) = (vec![0.0; plan.volume()], vec![0.0; work_sites]);
        let mut state = State::default();
        let mut expected = phi.clone();
        for _ in 0..50 {
            euler.sweep(&plan, Sweep { noise: &mut noise, phi: &mut phi, work: &mut work, state: &mut state });
            let eta: Vec<f64> = phi.iter().map(|_| f64::from(gauss::eta::<18>(same.next_u32())) / 16384.0).collect();
            expected = reference::euler(&expected, &extents, &C, &eta, eps);
            // Rounding of a dozen operations a step on |φ| < 8, which the drift contracts.
            let worst = phi.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(worst < 1e-13, "{extents:?}: {worst}");
        }
        assert_eq!(state.step, 50);
    }
    check([]);
    check([37]);
    check([5, 7]);
    check([2, 3, 1, 11]);
}

/// The counter stream as a `rand_core` generator: words, halves and bytes agree, seeds differ, and N = 2^18 words have
/// the moments of independent fair bits.
///
/// Two statistics, each standard normal: the number of ones and the number of equal neighbours, 32N fair bits each. |z|
/// < 5.4 has a false-alarm rate of 7e-8 for one, 1.3e-7 for both; a bias of 1.35e-3 in a bit is found with probability
/// 0.99 ((5.4 + 2.3)/(2√(32N)) = 1.33e-3). The seed is fixed.
#[test]
fn threefry_as_a_generator() {
    const N: usize = 1 << 18;
    let mut rng = ThreefryRng::seed_from_u64(2026);
    let words: Vec<u32> = (0..N).map(|_| rng.next_u32()).collect();
    let mut bytes = vec![0; 4 * N];
    ThreefryRng::seed_from_u64(2026).fill_bytes(&mut bytes);
    assert!(bytes.chunks(4).zip(&words).all(|(bytes, word)| bytes == word.to_le_bytes()));
    let mut halves = ThreefryRng::seed_from_u64(2026);
    assert!(words.chunks(2).all(|pair| halves.next_u64() == u64::from(pair[1]) << 32 | u64::from(pair[0])));
    assert_ne!(ThreefryRng::seed_from_u64(2027).next_u32(), words[0]);
    // The stream of the same seed's chains is another one.
    assert_ne!(Threefry::new(2026, 0, StreamTag::Noise).word(0, 0), words[0]);

    let bits = 32.0 * N as f64;
    let z = |ones: u32| (f64::from(ones) - bits / 2.0) / (bits.sqrt() / 2.0);
    let ones = words.iter().map(|word| word.count_ones()).sum();
    let equal = words.iter().zip(words.iter().cycle().skip(1)).map(|(a, b)| (!(a ^ b)).count_ones()).sum();
    assert!(z(ones).abs() < 5.4, "ones: z = {}", z(ones));
    assert!(z(equal).abs() < 5.4, "equal neighbours: z = {}", z(equal));
}
