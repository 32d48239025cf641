//! The noise, exactly: known answers, the table against its generator, η of words tried one by one against the formula,
//! the law of all 2³² words against committed facts; words at full addresses against their definition; and the
//! exponential of the Metropolis decision.
//!
//! The checks see the noise through a [`NoiseSubject`], so that any other (a twin in hardware, a planted defect) meets
//! the same ones.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use stoquant_core::machine::Machine;
use stoquant_core::math::{Accurate, Fast, Math};
use stoquant_core::noise::gauss::{self, Segment};
use stoquant_core::noise::gauss_table::SEGMENTS;
use stoquant_core::noise::threefry::threefry2x32;
use stoquant_core::noise::{StreamTag, Threefry, Words};
use stoquant_model::NoiseKind;

use super::check::Check;
use super::figure::{Axis, Figure, Series};
use super::rung::Rung;
use super::{Findings, Level};
use stoquant_engines::simd::{MachineKind, Threads, Work, with_machine};
use stoquant_exact::reference::{Address, Stream};
use stoquant_integers::gauss_fit;
use stoquant_integers::noise_law::{BANDS, FACTS, Facts, NoiseLaw, classes, errors, every_word, specified};

const RUNG: Rung = Rung::Noise;

/// Noise under test.
#[derive(Clone, Copy)]
pub struct NoiseSubject<'a> {
    /// Threefry-2x32-20: key, counter → words.
    pub threefry: &'a dyn Fn([u32; 2], [u32; 2]) -> [u32; 2],
    /// Table of the Gaussian.
    pub segments: &'a [Segment; 64],
    /// η₁₈ of a word.
    pub eta18: &'a (dyn Fn(u32) -> i32 + Sync),
    /// η₁₆ of a word.
    pub eta16: &'a (dyn Fn(u32) -> i32 + Sync),
}

impl Default for NoiseSubject<'_> {
    /// The core's.
    fn default() -> Self {
        let (eta18, eta16) = (&gauss::eta::<18>, &gauss::eta::<16>);
        Self { threefry: &threefry2x32, segments: &SEGMENTS, eta18, eta16 }
    }
}

/// Checks of the noise, and what its errors look like.
pub fn findings(subject: &NoiseSubject, level: Level, seed: u64) -> Findings {
    let figures = vec![figure_of_errors(subject), figure_of_laws(subject)];
    let checks = checks(subject, level).into_iter().chain(addresses(seed)).collect();
    Findings { checks, figures, ..Findings::default() }
}

/// Streams, and their numbers in the definition.
const STREAMS: [(StreamTag, Stream); 5] = [
    (StreamTag::Noise, Stream::Noise),
    (StreamTag::Start, Stream::Start),
    (StreamTag::Accept, Stream::Accept),
    (StreamTag::Rng, Stream::Rng),
    (StreamTag::Magnetisation, Stream::Magnetisation),
];

/// Words against their definition: at addresses from the seed, with each bit of seed, chain, step and site flipped
/// once, and in runs that end in every way, also beyond the sites of a key.
fn addresses(seed: u64) -> Vec<Check> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut wrong = 0;
    for (tag, stream) in STREAMS {
        let (step, site) = (rng.random_range(0..1 << 44), rng.random_range(0..1 << 37));
        let base = Address { seed: rng.random(), chain: rng.random(), stream, step, site };
        let flip = |from: u32, bits: u32, bit: u32| match (from..from + bits).contains(&bit) {
            true => 1_u64 << (bit - from),
            false => 0,
        };
        let of = |at: Address| Threefry::new(at.seed, at.chain, tag);
        let word = |at: Address| of(at).word(at.step, at.site as usize);
        for bit in 0..64 + 32 + 44 + 37 {
            let at = Address {
                seed: base.seed ^ flip(0, 64, bit),
                chain: base.chain ^ flip(64, 32, bit) as u32,
                step: base.step ^ flip(96, 44, bit),
                site: base.site ^ flip(140, 37, bit),
                ..base
            };
            wrong += usize::from(word(at) != at.word()) + usize::from(of(at).word64(at.step) != at.word64());
        }
    }
    let mut checks = vec![Check::none(RUNG, "words that are not those of their address", wrong)];
    for machine in MachineKind::available() {
        let name = format!("{machine}: words of runs of sites that are not those of their addresses");
        checks.push(Check::none(RUNG, name, with_machine(machine, Threads::One, Runs(seed))));
    }
    checks
}

