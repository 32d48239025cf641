//! What the runs undertake to detect.
//!
//! A promise is a relative discrepancy of each quantity that a check must detect with probability 0.99, at the first
//! level of Holm's step-down (⟨φφ'⟩ in units of ⟨φ²⟩, since it may vanish). A run whose errors turn out larger leaves
//! its checks undecided. The numbers are as small as runs of the default length keep with a margin of 1.5 or more. The
//! length of a run follows from the factor by which its promise is loosened: a discrepancy δ takes samples in
//! proportion to 1/δ².

use stoquant_exact::estimate::Observable;

/// Relative discrepancies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Promise {
    /// Site updates that keep it.
    pub updates: f64,
    /// Of ⟨φ²⟩.
    pub phi2: f64,
    /// Of ⟨φ⁴⟩.
    pub phi4: f64,
    /// Of ⟨φφ'⟩, in units of ⟨φ²⟩.
    pub nn: f64,
    /// Of ⟨|M|⟩.
    pub abs_m: f64,
    /// Of ⟨M²⟩.
    pub m2: f64,
    /// Of ⟨φ ∂S/∂φ⟩ = 1.
    pub schwinger_dyson: f64,
    /// Of ⟨|∇S|²⟩/⟨ΔS⟩.
    pub config_temperature: f64,
    /// Of ⟨r⟩ = 1.
    pub ratio: f64,
}

impl Promise {
    /// All discrepancies times a factor, and the updates that this takes.
    pub fn loosened(self, factor: f64) -> Self {
        Self {
            updates: self.updates / (factor * factor),
            phi2: self.phi2 * factor,
            phi4: self.phi4 * factor,
            nn: self.nn * factor,
            abs_m: self.abs_m * factor,
            m2: self.m2 * factor,
            schwinger_dyson: self.schwinger_dyson * factor,
            config_temperature: self.config_temperature * factor,
            ratio: self.ratio * factor,
        }
    }

    /// The discrepancy of an observable; infinite for one that is not compared.
    pub fn of(&self, observable: Observable) -> f64 {
        match observable {
            Observable::Phi2 => self.phi2,
            Observable::Phi4 => self.phi4,
            Observable::Nn => self.nn,
            Observable::AbsM => self.abs_m,
            Observable::M2 => self.m2,
            Observable::SchwingerDyson => self.schwinger_dyson,
            Observable::ConfigTemperature => self.config_temperature,
            _ => f64::INFINITY,
        }
    }
}

/// Site updates of a run of the common length.
const UPDATES: f64 = 2.4e7;

//                                                 φ²     φ⁴     φφ'    |M|    M²     SD     T      r
/// Free field, 4×6.
pub const FREE: Promise = promise(UPDATES, [0.037, 0.078, 0.036, 0.072, 0.14, 0.014, 0.014, 0.022]);
/// A site in a quartic well.
pub const SITE: Promise = promise(0.5 * UPDATES, [0.03, 0.056, 0.03, 0.0175, 0.03, 0.043, 0.047, 0.00025]);
/// A site in two wells.
pub const DOUBLE_WELL: Promise = promise(UPDATES, [0.017, 0.03, 0.017, 0.01, 0.017, 0.22, 0.067, 0.0004]);
/// The 2×2 torus.
pub const TORUS_2: Promise = promise(UPDATES, [0.086, 0.13, 0.088, 0.063, 0.1, 0.06, 0.028, 0.0003]);
/// The 3×3 torus.
pub const TORUS_3: Promise = promise(UPDATES, [0.096, 0.145, 0.1, 0.08, 0.125, 0.04, 0.0225, 0.0012]);
/// Rings of 3 to 8 sites.
pub const RING: Promise = promise(UPDATES, [0.04, 0.072, 0.043, 0.058, 0.112, 0.031, 0.029, 0.0004]);
/// The ring of 16.
pub const RING_16: Promise = promise(UPDATES, [0.036, 0.064, 0.037, 0.1, 0.195, 0.034, 0.029, 0.001]);
/// 8×8.
pub const LATTICE_8: Promise = promise(2.0 * UPDATES, [0.17, 0.3, 0.18, 0.22, 0.33, 0.023, 0.017, 0.022]);
/// An experiment that nothing is known of: averages wrong by as much as they are, and identities by a tenth.
pub const ANY: Promise = promise(UPDATES, [1.0, 1.0, 1.0, 1.0, 1.0, 0.1, 0.1, 0.1]);

/// In the order of the fields.
const fn promise(
    updates: f64,
    [phi2, phi4, nn, abs_m, m2, schwinger_dyson, config_temperature, ratio]: [f64; 8],
) -> Promise {
    Promise { updates, phi2, phi4, nn, abs_m, m2, schwinger_dyson, config_temperature, ratio }
}
