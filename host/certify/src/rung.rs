//! The rungs of the ladder, from the sharpest to the broadest: one list of their names, claims and files.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// A rung of the ladder: checks of one claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "claims and sources are in the table below")]
pub enum Rung {
    Judge,
    References,
    Calibration,
    Noise,
    Words,
    Math,
    Identity,
    Machines,
    Shapes,
    Enumeration,
    ExactLaw,
    FokkerPlanck,
    Diffusion,
    Int8,
    Orders,
    Lockstep,
    Coupled,
    Residuals,
    FiniteStep,
    Exact,
    Ensemble,
}

/// Name, claim, and the file of `certify/` that makes the checks.
const TABLE: [(Rung, &str, &str, &str); 21] = [
    (Rung::Judge, "judge", "the judge refuses what it must, and lets pass what it may", "judge.rs"),
    (Rung::References, "references", "what all is compared with agrees with itself", "references/mod.rs"),
    (Rung::Calibration, "calibration", "p-values are uniform, and power is what is declared", "calibration.rs"),
    (Rung::Noise, "noise", "the Gaussian is the specified one, over all words", "noise.rs"),
    (Rung::Words, "words", "words of neighbouring coordinates are independent", "words/mod.rs"),
    (Rung::Math, "math", "exp in the Metropolis decision is within its bound", "noise.rs"),
    (Rung::Identity, "identity", "symmetries, restarts, chains and units hold bit for bit", "identity.rs"),
    (Rung::Machines, "machines", "vectors and threads change no bit", "machines.rs"),
    (
        Rung::Shapes,
        "shapes",
        "lattices of every shape and size, on any threads, at any address, are the formulas",
        "shapes/mod.rs",
    ),
    (Rung::Enumeration, "enumeration", "an eight-bit site samples what its formula says", "enumeration/mod.rs"),
    (Rung::ExactLaw, "exact-law", "the integers of one site and of two have the law computed for them", "exact_law.rs"),
    (
        Rung::FokkerPlanck,
        "fokker-planck",
        "histograms approach e^{-S} as the Fokker-Planck equation says",
        "relaxation.rs",
    ),
    (Rung::Diffusion, "diffusion", "reverse SDE, flow and weights are those of the score", "diffusion/mod.rs"),
    (Rung::Int8, "int8", "the quantised score is its formula, its errors those of its roundings", "int8/mod.rs"),
    (Rung::Orders, "orders", "integrators converge at their orders", "orders.rs"),
    (Rung::Lockstep, "lockstep", "another engine computes the core's words", "lockstep.rs"),
    (Rung::Coupled, "coupled", "every site of every step is the formula, within its rounding", "coupled.rs"),
    (Rung::Residuals, "residuals", "what a step leaves when the drift is taken off is white noise", "residuals.rs"),
    (Rung::FiniteStep, "finite-step", "the free field has the law of its step", "laws.rs"),
    (Rung::Exact, "exact", "sites, rings and tori have their exact averages", "laws.rs"),
    (Rung::Ensemble, "ensemble", "larger lattices obey the identities of e^{-S} and an independent sampler", "laws.rs"),
];

impl Rung {
    /// All of them, in the order of the ladder.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.0)
    }

    fn row(self) -> &'static (Self, &'static str, &'static str, &'static str) {
        // The table is in the order of the variants, which a test holds it to.
        &TABLE[self as usize]
    }

    /// Its name: in certificates, on the command line, in docs/verification.md.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// What holds where it passes.
    pub fn claim(self) -> &'static str {
        self.row().2
    }

    /// The file that makes its checks, below `host/certify/src`.
    pub fn source(self) -> &'static str {
        self.row().3
    }
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Rung {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::all().find(|rung| rung.name() == text).ok_or_else(|| {
            let names: Vec<&str> = Self::all().map(Self::name).collect();
            format!("no rung is called {text}: they are {}", names.join(", "))
        })
    }
}

impl Serialize for Rung {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table is in the order of the variants; names are unique and read back; every source is a file;
    /// docs/verification.md has a row for each rung, and none for anything else.
    #[test]
    fn table_files_and_docs_agree() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let docs = std::fs::read_to_string(root.join("../../docs/verification.md")).unwrap();
        let documented: Vec<&str> = docs
            .lines()
            .skip_while(|line| !line.starts_with("| rung |"))
            .skip(2)
            .take_while(|line| line.starts_with("| `"))
            .filter_map(|line| line.split('`').nth(1))
            .collect();
        assert_eq!(documented, Rung::all().map(Rung::name).collect::<Vec<_>>());
        for rung in Rung::all() {
            assert!(
                docs.contains(&format!("| `{rung}` | {} |", rung.claim())),
                "the claim of {rung} is another one in the docs"
            );
        }
        for (n, rung) in Rung::all().enumerate() {
            assert_eq!((rung as usize, rung.name().parse()), (n, Ok(rung)));
            assert!(root.join("src").join(rung.source()).is_file(), "{rung}: {}", rung.source());
        }
        assert!("no such rung".parse::<Rung>().unwrap_err().contains("judge, references, calibration"));
    }
}