/// Counts words of runs of sites that are not those of their addresses.
struct Runs(u64);

impl Work for Runs {
    type Result = usize;
    fn on<M: Machine>(self, machine: M) -> usize {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(self.0);
        let mut wrong = 0;
        for run in 0..200 {
            let (seed, chain, step) = (rng.random(), rng.random(), rng.random_range(0..1 << 44));
            // Half of the runs cross into the sites of the next key.
            let key: u64 = rng.random_range(1..1 << 16);
            let site =
                (key << 21) - if run % 2 == 0 { rng.random_range(0..400) } else { rng.random_range(400..1 << 21) };
            let first = Address { seed, chain, stream: Stream::Noise, step, site };
            let mut out = vec![0; rng.random_range(1..700)];
            Threefry::new(seed, chain, StreamTag::Noise).fill_on(machine, step, site as usize, &mut out);
            let words = out.iter().enumerate();
            wrong += words.filter(|&(i, &word)| word != Address { site: site + i as u64, ..first }.word()).count();
        }
        wrong
    }
}

/// All checks of the noise.
pub fn checks(subject: &NoiseSubject, level: Level) -> Vec<Check> {
    let mut checks = vec![known_answers(subject), table(subject.segments)];
    let maps = [(18, subject.eta18), (16, subject.eta16)];
    for (width, eta) in maps {
        checks.extend(word_by_word(subject.segments, width, eta));
        checks.extend(law(&Facts::of_eta(width, eta), "by classes of words"));
    }
    if level == Level::Full {
        for (found, (width, _)) in every_word(&maps).iter().zip(maps) {
            let by_class = NoiseLaw::of_table(subject.segments, width);
            let sizes = 0..=by_class.max().max(found.law.max());
            let off = sizes.filter(|&a| by_class.words(a) != found.law.words(a)).count();
            checks.push(Check::none(
                RUNG,
                format!("W = {width}: magnitudes that all 2^32 words give another number of times than the classes do"),
                off,
            ));
            checks.push(Check::none(
                RUNG,
                format!("W = {width}: of all 2^32 words, those whose sign bit does more than change the sign"),
                found.unpaired as usize,
            ));
            checks.extend(law(&Facts::new(&found.law, &found.errors), "by all words"));
        }
    }
    // √3 is an integer over 2^(W-4) to 3e-5 at worst, and the weights make up for its square.
    for (width, law) in
        [(18, NoiseLaw::of::<18>(NoiseKind::ThreePoint)), (16, NoiseLaw::of::<16>(NoiseKind::ThreePoint))]
    {
        let name = format!("W = {width}, three-point: variance - 1, all words");
        checks.push(Check::bound(RUNG, name, law.variance_error(), 0.0, 1e-8));
    }
    checks
}

/// Random123, file `kat_vectors`: counter, key, output.
fn known_answers(subject: &NoiseSubject) -> Check {
    let known = [
        ([0, 0], [0, 0], [0x6b20_0159, 0x99ba_4efe]),
        ([u32::MAX; 2], [u32::MAX; 2], [0x1cb9_96fc, 0xbb00_2be7]),
        ([0x243f_6a88, 0x85a3_08d3], [0x1319_8a2e, 0x0370_7344], [0xc492_3a9c, 0x483d_f7a0]),
    ];
    let wrong = known.iter().filter(|&&(counter, key, answer)| (subject.threefry)(key, counter) != answer).count();
    Check::none(RUNG, "Threefry-2x32-20: wrong known answers", wrong)
}

/// Every entry of the table as the fit makes it.
fn table(segments: &[Segment; 64]) -> Check {
    let name = "Gaussian table: entries that are not as generated";
    let table = match gauss_fit::generate() {
        Ok(table) => table,
        Err(reason) => return Check::undecided(RUNG, format!("{name}: {reason}")),
    };
    let off = |&index: &usize| segments[index] != table.segments[index];
    let first = (0..64).find(off).map(|i| format!(" (first {i}: {:?}, not {:?})", segments[i], table.segments[i]));
    Check::none(RUNG, format!("{name}{}", first.unwrap_or_default()), (0..64).filter(off).count())
}

