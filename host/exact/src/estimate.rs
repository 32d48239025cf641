//! A value with its error, and the table of named observables that every command prints.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A value and its standard error; for an exact result, a bound on its numerical error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The value.
    pub value: f64,
    /// Standard error, or numerical bound.
    pub error: f64,
}

impl Estimate {
    /// A value with its error.
    pub fn new(value: f64, error: f64) -> Self {
        Self { value, error }
    }
}

impl fmt::Display for Estimate {
    /// The notation of the field, `1.5476(197)`: the error in units of the last digit shown, with two digits, or three
    /// where the first is a 1. A value without an error, or with one of 0, is shown whole.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { value, error } = *self;
        let text =
            if error > 0.0 && error.is_finite() && value.is_finite() { short(value, error) } else { value.to_string() };
        f.pad(&text)
    }
}

fn short(value: f64, error: f64) -> String {
    // The exponent and the first digit, as they are after rounding.
    let scientific = |x: f64, digits: usize| -> (String, i32) {
        let text = format!("{x:.*e}", digits - 1);
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        (digits.replace('.', ""), exponent.parse().unwrap_or(0))
    };
    let digits = if scientific(error, 3).0.starts_with('1') { 3 } else { 2 };
    let (shown, exponent) = scientific(error, digits);
    let last = exponent - (digits as i32 - 1); // the decimal place of the last digit
    let largest = if value == 0.0 { exponent } else { value.abs().log10().floor() as i32 };
    if last <= 0 && (-4..15).contains(&largest) {
        let decimals = last.unsigned_abs() as usize;
        // An error beyond 1 has a decimal point of its own.
        let shown = if exponent >= 0 && last < 0 { format!("{error:.decimals$}") } else { shown };
        return format!("{value:.decimals$}({shown})");
    }
    // With a power of ten, that of the larger of the two.
    let power = largest.max(exponent);
    let decimals = (power - last).max(0) as usize;
    let scale = 10f64.powi(-power);
    let shown = if exponent == power && decimals > 0 { format!("{:.decimals$}", error * scale) } else { shown };
    format!("{:.decimals$}({shown})e{power}", value * scale)
}

/// The observables that stoquant reports, in the order of its tables. Averages are per site or per configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Observable {
    /// ⟨φ²⟩, site average.
    Phi2,
    /// ⟨φ⁴⟩, site average.
    Phi4,
    /// ⟨φ_x φ_{x+μ}⟩, average over sites and forward directions.
    Nn,
    /// ⟨|M|⟩ with M = (1/V) Σ φ.
    AbsM,
    /// ⟨M²⟩.
    M2,
    /// ⟨M⁴⟩.
    M4,
    /// Binder cumulant U₄ = 1 - ⟨M⁴⟩ / (3⟨M²⟩²).
    U4,
    /// Susceptibility χ = V⟨M²⟩.
    Chi,
    /// Second-moment correlation length, ξ² = (χ/F - 1)/(4 sin²(π/L)), F the structure factor at 2π/L.
    Xi,
    /// ⟨S⟩/V.
    ActionDensity,
    /// ⟨φ_x ∂S/∂φ_x⟩, site average: exactly 1 under e^{-S}.
    SchwingerDyson,
    /// Configurational temperature ⟨|∇S|²⟩/⟨ΔS⟩: exactly 1 under e^{-S}.
    ConfigTemperature,
    /// Integrated autocorrelation time of M² (or of φ² where M² has no time series), in units of the time between
    /// measurements; ½ means none.
    TauInt,
}

impl Observable {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Phi2,
        Self::Phi4,
        Self::Nn,
        Self::AbsM,
        Self::M2,
        Self::M4,
        Self::U4,
        Self::Chi,
        Self::Xi,
        Self::ActionDensity,
        Self::SchwingerDyson,
        Self::ConfigTemperature,
        Self::TauInt,
    ];

    /// Its key in JSON and its name in tables.
    pub fn key(self) -> &'static str {
        match self {
            Self::Phi2 => "phi2",
            Self::Phi4 => "phi4",
            Self::Nn => "nn",
            Self::AbsM => "abs_m",
            Self::M2 => "m2",
            Self::M4 => "m4",
            Self::U4 => "u4",
            Self::Chi => "chi",
            Self::Xi => "xi",
            Self::ActionDensity => "action_density",
            Self::SchwingerDyson => "schwinger_dyson",
            Self::ConfigTemperature => "config_temperature",
            Self::TauInt => "tau_int",
        }
    }
}

/// Named observables.
pub type Observables = BTreeMap<Observable, Estimate>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notation_of_the_field() {
        for (value, error, text) in [
            (1.5476, 0.0197, "1.5476(197)"),
            (1.547_612, 0.000_45, "1.54761(45)"),
            (-0.468, 0.0123, "-0.4680(123)"),
            (12.5, 3.2, "12.5(3.2)"),
            (12.5, 0.999, "12.5(1.0)"),
            (3.0, 1.5, "3.00(1.50)"),
            (0.0, 0.02, "0.000(20)"),
            (2_230_829.0, 12.0, "2230829.0(12.0)"),
            (2_230_829.0, 1200.0, "2.23083(120)e6"),
            (1.25e-9, 3.1e-11, "1.250(31)e-9"),
            (1.25e20, 3.1e18, "1.250(31)e20"),
            (7.5, 0.0, "7.5"),
            (7.5, f64::NAN, "7.5"),
        ] {
            assert_eq!(Estimate::new(value, error).to_string(), text);
        }
        assert_eq!(format!("{:>12}|", Estimate::new(1.5476, 0.0197)), " 1.5476(197)|");
    }

    /// Tables and JSON use one name.
    #[test]
    fn keys_are_those_of_json() {
        for observable in Observable::ALL {
            assert_eq!(serde_json::to_value(observable).ok(), Some(observable.key().into()));
        }
    }
}
