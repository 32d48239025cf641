//! The exact law of the Gaussian in numbers, as the certificate recomputes them.

use serde::Serialize;

use super::{BANDS, ErrorBand, NoiseLaw};

/// Facts about η over all 2³² words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Facts {
    /// Width of η in bits.
    pub width: u32,
    /// The largest |η| in units of 2^(4-W).
    pub max: i32,
    /// Σ η², Σ η⁴ and Σ η⁶ in the same units.
    pub sums: [u128; 3],
    /// ⟨η²⟩ - 1.
    pub variance_error: f64,
    /// ⟨η⁴⟩/⟨η²⟩² - 3.
    pub excess_kurtosis: f64,
    /// ⟨η⁶⟩/15 - 1.
    pub sixth_error: f64,
    /// ⟨η⁸⟩/105 - 1.
    pub eighth_error: f64,
    /// Kolmogorov's distance to N(0,1).
    pub kolmogorov: f64,
    /// Kolmogorov's distance to N(0,1) rounded to the grid of η.
    pub kolmogorov_on_grid: f64,
    /// Total variation to N(0,1) rounded to the grid.
    pub total_variation: f64,
    /// Total variation on cells of 1/16.
    pub total_variation_16: f64,
    /// Kullback–Leibler divergence Σ P ln(P/Q) from N(0,1) rounded to the grid.
    pub divergence: f64,
    /// Divergence on cells of 1/16.
    pub divergence_16: f64,
    /// Root mean square and largest error of η in its units, for |η| from each of [`BANDS`] on.
    pub errors: [[f64; 2]; BANDS.len()],
}

impl Facts {
    /// Facts of a law and of the errors of its values.
    #[must_use]
    pub fn new(law: &NoiseLaw, errors: &[ErrorBand]) -> Self {
        // 1/16 in units.
        let sixteenth = 1 << (law.width() - 8);
        Self {
            width: law.width(),
            max: law.max(),
            sums: [2, 4, 6].map(|k| law.sum(k).unwrap_or(u128::MAX)),
            variance_error: law.variance_error(),
            excess_kurtosis: law.excess_kurtosis(),
            sixth_error: law.moment_error(6),
            eighth_error: law.moment_error(8),
            kolmogorov: law.kolmogorov(),
            kolmogorov_on_grid: law.kolmogorov_on_grid(),
            total_variation: law.total_variation(1),
            total_variation_16: law.total_variation(sixteenth),
            divergence: law.divergence(1),
            divergence_16: law.divergence(sixteenth),
            errors: std::array::from_fn(|i| errors.get(i).map_or([f64::NAN; 2], |band| [band.rms, band.max])),
        }
    }

    /// Facts of a Gaussian that is the same on all words of a class.
    #[must_use]
    pub fn of_eta(width: u32, eta: impl Fn(u32) -> i32 + Sync) -> Self {
        Self::new(&NoiseLaw::of_eta(width, &eta), &super::errors(width, &eta, &BANDS))
    }

    /// The numbers that are not integers: name, value, and what rounding may change in it.
    #[must_use]
    pub fn numbers(&self) -> Vec<(String, f64, f64)> {
        // A moment is a quotient of two integers. A distance adds up tails Q(a) of the normal law, each good to 4e-16
        // of itself: 4e-16 · Σ Q(a) = 4e-16 · 2^14/√2π. An error is stated to 1e-9 units.
        let exact = [
            ("variance - 1", self.variance_error),
            ("kurtosis - 3", self.excess_kurtosis),
            ("⟨η⁶⟩/15 - 1", self.sixth_error),
            ("⟨η⁸⟩/105 - 1", self.eighth_error),
        ];
        let distances = [
            ("Kolmogorov distance to N(0,1)", self.kolmogorov),
            ("Kolmogorov distance to N(0,1) on the grid", self.kolmogorov_on_grid),
            ("total variation to N(0,1) on the grid", self.total_variation),
            ("total variation on cells of 1/16", self.total_variation_16),
            ("divergence from N(0,1) on the grid", self.divergence),
            ("divergence on cells of 1/16", self.divergence_16),
        ];
        let exact = exact.map(|(name, value)| (name.to_owned(), value, 1e-14 * value.abs()));
        let distances = distances.map(|(name, value)| (name.to_owned(), value, 3e-12));
        let errors = BANDS.iter().zip(self.errors).flat_map(|(from, [rms, max])| {
            [("rms", rms), ("largest", max)]
                .map(|(kind, e)| (format!("{kind} error in units, |η| from {from}"), e, 1e-9))
        });
        exact.into_iter().chain(distances).chain(errors).collect()
    }

