//! A value with its error, and the table of named observables that every command prints.

use std::collections::BTreeMap;

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
    /// ⟨S⟩/V.
    ActionDensity,
    /// ⟨φ_x ∂S/∂φ_x⟩, site average: exactly 1 under e^{-S}.
    SchwingerDyson,
    /// Configurational temperature ⟨|∇S|²⟩/⟨ΔS⟩: exactly 1 under e^{-S}.
    ConfigTemperature,
    /// Integrated autocorrelation time of M² (or of φ² where M² has no time series), in units of the time between measurements; ½ means none.
    TauInt,
}

impl Observable {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Phi2,
        Self::Phi4,
        Self::Nn,
        Self::AbsM,
        Self::M2,
        Self::M4,
        Self::U4,
        Self::Chi,
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

    /// Tables and JSON use one name.
    #[test]
    fn keys_are_those_of_json() {
        for observable in Observable::ALL {
            assert_eq!(serde_json::to_value(observable).ok(), Some(observable.key().into()));
        }
    }
}
