//! Where an axis begins and ends, where its ticks are, and what they say.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use crate::figure::Axis;

/// An axis, in the units it is drawn in: decimal logarithms on a logarithmic one.
#[derive(Clone)]
pub struct Ticks {
    /// Left or lower end.
    pub low: f64,
    /// Right or upper end.
    pub high: f64,
    /// Labelled ticks.
    pub at: Vec<f64>,
    /// Grid lines between them.
    pub between: Vec<f64>,
    /// Distance between labelled ticks.
    step: f64,
    log: bool,
}

/// More decades than these are not labelled one by one.
const DECADES: f64 = 8.0;

/// An axis for these values.
pub fn ticks(axis: &Axis, values: impl Iterator<Item = f64>) -> Ticks {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for v in values.filter(|v| v.is_finite()) {
        (low, high) = (low.min(v), high.max(v));
    }
    if low > high {
        (low, high) = if axis.log { (-1.0, 0.0) } else { (0.0, 1.0) };
    }
    if low == high {
        let half = if axis.log || low == 0.0 { 0.5 } else { 0.1 * low.abs() };
        (low, high) = (low - half, high + half);
    }
    // Room at both ends, but none below a histogram or a probability that starts at zero.
    let room = 0.03 * (high - low);
    let from_zero = !axis.log && low == 0.0;
    (low, high) = (if from_zero { low } else { low - room }, high + room);
    if axis.log && high - low >= 1.0 { decades(low, high) } else { linear(low, high, axis.log) }
}

fn linear(low: f64, high: f64, log: bool) -> Ticks {
    let rough = (high - low) / 6.0;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|s| *s >= rough).unwrap_or(10.0 * power);
    Ticks { low, high, at: multiples(low, high, step), between: Vec::new(), step, log }
}

fn decades(low: f64, high: f64) -> Ticks {
    let step = ((high - low) / DECADES).ceil();
    let between = if step > 1.0 {
        multiples(low, high, 1.0)
    } else {
        let decade = |d: f64| (2..10).map(move |m| d + f64::from(m).log10());
        multiples(low - 1.0, high, 1.0).into_iter().flat_map(decade).filter(|v| *v > low && *v < high).collect()
    };
    Ticks { low, high, at: multiples(low, high, step), between, step, log: true }
}

fn multiples(low: f64, high: f64, step: f64) -> Vec<f64> {
    ((low / step).ceil() as i64..=(high / step).floor() as i64).map(|k| k as f64 * step).collect()
}

impl Ticks {
    /// The text of a tick.
    pub fn label(&self, v: f64) -> String {
        if self.log {
            return if self.step >= 1.0 { power(v.round() as i32) } else { significant(10f64.powf(v)) };
        }
        let largest = self.low.abs().max(self.high.abs());
        if v == 0.0 {
            "0".into()
        } else if (1e-3..1e5).contains(&largest) {
            minus(format!("{v:.*}", (-self.step.log10().floor()).max(0.0) as usize))
        } else {
            let exponent = largest.log10().floor();
            let digits = (exponent - self.step.log10().floor()).max(0.0) as usize;
            format!("{}·{}", minus(format!("{:.*}", digits, v / 10f64.powf(exponent))), power(exponent as i32))
        }
    }
}

impl Ranged for Ticks {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, v: &f64, (from, to): (i32, i32)) -> i32 {
        let fraction = (v - self.low) / (self.high - self.low);
        from + (fraction * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() { self.between.clone() } else { self.at.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Ticks {
    fn format_ext(&self, v: &f64) -> String {
        self.label(*v)
    }
}

/// 10ⁿ.
fn power(n: i32) -> String {
    let digits = n.to_string();
    let digits = digits.chars().map(|c| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        digit => char::from_u32('⁰' as u32 + digit as u32 - '0' as u32).unwrap_or(digit),
    });
    match n {
        0 => "1".into(),
        1 => "10".into(),
        _ => "10".chars().chain(digits).collect(),
    }
}

/// A true minus sign.
pub fn minus(text: String) -> String {
    text.replace('-', "−")
}

/// Five significant digits, without needless zeros; a power of ten where it is far from 1.
pub fn significant(x: f64) -> String {
    if x == 0.0 || !x.is_finite() {
        return if x.is_nan() { "–".into() } else { minus(x.to_string()).replace("inf", "∞") };
    }
    let text = format!("{x:.4e}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trimmed = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    minus(if (-4..6).contains(&exponent) {
        trimmed(&format!("{x:.*}", (4 - exponent).max(0) as usize))
    } else {
        match trimmed(mantissa).as_str() {
            "1" => power(exponent),
            mantissa => format!("{mantissa}·{}", power(exponent)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis, values: [f64; 2]) -> Vec<String> {
        let ticks = ticks(axis, values.into_iter());
        ticks.at.iter().map(|&v| ticks.label(v)).collect()
    }

    #[test]
    fn ticks_say_where_they_are() {
        assert_eq!(labels(&Axis::linear("x"), [0.0, 1.0]), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(&Axis::linear("x"), [-4.0, 4.0]), ["−4", "−2", "0", "2", "4"]);
        assert_eq!(labels(&Axis::linear("x"), [0.0, 4e-5]), ["0", "1·10⁻⁵", "2·10⁻⁵", "3·10⁻⁵", "4·10⁻⁵"]);
        assert_eq!(labels(&Axis::log("x"), [-3.0, 1.0]), ["10⁻³", "10⁻²", "10⁻¹", "1", "10"]);
        assert_eq!(labels(&Axis::log("x"), [-20.0, 0.0]).len(), 7);
        assert_eq!(labels(&Axis::log("x"), [f64::NAN, f64::NAN]).len(), 2);
    }

    #[test]
    fn numbers_are_short() {
        for (x, text) in [
            (0.0, "0"),
            (0.467919916, "0.46792"),
            (-12.0, "−12"),
            (1234567.0, "1.2346·10⁶"),
            (1e-6, "10⁻⁶"),
            (f64::INFINITY, "∞"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(significant(x), text);
        }
    }
}