    /// How many of the integers differ from those of `other`.
    #[must_use]
    pub fn integers_off(&self, other: &Self) -> usize {
        let sums = self.sums.iter().zip(&other.sums).filter(|(a, b)| a != b).count();
        sums + usize::from(self.max != other.max) + usize::from(self.width != other.width)
    }

    /// The number that differs most from that of `other`, and by how much in units of what rounding may change.
    #[must_use]
    pub fn worst_number(&self, other: &Self) -> (String, f64) {
        let mut worst = (String::new(), 0.0);
        for ((name, a, _), (_, b, bound)) in self.numbers().into_iter().zip(other.numbers()) {
            let ratio = (a - b).abs() / bound;
            // NaN is the worst of all.
            if ratio.is_nan() || ratio >= worst.1 {
                worst = (name, if ratio.is_nan() { f64::INFINITY } else { ratio });
            }
        }
        worst
    }
}

/// W = 18 and W = 16. `stoquant exact noise --width 18 --json` prints the first from classes of words; with
/// `--all-words`, from all of them.
pub const FACTS: [Facts; 2] = [
    Facts {
        width: 18,
        max: 103_841,
        sums: [
            1_152_921_504_424_006_422,
            928_455_028_294_387_390_635_139_398,
            1_246_156_460_740_318_266_035_656_624_878_527_142,
        ],
        variance_error: -1.5858890069220255e-10,
        excess_kurtosis: -2.8278025207606734e-9,
        sixth_error: 4.1846380815903185e-6,
        eighth_error: 1.6836149128935186e-5,
        kolmogorov: 4.226261274892229e-5,
        kolmogorov_on_grid: 3.226428724711905e-5,
        total_variation: 0.09280872494637275,
        total_variation_16: 2.663135069231143e-4,
        divergence: 0.04340579216917514,
        divergence_16: 3.016694974699966e-7,
        errors: [
            [0.518687951498158, 2.1134134122156514],
            [0.51720841411868, 1.8861067110011165],
            [0.4563363032068507, 1.6388790536726643],
            [9.074676354158491, 16.71155247825126],
            [7.335356321854581, 12.937816192468745],
        ],
    },
    Facts {
        width: 16,
        max: 25_960,
        sums: [72_057_597_223_606_568, 3_626_778_124_343_382_769_086_104, 304_237_508_037_690_518_307_529_416_494_168],
        variance_error: 4.421017207878464e-8,
        excess_kurtosis: 2.8522721657424803e-7,
        sixth_error: 4.483303322488781e-6,
        eighth_error: 1.729296610577479e-5,
        kolmogorov: 7.289287575579229e-5,
        kolmogorov_on_grid: 3.111459723637022e-5,
        total_variation: 0.024464606168014345,
        total_variation_16: 3.3286539118145193e-4,
        divergence: 0.002085179527294166,
        divergence_16: 3.664756442382597e-7,
        errors: [
            [0.3081259189130954, 0.8904128704200752],
            [0.30792735760827455, 0.8485370607579802],
            [0.3018090760744452, 0.7847040779284973],
            [2.2851690040413137, 4.34789816411838],
            [1.8703596758681331, 3.41399261888364],
        ],
    },
];