/// Words tried one by one against the formula of the specification, in both signs: the first and the last of every
/// class, and up to 2¹⁴ from the beginning of every quarter of every octave.
fn word_by_word(segments: &[Segment; 64], width: u32, eta: &(dyn Fn(u32) -> i32 + Sync)) -> [Check; 2] {
    let off = |u: u32| {
        let expected = specified(segments, width, u);
        usize::from(eta(u) != expected) + usize::from(eta(u | 1 << 31) != -expected)
    };
    let ends = classes().map(|(u, n)| off(u) + off(u + n as u32 - 1)).sum();
    let quarters =
        (0..32).flat_map(|lz| (4..8_u32).map(move |quarter| (quarter << 28 >> lz, 1 << (28 - lz.min(28)).min(14))));
    let tried = quarters.flat_map(|(first, count)| first..first + count).map(off).sum();
    [
        Check::none(
            RUNG,
            format!("W = {width}: ends of classes, tried in both signs, with another η than the formula"),
            ends,
        ),
        Check::none(RUNG, format!("W = {width}: neighbouring words in every segment with another η"), tried),
    ]
}

/// The law of one width against N(0,1) and against the facts on record.
fn law(facts: &Facts, how: &str) -> Vec<Check> {
    let width = facts.width;
    let Some(committed) = FACTS.iter().find(|f| f.width == width) else {
        return vec![Check::undecided(RUNG, format!("W = {width}: no facts on record"))];
    };
    // Variance, Kolmogorov distance on the grid, and errors in units of η below and above |η| = 3.29: what the design
    // allows.
    let (variance, below, above) = if width == 18 { (1e-8, 2.5, 17.0) } else { (1e-7, 1.0, 4.5) };
    let largest = |bands: &[[f64; 2]]| bands.iter().fold(0.0, |worst: f64, band| worst.max(band[1]));
    let (body, tail) = facts.errors.split_at(BANDS.iter().filter(|&&from| from < 3.29).count());
    let (name, worst) = facts.worst_number(committed);
    let name = if worst > 1.0 { format!(" (most: {name})") } else { String::new() };
    let bound = |what: &str, value, bound| Check::bound(RUNG, format!("W = {width}, {how}: {what}"), value, 0.0, bound);
    vec![
        bound("Σ η², Σ η⁴, Σ η⁶ and max |η| that are not those on record", facts.integers_off(committed) as f64, 0.0),
        bound(&format!("numbers on record, off by roundings{name}"), worst, 1.0),
        bound("variance - 1", facts.variance_error, variance),
        bound("kurtosis - 3", facts.excess_kurtosis, 1e-6),
        bound("Kolmogorov distance to N(0,1) on the grid", facts.kolmogorov_on_grid, 4e-5),
        bound("largest error below 3.29, in units", largest(body), below),
        bound("largest error above 3.29, in units", largest(tail), above),
    ]
}

/// Error of η₁₈ against |η|: largest and root mean square in bins of 1/16.
fn figure_of_errors(subject: &NoiseSubject) -> Figure {
    let edges: Vec<f64> = (0..=101).map(|i| f64::from(i) / 16.0).collect();
    let bands = errors(18, subject.eta18, &edges);
    let x: Vec<f64> = bands.iter().filter(|b| b.words > 0).map(|b| b.from).collect();
    let y =
        |f: fn(&stoquant_integers::noise_law::ErrorBand) -> f64| bands.iter().filter(|b| b.words > 0).map(f).collect();
    Figure {
        rung: Some(RUNG),
        name: "noise-error".to_owned(),
        caption:
            "Error of η₁₈ against the inverse normal distribution function, in units of 2⁻¹⁴, over all words. Rounding \
                  alone would give 0.29 rms; beyond 3.3 one segment covers a whole octave of p."
                .to_owned(),
        x: Axis::linear("|η|"),
        y: Axis::log("error / 2⁻¹⁴"),
        series: vec![Series::steps("largest", x.clone(), y(|b| b.max)), Series::steps("rms", x, y(|b| b.rms))],
    }
}

/// P/Q - 1 of both widths in cells of 1/16.
fn figure_of_laws(subject: &NoiseSubject) -> Figure {
    let series = [(18, subject.eta18), (16, subject.eta16)].map(|(width, eta)| {
        let cells = NoiseLaw::of_eta(width, eta).cells(1 << (width - 8));
        let x = (0..cells.len()).map(|i| i as f64 / 16.0).collect();
        Series::steps(format!("W = {width}"), x, cells.iter().map(|[p, q]| p / q - 1.0).collect())
    });
    Figure {
        rung: Some(RUNG),
        name: "noise-law".to_owned(),
        caption:
            "Exact probability that |η| falls into a cell of 1/16, relative to that of N(0,1) rounded to the same grid."
                .to_owned(),
        x: Axis::linear("|η|"),
        y: Axis::linear("P/Q - 1"),
        series: series.into(),
    }
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
        Check::bound(
            Rung::Math,
            "libm: error of an acceptance probability",
            acceptance_error::<Accurate>(),
            0.0,
            1e-14,
        ),
        Check::bound(
            Rung::Math,
            "micromath: error of an acceptance probability",
            acceptance_error::<Fast>(),
            0.0,
            1.2e-3,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use stoquant_core::noise::threefry::threefry2x32_rounds;

    use super::*;
    use crate::{Certificate, Verdict};

    /// Names of the checks that fail.
    fn failures(subject: &NoiseSubject) -> Vec<String> {
        Certificate::judge(checks(subject, Level::Standard)).failures().map(|check| check.name.clone()).collect()
    }

    #[test]
    fn core_passes_and_figures_are_whole() {
        let found = findings(&NoiseSubject::default(), Level::Standard, 1);
        for figure in &found.figures {
            for series in &figure.series {
                assert!(series.x.len() == series.y.len() && series.y.len() > 90, "{}", figure.name);
                assert!(series.y.iter().all(|y| y.is_finite()), "{}", figure.name);
            }
        }
        assert_eq!(Certificate::judge(found).verdict, Verdict::Pass);
    }

    /// One defect at a time: the check that must catch it, and all that do.
    #[test]
    fn planted_defects_are_caught() {
        let caught = |subject: NoiseSubject, by: &str| {
            let failures = failures(&subject);
            assert!(failures.iter().any(|name| name.contains(by)), "{by}: {failures:#?}");
        };
        let core = NoiseSubject::default();
        caught(NoiseSubject { threefry: &threefry2x32_rounds::<19>, ..core }, "known answers");

        // One unit in one entry, with the η that such a table gives.
        let mut segments = SEGMENTS;
        segments[20].c0 += 1;
        let [eta18, eta16] = [18, 16].map(|width| move |u| specified(&segments, width, u));
        let subject = NoiseSubject { segments: &segments, eta18: &eta18, eta16: &eta16, ..core };
        caught(subject, "not as generated (first 20");
        caught(subject, "W = 18, by classes of words: Σ η²");

        // Truncated instead of rounded; rounded twice; the sign as a one's complement; a word of its own in the far
        // tail.
        let floor = |u: u32| {
            let size = (gauss::magnitude(u).saturating_sub(1 << 14) >> 15) as i32;
            if u >> 31 == 0 { size } else { -size }
        };
        caught(NoiseSubject { eta18: &floor, ..core }, "W = 18, by classes of words: variance");
        caught(NoiseSubject { eta18: &floor, ..core }, "W = 18: ends of classes");
        caught(
            NoiseSubject { eta16: &|u| (gauss::eta::<18>(u) + 2) >> 2, ..core },
            "W = 16, by classes of words: Σ η²",
        );
        let complement = |u: u32| gauss::eta::<18>(u & 0x7fff_ffff) ^ ((u as i32) >> 31);
        caught(NoiseSubject { eta18: &complement, ..core }, "W = 18: neighbouring words");
        let tail = |u: u32| if u == 0 { 103_842 } else { gauss::eta::<18>(u) };
        caught(NoiseSubject { eta18: &tail, ..core }, "max |η|");
        caught(NoiseSubject { eta18: &|u| gauss::eta::<18>(u | 1), ..core }, "numbers on record");
        // The right values on the wrong words, in the middle of an octave: only errors of single values see it.
        let swapped = |u: u32| gauss::eta::<18>(if u < 1 << 31 { (1 << 31) - 1 - u } else { u });
        caught(NoiseSubject { eta18: &swapped, ..core }, "largest error below 3.29");
    }
}
